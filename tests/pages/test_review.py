"""The Review page, as somebody at the screen meets it: find calls, see what is wrong, put it right, tick, go on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

import reddy_lib as reddy
from reddy_lib.database.schema import attempts, calls
from reddy_lib.model import payload_json
from reddy_lib.sandbox.rules import DEFAULT_PRODUCTS
from tests.conftest import copied_ledger
from tests.screen import set_status, without_components, words

ROOT = Path(__file__).resolve().parents[2]
PRODUCTS = [dict(product) for product in DEFAULT_PRODUCTS]


@pytest.fixture
def ledger_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REDDY_LEDGER", str(tmp_path / "ledger.sqlite"))
    monkeypatch.delenv("REDDY_API_TOKEN", raising=False)
    return tmp_path / "ledger.sqlite"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A ledger with the sheet that has one fault a row, from row 2 on, and the id of its batch."""
    path = tmp_path_factory.mktemp("loaded") / "ledger.sqlite"
    with reddy.Ledger(path) as ledger:
        sheet = ROOT / "data" / "everything_wrong.csv"
        return path, ledger.load(sheet, products=PRODUCTS, timezone="UTC", progress=False).id


@pytest.fixture
def batch(ledger_file: Path, loaded: tuple[Path, str]) -> reddy.Batch:
    """That sheet, in a ledger of the test's own."""
    path, batch_id = loaded
    with reddy.Ledger(copied_ledger(path, ledger_file)) as ledger:
        return ledger.batch(batch_id)


def opened(batch: reddy.Batch | None = None, row: int | None = None, tab: str = "", **state: Any) -> AppTest:
    """The page, with a batch and one of its calls open."""
    app = without_components(AppTest.from_file(str(ROOT / "pages" / "navigation.py"), default_timeout=180))
    app.switch_page("review.py")
    if batch is not None:
        app.query_params["batch"] = batch.id
        if row is not None:
            app.query_params["row"] = str(row)
        if tab:
            app.session_state[f"review {batch.id} tab"] = tab
    for name, value in state.items():
        app.session_state[name] = value
    app.run()
    assert not app.exception
    return app


def key(batch: reddy.Batch, name: str) -> str:
    return f"review {batch.id} {name}"


def run(app: AppTest) -> None:
    app.run()
    assert not app.exception


def press(app: AppTest, label: str) -> None:
    """Press the one button with this label."""
    found = [button for button in app.button if button.label == label]
    assert len(found) == 1, [button.label for button in app.button]
    found[0].click()
    run(app)


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def listed(app: AppTest) -> list[int]:
    """The rows in the list of calls."""
    for table in app.dataframe:
        if "call" in table.value.columns:
            return [int(row.removeprefix("▸ ")) for row in table.value["row"]]
    return []


def pills(app: AppTest) -> Any:
    return next(group for group in app.get("pills") if group.label == "Show")


def show(app: AppTest, name: str) -> None:
    """Press one of the pills above the list."""
    pills(app).set_value(name)
    run(app)


def choices(app: AppTest, label: str) -> Any:
    return next(select for select in app.selectbox if select.label == label)


def open_row(app: AppTest) -> str:
    return next(m.value for m in app.markdown if m.value.startswith("**Row "))


def rows_with(batch: reddy.Batch, code: str) -> int:
    """The first row with this finding."""
    return batch.rows(code=code)[0]


# without a batch, or with an empty one


def test_without_a_batch_the_page_says_what_to_do(ledger_file: Path) -> None:
    app = opened()
    assert "No batch is open yet" in words(app)
    assert not app.dataframe


def test_a_batch_that_is_not_in_the_ledger_is_explained(ledger_file: Path) -> None:
    app = without_components(AppTest.from_file(str(ROOT / "pages" / "navigation.py"), default_timeout=180))
    app.switch_page("review.py")
    app.query_params["batch"] = "b-of-somebody-else"
    run(app)
    assert "not in this ledger" in words(app)


