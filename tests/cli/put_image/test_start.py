"""A run of ``put-image`` loads boto3, but nothing of the application."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.cli.put_image.conftest import PutImageRunner
from tests.cli.put_image.endpoint import Endpoint

RUN = """
import json, sys
from ecrtui.cli.main import main
code = main(json.loads(sys.argv[1]))
print(json.dumps([code, sorted(name for name in sys.modules if "." not in name)]))
"""


def test_a_run_loads_nothing_of_the_application(put_image: PutImageRunner, endpoint: Endpoint) -> None:
    line = ["put-image", "--repository-name", "foo", "--image-manifest", "{}", "--output", "off"]
    done = subprocess.run(
        [sys.executable, "-c", RUN, json.dumps(line)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        check=True,
    )
    code, modules = json.loads(done.stdout)
    assert (code, len(endpoint.requests)) == (0, 1)
    assert {"textual", "rich", "ruamel", "sqlite3", "pyperclip"}.isdisjoint(modules)
    assert "boto3" in modules


def test_the_command_runs_in_a_process(put_image: PutImageRunner, endpoint: Endpoint) -> None:
    result = put_image.process("--repository-name", "foo", "--image-manifest", "{}", "--image-tag", "v1")
    assert (result.code, result.err) == (0, "")
    assert json.loads(result.out)["image"]["imageId"]["imageTag"] == "v1"
    assert put_image.process().code == 252
