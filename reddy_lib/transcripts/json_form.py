"""Transcripts as data: a JSON list of turns, JSON Lines, a Python literal, or an object around one such list.

Turns are recognised by the names of their keys (`classify_key`), compared without case and punctuation, so that
`BeginOffsetMillis`, `begin_offset_millis` and `beginOffsetMillis` are one. The unit of a time is taken from its
key where that names one. Items that hold no text are kept as a line that shows the item itself: an event
("hold", "transfer") is for the analyst to judge.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
import pyjson5

from reddy_lib.findings import Finding, finding
from reddy_lib.model import TranscriptLine
from reddy_lib.transcripts.times import Moment, read_moment
from reddy_lib.transcripts.turns import Listed, Parsed, Turn

__all__ = [
    "Decoded",
    "as_text",
    "classify_key",
    "decode",
    "is_data",
    "quoted",
    "read_exact",
    "read_items",
    "short",
    "unreadable_time",
]


_exact = msgspec.json.Decoder(list[TranscriptLine])
_text = msgspec.json.Decoder(str)
_anything = msgspec.json.Decoder()
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"|\'(?:[^\'\\]|\\.)*+\'', re.DOTALL)
_COMMENT = re.compile(r"//|/\*")
_DEPTH = 200  # how deep data may be nested; no transcript is
_encode = msgspec.json.Encoder().encode

_ROLE_TEXT = """
role speakerrole participantrole participantpurpose participanttype speaker speakerlabel speakername segmentspeaker
speakerid who participant participantname participantid party from sender sendername sendertype
author channel mediachannel channeltag channellabel channelid name user userid type
"""
_ROLE = _ROLE_TEXT.split()
_TEXT_TEXT = """
text decoratedtext displaytext content message utterance transcript sentence body phrase speech said
line transcription humantranscript plaintext words value originaltext displayname texto texte nachricht mensaje tekst
"""
_TEXT = _TEXT_TEXT.split()
_START_TEXT = """
start starttime startoffset begin begintime beginoffset offset startsec starttimestamp timestart
from startseconds timestamp time absolutetime ts s inicio debut beginn von
"""
_START = _START_TEXT.split()
_STOP_TEXT = """
end endtime endoffset endts stop stoptime finish finishtime endtimestamp timeend to e fin ende bis
"""
_STOP = _STOP_TEXT.split()
_DURATION_TEXT = """
duration length dur dauer duree duracion
"""
_DURATION = _DURATION_TEXT.split()
_UNITS = {
    "milliseconds": 0.001, "millisecond": 0.001, "millis": 0.001, "msec": 0.001, "ms": 0.001,
    "microseconds": 1e-6, "micros": 1e-6, "usec": 1e-6, "us": 1e-6, "inticks": 1e-7, "ticks": 1e-7,
    "seconds": 1.0, "second": 1.0, "secs": 1.0, "sec": 1.0,
}  # fmt: skip
_RANKS: dict[str, tuple[str, int]] = {
    **{name: ("duration", rank) for rank, name in enumerate(_DURATION)},
    **{name: ("stop", rank) for rank, name in enumerate(_STOP)},
    **{name: ("start", rank) for rank, name in enumerate(_START)},
    **{name: ("text", rank) for rank, name in enumerate(_TEXT)},
    **{name: ("role", rank) for rank, name in enumerate(_ROLE)},
}
_STARTS_AS_DATA = re.compile(r"\s*(?:\[\s*(?:[\[{\"'\]]|$)|\{\s*[\"'}]|\{\s*$)")


class Key(NamedTuple):
    """What a key of a turn means: "role", "text", "start", "stop" or "duration"; lower ranks are preferred."""

    part: str
    rank: int
    factor: float | None = None


@lru_cache(maxsize=2048)
def classify_key(name: str) -> Key | None:
    """The meaning of a key's name, with the unit that the name gives away (seconds a unit); None: not known."""
    plain = re.sub(r"[\W_]+", "", name).casefold()
    if plain in _RANKS and plain != "us":
        return Key(*_RANKS[plain])
    for suffix, factor in _UNITS.items():
        stem = plain.removesuffix(suffix)
        if stem != plain and stem in _RANKS and _RANKS[stem][0] in ("start", "stop", "duration"):
            part, rank = _RANKS[stem]
            # Beside a start of another clock, an offset with its unit counts from the start of the call.
            return Key(part, -1 if stem == "offset" else rank, factor)
    return None


class Plan(NamedTuple):
    """Which keys of a turn hold what, for turns with the same set of keys."""

    role: tuple[str, ...]
    text: tuple[str, ...]
    start: tuple[tuple[str, float | None], ...]
    stop: tuple[tuple[str, float | None], ...]
    duration: tuple[tuple[str, float | None], ...]


