"""Remove secrets from logs and errors: keys, session tokens, signatures, registry passwords.

``--debug`` of the AWS CLI prints the session token; that of ecrtui does not.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import warnings
from pathlib import Path
from typing import TextIO

from ecrtui.ecr.safe_text import visible_lines
from ecrtui.private_files import open_private

HIDDEN = "[hidden]"

_HIDDEN_NAMES = (  # of members, headers and parameters
    "x-amz-security-token|x-amz-signature|x-amz-credential|authorization|proxy-authorization|authorizationtoken"
    "|aws_?secret_?access_?key|secret_?access_?key|secretkey|secret_key|aws_?session_?token|session_?token|sessiontoken"
    "|access_?token|accesstoken|refresh_?token|id_?token|client_?secret|clientsecret|password|tokencode|token_code"
    "|x-amz-sso_bearer_token|webidentitytoken|samlassertion|x-aws-ec2-metadata-token|devicecode|codeverifier|cookie"
)
_PATTERNS: tuple[tuple[str, str], ...] = (  # compiled with the first text, not before the first frame
    # name: value in dicts, headers, JSON and query strings; the value is quoted, or ends at a delimiter
    (
        rf"""(?ix) (["']? \b(?:{_HIDDEN_NAMES})\b \\? ["']? \s* (?:[:=]|%3D) \s* (?:b(?=["']))?)
            (?: \\?"(?:[^"\\]|\\(?!"[,}}\s]).)*\\?" | '(?:[^'\\]|\\.)*' | (?:(?:AWS4-\S+|Basic|Bearer)\s+)?
                [^\s"'&<>,}}\]\)]+ (?:,\s*(?:SignedHeaders|Signature)=[^\s"',]+)* )""",
        rf"\1{HIDDEN}",
    ),
    (r"""(?i)(\btoken["']?\s*[:=]\s*b?)("[^"]+"|'[^']+')""", rf"\1{HIDDEN}"),
    (r"(?is)<(SecretAccessKey|SessionToken|WebIdentityToken)>[^<]*<", rf"<\1>{HIDDEN}<"),
    (r"(?i)(Signature[=:]\s*)[0-9a-f]{16,}", rf"\1{HIDDEN}"),
    (r"(?i)(Credential=)(?:AKIA|ASIA)[A-Z0-9]+", rf"\1{HIDDEN}"),
    (r"(?i)(\bBearer |\bBasic )[A-Za-z0-9+/=._~-]{8,}", rf"\1{HIDDEN}"),
    (r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b", HIDDEN),
    (r"(://)[^/\s:@\"']+:[^/\s@\"']+@", rf"\1{HIDDEN}@"),
    (r"\bQVdTO[A-Za-z0-9+/=]{8,}", HIDDEN),  # base64 of "AWS:", the start of a registry password
)


def redact(text: str) -> str:
    """Return the text without secrets."""
    for pattern, replacement in _PATTERNS:
        text = re.sub(pattern, replacement, text)
    return text


class RedactingFormatter(logging.Formatter):
    """Formats records as the AWS CLI does, and redacts the result, tracebacks included."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s - %(threadName)s - %(name)s - %(levelname)s - %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text, redacted, with control characters visible."""
        return visible_lines(redact(super().format(record)), keep_tabs=True)


def log_to(target: Path | TextIO | None, *, debug: bool) -> None:
    """Send the log records and warnings of all libraries to a file or a stream, or nowhere.

    Afterwards, Python prints none of them on the terminal by itself.

    Args:
        target: a file, created for its owner only; a stream, such as standard error; or None.
        debug: whether to log everything, or warnings and errors only.

    Raises:
        OSError: the file cannot be written.
    """
    handler = _handler(target)
    handler.setFormatter(RedactingFormatter())
    handler.setLevel(logging.DEBUG if debug else logging.WARNING)
    root = logging.getLogger()
    for old in list(root.handlers):
        if isinstance(old.formatter, RedactingFormatter):
            root.removeHandler(old)
            old.close()
    root.addHandler(handler)
    root.setLevel(handler.level)
    logging.captureWarnings(True)
    if not sys.warnoptions:
        warnings.simplefilter("default" if debug else "ignore")


def _handler(target: Path | TextIO | None) -> logging.Handler:
    if target is None:
        return logging.NullHandler()
    if not isinstance(target, Path):
        return logging.StreamHandler(target)
    os.close(open_private(target))
    return logging.FileHandler(target, encoding="utf-8", errors="backslashreplace")
