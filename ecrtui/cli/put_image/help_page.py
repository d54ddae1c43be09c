"""``ecrtui put-image help``: every option, and the differences from the AWS CLI."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from ecrtui.cli.aws_cli_output.pager import paged
from ecrtui.cli.put_image.error_reporting import EXIT_CODES
from ecrtui.cli.put_image.options import GLOBAL_OPTIONS, PROGRAM, SKELETON
from ecrtui.cli.put_image.skeleton import plain_text
from ecrtui.registry.aws_cli.operation_model import OperationModel, option_name

_WIDTH = 79
"""Columns of the page: a terminal has 80."""
_INPUT_HELP = {
    "cli-input-json": "Parameters as a JSON map, in the layout that --generate-cli-skeleton prints, as text or "
    "file://PATH. Options on the command line override it. No option is required then.",
    "cli-input-yaml": "The same as YAML, in the layout of --generate-cli-skeleton yaml-input. Do not combine it with "
    "--cli-input-json.",
    SKELETON: "Print a document to fill in and send nothing: JSON with no value or input, YAML with yaml-input. "
    "With output: check the parameters and print a sample response.",
}
_NOTES = """\
VALUES
  A value is the text itself, file://PATH or fileb://PATH. ~ and variables in
  PATH are expanded; PATH can be a pipe. A file gives its exact bytes. Options
  can be abbreviated if that is unambiguous, and written --option=value. If an
  option is given twice, the last one wins.

DIFFERENCES FROM `aws ecr put-image`
  Bytes: line ends of a file are kept, nothing is recoded
  (AWS_CLI_FILE_ENCODING is ignored), fileb:// works for text parameters too,
  and text that is not UTF-8 is refused.
  Order: the output format, the syntax of --query, the pager and the encoding
  of standard output are checked before anything is sent. If the response
  cannot be printed, standard error says that the image was put.
  Lost responses: if the connection breaks after the request was sent, the
  image is read back (ecr:BatchGetImage). If the tag points to the digest that
  was sent, the response is printed and the exit code is 0.
  Secrets: --debug shows no key, no token and no signature.
  Errors: hints follow on lines that begin with `hint: `. The formats json,
  yaml, text and table of --cli-error-format have no hints, and --query does
  not apply to them.
  --version prints the version of ecrtui.
"""
CONFIGURATION = {
    "region": "`--region`, `AWS_REGION`, `AWS_DEFAULT_REGION`, `region`, the EC2 instance (unless "
    "`AWS_EC2_METADATA_DISABLED`)",
    "profile": "`--profile`, `AWS_PROFILE`, `AWS_DEFAULT_PROFILE`, `default`",
    "endpoint": "`--endpoint-url`, `AWS_ENDPOINT_URL_ECR`, `AWS_ENDPOINT_URL`, `services`, `endpoint_url` "
    "(`AWS_IGNORE_CONFIGURED_ENDPOINT_URLS`)",
    "retries": "`AWS_RETRY_MODE`, `retry_mode`, standard; `AWS_MAX_ATTEMPTS`, `max_attempts`, 3",
    "output": "`--output`, `AWS_DEFAULT_OUTPUT`, `output`, json",
    "error format": "`--cli-error-format`, `AWS_CLI_ERROR_FORMAT`, `cli_error_format`, enhanced",
    "pager": "`--no-cli-pager`, `AWS_PAGER`, `cli_pager`, `PAGER`, less with `LESS=FRX`; an empty value means no pager",
    "form": "`--no-cli-auto-prompt`, `--cli-auto-prompt`, `AWS_CLI_AUTO_PROMPT`, `cli_auto_prompt`, off; `on-partial` "
    "opens it for an invalid command line",
    "also read": "`AWS_CA_BUNDLE`, `ca_bundle`, `AWS_USE_FIPS_ENDPOINT`, `AWS_USE_DUALSTACK_ENDPOINT`, "
    "`AWS_CONFIG_FILE`, `AWS_SHARED_CREDENTIALS_FILE`, `parameter_validation`, `cli_timestamp_format`, "
    "`AWS_CLI_OUTPUT_ENCODING`, `HTTPS_PROXY`, `NO_PROXY`",
}
"""Where each setting comes from, the first one first, for the help and the documentation: flags, variables, names in
the AWS configuration, and the default."""
_EXAMPLES = """\
EXAMPLES
  Add a tag to an image:
    ecrtui put-image --repository-name team/app --image-tag prod \\
        --image-manifest file://manifest.json
  Print only the digest:
    ecrtui put-image ... --query image.imageId.imageDigest --output text
"""


def print_help(operation: OperationModel, pager: str) -> None:
    """Print the help, through the pager on a terminal."""
    with paged(pager) as stream:
        stream.write(help_text(operation))


def help_text(operation: OperationModel) -> str:
    """Return the help. The texts of the parameters come from the service model."""
    return "\n".join(
        [*_head(operation), *_parameters(operation), *_globals(), _NOTES, *_exit_codes(), *_configuration(), _EXAMPLES]
    )


def _head(operation: OperationModel) -> Iterator[str]:
    purpose = plain_text(operation.documentation).split(". ")[0]
    yield "NAME"
    yield textwrap.fill(f"{PROGRAM} - {purpose}.", _WIDTH, initial_indent="  ", subsequent_indent="      ") + "\n"
    yield "SYNOPSIS"
    yield f"  {PROGRAM}"
    required = operation.input.required_members
    for member in operation.input.members:
        option = f"--{option_name(member)} <value>"
        yield f"    {option}" if member in required else f"    [{option}]"
    yield "    [--cli-input-json <value> | --cli-input-yaml <value>]"
    yield f"    [--{SKELETON} <value>]"
    for entry in GLOBAL_OPTIONS:
        yield f"    [--{entry.name} <value>]" if entry.values else f"    [--{entry.name}]"
    yield "    [--version]\n"


def _parameters(operation: OperationModel) -> Iterator[str]:
    yield "PARAMETERS"
    required = operation.input.required_members
    for member, shape in operation.input.members.items():
        kind = f"{shape.type_name}, required" if member in required else shape.type_name
        yield from _entry(option_name(member), kind, plain_text(shape.documentation))
    for name, text in _INPUT_HELP.items():
        yield from _entry(name, "string", text)
    yield ""


def _globals() -> Iterator[str]:
    yield "GLOBAL OPTIONS"
    for entry in GLOBAL_OPTIONS:
        choices = entry.settings.get("choices")
        text = f"{entry.help} One of {', '.join(choices)}." if choices else entry.help
        yield from _entry(entry.name, entry.values or "boolean", text)
    yield from _entry("version", "boolean", "Print the version.")
    yield ""


def _exit_codes() -> Iterator[str]:
    yield "EXIT CODES"
    for code, meaning in EXIT_CODES.items():
        yield textwrap.fill(meaning, _WIDTH, initial_indent=f"  {code:<5}", subsequent_indent="       ")
    yield ""


def _configuration() -> Iterator[str]:
    yield "ENVIRONMENT AND CONFIGURATION"
    yield "  The first one that is set counts."
    for name, sources in CONFIGURATION.items():
        text = sources.replace("`", "")
        yield textwrap.fill(text, _WIDTH, initial_indent=f"  {name:<14}", subsequent_indent=" " * 16)
    yield ""


def _entry(name: str, kind: str, text: str) -> Iterator[str]:
    yield f"  --{name} ({kind})"
    yield textwrap.fill(text, _WIDTH, initial_indent="      ", subsequent_indent="      ")
