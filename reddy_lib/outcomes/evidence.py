"""Write the evidence of a submission: a zip with the chosen calls, what was sent, Reddy's answers and a manifest.

    accepted.csv, rejected.csv, unknown.csv   the sheet's columns, then the outcome of each call; one more file for each
                                              other status that occurs. All rows together are the chosen calls
    requests.jsonl                            one line per attempt: when, and the body as it was sent
    answers.jsonl                             one line per attempt: the answer
    manifest.json                             the source file, the address, who sent it, counts, SHA-256 of each file

The zip is streamed, so memory use does not grow with the batch. A recording is listed by name, SHA-256, size and upload
state. The zip contains no token, header or upload URL: tokens and headers are not in the ledger, upload URLs are not read
here, and server messages are redacted as in the other exports. A cell that a spreadsheet program would run as a formula
is prefixed with a single quote; loading a corrected file removes the quote again.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import os
import zipfile
from collections.abc import Callable, Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import IO, Any

import msgspec

from reddy_lib.batches.call_names import call_name
from reddy_lib.batches.corrections import CALL_COLUMN, COLUMNS, evidence_columns
from reddy_lib.database.access_log import noted
from reddy_lib.errors import LedgerUnavailable
from reddy_lib.open_databases import refuse_open
from reddy_lib.outcomes.exports import clean
from reddy_lib.outcomes.frames import what_next
from reddy_lib.outcomes.sent_calls import SentCall, Snapshot, snapshot
from reddy_lib.sending.submission import Submission
from reddy_lib.spreadsheet.cells.formulas import escaped

__all__ = ["ALWAYS", "evidence", "write_evidence"]

ALWAYS = ("accepted", "rejected", "unknown")
"""Statuses that always have a file, so that an empty one states that there are no such calls."""

_ORDER = (*ALWAYS, "failed", "skipped", "held", "ready", "queued", "sending")
_HINTS = {
    "skipped": "Reddy already has this call. To send it again, enter a reason.",
    "held": "Fix its errors, then send it.",
    "ready": "It was not sent. It can be sent now.",
    "queued": "It is waiting to be sent. Resume the submission if it is paused.",
    "sending": "It is being sent. Download the evidence again when the submission has ended.",
}
_KNOWN = frozenset(
    ("id", "number", "batch_id", "address", "state", "reason", "generation", "chosen", "who", "created_at", "ended_at",
     "token_hint", "personal_data")
)  # fmt: skip


def evidence(submission: Submission, path: str | os.PathLike[str], *, who: str = "") -> Path:
    """Write the evidence of a submission to a zip file, or to a new file in a folder. Return the file's path.

    The access log says that `who` did.

    Raises:
        NotInLedger, LedgerUnavailable: the ledger has no such submission, or cannot be read.
        OSError: the file cannot be written. An existing file is replaced only once the new one is complete.
    """
    if not isinstance(submission, Submission):
        raise TypeError(
            "The first argument must be a submission, as reddy.submit and ledger.submission return it, not "
            f"{type(submission).__name__}."
        )
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path must be a file or folder to write to, not {type(path).__name__}.")
    target = Path(path)
    if target.is_dir():
        target /= f"submission {submission.record().number} evidence.zip"
    refuse_open(target, LedgerUnavailable)
    part = target.with_name(target.name + ".part")
    try:
        with os.fdopen(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_RDWR, 0o600), "w+b") as file:
            write_evidence([submission], file)
        record = submission.record()
        noted(
            submission.database, "downloaded", who=who, batch_id=record.batch_id, calls=sum(submission.counts().values()),
            reference=record.id,
        )  # fmt: skip
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return target


def write_evidence(chosen: Sequence[Submission], file: IO[bytes]) -> None:
    """Write the evidence of one or more submissions to an open file; several get a folder each."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        for submission in chosen:
            with snapshot(submission) as seen:
                folder = "" if len(chosen) == 1 else f"submission {seen.submission.number}/"
                _write(seen, archive, folder)


def _write(seen: Snapshot, archive: zipfile.ZipFile, folder: str) -> None:
    files: dict[str, dict[str, Any]] = {}

    def add(name: str, lines: Callable[[IO[bytes]], int], *, what: str = "rows") -> None:
        entry = zipfile.ZipInfo(folder + name)  # with a fixed date: equal records make equal zips
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.external_attr = 0o600 << 16
        with archive.open(entry, "w", force_zip64=True) as target:
            hashed = _Hashed(target)
            count = lines(hashed)  # type: ignore[arg-type]
        files[name] = {what: count, "sha256": hashed.digest.hexdigest()}

    counts, sheet = seen.counts, seen.columns()
    own = evidence_columns(sheet)
    for status in _ORDER:
        if status in ALWAYS or status in counts:
            add(f"{status}.csv", lambda to, status=status: _calls(to, seen, status, sheet, own))  # type: ignore[misc]
    add("requests.jsonl", lambda to: _lines(to, seen, _request), what="lines")
    add("answers.jsonl", lambda to: _lines(to, seen, _answer), what="lines")
    told = msgspec.json.format(msgspec.json.encode(_manifest(seen, files)), indent=2) + b"\n"
    add("manifest.json", lambda to: to.write(told), what="bytes")


