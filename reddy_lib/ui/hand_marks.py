"""Marks by hand on the recording tab: words or lines of the transcript, and a stretch of time."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

import streamlit as st

from reddy_lib import ui
from reddy_lib.batches.batch import Batch
from reddy_lib.batches.redaction_marks import mark_seconds, mark_words, read_seconds, take_away
from reddy_lib.errors import ReddyError
from reddy_lib.model import Call, TranscriptLine, payload_json
from reddy_lib.personal_data import Said
from reddy_lib.recordings.attachments import Attached
from reddy_lib.recordings.marking import find_words, whole_lines

__all__ = ["clock", "marks_by_hand", "shortened", "take_mark_away"]

MOST_PLACES = 50
"""Places that one click marks: more of them are a word that says nothing."""
MOST_SHOWN = 6


def marks_by_hand(batch: Batch, row: int, call: Call, found: Attached, length: float, *, words: bool) -> None:
    """Words or lines of the transcript, and a stretch of time. `words`: has the transcript times to place them by?"""
    lines = list(call.transcript or ())
    told = st.session_state.pop(f"marking told {batch.id} {row}", None)
    # a line is chosen by its number, so the choice belongs to the very transcript that was shown
    own = f"{batch.id} {row} {hashlib.sha256(payload_json(call)).hexdigest()[:12]}"
    word_key, line_key = f"marking words {own}", f"marking lines {own}"
    from_key, to_key = f"marking from {own}", f"marking to {own}"
    with st.container(border=True, gap="small"):
        st.markdown(":material/ink_highlighter: Mark by hand")
        if words:
            with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
                st.text_input(
                    "Words",
                    key=word_key,
                    placeholder="a name, an address",
                    help="Type or paste them exactly as in the transcript. They are marked wherever they occur, or "
                    "only in the chosen lines.",
                    width=170,
                )
                st.multiselect(
                    "Lines",
                    range(1, len(lines) + 1),
                    key=line_key,
                    format_func=lambda number: _line(number, lines[number - 1]),
                    placeholder="all of them",
                    help="Without words, the chosen lines are marked whole.",
                )
                st.button(
                    "Mark words",
                    icon=":material/add:",
                    key=f"marking add words {own}",
                    on_click=_mark_words,
                    args=(batch, row, lines, word_key, line_key),
                )
            with st.container(gap="xxsmall"):
                _shown(lines, str(st.session_state.get(word_key) or ""), st.session_state.get(line_key) or [])
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            st.text_input("From", key=from_key, placeholder="1:05", width=90)
            st.text_input("To", key=to_key, placeholder="1:12", width=90)
            st.button(
                "Mark time",
                icon=":material/add:",
                key=f"marking add time {own}",
                on_click=_mark_time,
                args=(batch, row, found.sha256, length, from_key, to_key),
                help="For what is in no line: music, or a voice in the background.",
            )
        if told:
            (st.success if told[0] else st.error)(
                ui.escape(told[1]), icon=":material/check:" if told[0] else ":material/error:"
            )


def _shown(lines: Sequence[TranscriptLine], words: str, numbers: Sequence[int]) -> None:
    """What would be marked, with the words highlighted in their lines."""
    if not words.strip() and not numbers:
        return
    places = _places(lines, words, numbers)
    if not places:
        st.caption(ui.escape(_nowhere(words, numbers)))
        return
    for one in places[:MOST_SHOWN]:
        line = lines[one.line - 1]
        before = line.text[max(0, one.begin - 30) : one.begin]
        after = line.text[one.end : one.end + 30]
        st.caption(
            f"{one.line} · {ui.escape(line.role or '?')}: {'…' if one.begin > 30 else ''}{_spaced(before)}"
            f":red-background[{ui.escape(shortened(line.text[one.begin : one.end], 90))}]"
            f"{_spaced(after)}{'…' if len(line.text) > one.end + 30 else ''}"
        )
    if len(places) > MOST_SHOWN:
        st.caption(f"and in {ui.number_of(len(places) - MOST_SHOWN, 'more place')}.")


def _places(lines: Sequence[TranscriptLine], words: str, numbers: Sequence[int]) -> list[Said]:
    if words.strip():
        return find_words(lines, words, among=set(numbers) or None)
    return whole_lines(lines, sorted(numbers))


def _nowhere(words: str, numbers: Sequence[int]) -> str:
    if not words.strip():
        return "These lines have no text."
    if not numbers:
        return (
            f"“{shortened(words.strip())}” is in no line of this transcript: write it exactly as it is there."
        )
    where = f"line {numbers[0]}" if len(numbers) == 1 else "the chosen lines"
    return f"“{shortened(words.strip())}” is not in {where}: write it exactly as it is there."


def _mark_words(
    batch: Batch, row: int, lines: Sequence[TranscriptLine], word_key: str, line_key: str
) -> None:
    words = str(st.session_state.get(word_key) or "")
    numbers = list(st.session_state.get(line_key) or ())
    places = _places(lines, words, numbers)
    told: tuple[bool, str]
    if not words.strip() and not numbers:
        told = (False, "Write the words that must not be heard, or choose a line.")
    elif not places:
        told = (False, _nowhere(words, numbers))
    elif len(places) > MOST_PLACES:
        told = (
            False,
            f"That is in {len(places):,} places: nothing was marked. Write more of it, or choose fewer lines.",
        )
    else:
        try:
            new = mark_words(batch, row, [one[:3] for one in places], lines, who=ui.who())
        except ReddyError as error:
            told = (False, str(error))
        else:
            told = (True, _marked(new))
            st.session_state[word_key] = ""
            st.session_state[line_key] = []
    st.session_state[f"marking told {batch.id} {row}"] = told


def _mark_time(batch: Batch, row: int, sha256: str, length: float, from_key: str, to_key: str) -> None:
    try:
        start, stop = read_seconds(
            str(st.session_state.get(from_key) or ""), str(st.session_state.get(to_key) or ""), length
        )
        new = mark_seconds(batch, row, start, stop, recording=sha256, who=ui.who())
    except ReddyError as error:
        st.session_state[f"marking told {batch.id} {row}"] = (False, str(error))
        return
    st.session_state[f"marking told {batch.id} {row}"] = (True, _marked(new))
    st.session_state[from_key] = st.session_state[to_key] = ""


def _marked(new: int) -> str:
    if not new:
        return "That is marked already."
    return f"{ui.number_of(new, 'place')} marked. Listen to it above, then silence it in a copy."


def take_mark_away(batch: Batch, row: int, mark: int) -> None:
    try:
        take_away(batch, row, mark, who=ui.who())
    except ReddyError as error:
        st.session_state[f"marking told {batch.id} {row}"] = (False, str(error))


def clock(seconds: float) -> str:
    """83.42 → "1:23.4", 3,700 → "1:01:40.0"; to the end: "the end"."""
    if math.isinf(seconds):
        return "the end"
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    small = f"{rest // 10:02}.{rest % 10}"
    return f"{hours}:{minutes:02}:{small}" if hours else f"{minutes}:{small}"


def _line(number: int, line: TranscriptLine) -> str:
    at = "" if line.start is None else f" · {clock(line.start)}"
    return f"{number} · {line.role or '?'}{at} · {shortened(line.text, 60)}"


def shortened(text: str, most: int = 40) -> str:
    one = " ".join(text.split())
    return one if len(one) <= most else one[: most - 1] + "…"


def _spaced(text: str) -> str:
    """A piece of a text, escaped, with the space at its ends."""
    inside = ui.escape(text.strip())
    return f"{' ' if text[:1].isspace() else ''}{inside}{' ' if text[-1:].isspace() else ''}"
