"""Sending one chunk of a submission: the loop that engine and notebooks share.

    ask the ledger: here is what came back, what may I send now?   (one commit, `ledger.sending.exchange`)
    send that, each call on a thread, each attempt one request
    wait until something comes back (or a short while), and ask again

While a commit is being written, answers come and places fall free: so a few calls more are claimed than there are
places (one or two at the speed of a real service, `_Ahead`), and go out the moment a place is free. As long as enough
of them wait, the ledger is not asked again: what is answered meanwhile is recorded in one commit. Where the server asks
to wait, or the submission pauses, those that have not gone out yet go back into the queue.

Recordings go out beside it (`uploads`): the commit that says `accepted` stores where a call's recording goes and
claims its upload, so the PUT follows at once, and survives this process.

The loop holds no truth. If it dies at any line, the ledger has every call either `queued` (nothing left this
machine) or `sending` (it may have: `unknown`, once the worker is given up). Grouping falls out of the loop: what
comes back while a commit is being written is recorded by the next one. Whether a claimed call may still leave is
asked of the worker's `Lease`, right before its first byte.
"""

from __future__ import annotations

import itertools
import math
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Literal, Self, TypeVar

import msgspec

from reddy_lib.api import Client, Receipt, only_while
from reddy_lib.database.conditions import LONGEST_WAIT
from reddy_lib.database.database import Database
from reddy_lib.errors import (
    APIError,
    Doubtful,
    LedgerUnavailable,
    NotReceived,
    RecordingNotFound,
    RecordingRefused,
    RecordingUnusable,
    TooManyRequests,
    Unauthorized,
    Unavailable,
)
from reddy_lib.model import from_payload
from reddy_lib.recordings.attachments import open_recording
from reddy_lib.recordings.upload_queue import Uploaded
from reddy_lib.sending.adaptive_concurrency import Pace, answered, reason
from reddy_lib.sending.lease import Lease
from reddy_lib.sending.progress import duration
from reddy_lib.sending.rate_limits import Note
from reddy_lib.sending.restore_check import ask_first
from reddy_lib.sending.retry_policy import UNREACHABLE_IN_A_ROW, Decision, Run, broken, decide, seen
from reddy_lib.sending.submission import Claim, Exchange, Result, Submission, exchange, new_attempt_ids
from reddy_lib.sending.upload_urls import LEAVES_THE_SANDBOX, where_to
from reddy_lib.sending.uploads import Put, Uploading, UploadSlots

__all__ = ["UNREACHABLE_IN_A_ROW", "Slots", "send_chunk"]

_T = TypeVar("_T")

LEDGER_PATIENCE = 120.0  # seconds that answers are held in memory while the ledger cannot be written
STOP_PATIENCE = 20.0  # the same once the program is to end
SAY = 1.0  # seconds between two words about the pace, for people
POLL = 0.1  # seconds between two looks whether another worker has made room
MOMENT = 0.05  # seconds for which answers are gathered while enough calls are in line, and for which calls are claimed
FADE = 0.5  # seconds over which the rate of answers is taken
COMMITS_AHEAD = 3  # what is answered in the time of so many commits is claimed ahead


