"""A list of turns as data becomes turns: objects, pairs, rows, words; by the keys that `turn_keys` found.

Items that hold no text, and of which nothing says what they are, are kept as a line that shows the item itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any

from reddy_lib.findings import finding
from reddy_lib.transcripts.formats.json_form import as_text, decode, short, unreadable_time
from reddy_lib.transcripts.formats.side_by_side import UNIT_NAMES
from reddy_lib.transcripts.formats.turn_keys import (
    flattened,
    inner_text,
    labelled_texts,
    plan_of,
    side_keys,
)
from reddy_lib.transcripts.key_names import ASSISTANTS, Plan, usual_plan, words_in
from reddy_lib.transcripts.order import by_counter
from reddy_lib.transcripts.people import person_of, settled
from reddy_lib.transcripts.roles import is_machine, role_of
from reddy_lib.transcripts.spacing import between, is_spelled_out
from reddy_lib.transcripts.times import Moment, parts_of_span, read_moment, words_of
from reddy_lib.transcripts.turns import Listed, Parsed, Turn
from reddy_lib.transcripts.unspoken import sift

__all__ = ["read_items"]


def read_items(items: Sequence[Any]) -> Parsed:
    """Turns from a list of objects, pairs or texts; anything else becomes a line that shows the item.

    What nobody said is left out, and a counter puts the turns in order: each with a finding.
    """
    parsed = Parsed("json", [])
    items = _as_objects(items)
    objects = [item for item in items if isinstance(item, dict)]
    if not objects:
        for item in items:
            _read_item(item, _NO_PLAN, parsed)
        return parsed
    if len(objects) > 12:
        words = _as_words(objects, parsed) if len(objects) == len(items) else None
        if words:
            return words
    plan = plan_of(objects)
    if any(isinstance(value, dict | list) for item in objects[:20] for value in item.values()) and len(
        objects
    ) == len(items):
        flat = flattened(objects, plan)
        if flat is not None:
            items = objects = flat
            plan = plan_of(flat)
    parsed.aliases.update(plan.aliases)
    exploded = _by_side(objects, plan)
    if exploded is not None and len(objects) == len(items):
        items, plan = exploded, usual_plan(tuple(dict.fromkeys(name for turn in exploded for name in turn)))
    _known_sides(objects, plan, parsed)
    sifted = sift(items, plan)
    parsed.notes += [(-1, note) for note in sifted.findings()]
    places = sifted.spoken
    if plan.counter and len(objects) == len(items) and not _times_rise(items, plan):
        order, note = by_counter([int(items[place][plan.counter]) for place in places])
        if note is not None:
            parsed.notes.append((-1, note))
            places = [places[index] for index in order]
            parsed.order = order
    left = dict(sifted.left)
    waiting = sorted(left)
    for number, place in enumerate(places):
        while waiting and waiting[0] < place and not parsed.order:
            _leave(items[waiting.pop(0)], number, parsed)
        _read_item(items[place], plan, parsed)
    for place in waiting:
        _leave(items[place], len(places), parsed)
    _labels_in_texts(parsed)
    return parsed


def _times_rise(items: Sequence[dict[str, Any]], plan: Plan) -> bool:
    """Do the times stand in the order of the list? Then a number that has another order counts something else."""
    if not plan.start:
        return False
    values = [item.get(plan.start[0][0]) for item in items]
    moments = [read_moment(value) if isinstance(value, str | int | float) else None for value in values]
    seconds = [moment.seconds for moment in moments if moment is not None]
    return len(seconds) == len(items) and seconds == sorted(seconds) and seconds[0] < seconds[-1]


def _known_sides(objects: Sequence[dict[str, Any]], plan: Plan, parsed: Parsed) -> None:
    """What objects say of their authors; and "user" is who talks to an assistant, and only there."""
    if not plan.role:
        return
    name = plan.role[0]
    authors = [value for item in objects if isinstance(value := item.get(name), dict)]
    if authors:
        for label, side in settled(map(person_of, authors)).items():
            if not role_of(label):
                parsed.aliases[label] = side
    labels = dict.fromkeys(value.strip() for item in objects if isinstance(value := item.get(name), str))
    answering = {label.casefold() for label in labels} & ASSISTANTS
    if not answering:
        return
    for label in labels:
        if is_machine(label) and len(answering) > 1:
            continue  # a bot that plays a notice before an assistant answers
        if label.casefold() in ASSISTANTS and not role_of(label):
            parsed.aliases[label] = "agent"
        elif label.casefold() in ("user", "human"):
            parsed.aliases[label] = "customer"


_NO_PLAN = Plan((), (), (), (), ())


def _read_item(item: Any, plan: Plan, parsed: Parsed) -> None:
    if isinstance(item, dict):
        _read_object(item, plan, parsed)
    elif isinstance(item, list | tuple) and 2 <= len(item) <= 4 and all(isinstance(x, str) for x in item[:2]):
        _read_pair(item, parsed)
    elif _is_timed_text(item):
        text, *times = sorted(item, key=lambda value: not isinstance(value, str))
        _read_pair(["", text, *times], parsed)
    else:
        _keep(item, parsed)


def _as_objects(items: Sequence[Any]) -> list[Any]:
    """Rows of cells as objects, where they are not `[role, text]`; objects with keys that are texts."""
    items = _opened_keys(items)
    if items and all(map(_is_timed_text, items)):
        return list(items)
    if items and all(isinstance(item, list | tuple) and 2 <= len(item) <= 12 for item in items):
        if len({len(item) for item in items}) == 1 and len(items) > 1 and not _are_pairs(items):
            return [{f"column {place}": cell for place, cell in enumerate(item)} for item in items]
        return list(items)
    return [
        {str(key): value for key, value in item.items()}
        if isinstance(item, dict) and any(type(key) is not str for key in item)
        else item
        for item in items
    ]


def _opened_keys(items: Sequence[Any]) -> Sequence[Any]:
    """`{"Agent": {"text": …, "start": …}}` and `{"Agent": ["Hello", 0.4]}` as turns with a speaker."""
    if len(items) < 2 or not all(isinstance(item, dict) and len(item) == 1 for item in items):
        return items
    labels = [str(next(iter(item))) for item in items]
    inner = [next(iter(item.values())) for item in items]
    if not 2 <= len(set(labels)) <= max(2, min(6, len(labels) // 2)):
        return items
    if all(isinstance(value, dict) and "speaker" not in value for value in inner):
        return [{"speaker": label, **value} for label, value in zip(labels, inner, strict=True)]
    if all(isinstance(value, list | tuple) and 1 <= len(value) <= 6 for value in inner):
        return [[label, *value] for label, value in zip(labels, inner, strict=True)]
    return items


def _are_pairs(items: Sequence[Any]) -> bool:
    """Are these `[role, text]`, perhaps with times behind them?"""
    if not all(len(item) <= 4 and isinstance(item[0], str) and isinstance(item[1], str) for item in items):
        return False
    if any(
        isinstance(cell, str) and cell.strip() and read_moment(cell) is None
        for item in items
        for cell in item[2:]
    ):
        return False
    if any(len(item) == 4 and _lasts_less(item[2], item[3]) for item in items):
        return False  # the second number is how long the turn was
    first, second = (sum(len(item[place].split()) for item in items) for place in (0, 1))
    few = len({item[0] for item in items}) * 2 <= len(items) or len(items) < 4
    return first <= second or few


def _lasts_less(start: Any, stop: Any) -> bool:
    return isinstance(start, int | float) and isinstance(stop, int | float) and stop < start


def _as_words(objects: list[dict[str, Any]], parsed: Parsed) -> Parsed | None:
    """A list of words or of pieces of words, put together to lines; None where its texts are sentences."""
    sets = {tuple(item) for item in objects[:50]}
    names = tuple(dict.fromkeys(name for known in sets for name in known))
    key = next((name for name in (*_WORD_KEYS, *usual_plan(names).text) if name in names), "")
    if not key:
        return None
    texts = [text for item in objects if isinstance(text := item.get(key), str)]
    if len(texts) < len(objects):
        return None
    several = sum(len(text.split()) > 1 or words_of((text,)) > 4 for text in texts)
    if several * 20 > len(texts) or sum(map(len, texts)) > 16 * len(texts):
        return None
    timed = [{name: value for name, value in item.items() if name != key} for item in objects]
    plan = plan_of(timed)
    role = next(
        (
            name
            for name in plan.role
            if sum(item.get(name) is not None for item in objects) * 2 > len(objects)
        ),
        "",
    )
    labels = [_label_of(item, plan._replace(role=(role,) if role else ())) for item in objects]
    changes = sum(a != b for a, b in pairwise(labels))
    if changes * 2 > len(labels) or (not plan.start and len(set(labels)) < 2):
        return None  # short answers, each by somebody else
    spaced = sum(text[:1].isspace() for text in texts) * 10 >= len(texts)
    parted = not spaced and sum(text[-1:].isspace() for text in texts) * 4 >= len(texts)
    joint = "" if spaced or parted or is_spelled_out(texts) else " "
    run: list[int] = []
    for place, label in enumerate(labels):
        if run and (
            label != labels[place - 1]
            or (not role and _breaks(texts[place - 1], objects[place - 1 : place + 1], plan))
        ):
            _end_run(run, texts, labels, objects, plan, joint, parsed)
            run = []
        run.append(place)
    _end_run(run, texts, labels, objects, plan, joint, parsed)
    return parsed


_WORD_KEYS = ("punctuated_word", "word", "w", "token", "text", "content", "value")


def _breaks(before: str, two: list[dict[str, Any]], plan: Plan) -> bool:
    """Does a line end between these two words of somebody who is not named?"""
    return before.rstrip().endswith((".", "?", "!", "。", "？", "！"))


def _end_run(
    run: list[int],
    texts: Sequence[str],
    labels: Sequence[str],
    objects: Sequence[dict[str, Any]],
    plan: Plan,
    joint: str,
    parsed: Parsed,
) -> None:
    said = ""
    for place in run:
        glued = joint == "" or not said or _PUNCTUATION.fullmatch(texts[place].strip()) is not None
        said += texts[place] if glued else between(said, texts[place], joint) + texts[place]
    said = said.strip()
    if not said:
        return
    turn = Turn(labels[run[0]], said)
    turn.start = _first(objects[run[0]], plan.start, "start", parsed)
    turn.stop = _first(objects[run[-1]], plan.stop, "stop", parsed)
    if turn.stop is None and plan.duration and turn.start is not None:
        begun = _first(objects[run[-1]], plan.start, "start", parsed)
        length = _first(objects[run[-1]], plan.duration, "stop", parsed)
        if begun is not None and length is not None:
            turn.stop = begun._replace(seconds=round(begun.seconds + length.seconds, 6))
    turn.words = Listed([objects[place] for place in run])
    parsed.turns.append(turn)


_PUNCTUATION = re.compile(r"[.,;:!?…%)\]]+")


def _by_side(objects: list[dict[str, Any]], plan: Plan) -> list[Any] | None:
    """`{"customer": "Hi", "agent": "Hello"}`: a turn for each key that names a speaker, in the order of the keys."""
    names = dict.fromkeys(name for item in objects for name in item)
    sides = side_keys(objects)
    for name in names if not sides else ():
        given = [item[name] for item in objects if item.get(name) is not None]
        if not given or not all(isinstance(value, str) for value in given):
            continue
        if (role_of(name) or words_in(name) & _SPEAKER_KEYS) and words_of(given) >= 2 * len(given):
            sides.append(name)
    if len(sides) < 2 or (
        plan.text and plan.text[0] not in sides and plan.text[0] in usual_plan(tuple(names)).text
    ):
        return None
    times = _times_beside(objects, sides, plan)
    found: list[Any] = []
    for item in objects:
        said = [name for name in item if name in sides and isinstance(item[name], str) and item[name].strip()]
        for place, name in enumerate(said):
            turn = {"role": name, "text": item[name]}
            for key, other in times.items():
                # The times of an item in which both speak are those of what was said first, and of what was said last.
                if item.get(key) is not None and place == (len(said) - 1 if other.startswith("end") else 0):
                    turn[other] = item[key]
            found.append(turn)
    return found


def _times_beside(objects: Sequence[dict[str, Any]], sides: Sequence[str], plan: Plan) -> dict[str, str]:
    """The keys of times beside what the sides say, and what they are called in a turn, with their unit."""
    rest = [{name: value for name, value in item.items() if name not in sides} for item in objects]
    if not plan.stop and not plan.duration:
        plan = plan_of([{**item, "text": "and so on"} for item in rest])
    found: dict[str, str] = {}
    for part, name in ((plan.start, "start"), (plan.stop, "end"), (plan.duration, "duration")):
        if part:
            key, factor = part[0]
            found[key] = name + UNIT_NAMES.get(factor or 0.0, "")
    several = any(sum(bool(item.get(name)) for name in sides) > 1 for item in objects)
    return {key: name for key, name in found.items() if not (several and name.startswith("duration"))}


_SPEAKER_KEYS_TEXT = """
question answer user assistant bot human gpt prompt completion response input output ai system visitor
"""
_SPEAKER_KEYS = frozenset(_SPEAKER_KEYS_TEXT.split())


def _leave(item: Any, before: int, parsed: Parsed) -> None:
    """An item that nobody said: its texts are known to be left out."""
    waiting: list[Any] = [item]
    while waiting:
        value = waiting.pop(0)
        if isinstance(value, dict):
            waiting[:0] = list(value.values())
        elif isinstance(value, list | tuple):
            waiting[:0] = list(value)
        elif isinstance(value, str) and value.strip():
            inside = _inside(value)
            if inside is not None:
                waiting.insert(0, inside)
            else:
                parsed.left_out.append((before, value))


def _inside(text: str) -> Any:
    """JSON that was written into a string of JSON: the arguments of a function."""
    if len(text) > 20 and text[0] in "{[":
        with suppress(ValueError):
            return decode(text).data
    return None


def _labels_in_texts(parsed: Parsed) -> None:
    """Texts that begin with who says them, where no key does: "Agent: Hello"."""
    if any(turn.label for turn in parsed.turns) or (parsed.notes and any(at >= 0 for at, _ in parsed.notes)):
        return
    parted = labelled_texts(turn.text for turn in parsed.turns)
    if parted is not None:
        for turn, (label, text) in zip(parsed.turns, parted, strict=True):
            turn.label, turn.text = label, text


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


def _is_timed_text(item: Any) -> bool:
    """Return whether an item is a text with its start and its stop, in a list: `[1.2, 3.4, "Hello"]`."""
    if not isinstance(item, list | tuple) or len(item) != 3:
        return False
    numbers = [value for value in item if isinstance(value, int | float) and not isinstance(value, bool)]
    return len(numbers) == 2 and 0 <= numbers[0] <= numbers[1] and sum(isinstance(x, str) for x in item) == 1


def _read_pair(item: Sequence[Any], parsed: Parsed) -> None:
    turn = Turn(item[0].strip(), item[1])
    for name, value in zip(("start", "stop"), item[2:], strict=False):
        setattr(turn, name, _moment(value, None, name, parsed))
    parsed.turns.append(turn)


def _read_object(item: dict[str, Any], plan: Plan, parsed: Parsed) -> None:
    text: str | None = None
    for name in plan.text:
        if name not in item:
            continue
        value = item[name]
        if isinstance(value, str):
            if value.strip() or text is None:
                text = value
            if value.strip():
                break
        elif isinstance(value, list) and value and (parts := _parts(value)):
            text = " ".join(parts)
            break
        elif isinstance(value, int | float) and not isinstance(value, bool):
            text = str(value)
            break
        elif isinstance(value, dict) and (inner := inner_text(value)):
            text = inner
            break
        elif value is None and text is None:
            text = ""
    if text is None:
        _keep(item, parsed)
        return
    turn = Turn(_label_of(item, plan), text)
    turn.start = _first(item, plan.start, "start", parsed)
    turn.stop = _first(item, plan.stop, "stop", parsed)
    if turn.stop is None and turn.start is not None:
        turn.stop = _end_of_span(item, plan.start, parsed)
    if turn.stop is None:
        turn.duration = _first(item, plan.duration, "stop", parsed)
    words = item.get("words")
    if isinstance(words, list) and words and isinstance(words[0], dict):
        turn.words = Listed(words)
        if turn.start is None and turn.stop is None and turn.duration is None:
            _time_by_words(turn, words)
    email = next(
        (person_of(item[name]).email for name in plan.role[:1] if isinstance(item.get(name), dict)), ""
    )
    if email and turn.label:
        parsed.emails.setdefault(turn.label, email)
    parsed.turns.append(turn)


def _time_by_words(turn: Turn, words: Sequence[Any]) -> None:
    """Give a turn without times of its own, as Retell has them, the start of its first word and the stop of its last."""
    plan = usual_plan(tuple(map(str, words[0])))
    aside = Parsed("", [])  # what cannot be read of a word is no finding of its line
    if isinstance(words[-1], dict) and (start := _first(words[0], plan.start, "start", aside)) is not None:
        turn.start, turn.stop = start, _first(words[-1], plan.stop, "stop", aside)


def _parts(value: list[Any]) -> list[str]:
    """Texts, or objects of which each holds one: `[{"type": "text", "text": "Hello"}]`."""
    found: list[str] = []
    for part in value:
        text = part if isinstance(part, str) else inner_text(part) if isinstance(part, dict) else None
        if text is None:
            return []
        if text:
            found.append(text)
    return found


def _label_of(item: dict[str, Any], plan: Plan) -> str:
    for name in plan.role:
        value = item.get(name)
        if plan.sides and isinstance(value, str | int | float) and (name, value) in plan.sides:
            return plan.sides[name, value]
        if isinstance(value, str) and value.strip():
            return value.strip()
        if isinstance(value, int | float) and not isinstance(value, bool):
            return f"{name} {value:g}"
        if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
            value = value[0]
        if isinstance(value, dict):
            person = person_of(value)
            inner = usual_plan(tuple(map(str, value))).role
            label = person.label() or next(
                (
                    str(value[key]).strip()
                    for key in inner
                    if isinstance(value.get(key), str) and value[key].strip()
                ),
                "",
            )
            if not label:
                number = next(
                    (value[key] for key in ("id", "_id", "user_id") if isinstance(value.get(key), str | int)),
                    None,
                )
                label = "" if number is None else str(number)
            if label:
                return label
    return ""


def _first(
    item: dict[str, Any], names: Sequence[tuple[str, float | None]], field: str, parsed: Parsed
) -> Moment | None:
    for name, factor in names:
        value: Any = item.get(name)
        if isinstance(value, dict):
            value = _inner_time(value)
        elif _is_pair_of_times(value):  # [12.5, 17.0]
            value = value[0]
        elif isinstance(value, str) and (span := parts_of_span(value)) is not None:
            value = span[0]
        if value is not None and value != "":
            return _moment(value, factor, field, parsed)
    return None


def _inner_time(value: dict[Any, Any]) -> Any:
    """`{"AbsoluteTime": "…"}`, `{"seconds": "5", "nanos": 200000000}`."""
    if "nanos" in value and set(value) <= {"seconds", "nanos"}:
        try:
            return round(float(value.get("seconds") or 0) + float(value["nanos"] or 0) / 1e9, 6)
        except (TypeError, ValueError):
            return None
    inner = [key for key in value if isinstance(value[key], str | int | float)]
    return value[inner[0]] if len(inner) == 1 else None


def _is_pair_of_times(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(isinstance(part, int | float | str) for part in value)
    )


def _end_of_span(
    item: dict[str, Any], names: Sequence[tuple[str, float | None]], parsed: Parsed
) -> Moment | None:
    """The second time of a start that is a span: "00:12 - 00:17" or [12.5, 17.0]."""
    for name, factor in names[:1]:
        value: Any = item.get(name)
        if _is_pair_of_times(value):
            return _moment(value[1], factor, "stop", parsed)
        if isinstance(value, str) and (span := parts_of_span(value)) is not None:
            return _moment(span[1], factor, "stop", parsed)
    return None


def _moment(value: Any, factor: float | None, field: str, parsed: Parsed) -> Moment | None:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    moment = read_moment(value, factor)
    if moment is None:
        parsed.notes.append((len(parsed.turns), unreadable_time(value, field)))
    return moment
