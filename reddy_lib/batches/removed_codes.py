"""Remove security codes and PINs for good, once a change has masked them.

PCI DSS forbids keeping a security code after authorisation, even encrypted. So a change that puts the mask of one in place
of words also takes these words out of every other copy that the ledger has of the call: the sheet's cells, the call as it
was loaded, earlier payloads, the values in its history, and texts of findings. That something was removed is stored
(`removed_codes`); undoing the change restores everything else, and leaves the mask.

What was removed is told from the text before and after, so it makes no difference who masked it: a step, a decision, or a
person who typed the mask.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import sqlalchemy as sa

from reddy_lib.batches.masked_names import distinct, without_count
from reddy_lib.database.privacy_tables import removed_codes
from reddy_lib.database.schema import calls, earlier_payloads, edits
from reddy_lib.model import Call, from_payload
from reddy_lib.personal_data import NOT_KEPT, TITLES

if TYPE_CHECKING:
    from reddy_lib.batches.stored_batch import StoredBatch

__all__ = [
    "FORBIDDEN",
    "Masked",
    "calls_without_codes",
    "codes_removed",
    "gone_for_good",
    "masked_codes",
    "remove_codes",
]

FORBIDDEN = tuple(f"[{TITLES[kind]}]" for kind in NOT_KEPT)
"""The masks of what may not be kept."""

_ANY_MASK = re.compile("|".join(re.escape(f"[{title}]") for title in (*TITLES.values(), "number")))
_LINE, _PROSE = 12, 40
"""Characters from which a line is found inside a longer text, and from which a cell is a text in which a code is looked
for. A short cell, such as a duration, keeps a number that happens to be the code."""


class Masked(NamedTuple):
    """A text in which codes were masked: as it was, with the codes masked and nothing else, and the codes."""

    before: str
    without: str
    codes: tuple[tuple[str, str], ...]  # (words, mask)


def masked_codes(old: Call, new: Call) -> list[Masked]:
    """Return the texts of lines and tags in which a change has masked codes; [] where lines were added or deleted."""
    found: list[Masked] = []
    for before, after in (*_lines(old, new), *_tags(old, new)):
        if before != after and any(mask in after for mask in FORBIDDEN):
            one = _masked(before, after)
            if one is not None:
                found.append(one)
    return found


def _lines(old: Call, new: Call) -> Iterable[tuple[str, str]]:
    lines, now = old.transcript or [], new.transcript or []
    return [(a.text, b.text) for a, b in zip(lines, now, strict=True)] if len(lines) == len(now) else []


def _tags(old: Call, new: Call) -> Iterable[tuple[str, str]]:
    tags, now = old.tags or [], new.tags or []
    if len(tags) != len(now):
        return []
    pairs = list(zip(tags, now, strict=True))
    return [
        *((str(a.value), str(b.value)) for a, b in pairs),
        *((a.key, without_count(a.key, b.key)) for a, b in pairs),
    ]


def _masked(before: str, after: str) -> Masked | None:
    """Compare a text with its masked form; None if more than masking changed, or no code was masked."""
    masks = _ANY_MASK.findall(after)
    pattern = "(.+?)".join(map(re.escape, _ANY_MASK.split(after)))
    match = re.fullmatch(pattern, before, re.DOTALL)
    if match is None:
        return None
    codes: list[tuple[str, str]] = []
    parts: list[str] = []
    at = 0
    for number, mask in enumerate(masks, 1):
        said = match[number]
        if mask not in FORBIDDEN or said == mask:
            continue
        parts += [before[at : match.start(number)], mask]
        at = match.end(number)
        codes.append((said, mask))
    return Masked(before, "".join(parts) + before[at:], tuple(codes)) if codes else None


def remove_codes(
    connection: sa.Connection,
    changed: Sequence[tuple[int, str, Call]],
    *,
    operation: str,
    now: float,
) -> None:
    """Take masked codes out of the other copies of these calls, inside the transaction that masked them.

    Args:
        changed: (id of a call, its payload before, the call after).
    """
    for call_id, payload, call in changed:
        texts = [line.text for line in call.transcript or ()]
        texts += [text for tag in call.tags or () for text in (tag.key, str(tag.value))]
        if not any(mask in text for mask in FORBIDDEN for text in texts):
            continue
        found = masked_codes(from_payload(payload), call)
        if found:
            _remove(connection, call_id, found)
            connection.execute(
                removed_codes.insert().values(
                    call_id=call_id,
                    operation_id=operation,
                    codes=sum(len(one.codes) for one in found),
                    at=now,
                )
            )


def _remove(connection: sa.Connection, call_id: int, found: Sequence[Masked]) -> None:
    in_cells, in_words = _cleaner(found, _PROSE), _cleaner(found, 0)
    cleaners = {
        "original": partial(_in_payload, clean=in_words),
        "cells": partial(_cells, clean=in_cells),
        "unassigned": partial(_each, clean=in_words),
        "findings": partial(_each, clean=in_cells),
        "source_findings": partial(_each, clean=in_cells),
    }
    stored = connection.execute(
        sa.select(*(calls.c[name] for name in cleaners)).where(calls.c.id == call_id)
    ).one()
    values = {name: _in_json(stored._mapping[name], clean) for name, clean in cleaners.items()}
    different = {name: text for name, text in values.items() if text != stored._mapping[name]}
    if different:
        connection.execute(calls.update().where(calls.c.id == call_id).values(different))
    of_words = sa.or_(*(edits.c.field.startswith(name) for name in ("transcript", "tags")))
    history = sa.select(edits.c.id, edits.c.before, edits.c.after).where(edits.c.call_id == call_id, of_words)
    in_words_only = partial(_words, clean=in_words)
    for one in connection.execute(history).all():
        before, after = _in_json(one.before, in_words_only), _in_json(one.after, in_words_only)
        if (before, after) != (one.before, one.after):
            connection.execute(edits.update().where(edits.c.id == one.id).values(before=before, after=after))
    earlier = sa.select(earlier_payloads).where(earlier_payloads.c.call_id == call_id)
    for sent in connection.execute(earlier).all():
        body = _in_json(sent.payload, cleaners["original"])
        if body != sent.payload:
            connection.execute(
                earlier_payloads.update()
                .where(earlier_payloads.c.call_id == call_id, earlier_payloads.c.attempt == sent.attempt)
                .values(payload=body)
            )


def _cleaner(found: Sequence[Masked], prose: int) -> Callable[[str], str]:
    """Return what takes the codes out of one text: out of the lines that said them, in any version, and out of no other.
    "My order is 836" is not the line in which the code was 836.

    Args:
        prose: characters from which a text is searched for a code that is in it once, in no line that is known.
    """
    lines = [_Line(one) for one in found]

    def clean(text: str) -> str:
        for line in lines:
            cleaned = "\n".join(map(line.clean, text.split("\n")))
            if cleaned == text and len(text) >= prose > 0:
                cleaned = line.clean_once(text)
            text = cleaned
        return text

    return clean


class _Line:
    """A line that said codes, and how it is found again."""

    def __init__(self, one: Masked) -> None:
        self._one = one
        self._whole = _pattern(one.before)
        self._codes = [
            (_pattern(said), mask) for said, mask in sorted(one.codes, key=lambda code: -len(code[0]))
        ]
        self._others = self._words(one.before)

    def clean(self, text: str) -> str:
        """Return a line without the codes, if it is this one, or an earlier version of it."""
        if text.strip() == self._one.before.strip():
            return self._one.without
        if len(self._one.before) >= _LINE and self._whole.search(text):
            return self._whole.sub(lambda _: self._one.without, text)
        after_label = text[text.find(":") + 1 :] if ":" in text else text
        short = len(self._one.before) < _LINE and after_label.strip(" \"',.") == self._one.before.strip(
            " \"',."
        )
        shared = self._others & self._words(text)
        alike = len(shared) >= max(2, 0.6 * len(self._others))
        return self._bare(text) if short or alike else text

    def clean_once(self, text: str) -> str:
        """Return a text without a code that is in it once."""
        once = all(len(pattern.findall(text)) == 1 for pattern, _ in self._codes)
        return self._bare(text) if once else text

    def _bare(self, text: str) -> str:
        for pattern, mask in self._codes:
            text = pattern.sub(lambda _, mask=mask: mask, text)  # type: ignore[misc]
        return text

    def _words(self, text: str) -> set[str]:
        for pattern, _ in self._codes:
            text = pattern.sub(" ", text)
        return set(_WORD.findall(text.casefold()))


_WORD = re.compile(r"\w+")


def _pattern(text: str) -> re.Pattern[str]:
    """Return what finds a text between other words, whatever blanks are in it."""
    return re.compile(r"(?<!\w)" + r"\s+".join(map(re.escape, text.split())) + r"(?!\w)", re.IGNORECASE)


def _in_json(text: str | None, clean: Callable[[Any], Any]) -> str | None:
    if not text:
        return text
    data = msgspec.json.decode(text)
    cleaned = clean(data)
    return text if cleaned == data else msgspec.json.encode(cleaned).decode()


def _in_payload(payload: Any, *, clean: Callable[[str], str]) -> Any:
    """Clean what was said and the tags: the other fields hold ids."""
    return {
        name: _words(value, clean=clean) if name in ("transcript", "tags") else value
        for name, value in payload.items()
    }


def _words(value: Any, *, clean: Callable[[str], str]) -> Any:
    """Clean the texts of lines, the names and values of tags, or a value that is one."""
    if isinstance(value, list):
        return [_words(one, clean=clean) for one in value]
    if isinstance(value, dict):
        return {
            name: _each(one, clean=clean) if name in ("text", "value", "key") else one
            for name, one in value.items()
        }
    return _each(value, clean=clean)


def _cells(value: Any, *, clean: Callable[[str], str]) -> Any:
    """Clean cells, and the names inside of them. The names of the columns are the sheet's, by which it is read."""
    return {name: _each(one, clean=clean) for name, one in value.items()}


