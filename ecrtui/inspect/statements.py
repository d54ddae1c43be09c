"""What in-toto statements and their envelopes say. Nothing is verified.

Source: in-toto attestation framework.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ecrtui.ecr.json_values import to_list, to_mapping, to_text
from ecrtui.inspect.cosign import bundle_facts
from ecrtui.inspect.envelopes import OpenedDocument, StatementSubject
from ecrtui.inspect.facts import NOT_VERIFIED, Fact, KnownDigests, without_empty
from ecrtui.inspect.provenance import provenance_facts


def statement_facts(opened: OpenedDocument, known: KnownDigests) -> tuple[Fact, ...]:
    """Return what the envelopes of a document and its statement say; nothing if it has none."""
    facts = [Fact("status", (NOT_VERIFIED,))] if opened.envelopes else []
    if opened.envelopes:
        facts.append(Fact("envelopes", (" › ".join(opened.envelopes),)))
    facts += bundle_facts(opened.bundle, known)
    facts += _dsse_facts(opened.dsse)
    if opened.statement:
        facts.append(Fact("predicate type", (opened.predicate_type,)))
        facts += _subject_facts(opened.subjects, known)
        facts += provenance_facts(opened.document)
    return without_empty(facts)


def _dsse_facts(dsse: Mapping[str, Any]) -> Iterator[Fact]:
    if dsse:
        yield Fact("payload type", (to_text(dsse.get("payloadType")),))
        keys = [to_text(to_mapping(entry).get("keyid")) for entry in to_list(dsse.get("signatures"))]
        yield Fact("signatures", tuple(f"key id {key}" if key else "no key id" for key in keys))


def _subject_facts(subjects: Sequence[StatementSubject], known: KnownDigests) -> Iterator[Fact]:
    lines = []
    for subject in subjects:
        digests = " ".join(subject.digests)
        lines += [f"{subject.name} {digests}".strip(), f"  {known.match(subject.digests)}"]
    yield Fact("subject", tuple(lines) or ("the statement names none",))
