"""A start URL of a company leads to the access portal of AWS; that of AWS is used as it is."""

from __future__ import annotations

import shutil
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError

from ecrtui.registry.configuration.session import new_session
from ecrtui.registry.sso.configuration import SsoConfiguration, token_path
from ecrtui.registry.sso.sign_in import sign_in
from ecrtui.registry.sso.start_url import portal_url
from ecrtui.registry.user import SignInMethod
from tests.registry.conftest import failed
from tests.registry.sso.test_sign_in import Person
from tests.support.fake_sso import FakeSso
from tests.support.local_server import LocalServer, QuietHandler

IRELAND = "https://ssoins-1.portal.eu-west-1.app.aws"
COMPANY = "https://aws.example.com/sso"

OF_AWS = [
    "https://example.awsapps.com/start",
    "https://d-1234567890.awsapps.com/start#/",
    "https://start.us-gov-home.awsapps.com/directory/d-1234567890",
    "https://start.home.awsapps.cn/directory/d-1234567890",
    "https://SSOINS-1.portal.eu-west-1.APP.aws",
    "https://ssoins-1.cn-north-1.portal.amazonaws.com.cn",
    "https://ssoins-1.portal.cn-north-1.app.amazonwebservices.com.cn",
    "https://ssoins-1.eusc-de-east-1.portal.amazonaws.eu",
    "https://identitycenter.amazonaws.com/ssoins-1234567890abcdef",
    "https://identitycenter.us-gov.amazonaws.com/ssoins-1234567890abcdef",
    "https://identitycenter.amazonaws.com.cn/ssoins-1234567890abcdef",
    "https://identitycenter.amazonaws.eu/ssoins-1234567890abcdef",
    "http://aws.example.com/",  # a request without TLS tells nothing that can be trusted
]


@pytest.mark.parametrize("url", OF_AWS)
def test_a_start_url_of_aws_is_used_as_it_is_and_not_asked(url: str) -> None:
    def ask(method: str, _: str) -> tuple[int, str]:
        raise AssertionError(method)

    assert portal_url(SsoConfiguration(url, "eu-west-1"), ask) == url


ANSWERS: list[tuple[list[tuple[int, str] | Exception], str, list[str]]] = [
    # the answers of the start URL, the URL to use, the methods
    ([(302, f"{IRELAND}/start/?x=1#y")], f"{IRELAND}/start", ["HEAD"]),
    ([(307, "https://d-1.awsapps.com/start")], "https://d-1.awsapps.com/start", ["HEAD"]),
    ([(405, ""), (301, f"{IRELAND}/")], IRELAND, ["HEAD", "GET"]),
    ([(501, ""), (200, "")], COMPANY, ["HEAD", "GET"]),
    ([(200, IRELAND)], COMPANY, ["HEAD"]),
    ([(404, "")], COMPANY, ["HEAD"]),
    ([(302, "")], COMPANY, ["HEAD"]),
    ([(302, "/login")], COMPANY, ["HEAD"]),
    ([(302, "http://d-1.awsapps.com/start")], COMPANY, ["HEAD"]),
    ([(302, "https://example.com/?https://d-1.awsapps.com")], COMPANY, ["HEAD"]),
    ([(302, "https://fake-awsapps.com/start")], COMPANY, ["HEAD"]),
    ([(302, "https://d-1.awsapps.com@example.com/start")], COMPANY, ["HEAD"]),
    ([EndpointConnectionError(endpoint_url=COMPANY)], COMPANY, ["HEAD"]),
]


@pytest.mark.parametrize(("answers", "expected", "methods"), ANSWERS)
def test_one_redirection_to_aws_is_followed(
    answers: list[tuple[int, str] | Exception], expected: str, methods: list[str]
) -> None:
    asked, left = list[str](), list(answers)

    def ask(method: str, url: str) -> tuple[int, str]:
        assert url == COMPANY
        asked.append(method)
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert portal_url(SsoConfiguration(COMPANY, "eu-west-1"), ask) == expected
    assert asked == methods


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("ssoins-1.portal.eu-central-1.app.aws", "eu-central-1"),
        ("ssoins-1.us-gov-west-1.portal.amazonaws.com", "us-gov-west-1"),
        ("ssoins-1.cn-north-1.portal.amazonaws.com.cn", "cn-north-1"),
    ],
)
def test_a_portal_in_another_region_names_the_line_to_change(host: str, region: str) -> None:
    for session, section in (("corp", "[sso-session corp]"), (None, "the profile")):
        configuration = SsoConfiguration(COMPANY, "eu-west-1", session)
        error = failed(portal_url, configuration, lambda *_: (302, f"https://{host}/"))
        assert host in error.detail
        assert f"sso_region = {region} in {section}" in error.hint


class Company(LocalServer):
    """The website of a company over TLS. It sends everybody to the access portal."""

    methods: ClassVar[list[str]] = []

    def __init__(self, certificate: Path) -> None:
        class Handler(QuietHandler):
            def do_HEAD(self) -> None:
                Company.methods.append(self.command)
                self.send_response(302)
                self.send_header("Location", IRELAND)
                self.end_headers()

        super().__init__(Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = self.url.replace("http:", "https:")


@pytest.fixture
def company(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Company]:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    with Company(certificate) as website:
        yield website


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate with openssl")
def test_a_sign_in_uses_the_portal_and_the_token_keeps_the_start_url(company: Company, sso: FakeSso) -> None:
    configuration = SsoConfiguration(company.url, "eu-west-1", "corp", ("sso:account:access",))
    sign_in(new_session(), configuration, Person().user, SignInMethod.DEVICE, "")
    assert Company.methods == ["HEAD"]
    (started,) = [given["startUrl"] for route, given in sso.calls if route == "/device_authorization"]
    assert started == IRELAND
    assert company.url in token_path("corp").read_text()


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-gov-west-1", "oidc.us-gov-west-1.amazonaws.com"),
        ("cn-north-1", "oidc.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_other_partitions_have_their_own_endpoints(region: str, host: str) -> None:
    config = Config(region_name=region, signature_version=UNSIGNED)
    assert new_session().create_client("sso-oidc", config=config).meta.endpoint_url == f"https://{host}"
