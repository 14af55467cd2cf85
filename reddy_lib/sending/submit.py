"""`submit`: send calls from a notebook or script, in this process, with the same loop as the app.

`upload_recordings` continues with recordings whose upload was cut off.
"""

from __future__ import annotations

import random
import sys
import threading
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from reddy_lib.api import Client
from reddy_lib.arguments import instance, text, whole_number
from reddy_lib.batches.batch import Batch
from reddy_lib.batches.renamed_products import RENAMED
from reddy_lib.database.database import Database
from reddy_lib.database.sandbox_urls import ledger_address
from reddy_lib.errors import LedgerRestored, PersonalDataAsked, SubmissionError
from reddy_lib.interrupts import again as next_step
from reddy_lib.interrupts import one_line
from reddy_lib.personal_data import KINDS
from reddy_lib.plurals import agreeing
from reddy_lib.progress_bars import progress_bar
from reddy_lib.recordings.upload_queue import claim_of_batch, left_in_batch, store_bytes_sent
from reddy_lib.sending import other_ids
from reddy_lib.sending.content_conflicts import OTHER_WORDS, not_sent
from reddy_lib.sending.dispatcher import send_chunk
from reddy_lib.sending.lease import Lease
from reddy_lib.sending.personal_policy import PersonalRule, answer_personal_data
from reddy_lib.sending.ramp_up import end_ramp
from reddy_lib.sending.resend import reason_of, resendable
from reddy_lib.sending.restored import check, restored
from reddy_lib.sending.slots import Slots
from reddy_lib.sending.spot_checks import put_questions, sent_by_others
from reddy_lib.sending.submission import Submission, create, list_submissions, refuse_archived
from reddy_lib.sending.uploads import Put, Uploading, UploadSlots, store_uploaded
from reddy_lib.sending.workers import expire_dead_workers, new_worker, retire_worker

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["A_WHILE", "submit", "upload_recordings"]


MOST_AT_ONCE = 256
"""The number of connections that a client holds."""

_LOOK = 0.1  # seconds between checks for calls still in flight on other workers
_LOOK_FOR_THE_DEAD = 5.0  # seconds between checks for dead workers

