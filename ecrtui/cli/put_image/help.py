"""``ecrtui put-image help``: every option, what it does here and where that differs from the AWS CLI."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from ecrtui.cli.aws_cli_output.pager import paged
from ecrtui.cli.put_image.model import OperationModel, option_name
from ecrtui.cli.put_image.options import GLOBAL_OPTIONS, PROGRAM, SKELETON
from ecrtui.cli.put_image.skeleton import plain_text

_WIDTH = 88
_INPUT_HELP = {
    "cli-input-json": "Parameters as a JSON map, in the layout that --generate-cli-skeleton prints, as text or "
    "file://PATH. What is given on the line wins, parameter by parameter; required options need not be given.",
    "cli-input-yaml": "The same as YAML, in the layout of --generate-cli-skeleton yaml-input. Not together with "
    "--cli-input-json.",
    SKELETON: "Print a document to be filled in and send nothing: for JSON with no value or input, for YAML with "
    "yaml-input; with output check the parameters and print what an answer looks like.",
}
_NOTES = """\
VALUES
  A value is the text itself, file://PATH or fileb://PATH; ~ and variables in PATH are expanded, a pipe will do.
  A file gives its exact bytes. Options can be abbreviated as long as they are unambiguous and written --option=value;
  of an option that is given twice the last one counts.

WHERE IT DIFFERS FROM `aws ecr put-image`
  Bytes: no line end of a file is translated, nothing is recoded (AWS_CLI_FILE_ENCODING is not used), fileb:// is taken
  for text parameters too; what is not UTF-8 is refused.
  Order: the output format, the syntax of --query, the pager and the encoding of standard output are checked before
  anything is sent. If the answer cannot be printed afterwards, standard error says that the image was put.
  Lost answers: if the connection was cut after the request was sent, the tag is read back (ecr:BatchGetImage); if it
  is at the digest that was sent, the answer is printed and the exit code is 0.
  Secrets: --debug shows no key, no token and no signature.
  Errors: the next step follows on lines that begin with `hint: ` (not in the formats json, yaml, text and table of
  --cli-error-format, to which --query is not applied).
  --version is the version of ecrtui.

EXIT CODES
  0    the image was put
  130  Ctrl-C; if the request was under way, standard error says that the outcome is unknown
  252  the line, a parameter or a file cannot be used; nothing was sent
  253  no region, no credentials, no such pager, a setting that cannot be used
  254  the service refused
  255  everything else: no such profile, no connection, an answer that cannot be printed

ENVIRONMENT AND CONFIGURATION (an option wins over the environment, the environment over the profile)
  region         AWS_REGION, AWS_DEFAULT_REGION, region, the EC2 instance (unless AWS_EC2_METADATA_DISABLED)
  profile        AWS_PROFILE, AWS_DEFAULT_PROFILE
  endpoint       AWS_ENDPOINT_URL_ECR, AWS_ENDPOINT_URL, endpoint_url (AWS_IGNORE_CONFIGURED_ENDPOINT_URLS)
  retries        AWS_RETRY_MODE, retry_mode (standard); AWS_MAX_ATTEMPTS, max_attempts (3)
  output         AWS_DEFAULT_OUTPUT, output (json)
  errors         AWS_CLI_ERROR_FORMAT, cli_error_format (enhanced)
  pager          AWS_PAGER, cli_pager, PAGER (less, with LESS=FRX); an empty value switches it off
  form           AWS_CLI_AUTO_PROMPT, cli_auto_prompt (off; on-partial opens it for lines that cannot be used)
  also           AWS_CA_BUNDLE, ca_bundle, AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT, AWS_CONFIG_FILE,
                 AWS_SHARED_CREDENTIALS_FILE, parameter_validation, AWS_CLI_OUTPUT_ENCODING, HTTPS_PROXY, NO_PROXY

EXAMPLES
  Give an image another tag:
    ecrtui put-image --repository-name team/app --image-tag prod --image-manifest file://manifest.json
  Only its digest:
    ecrtui put-image … --query image.imageId.imageDigest --output text
"""


def print_help(operation: OperationModel, pager: str) -> None:
    """Print the help, through the pager on a terminal."""
    with paged(pager) as stream:
        stream.write(help_text(operation))


def help_text(operation: OperationModel) -> str:
    """The help; the parameters are told by the service's own model."""
    return "\n".join([*_head(operation), *_parameters(operation), *_globals(), _NOTES])


def _head(operation: OperationModel) -> Iterator[str]:
    yield f"NAME\n  {PROGRAM} - {plain_text(operation.documentation).split('. ')[0]}.\n"
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
    yield "OPTIONS OF EVERY COMMAND"
    for entry in GLOBAL_OPTIONS:
        choices = entry.settings.get("choices")
        text = f"{entry.help} One of {', '.join(choices)}." if choices else entry.help
        yield from _entry(entry.name, entry.values or "boolean", text)
    yield from _entry("version", "boolean", "Print name and version.")
    yield ""


def _entry(name: str, kind: str, text: str) -> Iterator[str]:
    yield f"  --{name} ({kind})"
    yield textwrap.fill(text, _WIDTH, initial_indent="      ", subsequent_indent="      ")
