"""The texts of the Put image form about its manifest and its plan."""

from __future__ import annotations

from textual.content import Content

from ecrtui.ecr import units
from ecrtui.ecr.digest import short_digest
from ecrtui.tui import safe_text as text
from ecrtui.tui.put_image.document import PutImageDocument
from ecrtui.tui.retag import rendering


def form_title(state: PutImageDocument) -> Content:
    """Return the first line of the plan: the digest, the repository and the size."""
    parts: list[rendering.Part] = [
        ("Put image ", "bold"),
        (short_digest(state.manifest.digest), "bold $digest"),
        " into ",
        text.content(state.request.repository, "bold"),
    ]
    if state.request.registry_id:
        parts.append(text.content(f" of {state.request.registry_id}", "bold"))
    parts.append(("  " + units.format_count(state.manifest.size_bytes, "byte"), "dim"))
    return Content.assemble(*parts)


def manifest_lines(state: PutImageDocument, line_endings_hint: str) -> Content:
    """Return the size, digest, problem and warnings of the manifest.

    Args:
        state: the content of the form.
        line_endings_hint: the key that changes the line endings; empty if there is none.
    """
    if not state.manifest.text:
        return Content.styled("✗ a manifest is required", "$text-error")
    lines = [text.content(state.summary), Content.styled(state.manifest.digest, "$digest")]
    if state.manifest.problem:
        lines.append(text.content(f"✗ {state.manifest.problem}", "$text-error"))
    lines += [rendering.warning_line(warning) for warning in state.warnings]
    if state.has_cr_endings and line_endings_hint:
        lines.append(Content.styled(f"  {line_endings_hint}", "dim"))
    return Content("\n").join(lines)
