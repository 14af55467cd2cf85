"""Situations that stop the work, as one small tree.

A problem in somebody's *data* is never an exception: it is a `Finding` (see `findings.py`) and the row that
has it waits until it is fixed. What raises is a situation: a file that cannot be read at all, a server that
does not answer, a ledger that is locked. Every exception carries one sentence for people (`str(error)`:
what happened, where, and what to do next) and its evidence as attributes for code.

    ReddyError
      × SheetError              the file or sheet cannot be read
        · UnreadableFile        not a spreadsheet, damaged, or of a kind that is not supported
        · EmptySheet            no header, or a header without rows
      × MappingError            the mapping names columns, fields or values that cannot be used
      × TranscriptUnreadable    a transcript is in no known form (`parse_transcript` only: a batch gets a finding)
      × LoadCancelled           somebody stopped a load: nothing of it is kept
      × RecordingError          a recording cannot be kept, fetched or silenced
        · RecordingNotFound     there is no such recording in this place
        · RecordingRefused      its name or address leads where nothing may be opened: nothing was
      × LedgerError             the record of calls cannot be read or written
        · LedgerUnavailable     locked, unreachable, or on a full disk
        · LedgerTooNew          written by a newer version of this library
        · NotInLedger           no such batch, row or submission
        · CallLocked            the call is being sent, or was sent: it cannot be edited
        · CallChanged           somebody else stored the call since it was read: nothing was overwritten
      × SubmissionError         the submission cannot do what was asked of it
        · LedgerRestored        the ledger is older than what was sent from it: nothing is sent until that is settled
      × NotAllowed              the person who signed in may not do this, or may not come in at all
      × AccessRulesError        the rules about who may come in are missing or wrong
      × ConnectionUnusable      the address or the token to send with is missing, contradictory, or not allowed here
      × APIError                Reddy (or what stands in for it) did not say yes; `possibly_processed` tells whether
                                the request may have taken effect all the same
        · NeverSent             no connection was made: nothing left this machine
          - Withheld            the request was held back at the last moment: it must not leave any more
          - RecordingUnusable   the call's recording is gone, or another one than was attached: nothing was sent
        · Refused               Reddy answered no, with a reason (any 4xx that is not below)
          - Unauthorized        401 or 403: the token is missing, wrong, or may not do this
          - NotFound            404: conversation or address not found
          - TooManyRequests     429: come back after `retry_after` seconds
        · Unavailable           503 with `Retry-After`: explicitly not processed
          - NotReceived         408, 421 or 425: not processed either, for a reason that lies in the connection
        · Doubtful              the request may have been processed: a read timeout, a connection cut after the
                                request went out, 500, 502, 504, an answer that is not what Reddy documents
"""

from __future__ import annotations

import time
from typing import Any, Literal

__all__ = [
    "APIError",
    "AccessRulesError",
    "CallChanged",
    "CallLocked",
    "ConnectionUnusable",
    "Doubtful",
    "EmptySheet",
    "LedgerError",
    "LedgerRestored",
    "LedgerTooNew",
    "LedgerUnavailable",
    "LoadCancelled",
    "MappingError",
    "NeverSent",
    "NotAllowed",
    "NotFound",
    "NotInLedger",
    "NotReceived",
    "RecordingError",
    "RecordingNotFound",
    "RecordingRefused",
    "RecordingUnusable",
    "ReddyError",
    "Refused",
    "SheetError",
    "SubmissionError",
    "TooManyRequests",
    "TranscriptUnreadable",
    "Unauthorized",
    "Unavailable",
    "UnreadableFile",
    "Withheld",
]


class ReddyError(Exception):
    """Anything this library raises on purpose. `str(error)` is a sentence that can be shown to an analyst."""


class SheetError(ReddyError):
    """The file or sheet cannot be read."""


class UnreadableFile(SheetError):
    """Not a spreadsheet, damaged, protected, or of a kind that is not supported."""


class EmptySheet(SheetError):
    """There is no header, or a header without any rows under it."""


class MappingError(ReddyError):
    """The mapping names columns, fields or values that cannot be used with this sheet."""


class TranscriptUnreadable(ReddyError):
    """A text is in no known transcript form. `text` is what could not be read, whole."""

    def __init__(self, message: str, *, text: str) -> None:
        super().__init__(message)
        self.text = text


class LoadCancelled(ReddyError):
    """Somebody stopped a load: nothing of it is kept."""


