"""The Submit page against a real server, with the real engine at work: what people press, and what is sent then."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import reddy_lib as reddy
from reddy_lib import ui
from reddy_lib.database.sandbox_urls import SANDBOX
from reddy_lib.database.schema import paces
from reddy_lib.sending.dispatcher import send_chunk
from reddy_lib.sending.engine import Engine, enqueue
from reddy_lib.sending.slots import Slots
from reddy_lib.sending.submission import Submission, create
from reddy_lib.sending.workers import new_worker
from tests import screen
from tests.screen import button, labels, words

TOKEN = "a-good-token-0123456789"

Load = Callable[..., reddy.Batch]


# --- the stage: one engine, one server, one ledger; a batch for each test -----------------------------------


@pytest.fixture(scope="module")
def environment() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def server(environment: pytest.MonkeyPatch) -> Iterator[reddy.Sandbox]:
    """Reddy, as far as the pages can tell: a server with a token, in the environment."""
    with reddy.Sandbox(token=TOKEN) as running:
        environment.setenv("REDDY_API_TOKEN", TOKEN)
        environment.setenv("REDDY_BASE_URL", running.url)
        yield running


@pytest.fixture(scope="module")
def ledger(
    environment: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[reddy.Ledger]:
    location = tmp_path_factory.mktemp("submit") / "ledger.sqlite"
    environment.setenv("REDDY_LEDGER", str(location))
    with reddy.Ledger(location) as opened:
        yield opened


@pytest.fixture(scope="module")
def engine(ledger: reddy.Ledger, server: reddy.Sandbox) -> Iterator[Engine]:
    started = ui.start_engine()
    assert started is not None
    yield started
    started.stop()


@pytest.fixture
def load(
    ledger: reddy.Ledger,
    server: reddy.Sandbox,
    sheet: Callable[..., Path],
    request: pytest.FixtureRequest,
) -> Load:
    """Loads a sheet of good calls whose conversations no other test has; `changes`: row → cells that differ."""

    def loaded(
        count: int = 3, changes: dict[int, dict[str, str]] | None = None, **options: Any
    ) -> reddy.Batch:
        usual = {"Agent Email": "ann@cedarline.example", "Product": "Cards hotline"}
        cells = {
            row: {"Conversation ID": f"{request.node.name}-{row}", **usual, **(changes or {}).get(row, {})}
            for row in range(2, count + 2)
        }
        return ledger.load(sheet(count, cells), progress=False, **{"products": server.products, **options})

    return loaded


@pytest.fixture(autouse=True)
def _quick_again(server: reddy.Sandbox, ledger: reddy.Ledger) -> Iterator[None]:
    yield
    server.latency = 0.0
    server.faults.clear()
    with ledger.write() as connection:  # what one test was asked to wait for is not for the next
        connection.execute(paces.delete())


def opened(batch: reddy.Batch, **state: Any) -> AppTest:
    return screen.opened("submit", batch, **state)


def until(what: Callable[[], bool], *, why: str, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, f"waited {seconds} s for {why}"
        time.sleep(0.02)


def ended(batch: reddy.Batch) -> Submission:
    """The newest submission of a batch, once it no longer runs."""
    until(lambda: latest(batch).state != "running", why="the submission to end")
    return latest(batch)


def latest(batch: reddy.Batch) -> Submission:
    return batch.database.submissions(batch.id)[0]


def sent(server: reddy.Sandbox, batch: reddy.Batch) -> list[dict[str, Any]]:
    """The bodies that the server accepted of this batch's conversations, in the order of the rows."""
    rows = {payload["conversation_id"]: row for row, payload in batch.payloads()}
    bodies = [body for body in server.payloads if body["conversation_id"] in rows]
    return sorted(bodies, key=lambda body: rows[body["conversation_id"]])


# --- sending -----------------------------------------------------------------------------------------------


