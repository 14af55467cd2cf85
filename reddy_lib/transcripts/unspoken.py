"""Items of a list of turns that nobody said: events, notes, calls of functions, deleted messages, interim results.

An item is told by what it says of itself: its type, kind or event beside that of the spoken ones, or a flag such as
`internal: true`. What is left out is counted in one finding. A type that is not known and differs from the rest is kept,
with a finding that asks.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from reddy_lib.findings import Finding, finding
from reddy_lib.transcripts.greetings import offers
from reddy_lib.transcripts.key_names import ASSISTANTS, Plan, words_in
from reddy_lib.transcripts.roles import role_of
from reddy_lib.transcripts.ticks import ticked

__all__ = [
    "Sifted",
    "is_speech",
    "kind_of_role",
    "kind_said",
    "left_out",
    "sift",
    "speaks_to_somebody",
    "telling_keys",
]

_KIND_NAMES_TEXT = """
type kind event eventtype event_type itemtype messagetype parttype subtype category class action format contenttype
typ art tipo categoria soort rodzaj
"""
_KIND_NAMES = frozenset(_KIND_NAMES_TEXT.split())
_UNSPOKEN_TEXT = {
    "note": """
    note notes internal private whisper whispered memo annotation comment_internal nota notiz interne vermerk
    coaching coach confidential
    """,
    "event": """
    event moment status state join joined joins leave left leaves leaving typing composing action hold unhold
    transfer transferred assign assigned assignment unassigned close closed open opened reopened snoozed survey
    disposition notification notice info information metadata marker marking sentiment read receipt delivered
    delivery seen started ended start end begin connect connected disconnect disconnected session presence
    participant queue queued routing route accept accepted reject rejected invite invited ringing ring answered mute
    muted unmute recording dtmf keypress silence pause noise music log audit tag tagged label priority rating
    escalation conversation_started conversation_ended system sys automatic bot_event handoff handover escalated
    beitritt ereignis evento evenement gebeurtenis
    """,
    "function call": """
    function tool functioncall toolcall call_output output result tool_result tool_use tooluse reasoning thought
    trace debug error
    """,
    "deleted message": """
    deleted delete removed retracted revoked unsent redacted withdrawn gelöscht
    """,
    "interim result": """
    interim partial provisional hypothesis tentative partialtranscript intermediate
    """,
}
_UNSPOKEN = {kind: frozenset(words.split()) for kind, words in _UNSPOKEN_TEXT.items()}
_SPOKEN_TEXT = """
transcript message msg text speech utterance comment turn chat say said sentence phrase dialog dialogue segment reply
response question answer statement final finaltranscript talk voice audio public sms email incoming outgoing inbound
outbound greeting closing user customer agent plain html markdown conversation part line caption subtitle words word
spoken regular normal default chatmessage nachricht mensaje messaggio bericht
"""
_SPOKEN = frozenset(_SPOKEN_TEXT.split())
_NOTE_FLAGS_TEXT = """
internal private note whisper whispered isnote hidden confidential secret intern
"""
_NOTE_FLAGS = frozenset(_NOTE_FLAGS_TEXT.split())
_DELETED_FLAGS = frozenset(["deleted", "removed", "retracted", "revoked", "unsent", "isdeleted", "withdrawn"])
_SYSTEM_FLAGS = frozenset(["system", "automated", "event", "issystem", "isevent", "notification"])
_PUBLIC_FLAGS = frozenset(["public", "visible", "ispublic"])
_FINAL_FLAGS = frozenset(["final", "isfinal", "finalized", "finished"])
_INTERIM_FLAGS = frozenset(["interim", "partial", "ispartial", "isinterim", "provisional"])
_CODE = re.compile(r"[A-Za-z0-9]+(?:[_.:-][A-Za-z0-9]+)*")
_WORD = re.compile(r"[^\W_]+")


class Sifted(NamedTuple):
    """`spoken`: the places of the items that are lines; `left`: (place, kind) of the others; `doubtful`: (place, its type)
    of those that are kept and asked about."""

    spoken: list[int]
    left: list[tuple[int, str]]
    doubtful: list[tuple[int, str]]

    def findings(self) -> list[Finding]:
        """One finding for all that was left out, by kind, and one for what is in doubt."""
        found = left_out([kind for _, kind in self.left])
        if self.doubtful:
            counts = Counter(kind for _, kind in self.doubtful)
            parts = [f"{_count(number, 'item')} of type {kind!r}" for kind, number in counts.most_common(5)]
            message = f"{_and(parts)} may not be speech. Kept as {'a line' if len(self.doubtful) == 1 else 'lines'}."
            found.append(finding("speech-doubtful", "transcript", message, value=", ".join(counts)))
        return found


def left_out(kinds: Sequence[str]) -> list[Finding]:
    """The finding that counts by kind what was left out; [] where nothing was."""
    if not kinds:
        return []
    counts = Counter(kinds)
    parts = [_count(number, kind) for kind, number in counts.most_common()]
    was = "was left out: it is" if len(kinds) == 1 else "were left out: they are"
    message = f"{_and(parts)} {was} not speech."
    if counts["note"]:
        message += " Notes are internal: they do not belong in the transcript."
    kinds_ = ", ".join(kind for kind, _ in counts.most_common())
    return [finding("not-spoken", "transcript", message, value=kinds_)]


def _count(number: int, kind: str) -> str:
    return f"1 {kind}" if number == 1 else f"{number} {kind}s"


def _and(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def kind_of_role(label: str) -> str:
    """What a role of a voice assistant's messages stands for that speaks to nobody; "" for a speaker."""
    plain = label.casefold()
    if plain in ("system", "developer"):
        return "instruction"
    return (
        "function call" if plain in ("tool", "function", "tool_calls", "tool_call_result", "ipython") else ""
    )


