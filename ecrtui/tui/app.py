"""The application: it connects screens, overlays and sessions.

The first frame waits for every import, so screens other than the first are imported when they are opened.
"""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from textual import events, work
from textual.actions import parse as parse_action
from textual.screen import Screen
from textual.worker import Worker

from ecrtui import gc_tuning
from ecrtui.ecr.reference import Reference
from ecrtui.errors import EcrTuiError
from ecrtui.session import source_of_credentials
from ecrtui.settings import Settings
from ecrtui.tui import actions, blocking, messages
from ecrtui.tui.base_screen import AppScreen, worker_error
from ecrtui.tui.bindings import KeymapApp, bindings, keys_of, shown_key, why_refused
from ecrtui.tui.clipboard.copying import CopyingApp
from ecrtui.tui.connections.sign_in_app import SignInApp
from ecrtui.tui.connections.sources_app import SourcesApp
from ecrtui.tui.connections.switcher import ConnectionSwitcher
from ecrtui.tui.external_programs import ProgramsApp
from ecrtui.tui.idle_collection import IdleCollection
from ecrtui.tui.left_screens import LeftScreens
from ecrtui.tui.line_parts import AGE_INTERVAL
from ecrtui.tui.lists.column_choice import ColumnsApp
from ecrtui.tui.palette.providers import action_commands, connection_commands, location_commands
from ecrtui.tui.promote.target_connections import TargetConnections, TargetsApp
from ecrtui.tui.screens.repositories import RepositoriesScreen
from ecrtui.tui.textual_fixes.fatal_error import ReportingApp
from ecrtui.tui.textual_fixes.key_queue import OrderedKeysApp
from ecrtui.tui.theme_manager import ThemeManager
from ecrtui.tui.toasts import ToastsApp

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from ecrtui.session import Connections, Session, SessionSource
    from ecrtui.tui.clipboard.copy_items import CopyItem

IDLE_DELAY = 1.0
"""Seconds before work that can wait starts, so that the first rows come first."""


