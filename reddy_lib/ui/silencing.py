"""What must not be heard in the recording of a call: found or marked by hand, listened to, and silenced in a copy.

Beside what the personal-data check finds stands what an analyst marks: words of the transcript, or a stretch of time for
what is in no line. Marks are kept with the call in the ledger and only propose; one button writes the copy, and attaches
it. The original is never touched. Each span says what its seconds rest on: the source's times of its words, the time of
its whole line, or a person's word.
"""

from __future__ import annotations

import hashlib
import math
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from reddy_lib import ui
from reddy_lib.batches.batch import Batch
from reddy_lib.batches.masking import said_in
from reddy_lib.batches.masks import hand_masks_said, masks_said
from reddy_lib.batches.redaction_marks import (
    Mark,
    mark_seconds,
    mark_words,
    marks_of,
    read_seconds,
    take_away,
    words_of,
)
from reddy_lib.batches.sound_masks import is_silent, note_silenced_by_hand
from reddy_lib.errors import ReddyError
from reddy_lib.model import Call, TranscriptLine, payload_json
from reddy_lib.personal_data import TITLES, Said
from reddy_lib.recordings.attachments import Attached, attached_from, open_recording, recordings_folder
from reddy_lib.recordings.inspect import Inspection
from reddy_lib.recordings.marking import BY_HAND, find_words, whole_lines
from reddy_lib.recordings.redaction import Span, Word, excerpt, place, silence_recording

__all__ = ["Proposed", "ToSilence", "silencing", "to_silence"]

MOST_FOUND = 40
"""Spans of the check that are listed one by one."""
MOST_PLACES = 50
"""Places that one click marks: more of them are a word that says nothing."""
MOST_SHOWN = 6
MOST_KEPT = 40
"""Calls whose word times a session remembers."""

RESTS = {
    "words": "by its words",
    "lines": "by its whole line",
    "words, lines": "by its words and a whole line",
    "lines, words": "by a whole line and its words",
}


class Proposed(NamedTuple):
    """A span to silence: what it is, the very words of a mark by hand, and that mark; None: the check found it."""

    span: Span
    label: str
    said: str = ""
    mark: Mark | None = None


class ToSilence(NamedTuple):
    """What there is to silence in one recording.

    Attributes:
        proposed: in order of time.
        without: how many places the check found of which nothing tells when they are said.
        unplaced: marks without a time, and why each has none.
        elsewhere: how many marked times are of another recording of this call.
        by_words: the source has times of words, of one line at least.
        silent: it is a copy in which all is silent that is masked in the transcript.
    """

    proposed: list[Proposed]
    without: int
    unplaced: list[tuple[Mark, str]]
    elsewhere: int
    by_words: bool
    silent: bool


def to_silence(
    batch: Batch,
    row: int,
    call: Call,
    found: Attached,
    inspection: Inspection,
    lines: Sequence[TranscriptLine],
) -> ToSilence:
    """What is proposed for the recording of a call. `lines`: the transcript with the times that are not estimated.

    Raises NotInLedger: the call is gone.
    """
    spoken = call.transcript or []
    words = _words(batch, row, call)
    length = inspection.seconds or math.inf

    def placed(said: Iterable[Said]) -> tuple[list[Span], int]:
        done = place(said, lines, words=words)
        ended = [
            # to the end of the recording; one that begins after it is left as it is, and said to reach past it
            one._replace(stop=min(one.stop, length)) if one.start < length else one
            for one in done.spans
        ]
        return ended, len(done.without_time)

    silent = is_silent(batch, row, found)
    masked = [] if silent else [*masks_said(call, tuple(TITLES)), *hand_masks_said(call)]
    spans, without = placed([*said_in(call), *masked])
    proposed = [Proposed(span, ui.escape(_titles(span.why))) for span in spans]
    unplaced: list[tuple[Mark, str]] = []
    elsewhere = 0
    for mark in marks_of(batch, row):
        if mark.line is None:
            if mark.recording != found.sha256:
                elsewhere += 1
                continue
            proposed.append(Proposed(Span(mark.start, mark.stop, BY_HAND), BY_HAND, mark=mark))
            continue
        if mark.lost:
            unplaced.append(
                (mark, f"Line {mark.line} was changed after words in it were marked: mark them again.")
            )
            continue
        said = spoken[mark.line - 1].text[mark.begin : mark.end]
        spans, missing = placed([Said(mark.line, mark.begin, mark.end, BY_HAND)])
        if missing:
            why = f"“{_short(said)}” in line {mark.line} has no time from the source: listen for it, and mark the time."
            unplaced.append((mark, why))
        else:
            proposed.append(Proposed(spans[0], f"line {mark.line}", said, mark))
    proposed.sort(key=lambda one: one.span[:2])
    return ToSilence(proposed, without, unplaced, elsewhere, bool(words), silent)