class _Telling(NamedTuple):
    """The keys that may say that an item was not spoken: flags, states, kinds, and whether a result is final."""

    flags: tuple[str, ...]
    states: tuple[str, ...]
    kinds: tuple[str, ...]
    finals: tuple[str, ...]


def _is_state(words: frozenset[str]) -> bool:
    if not words.isdisjoint(_DELETED_FLAGS):
        return not words.isdisjoint({"at", "on", "date", "time", "datetime", "timestamp"})
    return not words.isdisjoint({"visibility", "audience", "privacy", "scope", "status", "state"})


@lru_cache(maxsize=1024)
def _telling(names: tuple[str, ...]) -> _Telling:
    flags = _NOTE_FLAGS | _DELETED_FLAGS | _SYSTEM_FLAGS | _PUBLIC_FLAGS
    finals = _FINAL_FLAGS | _INTERIM_FLAGS
    return _Telling(
        tuple(name for name in names if not words_in(name).isdisjoint(flags)),
        tuple(name for name in names if _is_state(words_in(name))),
        tuple(name for name in names if _is_kind(name)),
        tuple(name for name in names if not words_in(name).isdisjoint(finals)),
    )


def telling_keys(names: Sequence[str]) -> list[str]:
    """Return the keys whose names may say that an item was not spoken: its type, its state, `internal`."""
    telling = _telling(tuple(names))
    return [name for name in names if any(name in part for part in telling)]


def sift(items: Sequence[Any], plan: Plan) -> Sifted:
    """Which items of the list were said. `plan`: where its text and role are."""
    objects = [(place, item) for place, item in enumerate(items) if isinstance(item, dict)]
    kinds: dict[int, str] = {}
    names = tuple(dict.fromkeys(name for keys in {tuple(item) for _, item in objects[:200]} for name in keys))
    telling = _telling(names)
    for name in telling.flags:
        _by_flag(name, words_in(name), objects, kinds, plan)
    if plan.role and any(_speaker(item, plan).casefold() in ASSISTANTS for _, item in objects):
        for place, item in objects:
            if kind := kind_of_role(_speaker(item, plan)):
                kinds.setdefault(place, kind)
    doubtful: dict[int, str] = {}
    for name in telling.states:
        _by_state(name, objects, kinds)
    for name in telling.kinds:
        if name not in plan.text[:1]:
            _by_kind(name, objects, kinds, doubtful, plan)
    if telling.finals:
        for place in _interim(objects, telling.finals, kinds, plan):
            kinds.setdefault(place, "interim result")
    for place in _prefixes(objects, kinds, plan):
        kinds.setdefault(place, "interim result")
    if len(kinds) == len(items) and kinds:  # nothing would be left: these are what was said, in other words
        doubtful = {place: kind for place, kind in kinds.items() if kind == "note"}
        kinds = {}
    spoken = [place for place in range(len(items)) if place not in kinds]
    return Sifted(
        spoken,
        sorted(kinds.items()),
        sorted((place, kind) for place, kind in doubtful.items() if place not in kinds),
    )


