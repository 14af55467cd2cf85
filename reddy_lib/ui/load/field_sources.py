"""What may feed a field beside one column: several joined, the file's name, a value table of a second sheet, one value.

One small panel beside each field's column, drawn only while it is open; what is chosen in it is read by
`mapping_choices`, as all other choices are.
"""

from __future__ import annotations

import io

import streamlit as st

from reddy_lib import ui
from reddy_lib.errors import ReddyError
from reddy_lib.spreadsheet import sheet_names
from reddy_lib.spreadsheet.file_names import name_value
from reddy_lib.spreadsheet.mapping.lookups import Lookup, lookup_sheets, read_lookup
from reddy_lib.spreadsheet.mapping.survey import shorten
from reddy_lib.spreadsheet.reading.upload import PrivateCopy
from reddy_lib.ui.load.mapping_choices import USUAL, Choices, columns_of, known

__all__ = ["draw_more", "names_found", "other_sources"]

TABLES = {"agent_email": "agent names → emails", "product_id": "texts of the sheet → products"}
TABLE_FILES = ["csv", "tsv", "txt", "xlsx", "xlsm", "xls", "ods"]
EXAMPLES = {
    "agent_email": "{agent_email}_{date}",
    "product_id": "{product_id}_{date}",
    "timestamp": "{}_{date}_{time}",
}


def names_found(choices: Choices, field: str) -> str:
    found, wanted = choices.matched(field)
    return f"{found:,} of {ui.number_of(wanted, 'name')} found"


def other_sources(choices: Choices, field: str) -> list[str]:
    """What feeds a field where its column does not, in a few words each."""
    said = []
    if field in choices.mapping.from_name:
        said.append(f"else from the file's name: {choices.mapping.from_name[field]}")
    if field in choices.pattern_problems:
        said.append("the pattern for the file's name cannot be used")
    usual = choices.mapping.defaults.get(field)
    if usual and field != "product_id" and (choices.fields[field] is not None or field in USUAL):
        said.append(f"else {usual}")
    return said


def draw_more(choices: Choices, field: str, label: str) -> None:
    """The button, and what is behind it."""
    panel = st.popover(
        "", icon=":material/more_horiz:", type="tertiary", key=f"{choices.key}more {field}", on_change="rerun",
        help=f"{label}: join columns, take it from the file's name, or set one value",
    )  # fmt: skip
    if not panel.open:
        return
    with panel:
        st.markdown(f"**{label}**")
        _joining(choices, field)
        _naming(choices, field)
        if field in TABLES:
            _table(choices, field)
        _usual(choices, field)


def _joining(choices: Choices, field: str) -> None:
    first, *others = columns_of(choices.fields[field]) or [""]
    if not first:
        return
    key = f"{choices.key}others {field}"
    st.session_state[key] = others
    st.multiselect(
        f"Join {ui.escape(first)} with", [name for name in choices.columns if name != first], key=key,
        on_change=_join, args=[choices.key, field, first], placeholder="no other column",
    )  # fmt: skip
    if (
        others and field != "timestamp"
    ):  # of which a date and a time of day make a moment, whatever is between
        st.text_input("Between them", key=f"{choices.key}separator {field}", persist_state="session")


def _join(prefix: str, field: str, first: str) -> None:
    others = st.session_state[f"{prefix}others {field}"]
    st.session_state[prefix + field] = (first, *others) if others else first


def _naming(choices: Choices, field: str) -> None:
    st.text_input(
        "From the file's name, where no cell has it", key=f"{choices.key}pattern {field}", persist_state="session",
        placeholder=EXAMPLES.get(field, f"{{{field}}}_{{date}}"),
        help="A name in braces is a value; {} and * stand for anything. Regular expressions with named groups work too.",
    )  # fmt: skip
    if field in choices.pattern_problems:
        st.error(ui.escape(choices.pattern_problems[field]), icon=":material/error:")
    elif field in choices.patterns:
        name = choices.first_name()
        value = name_value(choices.patterns[field], field, name)
        if value is None:
            st.warning(
                f"{ui.escape(shorten(name, 60))} does not fit this pattern: nothing is taken from it.",
                icon=":material/help:",
            )
        else:
            st.caption(
                f":material/subdirectory_arrow_right: {ui.escape(shorten(name, 60))} → {ui.escape(value)}"
            )