def test_one_call_is_tried_first_then_all_the_others_follow(
    engine: Engine, server: reddy.Sandbox, load: Load
) -> None:
    batch = load(3)
    app = opened(batch)
    assert f"3 calls to Reddy at {server.url.removeprefix('http://')} as …6789" in words(app)
    assert "3 calls will be sent" in words(app)
    assert not latest_exists(batch)

    button(app, "Send one to try").click().run()
    assert ended(batch).counts()["accepted"] == 1
    assert sent(server, batch) == [payload for _, payload in batch.payloads([2])]

    app.run()
    upload = batch.info(2)["upload_id"]
    assert f"Row 2 was accepted as upload {upload}" in words(app)
    assert "Submission" in words(app)
    button(app, "Send all 2").click().run()
    assert ended(batch).counts()["accepted"] == 2
    assert sent(server, batch) == [payload for _, payload in batch.payloads()]

    app.run()
    assert "Nothing is left to send: 3 of 3 calls were accepted." in words(app)
    assert not [label for label in labels(app) if label.startswith("Send")]


def latest_exists(batch: reddy.Batch) -> bool:
    return bool(batch.database.submissions(batch.id))


def test_opening_the_page_sends_nothing(engine: Engine, server: reddy.Sandbox, load: Load) -> None:
    batch = load(2)
    app = opened(batch)
    app.run()
    assert not latest_exists(batch)
    assert sent(server, batch) == []
    assert "2 calls to Reddy" in words(app)


def test_the_button_of_a_submission_is_gone_once_it_was_pressed(engine: Engine, load: Load) -> None:
    batch = load(3)
    app = opened(batch)
    pressed = button(app, "Send all 3").key
    button(app, "Send all 3").click().run()
    ended(batch)
    app.run()
    assert pressed not in [each.key for each in app.button]
    assert len(batch.database.submissions(batch.id)) == 1


def test_calls_that_were_accepted_through_another_load_are_skipped(
    engine: Engine, server: reddy.Sandbox, load: Load
) -> None:
    first = load(3)
    button(opened(first), "Send all 3").click().run()
    ended(first)
    again = load(4)
    app = opened(again)
    assert "1 call will be sent" in words(app)
    assert "3 skipped" in words(app)
    button(app, "Send row 5").click().run()
    assert ended(again).counts()["skipped"] == 3
    assert ended(again).counts()["accepted"] == 1
    assert len(sent(server, again)) == 4  # each once

    third = load(3)
    app = opened(third)
    assert "3 calls of these were accepted before" in words(app)
    button(app, "Mark them as skipped").click().run()
    assert third.counts()["skipped"] == 3
    assert latest(third).state == "done"
    assert len(sent(server, third)) == 3


def test_the_ticked_rows_alone_are_sent(engine: Engine, server: reddy.Sandbox, load: Load) -> None:
    batch = load(4)
    app = opened(batch, ticked={batch.id: [3, 5]})
    assert "2 calls will be sent" in words(app)
    button(app, "Send all 2").click().run()
    assert ended(batch).counts()["accepted"] == 2
    assert sent(server, batch) == [payload for _, payload in batch.payloads([3, 5])]
    assert batch.counts()["ready"] == 2


def test_rejected_calls_are_sent_again_only_if_they_are_chosen(engine: Engine, load: Load) -> None:
    batch = load(3, {3: {"Agent Email": "unknown.eve@cedarline.example"}})
    app = opened(batch)
    button(app, "Send all 3").click().run()
    assert ended(batch).counts()["rejected"] == 1
    app.run()
    assert "Fix 1 rejected call in Review" in screen.links(app)
    assert batch.info(3)["error"] == "invalid agent"
    choice = app.segmented_control[0]
    assert choice.options == ["All ready 0", "Rejected 1"]
    choice.set_value("rejected").run()
    button(app, "Send row 3").click().run()
    assert ended(batch).counts()["rejected"] == 1
    assert len(batch.database.submissions(batch.id)) == 2


def test_a_single_call_that_was_refused_says_why_and_what_to_do(engine: Engine, load: Load) -> None:
    batch = load(2, {2: {"Agent Email": "inactive.oleg@cedarline.example"}})
    app = opened(batch)
    button(app, "Send one to try").click().run()
    ended(batch)
    app.run()
    assert "Row 2 is rejected. invalid agent" in words(app)
    assert "correct it, or have the user activated in Reddy" in words(app)