def test_a_row_that_the_batch_does_not_have_is_explained_and_the_next_visit_works(batch: reddy.Batch) -> None:
    app = opened(batch, row=4_000)
    assert "no call in row 4000" in words(app)
    run(app)
    assert open_row(app) == "**Row 2**"


# the list: filters, search, ticks


def test_the_list_shows_every_call_and_the_first_one_is_open(batch: reddy.Batch) -> None:
    app = opened(batch)
    assert listed(app) == batch.rows()
    assert open_row(app) == "**Row 2**"
    counts = batch.counts()
    assert f"Send {counts['ready']} ready" in labels(app)


def test_the_pills_count_what_they_show(batch: reddy.Batch) -> None:
    app = opened(batch)
    counts = batch.counts()
    assert pills(app).options == [
        f"All {batch.total}",
        f"Held {counts['held']}",
        f"Ready {counts['ready']}",
        f"Warnings {batch.count(severity='warning')}",
    ]
    for name, wanted in (
        ("held", batch.rows(status="held")),
        ("ready", batch.rows(status="ready")),
        ("warnings", batch.rows(severity="warning")),
        ("all", batch.rows()),
    ):
        show(app, name)
        assert listed(app) == wanted


@pytest.mark.parametrize(
    "text",
    ["wrong-002", "umlauts", "nobody said this", "  anais.lefevre  ", "12", "100%", "'; drop table calls"],
)
def test_the_search_finds_what_the_ledger_finds(batch: reddy.Batch, text: str) -> None:
    app = opened(batch)
    app.text_input(key(batch, "search")).set_value(text)
    run(app)
    assert listed(app) == batch.rows(search=text)
    if not batch.rows(search=text):
        assert f"None of the {batch.total} calls matches" in words(app)
        press(app, "Show all calls")
        assert listed(app) == batch.rows()
        assert app.text_input(key(batch, "search")).value == ""


def test_findings_agents_and_products_narrow_the_list_together(batch: reddy.Batch) -> None:
    agent = batch.call(batch.rows(code="times-estimated")[0]).agent_email
    app = opened(batch)
    for part, filters in (
        ("code:times-estimated", {"code": "times-estimated"}),
        (f"agent:{agent}", {"code": "times-estimated", "agent": agent}),
        ("product:1", {"code": "times-estimated", "agent": agent, "product": 1}),
    ):
        before = app.query_params.get("filter", [""])
        app.query_params["filter"] = f"{before[0] if isinstance(before, list) else before} {part}".strip()
        run(app)
        assert listed(app) == batch.rows(**filters)


def test_the_facets_count_what_the_other_filters_leave_and_filter_by_a_click(batch: reddy.Batch) -> None:
    app = opened(batch)
    press(app, "Filters")
    findings = next(group for group in app.get("pills") if group.label == "Finding")
    found = batch.finding_counts()
    title, count = found["title"].iloc[0], found["calls"].iloc[0]
    assert f"{count}\u00a0·\u00a0{title}" in [option.replace("\\", "") for option in findings.options]
    findings.set_value([found["code"].iloc[0]])
    run(app)
    assert listed(app) == batch.rows(code=found["code"].iloc[0])
    press(app, "Filters")
    assert not [group for group in app.get("pills") if group.label == "Finding"]
    assert listed(app) == batch.rows(code=found["code"].iloc[0]), "hidden facets still filter"


def test_ticks_are_kept_by_row_whatever_the_list_shows(batch: reddy.Batch) -> None:
    """A grid knows positions only: the same rows must be ticked after a filter moved them to other positions."""
    held = batch.rows(status="held")
    ticked = sorted([held[1], held[3], 2])
    app = opened(batch, ticked={batch.id: ticked})
    seen = set()
    for name in ("all", "held", "ready", "ticked", "all"):
        show(app, name)
        assert app.session_state["ticked"][batch.id] == ticked
        rows = listed(app)
        grid = next(
            k for k in app.session_state.to_dict() if k.startswith(key(batch, "grid")) and _has(app, k)
        )
        seen.add((name, grid))
        picked = {rows[position] for position in app.session_state[grid]["selection"]["rows"]}
        assert picked == set(ticked) & set(rows)
    assert len({grid for _, grid in seen}) == 4, "each list has a grid of its own"


