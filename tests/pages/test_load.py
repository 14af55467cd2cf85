"""The Load page, as somebody at the screen meets it: files in, choices, preview, a batch in the ledger."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import reddy_lib as reddy
from reddy_lib.sandbox.faults import Fault
from tests.screen import payload, without_components, workbook

ROOT = Path(__file__).resolve().parents[2]

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64
PROTECTED = (
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    + b"\x00" * 504
    + "EncryptedPackage".encode("utf-16-le")
    + b"\x00" * 512
)


@pytest.fixture
def ledger_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    location = tmp_path / "ledger.sqlite"
    monkeypatch.setenv("REDDY_LEDGER", str(location))
    monkeypatch.delenv("REDDY_API_TOKEN", raising=False)
    monkeypatch.delenv("REDDY_BASE_URL", raising=False)
    return location


@pytest.fixture
def reddy_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[reddy.Sandbox]:
    """A Reddy on a real socket, to which the pages are connected. It has the product list of the sandbox."""
    with reddy.Sandbox() as running:
        monkeypatch.setenv("REDDY_API_TOKEN", running.token)
        monkeypatch.setenv("REDDY_BASE_URL", running.url)
        yield running


@pytest.fixture
def app(ledger_file: Path, reddy_server: reddy.Sandbox) -> AppTest:
    return opened()


def opened() -> AppTest:
    """The app at its first page, in a new tab."""
    return without_components(
        AppTest.from_file(str(ROOT / "pages" / "navigation.py"), default_timeout=90)
    ).run()


def batches(ledger_file: Path) -> list[reddy.Batch]:
    with reddy.Ledger(ledger_file) as ledger:
        return [ledger.batch(found) for found in ledger.batches()["id"]]


def only_batch(ledger_file: Path) -> reddy.Batch:
    (batch,) = batches(ledger_file)
    return batch


def drop(app: AppTest, name: str, content: bytes) -> AppTest:
    app.file_uploader[0].set_value((name, content, "application/octet-stream"))
    return app.run()


def click(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def store(app: AppTest) -> AppTest:
    """Press the primary button and wait until the calls are stored."""
    next(button for button in app.button if button.label.startswith("Store ")).click().run()
    return until_over(app)


def until_over(app: AppTest) -> AppTest:
    """Wait for the load under way, as the page itself does."""
    while "load_job" in app.session_state:
        app.session_state["load_job"].wait()
        app.run()
    return app


def box(app: AppTest, label: str) -> Any:
    return next(select for select in app.selectbox if select.label == label)


def texts(app: AppTest) -> str:
    """Everything that the page says, without the marks that keep a sheet's words from being formatted."""
    shown = [
        *app.title,
        *app.subheader,
        *app.markdown,
        *app.caption,
        *app.text,
        *app.error,
        *app.warning,
        *app.info,
    ]
    return "\n".join(str(one.value) for one in shown).replace("\\", "").replace("\u2060", "")


def csv_bytes(header: list[str], *rows: list[str]) -> bytes:
    file = io.StringIO()
    csv.writer(file).writerows([header, *rows])
    return file.getvalue().encode()


CALLS = csv_bytes(
    ["Agent", "Queue", "Started", "Talk", "CSAT"],
    ["ann@cedarline.example", "Cards hotline", "02/03/2026 10:00", "Agent: Hello.\nCustomer: Hi.", "4"],
    ["bo@cedarline.example", "Card line", "03/03/2026 11:00", "Agent: Hello?\nCustomer: Yes.", "5"],
    ["cy@cedarline.example", "", "04/03/2026 12:00", "Agent: Good day.\nIVR: Who is it?", "3"],
)


# a file in, a batch out


