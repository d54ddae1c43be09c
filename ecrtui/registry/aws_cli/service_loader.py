"""A loader of botocore's service models that does not search the folders of 400 services for ECR."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from botocore.exceptions import DataNotFoundError
from botocore.loaders import Loader


class LazyServiceLoader(Loader):
    """botocore's loader, but it checks for a service only when that service is looked up.

    The search takes 9 ms for each kind of model; a client needs two kinds.
    """

    def list_available_services(self, type_name: str) -> Collection[str]:  # type: ignore[override]  # no list yet
        """Return the services that have a model of this type, as a lazy collection."""
        return _LazyServices(self, type_name)

    def search_services(self, type_name: str) -> list[str]:
        """Search the folders for services that have a model of this type."""
        return super().list_available_services(type_name)


class _LazyServices(Collection[str]):
    def __init__(self, loader: LazyServiceLoader, type_name: str) -> None:
        self._loader, self._type = loader, type_name

    def __contains__(self, name: object) -> bool:
        try:
            return bool(self._loader.list_api_versions(str(name), self._type))
        except DataNotFoundError:
            return False

    def __iter__(self) -> Iterator[str]:
        return iter(self._loader.search_services(self._type))

    def __len__(self) -> int:
        return len(self._loader.search_services(self._type))
