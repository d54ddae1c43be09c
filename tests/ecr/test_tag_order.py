"""The order in which the tags of an image are shown."""

from __future__ import annotations

from ecrtui.ecr.tag_order import is_artifact_tag, order_tags

SIGNATURE = f"sha256-{'a' * 64}.sig"


def test_protected_tags_come_first_and_those_of_artifacts_last() -> None:
    tags = ("alpha", "prod", "rc", SIGNATURE, "zeta", "prod-eu")
    assert order_tags(tags, lambda tag: tag.startswith("prod")) == ("prod", "prod-eu", "alpha", "rc", "zeta", SIGNATURE)


def test_a_tag_that_a_person_chose_is_not_that_of_an_artifact() -> None:
    assert is_artifact_tag(SIGNATURE)
    assert is_artifact_tag(SIGNATURE.removesuffix(".sig"))
    assert not is_artifact_tag("sha256-of-something")