def _table(choices: Choices, field: str) -> None:
    if choices.fields[field] is None and field not in choices.mapping.from_name:
        return
    key = choices.key
    st.caption(f"**Value table**: {TABLES[field]}")
    lookup = choices.lookup(field)
    if lookup is not None:
        st.markdown(f":material/table: {ui.escape(lookup.reason.split(';')[0])}")
        st.caption(f"{lookup.matched:,} of {ui.number_of(lookup.wanted, 'name')} found")
        if lookup.doubtful:
            st.caption(f"Left out, as they have several values: {ui.escape(', '.join(lookup.doubtful[:5]))}")
        st.button(
            "Without this table", type="tertiary", icon=":material/close:", key=f"{key}no lookup {field}",
            on_click=st.session_state.pop, args=[f"{key}lookup {field}", None],
        )  # fmt: skip
    elif field == "agent_email" and choices.mapping.values.get(field):
        st.caption(names_found(choices, field))
    format = choices.format
    sheets = known("sheets", choices.file.id, lambda: sheet_names(choices.file.path)) if format.sheet else []
    others = [name for name in sheets if name not in (format.sheet, format.lines_sheet)]
    if format.kind == "excel" and others:
        st.selectbox(
            "From a sheet of this workbook", others, index=None, key=f"{key}lookup sheet {field}",
            on_change=_from_sheet, args=[choices, field], placeholder="Choose a sheet",
        )  # fmt: skip
    st.file_uploader(
        "From a second file", type=TABLE_FILES, key=f"{key}lookup file {field}", on_change=_from_file,
        args=[choices, field],
    )  # fmt: skip
    file, sheets = st.session_state.get(f"{key}lookup copy {field}", (None, []))
    if len(sheets) > 1:
        st.selectbox(
            f"Sheet of {ui.escape(shorten(file.file_name, 40))}", sheets, key=f"{key}lookup file sheet {field}",
            on_change=_from_file_sheet, args=[choices, field],
        )  # fmt: skip
    problem = st.session_state.get(f"{key}lookup problem {field}")
    if problem:
        st.error(ui.escape(problem), icon=":material/error:")


def _from_sheet(choices: Choices, field: str) -> None:
    sheet = st.session_state[f"{choices.key}lookup sheet {field}"]
    if sheet is not None:
        _take(choices, field, choices.file, sheet)


def _from_file(choices: Choices, field: str) -> None:
    """The table of a file that was just handed in, at the sheet that looks like one. The file stays for its others."""
    state, key = st.session_state, choices.key
    state.pop(f"{key}lookup copy {field}", None)
    state.pop(f"{key}lookup problem {field}", None)
    uploaded = state[f"{key}lookup file {field}"]
    if uploaded is None:
        return
    copy = PrivateCopy(io.BytesIO(uploaded.getvalue()), uploaded.name)
    try:
        sheets, detected = lookup_sheets(copy.path)
    except ReddyError as error:
        copy.remove()
        state[f"{key}lookup problem {field}"] = str(error)
        return
    if len(sheets) > 1:
        state[f"{key}lookup copy {field}"] = (copy, sheets)
        state[f"{key}lookup file sheet {field}"] = detected
    _take(choices, field, copy, detected if len(sheets) > 1 else None)
    if len(sheets) < 2:
        copy.remove()


def _from_file_sheet(choices: Choices, field: str) -> None:
    file, _ = st.session_state[f"{choices.key}lookup copy {field}"]
    _take(choices, field, file, st.session_state[f"{choices.key}lookup file sheet {field}"])


def _take(choices: Choices, field: str, file: PrivateCopy, sheet: str | None) -> None:
    state, key = st.session_state, choices.key
    state.pop(f"{key}lookup problem {field}", None)
    try:
        found: Lookup = read_lookup(
            file.path, field=field, texts=choices.texts(field), sheet=sheet, products=choices.products
        )
    except ReddyError as error:
        state[f"{key}lookup problem {field}"] = str(error)
        return
    state[f"{key}lookup {field}"] = found


def _usual(choices: Choices, field: str) -> None:
    if (
        field == "agent_email" and choices.fields[field] is not None
    ):  # without a column it stands in the row itself
        st.text_input(
            "Email for rows without one", key=choices.key + "agent for all", persist_state="session",
            placeholder="no email",
        )  # fmt: skip
    elif field == "product_id":
        st.caption("One product for rows without one is chosen under Products.")
    elif field in USUAL:
        st.text_input(
            "One value for all rows" if choices.fields[field] is None else "Value for rows without one",
            key=f"{choices.key}default {field}", persist_state="session", placeholder="no value",
        )  # fmt: skip
