"""Questions are asked at once, and none of them can hold up the report."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event

from ecrtui.diagnostics.report import Check, Question, ReportSection, Status, ask_all
from ecrtui.errors import ConnectionFailed


def test_a_check_without_an_answer_is_not_known_and_the_others_are_shown() -> None:
    never = Event()

    def wait() -> list[Check]:
        never.wait()
        return []

    questions = [
        Question("A", "one", lambda: [Check("one", "1")]),
        Question("B", "stuck", wait),
        Question("B", "two", lambda: [Check("two", "2")]),
    ]
    assert list(ask_all(questions, 0.5)) == [
        ReportSection("A", (Check("one", "1"),)),
        ReportSection("B", (Check("stuck", "no answer within 0.5 seconds", Status.UNKNOWN), Check("two", "2"))),
    ]
    never.set()


def test_questions_wait_for_each_other_at_the_same_time() -> None:
    first, second = Event(), Event()

    def ask(mine: Event, other: Event) -> Iterator[Check]:
        mine.set()
        assert other.wait(60)
        yield Check("met", "yes")

    questions = [
        Question("A", "first", lambda: ask(first, second)),
        Question("A", "second", lambda: ask(second, first)),
    ]
    assert [check.value for section in ask_all(questions, 60) for check in section.checks] == ["yes", "yes"]


def test_an_error_fails_its_check_and_the_same_error_is_shown_once() -> None:
    def refuse() -> list[Check]:
        raise ConnectionFailed("No answer", "nobody listens", "Try again.")

    def break_down() -> list[Check]:
        raise RuntimeError("a bug")

    questions = [Question("A", "x", refuse), Question("A", "y", refuse), Question("A", "z", break_down)]
    ((_, (first, again, bug)),) = ask_all(questions, 60)
    assert (first.value, first.hint, first.status) == ("No answer: nobody listens", "Try again.", Status.FAILED)
    assert (again.value, again.hint, again.status) == ("No answer (see above)", "", Status.FAILED)
    assert "RuntimeError: a bug" in bug.value
