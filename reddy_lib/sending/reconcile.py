"""Ask Reddy about calls in doubt, in the only way that its API has.

`call/add_tags` names a conversation and its agent. It succeeds where Reddy has the call, and answers "conversation not
found" where it does not. Any other answer leaves the call in doubt. The tags that are added are the call's own, so that
asking changes nothing; a call without tags gets `MARK`.

Reddy has the first sending of a call that was sent again, so knowing the conversation says nothing about the second
(`Reconciled.again`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import msgspec

from reddy_lib.api import Client
from reddy_lib.arguments import text
from reddy_lib.batches.batch import Batch
from reddy_lib.database.sandbox_urls import ledger_address
from reddy_lib.errors import APIError, NeverSent, NotFound, Unauthorized
from reddy_lib.interrupts import again, one_line
from reddy_lib.model import Tag
from reddy_lib.plurals import agreeing
from reddy_lib.progress_bars import progress_bar
from reddy_lib.sending.doubts import Doubt, doubts, settle

__all__ = ["MARK", "WAIT", "Reconciled", "ask", "is_missing", "reconcile"]

MARK = Tag("reconciled by workbench", True, "boolean")
"""Added to a call without tags: an empty list would not show whether the call is there."""

WAIT = 300.0
"""Seconds after its attempt before a call is asked about: Reddy queues calls, and may not know a new one at once."""

AT_A_TIME = 8
PIECE = 64  # calls that are asked about before the answers are stored


class Reconciled(msgspec.Struct):
    """The result of asking Reddy about calls in doubt.

    Attributes:
        there: rows that Reddy has: `accepted` now.
        missing: rows that Reddy does not have: `failed` now, safe to send again.
        open: row → why it is still in doubt.
        early: rows that were sent only minutes ago, and were not asked about: Reddy queues calls and may not know them
            yet, and its "not found" would get them sent twice. Ask again five minutes after they were sent.
        elsewhere: rows that were sent to another address than the one asked.
        again: rows among `there` that had been sent again: Reddy has them from the first time, and its answer says
            nothing about the second.
    """

    there: list[int] = msgspec.field(default_factory=list)
    missing: list[int] = msgspec.field(default_factory=list)
    open: dict[int, str] = msgspec.field(default_factory=dict)
    early: list[int] = msgspec.field(default_factory=list)
    elsewhere: list[int] = msgspec.field(default_factory=list)
    again: list[int] = msgspec.field(default_factory=list)

    def __repr__(self) -> str:
        parts = [agreeing(len(self.there), "is at Reddy", "are at Reddy")]
        parts += [agreeing(len(self.missing), "is not", "are not")]
        left = len(self.open) + len(self.early) + len(self.elsewhere)
        why = ""
        if self.early:
            why = (
                f" ({len(self.early):,} sent only minutes ago: Reddy may not know them yet, ask again later)"
            )
        return f"<Reconciled {' · '.join(parts)} · {left:,} still in doubt{why}>"


def reconcile(
    batch: Batch,
    client: Client,
    rows: Iterable[int] | None = None,
    *,
    address: str | None = None,
    submission_id: str | None = None,
    wait: float = WAIT,
    same_account: bool = False,
    who: str = "",
    progress: bool = True,
    on_progress: Callable[[int, int], None] | None = None,
    clock: Callable[[], float] = time.time,
) -> Reconciled:
    """Ask Reddy about each call in doubt, and record its answers.

    Args:
        rows: row numbers; None = every call in doubt.
        address: the ledger's name for the server of `client`; found by its base URL unless given.
        wait: seconds after a call's attempt before it is asked about.
        same_account: also ask about calls that were sent with another token, because it belongs to the same account (it
            was renewed). Another account does not know them, and its "not found" would get them sent twice.
        on_progress: called with (asked, of how many) after each portion is stored.

    Raises:
        Unauthorized, NeverSent: the token was refused, or no connection could be made; earlier answers are stored.
        LedgerUnavailable: the answers could not be stored.
        NotAllowed: the person whose ledger this is may not send.
    """
    if not isinstance(client, Client) or not isinstance(batch, Batch):
        raise TypeError("reconcile needs a batch and a client: reconcile(batch, reddy.Client()).")
    batch.database.require("send")  # asking writes a tag at Reddy
    here = ledger_address(batch.database, client.base_url if address is None else address)
    who = text(who, "who")
    outcome = Reconciled()
    asked = _choose(
        doubts(batch, rows, submission_id=submission_id),
        outcome,
        client,
        here,
        mine=None if same_account else client.fingerprint(batch.database.identity),
        before=datetime.fromtimestamp(clock() - wait, UTC),
    )
    bar = progress_bar(shown=progress, total=len(asked), desc="Asking Reddy", unit=" calls")

    def told() -> str:
        counted = ", ".join(
            [
                agreeing(len(outcome.there), "is at Reddy", "are at Reddy"),
                agreeing(len(outcome.missing), "is not", "are not"),
            ]
        )
        return f"Interrupted: {counted}, the others are still in doubt. {again()}"

    with one_line(told), bar, ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="ask") as pool:
        for piece in _pieces(asked):
            batch.database.next_moment()  # a page's reads must not hold a connection while Reddy answers
            answers = list(pool.map(lambda doubt: ask(client, doubt), piece))
            stop: APIError | None = None
            there: list[int] = []
            missing: list[int] = []
            for doubt, error in zip(piece, answers, strict=True):
                if error is None:
                    there.append(doubt.row)
                elif is_missing(error):
                    missing.append(doubt.row)
                else:
                    outcome.open[doubt.row] = str(error)
                    stop = error if isinstance(error, Unauthorized | NeverSent) else stop
            settled = settle(batch, there, there=True, how="asked", who=who, now=clock())
            outcome.there += settled
            outcome.again += [doubt.row for doubt in piece if doubt.again and doubt.row in settled]
            outcome.missing += settle(batch, missing, there=False, how="asked", who=who, now=clock())
            bar.update(len(piece))
            if on_progress is not None:
                on_progress(len(outcome.there) + len(outcome.missing) + len(outcome.open), len(asked))
            if stop is not None:
                raise stop
    return outcome


def _choose(
    found: Iterable[Doubt],
    outcome: Reconciled,
    client: Client,
    address: str,
    *,
    mine: str | None,
    before: datetime,
) -> list[Doubt]:
    """Return the calls to ask about; record in `outcome` why the others are not asked about.

    Args:
        mine: the client's fingerprint; None: the token need not be the one that the calls were sent with.
        before: ask only about calls whose attempt ended by then.
    """
    asked = []
    for doubt in found:
        if doubt.address != address:
            outcome.elsewhere.append(doubt.row)
        elif mine is not None and not _same_token(doubt, client, mine):
            outcome.open[doubt.row] = (
                f"It was sent with the token {doubt.token_hint or 'of another account'}, and this one is "
                f"{client.token_hint or 'another'}: only the account that it was sent to can say whether it is there. Ask "
                "with that token, or settle it by hand."
            )
        elif doubt.since is not None and doubt.since > before:
            outcome.early.append(doubt.row)
        else:
            asked.append(doubt)
    return asked


def _same_token(doubt: Doubt, client: Client, mine: str) -> bool:
    """Return whether this client has the token that the call was sent with, as far as the ledger knows."""
    if doubt.credential:
        return doubt.credential == mine
    return not (doubt.token_hint and client.token_hint) or doubt.token_hint == client.token_hint


def _pieces(asked: Sequence[Doubt]) -> Iterator[Sequence[Doubt]]:
    for start in range(0, len(asked), PIECE):
        yield asked[start : start + PIECE]


def ask(client: Client, doubt: Doubt) -> APIError | None:
    """Ask about one call; return None if Reddy knows it, else the error that it answered with."""
    try:
        client.add_tags(doubt.conversation_id, doubt.agent_email, doubt.tags or [MARK])
    except APIError as error:
        return error
    return None


def is_missing(error: APIError) -> bool:
    """Return whether Reddy itself said that it has no such conversation: a wrong address answers 404 as well."""
    said = (error.server_message or "").casefold()
    return isinstance(error, NotFound) and "conversation" in said and "not found" in said
