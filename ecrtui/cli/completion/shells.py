"""The scripts of bash, zsh and fish, and the candidates in the form that each of them reads."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from ecrtui.cli.completion.candidates import Candidate, candidates
from ecrtui.cli.completion.table import load_table
from ecrtui.cli.completion.values import FilesWanted, values

_FILES = ":files"
"""The only line of an answer that asks the shell for the names of files."""

_BASH = r"""_ecrtui() {
    type -P -- "$1" > /dev/null || set -- ecrtui "$2"
    local word
    COMPREPLY=()
    while IFS= read -r word; do
        if [[ $word == :files ]]; then
            compopt +o nospace -o filenames 2> /dev/null
            while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$2")
        else
            COMPREPLY+=("$word")
        fi
    done < <("$1" completion --complete bash "$2" "${COMP_LINE:0:COMP_POINT}" 2> /dev/null)
}
complete -o nospace -F _ecrtui ecrtui
"""

_ZSH = r"""#compdef ecrtui
_ecrtui() {
    local line word
    local -a whole whole_texts part part_texts
    local width=$(( COLUMNS > 40 ? COLUMNS - 2 : 78 ))
    while IFS= read -r line; do
        if [[ $line == :files ]]; then _files; return; fi
        word=${line%%$'\t'*}
        if [[ $word == *' ' ]]; then
            word=${word% }
            whole+=("$word"); whole_texts+=("${${line/ $'\t'/  }[1,$width]}")
        else
            part+=("$word"); part_texts+=("${${line/$'\t'/  }[1,$width]}")
        fi
    done < <("${(Q)words[1]}" completion --complete zsh "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2> /dev/null)
    (( $#whole )) && compadd -Q -l -d whole_texts -a whole
    (( $#part )) && compadd -Q -l -S '' -d part_texts -a part
}
if [[ $funcstack[1] == _ecrtui ]]; then _ecrtui "$@"; else compdef _ecrtui ecrtui; fi
"""

_FISH = r"""function __ecrtui_complete
    set -l words (commandline -opc)
    set -l found ($words[1] completion --complete fish $words[2..-1] (commandline -ct) 2> /dev/null)
    if test "$found" = :files
        __fish_complete_path (commandline -ct)
    else
        printf '%s\n' $found
    end
end
complete -c ecrtui -f -a '(__ecrtui_complete)'
"""

_SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


def script(shell: str) -> str:
    """Return the script for a shell."""
    return _SCRIPTS[shell]


def print_candidates(shell: str, words: Sequence[str]) -> None:
    """Print the candidates for a command line, one a line.

    Args:
        shell: the shell.
        words: for bash, the word as bash sees it and the line up to the cursor; for the others, the words after the
            name of the program, the last one up to the cursor.
    """
    for line in _FORMATS[shell](words):
        print(line)


def _bash_lines(words: Sequence[str]) -> Iterator[str]:
    seen_by_bash, line = words
    before, current, quote = split_line(line)
    cut = len(current) - len(seen_by_bash) if current.endswith(seen_by_bash) else 0  # bash ends words at : @ and = too
    for found in _found([*before[1:], current]):
        if found is None:
            yield _FILES
            continue
        word = found.word[cut:]
        text = word if quote else re.sub(r"([^\w@%+=:,./~^-])", r"\\\1", word)
        yield f"{text} " if found.complete and not quote else text


def _lines_with_help(words: Sequence[str]) -> Iterator[str]:
    for found in _found(words):
        yield _FILES if found is None else f"{found.word}{' ' if found.complete else ''}\t{found.help}"


def _fish_lines(words: Sequence[str]) -> Iterator[str]:
    for found in _found(words):
        yield _FILES if found is None else f"{found.word}\t{found.help}"


_FORMATS: Mapping[str, Callable[[Sequence[str]], Iterable[str]]] = {
    "bash": _bash_lines,
    "zsh": _lines_with_help,
    "fish": _fish_lines,
}


def _found(words: Sequence[str]) -> Iterator[Candidate | None]:
    """Yield the candidates; a single None if names of files are wanted."""
    try:
        yield from candidates(load_table(), words, values)
    except FilesWanted:
        yield None


def split_line(line: str) -> tuple[list[str], str, str]:
    """Split a command line of bash that is not complete.

    Returns:
        The words before the last one, the last one without its quotes, and the quote that is still open.
    """
    words, word, quote = list[str](), "", ""
    begun = False
    characters = iter(line)
    for character in characters:
        if character == "\\" and quote != "'":
            word, begun = word + next(characters, ""), True
        elif quote:
            quote, word = ("", word) if character == quote else (quote, word + character)
        elif character in "'\"":
            quote, begun = character, True
        elif character.isspace():
            if begun:
                words.append(word)
            word, begun = "", False
        else:
            word, begun = word + character, True
    return words, word, quote
