"""``--generate-cli-skeleton``: documents with the parameters of PutImage to fill in."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ecrtui.registry.aws_cli.operation_model import OperationModel, skeleton_of

if TYPE_CHECKING:
    from ecrtui.registry.aws_cli.operation_model import Shape


def print_input(operation: OperationModel) -> None:
    """Print a JSON document for ``--cli-input-json``."""
    json.dump(skeleton_of(operation.input), sys.stdout, indent=4, default=str)
    sys.stdout.write("\n")


def print_yaml_input(operation: OperationModel) -> None:
    """Print a YAML document for ``--cli-input-yaml``, with a comment for each key."""
    from ruamel.yaml import YAML

    yaml = YAML()
    shape = operation.input
    empty = skeleton_of(shape)
    skeleton = yaml.map()
    for name, member in shape.members.items():
        skeleton[name] = empty[name]
        comment = " ".join(_comments(member, required=name in shape.required_members))
        if comment.strip():
            skeleton.yaml_add_eol_comment(f"# {comment}", name)
    yaml.dump(skeleton, sys.stdout)


def first_sentence(documentation: str) -> str:
    """Return the first sentence of an HTML documentation as plain text."""
    sentence = re.split(r"[.:]+", plain_text(documentation), maxsplit=1)[0]
    return f"{sentence}." if sentence else ""


def plain_text(documentation: str) -> str:
    """Return an HTML documentation as plain text on one line."""
    from html import unescape

    return " ".join(unescape(re.sub(r"<[^>]*>", "", re.sub(r"</p>\s*", " ", documentation))).split())


def _comments(shape: Shape, *, required: bool) -> list[str]:
    comments = ["[REQUIRED]"] if required else []
    comments.append(first_sentence(shape.documentation))
    if enum := getattr(shape, "enum", None):
        comments.append(f"Valid values are: {', '.join(enum)}.")
    return comments


PRINTERS: Mapping[str, Callable[[OperationModel], None]] = {"input": print_input, "yaml-input": print_yaml_input}
"""The functions that print a document without parameters, by the value of the option."""
