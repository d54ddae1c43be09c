"""The errors of failed calls: all faults of the embedded registry, and all rows of the table."""

from __future__ import annotations

import itertools
from contextlib import suppress
from typing import Any, cast

import botocore.exceptions
import botocore.session
import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecrtui.ecr.manifest import Manifest
from ecrtui.errors import (
    AccessDenied,
    ConnectionFailed,
    CredentialsError,
    EcrTuiError,
    ErrorKind,
    NotFound,
    Refused,
    Throttled,
    UsageError,
)
from ecrtui.registry import error_table, exception_table
from ecrtui.registry.errors import error_from_failure, kind_of, translate, translate_errors
from ecrtui.registry.gateway import EcrRegistry
from ecrtui.settings import Connection
from ecrtui.wiring import open_registry
from tests.registry.conftest import RegistryEnv, failed
from tests.support.embedded import push_image


@pytest.fixture
def manifest(env: RegistryEnv, no_sdk_retries: None) -> Manifest:
    pushed = push_image(env.client, "team/app", tag="1.0")
    return env.registry.manifest("team/app", pushed.digest)


FAULTS = [
    # fault, error, code, words of the hint, retryable, whether a write may have been applied
    ("throttle", Throttled, "ThrottlingException", "Wait", True, False),
    ("error:code=ExpiredTokenException", CredentialsError, "ExpiredTokenException", "AWS_ACCESS_KEY_ID", False, False),
    (
        "error:code=UnrecognizedClientException",
        CredentialsError,
        "UnrecognizedClientException",
        "new ones",
        False,
        False,
    ),
    ("error:code=AccessDeniedException", AccessDenied, "AccessDeniedException", "ecr:PutImage", False, False),
    ("error:code=ServerException:status=500", ConnectionFailed, "ServerException", "try again", True, True),
    ("unavailable", ConnectionFailed, "503", "try again", True, True),
    ("unavailable:status=502", ConnectionFailed, "502", "try again", True, True),
    ("drop-before", ConnectionFailed, "", "Try again", True, True),
    ("drop-after", ConnectionFailed, "", "Try again", True, True),
    ("cut", ConnectionFailed, "", "Try again", True, True),
    ("error:code=KmsException", AccessDenied, "KmsException", "KMS", False, False),
    ("error:code=LimitExceededException", Refused, "LimitExceededException", "1,000 tags", False, False),
    ("error:code=InvalidParameterException", Refused, "InvalidParameterException", "", False, False),
    ("error:code=SomethingNew", Refused, "SomethingNew", "", False, False),
    ("error:code=SomethingNew:status=500", ConnectionFailed, "SomethingNew", "try again", True, True),
    ("error:code=SomethingNew:status=429", Throttled, "SomethingNew", "Wait", True, False),
]


@pytest.mark.parametrize(("fault", "kind", "code", "hint", "retryable", "ambiguous"), FAULTS)
def test_a_failed_write_is_translated(
    env: RegistryEnv,
    manifest: Manifest,
    fault: str,
    kind: type[EcrTuiError],
    code: str,
    hint: str,
    retryable: bool,
    ambiguous: bool,
) -> None:
    env.fault(f"PutImage:{fault}")
    error = failed(env.registry.put_image, "team/app", manifest, "prod")
    assert type(error) is kind
    assert (error.code, error.retryable, error.ambiguous) == (code, retryable, ambiguous)
    assert error.operation == "PutImage"
    assert hint in error.hint
    assert error.title
    assert bool(error.request_id) == bool(code)


@pytest.mark.parametrize(("fault", "kind", "code", "hint", "retryable", "ambiguous"), FAULTS)
def test_a_failed_read_is_translated_and_never_ambiguous(
    env: RegistryEnv,
    manifest: Manifest,
    fault: str,
    kind: type[EcrTuiError],
    code: str,
    hint: str,
    retryable: bool,
    ambiguous: bool,
) -> None:
    env.fault(f"DescribeImages:{fault}")
    error = failed(next, env.registry.images("team/app"))
    if code not in ("AccessDeniedException", "LimitExceededException"):
        assert hint in error.hint
    assert (type(error), error.code, error.retryable, error.ambiguous) == (kind, code, retryable, False)


def test_the_hint_names_the_missing_permission(env: RegistryEnv, manifest: Manifest) -> None:
    env.fault("*:error:code=AccessDeniedException:message=not authorized to perform")
    calls = {
        "ecr:DescribeImages": lambda: next(env.registry.images("team/app")),
        "ecr:BatchGetImage": lambda: env.registry.manifest("team/app", manifest.digest),
        "ecr:GetDownloadUrlForLayer": lambda: env.registry.blob("team/app", manifest.digest, 1),
        "ecr:BatchDeleteImage": lambda: env.registry.untag("team/app", "1.0"),
        "ecr:DescribeRegistry": env.registry.location,
    }
    for action, call in calls.items():
        error = failed(call)
        assert action in error.hint
        assert error.detail == "not authorized to perform"


