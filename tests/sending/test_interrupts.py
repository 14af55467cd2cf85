"""Interrupting work ends in one line that says how far it came and how to go on; what was in flight is recorded."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

import reddy_lib as reddy
from reddy_lib.interrupts import SAME_WISH, Interrupted, one_line
from reddy_lib.sending.restored import Restored, notice
from reddy_lib.sending.submission import create
from tests.app_server import ROOT, free_port
from tests.conftest import PRODUCTS

Sheet = Callable[..., Path]

SCRIPT = """
import reddy_lib as reddy
ledger = reddy.Ledger({ledger!r})
batch = ledger.batch("calls")
client = reddy.Client({token!r}, base_url={url!r})
print("sending", flush=True)
submission = reddy.submit(batch, client, concurrency=4, ramp=False, progress=False)
print(submission.counts(), flush=True)
"""


def loaded(sheet: Sheet, tmp_path: Path, count: int) -> tuple[reddy.Ledger, reddy.Batch]:
    ledger = reddy.Ledger(tmp_path / "ledger.sqlite")
    return ledger, ledger.load(sheet(count), timezone="UTC", products=PRODUCTS, progress=False)


def until(ready: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end
        time.sleep(0.02)


def started(
    sheet: Sheet, tmp_path: Path, sandbox: reddy.Sandbox
) -> tuple[reddy.Batch, str, subprocess.Popen[str]]:
    """A script that sends 60 calls, interrupted while it is at it."""
    ledger, batch = loaded(sheet, tmp_path, 60)
    script = SCRIPT.format(ledger=ledger.name, token=sandbox.token, url=sandbox.url)
    run = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    until(lambda: sandbox.calls_received >= 4)
    run.send_signal(signal.SIGINT)
    return batch, script, run


def test_a_script_that_is_interrupted_waits_for_what_is_in_flight_and_says_so_in_one_line(
    sheet: Sheet, tmp_path: Path, sandbox: reddy.Sandbox
) -> None:
    sandbox.latency = 0.3
    batch, script, run = started(sheet, tmp_path, sandbox)
    _, told = run.communicate(timeout=60)
    assert run.returncode in (-signal.SIGINT, 130)
    lines = told.strip().splitlines()
    assert "Traceback" not in told
    assert lines[-1].startswith("Interrupted: ")
    assert lines[-1].endswith("Run the script again to go on.")
    counts = batch.counts()
    assert (counts["sending"], counts["unknown"]) == (0, 0)
    assert counts["accepted"] == sandbox.calls_received
    assert counts["accepted"] + counts["queued"] == 60
    assert f"{counts['queued']} to send, {counts['accepted']} accepted" in lines[-1]
    sandbox.latency = 0.0
    again = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True
    )
    assert "'accepted': 60" in again.stdout
    assert sandbox.calls_received == 60


def test_a_second_interrupt_does_not_wait_and_leaves_calls_in_doubt_but_sends_none_twice(
    sheet: Sheet, tmp_path: Path, sandbox: reddy.Sandbox
) -> None:
    sandbox.latency = 8.0  # longer than anybody waits below
    batch, _, run = started(sheet, tmp_path, sandbox)
    assert run.stdout is not None
    time.sleep(1.0)
    run.send_signal(signal.SIGINT)
    time.sleep(1.0)
    run.send_signal(signal.SIGINT)  # a third one: the threads that are left are not waited for
    _, told = run.communicate(timeout=60)
    assert "Traceback" not in told
    before, last = told.strip().splitlines()[-2:]
    assert before.startswith("Interrupted: ")
    assert last == "Ended at once."
    assert run.returncode == -signal.SIGINT
    assert sandbox.calls_received <= 8
    assert batch.counts()["queued"] >= 50


def test_an_interrupted_cell_shows_one_line_and_the_same_cell_goes_on(
    sheet: Sheet, tmp_path: Path, sandbox: reddy.Sandbox
) -> None:
    ledger, batch = loaded(sheet, tmp_path, 60)
    sandbox.latency = 0.3
    code = SCRIPT.format(ledger=ledger.name, token=sandbox.token, url=sandbox.url)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for _ in range(2)])
    runner = NotebookClient(notebook, timeout=120, kernel_name="python3", allow_errors=True)

    def interrupt() -> None:
        until(lambda: sandbox.calls_received >= 4)
        sandbox.latency = 0.0
        signal_kernel(runner)

    stopper = threading.Thread(target=interrupt, daemon=True)
    stopper.start()
    with contextlib.suppress(CellExecutionError):
        runner.execute()
    stopper.join(60)
    (error,) = [one for one in notebook.cells[0].outputs if one.output_type == "error"]
    assert error.ename == "Interrupted"
    assert len(error.traceback) == 1
    assert error.traceback[0].endswith("Run the cell again to go on.")
    assert not [one for one in notebook.cells[1].outputs if one.output_type == "error"]
    assert batch.counts()["accepted"] == sandbox.calls_received == 60


def signal_kernel(runner: NotebookClient) -> None:
    """Press the stop button: SIGINT to the kernel's process."""
    assert runner.km is not None
    os.kill(runner.km.provisioner.pid, signal.SIGINT)