def test_the_exact_json_of_a_chosen_call_can_be_read(engine: Engine, load: Load) -> None:
    batch = load(3)
    app = opened(batch)
    table = next(each.value for each in app.dataframe if "agent_email" in each.value.columns)
    assert list(table["row"]) == [2, 3, 4]
    assert list(table["product"]) == ["Cards hotline"] * 3
    assert "Row 2: the body of its request" in words(app)
    assert json.loads(app.code[0].value) == dict(batch.payloads([2]))[2]


# --- before anything is sent -------------------------------------------------------------------------------


def test_a_dry_run_checks_and_sends_nothing(engine: Engine, server: reddy.Sandbox, load: Load) -> None:
    batch = load(3)
    app = opened(batch)
    button(app, "Dry run").click().run()
    assert "nothing was sent: 3 calls checked against 5 products" in words(app)
    assert "No call is held" in words(app)
    assert not latest_exists(batch)
    assert sent(server, batch) == []


def test_a_dry_run_holds_calls_whose_product_the_connection_does_not_have(engine: Engine, load: Load) -> None:
    other = [
        {"id": 901, "name": "Cards hotline", "status": "active"},
        {"id": 2, "name": "Loans", "status": "active"},
    ]
    batch = load(3, {3: {"Product": "Loans"}}, products=other)
    app = opened(batch)
    button(app, "Dry run").click().run()
    assert "2 calls are held now" in words(app)
    assert batch.counts()["held"] == 2
    assert "See what holds them" in screen.links(app)


def test_other_products_than_at_loading_stop_a_sending_until_it_was_seen(
    engine: Engine, server: reddy.Sandbox, load: Load
) -> None:
    other = [
        {"id": 901, "name": "Cards hotline", "status": "active"},
        {"id": 2, "name": "Loans", "status": "active"},
    ]
    batch = load(3, {3: {"Product": "Loans"}}, products=other)
    app = opened(batch)
    button(app, "Send all 3").click().run()
    assert not latest_exists(batch)
    assert "Nothing was sent yet" in words(app)
    assert "1 of 3 can be sent" in words(app)
    button(app, "Send row 3").click().run()
    assert ended(batch).counts()["accepted"] == 1
    assert sent(server, batch) == [payload for _, payload in batch.payloads([3])]


def test_an_id_that_is_another_product_here_is_announced_and_not_sent(engine: Engine, load: Load) -> None:
    other = [{"id": 1, "name": "Complaints", "status": "active"}]
    batch = load(2, {2: {"Product": "Complaints"}, 3: {"Product": "Complaints"}}, products=other)
    app = opened(batch)
    assert "These calls were checked against another product list" in words(app)
    button(app, "Send all 2").click().run()
    assert not latest_exists(batch)
    assert batch.counts()["held"] == 2
    assert "was “Complaints” in the list" in batch.findings_of(2)[0].message


def test_a_batch_without_ready_calls_leads_to_review(engine: Engine, load: Load) -> None:
    batch = load(2, {2: {"Agent Email": "nobody"}, 3: {"Agent Email": "no one"}})
    app = opened(batch)
    assert "No call is ready: of 2 calls, 2 are held by findings" in words(app)
    screen.follow(app, "See 2 held calls")
    assert app.query_params["filter"] == "status:held"
    assert app.title[0].value.startswith("Review")


def test_without_a_batch_the_page_says_what_to_do(engine: Engine, ledger: reddy.Ledger) -> None:
    assert "No batch is open yet" in words(screen.opened("submit"))


# --- what goes wrong ---------------------------------------------------------------------------------------


