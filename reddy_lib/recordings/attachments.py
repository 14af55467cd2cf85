"""The file that goes beside a call, and how far it has come.

A recording is attached to a call before it is sent (`Batch.attach`), announced by the call's `filename`, and uploaded
to the address that came with Reddy's yes. `sending.exchange` stores that address in the commit that says `accepted`,
so that whatever dies afterwards, another process goes on where it was: the upload may be repeated until the address
runs out, and cannot become a second create, because nothing here touches a call's status.

    waiting ─ claimed ─ sending ─┬─ uploaded
       ^                         ├─ failed    the server said no, or the file is not what was attached
       └── again, or given up ───┴─ expired   the address ran out first

The address is its own token, so it is a secret: it is blanked with each of the three ends, and stands in no repr, log,
frame or file. *Where it leads* is remembered for each connection: a host that comes later is refused until a
person allows it (`allow_host`), because whoever could change that answer would be given customers' voices.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path, PurePath
from typing import IO, TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec
import platformdirs
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from reddy_lib.database.conditions import is_due
from reddy_lib.database.locks import lock_attaching, lock_upload_hosts
from reddy_lib.database.sandbox_urls import address_in, ledger_address
from reddy_lib.database.schema import calls, edits, recordings, schema_versions, submissions, upload_hosts
from reddy_lib.errors import RecordingError, RecordingNotFound, RecordingRefused
from reddy_lib.model import content_type_of
from reddy_lib.open_databases import refuse_open
from reddy_lib.recordings.audio_formats import content_type_inside

if TYPE_CHECKING:
    import pandas as pd

    from reddy_lib.database.database import Database

__all__ = [
    "ASK_SUPPORT",
    "EXPIRED",
    "FOLDER_VARIABLE",
    "PUT_BACK",
    "TRIED_AGAIN",
    "Attached",
    "Recorded",
    "Upload",
    "Uploaded",
    "Use",
    "allow_host",
    "announced_name",
    "attached_from",
    "changed_words",
    "claim_of_batch",
    "dropped_folder",
    "expired_words",
    "hosts_of",
    "left_in_batch",
    "mark_of",
    "nothing_attached",
    "open_recording",
    "recordings_folder",
    "refuse_host",
    "say_sent",
    "uploads_of",
    "uses",
    "waiting_hosts",
]

FOLDER_VARIABLE = "REDDY_AUDIO_FOLDER"
"""A folder that every machine of a team sees under this name, wherever it is there."""

USUAL_SECONDS = 3600.0
"""How long an address is taken to work where Reddy does not say; its guide says one hour."""

CHUNK = 1 << 20

STATES = ("waiting", "sending", "uploaded", "failed", "expired")

ASK_SUPPORT = "Ask Reddy's support how to attach it; sending the call again would make a second call."
"""What to do where a call is at Reddy and its recording can no longer follow."""

LOST = (
    "Reddy has this call, but its answer with the address for the recording was lost: the recording is not there. "
    f"{ASK_SUPPORT}"
)
NO_ADDRESS = f"Reddy accepted the call and gave no address for its recording: the recording is not there. {ASK_SUPPORT}"
EXPIRED = (
    "The address for this recording ran out before it was uploaded. The call itself is at Reddy. "
    "Ask Reddy's support how to attach the recording; sending the call again would make a second call."
)
TRIED_AGAIN = "It is tried again, while the submission goes on, until the address runs out."
PUT_BACK = "Put the file back where it was, before the address runs out."

_KEPT_NAME = re.compile(r"([0-9a-f]{64})(?:\.[a-z0-9]{2,4})?")


class Attached(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it was when it was attached. `place`: what `path` is below ("kept": the ledger's own folder; "folder":
    REDDY_AUDIO_FOLDER; "": nothing, it is whole)."""

    name: str
    place: str
    path: str
    sha256: str
    size: int
    changed: float
    content_type: str

    def told(self) -> dict[str, Any]:
        """What the record of edits says of it."""
        return {"name": self.name, "sha256": self.sha256, "size": self.size}


class Recorded(msgspec.Struct, frozen=True):
    """What the sender has to know of a call's recording before it sends the call."""

    name: str
    place: str
    path: str
    sha256: str
    size: int
    changed: float


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """A recording that this worker may now upload. `attempt_id`: of the create that announced it; `url`: a secret."""

    call_id: int
    row: int
    attempt_id: str
    recording: Recorded
    content_type: str
    url: str
    expires_at: float
    tries: int

    def __repr__(self) -> str:
        return f"<Upload row {self.row} · {self.recording.name!r} · {self.recording.size:,} bytes · try {self.tries}>"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Pretty-printers would list every field otherwise."""
        return [("row", self.row), ("name", self.recording.name), ("tries", self.tries)]


class Uploaded(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one PUT. `outcome` "again": it waits, until `retry_at`; `tried`: bytes may have left."""

    upload: Upload
    outcome: Literal["uploaded", "failed", "expired", "again"]
    ended: float
    sent: int = 0
    error: str = ""
    retry_at: float | None = None
    tried: bool = True


