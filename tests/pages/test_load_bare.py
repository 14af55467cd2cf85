"""The Load page with transcript files alone, and archives of several tables: what is asked for, and what is offered."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

import reddy_lib as reddy
from reddy_lib import ui
from reddy_lib.batches.profiles import keep_profile
from tests.screen import choose, labels, opened, pill, press, run, store, text_of, words, workbook

TALK = "WEBVTT\n\n00:00.000 --> 00:02.000\n<v Agent>Hello {n}.\n\n00:03.000 --> 00:05.000\n<v Customer>Hi.\n"
EMAIL, PRODUCT = "Agent's email for all calls", "Product for all calls"


def vtt(*names: str) -> list[tuple[str, bytes]]:
    return [(f"{name}.vtt", TALK.format(n=number).encode()) for number, name in enumerate(names)]


def drop(*files: tuple[str, bytes]) -> AppTest:
    app = opened("load")
    app.file_uploader[0].set_value([(name, content, "application/octet-stream") for name, content in files])
    return run(app)


def give_email(app: AppTest, email: str) -> AppTest:
    next(each for each in app.text_input if each.label == EMAIL).set_value(email)
    return run(app)


def products(app: AppTest) -> object:
    return next(each for each in app.button_group if each.label == PRODUCT).value


def test_bare_transcript_files_are_ready_after_an_email_and_one_click(connected_ledger: reddy.Ledger) -> None:
    app = drop(*vtt("a", "b"))
    assert "None of these files names an agent: each call would be held." in words(app)
    assert "None of these files names a product: each call would be held." in words(app)
    app = pill(give_email(app, "ann@cedarline.example"), PRODUCT, 2)
    assert "**2 of 2 rows** would be ready" in words(app)
    batch = store(app, connected_ledger)
    assert {(call.agent_email, call.product_id) for call in map(batch.call, batch.rows())} == {
        ("ann@cedarline.example", 2)
    }


def test_an_email_that_is_none_is_said_at_once(connected_ledger: reddy.Ledger) -> None:
    assert "This is not an email address" in words(give_email(drop(*vtt("a")), "ann"))


def test_a_sheet_with_an_agent_and_a_product_in_each_row_is_asked_for_neither(
    connected_ledger: reddy.Ledger,
) -> None:
    head, row = (
        ["Agent email", "Product", "Talk"],
        ["ann@cedarline.example", "Loans", "Agent: Hi.\nCustomer: Hi."],
    )
    app = drop(("calls.csv", text_of([head, row])))
    assert EMAIL not in [each.label for each in app.text_input]
    assert PRODUCT not in [each.label for each in app.button_group]


@pytest.fixture
def one_product(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Reddy lists one active product, and one that is not."""
    listed = [
        {"id": 7, "name": "Cards", "status": "active"},
        {"id": 8, "name": "Pilot", "status": "inactive"},
    ]
    with reddy.Sandbox(products=listed) as running:
        monkeypatch.setenv("REDDY_API_TOKEN", running.token)
        monkeypatch.setenv("REDDY_BASE_URL", running.url)
        yield


def test_the_only_active_product_is_chosen_with_the_reason_and_can_be_taken_back(
    connected_ledger: reddy.Ledger, one_product: None
) -> None:
    app = give_email(drop(*vtt("a")), "ann@cedarline.example")
    assert products(app) == 7
    assert "Chosen because it is the only active product in Reddy's list." in words(app)
    assert "**1 of 1 row** would be ready" in words(app)
    app = pill(app, PRODUCT, None)
    assert "**0 of 1 row** would be ready" in words(app)


def test_what_this_person_gave_last_time_is_proposed_for_other_files_too(
    connected_ledger: reddy.Ledger,
) -> None:
    given = reddy.Mapping(defaults={"agent_email": "bo@cedarline.example", "product_id": 3})
    keep_profile(connected_ledger, "march", given, ["another", "sheet"], who=ui.who())
    keep_profile(
        connected_ledger, "theirs", given.replace(defaults={"product_id": 1}), ["x"], who="somebody else"
    )
    app = drop(*vtt("a"))
    assert products(app) == 3
    assert "Chosen because it is the one of march, which you loaded today" in words(app)
    assert "**0 of 1 row** would be ready" in words(app), "nobody is named as the agent of a call unasked"
    app = press(app, "Use " + ui.escape("bo@cedarline.example"))
    assert "**1 of 1 row** would be ready" in words(app)


