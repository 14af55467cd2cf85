"""The Outcomes page: what became of the calls, what to do next, and files to keep."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import reddy_lib as reddy
from reddy_lib.database.schema import calls as stored
from reddy_lib.outcomes.exports import file_name
from reddy_lib.outcomes.frames import Filter, clicked
from reddy_lib.sandbox.faults import Fault
from reddy_lib.sending.doubts import doubts, settle
from reddy_lib.sending.submission import Submission, create
from reddy_lib.sending.workers import new_worker
from tests import screen
from tests.screen import button, in_dialog, table, words
from tests.sending.exchanging import exchange

Load = Callable[..., reddy.Batch]


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[reddy.Ledger]:
    location = tmp_path / "ledger.sqlite"
    monkeypatch.setenv("REDDY_LEDGER", str(location))
    with reddy.Ledger(location) as opened:
        yield opened


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[reddy.Sandbox]:
    """Reddy, as far as the pages can tell."""
    with reddy.Sandbox(token="a-good-token-0123456789") as running:
        monkeypatch.setenv("REDDY_API_TOKEN", running.token)
        monkeypatch.setenv("REDDY_BASE_URL", running.url)
        yield running


@pytest.fixture
def load(ledger: reddy.Ledger, server: reddy.Sandbox, sheet: Callable[..., Path]) -> Load:
    """Loads a sheet of calls; `agents`: row → an address other than Ann's."""

    def loaded(
        count: int = 4, agents: Mapping[int, str] | None = None, name: str = "march export"
    ) -> reddy.Batch:
        cells = {
            row: {
                "Conversation ID": f"{name}-{row}",
                "Agent Email": (agents or {}).get(row, "ann@cedarline.example"),
                "Product": "Cards hotline",
            }
            for row in range(2, count + 2)
        }
        return ledger.load(sheet(count, cells, f"{name}.csv"), progress=False, products=server.products)

    return loaded


def submit(batch: reddy.Batch, server: reddy.Sandbox, rows: list[int] | None = None) -> Submission:
    with reddy.Client(server.token, base_url=server.url) as client:
        return reddy.submit(batch, client, rows, who="ann", progress=False)


def opened(batch: reddy.Batch, **query: str) -> AppTest:
    return screen.opened("outcomes", batch, query=query)


def calls(app: AppTest) -> list[int]:
    """The rows in the table of calls."""
    return next(list(each.value["row"]) for each in app.dataframe if "row" in each.value.columns)


def charts(app: AppTest) -> list[str]:
    """The titles of the charts."""
    figures = [json.loads(each.proto.spec) for each in app.get("plotly_chart")]
    return [
        figure["layout"].get("title", {}).get("text")
        or " ".join(note["text"] for note in figure["layout"].get("annotations", []))
        for figure in figures
    ]


# --- what is shown -----------------------------------------------------------------------------------------


def test_a_batch_that_was_not_sent_yet_leads_to_submit(load: Load) -> None:
    app = opened(load(2))
    assert "Nothing of this batch was sent yet" in words(app)
    assert not app.get("plotly_chart")
    assert "All submissions of all batches (0)" in [each.label for each in app.expander]


def test_a_batch_whose_calls_are_all_held_leads_to_review(load: Load) -> None:
    app = opened(load(1, {2: "nobody"}))
    screen.follow(app, "Fix the 1 held call first")
    assert app.query_params["filter"] == "status:held"
    assert app.title[0].value == "Review"


def test_the_whole_batch_as_numbers_charts_and_a_table(load: Load, server: reddy.Sandbox) -> None:
    batch = load(4, {3: "unknown.eve@cedarline.example", 5: "nobody"})
    submit(batch, server)
    app = opened(batch)
    assert "4 loaded → 3 without errors → 3 chosen → **2 accepted**" in words(app)
    assert charts(app) == ["2 of 4 accepted", "1 of 4 rejected, for 1 reason"]
    assert calls(app) == [2, 3, 4, 5]
    assert "4 calls" in words(app)


def test_each_chart_can_be_chosen(load: Load, server: reddy.Sandbox) -> None:
    batch = load(3, {3: "unknown.eve@cedarline.example"})
    submit(batch, server)
    app = opened(batch)
    picker = next(each for each in app.segmented_control if each.label == "Chart")
    assert picker.options == ["Reasons", "Agents", "Products", "Over time", "Answer times"]
    shown = {}
    for name in ("agent", "product", "over_time", "seconds", "reasons"):
        next(each for each in app.segmented_control if each.label == "Chart").set_value(name).run()
        shown[name] = charts(app)[1]
    assert shown["agent"] == "2 of 3 accepted, across 2 agents"
    assert shown["product"] == "2 of 3 accepted, across 1 product"
    assert shown["over_time"] == "3 of 3 answered"
    assert shown["seconds"].startswith("Half of 3 answers within")
    assert shown["reasons"] == "1 of 3 rejected, for 1 reason"


