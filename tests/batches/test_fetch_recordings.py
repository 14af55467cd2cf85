"""Recordings from web addresses in the sheet: only where allowed, each once, each to its row; none is lost or told."""

from __future__ import annotations

import csv
import hashlib
import logging
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

import reddy_lib as reddy
from reddy_lib.api.fetching import FetchLimits
from reddy_lib.batches import fetch_recordings as fetching
from reddy_lib.batches.fetch_recordings import (
    Fetching,
    FetchPlan,
    batch_store,
    fetch_recordings,
    fetching_of,
    planned,
    start_fetching,
)
from reddy_lib.batches.recording_urls import addressed_calls
from reddy_lib.model import payload_json
from reddy_lib.recordings.attachments import open_recording
from reddy_lib.recordings.download_log import FetchRecord
from tests.app_server import ROOT, wait_for
from tests.conftest import PRODUCTS
from tests.recording_server import RecordingServer, hang_up, recording_server, send, sound

SECRET = "sig=5ecret5ecret"


@pytest.fixture
def server() -> Iterator[RecordingServer]:
    with recording_server() as running:
        yield running


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[reddy.Ledger]:
    with reddy.Ledger(tmp_path / "ledger.sqlite") as opened:
        yield opened


def load(ledger: reddy.Ledger, *recordings: str) -> reddy.Batch:
    """One call a recording, from row 2; none has a transcript."""
    path = Path(str(ledger.url.database)).parent / "calls.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["Agent Email", "Product", "Start", "Recording URL"])
        for number, recording in enumerate(recordings):
            start = f"2026-03-02T10:{number // 60:02}:{number % 60:02}Z"
            writer.writerow(["ann@cedarline.example", "Loans", start, recording])
    batch = ledger.load(path, products=PRODUCTS, progress=False)
    assert batch.mapping.fields["filename"] == "Recording URL"
    return batch


def here(server: RecordingServer) -> reddy.AllowedHosts:
    return reddy.AllowedHosts.of(private=[server.host])


def fetch(batch: reddy.Batch, allowed: reddy.AllowedHosts, **settings: Any) -> dict[int, tuple[str, str]]:
    """Row → (state, error)."""
    frame = fetch_recordings(batch, allowed, progress=False, **settings)
    assert tuple(frame.columns) == fetching.COLUMNS
    return {line.row: (line.state, line.error) for line in frame.itertuples()}


def states(batch: reddy.Batch, allowed: reddy.AllowedHosts, **settings: Any) -> list[str]:
    return [state for state, _ in fetch(batch, allowed, **settings).values()]


def plan(batch: reddy.Batch, allowed: reddy.AllowedHosts) -> FetchPlan:
    return planned(addressed_calls(batch), allowed, FetchRecord(batch_store(batch)).read())


def content(batch: reddy.Batch, row: int) -> bytes:
    found = batch.recording(row)
    assert found is not None
    with open_recording(batch.database, found) as file:
        return file.read()


# --- what may be asked -------------------------------------------------------------------------------------


def test_nothing_is_asked_where_nothing_is_allowed(ledger: reddy.Ledger, server: RecordingServer) -> None:
    batch = load(ledger, server.address("/a.wav"), server.address("/b.wav"))
    assert states(batch, reddy.AllowedHosts()) == ["not allowed", "not allowed"]
    assert server.asked == []
    assert [(one.host, one.rows, one.allowed) for one in plan(batch, reddy.AllowedHosts()).hosts] == [
        (server.host, 2, False)
    ]


def test_only_the_hosts_that_are_listed_are_asked(ledger: reddy.Ledger, server: RecordingServer) -> None:
    with recording_server() as other:
        batch = load(ledger, server.address("/a.wav"), other.address("/b.wav"))
        assert states(batch, here(server)) == ["attached", "not allowed"]
        assert server.asked == ["/a.wav"]
        assert other.asked == []


def test_a_host_inside_this_network_is_refused_unless_it_is_listed_so(
    ledger: reddy.Ledger, server: RecordingServer
) -> None:
    batch = load(ledger, server.address("/a.wav"))
    [(state, error)] = fetch(batch, reddy.AllowedHosts.of([server.host])).values()
    assert (state, server.asked) == ("failed", [])
    assert "inside this network" in error
    assert "REDDY_AUDIO_PRIVATE_HOSTS" in error
    assert states(batch, here(server)) == ["attached"]