def _words(batch: Batch, row: int, call: Call) -> dict[int, list[Word]]:
    """The times of the words of this call as it is now: read from its cell once."""
    kept: dict[tuple[str, int, bytes], dict[int, list[Word]]] = st.session_state.setdefault(
        "recordings words", {}
    )
    key = (batch.id, row, hashlib.sha256(payload_json(call)).digest())
    if key not in kept:
        while len(kept) >= MOST_KEPT:
            kept.pop(next(iter(kept)))
        kept[key] = {line: [Word(*word) for word in words] for line, words in words_of(batch, row).items()}
    return kept[key]


# --- on the page -------------------------------------------------------------------------------------------


def silencing(
    batch: Batch,
    row: int,
    call: Call,
    found: Attached,
    inspection: Inspection,
    what: ToSilence,
    why_not: str,
    locked: bool,
    edited: Callable[[], None],
) -> None:
    """The spans, each with a tick, and the copy in which the ticked ones are silent. `why_not`: why no line has a time of
    the source; `edited`: called after the recording changed."""
    made: dict[str, tuple[Attached, list[Span]]] = st.session_state.setdefault("recordings silenced", {})
    st.markdown("**What must not be heard**")
    if found.sha256 in made:
        original, silenced = made[found.sha256]
        _copy(batch, row, original, silenced, locked, edited)
        left = [one for one in what.proposed if not any(_covers(span, one.span) for span in silenced)]
        what = what._replace(proposed=left, silent=True)
    # Two places that are always there: what is typed into the second goes on there when the first grows by a span.
    listed, by_hand = st.container(), st.container()
    with listed:
        _listed(batch, row, found, what, why_not, locked, edited)
    if not locked:
        with by_hand:
            _by_hand(batch, row, call, found, inspection.seconds, words=not why_not or what.by_words)


def _listed(
    batch: Batch,
    row: int,
    found: Attached,
    what: ToSilence,
    why_not: str,
    locked: bool,
    edited: Callable[[], None],
) -> None:
    """What is proposed and what is not, and the button that silences it."""
    if why_not and not what.by_words:
        instead = "mark its time below, or send the transcript" if not locked else "send the transcript"
        st.markdown(
            f"Nothing can be proposed: {why_not}, so they do not tell when something is said. Listen to the recording, "
            f"and if something must not be heard, {instead} without it."
        )
    elif what.without:
        one = what.without == 1
        st.markdown(
            f":orange[:material/warning:] {ui.number_of(what.without, 'place')} in the transcript with personal data "
            f"{'has' if one else 'have'} no time from the source: listen for {'it' if one else 'them'}."
        )
    elif not what.proposed and not what.silent:
        st.markdown(
            "Nothing that must not be heard was found in the lines. The finder does not find everything: listen before you "
            "send."
        )
    elif not what.proposed:
        st.markdown("What is masked in the transcript is silent in this recording.")
    ticked = _spans(batch, row, found, what.proposed, locked)
    for mark, why in what.unplaced:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f":orange[:material/warning:] {ui.escape(why)}", width="stretch")
            _take_away_button(batch, row, mark, locked)
    if what.elsewhere:
        st.caption(
            f"{ui.number_of(what.elsewhere, 'time')} marked by hand {'is' if what.elsewhere == 1 else 'are'} of another "
            "recording of this call, and not shown here."
        )
    if not what.proposed:
        return
    _rests(what.proposed)
    if not locked:
        st.button(
            f"Silence {ui.number_of(len(ticked), 'span')} in a copy",
            icon=":material/volume_off:",
            disabled=not ticked,
            key=f"recording silence {batch.id} {row} {found.sha256[:12]}",
            on_click=_silence,
            args=(batch, row, found, ticked, edited),
        )


def _covers(silenced: Span, span: Span) -> bool:
    return silenced.start <= span.start + 0.001 and span.stop <= silenced.stop + 0.001