def test_a_refused_token_pauses_and_another_one_lets_it_go_on(
    engine: Engine, server: reddy.Sandbox, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = load(3)
    monkeypatch.setenv("REDDY_API_TOKEN", "a-wrong-token-00000000")
    app = opened(batch)
    assert "did not return its product list" in words(app)
    button(app, "Send all 3").click().run()
    assert ended(batch).state == "paused"
    app.run()
    assert "is paused" in words(app)
    assert "did not accept the token" in words(app)
    assert "Change the connection" in labels(app)
    assert latest(batch).counts()["queued"] == 3

    monkeypatch.setenv("REDDY_API_TOKEN", TOKEN)
    app.run()
    button(app, "Resume").click().run()
    assert ended(batch).counts()["accepted"] == 3
    assert len(sent(server, batch)) == 3


def test_a_server_that_is_down_pauses_and_nothing_is_lost(
    engine: Engine, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = load(20)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    monkeypatch.setenv("REDDY_BASE_URL", f"http://127.0.0.1:{port}")
    app = opened(batch)
    button(app, "Send all 20").click().run()
    assert ended(batch).state == "paused"
    app.run()
    assert "Paused after 12 tries in a row; nothing is lost" in words(app)
    assert latest(batch).counts()["queued"] == 20


def test_a_submission_is_paused_and_resumed_by_hand(
    engine: Engine, server: reddy.Sandbox, load: Load
) -> None:
    server.latency = 1.0
    batch = load(20)
    app = opened(batch, calls_at_once=2)
    button(app, "Send all 20").click().run()
    until(lambda: latest(batch).counts()["accepted"] > 0, why="the first answer")
    app.run()
    assert "is being sent" in words(app)
    assert "You can close this tab" in words(app)
    assert not [label for label in labels(app) if label.startswith("Send")]
    button(app, "Pause").click().run()
    until(lambda: latest(batch).counts()["sending"] == 0, why="what was in flight")
    app.run()
    assert "is paused by hand" in words(app)
    counts = latest(batch).counts()
    assert 0 < counts["accepted"] < 20
    assert counts["accepted"] + counts["queued"] == 20
    server.latency = 0.0
    button(app, "Resume").click().run()
    assert ended(batch).counts()["accepted"] == 20
    assert len(sent(server, batch)) == 20
    assert latest(batch).record().concurrency == 2


def test_a_cancelled_submission_leaves_the_rest_ready(
    engine: Engine, server: reddy.Sandbox, load: Load
) -> None:
    server.latency = 0.1
    batch = load(20)
    app = opened(batch, calls_at_once=1)
    button(app, "Send all 20").click().run()
    until(lambda: latest(batch).counts()["accepted"] > 0, why="the first answer")
    app.run()
    button(app, "Cancel").click().run()
    assert "were not sent yet" in words(app)
    assert latest(batch).state == "running"  # until it is confirmed
    button(app, "Cancel the submission").click().run()
    until(lambda: latest(batch).counts()["sending"] == 0, why="what was in flight")
    app.run()
    assert "was cancelled" in words(app)
    counts = batch.counts()
    assert counts["accepted"] + counts["ready"] == 20
    assert len(sent(server, batch)) == counts["accepted"]
    assert f"Send all {counts['ready']}" in labels(app)


def test_those_that_failed_are_sent_again_with_one_click(
    engine: Engine, server: reddy.Sandbox, load: Load
) -> None:
    batch = load(3)
    # answered with "come back later" while it was cancelled: that one failed, and never reached Reddy
    server.faults.add(reddy.sandbox.Fault(kind="status", status=429, retry_after=0, on="create", times=1))
    submission = create(batch.database, batch.id, address=server.url, token_source="environment", rows=[2])
    fail(submission)
    app = opened(batch)
    assert "1 failed" in " ".join(each.value for each in app.markdown)
    server.faults.clear()
    button(app, "Send 1 failed call again").click().run()
    assert ended(batch).counts()["accepted"] == 1
    assert sent(server, batch) == [payload for _, payload in batch.payloads([2])]


def fail(submission: Submission) -> None:
    """Let a submission end with its one call failed, as the ledger records it."""
    from reddy_lib.sending.results import Attempt
    from tests.sending.exchanging import exchange

    worker = new_worker(submission.database)
    (claim,) = exchange(submission.database, submission.id, 0, worker, want=1).claims
    now = time.time()
    failed = Attempt(
        claim=claim,
        outcome="failed",
        started=now,
        ended=now,
        seconds=0.1,
        error="Could not connect to Reddy.",
    )
    exchange(submission.database, submission.id, 0, worker, results=[failed], want=0)


def test_a_submission_whose_token_was_only_typed_in_waits_for_it(
    engine: Engine, server: reddy.Sandbox, load: Load
) -> None:
    batch = load(2)
    submission = create(
        batch.database, batch.id, address=server.url, token_source="typed", token_hint="…6789"
    )
    enqueue(batch.database, submission)
    assert ended(batch).state == "waiting"
    app = opened(batch)
    assert "waits for its token" in words(app)
    assert "enter it again to continue" in words(app)
    field = next(each for each in app.text_input if each.label.startswith("API token"))
    field.input(TOKEN)
    button(app, "Resume").click().run()
    assert ended(batch).counts()["accepted"] == 2
    app.run()
    assert TOKEN not in words(app)
    assert ui.tokens().recall(submission.id) is None  # forgotten once it was done


def test_calls_that_wait_for_a_server_say_so(engine: Engine, server: reddy.Sandbox, load: Load) -> None:
    server.faults.add(reddy.sandbox.Fault(kind="status", status=429, retry_after=60, on="create", times=1))
    batch = load(1)
    app = opened(batch)
    button(app, "Send row 2").click().run()
    until(lambda: batch.info(2)["attempts"] == 1 and batch.counts()["queued"] == 1, why="the first try")
    app.run()
    assert "Next try in" in words(app)
    latest(batch).cancel()


def test_without_an_engine_the_page_says_that_calls_wait(
    server: reddy.Sandbox, tmp_path: Path, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(2)
    location = tmp_path / "lonely.sqlite"
    monkeypatch.setenv("REDDY_LEDGER", str(location))
    with reddy.Ledger(location) as lonely:
        batch = lonely.load(tmp_path / "calls.csv", progress=False, products=server.products)
        app = opened(batch)
        button(app, "Send all 2").click().run()
        assert "No submission engine is running for this ledger" in words(app)
        assert batch.counts()["queued"] == 2


# --- the sandbox -------------------------------------------------------------------------------------------


@pytest.fixture
def tried(load: Load, server: reddy.Sandbox) -> reddy.Batch:
    """A batch whose three calls went to the sandbox."""
    batch = load(3)
    submission = create(batch.database, batch.id, address=SANDBOX, token_source="sandbox")
    with reddy.Client(TOKEN, base_url=server.url) as client:
        for chunk in submission.open_chunks():
            send_chunk(batch.database, submission.id, chunk, client, new_worker(batch.database), Slots(2))
    assert batch.counts()["accepted"] == 3
    return batch


def test_there_is_nothing_to_forget_before_anything_was_sent(
    engine: Engine, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REDDY_API_TOKEN")
    ui.sandbox().reset()
    app = opened(load(2))
    assert "2 calls to the sandbox: nothing leaves this machine" in words(app)
    assert button(app, "Forget them").disabled


def test_a_demo_can_be_repeated(engine: Engine, tried: reddy.Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDDY_API_TOKEN")
    ui.sandbox().reset()
    app = opened(tried)
    assert "The sandbox received 0 calls." in words(app)
    assert not button(app, "Forget them").disabled  # the ledger still says that it has three

    monkeypatch.setenv("REDDY_API_TOKEN", TOKEN)
    app = opened(tried)
    assert "3 calls of this batch went to the sandbox, not to Reddy" in words(app)
    button(app, "Make them ready for Reddy").click().run()
    assert tried.counts()["accepted"] == 3  # until it is confirmed
    button(app, "Forget it").click().run()
    assert tried.counts()["ready"] == 3
    assert "3 calls can be sent again" in words(app)
    button(app, "Send all 3").click().run()
    assert ended(tried).counts()["accepted"] == 3
    assert os.environ["REDDY_API_TOKEN"] not in words(app)