class Slots:
    """How many requests of one submission this process may have in flight, over all its chunks, and what came one
    after another. Thread-safe.

    The size is what somebody allowed; how much of it is used finds its own level (`pace`). `not_before`: until then
    nobody sends (a `Retry-After` is meant for everybody). `resumed`: somebody has seen how it began and wants it to go
    on, so refusals from the start no longer stop it.
    """

    def __init__(self, size: int, *, resumed: bool = False) -> None:
        self.pace = Pace.up_to(size)
        self.size = size
        self.uploads = UploadSlots(size)
        self._free = size
        self._changed = threading.Condition()
        self._not_before = 0.0
        self._run = Run(words=None) if resumed else Run()
        self._said = 0.0
        self._open = True
        self._halted = 0
        self._under_way = self._most_under_way = 0
        self._requests = threading.BoundedSemaphore(size)

    def take(self, *, now: float, ahead: int = 0) -> int:
        """All places that are free at the present level (0 while everybody waits), and `ahead` more if nothing holds
        the level down; give each back with `give`."""
        with self._changed:
            if now < self._not_before:
                return 0
            taken = max(0, self._room() + (ahead if self.pace.at_once == self.size else 0))
            self._free -= taken
            return taken

    def give(self, count: int) -> None:
        if count:
            with self._changed:
                self._free += count
                self._changed.notify_all()

    def wait(self, timeout: float) -> bool:
        """Until a place is free, at most `timeout` seconds; gives whether one is."""
        with self._changed:
            return self._changed.wait_for(lambda: self._room() > 0, timeout)

    @contextmanager
    def request(self) -> Iterator[None]:
        """Around each request: whatever was claimed, no more than `size` are under way at once."""
        with self._requests:
            with self._changed:
                self._under_way += 1
                self._most_under_way = max(self._most_under_way, self._under_way)
            try:
                yield
            finally:
                with self._changed:
                    self._under_way -= 1

    def let(self, yes: bool) -> None:
        """Whether what is claimed may still go out: not once the submission pauses."""
        with self._changed:
            self._open = yes

    def halt(self) -> None:
        """An answer came that concerns every call: nothing goes out before it was looked at (`looked`)."""
        with self._changed:
            self._halted += 1

    def looked(self) -> None:
        with self._changed:
            self._halted -= 1

    def may_send(self, *, now: float) -> bool:
        """May a call that was claimed a moment ago still go out?"""
        with self._changed:
            return self._open and not self._halted and now >= self._not_before

    def hold(self, until: float) -> None:
        """Nobody sends before this moment (seconds of the clock that `now` is of)."""
        with self._changed:
            self._not_before = max(self._not_before, until)

    def held_for(self, *, now: float) -> float:
        """Seconds until anybody may send again; 0 if now."""
        with self._changed:
            return max(0.0, self._not_before - now)

    def seen(self, error: APIError | None, decision: Decision, *, seconds: float) -> str:
        """Learn from one answer, while its place is still taken; gives why the submission must pause, or ""."""
        with self._changed:
            self._run = seen(self._run, error, decision)
            if not decision.unreachable:
                in_flight = min(self.size, self.size - self._free)
                self.pace = answered(self.pace, seconds=seconds, refusal=_refusal(error), in_flight=in_flight)
            pause = broken(self._run, error)
            if pause:
                self._run = Run(words=None)  # once somebody resumes, it is counted afresh
            return pause

    def note(self, *, now: float, shared: str = "") -> Note | None:
        """What to tell people about the pace, at most once a second: the most under way since the last time, and why
        not more. `shared`: what holds it besides its own level."""
        with self._changed:
            if 0 <= now - self._said < SAY:
                return None
            self._said = now
            most, self._most_under_way = self._most_under_way, self._under_way
            return Note(most, shared or reason(self.pace))

    def _room(self) -> int:
        return self.pace.at_once - (self.size - self._free)


def _refusal(error: APIError | None) -> Literal["", "429", "503"]:
    status = None if error is None else error.status
    return "429" if status == 429 else "503" if status == 503 else ""


