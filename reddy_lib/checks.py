"""Check a call and return findings: what Reddy would refuse, and common mistakes of analysts.

`check` needs only one `Call`. It checks values as they would be sent and never raises for content, so it also works on a
call that is being edited. The other codes of the catalogue are found elsewhere: unreadable cells in `transcripts` and
`spreadsheet`, duplicate conversations in `batches`.

Each rule is a pure function of the call and of `Given` (product list, clock); `RULES` lists the rules with their codes.
Checks run on every call during a load, so a rule that looks at lines must be fast for correct calls: it builds texts only
for findings.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from operator import le
from typing import Any, NamedTuple, TypeGuard

from reddy_lib.arguments import product_dicts
from reddy_lib.findings import CATALOGUE, Finding, finding
from reddy_lib.identity import is_printable
from reddy_lib.model import ROLES, SEPARATIONS, TAG_TYPES, Call, TranscriptLine
from reddy_lib.transcripts.speakers import roles_swapped
from reddy_lib.transcripts.times import looks_like_milliseconds

__all__ = ["MOST_OF_A_CODE", "RULES", "Given", "check", "findings_of"]

MOST_OF_A_CODE = 20
"""Maximum number of findings of one code per call; the rest are summarised in one sentence."""

_FORWARD = 300.0  # seconds that a call may start after now: the clocks of two machines differ
_MILLISECONDS = 1e11  # as seconds since the epoch the year 5138; as milliseconds 1973
# Apple counts seconds from 2001. Read as seconds since 1970, they become dates before 2000.
_YEAR_2000 = 946_684_800.0
_LONGEST_CALL = 86_400.0  # no call lasts a day, but one of 87 s in milliseconds exceeds this number
_LONG_CALL = 1_000.0  # shorter calls are not checked for milliseconds
_BACKWARDS = 1.0  # people talk over each other, so a line may start slightly before the line above it
_WHOLE_NUMBERS = 2**63  # larger integers are not read correctly by many JSON parsers

_ROLES = frozenset(ROLES)
_FLOAT = frozenset((float,))

_ADDRESS = re.compile(
    r"(?=[^@]{1,64}@)"
    r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*"
    r"@(?:[^\W_](?:(?:[^\W_]|-){0,61}[^\W_])?\.)+"
    r"(?:[^\W\d_]{2,63}|xn--[a-z0-9-]{1,59})",
    re.IGNORECASE,
)
_ADDRESS_LENGTH = 254


class Given(NamedTuple):
    """What a rule knows besides the call.

    `products` is Reddy's list, None if unknown; `now` is in seconds since the epoch; `recording` is True if the file that
    the call names is attached.
    """

    products: Sequence[Mapping[str, Any]] | None
    now: float
    recording: bool = False


def check(
    call: Call,
    *,
    products: Iterable[Any] | None = None,
    now: float | None = None,
    recording: bool = False,
) -> list[Finding]:
    """Return all findings of a call, in the order of the catalogue.

    Args:
        products: Reddy's list, from `Client.list_products` or as dicts with id, name, status. If None, a product is
            required but not looked up.
        now: seconds since the epoch after which a start is in the future; this machine's clock by default.
        recording: True if the file that the call names is attached (`Batch.attach`), so that Reddy can grade from it.

    If one code has more than `MOST_OF_A_CODE` findings, the last one states how many more there are.
    """
    if not isinstance(call, Call):
        raise TypeError(f"check takes a Call, not {type(call).__name__}.")
    return findings_of(call, Given(product_dicts(products), time.time() if now is None else now, recording))


def findings_of(call: Call, given: Given) -> list[Finding]:
    """Return what `check` does, for many calls of which the same is known."""
    rules = _OTHER_RULES if _lines_are_plain(call.transcript or ()) else _ALL_RULES
    found = [one for rule in rules for one in rule(call, given)]
    return found if len(found) <= MOST_OF_A_CODE else _summarised(found)


# --- agent and product -------------------------------------------------------------------------------------


def _agent_email(call: Call, given: Given) -> Iterator[Finding]:
    address = call.agent_email
    if address is None or not address.strip():
        yield finding("agent-email-missing", "agent_email", "This call names no agent.")
    elif not _is_address(address):
        message = f"“{_shortened(address)}” is not an email address: {_what_is_wrong_with(address)}."
        yield finding("agent-email-invalid", "agent_email", message, value=address)


@lru_cache(maxsize=4096)  # a batch has many calls but few agents
def _is_address(text: str) -> bool:
    return len(text) <= _ADDRESS_LENGTH and _ADDRESS.fullmatch(text) is not None


def _what_is_wrong_with(address: str) -> str:
    if len(address) > _ADDRESS_LENGTH:
        return f"it has {len(address)} characters, and an address has at most {_ADDRESS_LENGTH}"
    if any(character.isspace() for character in address):
        return "it contains a space"
    if address.count("@") != 1:
        return "it has no @" if "@" not in address else f"it has {address.count('@')} @ signs"
    name, domain = address.split("@")
    if not name:
        return "it has nothing before the @"
    if "." not in domain:
        return "the part after the @ has no dot"
    return "a character or dot is in a place where it is not allowed"


def _product(call: Call, given: Given) -> Iterator[Finding]:
    number: object = call.product_id
    if number is None:
        yield finding("product-missing", "product_id", "This call has no product.")
    elif isinstance(number, bool) or not isinstance(number, int):
        message = f"“{number}” is not a product id."
        yield finding("product-unknown", "product_id", message, value=number)
    elif given.products is not None:
        product = next((one for one in given.products if one["id"] == number), None)
        if product is None:
            message = f"Product {number} is not in Reddy's list of {len(given.products)} products."
            yield finding("product-unknown", "product_id", message, value=number)
        elif str(product.get("status") or "active").casefold() != "active":
            message = f"Product {number} ({product.get('name')}) is {product['status']}."
            yield finding("product-inactive", "product_id", message, value=number)


# --- transcript --------------------------------------------------------------------------------------------


def _material(call: Call, given: Given) -> Iterator[Finding]:
    """Check that there is something to grade: a transcript, a recording, or both (which Reddy then does not redact)."""
    recording = (call.filename or "").strip()
    if any(line.text.strip() for line in call.transcript or ()):
        if recording and given.recording:
            message = f"The recording {recording} is sent with a transcript, so Reddy will not redact it."
            yield finding("recording-with-transcript", "filename", message, value=recording)
        elif recording:
            message = (
                f"This call has a transcript and names the recording {recording}, but no file is attached. Reddy would "
                "wait for the recording, and does not redact one that comes with a transcript."
            )
            yield finding("recording-with-transcript", "filename", message, value=recording)
    elif recording and not given.recording:
        message = f"This call has no transcript, and the file of its recording {recording} is not attached."
        yield finding("recording-not-sent", "filename", message, value=recording)
    elif recording:
        return  # Reddy grades from the recording
    elif call.transcript:
        message = f"The transcript has {_counted(len(call.transcript), 'line')} and no text."
        yield finding("transcript-missing", "transcript", message)
    else:
        message = "This call has neither a transcript nor a recording."
        yield finding("transcript-missing", "transcript", message)


def _roles(call: Call, given: Given) -> Iterator[Finding]:
    for number, line in enumerate(call.transcript or (), 1):
        if line.role not in ROLES:
            role = line.role.strip()
            if not role:
                message = f"Line {number} has no role."
            elif role.casefold() in ROLES:
                message = f"Line {number} has the role “{line.role}”: Reddy expects {role.casefold()}."
            else:
                message = (
                    f"Line {number} has the role “{_shortened(role)}”: Reddy accepts agent and customer."
                )
            yield finding("role-unknown", "role", message, line=number, value=line.role)


def _sides(call: Call, given: Given) -> Iterator[Finding]:
    """Report swapped roles if the customer greets like an agent and the agent never does."""
    swapped = roles_swapped(call.transcript or ())
    if swapped is not None:
        yield swapped


def _texts(call: Call, given: Given) -> Iterator[Finding]:
    for number, line in enumerate(call.transcript or (), 1):
        if not line.text or line.text.isspace():
            yield finding("text-empty", "text", f"Line {number} has no text.", line=number)


_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
"""Control characters other than tabs and line breaks: typical of text read in the wrong encoding."""


def _controls(call: Call, given: Given) -> Iterator[Finding]:
    texts = [line.text for line in call.transcript or ()]
    # Few texts are not printable (line breaks, hard spaces), and only those are searched.
    if not is_printable("".join(texts)):
        for number, text in enumerate(texts, 1):
            if found := _CONTROL.findall(text):
                yield _of_controls(f"Line {number}", "text", number, found)
    for number, tag in enumerate(call.tags or (), 1):
        for said in (tag.key, tag.value):
            if isinstance(said, str) and not said.isprintable() and (found := _CONTROL.findall(said)):
                yield _of_controls(f"Tag {number}", "tags", number, found)


def _of_controls(where: str, field: str, number: int, found: Sequence[str]) -> Finding:
    names = ", ".join(f"U+{ord(char):04X}" for char in list(dict.fromkeys(found))[:5])
    noun = "a control character" if len(found) == 1 else f"{len(found):,} control characters"
    return finding("control-characters", field, f"{where} holds {noun} ({names}).", line=number, value=names)


def _times(call: Call, given: Given) -> Iterator[Finding]:
    for number, line in enumerate(call.transcript or (), 1):
        start, stop = line.start, line.stop
        if start is not None and not _is_time(start):
            yield _bad_time(number, "start", start)
        if stop is not None:
            if not _is_time(stop):
                yield _bad_time(number, "stop", stop)
            elif start is not None and _is_number(start) and start > stop:
                message = f"Line {number} starts at {_seconds(start)} s and stops at {_seconds(stop)} s."
                value = f"{_seconds(start)} – {_seconds(stop)}"
                yield finding("start-after-stop", "start", message, line=number, value=value)


def _lines_are_plain(lines: Sequence[TranscriptLine]) -> bool:
    """Return True if no rule about single lines or times has a finding, as for nearly all calls; False if unsure.

    Each question is put to all lines at once, in C, which takes a quarter of the time of a loop over every line of a batch.
    """
    texts = [line.text for line in lines]
    if not all(texts) or any(map(str.isspace, texts)) or not _ROLES.issuperset([line.role for line in lines]):
        return False
    starts = [line.start for line in lines]
    stops = [line.stop for line in lines]
    if not _FLOAT.issuperset(map(type, starts)) or not _FLOAT.issuperset(map(type, stops)):
        return False
    if not starts:
        return True
    # NaN fails every comparison; infinity exceeds the longest call.
    if not (all(map(le, starts, stops)) and min(starts) >= 0.0 and max(stops) <= _LONG_CALL):  # type: ignore[arg-type, type-var, operator]
        return False
    return all(map(le, starts, starts[1:])) or all(  # type: ignore[arg-type]
        start >= before - _BACKWARDS  # type: ignore[operator]
        for before, start in pairwise(starts)
    )


def _is_time(value: object) -> bool:
    return _is_number(value) and value >= 0


def _bad_time(number: int, field: str, value: object) -> Finding:
    verb = "starts" if field == "start" else "stops"
    if _is_number(value):
        message = f"Line {number} {verb} at {_seconds(value)} s, before the call does."
        return finding("time-negative", field, message, line=number, value=_seconds(value))
    message = f"Line {number} {verb} at “{_shortened(str(value))}”, which is not a number of seconds."
    return finding("time-unreadable", field, message, line=number, value=value)


def _clock(call: Call, given: Given) -> Iterator[Finding]:
    """Check the unit of all times, then their order: the unit determines how far back a time may go."""
    lines = call.transcript or ()
    milliseconds = False
    last = _last_time(lines)
    if last > _LONG_CALL:
        words = sum(len(line.text.split()) for line in lines)
        if last > _LONGEST_CALL or looks_like_milliseconds(_all_times(lines), words):
            milliseconds = True
            message = (
                f"The last time is {_seconds(last)}: in seconds, a call with "
                f"{_counted(words, 'word')} would last {_span(last)}."
            )
            yield finding("times-in-milliseconds", "transcript", message, value=_seconds(last))
    yield from _order(lines, tolerance=_BACKWARDS * 1000 if milliseconds else _BACKWARDS)


def _order(lines: Sequence[TranscriptLine], *, tolerance: float) -> Iterator[Finding]:
    first: tuple[int, float, float] | None = None
    count = 0
    before = -math.inf
    for number, line in enumerate(lines, 1):
        start = line.start
        if start is None or not _is_number(start):
            continue
        if start < before - tolerance:
            count += 1
            first = first or (number, start, before)
        before = start
    if first:
        number, start, before = first
        message = f"Line {number} starts at {_seconds(start)} s, but a line above it at {_seconds(before)} s"
        message += "." if count == 1 else f", with {_counted(count - 1, 'more line')} going back in time."
        yield finding("lines-out-of-order", "start", message, line=number, value=_seconds(start))


def _last_time(lines: Sequence[TranscriptLine]) -> float:
    last = 0.0
    for line in lines:
        for seconds in (line.start, line.stop):
            if seconds is not None and _is_number(seconds) and seconds > last:
                last = seconds
    return last


def _all_times(lines: Sequence[TranscriptLine]) -> list[float]:
    return [seconds for line in lines for seconds in (line.start, line.stop) if _is_number(seconds)]


# --- time of the call --------------------------------------------------------------------------------------


def _timestamp(call: Call, given: Given) -> Iterator[Finding]:
    moment: object = call.timestamp
    if moment is None:
        yield finding("timestamp-missing", "timestamp", "This call has no start time.")
    elif not _is_number(moment):
        message = f"The start time “{_shortened(str(moment))}” is not a number of seconds."
        yield finding("timestamp-unreadable", "timestamp", message, value=moment)
    elif moment > _MILLISECONDS:
        message = f"The start time {_seconds(moment)} is {_date(moment / 1000)} if it is in milliseconds."
        yield finding("timestamp-in-milliseconds", "timestamp", message, value=_seconds(moment))
    elif moment > given.now + _FORWARD:
        message = f"The start time, {_date(moment)}, is in the future."
        yield finding("timestamp-in-future", "timestamp", message, value=_date(moment))
    elif moment < _YEAR_2000:
        message = f"The start time, {_date(moment)}, is before 2000."
        yield finding("timestamp-implausible", "timestamp", message, value=_date(moment))


# --- audio settings and tags -------------------------------------------------------------------------------


def _speaker(call: Call, given: Given) -> Iterator[Finding]:
    if call.speaker is None:
        return
    separation, channel_map = call.speaker.separation, call.speaker.channel_map
    if separation not in SEPARATIONS:
        message = f"The separation “{_shortened(separation)}” is neither diarize nor channels."
        yield finding("speaker-invalid", "speaker", message, value=separation)
    elif channel_map is not None and separation != "channels":
        message = f"A channel map is only allowed with the separation channels; this call has {separation}."
        yield finding("speaker-invalid", "speaker", message, value=", ".join(channel_map))
    elif channel_map is not None and sorted(channel_map) != sorted(ROLES):
        named = _shortened(", ".join(channel_map)) or "nobody"
        message = f"The channel map names {named}; it must name agent and customer, once each."
        yield finding("speaker-invalid", "speaker", message, value=", ".join(channel_map))


def _tags(call: Call, given: Given) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for number, tag in enumerate(call.tags or (), 1):
        key = tag.key.strip()
        if not key:
            yield finding(
                "tag-key-missing", "tags", f"Tag {number} has no name.", line=number, value=tag.value
            )
        elif key in seen:
            message = f"{_named(number, key)} has the same name as tag {seen[key]}."
            yield finding("tag-duplicate", "tags", message, line=number, value=key)
        else:
            seen[key] = number
        if tag.type not in TAG_TYPES:
            message = f"{_named(number, key)} has the type “{_shortened(tag.type)}”: Reddy accepts {', '.join(TAG_TYPES)}."
            yield finding("tag-type-unknown", "tags", message, line=number, value=tag.type)
        elif (wrong := _misfit(tag.value, tag.type)) is not None:
            message = f"{_named(number, key)} {wrong}."
            yield finding("tag-value-mismatch", "tags", message, line=number, value=tag.value)


def _named(number: int, key: str) -> str:
    return f"Tag {number} ({_shortened(key)})" if key else f"Tag {number}"


def _misfit(value: object, type_: str) -> str | None:
    """Return what is wrong with a value of a known type, to follow the tag's name; None if it fits."""
    if value is None:
        return "has no value"
    if type_ == "string":
        fits = isinstance(value, str)
    elif type_ == "boolean":
        fits = isinstance(value, bool)
    else:
        fits = isinstance(value, int) and not isinstance(value, bool)
        if isinstance(value, int) and fits and not -_WHOLE_NUMBERS <= value < _WHOLE_NUMBERS:
            return "is too large for an integer: make it a string"
    if fits:
        return None
    written = f"“{_shortened(value)}”" if isinstance(value, str) else str(value).lower()
    return f"is {'an' if type_ == 'integer' else 'a'} {type_}, but its value is {written or 'empty'}"


