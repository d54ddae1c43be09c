"""Checks of the head of an HTTP request: the host, the origin, the length of the body.

The server listens on the loopback interface, so web pages in a browser on the same machine can reach it. Its defence:

- A page of another site has another ``Origin``, and current browsers say so in ``Sec-Fetch-Site`` too.
- After DNS rebinding the page has the same origin as the server, but its ``Host`` is the attacker's name.

Sources: RFC 9110 and RFC 9112 (HTTP), RFC 6761 section 6.3 (names below ``localhost``), W3C Fetch Metadata.
"""

from __future__ import annotations

import re
from email.errors import FirstHeaderLineIsContinuationDefect, MessageDefect, MissingHeaderBodySeparatorDefect
from email.message import Message
from urllib.parse import urlsplit

from ecrtui.emulator.errors import ServiceError

_AUTHORITY = re.compile(r"(?P<host>\[::1\]|[a-z0-9._-]+)(:[0-9]{1,5})?", re.IGNORECASE)
_LOCAL_HOSTS = frozenset({"127.0.0.1", "[::1]", "localhost"})
_LOCAL_DOMAIN = ".localhost"
"""No DNS server can give such a name another address in a browser: browsers resolve them to loopback themselves."""

_OWN_SITES = frozenset({"same-origin", "none"})
_MALFORMED: tuple[type[MessageDefect], ...] = (FirstHeaderLineIsContinuationDefect, MissingHeaderBodySeparatorDefect)


def check_head(target: str, headers: Message, *, needs_host: bool) -> None:
    """Check that a request has well-formed headers, and that it does not come from a page of another site.

    Args:
        target: the request target; in absolute form it replaces the Host header (RFC 9112, section 3.2.2).
        needs_host: True for HTTP/1.1, which requires a Host header.

    Raises:
        ServiceError: the server must not answer this request.
    """
    if any(isinstance(defect, _MALFORMED) for defect in headers.defects):
        raise ServiceError("BadRequest", "A line of the headers is not NAME: VALUE.")
    _check_host(target, headers.get_all("Host", []), needs_host=needs_host)
    _check_origin(headers)


def body_length(headers: Message, *, required: bool, limit: int) -> int:
    """Return the number of bytes in the body of a request.

    Args:
        required: True if a request without Content-Length is an error; otherwise it has no body.
        limit: the most bytes that a body may have.

    Raises:
        ServiceError: the length is missing, not a number, ambiguous or too large.
    """
    if headers.get_all("Transfer-Encoding"):
        raise ServiceError(
            "MissingContentLength", "The server reads no chunked bodies. Send the body with a Content-Length.", 411
        )
    values = {text.strip() for text in headers.get_all("Content-Length", [])}
    if not values and not required:
        return 0
    if len(values) > 1:
        raise ServiceError("BadRequest", "The request has several values of Content-Length.")
    text = values.pop() if values else ""
    # isdecimal() alone also accepts digits of other scripts, and int() refuses more than 4,300 digits.
    if not (text.isascii() and text.isdecimal()):
        raise ServiceError("MissingContentLength", "The request has no valid Content-Length.", 411)
    if len(text.lstrip("0")) > len(str(limit)) or int(text) > limit:
        raise ServiceError("RequestEntityTooLarge", f"The request is larger than {limit} bytes.", 413)
    return int(text)


def streamed_body_length(headers: Message, *, limit: int) -> int | None:
    """Return the number of bytes in a body that the server reads in pieces; None if it is chunked.

    Args:
        limit: the most bytes that a body with a Content-Length may have.

    Raises:
        ServiceError: the length is not a number, ambiguous or too large.
    """
    codings = [text.strip().lower() for text in headers.get_all("Transfer-Encoding", [])]
    if not codings:
        return body_length(headers, required=False, limit=limit)
    if codings != ["chunked"] or headers.get_all("Content-Length"):
        # Two programs could disagree where such a request ends (RFC 9112, section 6.3).
        raise ServiceError("BadRequest", "A body is chunked, or it has a Content-Length. Another coding is not known.")
    return None


def _check_host(target: str, hosts: list[str], *, needs_host: bool) -> None:
    if len(hosts) > 1 or (needs_host and not hosts):
        raise ServiceError("BadRequest", f"The request has {'several Host headers' if hosts else 'no Host header'}.")
    absolute = _authority(target)
    for host in (*hosts, *([absolute] if absolute is not None else [])):
        if not _is_local(host):
            raise ServiceError(
                "MisdirectedRequest",
                f"The server does not answer for the host {host[:100]!r}. Use 127.0.0.1, localhost or a name that ends"
                f" in {_LOCAL_DOMAIN}.",
                421,
            )


def _check_origin(headers: Message) -> None:
    own = {f"http://{host}".lower() for host in headers.get_all("Host", [])}
    for origin in headers.get_all("Origin", []):
        if origin.lower() not in own:
            raise _cross_site(f"Origin: {origin[:100]!r}")
    for site in headers.get_all("Sec-Fetch-Site", []):
        if site.lower() not in _OWN_SITES:
            raise _cross_site(f"Sec-Fetch-Site: {site[:100]!r}")


def _cross_site(header: str) -> ServiceError:
    return ServiceError("CrossSiteRequest", f"The server answers no requests of web pages ({header}).", 403)


def _authority(target: str) -> str | None:
    """Return host and port of a target in absolute form; None for a path."""
    if target.startswith("/") or "://" not in target:
        return None
    try:
        return urlsplit(target).netloc
    except ValueError:
        return target


def _is_local(authority: str) -> bool:
    match = _AUTHORITY.fullmatch(authority)
    host = match["host"].lower().removesuffix(".") if match else ""
    return host in _LOCAL_HOSTS or host.endswith(_LOCAL_DOMAIN)
