"""Find a person in all batches, by an email address, a telephone number or an id, and forget everything about her.

The identifier is compared in folded form (see `batches.folding`): case, accents, width and kinds of dashes do not count. A
telephone number is compared by its digits, with or without a country code and a leading zero. Everything else has to be a
word of its own: "4711" is not found in "147110". A number of six digits or more is also found where it is said in a
transcript, in words and over turns ("double seven").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import sqlalchemy as sa

import reddy_lib.arguments as arguments
from reddy_lib.batches.folding import fold
from reddy_lib.database.schema import (
    attempts,
    batches,
    calls,
    earlier_payloads,
    edits,
    facts,
    operations,
    past_outcomes,
    profiles,
    recipes,
    recordings,
    resends,
    submissions,
)
from reddy_lib.forgetting.receipts import Counts
from reddy_lib.model import from_payload
from reddy_lib.personal_data import heard_numbers

if TYPE_CHECKING:
    import pandas as pd

    from reddy_lib.database.database import Database

__all__ = ["Found", "Matcher", "found_frame", "people_in", "wipe_elsewhere"]

PIECE = 1_000
SHORTEST = 4
"""Characters of an identifier: a shorter one would be found by chance."""

_NUMBER = re.compile(r"[+(]?\d[\d ()./-]*\d")
_PHONE = re.compile(r"\+?[\d ()./-]+")
_ESCAPES = (("\\n", " "), ("\\t", " "), ("\\r", " "), ('\\"', '"'), ("\\\\", "\\"))
_BETWEEN_DIGITS = str.maketrans(dict.fromkeys(" ()./-\u00a0\u2010\u2011\u2012\u2013\u2014\u2212"))
_SPOKEN = 6
"""Digits from which a number is looked for in words: a shorter one would be found by chance."""
_SIGNIFICANT = 7
"""Digits that a telephone number needs at least, and by which two are compared at least."""


class Found(NamedTuple):
    """A call that names a person, and where: fields, transcript, tags, cells, history, answers, recording."""

    call_id: int
    batch_id: str
    row: int
    status: str
    where: tuple[str, ...]


class Matcher:
    """Tells whether a text names a person.

    Raises ValueError: the identifier is too short.
    """

    def __init__(self, identifier: str) -> None:
        folded = fold(arguments.text(identifier, "identifier"))
        if len(folded) < SHORTEST:
            raise ValueError(
                f"An identifier needs {SHORTEST} characters at least: a shorter one is found by chance. Enter an email "
                "address, a telephone number with its area code, or a customer id."
            )
        self._digits = ""
        if _PHONE.fullmatch(folded):
            digits = _significant(folded)
            if len(digits) >= _SIGNIFICANT and (len(digits) >= 9 or re.search(r"\D", folded)):
                self._digits = digits
        before = r"(?<![\w.+-])" if "@" in folded else r"(?<!\w)"
        after = r"(?![\w-]|\.\w)" if "@" in folded else r"(?!\w)"
        self._pattern = re.compile(before + re.escape(folded) + after)
        self._core = folded
        # A country code may be left out, as in `_is_number`.
        self._spoken = self._digits[-max(_SIGNIFICANT, len(self._digits) - 3) :]
        if not self._digits and folded.isdigit() and len(folded) >= _SPOKEN:
            self._spoken = folded

    def __call__(self, text: str) -> bool:
        """Return whether a text, as it is, names the person."""
        folded = fold(text)
        if self._core in folded and self._pattern.search(folded):
            return True
        return bool(self._digits) and any(self._is_number(found[0]) for found in _NUMBER.finditer(folded))

    def is_said(self, payload: str) -> bool:
        """Return whether somebody says the person's number in the transcript of a payload, in whatever words."""
        if not self._spoken or '"transcript"' not in payload:
            return False
        return any(self._spoken in digits for digits in heard_numbers(from_payload(payload).transcript or ()))

    def in_json(self, text: str | None) -> bool:
        """Return whether a string of a JSON text, a name or a value, names the person."""
        if not text or not self._may_be_in(text):
            return False
        return any(self(found) for found in strings_of(msgspec.json.decode(text)))

    def _may_be_in(self, text: str) -> bool:
        """Return False where the text need not be decoded, which takes twenty times as long."""
        plain = text
        if "\\" in text:
            for escaped, character in _ESCAPES:
                plain = plain.replace(escaped, character)
        if self._core in fold(plain):
            return True
        return bool(self._digits) and self._digits[-_SIGNIFICANT:] in plain.translate(_BETWEEN_DIGITS)

    def _is_number(self, text: str) -> bool:
        digits = _significant(text)
        if len(digits) < _SIGNIFICANT:
            return False
        return digits.endswith(self._digits) or (
            self._digits.endswith(digits) and len(self._digits) - len(digits) <= 3
        )


