"""A process that is killed while it forgets: the next one finishes, and the receipt is true."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import reddy_lib as reddy
from reddy_lib.forgetting import forget
from tests.conftest import ROOT
from tests.forgetting.test_forget import Planted, left_in, write_calls

DIES_AT = """
import os, signal, sys
import reddy_lib as reddy
from reddy_lib.forgetting import forget

location, batch, name, number = sys.argv[1:]
forget.PIECE = 2
whole, calls = getattr(forget, name), []

def deadly(*args, **options):
    calls.append(1)
    if len(calls) == int(number):
        os.kill(os.getpid(), signal.SIGKILL)
    return whole(*args, **options)

setattr(forget, name, deadly)
reddy.Ledger(location).forget(batch, who="ada")
"""


class Dead(BaseException):
    """What a killed process looks like from inside: nothing after this runs."""


def killed(ledger: reddy.Ledger, batch: reddy.Batch, name: str, number: int) -> None:
    """Forget a batch in a process that is killed at this call of a function."""
    location = ledger.url.render_as_string(hide_password=False)
    child = subprocess.run(
        [sys.executable, "-c", DIES_AT, location, batch.id, name, str(number)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
        timeout=60,
    )
    assert child.returncode == -signal.SIGKILL


def stopped(ledger: reddy.Ledger, batch: reddy.Batch, name: str, number: int) -> None:
    """The same in this process, which is faster: whatever was not committed is rolled back."""
    whole = getattr(forget, name)
    calls: list[int] = []

    def deadly(*args: Any, **options: Any) -> Any:
        calls.append(1)
        if len(calls) == number:
            raise Dead
        return whole(*args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forget, "PIECE", 2)
        patch.setattr(forget, name, deadly)
        with pytest.raises(Dead):
            ledger.forget(batch, who="ada")


@pytest.mark.parametrize(
    ("ledger", "name", "number", "die"),
    [
        ("sqlite", "lock_out", 1, stopped),
        ("sqlite", "wipe", 1, stopped),
        ("sqlite", "wipe", 2, killed),
        ("sqlite", "delete_store", 1, stopped),
        ("sqlite", "forget_tasks", 1, stopped),
        ("sqlite", "drop_store", 1, stopped),
        ("sqlite", "read_receipt", 1, stopped),
        ("postgresql", "wipe", 1, stopped),
        ("postgresql", "wipe", 2, killed),
    ],
    indirect=["ledger"],
)
def test_it_is_finished_by_the_next_one(
    name: str, number: int, die: Callable[..., None], tmp_path: Path, ledger: reddy.Ledger
) -> None:
    planted = Planted()
    sheet = write_calls(tmp_path / "calls.csv", planted)
    batch = ledger.load(sheet, progress=False, name="Killed")
    sheet.unlink()
    die(ledger, batch, name, number)
    begun = bool(ledger.receipts())
    assert begun is (name != "lock_out"), "nothing is forgotten by halves without a record"
    receipt = ledger.forget(batch.id, who="bo")
    assert (receipt.state, receipt.counts.calls, receipt.counts.never_sent) == ("done", 5, 5)
    assert receipt.who == ("ada" if begun else "bo")
    assert [one.id for one in ledger.receipts()] == [receipt.id]
    assert left_in(planted.words, ledger, tmp_path) == {}
    assert ledger.finish_forgetting() == []
    assert ledger.forget(batch.id) == receipt, "a cell that is run twice"
