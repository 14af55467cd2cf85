"""Three workers against one, on PostgreSQL, where waiting for Reddy is what takes the time.

uv run pytest -m benchmark -n 0 -s tests/benchmarks/test_submit_workers.py
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

import reddy_lib as reddy
from reddy_lib.sending.engine import enqueue
from reddy_lib.sending.submission import create
from tests.app_server import free_port, wait_for
from tests.conftest import PRODUCTS, fresh_database
from tests.test_kill import TOKEN, sandbox_process
from tests.worker_processes import fleet

LATENCY = 0.2
CALLS = 480
AT_ONCE = 4  # so few that no processor is busy: 20 calls a second a worker


@pytest.mark.benchmark
def test_three_workers_are_as_good_as_three(
    postgres: str, sheet: Callable[..., Path], tmp_path: Path
) -> None:
    paces = {}
    with sandbox_process(free_port(), LATENCY) as url:
        for count in (1, 3):
            with (
                reddy.Ledger(fresh_database(postgres, f"workers {count}")) as ledger,
                fleet(ledger, tmp_path) as running,
            ):
                changed = {row: {"Conversation ID": f"{count}-{row}"} for row in range(2, CALLS + 2)}
                batch = ledger.load(sheet(CALLS, changed), products=PRODUCTS, progress=False)
                running.start(count, token=TOKEN, url=url)
                submission = create(
                    ledger, batch.id, address=url, token_source="environment", concurrency=AT_ONCE
                )
                started = time.perf_counter()
                enqueue(ledger, submission)
                wait_for(lambda found=submission: found.state == "done", seconds=180, why="all calls")  # type: ignore[misc]
                paces[count] = CALLS / (time.perf_counter() - started)
                assert submission.counts()["accepted"] == CALLS
    ratio = paces[3] / paces[1]
    print(
        f"\n1 worker {paces[1]:.1f}/s, 3 workers {paces[3]:.1f}/s (of {3 * AT_ONCE / LATENCY:.0f} possible): "
        f"{ratio:.2f} x"
    )
    assert ratio >= 2.5
