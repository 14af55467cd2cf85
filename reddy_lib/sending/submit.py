"""`submit`: the same sending as in the app, in this process, for notebooks and scripts. `upload_recordings` goes on
with recordings whose upload was cut off."""

from __future__ import annotations

import random
import sys
import threading
import time
import warnings
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from reddy_lib.api import Client
from reddy_lib.arguments import text, whole_number
from reddy_lib.batches.batch import Batch
from reddy_lib.database.database import Database
from reddy_lib.database.sandbox_urls import ledger_address
from reddy_lib.errors import LedgerRestored, SubmissionError
from reddy_lib.interrupts import again as next_step
from reddy_lib.interrupts import one_line
from reddy_lib.recordings.upload_queue import claim_of_batch, left_in_batch, store_bytes_sent
from reddy_lib.sending.content_conflicts import OTHER_WORDS, not_sent
from reddy_lib.sending.dispatcher import Slots, send_chunk
from reddy_lib.sending.lease import Lease
from reddy_lib.sending.rate_limits import end_ramp
from reddy_lib.sending.resend import reason_of, resendable
from reddy_lib.sending.restored import check, restored
from reddy_lib.sending.spot_checks import put_questions, sent_by_others
from reddy_lib.sending.submission import (
    Submission,
    create,
    give_up_dead_workers,
    list_submissions,
    new_worker,
    retire_worker,
)
from reddy_lib.sending.uploads import Put, Uploading, UploadSlots, store_uploaded

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["A_WHILE", "submit", "upload_recordings"]


MOST_AT_ONCE = 256
"""As many connections as a client holds."""

A_WHILE = 20.0
"""Seconds for which uploads are begun at a click, where somebody looks at the page."""


def _plain_line() -> str:
    return f"Interrupted. {next_step()}"


@one_line(_plain_line)
def submit(
    batch: Batch,
    client: Client,
    rows: Iterable[int] | None = None,
    *,
    concurrency: int = 8,
    ramp: bool | None = None,
    who: str = "",
    again: str | None = None,
    progress: bool = True,
) -> Submission:
    """Send calls of a batch, each once, and wait until every one has an outcome.

    Run it again and it goes on where it was: calls that were accepted are not sent again, a submission that was
    interrupted is finished first (but where `rows` are named, no other row is sent). Interrupting it (the stop
    button, Ctrl-C) waits for what is in flight.

    Args:
        batch: from `Ledger.load` or `Ledger.batch`.
        client: where to send; its token stays in memory.
        rows: row numbers; None = every ready call. Rejected and failed calls are sent again only if named here.
        concurrency: the most requests in flight at once; fewer where Reddy answers slowly or asks to slow down.
        ramp: send one call, then five, then all, and pause where one of the first is refused. None = where no call
            of this mapping was ever accepted at this address, and more than those six are to be sent.
        who: who sends, for the record.
        again: why calls that were accepted before are sent once more (Reddy may grade them twice); needs `rows`, and
            is kept for good. The same reason sends a call again once, however often the cell is run.
        progress: show a progress bar.

    Returns: the submission; `.outcomes()` is a DataFrame, `.counts()` sums to the calls chosen.

    Raises:
        TypeError, ValueError: an argument cannot be used; nothing was written.
        NotInLedger: the batch has no call in one of the rows; nothing was written.
        SubmissionError: `rows` is empty, or none of them can be sent and none ever was; or `again` says nothing, or
            names no rows; or what is left of an earlier submission was begun with another token.
        LedgerRestored: the ledger is older than what was sent from it: `reddy.check_restored` first.
        LedgerUnavailable: the ledger cannot be written.
        Interrupted: it was stopped by hand (a `KeyboardInterrupt`), and what was in flight is recorded.
    """
    _usable(batch, client)
    batch.database.require("send")
    concurrency = whole_number(concurrency, "concurrency", least=1, most=MOST_AT_ONCE)
    who = text(who, "who")
    if ramp not in (None, True, False):
        raise TypeError("ramp must be True, False or None.")
    rows = None if rows is None else batch.these_rows(rows)
    if again is not None:
        reason_of(text(again, "again"), rows)
    if rows is not None and not rows:
        raise SubmissionError(
            "Nothing was sent: rows is empty, so no call was chosen. Without rows, every ready call is sent."
        )
    with _said_to_a_notebook(batch.database):
        return _submit(
            batch,
            client,
            rows,
            concurrency=concurrency,
            ramp=ramp,
            who=who,
            again=again,
            progress=progress,
        )


