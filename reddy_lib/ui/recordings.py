"""Recordings beside the calls: brought to their rows (`recordings_panel`), heard (`recording_tab`).

What is dropped is on disk, in a folder of its own for each batch, before the page is drawn again; the browser's
uploader is then forgotten, because it holds every file in memory. Which recording belongs to which row is worked out
in `recordings.matching`; here it is shown, put right one row at a time, and attached. Nothing is looked into before
somebody opens it, and what was found is kept under the file's hash, so that drawing the page again costs nothing.

A recording that goes beside a transcript is not redacted by Reddy. That is said wherever one is attached; how a part of it
is silenced in a copy is in `silencing`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import IO, Any

import msgspec
import pandas as pd
import streamlit as st

from reddy_lib import ui
from reddy_lib.batches import edits as editing
from reddy_lib.batches.batch import Batch
from reddy_lib.errors import RecordingError, ReddyError
from reddy_lib.model import Call, Speaker, TranscriptLine
from reddy_lib.outcomes.waveforms import waveform
from reddy_lib.plurals import agreeing
from reddy_lib.recordings.attachments import Attached, open_recording, recordings_folder
from reddy_lib.recordings.file_names import ENDINGS
from reddy_lib.recordings.inspect import Inspection, inspect_recording
from reddy_lib.recordings.matching import Matches, match_recordings
from reddy_lib.recordings.redaction import Span
from reddy_lib.recordings.shared_folder import RecordingFolder
from reddy_lib.recordings.store import Recording, RecordingStore
from reddy_lib.recordings.unplayable import beside_transcript
from reddy_lib.ui.attaching import attaching, start
from reddy_lib.ui.dropped import dropped_store, unattached
from reddy_lib.ui.dropped import size_words as _size
from reddy_lib.ui.fetched_recordings import Addresses, fetch_panel
from reddy_lib.ui.recording_table import short_hash as _hash
from reddy_lib.ui.recording_table import show_table, table_of
from reddy_lib.ui.silencing import ToSilence, silencing, to_silence, was_silenced

__all__ = ["player", "recording_tab", "recordings_panel", "uploads_line"]

PLAYABLE = 100 << 20
"""Bytes of a recording that is still played and looked into by itself: the player holds it in memory."""
TOLD_FOR = 4.0
"""Seconds after which the next click takes off what was told."""
MOST_KEPT = 40
"""Recordings whose contents a session remembers."""

UNPLAYED = ("amr", "wma", "aiff")


# --- many recordings, many rows ----------------------------------------------------------------------------


def recordings_panel(batch: Batch, edited: Callable[[], None], close: Callable[[], None]) -> None:
    """Drop recordings, see which row each belongs to, put that right, attach. `edited`: called after calls changed;
    `close`: goes back to the calls."""
    state = st.session_state.setdefault(f"recordings {batch.id}", {"choices": {}, "again": set(), "drop": 0})
    head = st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", gap="small"
    )
    with head, st.container(horizontal=True, vertical_alignment="center", width="content"):
        if st.button("Calls", icon=":material/arrow_back:", key=f"recordings back {batch.id}"):
            close()
            st.rerun()
        st.title("Recordings", width="content")
    busy = attaching(batch, state, edited)
    _told(state)
    store = dropped_store(batch)
    folder = _server_folder()
    first = not store.recordings()
    _drop(batch, store, state, first=first)
    places: dict[str, RecordingStore | RecordingFolder] = {"dropped": store}
    addresses = fetch_panel(batch, store, first=first)
    listed = dropped = store.recordings()
    if folder is not None:
        places["folder"] = folder
        listed = [*listed, *_in_folder(batch, folder, state)]
    if not listed:
        st.info(
            "No recordings are here yet. Drop them above. Each is matched to its row by its file name, or by the "
            "conversation id in it.",
            icon=":material/graphic_eq:",
        )
        return
    pattern = st.session_state.get(f"recordings pattern {batch.id}", "").strip() or None
    try:
        matches = _matched(batch, listed, state, pattern, addresses)
    except ReddyError as error:
        ui.alert(error)
        _pattern_field(batch)
        return
    table = table_of(batch, matches, state)
    ready = [int(row) for row in table.loc[table["state"] == "matched", "row"]]
    with head:
        go_on = bool(ready) and st.button(
            f"Attach {ui.number_of(len(ready), 'recording')}",
            type="primary",
            icon=":material/attach_file:",
            disabled=busy,
            key=f"recordings attach {batch.id} {_hash(ready)}",
        )
    if go_on:
        work = [(row, one) for row in ready if (one := matches.recording(row)) is not None]
        start(batch, work, places, who=ui.who()).wait(0.4)  # a few are attached before anybody looked
        st.rerun()
    spoken = int(table.loc[table["state"] == "matched", "transcript"].sum())
    if spoken:
        st.warning(
            f"{spoken:,} of these {ui.number_of(len(ready), 'call')} {'has' if spoken == 1 else 'have'} a transcript too. "
            "Reddy does not redact a recording that comes with a transcript: silence what must not be heard (tab "
            "“Recording” of the call), and listen before you send.",
            icon=":material/hearing:",
        )
    show_table(batch, matches, table, state)
    _pattern_field(batch)
    states = dict(zip(table["key"], table["state"], strict=True))
    unattached(batch, store, dropped, states, state, state["calls"], busy=busy)


def _told(state: dict[str, Any]) -> None:
    """What the last step did. Not once alone: a click in that very moment would take it off before it is read."""
    told = state.get("told")
    if told is None:
        return
    if time.monotonic() - told.setdefault("since", time.monotonic()) > TOLD_FOR:
        del state["told"]
        return
    if told["done"]:
        st.success(told["done"], icon=":material/check_circle:")
    if told.get("rest"):
        st.warning(told["rest"], icon=":material/info:")
    if told["refused"]:
        with st.expander(
            f"{len(told['refused']):,} not {told['verb']}", icon=":material/block:", expanded=True
        ):
            for said in told["refused"][:20]:
                st.markdown(said)
            if len(told["refused"]) > 20:
                st.caption(f"and {len(told['refused']) - 20:,} more.")


def _server_folder() -> RecordingFolder | None:
    try:
        return RecordingFolder.from_environment()
    except RecordingError as error:
        ui.alert(error)
        return None


def _drop(batch: Batch, store: RecordingStore, state: dict[str, Any], *, first: bool) -> None:
    """Files from the browser, kept at once; then the uploader is another one, and the old one's memory is free. `first`:
    none is here yet, so what can be dropped is told."""
    limit = int(st.get_option("server.maxUploadSize"))
    dropped = st.file_uploader(
        "Recordings, or a zip of them",
        type=[*(ending[1:] for ending in ENDINGS), "zip"],
        accept_multiple_files=True,
        key=f"recordings drop {batch.id} {state['drop']}",
        label_visibility="collapsed",
        disabled=not batch.database.may("edit"),
    )
    if first:
        st.caption(
            f"At most {limit:,} MB per file. Drop a few hundred files at a time, up to about 1 GB together. For more, ask "
            "your administrator to set a folder (REDDY_AUDIO_FOLDER)."
        )
    if not dropped:
        return
    batch.database.require("edit")
    bar = st.progress(0.0, "Keeping the recordings")
    kept = 0
    refused: list[str] = []
    for number, file in enumerate(dropped, 1):
        bar.progress(number / len(dropped), f"Keeping {number:,} of {len(dropped):,}")
        try:
            if file.name.lower().endswith(".zip"):
                unpacked = store.add_zip(file)
                kept += len(unpacked.recordings)
                refused += [
                    f"**{ui.escape(one.name)}**: {ui.escape(one.why)}" for one in unpacked.passed_over
                ]
            else:
                store.add(file, file.name)
                kept += 1
        except ReddyError as error:
            refused.append(f"**{ui.escape(file.name)}**: {ui.escape(str(error))}")
    state["drop"] += 1
    done = f"{ui.number_of(kept, 'recording')} kept on this server." if kept else ""
    state["told"] = {"done": done, "refused": refused, "verb": "kept"}
    st.rerun()


def _in_folder(batch: Batch, folder: RecordingFolder, state: dict[str, Any]) -> list[Recording]:
    """What the server's folder holds: listed once, and again when somebody asks."""
    found: list[Recording] | None = state.get("folder")
    with st.container(horizontal=True, vertical_alignment="center"):
        again = st.button("Look again", icon=":material/refresh:", key="recordings folder", type="tertiary")
        if found is None or again:
            try:
                own = recordings_folder(batch.database).resolve()
                # what the ledger keeps may lie below the same folder: copies, and what was dropped
                found = [
                    one for one in folder.recordings() if not (folder.folder / one.key).is_relative_to(own)
                ]
            except ReddyError as error:
                ui.alert(error)
                found = []
            state["folder"] = found
        st.markdown(
            f":material/folder: The server's folder “{ui.escape(folder.folder.name)}” holds "
            f"{ui.number_of(len(found), 'recording')}."
        )
    return found


