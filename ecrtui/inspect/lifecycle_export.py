"""A dry run of a lifecycle policy as Markdown, CSV or JSON, all from one document."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ecrtui.ecr.csv_cells import csv_lines
from ecrtui.ecr.documents import Document
from ecrtui.ecr.image import Image
from ecrtui.ecr.lifecycle import LifecyclePreview, LifecycleRule
from ecrtui.ecr.markdown_text import markdown_table, markdown_text
from ecrtui.ecr.text_formats import Texts, json_text
from ecrtui.ecr.units import format_iso_time
from ecrtui.inspect.lifecycle import DryRun, RuleOutlook, outcome_words, rule_differences
from ecrtui.inspect.lifecycle_keepers import keeping_rule, possible_keeper

_IMAGE_COLUMNS = (
    "rulePriority",
    "action",
    "repositoryName",
    "imageDigest",
    "imageTags",
    "imagePushedAt",
    "lastRecordedPullTime",
    "imageSizeInBytes",
    "mayBePart",
    "keptInsteadBy",
)
_KEPT_COLUMNS = (
    "rulePriority",
    "repositoryName",
    "imageDigest",
    "imageTags",
    "imagePushedAt",
    "imageSizeInBytes",
    "keptBy",
)
_RULE_COLUMNS = ("rulePriority", "selection", "limit", "selectedImages", "imagesNow", "bytesNow", "outcome")


def dry_run_document(
    repository: str, run: DryRun, now: float, *, preview: LifecyclePreview | None = None, changed: bool = False
) -> Document:
    """Return a dry run as a document.

    Args:
        repository: the name of the repository.
        run: the dry run.
        now: when it was made, in seconds since the epoch.
        preview: what ECR says; None if it was not asked.
        changed: True if the policy is not the one of the repository.
    """
    document: Document = {
        "repositoryName": repository,
        "evaluatedAt": format_iso_time(now, "seconds"),
        "policy": "a changed copy" if changed else "the policy of the repository",
        "imageCount": run.images,
        "partsThatStay": run.kept_parts,
        "referrersThatGo": run.referrers,
        "rules": [_rule_document(outlook, run, repository, now) for outlook in run.outlooks],
    }
    if preview is not None:
        document["ecrImageCount"] = len(preview.images)
        document["differences"] = [
            {"imageDigest": found.digest, "imageTags": list(found.tags), "ecrtuiRule": found.here, "ecrRule": found.ecr}
            for found in rule_differences(run, preview)
        ]
    return document


def dry_run_texts(document: Callable[[], Document]) -> Texts:
    """Return what makes the texts of a dry run. CSV has a line for each image that would be expired or archived."""
    return {
        "Markdown": lambda: _markdown(document()),
        "CSV": lambda: "".join(csv_lines([_IMAGE_COLUMNS, *_cells(_images(document(), "images"), _IMAGE_COLUMNS)])),
        "JSON": lambda: json_text(document()),
    }


def _rule_document(outlook: RuleOutlook, run: DryRun, repository: str, now: float) -> Document:
    rule = outlook.rule
    return {
        "rulePriority": rule.priority,
        "description": rule.description,
        "selection": rule.selection,
        "limit": rule.limit,
        "action": rule.verb,
        "selectedImages": outlook.selected,
        "imagesNow": len(outlook.acting),
        "bytesNow": outlook.bytes,
        "outcome": outcome_words(outlook, now),
        "images": [_acting_image(image, rule, run, repository) for image in outlook.acting],
        "referrers": [{**_image(image, repository), "subject": image.subject} for image in outlook.referrers],
        "keptImages": [{**_image(image, repository), "keptBy": keeping_rule(run, image)} for image in outlook.kept],
    }


def _image(image: Image, repository: str) -> Document:
    return {
        "repositoryName": repository,
        "imageDigest": image.digest,
        "imageTags": list(image.tags),
        "imagePushedAt": format_iso_time(image.pushed_at),
        "lastRecordedPullTime": format_iso_time(image.last_pulled_at),
        "imageSizeInBytes": image.size,
    }


def _acting_image(image: Image, rule: LifecycleRule, run: DryRun, repository: str) -> Document:
    return {
        **_image(image, repository),
        "mayBePart": image.digest in run.possible_parts,
        "keptInsteadBy": possible_keeper(run, rule, image),
    }


def _images(document: Document, name: str) -> Iterable[Document]:
    for rule in document["rules"]:
        for image in rule[name]:
            yield {"rulePriority": rule["rulePriority"], "action": rule["action"], **image}


def _cells(rows: Iterable[Mapping[str, Any]], columns: Iterable[str]) -> Iterable[list[str]]:
    names = list(columns)
    return ([_cell(row[name]) for name in names] for row in rows)


def _cell(value: object) -> str:
    if isinstance(value, list):
        return " ".join(map(str, value))
    return "" if value is None else ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _markdown(document: Document) -> str:
    lines = [f"# Lifecycle dry run of {markdown_text(document['repositoryName'])}\n", "\n"]
    facts = {name: value for name, value in document.items() if not isinstance(value, list)}
    lines += [f"- {name}: {markdown_text(str(value))}\n" for name, value in facts.items()]
    tables = [
        (_RULE_COLUMNS, document["rules"]),
        (_IMAGE_COLUMNS, list(_images(document, "images"))),
        (_KEPT_COLUMNS, list(_images(document, "keptImages"))),
    ]
    if found := document.get("differences"):
        tables.append((tuple(found[0]), found))
    for columns, rows in tables:
        if rows:
            lines += ["\n", *markdown_table(columns, _cells(rows, columns))]
    return "".join(lines)
