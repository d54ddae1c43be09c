"""The message panel."""

from __future__ import annotations

from ecrtui.errors import EcrTuiError
from ecrtui.tui.widgets.message_panel import MAX_TEXT_LENGTH, MessagePanel, PanelMessage, Severity
from tests.support.host import WidgetApp, screen_lines

DENIED = EcrTuiError(
    "Access denied",
    "User x is not authorized to perform: ecr:PutImage\n[/] \x1b[31mred\u202e",
    "Ask for ecr:PutImage on this repository.",
    code="AccessDeniedException",
    operation="PutImage",
    request_id="4a8b",
)
BUSY = EcrTuiError("The service is busy", retryable=True)


async def test_an_error_shows_the_words_of_the_service_and_the_request_id() -> None:
    panel = MessagePanel()
    async with WidgetApp(panel).run_test(size=(80, 12)) as pilot:
        panel.message = PanelMessage.from_error(DENIED)
        await pilot.pause()
        shown = [line.strip("▌ ") for line in screen_lines(pilot.app)]
        assert shown[:5] == [
            "✗ Access denied",
            "User x is not authorized to perform: ecr:PutImage",
            "[/] ␛[31mred‹202E›",
            "Ask for ecr:PutImage on this repository.",
            "PutImage · AccessDeniedException · request id 4a8b",
        ]
        assert not any("try again" in line for line in shown)


def test_a_hidden_panel_refuses_the_focus_of_a_new_screen() -> None:
    panel = MessagePanel()
    assert not panel.allow_focus()
    panel.display = True
    assert panel.allow_focus()


async def test_a_retry_is_offered_only_where_it_can_help() -> None:
    panel = MessagePanel()
    app = WidgetApp(panel)
    async with app.run_test(size=(80, 12)) as pilot:
        panel.message = PanelMessage.from_error(DENIED)
        panel.focus()
        await pilot.press("r")
        assert not app.messages_of(MessagePanel.RetryRequested)
        panel.message = PanelMessage.from_error(BUSY)
        await pilot.pause()
        assert any("r try again" in line for line in screen_lines(app))
        panel.focus()
        await pilot.press("r")
        assert len(app.messages_of(MessagePanel.RetryRequested)) == 1


def is_shown(panel: MessagePanel) -> bool:
    return panel.display


async def test_a_panel_without_a_message_is_hidden() -> None:
    panel = MessagePanel()
    async with WidgetApp(panel).run_test(size=(80, 12)) as pilot:
        assert not is_shown(panel)
        panel.show_message("No images", hint="Push one.", severity=Severity.WARNING)
        await pilot.pause()
        assert is_shown(panel)
        assert screen_lines(pilot.app)[0].strip("▌ ") == "! No images"
        panel.hide()
        await pilot.pause()
        assert not is_shown(panel)


async def test_a_very_long_detail_is_cut() -> None:
    panel = MessagePanel()
    async with WidgetApp(panel).run_test(size=(80, 12)) as pilot:
        panel.show_message("Much", "x" * 1_000_000)
        await pilot.pause()
        assert panel.region.height <= 12
        assert len(str(panel.render())) < MAX_TEXT_LENGTH + 100
