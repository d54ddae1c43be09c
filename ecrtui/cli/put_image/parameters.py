"""From the words of the line to the parameters of the call.

A value is the text itself, or ``file://PATH`` or ``fileb://PATH`` (``~`` and variables are expanded; a pipe will do,
as it is read once). Either way a file gives its bytes: no line end is translated, no byte order mark is dropped,
nothing is recoded, because every byte of a manifest counts for its digest. What is not UTF-8 is refused.
``--cli-input-json`` and ``--cli-input-yaml`` bring what the line has not given.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ecrtui.cli.put_image.model import OperationModel, option_name
from ecrtui.cli.put_image.options import INPUTS, PutImageParser
from ecrtui.cli.put_image.problems import CommandLineError, ParameterError

if TYPE_CHECKING:
    from botocore.model import Shape

_UTF8_HINT = "Parameters of PutImage are text in UTF-8; nothing was sent."
_NUMBERS: Mapping[str, Callable[[str], float]] = {"integer": int, "long": int, "float": float, "double": float}


def call_parameters(options: argparse.Namespace, operation: OperationModel) -> dict[str, Any]:
    """The parameters of the call by their names in the API: the line's, then those of a JSON or YAML input.

    Raises:
        ParameterError: a file cannot be read or is not UTF-8, an input is no map, a value cannot be converted.
        CommandLineError: there are two inputs.
    """
    values = vars(options)
    parameters: dict[str, Any] = {}
    for member, shape in operation.input.members.items():
        option = option_name(member)
        value = values.get(option.replace("-", "_"))
        if value is not None:
            parameters[member] = _converted(f"--{option}", value, shape)
    inputs = {name: values[key] for name in INPUTS if values.get(key := name.replace("-", "_")) is not None}
    texts = {name: _loaded(f"--{name}", value) for name, value in inputs.items()}
    if len(inputs) > 1:
        raise CommandLineError("Only one --cli-input- parameter may be specified.")
    for name, text in texts.items():
        for key, value in _parsed(name, text).items():
            parameters.setdefault(key, value)
    _refuse_what_is_not_text(parameters)
    return parameters


def given_texts(words: Sequence[str], members: Iterable[str]) -> dict[str, str]:
    """The texts on a line that may not be fit for a call, by the names of the members; what cannot be read is left out.

    Args:
        words: the line, without the options that every command takes.
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
                texts[member] = _loaded(option, value)
    for name in INPUTS:
        if value := values[name.replace("-", "_")]:
            with suppress(ParameterError):
                brought = _parsed(name, _loaded(f"--{name}", value))
                texts = {key: text for key, text in brought.items() if key in options and isinstance(text, str)} | texts
    return texts


def given_file(words: Sequence[str], name: str) -> str:
    """The path that an option of the line names with ``file://`` or ``fileb://``; empty if it names none."""
    parser = PutImageParser()
    parser.add_argument(f"--{name}", nargs="?", dest="value")
    try:
        value = parser.parse_known_args(words)[0].value or ""
    except CommandLineError:
        return ""
    return _path(value) if value.startswith(("file://", "fileb://")) else ""


def _converted(option: str, value: Any, shape: Shape) -> Any:
    """The value of an option as the member's type wants it."""
    kind = shape.type_name
    if kind == "boolean":
        return value
    if kind == "list":
        items = [_loaded(option, item) for item in value]
        return _json(option, items[0]) if len(items) == 1 and items[0].lstrip().startswith("[") else items
    if kind == "blob":
        return _bytes_of(option, value)
    text = _loaded(option, value)
    if kind in ("structure", "map"):
        return _json(option, text)
    return _NUMBERS[kind](text) if kind in _NUMBERS else text


def _loaded(option: str, value: str) -> str:
    """The text that a value stands for: itself, or the exact content of a file."""
    if not value.startswith(("file://", "fileb://")):
        return _word(value)
    content = _content(option, value)
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


def _word(text: str) -> str:
    """A word of the line, which is UTF-8 for us even if the locale could not read it."""
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeError:
        return text


def _bytes_of(option: str, value: str) -> bytes:
    return _content(option, value) if value.startswith(("file://", "fileb://")) else value.encode()


def _content(option: str, value: str) -> bytes:
    try:
        with open(_path(value), "rb") as file:  # noqa: PTH123 - a pathlib path would tidy what the message quotes
            return file.read()
    except OSError as problem:
        raise ParameterError(option, f"Unable to load paramfile {value}: {problem}") from problem


def _path(value: str) -> str:
    return os.path.expandvars(os.path.expanduser(value.partition("://")[2]))  # noqa: PTH111 - as above


def _parsed(name: str, text: str) -> dict[Any, Any]:
    """The parameters that a JSON or YAML input holds."""
    parsed = _json_input(name, text) if name == "cli-input-json" else _yaml_input(name, text)
    if not isinstance(parsed, dict):
        raise ParameterError(f"--{name}", f"Invalid type: expecting map, received {type(parsed)}")
    return parsed


def _json_input(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as problem:
        raise ParameterError(name, "Invalid JSON received.", str(problem)) from problem


def _yaml_input(name: str, text: str) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return YAML(typ="safe", pure=True).load(text)
    except YAMLError as problem:
        raise ParameterError(name, "Invalid YAML received.", " ".join(str(problem).split())) from problem


def _json(option: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as problem:
        raise ParameterError(option, f"Invalid JSON: {problem}\nJSON received: {text}") from problem


def _refuse_what_is_not_text(parameters: Mapping[Any, Any]) -> None:
    """Refuse lone surrogates: bytes of the line that were no UTF-8, or an escape of JSON that is no character."""
    for key, value in parameters.items():
        if isinstance(value, str):
            try:
                value.encode("utf-8")
            except UnicodeEncodeError as problem:
                raise ParameterError(
                    f"--{option_name(str(key))}", f"this is not UTF-8: {problem}", _UTF8_HINT
                ) from problem
