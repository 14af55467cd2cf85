"""The body of `POST /api/v1/call/create`, and nothing else.

Field names, types and meaning are the API's. A `Call` may be *incomplete or wrong* while an analyst works on
it (a missing email, a role that nobody knows): that is what `check` tells. Times of lines are seconds from the
start of the call; `timestamp` is seconds since the epoch, UTC.

`to_payload` gives what is sent, `from_payload` reads it back: the two are each other's inverse, and the
ledger stores nothing else. `None` means "not given" and is left out of the payload.
"""

from __future__ import annotations

import hashlib
from pathlib import PurePath
from typing import Any

import msgspec

__all__ = [
    "ROLES",
    "SEPARATIONS",
    "TAG_TYPES",
    "Call",
    "Speaker",
    "Tag",
    "TagValue",
    "TranscriptLine",
    "content_type_of",
    "derive_conversation_id",
    "from_payload",
    "payload_json",
    "to_payload",
    "whole_characters",
]

ROLES: tuple[str, ...] = ("agent", "customer")
"""Roles that the API shows; any other is an error finding."""

TAG_TYPES: tuple[str, ...] = ("string", "integer", "boolean")
"""Tag types that the API documents; any other is an error finding."""

_CONTENT_TYPES = {
    ".m4a": "audio/mp4",
    ".mp4": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".ogg": "audio/ogg",
    ".oga": "audio/ogg",
    ".opus": "audio/ogg",
    ".webm": "audio/webm",
    ".aac": "audio/aac",
    ".amr": "audio/amr",
    ".wma": "audio/x-ms-wma",
    ".aif": "audio/aiff",
    ".aiff": "audio/aiff",
}

TagValue = str | int | float | bool | None
SEPARATIONS: tuple[str, ...] = ("diarize", "channels")
"""Ways of telling speakers apart that the API knows."""


class _Record(msgspec.Struct, omit_defaults=True):
    """Optional fields left at None are left out of the payload; required ones are always sent, also when empty.

    Records of plain values alone are made with `gc=False`: they can be in no circle, and a batch has millions."""


class TranscriptLine(_Record, gc=False, forbid_unknown_fields=True):
    """One turn of speech. `start` and `stop`: seconds from the start of the call, or None where unknown.

    `role` is "agent" or "customer"; anything else (also "", nobody known) is kept and found by `check`. JSON with any
    other field is refused when it is decoded as this: what the field says would be lost without a word.
    """

    role: str
    text: str
    start: float | None = None
    stop: float | None = None


class Tag(_Record, gc=False):
    """A key and a value for filters and reports. `type`: "string", "integer" or "boolean"."""

    key: str
    value: TagValue
    type: str


class Speaker(_Record):
    """How voices are told apart in audio. `channel_map` (left, right) only with separation "channels"."""

    separation: str
    channel_map: list[str] | None = None


class Call(_Record):
    """One call as Reddy takes it. `timestamp`: seconds since the epoch (UTC); None = Reddy uses the time of sending."""

    agent_email: str | None = None
    product_id: int | None = None
    conversation_id: str | None = None
    timestamp: float | None = None
    filename: str | None = None
    speaker: Speaker | None = None
    transcript: list[TranscriptLine] | None = None
    tags: list[Tag] | None = None

    def __repr__(self) -> str:
        lines = len(self.transcript or ())
        return f"<Call {self.conversation_id or 'without id'} · {lines} lines · {len(self.tags or ())} tags>"

    def copy(self) -> Call:
        """An independent copy: changing it changes nothing else."""
        return from_payload(to_payload(self))


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Call, strict=True)


def to_payload(call: Call) -> dict[str, Any]:
    """The JSON object that is sent, as a new dict. Whole-number seconds are written without a fraction."""
    payload: dict[str, Any] = msgspec.json.decode(payload_json(call))
    return payload


def payload_json(call: Call) -> bytes:
    """The exact bytes that are sent: UTF-8 JSON, fields in the order of `Call`, what is not given left out.

    Half of a split character (a lone surrogate, as cut-off exports have) cannot be written as UTF-8: the two
    halves are joined where both are there, else the half becomes "\ufffd".
    """
    try:
        written = _encoder.encode(call)
        if b".0" not in written:  # no number is written as 5.0: nothing to change, as in most calls
            return written
    except UnicodeEncodeError:
        pass
    whole = _whole_numbers(call)
    try:
        return _encoder.encode(whole)
    except UnicodeEncodeError:
        return _encoder.encode(_mended(msgspec.to_builtins(whole)))


def whole_characters(text: str) -> str:
    """Text that can be written as UTF-8: halves of a split character are joined, or become "\ufffd" where one is lost."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def from_payload(payload: dict[str, Any] | bytes | str) -> Call:
    """A `Call` from a payload (dict, or JSON text).

    Raises:
        msgspec.ValidationError: a value has a type that the API does not know.
        msgspec.DecodeError: the text is not JSON.
    """
    if isinstance(payload, dict):
        return msgspec.convert(payload, Call, strict=True)
    return _decoder.decode(payload)


def content_type_of(*names: str | None) -> str:
    """The content type of a recording by the first of these file names that tells it; `audio/mp4`, Reddy's usual one,
    where none does."""
    for name in names:
        kind = _CONTENT_TYPES.get(PurePath(name or "").suffix.lower())
        if kind is not None:
            return kind
    return "audio/mp4"


def derive_conversation_id(call: Call, *, recording: str = "", file_stem: str = "") -> str:
    """A stable id for a call whose sheet has none: from agent, start, audio file name and transcript.

    Row number and spreadsheet name take no part, so the same call in another export gets the same id, and
    a second submission of it is recognised. `recording`: what tells its recording from others, where that is more than
    its name; `file_stem`: name of the call's own transcript file, if it has one.
    """
    parts = [
        (call.agent_email or "").strip().lower(),
        "" if call.timestamp is None else repr(float(call.timestamp)),
        recording or call.filename or file_stem,
        *(f"{line.role}\x1f{line.text}" for line in call.transcript or ()),
    ]
    return "call-" + hashlib.sha256("\x1e".join(parts).encode()).hexdigest()[:24]


def _whole_numbers(call: Call) -> Call:
    """5.0 → 5: the API's examples write whole seconds as integers, and so do people who compare payloads."""
    if call.timestamp is None and not call.transcript:
        return call
    lines = call.transcript
    if lines is not None:
        lines = [
            TranscriptLine(line.role, line.text, _whole(line.start), _whole(line.stop)) for line in lines
        ]
    return msgspec.structs.replace(call, timestamp=_whole(call.timestamp), transcript=lines)


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return whole_characters(value)
    if isinstance(value, dict):
        return {key: _mended(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_mended(item) for item in value]
    return value


def _whole(seconds: float | None) -> float | None:
    if isinstance(seconds, float) and seconds.is_integer() and abs(seconds) < 2**53:
        return int(seconds)
    return seconds
