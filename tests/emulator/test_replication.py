"""Replication keeps a region equal to its source, whatever is pushed, tagged and deleted there."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.embedded import (
    REGISTRY_ID,
    PushedImage,
    client_for,
    create_repository,
    digest_of,
    digests_of,
    manifest_text,
    new_embedded,
    push_index,
    put,
    tags_of,
)

REPOSITORY = "team/app"
REPLICA = "us-east-1"
TAGS = ["a", "b", "c"]
IMAGES = 3

_tags = st.sampled_from(["", *TAGS])
_images = st.integers(0, IMAGES - 1)
_actions = st.one_of(
    st.tuples(st.just("push"), _images, _tags),
    st.tuples(st.just("index"), _images, _tags),
    st.tuples(st.just("untag"), st.sampled_from(TAGS), st.none()),
    st.tuples(st.just("delete"), st.integers(0, 20), st.none()),
)


def act(client: Any, texts: list[str], action: tuple[str, Any, Any]) -> None:
    """Push an image or an index of two, remove a tag, or delete an image by its digest."""
    kind, what, tag = action
    with suppress(client.exceptions.ImageAlreadyExistsException):
        if kind == "push":
            put(client, REPOSITORY, texts[what], tag)
        elif kind == "index":
            children = {}
            for number in (what, (what + 1) % IMAGES):
                with suppress(client.exceptions.ImageAlreadyExistsException):
                    put(client, REPOSITORY, texts[number])
                children[f"linux/{number}"] = PushedImage(digest_of(texts[number]), texts[number])
            push_index(client, REPOSITORY, children, tag)
        elif kind == "untag":
            client.batch_delete_image(repositoryName=REPOSITORY, imageIds=[{"imageTag": what}])
        elif digests := sorted(digests_of(client, REPOSITORY)):
            image_id = {"imageDigest": digests[what % len(digests)]}
            client.batch_delete_image(repositoryName=REPOSITORY, imageIds=[image_id])


@given(st.lists(_actions, max_size=12))
def test_a_replica_with_deletions_equals_its_source(actions: list[tuple[str, Any, Any]]) -> None:
    embedded = new_embedded()
    source, replica = client_for(embedded), client_for(embedded, region=REPLICA)
    for client in (source, replica):
        create_repository(client, REPOSITORY)
    texts = [manifest_text(source, REPOSITORY, str(number)) for number in range(IMAGES)]
    rule = {"destinations": [{"region": REPLICA, "registryId": REGISTRY_ID}], "deleteReplication": {"enabled": True}}
    source.put_replication_configuration(replicationConfiguration={"rules": [rule]})
    for action in actions:
        act(source, texts, action)
        assert tags_of(replica, REPOSITORY) == tags_of(source, REPOSITORY)
        assert digests_of(replica, REPOSITORY) == digests_of(source, REPOSITORY)
    embedded.database.close()
