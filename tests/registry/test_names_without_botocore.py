"""Profiles and regions are the same as those of botocore, which is not loaded for them."""

from __future__ import annotations

import os
from pathlib import Path

import botocore.session
import pytest

from ecrtui.registry.configuration.profile_names import profile_names
from ecrtui.registry.configuration.region_names import region_names, regions_of_partition

CONFIG = """\
# [profile comment]
[default]
region = eu-west-1
[profile dev]
key = [profile value]
  nested = [profile nested]
[profile "with blanks"]
[ profile unusual]
[profile 'quoted']
[profile sso-session]
[sso-session corp]
[services local]
[plugins]
[not a profile]
"""
CREDENTIALS = "[dev]\n[only-keys]\n"


def test_the_profiles_are_those_of_botocore(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = own_home / ".aws"
    folder.mkdir()
    (folder / "config").write_text(CONFIG)
    (folder / "credentials").write_text(CREDENTIALS)
    found = profile_names(os.environ)
    assert found == ["default", "dev", "with blanks", "quoted", "sso-session", "only-keys"]
    assert set(found) == set(botocore.session.Session().available_profiles)


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"", b"[[[", b"[profile ]\n[]\n"])
def test_files_that_cannot_be_read_have_no_profiles(content: bytes | None, tmp_path: Path) -> None:
    file = tmp_path / "config"
    if content is not None:
        file.write_bytes(content)
    environment = {"AWS_CONFIG_FILE": str(file), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none")}
    assert profile_names(environment) == []


def test_the_regions_are_those_of_botocore() -> None:
    found = region_names()
    session = botocore.session.Session()
    assert set(session.get_available_regions("ecr")) <= set(found)
    assert found["eu-west-1"] == "Europe (Ireland)"
    assert not any("global" in name for name in found)
    for partition in session.get_available_partitions():
        known = session.get_available_regions("ecr", partition)
        listed = regions_of_partition(known[0])
        assert set(known) <= set(listed)
        assert {session.get_partition_for_region(name) for name in listed} == {partition}
    for region in ("", "nowhere", "eu-east-9", "aws-global"):
        assert regions_of_partition(region) == regions_of_partition("eu-west-1")
    assert regions_of_partition("aws-us-gov-global") == ("us-gov-east-1", "us-gov-west-1")
