"""100,000 calls in one go through the app's engine: does its memory grow, do its pages stay quick, how large is the record?

SUBMIT_CALLS=100000 uv run pytest -m soak -n 0 -s tests/benchmarks/test_submit_large.py
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import reddy_lib as reddy
from reddy_lib.sending.engine import enqueue
from reddy_lib.sending.submission import create
from tests.app_server import free_port, start_app, stop, wait_for
from tests.conftest import PRODUCTS
from tests.test_kill import TOKEN, received, sandbox_process

CALLS = int(os.environ.get("SUBMIT_CALLS", "100000"))
PAGES = str(Path(__file__).resolve().parents[2] / "pages" / "navigation.py")


def memory(pid: int) -> float:
    """MB that a process has in use this moment."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) / 1024


def size(ledger: Path) -> int:
    """Bytes of a ledger, with what is not carried over to its file yet."""
    return sum(part.stat().st_size for part in ledger.parent.glob(f"{ledger.name}*"))


def shown(app: AppTest) -> float:
    """Seconds that one run of the Submit page takes."""
    started = time.perf_counter()
    app.run(timeout=60)
    assert not app.exception
    return time.perf_counter() - started


@pytest.mark.soak
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads memory from /proc")
def test_a_hundred_thousand_calls_in_one_go(
    tmp_path: Path, sheet: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    location, log = tmp_path / "ledger.sqlite", tmp_path / "app.log"
    ledger = reddy.Ledger(location)
    batch = ledger.load(sheet(CALLS), progress=False, products=PRODUCTS)
    before = size(location)
    with sandbox_process(free_port(), latency=0.0) as url:
        for name, value in (("LEDGER", location), ("API_TOKEN", TOKEN), ("BASE_URL", url)):
            monkeypatch.setenv(f"REDDY_{name}", str(value))
        page = AppTest.from_file(PAGES, default_timeout=60).run()
        page.query_params["batch"] = batch.id
        page.switch_page("submit.py")
        idle = statistics.median(shown(page) for _ in range(5))
        app = start_app(location, log, free_port(), REDDY_API_TOKEN=TOKEN, REDDY_BASE_URL=url)
        try:
            started = time.perf_counter()
            submission = create(
                ledger, batch.id, address=url, token_source="environment", token_hint=f"…{TOKEN[-4:]}",
                concurrency=16, ramp=False,
            )  # fmt: skip
            enqueue(ledger, submission)
            queued = time.perf_counter() - started
            sizes: list[float] = []
            busy: list[float] = []

            def done() -> bool:
                sizes.append(memory(app.pid))
                busy.append(shown(page))
                time.sleep(2)
                return submission.state == "done"

            wait_for(done, seconds=1800, why="all calls")
            took = time.perf_counter() - started
        finally:
            stop(app)
        counts = submission.counts()
        print(
            f"\n{CALLS:,} calls in {took:.0f} s ({CALLS / took:.0f}/s), queued in {queued:.1f} s; the app's memory "
            f"{sizes[len(sizes) // 10]:.0f} MB after a tenth, {sizes[-1]:.0f} MB at the end, {max(sizes):.0f} MB at most; "
            f"a run of the Submit page {statistics.median(busy) * 1000:.0f} ms meanwhile, {max(busy) * 1000:.0f} ms at "
            f"most, {idle * 1000:.0f} ms before; the ledger {before / 1e6:.0f} MB before, {size(location) / 1e6:.0f} after"
        )
        assert counts["accepted"] == CALLS
        assert len(set(received(url))) == CALLS
        assert max(sizes) < 1.5 * sizes[len(sizes) // 10] + 50
    assert "Traceback" not in log.read_text()
