"""The recording that is attached to a call: which file it is, and how it is opened.

A recording is attached to a call before the call is sent (`Batch.attach`), and announced by the call's `filename`. It
is identified by its hash, and stays where it is; only what comes as an open file is copied into the ledger's folder.
`open_recording` opens it only if it still is the file that was attached. Uploading it is in `upload_queue`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
from collections.abc import Collection, Iterator
from pathlib import Path, PurePath
from typing import IO, TYPE_CHECKING

import msgspec
import platformdirs
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from reddy_lib.database.locks import lock_attaching
from reddy_lib.database.schema import calls, recordings
from reddy_lib.errors import RecordingError, RecordingNotFound, RecordingRefused
from reddy_lib.model import content_type_of
from reddy_lib.open_databases import refuse_open
from reddy_lib.recordings.audio_formats import content_type_inside
from reddy_lib.recordings.hashed_files import CHUNK, sha256_of_name, write_hashed_file
from reddy_lib.recordings.shared_folder import FOLDER_VARIABLE, shared_folder

if TYPE_CHECKING:
    import pandas as pd

    from reddy_lib.database.database import Database

__all__ = [
    "ASK_SUPPORT",
    "NOT_UPLOADED",
    "PUT_BACK",
    "STATES",
    "Attached",
    "Recorded",
    "announced_name",
    "attach",
    "attached_from",
    "attached_to",
    "attached_to_calls",
    "changed_message",
    "detach",
    "hold",
    "open_recording",
    "recorded_for_calls",
    "recordings_folder",
    "recordings_frame",
    "states_of_batch",
]

STATES = ("waiting", "sending", "uploaded", "failed", "expired")
"""The states of an upload; see `upload_queue`."""

ASK_SUPPORT = "Ask Reddy's support how to attach it; sending the call again would make a second call."
"""What to do where a call is at Reddy and its recording can no longer follow."""

PUT_BACK = "Put the file back where it was, before the address expires."

_EMPTY = "The recording {} is empty: export it again."


class Attached(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it was when it was attached.

    Attributes:
        name: as the call announces it.
        place: what `path` is relative to: "kept" (the ledger's folder), "folder" (REDDY_AUDIO_FOLDER), or "" (`path` is
            absolute).
        changed: the file's modification time.
    """

    name: str
    place: str
    path: str
    sha256: str
    size: int
    changed: float
    content_type: str

    def told(self) -> dict[str, str | int]:
        """Return what the history of edits says of it."""
        return {"name": self.name, "sha256": self.sha256, "size": self.size}


class Recorded(msgspec.Struct, frozen=True):
    """What the sender needs to know of a call's recording before it sends the call."""

    name: str
    place: str
    path: str
    sha256: str
    size: int
    changed: float


