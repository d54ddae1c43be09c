"""The access portal behind a start URL: a company can give its own URL, which leads to that of AWS.

The names of the hosts, and the rules for the redirection, are those of the AWS CLI from 2.36
(``awscli/customizations/sso/resolve.py``). Unlike the AWS CLI, a URL that leads nowhere is not an error here: it can be
that of a partition with other names, and IAM Identity Center says itself whether it knows the URL.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from ecrtui.errors import CredentialsError
from ecrtui.registry.configuration.session import certificates_of
from ecrtui.registry.sso.configuration import SsoConfiguration
from ecrtui.registry.sso.oidc import NO_REPLY

if TYPE_CHECKING:
    from botocore.session import Session

_log = logging.getLogger(__name__)

_AWS_HOST = re.compile(
    r"""
    (.+\.)? awsapps\. (com | cn)
    | (.+\.)? app\. (aws | amazonwebservices\.com\.cn)
    | (.+\.)? portal\.amazonaws\. (com | com\.cn | eu)
    | (.+\.)? api\.amazonwebservices\.eu
    | identitycenter\. (us-gov\.)? amazonaws\. (com | com\.cn | eu)
    """,
    re.VERBOSE,
)
"""The hosts of access portals, and of the issuers of IAM Identity Center, which no DNS knows."""

_REGION = re.compile(
    r"""
    [^.]+\.portal\. (?P<before>[a-z0-9-]+) \. (app\.aws | app\.amazonwebservices\.com\.cn | api\.amazonwebservices\.eu)
    | [^.]+\. (?P<after>[a-z0-9-]+) \.portal\.amazonaws\. (com | com\.cn | eu)
    """,
    re.VERBOSE,
)
"""The hosts that name a region."""

_REDIRECTIONS = (301, 302, 303, 307, 308)
_NO_HEAD = (405, 501)
_TIME_LIMIT = 10
"""Seconds to connect, and to wait for a reply."""

Ask = Callable[[str, str], tuple[int, str]]
"""Sends a request: takes the method and the URL; returns the status and the header Location, which can be empty."""


def portal_url(configuration: SsoConfiguration, ask: Ask) -> str:
    """Return the URL of the access portal that AWS knows. It is the start URL itself if that leads to no other one.

    Args:
        configuration: where to sign in.
        ask: sends one or two requests, if the start URL is not one of AWS.

    Raises:
        CredentialsError: the portal is in another region than the configuration says.
    """
    given = configuration.start_url
    if urlsplit(given).scheme != "https" or _is_of_aws(given):
        return given
    try:
        status, location = ask("HEAD", given)
        if status in _NO_HEAD:
            status, location = ask("GET", given)
    except NO_REPLY as problem:
        _log.info("the start URL %s does not answer: %s", given, problem)
        return given
    found = urlsplit(urljoin(given, location) if status in _REDIRECTIONS else given)
    if found.scheme != "https" or not _is_of_aws(found.geturl()):
        _log.info("the start URL %s leads to no access portal (%s %s)", given, status, location)
        return given
    host = _host(found.geturl())
    named = _REGION.fullmatch(host)
    region = (named["before"] or named["after"]) if named else configuration.region
    if region != configuration.region:
        raise CredentialsError(
            "The access portal is in another region",
            f"{given} leads to {host}, but sso_region is {configuration.region}.",
            f"Set sso_region = {region} in {configuration.section} of ~/.aws/config, then try again.",
        )
    return f"https://{found.netloc}{found.path.rstrip('/')}"


def asker(session: Session) -> Ask:
    """Return what sends requests with the proxies and the certificates of a session, and follows no redirection."""

    def ask(method: str, url: str) -> tuple[int, str]:
        verify: Any = certificates_of(session)
        client = URLLib3Session(verify=verify, proxies=get_environ_proxies(url), timeout=_TIME_LIMIT)
        try:
            reply = client.send(AWSRequest(method, url, stream_output=True).prepare())
            reply.raw.close()
        finally:
            client.close()
        return reply.status_code, reply.headers.get("location") or ""

    return ask


def _is_of_aws(url: str) -> bool:
    return _AWS_HOST.fullmatch(_host(url)) is not None


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").rstrip(".")
