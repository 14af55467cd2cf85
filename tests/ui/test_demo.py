"""The demo: its story ticks itself off, its faults strike, and starting again touches nothing else."""

from __future__ import annotations

import io
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import reddy_lib as reddy
from reddy_lib import ui
from reddy_lib.database.sandbox_urls import SANDBOX
from reddy_lib.errors import SubmissionError
from reddy_lib.sandbox import Fault
from reddy_lib.sending.dispatcher import send_chunk
from reddy_lib.sending.slots import Slots
from reddy_lib.sending.submission import create
from reddy_lib.sending.workers import new_worker
from reddy_lib.ui.demo.running import DEMO, demo_of, end
from reddy_lib.ui.demo.story import HELD_ROWS, RECORDED_ROW, REFUSED_ROWS, tones
from reddy_lib.ui.process import PROCESS
from tests import screen
from tests.screen import words


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[reddy.Ledger]:
    for name in ("REDDY_API_TOKEN", "REDDY_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    location = tmp_path / "ledger.sqlite"
    monkeypatch.setenv("REDDY_LEDGER", str(location))
    monkeypatch.setattr(PROCESS, "sandbox", None)
    with reddy.Ledger(location) as opened:
        yield opened


@pytest.fixture
def server(ledger: reddy.Ledger) -> Iterator[reddy.Sandbox]:
    """The sandbox of the process, listening."""
    with ui.sandbox() as running:
        yield running


def begun(ledger: reddy.Ledger) -> reddy.Batch:
    """Press the button on Load; the demo's batch."""
    app = screen.opened("load")
    app.button(key="demo_begin").click().run()
    return ledger.batch(ledger.batches()["id"].iloc[0])


def send(batch: reddy.Batch, server: reddy.Sandbox, rows: list[int] | None = None) -> None:
    """Send on a clock that goes on when somebody sleeps: nobody waits for the next try."""
    server.latency = 0.0
    now = [time.time()]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    submission = create(batch.database, batch.id, address=SANDBOX, token_source="sandbox", rows=rows)
    with reddy.Client(server.token, base_url=server.url) as client:
        for chunk in submission.open_chunks():
            send_chunk(
                batch.database, submission.id, chunk, client, new_worker(batch.database), Slots(2),
                clock=lambda: now[0], sleep=sleep,
            )  # fmt: skip


def card(batch: reddy.Batch) -> AppTest:
    return screen.opened("submit", batch)


def done(app: AppTest) -> set[str]:
    """The titles of the steps that are ticked off."""
    return {line.partition(": ")[2] for line in words(app).splitlines() if ":material/check_circle:" in line}


def test_an_empty_workbench_offers_a_demo_and_loads_its_story(ledger: reddy.Ledger) -> None:
    batch = begun(ledger)
    counts = batch.counts()
    assert (sum(counts.values()), counts["held"]) == (40, len(HELD_ROWS))
    assert set(batch.rows(status="held")) == set(HELD_ROWS)
    assert batch.recording(RECORDED_ROW) is not None
    app = card(batch)
    assert "**Demo** · 0 of 8" in words(app)
    assert "Tech Supprt" in words(app)  # the next step says where to look
    assert not done(app)


def test_the_story_ticks_itself_off(ledger: reddy.Ledger, server: reddy.Sandbox) -> None:
    batch = begun(ledger)
    batch.update(list(HELD_ROWS), product_id=3)
    batch.swap_roles([RECORDED_ROW])
    app = card(batch)
    app.button(key="demo fault hang-up").click().run()
    send(batch, server)
    ticked = " ".join(sorted(done(card(batch))))
    for step in ("held calls", "correct a word", "one to try", "go wrong", "the end"):
        assert step in ticked
    counts = batch.counts()
    assert counts["rejected"] == len(REFUSED_ROWS)
    assert counts["unknown"] == 1  # the lost answer
    assert "refused calls" not in ticked
    batch.update(list(REFUSED_ROWS), agent_email="ann@cedarline.example")
    send(batch, server)
    assert "refused calls" in " ".join(done(card(batch)))


def test_starting_again_forgets_this_demo_and_touches_nothing_else(
    ledger: reddy.Ledger, server: reddy.Sandbox, sheet: Callable[..., Path]
) -> None:
    other = ledger.load(sheet(3), products=server.products, progress=False)
    send(other, server)
    theirs = Fault(kind="slow", on="products")
    server.faults.add(theirs)
    before = server.latency
    monkey = pytest.MonkeyPatch()
    monkey.setenv(DEMO, "1")
    first = begun(ledger)
    monkey.undo()
    app = card(first)
    app.button(key="demo fault storm").click().run()
    send(first, server, first.rows(status="ready")[:3])
    assert server.calls_received == 6
    app = card(first)
    app.button(key="demo_again").click().run()
    assert other.counts()["accepted"] == 3
    assert {call["conversation_id"] for call in server.received} == {
        other.call(row).conversation_id for row in other.rows()
    }
    assert server.faults.current() == [theirs]
    second = ledger.batch(app.query_params["batch"])
    assert second.id != first.id
    assert second.counts()["accepted"] == 0
    assert first.id in set(ledger.archived()["id"])
    app.button(key="demo_end").click().run()
    assert server.latency == before
    assert list(ledger.batches()["id"]) == [other.id]


def test_with_a_real_connection_no_demo_begins_or_ends(
    ledger: reddy.Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = begun(ledger)
    monkeypatch.setenv("REDDY_API_TOKEN", "a-good-token-0123456789")
    monkeypatch.setenv(DEMO, "1")
    app = screen.opened("load")
    assert all("demo" not in (each.label or "") for each in app.button)
    demo = demo_of(ledger, batch)
    assert demo is not None
    with pytest.raises(SubmissionError, match="A connection to Reddy is configured"):
        end(ledger, demo)
    assert len(ledger.batches()) == 1


def test_a_refused_agent_is_said_in_words(ledger: reddy.Ledger, server: reddy.Sandbox) -> None:
    batch = begun(ledger)
    card(batch).button(key="demo fault refused").click().run()
    send(batch, server, [2])
    assert batch.info(2)["status"] == "rejected"
    assert "agent is not an active user" in batch.info(2)["error"]


def test_the_recording_has_a_side_for_each_speaker() -> None:
    with wave.open(tones([("agent", 0.0, 1.0), ("customer", 1.0, 2.0)])) as sound:
        assert (sound.getnchannels(), sound.getnframes()) == (2, 16_001)
        frames = memoryview(sound.readframes(16_000)).cast("h")
    left, right = frames[::2].tolist(), frames[1::2].tolist()
    assert max(left[:8_000]) > 1_000
    assert not any(right[:8_000])
    assert max(right[8_000:]) > 1_000
    assert not any(left[8_000:])
    assert isinstance(tones([]), io.BytesIO)


def test_a_workbench_with_batches_still_has_a_way_to_the_demo(ledger: reddy.Ledger) -> None:
    row = {"conversation_id": "c1", "agent_email": "a@x.example", "transcript": "Agent: Hi.\nCustomer: Yes."}
    own = ledger.load([row], progress=False)
    app = screen.opened("load")
    assert "New here?" not in words(app)
    app.button(key="demo_begin_again").click().run()
    begun_now = ledger.batch(ledger.batches()["id"].iloc[0])
    assert begun_now.id != own.id
    assert sum(begun_now.counts().values()) == 40