# --- files -------------------------------------------------------------------------------------------------


def recordings_folder(database: Database) -> Path:
    """Where the recordings of a ledger are kept: beside its file; for PostgreSQL in `recordings` below
    REDDY_AUDIO_FOLDER, else in the user's data folder, which other machines do not see."""
    if database.url.get_backend_name() == "sqlite":
        return Path(database.url.database or "ledger.sqlite").parent / "recordings"
    shared = _shared_folder()
    return (shared or Path(platformdirs.user_data_dir("reddy-workbench", appauthor=False))) / "recordings"


def attached_from(
    database: Database,
    source: str | os.PathLike[str] | IO[bytes],
    *,
    name: str | None = None,
    content_type: str | None = None,
    sha256: str | None = None,
) -> Attached:
    """A file as it is now, hashed. A path stays where it is; what is only open is copied into the ledger's folder.

    Args:
        sha256: of a path, where it is known already: a gigabyte is not read twice. Should it be wrong, whoever uploads
            the file finds that it is not what was attached, and does not send it.

    Raises:
        RecordingNotFound: there is no such file.
        RecordingError: it is empty, cannot be read, or has no name.
    """
    if isinstance(source, str | os.PathLike):
        path = Path(source).expanduser().absolute()
        named = _file_name(name or path.name)
        try:
            about = path.stat()
            if not stat.S_ISREG(about.st_mode):
                raise RecordingError(f"{path.name} is not a file: attach the recording itself.")
            refuse_open(path, RecordingError)
            sha256 = sha256 or _sha256(path)
        except FileNotFoundError:
            raise RecordingNotFound(f"There is no file {path}: check where the recording is.") from None
        except OSError as error:
            raise RecordingError(
                f"The recording {path.name} cannot be read ({error.strerror or type(error).__name__})."
            ) from None
    else:
        given = getattr(source, "name", None)
        named = _file_name(name or (given if isinstance(given, str) else ""))
        path = _kept(recordings_folder(database), source, named)
        about, sha256 = path.stat(), path.name.partition(".")[0]
    if not about.st_size:
        raise RecordingError(_EMPTY.format(named))
    place, written = _placed(database, path)
    kind = content_type or _content_type(path, named)
    if not re.fullmatch(r"[\w.+-]{1,60}/[\w.+-]{1,60}", kind, re.ASCII):
        raise RecordingError("A content type looks like audio/mp4: give one, or none.")
    return Attached(
        name=named,
        place=place,
        path=written,
        sha256=sha256,
        size=about.st_size,
        changed=about.st_mtime,
        content_type=kind,
    )


def open_recording(database: Database, recording: Recorded | Upload | Attached) -> IO[bytes]:
    """The file of a recording, open, if it is what was attached by its size, and by its hash where its time differs.

    A file that keeps both is looked at no further here: a gigabyte is not read twice. Whoever uploads it hashes what
    goes out, and holds the last piece back where it is another file after all.

    What is said says what to do: nothing can be attached any more to a call that Reddy has (an `Upload`).

    Raises:
        RecordingNotFound: it is not there, cannot be read, or is not on this machine.
        RecordingRefused: it has changed since it was attached, or lies outside of its folder.
    """
    at_reddy = isinstance(recording, Upload)
    found = recording.recording if isinstance(recording, Upload) else recording
    path = _path_of(database, found)
    with contextlib.ExitStack() as opened:
        try:
            # a pipe under this name must not keep a thread waiting for good
            file = os.fdopen(
                os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)), "rb"
            )
            opened.enter_context(file)
            about = os.fstat(file.fileno())
            same = stat.S_ISREG(about.st_mode) and about.st_size == found.size
            if same and about.st_mtime != found.changed:
                same = hashlib.file_digest(file, "sha256").hexdigest() == found.sha256
                file.seek(0)
        except OSError as error:
            raise RecordingNotFound(
                f"The recording {found.name} cannot be opened ({error.strerror or type(error).__name__}). "
                + (PUT_BACK if at_reddy else "Put the file back where it was, or attach it again.")
            ) from None
        if not same:
            raise RecordingRefused(changed_words(found.name, at_reddy=at_reddy))
        opened.pop_all()
    return file


