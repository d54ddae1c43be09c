"""The rows and columns of the lifecycle screen: the rules of a policy, and the images on which a rule would act."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ecrtui.ecr import units
from ecrtui.ecr.digest import SHORT_DIGITS, short_digest
from ecrtui.ecr.image import Image
from ecrtui.inspect.lifecycle import DryRun, RuleOutlook, next_time, outcome_words
from ecrtui.inspect.lifecycle_keepers import keeping_rule, possible_keeper
from ecrtui.tui.table.column_layout import Column


class RuleRow(NamedTuple):
    """A rule with what it would do. ``ecr`` is the number of images that ECR names; None before a preview."""

    outlook: RuleOutlook
    now: float
    ecr: int | None


class ImageRow(NamedTuple):
    """An image that ecrtui or ECR would expire or archive by the selected rule, or that another rule keeps from it."""

    image: Image
    outlook: RuleOutlook
    run: DryRun
    here: bool
    """True if the dry run of ecrtui names it."""
    ecr: bool | None
    """True if the preview of ECR names it; None before a preview."""
    may_be_part: bool


def _frees(row: RuleRow) -> str:
    return f"≤ {units.format_size(row.outlook.bytes)}" if row.outlook.acting else "–"


RULE_COLUMNS: Sequence[Column[RuleRow]] = (
    Column("rule", "rule", lambda row: str(row.outlook.rule.priority), lambda row: row.outlook.rule.priority, "right"),
    Column("selects", "selects", lambda row: row.outlook.rule.selection, None, min_width=15, flex=1),
    Column("limit", "limit", lambda row: row.outlook.rule.limit, None, min_width=15),
    Column("now", "now", lambda row: units.format_number(len(row.outlook.acting)), None, "right"),
    Column(
        "ecr",
        "ECR",
        lambda row: "" if row.ecr is None else units.format_number(row.ecr),
        None,
        "right",
        optional=True,
    ),
    Column("next", "next", lambda row: next_time(row.outlook, row.now) or "–", None, "right", drop_priority=2),
    Column("frees", "frees", _frees, None, "right", drop_priority=1),
    Column("outcome", "what it would do", lambda row: outcome_words(row.outlook, row.now), None, min_width=14, flex=2),
)


def _verdict(row: ImageRow, acts: bool | None) -> str:
    return "" if acts is None else row.outlook.rule.verb if acts else "stays"


def _keeper(row: ImageRow) -> str:
    """Return the rule that keeps an image, or what would keep it."""
    if row.here or row.ecr:
        return possible_keeper(row.run, row.outlook.rule, row.image)
    return keeping_rule(row.run, row.image)


IMAGE_COLUMNS: Sequence[Column[ImageRow]] = (
    Column(
        "digest", "digest", lambda row: short_digest(row.image.digest), None, style="$digest", min_width=SHORT_DIGITS
    ),
    Column("tags", "tags", lambda row: " ".join(row.image.tags) or "–", None, style="$tag", min_width=12, flex=1),
    Column(
        "age",
        "pushed",
        lambda row: units.format_age(row.image.pushed_at, missing=units.UNKNOWN),
        lambda row: (not (row.here or row.ecr), row.image.age_start or 0.0, row.image.digest),
        "right",
        min_width=units.MAX_AGE_WIDTH,
    ),
    Column(
        "pulled",
        "pulled",
        lambda row: units.format_age(row.image.last_pulled_at, missing="never"),
        None,
        "right",
        drop_priority=2,
    ),
    Column("size", "size", lambda row: units.format_size(row.image.size), None, "right", drop_priority=1),
    Column("part", "part of an index", lambda row: units.UNKNOWN if row.may_be_part else "no", None, drop_priority=3),
    Column("here", "ecrtui", lambda row: _verdict(row, row.here), None, min_width=7),
    Column("ecr", "ECR", lambda row: _verdict(row, row.ecr), None, optional=True),
    Column("keeper", "kept instead by", _keeper, None, min_width=15, full_width=26, flex=2),
)
