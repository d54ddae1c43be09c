"""Do not write out the large arguments of a worker.

Defect: Textual describes each worker by the ``repr`` of its arguments, before it starts. For the manifest of 4 MB that
an image screen passes on, this takes 65 ms of the drawing thread.
Upstream: no issue known.
Delete this module when Textual describes a worker only when someone reads the description.
"""

from __future__ import annotations

LARGE_ARGUMENTS = "arguments not shown"
"""The ``description`` of a worker whose arguments can be large."""
