"""A promotion as a text for a change ticket: that of its tags, with the source, the targets and every copied image."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ecrtui.ecr.documents import Document
from ecrtui.ecr.markdown_text import markdown_table
from ecrtui.ecr.text_formats import Texts, json_text
from ecrtui.ecr.units import format_count, format_size
from ecrtui.promote.apply import PromotionReport, result_document
from ecrtui.promote.document import joined, promotion_document
from ecrtui.promote.plan import Promotion
from ecrtui.retag.change_record import rows_csv, rows_markdown


def result_texts(results: Sequence[PromotionReport]) -> Texts:
    """Return what makes the texts of the results of promotions."""
    return _texts("Result of a promotion", lambda: [result_document(result) for result in results])


def plan_texts(promotions: Sequence[Promotion]) -> Texts:
    """Return what makes the texts of the plans of promotions."""
    return _texts("Plan of a promotion", lambda: [promotion_document(promotion) for promotion in promotions])


def _texts(title: str, documents: Callable[[], list[Document]]) -> Texts:
    return {
        "Markdown": lambda: _markdown(title, documents()),
        "CSV": lambda: rows_csv(documents()),
        "JSON": lambda: json_text(joined(documents())),
    }


def _markdown(title: str, documents: Sequence[Document]) -> str:
    remarks = [remark for document in documents for remark in _remarks(document)]
    titles = ("account", "region", "repository", "digest", "kind", "artifact type", "subject", "was there")
    rows = (row for document in documents for row in _copies(document))
    return "".join((rows_markdown(title, documents, remarks), "\n## Images\n\n", *markdown_table(titles, rows)))


def _remarks(document: Document) -> Iterator[str]:
    """Yield what is copied where."""
    source, target, transfer = document["source"], document["target"], document["transfer"]
    tag = f":{source['imageTag']}" if "imageTag" in source else ""
    yield f"source: {source['repositoryName']}{tag}@{source['imageDigest']} in {_registry(source)}"
    yield f"target: {', '.join(target['repositoryNames'])} in {_registry(target)}"
    if created := document.get("repositoriesCreated"):
        yield f"created with the defaults of ECR: {', '.join(created)}"
    elif "repositoriesCreated" not in document and target["repositoriesToCreate"]:
        yield f"to create with the defaults of ECR: {', '.join(target['repositoriesToCreate'])}"
    blobs, size = transfer["blobsToCopy"], format_size(transfer["bytesToCopy"])
    if "blobsCopied" in document:
        done = f"{document['blobsCopied']} of {format_count(blobs, 'blob')}"
        yield f"copied: {done}, {format_size(document['bytesCopied'])} of {size}"
        yield f"manifests put: {document['manifestsPut']} of {transfer['manifestsToPut']}"
    else:
        yield f"to copy: {format_count(blobs, 'blob')}, {size}"
        yield f"manifests to put: {transfer['manifestsToPut']}"
    if (verification := document.get("verification")) is not None:
        yield f"verified: {verification['digests']} digests, {len(verification['missing'])} missing"
    yield from document["notes"]


def _registry(location: Mapping[str, Any]) -> str:
    endpoint = f" at {location['endpointUrl']}" if "endpointUrl" in location else ""
    return f"{location['registryId']}, {location['region']}{endpoint}"


def _copies(document: Document) -> Iterator[tuple[str, ...]]:
    """Yield a row for each image that belongs to the source, in each repository."""
    target = document["target"]
    for copy in document["copies"]:
        there = "yes" if copy["there"] else "no"
        names = (copy["repositoryName"], copy["digest"], copy["kind"], copy["artifactType"], copy["subject"])
        yield (target["registryId"], target["region"], *names, there)
