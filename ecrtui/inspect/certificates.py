"""What an X.509 certificate says: whom it names, who issued it, and when it is valid. Its signature is not verified.

Sources: RFC 5280 (certificates, in DER), and the extensions of Fulcio (``1.3.6.1.4.1.57264.1``), sigstore's authority.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

MAX_PARTS = 2_000
"""Parts of a certificate that are read: names, extensions, and what is in them."""

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END CERTIFICATE-----")
_SEQUENCE, _OID, _OCTETS, _UTC_TIME, _UTF8 = 0x30, 0x06, 0x04, 0x17, 0x0C
_VERSION, _EXTENSIONS = 0xA0, 0xA3
_BMP_STRING = 0x1E
"""A text in UTF-16, big-endian."""

_NAMES = {"2.5.4.3": "CN", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.10": "O", "2.5.4.11": "OU"}
_ALTERNATIVE_NAMES = "2.5.29.17"
_EMAIL, _DNS, _URI = 0x81, 0x82, 0x86
_FULCIO_ISSUER, _FULCIO_ISSUER_V2 = "1.3.6.1.4.1.57264.1.1", "1.3.6.1.4.1.57264.1.8"


class Certificate(NamedTuple):
    """What a certificate says. A text is empty if it does not say it."""

    subject: str
    """The name: ``CN=ci-release, O=Example``. Certificates of Fulcio have none."""
    issuer: str
    not_before: str
    """The beginning of its validity, ISO 8601 in UTC."""
    not_after: str
    names: tuple[str, ...] = ()
    """Its other names: addresses, hosts, URIs."""
    identity_provider: str = ""
    """The issuer of the OIDC token that named the signer, in a certificate of Fulcio."""


def parse_certificate(der: bytes) -> Certificate:
    """Return what a certificate in DER says.

    Raises:
        ValueError: it is not a certificate.
    """
    outer = _Element.first(der, _SEQUENCE)
    parts = [part for part in _Element.first(outer.content, _SEQUENCE).parts() if part.tag != _VERSION]
    if len(parts) < 6:
        raise ValueError("it is not a certificate: parts are missing")
    _, _, issuer, validity, subject, _, *rest = parts
    times = [_time(part) for part in validity.parts()]
    if len(times) != 2:
        raise ValueError("it is not a certificate: its validity has no two times")
    extensions = dict(_extensions(rest))
    names = extensions.get(_ALTERNATIVE_NAMES, b"")
    return Certificate(
        _name(subject), _name(issuer), times[0], times[1], tuple(_alternative_names(names)), _provider(extensions)
    )


def certificates_of_pem(text: str) -> list[str]:
    """Return the certificates in a PEM text as base64, in its order. Text that is not PEM is returned as it is."""
    return _PEM.findall(text) or ([text] if text else [])


class _Element(NamedTuple):
    """An element of DER: its tag and its content."""

    tag: int
    content: bytes

    @classmethod
    def first(cls, data: bytes, tag: int) -> _Element:
        """Return the first element of the data, which must have this tag."""
        found = next(_elements(data), None)
        if found is None or found.tag != tag:
            raise ValueError("it is not a certificate: it is not DER")
        return found

    def parts(self) -> list[_Element]:
        """Return the elements in the content."""
        return list(_elements(self.content))


def _elements(data: bytes) -> Iterator[_Element]:
    position = 0
    for _ in range(MAX_PARTS):
        if position >= len(data):
            return
        if position + 2 > len(data):
            raise ValueError("it is not a certificate: its end is missing")
        tag, length = data[position], data[position + 1]
        position += 2
        if length & 0x80:
            count = length & 0x7F
            length = int.from_bytes(data[position : position + count], "big")
            position += count
        if position + length > len(data):
            raise ValueError("it is not a certificate: its end is missing")
        yield _Element(tag, data[position : position + length])
        position += length
    raise ValueError(f"it has more than {MAX_PARTS:,} parts")


def _name(element: _Element) -> str:
    """Return a name, the most specific part first."""
    found = []
    for group in element.parts():
        for pair in group.parts():
            parts = pair.parts()
            if len(parts) == 2:
                oid = _oid(parts[0].content)
                found.append(f"{_NAMES.get(oid, oid)}={_text(parts[1])}")
    return ", ".join(reversed(found))


def _text(element: _Element) -> str:
    return element.content.decode("utf-16-be" if element.tag == _BMP_STRING else "utf-8", errors="replace")


def _time(element: _Element) -> str:
    """Return a time as ISO 8601. UTCTime has two digits of the year, GeneralizedTime four (RFC 5280, 4.1.2.5)."""
    text = element.content.decode("ascii", errors="replace")
    if element.tag == _UTC_TIME and text[:2].isdigit():
        text = ("19" if text[:2] >= "50" else "20") + text
    found = re.fullmatch(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z", text)
    return "{}-{}-{}T{}:{}:{}Z".format(*found.groups()) if found else text


def _oid(content: bytes) -> str:
    numbers: list[int] = []
    value = 0
    for byte in content[:64]:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(value)
            value = 0
    first = min(numbers[0] // 40, 2) if numbers else 0
    return ".".join(map(str, [first, numbers[0] - 40 * first, *numbers[1:]])) if numbers else ""


def _extensions(parts: list[_Element]) -> Iterator[tuple[str, bytes]]:
    for part in parts:
        if part.tag == _EXTENSIONS:
            for extension in _Element.first(part.content, _SEQUENCE).parts():
                members = extension.parts()
                if len(members) >= 2 and members[0].tag == _OID and members[-1].tag == _OCTETS:
                    yield _oid(members[0].content), members[-1].content


def _alternative_names(content: bytes) -> Iterator[str]:
    if content:
        for name in _Element.first(content, _SEQUENCE).parts():
            if name.tag in (_EMAIL, _DNS, _URI):
                yield name.content.decode("utf-8", errors="replace")


def _provider(extensions: dict[str, bytes]) -> str:
    if _FULCIO_ISSUER_V2 in extensions:
        return _text(_Element.first(extensions[_FULCIO_ISSUER_V2], _UTF8))
    return extensions.get(_FULCIO_ISSUER, b"").decode("utf-8", errors="replace")