def _copy(
    batch: Batch,
    row: int,
    original: Attached,
    silenced: Sequence[Span],
    locked: bool,
    edited: Callable[[], None],
) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f":material/volume_off: This is the copy with {ui.number_of(len(silenced), 'span')} silenced: "
            f"{', '.join(_times(one) for one in silenced[:6])}"
            + (" …" if len(silenced) > 6 else "")
            + ". Listen to it before you send it.",
            width="stretch",
        )
        if not locked:
            st.button(
                "Attach the original again",
                icon=":material/undo:",
                key=f"recording original {batch.id} {row}",
                on_click=_attach_again,
                args=(batch, row, original, edited),
            )


def _spans(batch: Batch, row: int, found: Attached, proposed: Sequence[Proposed], locked: bool) -> list[Span]:
    """The list with its ticks; gives what is ticked."""
    listening = f"recording listening {batch.id} {row} {found.sha256[:12]}"
    ticked: list[Span] = []
    beyond: list[Proposed] = []
    checked = 0
    with st.container(height=280 if len(proposed) > 4 else "content", border=False, gap="xxsmall"):
        for one in proposed:
            checked += one.mark is None
            if one.mark is None and checked > MOST_FOUND:
                beyond.append(one)
                continue
            own = _identity(one)
            told = [f"“{_short(one.said)}”"] if one.said else []
            told += [RESTS[one.span.by]] if one.span.by in RESTS else []
            text, buttons = st.columns([0.61, 0.39], vertical_alignment="center", gap="small")
            with text, st.container(gap=None):
                if st.checkbox(
                    f"{_times(one.span)} · {one.label}",
                    value=True,
                    key=f"recording span {batch.id} {row} {found.sha256[:12]} {own}",
                    disabled=locked,
                ):
                    ticked.append(one.span)
                if told:
                    st.caption(ui.escape(" · ".join(told)))
            with buttons, st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
                playing = st.session_state.get(listening) == own
                st.button(
                    "Stop" if playing else "Listen",
                    icon=":material/stop:" if playing else ":material/play_arrow:",
                    key=f"recording listen {batch.id} {row} {found.sha256[:12]} {own}",
                    type="tertiary",
                    help=f"Listen to {_times(one.span)}, with a second around it",
                    on_click=_listen,
                    args=(listening, own),
                )
                if one.mark is not None:
                    _take_away_button(batch, row, one.mark, locked)
            if st.session_state.get(listening) == own:
                _played(batch, found, one.span)
    if beyond:
        st.caption(f"and {len(beyond):,} more that were found, which are silenced with them.")
    return sorted([*ticked, *(one.span for one in beyond)])


def _rests(proposed: Sequence[Proposed]) -> None:
    """What the seconds rest on, once for all of them."""
    kinds = {kind for one in proposed for kind in one.span.by.split(", ") if kind}
    told = {
        "words": "By its words: the source's times of the words, with 0.15 s around them.",
        "lines": "By its whole line: the times of the line, with half a second around them; its words have no times in the "
        "source, or the line was edited.",
    }
    said = " ".join(told[kind] for kind in told if kind in kinds)
    st.caption(f"{said} The finder does not find everything: listen to the copy before you send it.".strip())


def _titles(why: str) -> str:
    """Return kinds of personal data, with commas, as people call them."""
    return ", ".join(TITLES.get(kind, kind) for kind in why.split(", "))


def _identity(one: Proposed) -> str:
    """The same for the same span, whatever else is listed: a tick stays with what it was made for."""
    said = (one.span.start, one.span.stop, one.span.why, None if one.mark is None else one.mark.id)
    return hashlib.sha256(repr(said).encode()).hexdigest()[:12]


def _listen(listening: str, own: str) -> None:
    st.session_state[listening] = None if st.session_state.get(listening) == own else own


def _played(batch: Batch, found: Attached, span: Span) -> None:
    try:
        with open_recording(batch.database, found) as file:
            part = excerpt(file, span)
    except ReddyError as error:
        ui.alert(error)
        return
    if part:
        st.audio(part, format="audio/wav", autoplay=True, alt=f"{_times(span)} of {found.name}")
    else:
        st.caption(f"The recording does not reach {_times(span)}.")


def _take_away_button(batch: Batch, row: int, mark: Mark, locked: bool) -> None:
    if not locked:
        st.button(
            "Unmark",
            icon=":material/close:",
            key=f"recording unmark {batch.id} {row} {mark.id}",
            type="tertiary",
            help="Take this mark away",
            on_click=_take_away,
            args=(batch, row, mark.id),
        )


