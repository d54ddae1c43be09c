"""Find the candidates for the last word of a command line. Pure; the values come from the caller."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

Given = Mapping[str, str]
"""The values on the command line, by the name of their option or argument. That of an option without one is empty."""

Values = Callable[[str, str, Given], Iterable["Candidate"]]
"""Returns candidates for a kind of value, the beginning of the word, and the values before it."""


class Candidate(NamedTuple):
    """A word that can stand there.

    Args:
        word: the whole word.
        help: what it is; may be empty.
        complete: False if the word continues: a repository to which a tag can be added.
    """

    word: str
    help: str = ""
    complete: bool = True


class Argument(NamedTuple):
    """An option or a positional argument.

    Args:
        name: the name of its value.
        options: how it is written; empty for a positional argument.
        help: the help.
        takes_value: whether a word follows an option.
        many: whether it can have several words.
        choices: the words that it can have; empty if there are others.
        kind: what its value is (see ``values``); empty if nothing is known.
    """

    name: str
    options: tuple[str, ...] = ()
    help: str = ""
    takes_value: bool = True
    many: bool = False
    choices: tuple[str, ...] = ()
    kind: str = ""


class Command(NamedTuple):
    """A command: its help, its arguments, and its own commands."""

    help: str
    arguments: tuple[Argument, ...]
    commands: Mapping[str, Command]

    def document(self) -> Any:
        """Return the command as a document for JSON."""
        commands = {name: command.document() for name, command in self.commands.items()}
        return [self.help, self.arguments, commands]

    @classmethod
    def from_document(cls, document: Any) -> Command:
        """Return the command of a document.

        Raises:
            ValueError, TypeError, AttributeError: the document is not from :meth:`document`.
        """
        text, arguments, commands = document
        read = (
            Argument(name, tuple(options), help_text, takes_value, many, tuple(choices), kind)
            for name, options, help_text, takes_value, many, choices, kind in arguments
        )
        return cls(text, tuple(read), {name: cls.from_document(entry) for name, entry in commands.items()})


def candidates(root: Command, words: Sequence[str], values: Values) -> Iterator[Candidate]:
    """Yield what the last word can be.

    Args:
        root: the program.
        words: the words after the name of the program; the last one is completed, and may be empty.
        values: returns the values of a kind.
    """
    *before, current = words or [""]
    command = root
    while before and before[0] in command.commands:
        command, before = command.commands[before[0]], before[1:]
    if not before:
        entries = command.commands.items()
        yield from _matching((Candidate(name, entry.help) for name, entry in entries), current)
    state = _State(command)
    for word in before:
        state.take(word)
    yield from state.complete(current, values)


class _State:
    """What is known after the words before the last one."""

    def __init__(self, command: Command) -> None:
        self._options = {name: argument for argument in command.arguments for name in argument.options}
        self._positional = [argument for argument in command.arguments if not argument.options]
        self._given: dict[str, str] = {}
        self._used: set[str] = set()
        self._awaited: Argument | None = None
        """The option whose value comes next."""
        self._ended = False
        """Whether ``--`` ended the options."""

    def take(self, word: str) -> None:
        """Take a complete word."""
        if self._awaited is not None and not (self._awaited.many and self._is_option(word)):
            self._given[self._awaited.name] = word
            self._awaited = self._awaited if self._awaited.many else None
            return
        self._awaited = None
        if word == "--" and not self._ended:
            self._ended = True
            return
        name, equals, value = word.partition("=")
        argument = None if self._ended else self._options.get(name)
        if argument is not None:
            self._used.update(argument.options)
            if equals:
                self._given[argument.name] = value
            elif argument.takes_value:
                self._awaited = argument
            else:
                self._given[argument.name] = ""
        elif self._positional and not self._is_option(word):
            first = self._positional[0]
            self._given.setdefault(first.name, word)
            if not first.many:
                del self._positional[0]

    def complete(self, current: str, values: Values) -> Iterator[Candidate]:
        """Yield what a word that begins so can be."""
        if self._awaited is not None and not (self._awaited.many and self._is_option(current)):
            yield from self._values_of(self._awaited, current, values)
            return
        name, equals, value = current.partition("=")
        if equals and not self._ended and name in self._options:
            for found in self._values_of(self._options[name], value, values):
                yield found._replace(word=f"{name}={found.word}")
        elif self._is_option(current):
            yield from _matching(self._unused_options(), current)
        elif self._positional:
            yield from self._values_of(self._positional[0], current, values)

    def _is_option(self, word: str) -> bool:
        return word.startswith("-") and not self._ended

    def _unused_options(self) -> Iterator[Candidate]:
        for name, argument in self._options.items():
            if name not in self._used:
                yield Candidate(name, argument.help)

    def _values_of(self, argument: Argument, current: str, values: Values) -> Iterable[Candidate]:
        if argument.choices:
            return _matching(map(Candidate, argument.choices), current)
        return values(argument.kind, current, self._given) if argument.kind else ()


def _matching(found: Iterable[Candidate], beginning: str) -> Iterator[Candidate]:
    return (candidate for candidate in found if candidate.word.startswith(beginning))