@pytest.mark.parametrize(
    ("sample", "button", "rows", "columns", "ready"),
    [
        ("Labelled text", "Store 40 calls", "40 rows", "9 columns", 40),
        ("JSON transcripts", "Store 60 calls", "60 rows", "11 columns", 60),
        ("Everything wrong", "Store 50 calls", "50 rows", "12 columns", None),
    ],
)
def test_a_sample_is_mapped_with_reasons_and_stored(
    app: AppTest, ledger_file: Path, sample: str, button: str, rows: str, columns: str, ready: int | None
) -> None:
    click(app, sample)
    assert not app.exception
    said = texts(app)
    assert f"{rows} × {columns}" in said
    assert "look like emails" in said
    assert "read as a transcript" in said
    assert button in [one.label for one in app.button]
    promised = next(line for line in said.splitlines() if "would be ready" in line)
    store(app)
    assert not app.exception
    batch = only_batch(ledger_file)
    counts = batch.counts()
    assert f"{sum(counts.values())} rows" == rows
    assert promised.startswith(f"**{counts['ready']} of {rows}**"), "what was promised is what was stored"
    assert ready is None or counts["ready"] == ready
    assert batch.mapping.reasons["agent_email"]


def test_after_storing_review_opens_with_the_batch_in_the_address(app: AppTest, ledger_file: Path) -> None:
    store(click(app, "Labelled text"))
    batch = only_batch(ledger_file)
    assert app.query_params["batch"] in (batch.id, [batch.id])
    assert "Store 40 calls" not in [button.label for button in app.button]


def test_the_copy_on_disk_and_the_upload_are_gone_after_storing(app: AppTest, ledger_file: Path) -> None:
    drop(app, "march.csv", CALLS)
    copy = app.session_state["load_file"].path
    assert copy.read_bytes() == CALLS
    assert copy.parent.stat().st_mode & 0o077 == 0, "nobody else may read it"
    assert not app.file_uploader, "the uploader would keep the file in memory"
    store(app)
    assert not copy.exists()
    assert only_batch(ledger_file).file_name == "march.csv"


def test_another_file_brings_the_drop_zone_back_and_stores_nothing(app: AppTest, ledger_file: Path) -> None:
    drop(app, "march.csv", CALLS)
    copy = app.session_state["load_file"].path
    click(app, "Another file")
    assert app.file_uploader
    assert not copy.exists()
    assert batches(ledger_file) == []


def test_the_open_batch_is_shown_under_the_drop_zone(app: AppTest, ledger_file: Path) -> None:
    store(click(app, "Labelled text"))
    app.switch_page("load.py").run()
    assert "Open batch: **labelled_text**" in texts(app)
    assert "40 calls from labelled_text.csv" in texts(app)
    assert "40 ready" in texts(app)


def test_in_a_new_tab_what_was_loaded_before_is_offered(app: AppTest, ledger_file: Path) -> None:
    assert "Loaded before" not in texts(app)
    store(drop(app, "march.csv", CALLS))
    again = opened()
    assert "Loaded before" in texts(again)
    assert "3 calls · march.csv · today" in texts(again)
    assert "march" in [link.proto.label for link in again.get("page_link")]


def test_the_same_file_again_says_so_and_offers_the_batch_it_became(app: AppTest, ledger_file: Path) -> None:
    store(drop(app, "march.csv", CALLS))
    first = only_batch(ledger_file)
    again = drop(opened(), "other_name.csv", CALLS)
    assert "This file was loaded today" in texts(again)
    assert "**march** (3 calls)" in texts(again)
    click(again, "Open that one")
    assert again.session_state["batch"] == first.id
    assert len(batches(ledger_file)) == 1


# what cannot be read


BROKEN = [
    ("empty.csv", b"", "empty.csv is empty"),
    ("blank.csv", b"\n\n   \n", "blank.csv is empty"),
    (
        "report.xlsx",
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj",
        "report.xlsx is a PDF document, not a spreadsheet",
    ),
    ("photo.xlsx", PNG, "photo.xlsx is an image (PNG), not a spreadsheet"),
    ("cut.xlsx", b"PK\x03\x04" + b"\x00" * 100, "cut.xlsx is damaged or cut off"),
    ("secret.xlsx", PROTECTED, "secret.xlsx is protected with a password"),
    ("heads.csv", b"Agent,Transcript\n", "heads.csv has a header in row 1 and no calls below it"),
    (
        "heads.xlsx",
        workbook(Calls=[["Agent", "Transcript"]]),
        "has a header in row 1 and no calls below it",
    ),
    ("nothing.xlsx", workbook(Calls=[]), "is empty"),
]


