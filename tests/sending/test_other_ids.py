"""A call that was sent under an id which another program writes differently is asked about, not sent again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa

import reddy_lib as reddy
from reddy_lib.batches.steps import Replace, ShiftTimes
from reddy_lib.database import schema
from reddy_lib.database.former_keys import former_keys
from reddy_lib.errors import SubmissionError
from reddy_lib.identity import near_id
from reddy_lib.sending import other_ids
from reddy_lib.sending import submission as submission_module
from reddy_lib.sending.other_ids import OTHER_ID, hold_other_ids
from reddy_lib.sending.submission import Submission, create, sendable
from tests.conftest import ON_BOTH, on_sqlite_alone

LONG = "Agent: Hello, how can I help?\nCustomer: My bill {} is wrong.\nAgent: I will mend it.\nCustomer: Thank you."


def calls(*ids: str, start: float | None = 1_700_000_017, said: str = LONG, **more: Any) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "conversation_id": list(ids),
            "agent_email": ["ann@example.com"] * len(ids),
            "product_id": [1] * len(ids),
            "timestamp": [None if start is None else start + number for number in range(len(ids))],
            "transcript": [said.format(number) for number in range(len(ids))],
            **more,
        }
    )


def load(ledger: reddy.Ledger, frame: pd.DataFrame, name: str = "") -> reddy.Batch:
    return ledger.load(frame, name=name or None, timezone="UTC", progress=False)


@on_sqlite_alone("how an id is written is compared in Python; two pairs are found in both databases")
@pytest.mark.parametrize(
    ("sent", "again"),
    [
        pytest.param("00123", "123", marks=ON_BOTH), ("123", "00123"), ("+17", "17"), ("17", "17.0"), ("12E5", "1200000"),
        ("1200000", "12E5"), ("1,234,567", "1234567"), ("'0017", "17"), ("c-0", "C-0"), ("C-0", "c-0"),
        pytest.param("AbC", "aBc", marks=ON_BOTH),
    ],
)  # fmt: skip
def test_an_id_that_is_written_differently_is_asked_about(
    ledger: reddy.Ledger, sandbox: reddy.Sandbox, client: reddy.Client, sent: str, again: str
) -> None:
    first = load(ledger, calls(f"{sent}", "x-1"), "march")
    first.update([2], conversation_id=sent)
    reddy.submit(first, client, progress=False)
    # Other words and no start: the id alone tells.
    second = load(
        ledger, calls("any", "x-2", start=None, said="Agent: Good evening.\nCustomer: A loan, please, {}.")
    )
    second.update([2], conversation_id=again)
    with pytest.warns(UserWarning, match="under another id"):
        reddy.submit(second, client, progress=False)
    assert second.rows(status="held") == [2]
    assert second.rows(status="accepted") == [3]
    (found,) = [one for one in second.findings_of(2) if one.code == OTHER_ID]
    assert "Row 2 of 'march' was sent on" in found.message
    assert repr(sent) in found.message
    with pytest.raises(SubmissionError, match="held by a finding"):
        reddy.submit(second, client, rows=[2], progress=False)
    second.accept([2], OTHER_ID, who="ann")
    reddy.submit(second, client, rows=[2], progress=False)
    assert len(sandbox.payloads) == 4


def test_the_same_agent_start_and_words_are_asked_about_whatever_the_id(
    ledger: reddy.Ledger, sandbox: reddy.Sandbox, client: reddy.Client
) -> None:
    reddy.submit(load(ledger, calls("a-1", "a-2")), client, progress=False)
    second = load(ledger, calls("b-7", "b-8"))
    with pytest.raises(SubmissionError, match="under another id"):
        reddy.submit(second, client, progress=False)
    assert second.counts()["held"] == 2
    assert len(sandbox.payloads) == 2


def test_calls_that_differ_in_agent_start_or_words_are_sent(
    ledger: reddy.Ledger, sandbox: reddy.Sandbox, client: reddy.Client
) -> None:
    reddy.submit(load(ledger, calls("a-1")), client, progress=False)
    for number, frame in enumerate(
        [
            calls("b-1", start=1_700_000_018),
            calls("b-2", start=None),
            calls("b-3", said=LONG + " Bye."),
            calls("b-4", agent_email=["bo@example.com"]),
        ]
    ):
        reddy.submit(load(ledger, frame), client, progress=False)
        assert len(sandbox.payloads) == number + 2


def test_a_short_call_at_a_whole_minute_is_told_apart_by_its_id(
    ledger: reddy.Ledger, sandbox: reddy.Sandbox, client: reddy.Client
) -> None:
    voicemail = "Agent: Please leave a message.\nCustomer: Please call me back."
    for name in ("v-1", "v-2"):
        reddy.submit(load(ledger, calls(name, start=1_700_000_040, said=voicemail)), client, progress=False)
    assert len(sandbox.payloads) == 2


def test_the_same_sheet_again_is_skipped_and_rows_of_one_sheet_are_not_taken_for_each_other(
    ledger: reddy.Ledger, sandbox: reddy.Sandbox, client: reddy.Client
) -> None:
    batch = load(ledger, calls("C-1", "c-1", "00123"))
    reddy.submit(batch, client, rows=[2], progress=False)
    reddy.submit(batch, client, progress=False)
    assert batch.counts()["accepted"] == 3
    again = load(ledger, calls("C-1", "c-1", "00123"))
    reddy.submit(again, client, progress=False)
    assert again.counts()["skipped"] == 3
    assert len(sandbox.payloads) == 3


@pytest.mark.parametrize(
    ("ids", "start"),
    [
        (("9001", "09001", "9001.0"), None),  # one id, in three exports
        (("c-1", "C-1", "c-1 "), 1_700_000_040),
        (("a-1", "b-7", "x-9"), 1_700_000_040),  # agent, start and words
    ],
)
def test_the_same_call_twice_in_one_sheet_is_sent_once(
    ledger: reddy.Ledger,
    sandbox: reddy.Sandbox,
    client: reddy.Client,
    ids: tuple[str, ...],
    start: int | None,
) -> None:
    frame = calls(*ids, said=LONG.replace("{}", "again"))
    frame["timestamp"] = start
    batch = load(ledger, frame.drop(columns="timestamp") if start is None else frame, "march")
    with pytest.warns(UserWarning, match="under another id"):
        reddy.submit(batch, client, progress=False)
    assert batch.rows(status="accepted") == [2]
    [found] = [one for one in batch.findings_of(3) if one.code in (OTHER_ID, "conversation-duplicate")]
    assert "Row 2" in found.message
    other = batch.rows(status="held", code=OTHER_ID)[0]
    reddy.submit(batch, client, progress=False)
    assert len(sandbox.payloads) == 1
    batch.accept([other], OTHER_ID, who="ann")  # it is another call after all
    reddy.submit(batch, client, rows=[other], progress=False)
    assert len(sandbox.payloads) == 2


def test_a_call_of_which_the_first_part_of_the_sheet_was_sent_is_held_later(
    ledger: reddy.Ledger, sandbox: reddy.Sandbox, client: reddy.Client
) -> None:
    frame = calls("a-1", "b-7", said=LONG.replace("{}", "again"))
    frame["timestamp"] = 1_700_000_040
    batch = load(ledger, frame, "march")
    reddy.submit(batch, client, rows=[3], progress=False)
    with pytest.raises(SubmissionError, match="under another id"):
        reddy.submit(batch, client, rows=[2], progress=False)
    assert batch.rows(status="held") == [2]
    assert len(sandbox.payloads) == 1


@pytest.mark.parametrize(
    "frame",
    [
        calls("v-1", "v-2", said="Agent: Please leave a message.\nCustomer: Please call me back."),
        calls("t-1", "t-2", said=LONG.replace("{}", "again")),  # another start
        calls("a-1", "A-1"),  # other words
        calls(
            "a-1", "a-1", said=LONG.replace("{}", "again"), agent_email=["ann@example.com", "bo@example.com"]
        ),
    ],
    ids=["voicemails", "starts", "words", "agents"],
)
def test_calls_of_one_sheet_that_are_alike_are_sent(
    ledger: reddy.Ledger, sandbox: reddy.Sandbox, client: reddy.Client, frame: pd.DataFrame
) -> None:
    reddy.submit(load(ledger, frame), client, progress=False)
    assert len(sandbox.payloads) == 2


def test_a_call_that_waits_in_another_submission_counts_as_well(ledger: reddy.Ledger) -> None:
    first = load(ledger, calls("00123", "a-2"), "march")
    create(ledger, first.id, address="sandbox", token_source="notebook")
    second = load(ledger, calls("123", "b-2", "b-3"))
    submission = create(ledger, second.id, address="sandbox", token_source="notebook")
    assert submission.counts()["queued"] == 1
    assert second.rows(status="held") == [2, 3]
    (found,) = [one for one in second.findings_of(2) if one.code == OTHER_ID]
    assert "Row 2 of 'march' waits to be sent" in found.message
    # At another address nothing waits.
    third = load(ledger, calls("123"))
    assert create(ledger, third.id, address="https://a.example", token_source="typed").counts()["queued"] == 1


def test_another_address_knows_nothing_of_it(
    ledger: reddy.Ledger, sandbox: reddy.Sandbox, client: reddy.Client
) -> None:
    reddy.submit(load(ledger, calls("00123")), client, progress=False)
    second = load(ledger, calls("123"))
    other = create(ledger, second.id, address="https://a.example", token_source="typed")
    assert other.counts()["queued"] == 1


@pytest.mark.parametrize(
    "ledger", ["sqlite"], indirect=True
)  # PostgreSQL plans by statistics: no plan is sure
@pytest.mark.parametrize(("edited", "count"), [(False, 4), (True, 8)])
def test_no_query_reads_all_deliveries_of_an_address(
    ledger: reddy.Ledger, *, edited: bool, count: int
) -> None:
    deliver(ledger, begin(ledger, load(ledger, calls("d-5", start=1_600_000_017, said=LONG + " Bye."))))
    batch = load(ledger, calls("C-1", "c-2"))
    if edited:
        batch.apply(Replace(find="My bill", by="The bill"))
    plans = []

    def explain(_connection: Any, cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if "deliveries" in statement and "LIMIT :" in statement:
            return  # it asks for any one
        if statement.startswith("SELECT") and "deliveries" in statement:
            found = cursor.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
            plans.append([row[3].removesuffix(" LEFT-JOIN") for row in found if "deliveries" in row[3]])

    sa.event.listen(ledger.engine, "before_cursor_execute", explain)
    hold_other_ids(ledger, sendable(batch.id, None), "sandbox")
    sa.event.remove(ledger.engine, "before_cursor_execute", explain)
    assert len(plans) == count
    assert all(step.endswith(("words_digest=?)", "key=?)")) for steps in plans for step in steps), plans


def begin(ledger: reddy.Ledger, batch: reddy.Batch) -> Submission:
    return create(ledger, batch.id, address="sandbox", token_source="notebook")


def test_each_of_several_waiting_calls_with_the_same_words_is_compared(ledger: reddy.Ledger) -> None:
    said = LONG.format(0)
    begin(ledger, load(ledger, calls("a-1", "a-2", "a-3", said=said)))
    second = load(ledger, calls("b-1", "b-2", "b-3", said=said))
    with pytest.raises(SubmissionError, match="under another id"):
        begin(ledger, second)
    assert second.rows(status="held") == [2, 3, 4]


@pytest.mark.parametrize("sent", [True, False], ids=["sent", "waiting"])
@pytest.mark.parametrize("written", ["V-{}", "v-{}"])
def test_many_calls_with_the_same_words_are_not_compared_each_with_each(
    ledger: reddy.Ledger, monkeypatch: pytest.MonkeyPatch, written: str, *, sent: bool
) -> None:
    count, said = 150, "Agent: Please leave a message.\nCustomer: Please call me back."
    ids = [written.format(number) for number in range(2 * count)]
    first = load(ledger, calls(*ids[:count], said=said).assign(timestamp=1_700_000_040))
    submission = begin(ledger, first)
    if sent:
        deliver(ledger, submission)
    second = load(ledger, calls(*ids[count:], said=said).assign(timestamp=1_700_000_040))
    looked_at = 0

    def counted(conversation_id: str) -> str:
        nonlocal looked_at
        looked_at += 1
        return near_id(conversation_id)

    monkeypatch.setattr(other_ids, "near_id", counted)
    assert hold_other_ids(ledger, sendable(second.id, None), "sandbox") == []
    assert looked_at <= 4 * count


def deliver(ledger: reddy.Ledger, submission: Submission) -> None:
    """As if every call of a submission had been accepted."""
    here = schema.calls.c.submission_id == submission.id
    values = sa.select(
        sa.literal("sandbox"), schema.calls.c.delivery_key, schema.calls.c.id, sa.literal(submission.id),
        sa.literal("accepted"), sa.literal(1_700_000_100.0), schema.calls.c.words_digest,
    ).where(here)  # fmt: skip
    columns = ["address", "key", "call_id", "submission_id", "state", "at", "words_digest"]
    with ledger.write() as connection:
        connection.execute(schema.deliveries.insert().from_select(columns, values))
        connection.execute(schema.calls.update().where(here).values(status="accepted"))


def test_a_call_that_another_submission_takes_at_the_same_moment_is_held(
    ledger: reddy.Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (
        load(ledger, calls("00123", "a-2")),
        load(ledger, calls("123", "c-2", said=LONG + " Bye.")),
    )
    looked = submission_module.hold_known

    def another_is_faster(*given: Any) -> Any:
        found = looked(*given)
        monkeypatch.setattr(submission_module, "hold_known", looked)
        begin(ledger, first)
        return found

    monkeypatch.setattr(submission_module, "hold_known", another_is_faster)
    submission = begin(ledger, second)
    assert submission.counts()["queued"] == 1
    assert second.rows(status="held") == [2]
    assert first.counts()["queued"] == 2


@pytest.mark.parametrize("rows", [[2], None], ids=["call", "batch"])
@pytest.mark.parametrize(("sent", "again"), [("00123", "123"), ("00123", "123.0"), ("123", "00123")])
def test_a_call_that_was_forgotten_is_known_under_another_id(
    ledger: reddy.Ledger,
    sandbox: reddy.Sandbox,
    client: reddy.Client,
    sent: str,
    again: str,
    rows: list[int] | None,
) -> None:
    first = load(ledger, calls(sent), "march")
    reddy.submit(first, client, progress=False)
    ledger.forget(first, rows, who="ann")
    second = load(ledger, calls(again, "x-1", start=1_700_000_500, said=LONG + " Bye."))
    with pytest.warns(UserWarning, match="under another id"):
        reddy.submit(second, client, progress=False)
    assert second.rows(status="held") == [2]
    assert len(sandbox.payloads) == 2
    (found,) = [one for one in second.findings_of(2) if one.code == OTHER_ID]
    assert "None" not in found.message
    assert "was forgotten since" in found.message


EDITED: dict[str, Callable[[reddy.Batch], object]] = {
    "words": lambda batch: batch.apply(Replace(find="My bill", by="The bill")),
    "words in two steps": lambda batch: (
        batch.update([2], product_id=2),
        batch.apply(Replace(find="My bill", by="The bill")),
        batch.apply(Replace(find="Thank you", by="Thanks")),
    ),
    "start": lambda batch: batch.apply(ShiftTimes(seconds=3600)),
    "agent": lambda batch: batch.update([2], agent_email="bo@example.com"),
}


@pytest.mark.parametrize("edited", EDITED)
def test_a_call_that_was_edited_before_it_was_sent_is_known_as_it_was_loaded(
    ledger: reddy.Ledger, sandbox: reddy.Sandbox, client: reddy.Client, edited: str
) -> None:
    first = load(ledger, calls("a-1"), "march")
    EDITED[edited](first)
    reddy.submit(first, client, progress=False)
    second = load(ledger, calls("b-7"))
    with pytest.raises(SubmissionError, match="under another id"):
        reddy.submit(second, client, progress=False)
    (found,) = [one for one in second.findings_of(2) if one.code == OTHER_ID]
    assert "Row 2 of 'march' was sent on" in found.message
    second.accept([2], OTHER_ID, who="ann")
    reddy.submit(second, client, rows=[2], progress=False)
    assert len(sandbox.payloads) == 2


def test_what_is_known_of_its_words_is_forgotten_with_it(
    ledger: reddy.Ledger, sandbox: reddy.Sandbox, client: reddy.Client
) -> None:
    first = load(ledger, calls("a-1"), "march")
    EDITED["words"](first)
    reddy.submit(first, client, progress=False)
    ledger.forget(first)
    with ledger.read() as connection:
        assert connection.execute(sa.select(former_keys.c.key)).all() == []


def refused(ledger: reddy.Ledger, batch: reddy.Batch) -> None:
    with pytest.raises(SubmissionError, match="under another id"):
        begin(ledger, batch)


@pytest.mark.parametrize("edited", EDITED)
@pytest.mark.parametrize("sent", [True, False], ids=["sent", "waiting"])
def test_a_call_that_was_edited_before_is_known_as_it_was_loaded_while_it_waits(
    ledger: reddy.Ledger, edited: str, *, sent: bool
) -> None:
    first = load(ledger, calls("a-1"), "march")
    EDITED[edited](first)
    submission = begin(ledger, first)
    if sent:
        deliver(ledger, submission)
    second = load(ledger, calls("b-7"))
    refused(ledger, second)
    (found,) = [one for one in second.findings_of(2) if one.code == OTHER_ID]
    assert f"Row 2 of 'march' {'was sent on' if sent else 'waits to be sent'}" in found.message


@pytest.mark.parametrize("first_too", [False, True], ids=["one edited", "both edited"])
@pytest.mark.parametrize("edited", EDITED)
@pytest.mark.parametrize("sent", [True, False], ids=["sent", "waiting"])
def test_a_call_that_was_edited_equals_a_call_that_was_sent_as_it_was_loaded(
    ledger: reddy.Ledger, edited: str, *, sent: bool, first_too: bool
) -> None:
    first = load(ledger, calls("b-7"), "march")
    if first_too:
        first.apply(Replace(find="I will mend it", by="I mend it"))
    submission = begin(ledger, first)
    if sent:
        deliver(ledger, submission)
    second = load(ledger, calls("a-1"))
    EDITED[edited](second)
    refused(ledger, second)
    second.accept([2], OTHER_ID, who="ann")
    assert begin(ledger, second).counts()["queued"] == 1


SAME = LONG.replace("{}", "again")


@pytest.mark.parametrize("edited", [[2], [3], [2, 3]], ids=str)
@pytest.mark.parametrize("apart", [None, True, False], ids=["at once", "after it was sent", "while it waits"])
def test_a_call_that_is_twice_in_one_sheet_is_sent_once_if_it_was_edited(
    ledger: reddy.Ledger, edited: list[int], *, apart: bool | None
) -> None:
    batch = load(ledger, calls("a-1", "b-7", said=SAME).assign(timestamp=1_700_000_017))
    for row in edited:
        batch.apply(Replace(find="My bill", by=f"Bill {row}"), rows=[row])
    if apart is None:
        assert begin(ledger, batch).counts()["queued"] == 1
    else:
        submission = create(ledger, batch.id, address="sandbox", token_source="notebook", rows=[2])
        if apart:
            deliver(ledger, submission)
        refused(ledger, batch)
    assert batch.rows(status="held", code=OTHER_ID) == [3]


def test_rows_of_one_sheet_that_are_named_in_many_parts_are_compared(
    ledger: reddy.Ledger,
) -> None:
    said = [SAME, LONG.format("x"), SAME]
    batch = load(
        ledger,
        calls("a-1", "b-7", "c-9", "d-3").assign(
            transcript=[*said, LONG.format("x")], timestamp=[1_700_000_000 + at for at in (17, 18, 17, 18)]
        ),
    )
    batch.apply(Replace(find="My bill", by="The bill"), rows=[2])
    parts = [sa.and_(*sendable(batch.id, [row])) for row in (2, 3, 4, 5)]
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "GROUP BY" in statement and "words_digest" in statement:
            asked.append(statement)

    sa.event.listen(ledger.engine, "before_cursor_execute", note)
    assert hold_other_ids(ledger, parts, "sandbox") == [4, 5]
    sa.event.remove(ledger.engine, "before_cursor_execute", note)
    assert len(asked) == 1  # not once a part: it reads the whole batch


def test_calls_that_were_shifted_together_are_not_taken_for_each_other(ledger: reddy.Ledger) -> None:
    batch = load(ledger, calls("t-1", "t-2", "t-3", said=SAME))  # a second apart
    batch.apply(ShiftTimes(seconds=1))  # each starts now when the next one was said to start
    deliver(ledger, create(ledger, batch.id, address="sandbox", token_source="notebook", rows=[2]))
    assert begin(ledger, batch).counts()["queued"] == 2


def test_a_voicemail_that_was_edited_is_told_apart_by_its_id(ledger: reddy.Ledger) -> None:
    voicemail = "Agent: Please leave a message.\nCustomer: Please call me back."
    deliver(ledger, begin(ledger, load(ledger, calls("v-1", start=1_700_000_040, said=voicemail))))
    second = load(ledger, calls("v-2", start=1_700_000_040, said=voicemail))
    second.apply(ShiftTimes(seconds=7))
    assert begin(ledger, second).counts()["queued"] == 1
