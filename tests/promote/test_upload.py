"""The upload of a layer: what each answer of the registry means, and how an interrupted upload continues."""

from __future__ import annotations

import threading
from itertools import pairwise

import pytest

from ecrtui.ecr.digest import digest_of
from ecrtui.ecr.layer import MAX_PARTS, Upload, is_part_size, part_size
from ecrtui.errors import AccessDenied, CredentialsError, EcrTuiError, IntegrityError, OnRetry
from ecrtui.promote.closure import MAX_LAYER_SIZE, Blob
from ecrtui.promote.parts import Buffers
from ecrtui.promote.transfer import WORKERS, BlobCopy, TransferProgress, copy_blobs
from ecrtui.promote.upload import RESUMED_FROM, LayerUpload, Stopped, UploadLimiters
from ecrtui.registry.protocol import LayerReader
from tests.promote.conftest import without_pauses
from tests.promote.memory_store import CHANGED, FAILED, LOST, THROTTLED, MemoryRecords, MemoryStore

MEBIBYTE = 1024 * 1024
CONTENT = b"0123456789ab"
DIGEST = digest_of(CONTENT)
LARGE = Blob(DIGEST, RESUMED_FROM + 1)
"""A blob of twelve bytes whose manifest says that it is large, so that its upload is recorded."""

DENIED = AccessDenied("denied")
EXPIRED = CredentialsError("expired")


def upload_from(source: MemoryStore, target: MemoryStore, records: MemoryRecords | None = None) -> LayerUpload:
    return LayerUpload(
        source, "dev", target, "prod", records or MemoryRecords(), UploadLimiters(without_pauses), Buffers()
    )


def source_with(content: bytes = CONTENT) -> MemoryStore:
    return MemoryStore({digest_of(content): content})


