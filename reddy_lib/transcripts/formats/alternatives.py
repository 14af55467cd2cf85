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
        items = [with_the_best(item, depth + 1) if isinstance(item, dict | list) else item for item in data]
        return items if any(a is not b for a, b in zip(items, data, strict=True)) else data
    if not isinstance(data, dict):
        return data
    found: dict[Any, Any] = {}
    for name, value in data.items():
        if isinstance(value, list) and 2 <= len(value) <= 10 and _are_readings(value):
            found[name] = _best(value)
        elif isinstance(value, dict | list):
            found[name] = with_the_best(value, depth + 1)
        else:
            found[name] = value
    return found if any(found[name] is not data[name] for name in data) else data


def _are_readings(values: Sequence[Any]) -> bool:
    """Is each value one reading of the same words?"""
    if all(isinstance(value, dict) for value in values):
        if len({frozenset(value) for value in values}) > 2 or any(_names_somebody(value) for value in values):
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


def _names_somebody(value: dict[Any, Any]) -> bool:
    return any(isinstance(value.get(name), str | int) for name in usual_plan(tuple(map(str, value))).role)


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
