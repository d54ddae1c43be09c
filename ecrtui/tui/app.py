"""The application: it wires places together and does nothing else.

The first frame waits for every import: only the first place is imported here, the others when they are gone to.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING

from textual.actions import parse as parse_action
from textual.app import SystemCommand
from textual.dom import DOMNode
from textual.notifications import SeverityLevel
from textual.screen import Screen

from ecrtui import gc_tuning
from ecrtui.ecr import units
from ecrtui.ecr.reference import Reference
from ecrtui.errors import CredentialsError, EcrTuiError
from ecrtui.settings import Settings, remember_theme
from ecrtui.tui import actions, messages, themes
from ecrtui.tui import blocking as io
from ecrtui.tui import safe_text as text
from ecrtui.tui.base_screen import AppScreen
from ecrtui.tui.bindings import UNBOUND, bindings, declared_actions
from ecrtui.tui.header_state import HeaderState
from ecrtui.tui.screens.repositories import RepositoriesScreen
from ecrtui.tui.textual_fixes.fatal_error import NoLocalsOnCrashApp
from ecrtui.tui.textual_fixes.key_queue import OrderedKeysApp
from ecrtui.tui.textual_fixes.theme_start import start_with_theme

if TYPE_CHECKING:
    from textual.theme import Theme

    from ecrtui.session import Session, SessionSource
    from ecrtui.tui.clipboard import CopyItem


IDLE_DELAY = 1.0
"""Seconds after which is done what nobody waits for, so that the first rows come first."""


class EcrTuiApp(NoLocalsOnCrashApp, OrderedKeysApp):
    """Browse, inspect and retag.

    Args:
        connect: gives the session; called off the UI thread, after the first frame.
        settings: the settings in force before the account is known.
        start: the place to land on.
        demo: whether this is the embedded registry, which the header tells.
    """

    TITLE = "ecrtui"
    BINDINGS = bindings("app")

    _defaults: tuple[Theme | None, dict[str, str]] = (None, {})

    def __init__(
        self,
        connect: SessionSource,
        settings: Settings,
        start: Reference | None = None,
        *,
        demo: bool = False,
    ) -> None:
        super().__init__()
        self.connect = connect
        self.settings = settings
        self.start = start or Reference()
        self.leaving = False
        self.own_themes: tuple[str, ...] = ()
        """The names of our own themes and the user's, as soon as they are read."""
        self.set_keymap(dict(settings.keys))
        if self._knows_theme(settings.theme):
            start_with_theme(self, settings.theme)
        self.demo = demo
        self._connected: list[SessionSource] = []
        """The sources that have a session."""
        self._writes: list[SessionSource] = []
        """The source of each write in flight."""

    def _use_theme(self, name: str) -> None:
        if self._knows_theme(name):
            self.theme = name
        else:
            self._warn(f"There is no theme {name!r}; {self.theme} is used.")

    def _knows_theme(self, name: str) -> bool:
        """Whether there is such a theme; it is read if it was not yet."""
        if name not in self.available_themes and (theme := themes.load_theme(name)) is not None:
            self.register_theme(theme)
        return name in self.available_themes

    async def read_themes(self) -> None:
        """The other themes, when there is time for it, and a word about those that are broken."""
        found = await io.run_blocking(themes.load_themes)
        for theme in found.themes:
            self.register_theme(theme)
        self.own_themes = tuple(theme.name for theme in found.themes)
        if found.report:
            self._warn(found.report)

    def _warn(self, words: str) -> None:
        self.notify(words, severity="warning", timeout=10)

    def get_default_screen(self) -> Screen[None]:
        """The bottom of the stack: Esc ends there."""
        return self.with_header(RepositoriesScreen(self.connect))

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our own variables, for themes that do not set them."""
        theme = self.current_theme
        if theme is not self._defaults[0]:  # asked for several times before the first frame
            self._defaults = (theme, themes.variable_defaults(theme))
        return self._defaults[1]

    def on_mount(self) -> None:
        io.shorten_switch_interval()
        if not self.is_headless:
            # Python's own way to end on SIGTERM is to be gone, with the terminal still in the alternate screen.
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.call_later, self.action_quit)
        if self.start.repository:
            from ecrtui.tui.screens.image import ImageScreen
            from ecrtui.tui.screens.images import ImagesScreen

            self.push_app_screen(ImagesScreen(self.connect, self.start.repository))
            subject = self.start.digest or self.start.tag
            if subject:
                self.push_app_screen(ImageScreen(self.connect, self.start.repository, subject))
        if self.theme != self.settings.theme:
            self._use_theme(self.settings.theme)
        self.call_after_refresh(gc_tuning.enable_gc)
        self.set_timer(IDLE_DELAY, lambda: self.run_worker(self.read_themes(), exit_on_error=False))
        for problem in actions.unknown_id_messages(self.settings.keys):
            self._warn(problem)

    def on_connected(self, message: messages.Connected) -> None:
        """Show the registry in the headers of its screens; on the first connection, do what the session needs."""
        source, session = message.source, message.session
        if all(screen.header_state.connected for screen in self._screens_on(source)):
            return
        self._update_headers(source, lambda state: state.connected_to(session))
        self.run_worker(self._identify(source, session), group="identify", exit_on_error=False)
        if any(source is known for known in self._connected):
            return
        self._connected.append(source)
        if source is self.connect and session.settings.theme != self.settings.theme:
            self._use_theme(session.settings.theme)
        self.set_timer(IDLE_DELAY, lambda: self.run_worker(self._resolve_unknown(session), exit_on_error=False))

    async def _identify(self, source: SessionSource, session: Session) -> None:
        identity = await io.run_blocking(session.registry.identity)
        self._update_headers(source, lambda state: state._replace(identity=identity))

    def _screens_on(self, source: SessionSource) -> list[AppScreen]:
        """Return the open screens on this source, the top one last."""
        return [entry for entry in self.screen_stack if isinstance(entry, AppScreen) and entry.connect is source]

    def _update_headers(self, source: SessionSource, change: Callable[[HeaderState], HeaderState]) -> None:
        for screen in self._screens_on(source):
            screen.header_state = change(screen.header_state)

    def with_header(self, screen: AppScreen) -> AppScreen:
        """Give a new screen the header of an open screen on the same source."""
        peers = self._screens_on(screen.connect)
        known = peers[-1].header_state if peers else HeaderState(read_only=self.settings.read_only, demo=self.demo)
        screen.header_state = known._replace(writes=self._writes_on(screen.connect))
        return screen

    def _writes_on(self, source: SessionSource) -> int:
        return sum(source is writing for writing in self._writes)

    async def _resolve_unknown(self, session: Session) -> None:
        """Look up what became of writes that an earlier process began and never finished."""
        try:
            entries = await io.run_blocking(lambda: session.engine.resolve_unknown())
        except EcrTuiError as error:
            self.notify(f"What became of earlier writes could not be found out: {error}", severity="warning")
            return
        if entries:
            self.notify(
                f"{units.format_count(len(entries), 'write')} with unknown outcome looked up: see Activity (a)",
                timeout=10,
            )

    def ask_for_code(self, question: str) -> str:
        """Ask the user for the code of an MFA device; called by the thread that signs in, which waits for it.

        Raises:
            CredentialsError: the user gave none.
        """
        from ecrtui.tui.overlays.prompt import TextPrompt

        answer: Future[str | None] = Future()
        self.call_from_thread(self.push_screen, TextPrompt(question), answer.set_result)
        code = answer.result()
        if code is None:
            raise CredentialsError("No MFA code was given", "", "Try again, and type the code that the device shows.")
        return code

    def push_app_screen(self, screen: AppScreen) -> None:
        """Open a screen."""
        self.push_screen(self.with_header(screen))

    def on_open_images(self, message: messages.OpenImages) -> None:
        from ecrtui.tui.screens.images import ImagesScreen

        self.push_app_screen(ImagesScreen(message.source, message.repository))

    def on_open_image(self, message: messages.OpenImage) -> None:
        from ecrtui.tui.screens.image import ImageScreen

        self.push_app_screen(ImageScreen(message.source, message.repository, message.subject, message.prepared))

    def on_open_plan(self, message: messages.OpenPlan) -> None:
        from ecrtui.tui.screens.plan import PlanScreen

        self.push_app_screen(PlanScreen(message.source, message.request))

    def on_open_put_image(self, message: messages.OpenPutImage) -> None:
        from ecrtui.tui.screens.put_image import PutImageScreen

        self.push_app_screen(PutImageScreen(message.source, message.draft))

    def on_go_back(self, message: messages.GoBack) -> None:
        if len(self.screen_stack) > 1:
            self.pop_screen()
            self.set_timer(IDLE_DELAY, gc_tuning.collect_and_freeze)

    def on_show_text(self, message: messages.ShowText) -> None:
        from ecrtui.tui.overlays.text_viewer import TextViewer

        self.push_screen(TextViewer(message.title, message.text))

    def on_offer_copies(self, message: messages.OfferCopies) -> None:
        from ecrtui.tui.overlays.menus import CopyMenu

        if message.entries:
            self.push_screen(CopyMenu(message.entries), self._copy)

    def _copy(self, choice: CopyItem | None) -> None:
        if choice is not None:
            self.run_worker(self._to_clipboard(choice), group="copy", exit_on_error=False)

    async def _to_clipboard(self, choice: CopyItem) -> None:
        """Over SSH this machine's clipboard is not the user's: the terminal is asked instead (OSC 52)."""
        from ecrtui.tui import clipboard

        if clipboard.over_ssh() or not await io.run_blocking(clipboard.copy_to_system_clipboard, choice.text):
            self.copy_to_clipboard(choice.text)
            self.notify(f"{choice.label} sent to the terminal's clipboard", markup=False)
        else:
            self.notify(f"{choice.label} copied", markup=False)

    def on_write_began(self, message: messages.WriteBegan) -> None:
        self._writes.append(message.source)
        self._show_writes(message.source)

    def on_write_ended(self, message: messages.WriteEnded) -> None:
        self._writes.remove(message.source)
        self._show_writes(message.source)
        if self.leaving and not self._writes:
            self.exit()

    def _show_writes(self, source: SessionSource) -> None:
        self._update_headers(source, lambda state: state._replace(writes=self._writes_on(source)))

    async def action_quit(self) -> None:
        """Quit at once. If a write is in flight, quit when it completes."""
        if self._writes:
            self.leaving = True
            self.notify("A write is in flight. ecrtui quits when it completes.", severity="warning")
        else:
            self.exit()

    def action_activity(self) -> None:
        """The journal of every write."""
        from ecrtui.tui.screens.activity import ActivityScreen

        if not isinstance(self.screen, ActivityScreen):
            source = self.screen.connect if isinstance(self.screen, AppScreen) else self.connect
            self.push_app_screen(ActivityScreen(source))

    def action_command_palette(self) -> None:
        """Everything by name."""
        from ecrtui.tui.textual_fixes.palette import Palette

        if not isinstance(self.screen, Palette):
            self.push_screen(Palette())

    def action_help(self) -> None:
        """Keys and what they do."""
        from ecrtui.tui.overlays.help import HelpOverlay

        self.push_screen(HelpOverlay(self._keys_in_use()))

    def _keys_in_use(self) -> dict[actions.Action, list[str]]:
        """Return the displayed keys of each action that works now.

        A key that Textual uses first, and passes on if it has nothing to do, counts: ctrl+c copies selected text.
        """
        keys: dict[actions.Action, list[str]] = {}
        active = self.screen.active_bindings
        for key, entry in active.items():
            action = actions.BY_ID.get(entry.binding.id or "")
            if action is not None and entry.enabled and not key.startswith(UNBOUND):
                keys.setdefault(action, []).append(self.get_key_display(entry.binding))
        for action, shown in keys.items():
            for key in self.settings.keys.get(action.id, action.keys).split(","):
                used_first = active.get(key.strip())
                if used_first is not None and used_first.binding.id is None:
                    shown.append(self.get_key_display(used_first.binding))
        return {action: list(dict.fromkeys(shown)) for action, shown in keys.items()}

    def action_change_theme(self) -> None:
        """Choose a theme."""
        self.run_worker(self._choose_theme(), group="theme", exclusive=True, exit_on_error=False)

    async def _choose_theme(self) -> None:
        if not self.own_themes:
            await self.read_themes()
        from ecrtui.tui.overlays.menus import ThemeMenu

        names = [*self.own_themes, *sorted(set(self.available_themes) - set(self.own_themes))]
        self.push_screen(ThemeMenu(names, self.theme), self._remember)

    def _remember(self, theme: str | None) -> None:
        if theme is None:
            return
        try:
            remember_theme(theme)
        except EcrTuiError as error:
            self.notify(str(error), severity="warning", markup=False)

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """Whoever tells something tells it through the door: a service's words may be in it, and it is never markup."""
        shown = text.visible_lines(message)
        super().notify(shown, title=title, severity=severity, timeout=timeout, markup=False)

    def action_toggle_header(self) -> None:
        """Hide or show the header."""
        self.screen.toggle_class("-no-header")

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Yield the actions that work on this screen, for the command palette."""
        nodes = (screen, self) if screen.focused is None else screen.focused.ancestors_with_self
        for node in nodes:
            for action in declared_actions(type(node)):
                _, name, parameters = parse_action(action.call)
                if action.palette and node.check_action(name, parameters):
                    run = partial(self._run_command, action.call, node)
                    yield SystemCommand(action.label.capitalize(), action.help, run)

    def _run_command(self, call: str, node: DOMNode) -> None:
        self.run_worker(self.run_action(call, node), exit_on_error=False)
