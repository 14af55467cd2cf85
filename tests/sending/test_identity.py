"""One server under two spellings, and one conversation in two, are one: nothing is sent twice, nothing is lost."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import reddy_lib as reddy
from reddy_lib.batches.edits import with_field
from reddy_lib.database.identity_migration import identify
from reddy_lib.errors import SubmissionError
from reddy_lib.sandbox.faults import Fault
from reddy_lib.sending.content_conflicts import OTHER_WORDS
from reddy_lib.sending.doubts import settle
from reddy_lib.sending.overview import preview
from reddy_lib.sending.submission import create
from tests.conftest import PRODUCTS

Sheet = Callable[..., Path]
AGENT = "ann@cedarline.example"


def load(ledger: reddy.Ledger, path: Path) -> reddy.Batch:
    return ledger.load(path, products=PRODUCTS, progress=False)


def said(text: str) -> str:
    return json.dumps([{"role": "agent", "text": text}, {"role": "customer", "text": "I lost my card."}])


def send(batch: reddy.Batch, url: str, token: str, **how: Any) -> reddy.Submission:
    with reddy.Client(token, base_url=url) as client:
        return reddy.submit(batch, client, progress=False, **how)


def test_a_second_spelling_of_the_address_sends_nothing_again(ledger: reddy.Ledger, sheet: Sheet) -> None:
    with reddy.Sandbox() as sandbox:
        send(load(ledger, sheet(3)), sandbox.url, sandbox.token)
        port = sandbox.url.rpartition(":")[2]
        for spelled in (f"HTTP://127.0.0.1.:{port}//", f"http://LocalHost:0{port}/x/.."):
            again = send(load(ledger, sheet(3)), spelled, sandbox.token)
            assert again.counts()["skipped"] == 3
        assert len(sandbox.received) == 3


@pytest.mark.parametrize(
    "written", ["cafe\u0301-1", "café-1\u200b", "\ufeffcafé-\uff11", "caf\u00adé-1\u00a0"]
)
def test_an_id_that_looks_the_same_is_the_same_conversation(
    ledger: reddy.Ledger, sheet: Sheet, written: str
) -> None:
    with reddy.Sandbox() as sandbox:
        send(load(ledger, sheet(1, {2: {"Conversation ID": "café-1"}})), sandbox.url, sandbox.token)
        second = load(ledger, sheet(1, {2: {"Conversation ID": written}}))
        assert send(second, sandbox.url, sandbox.token).counts()["skipped"] == 1
        assert len(sandbox.received) == 1


def test_the_same_id_with_other_words_is_asked_about_and_neither_sent_nor_skipped(
    ledger: reddy.Ledger, sheet: Sheet
) -> None:
    with reddy.Sandbox() as sandbox:
        send(load(ledger, sheet(2)), sandbox.url, sandbox.token)
        second = load(ledger, sheet(2, {3: {"Transcript": said("Good evening, a call of its own.")}}))
        plan = preview(ledger, second.id, address=sandbox.url)
        assert (plan["asked"], plan["skipped"], plan["to_send"], plan["chosen"]) == (1, 1, 0, 2)
        with pytest.warns(UserWarning, match="Not sent: row 3"):
            assert send(second, sandbox.url, sandbox.token).counts()["skipped"] == 1
        assert second.counts()["held"] == 1
        found = second.findings()
        assert found[found["code"] == OTHER_WORDS]["message"].str.contains("accepted on").all()
        with pytest.raises(SubmissionError):
            send(second, sandbox.url, sandbox.token, rows=[3])
        assert len(sandbox.received) == 2


def test_a_call_that_is_said_to_be_the_same_is_skipped(ledger: reddy.Ledger, sheet: Sheet) -> None:
    with reddy.Sandbox() as sandbox:
        send(load(ledger, sheet(1)), sandbox.url, sandbox.token)
        second = load(ledger, sheet(1, {2: {"Transcript": said("Good morning, call one, corrected.")}}))
        with pytest.raises(SubmissionError, match="Not sent: row 2"):
            send(second, sandbox.url, sandbox.token)
        assert second.counts()["held"] == 1
        second.accept(2, OTHER_WORDS)
        assert second.counts()["ready"] == 1
        assert send(second, sandbox.url, sandbox.token).counts()["skipped"] == 1
        resent = send(second, sandbox.url, sandbox.token, rows=[2], again="The transcript was corrected.")
        assert resent.counts()["accepted"] == 1
        assert len(sandbox.received) == 2
        third = load(ledger, sheet(1, {2: {"Transcript": said("Good morning, call one, corrected.")}}))
        assert send(third, sandbox.url, sandbox.token).counts()["skipped"] == 1


def test_a_call_that_gets_an_id_of_its_own_is_sent(ledger: reddy.Ledger, sheet: Sheet) -> None:
    with reddy.Sandbox() as sandbox:
        send(load(ledger, sheet(1)), sandbox.url, sandbox.token)
        second = load(ledger, sheet(1, {2: {"Transcript": said("Another call altogether.")}}))
        with pytest.raises(SubmissionError):
            send(second, sandbox.url, sandbox.token)
        second.replace(2, with_field(second.call(2), "conversation_id", None))
        assert send(second, sandbox.url, sandbox.token).counts()["accepted"] == 1
        assert len(sandbox.received) == 2


def test_other_times_lines_and_tags_are_the_same_call(ledger: reddy.Ledger, sheet: Sheet) -> None:
    with reddy.Sandbox() as sandbox:
        send(load(ledger, sheet(1)), sandbox.url, sandbox.token)
        cut = json.dumps(
            [
                {"role": "agent", "text": "Good morning,"},
                {"role": "agent", "text": "call 1.  "},
                {"role": "customer", "text": "I lost my card."},
            ]
        )
        changes = {2: {"Transcript": cut, "CSAT": "9", "Start": "2026-03-02T11:00:00Z"}}
        second = load(ledger, sheet(1, changes))
        assert send(second, sandbox.url, sandbox.token).counts()["skipped"] == 1


def make_old(ledger: reddy.Ledger, moves: list[tuple[str, dict[str, Any]]]) -> None:
    """Take a ledger back to before calls had an identity of their own, and change it with these statements."""
    with ledger.write() as connection:
        for table in ("calls", "deliveries", "resends"):
            connection.execute(sa.text(f"ALTER TABLE {table} DROP COLUMN words_digest"))
        for statement, values in moves:
            connection.execute(sa.text(statement), values)


def brought_up_to_date(ledger: reddy.Ledger) -> None:
    with ledger.write() as connection:
        identify(connection)


def test_an_older_ledger_learns_who_is_who_and_nothing_that_reddy_has_is_forgotten(
    ledger: reddy.Ledger, sheet: Sheet
) -> None:
    with reddy.Sandbox() as sandbox:
        batch = load(ledger, sheet(3))
        send(batch, sandbox.url, sandbox.token)
        port = sandbox.url.rpartition(":")[2]
        old, other = f"HTTP://LOCALHOST:{port}", sandbox.url
        make_old(
            ledger,
            [
                ("UPDATE submissions SET address = :a", {"a": old}),
                ("UPDATE deliveries SET address = :a, upload_id = 77", {"a": old}),
                (
                    "INSERT INTO deliveries (address, key, call_id, submission_id, state, at) "
                    "SELECT :b, key, call_id, submission_id, 'unknown', at FROM deliveries WHERE address = :a",
                    {"a": old, "b": other},
                ),
                (
                    "INSERT INTO paces (address, most_at_once, create_idempotent, not_before, why) "
                    "VALUES (:a, 3, true, 0, ''), (:b, 5, false, 9, 'asked')",
                    {"a": old, "b": other},
                ),
                (
                    "INSERT INTO upload_hosts (address, host, allowed, who, seen_at) "
                    "VALUES (:a, 'h.example', false, '', 2), (:b, 'h.example', true, '', 1)",
                    {"a": old, "b": other},
                ),
                ("UPDATE deliveries SET key = 'k' || call_id", {}),
                ("UPDATE calls SET delivery_key = 'k' || id", {}),
            ],
        )
        brought_up_to_date(ledger)
        with ledger.read() as connection:
            kept = connection.execute(sa.text("SELECT * FROM deliveries ORDER BY call_id")).all()
            assert [(one.address, one.state, one.upload_id) for one in kept] == [(other, "accepted", 77)] * 3
            paces = connection.execute(sa.text("SELECT * FROM paces")).one()
            assert (paces.address, paces.most_at_once, bool(paces.create_idempotent)) == (other, 3, False)
            assert paces.not_before == 9
            hosts = connection.execute(sa.text("SELECT * FROM upload_hosts")).one()
            assert (hosts.address, bool(hosts.allowed)) == (other, False)
            assert connection.execute(sa.text("SELECT address FROM submissions")).scalars().all() == [other]
        changed = load(ledger, sheet(3, {3: {"Transcript": said("Other words.")}}))
        with pytest.warns(UserWarning, match="Not sent: row 3"):
            assert send(changed, sandbox.url, sandbox.token).counts()["skipped"] == 2
        assert changed.counts()["held"] == 1
        assert len(sandbox.received) == 3


def test_an_older_ledger_compares_ids_without_regard_to_their_dashes(
    ledger: reddy.Ledger, sheet: Sheet
) -> None:
    with reddy.Sandbox() as sandbox:
        batch = load(ledger, sheet(1, {2: {"Conversation ID": "c\u20111"}}))
        send(batch, sandbox.url, sandbox.token)
        older = hashlib.sha256(f"c\u20111\x1f{AGENT}".encode()).hexdigest()[:40]
        moves = ["UPDATE calls SET delivery_key = :k", "UPDATE deliveries SET key = :k"]
        make_old(ledger, [(each, {"k": older}) for each in moves])
        brought_up_to_date(ledger)
        again = load(ledger, sheet(1, {2: {"Conversation ID": "c-1"}}))
        assert send(again, sandbox.url, sandbox.token).counts()["skipped"] == 1
        other = load(ledger, sheet(1, {2: {"Conversation ID": "c–1", "Transcript": said("Other words.")}}))
        with pytest.raises(SubmissionError):
            send(other, sandbox.url, sandbox.token)
        assert other.counts()["held"] == 1
        assert len(sandbox.received) == 1


def test_a_submission_is_kept_under_the_one_spelling(ledger: reddy.Ledger, sheet: Sheet) -> None:
    batch = load(ledger, sheet(1))
    made = create(ledger, batch.id, address="HTTPS://App.Reddy.io:443/", token_source="typed")
    assert made.record().address == "https://app.reddy.io"
    assert time.time() >= made.record().created_at


def test_two_spellings_of_one_conversation_in_doubt_are_both_in_doubt_after_the_migration(
    ledger: reddy.Ledger, sheet: Sheet
) -> None:
    with reddy.Sandbox() as sandbox, reddy.Client(sandbox.token, base_url=sandbox.url) as client:
        sandbox.faults.add(Fault(kind="hang-up", times=2, processed=True))
        batch = load(ledger, sheet(2, {3: {"Agent Email": AGENT}}))
        reddy.submit(batch, client, concurrency=1, progress=False)
        assert batch.counts()["unknown"] == 2
        spelled = [
            ("UPDATE calls SET payload = replace(payload, 'conv-2', 'conv-1')", {}),
            ("UPDATE calls SET delivery_key = 'k' || id", {}),
            ("UPDATE deliveries SET key = 'k' || call_id", {}),
        ]
        make_old(ledger, spelled)
        brought_up_to_date(ledger)
        assert batch.counts()["unknown"] == 2
        settle(batch, [2], there=False, how="by hand")
        settled = reddy.submit(batch, client, rows=[2], progress=False)
        assert settled.counts()["accepted"] == 0, "the other spelling may have arrived"
        assert len(sandbox.received) == 2
        settle(batch, [3], there=False, how="by hand")
        assert batch.counts()["unknown"] == 0
        assert len(sandbox.received) == 2


def test_calls_under_a_changed_key_are_moved_by_a_fixed_number_of_statements(
    ledger: reddy.Ledger, sheet: Sheet
) -> None:
    """One statement a key made 100,000 of them, each a walk through a table."""

    def statements(count: int) -> int:
        batch = load(ledger, sheet(count))
        with ledger.write() as connection:
            connection.execute(
                sa.text(
                    "INSERT INTO deliveries (address, key, call_id, submission_id, state, at) "
                    "SELECT :b, 'k' || id, id, 's', 'accepted', 1 FROM calls WHERE batch_id = :b"
                ),
                {"b": batch.id},
            )
            connection.execute(
                sa.text("UPDATE calls SET delivery_key = 'k' || id WHERE batch_id = :b"), {"b": batch.id}
            )
            executed: list[str] = []
            sa.event.listen(connection, "before_cursor_execute", lambda *seen: executed.append(str(seen[2])))
            identify(connection)
            moved = connection.execute(
                sa.text(
                    "SELECT count(*) FROM deliveries JOIN calls ON calls.id = deliveries.call_id "
                    "AND calls.delivery_key = deliveries.key WHERE address = :b"
                ),
                {"b": batch.id},
            ).scalar_one()
        assert moved == count
        return len(executed)

    few = statements(4)
    assert statements(40) <= few + 1, "one more for the calls of before, whose key stays"
