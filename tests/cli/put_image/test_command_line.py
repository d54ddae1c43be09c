"""The command line is parsed as the AWS CLI parses it."""

from __future__ import annotations

import json

import pytest
from botocore.loaders import Loader

from ecrtui.cli.put_image.options import GLOBAL_OPTIONS
from tests.cli.put_image.conftest import PutImageRunner
from tests.cli.put_image.endpoint import Endpoint

LINE = ("--repository-name", "foo", "--image-manifest", "{}")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("--image", "x"),
            "ambiguous option: --image could match --image-manifest, --image-manifest-media-type, --image-tag, "
            "--image-digest",
        ),
        (("--cli-input", "x"), "ambiguous option: --cli-input could match --cli-input-json, --cli-input-yaml"),
        (("--no", "x"), "ambiguous option: --no could match --no-verify-ssl, --no-paginate, --no-sign-request, "),
        (("--profile",), "argument --profile: expected one argument"),
        (("--debug=1",), "argument --debug: ignored explicit argument '1'"),
        (("--region",), "argument --region: expected one argument"),
        (("--image-tag", "--region", "eu-west-1"), "argument --image-tag: expected one argument"),
        (("--output", "jsn"), "argument --output: Found invalid choice 'jsn'\n\nMaybe you meant:\n\n  * json"),
        (("--color", "never"), "argument --color: Found invalid choice 'never'\n"),
        (("--cli-error-format", "JSON"), "argument --cli-error-format: Found invalid choice 'JSON'"),
        (("--generate-cli-skeleton=bogus",), "argument --generate-cli-skeleton: Found invalid choice 'bogus'"),
    ],
)
def test_invalid_command_lines_exit_with_252(
    words: tuple[str, ...], message: str, put_image: PutImageRunner, endpoint: Endpoint
) -> None:
    result = put_image(*LINE, *words)
    assert (result.code, result.out, endpoint.requests) == (252, "", [])
    assert message in result.err
    assert "\nusage: ecrtui put-image " in result.err


@pytest.mark.parametrize(
    ("words", "unknown"),
    [(("--bogus", "x"), "--bogus, x"), (("a", "b"), "b, a"), (("-x",), "-x"), (("--help",), "--help")],
)
def test_all_unknown_options_are_reported(
    words: tuple[str, ...], unknown: str, put_image: PutImageRunner, endpoint: Endpoint
) -> None:
    result = put_image(*LINE, *words)
    assert result.code == 252
    assert f"ecrtui: [ERROR]: Unknown options: {unknown}\n" in result.err


def test_global_options_have_abbreviations_of_their_own(put_image: PutImageRunner, endpoint: Endpoint) -> None:
    result = put_image(
        "--r", "eu-west-1", "--repo", "foo", "--ou", "text", "--image-manifest", "{}", "--q", "image.imageId"
    )
    assert result.code == 0, result.err
    assert endpoint.requests[0]["region"] == "eu-west-1"
    assert result.out.startswith("sha256:")


def test_values_that_look_like_negative_numbers_are_values(put_image: PutImageRunner, endpoint: Endpoint) -> None:
    assert put_image(*LINE, "--image-tag", "-1").code == 0
    assert endpoint.bodies[0]["imageTag"] == "-1"


@pytest.mark.parametrize("words", [("--version",), (*LINE, "--vers"), ("--version", "--bogus", "--image")])
def test_version_works_at_any_position(words: tuple[str, ...], put_image: PutImageRunner, endpoint: Endpoint) -> None:
    result = put_image(*words)
    assert (result.code, result.err, endpoint.requests) == (0, "", [])
    assert result.out.startswith("ecrtui/")


def test_an_error_before_version_is_reported(put_image: PutImageRunner, endpoint: Endpoint) -> None:
    assert put_image("--output", "xml", "--version").code == 252


@pytest.mark.parametrize("words", [("help",), ("--region", "eu-west-1", "help"), (*LINE, "help")])
def test_the_help_describes_every_option(words: tuple[str, ...], put_image: PutImageRunner, endpoint: Endpoint) -> None:
    result = put_image(*words)
    assert (result.code, result.err, endpoint.requests) == (0, "", [])
    names = [option.name for option in GLOBAL_OPTIONS]
    names += ["registry-id", "repository-name", "image-manifest", "image-manifest-media-type", "image-tag"]
    for name in [*names, "image-digest", "cli-input-json", "cli-input-yaml", "generate-cli-skeleton", "version"]:
        assert f"\n  --{name} (" in result.out
    assert "EXIT CODES" in result.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--image-tag", "file://nope"), "'--image-tag': Unable to load paramfile file://nope: [Errno 2] No such file"),
        (
            ("--image-tag", "file://."),
            "'--image-tag': Unable to load paramfile file://.: [Errno 21] Is a directory: '.'",
        ),
        (("--image-digest", "fileb://nope"), "Unable to load paramfile fileb://nope: [Errno 2] No such file"),
        (("--cli-input-json", "file://nope"), "'--cli-input-json': Unable to load paramfile file://nope"),
        (("--cli-input-json", "null"), "'--cli-input-json': Invalid type: expecting map, received <class 'NoneType'>"),
        (("--cli-input-yaml", "- a"), "'--cli-input-yaml': Invalid type: expecting map, received <class 'list'>"),
        (("--cli-input-json", ""), "'cli-input-json': Invalid JSON received."),
        (("--cli-input-yaml", "a: [b"), "'cli-input-yaml': Invalid YAML received."),
        (("--cli-input-json", "xx", "--cli-input-yaml", "x"), "Only one --cli-input- parameter may be specified."),
    ],
)
def test_invalid_values_exit_with_252(
    words: tuple[str, ...], message: str, put_image: PutImageRunner, endpoint: Endpoint
) -> None:
    result = put_image(*LINE, *words)
    assert (result.code, result.out, endpoint.requests) == (252, "", [])
    assert message in result.err
    assert ("Unable to load" in message) == ("Name a file that you can read after file:// or fileb://." in result.err)