@pytest.mark.parametrize("size", [1, 3, 4, 5, 8, 12])
@pytest.mark.parametrize("known", [True, False])
def test_a_layer_is_sent_in_parts_and_completed_once(size: int, known: bool) -> None:
    content = CONTENT[:size]
    target, sent = MemoryStore(), list[int]()
    upload = upload_from(source_with(content), target)
    upload.on_bytes = sent.append
    upload.copy(Blob(digest_of(content), size if known else -1))
    assert target.stored == {digest_of(content): content}
    assert target.calls == {"begin": 1, "part": -(-size // 4), "complete": 1}
    assert sum(sent) == size


def test_a_layer_that_another_client_completes_meanwhile_counts_whole() -> None:
    target, sent = MemoryStore({DIGEST: CONTENT}, before={"part": [LOST]}), list[int]()
    upload = upload_from(source_with(), target)
    upload.on_bytes = sent.append
    upload.copy(Blob(DIGEST, len(CONTENT)))
    assert sum(sent) == len(CONTENT)


@pytest.mark.parametrize(("mebibytes", "enlarged"), [(42_000, False), (42_001, True), (52_000, True)])
def test_parts_are_larger_where_ecr_would_have_too_many_of_them(mebibytes: int, *, enlarged: bool) -> None:
    proposed, size = 10 * MEBIBYTE, mebibytes * MEBIBYTE
    chosen = part_size(proposed, size)
    assert (chosen > proposed) == enlarged
    assert is_part_size(chosen) and -(-size // chosen) <= MAX_PARTS


def test_a_layer_of_52_000_mib_is_sent_in_parts_that_ecr_accepts() -> None:
    target, records = MemoryStore(before={"complete": [DENIED]}), MemoryRecords()
    with pytest.raises(AccessDenied):
        upload_from(source_with(), target, records).copy(Blob(DIGEST, MAX_LAYER_SIZE))
    upload, _ = records.uploads[DIGEST]
    assert upload.part_size * MAX_PARTS >= MAX_LAYER_SIZE


def test_a_layer_with_fewer_bytes_than_its_manifest_says_is_not_sent_whole() -> None:
    """The registry would wait for the rest, for as long as a layer of that size may take."""
    sizes: list[int] = []
    upload = upload_from(source_with(), MemoryStore())
    upload.way, upload.on_bytes = "oci", sizes.append
    with pytest.raises(IntegrityError, match="12 of 20 bytes"):
        upload.copy(Blob(DIGEST, 20))
    assert sum(sizes) == 0
    upload.way = "api"
    upload.copy(Blob(DIGEST, 20))


@pytest.mark.parametrize(
    ("before", "after", "uploads"),
    [
        ({"begin": [THROTTLED, THROTTLED], "part": [THROTTLED, THROTTLED], "complete": [THROTTLED, THROTTLED]}, {}, 1),
        ({"part": [FAILED]}, {}, 1),
        ({}, {"begin": [FAILED]}, 1),
        ({}, {"part": [FAILED]}, 1),
        ({}, {"part": [FAILED, FAILED, FAILED]}, 1),
        ({}, {"complete": [FAILED]}, 1),
        ({"part": [LOST]}, {}, 2),
        ({"complete": [LOST]}, {}, 2),
        ({"complete": [CHANGED]}, {}, 2),
        ({"part": [LOST, LOST]}, {}, 3),
        ({"part": [FAILED] * 7}, {}, 1),
    ],
)
def test_a_blob_arrives_whole_after_throttling_failures_and_lost_replies(
    before: dict[str, list[EcrTuiError]], after: dict[str, list[EcrTuiError]], uploads: int
) -> None:
    target = MemoryStore(before={name: list(errors) for name, errors in before.items()}, after=after)
    sent = list[int]()
    upload = upload_from(source_with(), target)
    upload.on_bytes = sent.append
    upload.copy(Blob(DIGEST, len(CONTENT)))
    assert target.stored == {DIGEST: CONTENT}
    assert target.calls["begin"] == uploads
    assert sum(sent) == len(CONTENT)


@pytest.mark.parametrize(
    ("before", "error"),
    [
        ({"begin": [DENIED]}, DENIED),
        ({"part": [DENIED]}, DENIED),
        ({"complete": [DENIED]}, DENIED),
        ({"part": [FAILED] * 8}, FAILED),
        ({"part": [LOST] * 3}, LOST),
        ({"complete": [CHANGED] * 3}, CHANGED),
    ],
)
def test_an_error_that_comes_again_ends_the_upload(before: dict[str, list[EcrTuiError]], error: EcrTuiError) -> None:
    target = MemoryStore(before={name: list(errors) for name, errors in before.items()})
    with pytest.raises(EcrTuiError) as caught:
        upload_from(source_with(), target).copy(Blob(DIGEST, len(CONTENT)))
    assert caught.value is error
    assert target.stored == {}


@pytest.mark.parametrize(("size", "content"), [(12, b"0123456789aX"), (12, b"0123"), (12, CONTENT + b"x"), (3, b"abX")])
def test_content_with_another_digest_is_not_stored(size: int, content: bytes) -> None:
    target = MemoryStore()
    blob = Blob(digest_of(CONTENT[:size]), size)
    with pytest.raises(IntegrityError) as caught:
        upload_from(MemoryStore({blob.digest: content}), target).copy(blob)
    assert blob.digest[7:19] in str(caught.value)
    assert target.calls["complete"] == 0


def test_a_stop_ends_between_two_parts_and_the_next_run_continues() -> None:
    target, records = MemoryStore(), MemoryRecords()
    upload = upload_from(source_with(), target, records)
    upload.stop = lambda: target.calls["part"] >= 2
    with pytest.raises(Stopped):
        upload.copy(LARGE)
    assert records.uploads[DIGEST][1] == 8
    upload.stop = lambda: False
    upload.copy(LARGE)
    assert (target.calls["begin"], target.calls["part"]) == (1, 3)
    assert (target.stored, records.uploads) == ({DIGEST: CONTENT}, {})


@pytest.mark.parametrize("received", [b"", b"012", b"0123", b"012345", b"01234567", b"0123456789ab"])
@pytest.mark.parametrize("recorded", [4, 8])
def test_an_upload_continues_after_the_last_whole_part_that_the_registry_confirms(
    received: bytes, recorded: int
) -> None:
    target = MemoryStore(uploads={"old": bytearray(received)})
    records = MemoryRecords({DIGEST: (Upload("old", 4), recorded)})
    upload_from(source_with(), target, records).copy(LARGE)
    assert target.stored == {DIGEST: CONTENT}
    goes_on = len(received) >= recorded and len(received) % 4 == 0
    assert target.calls["begin"] == (0 if goes_on else 1)
    assert target.calls["part"] == (3 - len(received) // 4 if goes_on else 3)


def test_an_upload_with_bytes_of_another_client_begins_again() -> None:
    target = MemoryStore(uploads={"old": bytearray(b"01234567xxxx")})
    records = MemoryRecords({DIGEST: (Upload("old", 4), 8)})
    upload_from(source_with(), target, records).copy(LARGE)
    assert (target.stored, target.calls["begin"]) == ({DIGEST: CONTENT}, 1)


def test_an_upload_that_continues_stays_recorded_until_it_is_complete() -> None:
    target = MemoryStore(uploads={"old": bytearray(CONTENT[:8])})
    records = MemoryRecords({DIGEST: (Upload("old", 4), 8)})
    upload = upload_from(source_with(), target, records)
    upload.on_bytes = lambda _: upload_stops.append(None)
    upload_stops: list[None] = []
    upload.stop = lambda: bool(upload_stops)  # after the first part, which the registry has
    with pytest.raises(Stopped):
        upload.copy(LARGE)
    assert records.uploads == {DIGEST: (Upload("old", 4), 8)}


def test_an_upload_that_is_gone_is_begun_again() -> None:
    target, records = MemoryStore(), MemoryRecords({DIGEST: (Upload("gone", 4), 8)})
    upload_from(source_with(), target, records).copy(LARGE)
    assert target.calls["part"] == 3


@pytest.mark.parametrize("error", [FAILED, THROTTLED, DENIED, EXPIRED])
def test_an_upload_whose_state_is_not_known_stays_recorded_for_the_next_run(error: EcrTuiError) -> None:
    target = MemoryStore(uploads={"old": bytearray(CONTENT[:8])}, before={"part": [error] * 8})
    records = MemoryRecords({DIGEST: (Upload("old", 4), 8)})
    with pytest.raises(EcrTuiError) as caught:
        upload_from(source_with(), target, records).copy(LARGE)
    assert caught.value is error
    assert records.uploads == {DIGEST: (Upload("old", 4), 8)}
    target.before.clear()
    upload_from(source_with(), target, records).copy(LARGE)
    assert (target.stored, target.calls["begin"], target.calls["part"]) == ({DIGEST: CONTENT}, 0, 1)


def test_a_small_layer_is_not_recorded() -> None:
    target, records = MemoryStore(before={"complete": [DENIED]}), MemoryRecords()
    with pytest.raises(AccessDenied):
        upload_from(source_with(), target, records).copy(Blob(DIGEST, len(CONTENT)))
    assert records.uploads == {}


@pytest.mark.parametrize(
    ("mountable", "before", "sent"),
    [
        (True, [], False),
        (True, [THROTTLED, FAILED], False),
        (False, [], True),
        (True, [DENIED], True),
    ],
)
def test_a_layer_that_is_not_mounted_is_sent(mountable: bool, before: list[EcrTuiError], sent: bool) -> None:
    target = MemoryStore(mountable={DIGEST: CONTENT} if mountable else {}, before={"mount": before})
    counted: list[int] = []
    upload = upload_from(source_with(), target)
    upload.way, upload.on_bytes = "mount", counted.append
    upload.copy(Blob(DIGEST, len(CONTENT)))
    assert target.stored == {DIGEST: CONTENT}
    assert bool(target.calls["part"]) is sent
    assert sum(counted) == len(CONTENT)


@pytest.mark.parametrize(("before", "after"), [([], []), ([THROTTLED], []), ([FAILED], []), ([], [FAILED])])
def test_a_layer_is_sent_whole(before: list[EcrTuiError], after: list[EcrTuiError]) -> None:
    target = MemoryStore(before={"push": before}, after={"push": after})
    counted: list[int] = []
    upload = upload_from(source_with(), target)
    upload.way, upload.on_bytes = "oci", counted.append
    upload.copy(Blob(DIGEST, len(CONTENT)))
    assert (target.stored, target.calls, sum(counted)) == ({DIGEST: CONTENT}, {"push": 1}, len(CONTENT))
    upload.copy(Blob(DIGEST, -1))  # the OCI API needs the size
    assert target.calls["part"]


@pytest.mark.parametrize(
    ("content", "stops", "error"), [(b"other bytes!", False, IntegrityError), (CONTENT, True, Stopped)]
)
def test_a_layer_that_is_broken_or_stopped_is_not_stored(content: bytes, stops: bool, error: type[Exception]) -> None:
    target, counted = MemoryStore(), list[int]()
    upload = upload_from(MemoryStore({DIGEST: content}), target)
    upload.way, upload.on_bytes, upload.stop = "oci", counted.append, lambda: stops
    with pytest.raises(error):
        upload.copy(Blob(DIGEST, len(content)))
    assert (target.stored, sum(counted)) == ({}, 0)


# many blobs


def blobs(*contents: bytes) -> tuple[MemoryStore, tuple[Blob, ...]]:
    stored = {digest_of(content): content for content in contents}
    return MemoryStore(stored), tuple(Blob(digest, len(content)) for digest, content in stored.items())


def test_progress_counts_bytes_and_blobs() -> None:
    source, wanted = blobs(*(str(number).encode() * number for number in range(1, 12)))
    target, seen = MemoryStore(), list[TransferProgress]()
    result = copy_blobs(
        source,
        target,
        [BlobCopy("dev", "prod", wanted)],
        MemoryRecords(),
        on_progress=seen.append,
        limiters=UploadLimiters(without_pauses),
    )
    assert target.stored == source.stored
    total = sum(blob.size for blob in wanted)
    assert (result.blobs, result.bytes, result.stopped) == (11, total, False)
    assert (seen[-1].bytes_done, seen[-1].bytes_total, seen[-1].blobs_done) == (total, total, 11)
    assert all(one.bytes_done <= two.bytes_done for one, two in pairwise(seen))


def test_progress_says_why_a_request_is_sent_again_until_bytes_arrive() -> None:
    source, wanted = blobs(CONTENT)
    target = MemoryStore(before={"begin": [THROTTLED], "part": [FAILED], "complete": [THROTTLED]})
    seen: list[TransferProgress] = []
    copies = [BlobCopy("dev", "prod", wanted)]
    copy_blobs(
        source, target, copies, MemoryRecords(), on_progress=seen.append, limiters=UploadLimiters(without_pauses)
    )
    assert [(one.bytes_done, one.retried) for one in seen if one.blobs_done == 0] == [
        (0, THROTTLED),
        (0, FAILED),
        (4, None),
        (8, None),
        (12, None),
        (12, THROTTLED),
    ]


def test_the_rate_is_not_known_while_only_small_blobs_have_arrived() -> None:
    contents = [b"config", b"x" * 1_000]
    source, wanted = blobs(*contents)
    config_arrived, seen = threading.Event(), list[TransferProgress]()

    class WaitingStore(MemoryStore):
        def open_layer(self, repository: str, digest: str, on_retry: OnRetry = lambda _: None) -> LayerReader:
            assert digest != digest_of(contents[1]) or config_arrived.wait(60)
            return super().open_layer(repository, digest, on_retry)

    def report(progress: TransferProgress) -> None:
        seen.append(progress)
        if progress.blobs_done:
            config_arrived.set()

    copies = [BlobCopy("dev", "prod", wanted)]
    copy_blobs(WaitingStore(source.stored), MemoryStore(), copies, MemoryRecords(), on_progress=report)
    known = {progress.bytes_done: progress.seconds_left is not None for progress in seen}
    assert (known[6], known[1_006]) == (False, True)


def test_the_first_error_stops_the_others() -> None:
    source, wanted = blobs(*(str(number).encode() * 9 for number in range(20)))
    target = MemoryStore(before={"begin": [DENIED] * len(wanted)})
    with pytest.raises(AccessDenied):
        copy_blobs(
            source, target, [BlobCopy("dev", "prod", wanted)], MemoryRecords(), limiters=UploadLimiters(without_pauses)
        )
    assert target.stored == {}
    assert len(target.before["begin"]) >= len(wanted) - WORKERS  # a worker ends with its first error


def test_a_stop_leaves_the_complete_blobs() -> None:
    source, wanted = blobs(*(str(number).encode() * 3 for number in range(9)))
    target = MemoryStore()
    result = copy_blobs(
        source,
        target,
        [BlobCopy("dev", "prod", wanted)],
        MemoryRecords(),
        stop=lambda: target.calls["complete"] >= 3,
        limiters=UploadLimiters(without_pauses),
    )
    assert result.stopped
    assert 3 <= len(target.stored) == result.blobs < 9
