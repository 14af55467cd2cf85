"""Data as the loss meter walks it: every value with the keys it stands under, numbers as they are written."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from reddy_lib.transcripts.formats.alternatives import with_the_best
from reddy_lib.transcripts.formats.elements import elements, looks_like_elements
from reddy_lib.transcripts.formats.json_form import decode

__all__ = ["ABOUT", "Number", "Pairs", "decoded", "is_about", "leaves", "other_readings"]

ABOUT = frozenset(
    ("summary", "summaries", "summarization", "summarisation", "abstract", "title", "headline", "gist", "subject", "topic",
     "topics", "keywords", "synopsis", "zusammenfassung", "resumen", "résumé", "samenvatting", "riassunto", "resumo")
)  # fmt: skip
"""Words in keys of data whose text is about the call, and never what was said in it."""
_NOTES = frozenset(
    ("note", "notes", "memo", "remark", "remarks", "comment", "comments", "notiz", "notizen", "bemerkung", "nota", "notas",
     "comentario", "comentarios", "observaciones", "remarque", "remarques", "commentaire", "notitie", "notities", "notatka",
     "notatki")
)  # fmt: skip
_OF_STAFF = frozenset(
    ("agent", "agents", "advisor", "internal", "private", "acw", "wrap", "wrapup", "qa", "coach", "reviewer", "supervisor",
     "interna", "interne", "interno", "internas", "internen", "wewnetrzna", "agente")
)  # fmt: skip
"""Words that mark a note as the staff's own. Without them, a note may be a chat message or the customer's question."""
_PART = re.compile(r"[^\W\d_]+?(?=[A-Z][^\W\d_A-Z])|[^\W\d_]+")


def is_about(key: str) -> bool:
    """Return whether a key says that its text is about the call: a summary, a title, a note of the agent's."""
    words = {word.casefold() for word in _PART.findall(key)}
    return bool(words & ABOUT or (words & _NOTES and words & _OF_STAFF))


def other_readings(data: Any) -> Counter[str]:
    """Texts of this data that are further readings of the same words, as a recogniser gives several."""
    plain = _plain(data)
    best = with_the_best(plain)
    if best is plain:
        return Counter()
    return Counter(text for _, text in leaves(plain) if isinstance(text, str)) - Counter(
        text for _, text in leaves(best) if isinstance(text, str)
    )


def _plain(data: Any) -> Any:
    """Objects as dictionaries, numbers as numbers."""
    if isinstance(data, Pairs):
        return {name: _plain(value) for name, value in data}
    if isinstance(data, dict):
        return {name: _plain(value) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return [_plain(value) for value in data]
    if isinstance(data, Number):
        with suppress(ValueError):
            return float(data)
    return data


class Number(str):
    """A number of JSON as it is written."""


def decoded(text: str) -> Any:
    """Data with its numbers as they are written; several values one after the other are a list of them.

    Raises ValueError: no data.
    """
    try:
        return _values(text)
    except (ValueError, RecursionError):
        return decode(text).data


def _values(text: str) -> Any:
    decoder = json.JSONDecoder(
        parse_float=Number, parse_int=Number, parse_constant=Number, object_pairs_hook=Pairs
    )
    values: list[Any] = []
    at = 0
    while at < len(text):
        if text[at] in ",;" or text[at].isspace():
            at += 1
            continue
        value, at = decoder.raw_decode(text, at)
        values.append(value)
    if not values:
        raise ValueError("no data")
    return values[0] if len(values) == 1 else values


class Pairs(list[tuple[str, Any]]):
    """An object of JSON with every key that it has, also one that comes twice."""


def leaves(data: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """(keys it stands under, value) of everything in the data, in its order. An object that says of itself what it is
    (`"type": "summary"`) counts as standing under that word too."""
    waiting: list[tuple[tuple[str, ...], Any]] = [((), data)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict | Pairs):
            pairs = list(value.items()) if isinstance(value, dict) else value
            for name, inner in pairs:
                if name in ("type", "kind") and isinstance(inner, str) and inner.casefold() in ABOUT:
                    path = (*path, inner)
            waiting.extend(((*path, str(name)), inner) for name, inner in reversed(pairs))
        elif isinstance(value, list | tuple | set):
            waiting.extend((path, inner) for inner in reversed(list(value)))
        elif (
            isinstance(value, str)
            and value[:1] in ("{", "[", "<")
            and len(value) > 20
            and (inside := _inside(value)) is not None
        ):
            waiting.append((path, inside))
        else:
            yield path, value


def _inside(text: str) -> Any:
    """JSON or XML that was written into a string of JSON."""
    try:
        if text[0] == "<":
            return elements(text) if looks_like_elements(text) else None
        return _values(text)
    except (ValueError, RecursionError):
        return None
