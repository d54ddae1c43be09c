"""Copy standard input with pyperclip, and read back what arrived.

Run this module as a program: ``python -m ecrtui.tui.clipboard.pyperclip_copy MECHANISM``. It exits with 1 if the
clipboard does not return the same text, and says why on standard error.
"""

from __future__ import annotations

import sys

import pyperclip


def main() -> int:
    """Copy, compare, and return the exit code."""
    # Unlike `set_clipboard`, these functions include the one for WSL. The stubs do not know them.
    copy, paste = getattr(pyperclip, f"init_{sys.argv[1]}_clipboard")()
    text = sys.stdin.buffer.read().decode()
    try:
        copy(text)
        arrived = paste()
    except Exception as problem:  # noqa: BLE001 - pyperclip raises plain exceptions
        print(problem, file=sys.stderr)
        return 1
    if arrived != text:
        print("the clipboard returned another text", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