def _rows(batch: Batch) -> pd.DataFrame:
    """What recordings are matched with, one line a call; `transcript`: has it one."""
    found = []
    for row, payload in batch.payloads():
        call = msgspec.convert(payload, Call)
        found.append(
            (row, call.filename or "", call.conversation_id or "", call.agent_email or "", call.timestamp,
             bool(call.transcript))
        )  # fmt: skip
    columns = ["row", "filename", "conversation_id", "agent_email", "timestamp", "transcript"]
    return pd.DataFrame(found, columns=columns).set_index("row")


def _matched(
    batch: Batch,
    listed: Sequence[Recording],
    state: dict[str, Any],
    pattern: str | None,
    addresses: Addresses,
) -> Matches:
    """Worked out again only when the calls, the recordings or the pattern changed; choices by hand are laid on top."""
    edits = st.session_state.get("review edits", 0)
    calls = (edits, tuple(batch.counts().values()))
    if state.get("calls") != calls:
        state["rows"] = addresses.on(_rows(batch))
        state["calls"] = calls
    fetched = addresses.fetched
    version = (
        calls,
        pattern,
        _hash([(one.place, one.key, one.name) for one in listed]),
        _hash(sorted((row, one.key) for row, one in fetched.items())),
    )
    if state.get("version") != version:
        zone = batch.mapping.timezone or "UTC"
        state["matches"] = match_recordings(
            state["rows"], listed, pattern=pattern, timezone=zone, addressed=fetched
        )
        state["version"] = version
        state["settled"] = None
    known = {(one.place, one.key) for one in listed}
    choices = {
        row: one
        for row, one in state["choices"].items()
        if row in state["rows"].index and (one is None or (one.place, one.key) in known)
    }
    if state.get("settled") is None or state["settled"][0] != choices:
        matches: Matches = state["matches"]
        state["settled"] = (choices, matches.choose(choices) if choices else matches)
    settled: Matches = state["settled"][1]
    return settled


