"""botocore's models, without a walk through the folders of 400 services to see that ECR is one of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from botocore.exceptions import DataNotFoundError
from botocore.loaders import Loader


class LazyServiceLoader(Loader):
    """botocore's loader, which looks whether there is a service only when it is asked for that one.

    The walk costs 9 ms for each kind of model, of which a client needs two.
    """

    def list_available_services(self, type_name: str) -> Collection[str]:  # type: ignore[override]  # no list yet
        """The services that have a model of a type."""
        return _Services(self, type_name)

    def walk(self, type_name: str) -> list[str]:
        """The same, after the walk."""
        return super().list_available_services(type_name)


class _Services(Collection[str]):
    def __init__(self, loader: LazyServiceLoader, type_name: str) -> None:
        self._loader, self._type = loader, type_name

    def __contains__(self, name: object) -> bool:
        try:
            return bool(self._loader.list_api_versions(str(name), self._type))
        except DataNotFoundError:
            return False

    def __iter__(self) -> Iterator[str]:
        return iter(self._loader.walk(self._type))

    def __len__(self) -> int:
        return len(self._loader.walk(self._type))
