"""Whether an endpoint is a URL, and whether it belongs to AWS."""

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


def check_endpoint(url: str | None) -> None:
    """Check the endpoint that the user gave.

    Raises:
        UsageError: it is not a URL.
    """
    if url is not None and not _is_url(url):
        raise UsageError(
            f"{redact_url(url)!r} is not a URL", hint="Write the endpoint as a URL, as in http://localhost:4566."
        )


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:  # of the brackets of an IPv6 address, or of the port
        return False