def test_a_redirect_to_another_machine_inside_is_not_followed(
    ledger: reddy.Ledger, server: RecordingServer
) -> None:
    with recording_server() as inner:
        server.answers["/a.wav"] = lambda handler: send(
            handler, 302, Location=f"{inner.address('/b.wav')}?{SECRET}"
        )
        batch = load(ledger, server.address("/a.wav"))
        [(state, error)] = fetch(batch, here(server)).values()
        assert (state, inner.asked) == ("failed", [])
        assert "not among the hosts" in error
        assert SECRET not in error


def test_an_address_that_cannot_be_used_is_a_line_of_its_own(
    ledger: reddy.Ledger, server: RecordingServer
) -> None:
    batch = load(
        ledger, f"http://user:{SECRET}@{server.host}/a.wav", f"http://{server.host}/a b.wav", "https://"
    )
    found = fetch(batch, here(server))
    assert [state for state, _ in found.values()] == ["failed"] * 3
    assert "user name or a password" in found[2][1]
    assert all(SECRET not in error for _, error in found.values())
    assert server.asked == []


# --- whose it is -------------------------------------------------------------------------------------------


def test_two_rows_with_the_same_file_name_get_each_their_own(
    ledger: reddy.Ledger, server: RecordingServer
) -> None:
    batch = load(ledger, *(server.address(f"/{folder}/audio.wav") for folder in ("x", "y", "z")))
    assert states(batch, here(server), concurrency=3) == ["attached"] * 3
    for row, folder in ((2, "x"), (3, "y"), (4, "z")):
        assert content(batch, row) == sound(f"/{folder}/audio.wav")
        assert batch.call(row).filename == "audio.wav"
        assert batch.info(row)["status"] == "ready"


def test_one_address_in_two_rows_is_asked_once_and_is_for_both(
    ledger: reddy.Ledger, server: RecordingServer
) -> None:
    batch = load(ledger, server.address("/a.wav"), server.address("/b.wav"), server.address("/a.wav"))
    store = batch_store(batch)
    assert states(batch, here(server), attach=False) == ["fetched"] * 3
    assert sorted(server.asked) == ["/a.wav", "/b.wav"]
    fetched = plan(batch, here(server)).fetched
    frame = batch.calls().reset_index()[["row"]].assign(filename="audio.wav", conversation_id="")
    matches = reddy.match_recordings(frame, store.recordings(), addressed=fetched)
    assert matches.counts() == {"matched": 3, "missing": 0, "doubtful": 0, "none": 0, "left over": 0}
    assert set(matches.table["how"]) == {"web address"}
    assert matches.recording(2) == matches.recording(4)
    assert states(batch, here(server)) == ["attached"] * 3
    assert content(batch, 4) == sound("/a.wav")
    assert len(server.asked) == 2


def test_what_an_address_led_to_is_no_candidate_of_another_row(
    ledger: reddy.Ledger, server: RecordingServer
) -> None:
    batch = load(ledger, server.address("/x/audio.wav"), "audio.wav")
    fetch(batch, here(server), attach=False)
    frame = batch.calls().reset_index()[["row"]].assign(filename="audio.wav", conversation_id="")
    fetched = plan(batch, here(server)).fetched
    matches = reddy.match_recordings(frame, batch_store(batch).recordings(), addressed=fetched)
    assert list(matches.table["status"]) == ["matched", "missing"]
    by_hand = matches.choose({2: None, 3: fetched[2]})
    assert by_hand.recording(2) is None
    assert by_hand.recording(3) == fetched[2]


def test_a_name_without_an_ending_gets_that_of_its_contents(
    ledger: reddy.Ledger, server: RecordingServer
) -> None:
    server.answers["/RE1"] = lambda handler: send(handler, 302, Location="/deep/0123.mp3?sig=1")
    batch = load(ledger, server.address("/RE1"), server.address("/RE2?id=7"), server.address("/"))
    assert states(batch, here(server)) == ["attached"] * 3
    assert [batch.call(row).filename for row in (2, 3, 4)] == ["RE1.mp3", "RE2.wav", "recording.wav"]
    frame = batch.recordings()
    assert list(frame["content_type"]) == ["audio/wav"] * 3  # what is inside counts


def test_a_call_that_has_a_recording_was_sent_or_got_another_name_is_left_alone(
    ledger: reddy.Ledger, server: RecordingServer, tmp_path: Path
) -> None:
    batch = load(ledger, *(server.address(f"/{name}.wav") for name in "abcd"))
    own = tmp_path / "own.wav"
    own.write_bytes(sound("own"))
    batch.attach(2, own)
    with ledger.write() as connection:
        from reddy_lib.database.schema import calls

        connection.execute(calls.update().where(calls.c.row == 3).values(status="accepted"))
    call = batch.call(4)
    call.filename = "another.wav"
    batch.replace(4, call)
    found = fetch(batch, here(server))
    assert {row: state for row, (state, _) in found.items()} == {2: "closed", 3: "closed", 5: "attached"}
    assert server.asked == ["/d.wav"]
    batch.detach(2)
    assert states(batch, here(server), rows=[2]) == ["attached"]


