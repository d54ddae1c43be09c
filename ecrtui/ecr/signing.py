"""Managed signing: ECR signs pushed images with the signing profiles of AWS Signer.

User guide, "Managed signing". A signature that was made is a referrer of the image.
"""

from __future__ import annotations

from typing import NamedTuple

FAILED = "FAILED"
"""The status of a signing, or of a replication, that ended without a result."""


class ImageSigning(NamedTuple):
    """The status of the signing of an image with a profile (``ImageSigningStatus``).

    Args:
        profile_arn: the signing profile.
        status: ``IN_PROGRESS``, ``COMPLETE`` or ``FAILED``; a newer one as ECR sends it.
        failure: the code and the reason of a failure; empty if ECR gives none.
    """

    profile_arn: str
    status: str
    failure: str = ""

    @property
    def profile(self) -> str:
        """The name of the signing profile."""
        return self.profile_arn.rpartition("/")[2]
