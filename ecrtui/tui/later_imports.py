"""Import what the first frame does not need, before the user opens it."""

from __future__ import annotations


def import_screens() -> None:
    """Import the list of images and the image with its overview. It takes a tenth of a second and 7 MB.

    A thread runs it after a list was loaded: Enter would wait for it otherwise.
    """
    import ecrtui.tui.inspector.overview_pane
    import ecrtui.tui.screens.image
    import ecrtui.tui.screens.images  # noqa: F401 - imported for the screens that follow