def changed_words(name: str, *, at_reddy: bool = False) -> str:
    """What is said of a file that is no longer what was attached."""
    said = f"The recording {name} has changed since it was attached: it was not sent."
    return (
        f"{said} The call itself is at Reddy. {ASK_SUPPORT}"
        if at_reddy
        else f"{said} Attach the right file again."
    )


def expired_words(last: str | None) -> str:
    """What is said of a recording whose address ran out; `last`: what was said of the last try."""
    if not last:
        return EXPIRED
    return f"{EXPIRED} The last try: {last.removesuffix(TRIED_AGAIN).removesuffix(PUT_BACK).rstrip()}"


def _path_of(database: Database, found: Recorded | Attached) -> Path:
    if not found.place:
        return Path(found.path)
    folder = recordings_folder(database) if found.place == "kept" else _shared_folder()
    if folder is None:
        raise RecordingNotFound(
            f"The recording {found.name} lies in the folder of {FOLDER_VARIABLE}, and this program was started "
            "without it. Set it, and start again."
        )
    try:
        whole = (folder / found.path).resolve()
        inside = whole.is_relative_to(folder.resolve())
    except (OSError, ValueError, RuntimeError):
        inside = False
    if not inside:
        raise RecordingRefused(f"The recording {found.name} lies outside of its folder: it was not opened.")
    return whole


def _placed(database: Database, path: Path) -> tuple[str, str]:
    for place, folder in (("kept", recordings_folder(database)), ("folder", _shared_folder())):
        if folder is not None:
            with contextlib.suppress(ValueError, OSError):
                return place, path.resolve().relative_to(folder.resolve()).as_posix()
    return "", str(path)


def _shared_folder() -> Path | None:
    given = os.environ.get(FOLDER_VARIABLE, "").strip()
    return Path(given).expanduser() if given else None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _content_type(path: Path, named: str) -> str:
    """By what is inside: a name may be another system's, or a sheet's."""
    with contextlib.suppress(OSError), path.open("rb") as file:
        found = content_type_inside(file)
        if found is not None:
            return found
    return content_type_of(named, path.name)


_EMPTY = "The recording {} is empty: export it again."


def _kept(folder: Path, source: IO[bytes], named: str) -> Path:
    """What is read, under its hash; whole, or not there at all."""
    ending = PurePath(named).suffix.lower()
    ending = ending if re.fullmatch(r"\.[a-z0-9]{2,4}", ending) else ""
    digest = hashlib.sha256()
    part: Path | None = None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, written = tempfile.mkstemp(prefix="arriving-", suffix=".part", dir=folder)  # mode 0600
        part = Path(written)
        with os.fdopen(handle, "wb") as target:
            while piece := source.read(CHUNK):
                digest.update(piece)
                target.write(piece)
            if not target.tell():
                raise RecordingError(_EMPTY.format(named))
            target.flush()
            os.fsync(target.fileno())
        final = folder / (digest.hexdigest() + ending)
        if final.exists():
            part.unlink()
        else:
            part.replace(final)
        part = None
        return final
    except OSError as error:
        raise RecordingError(
            f"The recording could not be kept ({error.strerror or type(error).__name__}). Make room, or check the "
            f"permissions of {folder}, then attach it again."
        ) from None
    finally:
        if part is not None:
            part.unlink(missing_ok=True)


def announced_name(name: str, attached: str) -> str:
    """What a call may announce an attached file as: the last part of a path, and the file's own name for what is none."""
    try:
        return _file_name(name)
    except RecordingError:
        return attached


def _file_name(name: str) -> str:
    """The last part of what was given, as Reddy is told it."""
    last = re.split(r"[/\\]", name.strip())[-1].strip()
    last = "".join(character for character in last if character.isprintable())
    if not last or len(last) > 255 or last in (".", ".."):
        raise RecordingError("The recording needs a name such as call-17.mp4: give one.")
    return last


# --- in the transactions of `batch` ------------------------------------------------------------------------


def attach(connection: sa.Connection, call_id: int, found: Attached, *, who: str, now: float) -> None:
    """The file of a call, in place of an earlier one."""
    values = {
        **{name: getattr(found, name) for name in found.__struct_fields__},
        "who": who,
        "attached_at": now,
        **_UNTOUCHED,
    }
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(recordings)
    connection.execute(
        insert.values(call_id=call_id, **values).on_conflict_do_update(
            index_elements=[recordings.c.call_id], set_=values
        )
    )


def hold(connection: sa.Connection, database: Database, found: Attached) -> None:
    """A file of the ledger's own folder is still there, and stays until this transaction is over.

    Raises RecordingNotFound: it was deleted, as one that no call has.
    """
    if found.place != "kept":
        return
    lock_attaching(connection, shared=True)
    path = _path_of(database, found)
    try:
        # opened, not looked up: what another machine deleted is then gone here too
        file = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise RecordingNotFound(
            f"The recording {found.name} is not there any more ({error.strerror or type(error).__name__}): add it again."
        ) from None
    os.close(file)


