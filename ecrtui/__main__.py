"""The start of ``ecrtui`` and of ``python -m ecrtui``."""

import signal


def run() -> None:
    """Run the command line.

    While modules are loaded, Ctrl-C ends the process at once: the handler of Python would print the traceback of an
    import.
    """
    handler = signal.getsignal(signal.SIGINT)
    if handler is signal.default_int_handler:  # else the caller ignores Ctrl-C
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from ecrtui.cli.main import run as run_command_line

    signal.signal(signal.SIGINT, handler)
    run_command_line()


if __name__ == "__main__":
    run()