class _Hashed(io.RawIOBase):
    """A raw stream that forwards what is written and computes its SHA-256."""

    def __init__(self, target: IO[bytes]) -> None:
        self._target = target
        self.digest = hashlib.sha256()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.digest.update(data)
        self._target.write(data)
        return len(data)


def _calls(to: IO[bytes], seen: Snapshot, status: str, sheet: list[str], own: list[str]) -> int:
    text = io.TextIOWrapper(to, encoding="utf-8", errors="replace", newline="")
    text.write("\ufeff")  # makes Excel read the file as UTF-8
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([escaped(name) for name in [*sheet, *own]])
    count = 0
    for call in seen.calls(status):
        cells = [escaped(call.cells.get(name, "")) for name in sheet]
        writer.writerow([*cells, *_told(call, seen.batch.id)])
        count += 1
    text.flush()
    text.detach()
    return count


def _told(call: SentCall, batch_id: str) -> Iterator[str]:
    reason = clean(call.error)
    name, sha256, size = call.recording or (None, None, None)
    values: dict[str, Any] = {
        "row": call.row,
        "status": call.status,
        "reason": reason,
        "hint": what_next(call.status, call.http_status, call.error) or _HINTS.get(call.status, ""),
        "upload_id": call.upload_id,
        "conversation_id": call.conversation_id,
        "http_status": call.http_status,
        "attempts": len(call.tries),
        "started (UTC)": _moment(call.sent_at),
        "ended (UTC)": _moment(call.ended_at),
        "seconds": None if call.seconds is None else round(call.seconds, 3),
        "sent again because": call.again,
        "corrects": call.corrects,
        "recording": name,
        "recording_sha256": sha256,
        "recording_bytes": size,
        "audio": call.audio,
        CALL_COLUMN: call_name(batch_id, call.row),
    }
    for name in COLUMNS:
        value = values[name]
        yield "" if value is None else escaped(str(value))


def _lines(to: IO[bytes], seen: Snapshot, made: Callable[[SentCall], Iterator[dict[str, Any]]]) -> int:
    count = 0
    for status in _ORDER:
        for call in seen.calls(status, cells=False):
            for line in made(call):
                to.write(msgspec.json.encode(line) + b"\n")
                count += 1
    return count


_NOT_KEPT = "The call was edited before sent bodies were recorded."
_FORGOTTEN = "The call was forgotten: its words are gone for good."


def _request(call: SentCall) -> Iterator[dict[str, Any]]:
    for one in call.tries:
        body = None if call.forgotten else one.body
        yield {
            "row": call.row,
            "attempt": one.number,
            "id": one.id,
            "started": _moment(one.started),
            "body_sha256": None if body is None else hashlib.sha256(body.encode()).hexdigest(),
            "body": None if body is None else msgspec.Raw(body.encode()),
            **({"why": call.again} if call.again else {}),
            **({} if body is not None else {"body_missing": _FORGOTTEN if call.forgotten else _NOT_KEPT}),
        }


def _answer(call: SentCall) -> Iterator[dict[str, Any]]:
    for one in call.tries:
        yield {
            "row": call.row,
            "attempt": one.number,
            "id": one.id,
            "started": _moment(one.started),
            "ended": _moment(one.ended),
            "seconds": one.seconds,
            "status": one.result or "under way",
            "possibly_processed": one.possibly_processed,
            "http_status": one.http_status,
            "words": None if one.words is None else clean(one.words),
            "request_id": None if one.request_id is None else clean(one.request_id),
            "upload_id": one.upload_id,
        }


def _manifest(seen: Snapshot, files: dict[str, dict[str, Any]]) -> dict[str, Any]:
    of, batch = seen.submission, seen.batch
    return {
        "kind": "reddy-workbench evidence",
        "version": 1,
        "workbench": _version(),
        "submission": {
            "number": of.number,
            "id": of.id,
            "address": of.address,
            "who": of.who,
            "state": of.state,
            "reason": clean(of.reason),
            "started": _moment(of.created_at),
            "ended": _moment(of.ended_at),
        },
        # the other settings, such as the concurrency and the token's source; the token hint is in _KNOWN
        "settings": {name: value for name, value in of._mapping.items() if name not in _KNOWN},
        "batch": {
            "id": batch.id,
            "name": batch.name,
            "file_name": batch.file_name,
            "file_sha256": batch.file_hash,
            "loaded_by": batch.who,
            "loaded": _moment(batch.created_at),
            "mapping": msgspec.Raw(batch.mapping.encode()),
        },
        "chosen": sum(seen.counts.values()),
        "counts": seen.counts,
        # the rules for personal data that the calls were queued under, and what was masked in them
        "personal_data": None if of.personal_data is None else msgspec.Raw(of.personal_data.encode()),
        "audio": seen.audio(),
        "sent_again": [{**found, "at": _moment(found["at"])} for found in seen.resends()],
        "written": _moment(dt.datetime.now(dt.UTC).timestamp()),
        "files": files,
    }


def _moment(seconds: float | None) -> str | None:
    """Format a time like "2026-03-30T17:46:00.250Z"."""
    if seconds is None:
        return None
    moment = dt.datetime.fromtimestamp(seconds, dt.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _version() -> str:
    try:
        return metadata.version("reddy-workbench")
    except metadata.PackageNotFoundError:
        return "unknown"
