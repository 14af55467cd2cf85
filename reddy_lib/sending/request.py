"""One HTTP request for one claimed call, and what its outcome is."""

from __future__ import annotations

import time
from collections.abc import Callable

from reddy_lib.api import Client, Receipt, only_while
from reddy_lib.database.conditions import LONGEST_WAIT
from reddy_lib.database.database import Database
from reddy_lib.errors import APIError, Doubtful, RecordingNotFound, RecordingRefused, RecordingUnusable
from reddy_lib.recordings.attachments import Recorded, open_recording
from reddy_lib.sending.claims import Claim
from reddy_lib.sending.progress import duration
from reddy_lib.sending.results import Attempt
from reddy_lib.sending.retry_policy import Decision, decide
from reddy_lib.sending.upload_urls import LEAVES_THE_SANDBOX, where_to

__all__ = ["asked_for", "held_back", "judge", "send_claim"]


def send_claim(
    database: Database,
    client: Client,
    claim: Claim,
    may_send: Callable[[], bool],
    *,
    clock: Callable[[], float] = time.time,
) -> Attempt:
    """Send one call and return the attempt, not judged yet. It never raises, because it runs in its own thread.

    The body is the claim's payload, byte for byte.

    Args:
        may_send: asked right before the first byte leaves.
    """
    started, ticks = clock(), time.perf_counter()
    receipt: Receipt | None = None
    failure: APIError | None = None
    try:
        if claim.recording is not None:
            _require_recording(database, claim.recording)
        with only_while(may_send):
            receipt = client.create_call(claim.payload)
    except APIError as refused:
        failure = refused
    except Exception as broken:  # noqa: BLE001 - a bug of ours must not take the other answers with it
        failure = Doubtful(
            f"The workbench failed while it was sending this call ({type(broken).__name__}): "
            "it may or may not have reached Reddy."
        )
    attempt = Attempt(
        claim=claim,
        started=started,
        ended=clock(),
        seconds=time.perf_counter() - ticks,
        failure=failure,
        possibly_processed=failure is None or failure.possibly_processed,
        http_status=200 if failure is None else failure.status,
        words=None if failure is None else failure.server_message,
    )
    answer = receipt if failure is None else failure
    attempt.request_id = None if answer is None else answer.request_id
    if receipt is not None:
        _take_receipt(attempt, receipt, client)
    return attempt


def _take_receipt(attempt: Attempt, receipt: Receipt, client: Client) -> None:
    """Copy Reddy's receipt into the attempt."""
    number = receipt.upload_id
    # A number that no database can store is left out: the call was accepted all the same.
    attempt.upload_id = number if number is not None and abs(number) < 2**63 else None
    attempt.expires_at = receipt.expires_at
    if attempt.claim.recording is not None:
        try:
            attempt.host, attempt.upload_problem = where_to(receipt.upload_url, client.base_url)
            if receipt.upload_url and not client.may_upload_to(receipt.upload_url):
                attempt.host, attempt.upload_problem = None, LEAVES_THE_SANDBOX
        except Exception as broken:  # noqa: BLE001 - the call was accepted, whatever is wrong with the address
            attempt.upload_problem = (
                f"The address that Reddy gave for the recording cannot be read ({type(broken).__name__})."
            )
    attempt.upload_url = None if attempt.upload_problem else receipt.upload_url


def _require_recording(database: Database, recording: Recorded) -> None:
    """Raise RecordingUnusable for a recording that could not follow: Reddy would have the call and nothing to grade."""
    try:
        open_recording(database, recording).close()
    except RecordingNotFound as missing:
        words, elsewhere = str(missing), database.url.get_backend_name() != "sqlite"
    except RecordingRefused as changed:
        words, elsewhere = str(changed), False
    except OSError as broken:
        why = broken.strerror or type(broken).__name__
        words, elsewhere = f"The recording {recording.name} cannot be read ({why}).", False
    else:
        return
    raise RecordingUnusable(f"{words} The call was not sent either.", elsewhere=elsewhere)


def held_back(claim: Claim, *, now: float) -> Attempt:
    """Return the attempt of a call that was claimed and whose request was never started: it goes back to the queue."""
    return Attempt(
        claim=claim,
        started=now,
        ended=now,
        seconds=0.0,
        held_back=True,
        words="Not sent: it was claimed just before sending stopped.",
        outcome="again",
    )


def judge(
    attempt: Attempt, *, chance: float, create_idempotent: bool = False, now: float | None = None
) -> Decision:
    """Complete an attempt by the retry policy; return the policy's decision.

    Args:
        now: waiting times begin here; when the attempt ended unless given.
    """
    claim, failure = attempt.claim, attempt.failure
    decision = decide(
        failure,
        tries=claim.tries,
        chance=chance,
        repeat_doubtful=create_idempotent,
        doubted=claim.doubted,
    )
    attempt.outcome = decision.outcome
    attempt.error = _explain(failure, decision)
    attempt.retry_at = (
        (attempt.ended if now is None else now) + decision.wait if decision.outcome == "again" else None
    )
    attempt.hold = asked_for(failure, decision) if decision.wait_all else ""
    return decision


def _explain(failure: APIError | None, decision: Decision) -> str:
    """Return what the analyst reads: Reddy's own words where it refused the call, else what happened and what to do."""
    if failure is None:
        return ""
    if decision.outcome == "rejected" and failure.server_message:
        return failure.server_message
    return str(failure)


def asked_for(failure: APIError | None, decision: Decision) -> str:
    """Return why everybody waits, as half a sentence for people."""
    status = "429" if failure is not None and failure.status == 429 else "503"
    if failure is None or failure.retry_after is None:
        return f"Reddy answered {status}"
    if failure.retry_after > LONGEST_WAIT:
        return (
            f"Reddy asked for {duration(failure.retry_after)} ({status}), and is retried after "
            f"{duration(LONGEST_WAIT)}"
        )
    return f"Reddy asked for {max(1, round(decision.wait))} s ({status})"