# --- what goes wrong ---------------------------------------------------------------------------------------


def web_page(handler: BaseHTTPRequestHandler) -> None:
    send(handler, 200, b"<!doctype html><title>Sign in</title>" + "ü".encode() * 500)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda handler: send(handler, 404), "no such recording"),
        (lambda handler: send(handler, 403), "may have expired"),
        (lambda handler: send(handler, 500), "answered 500"),
        (lambda handler: send(handler, 200, b"x" * 200_000), "larger than"),
        (lambda handler: send(handler, 200, b""), "returned an empty file"),
        (web_page, "a web page or text"),
        (lambda handler: send(handler, 200, b'{"error": "expired"}'), "a web page or text"),
        (hang_up, "broke off"),
    ],
)
def test_a_failure_is_told_with_what_to_do_and_works_at_the_next_try(
    ledger: reddy.Ledger, server: RecordingServer, answer: Any, words: str
) -> None:
    limits = FetchLimits(size=100_000)
    server.answers["/a.wav"] = answer
    batch = load(ledger, server.address(f"/a.wav?{SECRET}"), server.address("/b.wav"))
    found = fetch(batch, here(server), limits=limits)
    assert [state for state, _ in found.values()] == ["failed", "attached"]
    assert words in found[2][1]
    assert SECRET not in found[2][1]
    store = batch_store(batch)
    assert [one.name for one in store.recordings()] == ["b.wav"]
    assert list(store.folder.glob("*.part")) == []
    # kept for the next start of the program, and not tried again by itself
    again = plan(batch, here(server))
    assert ([said for _, said in again.failed], again.waiting) == ([found[2][1]], [])
    del server.answers["/a.wav"]
    assert states(batch, here(server), limits=limits) == ["attached", "closed"]
    assert content(batch, 2) == sound("/a.wav")
    assert server.asked.count("/b.wav") == 1


def test_a_server_that_is_too_slow_is_cut_off(ledger: reddy.Ledger, server: RecordingServer) -> None:
    server.gate.clear()
    batch = load(ledger, server.address("/a.wav"))
    [(state, error)] = fetch(batch, here(server), limits=FetchLimits(seconds=0.5)).values()
    assert state == "failed"
    assert "took longer than" in error


def test_a_host_that_fails_every_time_is_left_and_the_others_are_not(
    ledger: reddy.Ledger, server: RecordingServer
) -> None:
    with recording_server() as broken:
        broken.answers["*"] = lambda handler: send(handler, 500)
        batch = load(
            ledger,
            *(broken.address(f"/{number}.wav") for number in range(40)),
            *(server.address(f"/{number}.wav") for number in range(5)),
        )
        allowed = reddy.AllowedHosts.of(private=[server.host, broken.host])
        found = fetch(batch, allowed, concurrency=1)
        counts = Counter(state for state, _ in found.values())
        assert counts == {"failed": 10, "waiting": 30, "attached": 5}
        assert len(broken.asked) == 10
        assert "returned no recording 10 times" in found[30][1]


def test_missing_recordings_are_no_reason_to_leave_a_host(
    ledger: reddy.Ledger, server: RecordingServer
) -> None:
    server.answers["*"] = lambda handler: send(handler, 404)
    batch = load(ledger, *(server.address(f"/{number}.wav") for number in range(25)))
    assert Counter(states(batch, here(server))) == {"failed": 25}


def test_a_disk_that_is_nearly_full_ends_the_work_and_fails_nothing(
    ledger: reddy.Ledger, server: RecordingServer
) -> None:
    batch = load(ledger, server.address("/a.wav"), server.address("/b.wav"))
    work = Fetching(plan(batch, here(server)).waiting, batch_store(batch), here(server), keep_free=1 << 60)
    work.start()
    assert work.wait(30)
    now = work.progress()
    assert (now.state, now.fetched, now.failed, now.left) == ("stopped", 0, 0, 2)
    assert "is free on this server's disk" in now.why
    assert len(plan(batch, here(server)).waiting) == 2


# --- many, stopped, killed ---------------------------------------------------------------------------------


