"""A promotion whose blobs another process copies: that of an application, which draws meanwhile."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ecrtui.errors import AccessDenied
from ecrtui.promote.apply import PromotionRun
from ecrtui.promote.transfer import TransferProgress
from ecrtui.registry.process.client import RegistryProcess, RemoteRegistry
from ecrtui.retag.plan import StepOutcome
from ecrtui.settings import Connection
from ecrtui.wiring import open_copier
from tests.promote.conftest import DEV, Promotions
from tests.support.embedded import REGION, served


@pytest.fixture
def remote(sites: Promotions) -> Iterator[tuple[RemoteRegistry, RemoteRegistry]]:
    process = RegistryProcess()
    with served(sites.source.embedded) as source_url, served(sites.target.embedded) as target_url:
        source, target = (
            RemoteRegistry(process.open(Connection(endpoint_url=url, region=REGION)))
            for url in (source_url, target_url)
        )
        yield source, target
        process.close()


def test_another_process_copies_reports_stops_and_fails(
    sites: Promotions, remote: tuple[RemoteRegistry, RemoteRegistry]
) -> None:
    image = sites.image(layers=[b"one", b"two"])
    seen: list[TransferProgress] = []
    with open_copier(*remote) as copy:

        def apply(*, stop: bool = False) -> StepOutcome:
            run = PromotionRun(sites.plan(), remote[1], sites.engine, copy, on_progress=seen.append, stop=lambda: stop)
            (result,) = run.apply().report.results
            if result.error is not None:
                raise result.error
            return result.outcome

        sites.fault("target UploadLayerPart:error:code=AccessDeniedException:message=no")
        with pytest.raises(AccessDenied, match="no"):
            apply()
        sites.target.embedded.faults.clear()
        sites.fault("target InitiateLayerUpload:latency:seconds=1")
        assert apply(stop=True) is StepOutcome.SKIPPED
        assert sites.tags() == {}
        sites.target.embedded.faults.clear()
        assert apply() is StepOutcome.DONE
    assert sites.tags() == {"v1": image.digest}
    assert (seen[-1].blobs_done, seen[-1].bytes_done) == (seen[-1].blobs_total, seen[-1].bytes_total)
    assert [manifest.digest for manifest in remote[0].tagged_manifests(DEV, ["v1"]).values()] == [image.digest]