def send_chunk(
    database: Database,
    submission_id: str,
    chunk: int | None,
    client: Client,
    worker: str,
    slots: Slots,
    *,
    stop: threading.Event | None = None,
    clock: Callable[[], float] = time.time,
    ticks: Callable[[], float] | None = None,
    sleep: Callable[[float], None] = time.sleep,
    chance: Callable[[], float] = random.random,
    on_results: Callable[[int], None] | None = None,
    on_hold: Callable[[str], None] | None = None,
    lease: Lease | None = None,
    patience: float = LEDGER_PATIENCE,
) -> str:
    """Send what is queued in one chunk until nothing is left, or until the submission stops running.

    Args:
        chunk: which one; None = the whole submission, where this process alone works on it.
        stop: set from outside to claim no more; what is in flight is waited for and recorded.
        clock: the time of day.
        ticks: a clock that nobody sets, for what this process waits for itself.
        on_results: called with the number of results, after they are stored.
        on_hold: called with why everybody waits, once for each time that Reddy asks to.
        lease: the worker's, where several chunks share it.
        patience: seconds for which what came back is held in memory while the ledger cannot be written.

    Returns the submission's state when it stopped, or "stopped".

    Raises:
        LedgerUnavailable: the ledger could not be written for this long, or 20 s after `stop`. What came back is
            left with the lease then.
    """
    submission = Submission(database, submission_id)
    ticks = _steady(clock) if ticks is None else ticks
    came_back: SimpleQueue[_Answer | Put] = SimpleQueue()
    flying = coming = 0
    results: list[Result] = []
    uploaded: list[Uploaded] = []
    shared = ""
    ahead = _Ahead(slots.size)
    lease = Lease(database, worker) if lease is None else lease
    patiently = partial(_patiently, sleep=sleep, patience=patience, stop=stop)
    uploading = Uploading(database, client, slots.size, came_back.put, clock=clock, chance=chance)

    def leave() -> None:
        """None is left, unless the ledger stayed away."""
        rest = list(_waiting(came_back))
        for came in rest:
            if isinstance(came, _Answer) and came.concerns_all:
                slots.looked()
        late = [_late(came) for came in rest if isinstance(came, _Answer)]
        puts = [came.uploaded for came in rest if isinstance(came, Put)]
        lease.leave(submission_id, chunk, [*results, *late], [*uploaded, *puts])
        slots.give(flying)
        slots.uploads.give(uploading.under_way)
        slots.uploads.comes(-coming)

    with (
        ExitStack() as end,
        _Line(
            slots.size,
            partial(_attempt, database, client, slots, stop, clock, came_back, steady=ticks),
            name=f"send-{chunk}",
        ) as line,
        uploading,
    ):
        end.callback(leave)
        while True:
            lease.keep()
            if not lease.holds():  # this worker may have been taken for dead
                patiently(lease.renew)
            term = lease.term
            stopping = stop is not None and stop.is_set()
            free = 0 if stopping else slots.take(now=ticks(), ahead=ahead.calls)
            if (
                not (free or results or uploaded or flying or uploading.under_way or stopping)
                and not slots.held_for(now=ticks())
                and slots.wait(1.0)
            ):
                continue  # another chunk of this submission had all the places: no need to ask the ledger yet
            answer = None
            ahead.asks(len(results))
            announced = sum(result.claim.recording is not None for result in results)
            recordings_ahead = slots.uploads.ahead() + announced  # those are counted by the ledger now
            places = 0 if stopping else slots.uploads.take(now=ticks())
            try:
                answer = patiently(
                    partial(
                        _ask,
                        itertools.count(),
                        database,
                        submission_id,
                        chunk,
                        worker,
                        results=results,
                        want=free,
                        now=clock(),
                        note=slots.note(now=ticks(), shared=shared or slots.uploads.reason),
                        attempt_ids=new_attempt_ids(free),
                        uploaded=uploaded,
                        uploads=places,
                        recordings_ahead=recordings_ahead,
                        sent=uploading.sent(),
                    )
                )
                lease.took(answer.claims)
                lease.stored(results)
            finally:
                slots.give(free - (len(answer.claims) if answer else 0))
                slots.uploads.give(places - (len(answer.uploads) if answer else 0))
            announces = sum(claim.recording is not None for claim in answer.claims)
            slots.uploads.comes(announces - announced)
            coming += announces - announced
            ahead.was_answered()
            sent = sum(not result.held_back for result in results)
            if sent and on_results is not None:
                on_results(sent)
            results, uploaded = [], []
            shared = answer.shared
            slots.hold(ticks() + min(answer.not_before - clock(), LONGEST_WAIT + 1.0))
            slots.let(answer.state == "running")
            may_send = partial(lease.holds, term)
            uploading.start(answer.uploads)
            uploading.wind_up(stopping or answer.state not in ("running", "done"))
            for claim in answer.claims:
                line.join(claim, may_send)
            flying += len(answer.claims)
            if answer.refused_hosts and answer.state == "running":
                patiently(partial(submission.pause, _other_host(answer.refused_hosts)))

            if answer.questions and answer.state == "running" and not (flying or stopping):
                patiently(
                    partial(
                        ask_first,
                        database,
                        submission_id,
                        answer.questions[0],
                        client,
                        worker,
                        stop=stop,
                        sleep=sleep,
                        keep_alive=lease.keep,
                    )
                )
                continue

            if not (flying or uploading.under_way):
                if stopping:
                    return "stopped"
                # `done`: its last recordings, whose calls were accepted late
                if answer.state not in ("running", "done") or answer.retry_at is None:
                    return answer.state
                _rest(slots, answer, clock=clock, ticks=ticks, sleep=sleep)
                continue

            pause = ""
            enough = ahead.enough
            for came in _arrived(
                came_back,
                timeout=POLL if shared and free else 1.0,
                go_on=lambda: line.waiting > enough,  # noqa: B023 - used before `enough` is another
            ):
                if isinstance(came, Put):
                    uploaded.append(uploading.ended(came))
                    slots.uploads.seen(came, now=ticks())
                    slots.uploads.give(1)
                    continue
                flying -= 1
                if came.held_back:
                    results.append(_held_back(came))
                    slots.give(1)
                    continue
                decision = decide(
                    came.error,
                    tries=came.claim.tries,
                    chance=chance(),
                    repeat_doubtful=answer.create_idempotent,
                    doubted=came.claim.doubted,
                )
                results.append(_result(came, decision, now=clock()))
                broke = slots.seen(came.error, decision, seconds=came.seconds)
                if decision.wait_all:
                    if on_hold is not None and decision.wait > slots.held_for(now=ticks()) + 1.0:
                        on_hold(_asked_for(came.error, decision))
                    slots.hold(ticks() + decision.wait)
                pause = decision.pause or broke or pause
                if pause:
                    slots.let(False)
                if came.concerns_all:
                    slots.looked()
                slots.give(1)
            if pause:
                patiently(partial(submission.pause, pause))