def _each(value: Any, *, clean: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_each(one, clean=clean) for one in value]
    if isinstance(value, dict):
        names = list(value)
        cleaned = distinct(names, list(map(clean, names)))
        return {name: _each(one, clean=clean) for name, one in zip(cleaned, value.values(), strict=True)}
    if isinstance(value, int) and not isinstance(value, bool):
        text = str(value)
        return value if clean(text) == text else clean(text)
    return value


def gone_for_good(items: int) -> str:
    """Return why undoing does not bring codes back, as the end of a sentence."""
    if items == 1:
        return "1 security code or PIN was removed for good, because it must not be stored; its mask stays"
    return f"{items:,} security codes and PINs were removed for good, because they must not be stored; their masks stay"


def calls_without_codes(connection: sa.Connection, call_ids: Sequence[int]) -> set[int]:
    """Return those of these calls from which codes were removed: their masks of codes are not the sheet's own."""
    query = sa.select(removed_codes.c.call_id).where(removed_codes.c.call_id.in_(list(call_ids)))
    return set(connection.execute(query).scalars())


def codes_removed(batch: StoredBatch, operation_id: str) -> int:
    """Return how many security codes and PINs an operation removed for good."""
    query = sa.select(sa.func.coalesce(sa.func.sum(removed_codes.c.codes), 0)).where(
        removed_codes.c.operation_id == operation_id
    )
    with batch.database.read() as connection:
        return int(connection.execute(query).scalar_one())