@lru_cache(maxsize=2048)
def _plan(names: tuple[str, ...]) -> Plan:
    parts: dict[str, list[tuple[int, str, float | None]]] = {}
    for name in names:
        key = classify_key(name)
        if key is not None:
            parts.setdefault(key.part, []).append((key.rank, name, key.factor))
    # "from" and "to" are people in a chat and times in a subtitle: people unless both stand without another start.
    starts = parts.get("start", [])
    if not starts and any(classify_key(n) and n.casefold() == "to" for n in names):
        roles = parts.get("role", [])
        moved = [item for item in roles if item[1].casefold() == "from" and len(roles) > 1]
        parts["role"] = [item for item in roles if item not in moved]
        parts["start"] = moved
    ordered = {part: sorted(items) for part, items in parts.items()}
    return Plan(
        tuple(name for _, name, _ in ordered.get("role", [])),
        tuple(name for _, name, _ in ordered.get("text", [])),
        tuple((name, factor) for _, name, factor in ordered.get("start", [])),
        tuple((name, factor) for _, name, factor in ordered.get("stop", [])),
        tuple((name, factor) for _, name, factor in ordered.get("duration", [])),
    )


def is_data(text: str) -> bool:
    """Does this text start as JSON or a Python literal would (and not as `[00:12] Agent:` does)?"""
    return _STARTS_AS_DATA.match(text) is not None


def quoted(text: str) -> str | None:
    """The text inside a JSON string such as `"Agent: Hi\\nCaller: Hello"`, which is a transcript written twice."""
    if not text.startswith('"') or not text.endswith('"'):
        return None
    try:
        return _text.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None


def read_exact(text: str) -> list[TranscriptLine] | None:
    """The turns of a text that is exactly what Reddy takes, or None: the usual case, decoded at full speed."""
    try:
        return _exact.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return None


class Decoded(NamedTuple):
    """Data from a text. `rest`: what stood behind it; `mended`: what was passed over to read it, in words, or ""."""

    data: Any
    rest: str = ""
    mended: str = ""


def decode_whole(text: str) -> None:
    """Raises ValueError: this is no JSON, and no JSON Lines, from the first to the last character."""
    try:
        _anything.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        try:
            _anything.decode_lines(text)
        except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
            raise ValueError("no JSON to its end") from None


def decode(text: str) -> Decoded:
    """JSON, JSON Lines, JSON5 (comments, commas too many), a leading value with something behind it, or a Python literal.

    A line of JSON Lines that could not be read stays in the data as `Unread`. Raises ValueError: not data at all.
    """
    try:
        return Decoded(_anything.decode(text))
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        pass
    rows = [row for row in text.splitlines() if row.strip()]
    if len(rows) > 1 and all(row.lstrip()[:1] == "{" for row in rows):
        items: list[Any] = []
        bad = 0
        for row in rows:
            try:
                items.append(_anything.decode(row))
            except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
                items.append(Unread(row))
                bad += 1
        if bad * 2 < len(rows):
            return Decoded(items)
    if "\\U" not in text:  # Python writes rare characters so, JSON5 knows nothing of it
        try:
            data = pyjson5.decode(text, _DEPTH)
        except pyjson5.Json5ExtraData as error:
            leading = _leading(text, error)
            if leading is not None:
                return leading
        except (pyjson5.Json5DecoderException, RecursionError):
            pass
        else:
            commented = "/" in text and _COMMENT.search(_STRING.sub("", text)) is not None
            return Decoded(data, mended="comments in it" if commented else "")
    try:
        return Decoded(ast.literal_eval(text.strip()))
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError) as error:
        raise ValueError("neither JSON nor a Python literal") from error


def _leading(text: str, error: pyjson5.Json5ExtraData) -> Decoded | None:
    """The first value of a text, with what is behind it; None where that is not known for sure."""
    place = re.search(r"near (\d+)", str(error.args[0]) if error.args else "")
    if place is None or not isinstance(error.result, dict | list) or not error.result:
        return None
    end = int(place[1])
    if text[end - 1 : end] not in ("}", "]"):
        return None
    rest = text[end:].strip()
    if rest.strip("{}[]();, \n\r\t"):
        return Decoded(error.result, rest, "text behind its end")
    return Decoded(error.result, "", f"{rest[:20]!r} behind its end, which closes nothing")


class Unread(str):
    """A line of JSON Lines that is not JSON: kept, as a line of its own."""


def find_turns(data: Any) -> list[Any] | None:
    """The one list of turns inside `data`; None where there is none, or more than one that could be it."""
    if isinstance(data, list | tuple):
        return list(data)
    if not isinstance(data, dict):
        return None
    found: list[list[Any]] = []
    _collect(data, found, 0)
    with_roles = [items for items in found if any(_plan(tuple(map(str, item))).role for item in items[:3])]
    candidates = with_roles or found
    if len(candidates) == 1:
        return candidates[0]
    if not candidates and _plan(tuple(map(str, data))).text:
        return [data]
    return None