WORKER = [sys.executable, "-m", "reddy_lib.worker"]
APP = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true", "--server.port"]


@pytest.mark.parametrize("program", ["worker", "app"])
def test_a_program_that_stops_in_order_ends_at_a_further_interrupt_with_a_line(
    program: str, sheet: Sheet, tmp_path: Path, sandbox: reddy.Sandbox
) -> None:
    ledger, batch = loaded(sheet, tmp_path, 20)
    create(
        ledger, batch.id, address=sandbox.url, token_source="environment", token_hint=f"…{sandbox.token[-4:]}"
    )
    sandbox.latency = 60.0
    environment = {
        **os.environ,
        "REDDY_LEDGER": ledger.name,
        "REDDY_API_TOKEN": sandbox.token,
        "REDDY_BASE_URL": sandbox.url,
    }
    command = WORKER if program == "worker" else [*APP, str(free_port())]
    run = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        # A call that is claimed and not yet sent is given back at once: there must be one in flight.
        until(lambda: sandbox.calls_received > 0)
        run.send_signal(signal.SIGINT)
        time.sleep(SAME_WISH + 0.5)
        assert run.poll() is None, "it waits for what is in flight"
        run.send_signal(signal.SIGINT)
        _, told = run.communicate(timeout=60)
    finally:
        run.kill()
    assert "Traceback" not in told
    assert told.strip().splitlines()[-1] == "Stopped at once: calls that were in flight are in doubt."


def test_the_line_comes_also_when_somebody_interrupts_the_counting() -> None:
    def told() -> str:
        raise KeyboardInterrupt

    with pytest.raises(Interrupted, match=r"^Interrupted\. Run the "), one_line(told):
        raise KeyboardInterrupt


def test_the_line_comes_also_when_the_counts_cannot_be_had() -> None:
    def away() -> str:
        raise OSError("the ledger is away")

    with pytest.raises(Interrupted, match=r"^Interrupted\. Run the "), one_line(away):
        raise KeyboardInterrupt


def impatient(*_: object) -> bool:
    raise KeyboardInterrupt


def test_a_submit_that_is_interrupted_before_it_sends_is_one_line_too(
    sheet: Sheet, tmp_path: Path, client: reddy.Client
) -> None:
    _, batch = loaded(sheet, tmp_path, 3)
    with pytest.raises(Interrupted, match=r"^Interrupted\. Run the script again to go on\.$"):
        reddy.submit(batch, client, rows=(impatient() for _ in range(1)), progress=False)
    assert batch.counts()["ready"] == 3


def test_asking_about_a_restored_ledger_that_is_interrupted_says_how_far_it_came(
    sheet: Sheet, tmp_path: Path, client: reddy.Client
) -> None:
    ledger, _ = loaded(sheet, tmp_path, 3)
    with ledger.write() as connection:
        notice(connection, Restored(time.time(), "asked", "It is older than what was sent from it."))
    with pytest.raises(
        Interrupted, match=r"^Interrupted: 3 of 3 calls were asked about; the answers are stored\. Run "
    ):
        reddy.check_restored(ledger, client, progress=False, on_progress=impatient)
    checked = reddy.check_restored(ledger, client, progress=False, wait=0)
    assert checked.settled