def _has(app: AppTest, grid: str) -> bool:
    """Is this the grid that is on the page now?"""
    return any(table.proto.id.endswith(grid) for table in app.dataframe)


def test_all_that_the_filters_leave_can_be_ticked_and_unticked(batch: reddy.Batch) -> None:
    app = opened(batch)
    show(app, "held")
    held = batch.rows(status="held")
    press(app, f"Tick all {len(held)}")
    assert app.session_state["ticked"][batch.id] == held
    assert f"Send 0 of {len(held)} ticked" in labels(app)
    show(app, "ready")
    press(app, f"Tick all {batch.counts()['ready']}")
    assert app.session_state["ticked"][batch.id] == batch.rows()
    assert f"Send {batch.counts()['ready']} of {batch.total} ticked" in labels(app)
    press(app, "Untick all")
    assert app.session_state["ticked"][batch.id] == []


def test_a_batch_of_many_calls_is_shown_a_screen_at_a_time(
    ledger_file: Path, sheet: Callable[..., Path]
) -> None:
    with reddy.Ledger(ledger_file) as ledger:
        batch = ledger.load(sheet(120), products=PRODUCTS, progress=False)
    app = opened(batch)
    assert listed(app) == list(range(2, 52))
    assert "1–50 of 120" in words(app)
    app.query_params["page"] = "3"
    run(app)
    assert listed(app) == list(range(102, 122))
    assert "101–120 of 120" in words(app)
    app.text_input(key(batch, "search")).set_value('"call 7."')
    run(app)
    assert listed(app) == [8], "a new filter begins at its first page"


# from call to call


def test_next_and_previous_follow_the_list(batch: reddy.Batch) -> None:
    app = opened(batch, row=7)
    app.button(key(batch, "after")).click()
    run(app)
    assert open_row(app) == "**Row 8**"
    app.button(key(batch, "before")).click().run()
    app.button(key(batch, "before")).click()
    run(app)
    assert open_row(app) == "**Row 6**"
    assert app.query_params["row"] == "6"


def test_next_goes_on_over_the_end_of_a_screen(ledger_file: Path, sheet: Callable[..., Path]) -> None:
    with reddy.Ledger(ledger_file) as ledger:
        batch = ledger.load(sheet(60), products=PRODUCTS, progress=False)
    app = opened(batch, row=51)
    app.button(key(batch, "after")).click()
    run(app)
    assert open_row(app) == "**Row 52**"
    assert listed(app) == list(range(52, 62))


def test_at_either_end_of_the_list_next_and_previous_stay(batch: reddy.Batch) -> None:
    app = opened(batch, row=batch.rows()[-1])
    app.button(key(batch, "after")).click()
    run(app)
    assert open_row(app) == f"**Row {batch.rows()[-1]}**"
    app = opened(batch, row=2)
    app.button(key(batch, "before")).click()
    run(app)
    assert open_row(app) == "**Row 2**"


def test_next_held_goes_from_one_to_the_other_and_from_the_last_to_the_first(batch: reddy.Batch) -> None:
    held = batch.rows(status="held")
    app = opened(batch, row=2)
    seen = []
    for _ in range(len(held) + 1):
        app.button(key(batch, "held")).click().run()
        seen.append(open_row(app))
    assert seen == [f"**Row {row}**" for row in [*held, held[0]]]


def test_a_call_that_is_put_right_stays_open_and_next_goes_on_from_it(batch: reddy.Batch) -> None:
    """It leaves the list of held calls the moment it is mended; the one behind it must not be skipped."""
    row = rows_with(batch, "agent-email-missing")
    following = next(each for each in batch.rows(status="held") if each > row)
    app = opened(batch, row=row, tab="Fields")
    show(app, "held")
    app.text_input(key(batch, f"agent_email {row}")).set_value("maria.lind@cedarline.example")
    run(app)
    assert row not in listed(app)
    assert open_row(app) == f"**Row {row}**"
    app.button(key(batch, "after")).click()
    run(app)
    assert open_row(app) == f"**Row {following}**"