class _Line:
    """Claimed calls that are to go out, and the threads that see to it, one call at a time each.

    A context manager: at its end all that is in line has been seen to. (A task of the pool for each call costs more
    than all the rest of the way to the request.)
    """

    def __init__(self, threads: int, send: Callable[[Claim, Callable[[], bool]], None], *, name: str) -> None:
        self._send = send
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._claims: SimpleQueue[tuple[Claim, Callable[[], bool]] | None] = SimpleQueue()

    def __enter__(self) -> Self:
        for _ in range(self._threads):
            self._pool.submit(self._serve)
        return self

    def __exit__(self, *_raised: object) -> None:
        for _ in range(self._threads):
            self._claims.put(None)
        self._pool.shutdown()

    @property
    def waiting(self) -> int:
        return self._claims.qsize()

    def join(self, claim: Claim, may_send: Callable[[], bool]) -> None:
        self._claims.put((claim, may_send))

    def _serve(self) -> None:
        while (next_one := self._claims.get()) is not None:
            self._send(*next_one)


class _Ahead:
    """How many calls to claim beyond the free places, so that the places are kept busy while the ledger writes.

    Those are `sending` in the ledger a moment before they go out, and in doubt if this process is killed in just that
    moment. So they are few: half the places, or, where answers come quickly, what goes out within a twentieth of a
    second, and never more than twice the places.
    """

    def __init__(self, places: int) -> None:
        self._places = places
        self._asked = time.perf_counter()
        self._answers = self._seconds = 0.0  # of the last half second or so: older ones fade
        self._commit = 0.0

    @property
    def _answers_a_second(self) -> float:
        return self._answers / self._seconds if self._seconds else 0.0

    @property
    def enough(self) -> int:
        """So many are answered while the ledger writes a commit: with fewer in line, it is time to ask."""
        return math.ceil(self._answers_a_second * self._commit)

    @property
    def calls(self) -> int:
        most = max(self._places // 2, min(2 * self._places, int(self._answers_a_second * MOMENT)))
        return min(most, COMMITS_AHEAD * self.enough)

    def asks(self, answers: int) -> None:
        """The ledger is asked, with so many answers that came since the last time."""
        now = time.perf_counter()
        passed = now - self._asked
        faded = math.exp(-passed / FADE)
        # apart, and not a mean of rates: that of a few answers that come together knows no bounds
        self._answers = self._answers * faded + answers
        self._seconds = self._seconds * faded + passed
        self._asked = now

    def was_answered(self) -> None:
        self._commit += 0.2 * (time.perf_counter() - self._asked - self._commit)


def _arrived(
    came_back: SimpleQueue[_T], *, timeout: float, go_on: Callable[[], bool] = lambda: False
) -> Iterator[_T]:
    """The next answer (waited for) and all that have come besides; none after `timeout` seconds. While `go_on` says so,
    those of the next moment as well."""
    with suppress(Empty):
        yield came_back.get(timeout=timeout)
        end = time.monotonic() + MOMENT
        yield from _waiting(came_back)
        while go_on() and (left := end - time.monotonic()) > 0:
            yield came_back.get(timeout=left)


def _waiting(came_back: SimpleQueue[_T]) -> Iterator[_T]:
    with suppress(Empty):
        while True:
            yield came_back.get_nowait()


def _ask(tries: Iterator[int], *args: Any, **options: Any) -> Exchange:
    """One exchange with the ledger; any try but the first is told that an earlier one may have been stored."""
    return exchange(*args, **options, again=next(tries) > 0)


class _Answer(msgspec.Struct, frozen=True):
    """What one request brought: a receipt, or the error that says why not. `host`, `upload_problem`: of the address for
    the recording, as in a `Result`."""

    claim: Claim
    started: float
    ended: float
    seconds: float
    receipt: Receipt | None
    error: APIError | None
    held_back: bool = False
    host: str | None = None
    upload_problem: str = ""

    @property
    def concerns_all(self) -> bool:
        """Does it say something about every call, and not about this one?"""
        return isinstance(self.error, TooManyRequests | Unavailable | Unauthorized) and not isinstance(
            self.error, NotReceived
        )

    def __repr__(self) -> str:
        return f"<_Answer row {self.claim.row} · {'accepted' if self.error is None else 'not accepted'}>"


def _attempt(
    database: Database,
    client: Client,
    slots: Slots,
    stop: threading.Event | None,
    clock: Callable[[], float],
    came_back: SimpleQueue[_Answer | Put],
    claim: Claim,
    may_send: Callable[[], bool],
    *,
    steady: Callable[[], float] | None = None,
) -> None:
    """One HTTP request; what came of it goes back as a value, because a thread has nobody to raise to."""
    with slots.request():
        started, ticks = clock(), time.perf_counter()
        if (stop is not None and stop.is_set()) or not slots.may_send(now=(steady or _steady(clock))()):
            came_back.put(_Answer(claim, started, started, 0.0, None, None, held_back=True))
            return
        answer = _send(database, client, claim, started, ticks, clock, may_send)
        if answer.concerns_all:
            slots.halt()  # those in line would go out before the loop has seen it
        came_back.put(answer)


def _send(
    database: Database,
    client: Client,
    claim: Claim,
    started: float,
    ticks: float,
    clock: Callable[[], float],
    may_send: Callable[[], bool],
) -> _Answer:
    receipt, error = None, None
    host, problem = None, ""
    try:
        if claim.recording is not None:
            _must_be_there(database, claim)
        with only_while(may_send):
            receipt = client.create_call(from_payload(claim.payload))
    except APIError as refused:
        error = refused
    except Exception as broken:  # noqa: BLE001 - a fault of ours must not take the other answers with it
        error = Doubtful(
            f"The workbench failed while it was sending this call ({type(broken).__name__}): "
            "it may or may not have reached Reddy."
        )
    if receipt is not None and claim.recording is not None:
        try:
            host, problem = where_to(receipt.upload_url, client.base_url)
            if receipt.upload_url and not client.may_upload_to(receipt.upload_url):
                host, problem = None, LEAVES_THE_SANDBOX
        except Exception as broken:  # noqa: BLE001 - the call was accepted, whatever is the matter with the address
            problem = (
                f"The address that Reddy gave for the recording cannot be read ({type(broken).__name__})."
            )
    return _Answer(
        claim,
        started,
        clock(),
        time.perf_counter() - ticks,
        receipt,
        error,
        host=host,
        upload_problem=problem,
    )


def _must_be_there(database: Database, claim: Claim) -> None:
    """A call whose recording cannot follow is not sent: Reddy would hold it, and have nothing to grade.

    Raises RecordingUnusable.
    """
    assert claim.recording is not None
    try:
        open_recording(database, claim.recording).close()
    except RecordingNotFound as missing:
        words, elsewhere = str(missing), database.url.get_backend_name() != "sqlite"
    except RecordingRefused as changed:
        words, elsewhere = str(changed), False
    except OSError as broken:
        why = broken.strerror or type(broken).__name__
        words, elsewhere = f"The recording {claim.recording.name} cannot be read ({why}).", False
    else:
        return
    raise RecordingUnusable(f"{words} The call was not sent either.", elsewhere=elsewhere)


def _other_host(hosts: list[str]) -> str:
    named = hosts[0] if len(hosts) == 1 else f"{hosts[0]} and {len(hosts) - 1} more"
    return (
        f"Reddy gave an address at {named} for recordings, and not where they went until now: nothing was sent there. "
        "If that is right, allow it for this connection, then resume; the address waits about an hour."
    )


def _result(came: _Answer, decision: Decision, *, now: float) -> Result:
    error, receipt = came.error, came.receipt
    return Result(
        claim=came.claim,
        outcome=decision.outcome,
        started=came.started,
        ended=came.ended,
        seconds=came.seconds,
        possibly_processed=error is None or error.possibly_processed,
        http_status=200 if error is None else error.status,
        request_id=_request_id(came),
        upload_id=_storable(receipt),
        error=_told(error, decision),
        words=None if error is None else error.server_message,
        retry_at=now + decision.wait if decision.outcome == "again" else None,
        hold=_asked_for(error, decision) if decision.wait_all else "",
        upload_url=None if receipt is None or came.upload_problem else receipt.upload_url,
        host=came.host,
        expires_at=None if receipt is None else receipt.expires_at,
        upload_problem=came.upload_problem,
    )


def _request_id(came: _Answer) -> str | None:
    told = came.receipt if came.error is None else came.error
    return None if told is None else told.request_id


def _asked_for(error: APIError | None, decision: Decision) -> str:
    """Why everybody waits, as half a sentence for people."""
    said = "429" if error is not None and error.status == 429 else "503"
    if error is None or error.retry_after is None:
        return f"Reddy answered {said}"
    if error.retry_after > LONGEST_WAIT:
        return (
            f"Reddy asked for {duration(error.retry_after)} ({said}), and is asked again after "
            f"{duration(LONGEST_WAIT)}"
        )
    return f"Reddy asked for {max(1, round(decision.wait))} s ({said})"


def _held_back(came: _Answer) -> Result:
    """A call that was claimed and has not gone out: it keeps its place in the queue, and no try is counted."""
    return Result(
        claim=came.claim,
        outcome="again",
        started=came.started,
        ended=came.ended,
        seconds=0.0,
        words="Not sent: it was claimed a moment before the sending stopped.",
        held_back=True,
    )


def _late(came: _Answer) -> Result:
    """What came of a call whose loop ended before it could look."""
    if came.held_back:
        return _held_back(came)
    decision = decide(came.error, tries=came.claim.tries, chance=0.0, doubted=came.claim.doubted)
    return _result(came, decision, now=came.ended)


def _steady(clock: Callable[[], float]) -> Callable[[], float]:
    """The clock for what one process waits for: the time of day may be set back or forward meanwhile."""
    return time.monotonic if clock is time.time else clock


def _storable(receipt: Receipt | None) -> int | None:
    """The upload id, unless it is a number that no database holds: the call was accepted all the same."""
    number = None if receipt is None else receipt.upload_id
    return number if number is not None and abs(number) < 2**63 else None


def _told(error: APIError | None, decision: Decision) -> str:
    """What the analyst reads: Reddy's own words where it refused the call, else what happened and what to do."""
    if error is None:
        return ""
    if decision.outcome == "rejected" and error.server_message:
        return error.server_message
    return str(error)


def _patiently(
    write: Callable[[], _T],
    *,
    sleep: Callable[[float], None],
    patience: float,
    stop: threading.Event | None,
) -> _T:
    """Try a write to the ledger again while the ledger is away: what came back is held in memory meanwhile."""
    waited = waited_to_stop = 0.0
    while True:
        try:
            return write()
        except LedgerUnavailable:
            if waited >= patience or waited_to_stop >= STOP_PATIENCE:
                raise
            pause = min(0.25 + waited / 4, 5.0)
            sleep(pause)
            waited += pause
            waited_to_stop += pause if stop is not None and stop.is_set() else 0.0


def _rest(
    slots: Slots,
    answer: Exchange,
    *,
    clock: Callable[[], float],
    ticks: Callable[[], float],
    sleep: Callable[[float], None],
) -> None:
    """Nothing is in flight here: wait for the next try, for a free place, or a second (to notice a pause)."""
    until = max((answer.retry_at or 0.0) - clock(), slots.held_for(now=ticks()))
    if until > 0:
        sleep(min(until, 1.0))
    elif answer.shared or slots.uploads.in_use:  # a place alone is no use then
        sleep(POLL)
    else:
        slots.wait(1.0)
