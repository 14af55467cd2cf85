"""Mask in the cells of the sheet what is masked in the call, where the cells leave the ledger: in the evidence.

A cell is text, JSON text, or nested values. In each, the text of a line becomes the text as it is masked. Where masked
words remain after that, as in the word times beside a line, the cell is written anew from the masked lines: it can
still be loaded.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from reddy_lib.batches.line_diff import pair_lines
from reddy_lib.batches.masked_names import distinct, without_count
from reddy_lib.batches.masks import HIDDEN, around_hidden, hidden
from reddy_lib.model import Call, from_payload

__all__ = ["masked_cells"]

_LONG = 6  # letters and digits: so many are masked in every cell, wherever they are
_WORDS = re.compile(r"\w+")


class _Masked(NamedTuple):
    """A text before and after, and the words that the masks stand for; None if they cannot be told."""

    before: str
    after: str
    removed: list[str] | None


def masked_cells(cells: dict[str, Any], original: str | None, payload: str) -> dict[str, Any]:
    """Return the cells of a call with the words masked that are masked in its payload.

    Args:
        original: the payload as it was loaded; None if it was never edited.
    """
    if original is None or not HIDDEN.search(payload):
        return cells
    before, after = from_payload(original), from_payload(payload)
    lines = list(_lines(before, after))
    tags = list(_tags(before, after))
    if not lines and not tags:
        return cells
    removed = [words for one in (*lines, *tags) for words in one.removed or [one.before]]
    longest = sorted((_spaced(line.text) for line in before.transcript or ()), key=len)[-3:]
    masked = {name: _cell(cell, lines, tags, removed, longest, after) for name, cell in cells.items()}
    names = [_text(name, (), tags, removed) for name in masked]
    return dict(zip(distinct(list(masked), names), masked.values(), strict=True))


def _lines(before: Call, after: Call) -> Iterator[_Masked]:
    old, new = before.transcript or [], after.transcript or []
    if len(old) == len(new):
        pairs = list(zip(old, new, strict=True))
    else:
        found = pair_lines(old, new)
        pairs = [(old[one.old - 1], new[one.new - 1]) for one in found if one.old and one.new]
    for was, now in pairs:
        if _hides_more(was.text, now.text):
            yield _compared(was.text, now.text)


def _tags(before: Call, after: Call) -> Iterator[_Masked]:
    old, new = before.tags or [], after.tags or []
    if len(old) == len(new):
        pairs = list(zip(old, new, strict=True))
    else:
        by_name = {tag.key: tag for tag in old}
        pairs = [(by_name[tag.key], tag) for tag in new if tag.key in by_name]
    for was, now in pairs:
        if _hides_more(str(was.value), str(now.value)):
            yield _compared(str(was.value), str(now.value))
        if _hides_more(was.key, now.key):
            yield _compared(was.key, without_count(was.key, now.key))


def _hides_more(before: str, after: str) -> bool:
    return before != after and bool(Counter(hidden(after)) - Counter(hidden(before)))


def _compared(before: str, after: str) -> _Masked:
    found = re.fullmatch("(.+?)".join(map(re.escape, around_hidden(after))), before, re.DOTALL)
    if found is None:
        return _Masked(before, after, None)
    pairs = zip(found.groups(), hidden(after), strict=True)
    return _Masked(before, after, [words for words, mask in pairs if words != mask])


def _cell(
    cell: Any,
    lines: Sequence[_Masked],
    tags: Sequence[_Masked],
    removed: Sequence[str],
    longest: Sequence[str],
    call: Call,
) -> Any:
    """Return one cell, masked. `longest`: lines by which a cell with the transcript is known."""
    parsed = _parsed(cell)
    every = _spaced(" ".join(_strings(parsed)))
    spoken = any(line in every for line in longest if line)
    here = lines if spoken else ()
    masked = _mapped(parsed, lambda text: _text(text, here, tags, removed))
    if not _says(masked, removed, short=spoken):
        return cell if masked == parsed else _like(cell, masked)
    if not spoken:
        return "[masked]"
    told = [
        {name: value for name, value in msgspec.to_builtins(line).items() if value is not None}
        for line in call.transcript or ()
    ]
    if parsed is not cell or not isinstance(cell, str):
        return _like(cell, told)
    return "\n".join(f"{line.role or 'Speaker'}: {line.text}" for line in call.transcript or ())


def _spaced(text: str) -> str:
    return " ".join(text.split())


def _parsed(cell: Any) -> Any:
    if isinstance(cell, str) and cell.lstrip()[:1] in ("[", "{"):
        try:
            return msgspec.json.decode(cell)
        except msgspec.DecodeError:
            return cell
    return cell


def _like(cell: Any, value: Any) -> Any:
    """Return a value as text if the cell was text."""
    if isinstance(cell, str) and not isinstance(value, str):
        return msgspec.json.encode(value).decode()
    return value


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_mapped(one, change) for one in value]
    if isinstance(value, dict):
        names = list(value)
        new_names = distinct(names, list(map(change, names)))
        return {name: _mapped(one, change) for name, one in zip(new_names, value.values(), strict=True)}
    if isinstance(value, int | float) and not isinstance(value, bool):
        text = str(value)
        new = change(text)
        return value if new == text else new
    return value


def _text(text: str, lines: Sequence[_Masked], tags: Sequence[_Masked], removed: Sequence[str]) -> str:
    for one in tags:
        if text.strip() == one.before.strip():
            return one.after
    for one in lines:
        words = one.before.split()
        if words and words[0] in text:
            pattern = r"\s+".join(map(re.escape, words))
            text = re.sub(rf"(?<!\w){pattern}(?!\w)", lambda _, to=one.after: to, text)  # type: ignore[misc]
    for words_ in removed:
        if len("".join(_WORDS.findall(words_))) >= _LONG:
            pattern = r"\W+".join(map(re.escape, _WORDS.findall(words_)))
            text = re.sub(rf"(?<!\w){pattern}(?!\w)", "[masked]", text)
    return text


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one)
    elif isinstance(value, dict):
        for one in value.values():
            yield from _strings(one)


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _names(one)
    elif isinstance(value, dict):
        for name, one in value.items():
            yield name
            yield from _names(one)


def _says(value: Any, removed: Sequence[str], *, short: bool) -> bool:
    """Return whether masked words remain, one after the other. `short`: also those that are only a few digits."""
    said = [word for text in (*_strings(value), *_names(value)) for word in _WORDS.findall(text.lower())]
    for words in removed:
        wanted = _WORDS.findall(words.lower())
        if not wanted or (not short and len("".join(wanted)) < _LONG):
            continue
        if any(said[at : at + len(wanted)] == wanted for at in range(len(said) - len(wanted) + 1)):
            return True
    return False
