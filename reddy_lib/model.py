"""The body of `POST /api/v1/call/create`.

Field names, types and meaning are the API's. A `Call` may be incomplete or wrong while an analyst works on it, such as
one without an email or with an unknown role; `check` reports that. Line times are seconds from the start of the call;
`timestamp` is seconds since the epoch, UTC.

`to_payload` and `from_payload` are inverses, and the ledger stores only payloads. `None` means "not given" and is left
out of the payload.
"""

from __future__ import annotations

import hashlib
import re
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
    "whole_values",
]

ROLES: tuple[str, ...] = ("agent", "customer")
"""Roles that the API displays; `check` reports any other as an error."""

TAG_TYPES: tuple[str, ...] = ("string", "integer", "boolean")
"""Tag types that the API documents; `check` reports any other as an error."""

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
"""The API's ways of telling speakers apart."""


class _Record(msgspec.Struct, omit_defaults=True):
    """Base of all records. Optional fields that are None are left out of the payload; required fields are always sent.

    Records of plain values use `gc=False`: they cannot be part of a reference cycle, and a batch has millions.
    """


class TranscriptLine(_Record, gc=False, forbid_unknown_fields=True):
    """One turn of speech. `start` and `stop` are seconds from the start of the call; None if unknown.

    A `role` other than "agent" or "customer" ("" if unknown) is stored and reported by `check`. Unknown fields in JSON
    raise an error, because dropping them would lose what the sheet said.
    """

    role: str
    text: str
    start: float | None = None
    stop: float | None = None


class Tag(_Record, gc=False):
    """A key and value for filters and reports. `type` is "string", "integer" or "boolean"."""

    key: str
    value: TagValue
    type: str


class Speaker(_Record):
    """How speakers are told apart in audio. `channel_map` (left, right) is for separation "channels" only."""

    separation: str
    channel_map: list[str] | None = None


class Call(_Record):
    """A call as Reddy accepts it. `timestamp`: seconds since the epoch (UTC); None lets Reddy use the time of sending."""

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
        """Return an independent deep copy."""
        return from_payload(to_payload(self))


def _plain_number(value: Any) -> Any:
    """Return a NumPy number as Python's. Raises TypeError for a value that a call cannot hold."""
    if hasattr(value, "item") and not getattr(value, "ndim", 0):
        return value.item()
    hint = ": a time is a number of seconds, moment.timestamp()" if hasattr(value, "timestamp") else ""
    raise TypeError(f"A call cannot hold a value of type {type(value).__name__}{hint}.")


_encoder = msgspec.json.Encoder(enc_hook=_plain_number)
_decoder = msgspec.json.Decoder(Call, strict=True)
_FRACTION_OF_ZERO = re.compile(rb"\.0")  # which finds it in half the time that `in` takes


def to_payload(call: Call) -> dict[str, Any]:
    """Return the JSON object to send, as a new dict. Whole seconds are written as integers."""
    payload: dict[str, Any] = msgspec.json.decode(payload_json(call))
    return payload


def payload_json(call: Call) -> bytes:
    """Return the exact bytes to send: UTF-8 JSON with the fields in the order of `Call`, without those not given.

    Lone surrogates, which truncated exports contain, cannot be encoded as UTF-8. Two adjacent halves are joined; a single
    half becomes "\ufffd".
    """
    try:
        written = _encoder.encode(call)
        if (
            _FRACTION_OF_ZERO.search(written) is None
        ):  # most payloads have no number such as 5.0, and need no conversion
            return written
    except UnicodeEncodeError:
        pass
    whole = _whole_numbers(call)
    try:
        return _encoder.encode(whole)
    except UnicodeEncodeError:
        return _encoder.encode(whole_values(msgspec.to_builtins(whole, enc_hook=_plain_number)))


def whole_characters(text: str) -> str:
    """Return text that can be encoded as UTF-8: split surrogate pairs are joined, lone surrogates become "\ufffd"."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def whole_values(value: Any) -> Any:
    """Return JSON data whose texts and keys can be encoded as UTF-8, as `whole_characters` does for one text."""
    if isinstance(value, str):
        return whole_characters(value)
    if isinstance(value, dict):
        return {whole_values(key): whole_values(item) for key, item in value.items()}
    if isinstance(value, list):
        return [whole_values(item) for item in value]
    return value


def from_payload(payload: dict[str, Any] | bytes | str) -> Call:
    """Return the `Call` of a payload (dict or JSON text).

    Raises:
        msgspec.ValidationError: a value has the wrong type.
        msgspec.DecodeError: the text is not JSON.
    """
    if isinstance(payload, dict):
        return msgspec.convert(payload, Call, strict=True)
    return _decoder.decode(payload)


def content_type_of(*names: str | None) -> str:
    """Return the content type of a recording from the first file name with a known extension.

    The fallback is `audio/mp4`, Reddy's usual type.
    """
    for name in names:
        kind = _CONTENT_TYPES.get(PurePath(name or "").suffix.lower())
        if kind is not None:
            return kind
    return "audio/mp4"


def derive_conversation_id(call: Call, *, recording: str = "", file_stem: str = "") -> str:
    """Return a stable id for a call without one, derived from agent, start, recording's name and transcript.

    Row number and spreadsheet name are not used, so the same call in another export gets the same id, and a second
    submission of it is recognised.

    Args:
        recording: identifies the call's recording, if its file name alone does not.
        file_stem: name of the call's own transcript file, if it has one.
    """
    parts = [
        (call.agent_email or "").strip().lower(),
        "" if call.timestamp is None else repr(float(call.timestamp)),
        recording or call.filename or file_stem,
        *(f"{line.role}\x1f{line.text}" for line in call.transcript or ()),
    ]
    return "call-" + hashlib.sha256(whole_characters("\x1e".join(parts)).encode()).hexdigest()[:24]


def _whole_numbers(call: Call) -> Call:
    """Convert 5.0 to 5: the API's examples write whole seconds as integers, and so do people who compare payloads."""
    if call.timestamp is None and not call.transcript:
        return call
    lines = call.transcript
    if lines is not None:
        lines = [
            TranscriptLine(line.role, line.text, _whole(line.start), _whole(line.stop)) for line in lines
        ]
    return msgspec.structs.replace(call, timestamp=_whole(call.timestamp), transcript=lines)


def _whole(seconds: float | None) -> float | None:
    if isinstance(seconds, float) and seconds.is_integer() and abs(seconds) < 2**53:
        return int(seconds)
    return seconds