def _by_flag(
    name: str,
    words: frozenset[str],
    objects: list[tuple[int, dict[Any, Any]]],
    kinds: dict[int, str],
    plan: Plan,
) -> None:
    if name in plan.role[:1] or not words.isdisjoint(
        {"by", "at", "from", "user", "sender", "speaker", "count", "id"}
    ):
        return
    inverted = not words.isdisjoint(_PUBLIC_FLAGS)
    for kind, flags in (
        ("note", _NOTE_FLAGS | _PUBLIC_FLAGS),
        ("deleted message", _DELETED_FLAGS),
        ("event", _SYSTEM_FLAGS),
    ):
        if words.isdisjoint(flags):
            continue
        given = [(place, item.get(name)) for place, item in objects]
        if not all(
            value in (True, False, None) for _, value in given if not isinstance(value, str | list | dict)
        ):
            return
        # Some programs write the key, or a tick, only where the answer is yes.
        only_ticks = all(value in (None, "") or ticked(value) for _, value in given)
        flagged: dict[int, str] = {}
        for place, value in given:
            answer = ticked(value)
            if answer is None and only_ticks and value in (None, ""):
                answer = False
            if answer is not None and answer is not inverted:
                flagged[place] = kind
        if not _is_a_side(flagged, objects, plan):
            kinds.update(flagged)
        return


def _is_a_side(flagged: Mapping[int, str], objects: list[tuple[int, dict[Any, Any]]], plan: Plan) -> bool:
    """Is the flag set for all that one speaker said and for nothing else (`isInternal`)? Then it says who, not what.

    It does not where the speaker wrote nothing but notes: words that speak to nobody, behind the other side's.
    """
    if len(flagged) < 2 or len(flagged) * 4 < len(objects):
        return False
    inside = {_speaker(item, plan) for place, item in objects if place in flagged}
    outside = {_speaker(item, plan) for place, item in objects if place not in flagged}
    if not plan.role or not outside or not inside.isdisjoint(outside):
        return False
    texts = [_text(item, plan) for place, item in objects if place in flagged]
    return speaks_to_somebody(texts, opens=objects[0][0] in flagged)


def speaks_to_somebody(texts: Sequence[str], *, opens: bool) -> bool:
    """Return whether words that one side alone said, under a flag such as `internal`, are speech rather than notes.

    `opens`: they stand first. Who answers a call greets and asks; who writes notes does neither.
    """
    asked = sum(text.rstrip().endswith(_ASKS) for text in texts)
    return opens or 5 * asked >= len(texts) or any(map(offers, texts))


_ASKS = ("?", "\uff1f", "\u061f", "\u037e")


def _by_state(name: str, objects: list[tuple[int, dict[Any, Any]]], kinds: dict[int, str]) -> None:
    """`visibility: "internal"`, `status: "deleted"`, `deleted_at: "2026-…"`, where the others have none of that."""
    words = words_in(name)
    if not words.isdisjoint(_DELETED_FLAGS):
        given = [place for place, item in objects if item.get(name) not in (None, "", False, 0)]
        if len(given) < len(objects):
            kinds.update(dict.fromkeys(given, "deleted message"))
        return
    if {"internal", "external"} <= {str(item.get(name)).strip().casefold() for _, item in objects}:
        return  # the two sides of a call, seen from the company
    found = {
        place: kind
        for place, item in objects
        if isinstance(item.get(name), str)
        and (kind := _kind(item[name])) in ("note", "deleted message", "interim result")
    }
    if len(found) < len(objects):
        for place, kind in found.items():
            kinds.setdefault(place, kind)