# the open call: what is wrong, and mending it


@pytest.mark.parametrize(
    "tab", ["Conversation", "Lines", "Tags", "Fields", "From the sheet", "JSON", "History"]
)
def test_every_call_of_the_faulty_sheet_can_be_opened(batch: reddy.Batch, tab: str) -> None:
    app = opened(batch, row=2, tab=tab)
    every = tab in ("Conversation", "Fields")  # the others do not look at what is wrong with a call
    for row in range(3, 43 if every else 12):
        app.button(key(batch, "after")).click()
        run(app)
        assert not app.error
        assert open_row(app) == f"**Row {row}**"


def test_what_is_wrong_is_said_in_the_findings_own_words(batch: reddy.Batch) -> None:
    row = rows_with(batch, "start-after-stop")
    app = opened(batch, row=row)
    said = next(found for found in batch.findings_of(row) if found.code == "start-after-stop")
    assert said.message in words(app)
    app = opened(batch, row=row, tab="Lines")
    lines = next(table.value for table in app.data_editor if "text" in table.value.columns)
    assert lines.loc[said.line, "marks"] == "!"
    assert said.message in lines.loc[said.line, "finding"]


def test_a_call_with_nothing_wrong_says_so(batch: reddy.Batch) -> None:
    app = opened(batch, row=2)
    assert any(each.help == "This call has nothing to fix." for each in app.caption)


@pytest.mark.parametrize(
    ("code", "repair"),
    [
        ("start-after-stop", "Swap the times"),
        ("time-negative", "Leave the time empty"),
        ("times-in-milliseconds", "Divide times by 1,000"),
        ("timestamp-in-milliseconds", "Divide by 1,000"),
        ("text-empty", "Delete lines without text"),
        ("lines-out-of-order", "Put in order of time"),
        ("recording-with-transcript", "Clear the file name"),
        ("speaker-invalid", "Clear the setting"),
    ],
)
def test_one_click_mends_what_is_obvious_and_one_click_brings_it_back(
    batch: reddy.Batch, code: str, repair: str
) -> None:
    row = rows_with(batch, code)
    before = payload_json(batch.call(row))
    app = opened(batch, row=row)
    press(app, repair)
    assert code not in {found.code for found in batch.findings_of(row)}
    assert batch.info(row)["edited"]
    assert "Changed: " in words(app)
    press(app, "Restore what the sheet said")
    assert payload_json(batch.call(row)) == before
    assert code in {found.code for found in batch.findings_of(row)}
    assert "Changed: " not in words(app)


def test_an_unknown_speaker_becomes_the_customer_with_one_click(batch: reddy.Batch) -> None:
    row = rows_with(batch, "role-unknown")
    unknown = {line.role for line in batch.call(row).transcript or ()} - {"agent", "customer"}
    app = opened(batch, row=row)
    for _ in unknown:
        next(button for button in app.button if button.label == "Customer").click()
        run(app)
    assert {line.role for line in batch.call(row).transcript or ()} <= {"agent", "customer"}
    assert batch.info(row)["status"] == "ready"


def test_an_agent_email_is_stored_when_it_is_typed_with_who_and_when(batch: reddy.Batch) -> None:
    row = rows_with(batch, "agent-email-missing")
    app = opened(batch, row=row, tab="Fields")
    assert "This call names no agent." in words(app)
    app.text_input(key(batch, f"agent_email {row}")).set_value(" maria.lind@cedarline.example ")
    run(app)
    assert batch.call(row).agent_email == "maria.lind@cedarline.example"
    assert batch.info(row)["status"] == "ready"
    assert "The sheet said: nothing" in words(app)
    edit = batch.edits(row).iloc[0]
    assert (edit["field"], edit["before"], edit["after"]) == (
        "agent_email",
        None,
        '"maria.lind@cedarline.example"',
    )
    assert edit["who"]


