"""What to find in all repositories: the text that a user types or pastes, as terms. Pure; nothing is read.

People paste what they have: a URI, a line of ``kubectl get events`` or ``kubectl get pods -o yaml``, a line of
``crictl images``, a message of ECS, a log line. So references are picked out of any text. If there are several, only
those of the clearest kind count: in ``Failed to pull image "…": rpc error: code = NotFound``, no word but the URI is
a reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ecrtui.catalog.find.reference_parts import readable_text, references_of_members, references_of_rows
from ecrtui.ecr.digest import DIGEST_PATTERN, MIN_DIGITS, SHORT_DIGITS, digest_prefix, has_other_digest, is_digest
from ecrtui.ecr.image import Image
from ecrtui.ecr.reference import OTHER_DIGEST, REPOSITORY_PATTERN, parse_reference
from ecrtui.ecr.tag import stored_tag_error
from ecrtui.ecr.units import format_names, format_quoted, matches_wildcard
from ecrtui.errors import UsageError

DEFAULT_TAG = "latest"
"""The tag of a reference that names none, as for Docker and Kubernetes."""

FORMS = "Write a tag, a digest, team/app:tag, an image URI, release-* or missing:tag=prod."
"""What a user can search for."""

_TOO_FEW = f"A digest needs {MIN_DIGITS} digits or more."
_DIGEST = "sha256:"
_QUOTES = "\"'`"
_MISSING = "missing:"
_HAVING = ("has:", "tag:")
_TAG = "tag="
_BLANKS = re.compile(r"[\s,;]+")

# The characters of references and of wildcards. A quotation mark, a bracket or "=" ends a token.
_TOKEN = re.compile(r"[A-Za-z0-9_*.-][A-Za-z0-9_*./:@-]*")
_KEY = re.compile(r"^(?:image|imageid|image_id|image-id)[:](?=.*[/:])", re.IGNORECASE)
_WHOLE_HEX = re.compile(r"[0-9a-f]{64}", re.IGNORECASE)
_SHORT_DIGEST = re.compile(r"sha256:[0-9a-f]{0,63}", re.IGNORECASE)
_PATH_DIGEST = re.compile(r"(?:\bsha256/(?:[0-9a-f]{2}/)?|/(?:blobs|manifests)/sha256:)([0-9a-f]{64})\b", re.IGNORECASE)
"""A digest in a path: of a file of containerd, Docker, an OCI layout or a registry, or of a request to a registry."""
_TOO_MANY_DIGITS = re.compile(r"(?:sha256:)?([0-9a-f]{65,})", re.IGNORECASE)
"""Hexadecimal digits that may be a digest with more behind it; it is hardly a tag."""
_FEW_DIGITS = re.compile(rf"[0-9a-f]{{3,{MIN_DIGITS - 1}}}", re.IGNORECASE)
_ARN = re.compile(r"^arn:[a-z0-9-]+:")
_PLACE = re.compile(
    r"(?:\barn:[a-z0-9-]+:ecr:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12}):repository/"
    r"|https://(?:(?P<console_region>[a-z0-9-]+)\.)?console\.[^/\s]+/ecr/repositories/private/(?P<console_account>[0-9]{12})/)"
    rf"(?P<repository>{REPOSITORY_PATTERN})(?:/(?:_/image/)?(?P<digest>sha256:[0-9a-f]{{64}}))?(?=[/?#\s\"',;\])}}]|$)[^\s\"',;\])}}]*"
)
"""A repository or an image as its ARN or as the address of its page in the console."""
_TO_VARIABLE = r"[a-z0-9][\w./-]*(?::[0-9]+/[\w./-]+)?[:@](?:\$|\{\{|<|%)"
_VARIABLE_TAG = re.compile(_TO_VARIABLE)
# Only at the start of a word: to try each character of a long word takes the square of its length.
_ANY_VARIABLE_TAG = re.compile(rf"(?<![\w./-])(?:[./-]|[^\Wa-z0-9])*{_TO_VARIABLE}")
_COMMANDS = frozenset(
    ("from", "docker", "podman", "nerdctl", "finch", "crane", "regctl", "skopeo", "oras", "cosign", "ctr", "crictl")
)
"""Words that begin a line of a Dockerfile or of a shell, which is no list of references."""
_FUNCTION_WORDS = frozenset(
    ("a", "an", "and", "are", "is", "not", "of", "please", "that", "the", "this", "to", "was", "were")
)
"""Words of a sentence. Each could be a tag, so they count only beside others."""
_OTHER_HOST = re.compile(r"^(?:localhost|[a-z0-9-]+(?:\.[a-z0-9-]+)*(?:\.[a-z0-9-]+|(?=:)))(?::[0-9]+)?/")
_NUMBERS = re.compile(r"[0-9.]+")
_NAMED, _LIKELY, _PATH, _WORD = 4, 3, 2, 1
"""How clear it is that a token is a reference: a URI of ECR or a digest; a name with a tag; a path; any word."""


class FindTerm(NamedTuple):
    """Something to find: an image that has one of these. Parts that were not given are empty.

    Args:
        text: what the user wrote.
        tag: the exact tag.
        digest: the whole digest.
        prefix: the beginning of a digest: ``sha256:6c672e``.
        pattern: a tag with ``*``.
        repository: the repository of a reference; with ``*`` it limits the repositories that are asked.
        registry_id: the account of a URI.
        region: the region of a URI.
    """

    text: str
    tag: str = ""
    digest: str = ""
    prefix: str = ""
    pattern: str = ""
    repository: str = ""
    registry_id: str = ""
    region: str = ""

    @property
    def names_image(self) -> bool:
        """True for a reference with a repository and a tag: only the repository knows the digest."""
        return bool(self.repository and self.tag) and "*" not in self.repository

    @property
    def is_exact(self) -> bool:
        """True if one request per repository answers it."""
        return bool(self.tag or self.digest)

    @property
    def needs_listing(self) -> bool:
        """True if only a list of all images answers it. An exact term needs it only if nothing is found."""
        return bool(self.prefix or self.pattern)

    @property
    def may_be_blob(self) -> bool:
        """True if it can be the digest of a layer or a config. The digest of a tag is one of an image."""
        written = bool(self.digest) and self.digest.removeprefix(_DIGEST) in self.text.lower()
        return written or bool(self.prefix)

    def asks(self, repository: str) -> bool:
        """Return True if the repository is one to look in. A reference to one image is looked for everywhere."""
        is_limited = "*" in self.repository or (self.repository and self.pattern)
        return not is_limited or matches_wildcard(self.repository, repository)

    def matches(self, image: Image) -> bool:
        """Return True if an image is what is to be found."""
        return (
            image.digest == self.digest
            or (bool(self.prefix) and image.digest.startswith(self.prefix))
            or (bool(self.tag) and self.tag in image.tags)
            or (bool(self.pattern) and any(matches_wildcard(self.pattern, tag) for tag in image.tags))
        )


class Query(NamedTuple):
    """What to find.

    Args:
        terms: an image that one of them matches is found.
        missing: a repository with an image that one of them matches is left out. Without ``terms``, every other
            repository is found.
        notes: how the text was understood, in sentences.
    """

    terms: tuple[FindTerm, ...]
    missing: tuple[FindTerm, ...] = ()
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        where = f"repositories without {_texts(self.missing)}" if self.missing else ""
        return " in ".join(filter(None, (_texts(self.terms), where)))

    @property
    def nothing_found(self) -> str:
        """The sentence for a search without a result."""
        where = f"repository without {_texts(self.missing)}" if self.missing else "repository"
        if not self.terms:
            return f"There is no {where}."
        hint = f" {_TOO_FEW}" if any(_FEW_DIGITS.fullmatch(term.tag) for term in self.terms) else ""
        return f"No {where} has {_texts(self.terms)}.{hint}"

    @property
    def no_image_found(self) -> str:
        """The sentence for a search without a result that did not look at all layers and configs."""
        return f"No image has {_texts(self.terms)}. A layer or a config may have it."

    def asks(self, repository: str) -> bool:
        """Return True if the repository is one to look in."""
        return any(term.asks(repository) for term in self.terms or self.missing)


def parse_query(text: str, *, missing: bool = False) -> Query:
    """Parse what a user typed or pasted.

    Args:
        text: one or several references, or any text with references in it.
        missing: find the repositories that have none of the references.

    Raises:
        UsageError: there is nothing to find in the text.
    """
    text = readable_text(text)
    words = text.split()
    absent = [word for word in words if word.startswith(_MISSING)]
    if absent:
        rest = [word for word in words if not word.startswith(_MISSING)]
        terms = _unique(_clear_term(word) for word in rest)
        return _query(terms, _unique(_clear_term(word.removeprefix(_MISSING)) for word in absent))
    terms = _terms(text, words)
    return _query((), terms) if missing else _query(terms, ())


def join_queries(queries: Iterable[Query]) -> Query:
    """Return the query for everything that one of the queries finds."""
    terms: list[FindTerm] = []
    missing: list[FindTerm] = []
    notes: list[str] = []
    for query in queries:
        terms += query.terms
        missing += query.missing
        notes += query.notes
    return Query(_unique(terms), _unique(missing), tuple(dict.fromkeys(notes)))


def looks_pasted(text: str) -> bool:
    """Return True if a text has a URI, a digest or its first digits, or ``team/app:tag``.

    It is False for the terms of a filter (``is:image``).
    """
    if len(text.strip()) >= SHORT_DIGITS and digest_prefix(text.strip()):
        return True
    text = readable_text(text)
    return any(
        rank == _NAMED or (rank == _LIKELY and (term.prefix or "/" in term.repository))
        for rank, term in (*_ranked(text), *_of_rows(text), *_of_members(text))
    )


def asks_for_tags(text: str) -> bool:
    """Return True if a text has only terms of a search for tags: ``missing:tag=X``, ``has:X``, ``tag:X``, ``tag=X``."""
    return bool(words := text.split()) and all(word.startswith((_MISSING, *_HAVING, _TAG)) for word in words)


def _texts(terms: Sequence[FindTerm]) -> str:
    return ", ".join(term.text for term in terms)


def _query(terms: tuple[FindTerm, ...], missing: tuple[FindTerm, ...]) -> Query:
    notes = [f"{term.text} names no tag: {DEFAULT_TAG} is meant" for term in terms if _has_default_tag(term)]
    bare = [term.text for term in terms if term.tag == term.text and not term.prefix]
    if len(terms) > 1 and bare:
        notes.append(f"looked for as {'tags' if bare[1:] else 'a tag'}: {format_names(bare)}")
    hosts = dict.fromkeys(_other_host(term.text) for term in (*terms, *missing) if not term.registry_id)
    notes += [f"{host} was not searched" for host in hosts if host]
    return Query(terms, missing, tuple(notes))


def _has_default_tag(term: FindTerm) -> bool:
    return bool(term.repository) and term.tag == DEFAULT_TAG and not term.text.endswith(f":{DEFAULT_TAG}")


def _terms(text: str, words: Sequence[str]) -> tuple[FindTerm, ...]:
    if not words:
        raise UsageError("Nothing to find", "", FORMS)
    if words[0].startswith(_HAVING) and words[0] not in _HAVING:
        return _unique(_clear_term(word) for word in words)
    if rows := [term for _, term in _of_rows(text)]:
        return _unique(rows)
    ranked = list(_ranked(text))
    if not any(rank == _NAMED and not _has_default_tag(term) for rank, term in ranked):
        ranked = list(_of_members(text)) or ranked
    best = max((rank for rank, _ in ranked), default=0)
    listed = [word for word in _BLANKS.split(text) if word]
    if all(word[:1] == word[-1:] and word[0] in _QUOTES for word in listed):
        listed = [word.strip(_QUOTES) for word in listed]
    sentence = _is_sentence(listed)
    clear = best < _NAMED and all(map(_is_clear, listed)) and listed[0].lower() not in _COMMANDS
    if clear and not sentence:
        return _unique(_clear_term(word) for word in listed)  # a list of references, not a sentence
    if found := _unique(term for rank, term in ranked if rank == best and rank > _WORD):
        return found
    if _ANY_VARIABLE_TAG.search(text):
        raise UsageError("The text has a variable in place of the tag", text.strip()[:200], "Write the tag.")
    if (long := next(filter(_TOO_MANY_DIGITS.fullmatch, listed), "")) and len(words) > 1:
        return (_clear_term(long),)
    uris = (token for found in _TOKEN.finditer(text) if ".dkr" in (token := found[0].rstrip(":./@-")))
    if word := words[0] if len(words) == 1 else next(uris, ""):
        return (_clear_term(word),)
    hint = f"For tags write tag: before each, such as tag:{listed[-1]}. {FORMS}" if clear else FORMS
    raise UsageError("There is no reference to an image in this text", text.strip()[:200], hint)


def _is_sentence(listed: Sequence[str]) -> bool:
    """Return True if words are a sentence, and no list of tags."""
    return len(listed) > 2 and not _FUNCTION_WORDS.isdisjoint(word.lower() for word in listed)


def _of_rows(text: str) -> Iterable[tuple[int, FindTerm]]:
    """Yield the terms of rows of images and containers.

    For Docker, Podman and the CRI an image ID is the digest of a config, for nerdctl that of an image.
    """
    for name, image_id in references_of_rows(text):
        term, found = _reference(name), _reference(image_id)
        if found is not None:
            place = term or found
            yield _LIKELY, found._replace(tag="", registry_id=place.registry_id, region=place.region)
        elif term is not None:
            yield _rank(term), term


def _of_members(text: str) -> Iterable[tuple[int, FindTerm]]:
    """Yield the terms of references whose parts are members of their own; if there are none, those of tags."""
    terms = [term for reference in references_of_members(text) if (term := _reference(reference)) is not None]
    named = [term for term in terms if term.repository]
    for term in named or terms:
        yield _LIKELY, term


def _ranked(text: str) -> Iterable[tuple[int, FindTerm]]:
    """Yield each token that can be a reference, with how clear that is."""
    for place in _PLACE.finditer(text):
        yield _NAMED, _place_term(place)
    text = _PLACE.sub(" ", text)
    for found in _TOKEN.finditer(text):
        if _VARIABLE_TAG.match(text, found.start()):
            continue
        token = _KEY.sub("", found[0])
        scheme, _, token = token.rpartition("://")
        token = token.rstrip(":./@-") if not token.endswith("*") else token
        digest = DIGEST_PATTERN.search(token.lower())
        if digest is not None and _TOO_MANY_DIGITS.match(token, digest.start()):
            continue
        if (file := _PATH_DIGEST.search(token)) is not None:
            yield _NAMED, _digest_term(file[1])
            continue
        if _is_container_id(f"{scheme}://{token}") and scheme:
            continue
        if scheme.endswith(("http", "https")) and ".dkr" not in token and digest is None:
            continue
        if _ARN.match(token) and digest is None:
            continue
        if (term := _reference(token)) is not None:
            yield _rank(term), term
        elif digest is not None:  # in the address of a page of the console
            yield _NAMED, _digest_term(digest[0])


def _place_term(place: re.Match[str]) -> FindTerm:
    digest = place["digest"] or ""
    region = re.search(r"[?&#]region=([a-z0-9-]+)", place[0])
    return FindTerm(
        place[0],
        tag="" if digest else DEFAULT_TAG,
        digest=digest,
        repository=place["repository"],
        registry_id=place["account"] or place["console_account"],
        region=place["region"] or place["console_region"] or (region[1] if region else ""),
    )


def _digest_term(digits: str) -> FindTerm:
    digest = _DIGEST + digits.lower().removeprefix(_DIGEST)
    return FindTerm(digest, digest=digest)


def _rank(term: FindTerm) -> int:
    if term.registry_id or term.digest:
        return _NAMED
    if not term.repository:
        return _LIKELY if term.text.lower().startswith(_DIGEST) else _WORD
    if _NUMBERS.fullmatch(term.repository):
        return _WORD
    return _PATH if _has_default_tag(term) else _LIKELY


def _is_clear(word: str) -> bool:
    return word == word.strip(":./@-,;\"'()[]{}<>") and _reference(word) is not None


def _clear_term(word: str) -> FindTerm:
    """Parse a word that must be a reference.

    Raises:
        UsageError: it is none.
    """
    written = word
    for prefix in _HAVING:
        word = word.removeprefix(prefix)
    word = word.removeprefix(_TAG).strip("\"'`,;()[]{}<>…")
    lower = word.lower()
    if (found := _reference(word)) is not None:
        return found
    if (digits := _TOO_MANY_DIGITS.fullmatch(word)) is not None:
        if written.startswith((*_HAVING, _TAG)) and not stored_tag_error(word):
            return FindTerm(word, tag=word)
        reason = f"It has {len(digits[1])} hexadecimal digits, and a digest has 64."
        tag = "" if stored_tag_error(word) else " If it is a tag, write tag: before it."
        raise UsageError(f"{format_quoted(word)!r} is too long", reason, f"Copy the digest again.{tag}")
    if _is_container_id(word):
        raise UsageError(f"{word} is the id of a container, not of an image", "", "Paste the line with imageID.")
    if _ARN.match(word):
        raise UsageError(f"{word} names no image", "", FORMS)
    if has_other_digest(word):
        raise UsageError(f"{word!r} cannot be found", OTHER_DIGEST, FORMS)
    if _SHORT_DIGEST.fullmatch(lower):
        raise UsageError(f"{word!r} is too short", _TOO_FEW, FORMS)
    raise UsageError(f"{word or written!r} is not a reference to an image", _reason(word), FORMS)


def _reason(word: str) -> str:
    """Return why a word is not a reference; empty if there is no one reason."""
    if "*" in word or not word:
        return ""
    if not any(mark in word for mark in "/:@"):
        return stored_tag_error(word)
    try:
        parse_reference(_without_other_host(word))
    except UsageError as error:
        return error.detail
    return ""


def _reference(word: str) -> FindTerm | None:
    """Return the term of a word; None if it is not a reference."""
    if _TOO_MANY_DIGITS.fullmatch(word):
        return None
    prefix = digest_prefix(word)
    if is_digest(prefix):
        return FindTerm(word, digest=prefix)
    if word.lower().startswith(_DIGEST):
        return FindTerm(word, prefix=prefix) if prefix else None
    if "*" in word:
        return _pattern(word)
    if has_other_digest(word):
        return None
    if not stored_tag_error(word):
        return FindTerm(word, tag=word, prefix=prefix)
    try:
        reference = parse_reference(_without_other_host(word), short_digest=True)
    except UsageError:
        return None
    if not reference.repository or _is_container_id(word):
        return None
    is_whole = is_digest(reference.digest)
    return FindTerm(
        word,
        tag="" if reference.digest else reference.tag or DEFAULT_TAG,
        digest=reference.digest if is_whole else "",
        prefix="" if is_whole else reference.digest,
        repository=reference.repository,
        registry_id=reference.registry_id,
        region=reference.region,
    )


def _is_container_id(word: str) -> bool:
    return "://" in word and _WHOLE_HEX.fullmatch(word.rpartition("://")[2].lower()) is not None


def _pattern(word: str) -> FindTerm | None:
    """Return the term of a tag with ``*``, in all repositories or in those of a name, which can have ``*`` too."""
    repository, _, tag = word.rpartition(":")
    if not tag or stored_tag_error(tag.replace("*", "x")) or re.search(r"[^a-z0-9._/*-]", repository):
        return None
    if "*" in tag:
        return FindTerm(word, pattern=tag, repository=repository)
    return FindTerm(word, tag=tag, repository=repository)


def _without_other_host(word: str) -> str:
    """Return a reference without the host of a registry that is not ECR, and without a scheme."""
    rest = word.rpartition("://")[2]
    host = _other_host(word)
    return rest.removeprefix(f"{host}/") if host else rest


def _other_host(word: str) -> str:
    """Return the host of the registry in a reference; empty for ECR and without one."""
    host = _OTHER_HOST.match(word.rpartition("://")[2])
    return "" if host is None or re.search(r"\.dkr[.-]ecr", host[0]) else host[0].rstrip("/")


def _unique(terms: Iterable[FindTerm]) -> tuple[FindTerm, ...]:
    """Return the terms without those that look for the same as another one."""
    return tuple({term._replace(text=""): term for term in terms}.values())
