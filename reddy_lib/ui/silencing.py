"""What must not be heard in the recording of a call: found or marked by hand, listened to, and silenced in a copy.

Beside what the personal-data check finds stands what an analyst marks: words of the transcript, or a stretch of time for
what is in no line. Marks are kept with the call in the ledger and only propose; one button writes the copy, and attaches
it. The original is never touched. Each span says what its seconds rest on: the source's times of its words, the time of
its whole line, or a person's word.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import streamlit as st

from reddy_lib import ui
from reddy_lib.batches.batch import Batch
from reddy_lib.batches.redaction_marks import Mark, marks_of, words_of
from reddy_lib.batches.said_in_call import said_in
from reddy_lib.batches.silence_by_hand import silence_by_hand, still_masked
from reddy_lib.errors import ReddyError
from reddy_lib.model import Call, payload_json
from reddy_lib.personal_data import TITLES, Said
from reddy_lib.recordings.attachments import Attached, open_recording
from reddy_lib.recordings.inspect import Inspection
from reddy_lib.recordings.marking import BY_HAND
from reddy_lib.recordings.redaction import LINE_MARGIN, Span, Word, excerpt
from reddy_lib.ui.hand_marks import clock, marks_by_hand, shortened, take_mark_away

__all__ = ["Proposed", "ToSilence", "silencing", "to_silence", "was_silenced"]

MOST_FOUND = 40
"""Spans of the check that are listed one by one."""
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
        no_zero: the sentence that nothing tells where second 0 of the transcript is in it; "" where something does.
    """

    proposed: list[Proposed]
    without: int
    unplaced: list[tuple[Mark, str]]
    elsewhere: int
    by_words: bool
    silent: bool
    no_zero: str


def was_silenced(found: Attached) -> bool:
    """Return whether this recording is a copy that was silenced here, in this session."""
    return found.sha256 in st.session_state.get("recordings silenced", {})


def to_silence(batch: Batch, row: int, call: Call, found: Attached, inspection: Inspection) -> ToSilence:
    """What is proposed for the recording of a call.

    Raises NotInLedger: the call is gone.
    """
    spoken = call.transcript or []
    words = _words(batch, row, call)
    length = inspection.seconds or math.inf
    known = still_masked(batch, row, found, inspection.seconds)

    def up_to_its_end(spans: Iterable[Span]) -> list[Span]:
        # one that begins after it is left as it is, and said to reach past it
        return [one._replace(stop=min(one.stop, length)) if one.start < length else one for one in spans]

    def placed(said: Sequence[Said]) -> tuple[list[Span], int]:
        if known.zero is None:
            return [], len(said)
        done = known.zero.placed(said, known.lines, words=words)
        return up_to_its_end(done.spans), len(done.without_time)

    spans, without = placed(said_in(call))
    for one in known.seconds:
        if one.start is None or known.zero is None:
            without += one.masks.total()
        else:
            why = ", ".join(mask[1:-1] for mask in one.masks)
            start, stop = known.zero.covering(one.start, one.stop)
            span = Span(max(0.0, start - LINE_MARGIN), stop + LINE_MARGIN, why, "lines")
            spans += up_to_its_end([span])
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
            why = f"“{shortened(said)}” in line {mark.line} has no time from the source: listen for it, and mark the time."
            unplaced.append((mark, why))
        else:
            proposed.append(Proposed(spans[0], f"line {mark.line}", said, mark))
    proposed.sort(key=lambda one: one.span[:2])
    silent = known.silent and not known.seconds
    return ToSilence(proposed, without, unplaced, elsewhere, bool(words), silent, known.no_zero)


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
            marks_by_hand(batch, row, call, found, inspection.seconds, words=not why_not or what.by_words)


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
    elif what.no_zero:
        st.markdown(f":orange[:material/warning:] {what.no_zero}")
    elif what.without:
        one = what.without == 1
        st.markdown(
            f":orange[:material/warning:] {ui.number_of(what.without, 'place')} in the transcript with personal data "
            f"{'has' if one else 'have'} no time from the source: listen for {'it' if one else 'them'}."
        )
    elif not what.proposed and not what.silent:
        st.markdown(
            "No personal data was found in the lines. The finder does not find everything: listen before you send."
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
            told = [f"“{shortened(one.said)}”"] if one.said else []
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
        "lines": "By its whole line: the times of the line, with half a second around them and whatever its clocks leave "
        "out; its words have no times in the source, or the line was edited.",
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
            on_click=take_mark_away,
            args=(batch, row, mark.id),
        )


# --- the copy ----------------------------------------------------------------------------------------------


def _silence(batch: Batch, row: int, found: Attached, spans: list[Span], edited: Callable[[], None]) -> None:
    """The copy, and the copy in place of the original, which stays as it is."""
    told = f"recording told {batch.id} {row}"
    try:
        done = silence_by_hand(batch, row, found, spans, who=ui.who())
    except ReddyError as error:
        st.session_state[told] = (False, ui.escape(str(error)))
        return
    kept = batch.recording(row) or found
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
    return f"{clock(span.start)} to {clock(span.stop)}"