def test_a_product_is_chosen_from_the_list(batch: reddy.Batch) -> None:
    row = rows_with(batch, "product-missing")
    app = opened(batch, row=row, tab="Fields")
    product = app.selectbox(key(batch, f"product_id {row}"))
    assert product.value is None
    product.set_value(PRODUCTS[1]["id"])
    run(app)
    assert batch.call(row).product_id == PRODUCTS[1]["id"]
    assert batch.info(row)["status"] == "ready"


def test_a_start_is_typed_in_the_time_zone_of_the_sheet_and_nonsense_is_not_stored(
    batch: reddy.Batch,
) -> None:
    row = rows_with(batch, "timestamp-unreadable")
    app = opened(batch, row=row, tab="Fields")
    start = key(batch, f"timestamp {row}")
    app.text_input(start).set_value("the other day")
    run(app)
    assert "Not stored" in words(app)
    assert app.text_input(start).value == "the other day", "what was typed is there to be corrected"
    assert batch.call(row).timestamp is None
    app.text_input(start).set_value("2026-03-30 17:46")
    run(app)
    assert batch.call(row).timestamp == 1_774_892_760
    assert "Not stored" not in words(app)
    assert batch.info(row)["status"] == "ready"


def test_voices_are_told_apart_by_channels_only_with_a_map_of_both(batch: reddy.Batch) -> None:
    app = opened(batch, row=2, tab="Fields")
    assert "Channels (left, right)" not in [select.label for select in app.selectbox]
    app.selectbox(key(batch, "separation 2")).set_value("channels")
    run(app)
    app.selectbox(key(batch, "channel_map 2")).set_value(("customer", "agent"))
    run(app)
    speaker = batch.call(2).speaker
    assert speaker is not None
    assert (speaker.separation, speaker.channel_map) == ("channels", ["customer", "agent"])
    app.selectbox(key(batch, "separation 2")).set_value(None)
    run(app)
    assert batch.call(2).speaker is None


def test_a_tag_can_be_added(batch: reddy.Batch) -> None:
    count = len(batch.call(2).tags or ())
    app = opened(batch, row=2, tab="Tags")
    press(app, "Add a tag")
    assert len(batch.call(2).tags or ()) == count + 1
    assert batch.info(2)["status"] == "held", "a tag without a name is not sent"
    assert "has no name" in words(app)
    press(app, "Delete it")
    assert len(batch.call(2).tags or ()) == count


def test_a_line_can_be_added_to_a_call_without_any(batch: reddy.Batch) -> None:
    row = rows_with(batch, "transcript-missing")
    app = opened(batch, row=row, tab="Lines")
    press(app, "Add a line")
    assert len(batch.call(row).transcript or ()) == 1


def test_the_sheets_own_cells_are_shown_as_they_are(batch: reddy.Batch) -> None:
    app = opened(batch, row=2, tab="From the sheet")
    cells = next(table.value for table in app.dataframe if "cell" in table.value.columns)
    assert dict(zip(cells["column"], cells["cell"], strict=True)) == {
        name: str(value) for name, value in batch.cells(2).items()
    }