def test_fifty_come_a_few_at_a_time_and_none_a_second_time(
    ledger: reddy.Ledger, server: RecordingServer
) -> None:
    paths = [f"/{number}/call.wav" for number in range(50)]
    batch = load(ledger, *map(server.address, paths))
    assert Counter(states(batch, here(server), concurrency=4)) == {"attached": 50}
    assert sorted(server.asked) == sorted(paths)
    assert server.most <= 4
    for row, path in enumerate(paths, 2):
        found = batch.recording(row)
        assert found is not None
        assert found.sha256 == hashlib.sha256(sound(path)).hexdigest()
    assert Counter(states(batch, here(server))) == {"closed": 50}
    assert len(server.asked) == 50


def test_stopped_it_keeps_what_came_and_goes_on_with_the_rest(
    ledger: reddy.Ledger, server: RecordingServer
) -> None:
    batch = load(ledger, *(server.address(f"/{number}.wav") for number in range(10)))
    store, allowed = batch_store(batch), here(server)
    third = server.asked

    def wait_at_the_fourth(handler: BaseHTTPRequestHandler) -> None:
        if len(third) > 3:
            work.stop()  # while this one is on its way
        send(handler, 200, sound(handler.path))

    server.answers["*"] = wait_at_the_fourth
    work = start_fetching(plan(batch, allowed).waiting, store, allowed, at_once=1)
    assert work.wait(30)
    now = work.progress()
    assert now.state == "stopped"
    assert (now.failed, now.fetched + now.left) == (0, 10)
    assert now.fetched in (3, 4)
    came = list(server.asked[: now.fetched])
    server.answers.clear()
    assert Counter(states(batch, allowed)) == {"attached": 10}
    assert all(server.asked.count(path) == 1 for path in came)


def test_what_is_cut_off_by_a_stop_has_not_failed(ledger: reddy.Ledger, server: RecordingServer) -> None:
    batch = load(ledger, server.address("/a.wav"), server.address("/b.wav"))
    server.gate.clear()
    work = Fetching(
        plan(batch, here(server)).waiting,
        batch_store(batch),
        here(server),
        limits=FetchLimits(idle_seconds=1.0),
    )
    work.start()
    wait_for(lambda: len(server.asked) == 2, seconds=30, why="both requests")
    work.stop()
    assert work.wait(30)
    assert work.progress()[:5] == ("stopped", 2, 0, 0, 2)
    assert len(plan(batch, here(server)).waiting) == 2


def test_one_work_at_a_time_fills_a_store_and_is_found_again(
    ledger: reddy.Ledger, server: RecordingServer
) -> None:
    batch = load(ledger, server.address("/a.wav"), server.address("/b.wav"))
    allowed = here(server)
    assert fetching_of(batch_store(batch)) is None
    server.gate.clear()
    first = start_fetching(plan(batch, allowed).waiting, batch_store(batch), allowed)
    second = start_fetching(plan(batch, allowed).waiting, batch_store(batch), allowed)
    assert second is first is fetching_of(batch_store(batch))
    assert first.progress().state == "running"
    server.gate.set()
    assert first.wait(30)
    assert sorted(server.asked) == ["/a.wav", "/b.wav"]
    assert first.progress()[:5] == ("done", 2, 2, 0, 0)


CHILD = """
import sys
import reddy_lib as reddy
from reddy_lib.batches.fetch_recordings import batch_store, planned, start_fetching
from reddy_lib.batches.recording_urls import addressed_calls
from reddy_lib.recordings.download_log import FetchRecord

ledger = reddy.Ledger(sys.argv[1])
batch = ledger.batch(sys.argv[2])
allowed = reddy.AllowedHosts.of(private=[sys.argv[3]])
store = batch_store(batch)
plan = planned(addressed_calls(batch), allowed, FetchRecord(store).read())
work = start_fetching(plan.waiting, store, allowed, at_once=2)
if sys.argv[4] == "wait":
    work.wait(120)
"""


def test_killed_in_the_middle_it_goes_on_where_it_was(ledger: reddy.Ledger, server: RecordingServer) -> None:
    paths = [f"/{number}/call.wav" for number in range(12)]
    batch = load(ledger, *map(server.address, paths))

    def stuck_from_the_seventh(handler: BaseHTTPRequestHandler) -> None:
        body = sound(handler.path)
        if len(server.asked) > 6:
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body[:100])
            handler.wfile.flush()
            server.gate.wait(60)
        else:
            send(handler, 200, body)

    server.answers["*"] = stuck_from_the_seventh
    command = [sys.executable, "-c", CHILD, str(ledger.url.database), batch.id, server.host, "wait"]
    child = subprocess.Popen(command, cwd=ROOT)
    record = FetchRecord(batch_store(batch))
    try:
        wait_for(lambda: len(server.asked) >= 7, seconds=60, why="the seventh recording")
        server.gate.clear()
        wait_for(lambda: len(record.read()) >= 5, seconds=60, why="five on record")
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    before = {one.recording.key for one in record.read().values() if one.recording}
    assert 5 <= len(before) <= 6
    server.gate.set()
    server.answers.clear()
    asked = len(server.asked)
    assert states(batch, here(server)) == ["attached"] * 12
    assert len(server.asked) - asked == 12 - len(before)
    for row, path in enumerate(paths, 2):
        assert content(batch, row) == sound(path)