# --- marks by hand -----------------------------------------------------------------------------------------


def _by_hand(batch: Batch, row: int, call: Call, found: Attached, length: float, *, words: bool) -> None:
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
                    help="Typed or pasted as they stand in the transcript. They are marked wherever they stand, or in the "
                    "chosen lines alone.",
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
            f":red-background[{ui.escape(_short(line.text[one.begin : one.end], 90))}]"
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
        return f"“{_short(words.strip())}” is in no line of this transcript: write it exactly as it is there."
    where = f"line {numbers[0]}" if len(numbers) == 1 else "the chosen lines"
    return f"“{_short(words.strip())}” is not in {where}: write it exactly as it is there."


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


def _take_away(batch: Batch, row: int, mark: int) -> None:
    try:
        take_away(batch, row, mark, who=ui.who())
    except ReddyError as error:
        st.session_state[f"marking told {batch.id} {row}"] = (False, str(error))


# --- the copy ----------------------------------------------------------------------------------------------


def _silence(batch: Batch, row: int, found: Attached, spans: list[Span], edited: Callable[[], None]) -> None:
    """The copy, and the copy in place of the original, which stays as it is."""
    told = f"recording told {batch.id} {row}"
    folder = recordings_folder(batch.database)
    try:
        batch.database.require("edit")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="silencing-", dir=folder) as made:
            with open_recording(batch.database, found) as file:
                done = silence_recording(file, Path(made) / "copy.wav", spans)
            with done.path.open("rb") as copy:
                kind = None if done.decoded else found.content_type
                kept = attached_from(batch.database, copy, name=done.named(found.name), content_type=kind)
        # Before it is attached: until this is known, a call with masked words is held.
        note_silenced_by_hand(batch, row, kept, found)
        batch.attach(row, kept, who=ui.who())
    except ReddyError as error:
        st.session_state[told] = (False, ui.escape(str(error)))
        return
    except OSError as error:
        said = (
            f"The copy could not be written ({error.strerror or type(error).__name__}): nothing was changed."
        )
        st.session_state[told] = (False, ui.escape(said))
        return
    made_before: dict[str, tuple[Attached, list[Span]]] = st.session_state.setdefault(
        "recordings silenced", {}
    )
    original, earlier = made_before.get(found.sha256, (found, []))
    made_before[kept.sha256] = (original, sorted([*earlier, *spans]))
    past = (
        f" {ui.number_of(len(done.beyond), 'span')} reached past the end of the recording: listen for what was said there."
        if done.beyond
        else ""
    )
    st.session_state[told] = (
        not done.beyond,
        f"{done.seconds:,.1f} s are silent in a copy{' (a wav file)' if done.decoded else ''}, which is attached now; the "
        "original is as it was. "
        f"Listen to the copy before you send it.{past}",
    )
    edited()


def _attach_again(batch: Batch, row: int, original: Attached, edited: Callable[[], None]) -> None:
    try:
        open_recording(batch.database, original).close()
        batch.attach(row, original, who=ui.who())
    except ReddyError as error:
        st.session_state[f"recording told {batch.id} {row}"] = (False, ui.escape(str(error)))
    edited()


# --- words -------------------------------------------------------------------------------------------------


def _times(span: Span) -> str:
    return f"{_clock(span.start)} to {_clock(span.stop)}"


def _clock(seconds: float) -> str:
    """83.42 → "1:23.4", 3,700 → "1:01:40.0"; to the end: "the end"."""
    if math.isinf(seconds):
        return "the end"
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    small = f"{rest // 10:02}.{rest % 10}"
    return f"{hours}:{minutes:02}:{small}" if hours else f"{minutes}:{small}"


def _line(number: int, line: TranscriptLine) -> str:
    at = "" if line.start is None else f" · {_clock(line.start)}"
    return f"{number} · {line.role or '?'}{at} · {_short(line.text, 60)}"


def _short(text: str, most: int = 40) -> str:
    one = " ".join(text.split())
    return one if len(one) <= most else one[: most - 1] + "…"


def _spaced(text: str) -> str:
    """A piece of a text, escaped, with the space at its ends."""
    inside = ui.escape(text.strip())
    return f"{' ' if text[:1].isspace() else ''}{inside}{' ' if text[-1:].isspace() else ''}"
