"""Review's tables of one call: an edit is stored once, on the line or tag it was made on, or refused with a sentence."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import reddy_lib as reddy
from reddy_lib.model import payload_json
from reddy_lib.sandbox.rules import DEFAULT_PRODUCTS
from tests.screen import edit, opened, pick, press, run, set_status, sources, table, words

PRODUCTS = [dict(product) for product in DEFAULT_PRODUCTS]
pytestmark = pytest.mark.usefixtures("pages_on_shared_ledger")
WILD = (
    "**b** _i_ <script>x</script> $x^2$ :red[r] :smile: :material/home: [a](https://evil.example) "
    "&lt; -> # www.e.example"
)


Load = Callable[..., reddy.Batch]


@pytest.fixture
def load(shared_ledger: reddy.Ledger, sheet: Callable[..., Path]) -> Load:
    """Loads calls; `lines`: what is said in row 2, as (role, text)."""

    def loaded(*lines: tuple[str, str], **cells: str) -> reddy.Batch:
        if lines:
            said = [
                {"role": role, "text": text, "start": n, "stop": n + 1}
                for n, (role, text) in enumerate(lines)
            ]
            cells["Transcript"] = json.dumps(said)
        return shared_ledger.load(sheet(2, {2: cells}), products=PRODUCTS, progress=False)

    return loaded


def at(batch: reddy.Batch, tab: str = "Lines") -> Any:
    return opened("review", batch, query={"row": "2"}, **{f"review {batch.id} tab": tab})


def lines_of(batch: reddy.Batch, row: int = 2) -> list[tuple[str, str]]:
    return [(line.role, line.text) for line in batch.call(row).transcript or ()]


def texts(batch: reddy.Batch) -> list[str]:
    return [text for _, text in lines_of(batch)]


def lines(app: Any) -> Any:
    return table(app, "text", "start")


def tags(app: Any) -> Any:
    return table(app, "key", "value")


ABC = [("agent", "a"), ("customer", "b"), ("agent", "c")]


# --- cells of lines ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "value", "attribute", "stored"),
    [
        ("text", " new words ", "text", " new words "),
        ("text", WILD, "text", WILD),
        ("text", None, "text", ""),
        ("role", "agent", "role", "agent"),
        ("start", 1.5, "start", 1.5),
        ("stop", 0, "stop", 0.0),
        ("start", None, "start", None),
    ],
)
def test_an_edited_cell_is_stored_on_its_line_and_nothing_else_changes(
    load: Load, cell: str, value: Any, attribute: str, stored: Any
) -> None:
    batch = load(*ABC)
    before = json.loads(payload_json(batch.call(2)))
    other = payload_json(batch.call(3))
    app = at(batch)
    edit(app, lines(app), {1: {cell: value}})
    assert getattr((batch.call(2).transcript or [])[1], attribute) == stored
    after = json.loads(payload_json(batch.call(2)))
    del before["transcript"][1], after["transcript"][1]
    assert after == before
    assert payload_json(batch.call(3)) == other


def test_a_table_reports_all_its_edits_each_time_and_only_new_ones_are_stored(load: Load) -> None:
    batch = load(*ABC)
    app = at(batch)
    grid = lines(app)
    edit(app, grid, {0: {"text": "A"}})
    edit(app, lines(app), {0: {"text": "A"}, 2: {"text": "C", "role": "customer"}})
    edit(app, lines(app), {0: {"text": "A"}, 2: {"text": "C", "role": "customer"}})
    edit(app, lines(app), {0: {"text": "AA"}, 2: {"text": "C", "role": "customer"}})
    assert lines_of(batch) == [("agent", "AA"), ("customer", "b"), ("customer", "C")]
    assert sorted(batch.edits(2)["after"]) == ['"A"', '"AA"', '"C"', '"customer"'], "each on record once"
    assert lines(app).proto.id == grid.proto.id, (
        "the table goes on as it is, with the cell that is open in it"
    )


def test_after_an_edit_elsewhere_the_table_starts_afresh_and_a_late_edit_is_refused(load: Load) -> None:
    """Somebody else deleted the first line: position 1 is another line now."""
    batch = load(*ABC)
    app = at(batch)
    grid = lines(app)
    call = batch.call(2)
    assert call.transcript is not None
    del call.transcript[0]
    batch.replace(2, call, who="bo")
    edit(app, grid, {1: {"text": "meant for b"}})
    assert texts(batch) == ["b", "c"]
    assert re.search(
        r"Row 2 was changed by bo, .*, while it was open here\. Your last edit was not stored", words(app)
    )
    assert lines(app).proto.id != grid.proto.id
    edit(app, lines(app), {1: {"text": "meant for c"}})
    assert texts(batch) == ["b", "meant for c"]
    assert not app.error


def test_an_edit_after_an_inserted_line_goes_to_the_line_as_it_is_numbered_now(load: Load) -> None:
    batch = load(*ABC)
    app = at(batch)
    edit(app, lines(app), {0: {"text": "A"}})
    pick(app, lines(app), ":material/add: Insert line below", 0)
    assert texts(batch) == ["A", "", "b", "c"]
    edit(app, lines(app), {1: {"text": "between", "role": "agent"}})
    assert lines_of(batch) == [("agent", "A"), ("agent", "between"), ("customer", "b"), ("agent", "c")]


@pytest.mark.parametrize(
    ("label", "position", "left"),
    [
        (":material/add: Insert line below", 2, ["a", "b", "c", ""]),
        (":material/add: Insert line above", 0, ["", "a", "b", "c"]),
        (":material/arrow_upward: Move up", 2, ["a", "c", "b"]),
        (":material/arrow_upward: Move up", 0, ["a", "b", "c"]),
        (":material/arrow_downward: Move down", 0, ["b", "a", "c"]),
        (":material/delete: Delete line", 1, ["a", "c"]),
        (":material/splitscreen: Split at line breaks", 1, ["a", "b", "c"]),
        ("something new", 1, ["a", "b", "c"]),
    ],
)
def test_the_menu_of_a_line_does_what_it_says(load: Load, label: str, position: int, left: list[str]) -> None:
    batch = load(*ABC)
    app = at(batch)
    pick(app, lines(app), label, position)
    assert texts(batch) == left
    assert list(lines(app).value["text"].fillna("")) == left


def test_a_second_click_on_a_menu_that_is_gone_changes_nothing(load: Load) -> None:
    batch = load(*ABC)
    app = at(batch)
    grid = lines(app)
    pick(app, grid, ":material/delete: Delete line", 0)
    pick(app, grid, ":material/delete: Delete line", 0)
    assert texts(batch) == ["b", "c"], "a double click deletes one line"


def test_a_line_of_several_lines_is_split_in_place(load: Load) -> None:
    batch = load(("agent", "a"), ("customer", "b\nbb\n\nbbb"), ("agent", "c"))
    app = at(batch)
    pick(app, lines(app), ":material/splitscreen: Split at line breaks", 1)
    assert texts(batch) == ["a", "b", "bb", "bbb", "c"]


def test_an_edit_of_a_call_that_was_sent_meanwhile_is_refused(load: Load) -> None:
    batch = load(*ABC)
    app = at(batch)
    set_status(batch, 2, status="sending")
    edit(app, lines(app), {0: {"text": "too late"}})
    assert texts(batch) == ["a", "b", "c"]
    assert "Row 2 is sending" in words(app)
    assert "It is being sent." in words(app)


def test_what_the_sheet_said_comes_back_whole(load: Load) -> None:
    batch = load(*ABC)
    before = payload_json(batch.call(2))
    app = at(batch)
    edit(app, lines(app), {0: {"text": "A", "role": "customer"}})
    pick(app, lines(app), ":material/delete: Delete line", 2)
    press(app, "Restore what the sheet said")
    assert payload_json(batch.call(2)) == before
    assert list(lines(app).value["text"]) == ["a", "b", "c"]


# --- tags --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "key", "value", "type_", "status"),
    [
        ({"value": "5"}, "CSAT", 5, "integer", "ready"),
        ({"value": "five"}, "CSAT", "five", "integer", "held"),
        ({"type": "string"}, "CSAT", "1", "string", "ready"),
        ({"key": ""}, "", 1, "integer", "held"),
        ({"key": WILD[:30]}, WILD[:30], 1, "integer", "ready"),
        ({"type": "boolean", "value": "yes"}, "CSAT", True, "boolean", "ready"),
    ],
)
def test_an_edited_tag_is_read_by_its_type(
    load: Load, cells: dict[str, str], key: str, value: Any, type_: str, status: str
) -> None:
    batch = load()
    app = at(batch, "Tags")
    edit(app, tags(app), {0: cells})
    (tag,) = batch.call(2).tags or ()
    assert (tag.key, tag.value, tag.type) == (key, value, type_)
    assert batch.info(2)["status"] == status
    assert batch.call(3).tags != batch.call(2).tags


def test_a_tag_is_added_named_and_deleted(load: Load) -> None:
    batch = load()
    app = at(batch, "Tags")
    press(app, "Add a tag")
    edit(app, tags(app), {1: {"key": "VIP", "value": "yes", "type": "boolean"}})
    assert [(tag.key, tag.value) for tag in batch.call(2).tags or ()] == [("CSAT", 1), ("VIP", True)]
    pick(app, tags(app), ":material/delete:", 0)
    assert [tag.key for tag in batch.call(2).tags or ()] == ["VIP"]
    pick(app, tags(app), ":material/delete:", 0)
    assert batch.call(2).tags is None
    assert "This call has no tags." in words(app)


# --- fields ------------------------------------------------------------------------------------------------


def test_an_emptied_email_holds_the_call_and_an_emptied_id_is_made_again(load: Load) -> None:
    batch = load()
    app = at(batch, "Fields")
    app.text_input(key=f"review {batch.id} conversation_id 2").set_value("  ")
    run(app)
    derived = batch.call(2).conversation_id
    assert derived
    assert derived != "conv-1"
    assert app.text_input(key=f"review {batch.id} conversation_id 2").value == derived
    app.text_input(key=f"review {batch.id} agent_email 2").set_value("")
    run(app)
    assert batch.call(2).agent_email is None
    assert batch.info(2)["status"] == "held"
    assert "The sheet said: ann@cedarline.example" in words(app)


def test_a_recording_beside_a_transcript_is_said_at_its_field(load: Load) -> None:
    batch = load()
    app = at(batch, "Fields")
    app.text_input(key=f"review {batch.id} filename 2").set_value("../../etc/passwd")
    run(app)
    assert batch.call(2).filename == "../../etc/passwd"
    found = [each.message for each in batch.findings_of(2) if each.field == "filename"]
    assert found
    assert [message for message in found if message not in words(app)] == []


# --- text as text ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "tab", ["Conversation", "Lines", "Tags", "Fields", "From the sheet", "JSON", "History"]
)
def test_words_of_a_sheet_are_text_in_every_part_of_a_call(load: Load, tab: str) -> None:
    batch = load(
        (WILD, WILD), **{"Agent Email": WILD, "Conversation ID": WILD, "CSAT": WILD, "Product": WILD}
    )
    call = batch.call(2)
    call.agent_email = f"{WILD} 2"
    batch.replace(2, call, who=WILD)
    app = at(batch, tab)
    said = sources(app)
    for mark in (
        "**b**",
        "<script>",
        "$x^2$",
        ":red[r]",
        ":smile:",
        "material/home:",
        "](https",
        "www.e.",
        "&lt; ",
    ):
        bare = [each for each in said if mark in each.replace("\\&lt;", "").replace("\u2060material", "")]
        assert bare == [], mark
    if tab == "Lines":
        assert list(lines(app).value["text"]) == [WILD.replace("&lt;", "<")], "an entity is decoded"
        assert "**b** _i_ <script>x</script> $x^2$ :red[r]" in words(app), "what is wrong is still said"


def test_the_menu_of_a_line_offers_only_what_changes_something(load: Load) -> None:
    batch = load(("agent", "a"), ("customer", "b\n\nbb"), ("agent", "c\n"))
    offered = [
        [str(entry).split(": ")[-1] for entry in entries]
        for entries in lines(at(batch)).value["menu"].tolist()
    ]
    usual = ["Insert line below", "Insert line above", "Delete line"]
    assert offered == [
        [*usual[:2], "Move down", "Delete line"],
        [*usual[:2], "Move up", "Move down", "Split at line breaks", "Delete line"],
        [*usual[:2], "Move up", "Delete line"],
    ]
