"""Finds the turns of one call inside of data: the list that holds them, among whatever else stands around it.

Objects around a list, objects keyed by number or time, parallel channels, monologues of sentences, columns as lists, and
the envelopes of programs' interfaces are opened. Where the data holds a conversation twice (lower-cased, word by word,
summed up) the list with whole sentences wins. Where it holds several calls, or several texts that differ, nothing is
chosen: that is for the analyst.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from reddy_lib.transcripts.formats.openings import opening_of
from reddy_lib.transcripts.formats.side_by_side import rows_of, with_plain_times
from reddy_lib.transcripts.formats.turn_keys import flattened, holds_turns, labelled_texts, plan_of, side_keys
from reddy_lib.transcripts.key_names import Plan, names_part, usual_plan, words_in
from reddy_lib.transcripts.people import NOBODY, People, people_in
from reddy_lib.transcripts.roles import role_of
from reddy_lib.transcripts.times import read_moment, words_of

__all__ = ["Found", "find_turns", "people_of"]

_DEPTH = 8
_MOST_LISTS = 60
_ABOUT_TEXT = """
summary summaries abstract highlight highlights topic topics keyword keywords action actions todo insight insights
entity entities alternative alternatives nbest moment moments tag tags label labels question questions metric metrics
analysis sentiment category categories chapter chapters outline bookmark bookmarks attachment attachments scorecard
score scores link links hit hits delexed normalized lexical raw
"""
_ABOUT = frozenset(_ABOUT_TEXT.split())
_TURN_LISTS_TEXT = """
transcript transcripts turns turn messages message utterances utterance sentences sentence phrases segments dialogue
dialog conversation lines comments entries chat history original monologues speech
"""
_TURN_LISTS = frozenset(_TURN_LISTS_TEXT.split())
_WORD_LISTS_TEXT = """
word words token tokens syllables phonemes wordtimings alignment elements
"""
_WORD_LISTS = frozenset(_WORD_LISTS_TEXT.split())
_CHANNEL_KEYS = ("channel", "channel_id", "channelId", "channel_index", "channelNumber", "track", "leg")
_CALL_ID = re.compile(
    r"(?:call|conversation|convo|contact|interaction|session|recording|meeting|ticket|case|thread)?_?(?:id|sid|uuid|guid|key|number)$",
    re.IGNORECASE,
)


class Found(NamedTuple):
    """The turns, and the way to them: the keys of the list, which tell what stands beside it. `several`: how many calls the
    data holds, where it holds more than one and `items` is empty."""

    items: list[Any]
    path: tuple[str, ...] = ()
    several: int = 0


class _List(NamedTuple):
    path: tuple[str, ...]
    items: list[Any]
    roles: bool
    words: int
    single: bool
    score: float


# --- the list of turns ---


def find_turns(data: Any) -> Found | None:
    """The turns of the one call in `data`; None where there are none, or several lists could be them."""
    if isinstance(data, list | tuple):
        items = list(data)
        joined = None if isinstance(items[0], dict) and _has_text(items[0]) else _joined(items, ())
        return joined or Found(items)
    if not isinstance(data, dict):
        return None
    found: list[_List] = []
    several = _collect(data, (), found, 0)
    best = _best(found)
    if best is not None:
        opening = opening_of(data, best.path, best.items)
        return Found([opening.turn, *best.items] if opening else best.items, best.path)
    if several and not found:
        return Found([], (), several)
    if not found and usual_plan(tuple(map(str, data))).text:
        return Found([data])
    return None


def _collect(value: Any, path: tuple[str, ...], found: list[_List], depth: int) -> int:
    """Gathers the lists that could be turns. Returns how many calls a list holds that is one of calls."""
    if depth > _DEPTH or len(found) >= _MOST_LISTS:
        return 0
    several = 0
    if isinstance(value, dict):
        rows = rows_of(value)
        if rows is not None:
            found.append(_list_of(rows, path))
            return 0
        for name, inner in value.items():
            if isinstance(inner, dict | list):
                several = max(several, _collect(inner, (*path, str(name)), found, depth + 1))
        return several
    if not isinstance(value, list) or not value:
        return 0
    if _is_turns(value, path) or _is_word_list(value):
        found.append(_list_of(value, path))
        return 0
    joined = _joined(value, path)
    if joined is not None:
        if joined.several:
            return joined.several
        found.append(_list_of(joined.items, path))
        return 0
    for inner in value[:50]:
        if isinstance(inner, dict | list):
            several = max(several, _collect(inner, path, found, depth + 1))
    return several


def _is_turns(items: list[Any], path: tuple[str, ...]) -> bool:
    heads = items[:3]
    if _each_a_call(items):
        return False
    if all(isinstance(item, dict) for item in heads):
        if any(_has_text(item) for item in heads):
            return not _is_people(items, path) and not any(map(_has_transcript, heads))
        if all(isinstance(item, dict) for item in items) and _speak_by_key(items):
            return True
        if len(items) < 2 or any(_has_lists(item) for item in heads):
            return False
        objects = [item for item in items if isinstance(item, dict)]
        items, plan = _with_plan(objects)
        if not plan.text or not (plan.role or plan.start) or _is_people(items, path):
            return False
        texts = [str(item.get(plan.text[0]) or "") for item in items if isinstance(item, dict)]
        return words_of(texts) >= 2 * len(texts)
    if len(items) >= 2 and all(isinstance(item, list | tuple) and 2 <= len(item) <= 6 for item in items):
        if all(isinstance(item[0], str) and isinstance(item[1], str) for item in items):
            return words_of([text for item in items for text in item[:2]]) >= 3 * len(items)
        return _is_table_of_turns(items)
    if len(items) >= 2 and all(isinstance(item, str) for item in items):
        return labelled_texts(items) is not None
    return False


def _with_plan(objects: list[dict[Any, Any]]) -> tuple[list[dict[Any, Any]], Plan]:
    """Objects with what lies inside of them beside their own values where that is a part of a turn, and their plan."""
    plan = plan_of(objects)
    if any(isinstance(value, dict | list) for item in objects[:3] for value in item.values()):
        flat = flattened(objects, plan)
        if flat is not None:
            return flat, plan_of(flat)
    return objects, plan


def _is_table_of_turns(items: list[Any]) -> bool:
    """Do rows of cells hold who speaks or when, and what is said?"""
    if len({len(item) for item in items}) > 1:
        return False
    rows = [{f"column {place}": cell for place, cell in enumerate(item)} for item in items]
    plan = plan_of(rows)
    if not plan.text or not (plan.role or plan.start):
        return False
    texts = [str(row.get(plan.text[0]) or "") for row in rows]
    return words_of(texts) >= 2 * len(texts)


_CALL_WORDS = frozenset(
    ("call", "conversation", "convo", "contact", "interaction", "meeting", "ticket", "case", "recording")
)


def _each_a_call(items: list[Any]) -> bool:
    """Has each of these objects the id of another call?"""
    if len(items) < 2 or not isinstance(items[0], dict):
        return False
    for name in items[0]:
        if _CALL_ID.search(str(name)) and words_in(str(name)) & _CALL_WORDS:
            ids = {str(item.get(name)) for item in items if isinstance(item, dict)}
            if len(ids) == len(items):
                return True
    return False


def _speak_by_key(items: list[dict[Any, Any]]) -> bool:
    """Is each key of the objects a speaker, with what was said under it?"""
    if side_keys(items):
        return True
    keys = {str(key) for item in items[:50] for key in item}
    return (
        len(items) >= 2
        and 2 <= len(keys) <= 6
        and {"agent", "customer"} <= {role_of(key) for key in keys}
        and all(isinstance(text, str) for item in items for text in item.values())
    )


def _has_text(item: dict[Any, Any]) -> bool:
    return any(
        isinstance(item[name], str)
        or (isinstance(item[name], list) and item[name] and isinstance(item[name][0], str))
        for name in usual_plan(tuple(map(str, item))).text
        if name in item
    )


def _has_transcript(item: dict[Any, Any]) -> bool:
    """Is a text of this object a whole conversation, so that the object is a call?"""
    return any(isinstance(value, str) and holds_turns(value[:2000]) for value in item.values())


def _has_lists(item: dict[Any, Any]) -> bool:
    return any(
        isinstance(value, list)
        and len(value) > 1
        and isinstance(value[0], dict)
        and not all(isinstance(part, dict) and len(part) == 1 for part in value)  # pieces of one text
        for value in item.values()
    )


def _is_people(items: list[Any], path: tuple[str, ...]) -> bool:
    name = path[-1] if path else ""
    return (
        bool(name)
        and bool(people_in({name: items}))
        and not any(
            isinstance(value, str) and len(value.split()) > 3
            for item in items[:20]
            if isinstance(item, dict)
            for value in item.values()
        )
    )


def _is_word_list(items: list[Any]) -> bool:
    """Words with their times, and nothing else that was said."""
    heads = [item for item in items[:8] if isinstance(item, dict)]
    if len(items) < 8 or len(heads) < 8:
        return False
    return all(
        any(isinstance(item.get(name), str) for name in ("word", "w", "punctuated_word", "token"))
        and usual_plan(tuple(map(str, item))).start
        for item in heads
    )


def _list_of(items: list[Any], path: tuple[str, ...]) -> _List:
    if _is_word_list(items):
        return _List(
            path,
            items,
            bool(usual_plan(tuple(map(str, items[0]))).role or "spk" in items[0]),
            len(items),
            True,
            1.0,
        )
    objects = [item for item in items if isinstance(item, dict)]
    roles = False
    single = False
    if objects:
        usual = usual_plan(tuple(dict.fromkeys(str(name) for item in objects[:3] for name in item)))
        objects, plan = _with_plan(objects)
        roles = bool(plan.role or usual.role)
        texts = [text for item in objects if (text := _said(item, plan))]
    else:
        roles = all(isinstance(item, list | tuple) for item in items) or labelled_texts(
            [item for item in items if isinstance(item, str)]
        ) is not None  # fmt: skip
        texts = [item if isinstance(item, str) else str(item[1]) for item in items]
    words = words_of(texts)
    single = len(texts) > 8 and words < 1.5 * len(texts)
    names = frozenset().union(*(words_in(name) for name in path[-2:])) if path else frozenset()
    score = float(min(words, 5000)) / 50
    score += 40.0 * roles - 30.0 * single
    score += 20.0 * (not names.isdisjoint(_TURN_LISTS)) - 60.0 * (not names.isdisjoint(_ABOUT))
    score -= 30.0 * (not names.isdisjoint(_WORD_LISTS))
    letters = "".join(texts[:200])
    score -= 25.0 * (
        bool(letters) and letters == letters.lower() and letters != letters.upper() and len(texts) > 1
    )
    return _List(path, items, roles, words, single, score)


def _said(item: dict[Any, Any], plan: Plan) -> str:
    for name in plan.text:
        value = item.get(name)
        if isinstance(value, str):
            return value
        if isinstance(value, list) and value and all(isinstance(part, str) for part in value):
            return " ".join(value)
    return ""


def _best(found: list[_List]) -> _List | None:
    """The list of turns, where every other one is about the call, says the same once more, or names nobody."""
    if not found:
        return None
    best = max(found, key=lambda one: one.score)
    if len(found) == 1:
        return best
    said = _tokens(best.items)
    for other in found:
        if other is best:
            continue
        names = (
            frozenset().union(*(words_in(name) for name in other.path[-2:])) if other.path else frozenset()
        )
        if not names.isdisjoint(_ABOUT | _WORD_LISTS) or (best.roles and not other.roles):
            continue
        tokens = _tokens(other.items)
        smaller, larger = sorted((said, tokens), key=lambda counter: sum(counter.values()))
        if smaller and sum((smaller - larger).values()) <= 0.2 * sum(smaller.values()):
            continue
        return None
    return best


def _tokens(items: Sequence[Any]) -> Counter[str]:
    found: Counter[str] = Counter()
    plan = (
        plan_of([item for item in items if isinstance(item, dict)])
        if any(isinstance(i, dict) for i in items)
        else None
    )
    for item in items:
        text = item if isinstance(item, str) else ""
        if isinstance(item, dict) and plan is not None:
            text = _said(item, plan)
        elif isinstance(item, list | tuple):
            text = " ".join(str(part) for part in item[1:2])
        found.update(re.findall(r"[^\W_]+", text.casefold()))
    return found


# --- several lists that are one call ---


def _joined(items: list[Any], path: tuple[str, ...]) -> Found | None:
    """A list of objects that each hold a list of turns: channels, monologues or parts of one call, put together.

    `several` is set where each of them is a call of its own. None: this is no such list.
    """
    containers = [item for item in items if isinstance(item, dict)]
    if not containers or len(containers) != len(items) or len(items) > 5000:
        return None
    if any(_has_text(item) and not _only_label(item) for item in containers[:20]):
        return None
    inners = [_inner(item) for item in containers]
    if not any(inners) or sum(bool(inner) for inner in inners) * 2 < len(inners):
        return None
    filled = [(item, inner) for item, inner in zip(containers, inners, strict=True) if inner]
    if len(filled) == 1:
        if len(containers) > 1 and _calls_apart([(item, []) for item in containers]):
            return Found([], path, len(containers))
        return Found(_inherit(*filled[0]), path)
    sided = [len(_labels(inner)) for _, inner in filled]
    speaks = _speakers_of([item for item, _ in filled])
    if all(speaks) and all(count <= 1 for count in sided):
        parts = zip(speaks, (with_plain_times(inner) for _, inner in filled), strict=True)
        return Found(
            [turn if _labels([turn]) else {**who, **turn} for who, inner in parts for turn in inner], path
        )
    if all(count <= 1 for count in sided):
        if any(_starts(inner) is None for _, inner in filled):
            return None
        if not _calls_apart(filled):
            numbered = [
                {"channel": place, **turn} if not _labels(inner) else turn
                for place, (_, inner) in enumerate(filled)
                for turn in with_plain_times(inner)
            ]
            return Found(numbered, path)
    if _goes_on([inner for _, inner in filled]) and not _calls_apart(filled):
        return Found([turn for item, inner in filled for turn in _inherit(item, inner)], path)
    if _calls_apart(filled) or sum(count > 1 for count in sided) > 1:
        return Found([], path, len(filled))
    return None


def _only_label(item: dict[Any, Any]) -> bool:
    """Is the only text of this object the name of a speaker or a heading?"""
    plan = usual_plan(tuple(map(str, item)))
    return all(not isinstance(item.get(name), str) or len(item[name].split()) <= 3 for name in plan.text)


def _inner(item: dict[Any, Any], depth: int = 0) -> list[dict[str, Any]]:
    """The one list of turns inside of this object."""
    lists: list[tuple[float, list[Any]]] = []
    for name, value in item.items():
        if (
            isinstance(value, list)
            and value
            and all(isinstance(one, dict) for one in value)
            and _is_turns(value, (str(name),))
        ):
            lists.append((_list_of(value, (str(name),)).score, value))
        elif isinstance(value, dict) and depth < 2:
            inner = _inner(value, depth + 1)
            if inner:
                lists.append((_list_of(inner, (str(name),)).score, inner))
    return max(lists, key=lambda one: one[0])[1] if lists else []


def _labels(inner: list[dict[str, Any]]) -> set[str]:
    plan = plan_of(inner)
    if not plan.role:
        return set()
    return {str(item.get(plan.role[0])) for item in inner if item.get(plan.role[0]) is not None}


def _speaker_of(item: dict[Any, Any]) -> dict[str, Any]:
    """The key of a monologue that says whose it is."""
    names = usual_plan(tuple(map(str, item))).role
    for name in names:
        value = item.get(name)
        if (
            isinstance(value, str | int)
            and not isinstance(value, bool)
            and value != ""
            and name.casefold() != "name"
        ):
            return {name: value}
    for name in names:
        value = item.get(name)
        if isinstance(value, str | dict) and value:
            return {name: value}
    return {}


def _speakers_of(items: list[dict[Any, Any]]) -> list[dict[str, Any]]:
    """The key of each of these lists that says whose it is: known by its name, or by values that name the sides."""
    found = [_speaker_of(item) for item in items]
    if all(found) or len(items) < 2:
        return found
    for name in items[0]:
        values = [item.get(name) for item in items]
        if not all(isinstance(value, str) and 0 < len(value) <= 60 for value in values):
            continue
        roles = {role_of(str(value)) for value in values}
        if len(set(values)) == len(values) and (
            {"agent", "customer"} <= roles or names_part(str(name), "role")
        ):
            return [{"role": value} for value in values]
    return found


def _inherit(item: dict[Any, Any], inner: list[dict[str, Any]]) -> list[dict[str, Any]]:
    speaker = _speaker_of(item)
    return [turn if _labels([turn]) or not speaker else {**speaker, **turn} for turn in inner]


def _starts(inner: list[dict[str, Any]]) -> list[float] | None:
    plan = plan_of(inner) if len(inner) > 1 else usual_plan(tuple(map(str, inner[0])))
    if not plan.start:
        return None
    found: list[float] = []
    for item in inner:
        value = item.get(plan.start[0][0])
        moment = read_moment(value) if isinstance(value, str | int | float) and value != "" else None
        if moment is None:
            return None
        found.append(moment.seconds)
    return found


def _goes_on(inners: list[list[dict[str, Any]]]) -> bool:
    """Does each part begin after the one before it ended?"""
    last = -1.0
    for inner in inners:
        starts = _starts(inner)
        if starts is None or min(starts) < last:
            return False
        last = max(starts)
    return True


def _calls_apart(filled: list[tuple[dict[Any, Any], list[dict[str, Any]]]]) -> bool:
    """Do these objects say of themselves that they are calls: ids that all differ, beside a start or an agent?"""
    names = set.intersection(*(set(map(str, item)) for item, _ in filled))
    differ = any(
        _CALL_ID.search(name) and not words_in(name) & {"speaker", "channel", "participant", "segment", "user"}
        and len({str(item.get(name)) for item, _ in filled}) == len(filled)
        for name in names
    )  # fmt: skip
    about = any(
        words_in(name)
        & {
            "agent",
            "customer",
            "started",
            "date",
            "created",
            "caller",
            "duration",
            "direction",
            "queue",
            "product",
        }
        for name in names
    )
    named = any(
        words_in(name) & {"call", "conversation", "contact", "interaction", "meeting"} for name in names
    )
    return differ and (about or named)


def people_of(data: Any) -> People:
    """The people that the data lists; none where it is a bare list of turns."""
    return people_in(data) if isinstance(data, dict) else NOBODY
