"""PutImage as botocore knows it: everything that is told and checked of its parameters comes from there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from botocore.model import StructureShape
    from botocore.session import Session


@dataclass(frozen=True, slots=True)
class OperationModel:
    """An operation's documentation (in HTML), and the structures of what it takes and gives."""

    documentation: str
    input: StructureShape
    output: StructureShape


class PutImageClient(Protocol):
    """The operations of botocore's client that are used here."""

    meta: Any

    def put_image(self, **parameters: Any) -> dict[str, Any]:
        """PutImage."""

    def batch_get_image(self, **parameters: Any) -> Mapping[str, Any]:
        """BatchGetImage."""


def load_model(session: Session) -> OperationModel:
    """PutImage, from the service model of ECR.

    Raises:
        TypeError: the model is not ECR's.
    """
    model = session.get_service_model("ecr").operation_model("PutImage")
    if model.input_shape is None or model.output_shape is None:
        raise TypeError("PutImage takes nothing, or gives nothing")
    return OperationModel(model.documentation, model.input_shape, model.output_shape)


def option_name(member: str) -> str:
    """The option of a member of the model: ``imageTag`` is ``image-tag``."""
    from botocore import xform_name

    return xform_name(member, "-")
