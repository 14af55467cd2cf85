"""The exceptions of this library.

A problem in the *data* is never an exception: it is a `Finding` (see `findings.py`), and the call that has it is held
until it is fixed. An exception reports a situation that stops the work: a file that cannot be read, a server that does
not answer, a ledger that is locked. `str(error)` says what happened, where, and what to do next; attributes hold the
details for code.

    ReddyError
      × SheetError              the file or sheet cannot be read
        · UnreadableFile        not a spreadsheet, damaged, or of an unsupported type
        · EmptySheet            no header row, or no rows below it
      × MappingError            the mapping names columns, fields or values that cannot be used
      × TranscriptUnreadable    the transcript's format is unknown (`parse_transcript` only; a load adds a finding)
      × LoadCancelled           the load was stopped; nothing was stored
      × RecordingError          a recording cannot be stored, fetched or silenced
        · RecordingNotFound     the recording does not exist
        · RecordingRefused      its path or URL is not allowed; nothing was opened or requested
      × LedgerError             the ledger cannot be read or written
        · LedgerUnavailable     locked, unreachable, or on a full disk
          - LedgerMoved         its file was moved, deleted or replaced while it was in use
        · LedgerTooNew          written by a newer version of this library
        · NotInLedger           no such batch, row or submission
        · CallLocked            the call is being sent or was sent, so it cannot be edited
        · CallChanged           the call was changed after it was read; the edit was not stored
        · TurnChanged           a turn was changed after it was seen; its edit was not stored
        · CannotUndo            nothing of an operation can be given back
        · DrawDiffers           the calls of a draw cannot be drawn again as they were
        · OperationTaken        another process resumed, stopped or undid the operation meanwhile
      × SubmissionError         the submission's state does not allow the operation
        · PersonalDataAsked     calls contain personal data, and no one has decided whether the address may have it
        · LedgerRestored        the ledger is older than what was sent from it; sending is blocked until this is resolved
      × NotAllowed              the signed-in person may not do this, or has no access
      × AccessRulesError        the access rules are missing or invalid
      × ConnectionUnusable      the address or token is missing, contradictory, or not allowed here
      × APIError                the request failed; `possibly_processed` tells whether it may have taken effect
        · NeverSent             no connection was made; nothing was sent
          - Withheld            the request was cancelled right before it was sent
          - RecordingUnusable   the call's recording is missing or has changed; nothing was sent
        · Refused               Reddy refused the request with a reason (any 4xx not listed below)
          - Unauthorized        401 or 403: the token is missing, wrong, or lacks the permission
          - NotFound            404: conversation or address not found
          - TooManyRequests     429: retry after `retry_after` seconds
        · Unavailable           503 with `Retry-After`: not processed
          - NotReceived         408, 421 or 425: not processed, because of the connection
        · Doubtful              the request may have been processed: a read timeout, a connection lost after the request
                                was sent, 500, 502, 504, or a response that Reddy does not document
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

__all__ = [
    "APIError",
    "AccessRulesError",
    "CallChanged",
    "CallLocked",
    "CannotUndo",
    "ConnectionUnusable",
    "Doubtful",
    "DrawDiffers",
    "EmptySheet",
    "LedgerError",
    "LedgerMoved",
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
    "OperationTaken",
    "PersonalDataAsked",
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
    "TurnChanged",
    "Unauthorized",
    "Unavailable",
    "UnreadableFile",
    "Withheld",
]


class ReddyError(Exception):
    """Base class of all exceptions that this library raises. `str(error)` can be shown to an analyst."""


class SheetError(ReddyError):
    """The file or sheet cannot be read."""


class UnreadableFile(SheetError):
    """The file is not a spreadsheet, damaged, protected, or of an unsupported type."""


class EmptySheet(SheetError):
    """The sheet has no header row, or no rows below it."""


class MappingError(ReddyError):
    """The mapping names columns, fields or values that cannot be used with this sheet."""


class TranscriptUnreadable(ReddyError):
    """The transcript's format is unknown. `text` holds the whole transcript."""

    def __init__(self, message: str, *, text: str) -> None:
        super().__init__(message)
        self.text = text


class LoadCancelled(ReddyError):
    """The load was stopped; nothing was stored."""


class RecordingError(ReddyError):
    """A recording cannot be stored, fetched or silenced."""


class RecordingNotFound(RecordingError):
    """The recording does not exist."""


class RecordingRefused(RecordingError):
    """The recording's path or URL is not allowed; nothing was opened or requested."""


class LedgerError(ReddyError):
    """The ledger cannot be read or written."""


class LedgerUnavailable(LedgerError):
    """The ledger is locked by another program, unreachable, or on a full disk. Committed data is safe."""


class LedgerMoved(LedgerUnavailable):
    """The ledger's file was moved, deleted or replaced while it was in use. What was committed is in the original file."""


class LedgerTooNew(LedgerError):
    """The ledger was written by a newer version of this library."""