def test_the_hint_names_an_explicit_deny() -> None:
    problem = ClientError(
        {"Error": {"Code": "AccessDeniedException", "Message": "with an explicit deny in a"}}, "PutImage"
    )
    assert "explicitly" in translate(problem, "PutImage").hint


# lost replies


@pytest.mark.parametrize("mutability", ["MUTABLE", "IMMUTABLE"])
def test_a_lost_reply_is_ambiguous_and_not_hidden_by_a_retry(
    env: RegistryEnv, manifest: Manifest, mutability: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "5")
    registry = open_registry(Connection(), embedded=env.embedded)
    env.client.put_image_tag_mutability(repositoryName="team/app", imageTagMutability=mutability)
    env.embedded.calls.clear()
    env.fault("PutImage:drop-after:times=1")
    error = failed(registry.put_image, "team/app", manifest, "prod")
    assert error.ambiguous
    assert isinstance(error, ConnectionFailed)
    assert env.embedded.calls["PutImage"] == 1
    assert env.tags()["prod"] == manifest.digest  # it was applied, as a read of the tag shows


@pytest.mark.parametrize("fault", ["drop-after", "cut", "unavailable", "error:code=ServerException:status=500"])
def test_untag_is_sent_once(env: RegistryEnv, manifest: Manifest, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "5")
    registry = open_registry(Connection(), embedded=env.embedded)
    env.embedded.calls.clear()
    env.fault(f"BatchDeleteImage:{fault}:times=1")
    assert failed(registry.untag, "team/app", "1.0").ambiguous
    assert env.embedded.calls["BatchDeleteImage"] == 1


def test_a_throttled_write_is_sent_once(env: RegistryEnv, manifest: Manifest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    registry = open_registry(Connection(), embedded=env.embedded)
    env.embedded.calls.clear()
    env.fault("PutImage:throttle:times=1")
    error = failed(registry.put_image, "team/app", manifest, "prod")
    assert isinstance(error, Throttled)
    assert not error.ambiguous
    assert env.embedded.calls["PutImage"] == 1


def test_constant_throttling_is_an_error(env: RegistryEnv, manifest: Manifest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    registry = open_registry(Connection(), embedded=env.embedded)
    env.embedded.calls.clear()
    env.fault("*:throttle")
    assert isinstance(failed(registry.put_image, "team/app", manifest, "prod"), Throttled)
    assert isinstance(failed(next, registry.repositories()), Throttled)
    assert env.embedded.calls == {"PutImage": 1, "DescribeRepositories": 2}


def test_a_failed_read_is_retried(env: RegistryEnv, manifest: Manifest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "3")
    registry = open_registry(Connection(), embedded=env.embedded)
    env.fault("DescribeImages:drop-before:times=1", "DescribeImages:unavailable:times=1")
    assert len(next(registry.images("team/app")).items) == 1


def test_a_reply_about_another_tag_is_ambiguous(env: RegistryEnv, manifest: Manifest) -> None:
    registry = env.registry

    def another_tag(parsed: dict[str, Any], **_: Any) -> None:
        parsed["image"]["imageId"]["imageTag"] = "another"

    registry._clients.write_client.meta.events.register("after-call.ecr.PutImage", another_tag)
    error = failed(registry.put_image, "team/app", manifest, "prod")
    assert error.ambiguous
    assert "another" in error.detail


def test_a_failed_download_is_retryable(env: RegistryEnv, manifest: Manifest) -> None:
    env.fault("DownloadLayer:drop-before:times=1", "DownloadLayer:error:code=SlowDown:status=503")
    digest = "sha256:" + manifest.text.split('"digest": "sha256:')[1][:64]
    for _ in range(2):
        error = failed(env.registry.blob, "team/app", digest, 1000)
        assert isinstance(error, ConnectionFailed)
        assert error.retryable


# the table


def test_every_error_code_of_the_service_model_has_a_row() -> None:
    model = botocore.session.Session().get_service_model("ecr")
    used = [
        "BatchDeleteImage",
        "BatchGetImage",
        "DescribeImageScanFindings",
        "DescribeImages",
        "DescribeRegistry",
        "DescribeRepositories",
        "GetDownloadUrlForLayer",
        "GetLifecyclePolicy",
        "ListImageReferrers",
        "ListImages",
        "ListTagsForResource",
        "PutImage",
    ]
    named = {shape.name for name in used for shape in model.operation_model(name).error_shapes}
    assert named <= set(error_table.BY_CODE)
    failures = cast(Any, model.shape_for("ImageFailureCode")).enum
    assert set(failures) <= set(error_table.BY_CODE)


def test_an_image_failure_names_its_image_and_reason() -> None:
    error = error_from_failure(
        {"imageId": {"imageTag": "v1"}, "failureCode": "UpstreamUnavailable", "failureReason": "gone"}, "BatchGetImage"
    )
    assert isinstance(error, ConnectionFailed)
    assert (error.detail, error.code, error.operation, error.retryable) == (
        "v1 gone",
        "UpstreamUnavailable",
        "BatchGetImage",
        True,
    )
    assert type(error_from_failure({"failureCode": "NewOne"}, "BatchGetImage")) is Refused
    assert type(error_from_failure({"failureCode": "ImageNotFound"}, "BatchGetImage")) is NotFound
    assert type(error_from_failure({"failureCode": "InvalidImageTag"}, "BatchGetImage")) is UsageError


def test_an_error_of_the_sign_in_is_never_ambiguous() -> None:
    response: Any = {
        "Error": {"Code": "AccessDenied", "Message": "not authorized to perform: sts:AssumeRole"},
        "ResponseMetadata": {"HTTPStatusCode": 500, "RequestId": "1"},
    }
    problem = ClientError(response, "AssumeRole")
    error = translate(problem, "PutImage", write=True)
    assert isinstance(error, CredentialsError)
    assert "ecr:PutImage" not in error.hint
    assert not error.ambiguous
    assert error.detail.startswith("AssumeRole: ")


def test_a_missing_permission_of_aws_login_is_not_a_sign_in_that_has_expired() -> None:
    error = translate(
        botocore.exceptions.LoginInsufficientPermissions(), "PutImage", sign_in=lambda: "Run `aws login`."
    )
    assert error.title == "Access denied while signing in"
    assert "signin:CreateOAuth2Token" in error.hint


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("api.ecr.eu-wst-1.amazonaws.com", "eu-wst-1"),
        ("ecr-fips.us-gov-wet-1.api.aws", "us-gov-wet-1"),
        ("sts.cn-noth-1.amazonaws.com.cn", "cn-noth-1"),
        ("api.ecr.eu-west-1.amazonaws.com", ""),
        ("vpce-0a-1b.api.ecr.us-gov-west-1.vpce.amazonaws.com", ""),
        ("sts.amazonaws.com", ""),
        ("eu-wst-1.example.com", ""),
    ],
)
def test_a_misspelt_region_is_named(host: str, region: str) -> None:
    problem = botocore.exceptions.EndpointConnectionError(endpoint_url=f"https://{host}/")
    hint = translate(problem, "DescribeRegistry").hint
    assert (f"no region {region} " in hint) == bool(region)
    assert ("Check the network" in hint) != bool(region)


