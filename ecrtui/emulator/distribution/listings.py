"""Listings: the tags of a repository, the referrers of an image, the repositories of the registry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

from ecrtui.emulator.distribution.messages import Call
from ecrtui.emulator.errors import constraint_violation
from ecrtui.emulator.http.messages import Response, json_response
from ecrtui.emulator.manifests import OCI_INDEX

TEXT = "text/plain; charset=utf-8"
"""The content type that ECR gives its lists of tags (google/go-containerregistry#681)."""


def list_tags(call: Call) -> Response:
    """Return a page of tags by ListImages.

    ECR does not sort them, and ``last`` is a token of its own (google/go-containerregistry#681).
    """
    answer = call.run(
        "ListImages", filter={"tagStatus": "TAGGED"}, maxResults=_count(call.query), nextToken=call.query.get("last")
    )
    tags = [image["imageTag"] for image in answer["imageIds"]]
    response = json_response({"name": call.repository, "tags": tags}, content_type=TEXT)
    return _with_next_page(response, f"{call.path}/tags/list", call.query, answer)


def list_referrers(call: Call) -> Response:
    """Return an index of a page of referrers by ListImageReferrers. The subject need not exist."""
    artifact_type = call.query.get("artifactType")
    answer = call.run(
        "ListImageReferrers",
        subjectId={"imageDigest": call.reference},
        filter={"artifactTypes": [artifact_type]} if artifact_type else None,
        nextToken=call.query.get("last"),
    )
    members = ("mediaType", "digest", "size", "artifactType", "annotations")
    descriptors = [{name: entry[name] for name in members if name in entry} for entry in answer["referrers"]]
    document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": descriptors}
    response = json_response(document, content_type=OCI_INDEX)
    if artifact_type:
        response = replace(response, headers={**response.headers, "OCI-Filters-Applied": "artifactType"})
    return _with_next_page(response, f"{call.path}/referrers/{quote(call.reference)}", call.query, answer)


def list_repositories(call: Call) -> Response:
    """Return the first repositories by DescribeRepositories. ECR has no further pages."""
    answer = call.run("DescribeRepositories", maxResults=_count(call.query))
    names = [entry["repositoryName"] for entry in answer["repositories"]]
    return json_response({"repositories": names}, content_type="application/json")


def _count(query: Mapping[str, str]) -> int | None:
    """Return ``n``, the number of results; None if the client does not say."""
    text = query.get("n")
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise constraint_violation("maxResults", "Member must be a number")
    return int(text)


def _with_next_page(response: Response, path: str, query: Mapping[str, str], answer: Mapping[str, Any]) -> Response:
    """Return the response with a Link header to the next page (RFC 8288), if there is one."""
    if "nextToken" not in answer:
        return response
    link = f'<{path}?{urlencode({**query, "last": answer["nextToken"]})}>; rel="next"'
    return replace(response, headers={**response.headers, "Link": link})