class NotInLedger(LedgerError):
    """There is no such batch, row or submission."""


class CallLocked(LedgerError):
    """The call is being sent, was sent, or may have been sent. An edit would falsify the record."""


class CallChanged(LedgerError):
    """The call was changed after it was read, so the edit was not stored.

    Attributes:
        row: the row number.
        stored: the `Call` as it is stored now.
        who: who stored it last; "" if unknown.
        at: when it was stored (UTC); None if unknown.
    """

    def __init__(self, *, row: int, stored: Any, read: bool, who: str, at: datetime | None) -> None:
        by = f" by {who}" if who else ""
        when = "" if at is None else f" on {at:%d %b %Y} at {at:%H:%M:%S} UTC"
        since = "since you read it" if read else "and you have not read it since"
        super().__init__(
            f"Row {row} was changed{by}{when}, {since}, so your edit was not stored. Read the call again and "
            f"edit that, or use batch.change({row}, function), which edits the stored call."
        )
        self.row, self.stored, self.who, self.at = row, stored, who, at


class TurnChanged(LedgerError):
    """A turn of the transcript was changed, moved or deleted after it was seen, so its edit was not stored.

    Attributes:
        row: the row number.
        line: the number of the turn when it was seen.
        who: who edited the call last; "" if unknown.
        at: when (seconds since the epoch, UTC); None if the call was never edited.
    """

    def __init__(self, *, row: int, line: int, who: str, at: float | None) -> None:
        by = f" by {who}" if who else ""
        super().__init__(
            f"Line {line} of row {row} was changed{by} after you opened it, so your edit of it was not stored. "
            "Look at the line as it is now, then edit it again."
        )
        self.row, self.line, self.who, self.at = row, line, who, at


class CannotUndo(LedgerError):
    """Nothing of an operation can be given back, or it is undone already, or it is still running."""


class DrawDiffers(LedgerError):
    """The calls of a draw cannot be drawn again as its seal says. The message says what differs."""


class OperationTaken(LedgerError):
    """Another process resumed, stopped or undid the operation that this one was working on. What was stored stays."""


class SubmissionError(ReddyError):
    """The submission's state does not allow the operation."""


class PersonalDataAsked(SubmissionError):
    """Calls contain personal data, and no one has decided yet whether this address may have it. Nothing was sent.

    `rows`: kind → the rows of the calls that name it.
    """

    def __init__(self, message: str, rows: dict[str, list[int]]) -> None:
        super().__init__(message)
        self.rows = rows


class LedgerRestored(SubmissionError):
    """The ledger is older than what was sent from it (a restored backup or a copy). Sending is blocked until this is
    resolved."""


class NotAllowed(ReddyError):
    """The signed-in person may not do this, or has no access. Nothing was changed.

    `reason`: "role" (a higher role is needed), "stranger" (not on the list), "expired" (sign in again), or "rules" (the
    access rules cannot be read).
    """

    def __init__(self, message: str, *, reason: Literal["role", "stranger", "expired", "rules"]) -> None:
        super().__init__(message)
        self.reason = reason


class AccessRulesError(ReddyError):
    """The access rules are missing or invalid."""


class ConnectionUnusable(ReddyError):
    """The address or token for sending is missing, contradictory, or not allowed here."""


class APIError(ReddyError):
    """A request to Reddy failed.

    Attributes:
        possibly_processed: True if the request may have taken effect.
        status: HTTP status of the response; None if there was no response.
        server_message: the server's own words (at most 2,000 characters), or None.
        request_id: the response's request id header, or None.
        retry_after: seconds that the server asked to wait, or None.
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
    """No connection was made (unknown host, connection refused, TLS failure). The request is safe to retry."""


class Withheld(NeverSent):
    """The request was cancelled right before its first byte, because its sender was no longer allowed to send it."""


class RecordingUnusable(NeverSent):
    """The call's recording is missing, or has changed since it was attached. Nothing was sent.

    `elsewhere` is True if another machine may have the file.
    """

    def __init__(self, message: str, *, elsewhere: bool = False) -> None:
        super().__init__(message)
        self.elsewhere = elsewhere


class Refused(APIError):
    """Reddy refused the request with a reason (4xx). Nothing was processed; a retry would be refused again."""


class Unauthorized(Refused):
    """401 or 403: the token is missing, wrong, expired, or lacks the permission."""


class NotFound(Refused):
    """404: the conversation or the address was not found."""


class TooManyRequests(Refused):
    """429: not processed. Retry after `retry_after` seconds."""


class Unavailable(APIError):
    """503 with `Retry-After`: not processed. Retry after `retry_after` seconds."""


class NotReceived(Unavailable):
    """408, 421 or 425: the server did not accept the request on this connection, and did not process it.

    The same request may be retried on a new connection; other calls are not affected.
    """


class Doubtful(APIError):
    """The request may have been processed. Check with Reddy before sending it again."""

    possibly_processed = True