def _pattern_field(batch: Batch) -> None:
    with st.expander("Names with a pattern", icon=":material/pattern:"):
        st.text_input(
            "Pattern of the file names",
            key=f"recordings pattern {batch.id}",
            placeholder="{conversation_id}_{agent_email}.wav",
            help="Used where neither the sheet's file name nor a conversation id leads to a row.",
        )


# --- the recording of one call -----------------------------------------------------------------------------


def recording_tab(
    batch: Batch,
    row: int,
    call: Call,
    locked: bool,
    store: Callable[[int, Callable[[Call], Call]], None],
    edited: Callable[[], None],
) -> None:
    """The recording of the open call: heard, seen, what is wrong with it, silenced. `store`: changes the call with its
    history; `edited`: called after the recording changed."""
    found = batch.recording(row)
    if found is None:
        st.markdown("No recording is attached to this call. “Recordings”, above, brings files to their rows.")
        return
    told = st.session_state.pop(f"recording told {batch.id} {row}", None)
    if told:
        (st.success if told[0] else st.warning)(told[1], icon=":material/hearing:")
    warning = st.container()  # filled once it is known what is silent
    try:
        with open_recording(batch.database, found) as file:
            _player(file, found)
    except ReddyError as error:
        ui.alert(error)
        _detach(batch, row, locked, edited)
        return
    lines, why_not = _timed(batch, row, call)
    inspection = _inspected(batch, found, lines)
    what: ToSilence | None = None
    spans: list[Span] = []
    if inspection is not None and call.transcript:
        what = to_silence(batch, row, call, found, inspection)
        spans = [one.span for one in what.proposed]
    if call.transcript:
        silenced = was_silenced(found) or (what is not None and what.silent)
        warning.warning(_not_redacted(silenced), icon=":material/hearing:")
    if inspection is not None:
        if inspection.waveform:
            figure = waveform(inspection.waveform, inspection.seconds, spans)
            st.plotly_chart(
                figure,
                theme="streamlit",
                config={"displayModeBar": False},
                key=f"recording wave {batch.id} {row} {found.sha256[:12]}",
                alt=_wave_words(inspection, spans),
            )
        _facts(inspection, found, lines)
        for one in inspection.findings:
            one = beside_transcript(one) if call.transcript else one
            icon = ":red[:material/error:]" if one.severity == "error" else ":orange[:material/warning:]"
            st.markdown(f"{icon} {ui.escape(one.message)}", help=ui.escape(one.hint))
        if inspection.readable:
            _proposal(row, call, inspection, locked, store)
    _detach(batch, row, locked, edited)
    if inspection is not None and inspection.readable and what is not None:
        silencing(batch, row, call, found, inspection, what, why_not, locked, edited)


