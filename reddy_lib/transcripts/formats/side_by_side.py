"""Turns whose parts stand beside one another: a list a side, a list a part, words beside who spoke when, telling keys.

Nothing is decided by what the keys are called alone: lists of one length are the columns of a table, lists whose times
fall between those of the other are the sides of a talk, and a key with a clock in it says when something was said.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from reddy_lib.transcripts.formats.turn_keys import plan_of
from reddy_lib.transcripts.key_names import Plan, usual_plan, words_in
from reddy_lib.transcripts.roles import role_of
from reddy_lib.transcripts.spacing import join_words
from reddy_lib.transcripts.times import read_moment, words_of

__all__ = ["UNIT_NAMES", "columns_of", "is_aside", "rows_of", "with_plain_times"]

_MOST_SIDES = 8
UNIT_NAMES = {0.001: "_ms", 1e-6: "_us", 1e-7: "_ticks", 1.0: "_seconds"}
_ASIDE_TEXT = """
summary summaries abstract highlight highlights topic topics keyword keywords action actions todo insight insights
entity entities alternative alternatives nbest moment moments tag tags question questions metric metrics analysis
sentiment category categories chapter chapters outline bookmark bookmarks attachment attachments scorecard score scores
note notes comment
"""
_ASIDE = frozenset(_ASIDE_TEXT.split())
Rows = list[dict[str, Any]]


def is_aside(name: str) -> bool:
    """Tell whether a key says that what stands under it is about the call."""
    return not words_in(name).isdisjoint(_ASIDE)


def rows_of(value: object) -> Rows | None:
    """The turns of an object whose own keys hold their parts; None for any other value."""
    if not isinstance(value, Mapping):
        return None
    return channels(value) or columns(value) or _spoken_when(value) or _telling_keys(value)


# --- a list a side ---


def channels(value: Mapping[Any, Any]) -> Rows | None:
    """`{"agent": […], "customer": […]}`: lists of timed texts, one a side, under any names."""
    lists = {
        str(name): rows
        for name, inner in value.items()
        if isinstance(inner, list) and inner and (rows := _objects(inner)) is not None
    }
    filled = [name for name, inner in value.items() if isinstance(inner, list) and inner]
    if not 2 <= len(lists) <= _MOST_SIDES or len(lists) != len(filled):
        return None
    sides: dict[str, list[tuple[float, dict[str, Any]]]] = {}
    longest = max(lists.values(), key=len)
    for name, rows in lists.items():
        timed = _timed(_named_alike(rows, longest))
        if timed is None:
            return None
        sides[name] = timed
    if not all(_is_side(name) for name in sides) and not _talk(list(sides.values())):
        return None
    if any(is_aside(name) for name in sides):
        return None
    merged = sorted(
        (
            (start, order, name, row)
            for order, (name, timed) in enumerate(sides.items())
            for start, row in timed
        ),
        key=lambda one: one[:2],
    )
    starts = [start for start, *_ in merged]
    counted = starts[0] in (0.0, 1.0) and starts == [starts[0] + n for n in range(len(starts))]
    found: Rows = []
    for _, _, name, row in merged if counted else sorted(merged, key=lambda one: one[1]):
        plan = usual_plan(tuple(row))
        dropped = {*plan.role, *(key for key, _ in plan.start)} if counted else set(plan.role)
        found.append({"role": name, **{key: cell for key, cell in row.items() if key not in dropped}})
    return found


def _named_alike(rows: Rows, longest: Rows) -> Rows:
    """The turns of one side under the names that the longest list shows: of two turns alone, none can be told."""
    if set(rows[0]) != set(longest[0]):
        return with_plain_times(rows)
    plan = plan_of(longest)
    renamed = with_plain_times(rows, plan)
    if plan.text and plan.text[0] not in usual_plan(tuple(rows[0])).text and "text" not in rows[0]:
        said = plan.text[0]
        renamed = [{("text" if key == said else key): cell for key, cell in row.items()} for row in renamed]
    return renamed


def with_plain_times(rows: Rows, plan: Plan | None = None) -> Rows:
    """Turns of one side with their times under names that say so: lists that are put together rise no longer."""
    if not rows:
        return rows
    plan, usual = plan or plan_of(rows), usual_plan(tuple(rows[0]))
    names: dict[str, str] = {}
    for found, known, plain in (
        (plan.start, usual.start, "start"),
        (plan.stop, usual.stop, "stop"),
        (plan.duration, usual.duration, "duration"),
    ):
        if found and not known:
            names[found[0][0]] = plain + UNIT_NAMES.get(found[0][1] or 0.0, "")
    names = {old: new for old, new in names.items() if not any(new in row for row in rows)}
    return [{names.get(key, key): cell for key, cell in row.items()} for row in rows] if names else rows


def _objects(inner: Sequence[Any]) -> Rows | None:
    """The items as objects, where they are objects, or rows of one length."""
    if all(isinstance(item, dict) for item in inner):
        return [{str(key): cell for key, cell in item.items()} for item in inner]
    if all(isinstance(item, list | tuple) and 2 <= len(item) <= 4 for item in inner):
        return [{f"column {place}": cell for place, cell in enumerate(item)} for item in inner]
    return None


def _timed(rows: Rows) -> list[tuple[float, dict[str, Any]]] | None:
    """(start, turn) of a list that one side said; None where a turn has no words or time, or names somebody else."""
    plan = plan_of(rows) if len(rows) > 1 else usual_plan(tuple(rows[0]))
    if not plan.text or not plan.start:
        return None
    if plan.role and len({str(row.get(plan.role[0])) for row in rows}) > 1:
        return None
    found: list[tuple[float, dict[str, Any]]] = []
    for row in rows:
        said, start = row.get(plan.text[0]), row.get(plan.start[0][0])
        if isinstance(start, list) and start:
            start = start[0]
        moment = read_moment(start) if isinstance(start, str | int | float) and start != "" else None
        if not isinstance(said, str) or moment is None:
            return None
        found.append((moment.seconds, row))
    return found


def _is_side(name: str) -> bool:
    return bool(role_of(name)) or (
        re.fullmatch(r"(?:channel|ch|track|leg|speaker|spk|left|right)[ _-]?\d*", name, re.IGNORECASE)
        is not None
    )


def _talk(sides: Sequence[Sequence[tuple[float, dict[str, Any]]]]) -> bool:
    """Do these lists answer one another: time goes from one to the other and back, and none repeats another?"""
    if len({frozenset(row) for timed in sides for _, row in timed}) > 3:
        return False
    order = [place for _, place in sorted((start, n) for n, timed in enumerate(sides) for start, _ in timed)]
    changes = sum(a != b for a, b in pairwise(order))
    fewest = min(map(len, sides))
    if changes < max(2, fewest) or len(order) < 3:
        return False
    texts = [{text for _, row in timed for text in row.values() if _is_said(text)} for timed in sides]
    return not any(one & other for n, one in enumerate(texts) for other in texts[n + 1 :])


def _is_said(value: Any) -> bool:
    return isinstance(value, str) and words_of((value,)) >= 4


# --- a list a part ---


def columns(value: Mapping[Any, Any]) -> Rows | None:
    """`{"speakers": […], "texts": […]}`: turns as columns, whatever these are called."""
    lists = {str(name): inner for name, inner in value.items() if isinstance(inner, list) and len(inner) >= 2}
    by_length: dict[int, dict[str, list[Any]]] = {}
    for name, inner in lists.items():
        if all(isinstance(item, str | int | float | None) or _is_span(item) for item in inner):
            by_length.setdefault(len(inner), {})[name] = inner
    for group in sorted(by_length.values(), key=len, reverse=True):
        if len(group) < 2 or (
            len(group) < len(lists) and any(_holds_text(lists[n]) for n in lists if n not in group)
        ):
            continue
        rows: Rows = [dict(zip(group, row, strict=True)) for row in zip(*group.values(), strict=True)]
        singular = [
            {name.removesuffix("s") if len(name) > 2 else name: cell for name, cell in row.items()}
            for row in rows
        ]
        if len(singular[0]) == len(group):
            rows = singular
        plan = plan_of(rows)
        if not plan.text or not (plan.role or (plan.start and len(group) > 2)):
            continue
        texts = [str(row.get(plan.text[0]) or "") for row in rows]
        if words_of(texts) >= 2 * len(texts):
            return rows
    return None


def columns_of(value: Mapping[Any, Any]) -> tuple[Any, ...]:
    """The keys of lists that are the columns of one table of turns; () where these are none."""
    rows = columns(value)
    length = 0 if rows is None else len(rows)
    return tuple(
        name for name, inner in value.items() if length and isinstance(inner, list) and len(inner) == length
    )


def _is_span(item: Any) -> bool:
    return isinstance(item, list) and len(item) == 2 and all(isinstance(one, int | float) for one in item)


def _holds_text(inner: Sequence[Any]) -> bool:
    return any(_is_said(item) or isinstance(item, dict) for item in inner)


# --- words beside who spoke when ---


def _spoken_when(value: Mapping[Any, Any]) -> Rows | None:
    """Words (or sentences) that name nobody, beside a list that says who spoke from when to when, or from which word."""
    lists = {
        str(name): inner
        for name, inner in value.items()
        if isinstance(inner, list) and len(inner) >= 2 and all(isinstance(item, dict) for item in inner)
    }
    if len(lists) < 2:
        return None
    plans = {name: plan_of(inner) for name, inner in lists.items()}
    for who, segments in lists.items():
        told = plans[who]
        if not told.role or _said_under(segments, told):
            continue
        for name, words in lists.items():
            text = "" if name == who else _said_under(words, plans[name])
            if not text or _told(words, plans[name], text):
                continue
            plan = plans[name]._replace(text=(text,))
            found = _by_number(words, plan, segments, told) or _by_time(words, plan, segments, told)
            if found is not None:
                return found
    return None


def _said_under(items: Rows, plan: Plan) -> str:
    """The key under which nearly every item has a word or words of its own; "" for none."""
    timed = {name for name, _ in (*plan.start, *plan.stop, *plan.duration)}
    best: tuple[int, str] = (0, "")
    for name in dict.fromkeys(name for item in items[:50] for name in item):
        texts = [text for item in items if isinstance(text := item.get(name), str) and text.strip()]
        if name in timed or len(texts) * 10 < 9 * len(items) or len(set(texts)) * 4 <= len(texts):
            continue
        if len(set(texts)) > 3 or words_of(texts) > 2 * len(texts):
            letters = sum(sum(map(str.isalpha, text)) for text in texts)
            codes = any(sum(map(str.isdecimal, text)) >= 4 and len(text.split()) == 1 for text in texts[:3])
            best = best if codes or read_moment(texts[0]) is not None else max(best, (letters, str(name)))
    return best[1]


def _told(words: Rows, plan: Plan, text: str) -> bool:
    """Do the words say themselves whose they are?"""
    return any(len({repr(word.get(name)) for word in words}) > 1 for name in plan.role[:1] if name != text)


def _by_time(words: Rows, plan: Plan, segments: Rows, told: Plan) -> Rows | None:
    if not plan.start or not told.start:
        return None
    begun = [_second(segment, told.start[0][0]) for segment in segments]
    if any(start is None for start in begun) or begun != sorted(begun, key=lambda one: one or 0.0):
        return None
    starts = [start for start in begun if start is not None]
    parts: list[Rows] = [[] for _ in segments]
    for word in words:
        first = _second(word, plan.start[0][0])
        if first is None:
            return None
        last = _second(word, plan.stop[0][0]) if plan.stop else None
        middle = first if last is None or last < first else (first + last) / 2
        parts[max(0, bisect_right(starts, middle + 1e-6) - 1)].append(word)
    return _joined_parts(parts, plan, segments)


def _by_number(words: Rows, plan: Plan, segments: Rows, told: Plan) -> Rows | None:
    """Segments that say from which word to which word they go: their numbers cover all of the words."""
    keys = [key for key in segments[0] if all(type(segment.get(key)) is int for segment in segments)]
    for first in keys:
        begins = [segment[first] for segment in segments]
        if begins[0] not in (0, 1) or begins != sorted(set(begins)) or len(words) <= len(segments):
            continue
        base = begins[0]
        for last in keys:
            ends = [segment[last] for segment in segments]
            for beyond in (0, 1):
                goes_on = all(end + beyond == begin for end, begin in zip(ends, begins[1:], strict=False))
                if last != first and goes_on and ends[-1] + beyond == base + len(words):
                    parts = [
                        words[begin - base : end + beyond - base]
                        for begin, end in zip(begins, ends, strict=True)
                    ]
                    kept = [
                        {k: v for k, v in segment.items() if k not in (first, last)} for segment in segments
                    ]
                    return _joined_parts(parts, plan, kept)
    return None


def _joined_parts(parts: Sequence[Rows], plan: Plan, segments: Rows) -> Rows | None:
    if sum(not part for part in parts) * 5 > len(parts):
        return None
    text = plan.text[0]
    found: Rows = []
    for part, segment in zip(parts, segments, strict=True):
        said = [str(word.get(text) or "") for word in part]
        if part:
            found.append({**segment, "text": join_words(said), "words": part})
    return found


def _second(item: Mapping[str, Any], name: str) -> float | None:
    value = item.get(name)
    moment = read_moment(value) if isinstance(value, str | int | float) and value != "" else None
    return None if moment is None else moment.seconds


# --- keys that say when and who ---

_TIME = r"\d{1,3}:\d{2}(?::\d{2})?(?:[.,]\d{1,6})?|\d{1,9}(?:\.\d{1,6})?s?"
_BEFORE = re.compile(
    rf"[\[(#]?(?P<time>{_TIME})[\])]?[\s_|@:/.,-]{{0,4}}(?P<label>[^\W\d].{{0,58}}|\+\d[\d ]{{5,20}})"
)
_BEHIND = re.compile(
    rf"(?P<label>[^\W\d].{{0,58}}?|\+\d[\d ]{{5,20}})[\s_|@:/.,-]{{0,4}}[\[(#]?(?P<time>{_TIME})[\])]?"
)


def _telling_keys(value: Mapping[Any, Any]) -> Rows | None:
    """`{"00:12 Agent": "Hello"}`: keys that hold a clock or a number, and who speaks or what the items are called."""
    if len(value) < 3 or not all(isinstance(inner, str | dict) for inner in value.values()):
        return None
    for pattern in (_BEFORE, _BEHIND):
        matches = [pattern.fullmatch(str(name).strip()) for name in value]
        known = [match for match in matches if match is not None]
        if len(known) < len(matches):
            continue
        labels = [match["label"].strip(" \t_|@:/.,-[]()#") for match in known]
        distinct = set(labels)
        inners = list(value.values())
        objects = all(isinstance(inner, dict) for inner in inners)
        few = 2 <= len(distinct) <= max(2, min(6, len(labels) // 2))
        if not few and not (objects and len(distinct) == 1):
            continue
        texts = [inner for inner in inners if isinstance(inner, str)]
        if texts and words_of(texts) < 2 * len(texts):
            continue
        if objects and not usual_plan(tuple(map(str, inners[0]))).text and not plan_of(inners).text:
            continue
        return _told_rows([match["time"].rstrip("s") for match in known], labels, inners, few)
    return None


def _told_rows(times: Sequence[str], labels: Sequence[str], inners: Sequence[Any], few: bool) -> Rows | None:
    numbers = [int(time) if time.isdecimal() else None for time in times]
    counts = None not in numbers and sorted(n for n in numbers if n is not None) in (
        list(range(len(numbers))),
        list(range(1, len(numbers) + 1)),
    )
    name = "index" if counts else "time"
    if not few and not counts:
        return None
    rows: Rows = []
    for time, label, inner in zip(times, labels, inners, strict=True):
        said = {str(key): cell for key, cell in inner.items()} if isinstance(inner, dict) else {"text": inner}
        at = int(time) if counts else time if ":" in time else float(time)
        rows.append({name: at, **({"speaker": label} if few else {}), **said})
    if counts:
        rows.sort(key=lambda row: int(row["index"]))
        return [{key: cell for key, cell in row.items() if key != "index"} for row in rows]
    return rows
