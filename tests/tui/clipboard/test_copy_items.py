"""What the copy menu copies is safe to paste, whatever the registry returned."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace

import pytest

from ecrtui.ecr.image import Image
from ecrtui.ecr.manifest import Annotation, Descriptor, DescriptorRole, Part, parse_manifest
from ecrtui.ecr.put_image_request import PutImageRequest
from ecrtui.ecr.repository import Repository
from ecrtui.settings import Connection
from ecrtui.tui.aws_options import aws_options, write_profile_line
from ecrtui.tui.clipboard.copy_items import (
    WRITE_PROFILE,
    CopyItem,
    copy_items_for_image,
    copy_items_for_part,
    copy_items_for_repository,
    copy_words,
    get_manifest_line,
    put_image_command,
    put_image_line,
)

DIGEST = f"sha256:{'a' * 64}"
REPOSITORY = Repository("team/app", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app", "arn", "123456789012")
IMAGE = Image(DIGEST, ("v1",), media_type="application/vnd.oci.image.manifest.v1+json")
CONTROLS = "\n", "\r", "\t", "\x1b", "\x07", "\x7f", "\x9b", "\u2028", "\u202e", "\x00"
HOSTILE = [
    *(f"a{control}b" for control in CONTROLS),
    "\x1b[201~\nrm -rf ~\n",
    "x; rm -rf ~",
    "$(reboot)",
    "`reboot`",
    "a' b \" c",
    "a\\b",
    "-x",
    "*",
    "a&b",
    "#x",
    "~",
]


WORDS = {
    **dict.fromkeys(
        ("docker pull", "docker pull, this manifest", "docker push", "skopeo inspect", "crane manifest"), 3
    ),
    "kubectl set image": 5,
    "ecrtui promote": 4,
    "all tags": 2,
}
"""The number of words of each entry that has several."""


def items_of(text: str) -> list[CopyItem]:
    """Return every entry of a copy menu of a repository, image and part whose names are this text."""
    repository = replace(REPOSITORY, name=text, uri=text, arn=text, registry_id=text)
    image = replace(IMAGE, digest=text, tags=(text, f"{text}2"), media_type=text)
    manifest = parse_manifest(
        json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": text,
                "manifests": [{"mediaType": text, "digest": text, "size": 1, "platform": {"os": text}}],
                "annotations": {"note": text},
            }
        )
    )
    parts: list[Part] = [*manifest.descriptors, Annotation("note", text), Annotation("note", text, text)]
    return [
        *copy_items_for_repository(repository, ("--region", "eu-west-1")),
        *copy_items_for_image(repository, image, ("--region", "eu-west-1")),
        *copy_words(("digest before", text), ("plan", text)),  # as Activity and the Put image form
        *copy_words((f"digest of the {text}", "sha256:1")),  # as the artifacts of a platform
        *(item for part in parts for item in copy_items_for_part(repository, part)),
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_copied_has_a_control_character_or_breaks_out_of_its_word(text: str) -> None:
    for item in items_of(text):
        assert item.text.isprintable(), item
        assert item.label.isprintable(), item
        assert not [control for control in CONTROLS if control in item.text], item
        if item.label == "aws ecr put-image":
            words = shlex.split(item.text)
            assert [word for word in words if word in ("&&", "|", ">")] == ["|", ">", "&&"]
            assert words.count("aws") == 2
        elif item.label == "docker login":
            words = shlex.split(item.text)
            assert words.count("|") == 1
            assert len(words) == 12
        elif item.label in WORDS:
            assert len(shlex.split(item.text)) == WORDS[item.label]
        else:
            assert len(shlex.split(item.text)) == 1


def test_valid_names_are_copied_as_they_are() -> None:
    items = {item.label: item.text for item in copy_items_for_image(REPOSITORY, IMAGE, ("--region", "eu-west-1"))}
    assert items["tag URI"] == f"{REPOSITORY.uri}:v1"
    assert items["docker pull"] == f"docker pull {REPOSITORY.uri}:v1"
    assert items["digest"] == DIGEST


def test_every_tag_and_command_line_is_offered_once() -> None:
    image = replace(IMAGE, tags=("prod", "v1", "staging"))
    items = copy_items_for_image(REPOSITORY, image, ("--region", "eu-west-1"), "v1")
    texts = {item.label: item.text for item in items}
    assert len(texts) == len(items)
    uri = f"{REPOSITORY.uri}:v1"
    assert texts["tag URI"] == uri
    assert texts["all tags"] == "v1 prod staging"
    assert texts["tag URI, staging"] == f"{REPOSITORY.uri}:staging"
    assert texts["repository ARN"] == "arn"
    assert texts["skopeo inspect"] == f"skopeo inspect docker://{REPOSITORY.uri}@{DIGEST}"
    assert texts["kubectl set image"] == f"kubectl set image deployment/DEPLOYMENT CONTAINER={uri}"
    assert texts["ecrtui promote"] == f"ecrtui promote {uri} TARGET"
    part = Descriptor(DescriptorRole.MANIFEST, DIGEST)
    parts = {item.label: item.text for item in copy_items_for_part(REPOSITORY, part)}
    assert not parts.keys() & texts.keys()
    assert parts["docker pull, this manifest"] == f"docker pull {REPOSITORY.uri}@{DIGEST}"
    assert "all tags" not in [item.label for item in copy_items_for_image(REPOSITORY, IMAGE, ("--region", "eu-west-1"))]


def test_docker_logs_in_with_the_profile_of_the_connection() -> None:
    repository = replace(REPOSITORY, uri="123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app")
    line = (
        "aws ecr get-login-password --profile 'a b' --region eu-west-1"
        " | docker login --username AWS --password-stdin 123456789012.dkr.ecr.eu-west-1.amazonaws.com"
    )
    common = ("--profile", "a b", "--region", "eu-west-1")
    for items in (copy_items_for_repository(repository, common), copy_items_for_image(repository, IMAGE, common)):
        assert {item.label: item.text for item in items}["docker login"] == line


@pytest.mark.parametrize(
    ("connection", "environment", "options"),
    [
        (Connection(), {}, []),
        (Connection(profile="default"), {}, []),
        (Connection(profile="a b"), {"AWS_ACCESS_KEY_ID": "AKID"}, ["--profile", "a b"]),
        (Connection(), {"AWS_ACCESS_KEY_ID": "AKID", "AWS_PROFILE": "x"}, []),
        (Connection(), {"AWS_PROFILE": "x"}, ["--profile", "x"]),
        (Connection(demo=True), {"AWS_PROFILE": "x"}, []),
    ],
)
def test_aws_commands_reach_the_registry_of_the_connection(
    connection: Connection, environment: dict[str, str], options: list[str]
) -> None:
    found = aws_options(connection, "eu-west-1", "embedded" if connection.demo else "http://embedded:1", environment)
    endpoint = () if connection.demo else ("--endpoint-url", "http://embedded:1")
    assert found == (*options, "--region", "eu-west-1", *endpoint)
    line = put_image_line(REPOSITORY, IMAGE, found, "v1")
    assert line.count(shlex.join(found)) == 2
    assert write_profile_line(found) == ""


def test_a_role_without_a_profile_has_the_commands_that_write_one() -> None:
    options = aws_options(Connection(profile="my corp/123456789012/deploy"), "eu-west-1", "", {})
    items = {item.label: item.text for item in copy_items_for_image(REPOSITORY, IMAGE, options)}
    commands = items[WRITE_PROFILE].split(" && ")
    assert [shlex.split(command)[3:] for command in commands] == [
        [name, value, "--profile", "my corp/123456789012/deploy"]
        for name, value in (
            ("sso_session", "my corp"),
            ("sso_account_id", "123456789012"),
            ("sso_role_name", "deploy"),
            ("region", "eu-west-1"),
        )
    ]


@pytest.mark.parametrize("text", ["\x1b[201~\nreboot\n", "a\rb", "\x9b2J", "\u202egnp"])
def test_a_document_keeps_its_lines_only(text: str) -> None:
    item = CopyItem("JSON", f'{{\n\t"a": "é {text}"\n}}\n', lines=True)
    assert item.label == "JSON (control characters shown)"
    assert "\n\t" in item.text
    assert all(line.isprintable() for line in item.text.replace("\t", "").split("\n"))
    assert CopyItem("JSON", '{\n\t"a": "é"\n}\n', lines=True) == CopyItem("JSON", '{\n\t"a": "é"\n}\n', lines=True)


def test_a_command_names_no_file_that_the_registry_chose() -> None:
    for scheme in ("file://", "fileb://"):
        secret = f"{scheme}~/.aws/credentials"
        request = PutImageRequest("123456789012", "team/app", "", secret, secret, DIGEST)
        assert ".aws" not in get_manifest_line(request)
        assert ".aws" not in put_image_command(request, "manifest.json")
