"""Remove secrets from text: keys, session tokens, signatures, registry passwords, passwords and queries in URLs.

Every error, every log record and everything on standard error passes through :func:`redact`.
"""

from __future__ import annotations

import re

HIDDEN = "[hidden]"

_HIDDEN_NAMES = (  # of members, headers and parameters
    "x-amz-security-token|x-amz-signature|x-amz-credential|authorization|proxy-authorization|authorizationtoken"
    "|aws_?secret_?access_?key|secret_?access_?key|secretkey|secret_key|aws_?session_?token|session_?token|sessiontoken"
    "|access_?token|accesstoken|refresh_?token|id_?token|client_?secret|clientsecret|password|tokencode|token_code"
    "|x-amz-sso_bearer_token|webidentitytoken|samlassertion|x-aws-ec2-metadata-token|devicecode|codeverifier|cookie"
    "|aws_container_authorization_token"
)
_ENDPOINT = r"""(?:endpoint[-_]url\w*|invalid endpoint)['"]?[\s=:,]*['"]?"""
"""The words before an endpoint, in an option, in a file and in an error of botocore."""

_PATTERNS: tuple[tuple[str, str], ...] = (  # compiled with the first text, not before the first frame
    # name: value in dicts, headers, JSON and query strings; the value is quoted, or ends at a delimiter
    (
        rf"""(?ix) (["']? \b(?:{_HIDDEN_NAMES})\b \\? ["']? \s* (?:[:=]|%3D) \s* (?:b(?=["']))?) (?!b?\[hidden])
            (?: \\?"(?:[^"\\]|\\(?!"[,}}\s]).)*\\?" | '(?:[^'\\]|\\.)*' | (?:(?:AWS4-\S+|Basic|Bearer)\s+)?
                [^\s"'&<>,}}\]\)]+ (?:,\s*(?:SignedHeaders|Signature)=[^\s"',]+)* )""",
        rf"\1{HIDDEN}",
    ),
    (r"""(?i)(\btoken["']?\s*[:=]\s*b?)("[^"]+"|'[^']+')""", rf"\1{HIDDEN}"),
    # an option of a command, as in credential_process = helper --password secret
    (
        r"""(?ix) ((?<![\w-])\w*-[\w-]*  # from the start of a word: each dash of a row of them would read all of it
            (?:password|passwd|secret|token|api-?key) (?:[ ]|=|',[ ]')) (?!-)[^\s'"]+""",
        rf"\1{HIDDEN}",
    ),
    (r"(?is)<(SecretAccessKey|SessionToken|WebIdentityToken)>[^<]*<", rf"<\1>{HIDDEN}<"),
    (r"(?i)(Signature[=:]\s*)[0-9a-f]{16,}", rf"\1{HIDDEN}"),
    (r"(?i)(Credential=)(?:AKIA|ASIA)[A-Z0-9]+", rf"\1{HIDDEN}"),
    (r"(?i)(\bBearer |\bBasic )[A-Za-z0-9+/=._~-]{8,}", rf"\1{HIDDEN}"),
    (r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b", HIDDEN),
    # an endpoint without a scheme, as the user gave it and as botocore refuses it
    (rf"""(?i)({_ENDPOINT})[^\s"'<>]*@""", rf"\1{HIDDEN}@"),
    # the user and the password of a URL; the password may contain / or @; a digest comes after an @ of its own
    (r"""(://)[^\s"'<>]*@(?!sha(?:256|512):)""", rf"\1{HIDDEN}@"),
    (r"\bQVdTO[A-Za-z0-9+/=]{8,}", HIDDEN),  # base64 of "AWS:", the start of a registry password
)

_QUERY = rf"""((?:://|{_ENDPOINT})[^\s"'<>?#]*)(\?[^\s"'<>]+|\#[^\s"'<>]*=[^\s"'<>]*)"""
"""A URL, or an endpoint without a scheme, and its query, or its fragment if that has a value."""

_SEPARATOR = "([?&;#])"

_known_queries: list[str] = []
"""Patterns of the parts of the queries that :func:`hide_query_of` got."""


def redact(text: str) -> str:
    """Return the text without secrets."""
    for pattern, replacement in _PATTERNS:
        text = re.sub(pattern, replacement, text)
    text = _hide_queries(text)
    for pattern in _known_queries:
        text = re.sub(pattern, lambda found: _hide_value(found[0]), text)
    return text


def redact_url(url: str) -> str:
    """Return what a user gave for a URL without user, password and query, also if it has no scheme."""
    if "://" in url:
        return redact(url)
    place, mark, query = url.partition("?")
    _, at, host = place.rpartition("@")
    return (f"{HIDDEN}@{host}" if at else place) + _hide_values(mark + query)


def hide_query_of(url: str) -> None:
    """Hide the query of this URL from now on, also where it is without the URL: in a log it is in a request line."""
    for part in re.split(_SEPARATOR, url.partition("?")[2]):
        if _hide_value(part) != part:
            begin, exact = r"(?<![\w.%-])", re.escape(part)
            # botocore signs "word=" for a part without "="
            pattern = rf"{begin}{exact}(?!\w)" if "=" in part else rf"(?<=[?&;]){exact}(?!\w)|{begin}{exact}(?==)"
            if pattern not in _known_queries:
                _known_queries.append(pattern)


def _hide_queries(text: str) -> str:
    return re.sub(f"(?i){_QUERY}", lambda found: found[1] + _hide_values(found[2]), text)


def _hide_values(query: str) -> str:
    """Return the query of a URL without its values."""
    return "".join(map(_hide_value, re.split(_SEPARATOR, query)))


def _hide_value(part: str) -> str:
    """Return a part of a query, or a separator, without the value: all of it, if it has no name."""
    name, equals, value = part.partition("=")
    if part in ("", "?", "&", ";", "#") or (equals and not value):
        return part
    return f"{name}{equals}{HIDDEN}" if equals else HIDDEN


def public_url(text: str) -> str:
    """Return a text with valid URLs without users, passwords and values of queries, to be kept.

    A text without them stays as it is. botocore never sends user and password.
    """
    return _hide_queries(re.sub(r"""(?<=://)[^\s"'/?#]*@""", "", text))
