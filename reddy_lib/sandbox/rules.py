"""The documented rules of Reddy's API, and who the sandbox's agents and products are.

Types are the documented ones to the letter: `true` is no integer, 7.0 is none either, and `null` is taken only
where the documentation says "or null". What it does not speak of (a call without transcript and recording, a
product that is not active, lines out of order) is accepted. Unknown fields are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from reddy_lib.model import Tag

__all__ = ["DEFAULT_PRODUCTS", "CreateBody", "Refusal", "TagsBody", "read_create", "read_tags"]

DEFAULT_PRODUCTS: tuple[Mapping[str, Any], ...] = (
    {"id": 1, "name": "Cards hotline", "status": "active"},
    {"id": 2, "name": "Loans", "status": "active"},
    {"id": 3, "name": "Technical support", "status": "active"},
    {"id": 4, "name": "Retention", "status": "active"},
    {"id": 5, "name": "Old pilot", "status": "inactive"},
)

STRANGERS = ("inactive", "unknown")
"""Without a list of agents, addresses that begin like this belong to nobody: so a demo can show a rejection."""

_CHANNEL_MAPS = (["agent", "customer"], ["customer", "agent"])
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")


class Refusal(Exception):
    """The sandbox says no: `status` and `words` are its answer."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words


class _Line(msgspec.Struct):
    role: Literal["agent", "customer"]
    text: str
    start: float | UnsetType = UNSET
    stop: float | UnsetType = UNSET


class _Tag(msgspec.Struct):
    key: str
    value: str | int | float | bool | None
    type: Literal["string", "integer", "boolean"]


class _Speaker(msgspec.Struct):
    separation: Literal["diarize", "channels"] = "diarize"
    channel_map: list[str] | UnsetType = UNSET


class CreateBody(msgspec.Struct):
    """The body of `call/create`, with the types that are documented."""

    agent_email: str
    product_id: int
    filename: str | None = None
    channels: list[str] | None = None
    speaker: _Speaker | UnsetType = UNSET
    transcript: list[_Line] | None = None
    tags: list[_Tag] | None = None
    timestamp: float | None = None
    conversation_id: str | None = None


class TagsBody(msgspec.Struct):
    """The body of `call/add_tags`, with the types that are documented."""

    conversation_id: str
    agent_email: str
    tags: list[_Tag]


_create_decoder = msgspec.json.Decoder(CreateBody, strict=True)
_tags_decoder = msgspec.json.Decoder(TagsBody, strict=True)


def read_create(body: bytes, *, products: Collection[int], agents: Collection[str] | None) -> CreateBody:
    """The body of `call/create`, if every documented rule holds.

    `products`: ids that exist; `agents`: addresses of active users (lower case), or None for every plausible one.

    Raises:
        Refusal: 400 with "invalid parameters: …" or "invalid agent".
    """
    try:
        read = _create_decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _invalid(_sentence(error)) from None
    _check_tags(read.tags or ())
    if read.channels is not None and read.channels not in _CHANNEL_MAPS:
        raise _invalid('channels: expected ["agent", "customer"] or ["customer", "agent"]')
    speaker = read.speaker
    if speaker is not UNSET and speaker.channel_map is not UNSET:
        if speaker.separation != "channels":
            raise _invalid('speaker.channel_map: only with separation "channels"')
        if speaker.channel_map not in _CHANNEL_MAPS:
            raise _invalid('speaker.channel_map: expected ["agent", "customer"] or ["customer", "agent"]')
    if read.product_id not in products:
        raise _invalid(f"product_id: there is no product {read.product_id}")
    _check_agent(read.agent_email, agents)
    return read


def read_tags(body: bytes, *, agents: Collection[str] | None) -> TagsBody:
    """The body of `call/add_tags`, if every documented rule holds; whether the conversation exists is not asked.

    Raises:
        Refusal: 400 with "invalid parameters: …" or "invalid agent".
    """
    try:
        read = _tags_decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _invalid(_sentence(error)) from None
    _check_tags(read.tags)
    _check_agent(read.agent_email, agents)
    return read


def as_tags(read: TagsBody) -> list[Tag]:
    """The tags of a request, as the model has them."""
    return [Tag(tag.key, tag.value, tag.type) for tag in read.tags]


def _check_agent(email: str, agents: Collection[str] | None) -> None:
    if agents is not None:
        known = email.strip().lower() in agents
    else:
        known = bool(_EMAIL.fullmatch(email)) and not email.lower().startswith(STRANGERS)
    if not known:
        raise Refusal(400, "invalid agent")


def _check_tags(tags: Collection[_Tag]) -> None:
    for position, tag in enumerate(tags):
        if tag.type == "string":
            fits = isinstance(tag.value, str)
        elif tag.type == "boolean":
            fits = isinstance(tag.value, bool)
        else:
            fits = isinstance(tag.value, int) and not isinstance(tag.value, bool)
        if not fits:
            raise _invalid(f"tags[{position}].value: expected {tag.type}")
        if not tag.key:
            raise _invalid(f"tags[{position}].key: must not be empty")


def _invalid(words: str) -> Refusal:
    return Refusal(400, f"invalid parameters: {words}")


_NAMES = {"int": "integer", "float": "number", "str": "string", "bool": "boolean", "array": "array"}


def _sentence(error: Exception) -> str:
    """The decoder's message, place first and in JSON's names: "product_id: expected integer, got string"."""
    words, _, place = str(error).partition(" - at `$")
    words = re.sub(r"`(\w+)`", lambda found: _NAMES.get(found[1], found[1]), words).replace("`", "")
    words = re.sub(r"\b(int|float|str|bool)\b(?= \||$)", lambda found: _NAMES[found[1]], words)
    place = place.rstrip("`").lstrip(".")
    words = words[:1].lower() + words[1:]
    return f"{place}: {words}" if place else words