def test_one_submission_shows_its_own_calls(load: Load, server: reddy.Sandbox) -> None:
    batch = load(4)
    first = submit(batch, server, [2])
    submit(batch, server)
    app = opened(batch, submission=first.id)
    assert "4 loaded → 1 chosen → **1 accepted**" in words(app)
    assert calls(app) == [2]
    assert app.query_params["submission"] == first.id
    picked = app.selectbox[0]
    assert picked.options[0] == "All of this batch · 4 calls"
    assert picked.options[2].startswith("Submission 1 · today")
    assert picked.options[2].endswith("by ann")
    picked.set_value("all").run()
    assert calls(app) == [2, 3, 4, 5]
    assert "submission" not in app.query_params


def test_a_submission_of_another_ledger_in_the_address_does_no_harm(
    load: Load, server: reddy.Sandbox
) -> None:
    batch = load(2)
    submit(batch, server)
    assert calls(opened(batch, submission="sdeadbeef")) == [2, 3]


def test_a_call_keeps_its_old_outcome_in_its_old_submission(load: Load, server: reddy.Sandbox) -> None:
    batch = load(2, {3: "unknown.eve@cedarline.example"})
    first = submit(batch, server)
    call = batch.call(3)
    call.agent_email = "bo@cedarline.example"
    batch.replace(3, call)
    submit(batch, server)
    app = opened(batch, submission=first.id)
    assert "**1 accepted**" in words(app)
    assert charts(app)[0] == "1 of 2 accepted"
    assert "**2 accepted**" in words(opened(batch))


# --- what to do next ---------------------------------------------------------------------------------------


def test_one_call_is_in_a_row_and_not_in_rows(load: Load, server: reddy.Sandbox) -> None:
    batch = load(2, {3: "unknown.eve@cedarline.example"})
    submit(batch, server)
    app = opened(batch)
    assert "Row 3" in words(app)
    assert "Rows 3" not in words(app)


def test_each_reason_says_what_to_do_and_shows_its_calls(load: Load, server: reddy.Sandbox) -> None:
    batch = load(5, {3: "unknown.eve@cedarline.example", 5: "inactive.oleg@cedarline.example"})
    submit(batch, server)
    app = opened(batch)
    assert "invalid agent (HTTP 400)" in words(app)
    assert "The email matches no active Reddy user: correct it, or have the user activated" in words(app)
    assert "Rows 3, 5" in words(app)

    button(app, "Show").click().run()
    assert calls(app) == [3, 5]
    assert "2 of 5 calls" in words(app)
    assert "reason invalid agent · status rejected" in words(app)
    button(app, "Clear").click().run()
    assert calls(app) == [2, 3, 4, 5, 6]


def test_rejected_calls_are_one_click_from_being_fixed(load: Load, server: reddy.Sandbox) -> None:
    batch = load(3, {3: "unknown.eve@cedarline.example"})
    submit(batch, server)
    app = opened(batch)
    screen.follow(app, "Fix")
    assert app.query_params["filter"] == "status:rejected"
    assert app.title[0].value == "Review"


def doubtful(load: Load, server: reddy.Sandbox, *, minutes_ago: int = 10) -> reddy.Batch:
    """Rows 2 and 3 in doubt: the first arrived, the second did not; rows 4 and 5 accepted."""
    batch = load(4)
    server.faults.add(Fault(kind="hang-up", on="create", times=1, processed=True))
    server.faults.add(Fault(kind="hang-up", on="create", times=1))
    with reddy.Client(server.token, base_url=server.url) as client:
        reddy.submit(batch, client, concurrency=1, progress=False)
    assert batch.rows(status="unknown") == [2, 3]
    with batch.database.write() as connection:
        connection.execute(stored.update().values(ended_at=stored.c.ended_at - 60 * minutes_ago))
    return batch


def clear_doubt(app: AppTest, batch: reddy.Batch, *pressed: str) -> AppTest:
    for label in pressed or [None]:
        app = in_dialog(app, f"clear doubt {batch.id} all", *filter(None, [label]))
    return app


def test_calls_in_doubt_cannot_be_overlooked(load: Load, server: reddy.Sandbox) -> None:
    batch = doubtful(load, server)
    app = opened(batch)
    said = words(app)
    assert "Outcomes  :gray[2 in doubt]" in said
    assert ":violet-badge[2 in doubt]" in said
    assert "No answer came: Reddy may have them. They are not sent again until the doubt is cleared." in said
    app = clear_doubt(app, batch)
    shown = table(app, "conversation", "sent").value
    assert shown["row"].tolist() == [2, 3]
    assert list(shown["sent"]) == [doubt.since for doubt in doubts(batch)]
    assert "Tick calls in the table." in words(app)