def _is_kind(name: str) -> bool:
    plain = re.sub(r"[\W_]+", "", name).casefold()
    words = words_in(name)
    if plain in _KIND_NAMES:
        return True
    return not words.isdisjoint({"type", "kind", "event"}) and words.isdisjoint(
        {
            "speaker",
            "participant",
            "sender",
            "author",
            "user",
            "media",
            "id",
            "name",
            "time",
            "model",
            "at",
            "content",
        }
    )


def _by_kind(
    name: str,
    objects: list[tuple[int, dict[Any, Any]]],
    kinds: dict[int, str],
    doubtful: dict[int, str],
    plan: Plan,
) -> None:
    given = {
        place: item[name].strip()
        for place, item in objects
        if isinstance(item.get(name), str) and item[name].strip()
    }
    values = Counter(given.values())
    if not values or (name in plan.role[:1] and any(role_of(value) for value in values)):
        return
    if {"internal", "external"} <= {value.casefold() for value in values}:
        return
    if any(role_of(value) in ("agent", "customer") for value in values) and len(values) <= 4:
        return  # who speaks, not what it is
    voices = {value for value in values if value.casefold() in (*ASSISTANTS, "user", "human")}
    if voices and name in plan.role[:1]:
        for place, value in given.items():
            if value not in voices:
                kinds.setdefault(place, _kind(value) or kind_of_role(value) or "event")
        return
    said: Counter[str] = Counter()
    for place, item in objects:
        if place in given:
            said[given[place]] += len(_text(item, plan).split())
    for _, item in objects:
        if name not in item:
            said[""] += len(_text(item, plan).split())
    usual = max(said, key=said.__getitem__) if said else ""
    by_place = dict(objects)
    for value, count in values.items():
        if value == usual:
            continue
        kind = _kind(value)
        places = [place for place, other in given.items() if other == value]
        texts = [_text(by_place[place], plan) for place in places[:50]]
        wordless = not any(texts)
        if kind or wordless or all(_is_code(text) for text in texts if text):
            if wordless and not kind and not _kind(name):
                kind = "event"
            for place in places:
                kinds.setdefault(place, kind or "event")
        elif not _spoken(value) and count * 5 <= len(objects) and len(values) <= 4 and _spoken(usual):
            for place in places:
                doubtful.setdefault(place, value)


