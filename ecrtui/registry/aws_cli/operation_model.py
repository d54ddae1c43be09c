"""The model of PutImage in botocore: the source of its options, their checks and their help."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    from botocore.model import Shape, StructureShape  # noqa: TC004 - others import it for type hints
    from botocore.session import Session

__all__ = ["OperationModel", "PutImageClient", "Shape", "load_model", "option_name", "sample_response", "skeleton_of"]


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


def skeleton_of(shape: Shape, *, use_member_names: bool = False) -> Any:
    """Return a document with every member of a shape. Its values are empty, or the names of the members."""
    from botocore.utils import ArgumentGenerator

    return ArgumentGenerator(use_member_names=use_member_names).generate_skeleton(shape)


def sample_response(client: PutImageClient, operation: OperationModel, parameters: dict[str, Any]) -> dict[str, Any]:
    """Check the parameters and return a response whose values are the names of its members. Nothing is sent.

    Raises:
        botocore.exceptions.ParamValidationError: the parameters are invalid.
    """
    from botocore.stub import Stubber

    response = skeleton_of(operation.output, use_member_names=True)
    with Stubber(cast(Any, client)) as stubber:
        stubber.add_response("put_image", response)
        return client.put_image(**parameters)