@pytest.mark.parametrize(("name", "content", "sentence"), BROKEN, ids=[name for name, _, _ in BROKEN])
def test_what_is_no_sheet_of_calls_gets_one_sentence_and_another_try(
    app: AppTest, ledger_file: Path, name: str, content: bytes, sentence: str
) -> None:
    drop(app, name, content)
    assert not app.exception
    (error,) = app.error
    assert sentence in error.value.replace("\\", "")
    assert app.file_uploader
    assert not any(button.label.startswith("Store") for button in app.button)
    drop(app, "march.csv", CALLS)
    assert not app.error
    assert "3 rows × 5 columns" in texts(app)


def test_a_sheet_without_calls_is_said_and_another_sheet_can_be_chosen(app: AppTest) -> None:
    rows = [["Agent", "Transcript"], ["ann@cedarline.example", "Agent: Hello.\nCustomer: Hi."]]
    drop(app, "two.xlsx", workbook(Calls=rows, Notes=[["Exported on Monday"]]))
    box(app, "Sheet").select("Notes").run()
    assert "no calls below it" in app.error[0].value
    assert not any(button.label.startswith("Store") for button in app.button)
    box(app, "Sheet").select("Calls").run()
    assert not app.error
    assert "1 row × 2 columns" in texts(app)


def test_a_header_row_of_ones_own_choice_is_read(app: AppTest) -> None:
    drop(app, "title.csv", b"Export,of March\n" + CALLS)
    header = app.number_input[0]
    assert header.value == 2
    header.set_value(1).run()
    assert "Export" in box(app, "Agent email").options
    app.number_input[0].set_value(99).run()
    assert not app.exception
    assert "choose another header row" in app.error[0].value
    app.number_input[0].set_value(2).run()
    assert not app.error
    assert box(app, "Agent email").value == "Agent"


def test_another_delimiter_or_encoding_is_read_again(app: AppTest) -> None:
    drop(app, "march.csv", CALLS.replace(b"Hello?", "Grüße".encode("cp1252")))
    assert "3 rows × 5 columns" in texts(app)
    box(app, "Between columns").select(";").run()
    assert not app.exception
    box(app, "Between columns").select(",").run()
    box(app, "Encoding").select("utf-8").run()
    assert "is not valid utf-8" in app.error[0].value.replace("\\", "")


# choices


def test_a_chosen_column_changes_the_preview_at_once_and_is_stored(app: AppTest, ledger_file: Path) -> None:
    drop(app, "march.csv", CALLS)
    assert box(app, "Transcript").value == "Talk"
    box(app, "Transcript").select(None).run()
    assert "**0 of 3 rows** would be ready" in texts(app)
    box(app, "Transcript").select("Talk").run()
    box(app, "Conversation id").select("CSAT").run()
    assert "chosen by hand; 3 of 3 filled, 3 distinct" in texts(app)
    store(app)
    batch = only_batch(ledger_file)
    assert batch.mapping.fields["conversation_id"] == "CSAT"
    assert [batch.call(row).conversation_id for row in batch.rows()] == ["4", "5", "3"]


def test_a_column_that_a_field_lets_go_becomes_a_tag_and_one_that_it_takes_is_none(app: AppTest) -> None:
    drop(app, "march.csv", CALLS)
    assert app.multiselect[0].value == ["CSAT"]
    box(app, "Start time").select(None).run()
    assert app.multiselect[0].value == ["Started", "CSAT"]
    box(app, "Conversation id").select("CSAT").run()
    assert app.multiselect[0].value == ["Started"]


def test_products_are_matched_by_name_and_the_others_chosen_by_hand(app: AppTest, ledger_file: Path) -> None:
    drop(app, "march.csv", CALLS)
    assert "1 of 2 matches a product" in texts(app)
    assert "1 row: held until a product is chosen" in texts(app)
    assert box(app, "Product for Cards hotline").value == 1
    box(app, "Product for Card line").select(1).run()
    assert "2 of 2 match a product" in texts(app)
    box(app, "Product for rows without one").select(2).run()
    store(app)
    batch = only_batch(ledger_file)
    assert [batch.call(row).product_id for row in batch.rows()] == [1, 1, 2]


