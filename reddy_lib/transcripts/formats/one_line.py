"""Several turns in one text line: cut before labels that are roles, or names that keep coming back."""

from __future__ import annotations

import re
from collections import Counter

from reddy_lib.transcripts.formats.styles import join_cut
from reddy_lib.transcripts.formats.text_rows import NEWLINE, Known, could_be_a_name, take_apart
from reddy_lib.transcripts.roles import is_role
from reddy_lib.transcripts.times import CLOCK

__all__ = ["split_rows"]

_LIST_MARK = re.compile(r"\s*(?:[-–—•‣▪*+>#]{1,4}|\d{1,4}[.)])")


_INLINE_BOLD = re.compile(r"(?<=\S)[ \t]+(?=\*\*[^*:\n]{1,40}(?::\*\*|\*\*:))")


# A label inside a line: what ends a sentence before it (group 1), and the label (group 2).
_INLINE = re.compile(
    r"(?:(?<=([.?!…\"”’)\]|\-–—*>]))|(?<=[^\s.?!…\"”’)\]|\-–—*>]))\s{1,8}"
    r"(?=\**([^\W\d_][\w ()'.\-]{0,40}?)(?:\*{0,2}:\*{0,2})\s)"
)


# A label in brackets inside a line, and a clock with a label behind it.
_INLINE_BRACKETED = re.compile(
    r"(?<=\S)\s{1,8}(?=[\[({<【]\s?(?P<label>[^\W\d_][^\[\](){}<>【】:\n]{0,40})\s?:?[\])}>】])"
)


_INLINE_TIMED = re.compile(
    rf"(?<=[^\s–—>-])(?<!\bto)\s{{1,8}}(?=[\[(<]?\s?{CLOCK}\s?[\])>]?\s{{0,4}}(?:[-–—|]\s{{0,4}})?\**(?P<label>[^\W\d_][^:\n\[\]]{{0,40}}?)\**\s?:)"
)


_WRITTEN_BREAK = re.compile(r"\\r\\n|\\n|\\r")
_SHOWN_BREAK = re.compile(r"[¶↵⏎␤]")
"""Signs by which programs show where a line ends."""


def split_rows(text: str, known: Known) -> list[str]:
    """Text lines without blank ones; turns that share a line are cut before their labels."""
    if text.count("**") > 3:
        text = _INLINE_BOLD.sub(_break_before_bold, text)
    rows = [row for row in map(str.strip, NEWLINE.split(text)) if row]
    if len(rows) == 1 and len(_SHOWN_BREAK.findall(rows[0])) > 1:
        rows = [row for row in map(str.strip, _SHOWN_BREAK.split(rows[0])) if row]
    if len(rows) == 1:
        if _WRITTEN_BREAK.search(rows[0]):
            parts = [part for part in map(str.strip, _WRITTEN_BREAK.split(rows[0])) if part]
            labels = [take_apart(part, known).label for part in parts]
            if sum(map(known, labels)) > 1 or max(Counter(filter(None, labels)).values(), default=0) > 1:
                return parts
        joined = join_cut(rows[0], known, could_be_a_name)
        if joined is not None:
            return joined
    if len(rows) > 50 or sum(known(take_apart(row, known).label) for row in rows) > 1:
        return rows
    return [part for row in rows for part in _cut_one_line(row, known)]


def _break_before_bold(match: re.Match[str]) -> str:
    """Return a line break, but what stands there where the line begins with a list's mark alone (`- **Agent:** …`)."""
    before = match.string[max(match.start() - 12, 0) : match.start()]
    opening = NEWLINE.split(before)
    begins = len(opening) > 1 or match.start() <= 12
    return match[0] if begins and _LIST_MARK.fullmatch(opening[-1]) else "\n"


def _cut_at(row: str, known: Known, pattern: re.Pattern[str]) -> list[str]:
    """The row cut where the pattern finds a known label; [] where the row does not begin with one, or has no other."""
    first = take_apart(row, known).label
    if not first or not known.is_bare_role(first):
        return []
    # A clock behind nothing but a date is the row's own.
    opening = next((place for place, mark in enumerate(row) if mark.isalpha()), len(row))
    cuts = [
        match.end()
        for match in pattern.finditer(row)
        if match.start() > opening and known.is_bare_role(match["label"].strip())
    ]
    parts = (row[a:b].strip() for a, b in zip([0, *cuts], [*cuts, len(row)], strict=True)) if cuts else ()
    return [part for part in parts if part]


def _cut_one_line(row: str, known: Known) -> list[str]:
    """`Agent: Hello. Customer: Hi.` → two rows. Cut are words that are roles, or names that keep coming back, after
    the end of a sentence; a role that the text begins with, or its counterpart, also without one.
    """
    parts = _cut_at(row, known, _INLINE_BRACKETED) if row[:1] in "[({<【" else []
    if parts or (parts := _cut_at(row, known, _INLINE_TIMED)):
        return parts
    if ":" not in row:
        return [row]
    first = take_apart(row, known)
    labels = [(match.end(), match[2], bool(match[1])) for match in _INLINE.finditer(row)]
    if not labels:
        return [row]
    style = row.lstrip("*_[<")[:1].isupper()
    counts = Counter(label for _, label, _ in labels) + Counter([first.label] if first.label else [])
    names = {
        label
        for label, count in counts.items()
        if count > 1 and not known(label) and could_be_a_name(label) and label[:1].isupper()
    }
    by_name = len(names) > 1 and first.label in names
    if not known(first.label) and not by_name and sum(known(label) for _, label, _ in labels) < 3:
        return [row]
    cuts = [0]
    for place, label, sentence_ends in labels:
        if label[:1].isupper() != style:
            continue
        plain_role = is_role(label) and len(label.split()) == 1
        plain_role = plain_role and (counts[label] > 1 or (known(first.label) and counts[first.label] > 1))
        if (sentence_ends and (known(label) or (by_name and label in names))) or plain_role:
            cuts.append(place)
    cut = (row[a:b].strip() for a, b in zip(cuts, [*cuts[1:], len(row)], strict=True))
    return [part.rstrip("|").rstrip() or part for part in cut if part]
