"""Read what ECR says that a lifecycle policy would do, with GetLifecyclePolicyPreview."""

from __future__ import annotations

from ecrtui.ecr.lifecycle import LifecyclePreview, PreviewedImage
from ecrtui.registry.calls import EcrCalls
from ecrtui.registry.replies import conversion
from ecrtui.registry.replies.validation import structures, text, validate_reply

OPERATION = "GetLifecyclePolicyPreview"

PAGE = 100
"""Images a page: the maximum of ECR."""


def read_preview(calls: EcrCalls, repository: str) -> LifecyclePreview:
    """Return the last preview of a repository, with all its images."""
    images: list[PreviewedImage] = []
    status = policy = ""
    for reply in calls.replies(OPERATION, "", repositoryName=repository, maxResults=PAGE):
        with validate_reply(OPERATION):
            status, policy = text(reply, "status"), text(reply, "lifecyclePolicyText")
            images += (conversion.previewed_image(entry) for entry in structures(reply, "previewResults"))
    return LifecyclePreview(status, policy, tuple(images))
