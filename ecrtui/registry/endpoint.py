"""What is wrong with an endpoint, and whether it belongs to AWS."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from ecrtui.errors import UsageError
from ecrtui.redaction import redact_url

_AWS_HOSTS = re.compile(
    r"(?:^|\.)(?:amazonaws\.com(?:\.cn)?|api\.aws|on\.aws|amazonwebservices\.(?:com|com\.cn|eu)|amazonaws\.eu"
    r"|c2s\.ic\.gov|api\.aws\.ic\.gov|sc2s\.sgov\.gov|api\.aws\.scloud|cloud\.adc-e\.uk|api\.cloud-aws\.adc-e\.uk"
    r"|csp\.hci\.ic\.gov|api\.aws\.hci\.ic\.gov)$"
)
"""The domains of all partitions, for both kinds of endpoints: IPv4, and IPv4 with IPv6."""


def is_aws(endpoint_url: str) -> bool:
    """Return whether an endpoint belongs to AWS. VPC endpoints do."""
    return _AWS_HOSTS.search(urlsplit(endpoint_url).hostname or "") is not None


_HOST_LABEL = r"(?!-)[a-z0-9-]{1,63}(?<!-)"
"""A part of a host name that botocore accepts."""

_LONGEST_HOST = 255
_HIGHEST_PORT = 65535


WRITE_AS_URL = "Write the endpoint as a URL, as in http://localhost:4566."
CHECK_CONFIGURED = "Check AWS_ENDPOINT_URL_ECR, AWS_ENDPOINT_URL and endpoint_url in ~/.aws/config."
"""The next steps for an endpoint of the command line, and for one of the configuration."""


def check_endpoint(url: str | None, hint: str = WRITE_AS_URL) -> None:
    """Check an endpoint.

    Args:
        url: the endpoint; None for that of AWS.
        hint: the next step if it cannot be used.

    Raises:
        UsageError: it cannot be used; names what is wrong with it.
    """
    fault = "" if url is None else _fault(url.lstrip(" "))
    if fault:
        raise UsageError(f"The endpoint {redact_url(url or '')!r} cannot be used", fault, hint)


def _fault(url: str) -> str:
    """Return what is wrong with an endpoint, as a sentence that repeats no part of it; empty if nothing is.

    A part can be one of a password: with a slash in it, the part before the slash looks like a port.
    """
    if re.search(r"[\s\x00-\x1f\x7f]", url):
        return "It has a space or a control character."
    scheme, separator, rest = url.partition("://")
    if not separator or not scheme:
        return "It does not begin with http:// or https://."
    if scheme.lower() not in ("http", "https"):
        return "Its scheme is not http or https."
    address = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
    if address.startswith("["):
        host, bracket, port = address.partition("]")
        return _fault_of_ipv6(host + bracket) or _fault_of_port(port)
    if address.count(":") > 1 and re.fullmatch(r"[0-9a-fA-F:.%]+", address):
        return "An IPv6 address must be in brackets, as in http://[::1]:4566."
    host, colon, port = address.partition(":")
    return _fault_of_host(host) or _fault_of_port(colon + port)


def _fault_of_ipv6(host: str) -> str:
    try:
        urlsplit(f"http://{host}")
    except ValueError:
        return "Its brackets are not around an IPv6 address."
    return ""


def _fault_of_host(name: str) -> str:
    if not name:
        return "It has no host."
    if len(name) > _LONGEST_HOST or not re.fullmatch(rf"({_HOST_LABEL}\.)*{_HOST_LABEL}\.?", name, re.IGNORECASE):
        return "Its host is not a name of letters, digits, hyphens and dots."
    return ""


def _fault_of_port(port: str) -> str:
    """Return what is wrong with the colon and the port after a host. Both can be missing, and the port alone."""
    if port in ("", ":") or (re.fullmatch(r":[0-9]{1,5}", port) and 0 < int(port[1:]) <= _HIGHEST_PORT):
        return ""
    return f"Its port is not a number from 1 to {_HIGHEST_PORT}."
