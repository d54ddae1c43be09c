"""Notices: what happened, in whose words, and what to do next."""

from __future__ import annotations

from ecrtui.errors import EcrTuiError
from ecrtui.tui.widgets.error_panel import MAX_TEXT_LENGTH, MessagePanel, Severity
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


async def test_an_error_is_told_in_the_words_of_the_service_with_its_request_id() -> None:
    notice = MessagePanel()
    async with WidgetApp(notice).run_test(size=(80, 12)) as pilot:
        notice.fail(DENIED)
        await pilot.pause()
        shown = [line.strip("▌ ") for line in screen_lines(pilot.app)]
        assert shown[:5] == [
            "✗ Access denied",
            "User x is not authorized to perform: ecr:PutImage",
            "[/] ␛[31mred‹202E›",
            "Ask for ecr:PutImage on this repository.",
            "PutImage · AccessDeniedException · request id 4a8b",
        ]
        assert not any("tries again" in line for line in shown)


async def test_a_retry_is_offered_and_told_only_where_it_can_help() -> None:
    notice = MessagePanel()
    app = WidgetApp(notice)
    async with app.run_test(size=(80, 12)) as pilot:
        notice.fail(DENIED)
        notice.focus()
        await pilot.press("r")
        assert not app.messages_of(MessagePanel.RetryRequested)
        notice.fail(BUSY)
        await pilot.pause()
        assert any("r tries again" in line for line in screen_lines(app))
        notice.focus()
        await pilot.press("r")
        assert len(app.messages_of(MessagePanel.RetryRequested)) == 1


async def test_a_notice_without_words_takes_no_room() -> None:
    notice = MessagePanel()
    async with WidgetApp(notice).run_test(size=(80, 12)) as pilot:
        assert not notice.display
        notice.show_message("No images", hint="Push one.", severity=Severity.WARNING)
        await pilot.pause()
        assert notice.display
        assert screen_lines(pilot.app)[0].strip("▌ ") == "! No images"
        notice.hide()
        await pilot.pause()
        assert not notice.display


async def test_words_without_end_are_cut() -> None:
    notice = MessagePanel()
    async with WidgetApp(notice).run_test(size=(80, 12)) as pilot:
        notice.show_message("Much", "x" * 1_000_000)
        await pilot.pause()
        assert notice.region.height <= 12
        assert len(str(notice.render())) < MAX_TEXT_LENGTH + 100