def attached_to(connection: sa.Connection, call_id: int) -> Attached | None:
    """The file of a call, or None."""
    names = Attached.__struct_fields__
    found = connection.execute(
        sa.select(*(recordings.c[name] for name in names)).where(recordings.c.call_id == call_id)
    ).one_or_none()
    return None if found is None else Attached(**found._mapping)


def attached_to_calls(
    connection: sa.Connection, call_ids: Collection[int]
) -> dict[int, tuple[Attached, str]]:
    """Call → its file and the file's state; calls without one are left out. Some hundred calls at a time."""
    names = Attached.__struct_fields__
    query = sa.select(
        recordings.c.call_id, recordings.c.state, *(recordings.c[name] for name in names)
    ).where(recordings.c.call_id.in_(list(call_ids)))
    return {
        one.call_id: (Attached(**{name: getattr(one, name) for name in names}), one.state)
        for one in connection.execute(query)
    }


def detach(connection: sa.Connection, call_id: int) -> None:
    """A call without its file; the record of edits says that it had one."""
    connection.execute(recordings.delete().where(recordings.c.call_id == call_id))


def recordings_frame(connection: sa.Connection, batch_id: str) -> pd.DataFrame:
    """The recordings of a batch: what `Batch.recordings` gives."""
    import pandas as pd

    names = ["name", "size", "sha256", "content_type", "state", "sent", "tries", "error", "expires_at",
             "attached_at", "started_at", "ended_at"]  # fmt: skip
    query = (
        sa.select(calls.c.row, *(recordings.c[name] for name in names))
        .join(calls, calls.c.id == recordings.c.call_id)
        .where(calls.c.batch_id == batch_id)
        .order_by(calls.c.row)
    )
    found = [tuple(one) for one in connection.execute(query)]
    columns = ["row", *(name.removesuffix("_at") for name in names)]
    frame = pd.DataFrame(found, columns=columns)
    for name in ("expires", "attached", "started", "ended"):
        frame[name] = pd.to_datetime(frame[name].astype(float), unit="s", utc=True)
    for name in ("row", "size", "sent", "tries"):
        frame[name] = frame[name].astype("int64")
    for name in ("name", "sha256", "content_type", "state"):
        frame[name] = frame[name].astype(str)
    frame["error"] = frame["error"].astype(object).where(frame["error"].notna(), "").astype(str)
    return frame


def states_of_batch(connection: sa.Connection, batch_id: str) -> tuple[int, ...]:
    """How many recordings of a batch are in each state, in the order of `STATES`."""
    query = (
        sa.select(recordings.c.state, sa.func.count())
        .join(calls, calls.c.id == recordings.c.call_id)
        .where(calls.c.batch_id == batch_id)
        .group_by(recordings.c.state)
    )
    found = {row[0]: row[1] for row in connection.execute(query)}
    return tuple(found.get(state, 0) for state in STATES)


_UNTOUCHED: dict[str, Any] = {
    "state": "waiting",
    "submission_id": None,
    "attempt_id": None,
    "upload_url": None,
    "host": None,
    "expires_at": None,
    "worker": None,
    "tries": 0,
    "retry_at": None,
    "sent": 0,
    "error": None,
    "started_at": None,
    "ended_at": None,
}


# --- in the transactions of `sending` ----------------------------------------------------------------------


def of_calls(connection: sa.Connection, call_ids: Collection[int]) -> dict[int, Recorded]:
    """The files of calls that are about to be sent."""
    names = Recorded.__struct_fields__
    query = sa.select(recordings.c.call_id, *(recordings.c[name] for name in names)).where(
        recordings.c.call_id.in_(list(call_ids))
    )
    return {
        found.call_id: Recorded(**{name: getattr(found, name) for name in names})
        for found in connection.execute(query)
    }


def announced(
    connection: sa.Connection,
    call_id: int,
    *,
    submission_id: str,
    attempt_id: str,
    upload_url: str | None,
    host: str | None,
    expires_at: float | None,
    sha256: str | None,
    problem: str,
    now: float,
) -> None:
    """Reddy accepted a call that has a file: from now on it can be uploaded to this address, or why it cannot.

    `sha256`: of the file that the call had when it was sent; one that was attached since belongs to another create.
    """
    values = {**_UNTOUCHED, "submission_id": submission_id, "attempt_id": attempt_id}
    if upload_url and not problem:
        values |= {
            "upload_url": upload_url,
            "host": host,
            "expires_at": now + USUAL_SECONDS if expires_at is None else expires_at,
        }
        state = "waiting"
    else:
        state = "failed"
        values |= {"state": state, "error": problem or NO_ADDRESS, "ended_at": now}
    done = connection.execute(
        recordings.update()
        .where(recordings.c.call_id == call_id, recordings.c.sha256 == sha256)
        .values(**values)
    )
    if done.rowcount:
        connection.execute(calls.update().where(calls.c.id == call_id).values(audio=state))


