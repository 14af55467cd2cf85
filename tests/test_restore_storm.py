"""Backups put back at random moments, and an app that is started on them while nobody clicks: no call is sent twice, and
the ledger says what happened.

The engine runs in processes of its own and Reddy's stand-in in another, which has seen every call. A few restores by
default; the storm by hand:

    RESTORES=30 uv run pytest -m soak -n 0 -s tests/test_restore_storm.py
"""

from __future__ import annotations

import os
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from reddy_lib.database import high_water
from reddy_lib.ledger import Ledger
from reddy_lib.sending.engine import enqueue
from reddy_lib.sending.restored import restored
from reddy_lib.sending.submission import Submission, create
from tests.app_server import free_port, wait_for
from tests.conftest import PRODUCTS, fresh_database
from tests.database_copies import DatabaseCopy
from tests.sending_process import SendingProcess
from tests.test_kill import TOKEN, received, sandbox_process

Sheet = Callable[..., Path]

VARIANTS = ("ledger", "ledger and engine", "ledger, marks lost", "postgresql", "postgresql, marks lost")
CALLS = 300
LATENCY = 0.02


class Tally(msgspec.Struct):
    """What a run of restores came to."""

    restores: int = 0
    calls: int = 0
    at_backup: list[int] = []  # accepted when it was taken
    noticed: dict[str, int] = {}  # by what
    nothing_lost: int = (
        0  # restores after which the ledger knew all the same: nothing went out since the backup
    )
    twice: int = 0

    def __str__(self) -> str:
        how = ", ".join(f"{count} by {name}" for name, count in sorted(self.noticed.items())) or "none"
        return (
            f"{self.restores} restores · {self.calls:,} calls · backups at {sorted(self.at_backup)} of {CALLS} accepted · "
            f"noticed: {how} · {self.nothing_lost} not noticed · {self.twice} twice"
        )


def storm(
    variant: str, count: int, chance: random.Random, folder: Path, sheet: Sheet, postgres: str
) -> Tally:
    tally = Tally()
    with sandbox_process(free_port(), LATENCY) as url:
        for number in range(count):
            place = folder / f"round-{number}"
            place.mkdir()
            location = (
                fresh_database(postgres, f"storm {variant} {number} {folder}")
                if variant.startswith("postgresql")
                else str(place / "ledger.sqlite")
            )
            # other conversations each time: one server sees all rounds
            changes = {row: {"Conversation ID": f"round-{number}-{row}"} for row in range(2, CALLS + 2)}
            one_round(variant, location, url, chance, place, sheet(CALLS, changes), tally)
    return tally


def one_round(
    variant: str, location: str, url: str, chance: random.Random, place: Path, file: Path, tally: Tally
) -> None:
    copy = DatabaseCopy(location, place)
    with Ledger(location) as ledger:
        batch = ledger.load(file, products=PRODUCTS, progress=False)
        submission = create(ledger, batch.id, address=url, token_source="environment", concurrency=8)
        first = SendingProcess(location, url, TOKEN)
        try:
            first.wait_until_ready()
            enqueue(ledger, submission)
            moment = chance.randrange(1, CALLS - 20)
            wait_for(
                lambda: submission.counts()["accepted"] >= moment, seconds=120, why="the backup's moment"
            )
            copy.take(engine_too=variant == "ledger and engine")
            goes_on_to = chance.choice((min(moment + chance.randrange(10, 60), CALLS), CALLS))
            wait_for(
                lambda: submission.counts()["accepted"] >= goes_on_to, seconds=120, why="what was sent since"
            )
        finally:
            if chance.random() < 0.5:
                first.kill()
            else:
                first.stop()
    sent_before = len(received(url))
    copy.put_back()
    if variant.endswith("marks lost"):
        shutil.rmtree(high_water.state_folder(), ignore_errors=True)
        with Ledger(location) as ledger, ledger.write() as connection:
            connection.exec_driver_sql("DELETE FROM facts WHERE name = 'place'")

    second = SendingProcess(location, url, TOKEN)
    try:
        second.wait_until_ready()
        with Ledger(location) as ledger:
            submission = Submission(ledger, submission.id)
            wait_for(
                lambda: submission.state != "running" or len(received(url)) > sent_before,
                seconds=120,
                why="a decision",
            )
            time.sleep(0.5)  # what would go out has the time to
            noticed = restored(ledger)
            record = submission.record()
    finally:
        second.stop()
    tally.restores += 1
    tally.calls += CALLS
    tally.at_backup.append(moment)
    tally.twice += sum(n - 1 for n in Counter(received(url)).values()) - tally.twice
    if noticed is None:
        tally.nothing_lost += 1
    else:
        tally.noticed[noticed.how] = tally.noticed.get(noticed.how, 0) + 1
        assert noticed.words in record.reason
        assert record.state == "paused"


@pytest.mark.soak
@pytest.mark.parametrize("variant", VARIANTS)
def test_backups_put_back_at_random_moments_send_nothing_twice(
    variant: str,
    tmp_path: Path,
    sheet: Sheet,
    request: pytest.FixtureRequest,
) -> None:
    postgres = request.getfixturevalue("postgres") if variant.startswith("postgresql") else ""
    count = max(1, int(os.environ.get("RESTORES", "3")) // len(VARIANTS))
    chance = random.Random(f"{os.environ.get('SEED', '1')} {variant}")

    tally = storm(variant, count, chance, tmp_path, sheet, postgres)

    print(f"\n{variant}: {tally}")
    assert tally.twice == 0, str(tally)
    assert sum(tally.noticed.values()) == tally.restores, str(tally)