def test_the_threads_keep_no_process_from_ending(ledger: reddy.Ledger, server: RecordingServer) -> None:
    batch = load(ledger, server.address("/a.wav"))
    server.gate.clear()
    command = [sys.executable, "-c", CHILD, str(ledger.url.database), batch.id, server.host, "end"]
    assert subprocess.run(command, cwd=ROOT, timeout=60, check=False).returncode == 0


def test_lines_that_broke_off_and_recordings_that_are_gone_are_fetched_again(
    ledger: reddy.Ledger, server: RecordingServer
) -> None:
    batch = load(ledger, server.address("/a.wav"), server.address("/b.wav"))
    allowed, store = here(server), batch_store(batch)
    fetch(batch, allowed, attach=False)
    fetched = plan(batch, allowed).fetched
    store.discard(fetched[2].key)
    with (store.folder / "fetched.jsonl").open("ab") as file:
        file.write(b'\n{"address":"0123')
    assert [wanted.rows for wanted in plan(batch, allowed).waiting] == [(2,)]
    assert states(batch, allowed, attach=False) == ["fetched", "fetched"]
    assert Counter(server.asked) == {"/a.wav": 2, "/b.wav": 1}


def test_the_limits_stand_in_the_documentation() -> None:
    text = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    limits = FetchLimits()
    assert (
        f"| one recording | {limits.size >> 30} GB, {limits.seconds / 60:.0f} minutes, "
        f"{limits.idle_seconds:.0f} seconds without any byte |"
    ) in text
    for name, value in {
        "AT_ONCE": fetching.AT_ONCE,
        "FAILURES_IN_A_ROW": fetching.FAILURES_IN_A_ROW,
        "KEEP_FREE": fetching.KEEP_FREE >> 30,
    }.items():
        (said,) = re.findall(rf"(\d+)[^|.\d]*?<!-- {name} -->", text)
        assert int(said) == value


# --- the address is a secret -------------------------------------------------------------------------------


def test_the_address_is_in_no_log_name_repr_finding_or_record(
    ledger: reddy.Ledger, server: RecordingServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.answers["/p4th/b.wav"] = lambda handler: send(handler, 500)
    batch = load(ledger, *(server.address(f"/p4th/{name}.wav?{SECRET}") for name in "ab"))
    before = plan(batch, here(server))
    frame = fetch_recordings(batch, here(server), progress=False)
    assert server.asked  # with the whole address
    assert all(SECRET in path for path in server.asked)
    told = [
        caplog.text, repr(before), repr(addressed_calls(batch)), frame.to_csv(), batch.findings().to_csv(),
        batch.recordings().to_csv(), batch.calls().to_csv(), repr(fetching_of(batch_store(batch))),
        *(path.name for path in batch_store(batch).folder.iterdir()),
        (batch_store(batch).folder / "fetched.jsonl").read_text(),
        (batch_store(batch).folder / "names.jsonl").read_text(),
        *(payload_json(batch.call(row)).decode() for row in (2, 3)),
    ]  # fmt: skip
    for text in told:
        assert "5ecret" not in text
        assert "p4th" not in text
    assert batch.cells(2)["Recording URL"] == server.address(f"/p4th/a.wav?{SECRET}")


def test_a_fault_of_our_own_is_a_line_and_not_the_end_of_the_rest(
    ledger: reddy.Ledger, server: RecordingServer
) -> None:
    def faulty(host: str, port: int) -> list[str]:
        raise RuntimeError(f"http://{host}/p4th?{SECRET}")

    batch = load(ledger, server.address("/a.wav"), server.address("/b.wav"))
    allowed = here(server)
    work = Fetching(plan(batch, allowed).waiting, batch_store(batch), allowed, resolver=faulty)
    work.start()
    assert work.wait(30)
    failed = [said for _, said in plan(batch, allowed).failed]
    assert len(failed) == 2
    assert all("RuntimeError" in said and "5ecret" not in said for said in failed)
