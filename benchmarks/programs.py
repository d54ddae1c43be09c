"""The programs that are compared, and the environment that all of them run in."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from functools import cache
from pathlib import Path

from platformdirs import user_cache_path

FOLDER = user_cache_path("ecrtui") / "benchmarks"
"""Where the AWS CLI and the seeded registry stay for the next time."""

REGION = "us-east-1"


def ecrtui() -> Path:
    """Our own program, as it is installed beside this interpreter."""
    return Path(sys.executable).with_name("ecrtui")


@cache
def aws_cli() -> Path:
    """The AWS CLI in a virtual environment of its own, installed from PyPI the first time."""
    folder = FOLDER / "awscli"
    program = folder / "bin" / "aws"
    if not program.exists():
        venv.create(folder, with_pip=True, clear=True)
        pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "awscli"]
        subprocess.run(pip, check=True)
    return program


@cache
def aws_version() -> str:
    """Its version, as it tells it ("aws-cli/2.36.7")."""
    told = subprocess.run([aws_cli(), "--version"], capture_output=True, text=True, check=True).stdout
    return told.split()[0]


def aws_environment(url: str, region: str = REGION) -> dict[str, str]:
    """The user's own, but for everything of AWS; Python keeps its byte code, as it does for whoever installs either.

    Args:
        url: the endpoint that both programs talk to.
        region: that both ask for.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
    return kept | {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_PAGER": "",
        "PYTHONPYCACHEPREFIX": str(FOLDER / "bytecode"),
    }


def environment(url: str, home: Path) -> dict[str, str]:
    """The same with nothing of the user's ecrtui either: settings, journal and cache go into this home."""
    dropped = ("ECRTUI_", "XDG_", "TEXTUAL")
    kept = {name: value for name, value in aws_environment(url).items() if not name.startswith(dropped)}
    return kept | {"HOME": str(home)}