def _significant(text: str) -> str:
    """Return the digits of a telephone number without leading zeros, and without "(0)"."""
    return re.sub(r"\D", "", text.replace("(0)", "")).lstrip("0")


def strings_of(value: Any) -> Iterator[str]:
    """Yield every name and value of JSON data; numbers as text."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from strings_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings_of(inner)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)


_FIELDS = ("agent_email", "conversation_id", "filename", "speaker", "product_id")


def people_in(
    database: Database, match: Matcher, *, on_progress: Callable[[int], object] | None = None
) -> Iterator[Found]:
    """Yield the calls of all batches that name a person, by batch and row.

    `on_progress`: called with the number of calls that were looked through.

    Raises NotAllowed: this view's person may not administer.
    """
    database.require("administer")
    others = _others(database, match)
    last, looked = 0, 0
    columns = (
        calls.c.id, calls.c.batch_id, calls.c.row, calls.c.status, calls.c.payload, calls.c.original, calls.c.cells,
        calls.c.unassigned, calls.c.error, calls.c.findings, calls.c.source_findings,
    )  # fmt: skip
    while True:
        query = sa.select(*columns).where(calls.c.id > last, calls.c.forgotten_at.is_(None))
        with database.read() as connection:
            found = connection.execute(query.order_by(calls.c.id).limit(PIECE)).all()
        if not found:
            return
        for one in found:
            where = [*_in_call(one, match), *others.get(one.id, ())]
            if where:
                yield Found(one.id, one.batch_id, one.row, one.status, tuple(dict.fromkeys(where)))
        last, looked = found[-1].id, looked + len(found)
        if on_progress is not None:
            on_progress(looked)


def _in_call(one: Any, match: Matcher) -> Iterator[str]:
    if match.in_json(one.payload):
        payload = msgspec.json.decode(one.payload)
        if any(match(text) for name in _FIELDS for text in strings_of(payload.get(name))):
            yield "fields"
        if any(match(line["text"]) for line in payload.get("transcript") or ()):
            yield "transcript"
        if any(match(text) for text in strings_of(payload.get("tags"))):
            yield "tags"
    if one.payload and match.is_said(one.payload):
        yield "transcript"
    if match.in_json(one.cells):
        yield "cells"
    if any(map(match.in_json, (one.original, one.unassigned, one.findings, one.source_findings))):
        yield "history"
    if one.error and match(one.error):
        yield "answers"


def _others(database: Database, match: Matcher) -> dict[int, list[str]]:
    """Return call → where else it names the person: history, answers, and names of recordings."""
    found: dict[int, list[str]] = {}
    texts = (
        ("history", edits.c.call_id, edits.c.before, True),
        ("history", edits.c.call_id, edits.c.after, True),
        ("history", earlier_payloads.c.call_id, earlier_payloads.c.payload, True),
        ("history", resends.c.call_id, resends.c.reason, False),
        ("answers", attempts.c.call_id, attempts.c.words, False),
        ("answers", past_outcomes.c.call_id, past_outcomes.c.error, False),
        ("recording", recordings.c.call_id, recordings.c.name, False),
        ("recording", recordings.c.call_id, recordings.c.path, False),
    )
    with database.read() as connection:
        for where, call_id, column, is_json in texts:
            query = sa.select(call_id, column).where(column.is_not(None))
            test = match.in_json if is_json else match
            for call, text in connection.execute(query.execution_options(yield_per=PIECE)):
                if test(text):
                    found.setdefault(call, []).append(where)
    return found


def found_frame(database: Database, found: list[Found]) -> pd.DataFrame:
    """Return what was found: batch (its name), batch_id, row, status, where (separated by commas)."""
    import pandas as pd

    with database.read() as connection:
        names = {row[0]: row[1] for row in connection.execute(sa.select(batches.c.id, batches.c.name))}
    rows = [
        (names.get(one.batch_id, ""), one.batch_id, one.row, one.status, ", ".join(one.where))
        for one in found
    ]
    frame = pd.DataFrame(rows, columns=["batch", "batch_id", "row", "status", "where"])
    frame["row"] = frame["row"].astype("int64")
    return frame


def wipe_elsewhere(connection: sa.Connection, match: Matcher) -> Counts:
    """Remove the person from what is not a call's: profiles, recipes, titles of operations, names of batches."""
    counts = Counts()
    for table in (profiles, batches):
        for one in connection.execute(sa.select(table.c.id, table.c.mapping)).all():
            if match.in_json(one.mapping):
                left = msgspec.json.encode(_without(msgspec.json.decode(one.mapping), match)).decode()
                connection.execute(table.update().where(table.c.id == one.id).values(mapping=left))
                counts.profiles += table is profiles
    for recipe in connection.execute(sa.select(recipes.c.id, recipes.c.steps)).all():
        if match.in_json(recipe.steps):
            left_steps = [
                step for step in msgspec.json.decode(recipe.steps) if not any(map(match, strings_of(step)))
            ]
            connection.execute(
                recipes.update()
                .where(recipes.c.id == recipe.id)
                .values(steps=msgspec.json.encode(left_steps).decode())
            )
            counts.recipes += 1
    for done in connection.execute(sa.select(operations.c.id, operations.c.title, operations.c.step)).all():
        if match(done.title) or match.in_json(done.step):
            connection.execute(
                operations.update()
                .where(operations.c.id == done.id)
                .values(title="A change with words that were forgotten", step=None)
            )
            counts.operations += 1
    _rename(connection, match)
    _rename_draws(connection, match)
    return counts