def test_home_and_variables_in_paths_are_expanded(
    put_image: PutImageRunner, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    (put_image.folder / "tag").write_text("from-a-file")
    monkeypatch.setenv("HOME", str(put_image.folder))
    monkeypatch.setenv("WHERE", str(put_image.folder))
    for path in ("~/tag", "$WHERE/tag", "${WHERE}/tag"):
        assert put_image(*LINE, "--image-tag", f"file://{path}").code == 0
    assert {body["imageTag"] for body in endpoint.bodies} == {"from-a-file"}


def test_the_command_line_overrides_an_input_document(put_image: PutImageRunner, endpoint: Endpoint) -> None:
    (put_image.folder / "in.yaml").write_text('imageTag: from-input\nimageDigest: "x"\nrepositoryName: foo\n')
    result = put_image("--cli-input-yaml", "file://in.yaml", "--image-manifest", "{}", "--image-tag", "from-line")
    assert result.code == 0, result.err
    assert endpoint.bodies == [
        {"repositoryName": "foo", "imageManifest": "{}", "imageTag": "from-line", "imageDigest": "x"}
    ]


def test_every_wrong_type_in_a_document_is_reported(put_image: PutImageRunner, endpoint: Endpoint) -> None:
    values = {
        "repositoryName": 5,
        "imageManifest": None,
        "imageTag": 1.1,
        "imageDigest": [1],
        "registryId": {"a": True},
    }
    result = put_image("--cli-input-json", json.dumps(values))
    assert (result.code, endpoint.requests) == (252, [])
    for name in values:
        assert f"Invalid type for parameter {name}, value: " in result.err
    result = put_image("--cli-input-json", "{}")
    assert 'Missing required parameter in input: "repositoryName"\nMissing required parameter in input' in result.err


def test_the_profile_can_switch_validation_off(put_image: PutImageRunner, endpoint: Endpoint) -> None:
    put_image.configure("[default]\nparameter_validation = false\n")
    assert put_image("--repository-name", "x", "--image-manifest", "{}").code == 0


@pytest.mark.parametrize("words", [("--generate-cli-skeleton=input",), ("--cli-input-json={}",)])
def test_an_input_option_with_equals_sign_keeps_options_required(
    words: tuple[str, ...], put_image: PutImageRunner, endpoint: Endpoint
) -> None:
    assert "the following arguments are required: --repository-name" in put_image(*words).err


def test_the_output_skeleton_is_validated_and_formatted(put_image: PutImageRunner, endpoint: Endpoint) -> None:
    words = (*LINE, "--generate-cli-skeleton", "output", "--query", "image.imageId", "--output", "text")
    result = put_image(*words)
    assert (result.code, result.out, endpoint.requests) == (0, "imageDigest\timageTag\n", [])
    assert put_image(*words, "--image-tag", "").code == 252


def test_a_skeleton_is_a_valid_input_document(put_image: PutImageRunner, endpoint: Endpoint) -> None:
    for kind, way in (("input", "json"), ("yaml-input", "yaml")):
        skeleton = put_image("--generate-cli-skeleton", kind).out
        (put_image.folder / "filled").write_text(skeleton)
        result = put_image(f"--cli-input-{way}", "file://filled", *LINE)
        assert result.code == 252  # only because empty values are too short
        assert "Unknown parameter" not in result.err
        assert "Invalid length for parameter imageTag, value: 0" in result.err


def test_a_new_member_of_the_model_becomes_an_option(
    put_image: PutImageRunner, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Loader().load_service_model("ecr", "service-2")
    shapes = model["shapes"]
    shapes["PutImageRequest"]["members"] |= {
        "dryRun": {"shape": "NewBoolean"},
        "importance": {"shape": "NewInteger"},
        "notes": {"shape": "NewList"},
        "origin": {"shape": "NewStructure", "documentation": "<p>Where it comes from.</p>"},
        "attachment": {"shape": "NewBlob"},
    }
    shapes["NewBoolean"], shapes["NewInteger"], shapes["NewBlob"] = (
        {"type": "boolean"},
        {"type": "integer"},
        {"type": "blob"},
    )
    shapes["NewList"] = {"type": "list", "member": {"shape": "ImageTag"}}
    shapes["NewStructure"] = {"type": "structure", "members": {"url": {"shape": "ImageTag"}}}
    folder = put_image.folder / "models" / "ecr" / "2015-09-21"
    folder.mkdir(parents=True)
    (folder / "service-2.json").write_text(json.dumps(model))
    monkeypatch.setenv("AWS_DATA_PATH", str(put_image.folder / "models"))
    (put_image.folder / "blob").write_bytes(b"\xff")
    words = ("--no-dry-run", "--importance", "3", "--notes", "a", "b", "--origin", '{"url": "x"}')
    result = put_image(*LINE, *words, "--attachment", "fileb://blob", "--output", "off")
    assert result.code == 0, result.err
    assert endpoint.bodies == [
        {
            "repositoryName": "foo",
            "imageManifest": "{}",
            "dryRun": False,
            "importance": 3,
            "notes": ["a", "b"],
            "origin": {"url": "x"},
            "attachment": "/w==",
        }
    ]
    assert "  --origin (structure)\n      Where it comes from." in put_image("help").out
    assert "--importance" in put_image(*LINE, "--i", "3").err  # one of the options that --i can mean