def _collect(data: Any, found: list[list[Any]], depth: int) -> None:
    if depth > 6:
        return
    if isinstance(data, dict):
        for value in data.values():
            _collect(value, found, depth + 1)
    elif isinstance(data, list):
        heads = [item for item in data[:3] if isinstance(item, dict)]
        if heads and len(heads) == len(data[:3]) and any(_has_text(item) for item in heads):
            found.append(data)
            return
        for value in data[:50]:
            _collect(value, found, depth + 1)


def _has_text(item: dict[Any, Any]) -> bool:
    return any(isinstance(item[name], str) for name in _plan(tuple(map(str, item))).text if name in item)


def read_items(items: Sequence[Any]) -> Parsed:
    """Turns from a list of objects, pairs or texts; anything else becomes a line that shows the item."""
    parsed = Parsed("json", [])
    for item in items:
        if isinstance(item, dict):
            _read_object({str(key): value for key, value in item.items()}, parsed)
        elif (
            isinstance(item, list | tuple)
            and 2 <= len(item) <= 4
            and all(isinstance(x, str) for x in item[:2])
        ):
            _read_pair(item, parsed)
        else:
            _keep(item, parsed)
    return parsed


def _keep(item: Any, parsed: Parsed) -> None:
    """The item as a line of its own, with the finding that says so."""
    text = item if isinstance(item, str) else as_text(item)
    parsed.notes.append(
        (
            len(parsed.turns),
            finding(
                "line-not-read",
                "transcript",
                f"This item of the transcript holds no text that could be read: {short(text)}",
                value=text,
            ),
        )
    )
    parsed.turns.append(Turn("", text))


def _read_pair(item: Sequence[Any], parsed: Parsed) -> None:
    turn = Turn(item[0].strip(), item[1])
    for name, value in zip(("start", "stop"), item[2:], strict=False):
        setattr(turn, name, _moment(value, None, name, parsed))
    parsed.turns.append(turn)


def _read_object(item: dict[str, Any], parsed: Parsed) -> None:
    plan = _plan(tuple(item))
    text: str | None = None
    for name in plan.text:
        value = item[name]
        if isinstance(value, str):
            if value.strip() or text is None:
                text = value
            if value.strip():
                break
        elif isinstance(value, list) and value and all(isinstance(part, str) for part in value):
            text = " ".join(value)
            break
        elif isinstance(value, int | float) and not isinstance(value, bool):
            text = str(value)
            break
        elif value is None and text is None:
            text = ""
    if text is None:
        _keep(item, parsed)
        return
    label = ""
    for name in plan.role:
        value = item[name]
        if isinstance(value, str) and value.strip():
            label = value.strip()
            break
        if isinstance(value, int | float) and not isinstance(value, bool):
            label = f"{name} {value:g}"
            break
        if isinstance(value, dict):
            inner = _plan(tuple(map(str, value))).role
            named = next(
                (value[key] for key in inner if isinstance(value.get(key), str) and value[key].strip()), ""
            )
            if named:
                label = named.strip()
                break
    turn = Turn(label, text)
    turn.start = _first(item, plan.start, "start", parsed)
    turn.stop = _first(item, plan.stop, "stop", parsed)
    if turn.stop is None:
        turn.duration = _first(item, plan.duration, "stop", parsed)
    words = item.get("words")
    if isinstance(words, list) and words and isinstance(words[0], dict):
        turn.words = Listed(words)
    parsed.turns.append(turn)


def _first(
    item: dict[str, Any], names: Sequence[tuple[str, float | None]], field: str, parsed: Parsed
) -> Moment | None:
    for name, factor in names:
        value = item[name]
        if isinstance(value, dict):  # {"AbsoluteTime": "…"}, {"seconds": "5"}
            inner = [key for key in value if isinstance(value[key], str | int | float)]
            value = value[inner[0]] if len(inner) == 1 else None
        if value is not None and value != "":
            return _moment(value, factor, field, parsed)
    return None


def _moment(value: Any, factor: float | None, field: str, parsed: Parsed) -> Moment | None:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    moment = read_moment(value, factor)
    if moment is None:
        parsed.notes.append((len(parsed.turns), unreadable_time(value, field)))
    return moment


def unreadable_time(value: object, field: str) -> Finding:
    """The finding for a time that is no time."""
    text = value if isinstance(value, str) else as_text(value)
    return finding(
        "time-unreadable",
        field,
        f"The {field} {short(text)!r} is not a time; it was left empty.",
        value=text,
    )


def as_text(item: Any) -> str:
    try:
        return _encode(item).decode()
    except (TypeError, ValueError, RecursionError):
        return repr(item)


def short(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"