def _rename_draws(connection: sa.Connection, match: Matcher) -> None:
    """Replace names of draws that name the person; the draw stays, and so does its seal."""
    of_draws = sa.select(facts.c.name, facts.c.value).where(facts.c.name.startswith("draw:", autoescape=True))
    for name, value in connection.execute(of_draws).all():
        told = msgspec.json.decode(value)
        if match(str(told.get("name", ""))):
            told["name"] = "Renamed draw"
            left = msgspec.json.encode(told).decode()
            connection.execute(facts.update().where(facts.c.name == name).values(value=left))


def _rename(connection: sa.Connection, match: Matcher) -> None:
    """Replace names of batches, files, profiles and recipes, and reasons of submissions, that name the person."""
    names = (
        (batches, batches.c.name, "Renamed batch"),
        (batches, batches.c.file_name, "renamed"),
        (profiles, profiles.c.name, "Renamed profile"),
        (recipes, recipes.c.name, "Renamed recipe"),
        (submissions, submissions.c.reason, ""),
    )
    for table, column, new in names:
        for id, text in connection.execute(sa.select(table.c.id, column)).all():
            if match(text):
                connection.execute(table.update().where(table.c.id == id).values({column: new}))


_TABLES = ("values", "roles", "pooled_roles", "defaults", "reasons", "doubts")
"""Parts of a mapping whose entries may go; the others name columns and settings."""


def _without(mapping: dict[str, Any], match: Matcher) -> dict[str, Any]:
    return {name: _pruned(value, match) if name in _TABLES else value for name, value in mapping.items()}


def _pruned(value: Any, match: Matcher) -> Any:
    """Return a table without the entries that name the person, in their name or their value."""
    if not isinstance(value, dict):
        return value
    return {
        name: inner if not isinstance(inner, dict) else _pruned(inner, match)
        for name, inner in value.items()
        if not match(name) and (isinstance(inner, dict) or not any(map(match, strings_of(inner))))
    }