def test_the_json_is_what_is_sent_and_the_command_line_has_no_token(
    batch: reddy.Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    with reddy.Sandbox(token="a-token-that-must-not-show") as server:
        monkeypatch.setenv("REDDY_API_TOKEN", "a-token-that-must-not-show")
        monkeypatch.setenv("REDDY_BASE_URL", server.url)
        app = opened(batch, row=2, tab="JSON")
        body, line = (block.value for block in app.code)
        assert reddy_payload(body) == dict(batch.payloads())[2]
        assert server.url in line
        assert "$REDDY_API_TOKEN" in line
        assert not any("must-not-show" in block.value for block in app.code)


def reddy_payload(text: str) -> Any:
    import json

    return json.loads(text)


def test_the_history_tells_every_edit_newest_first(batch: reddy.Batch) -> None:
    row = rows_with(batch, "start-after-stop")
    app = opened(batch, row=row, tab="History")
    assert "Nothing was edited" in words(app)
    press(app, "Swap the times")
    press(app, "Restore what the sheet said")
    edits = next(table.value for table in app.dataframe if "what" in table.value.columns)
    record = batch.edits(row)
    assert len(record) == 4
    assert list(edits["before"]) == list(record["before"])[::-1]
    assert list(edits["after"]) == list(record["after"])[::-1]
    assert set(edits["what"]) == {"line 2 start", "line 2 stop"}


def test_an_edit_that_another_person_made_is_shown(batch: reddy.Batch) -> None:
    app = opened(batch, row=2, tab="Fields")
    call = batch.call(2)
    call.agent_email = "bo@cedarline.example"
    batch.replace(2, call, who="bo")
    run(app)
    assert app.text_input(key(batch, "agent_email 2")).value == "bo@cedarline.example"


# calls that are being sent, or were


@pytest.mark.parametrize(
    ("status", "because"),
    [
        ("queued", "waits to be sent"),
        ("sending", "being sent"),
        ("accepted", "Reddy has it"),
        ("unknown", "may have reached Reddy"),
    ],
)
def test_a_call_that_is_being_sent_or_was_sent_can_be_read_and_not_changed(
    batch: reddy.Batch, status: str, because: str
) -> None:
    row = rows_with(batch, "times-estimated")
    set_status(batch, row, status=status)
    app = opened(batch, row=row, tab="Fields")
    assert because in words(app)
    assert all(field.disabled for field in app.text_input if field.key != key(batch, "search"))
    app = opened(batch, row=row, tab="Lines")
    assert not app.data_editor
    assert any("text" in table.value.columns for table in app.dataframe)
    app = opened(batch, row=row, tab="Tags")
    assert not app.data_editor
    assert "Add a tag" not in labels(app)


def test_an_edit_that_comes_too_late_is_refused_with_a_sentence(batch: reddy.Batch) -> None:
    app = opened(batch, row=2, tab="Fields")
    before = payload_json(batch.call(2))
    set_status(batch, 2, status="queued")
    app.text_input(key(batch, "agent_email 2")).set_value("bo@cedarline.example")
    run(app)
    assert "Row 2 is queued" in words(app)
    assert payload_json(batch.call(2)) == before


def test_a_rejected_call_tells_reddys_words(batch: reddy.Batch) -> None:
    set_status(batch, 2, status="rejected", error="invalid agent <b>x</b>", submission_id="s1")
    assert "invalid agent <b>x</b>" in words(opened(batch, row=2))


def test_the_history_tells_what_came_of_each_attempt(batch: reddy.Batch) -> None:
    set_status(batch, 2, status="rejected", error="invalid agent", submission_id="s1")
    with batch.database.write() as connection:
        call_id = connection.execute(
            sa.select(calls.c.id).where(calls.c.batch_id == batch.id, calls.c.row == 2)
        ).scalar_one()
        connection.execute(
            attempts.insert().values(
                id="a1",
                call_id=call_id,
                submission_id="s1",
                number=1,
                worker="w",
                started=1_790_000_000.0,
                ended=1_790_000_001.5,
                result="rejected",
                possibly_processed=False,
                http_status=400,
                words="invalid agent",
                seconds=1.5,
            )
        )
    app = opened(batch, row=2, tab="History")
    tried = next(table.value for table in app.dataframe if "http_status" in table.value.columns)
    assert tried[["result", "http_status", "words"]].values.tolist() == [["rejected", 400, "invalid agent"]]


# text from sheets


def test_text_from_a_sheet_is_shown_as_text(ledger_file: Path, sheet: Callable[..., Path]) -> None:
    """A label or an email that reads as Markdown or as an address to click is shown as it was written."""
    bad = "**[click](https://evil.example)** <script>"
    with reddy.Ledger(ledger_file) as ledger:
        batch = ledger.load(
            sheet(2, {2: {"Agent Email": bad, "Conversation ID": "$x$ :red[y] #z"}}),
            products=PRODUCTS,
            progress=False,
        )
    app = opened(batch, row=2, tab="Fields")
    raw = "\n".join(str(block.value) for block in [*app.markdown, *app.caption])
    assert "evil" in raw
    assert "](https" not in raw
    assert "<script>" not in raw
    assert "**[" not in raw
