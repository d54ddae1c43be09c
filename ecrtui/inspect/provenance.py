"""What a SLSA provenance says: builder, source, materials, times. Nothing is verified.

Source: SLSA provenance v0.1, v0.2 and v1, and the members that BuildKit adds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ecrtui.ecr.json_values import to_list, to_mapping, to_text
from ecrtui.ecr.units import reformat_iso_time
from ecrtui.inspect.facts import Fact, without_empty

_BUILDKIT_METADATA = "https://mobyproject.org/buildkit@v1#metadata"


def provenance_facts(predicate: Any) -> tuple[Fact, ...]:
    """Return builder, source and materials of a SLSA provenance, of version 0 or 1; nothing for another predicate."""
    members = to_mapping(predicate)
    if isinstance(members.get("buildDefinition"), dict):
        return without_empty(_slsa1(members))
    if isinstance(members.get("builder"), dict):
        return without_empty(_slsa0(members))
    return ()


def _slsa0(predicate: Mapping[str, Any]) -> Iterator[Fact]:
    invocation, metadata = to_mapping(predicate.get("invocation")), to_mapping(predicate.get("metadata"))
    source = to_mapping(invocation.get("configSource"))
    recipe = to_mapping(predicate.get("recipe"))  # of version 0.1
    vcs = to_mapping(to_mapping(metadata.get(_BUILDKIT_METADATA)).get("vcs"))
    yield Fact("builder", (to_text(to_mapping(predicate.get("builder")).get("id")) or "not named",))
    yield Fact("build type", (to_text(predicate.get("buildType") or recipe.get("type")),))
    yield Fact("source", (_artifact(source) or _revision(vcs),))
    yield Fact("entry point", (to_text(source.get("entryPoint") or recipe.get("entryPoint")),))
    yield from _build_times(metadata.get("buildStartedOn"), metadata.get("buildFinishedOn"))
    yield Fact("invocation", (to_text(metadata.get("buildInvocationId")),))
    yield _materials(predicate.get("materials"))


def _slsa1(predicate: Mapping[str, Any]) -> Iterator[Fact]:
    definition, run = to_mapping(predicate.get("buildDefinition")), to_mapping(predicate.get("runDetails"))
    outer = to_mapping(definition.get("externalParameters"))
    workflow, metadata = to_mapping(outer.get("workflow")), to_mapping(run.get("metadata"))
    vcs = to_mapping(to_mapping(metadata.get("buildkit_metadata")).get("vcs"))
    named = [to_text(workflow.get(name)) for name in ("repository", "ref", "path")]
    source = to_mapping(outer.get("configSource")) or to_mapping(outer.get("source"))
    yield Fact("builder", (to_text(to_mapping(run.get("builder")).get("id")) or "not named",))
    yield Fact("build type", (to_text(definition.get("buildType")),))
    yield Fact("source", (" ".join(filter(None, named)) or _artifact(source) or _revision(vcs),))
    yield from _build_times(metadata.get("startedOn"), metadata.get("finishedOn"))
    yield Fact("invocation", (to_text(metadata.get("invocationId") or metadata.get("invocationID")),))
    yield _materials(definition.get("resolvedDependencies"))


def _build_times(start: object, end: object) -> Iterator[Fact]:
    yield Fact("built", (" to ".join(filter(None, (reformat_iso_time(to_text(moment)) for moment in (start, end)))),))


def _materials(value: object) -> Fact:
    return Fact("materials", tuple(_artifact(to_mapping(entry)) for entry in to_list(value)))


def _artifact(entry: Mapping[str, Any]) -> str:
    """Return a source or a material: its URI and its digests."""
    digests = [f"{name}:{to_text(value)}" for name, value in to_mapping(entry.get("digest")).items()]
    return " ".join(filter(None, [to_text(entry.get("uri")) or to_text(entry.get("name")), *digests]))


def _revision(vcs: Mapping[str, Any]) -> str:
    """Return what BuildKit knows about the version control of the build's context."""
    return " ".join(filter(None, [to_text(vcs.get("source")), to_text(vcs.get("revision"))]))