def _words(value: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", value))]


def _spoken(value: str) -> bool:
    return not value or any(word in _SPOKEN for word in _words(value))


def _kind(value: str) -> str:
    words = _words(value)
    plain = "".join(words)
    for kind, known in _UNSPOKEN.items():
        if plain in known or not known.isdisjoint(words):
            if (
                kind == "event"
                and words
                and words[-1] in ("message", "text", "comment", "transcript")
                and "system" not in words
            ):
                return ""
            return kind
    return ""


def is_speech(value: str) -> bool:
    """Return whether the value of a type says that an item was spoken: "text", "message"."""
    return bool(value) and _spoken(value)


def kind_said(value: str) -> str:
    """Return what the value of a type or a state says that nobody spoke: "note", "event" and so on; "" for speech."""
    return _kind(value)


def _is_code(text: str) -> bool:
    """Is this the name of something ("action_item"), and no words that somebody says?"""
    return _CODE.fullmatch(text.strip()) is not None and any(mark in text for mark in "_.:")


def _text(item: Mapping[Any, Any], plan: Plan) -> str:
    for name in plan.text:
        value = item.get(name)
        if isinstance(value, str) and value.strip():
            return value.strip()
        if isinstance(value, list) and value and all(isinstance(part, str) for part in value):
            return " ".join(value)
    return ""


# --- interim results ---


def _interim(
    objects: list[tuple[int, dict[Any, Any]]], names: Sequence[str], kinds: Mapping[int, str], plan: Plan
) -> list[int]:
    """Interim results that a later one replaces: with the same words at its beginning, or the same id."""
    flags = [
        (name, not words_in(name).isdisjoint(_FINAL_FLAGS))
        for name in names
        if not words_in(name).isdisjoint(_FINAL_FLAGS | _INTERIM_FLAGS)
        and all(isinstance(item.get(name), bool | None) for _, item in objects)
    ]
    if not flags:
        return []
    name, final = flags[0]
    replaced: list[int] = []
    for index, (place, item) in enumerate(objects):
        if place in kinds or item.get(name) is None or item[name] is final:
            continue
        begun = _words(_text(item, plan))
        for _, later in objects[index + 1 : index + 60]:
            if _speaker(later, plan) != _speaker(item, plan):
                continue
            after = _words(_text(later, plan))
            same = _same_start(item, later, plan)
            alike = sum(a == b for a, b in zip(begun, after, strict=False))
            if (
                not begun
                or same
                or "".join(after).startswith("".join(begun))
                or (len(after) >= len(begun) // 2 and alike * 2 >= len(begun))
            ):
                replaced.append(place)
                break
            if later.get(name) is final and not same:
                break
    return replaced


_NEAR = 8  # items among which the next result of an utterance stands: the other side's may come in between


def _prefixes(objects: list[tuple[int, dict[Any, Any]]], kinds: Mapping[int, str], plan: Plan) -> list[int]:
    """Results that the next one of the same speaker repeats and goes on from, whatever says that they are not final.

    "Hi" and "Hi, my bill is wrong" may both have been said. They are one utterance if they start at one time and the
    second ends later, if three of them or more grow like that, or if some key tells all the earlier from all the last.
    """
    open_ = [(place, item) for place, item in objects if place not in kinds]
    said = ["".join(_words(_text(item, plan))) for _, item in open_]
    grows: dict[int, int] = {}  # index of a result → index of the one that repeats it
    for index, (_, item) in enumerate(open_):
        if not said[index]:
            continue
        speaker = _speaker(item, plan)
        for next_ in range(index + 1, min(index + _NEAR, len(open_))):
            if _speaker(open_[next_][1], plan) == speaker:
                if said[next_].startswith(said[index]):
                    grows[index] = next_
                break
    longer = {index for index, next_ in grows.items() if said[index] != said[next_]}
    if not longer:
        return []  # the same words again are no results that grow
    grown = {grows[index] for index in longer}
    told = len(grows) > 1 and _told_apart(open_, grows, plan)
    replaced: list[int] = []
    for index, next_ in grows.items():
        one, other = open_[index][1], open_[next_][1]
        together = _same_start(one, other, plan)
        lasts = any(one.get(name) != other.get(name) for name, _ in (*plan.stop, *plan.duration))
        chain = (index in longer and next_ in longer) or index in grown
        if told or (together and (chain or (lasts and index in longer))):
            replaced.append(open_[index][0])
    return replaced


def _told_apart(open_: list[tuple[int, dict[Any, Any]]], grows: Mapping[int, int], plan: Plan) -> bool:
    """Has some key one value in all results that another repeats, and another one in those that none does?"""
    lasts = set(grows.values()) - grows.keys()
    used = {*plan.text, *plan.role[:1], *(name for name, _ in (*plan.start, *plan.stop, *plan.duration))}
    for name in open_[next(iter(grows))][1]:
        values = [item.get(name) for _, item in open_]
        if name in used or not all(isinstance(value, bool | str | None) for value in values):
            continue
        before = {repr(values[index]) for index in grows}
        after = {repr(values[index]) for index in lasts}
        if len(before) == 1 and len(after) == 1 and before != after:
            return True
    return False


def _speaker(item: Mapping[Any, Any], plan: Plan) -> str:
    return str(item.get(plan.role[0])) if plan.role else ""


def _same_start(one: Mapping[Any, Any], other: Mapping[Any, Any], plan: Plan) -> bool:
    return any(one.get(name) is not None and one.get(name) == other.get(name) for name, _ in plan.start)
