"""The parameters of PutImage, from the command line, files and documents.

A value is the text itself, or ``file://PATH`` or ``fileb://PATH`` (``~`` and variables are expanded; it is read once,
so it can be a pipe). Both give the exact bytes of the file, without translating line ends, dropping a byte order mark
or recoding, because the digest depends on every byte. Text that is not UTF-8 is refused. ``--cli-input-json`` and
``--cli-input-yaml`` give parameters that the command line does not.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ecrtui.cli.put_image.errors import CommandLineError, ParameterError
from ecrtui.cli.put_image.options import INPUTS, PutImageParser
from ecrtui.registry.aws_cli.operation_model import OperationModel, option_name

if TYPE_CHECKING:
    from ecrtui.registry.aws_cli.operation_model import Shape

_UTF8_HINT = "Nothing was sent. Use UTF-8: the parameters of PutImage are text."
_FILE_HINT = "Nothing was sent. Name a file that you can read after file:// or fileb://."
_NUMBERS: Mapping[str, Callable[[str], float]] = {"integer": int, "long": int, "float": float, "double": float}


def call_parameters(options: argparse.Namespace, operation: OperationModel) -> dict[str, Any]:
    """Return the parameters by their names in the API: from the command line, then from a JSON or YAML document.

    Raises:
        ParameterError: a file cannot be read or is not UTF-8, a document is not a map, or a value is invalid.
        CommandLineError: two documents are given.
    """
    values = vars(options)
    parameters: dict[str, Any] = {}
    for member, shape in operation.input.members.items():
        option = option_name(member)
        value = values.get(option.replace("-", "_"))
        if value is not None:
            parameters[member] = _convert_value(f"--{option}", value, shape)
    inputs = {name: values[key] for name in INPUTS if values.get(key := name.replace("-", "_")) is not None}
    texts = {name: _load_text(f"--{name}", value) for name, value in inputs.items()}
    if len(inputs) > 1:
        raise CommandLineError("Only one --cli-input- parameter may be specified.")
    for name, text in texts.items():
        for key, value in _parse_document(name, text).items():
            parameters.setdefault(key, value)
    _check_encodable(parameters)
    return parameters


def manifest_digest(parameters: Mapping[str, Any]) -> str:
    """Return the digest of the manifest in the parameters."""
    from ecrtui.ecr.digest import digest_of

    return digest_of(str(parameters.get("imageManifest", "")))


def given_texts(words: Sequence[str], members: Iterable[str]) -> dict[str, str]:
    """Return the texts of a command line that may be invalid, by member; values that cannot be read are left out.

    Args:
        words: the command line without the global options.
        members: the members of the model.
    """
    options = {member: f"--{option_name(member)}" for member in members}
    parser = PutImageParser()
    for option in (*options.values(), *(f"--{name}" for name in INPUTS)):
        parser.add_argument(option, nargs="?")
    try:
        values = vars(parser.parse_known_args(words)[0])
    except CommandLineError:
        return {}
    texts: dict[str, str] = {}
    for member, option in options.items():
        if value := values[option[2:].replace("-", "_")]:
            with suppress(ParameterError):
                texts[member] = _load_text(option, value)
    for name in INPUTS:
        if value := values[name.replace("-", "_")]:
            with suppress(ParameterError):
                document = _parse_document(name, _load_text(f"--{name}", value))
                texts = {
                    key: text for key, text in document.items() if key in options and isinstance(text, str)
                } | texts
    return texts


def given_file(words: Sequence[str], name: str) -> str:
    """Return the path that an option names with ``file://`` or ``fileb://``; empty if it names none."""
    parser = PutImageParser()
    parser.add_argument(f"--{name}", nargs="?", dest="value")
    try:
        value = parser.parse_known_args(words)[0].value or ""
    except CommandLineError:
        return ""
    return _path(value) if value.startswith(("file://", "fileb://")) else ""


def _convert_value(option: str, value: Any, shape: Shape) -> Any:
    """Convert the value of an option to the type of the member."""
    kind = shape.type_name
    if kind == "boolean":
        return value
    if kind == "list":
        items = [_load_text(option, item) for item in value]
        return _parse_json_value(option, items[0]) if len(items) == 1 and items[0].lstrip().startswith("[") else items
    if kind == "blob":
        return _load_bytes(option, value)
    text = _load_text(option, value)
    if kind in ("structure", "map"):
        return _parse_json_value(option, text)
    return _NUMBERS[kind](text) if kind in _NUMBERS else text


def _load_text(option: str, value: str) -> str:
    """Return the text of a value: itself, or the exact content of a file."""
    if not value.startswith(("file://", "fileb://")):
        return _decode_word(value)
    content = _read_file(option, value)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as problem:
        if value.startswith("fileb://"):
            raise ParameterError(option, f"{_path(value)} is not UTF-8: {problem}.", _UTF8_HINT) from problem
        raise ParameterError(
            option,
            f"Unable to load paramfile ({_path(value)}), text contents could not be decoded.  If this is a binary "
            "file, please use the fileb:// prefix instead of the file:// prefix.",
            _UTF8_HINT,
        ) from problem


def _decode_word(text: str) -> str:
    """Decode a word of the command line as UTF-8, whatever the locale."""
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeError:
        return text


def _load_bytes(option: str, value: str) -> bytes:
    return _read_file(option, value) if value.startswith(("file://", "fileb://")) else value.encode()


def _read_file(option: str, value: str) -> bytes:
    try:
        with open(_path(value), "rb") as file:  # noqa: PTH123 - pathlib would normalize the path in the message
            return file.read()
    except OSError as problem:
        raise ParameterError(option, f"Unable to load paramfile {value}: {problem}", _FILE_HINT) from problem


def _path(value: str) -> str:
    return os.path.expandvars(os.path.expanduser(value.partition("://")[2]))  # noqa: PTH111 - as above


def _parse_document(name: str, text: str) -> dict[Any, Any]:
    """Return the parameters of a JSON or YAML document."""
    parsed = _parse_json_document(name, text) if name == "cli-input-json" else _parse_yaml_document(name, text)
    if not isinstance(parsed, dict):
        raise ParameterError(f"--{name}", f"Invalid type: expecting map, received {type(parsed)}")
    return parsed


def _parse_json_document(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as problem:
        raise ParameterError(name, "Invalid JSON received.", str(problem)) from problem


def _parse_yaml_document(name: str, text: str) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return YAML(typ="safe", pure=True).load(text)
    except YAMLError as problem:
        raise ParameterError(name, "Invalid YAML received.", " ".join(str(problem).split())) from problem


def _parse_json_value(option: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as problem:
        raise ParameterError(option, f"Invalid JSON: {problem}\nJSON received: {text}") from problem


def _check_encodable(parameters: Mapping[Any, Any]) -> None:
    """Refuse lone surrogates: bytes of the command line that are not UTF-8, or invalid escapes of JSON."""
    for key, value in parameters.items():
        if isinstance(value, str):
            try:
                value.encode("utf-8")
            except UnicodeEncodeError as problem:
                raise ParameterError(
                    f"--{option_name(str(key))}", f"this is not UTF-8: {problem}", _UTF8_HINT
                ) from problem