def test_the_text_of_an_unknown_exception_is_hidden() -> None:
    with pytest.raises(EcrTuiError) as caught, translate_errors("PutImage", write=True):
        secret = "AKIAIOSFODNN7EXAMPLE wJalrXUtnFEMI"
        raise LookupError(secret)
    error = caught.value
    assert "AKIA" not in f"{error} {error.hint} {error!r}"
    assert "LookupError" in error.detail
    assert error.ambiguous
    assert error.__cause__ is None
    assert error.__suppress_context__


def test_an_error_of_ecrtui_is_not_translated_again() -> None:
    mine = UsageError("mine")
    with pytest.raises(UsageError) as caught, translate_errors("PutImage"):
        raise mine
    assert caught.value is mine


def test_a_long_message_is_shortened_and_redacted() -> None:
    page = "<html>" + "x" * 10_000
    problem = ClientError(
        {"Error": {"Code": "503", "Message": f"Authorization: Basic c2VjcmV0OnNlY3JldA== {page}"}}, "X"
    )
    error = translate(problem, "X")
    assert len(error.detail) < 3000
    assert "c2VjcmV0" not in error.detail


def test_no_row_is_shadowed_by_a_base_class() -> None:
    classes = [kind for kind, _ in exception_table.BY_CLASS]
    hidden = [
        (narrow.__name__, wide.__name__)
        for position, narrow in enumerate(classes)
        for wide in classes[:position]
        if issubclass(narrow, wide)
    ]
    assert hidden == []


def test_every_exception_of_botocore_has_a_row() -> None:
    for name, kind in vars(botocore.exceptions).items():
        if isinstance(kind, type) and issubclass(kind, botocore.exceptions.BotoCoreError):
            problem = kind.__new__(kind)
            Exception.__init__(problem, f"the words of {name}")
            error = translate(problem, "PutImage", write=True)
            assert (error.detail, error.operation) == (f"the words of {name}", "PutImage")
            assert error.title != "Unexpected error"