def lost_address(connection: sa.Connection, call_ids: Sequence[int], *, now: float) -> None:
    """Somebody found out that Reddy has these calls, whose answer never came: nor did the address in it."""
    mine = sa.and_(recordings.c.call_id.in_(list(call_ids)), recordings.c.upload_url.is_(None))
    ids = connection.execute(
        sa.select(recordings.c.call_id).where(mine, recordings.c.state == "waiting")
    ).scalars().all()  # fmt: skip
    if ids:
        connection.execute(
            recordings.update()
            .where(recordings.c.call_id.in_(ids))
            .values(state="failed", error=LOST, ended_at=now)
        )
        connection.execute(calls.update().where(calls.c.id.in_(ids)).values(audio="failed"))


def forgotten(connection: sa.Connection, call_ids: Sequence[int]) -> None:
    """What was uploaded with these calls is forgotten, because the calls are."""
    there = sa.select(recordings.c.call_id).where(recordings.c.call_id.in_(list(call_ids)))
    ids = connection.execute(there).scalars().all()
    if ids:
        connection.execute(recordings.update().where(recordings.c.call_id.in_(ids)).values(**_UNTOUCHED))
        connection.execute(calls.update().where(calls.c.id.in_(ids)).values(audio="waiting"))


def claim(
    connection: sa.Connection,
    worker: str,
    which: sa.ColumnElement[bool],
    *,
    want: int,
    now: float,
    again: bool = False,
) -> list[Upload]:
    """Recordings whose turn it is now; `again`: also those that were claimed at this very `now`, and never handed out."""
    if again:
        mine = sa.and_(
            recordings.c.state == "sending", recordings.c.worker == worker, recordings.c.started_at == now
        )
        found = connection.execute(_uploads(sa.and_(which, mine))).all()
        if found:
            return [_upload(one, one.tries) for one in found]
    due = sa.and_(
        which,
        recordings.c.state == "waiting",
        recordings.c.upload_url.is_not(None),
        recordings.c.expires_at > now,
        is_due(recordings.c.retry_at, now),
        ~_REFUSED_HOST,
    )
    query = (
        _uploads(due)
        .order_by(recordings.c.expires_at, recordings.c.call_id)  # what runs out first
        .limit(want)
        .with_for_update(skip_locked=True, of=recordings)
    )
    found = connection.execute(query).all()
    if found:
        connection.execute(
            recordings.update()
            .where(recordings.c.call_id.in_([one.call_id for one in found]))
            .values(
                state="sending",
                worker=worker,
                tries=recordings.c.tries + 1,
                retry_at=None,
                sent=0,
                started_at=now,
                ended_at=None,
            )
        )
    return [_upload(one, one.tries + 1) for one in found]


def record(connection: sa.Connection, done: Sequence[Uploaded], worker: str) -> None:
    """What came of uploads. A yes counts whoever brings it; anything else only from the one that has it in hand."""
    for one in done:
        mine = sa.and_(
            recordings.c.call_id == one.upload.call_id, recordings.c.attempt_id == one.upload.attempt_id
        )
        values: dict[str, Any] = {
            "state": "waiting" if one.outcome == "again" else one.outcome,
            "worker": None,
            "sent": one.upload.recording.size if one.outcome == "uploaded" else one.sent,
            "error": one.error or None,
            "ended_at": one.ended,
        }
        if one.outcome == "again":
            values["retry_at"] = one.retry_at
            if not one.tried:
                values["tries"] = recordings.c.tries - 1
        else:
            values |= {"upload_url": None, "host": None}
        if one.outcome == "uploaded":
            mine = sa.and_(mine, recordings.c.state != "uploaded")
        else:
            mine = sa.and_(mine, recordings.c.state == "sending", recordings.c.worker == worker)
        if connection.execute(recordings.update().where(mine).values(**values)).rowcount:
            connection.execute(
                calls.update().where(calls.c.id == one.upload.call_id).values(audio=values["state"])
            )


def progressed(connection: sa.Connection, worker: str, sent: Iterable[tuple[int, int]]) -> None:
    """How many bytes have gone out, for people: (call id, bytes)."""
    for call_id, count in sent:
        connection.execute(
            recordings.update()
            .where(
                recordings.c.call_id == call_id,
                recordings.c.state == "sending",
                recordings.c.worker == worker,
            )
            .values(sent=count)
        )


