"""Operations on repositories."""

from __future__ import annotations

from ecrtui.local.call import Operation

OPERATIONS: dict[str, Operation] = {}