class EcrTuiApp(
    ReportingApp,
    ToastsApp,
    OrderedKeysApp,
    CopyingApp,
    ProgramsApp,
    SignInApp,
    ColumnsApp,
    TargetsApp,
    SourcesApp,
    KeymapApp,
):
    """Browse, inspect and retag.

    Args:
        connect: the source of the session; called in a thread after the first frame.
        settings: the settings before the account is known.
        start: the repository or image to open.
        demo: True for the embedded registry; the header shows it.
        connections: what else the user can connect to; None for no choice.
    """

    TITLE = "ecrtui"
    COMMANDS = {action_commands, location_commands, connection_commands}
    BINDINGS = bindings("app")

    def __init__(
        self,
        connect: SessionSource,
        settings: Settings,
        start: Reference | None = None,
        *,
        demo: bool = False,
        connections: Connections | None = None,
    ) -> None:
        self.switcher = ConnectionSwitcher(self, connections)
        self.theme_manager = ThemeManager(self)  # Textual asks for variables in its constructor
        super().__init__()
        self.connect = connect
        self.target_connections = TargetConnections(connections, self.open_sources) if connections else None
        self.settings = settings
        self.start = start or Reference()
        self.trusts_terminal = settings.trust_terminal_clipboard
        self.demo = demo
        self.age_interval = AGE_INTERVAL
        """Seconds between two looks at the age of data, read at the start."""
        self._theme_setting = settings.theme
        """The theme that the settings name for the account in use."""
        self.use_keys(settings.keys)
        self.chosen_columns = settings.columns
        self.kept_filters: dict[str, list[str]] = {}
        """See :class:`ecrtui.tui.widgets.filter_bar.KeepsFilters`."""
        self.left_screens = LeftScreens(self)
        self._idle_collection = IdleCollection()
        self.theme_manager.start_with(settings.theme)

    async def on_event(self, event: events.Event) -> None:
        """Drop keys and pastes while the terminal is too small to show what they do, except the keys that leave."""
        is_typed = isinstance(event, events.Key | events.Paste) and not event.is_forwarded
        if not (is_typed and self.screen_stack and isinstance(self.screen, AppScreen) and self.screen.is_too_small):
            await super().on_event(event)
        elif isinstance(event, events.Key) and not self._is_text(event):
            for action in (actions.BY_ID["app.quit"], actions.BY_ID["app.suspend"]):
                if event.key in keys_of(self, action):
                    await self.run_action(action.call)

    def drops(self, event: events.Event) -> bool:
        """Drop keys and pastes that were typed for another program."""
        return self.is_for_others(event)

    def _is_text(self, key: events.Key) -> bool:
        """Return True for a letter in a field."""
        return self.focused is not None and self.focused.check_consume_key(key.key, key.character)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Show an internal error of a worker of the application, such as the one that copies.

        The screens show the other errors. A read of a connection that was closed fails without a message.
        """
        if not isinstance(event.worker.error, EcrTuiError) and (error := worker_error(event)) is not None:
            self.notify(error.with_hint(), severity="error", timeout=10)

    def post_display_hook(self) -> None:
        self._idle_collection.frame_drawn()

    def get_default_screen(self) -> Screen[None]:
        """Return the screen at the bottom of the stack."""
        return self.with_header(RepositoriesScreen(self.connect))

    def get_css_variables(self) -> dict[str, str]:
        self.theme_variables = self.theme_manager.css_variables()
        return self.theme_variables

    def on_mount(self) -> None:
        blocking.shorten_switch_interval()
        if self.start.repository:
            from ecrtui.tui.screens.image import ImageScreen
            from ecrtui.tui.screens.images import ImagesScreen

            self.push_app_screen(ImagesScreen(self.connect, self.start.repository))
            subject = self.start.digest or self.start.tag
            if subject:
                self.push_app_screen(ImageScreen(self.connect, self.start.repository, subject))
        if self.theme != self.settings.theme:
            self.theme_manager.use(self.settings.theme)
        self.set_interval(self.age_interval, self._show_ages)  # the timer of a screen would keep the screen alive
        self.call_after_refresh(gc_tuning.enable_gc)
        self._run_when_idle(self.theme_manager.load_all)
        if self.settings.keys:
            from ecrtui.tui.user_keys import first_problems

            for problem in first_problems(self.settings.keys):
                self.warn(problem)

    def _run_when_idle(self, function: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run a function in a worker soon after the start."""
        self.set_timer(IDLE_DELAY, partial(self.run_in_worker, function))

    def on_connected(self, message: messages.Connected) -> None:
        """Show the registry in the headers of its screens; on the first connection, do what the session needs."""
        source, session = message.source, message.session
        if not all(screen.header_state.connected for screen in self.screens_on(source)):
            self.update_headers(source, lambda state: state.connected_to(session))
            self.begin_session(source, session)

    def on_last_known(self, message: messages.LastKnown) -> None:
        """Show where the connection led to the last time, until it is open."""
        source, location, alias = message.source, message.location, message.alias
        profile = source.connection.used_profile(os.environ)
        settings = self.settings.for_account(location.registry_id, alias, profile)
        if not self.header_state_of(source).connected:
            self.update_headers(source, lambda state: state.expecting(location, alias, settings))

    def begin_session(self, source: SessionSource, session: Session) -> None:
        """Read who the caller is; on the first connection, do what the session needs."""
        self.run_in_worker(partial(self.identify, source, session), "identify")
        self._run_when_idle(partial(self.name_account, source, session))
        if any(source is known for known in self.connected):
            return
        self.connected.append(source)
        if source is self.connect and session.settings.theme != self._theme_setting:
            self._theme_setting = session.settings.theme
            self.theme_manager.use(session.settings.theme)
        self._run_when_idle(partial(self._report_earlier_writes, session))

    def on_connect_failed(self, message: messages.ConnectFailed) -> None:
        if not any(message.source is known for known in self.connected):
            self._offer_connections(message.source, message.error)

    @work(group="offer", exclusive=True, exit_on_error=False)
    async def _offer_connections(self, source: SessionSource, error: EcrTuiError) -> None:
        await self.switcher.offer(source, error)

    def on_switch_to(self, message: messages.SwitchTo) -> None:
        self.switcher.switch(message.source, message.session, message.start)

    def on_open_side_by_side(self, message: messages.OpenSideBySide) -> None:
        self.switcher.open_side_by_side(message.sources)

    def on_left_connections(self, message: messages.LeftConnections) -> None:
        for source in message.sources:
            self.close_source(source)

    def use_source(self, source: SessionSource) -> None:
        """Open new screens on this source from now on."""
        self.connected = [known for known in self.connected if known is not self.connect]
        self.connect = source
        self.demo = source.connection.demo

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out the actions for other connections if there are none."""
        if action in ("choose_profile", "choose_region"):
            return self.switcher.is_available
        if action == "unlock":
            return isinstance(self.screen, AppScreen) and self.screen.header_state.read_only
        return super().check_action(action, parameters)

    def why_not(self, action: str) -> str:
        """Return why an action does not work now; see :class:`ecrtui.tui.bindings.ExplainsActions`."""
        if action in ("choose_profile", "choose_region") and not self.switcher.is_available:
            return "The embedded registry is the only connection."
        if action == "suspend_process" and not self.can_suspend:
            return "This terminal has no job control."
        return ""

    def action_unlock(self) -> None:
        """Allow writes to the registry of this screen for some minutes, or refuse them again."""
        from ecrtui.tui.connections.unlocking import change_lock

        if isinstance(self.screen, AppScreen):
            self.run_worker(change_lock(self, self.screen), group="unlock", exclusive=True, exit_on_error=False)

    def action_choose_profile(self) -> None:
        """Connect with another profile."""
        self.switcher.choose_profile()

    def action_choose_region(self) -> None:
        """Connect to another region."""
        self.switcher.choose_region()

    def with_header(self, screen: AppScreen) -> AppScreen:
        """Give a new screen the header of an open screen on the same source."""
        known = self.header_state_of(screen.connect)
        screen.header_state = known._replace(writes=self.writes_on(screen.connect))
        self.show_columns(screen)
        return screen

    async def _report_earlier_writes(self, session: Session) -> None:
        """Show what is known of writes that earlier processes did not complete."""
        from ecrtui.tui.earlier_writes import earlier_writes_text

        key = shown_key(self, "app.activity")
        activity = f"Activity ({key})" if key else "Activity"
        try:
            text = await blocking.run_blocking(earlier_writes_text, session.engine.history, activity)
        except EcrTuiError as error:
            self.notify(f"Could not resolve earlier writes: {error}", severity="warning")
            return
        if text:
            self.notify(text, timeout=10)

    def push_app_screen(self, screen: AppScreen) -> None:
        """Open a screen."""
        self.clear_notifications()  # a toast is about the screen that it was shown on
        self.push_screen(self.with_header(screen))

    def _show_ages(self) -> None:
        """Show again how old the data of each screen is."""
        for screen in self.screen_stack:
            if isinstance(screen, AppScreen) and screen.is_mounted:
                screen.show_age()

    def on_list_loaded(self, message: messages.ListLoaded) -> None:
        if not self.is_running:
            return  # the screens lose their widgets now
        for screen in self.screen_stack:
            if isinstance(screen, AppScreen):
                screen.list_loaded()
        if message.is_long:
            return  # save memory
        from ecrtui.tui.later_imports import import_screens

        self.run_in_worker(partial(blocking.run_blocking, import_screens))

    def on_open_images(self, message: messages.OpenImages) -> None:
        from ecrtui.tui.screens.images import ImagesScreen

        self.push_app_screen(ImagesScreen(message.source, message.repository))

    async def on_open_image(self, message: messages.OpenImage) -> None:
        from ecrtui.tui.screens.image import ImageScreen

        screen = ImageScreen(
            message.source,
            message.repository,
            message.subject,
            message.prepared,
            pane=message.pane,
            parent=message.parent,
            image=message.image,
        )
        await screen.begin()
        self.push_app_screen(screen)

    def on_find_text(self, message: messages.FindText) -> None:
        self.find(message.text)

    def on_open_comparison(self, message: messages.OpenComparison) -> None:
        from ecrtui.tui.screens.compare import CompareScreen

        self.push_app_screen(CompareScreen(message.source, message.one, message.other, message.platform))

    def on_open_plan(self, message: messages.OpenPlan) -> None:
        from ecrtui.tui.screens.plan import PlanScreen

        self.push_app_screen(PlanScreen(message.source, message.request))

    def on_open_lifecycle(self, message: messages.OpenLifecycle) -> None:
        from ecrtui.tui.screens.lifecycle import LifecycleScreen

        self.push_app_screen(LifecycleScreen(message))

    def on_open_put_image(self, message: messages.OpenPutImage) -> None:
        from ecrtui.tui.screens.put_image import PutImageScreen

        self.push_app_screen(PutImageScreen(message.source, message.draft))

    def on_go_back(self, message: messages.GoBack) -> None:
        if self.screen is not message.screen:
            return  # a question without an answer would let its thread wait for ever
        self.clear_notifications()
        for _ in range(min(message.screens, len(self.screen_stack) - 1)):
            self.run_worker(self.left_screens.free(self.pop_screen()), exit_on_error=False)

    def on_show_text(self, message: messages.ShowText) -> None:
        from ecrtui.tui.overlays.text_viewer import TextViewer
        from ecrtui.tui.text_document import prepare_facts, prepare_text

        prepare = prepare_facts if message.labelled else prepare_text
        self.push_screen(TextViewer(message.title, prepare(message.text), message.copies))

    def on_offer_copies(self, message: messages.OfferCopies) -> None:
        from ecrtui.tui.overlays.menus import CopyMenu

        if message.items:
            self.push_screen(CopyMenu(message.items), self._copy_choice)

    def on_copy(self, message: messages.Copy) -> None:
        self.copy(message.item)

    def _copy_choice(self, choice: CopyItem | None) -> None:
        if choice is not None:
            self.copy(choice)

    def on_print_text(self, message: messages.PrintText) -> None:
        self.lend_keys()
        self.run_worker(self.print_and_wait(message.text), group="print", exclusive=True, exit_on_error=False)

    def action_activity(self) -> None:
        """Open Activity."""
        from ecrtui.tui.screens.activity import ActivityScreen

        if not isinstance(self.screen, ActivityScreen):
            source = self.screen.acting_source if isinstance(self.screen, AppScreen) else self.connect
            self.push_app_screen(ActivityScreen(source))

    def action_find(self) -> None:
        """Open the search in all repositories; on that screen, edit its text."""
        self.find(self.screen.text_to_find if isinstance(self.screen, AppScreen) else "", at_once=False)

    def find(self, text: str, *, at_once: bool = True) -> None:
        """Find a text in all repositories of the open connections.

        Args:
            text: the text to start with.
            at_once: True to search for it without a further key.
        """
        from ecrtui.tui.screens.find import FindScreen

        if isinstance(self.screen, FindScreen):
            self.screen.edit(text, at_once=at_once)
            return
        sources = self.open_sources()
        screen = FindScreen(sources, text, at_once=at_once)
        if len(sources) > 1:
            self.push_screen(screen)
        else:
            self.push_app_screen(screen)

    async def action_show_settings(self) -> None:
        """Show the settings; on a connected screen, those of its account."""
        from ecrtui.tui.details import settings_text

        source = self.screen.connect if isinstance(self.screen, AppScreen) else self.connect
        settings, account = self.settings, ""
        if any(source is known for known in self.connected):
            session = await blocking.run_blocking(source)
            settings, account = session.settings, f" for account {session.location.registry_id}"
        self.post_message(messages.ShowText(f"Settings{account}", settings_text(settings), labelled=True))

    async def action_show_permissions(self) -> None:
        """Show the requests that ECR denies over the connection of the screen, and the policy that allows them."""
        from ecrtui.tui.denied_permissions import denied_permissions

        source = self.screen.acting_source if isinstance(self.screen, AppScreen) else self.connect
        session = source_of_credentials(source).opened
        self.post_message(await blocking.run_blocking(denied_permissions, self.denials_of(source), session))

    def action_command_palette(self) -> None:
        """Open the command palette."""
        from ecrtui.tui.textual_fixes.palette import Palette

        if not isinstance(self.screen, Palette):
            self.push_screen(Palette())

    def action_help(self) -> None:
        """Show the keyboard shortcuts."""
        from ecrtui.tui.overlays.help import HelpOverlay

        keys = self.keys_in_use()
        reasons = {
            active.binding.id: reason
            for active in self.screen.active_bindings.values()
            if (reason := why_refused(active.node, parse_action(active.binding.action)[1]))
        }
        refused = {action for action in keys if action.id in reasons}
        self.push_screen(HelpOverlay(keys, refused, next(iter(reasons.values()), "")))

    def action_change_theme(self) -> None:
        """Choose a theme."""
        self.run_worker(self.theme_manager.choose(), group="theme", exclusive=True, exit_on_error=False)

    def action_toggle_header(self) -> None:
        """Show or hide the header."""
        self.screen.toggle_class("-no-header")