def test_a_match_can_be_taken_away(app: AppTest, ledger_file: Path) -> None:
    drop(app, "march.csv", CALLS)
    box(app, "Product for Cards hotline").select(None).run()
    assert "0 of 2 match a product" in texts(app)
    store(app)
    batch = only_batch(ledger_file)
    assert batch.call(2).product_id is None
    assert "product-unknown" in {found.code for found in batch.findings_of(2)}


def test_an_unknown_speaker_is_asked_for_and_can_be_left_out(app: AppTest, ledger_file: Path) -> None:
    drop(app, "march.csv", CALLS)
    assert "1 line: held until a role is chosen" in texts(app)
    box(app, "Role of IVR").select("customer").run()
    box(app, "Role of Agent").select("leave out").run()
    store(app)
    batch = only_batch(ledger_file)
    assert batch.mapping.roles == {"IVR": "customer", "Agent": "leave out"}
    assert [(line.role, line.text) for line in batch.call(4).transcript or []] == [("customer", "Who is it?")]


def test_the_zone_of_naive_times_is_asked_and_used(app: AppTest, ledger_file: Path) -> None:
    drop(app, "march.csv", CALLS)
    assert box(app, "Times are in").value == "UTC"
    box(app, "Times are in").select("America/New_York").run()
    box(app, "Day and month").select(True).run()
    assert "02/03/2026 10:00 → 2026-03-02 15:00 UTC" in texts(app)
    store(app)
    batch = only_batch(ledger_file)
    assert batch.mapping.timezone == "America/New_York"
    assert batch.call(2).timestamp == 1772463600


def test_times_that_name_their_zone_raise_no_question(app: AppTest) -> None:
    drop(app, "march.csv", csv_bytes(["Agent", "Start"], ["ann@cedarline.example", "2026-03-02T10:00:00Z"]))
    assert "Times are in" not in [select.label for select in app.selectbox]
    assert "Day and month" not in [select.label for select in app.selectbox]


def test_an_undecidable_order_of_day_and_month_is_left_to_choose(app: AppTest) -> None:
    drop(app, "march.csv", csv_bytes(["Agent", "Start"], ["ann@cedarline.example", "02/03/2026 10:00"]))
    assert box(app, "Day and month").value is None
    assert (
        "could not be told apart" in texts(app) or "could not be told apart" in box(app, "Day and month").help
    )


def test_the_type_of_a_tag_can_be_changed_and_a_tag_left_out(app: AppTest, ledger_file: Path) -> None:
    drop(app, "march.csv", CALLS)
    assert box(app, "Type of CSAT").value == "integer"
    box(app, "Type of CSAT").select("string").run()
    assert only_tag(store(app), ledger_file) == {"key": "CSAT", "value": "4", "type": "string"}
    again = drop(opened(), "march.csv", CALLS)
    again.multiselect[0].set_value([]).run()
    store(again)
    newest = batches(ledger_file)[0]
    assert newest.call(2).tags is None
    assert newest.cells(2)["CSAT"] == "4", "the cell stays with the row"


def only_tag(app: AppTest, ledger_file: Path) -> dict[str, Any]:
    (tag,) = json.loads(reddy.model.payload_json(only_batch(ledger_file).call(2)))["tags"]
    assert not app.exception
    return dict(tag)


def test_choices_survive_a_visit_to_another_page(app: AppTest) -> None:
    drop(app, "march.csv", CALLS)
    box(app, "Role of IVR").select("customer").run()
    box(app, "Conversation id").select("CSAT").run()
    app.switch_page("review.py").run()
    app.switch_page("load.py").run()
    assert box(app, "Role of IVR").value == "customer"
    assert box(app, "Conversation id").value == "CSAT"
    assert app.multiselect[0].value == []


# the preview