class RecordingError(ReddyError):
    """A recording cannot be kept, fetched or silenced."""


class RecordingNotFound(RecordingError):
    """There is no such recording in this place."""


class RecordingRefused(RecordingError):
    """A name or an address leads where nothing may be opened: nothing was opened, and nothing was asked."""


class LedgerError(ReddyError):
    """The record of calls cannot be read or written."""


class LedgerUnavailable(LedgerError):
    """Locked by another program, unreachable, or on a full disk. What was committed before is safe."""


class LedgerTooNew(LedgerError):
    """The ledger was written by a newer version of this library."""


class NotInLedger(LedgerError):
    """There is no such batch, row or submission."""


class CallLocked(LedgerError):
    """The call is being sent, was sent, or may have been sent: editing it would falsify the record."""


class CallChanged(LedgerError):
    """The stored call is not the one that the edit was made from: nothing was overwritten.

    Attributes:
        row: its row number.
        stored: the `Call` as it is now.
        who: who stored it last, "" where nobody said.
        at: when, in seconds since the epoch; None where it is not on record.
    """

    def __init__(self, *, row: int, stored: Any, read: bool, who: str, at: float | None) -> None:
        by = f" by {who}" if who else ""
        when = "" if at is None else time.strftime(" on %d %b %Y at %H:%M:%S UTC", time.gmtime(at))
        since = "since you read it" if read else "and you have not read it since"
        super().__init__(
            f"Row {row} was changed{by}{when}, {since}: your edit was not stored, so that theirs is not lost. Read it "
            f"again and edit that, or use batch.change({row}, function), which edits what is stored."
        )
        self.row, self.stored, self.who, self.at = row, stored, who, at


class SubmissionError(ReddyError):
    """The submission cannot do what was asked of it in the state it is in."""


class LedgerRestored(SubmissionError):
    """The ledger is older than what was sent from it (a restored backup, a copy): nothing is sent until that is settled."""


class NotAllowed(ReddyError):
    """The person who signed in may not do this, or may not come in at all: nothing was changed.

    `reason`: "role" (a higher role is needed), "stranger" (not on the list), "expired" (sign in again), or "rules"
    (who may come in cannot be read).
    """

    def __init__(self, message: str, *, reason: Literal["role", "stranger", "expired", "rules"]) -> None:
        super().__init__(message)
        self.reason = reason


class AccessRulesError(ReddyError):
    """The rules about who may come in are missing, or have something in them that is not understood."""


class ConnectionUnusable(ReddyError):
    """The address or the token that calls would be sent with is missing, contradictory, or not allowed here."""


class APIError(ReddyError):
    """Reddy did not say yes.

    Attributes:
        possibly_processed: True where the request may have taken effect although no good answer came back.
        status: HTTP status of the answer, or None where there was none.
        server_message: the server's own words (at most 2,000 characters), or None.
        request_id: the answer's request id header, or None.
        retry_after: seconds the server asked to wait, or None.
    """

    possibly_processed: bool = False

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        server_message: str | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.server_message = server_message
        self.request_id = request_id
        self.retry_after = retry_after


class NeverSent(APIError):
    """No connection was made (name not found, refused, TLS failure): safe to try again."""


class Withheld(NeverSent):
    """Held back right before its first byte: whoever wanted to send it no longer may."""


class RecordingUnusable(NeverSent):
    """The call's recording is not there, or has changed since it was attached: nothing was sent.

    `elsewhere`: another machine may have it.
    """

    def __init__(self, message: str, *, elsewhere: bool = False) -> None:
        super().__init__(message)
        self.elsewhere = elsewhere


class Refused(APIError):
    """Reddy answered no and said why (4xx): nothing was processed; the same request would be refused again."""


class Unauthorized(Refused):
    """401 or 403: the token is missing, wrong or expired, or it may not do this."""


class NotFound(Refused):
    """404: the conversation, or the address itself, was not found."""


class TooManyRequests(Refused):
    """429: not processed; try again after `retry_after` seconds."""


class Unavailable(APIError):
    """503 with `Retry-After`: explicitly not processed; try again after `retry_after` seconds."""


class NotReceived(Unavailable):
    """408, 421 or 425: the server did not take the request from this connection; it was not processed.

    It says nothing about other calls: the same request may be sent again, on another connection.
    """


class Doubtful(APIError):
    """The request may have been processed: it must not be sent again blindly."""

    possibly_processed = True
