"""The contract tests of tests/emulator, run against a real account. No test has a second body here.

Tests that would change settings of the whole registry, or need the embedded registry's database, are skipped with the
reason.
"""

from __future__ import annotations

import os
from importlib import import_module

import pytest

from tests.aws.account import PROFILE

if not os.environ.get(PROFILE):
    pytest.skip(f"the tests against AWS need a profile: set {PROFILE}", allow_module_level=True)

MODULES = (
    "archive",
    "images",
    "layers",
    "lifecycle",
    "listings",
    "manifest_formats",
    "open_questions",
    "policies",
    "protocol",
    "pulls",
    "put_image",
    "referrers",
    "registry",
    "repositories",
    "scans",
)
"""Not: replication, signing, pull-through cache rules and creation templates. They are settings of a whole registry."""

for _name in MODULES:
    _module = import_module(f"tests.emulator.test_contract_{_name}")
    # pytest collects what stands in a module, so this is `from … import *` for tests and their fixtures.
    globals().update({name: value for name, value in vars(_module).items() if not name.startswith("_")})
