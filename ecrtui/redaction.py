"""Remove secrets from text: keys, session tokens, signatures, registry passwords, and passwords in URLs.

Every error, every log record and everything on standard error passes through :func:`redact`.
"""

from __future__ import annotations

import re

HIDDEN = "[hidden]"

_HIDDEN_NAMES = (  # of members, headers and parameters
    "x-amz-security-token|x-amz-signature|x-amz-credential|authorization|proxy-authorization|authorizationtoken"
    "|aws_?secret_?access_?key|secret_?access_?key|secretkey|secret_key|aws_?session_?token|session_?token|sessiontoken"
    "|access_?token|accesstoken|refresh_?token|id_?token|client_?secret|clientsecret|password|tokencode|token_code"
    "|x-amz-sso_bearer_token|webidentitytoken|samlassertion|x-aws-ec2-metadata-token|devicecode|codeverifier|cookie"
    "|aws_container_authorization_token"
)
_PATTERNS: tuple[tuple[str, str], ...] = (  # compiled with the first text, not before the first frame
    # name: value in dicts, headers, JSON and query strings; the value is quoted, or ends at a delimiter
    (
        rf"""(?ix) (["']? \b(?:{_HIDDEN_NAMES})\b \\? ["']? \s* (?:[:=]|%3D) \s* (?:b(?=["']))?) (?!b?\[hidden])
            (?: \\?"(?:[^"\\]|\\(?!"[,}}\s]).)*\\?" | '(?:[^'\\]|\\.)*' | (?:(?:AWS4-\S+|Basic|Bearer)\s+)?
                [^\s"'&<>,}}\]\)]+ (?:,\s*(?:SignedHeaders|Signature)=[^\s"',]+)* )""",
        rf"\1{HIDDEN}",
    ),
    (r"""(?i)(\btoken["']?\s*[:=]\s*b?)("[^"]+"|'[^']+')""", rf"\1{HIDDEN}"),
    # an option of a command, as in credential_process = helper --password secret
    (r"""(?i)(--?[\w-]*(?:password|passwd|secret|token|api-?key)(?:[ =]|', '))(?!-)[^\s'"]+""", rf"\1{HIDDEN}"),
    (r"(?is)<(SecretAccessKey|SessionToken|WebIdentityToken)>[^<]*<", rf"<\1>{HIDDEN}<"),
    (r"(?i)(Signature[=:]\s*)[0-9a-f]{16,}", rf"\1{HIDDEN}"),
    (r"(?i)(Credential=)(?:AKIA|ASIA)[A-Z0-9]+", rf"\1{HIDDEN}"),
    (r"(?i)(\bBearer |\bBasic )[A-Za-z0-9+/=._~-]{8,}", rf"\1{HIDDEN}"),
    (r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b", HIDDEN),
    # the user and the password of a URL; the password may contain / or @; a digest comes after an @ of its own
    # an endpoint without a scheme, as the user gave it and as botocore refuses it
    (r"""(?i)((?:endpoint[-_]url\w*|invalid endpoint)['"]?[\s=:,]*['"]?)[^\s"'<>]*@""", rf"\1{HIDDEN}@"),
    (r"""(://)[^\s"'<>]*@(?!sha(?:256|512):)""", rf"\1{HIDDEN}@"),
    (r"\bQVdTO[A-Za-z0-9+/=]{8,}", HIDDEN),  # base64 of "AWS:", the start of a registry password
)


def redact(text: str) -> str:
    """Return the text without secrets."""
    for pattern, replacement in _PATTERNS:
        text = re.sub(pattern, replacement, text)
    return text


def redact_url(url: str) -> str:
    """Return what a user gave for a URL without user and password, also if it has no scheme."""
    _, at, host = url.rpartition("@")
    return redact(url) if "://" in url or not at else f"{HIDDEN}@{host}"


def without_user(url: str) -> str:
    """Return a text with valid URLs without the user and the password in them. botocore never sends them."""
    return re.sub(r"""(?<=://)[^\s"'/?#]*@""", "", url)
