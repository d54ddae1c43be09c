"""``python -m ecrtui``."""

from ecrtui.cli.main import run

if __name__ == "__main__":
    run()
