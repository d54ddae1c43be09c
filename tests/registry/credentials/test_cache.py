"""The temporary credentials in the files of the AWS CLI."""

from __future__ import annotations

from pathlib import Path

from ecrtui.registry.credentials.cache import CredentialsCache


def test_a_folder_that_cannot_be_entered_has_no_credentials(tmp_path: Path) -> None:
    """``sudo aws`` can make such a folder. Root may enter every one, so the test has one whose name is too long."""
    cache = CredentialsCache(tmp_path / ("x" * 300))
    assert "key" not in cache
    cache["key"] = {"Credentials": {}}
    assert "key" not in cache
