"""What the page says about the file: when it was loaded before, and what an archive or several files came to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from reddy_lib import ui
from reddy_lib.spreadsheet import SheetFormat
from reddy_lib.spreadsheet.reading.bundles import FILE_NAME, open_bundle
from reddy_lib.spreadsheet.reading.upload import PrivateCopy
from reddy_lib.ui import address_bar
from reddy_lib.ui.load.file_choice import let_go
from reddy_lib.ui.load.mapping_choices import known

__all__ = ["joined", "seen_before"]

state = st.session_state
EARLIER = {2: "once", 3: "twice"}


def seen_before(file: PrivateCopy, format: SheetFormat) -> None:
    """Say when this file was loaded before and as which batch, and offer that one. Of an archive of several tables, each
    is a load of its own."""
    before = known("before", file.id, lambda: ui.ledger().loaded_before(file.file_hash))
    if state.get("load_tables"):
        sheets = [batch.mapping.sheet for batch in before]
        before = [
            batch
            for batch, sheet in zip(before, sheets, strict=True)
            if sheet and sheet.sheet == format.sheet
        ]
    if not before:
        return
    batch = before[0]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f":material/history: This file was loaded {ui.when(batch.created_at)} as "
            f"**{ui.escape(batch.name)}** ({ui.number_of(batch.total, 'call')})"
            + (
                f", and {EARLIER.get(len(before), f'{len(before) - 1} times')} before."
                if len(before) > 1
                else "."
            ),
            width="content",
        )
        if st.button("Open that one", type="tertiary", icon=":material/folder_open:", key="load_open_before"):
            let_go()
            ui.remember_batch(batch.id)
            address_bar.leave("review.py", batch=batch.id)


def joined(place: Any, file: PrivateCopy, format: SheetFormat, sheet: pd.DataFrame) -> None:
    """Of an archive, or several files: which are calls, which is the sheet about them, and what joins the two."""
    files, tables, passed_over = known("bundle", file.id, lambda: bundle_facts(file.path))
    said = f":material/folder_zip: {ui.number_of(files, 'transcript file')}"
    if format.form == "tables":
        said = f":material/folder_zip: {ui.number_of(len(format.tables), 'table')} with the same columns, read as one"
    elif format.sheet and not files:
        said = f":material/folder_zip: the table **{ui.escape(format.sheet)}**"
        read = 1
        if format.lines_sheet:
            said += f" with the lines in **{ui.escape(format.lines_sheet)}**"
            read = 2
        if tables > read:
            said += f" of {tables:,}; the others are not read: load each as a batch of its own"
    elif format.sheet and format.join:
        said += (
            f", joined to the sheet **{ui.escape(format.sheet)}** by its column **{ui.escape(format.join[0])}** = the "
            "files' names"
        )
        orphans = len(sheet.attrs.get("orphans", ()))
        named = next(name for name in (f"{FILE_NAME} (of the file)", FILE_NAME) if name in sheet.columns)
        without = int((sheet[named] == "").sum())
        if without:
            said += f" · {without:,} of the first {ui.number_of(len(sheet), 'row')} without a file"
        if orphans:
            said += f" · {ui.number_of(orphans, 'file')} without a row: each is a call of its own"
    elif format.sheet:
        said += f", and the sheet **{ui.escape(format.sheet)}**"
    else:
        said += ": one call" if files == 1 else ", no sheet about them: one call per file"
    warnings = []
    if passed_over:
        names = ui.escape(", ".join(passed_over[:5])) + (" …" if len(passed_over) > 5 else "")
        warnings.append(f"{ui.number_of(len(passed_over), 'other file')} passed over: {names}")
    if format.form == "tables" and format.unread:
        names = ui.escape(", ".join(format.unread[:5])) + (" …" if len(format.unread) > 5 else "")
        warnings.append(f"{ui.number_of(len(format.unread), 'other file')} not read: {names}")
    if files and tables > 1 and format.form != "tables":
        warnings.append(f"{ui.number_of(tables - 1, 'other sheet')} not read")
    if warnings:
        st.warning(" · ".join(warnings), icon=":material/inventory_2:")
    place.caption(said)


def bundle_facts(path: Path) -> tuple[int, int, list[str]]:
    """(transcript files, spreadsheets, names of what is neither)."""
    with open_bundle(path) as bundle:
        return len(bundle.members), len(bundle.tables), bundle.passed_over
