"""Somebody at the screen, for tests of pages: opens one, reads it, presses, and clicks or types into a grid."""

from __future__ import annotations

import csv
import html
import io
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import xlsxwriter
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest

import reddy_lib as reddy
from reddy_lib.database.schema import calls

_NO_COMPONENTS = BidiComponentManager()
NAVIGATION = Path(__file__).resolve().parents[1] / "pages" / "navigation.py"


def opened(page: str, batch: reddy.Batch | str | None = None, /, **state: Any) -> AppTest:
    """A page of the app in a new tab; `state` is what the session holds already, `query` the rest of the address."""
    app = without_components(AppTest.from_file(str(NAVIGATION), default_timeout=180))
    if batch is not None:
        app.query_params["batch"] = batch if isinstance(batch, str) else batch.id
    for name, value in state.pop("query", {}).items():
        app.query_params[name] = value
    for name, value in state.items():
        app.session_state[name] = value
    return run(app.switch_page(f"{page}.py"))


def without_components(app: AppTest) -> AppTest:
    """Spare a test the look through every installed package for Streamlit components: the app has none, and the
    look takes three times as long as a page."""
    app._bidi_component_manager = _NO_COMPONENTS
    return app


def run(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception, [each.message for each in app.exception]
    return app


def text_of(rows: list[list[str]]) -> bytes:
    """Rows as a CSV file holds them."""
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue().encode()


def workbook(*, hidden: str = "", **sheets: list[list[Any]]) -> bytes:
    """An .xlsx with these sheets, one of them hidden."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            if name == hidden:
                sheet.hide()
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return file.getvalue()


def store(app: AppTest, ledger: reddy.Ledger) -> reddy.Batch:
    """Press the Load page's primary button and wait until the calls are stored; gives their batch."""
    press(app, next(label for label in labels(app) if label.startswith("Store ")))
    while "load_job" in app.session_state:
        app.session_state["load_job"].wait()
        run(app)
    return ledger.batch(ledger.batches()["id"].iloc[0])


def sources(app: AppTest) -> list[str]:
    """Everything on the page that Streamlit reads as Markdown."""
    said = [
        app.markdown,
        app.caption,
        app.info,
        app.warning,
        app.error,
        app.success,
        app.title,
        app.subheader,
    ]
    labelled = [app.button, app.get("page_link"), app.get("expander")]
    return [str(each.value) for kind in said for each in kind] + [
        str(each.label if hasattr(each, "label") else each.proto.label) for kind in labelled for each in kind
    ]


def words(app: AppTest) -> str:
    """All that the page says, as it is read on the screen."""
    assert not app.exception, [each.message for each in app.exception]
    said = [*sources(app), *(str(each.value) for each in app.text)]
    return html.unescape("\n".join(said).replace("\\", "").replace("\u2060", ""))


def labels(app: AppTest) -> list[str]:
    return [each.label for each in app.button]


def button(app: AppTest, label: str) -> Any:
    found = [each for each in app.button if each.label == label]
    assert found, f"no button {label!r} among {labels(app)}"
    return found[0]


def press(app: AppTest, label: str) -> AppTest:
    button(app, label).click()
    return run(app)


def links(app: AppTest) -> list[str]:
    return [str(each.proto.label) for each in app.get("page_link")]


def link(app: AppTest, label: str) -> Any:
    """A link to another page, as it is drawn now, by the beginning of its label."""
    found = [each.proto for each in app.get("page_link") if each.proto.label.startswith(label)]
    assert found, f"no link {label!r} among {links(app)}"
    return found[-1]


def follow(app: AppTest, wanted: Any) -> AppTest:
    """Click a link to another page: one that `link` returned, or the beginning of its label."""
    proto = link(app, wanted) if isinstance(wanted, str) else wanted
    app.query_params.clear()
    for name, values in parse_qs(proto.query_string).items():
        app.query_params[name] = values
    return run(app.switch_page(f"{proto.page or 'load'}.py"))


def address(app: AppTest) -> dict[str, list[str]]:
    """What the address names now, as a link names it."""
    return {name: value if isinstance(value, list) else [value] for name, value in app.query_params.items()}


def in_dialog(app: AppTest, opener: str, *pressed: str, **values: Any) -> AppTest:
    """One step in a dialog: values go into its fields (by key), buttons are pressed, by their labels.

    A browser runs the dialog alone; AppTest runs the whole page, so the dialog is opened again with every step.
    """
    fields = {each.key: each for kind in (app.text_input, app.radio, app.selectbox) for each in kind}
    for key, value in values.items():
        if key in fields:
            fields[key].set_value(value)
        else:
            app.session_state[key] = value  # the dialog is opened with it
    for label in pressed:
        [each for each in app.button if each.label == label][-1].click()
    app.button(key=opener).click()
    return run(app)


def choose(app: AppTest, label: str, value: Any) -> AppTest:
    next(each for each in app.selectbox if each.label == label).set_value(value)
    return run(app)


def pill(app: AppTest, label: str, value: Any) -> AppTest:
    """Press one of the pills with this label above them."""
    next(each for each in app.button_group if each.label == label).set_value(value)
    return run(app)


def payload(app: AppTest) -> dict[str, Any]:
    """What the Load page's preview says Reddy would get, once its JSON is asked for."""
    pill(app, "Show the call as", "JSON")
    (found,) = [each.value for each in app.code if each.language == "json"]
    shown: dict[str, Any] = json.loads(found)
    return shown


def table(app: AppTest, *columns: str) -> Any:
    """The one table on the page that has these columns."""
    (found,) = [each for each in app.dataframe if set(columns) <= set(each.value.columns)]
    return found


def report(app: AppTest, grid: Any, **state: Any) -> AppTest:
    """What a browser does after a click or an edit in a grid: it reports the grid's whole state, by positions."""
    return _reported(app, WidgetState(id=grid.proto.id, string_value=json.dumps(state)))


def pick(app: AppTest, grid: Any, label: str, position: int, column: str = "menu") -> AppTest:
    """Choose from the menu that each row of a table has."""
    clicked = WidgetState(id=grid.proto.button_click_widgets[column])
    clicked.string_trigger_value.data = json.dumps({"row": position, "label": label})
    return _reported(app, clicked)


def _reported(app: AppTest, state: WidgetState) -> AppTest:
    states = app._tree.get_widget_states()
    states.widgets.append(state)
    app._run(states)
    assert not app.exception, [each.message for each in app.exception]
    return app


def tick(app: AppTest, *positions: int, cell: int | None = None) -> AppTest:
    """Leave these positions of the list of calls ticked; `cell`: the position that is clicked."""
    cells = [] if cell is None else [[cell, "agent"]]
    return report(app, table(app, "call"), selection={"rows": list(positions), "columns": [], "cells": cells})


def edit(app: AppTest, grid: Any, cells: dict[int, dict[str, Any]]) -> AppTest:
    """Report cells of a table as edited: position → column → value, all since the table was drawn first."""
    return report(app, grid, edited_rows=cells, added_rows=[], deleted_rows=[])


def set_status(batch: reddy.Batch, row: int, **values: Any) -> None:
    """A call as the engine would have left it."""
    with batch.database.write() as connection:
        connection.execute(
            calls.update().where(calls.c.batch_id == batch.id, calls.c.row == row).values(**values)
        )
