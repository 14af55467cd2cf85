"""Mapping profiles: how a sheet with these columns was mapped, kept for the next sheet that has the same ones.

A profile belongs to a set of columns, whatever their order; the newest one that fits is applied to a sheet by
itself. It can be written to a file and read on another machine. Retiring one hides it and deletes nothing.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from reddy_lib.database.schema import profiles
from reddy_lib.errors import MappingError, NotInLedger
from reddy_lib.spreadsheet import Mapping, SheetFormat

if TYPE_CHECKING:
    from reddy_lib.database.database import Database

__all__ = [
    "Profile",
    "keep_profile",
    "profile_for",
    "profiles_of",
    "rename_profile",
    "retire_profile",
    "values_for_all",
]

_KIND = "reddy-workbench mapping profile"


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A mapping, and the columns it is for.

    Attributes:
        id: "" for one that is in no ledger yet (just read from a file).
        columns: of the sheet it was made for, in that sheet's order.
        who, saved_at: by whom and when (seconds since the epoch); "" and 0.0 where unknown.
    """

    name: str
    columns: list[str]
    mapping: Mapping
    id: str = ""
    who: str = ""
    saved_at: float = 0.0

    def __repr__(self) -> str:
        return f"<Profile {self.name!r} · {len(self.columns)} columns>"

    def fits(self, columns: Iterable[str]) -> bool:
        """Whether a sheet has exactly these columns, in any order."""
        return _signature(self.columns) == _signature(columns)

    def apply(self, sheet: SheetFormat | None) -> Mapping:
        """The mapping for a sheet that was read so; each reason says where it comes from."""
        said = f"as in the profile {self.name}"
        named = [
            *self.mapping.sources(),
            *self.mapping.from_name,
            *self.mapping.line_fields,
            *self.mapping.tags,
        ]
        return self.mapping.replace(sheet=sheet, reasons=dict.fromkeys(named, said))

    def to_file(self) -> bytes:
        """JSON, to be read on another machine by `from_file`. It holds names of columns and what they mean, no calls."""
        kept: dict[str, Any] = {
            "kind": _KIND,
            "version": 1,
            "name": self.name,
            "columns": self.columns,
            "mapping": self.mapping.replace(sheet=None).to_dict(),
        }
        return msgspec.json.format(msgspec.json.encode(kept), indent=2) + b"\n"

    @classmethod
    def from_file(cls, content: bytes) -> Profile:
        """Reads what `to_file` wrote. Raises MappingError: it is no profile, or of a newer version."""
        try:
            data = msgspec.json.decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError):
            data = None
        if not isinstance(data, dict) or data.get("kind") != _KIND:
            raise MappingError(
                "This file is no mapping profile: choose one that was downloaded from the workbench."
            )
        if data.get("version") != 1:
            raise MappingError(
                "This profile was written by a newer version of the workbench: update this one, then import it again."
            )
        name, columns, mapping = data.get("name"), data.get("columns"), data.get("mapping")
        if (
            not isinstance(name, str)
            or not isinstance(columns, list)
            or not all(isinstance(column, str) for column in columns)
            or not isinstance(mapping, dict)
        ):
            raise MappingError("This profile is damaged: its name, columns or mapping are missing.")
        return cls(name=name, columns=columns, mapping=Mapping.from_dict(mapping))