def _submit(
    batch: Batch,
    client: Client,
    rows: list[int] | None,
    *,
    concurrency: int,
    ramp: bool | None,
    who: str,
    again: str | None,
    progress: bool,
) -> Submission:
    database, address = batch.database, ledger_address(batch.database, client.base_url)
    wanted = rows
    give_up_dead_workers(database)
    check(database)
    interrupted = _unfinished(batch, address, wanted)
    if interrupted is not None:
        _same_credential(interrupted, client)
        if ramp is False:
            end_ramp(database, interrupted.id)
        _go_on(interrupted, client, concurrency, progress=progress)
        wanted = batch.rows(rows=wanted, status="ready")  # what came to be ready since
        if again is not None:
            wanted = sorted(
                {*wanted, *resendable(database, batch.id, rows or [], address=address, reason=again)}
            )
        if not wanted or interrupted.state != "done":
            return interrupted
    try:
        submission = create(
            database,
            batch.id,
            address=address,
            token_source="notebook",
            token_hint=client.token_hint,
            credential=client.fingerprint(database.identity),
            rows=wanted,
            concurrency=concurrency,
            who=who,
            again=again,
            ramp=ramp,
        )
        if again is None:
            _say_what_is_asked(batch, wanted)
    except LedgerRestored:
        raise
    except SubmissionError:
        joined = _unfinished(batch, address, wanted)
        if joined is not None:  # another notebook was a moment faster: help it
            _same_credential(joined, client)
            _go_on(joined, client, concurrency, progress=progress)
            return joined
        earlier = [
            found for found in list_submissions(database, batch.id) if found.record().address == address
        ]
        settled = batch.count(rows=wanted, status=["accepted", "skipped"])
        if not earlier or (wanted is not None and settled < len(wanted)):
            raise
        return earlier[0]  # everything was sent already: a cell that is run again shows the same
    _send(submission, client, Slots(concurrency), progress=progress)
    return submission


def _say_what_is_asked(batch: Batch, wanted: list[int] | None) -> None:
    """Warn of calls that were held because Reddy has their conversations with other words."""
    asked = batch.rows(code=OTHER_WORDS, status="held")
    asked = [row for row in asked if wanted is None or row in set(wanted)]
    if asked:
        warnings.warn(not_sent(asked), stacklevel=3)


