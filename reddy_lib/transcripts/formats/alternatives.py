"""Results with several readings of the same words: the surest of them is what was said, and the others are not sent.

Lists are told by their values: readings resemble one another word for word, parts of a message do not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from reddy_lib.transcripts.key_names import usual_plan, words_in

__all__ = ["with_the_best"]

_DEPTH = 12
_SURE = frozenset(("confidence", "score", "probability", "prob", "conf", "likelihood", "weight"))
_UNSURE = frozenset(("cost", "loss", "rank", "wer", "distance", "error"))


def with_the_best(data: Any, depth: int = 0) -> Any:
    """The data with the best reading in place of each list of them; the same object where there is none."""
    if depth > _DEPTH:
        return data
    if isinstance(data, list):
        data = _without_single_lists(data)
        told = _of_siblings(data) or data
        items = [with_the_best(item, depth + 1) if isinstance(item, dict | list) else item for item in told]
        best = _of_rows(items)
        if best is not None:
            return best
        return items if any(a is not b for a, b in zip(items, data, strict=True)) else data
    if not isinstance(data, dict):
        return data
    data = _without_numbered_readings(data)
    found: dict[Any, Any] = {}
    for name, value in data.items():
        if isinstance(value, list) and 2 <= len(value) <= 10 and _are_readings(several := _as_objects(value)):
            found[name] = _best(several)
        elif isinstance(value, dict | list):
            found[name] = with_the_best(value, depth + 1)
        else:
            found[name] = value
    return found if any(found[name] is not data[name] for name in data) else data


_FEWEST = 3


def _without_single_lists(items: list[Any]) -> list[Any]:
    """Items that each keep what was said in lists of one object, without these lists: `{"results": [{"text": …}]}`."""
    if len(items) < _FEWEST or not all(isinstance(item, dict) for item in items):
        return items
    plan = usual_plan(tuple(dict.fromkeys(str(name) for item in items[:50] for name in item)))
    if any(isinstance(item.get(name), str) for item in items[:50] for name in plan.text):
        return items
    if not plan.role and not plan.start:
        return items
    names = [
        name
        for name in dict.fromkeys(name for item in items[:50] for name in item)
        if all(_is_single(item.get(name)) for item in items) and _text_within(items[0][name][0])
    ]
    return [{**item, **{name: _opened(item[name]) for name in names}} for item in items] if names else items


def _is_single(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict)


def _opened(value: Any, depth: int = 0) -> Any:
    """An object out of the lists of one around it, and around what it holds."""
    if _is_single(value):
        value = value[0]
    if not isinstance(value, dict) or depth > _FEWEST:
        return value
    return {name: _opened(inner, depth + 1) if _is_single(inner) else inner for name, inner in value.items()}


def _text_within(value: dict[Any, Any], depth: int = 0) -> str:
    """The text of an object, or of the one object in a list of its own."""
    said = _text(value)
    if said or depth > _FEWEST:
        return said
    return next((_text_within(inner[0], depth + 1) for inner in value.values() if _is_single(inner)), "")


def _without_numbered_readings(data: dict[Any, Any]) -> dict[Any, Any]:
    """`{"text_1": …, "confidence_1": 0.9, "text_2": …}`: an object without all but the surest of its numbered readings."""
    numbered: dict[str, dict[str, Any]] = {}
    for name in data:
        match = _NUMBERED.fullmatch(str(name))
        if match is not None:
            numbered.setdefault(match["name"].strip("_- .").casefold(), {})[match["number"]] = name
    if not numbered or max(map(len, numbered.values())) < 2:
        return data
    for names in numbered.values():
        texts = [data[name] for name in names.values()]
        if len(names) < 2 or not all(isinstance(text, str) for text in texts) or not _are_readings(texts):
            continue
        sure = next((other for name, other in numbered.items() if words_in(name) & _SURE), {})
        numbers = {number: data[sure[number]] for number in names if number in sure}
        best = min(names, key=int)
        if len(numbers) == len(names) and all(isinstance(n, int | float) for n in numbers.values()):
            best = max(numbers, key=lambda number: numbers[number])
        dropped = {name for number, name in names.items() if number != best}
        return {name: value for name, value in data.items() if name not in dropped}
    return data


def _of_siblings(items: Sequence[Any]) -> list[Any] | None:
    """Items each of which lists its readings under one key, with the surest in place of each list; None for others.

    What the lists are is decided over all of them: two readings of "Yes" resemble one another no more than two answers do.
    """
    if len(items) < 2 or not all(isinstance(item, dict) for item in items):
        return None
    for name in dict.fromkeys(name for item in items[:50] for name in item):
        lists = [
            list(_as_objects(value)) for item in items if isinstance(value := item.get(name), list) and value
        ]
        if 2 * len(lists) < len(items) or not all(
            len(values) <= 10 and _of_one_kind(values) for values in lists
        ):
            continue
        several = [values for values in lists if len(values) > 1]
        called = not words_in(str(name)).isdisjoint(_LISTS)
        alike = sum(map(_are_readings, several))
        if 2 * alike >= len(several) > 0 or (called and all(map(_says_how_sure, lists))):
            return [
                {**item, name: _best(_as_objects(item[name]))}
                if isinstance(item.get(name), list) and item[name]
                else item
                for item in items
            ]
    return None


_LISTS_TEXT = """
alternatives alternative hypotheses hypothesis hyps readings candidates variants guesses nbest options
"""
_LISTS = frozenset(_LISTS_TEXT.split())


def _of_one_kind(values: Sequence[Any]) -> bool:
    """Is each value a text, or each an object with the same keys, of nobody in particular?"""
    if all(isinstance(value, str) for value in values):
        return True
    return (
        all(isinstance(value, dict) and _text(value) for value in values)
        and len({frozenset(value) for value in values}) == 1
        and not _names_several(values)
    )


def _says_how_sure(values: Sequence[Any]) -> bool:
    return all(
        isinstance(value, dict) and any(words_in(str(name)) & (_SURE | _UNSURE) for name in value)
        for value in values
    )


_NUMBERED = re.compile(r"(?P<name>[^\d]{0,40}?)[_ .-]?(?P<number>\d{1,2})")


def _as_objects(values: Sequence[Any]) -> Sequence[Any]:
    """Pairs of a text and of how sure it is as objects; anything else as it is."""
    pairs: list[dict[str, Any]] = []
    for value in values:
        if not isinstance(value, list) or len(value) != 2:
            return values
        texts = [one for one in value if isinstance(one, str)]
        numbers = [one for one in value if isinstance(one, float) and 0 <= one <= 1]
        if len(texts) != 1 or len(numbers) != 1:
            return values
        pairs.append({"text": texts[0], "confidence": numbers[0]})
    return pairs


def _of_rows(items: Sequence[Any]) -> list[Any] | None:
    """The surest of each run of items that are readings of one turn, a row each; None where they are not.

    They differ in their texts and in how sure they are, and in nothing else that tells one turn from another.
    """
    if len(items) < 4 or not all(isinstance(item, dict) for item in items):
        return None
    names = {str(name) for item in items[:50] for name in item}
    if not any(words_in(name) & (_SURE | _UNSURE | _READING) for name in names):
        return None
    plan = usual_plan(tuple(names))
    telling = [name for name, _ in plan.start] or [
        name for name in names if words_in(name) & _TURN and not words_in(name) & (_UNSURE | _READING)
    ]
    if not telling:
        return None
    same = (*telling, *plan.role)
    runs: list[list[dict[Any, Any]]] = []
    for item in items:
        values = [item.get(name) for name in same]
        if runs and values[0] is not None and values == [runs[-1][0].get(name) for name in same]:
            runs[-1].append(item)
        else:
            runs.append([item])
    several = [run for run in runs if len(run) > 1]
    if 2 * len(several) < len(runs) or not all(_are_texts_alike(run) for run in several):
        return None
    return [_best(run) for run in runs]


_READING_TEXT = "alternative hypothesis reading candidate variant guess nbest option"
_READING = frozenset(_READING_TEXT.split())
_TURN = frozenset(("turn", "utterance", "segment", "line", "phrase", "index", "seq", "sequence"))


def _are_texts_alike(run: Sequence[dict[Any, Any]]) -> bool:
    tokens = [re.findall(r"[^\W_]", _text(item).casefold()) for item in run]
    return all(tokens) and all(_resemble(tokens[0], other) for other in tokens[1:])


def _are_readings(values: Sequence[Any]) -> bool:
    """Is each value one reading of the same words?"""
    if all(isinstance(value, dict) for value in values):
        if len({frozenset(value) for value in values}) > 2 or _names_several(values):
            return False
        texts = [_text(value) for value in values]
    elif all(isinstance(value, str) for value in values):
        texts = list(values)
    else:
        return False
    tokens = [re.findall(r"[^\W_]", text.casefold()) for text in texts]
    if not all(tokens) or max(map(len, tokens)) < 6:
        return False
    return all(_resemble(tokens[0], other) for other in tokens[1:])


def _text(value: dict[Any, Any]) -> str:
    plan = usual_plan(tuple(map(str, value)))
    given = [value[name] for name in plan.text if isinstance(value.get(name), str)]
    texts = given or [one for one in value.values() if isinstance(one, str)]
    return max(texts, key=len, default="")


def _names_several(values: Sequence[dict[Any, Any]]) -> bool:
    """Do objects name speakers, or begin at times, that differ from one to the next?"""
    names = usual_plan(tuple(dict.fromkeys(str(name) for value in values for name in value)))
    telling = [*names.role, *(name for name, _ in names.start)]
    return any(len({repr(value.get(name)) for value in values}) > 1 for name in telling)


def _resemble(one: Sequence[str], other: Sequence[str]) -> bool:
    """Do two texts have at least two in three of their pairs of letters in common?"""
    pairs, others = list(pairwise(one)), list(pairwise(other))
    if not pairs or not others:
        return False
    left = list(others)
    common = 0
    for pair in pairs:
        if pair in left:
            left.remove(pair)
            common += 1
    return 2 * common * 3 >= 2 * (len(pairs) + len(others))


def _best(values: Sequence[Any]) -> Any:
    """The value that says it is the surest; the first one where none does."""
    if not isinstance(values[0], dict):
        return values[0]
    for sure, names in ((True, _SURE), (False, _UNSURE)):
        key = next((name for name in values[0] if words_in(str(name)) & names), None)
        numbers = [value.get(key) for value in values]
        if key is not None and all(isinstance(n, int | float) and not isinstance(n, bool) for n in numbers):
            best = max(numbers) if sure else min(numbers)
            return values[numbers.index(best)]
    return values[0]
