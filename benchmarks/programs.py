"""The compared programs and their environment."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from functools import cache
from pathlib import Path

from platformdirs import user_cache_path

CACHE_FOLDER = user_cache_path("ecrtui") / "benchmarks"
"""Keeps the AWS CLI and the seeded registry between runs."""

REGION = "us-east-1"


def ecrtui() -> str:
    """Return the path of the ``ecrtui`` program that is installed beside this interpreter."""
    return str(Path(sys.executable).with_name("ecrtui"))


@cache
def aws_cli() -> str:
    """Return the path of the AWS CLI. The first call installs it from PyPI into its own virtual environment."""
    folder = CACHE_FOLDER / "awscli"
    program = folder / "bin" / "aws"
    if not program.exists():
        venv.create(folder, with_pip=True, clear=True)
        python = str(folder / "bin" / "python")
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "awscli"]
        subprocess.run(pip, check=True)
    return str(program)


@cache
def aws_cli_version() -> str:
    """Return the version of the AWS CLI in its own format, such as "aws-cli/2.36.7"."""
    output = subprocess.run([aws_cli(), "--version"], capture_output=True, text=True, check=True).stdout
    return output.split()[0]


def aws_environment(url: str) -> dict[str, str]:
    """Return the user's environment with dummy AWS settings instead of the user's own.

    Python keeps its byte code in the cache folder, as both programs do when a user installs them.

    Args:
        url: the endpoint.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
    return kept | {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_PAGER": "",
        "PYTHONPYCACHEPREFIX": str(CACHE_FOLDER / "bytecode"),
    }


def ecrtui_environment(url: str, home: Path) -> dict[str, str]:
    """Return :func:`aws_environment` with this folder as home, so that the user's own settings have no effect."""
    dropped = ("ECRTUI_", "XDG_", "TEXTUAL")
    kept = {name: value for name, value in aws_environment(url).items() if not name.startswith(dropped)}
    return kept | {"HOME": str(home)}