@one_line(_plain_line)
def upload_recordings(
    batch: Batch,
    client: Client,
    *,
    concurrency: int = 4,
    patience: float = float("inf"),
    progress: bool = True,
) -> pd.DataFrame:
    """Upload the recordings of accepted calls that still wait for it and whose address has not run out.

    `submit` uploads by itself; this is for what a cancelled or interrupted submission has left. No call is sent.
    Interrupting it cuts off what is under way, which waits again.

    Args:
        batch: the calls' batch.
        client: of the connection that the calls were sent to; its token takes no part.
        concurrency: the most uploads at once.
        patience: seconds after which none is begun any more, where they fail again and again; by default they are tried
            until their addresses run out.
        progress: show a progress bar.

    Returns: `batch.recordings()`, where each one that is not `uploaded` says why.

    Raises:
        SubmissionError: Reddy gave addresses on a host that is not allowed yet.
        LedgerUnavailable: the ledger cannot be written.
    """
    from tqdm.auto import tqdm

    _usable(batch, client)
    concurrency = whole_number(concurrency, "concurrency", least=1, most=MOST_AT_ONCE)
    database = batch.database
    database.require("send")
    give_up_dead_workers(database)
    addresses = {ledger_address(database, client.base_url)}
    worker = new_worker(database, kind="notebook")
    lease = Lease(database, worker)
    slots = UploadSlots(concurrency)
    came_back: SimpleQueue[Put] = SimpleQueue()
    uploading = Uploading(database, client, concurrency, came_back.put, chance=random.random)
    hosts: list[str] = []
    end = time.monotonic() + patience

    def told() -> str:
        states = batch.recordings()["state"]
        done, left = (states == "uploaded").sum(), states.isin(["waiting", "sending"]).sum()
        return f"Interrupted: {done:,} recordings are uploaded, {left:,} wait. {next_step()}"

    try:
        with (
            one_line(told),
            tqdm(desc="Uploading", unit=" recordings", disable=not progress) as bar,
            uploading,
        ):
            while True:
                lease.keep()
                places = slots.take(now=time.monotonic()) if time.monotonic() < end else 0
                claimed = (
                    claim_of_batch(
                        database, batch.id, worker, addresses=addresses, want=places, now=time.time()
                    )
                    if places
                    else []
                )
                slots.give(places - len(claimed))
                uploading.start(claimed)
                if not uploading.under_way:
                    when, hosts = left_in_batch(database, batch.id, addresses=addresses)
                    if when is None or time.monotonic() >= end:
                        break
                    database.next_moment()
                    time.sleep(min(max(when - time.time(), 0.1), 1.0))
                    continue
                database.next_moment()
                with suppress(Empty):
                    put = came_back.get(timeout=1.0)
                    slots.seen(put, now=time.monotonic())
                    slots.give(1)
                    store_uploaded(database, [uploading.ended(put)], worker)
                    bar.update(put.uploaded.outcome == "uploaded")
                sent = uploading.sent()
                if sent:
                    store_bytes_sent(database, worker, sent)
    finally:
        retire_worker(database, worker)  # what was cut off waits again
    if hosts:
        raise SubmissionError(
            f"Reddy gave addresses at {', '.join(hosts)} for recordings, and not where they went until now: nothing was "
            "sent there. If that is right: reddy_lib.recordings.upload_hosts.allow_host(ledger, address, host), then again."
        )
    return batch.recordings()


@contextmanager
def _said_to_a_notebook(database: Database) -> Iterator[None]:
    """What to do about a restored ledger, in the words of a notebook; also where that is noticed while calls are sent."""
    with suppress(LedgerRestored):  # said below
        yield
    if (standing := restored(database)) is not None:
        raise LedgerRestored(
            f"{standing.words} Nothing was sent since that was noticed. Ask Reddy which calls it has: "
            "reddy.check_restored(ledger, client). Then run this cell again. Or, if you are sure that nothing was sent "
            'since the backup: reddy.trust_restored(ledger, who="your name").'
        )


def _go_on(submission: Submission, client: Client, concurrency: int, *, progress: bool) -> None:
    with submission.database.write(right="send") as connection:
        if not sent_by_others(connection, submission.id):
            put_questions(connection, submission.id)
    try:
        submission.resume()
    except LedgerRestored:
        raise
    except SubmissionError:
        pass  # another notebook has just finished it
    _send(submission, client, Slots(concurrency, resumed=True), progress=progress)