def give_up(connection: sa.Connection, workers: Sequence[str]) -> None:
    """What dead workers were uploading waits for the next one: repeating it does no harm."""
    connection.execute(
        recordings.update()
        .where(
            recordings.c.upload_url.is_not(None),
            recordings.c.state == "sending",
            recordings.c.worker.in_(list(workers)),
        )
        .values(state="waiting", worker=None)
    )


def run_out(connection: sa.Connection, *, now: float) -> int:
    """Addresses that have run out while nobody was uploading; gives how many."""
    over = sa.and_(
        recordings.c.upload_url.is_not(None), recordings.c.expires_at <= now, recordings.c.state == "waiting"
    )
    found = connection.execute(
        sa.select(recordings.c.call_id, recordings.c.error).where(over).with_for_update(skip_locked=True)
    ).all()
    for one in found:
        connection.execute(
            recordings.update()
            .where(recordings.c.call_id == one.call_id)
            .values(
                state="expired",
                upload_url=None,
                host=None,
                worker=None,
                error=expired_words(one.error),
                ended_at=now,
            )
        )
        connection.execute(calls.update().where(calls.c.id == one.call_id).values(audio="expired"))
    return len(found)


def waiting_count(connection: sa.Connection, submission_id: str) -> int:
    """How many recordings of a submission wait for their upload."""
    return connection.execute(
        sa.select(sa.func.count()).where(
            recordings.c.submission_id == submission_id,
            recordings.c.state == "waiting",
            recordings.c.upload_url.is_not(None),
        )
    ).scalar_one()


def earliest(connection: sa.Connection, submission_id: str, chunk: int | None) -> float | None:
    """When the next upload of this chunk may be tried (0 = now); None if none waits, but for a person's word."""
    query = sa.select(sa.func.min(sa.func.coalesce(recordings.c.retry_at, 0))).where(
        of_chunk(submission_id, chunk),
        recordings.c.state == "waiting",
        recordings.c.upload_url.is_not(None),
        ~_REFUSED_HOST,
    )
    return connection.execute(query).scalar()


def of_chunk(submission_id: str, chunk: int | None) -> sa.ColumnElement[bool]:
    """Which recordings a piece of work covers."""
    mine = recordings.c.submission_id == submission_id
    if chunk is None:
        return mine
    return sa.and_(mine, sa.exists().where(_CALL.c.id == recordings.c.call_id, _CALL.c.chunk == chunk))


def under_way(submission_id: Any) -> sa.ColumnElement[bool]:
    """Whether recordings of this submission still have a way to go (a condition for statements)."""
    return sa.exists().where(
        recordings.c.submission_id == submission_id,
        recordings.c.state.in_(("waiting", "sending")),
        recordings.c.upload_url.is_not(None),
    )


def open_chunks(connection: sa.Connection, submission_id: str) -> list[int]:
    """Chunks with recordings that wait for their upload."""
    query = (
        sa.select(calls.c.chunk)
        .join(recordings, recordings.c.call_id == calls.c.id)
        .where(
            recordings.c.submission_id == submission_id,
            recordings.c.state == "waiting",
            recordings.c.upload_url.is_not(None),
            calls.c.chunk.is_not(None),
        )
        .distinct()
    )
    return [chunk for chunk in connection.execute(query).scalars() if chunk is not None]


_CALL = calls.alias()  # for conditions, also in statements that join `calls` themselves
_OF_ADDRESS = (
    sa.select(submissions.c.address)
    .where(submissions.c.id == recordings.c.submission_id)
    .correlate(recordings)
    .scalar_subquery()
)
_ALLOWED = sa.exists().where(
    upload_hosts.c.address == _OF_ADDRESS,
    upload_hosts.c.host == recordings.c.host,
    upload_hosts.c.allowed.is_(True),
)
_REFUSED_HOST = sa.and_(recordings.c.host.is_not(None), ~_ALLOWED)


def refused_hosts(connection: sa.Connection, submission_id: str) -> list[str]:
    """Hosts to which recordings of a submission wait to be allowed."""
    query = (
        sa.select(recordings.c.host)
        .where(
            recordings.c.submission_id == submission_id,
            recordings.c.state == "waiting",
            recordings.c.upload_url.is_not(None),
            _REFUSED_HOST,
        )
        .distinct()
        .order_by(recordings.c.host)
    )
    return [host for host in connection.execute(query).scalars() if host]