NOT_UPLOADED: dict[str, str | int | None] = {
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
"""The columns of `recordings` that tell of its upload, before there was one."""


# --- files -------------------------------------------------------------------------------------------------


def recordings_folder(database: Database) -> Path:
    """Return the folder for the recordings of a ledger.

    It is beside a SQLite ledger's file. For PostgreSQL it is `recordings` below REDDY_AUDIO_FOLDER, or else in the user's
    data folder, which other machines do not see.
    """
    if database.is_sqlite:
        return Path(database.url.database or "ledger.sqlite").parent / "recordings"
    shared = shared_folder()
    return (shared or Path(platformdirs.user_data_dir("reddy-workbench", appauthor=False))) / "recordings"


def attached_from(
    database: Database,
    source: str | os.PathLike[str] | IO[bytes],
    *,
    name: str | None = None,
    content_type: str | None = None,
    sha256: str | None = None,
) -> Attached:
    """Describe a file as it is now, with its hash. A path stays where it is; an open file is copied to the ledger's folder.

    Args:
        sha256: of a path, where it is known already, so that a gigabyte is not read twice. If it is wrong, the upload
            notices that the file is not what was attached, and does not complete.

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
    elif not hasattr(source, "read"):
        raise TypeError(
            f"The recording must be a path, or a file that is open for reading bytes, not {type(source).__name__}."
        )
    else:
        given = getattr(source, "name", None)
        named = _file_name(name or (given if isinstance(given, str) else ""))
        path = _keep(recordings_folder(database), source, named)
        about, sha256 = path.stat(), sha256_of_name(path.name)
    if not about.st_size:
        raise RecordingError(_EMPTY.format(named))
    place, relative = _place_and_path(database, path)
    kind = content_type or _content_type(path, named)
    if not re.fullmatch(r"[\w.+-]{1,60}/[\w.+-]{1,60}", kind, re.ASCII):
        raise RecordingError("A content type must look like audio/mp4; leave it out to have it detected.")
    return Attached(
        name=named,
        place=place,
        path=relative,
        sha256=sha256,
        size=about.st_size,
        changed=about.st_mtime,
        content_type=kind,
    )


def open_recording(
    database: Database, recording: Recorded | Attached, *, call_accepted: bool = False
) -> IO[bytes]:
    """Open the file of a recording, if it still is what was attached.

    Its size must be the same, and its hash too if its modification time differs. A file with the same size and time is
    not hashed here, because that would read a gigabyte twice: the upload hashes what it sends, and withholds the last
    chunk if it is another file after all.

    Args:
        call_accepted: Reddy has the call already, so that nothing can be attached to it any more; error messages then
            say what else to do.

    Raises:
        RecordingNotFound: it does not exist, cannot be read, or is not on this machine.
        RecordingRefused: it has changed since it was attached, or is outside of its folder.
    """
    path = _path_of(database, recording)
    with contextlib.ExitStack() as opened:
        try:
            # O_NONBLOCK: a pipe of this name must not block the thread forever
            file = os.fdopen(
                os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)), "rb"
            )
            opened.enter_context(file)
            about = os.fstat(file.fileno())
            same = stat.S_ISREG(about.st_mode) and about.st_size == recording.size
            if same and about.st_mtime != recording.changed:
                same = hashlib.file_digest(file, "sha256").hexdigest() == recording.sha256
                file.seek(0)
        except OSError as error:
            raise RecordingNotFound(
                f"The recording {recording.name} cannot be opened ({error.strerror or type(error).__name__}). "
                + (PUT_BACK if call_accepted else "Put the file back where it was, or attach it again.")
            ) from None
        if not same:
            raise RecordingRefused(changed_message(recording.name, call_accepted=call_accepted))
        opened.pop_all()
    return file


def changed_message(name: str, *, call_accepted: bool = False) -> str:
    """Return the message for a file that is no longer what was attached."""
    said = f"The recording {name} has changed since it was attached: it was not sent."
    return (
        f"{said} The call itself is at Reddy. {ASK_SUPPORT}"
        if call_accepted
        else f"{said} Attach the right file again."
    )


def announced_name(name: str, attached: str) -> str:
    """Return the name under which a call announces an attached file: the last part of `name`, or the file's own name."""
    try:
        return _file_name(name)
    except RecordingError:
        return attached


def _path_of(database: Database, found: Recorded | Attached) -> Path:
    if not found.place:
        return Path(found.path)
    folder = recordings_folder(database) if found.place == "kept" else shared_folder()
    if folder is None:
        raise RecordingNotFound(
            f"The recording {found.name} is in the folder of {FOLDER_VARIABLE}, and this program was started "
            "without that variable. Set it, then start again."
        )
    try:
        whole = (folder / found.path).resolve()
        inside = whole.is_relative_to(folder.resolve())
    except (OSError, ValueError, RuntimeError):
        inside = False
    if not inside:
        raise RecordingRefused(f"The recording {found.name} is outside of its folder: it was not opened.")
    return whole


def _place_and_path(database: Database, path: Path) -> tuple[str, str]:
    for place, folder in (("kept", recordings_folder(database)), ("folder", shared_folder())):
        if folder is not None:
            with contextlib.suppress(ValueError, OSError):
                return place, path.resolve().relative_to(folder.resolve()).as_posix()
    return "", str(path)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _content_type(path: Path, named: str) -> str:
    """Return the content type by what is inside: the name may come from another system, or from a sheet."""
    with contextlib.suppress(OSError), path.open("rb") as file:
        found = content_type_inside(file)
        if found is not None:
            return found
    return content_type_of(named, path.name)


def _keep(folder: Path, source: IO[bytes], named: str) -> Path:
    """Copy an open file into the ledger's folder."""
    ending = PurePath(named).suffix.lower()
    ending = ending if re.fullmatch(r"\.[a-z0-9]{2,4}", ending) else ""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # An old copy stays as it is: the recordings that have it remember its modification time.
        return write_hashed_file(folder, _chunks(source, named), ending, replace=False).path
    except OSError as error:
        raise RecordingError(
            f"The recording could not be kept ({error.strerror or type(error).__name__}). Make room, or check the "
            f"permissions of {folder}, then attach it again."
        ) from None


def _chunks(source: IO[bytes], named: str) -> Iterator[bytes]:
    chunk = source.read(CHUNK)
    if not chunk:
        raise RecordingError(_EMPTY.format(named))
    while chunk:
        yield chunk
        chunk = source.read(CHUNK)


def _file_name(name: str) -> str:
    """Return the last part of a path, as it is sent to Reddy."""
    last = re.split(r"[/\\]", name.strip())[-1].strip()
    last = "".join(character for character in last if character.isprintable())
    if not last or len(last) > 255 or last in (".", ".."):
        raise RecordingError('The recording needs a name: pass one, such as name="call-17.mp4".')
    return last


# --- in the ledger -----------------------------------------------------------------------------------------


_ATTACHED = [recordings.c[name] for name in Attached.__struct_fields__]
_RECORDED = [recordings.c[name] for name in Recorded.__struct_fields__]


def attach(connection: sa.Connection, call_id: int, found: Attached, *, who: str, now: float) -> None:
    """Store the file of a call, in place of an earlier one."""
    values = {**msgspec.structs.asdict(found), "who": who, "attached_at": now, **NOT_UPLOADED}
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(recordings)
    connection.execute(
        insert.values(call_id=call_id, **values).on_conflict_do_update(
            index_elements=[recordings.c.call_id], set_=values
        )
    )


def hold(connection: sa.Connection, database: Database, found: Attached) -> None:
    """Keep a file of the ledger's folder from being deleted until this transaction is over.

    Raises RecordingNotFound: it was deleted already, because no call had it.
    """
    if found.place != "kept":
        return
    lock_attaching(connection, shared=True)
    path = _path_of(database, found)
    try:
        # opened, not only looked up: a network file system then notices that another machine deleted it
        file = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise RecordingNotFound(
            f"The recording {found.name} no longer exists ({error.strerror or type(error).__name__}): add it again."
        ) from None
    os.close(file)


def detach(connection: sa.Connection, call_id: int) -> None:
    """Remove the file from a call; the history of edits says that it had one."""
    connection.execute(recordings.delete().where(recordings.c.call_id == call_id))


def attached_to(connection: sa.Connection, call_id: int) -> Attached | None:
    """Return the file of a call, or None."""
    found = connection.execute(sa.select(*_ATTACHED).where(recordings.c.call_id == call_id)).one_or_none()
    return None if found is None else Attached(**found._mapping)


def attached_to_calls(
    connection: sa.Connection, call_ids: Collection[int]
) -> dict[int, tuple[Attached, str]]:
    """Return call → its file and the state of its upload. Calls without a file are left out. Takes some hundred calls."""
    query = sa.select(recordings.c.call_id, recordings.c.state, *_ATTACHED).where(
        recordings.c.call_id.in_(list(call_ids))
    )
    found: dict[int, tuple[Attached, str]] = {}
    for call_id, state, *values in connection.execute(query):
        found[call_id] = Attached(**dict(zip(Attached.__struct_fields__, values, strict=True))), state
    return found


def recorded_for_calls(connection: sa.Connection, call_ids: Collection[int]) -> dict[int, Recorded]:
    """Return call → its file, for calls that are about to be sent. Calls without a file are left out."""
    query = sa.select(recordings.c.call_id, *_RECORDED).where(recordings.c.call_id.in_(list(call_ids)))
    return {call_id: Recorded(*values) for call_id, *values in connection.execute(query)}


def recordings_frame(connection: sa.Connection, batch_id: str) -> pd.DataFrame:
    """Return the recordings of a batch, as `Batch.recordings` does."""
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
    """Count the recordings of a batch by state, in the order of `STATES`."""
    query = (
        sa.select(recordings.c.state, sa.func.count())
        .join(calls, calls.c.id == recordings.c.call_id)
        .where(calls.c.batch_id == batch_id)
        .group_by(recordings.c.state)
    )
    found: dict[str, int] = {row[0]: row[1] for row in connection.execute(query)}
    return tuple(found.get(state, 0) for state in STATES)