def _send(submission: Submission, client: Client, slots: Slots, *, progress: bool) -> None:
    from tqdm.auto import tqdm

    database = submission.database
    worker = new_worker(database, kind="notebook")
    lease = Lease(database, worker)
    stop = threading.Event()
    counts = submission.counts()
    bar = tqdm(
        total=sum(counts.values()),
        initial=sum(counts.values()) - counts["queued"],
        desc="Submitting",
        unit=" calls",
        disable=not progress,
    )
    # In a thread of its own, so that Ctrl-C interrupts the waiting for it and nothing else.
    work: Future[str] = Future()

    def send() -> None:
        try:
            state = send_chunk(
                database,
                submission.id,
                None,
                client,
                worker,
                slots,
                stop=stop,
                on_results=partial(_results_came, bar),
                on_hold=partial(_waits, bar),
                lease=lease,
            )
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            work.set_exception(error)
        else:
            work.set_result(state)

    threading.Thread(target=send, name="submit", daemon=True).start()
    try:
        with bar, one_line(partial(_interrupted, submission)):
            try:
                work.result()
            except BaseException as error:
                stop.set()
                if isinstance(error, KeyboardInterrupt) and not work.done():
                    bar.write(_WAITING)
                work.result()  # a second Ctrl-C ends this too: what is in flight goes on in its thread
                raise
    finally:
        if work.done():  # else its calls are in flight, and its heartbeat goes on with them
            retire_worker(database, worker)
    submission.finish_if_settled()


_WAITING = "Interrupted: waiting for what is in flight. Interrupt once more to not wait."


def _interrupted(submission: Submission) -> str:
    """Return how far an interrupted submission is, and what to do."""
    submission.finish_if_settled()
    counts = submission.counts()
    said = ", ".join(
        f"{counts[status]:,} {'to send' if status == 'queued' else 'in flight' if status == 'sending' else status}"
        for status in counts
        if counts[status]
    )
    if counts["sending"]:
        said += "; the answers to those in flight are recorded if they come while this program runs, else they are in doubt"
    return f"Interrupted: {said}. {next_step()}"


def _usable(batch: object, client: object) -> None:
    """Refuse what is no batch and no open client, before anything is written."""
    if not isinstance(batch, Batch):
        raise TypeError(
            f"The first argument must be a batch, as ledger.load and ledger.batch return it, not {type(batch).__name__}."
        )
    if not isinstance(client, Client):
        raise TypeError(
            f"The second argument must be a client, such as reddy.Client(), not {type(client).__name__}."
        )
    if client.closed:
        raise ValueError("The client is closed: make a new one, reddy.Client().")


def _same_credential(submission: Submission, client: Client) -> None:
    """Refuse to go on with another account's submission.

    A token that Reddy refused before it took a single call is no account's: the submission goes over to this one.

    Raises SubmissionError.
    """
    record, mine = submission.record(), client.fingerprint(submission.database.identity)
    if record.credential in (None, mine):
        return
    counts = submission.counts()
    if record.state == "paused" and counts["queued"] + counts["skipped"] == sum(counts.values()):
        submission.resume(token_source="notebook", token_hint=client.token_hint, credential=mine)
        return
    begun, here = (hint or "that is too short to show" for hint in (record.token_hint, client.token_hint))
    raise SubmissionError(
        f"Submission {record.number} was begun with the token {begun}, and this client has {here}: its "
        f"{counts['queued']:,} calls that are left would go to another account. Use a client with the first token, or "
        f"cancel what is left, ledger.submission({submission.id!r}).cancel(), and submit again."
    )


def _results_came(bar: Any, count: int) -> None:
    bar.set_postfix_str("", refresh=False)
    bar.update(count)


def _waits(bar: Any, why: str) -> None:
    """Say that nothing is sent for a while: beside the bar, or in a line where there is none."""
    if bar.disable:
        sys.stderr.write(f"Submitting waits: {why}.\n")
    else:
        bar.set_postfix_str(f"waits: {why}")


def _unfinished(batch: Batch, address: str, wanted: list[int] | None) -> Submission | None:
    """A notebook's submission to this address that still has something to do, and nothing but what is wanted."""
    for found in list_submissions(batch.database, batch.id):
        record = found.record()
        if (
            record.address == address
            and record.token_source == "notebook"
            and record.state in ("running", "paused")
        ):
            queued = batch.rows(submission=found.id, status="queued")
            if wanted is None or set(queued) <= set(wanted):
                return found
    return None