def seen_host(connection: sa.Connection, address: str, host: str, *, now: float) -> None:
    """Remember a host: the first of a connection is allowed, a later one waits for a person."""
    known = sa.select(upload_hosts.c.host, upload_hosts.c.allowed).where(upload_hosts.c.address == address)
    if host in {one.host for one in connection.execute(known)}:
        return
    lock_upload_hosts(connection)  # two first ones at the same moment
    there = {one.host: one.allowed for one in connection.execute(known)}
    if host not in there:
        connection.execute(
            upload_hosts.insert().values(
                address=address, host=host, allowed=not any(there.values()), who="", seen_at=now
            )
        )


def _uploads(which: sa.ColumnElement[bool]) -> sa.Select[Any]:
    columns = (*Recorded.__struct_fields__, "call_id", "attempt_id", "content_type", "upload_url", "expires_at",
               "tries")  # fmt: skip
    return (
        sa.select(calls.c.row, *(recordings.c[name] for name in columns))
        .join(calls, calls.c.id == recordings.c.call_id)
        .where(which)
    )


def _upload(found: Any, tries: int) -> Upload:
    return Upload(
        call_id=found.call_id,
        row=found.row,
        attempt_id=found.attempt_id,
        recording=Recorded(**{name: getattr(found, name) for name in Recorded.__struct_fields__}),
        content_type=found.content_type,
        url=found.upload_url,
        expires_at=found.expires_at,
        tries=tries,
    )


# --- for people -------------------------------------------------------------------------------------------


def uploads_of(database: Database, submission_id: str) -> dict[str, int]:
    """Recordings of a submission whose calls were accepted: number by state (waiting, sending, uploaded, failed,
    expired), and `sent`, `size`: bytes of those under way that are out, and of all of them."""
    query = (
        sa.select(
            recordings.c.state,
            sa.func.count(),
            sa.func.sum(recordings.c.sent),
            sa.func.sum(recordings.c.size),
        )
        .where(recordings.c.submission_id == submission_id)
        .group_by(recordings.c.state)
    )
    numbers = dict.fromkeys((*STATES, "sent", "size"), 0)
    with database.read() as connection:
        for state, count, sent, size in connection.execute(query):
            numbers[state] = count
            if state == "sending":
                numbers["sent"], numbers["size"] = int(sent), int(size)
    return numbers


def waiting_hosts(database: Database, submission_id: str) -> list[str]:
    """Hosts to which recordings of a submission may not go before somebody allows it (`allow_host`)."""
    with database.read() as connection:
        return refused_hosts(connection, submission_id)


# --- dropped, and attached to nothing ------------------------------------------------------------------------


class Use(NamedTuple):
    """What calls have to do with a dropped file. `now`: one has it; `before`: one that has another recording now had it,
    and may get it back; `last`: when a call got or lost it, 0 if never."""

    now: bool
    before: bool
    last: float


def dropped_folder(database: Database) -> Path:
    """What was dropped in a browser: a folder in it for each batch, named by its id."""
    return recordings_folder(database) / "dropped"


def mark_of(database: Database) -> str:
    """What tells this ledger from another one that keeps its recordings in the same folder: when it was made."""
    with database.read() as connection:
        made = connection.execute(sa.select(sa.func.min(schema_versions.c.applied_at))).scalar_one()
    return f"{made:.6f}"


def uses(database: Database, batch_id: str, keys: Collection[str]) -> dict[str, Use]:
    """What calls, of any batch, have to do with files that were dropped for a batch: key → use. It may be another one a
    moment later; `nothing_attached` for who deletes."""
    with database.read() as connection:
        return _uses(connection, batch_id, keys)


@contextlib.contextmanager
def nothing_attached(
    database: Database, batch_id: str, keys: Collection[str]
) -> Iterator[tuple[dict[str, Use], Callable[[], object]]]:
    """`uses`, and nothing is attached until this is over. The second: whoever is about to delete calls it when the files
    cannot be reached any more; it raises LedgerUnavailable where the ledger went away, and may have let others in."""
    with database.write() as connection:
        lock_attaching(connection)
        yield _uses(connection, batch_id, keys), lambda: connection.execute(sa.text("SELECT 1")).scalar()


