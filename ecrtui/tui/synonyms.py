"""Other words for the actions, so that the command palette finds them. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "plan_form.retry": ("plan again", "reload"),
    "plan_form.manifest": ("show result",),
    "list.filter": ("search", "find", "grep", "query"),
    "list.sort": ("order",),
    "list.reverse": ("descending", "order"),
    "list.describe": ("details", "info", "show", "inspect"),
    "list.yaml": ("json", "export", "document"),
    "watch.toggle": ("follow", "live", "auto refresh", "tail"),
    "images.read_indexes": ("multi-platform", "parts", "orphans"),
    "images.untag": ("delete tag", "untag", "rm"),
    "images.swap": ("exchange tags", "blue green"),
    "images.copy_tags": ("transfer tags", "replace image"),
    "repositories.promote": ("bulk retag", "release", "promote"),
    "find.tag": ("retag", "bulk retag", "release"),
    "find.read_indexes": ("part of", "multi-platform", "resolve"),
    "find.export": ("save", "csv", "json", "markdown", "download"),
    "marks.mark": ("select",),
    "marks.mark_range": ("select range",),
    "marks.mark_all": ("select all",),
    "plan.apply": ("run", "execute", "write"),
    "plan.save": ("export", "csv", "json", "download"),
    "activity.undo": ("rollback", "revert", "back"),
    "activity.undo_plan": ("rollback plan", "revert plan"),
    "activity.resolve_unknown": ("check", "reconcile"),
    "image.retag": ("retag", "move tag", "release", "rollback", "alias"),
    "image.promote": ("copy to", "copy image", "release", "push to"),
    "image.diff": ("diff", "difference", "versus"),
    "compare.retag": ("promote", "release", "copy tags"),
    "compare.export": ("ticket", "report", "download", "save"),
    "image.config": ("environment variables", "labels", "entrypoint", "history", "env"),
    "image.findings": ("cve", "vulnerabilities", "security scan", "severity"),
    "inspector.layers": ("history", "dockerfile"),
    "inspector.findings": ("cve", "vulnerabilities"),
    "inspector.artifacts": ("sbom", "signature", "provenance", "helm values", "attestation"),
    "inspector.tags": ("tag history", "rollback", "previous image"),
    "inspector.packages": ("sbom", "dependencies"),
    "inspector.raw": ("details", "json", "yaml"),
    "inspector.next_platform": ("architecture",),
    "inspector.up": ("parent index", "back"),
    "manifest.pretty": ("format", "indent"),
    "text_pane.search": ("find", "grep"),
    "text_pane.save": ("export", "download"),
    "text_pane.pager": ("less", "more"),
    "text_pane.editor": ("vim", "emacs", "nano", "export"),
    "text_viewer.pager": ("less", "more"),
    "text_viewer.editor": ("vim", "emacs", "nano", "export"),
    "put_image.open": ("put-image", "push", "upload", "import"),
    "screen.refresh": ("reload", "update", "read again"),
    "screen.copy": ("clipboard", "yank", "export", "pull command", "digest", "uri"),
    "app.help": ("keys", "shortcuts", "bindings", "manual"),
    "app.find": ("search everywhere", "where is", "locate", "kubernetes event", "all repositories", "missing tag"),
    "app.activity": ("undo", "rollback", "revert", "history", "journal", "log", "audit"),
    "app.profile": ("account", "switch", "login", "sign in", "connection"),
    "app.region": ("switch region", "location"),
    "app.settings": ("configuration", "options", "preferences", "protected tags"),
    "app.theme": ("colors", "colours", "dark", "light", "skin"),
    "app.repaint": ("redraw",),
    "app.suspend": ("background", "shell", "job control"),
    "app.quit": ("exit", "leave", "close ecrtui"),
}
"""Words that a user of other tools may type, by the id of the action."""


def matching_synonym(action_id: str, query: str) -> str:
    """Return the first synonym with a word that begins like the query; empty if there is none."""
    wanted = query.strip().lower()
    return next((word for word in SYNONYMS.get(action_id, ()) if wanted and f" {wanted}" in f" {word}"), "")
