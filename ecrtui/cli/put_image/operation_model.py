"""The model of PutImage in botocore: the source of its options, their checks and their help."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from botocore.model import StructureShape
    from botocore.session import Session


@dataclass(frozen=True, slots=True)
class OperationModel:
    """The documentation of an operation (HTML), and the shapes of its input and output."""

    documentation: str
    input: StructureShape
    output: StructureShape


class PutImageClient(Protocol):
    """The operations of botocore's client that put-image calls."""

    meta: Any

    def put_image(self, **parameters: Any) -> dict[str, Any]:
        """Call PutImage."""

    def batch_get_image(self, **parameters: Any) -> Mapping[str, Any]:
        """Call BatchGetImage."""


def load_model(session: Session) -> OperationModel:
    """Return the model of PutImage.

    Raises:
        TypeError: the service model is not that of ECR.
    """
    model = session.get_service_model("ecr").operation_model("PutImage")
    if model.input_shape is None or model.output_shape is None:
        raise TypeError("PutImage has no input or no output")
    return OperationModel(model.documentation, model.input_shape, model.output_shape)


def option_name(member: str) -> str:
    """Return the option of a member of the model: ``image-tag`` for ``imageTag``."""
    from botocore import xform_name

    return xform_name(member, "-")
