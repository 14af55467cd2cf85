"""A file in, and out again: the drop zone, the samples, and what was loaded before."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import IO

import streamlit as st

from reddy_lib import ui
from reddy_lib.batches.batch import Batch
from reddy_lib.errors import SheetError
from reddy_lib.spreadsheet.mapping.archive_tables import format_of_tables, tables_to_choose
from reddy_lib.spreadsheet.reading.upload import PrivateCopy, together
from reddy_lib.ui import address_bar, uploads
from reddy_lib.ui.events import uninterrupted
from reddy_lib.ui.load.profile_panel import profiles_panel

__all__ = ["choose_file", "let_go"]

SAMPLES = {
    "Labelled text": ("labelled_text.csv", "A CRM export: 40 calls, dialogues as Agent: … and Customer: …"),
    "JSON transcripts": ("json_transcripts.xlsx", "A telephony export: 60 calls, a title above the table"),
    "Everything wrong": ("everything_wrong.csv", "50 calls, one deliberate fault in each"),
}
state = st.session_state


def take(files: Sequence[tuple[IO[bytes], str]]) -> None:
    """Copy a file to disk, or several as one bundle, and look whether it can be read; if not, keep the sentence that
    says why.

    Uninterrupted: a click meanwhile would find the uploader emptied and no file.
    """
    copy: PrivateCopy | None = None
    with uninterrupted():
        let_go()
        uploads.forget()
        try:
            copy = PrivateCopy(*files[0]) if len(files) == 1 else together(files)
            tables = tables_to_choose(copy.path)
            first = format_of_tables(copy.path, tables)
        except SheetError as error:
            if copy is not None:
                copy.remove()
            state["load_problem"] = str(error)
            return
        state["load_file"], state["load_first"], state["load_tables"] = copy, first, tables


def let_go() -> None:
    """Forget the file: its copy on disk goes, and so does every choice made for it."""
    copy = state.pop("load_file", None)
    if copy is not None:
        for key in [key for key in state if str(key).startswith(f"load {copy.id} ")]:
            del state[key]
        copy.remove()
    for key in ("load_first", "load_tables", "load_known", "load_problem", "load_notice"):
        state.pop(key, None)
    state["load_uploads"] = state.get("load_uploads", 0) + 1  # a new uploader: the old one's memory is freed


def take_sample(path: Path) -> None:
    with path.open("rb") as file:
        take([(file, path.name)])


def choose_file(samples: Path) -> None:
    """The drop zone, the samples (files of that folder), and what was wrong with the last file."""
    uploaded = st.file_uploader(
        "Drop a spreadsheet of calls here, or any number of transcript files, one call per file",
        key=f"load_upload_{state.get('load_uploads', 0)}",
        accept_multiple_files=True,
        disabled=not ui.may("edit"),
        help="CSV, TSV, XLSX, XLSM, XLSB, XLS, ODS, Parquet, JSON or JSON lines: one row per call, or one row per line of "
        "transcript. Transcript files (JSON, VTT, SRT, TXT), on their own, in a ZIP, or with one sheet about them. "
        "It all stays on the machine that runs this program.",
    )
    if not uploaded and (names := uploads.left_behind()):
        _arriving(names)
    if uploaded:
        with st.spinner("Reading the file …" if len(uploaded) == 1 else "Reading the files …"):
            take([(one, one.name) for one in uploaded])
        st.rerun()
    if state.get("load_problem"):
        st.error(ui.escape(state["load_problem"]), icon=":material/error:")
        st.caption("Nothing was stored. Drop another file above, or try a sample.")
    st.caption("or try a sample of invented calls:")
    for place, (label, (name, what)) in zip(st.columns(len(SAMPLES)), SAMPLES.items(), strict=True):
        with place.container(border=True, gap="xsmall", height="stretch"):
            st.button(
                label,
                key=f"sample {name}",
                icon=":material/table:",
                on_click=take_sample,
                args=[samples / name],
                width="stretch",
            )
            st.caption(what)
    profiles_panel(None, [])
    batch = ui.batch_in_hand()
    if batch is not None:
        open_batch(batch)
    else:
        loaded_before()


@st.fragment(run_every=1)
def _arriving(names: Sequence[str]) -> None:
    """Somebody left the page while files were uploaded, and is back: take them once they are here."""
    files = uploads.arrived()
    if files is not None:
        take(files)
        st.rerun()
    said = ui.escape(names[0]) if len(names) == 1 else f"{len(names):,} files"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info(
            f"{said} had not arrived when you left this page. The upload continues, and the file opens here when it is "
            "complete. If nothing happens within a minute, drop it again.",
            icon=":material/upload_file:",
        )
        if st.button("Forget it", type="tertiary", icon=":material/close:", key="load_forget_upload"):
            uploads.forget()
            st.rerun()


def loaded_before() -> None:
    """The last batches, for somebody who comes back in a new tab."""
    batches = ui.ledger().batches().head(5)
    if len(batches):
        st.subheader("Loaded before", anchor=False)
    for found in batches.itertuples():
        with st.container(horizontal=True, vertical_alignment="center"):
            st.page_link(
                "review.py", label=ui.escape(str(found.name)), icon=":material/folder_open:",
                query_params=address_bar.link(str(found.id)),
            )  # fmt: skip
            calls = ui.number_of(int(found.calls), "call")
            st.caption(f"{calls} · {ui.escape(str(found.file_name))} · {ui.when(found.created_at)}")


def open_batch(batch: Batch) -> None:
    """What is in the open batch, in one line, and the way to it."""
    counts = {status: count for status, count in batch.counts().items() if count}
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f":material/folder_open: Open batch: **{ui.escape(batch.name)}**", width="content")
            st.page_link(
                "review.py",
                label="Review it",
                icon=ui.ICONS["review"],
                query_params=address_bar.link(batch.id),
            )
        with st.container(horizontal=True, vertical_alignment="center"):
            total = sum(counts.values())
            st.caption(
                f"{ui.number_of(total, 'call')} from {ui.escape(batch.file_name)}, loaded {ui.when(batch.created_at)}",
                width="content",
            )
            for status, count in counts.items():
                st.badge(
                    f"{count:,} {status}", color=ui.STATUS_COLOURS[status], help=ui.STATUS_MEANINGS[status]
                )
