"""What a call says, as a search sees it: folded, by role; and where in the call something was found."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from reddy_lib.batches.folding import fold, fold_lines, folded_with_places
from reddy_lib.batches.query_fields import Conditions, Says
from reddy_lib.model import whole_characters

__all__ = [
    "CallTexts",
    "Hits",
    "Snippet",
    "SpokenCall",
    "can_hold",
    "decode_spoken",
    "folded_words",
    "hits_in",
    "holds",
    "says",
    "spoken_texts",
    "texts_of",
    "value_text",
]

_AROUND = 45  # characters of a snippet at each side of the hit


class _Line(msgspec.Struct, gc=False):
    role: str
    text: str
    start: float | None = None
    stop: float | None = None


class _Tag(msgspec.Struct, gc=False):
    key: str
    value: str | int | float | bool | None = None


class SpokenCall(msgspec.Struct):
    """The part of a payload that is searched and counted."""

    agent_email: str | None = None
    conversation_id: str | None = None
    filename: str | None = None
    transcript: list[_Line] | None = None
    tags: list[_Tag] | None = None


_decoder = msgspec.json.Decoder(SpokenCall, strict=True)


def decode_spoken(payload: str) -> SpokenCall:
    """Decode the searched part of a stored payload."""
    return _decoder.decode(payload)


class CallTexts(NamedTuple):
    """A call's texts, folded: UTF-8, one line a turn or field. `other`: other roles, agent, ids, file name, tags."""

    agent: bytes
    customer: bytes
    other: bytes


class Snippet(NamedTuple):
    """Text around the first hit of a query, and the characters of the hit in it; ("", 0, 0) where nothing was found."""

    text: str = ""
    begin: int = 0
    end: int = 0


class Hits(NamedTuple):
    """Where a call has what a query searches: characters of texts, as (begin, end).

    `lines`: line number from 1 → hits in its text. `fields`: "agent_email", "conversation_id", "filename",
    "tags[2].value" → hits in its value. Tags' names are not searched: nearly every call has the same.
    """

    lines: dict[int, list[tuple[int, int]]]
    fields: dict[str, list[tuple[int, int]]]
    snippet: Snippet


def value_text(value: object) -> str:
    """Return a tag's value, or a cell, as the text that facets show and queries name."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    return msgspec.json.encode(value).decode()


def texts_of(payload: str, call: SpokenCall) -> CallTexts:
    """Return what a payload holds, folded."""
    plain = "\\" not in payload  # JSON escapes every control character
    spoken: dict[str, list[str]] = {"agent": [], "customer": []}
    other = [text for _, text in _fields(call)]
    for line in call.transcript or ():
        spoken.get(line.role, other).append(line.text)
    return CallTexts(
        *(fold_lines(lines, plain=plain).encode() for lines in (spoken["agent"], spoken["customer"], other))
    )


def spoken_texts(call: SpokenCall) -> list[str]:
    """Return the texts of the turns."""
    return [line.text for line in call.transcript or ()]


def _fields(call: SpokenCall) -> Iterator[tuple[str, str]]:
    """Yield the fields that are searched, as (name, text)."""
    for name in ("agent_email", "conversation_id", "filename"):
        value = getattr(call, name)
        if value:
            yield name, value
    for number, tag in enumerate(call.tags or (), start=1):
        yield f"tags[{number}].value", value_text(tag.value)


def can_hold(payload: str, words: Sequence[bytes]) -> bool:
    """Return False where it is certain that a payload does not hold all the folded words, without decoding it.

    Only payloads of plain ASCII without escapes, and words without blanks, can be told so: others are decoded.
    """
    if not payload.isascii() or "\\" in payload:
        return True
    lower = payload.lower()
    return all(b" " in word or word.decode() in lower for word in words)


def holds(texts: CallTexts, word: bytes) -> bool:
    """Return whether a folded word occurs somewhere in a call."""
    return word in texts.agent or word in texts.customer or word in texts.other


def says(texts: CallTexts, role: str, words: Sequence[bytes]) -> bool:
    """Return whether one turn of a role holds all the folded words."""
    spoken = texts.agent if role == "agent" else texts.customer
    if not all(word in spoken for word in words):
        return False
    return len(words) == 1 or any(all(word in line for word in words) for line in spoken.split(b"\n"))


def folded_words(words: Sequence[str]) -> list[bytes]:
    """Return words as `holds` and `says` take them."""
    return [fold(whole_characters(word)).encode() for word in words]


def hits_in(payload: str, query: Conditions, *, first_only: bool = False) -> Hits:
    """Return where a call has what a query searches, with a snippet: of what a role says first, then of the words.

    `first_only`: stop where the snippet is known; a list of calls needs no more.
    """
    call = decode_spoken(payload)
    anywhere = [word.decode() for word in folded_words(query.words) if word]
    said = [(one, [word.decode() for word in folded_words(one.words) if word]) for one in query.says]
    lines: dict[int, list[tuple[int, int]]] = {}
    first: dict[bool, tuple[str, tuple[int, int]]] = {}  # whether a role says it → text, hit
    for number, line in enumerate(call.transcript or (), start=1):
        of_role = _said_here(said, line.role, line.text)
        found = _places(line.text, [*anywhere, *of_role])
        if found:
            lines[number] = found
            first.setdefault(bool(of_role), (line.text, found[0]))
            if first_only and bool(of_role) == bool(said):
                break
    if first_only and first:
        return Hits(lines, {}, _snippet(*(first.get(True) or first[False])))
    fields = {name: found for name, text in _fields(call) if (found := _places(text, anywhere))}
    texts = dict(_fields(call))
    for name, found in fields.items():
        first.setdefault(False, (texts[name], found[0]))
    best = first.get(True) or first.get(False)
    return Hits(lines, fields, _snippet(*best) if best else Snippet())


def _said_here(said: Sequence[tuple[Says, list[str]]], role: str, text: str) -> list[str]:
    """Return the words of those conditions that this turn meets."""
    mine = [words for one, words in said if one.role == role]
    if not mine:
        return []
    folded = fold(text)
    return [word for words in mine if all(word in folded for word in words) for word in words]


def _places(text: str, words: Sequence[str]) -> list[tuple[int, int]]:
    """Return where folded words occur in a text, in order; what overlaps or touches is one place."""
    if not words:
        return []
    folded = fold(text)
    if not any(word in folded for word in words):
        return []
    found, places = folded_with_places(text)
    spans = [
        (places[match.start()][0], places[match.end() - 1][1])
        for word in words
        for match in re.finditer(re.escape(word), found)
    ]
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def _snippet(text: str, hit: tuple[int, int]) -> Snippet:
    """Return about 90 characters around a hit, cut between words, with "…" where something is left out."""
    begin, end = hit
    end = min(end, begin + 2 * _AROUND)
    left = max(0, begin - _AROUND)
    right = min(len(text), max(end + _AROUND, left + 2 * _AROUND))
    if left > 0:
        blank = text.find(" ", left, begin)
        left = blank + 1 if blank >= 0 else left
    if right < len(text):
        blank = text.rfind(" ", end, right)
        right = blank if blank >= 0 else right
    before = ("…" if left > 0 else "") + text[left:begin]
    after = text[end:right] + ("…" if right < len(text) else "")
    return Snippet(before + text[begin:end] + after, len(before), len(before) + end - begin)