def test_a_product_that_was_chosen_before_and_is_active_no_more_is_not_proposed(
    connected_ledger: reddy.Ledger,
) -> None:
    keep_profile(connected_ledger, "old", reddy.Mapping(defaults={"product_id": 5}), ["x"], who=ui.who())
    assert products(drop(*vtt("a"))) is None


def test_emails_and_ids_in_the_names_of_the_files_are_taken(connected_ledger: reddy.Ledger) -> None:
    app = drop(*vtt("ann@cedarline.example_C-00012", "bo@cedarline.example_C-00013"))
    batch = store(pill(app, PRODUCT, 1), connected_ledger)
    assert [(call.agent_email, call.conversation_id) for call in map(batch.call, batch.rows())] == [
        ("ann@cedarline.example", "C-00012"),
        ("bo@cedarline.example", "C-00013"),
    ]


# archives of tables


def zipped(**tables: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in tables.items():
            archive.writestr(f"{name}.csv", content)
    return file.getvalue()


def calls(*agents: str, more: str = "") -> bytes:
    """A table of calls; with one more column it has other columns than the tables beside it."""
    rows = [["Agent email", "Product", "Talk"]]
    rows += [[f"{agent}@cedarline.example", "Loans", "Agent: Hi.\nCustomer: Hello."] for agent in agents]
    return text_of([[*row, more] for row in rows] if more else rows)


def test_of_several_tables_in_a_zip_the_largest_is_read_until_another_is_chosen(
    connected_ledger: reddy.Ledger,
) -> None:
    team = text_of([["Name", "Phone"], ["Ann Lee", "12"]])
    app = drop(("data.zip", zipped(team=team, may=calls("bo", "cy"), notes=b"")))
    tables = next(each for each in app.selectbox if each.label == "Table in the archive")
    assert tables.options == ["team.csv · 1 row", "may.csv · 2 rows", "notes.csv · cannot be read"]
    assert tables.value == "may.csv"
    assert "the table **may.csv** of 3; the others are not read" in words(app)
    assert "Store 2 calls" in labels(app)


def test_tables_of_the_same_columns_in_a_zip_are_one_until_one_of_them_is_chosen(
    connected_ledger: reddy.Ledger,
) -> None:
    app = drop(("months.zip", zipped(april=calls("ann"), may=calls("bo", "cy"), notes=b"")))
    tables = next(each for each in app.selectbox if each.label == "Table in the archive")
    assert tables.options == [
        "the 2 tables with the same columns · 3 rows",
        "april.csv · 1 row",
        "may.csv · 2 rows",
        "notes.csv · cannot be read",
    ]
    assert "2 tables with the same columns, read as one" in words(app)
    assert "1 other file not read: notes.csv" in words(app)
    assert "the others are not read" not in words(app)
    assert "Store 3 calls" in labels(app)
    all_of_them = store(app, connected_ledger)
    assert {all_of_them.call(row).agent_email for row in all_of_them.rows()} == {
        f"{name}@cedarline.example" for name in ("ann", "bo", "cy")
    }
    assert all_of_them.name == "months"
    app = drop(("months.zip", zipped(april=calls("ann"), may=calls("bo", "cy"), notes=b"")))
    broken = choose(app, "Table in the archive", "notes.csv")
    assert "notes.csv is empty" in words(broken)
    batch = store(choose(app, "Table in the archive", "april.csv"), connected_ledger)
    assert [batch.call(row).agent_email for row in batch.rows()] == ["ann@cedarline.example"]
    assert batch.name == "months april"


def test_each_table_of_a_zip_is_a_load_of_its_own(connected_ledger: reddy.Ledger) -> None:
    zip_file = ("months.zip", zipped(april=calls("ann", more="Team"), may=calls("bo", "cy")))
    store(drop(zip_file), connected_ledger)
    app = drop(zip_file)
    assert "This file was loaded" in words(app)
    assert "This file was loaded" not in words(choose(app, "Table in the archive", "april.csv"))


def test_a_zip_of_calls_and_of_their_lines_is_both_together(connected_ledger: reddy.Ledger) -> None:
    about = text_of(
        [
            ["Call ID", "Agent email", "Product"],
            ["c-1", "ann@cedarline.example", "Loans"],
            ["c-2", "bo@cedarline.example", "Loans"],
        ]
    )
    said = [["Call ID", "Speaker", "Text"]]
    for call in ("c-1", "c-2"):
        said += [[call, "Agent", "Good morning, how can I help?"], [call, "Customer", "I lost my card."]]
    app = drop(("both.zip", zipped(about=about, lines=text_of(said))))
    assert "the table **about.csv** with the lines in **lines.csv**" in words(app)
    assert "the others are not read" not in words(app)
    batch = store(app, connected_ledger)
    assert [len(batch.call(row).transcript or []) for row in batch.rows()] == [2, 2]
    assert batch.name == "both"


def test_rows_that_are_no_calls_are_not_counted_as_calls(connected_ledger: reddy.Ledger) -> None:
    app = drop(("calls.csv", calls("ann", "bo") + b"Total,2,\r\n"))
    assert "Store 2 calls" in labels(app)
    assert "3 rows × 3 columns" in words(app)
    assert "**2 of 2 rows** would be ready · 1 row is not a call" in words(app)
    assert store(app, connected_ledger).total == 2


def test_the_name_of_a_sheet_may_give_the_agent_but_never_an_id_for_all_its_calls(
    connected_ledger: reddy.Ledger,
) -> None:
    rows = [["Product", "Talk"], ["Loans", "Agent: Hi.\nCustomer: Hello."]]
    app = drop(("ann@cedarline.example_C-00012.csv", text_of(rows)))
    (offer,) = [label for label in labels(app) if "rom the files' names" in label]
    batch = store(press(app, offer), connected_ledger)
    assert batch.call(2).agent_email == "ann@cedarline.example"


# value tables and marks


def test_the_sheet_of_an_uploaded_value_table_can_be_chosen(connected_ledger: reddy.Ledger) -> None:
    rows = [
        ["Rep", "Product", "Talk"],
        *(["Ann Lee", "Loans", f"Agent: Hi {n}.\nCustomer: Hello."] for n in range(3)),
    ]
    app = drop(("calls.csv", text_of(rows)))
    choose(app, "Agent email", "Rep")
    panel = next(key for key in map(str, app.session_state.to_dict()) if key.endswith("more agent_email"))
    app.session_state[panel] = True
    app = run(app)
    content = workbook(
        Old=[["Name", "Mail"], ["Ann Lee", "ann@old.example"]],
        New=[["Name", "Mail"], ["Ann Lee", "ann@new.example"]],
        Empty=[["Nothing"]],
    )
    app.session_state[panel] = True
    app.file_uploader[-1].set_value(("team.xlsx", content, "application/octet-stream"))
    app = run(app)
    app.session_state[panel] = True
    app = run(app)
    sheets = next(each for each in app.selectbox if each.label.startswith("Sheet of team"))
    assert sheets.options == ["Old", "New"]
    assert sheets.value == "Old"
    sheets.set_value("New")
    app = run(app)
    batch = store(app, connected_ledger)
    assert batch.call(2).agent_email == "ann@new.example"


def test_tags_are_marked_under_a_profile_as_in_the_guess(connected_ledger: reddy.Ledger) -> None:
    head = ["Agent email", "Product", "Talk", "Customer name", "Site"]
    rows = [
        ["ann@cedarline.example", "Loans", f"Agent: Hi {n}.\nCustomer: Hello.", f"Maria {n}", "North"]
        for n in range(12)
    ]
    app = drop(("march.csv", text_of([head, *rows])))
    marks = [line for line in words(app).splitlines() if "personal?" in line or "constant?" in line]
    assert len(marks) == 2
    store(app, connected_ledger)
    app = drop(("april.csv", text_of([head, *rows[1:]])))
    assert "Mapped as in the profile" in words(app)
    after = [line for line in words(app).splitlines() if "personal?" in line or "constant?" in line]
    assert [line.replace("11 rows", "12 rows") for line in after] == marks
