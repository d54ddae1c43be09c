"""The encoding of the locale is that of the user's environment, not the one that Python sets."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ecrtui.locale_encoding import names_utf8


@pytest.mark.parametrize(
    ("variables", "utf8"),
    [
        ({}, False),
        ({"LANG": "C"}, False),
        ({"LC_ALL": "POSIX", "LANG": "en_US.UTF-8"}, False),
        ({"LC_ALL": "en_US.ISO-8859-1"}, False),
        ({"LC_CTYPE": "de_DE.ISO-8859-15@euro", "LANG": "en_US.UTF-8"}, False),
        ({"LANG": "ja_JP.eucJP"}, False),
        ({"LANG": "zh_CN.GB18030"}, False),
        ({"LANG": "en_US.UTF-8"}, True),
        ({"LANG": "xx_XX.utf8"}, True),  # not installed
        ({"LC_ALL": "", "LC_CTYPE": "", "LANG": "C.UTF-8"}, True),
        ({"LC_CTYPE": "UTF-8"}, True),  # macOS
        ({"LANG": "C", "LC_CTYPE": "de_DE.UTF-8@euro"}, True),
    ],
)
def test_the_first_variable_with_a_value_names_the_encoding(variables: dict[str, str], utf8: bool) -> None:
    assert names_utf8(variables) is utf8


@pytest.mark.parametrize(
    ("variables", "utf8"),
    [
        ({"LC_ALL": "C"}, False),  # Python encodes in UTF-8
        ({"LANG": "C"}, False),  # Python sets LC_CTYPE=C.UTF-8
        ({}, False),
        ({"LC_CTYPE": "C.UTF-8"}, True),  # the user set it
        ({"LANG": "C.UTF-8"}, True),
    ],
)
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_python_does_not_hide_the_locale(variables: dict[str, str], utf8: bool) -> None:
    code = "from ecrtui.locale_encoding import is_utf8_locale; print(is_utf8_locale())"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PATH": os.environ["PATH"], **variables}, capture_output=True, text=True
    )
    assert done.stdout.strip() == str(utf8), done.stderr