def test_where_nothing_is_ticked_nothing_is_asked_or_settled(load: Load, server: reddy.Sandbox) -> None:
    batch = doubtful(load, server)
    app = clear_doubt(opened(batch), batch)
    for label in ("Ask about 0 calls", "They are at Reddy", "They are not"):
        assert button(app, label).disabled
    app = clear_doubt(app, batch, "Choose all 2")
    assert not button(app, "They are at Reddy").disabled
    settle(
        batch, [2], there=True, how="by hand"
    )  # somebody else, meanwhile: what was chosen is not what is shown
    app = clear_doubt(opened(batch), batch)
    assert button(app, "They are at Reddy").disabled


def test_reddy_is_asked_and_its_answer_settles_each_call(load: Load, server: reddy.Sandbox) -> None:
    batch = doubtful(load, server)
    app = clear_doubt(opened(batch), batch)
    app = clear_doubt(app, batch, "Choose all 2", "Ask about 2 calls")
    assert (batch.rows(status="accepted"), batch.rows(status="failed")) == ([2, 4, 5], [3])
    said = words(app)
    assert "1 call at Reddy: accepted. 1 call not at Reddy: failed, safe to send again." in said
    assert "in doubt" not in said
    assert "1 failed" in said
    assert "Send again: nothing reached Reddy." in said


def test_of_calls_that_were_sent_again_it_says_what_the_answer_does_not_tell(
    load: Load, server: reddy.Sandbox
) -> None:
    batch = load(4)
    with reddy.Client(server.token, base_url=server.url) as client:
        reddy.submit(batch, client, progress=False)
        server.faults.add(Fault(kind="hang-up", on="create", times=1))
        reddy.submit(batch, client, rows=[3], again="They lost it.", ramp=False, progress=False)
    with batch.database.write() as connection:
        connection.execute(stored.update().values(ended_at=stored.c.ended_at - 600))
    app = clear_doubt(clear_doubt(opened(batch), batch), batch, "Choose all 1")
    said = words(app)
    assert (
        "1 call of these was sent again. Reddy has it from the first time, so its answer tells nothing"
        in said
    )
    app = clear_doubt(app, batch, "Ask about 1 call")
    said = words(app)
    assert "1 call at Reddy: accepted. Reddy had 1 of these from the first time" in said
    assert "look it up in Reddy" in batch.info(3)["error"]


def test_calls_that_have_just_been_sent_are_not_asked_about(load: Load, server: reddy.Sandbox) -> None:
    batch = doubtful(load, server, minutes_ago=0)
    app = clear_doubt(opened(batch), batch)
    app = clear_doubt(app, batch, "Choose all 2", "Ask about 2 calls")
    assert (
        "2 calls sent less than 5 minutes ago: not asked about, because Reddy may not know such a call yet. "
        in words(app)
    )
    assert server.requests["add_tags"] == 0
    assert batch.rows(status="unknown") == [2, 3]


@pytest.mark.parametrize(
    ("pressed", "status", "told"),
    [
        ("They are at Reddy", "accepted", "2 calls recorded as at Reddy: accepted."),
        ("They are not", "failed", "2 calls recorded as not at Reddy: failed."),
    ],
)
def test_a_person_can_say_what_she_knows(
    load: Load, server: reddy.Sandbox, pressed: str, status: str, told: str
) -> None:
    batch = doubtful(load, server)
    app = clear_doubt(opened(batch), batch)
    app = clear_doubt(app, batch, "Choose all 2", pressed)
    assert set(batch.rows(rows=[2, 3], status=status)) == {2, 3}
    assert told in words(app)
    assert server.requests["add_tags"] == 0


def test_a_server_that_is_down_is_a_sentence_and_the_doubt_stays(load: Load, server: reddy.Sandbox) -> None:
    batch = doubtful(load, server)
    server.stop()
    app = clear_doubt(opened(batch), batch)
    app = clear_doubt(app, batch, "Choose all 2", "Ask about 2 calls")
    assert "was not sent: " in words(app)
    assert batch.rows(status="unknown") == [2, 3]