def _not_redacted(silenced: bool) -> str:
    """Say that Reddy does not redact the recording, and what can be heard in it."""
    heard = (
        "everything outside the silenced seconds can be heard"
        if silenced
        else "everything said in it can be heard"
    )
    return f"This call has a transcript too, so Reddy does not redact the recording: {heard}."


def player(batch: Batch, row: int) -> None:
    """The sound of a call above its conversation, which follows it; nothing where none is attached or it is too large."""
    found = batch.recording(row)
    if found is None or found.size > PLAYABLE:
        return
    # The conversation finds the player by this key.
    with ui.alerts(), open_recording(batch.database, found) as file, st.container(key="player"):
        _player(file, found)


def _player(file: IO[bytes], found: Attached) -> None:
    if found.size > PLAYABLE:
        st.info(
            f"{ui.escape(found.name)} has {_size(found.size)}: too large to play here. Listen to it on your own machine.",
            icon=":material/headphones:",
        )
        return
    st.audio(file.read(), format=found.content_type, alt=f"The recording {found.name}")


def _timed(batch: Batch, row: int, call: Call) -> tuple[list[TranscriptLine], str]:
    """The lines with the times that are not estimated, and, where there are none, why that is."""
    lines = list(call.transcript or ())
    origins = batch.lines(row)["times"].tolist() if lines else []
    timed = [
        msgspec.structs.replace(line, start=None, stop=None) if origin == "estimated" else line
        for line, origin in zip(lines, origins, strict=True)
    ]
    if any(line.start is not None for line in timed):
        return timed, ""
    why = (
        "the times of this transcript are estimated, not the source's"
        if any(origin == "estimated" for origin in origins)
        else "this transcript has no times"
    )
    return timed, why


def _inspected(batch: Batch, found: Attached, lines: Sequence[TranscriptLine]) -> Inspection | None:
    """What is in it: worked out once for a file and the times beside it; a very large one when somebody asks."""
    kept: dict[tuple[str, str], Inspection] = st.session_state.setdefault("recordings inspected", {})
    key = (found.sha256, _hash(found.name, [(line.role, line.start, line.stop) for line in lines]))
    if key in kept:
        return kept[key]
    if found.size > PLAYABLE and not st.button(
        "Look into it", icon=":material/graphic_eq:", key=f"look {found.sha256}"
    ):
        st.caption("It is decoded from its beginning to its end, which takes a while.")
        return None
    try:
        with st.spinner("Listening"), open_recording(batch.database, found) as file:
            inspection = inspect_recording(file, name=found.name, lines=lines)
    except ReddyError as error:
        ui.alert(error)
        return None
    while len(kept) >= MOST_KEPT:
        kept.pop(next(iter(kept)))
    kept[key] = inspection
    return inspection