MEMBERS = [
    "repositories",
    "repositoryName",
    "imageDetails",
    "imageDigest",
    "imageTags",
    "images",
    "failures",
    "imageId",
    "image",
    "imageManifest",
    "nextToken",
    "imageScanFindings",
    "referrers",
    "digest",
    "imageIds",
]
SCRAMBLED = st.recursive(
    st.none() | st.integers() | st.text(max_size=3), lambda inner: st.lists(inner, max_size=2), max_leaves=3
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.sampled_from(MEMBERS), SCRAMBLED | st.lists(st.dictionaries(st.sampled_from(MEMBERS), SCRAMBLED))
    )
)
def test_a_scrambled_reply_raises_nothing_but_our_errors(
    scrambling: tuple[EcrRegistry, Manifest, dict[str, object]], answer: dict[str, object]
) -> None:
    registry, manifest, replies = scrambling
    replies.clear()
    replies.update(answer)
    for call in (
        registry.location,
        lambda: list(itertools.islice(registry.repositories(), 3)),
        lambda: list(itertools.islice(registry.images("team/app"), 3)),
        lambda: registry.repository("team/app"),
        lambda: registry.images_by_digest("team/app", [manifest.digest]),
        lambda: registry.images_by_tag("team/app", ["1.0"]),
        lambda: registry.images_by_tag("team/app", ["1.0", "2", "3", "4"]),
        lambda: registry.tag_is_at("team/app", "1.0", manifest.digest),
        lambda: registry.manifest("team/app", manifest.digest),
        lambda: registry.manifests("team/app", [manifest.digest]),
        lambda: registry.lifecycle_policy("team/app"),
        lambda: registry.findings("team/app", manifest.digest),
        lambda: registry.referrers("team/app", manifest.digest),
    ):
        with suppress(EcrTuiError):
            call()
    with pytest.raises(EcrTuiError) as caught:
        registry.put_image("team/app", manifest, "prod")
    assert caught.value.ambiguous


@pytest.fixture
def scrambling(env: RegistryEnv, manifest: Manifest) -> tuple[EcrRegistry, Manifest, dict[str, object]]:
    """A registry whose replies are replaced by a dictionary, which comes with it."""
    registry = open_registry(Connection(), embedded=env.embedded)
    replies: dict[str, object] = {}

    def scramble(parsed: dict[str, Any], **_: Any) -> None:
        parsed.clear()
        parsed.update(replies)

    for client in (registry._clients.read_client, registry._clients.write_client):
        client.meta.events.register("after-call.ecr", scramble)
    return registry, manifest, replies


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("ImageAlreadyExistsException", ErrorKind.ALREADY_EXISTS),
        ("ImageTagAlreadyExistsException", ErrorKind.TAG_IMMUTABLE),
        ("ImageTagDoesNotMatchDigest", ErrorKind.TAG_MISMATCH),
        ("LayersNotFoundException", ErrorKind.MISSING_PARTS),
        ("ReferencedImagesNotFoundException", ErrorKind.MISSING_PARTS),
        ("ImageNotFound", ErrorKind.IMAGE_NOT_FOUND),
        ("InvalidParameterException", ErrorKind.INVALID_REQUEST),
        ("AccessDeniedException", ErrorKind.DENIED),
        ("ThrottlingException", ErrorKind.THROTTLED),
        ("ExpiredTokenException", ErrorKind.CREDENTIALS),
        ("ServerException", ErrorKind.UNAVAILABLE),
        ("SomethingNew", ErrorKind.REFUSED),
    ],
)
def test_an_error_has_the_kind_of_its_code(code: str, kind: ErrorKind) -> None:
    problem = ClientError({"Error": {"Code": code, "Message": "words"}}, "PutImage")
    assert translate(problem, "PutImage").kind is kind
    assert kind_of(problem) is kind
    assert error_from_failure({"failureCode": code}, "BatchGetImage").kind is kind


def test_a_hint_names_the_repository() -> None:
    problem = ClientError({"Error": {"Code": "ImageTagAlreadyExistsException", "Message": "words"}}, "PutImage")
    assert "--repository-name team/app." in translate(problem, "PutImage", repository="team/app").hint


def test_every_row_has_a_title_without_full_stop_and_a_hint_that_can_be_filled_in() -> None:
    rows = [*error_table.BY_CODE.values(), *(row for _, row in exception_table.BY_CLASS), exception_table.UNEXPECTED]
    for row in rows:
        title = row.title.format(service="ECR")
        assert title[0].isupper()
        assert not title.endswith(".")
        hint = row.hint.format(repository="team/app", action="ecr:PutImage", sign_in="Sign in.")
        assert not hint or hint.endswith(".")
