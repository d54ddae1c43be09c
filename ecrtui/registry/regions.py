"""The regions that ECR is known to be in."""

from __future__ import annotations

from botocore.exceptions import UnknownRegionError

from ecrtui.registry.configuration import unread_session


def list_regions(region: str = "") -> tuple[str, ...]:
    """Return the regions of ECR in one partition of AWS, as the data of botocore has them. It grows old.

    Args:
        region: a region of the partition; empty or an unknown one for the partition ``aws``.
    """
    session = unread_session()
    try:
        partition = session.get_partition_for_region(region) if region else "aws"
    except UnknownRegionError:
        partition = "aws"
    return tuple(sorted(session.get_available_regions("ecr", partition)))