def keep_profile(
    database: Database, name: str, mapping: Mapping, columns: Iterable[str], *, who: str = ""
) -> Profile:
    """Keep how a sheet with these columns is mapped; one that is the same but for its time is not kept twice.

    An older profile of the same name for the same columns is retired.

    Raises:
        MappingError: no name.
    """
    name, listed = name.strip(), [str(column) for column in columns]
    if not name:
        raise MappingError("A profile needs a name: give it one.")
    mapping = mapping.replace(sheet=None, reasons={})
    stored = msgspec.json.encode(mapping.to_dict(), order="deterministic").decode()
    now = time.time()
    profile = Profile(
        id="p" + secrets.token_hex(8), name=name, columns=listed, mapping=mapping, who=who, saved_at=now
    )
    same = sa.and_(profiles.c.signature == _signature(listed), profiles.c.retired.is_(False))
    with database.write() as connection:
        newest = connection.execute(
            sa.select(profiles).where(same).order_by(profiles.c.saved_at.desc()).limit(1)
        ).first()
        if newest is not None and (newest.name, newest.mapping) == (name, stored):
            return _profile(newest)
        connection.execute(profiles.update().where(same, profiles.c.name == name).values(retired=True))
        connection.execute(
            profiles.insert().values(
                id=profile.id,
                name=name,
                signature=_signature(listed),
                columns=msgspec.json.encode(listed).decode(),
                mapping=stored,
                who=who,
                saved_at=now,
                retired=False,
            )
        )
    return profile


def profiles_of(database: Database) -> list[Profile]:
    """All profiles that are not retired, newest first."""
    query = sa.select(profiles).where(profiles.c.retired.is_(False)).order_by(profiles.c.saved_at.desc())
    with database.read() as connection:
        return [_profile(found) for found in connection.execute(query)]


def profile_for(database: Database, columns: Iterable[str]) -> Profile | None:
    """The newest profile for a sheet with exactly these columns, in any order; None where there is none."""
    query = (
        sa.select(profiles)
        .where(profiles.c.signature == _signature(columns), profiles.c.retired.is_(False))
        .order_by(profiles.c.saved_at.desc())
        .limit(1)
    )
    with database.read() as connection:
        found = connection.execute(query).first()
    return None if found is None else _profile(found)


def values_for_all(database: Database, who: str) -> dict[str, tuple[Any, Profile]]:
    """What this person gave for all calls of a sheet that had no column for it: field → (value, the profile that has
    it), of the newest profile each."""
    query = (
        sa.select(profiles)
        .where(profiles.c.who == who, profiles.c.retired.is_(False))
        .order_by(profiles.c.saved_at.desc())
        .limit(50)
    )
    found: dict[str, tuple[Any, Profile]] = {}
    if not who:
        return found
    with database.read() as connection:
        kept = [_profile(each) for each in connection.execute(query)]
    for profile in kept:
        mapping = profile.mapping
        for field, value in mapping.defaults.items():
            if field not in mapping.sources() and field not in mapping.from_name:
                found.setdefault(field, (value, profile))
    return found


def rename_profile(database: Database, profile_id: str, name: str) -> None:
    """Raises MappingError: no name. NotInLedger: no such profile."""
    if not name.strip():
        raise MappingError("A profile needs a name: give it one.")
    _change(database, profile_id, name=name.strip())


def retire_profile(database: Database, profile_id: str) -> None:
    """It is offered and applied no more. Raises NotInLedger: no such profile."""
    _change(database, profile_id, retired=True)


def _change(database: Database, profile_id: str, **values: Any) -> None:
    with database.write() as connection:
        changed = connection.execute(profiles.update().where(profiles.c.id == profile_id).values(**values))
        if not changed.rowcount:
            raise NotInLedger(f"There is no mapping profile {profile_id!r} in this ledger ({database.name}).")


def _profile(found: sa.Row[Any]) -> Profile:
    return Profile(
        id=found.id,
        name=found.name,
        columns=msgspec.json.decode(found.columns, type=list[str]),
        mapping=Mapping.from_dict(msgspec.json.decode(found.mapping)),
        who=found.who,
        saved_at=found.saved_at,
    )


def _signature(columns: Iterable[str]) -> str:
    """The same for two sheets with the same columns: names as they are, without white space around them."""
    names = sorted(str(column).strip() for column in columns)
    return hashlib.sha256("\x1f".join(names).encode("utf-8", "replace")).hexdigest()
