"""Review's list of calls: positions that a browser reports become rows, whatever the list showed before."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import reddy_lib as reddy
from reddy_lib import ui
from reddy_lib.database.schema import EDITABLE
from reddy_lib.sandbox.rules import DEFAULT_PRODUCTS
from tests.screen import (
    button,
    in_dialog,
    labels,
    opened,
    press,
    run,
    set_status,
    table,
    tick,
    words,
)

FAULTY = Path(__file__).resolve().parents[2] / "data" / "everything_wrong.csv"
PRODUCTS = [dict(product) for product in DEFAULT_PRODUCTS]
pytestmark = pytest.mark.usefixtures("pages_on_shared_ledger")


@pytest.fixture(scope="module")
def faulty(shared_ledger: reddy.Ledger) -> reddy.Batch:
    """A fault a row; for tests that only look."""
    return shared_ledger.load(FAULTY, products=PRODUCTS, progress=False)


@pytest.fixture
def load(shared_ledger: reddy.Ledger, sheet: Callable[..., Path]) -> Callable[..., reddy.Batch]:
    return lambda *args, **options: shared_ledger.load(
        sheet(*args, **options), products=PRODUCTS, progress=False
    )


def open_row(app: Any) -> int:
    return int(next(m.value for m in app.markdown if m.value.startswith("**Row "))[6:-2])


def ticked(app: Any, batch: reddy.Batch) -> list[int]:
    return list(app.session_state["ticked"][batch.id])


def rows(app: Any) -> list[int]:
    return [int(row.removeprefix("▸ ")) for row in table(app, "call").value["row"]]


def key(batch: reddy.Batch, name: str) -> str:
    return f"review {batch.id} {name}"


# --- positions and rows ------------------------------------------------------------------------------------


def test_ticks_and_clicks_mean_the_rows_that_the_list_shows_under_a_filter(faulty: reddy.Batch) -> None:
    held = faulty.rows(status="held")
    app = opened("review", faulty, query={"filter": "status:held"})
    tick(app, 0, 2, cell=1)
    assert ticked(app, faulty) == [held[0], held[2]]
    assert open_row(app) == held[1]
    assert app.query_params["row"] in (str(held[1]), [str(held[1])])


def test_ticks_of_rows_that_are_out_of_sight_stay_when_others_are_changed(faulty: reddy.Batch) -> None:
    held, ready = faulty.rows(status="held"), faulty.rows(status="ready")
    app = opened("review", faulty, query={"filter": "status:held"}, ticked={faulty.id: [ready[0], held[0]]})
    tick(app, 0, 1)
    assert ticked(app, faulty) == sorted([ready[0], held[0], held[1]])
    tick(app)
    assert ticked(app, faulty) == [ready[0]]


def test_positions_on_the_second_page_are_rows_of_the_second_page(load: Callable[..., reddy.Batch]) -> None:
    batch = load(60)
    app = opened("review", batch)
    tick(app, 0)
    app.get("pagination")[0].set_value(2)
    run(app)
    assert rows(app) == list(range(52, 62))
    tick(app, 0, 9, cell=3)
    assert ticked(app, batch) == [2, 52, 61]
    assert open_row(app) == 55
    assert "51–60 of 60" in words(app)


def test_positions_that_the_list_does_not_have_are_no_rows(faulty: reddy.Batch) -> None:
    found = faulty.rows(search="umlauts")
    app = opened("review", faulty, query={"search": "umlauts", "row": "2"})
    tick(app, 0, len(found), 40, cell=44)
    assert ticked(app, faulty) == found[:1]
    assert open_row(app) == 2


def test_what_was_ticked_is_what_submit_offers(load: Callable[..., reddy.Batch]) -> None:
    batch = load(4, {3: {"Agent Email": "nobody"}})
    app = opened("review", batch)
    tick(app, 1, 2)
    press(app, "Send 1 of 2 ticked")
    assert app.title[0].value == "Submit"
    assert "1 call to the sandbox" in words(app)
    assert "1 of the 2 chosen calls cannot be sent" in words(app)
    assert list(table(app, "warnings").value["row"]) == [4]


def test_a_filter_of_the_ticked_ones_follows_the_ticks(faulty: reddy.Batch) -> None:
    app = opened("review", faulty, query={"show": "ticked"}, ticked={faulty.id: [4, 7, 9]})
    assert rows(app) == [4, 7, 9]
    assert button(app, "Tick all 3").disabled
    tick(app, 0, 2)
    assert ticked(app, faulty) == [4, 9]
    assert rows(app) == [4, 9]
    press(app, "Untick all")
    assert f"None of the {faulty.total} calls matches" in words(app)
    press(app, "Show all calls")
    assert rows(app) == faulty.rows()


# --- what is in the address --------------------------------------------------------------------------------


@pytest.mark.parametrize("row", ["²", "٣", "-3", "abc", "3.0", "9" * 30, "9" * 5000, " 3", "<b>"])
def test_a_row_in_the_address_that_is_no_row_number_does_no_harm(faulty: reddy.Batch, row: str) -> None:
    app = opened("review", faulty, query={"row": row})
    assert not app.error
    assert open_row(app) == (3 if row == "٣" else 2)


def test_the_batch_and_the_call_in_the_address_survive_another_page(faulty: reddy.Batch) -> None:
    app = opened("review", faulty, query={"row": "9"})
    app.query_params.clear()  # as a browser does when it switches pages
    run(app.switch_page("outcomes.py"))
    app.query_params.clear()
    run(app.switch_page("review.py"))
    assert {name: str(value).strip("[']") for name, value in app.query_params.items()} == {
        "batch": faulty.id,
        "row": "9",
    }
    assert open_row(app) == 9


def test_each_batch_keeps_its_own_filters_ticks_and_open_call(
    faulty: reddy.Batch, load: Callable[..., reddy.Batch]
) -> None:
    other = load(3)
    app = opened("review", faulty, query={"filter": "status:held", "row": "9"}, ticked={faulty.id: [9]})
    held = rows(app)
    app.query_params["batch"] = other.id
    app.query_params.pop("row")
    app.query_params.pop("filter")
    run(app)
    assert rows(app) == [2, 3, 4]
    assert open_row(app) == 2
    assert "Send 3 ready" in labels(app)
    app.query_params["batch"] = faulty.id
    app.query_params.pop("row", None)
    run(app)
    assert rows(app) == held
    assert open_row(app) == 9


def test_beside_a_filter_the_way_to_submit_says_that_it_means_all(faulty: reddy.Batch) -> None:
    ready = faulty.counts()["ready"]
    app = opened("review", faulty, query={"filter": "status:held"})
    assert f"Send all {ready} ready" in labels(app)
    app = opened("review", faulty)
    assert f"Send {ready} ready" in labels(app)


# --- searching ---------------------------------------------------------------------------------------------


def test_whatever_is_searched_for_the_page_stands(faulty: reddy.Batch) -> None:
    app = opened("review", faulty)
    for text in ["²", "٣", "9" * 400, "%", "_", "\\", "\x00", "**", "'", '"', "é" * 300, "💥"]:
        app.text_input(key=key(faulty, "search")).set_value(text)
        run(app)
        found = faulty.rows(search=text)
        assert [
            int(row.removeprefix("▸ "))
            for each in app.dataframe
            if "call" in each.value
            for row in each.value["row"]
        ] == found


@pytest.mark.parametrize(
    "gone", ["code:tag-type-unknown", "agent:gone@cedarline.example", "product:4711", "tag:No=1"]
)
def test_a_filter_that_no_call_fits_any_more_stays_and_can_be_taken_off(
    faulty: reddy.Batch, gone: str
) -> None:
    app = opened("review", faulty, query={"filter": gone})
    assert f"None of the {faulty.total} calls matches" in words(app)
    app.button(key=next(each.key for each in app.button if " term 0 " in str(each.key))).click()
    run(app)
    assert rows(app) == faulty.rows()


# --- many calls at once ------------------------------------------------------------------------------------


def many(app: Any, batch: reddy.Batch, *pressed: str, **values: Any) -> Any:
    return in_dialog(app, key(batch, "bulk"), *pressed, **values)


def field(app: Any, label: str) -> Any:
    kinds = (app.text_input, app.selectbox, app.segmented_control)
    return [each for kind in kinds for each in kind if each.label == label][-1]


def test_a_product_is_set_for_the_ticked_calls_alone_and_counted_before(
    load: Callable[..., reddy.Batch],
) -> None:
    batch = load(4)
    app = many(opened("review", batch, ticked={batch.id: [3, 4]}), batch)
    assert "2 calls: those that are ticked." in words(app)
    assert [each.disabled for each in app.button if each.label == "Change"][-1], "nothing is chosen yet"
    number = PRODUCTS[0]["id"]
    before = {row: batch.call(row).product_id for row in batch.rows()}
    field(app, "Product").set_value(number)
    many(app, batch)
    same = sum(before[row] == number for row in (3, 4))
    has = "has" if same == 1 else "have"
    assert f"This changes {2 - same} of 2 calls; {same} already {has} this value." in words(app)
    many(app, batch, f"Change {ui.number_of(2 - same, 'call')}")
    assert {row: batch.call(row).product_id for row in batch.rows()} == {**before, 3: number, 4: number}


def test_an_agent_is_set_for_all_that_the_filters_leave_but_not_for_calls_on_their_way(
    load: Callable[..., reddy.Batch],
) -> None:
    batch = load(4)
    set_status(batch, 2, status="accepted")
    app = many(opened("review", batch, query={"search": "ann@"}), batch)
    assert "2 calls: all that are listed." in words(app)
    field(app, "What to set").set_value("Agent email")
    many(app, batch)
    field(app, "Agent email").set_value(" cy@cedarline.example ")
    many(app, batch)
    assert "This changes 1 of 2 calls; being sent, or sent already, and left as it is: 1." in words(app)
    many(app, batch, "Change 1 call")
    ann, bo, cy = "ann@cedarline.example", "bo@cedarline.example", "cy@cedarline.example"
    assert [batch.call(row).agent_email for row in batch.rows()] == [ann, bo, cy, bo]
    assert "accepted" not in EDITABLE


def test_all_lines_of_a_speaker_get_another_role_in_many_calls(load: Callable[..., reddy.Batch]) -> None:
    lines = json.dumps([{"role": "**IVR** :red[x]", "text": "Press 1."}, {"role": "agent", "text": "Hello."}])
    batch = load(3, {3: {"Transcript": lines}, 4: {"Transcript": lines}})
    app = many(opened("review", batch), batch)
    field(app, "What to set").set_value("Role of a speaker")
    many(app, batch)
    spoken = field(app, "Lines of this speaker").options
    assert spoken == ["**ivr** :red[x] · 2 lines", "agent · 3 lines", "customer · 1 line"]
    field(app, "become").set_value("customer")
    many(app, batch)
    assert "This changes 2 of 3 calls; 1 already has this value." in words(app)
    many(app, batch, "Change 2 calls")
    assert [line.role for line in batch.call(4).transcript or ()] == ["customer", "agent"]
    assert batch.counts()["ready"] == 3


# --- one call ----------------------------------------------------------------------------------------------


def test_the_open_call_can_have_the_whole_width_and_gives_it_back(faulty: reddy.Batch) -> None:
    app = opened("review", faulty)
    app.button(key=key(faulty, "wide")).click()
    run(app)
    assert rows(app) == faulty.rows(), "half of it first"
    app.button(key=key(faulty, "wide")).click()
    run(app)
    assert not [each for each in app.dataframe if "call" in each.value]
    app.button(key=key(faulty, "after")).click()
    run(app)
    assert open_row(app) == 3, "next and previous work without the list"
    app.button(key=key(faulty, "wide")).click()
    run(app)
    assert rows(app) == faulty.rows()


def test_the_command_line_gives_a_shell_the_very_payload(load: Callable[..., reddy.Batch]) -> None:
    evil = 'it\'s $(touch /tmp/x) `id` "quoted" \\ ! :material/home:'
    lines = json.dumps([{"role": "agent", "text": evil, "start": 0, "stop": 1}])
    batch = load(1, {2: {"Transcript": lines, "Conversation ID": "'; id; '"}})
    app = opened("review", batch, **{f"review {batch.id} tab": "JSON"})
    body, line = (block.value for block in app.code)
    parts = shlex.split(line.replace("\\\n", " "))
    assert parts[0] == "curl"
    assert json.loads(parts[parts.index("--data-raw") + 1]) == json.loads(body) == dict(batch.payloads())[2]
    assert "Authorization: Bearer $REDDY_API_TOKEN" in parts