# --- how numbers and texts are written ---------------------------------------------------------------------


def _is_number(value: object) -> TypeGuard[float]:
    """Return whether a value is a finite number, which JSON can hold; booleans are not numbers."""
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _WHOLE_NUMBERS


def _seconds(value: float) -> str:
    if abs(value) >= 1e15:
        return f"{value:.3g}"
    return f"{value:,.3f}".rstrip("0").rstrip(".")


def _span(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes >= 48 * 60:
        return f"{_seconds(round(minutes / 1440))} days"
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"


def _date(seconds: float) -> str:
    try:
        return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds):%Y-%m-%d %H:%M} UTC"
    except OverflowError:  # outside the years 1 to 9999
        return f"{_seconds(seconds)} s"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _shortened(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"


def _summarised(found: list[Finding]) -> list[Finding]:
    """Replace the findings of a code beyond `MOST_OF_A_CODE` by one sentence after the last one kept."""
    by_code: dict[str, list[Finding]] = {}
    for one in found:
        by_code.setdefault(one.code, []).append(one)
    kept: list[Finding] = []
    for code, same in by_code.items():
        kept += same[:MOST_OF_A_CODE]
        rest = same[MOST_OF_A_CODE:]
        if rest:
            noun = "tag" if rest[0].field == "tags" else "line"
            places = _counted(len({one.line for one in rest}), f"more {noun}")
            message = f"… and {places}, from {noun} {rest[0].line} on: {CATALOGUE[code].title.lower()}."
            kept.append(finding(code, rest[0].field, message, line=rest[0].line))
    return kept


RULES: tuple[tuple[tuple[str, ...], Callable[[Call, Given], Iterator[Finding]]], ...] = (
    (("agent-email-missing", "agent-email-invalid"), _agent_email),
    (("product-missing", "product-unknown", "product-inactive"), _product),
    (("transcript-missing", "recording-not-sent", "recording-with-transcript"), _material),
    (("role-unknown",), _roles),
    (("roles-swapped",), _sides),
    (("text-empty",), _texts),
    (("control-characters",), _controls),
    (("time-unreadable", "time-negative", "start-after-stop"), _times),
    (("times-in-milliseconds", "lines-out-of-order"), _clock),
    (
        (
            "timestamp-missing",
            "timestamp-unreadable",
            "timestamp-in-milliseconds",
            "timestamp-in-future",
            "timestamp-implausible",
        ),
        _timestamp,
    ),
    (("speaker-invalid",), _speaker),
    (("tag-key-missing", "tag-duplicate", "tag-type-unknown", "tag-value-mismatch"), _tags),
)
"""Every rule with the codes that it may return. With the codes of the reading stages and of `batches` they make up the
whole catalogue."""

_ALL_RULES = tuple(rule for _, rule in RULES)
_OTHER_RULES = tuple(rule for rule in _ALL_RULES if rule not in (_roles, _texts, _times, _clock))
