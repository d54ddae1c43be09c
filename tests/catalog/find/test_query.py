"""What a user types or pastes to find an image, as terms."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecrtui.catalog.find.query import FindTerm, asks_for_tags, join_queries, looks_pasted, parse_query
from ecrtui.ecr.image import Image
from ecrtui.errors import UsageError
from tests.support.embedded import digest_of

DIGEST = digest_of("one")
HEX = DIGEST.removeprefix("sha256:")
CONTAINER = digest_of("container").removeprefix("sha256:")
URI = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/checkout"
HERE = {"registry_id": "123456789012", "region": "eu-west-1"}
TAGGED = {"tag": "v1", "repository": "team/checkout", **HERE}
PINNED = {"digest": DIGEST, "repository": "team/checkout", **HERE}
APP = {"tag": "v1", "repository": "team/app"}

CASES: dict[str, list[dict[str, str]]] = {
    "prod": [{"tag": "prod"}],
    "v1.2.3": [{"tag": "v1.2.3"}],
    "prod staging": [{"tag": "prod"}, {"tag": "staging"}],
    "tag:prod": [{"tag": "prod"}],
    "has:tag=prod": [{"tag": "prod"}],
    "release-*": [{"pattern": "release-*"}],
    "*-rc1": [{"pattern": "*-rc1"}],
    "team/*:prod": [{"tag": "prod", "repository": "team/*"}],
    "team/app:release-*": [{"pattern": "release-*", "repository": "team/app"}],
    # digests and their beginnings; a word of hexadecimal digits can be a tag, too
    DIGEST: [{"digest": DIGEST}],
    HEX: [{"digest": DIGEST}],
    HEX.upper(): [{"digest": DIGEST}],
    "sha256:6c672e": [{"prefix": "sha256:6c672e"}],
    "6C672EE7586A": [{"tag": "6C672EE7586A", "prefix": "sha256:6c672ee7586a"}],
    "abcde": [{"tag": "abcde"}],
    "sha256:6c672ee…": [{"prefix": "sha256:6c672ee"}],
    "6c672ee7586a…": [{"tag": "6c672ee7586a", "prefix": "sha256:6c672ee7586a"}],
    # paths of files: containerd and OCI layouts, Docker, the storage of a registry
    f"/var/lib/containerd/io.containerd.content.v1.content/blobs/sha256/{HEX}": [{"digest": DIGEST}],
    f"blobs/sha256/{HEX}": [{"digest": DIGEST}],
    f"12K /var/lib/docker/image/overlay2/imagedb/content/sha256/{HEX} root": [{"digest": DIGEST}],
    f"/docker/registry/v2/blobs/sha256/{HEX[:2]}/{HEX}/data": [{"digest": DIGEST}],
    f'GET "https://{URI}/blobs/{DIGEST}": 404': [{"digest": DIGEST}],
    # references
    "team/app:v1": [APP],
    "app:v1": [{"tag": "v1", "repository": "app"}],
    "team/app": [{"tag": "latest", "repository": "team/app"}],
    f"{URI}:v1": [TAGGED],
    f"{URI}@{DIGEST}": [PINNED],
    f"{URI}:v1@{DIGEST}": [PINNED],
    f"oci://{URI}:v1": [TAGGED],
    f"docker-pullable://{URI}@{DIGEST}": [PINNED],
    f"containerd://{URI}@{DIGEST}": [PINNED],
    "ghcr.io/team/app:v1": [APP],
    "localhost:5000/team/app:v1": [APP],
    f"https://eu-west-1.console.aws.amazon.com/ecr/repositories/private/1/x/_/image/{DIGEST}/details": [
        {"digest": DIGEST}
    ],
    # Kubernetes
    f'Failed to pull image "{URI}:v1": rpc error: code = NotFound desc = failed to pull and unpack image "{URI}:v1": '
    f'failed to resolve reference "{URI}:v1": {URI}:v1: not found': [TAGGED],
    f'12m  Warning  Failed  pod/checkout-6b5  Error: ImagePullBackOff "{URI}"': [
        {"tag": "latest", "repository": "team/checkout", **HERE}
    ],
    f'Successfully pulled image "{URI}@{DIGEST}" in 1.2s (1.2s including waiting). Image size: 12 bytes.': [PINNED],
    "Back-off pulling image team/app:v1.": [APP],
    f"    image: {URI}:v1": [TAGGED],
    "  - image: 'team/app:v1'": [APP],
    "- image: team/app": [{"tag": "latest", "repository": "team/app"}],
    f"    imageID: docker-pullable://{URI}@{DIGEST}": [PINNED],
    f"    imageID: {DIGEST}": [{"digest": DIGEST}],
    f"    containerID: containerd://{CONTAINER}\n    image: {URI}:v1\n    imageID: {URI}@{DIGEST}": [TAGGED, PINNED],
    f"Pulling {URI}:v1 and {URI}:v2, retry": [TAGGED, {**TAGGED, "tag": "v2"}],
    # rows of images: crictl, docker, nerdctl, podman
    f"{URI}  v1  1f2e3d4c5b6a7  104MB": [TAGGED],
    f"IMAGE   TAG   IMAGE ID   SIZE\n{URI}  v1  1f2e3d4c5b6a7  104MB\n{URI}  v2  0f2e3d4c5b6a7  104MB": [
        TAGGED,
        {**TAGGED, "tag": "v2"},
    ],
    "REPOSITORY TAG IMAGE ID CREATED SIZE ghcr.io/team/app   v1   1f2e3d4c5b6a   2 days ago   104MB": [APP],
    "localhost:5000/team/app  v1  1f2e3d4c5b6a  About an hour ago  linux/amd64  104MB  40MB": [APP],
    f"{URI}  v1  sha256:{CONTAINER}  2 days ago  104MB": [TAGGED],
    f"{URI}  v1  {DIGEST}  1f2e3d4c5b6a  2 days ago  104MB": [PINNED],
    f"{URI}  v1  <none>  1f2e3d4c5b6a  2 days ago  104MB": [TAGGED],
    f"{URI}  <none>  {DIGEST}  1f2e3d4c5b6a  2 days ago  104MB": [PINNED],
    f"{URI}  <none>  1f2e3d4c5b6a  2 days ago  104MB": [{"prefix": "sha256:1f2e3d4c5b6a", **HERE}],
    f"{URI}  <none>  sha256:{HEX}  2 days ago  104MB": [{"digest": DIGEST, **HERE}],
    "team/app v1": [{"tag": "latest", "repository": "team/app"}, {"tag": "v1"}],
    # rows of containers: docker, crictl
    '0f2e3d4c5b6a  team/app:v1  "/bin/sh"  2 hours ago  Up 2 hours  0.0.0.0:8080->8080/tcp  web': [APP],
    '0f2e3d4c5b6a  1f2e3d4c5b6a  "/bin/sh"  2 hours ago  Up 2 hours  8080/tcp  web': [
        {"prefix": "sha256:1f2e3d4c5b6a"}
    ],
    '0f2e3d4c5b6a  app  "/bin/sh"  2 hours ago  Up 2 hours  8080/tcp  web': [{"tag": "latest", "repository": "app"}],
    "0f2e3d4c5b6a7  1f2e3d4c5b6a7  2 hours ago  Running  app  0  a1b2c3d4e5f60  app-7d9": [
        {"prefix": "sha256:1f2e3d4c5b6a7"}
    ],
    "app  v1  1f2e3d4c5b6a  2 days ago  104MB": [{"tag": "v1", "repository": "app"}],
    "v1 v2 1f2e3d4c5b6a": [{"tag": "v1"}, {"tag": "v2"}, {"tag": "1f2e3d4c5b6a", "prefix": "sha256:1f2e3d4c5b6a"}],
    # members: Helm, Kustomize, Terraform, the AWS CLI, events and errors of ECR
    f'image: repository: {URI} pullPolicy: IfNotPresent tag: "v1"': [TAGGED],
    "image: {registry: docker.io, repository: team/app, tag: v1}": [APP],
    f"--set image.repository={URI},image.tag=v1": [TAGGED],
    "- name: x newName: team/app newTag: v1 - name: y newName: team/app newTag: v2": [APP, {**APP, "tag": "v2"}],
    'tag: "v1"': [{"tag": "v1"}],
    'image_tag = "v1"': [{"tag": "v1"}],
    'image = "${aws_ecr_repository.app.repository_url}:v1"': [{"tag": "v1"}],
    "aws ecr describe-images --repository-name team/app --image-ids imageTag=v1 imageTag=v2": [
        APP,
        {**APP, "tag": "v2"},
    ],
    "The image with imageId {imageDigest:'null', imageTag:'v1'} does not exist within the repository with name "
    "'team/app' in the registry with id '123456789012'": [APP],
    f'{{"repository-name":"team/app","image-digest":"{DIGEST}","image-tag":"v1"}}': [{"digest": DIGEST}],
    # Dockerfiles, Compose, shells
    "FROM team/app:v1 AS build": [APP],
    "image: team/app:${TAG:-v1}": [APP],
    "docker pull team/app:v1": [APP],
    "image: !Sub '${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com/team/app:v1'": [APP],
    "123456789012.dkr.ecr.<region>.amazonaws.com/team/app:v1": [APP],
    "$REPOSITORY:v1": [{"tag": "v1"}],
    # ARNs, the console, requests to a registry
    f"arn:aws:ecr:eu-west-1:123456789012:repository/team/checkout/{DIGEST}": [PINNED],
    '"resources": ["arn:aws:ecr:eu-west-1:123456789012:repository/team/checkout"]': [{**TAGGED, "tag": "latest"}],
    "https://eu-west-1.console.aws.amazon.com/ecr/repositories/private/123456789012/team%2Fcheckout/_/image/"
    f"{DIGEST.replace(':', '%3A')}/details?region=eu-west-1": [PINNED],
    "https://console.aws.amazon.com/ecr/repositories/private/123456789012/team/checkout?region=eu-west-1": [
        {**TAGGED, "tag": "latest"}
    ],
    f'HEAD "https://{URI.replace("/", "/v2/", 1)}/manifests/v1": unexpected status 403': [TAGGED],
    "GET /v2/team/app/manifests/v1 HTTP/1.1": [APP],
    # several, quoted, in upper case, with the beginning of a digest
    "v1,v2": [{"tag": "v1"}, {"tag": "v2"}],
    '"v1", "v2"': [{"tag": "v1"}, {"tag": "v2"}],
    f"{URI.replace(URI.split('/')[0], URI.split('/')[0].upper())}:v1": [TAGGED],
    "team/app@sha256:6c672e": [{"prefix": "sha256:6c672e", "repository": "team/app"}],
    # ECS and logs
    f"CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref {URI}:v1: {URI}"
    ":v1: not found": [TAGGED],
    f'{{"image":"{URI}:v1","imageDigest":"{DIGEST}"}}': [TAGGED, {"digest": DIGEST}],
    f'"taskArn": "arn:aws:ecs:eu-west-1:123456789012:task/prod/{CONTAINER[:32]}", "image": "{URI}:v1"': [TAGGED],
    f'\\"image\\": \\"{URI}:v1\\"': [TAGGED],
    f"level=error image={URI}:v1 at=12:03:44": [TAGGED],
}


@pytest.mark.parametrize("text", CASES)
def test_the_references_are_picked_out(text: str) -> None:
    found = [{name: value for name, value in term._asdict().items() if value} for term in parse_query(text).terms]
    assert [{name: value for name, value in term.items() if name != "text"} for term in found] == CASES[text]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Nothing to find"),
        ("sha256:6c6", "6 digits or more"),
        ("sha256:xyz", "not a reference"),
        (f"containerd://{CONTAINER}", "id of a container"),
        (f"arn:aws:ecs:eu-west-1:123456789012:task/prod/{CONTAINER[:32]}", "names no image"),
        ("Error: image: not found!", "no reference"),
        ("a//b", "not a reference"),
        ("missing:tag=", "'tag=' is not a reference"),
        ("sha256:6c6…", "6 digits or more"),
        (f"sha512:{HEX}{HEX}", "sha256"),
        (f"team/app@sha512:{HEX}{HEX}", "sha256"),
        ("Team/App:v1", "lower case: team/app"),
        (f'Failed to apply default image tag "{URI[:-8]}Checkout:v1": no reference', "lower case: team/checkout"),
        (f"FROM {URI}:${{VERSION}}", "variable in place of the tag"),
        (f"{HEX}0", "65 hexadecimal digits, and a digest has 64"),
        (f"sha256:{HEX}0", "65 hexadecimal digits, and a digest has 64"),
        (f"digest {HEX}ab of prod", "66 hexadecimal digits, and a digest has 64"),
        ("where is prod", "no reference"),
        ("please find the image that was deployed", "no reference"),
    ],
)
def test_a_text_that_names_no_image_is_refused_with_the_reason(text: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_query(text)
    assert words in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "tags", "notes"),
    [
        (f"tag:{HEX}0", [f"{HEX}0"], ()),
        (f"tag={HEX}0", [f"{HEX}0"], ()),
        ("on", ["on"], ()),
        ("“prod”", ["prod"], ()),
        ("prod\u200b", ["prod"], ()),
        ("rc，prod", ["rc", "prod"], ("looked for as tags: rc, prod",)),
        ("rc prod", ["rc", "prod"], ("looked for as tags: rc, prod",)),
        ("error pulling image", ["error", "pulling", "image"], ("looked for as tags: error, pulling, image",)),
        ("team/app:v1 rc", ["v1", "rc"], ("looked for as a tag: rc",)),
        ("the tag team/app:v1 is not there", ["v1"], ()),
        ("tag:where tag:is tag:prod", ["where", "is", "prod"], ("looked for as tags: where, is, prod",)),
    ],
)
def test_words_that_are_looked_for_as_tags_are_named(text: str, tags: list[str], notes: tuple[str, ...]) -> None:
    query = parse_query(text)
    assert ([term.tag for term in query.terms], query.notes) == (tags, notes)


def test_a_wildcard_in_the_wrong_place_is_not_called_a_character_that_no_tag_can_have() -> None:
    with pytest.raises(UsageError, match="not a reference") as caught:
        parse_query("rel*:")
    assert "cannot contain" not in str(caught.value)


def test_few_digits_are_a_tag_and_may_have_been_meant_as_a_digest() -> None:
    assert parse_query("6c67").nothing_found == "No repository has 6c67. A digest needs 6 digits or more."
    assert parse_query("prod").nothing_found == "No repository has prod."


def test_the_registry_of_a_reference_that_is_not_searched_is_named() -> None:
    assert parse_query("public.ecr.aws/team/app:v1").notes == ("public.ecr.aws was not searched",)
    assert parse_query(f"{URI}:v1 {URI.replace('.ecr.', '-ecr.').replace('amazonaws.com', 'on.aws')}:v1").notes == ()


def test_repositories_without_a_tag() -> None:
    query = parse_query("missing:tag=prod has:tag=rc-7")
    assert (query.missing[0].tag, query.terms[0].tag) == ("prod", "rc-7")
    assert str(query) == "rc-7 in repositories without prod"
    assert query.nothing_found == "No repository without prod has rc-7."
    assert parse_query("missing:prod missing:rc-7").nothing_found == "There is no repository without prod, rc-7."
    assert parse_query("missing:prod") == parse_query("prod", missing=True)
    assert parse_query("missing:tag=prod").terms == ()
    joined = join_queries([parse_query("prod"), parse_query("team/app"), parse_query("prod")])
    assert [term.tag for term in joined.terms] == ["prod", "latest"]
    assert joined.notes == ("team/app names no tag: latest is meant",)


def test_what_a_term_matches_and_where() -> None:
    image = Image(DIGEST, ("v1", "release-7"))
    for text, matches in (("v1", True), ("v", False), ("release-*", True), (HEX[:8], True), ("sha256:000000", False)):
        assert parse_query(text).terms[0].matches(image) == matches, text
    assert not FindTerm("x").matches(Image(DIGEST))
    for text, asked in (("team/*:prod", False), ("other/*:prod", True), ("other/app:r-*", True), ("x/app:v1", True)):
        assert parse_query(text).asks("other/app") == asked, text


def test_a_plain_word_does_not_look_pasted() -> None:
    for text, pasted in ((URI, True), (f"{URI}:v1", True), (DIGEST, True), ("team/app:v1", True)):
        assert looks_pasted(text) == pasted, text
    for text in (DIGEST[:19], HEX[:12]):
        assert looks_pasted(text), text
    for text in ('0f2e3d4c5b6a  1f2e3d4c5b6a  "sh"', "repository: team/app tag: v1", f"{URI.upper()}".lower()):
        assert looks_pasted(text), text
    for text in ("release", "cafe", "size>100MB pushed<7d", "is:image", "tag:v1", "team/ !legacy"):
        assert not looks_pasted(text), text


def test_a_text_that_asks_for_tags() -> None:
    for text in ("missing:tag=X", "has:X", "tag:X", "tag=X missing:Y"):
        assert asks_for_tags(text), text
    for text in ("", "X", "is:image tag:X", "tags>1"):
        assert not asks_for_tags(text), text


@settings(max_examples=30)
@given(st.text(max_size=60))
def test_any_text_is_a_query_or_a_usage_error(text: str) -> None:
    try:
        assert parse_query(text).terms or parse_query(text).missing
    except UsageError as error:
        assert error.hint
    looks_pasted(text)


@pytest.mark.parametrize("word", ["a", "a.", "Aa0/", "-"])
def test_a_long_word_takes_no_longer_than_many_short_ones(word: str) -> None:
    text = word * (20_000 // len(word))
    begun = time.process_time()
    with pytest.raises(UsageError):
        parse_query(text)
    looks_pasted(text)
    assert time.process_time() - begun < 1