A_WHILE = 20.0
"""Seconds for which a click begins uploads, while somebody watches."""


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
    personal_data: PersonalRule | Mapping[str, PersonalRule] | None = None,
    progress: bool = True,
) -> Submission:
    """Send calls of a batch, each once, and wait until every one has an outcome.

    Running it again continues: accepted calls are not sent again, and an interrupted submission is finished first (but
    where `rows` are named, no other row is sent). Interrupting it (the stop button, Ctrl-C) waits for calls in flight.

    Args:
        batch: from `Ledger.load` or `Ledger.batch`.
        client: where to send; its token stays in memory.
        rows: row numbers; None = every ready call. Rejected and failed calls are sent again only if named here.
        concurrency: the most requests in flight at once; fewer where Reddy answers slowly or asks to slow down.
        ramp: send one call, then five, then all, and pause where one of the first is refused. None = only where no
            call of this mapping was ever accepted at this address, and more than those six are to be sent.
        who: who sends, for the record.
        again: why calls that were accepted before are sent once more (Reddy may grade them twice); needs `rows`, and
            is stored for good. The same reason sends a call again once, however often the cell is run.
        personal_data: what the address gets of kinds of personal data that its rules ask about, for this batch from now
            on: kind → "mask", "hold" or "allow", or one of these for all kinds (see `reddy.personal_policy`).
        progress: show a progress bar.

    Returns: the submission; `.outcomes()` is a DataFrame, `.counts()` sums to the calls chosen.

    Raises:
        TypeError, ValueError: an argument cannot be used; nothing was written.
        NotInLedger: the batch has no call in one of the rows; nothing was written.
        SubmissionError: `rows` is empty, or none of them can be sent and none ever was; or `again` is empty, or no rows
            are named; or an earlier submission that is not finished was started with another token.
        PersonalDataAsked: calls contain personal data, and no one has decided yet whether the address may have it.
        LedgerRestored: the ledger is older than what was sent from it: `reddy.check_restored` first.
        LedgerUnavailable: the ledger cannot be written.
        Interrupted: it was stopped by hand (a `KeyboardInterrupt`), and the calls in flight are recorded.
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
    if personal_data is not None:
        answers = dict.fromkeys(KINDS, personal_data) if isinstance(personal_data, str) else personal_data
        instance(
            answers, Mapping, "personal_data", '"mask", "hold" or "allow", or a dict such as {"card": "mask"}'
        )
        answer_personal_data(batch, client, answers, who=who)
    with _for_a_notebook(batch.database):
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
    refuse_archived(database, batch.id)
    expire_dead_workers(database)
    check(database)
    interrupted = _unfinished(batch, address, wanted)
    if interrupted is not None:
        _same_credential(interrupted, client)
        if ramp is False:
            end_ramp(database, interrupted.id)
        _go_on(interrupted, client, concurrency, progress=progress)
        wanted = batch.rows(rows=wanted, status="ready")  # those that became ready since
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
            _warn_of_conflicts(batch, wanted)
    except LedgerRestored:
        raise
    except PersonalDataAsked as error:
        raise PersonalDataAsked(f"{error} {_how_to_answer(error.rows)}", error.rows) from None
    except SubmissionError:
        joined = _unfinished(batch, address, wanted)
        if joined is not None:  # another notebook was a moment faster: send the same submission
            _same_credential(joined, client)
            _go_on(joined, client, concurrency, progress=progress)
            return joined
        earlier = [
            found for found in list_submissions(database, batch.id) if found.record().address == address
        ]
        settled = batch.count(rows=wanted, status=["accepted", "skipped"])
        if not earlier or (wanted is not None and settled < len(wanted)):
            raise
        return earlier[0]  # everything was sent already: running the cell again shows the same
    _send(submission, client, Slots(concurrency), progress=progress)
    return submission


def _how_to_answer(rows: Mapping[str, list[int]]) -> str:
    """Return what to write in a notebook."""
    kind = next(iter(rows))
    return (
        f'In a notebook: reddy.submit(batch, client, personal_data={{"{kind}": "mask"}}), with "mask", "hold" or "allow" '
        'for each kind, or one of these for all: personal_data="mask".'
    )


def _warn_of_conflicts(batch: Batch, wanted: list[int] | None) -> None:
    """Warn of calls that are held because Reddy has their conversations with other words, or under another id, or because
    the id of their product has another name now."""
    for code, told in (
        (OTHER_WORDS, not_sent),
        (other_ids.OTHER_ID, other_ids.not_sent),
        (RENAMED, other_ids.renamed_not_sent),
    ):
        asked = batch.rows(code=code, status="held")
        asked = [row for row in asked if wanted is None or row in set(wanted)]
        if asked:
            warnings.warn(told(asked), stacklevel=3)


@one_line(_plain_line)
def upload_recordings(
    batch: Batch,
    client: Client,
    *,
    concurrency: int = 4,
    patience: float = float("inf"),
    progress: bool = True,
) -> pd.DataFrame:
    """Upload the recordings of accepted calls that still wait, where their upload address has not expired.

    `submit` uploads by itself; this is for recordings that a cancelled or interrupted submission has left. No call is
    sent. Interrupting it cuts off uploads under way, which wait again.

    Args:
        batch: the calls' batch.
        client: of the connection that the calls were sent to; its token is not used.
        concurrency: the most uploads at once.
        patience: seconds after which no further upload is started; by default they are tried until their addresses
            expire.
        progress: show a progress bar.

    Returns: `batch.recordings()`, where each one that is not `uploaded` says why.

    Raises:
        SubmissionError: Reddy gave addresses on a host that is not allowed yet.
        LedgerUnavailable: the ledger cannot be written.
    """
    _usable(batch, client)
    concurrency = whole_number(concurrency, "concurrency", least=1, most=MOST_AT_ONCE)
    database = batch.database
    database.require("send")
    expire_dead_workers(database)
    addresses = {ledger_address(database, client.base_url)}
    worker = new_worker(database, kind="notebook")
    lease = Lease(database, worker)
    slots = UploadSlots(concurrency)
    came_back: SimpleQueue[Put] = SimpleQueue()
    uploading = Uploading(database, client, concurrency, came_back.put, chance=random.random)
    hosts: list[str] = []
    end = time.monotonic() + patience

    try:
        with (
            one_line(partial(_uploads_interrupted, batch)),
            progress_bar(shown=progress, desc="Uploading", unit=" recordings") as bar,
            uploading,
        ):
            while True:
                lease.keep()
                wanted = slots.acquire(now=time.monotonic()) if time.monotonic() < end else 0
                claimed = []
                if wanted:
                    claimed = claim_of_batch(
                        database, batch.id, worker, addresses=addresses, want=wanted, now=time.time()
                    )
                slots.release(wanted - len(claimed))
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
                    slots.learn(put, now=time.monotonic())
                    slots.release(1)
                    store_uploaded(database, [uploading.ended(put)], worker)
                    bar.update(put.uploaded.outcome == "uploaded")
                if sent := uploading.sent():
                    store_bytes_sent(database, worker, sent)
    finally:
        retire_worker(database, worker)  # uploads that were cut off wait again
    if hosts:
        raise SubmissionError(_ALLOW_HOSTS.format(", ".join(hosts)))
    return batch.recordings()


def _uploads_interrupted(batch: Batch) -> str:
    states = batch.recordings()["state"]
    done, left = (states == "uploaded").sum(), states.isin(["waiting", "sending"]).sum()
    return (
        f"Interrupted: {agreeing(int(done), 'recording is', 'recordings are')} uploaded, "
        f"{agreeing(int(left), 'waits', 'wait')}. {next_step()}"
    )


_ALLOW_HOSTS = (
    "Reddy gave addresses at {} for recordings, on a host not used before. No recording was sent there. If that is "
    "right: reddy_lib.recordings.upload_hosts.allow_host(ledger, address, host), then again."
)


@contextmanager
def _for_a_notebook(database: Database) -> Iterator[None]:
    """Raise LedgerRestored with what to do in a notebook, also where a restore is noticed while calls are sent."""
    with suppress(LedgerRestored):  # raised below
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
        pass  # another notebook has finished it just now
    _send(submission, client, Slots(concurrency, resumed=True), progress=progress)


def _send(submission: Submission, client: Client, slots: Slots, *, progress: bool) -> None:
    database = submission.database
    worker = new_worker(database, kind="notebook")
    lease = Lease(database, worker)
    stop = threading.Event()
    counts = submission.counts()
    bar = progress_bar(
        shown=progress,
        total=sum(counts.values()),
        initial=sum(counts.values()) - counts["queued"],
        desc="Submitting",
        unit=" calls",
    )
    # In its own thread, so that Ctrl-C interrupts only the waiting.
    work: Future[str] = Future()

    def send() -> None:
        try:
            state = "running"
            others = True
            while others and not stop.is_set():
                state = send_chunk(
                    database,
                    submission.id,
                    None,
                    client,
                    worker,
                    slots,
                    stop=stop,
                    on_results=partial(_show_results, bar),
                    on_hold=partial(_show_hold, bar),
                    lease=lease,
                )
                # One that another worker could not send is queued again, and that worker may have been stopped.
                others = _wait_for_others(submission, lease, stop)
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
                work.result()  # a second Ctrl-C ends this too; calls in flight continue in their threads
                raise
    finally:
        if work.done():  # else its calls are in flight, and its heartbeats continue
            retire_worker(database, worker)
    submission.finish_if_settled()


def _wait_for_others(submission: Submission, lease: Lease, stop: threading.Event) -> bool:
    """Wait until no other worker has calls of this submission in flight; return whether one had.

    If that worker dies, its calls become in doubt, so the wait always ends.
    """
    database, waited, next_look = submission.database, False, 0.0
    while not stop.is_set():
        with database.read() as connection:
            if not sent_by_others(connection, submission.id):
                return waited
        waited = True
        lease.keep()
        if time.monotonic() >= next_look:
            next_look = time.monotonic() + _LOOK_FOR_THE_DEAD
            expire_dead_workers(database)
        database.next_moment()
        stop.wait(_LOOK)
    return waited


_WAITING = "Interrupted: waiting for requests in flight. Interrupt again to stop waiting."


def _interrupted(submission: Submission) -> str:
    """Return the progress of an interrupted submission, and what to do."""
    submission.finish_if_settled()
    counts = submission.counts()
    said = ", ".join(
        f"{counts[status]:,} {'to send' if status == 'queued' else 'in flight' if status == 'sending' else status}"
        for status in counts
        if counts[status]
    )
    if counts["sending"]:
        said += (
            "; answers that arrive while this program runs are recorded, and calls without one become unknown"
        )
    return f"Interrupted: {said}. {next_step()}"


def _usable(batch: object, client: object) -> None:
    """Raise for arguments that are no batch or no open client, before anything is written."""
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
    """Raise SubmissionError where a submission was started with another account's token.

    If Reddy refused that token before it accepted a single call, it belongs to no account: the submission takes this
    client's token over.
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
        f"Submission {record.number} was started with the token {begun}, and this client has {here}: its "
        f"{agreeing(counts['queued'], 'call that is', 'calls that are')} left would go to another account. Use a client "
        f"with the first token, or cancel what is left, ledger.submission({submission.id!r}).cancel(), and submit again."
    )


def _show_results(bar: Any, count: int) -> None:
    bar.set_postfix_str("", refresh=False)
    bar.update(count)


def _show_hold(bar: Any, why: str) -> None:
    """Show that nothing is sent for a while: beside the bar, or on its own line without a bar."""
    if bar.disable:
        sys.stderr.write(f"Submitting waits: {why}.\n")
    else:
        bar.set_postfix_str(f"waits: {why}")


def _unfinished(batch: Batch, address: str, wanted: list[int] | None) -> Submission | None:
    """Return a notebook's open submission to this address that has no other rows left than those wanted, or None."""
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