def test_the_preview_shows_cells_beside_the_payload_and_findings_in_place(app: AppTest) -> None:
    drop(app, "march.csv", CALLS.replace(b"02/03/2026", b"13/03/2026"))  # the day is first: nothing is asked
    assert "**1 of 3 rows** would be ready" in texts(app)
    app.button_group[0].set_value(3).run()
    shown = payload(app)
    assert shown["agent_email"] == "bo@cedarline.example"
    assert "product_id" not in shown
    cells = app.dataframe[0].value.set_index("column")
    assert cells.loc["Queue", "becomes"] == "product_id"
    assert cells.loc["Queue", "finding"] == "Product not in Reddy's list"
    assert cells.loc["CSAT", "becomes"] == "tag (integer)"
    assert "No product is matched to the cell 'Card line'." in texts(app)


def test_words_of_a_sheet_are_shown_as_text(app: AppTest) -> None:
    wild = "**bold** <b>x</b> $a$ :red[x] [a](http://evil.example)"
    drop(app, "march.csv", csv_bytes(["Agent", wild], ["ann@cedarline.example", wild]))
    assert not app.exception
    marked = "\n".join(str(one.value) for one in [*app.markdown, *app.caption, *app.error])
    assert "**bold**" not in marked
    assert "<b>" not in marked
    assert "[a](http" not in marked


# Reddy does not answer


@pytest.mark.parametrize("trouble", ["wrong token", "server down"])
def test_without_a_product_list_the_page_says_so_and_goes_on(
    ledger_file: Path, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    with reddy.Sandbox() as running:
        monkeypatch.setenv("REDDY_BASE_URL", running.url)
        monkeypatch.setenv("REDDY_API_TOKEN", "wrong" if trouble == "wrong token" else running.token)
        if trouble == "server down":
            running.__exit__(None, None, None)
        app = drop(opened(), "march.csv", CALLS.replace(b"Queue", b"Product"))
        assert not app.exception
        assert "Products cannot be matched now" in texts(app)
        assert "Cards hotline · 1 row" in texts(app)
        store(app)
        assert not app.exception
    batch = only_batch(ledger_file)
    assert batch.total == 3
    assert batch.products is None


def test_the_list_can_be_asked_for_again_and_the_guess_gets_better_with_it(
    ledger_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out_of_order = Fault(kind="status", on="products", status=500, times=1)
    with reddy.Sandbox(faults=[out_of_order]) as running:
        monkeypatch.setenv("REDDY_API_TOKEN", running.token)
        monkeypatch.setenv("REDDY_BASE_URL", running.url)
        app = drop(opened(), "march.csv", CALLS)
        assert box(app, "Product").value is None
        box(app, "Conversation id").select("CSAT").run()
        click(app, "Ask for the list again")
    assert "1 of 2 matches a product" in texts(app)
    assert box(app, "Product").value == "Queue"
    assert box(app, "Conversation id").value == "CSAT", "what was chosen by hand stays"


# a load under way


def test_a_load_that_was_cancelled_says_so_and_the_file_is_still_there(
    app: AppTest, ledger_file: Path, tmp_path: Path
) -> None:
    many = csv_bytes(
        ["Agent", "Talk"],
        *(["ann@cedarline.example", f"Agent: Hello {number}.\nCustomer: Hi."] for number in range(60_000)),
    )
    drop(app, "many.csv", many)
    click(app, "Store 60,000 calls")
    assert "calls stored" in app.get("progress")[0].proto.text
    click(app, "Cancel")
    until_over(app)
    assert not app.exception
    assert "None of them were stored" in texts(app)
    assert "Store 60,000 calls" in [button.label for button in app.button]
    assert batches(ledger_file) == []


def test_a_ledger_that_cannot_be_opened_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "no_folder").write_text("a file where a folder should be")
    monkeypatch.setenv("REDDY_LEDGER", str(tmp_path / "no_folder" / "ledger.sqlite"))
    app = opened()
    assert not app.exception
    assert "folder for the ledger cannot be made" in texts(app)
    assert "Try again" in [button.label for button in app.button]
