"""Hypothesis strategies for repositories and images with any values that a registry can return."""

from __future__ import annotations

from hypothesis import strategies as st

from ecrtui.ecr.image import Image
from ecrtui.ecr.mutability import TagMutability
from ecrtui.ecr.repository import Repository

texts = st.text(max_size=20)
times = st.none() | st.floats(0, 4e9)
counts = st.none() | st.lists(st.tuples(texts, st.integers(0, 99)), max_size=3).map(tuple)
images = st.builds(
    Image,
    digest=texts,
    tags=st.lists(texts, max_size=3).map(tuple),
    pushed_at=times,
    size=st.none() | st.integers(0, 2**60),
    media_type=texts,
    artifact_media_type=texts,
    last_pulled_at=times,
    status=texts,
    archived_at=times,
    scan_status=texts,
    findings=counts,
    subject=texts,
    activated_at=times,
)
repositories = st.builds(
    Repository,
    name=texts,
    uri=texts,
    created_at=times,
    mutability=st.builds(TagMutability, texts, st.lists(texts, max_size=2).map(tuple)),
    scan_on_push=st.booleans(),
)