def test_text_of_a_server_is_shown_as_text(load: Load, server: reddy.Sandbox) -> None:
    batch = load(1, {2: "unknown.**bold**@cedarline.example"})
    submission = create(batch.database, batch.id, address=server.url, token_source="notebook")
    worker = new_worker(batch.database)
    (claim,) = exchange(batch.database, submission.id, 0, worker, want=1).claims
    from reddy_lib.sending.results import Attempt

    refused = Attempt(
        claim=claim, outcome="rejected", started=1.0, ended=2.0, seconds=1.0, http_status=400,
        error="<b>no</b> [click](http://evil.example) **agent**",
    )  # fmt: skip
    exchange(batch.database, submission.id, 0, worker, results=[refused], want=0)
    app = opened(batch)
    app.run()
    assert not app.exception
    assert any("<b>no</b>" in each.value for each in app.text)  # st.text reads no Markdown
    assert not any("[click](" in each.value for kind in (app.markdown, app.caption) for each in kind)


# --- files -------------------------------------------------------------------------------------------------


def test_a_file_is_named_after_its_batch_its_submission_and_the_moment() -> None:
    moment = datetime(2026, 3, 30, 17, 46, tzinfo=UTC)
    assert file_name("march export", 3, moment, "csv") == "march export-submission 3-2026-03-30 1746Z.csv"
    assert file_name("Gespräche März", None, moment, "xlsx") == "Gespräche März-2026-03-30 1746Z.xlsx"
    assert file_name("../../etc/passwd", None, moment, "csv") == "etc_passwd-2026-03-30 1746Z.csv"
    assert file_name(' "<>|', None, moment, "csv") == "batch-2026-03-30 1746Z.csv"
    assert len(file_name("x" * 500, 1, moment, "csv")) < 120


# --- what was clicked --------------------------------------------------------------------------------------


def test_a_click_filters_and_a_click_beside_it_takes_the_filter_away() -> None:
    rejected: Filter = {"status": "rejected"}
    ann: Filter = {"agent_email": "ann@cedarline.example"}
    once = clicked({}, "status", rejected, redrawn=False)
    twice = clicked(once, "agent", ann, redrawn=False)
    assert twice == {"status": rejected, "agent": ann}
    assert clicked(twice, "status", {}, redrawn=False) == {"agent": ann}
    assert once == {"status": rejected}  # nothing is changed in place


def test_new_numbers_do_not_take_a_filter_away() -> None:
    rejected: Filter = {"status": "rejected"}
    assert clicked({"status": rejected}, "status", {}, redrawn=True) == {"status": rejected}
    assert clicked({}, "status", {}, redrawn=True) == {}
    accepted: Filter = {"status": "accepted"}
    assert clicked({"status": rejected}, "status", accepted, redrawn=True) == {"status": accepted}


# --- many calls, many submissions --------------------------------------------------------------------------


def test_more_than_a_thousand_calls_come_in_pages(load: Load) -> None:
    batch = load(1100)
    create(batch.database, batch.id, address="https://reddy.example", token_source="notebook")
    app = opened(batch)
    assert len(calls(app)) == 500
    assert "1,100 calls" in words(app)
    assert len(app.get("pagination")) == 1
    app.get("pagination")[0].set_value(3).run()
    assert calls(app) == list(range(1002, 1102))


def test_the_history_has_the_submissions_of_every_batch(load: Load, server: reddy.Sandbox) -> None:
    one, other = load(2), load(3, name="april export")
    submit(one, server)
    submit(other, server)
    app = opened(other)
    assert "All submissions of all batches (2)" in [each.label for each in app.expander]
    table = next(each.value for each in app.dataframe if "chosen" in each.value.columns)
    assert list(table["batch"]) == ["april export", "march export"]
    assert list(table["accepted"]) == [3, 2]
    assert list(table["who"]) == ["ann", "ann"]


def test_the_numbers_follow_a_submission_that_runs(load: Load, server: reddy.Sandbox) -> None:
    batch = load(2)
    submission = create(batch.database, batch.id, address=server.url, token_source="notebook")
    app = opened(batch)
    assert charts(app)[0] == "0 of 2 accepted"
    assert submit(batch, server).id == submission.id
    app.run()
    assert charts(app)[0] == "2 of 2 accepted"
    assert "2 loaded → 2 without errors → 2 chosen → **2 accepted**" in words(app)


def test_without_a_batch_the_page_says_what_to_do(ledger: reddy.Ledger, server: reddy.Sandbox) -> None:
    assert "No batch is open yet" in words(screen.opened("outcomes"))


def test_what_was_not_sent_says_why_and_leads_to_its_calls(load: Load, server: reddy.Sandbox) -> None:
    batch = load(4, {3: "nobody"})
    submit(batch, server)
    app = opened(batch)
    assert ":orange-badge[1 held]" in words(app)
    shown = next(each.value for each in app.dataframe if "error" in each.value.columns).set_index("row")
    assert shown["error"][3] == "Not an email address"
    assert shown["error"][2] == ""
    screen.follow(app, "Fix")
    assert app.query_params["filter"] == "status:held code:agent-email-invalid"