def _uses(connection: sa.Connection, batch_id: str, keys: Collection[str]) -> dict[str, Use]:
    by_hash: dict[str, list[str]] = {}
    for key in keys:
        by_hash.setdefault(key.partition(".")[0], []).append(key)
    now: set[str] = set()
    hashes = list(by_hash)
    for start in range(0, len(hashes), 500):
        columns = (recordings.c.sha256, recordings.c.place, recordings.c.path)
        some = recordings.c.sha256.in_(hashes[start : start + 500])
        for found in connection.execute(sa.select(*columns).where(some)):
            for key in by_hash[found.sha256]:
                # elsewhere in the ledger's own folder it is another file; any other path may lead here, through a link
                if found.place != "kept" or found.path == f"dropped/{batch_id}/{key}":
                    now.add(key)
    before: set[str] = set()
    last: dict[str, float] = {}
    if by_hash:
        query = (
            sa.select(edits.c.before, edits.c.after, edits.c.at, calls.c.audio)
            .join(calls, calls.c.id == edits.c.call_id)
            .where(calls.c.batch_id == batch_id, edits.c.field == "recording")
        )
        for edit in connection.execute(query):
            for said in (edit.before, edit.after):
                told = msgspec.json.decode(said, type=dict[str, Any] | None) if said else None
                sha256 = str(told.get("sha256")) if told else ""
                if sha256 in by_hash:
                    last[sha256] = max(last.get(sha256, 0.0), edit.at)
                    if said is edit.before and edit.audio != "none":
                        before.add(sha256)
    return {
        key: Use(key in now, sha256 in before, last.get(sha256, 0.0))
        for sha256, same in by_hash.items()
        for key in same
    }


# --- by themselves -----------------------------------------------------------------------------------------


def claim_of_batch(
    database: Database, batch_id: str, worker: str, *, addresses: Collection[str], want: int, now: float
) -> list[Upload]:
    """Recordings of a batch that wait for their upload, whatever became of the submission they belong to."""
    which = sa.and_(
        sa.exists().where(_CALL.c.id == recordings.c.call_id, _CALL.c.batch_id == batch_id),
        _OF_ADDRESS.in_(sorted({ledger_address(database, each) for each in addresses})),
    )
    with database.write(right="send") as connection:
        run_out(connection, now=now)
        return claim(connection, worker, which, want=want, now=now)


def left_in_batch(
    database: Database, batch_id: str, *, addresses: Collection[str]
) -> tuple[float | None, list[str]]:
    """When the next upload of a batch may be tried (0 = now; None: none waits), and hosts that wait to be allowed."""
    of_batch = sa.and_(
        sa.exists().where(_CALL.c.id == recordings.c.call_id, _CALL.c.batch_id == batch_id),
        _OF_ADDRESS.in_(sorted({ledger_address(database, each) for each in addresses})),
        recordings.c.state == "waiting",
        recordings.c.upload_url.is_not(None),
    )
    with database.read() as connection:
        when = connection.execute(
            sa.select(sa.func.min(sa.func.coalesce(recordings.c.retry_at, 0))).where(of_batch, ~_REFUSED_HOST)
        ).scalar()
        hosts = connection.execute(
            sa.select(recordings.c.host).where(of_batch, _REFUSED_HOST).distinct()
        ).scalars().all()  # fmt: skip
    return when, sorted(host for host in hosts if host)


def say_sent(database: Database, worker: str, sent: Iterable[tuple[int, int]]) -> None:
    """How many bytes have gone out, for people. A power cut may take it back."""
    with database.write(right="send", durable=False) as connection:
        progressed(connection, worker, sent)


def hosts_of(database: Database, address: str) -> pd.DataFrame:
    """Where recordings of a connection went or were to go: host, allowed, who (allowed it; "" = it came first), seen
    (UTC); oldest first."""
    import pandas as pd

    names = ["host", "allowed", "who", "seen_at"]
    of_address = upload_hosts.c.address == ledger_address(database, address)
    query = sa.select(*(upload_hosts.c[name] for name in names)).where(of_address)
    with database.read() as connection:
        found = [tuple(one) for one in connection.execute(query.order_by(upload_hosts.c.seen_at))]
    frame = pd.DataFrame(found, columns=["host", "allowed", "who", "seen"])
    frame["seen"] = pd.to_datetime(frame["seen"].astype(float), unit="s", utc=True)
    return frame.assign(allowed=frame["allowed"].astype(bool))


def allow_host(database: Database, address: str, host: str, *, who: str = "") -> None:
    """Recordings of this connection may go to this host too. What waited for it goes at the next claim."""
    _say_of_host(database, address, host, allowed=True, who=who)


def refuse_host(database: Database, address: str, host: str, *, who: str = "") -> None:
    """Recordings of this connection may not go to this host any more."""
    _say_of_host(database, address, host, allowed=False, who=who)


def _say_of_host(database: Database, address: str, host: str, *, allowed: bool, who: str) -> None:
    new = {"allowed": allowed, "who": who}
    with database.write(right="administer") as connection:
        insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(upload_hosts)
        connection.execute(
            insert.values(address=address_in(connection, address), host=host.strip().lower(), seen_at=time.time(), **new)
            .on_conflict_do_update(index_elements=[upload_hosts.c.address, upload_hosts.c.host], set_=new)
        )  # fmt: skip
