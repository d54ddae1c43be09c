"""Import asyncio without TLS, which the process that draws does not use.

asyncio loads OpenSSL if Python has it. That takes a fiftieth of the time to the first frame.
"""

from __future__ import annotations

import sys


def import_asyncio() -> None:
    """Import asyncio as a Python that was built without OpenSSL does. Call it before anything else imports asyncio.

    A later import of ``ssl``, such as that of botocore, finds the module.
    """
    if "ssl" in sys.modules:
        return
    sys.modules["ssl"] = None  # type: ignore[assignment]  # an import of it raises ImportError
    try:
        import asyncio  # noqa: F401 - it stays in sys.modules
    finally:
        del sys.modules["ssl"]
