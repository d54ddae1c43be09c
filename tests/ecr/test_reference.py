"""References: read from text, and written as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrtui.ecr.reference import Reference, is_repository_name, names_repository, parse_reference
from ecrtui.errors import UsageError

DIGEST = "sha256:" + "ab" * 32
HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"

NAMES = st.from_regex(r"[a-z0-9]{2,5}(?:(?:\.|_|__|-{1,3})[a-z0-9]{1,3}){0,2}(?:/[a-z0-9]{1,5}){0,2}", fullmatch=True)
TAGS = st.from_regex(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,20}", fullmatch=True)


@given(
    NAMES,
    st.one_of(st.just(""), TAGS),
    st.sampled_from(["", HOST + "/", "https://" + HOST + "/", "oci://" + HOST + "/"]),
)
def test_a_reference_is_read_from_its_text(name: str, tag: str, prefix: str) -> None:
    reference = parse_reference(prefix + name + (f":{tag}" if tag else ""))
    assert (reference.repository, reference.tag, reference.digest) == (name, tag, "")
    assert (reference.registry_id, reference.region) == (("123456789012", "eu-west-1") if prefix else ("", ""))
    assert parse_reference(str(reference)) == Reference(name, tag)


@given(NAMES)
def test_text_with_a_tag_and_a_digest_keeps_the_digest(name: str) -> None:
    reference = parse_reference(f"{name}:v1@{DIGEST}")
    assert (reference.tag, reference.digest) == ("v1", DIGEST)
    assert str(reference) == f"{name}@{DIGEST}"


@pytest.mark.parametrize("digits", ["6c672e", "sha256:6c672e", "6C672E"])
def test_a_reference_can_have_the_beginning_of_a_digest_where_that_is_accepted(digits: str) -> None:
    text = f"{HOST}/team/app:v1@{digits}"
    reference = parse_reference(text, short_digest=True)
    assert reference == Reference("team/app", "v1", "sha256:6c672e", "123456789012", "eu-west-1")
    assert names_repository(text, short_digest=True)
    assert not names_repository(text)
    with pytest.raises(UsageError) as caught:
        parse_reference("team/app@6c672", short_digest=True)
    assert "first 6 hexadecimal digits" in caught.value.detail


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_the_arn_of_a_repository_gives_account_and_region(partition: str) -> None:
    reference = parse_reference(f" arn:{partition}:ecr:eu-west-1:123456789012:repository/team/app ")
    assert reference == Reference("team/app", "", "", "123456789012", "eu-west-1")


@pytest.mark.parametrize("resource", ["repository/Team", "repository/", "pullthroughcacherule/team"])
def test_another_arn_is_no_reference(resource: str) -> None:
    with pytest.raises(UsageError, match="Invalid reference"):
        parse_reference(f"arn:aws:ecr:eu-west-1:123456789012:{resource}")


@given(st.text(max_size=60))
def test_any_text_is_a_reference_or_a_usage_error(text: str) -> None:
    try:
        reference = parse_reference(text)
    except UsageError as error:
        assert error.detail
        assert "team/app@sha256:" in error.hint
    else:
        assert is_repository_name(reference.repository) or reference.registry_id


@pytest.mark.parametrize(
    "host",
    [
        HOST,
        "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
        "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
        "123456789012.dkr-ecr.us-east-1.on.aws",
    ],
)
def test_hosts_of_every_partition_give_account_and_region(host: str) -> None:
    reference = parse_reference(f"{host}/team/app:v1")
    assert (reference.repository, reference.registry_id) == ("team/app", "123456789012")
    assert reference.region in host


def test_the_host_of_a_registry_names_no_repository() -> None:
    for text in (HOST, HOST + "/", f"https://{HOST}/"):
        assert parse_reference(text) == Reference(registry_id="123456789012", region="eu-west-1")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is not a repository name"),
        ("Team/App", "is not a repository name"),
        ("a", "is not a repository name"),
        ("team//app", "is not a repository name"),
        ("1234.dkr.ecr.eu-west-1.amazonaws.com/team/app", "has 12 digits"),
        ("a" * 257, "is not a repository name"),
        ("team/app:", "at least one character"),
        ("team/app:-x", "cannot start with"),
        ("team/app@", "is not a digest"),
        ("team/app@sha256:abc", "is not a digest"),
        ("sha256:abcdef123456", "names no repository"),
        (DIGEST, "names no repository"),
        (f"team/app@sha512:{'ab' * 64}", "sha256"),
        (f"sha512:{'ab' * 64}", "sha256"),
        (f"team/app@{DIGEST.upper()}", "is not a digest"),
        ("localhost:5000/team/app", "cannot contain '/'"),
        ("١٢٣٤٥٦٧٨٩٠١٢.dkr.ecr.eu-west-1.amazonaws.com/app", "is not a repository name"),
    ],
)
def test_an_invalid_reference_has_a_reason(text: str, problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_reference(text)
    assert problem in caught.value.detail


@pytest.mark.parametrize("name", ["a__b", "a---b", "a.b", "a_b", "library/a-1", "0/1"])
def test_ecr_accepts_these_repository_names(name: str) -> None:
    assert is_repository_name(name)


@pytest.mark.parametrize("name", ["Bad_Name!", "a___b", "-a", "a-", "/a", "a/", "a..b", "a b", "ab\n"])
def test_ecr_refuses_these_repository_names(name: str) -> None:
    assert not is_repository_name(name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("team/prod:v1", True),
        ("team/prod", True),
        ("app:v1", True),
        (f"app@{DIGEST}", True),
        (f"{HOST}/team/prod", True),
        ("docker://" + HOST + "/team/prod:v1", True),
        (HOST, False),
        ("v1", False),
        ("prod", False),
        ("a b", False),
        ("a/", False),
        ("Team/prod", False),
        ("", False),
    ],
)
def test_a_tag_with_a_repository_in_it_names_that_repository(text: str, expected: bool) -> None:
    assert names_repository(text) is expected