def _wave_words(inspection: Inspection, spans: Sequence[Span]) -> str:
    sides = "left and right side" if len(inspection.waveform) == 2 else "one track"
    marked = f"; {agreeing(len(spans), 'span to silence is', 'spans to silence are')} marked" if spans else ""
    return f"Waveform of {inspection.name}: {_clock(inspection.seconds)}, {sides}{marked}."


def _facts(inspection: Inspection, found: Attached, lines: Sequence[TranscriptLine]) -> None:
    if not inspection.readable:
        return
    sides = {1: "mono", 2: "stereo"}.get(inspection.channels, f"{inspection.channels} channels")
    times = [time for line in lines for time in (line.start, line.stop) if time is not None]
    facts = [f"{inspection.format} ({inspection.codec})", sides, f"{inspection.rate:,} Hz"]
    facts += [_clock(inspection.seconds)]
    facts += [f"transcript up to {_clock(max(times))}"] if times else []
    facts += [_size(found.size)]
    st.caption(ui.escape(" · ".join([found.name, *facts])))
    if inspection.format in UNPLAYED:
        st.caption("Many browsers do not play this format: listen to it on your own machine.")


def _proposal(
    row: int,
    call: Call,
    inspection: Inspection,
    locked: bool,
    store: Callable[[int, Callable[[Call], Call]], None],
) -> None:
    """How Reddy should tell the voices apart, why, and one click that says so."""
    proposed = inspection.speaker
    same = call.speaker is not None and _of(call.speaker) == _of(proposed)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(
            f":material/record_voice_over: Speaker separation: **{_speaker_words(proposed)}**. "
            f"{ui.escape(inspection.why)}",
            width="stretch",
        )
        if same:
            st.markdown(":green[:material/check: already set]", width="content")
        elif not locked:
            st.button(
                "Use this setting",
                icon=":material/check:",
                key=f"recording speaker {row} {_speaker_words(proposed)}",
                on_click=store,
                args=(
                    row,
                    lambda now: editing.with_speaker(now, proposed.separation, proposed.channel_map),
                ),
            )


def _of(speaker: Speaker) -> tuple[str, tuple[str, ...]]:
    return speaker.separation, tuple(speaker.channel_map or ())


def _speaker_words(speaker: Speaker) -> str:
    if speaker.separation != "channels":
        return "diarize (by voice)"
    sides = zip(("left", "right"), speaker.channel_map or (), strict=False)
    told = ", ".join(f"{role} {side}" for side, role in sides)
    return f"channels ({told})" if told else "channels"


def _detach(batch: Batch, row: int, locked: bool, edited: Callable[[], None]) -> None:
    if locked:
        return

    def take_off() -> None:
        try:
            batch.detach(row, who=ui.who())
        except ReddyError as error:
            st.session_state["review message"] = str(error)
        edited()

    st.button(
        "Detach",
        icon=":material/link_off:",
        type="tertiary",
        key=f"recording detach {batch.id} {row}",
        help="The call goes without this recording. The file stays where it is.",
        on_click=take_off,
    )


# --- uploads ------------------------------------------------------------------------------------------------


def uploads_line(numbers: dict[str, int]) -> None:
    """How far the recordings of a submission are (`ledger.recordings.uploads_of`); nothing where there are none."""
    states = ("uploaded", "sending", "waiting", "failed", "expired")
    total = sum(numbers[state] for state in states)
    if not total:
        return
    words = [f"{numbers['uploaded']:,} of {total:,} uploaded"]
    if numbers["sending"]:
        words.append(
            f"{numbers['sending']:,} under way ({_size(numbers['sent'])} of {_size(numbers['size'])})"
        )
    words += [f"{numbers[state]:,} {state}" for state in states[2:] if numbers[state]]
    st.markdown(f":material/graphic_eq: Recordings: {' · '.join(words)}")


def _clock(seconds: float) -> str:
    """83.4 → "1:23", 3,700 → "1:01:40"; to the end: "the end"."""
    if math.isinf(seconds):
        return "the end"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
