"""Outcomes over all batches: every number is the count of the calls that are listed behind it."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import reddy_lib as reddy
from reddy_lib.database.schema import STATUSES, batches, calls
from reddy_lib.database.schema import submissions as stored_submissions
from reddy_lib.outcomes.totals import Wanted, addresses_sent_to, calls_behind, totals, version_of

REDDY = "https://reddy.example"
NOON = dt.datetime(2026, 3, 28, 12, tzinfo=dt.UTC).timestamp()
DAY = 86_400


@pytest.fixture
def filled(ledger: reddy.Ledger, sheet: Callable[..., Path]) -> reddy.Ledger:
    """Two batches, a week apart: one sent to Reddy, one to the sandbox, with every status in each."""
    for name, address, began in (("march", REDDY, NOON), ("april", "sandbox", NOON + 7 * DAY)):
        batch = ledger.load(sheet(18, name=f"{name}.csv"), progress=False)
        with ledger.write() as connection:
            connection.execute(
                batches.update().where(batches.c.id == batch.id).values(created_at=began - 3600)
            )
            connection.execute(
                stored_submissions.insert().values(
                    id=f"s-{name}", number=1 if name == "march" else 2, batch_id=batch.id, address=address,
                    token_source="environment", token_hint="", concurrency=1, state="done", reason="",
                    generation=1, chosen=10, who="ann", created_at=began,
                )
            )  # fmt: skip
            for number, row in enumerate(batch.rows()):
                status = STATUSES[number % 9]
                answered = status in ("accepted", "rejected", "failed", "unknown", "skipped")
                values = {
                    "status": status,
                    "agent_email": f"{'Ann' if number % 2 else 'bo'}@x.example",
                    "product_id": (7, None)[number % 2],
                    "submission_id": f"s-{name}" if answered else None,
                    "ended_at": began + number * 3600 if answered and status != "unknown" else None,
                    "sent_at": began + number * 3600 if answered else None,
                    "error": f"invalid agent a{number}@x.example" if status == "rejected" else None,
                    "http_status": 422 if status == "rejected" else None,
                    "codes": "|agent-email-invalid|text-empty|" if status == "held" else "",
                }
                connection.execute(
                    calls.update().where(calls.c.batch_id == batch.id, calls.c.row == row).values(**values)
                )
    return ledger


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(),
        Wanted(since=NOON + DAY),
        Wanted(address=REDDY),
        Wanted(since=NOON + DAY, address="sandbox"),
        Wanted(until=NOON + DAY),
    ],
    ids=["all", "since", "address", "both", "until"],
)
def test_each_number_is_the_count_of_the_calls_behind_it(filled: reddy.Ledger, wanted: Wanted) -> None:
    found = totals(filled, wanted)

    def behind(**changes: object) -> int:
        return calls_behind(filled, replace(wanted, **changes))[1]

    assert found.calls == behind() > 0
    for status, number in found.counts.items():
        assert number == behind(status=status)
    for tally in found.agents:
        assert {status: behind(agent=tally.key, status=status) for status in tally.counts} == tally.counts
    for tally in found.products:
        assert tally.calls == behind(product=tally.key or 0)
    for reason in found.reasons:
        assert reason.calls <= behind(reason=reason.reason)
    for held in found.held:
        assert held.calls == behind(finding=held.code)
    for batch in found.batches:
        assert sum(batch.counts.values()) == behind(batch=batch.id)
    for parts in (found.agents, found.products):
        assert sum(tally.calls for tally in parts) == found.calls


def test_calls_count_for_the_place_they_were_sent_to_and_unsent_ones_for_every_place(
    filled: reddy.Ledger,
) -> None:
    found = totals(filled, Wanted(address=REDDY)).counts
    assert found["accepted"] == 2
    assert found["held"] == 4
    assert addresses_sent_to(filled) == ["sandbox", REDDY]


def test_refusals_are_one_reason_whatever_their_values(filled: reddy.Ledger) -> None:
    reasons = {(one.reason, one.status): one.calls for one in totals(filled, Wanted()).reasons}
    assert reasons["invalid agent …", "rejected"] == 4
    assert reasons["no reason given", "unknown"] == 4
    page, count, in_batches = calls_behind(filled, Wanted(reason="invalid agent …"), limit=3)
    assert (len(page), count, sorted(in_batches.values())) == (3, 4, [2, 2])
    assert {call.batch for call in page} == {"march", "april"}


def test_held_calls_are_counted_by_the_finding_that_holds_them(filled: reddy.Ledger) -> None:
    held = totals(filled, Wanted()).held
    assert [(one.code, one.calls) for one in held] == [("agent-email-invalid", 4)]  # a warning holds nothing
    page, _, _ = calls_behind(filled, Wanted(finding="agent-email-invalid"))
    assert {call.codes for call in page} == {("agent-email-invalid",)}


def test_agents_are_the_same_whatever_the_case_of_their_email(filled: reddy.Ledger) -> None:
    assert {tally.key: tally.calls for tally in totals(filled, Wanted()).agents} == {
        "ann@x.example": 18,
        "bo@x.example": 18,
    }


def test_doubt_that_is_older_than_the_period_is_not_lost(filled: reddy.Ledger) -> None:
    found = totals(filled, Wanted(since=NOON + 6 * DAY))
    assert (found.counts["unknown"], found.older_in_doubt) == (2, 2)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata", "Europe/London"])
def test_a_day_begins_at_midnight_in_the_readers_zone_also_where_the_clocks_change(
    filled: reddy.Ledger, zone: str
) -> None:
    """The clocks of London go forward on 29 March 2026."""
    found = totals(filled, Wanted(), ZoneInfo(zone)).days
    expected = Counter(
        dt.datetime.fromtimestamp(began + number * 3600, ZoneInfo(zone)).date()
        for began in (NOON, NOON + 7 * DAY)
        for number in range(18)
        if STATUSES[number % 9] in ("accepted", "rejected", "failed", "unknown", "skipped")
    )
    assert {day: sum(counts.values()) for day, counts in found} == dict(expected)


def test_calls_of_a_batch_that_was_taken_off_the_list_keep_their_outcomes_and_wait_for_nothing(
    filled: reddy.Ledger,
) -> None:
    before = totals(filled, Wanted()).counts
    with filled.write() as connection:
        connection.execute(batches.update().where(batches.c.name == "march").values(state="archived"))
    after = totals(filled, Wanted())
    assert after.counts["accepted"] == before["accepted"]
    assert after.counts["held"] == before["held"] // 2
    assert {batch.name: batch.is_open for batch in after.batches} == {"march": False, "april": True}


def test_the_version_changes_with_the_numbers(filled: reddy.Ledger) -> None:
    before = version_of(filled)
    assert version_of(filled) == before
    with filled.write() as connection:
        connection.execute(calls.update().where(calls.c.status == "queued").values(status="ready"))
    assert version_of(filled) != before


def test_an_empty_ledger_has_nothing_to_count(ledger: reddy.Ledger) -> None:
    found = totals(ledger, Wanted())
    assert (found.calls, found.days, found.agents, found.reasons) == (0, [], [], [])
    assert calls_behind(ledger, Wanted()) == ([], 0, {})


@pytest.mark.parametrize("sorted_at_once", [5_000, 0])
def test_pages_of_calls_follow_each_other_over_batches(
    filled: reddy.Ledger, sorted_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reddy_lib.outcomes.totals._SORTED", sorted_at_once)
    whole, count, _ = calls_behind(filled, Wanted(), limit=100)
    pages = [calls_behind(filled, Wanted(), offset=at, limit=7)[0] for at in range(0, count, 7)]
    assert [call for page in pages for call in page] == whole
    assert len(whole) == count
    assert [call.batch for call in whole] == ["april"] * 18 + ["march"] * 18  # the newest first
