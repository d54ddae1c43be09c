"""What ECR has denied over a connection, and the IAM policy that allows it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ecrtui.ecr.permissions import Denial, action_of, policy_for_denials, use_of
from ecrtui.ecr.safe_text import visible
from ecrtui.tui.clipboard.copy_items import CopyItem
from ecrtui.tui.details import facts_text
from ecrtui.tui.messages import ShowText

if TYPE_CHECKING:
    from ecrtui.session import Session


def denied_permissions(denials: Sequence[Denial], session: Session | None) -> ShowText:
    """Return the message that shows denials. Blocks.

    Args:
        denials: the requests that ECR denies.
        session: the session of the connection; None if there is none, so that no policy can name its repositories.
    """
    if not denials:
        return ShowText("Denied permissions", "ECR has denied no request over this connection.")
    account = "" if session is None else session.location.registry_id
    found = facts_text(list(_uses(denials, account).items()))
    if session is None:
        return ShowText("Denied permissions", found, labelled=True)
    document = policy_for_denials(
        denials, partition=session.partition, region=session.location.region, registry_id=account
    )
    policy = json.dumps(document, indent=2)
    copies = (CopyItem("IAM policy", policy, lines=True),)
    return ShowText("Denied permissions", f"{found}\n\n{policy}", labelled=True, copies=copies)


def _uses(denials: Sequence[Denial], account: str) -> dict[str, list[str]]:
    """Return for each denied action what it is for, and where it was denied."""
    found: dict[str, list[str]] = {}
    for denial in denials:
        use = use_of(denial.operation)
        lines = found.setdefault(action_of(denial.operation), [f"to {use}"] if use else [])
        where = f"in {visible(denial.repository)}" if denial.repository else "in the registry"
        other = denial.registry_id not in ("", account)
        lines.append(f"{where} of account {denial.registry_id}" if other else where)
    return found
