"""Mapping profiles: store how a sheet was mapped, and reuse the mapping for sheets with the same columns.

A profile is keyed by a set of column names; their order does not matter. The newest matching profile is applied to a
sheet automatically. Profiles can be exported to a file and imported on another machine. A retired profile is hidden, not
deleted.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from reddy_lib.database.schema import profiles
from reddy_lib.errors import MappingError, NotInLedger
from reddy_lib.spreadsheet import Mapping, SheetFormat
from reddy_lib.spreadsheet.mapping.pooling import with_pooled_roles

if TYPE_CHECKING:
    import pandas as pd

    from reddy_lib.database.database import Database

__all__ = [
    "Profile",
    "keep_profile",
    "profile_for",
    "profiles_of",
    "rename_profile",
    "retire_profile",
    "signature_of",
    "values_for_all",
]

_KIND = "reddy-workbench mapping profile"


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A stored mapping and the columns it belongs to.

    Attributes:
        id: "" for a profile that is not stored in a ledger, such as one read from a file.
        columns: the columns of the original sheet, in its order.
        who, saved_at: who saved it and when (UTC); "" and None if unknown.
    """

    name: str
    columns: list[str]
    mapping: Mapping
    id: str = ""
    who: str = ""
    saved_at: datetime | None = None

    def __repr__(self) -> str:
        return f"<Profile {self.name!r} · {len(self.columns)} columns>"

    def fits(self, columns: Iterable[str]) -> bool:
        """Return whether a sheet with these columns, in any order, matches the profile."""
        return signature_of(self.columns) == signature_of(columns)

    def apply(self, sheet: SheetFormat | None, rows: pd.DataFrame | None = None) -> Mapping:
        """Return the mapping for a sheet in this format. Each field's reason names the profile.

        `rows`: of the sheet. What calls together show of a speaker label is told anew from them, and never kept.
        """
        said = f"as in the profile {self.name}"
        named = [
            *self.mapping.sources(),
            *self.mapping.from_name,
            *self.mapping.line_fields,
            *self.mapping.tags,
        ]
        mapping = self.mapping.replace(
            sheet=sheet, reasons=dict.fromkeys(named, said), pooled_roles={}, pooled_unit=""
        )
        return mapping if rows is None else with_pooled_roles(mapping, rows)

    def to_file(self) -> bytes:
        """Return the profile as JSON for `from_file`. It contains column names and their meaning, but no calls."""
        kept: dict[str, Any] = {
            "kind": _KIND,
            "version": 1,
            "name": self.name,
            "columns": self.columns,
            "mapping": self.mapping.lasting().replace(sheet=None).to_dict(),
        }
        return msgspec.json.format(msgspec.json.encode(kept), indent=2) + b"\n"

    @classmethod
    def from_file(cls, content: bytes) -> Profile:
        """Read a file written by `to_file`. Raises MappingError if it is not a profile, or has a newer version."""
        try:
            data = msgspec.json.decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError):
            data = None
        if not isinstance(data, dict) or data.get("kind") != _KIND:
            raise MappingError(
                "This file is not a mapping profile. Choose one that was downloaded from the workbench."
            )
        if data.get("version") != 1:
            raise MappingError(
                "This profile was written by a newer version of the workbench. Update this workbench, then import it again."
            )
        name, columns, mapping = data.get("name"), data.get("columns"), data.get("mapping")
        if (
            not isinstance(name, str)
            or not isinstance(columns, list)
            or not all(isinstance(column, str) for column in columns)
            or not isinstance(mapping, dict)
        ):
            raise MappingError(
                "This profile is damaged: its name, columns or mapping is missing. Export it again."
            )
        return cls(name=name, columns=columns, mapping=Mapping.from_dict(mapping))


def keep_profile(
    database: Database, name: str, mapping: Mapping, columns: Iterable[str], *, who: str = ""
) -> Profile:
    """Store a mapping for sheets with these columns, and retire the older profile of the same name and columns.

    Returns the newest profile unchanged if its name and mapping are the same.

    Raises:
        MappingError: `name` is empty.
    """
    name, listed = name.strip(), [str(column) for column in columns]
    if not name:
        raise MappingError("A profile needs a name. Enter one.")
    mapping = mapping.lasting().replace(sheet=None, reasons={})
    stored = msgspec.json.encode(mapping.to_dict(), order="deterministic").decode()
    now = time.time()
    profile = Profile(
        id="p" + secrets.token_hex(8),
        name=name,
        columns=listed,
        mapping=mapping,
        who=who,
        saved_at=datetime.fromtimestamp(now, UTC),
    )
    same = sa.and_(profiles.c.signature == signature_of(listed), profiles.c.retired.is_(False))
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
                signature=signature_of(listed),
                columns=msgspec.json.encode(listed).decode(),
                mapping=stored,
                who=who,
                saved_at=now,
                retired=False,
            )
        )
    return profile


def profiles_of(database: Database) -> list[Profile]:
    """Return all profiles that are not retired, newest first."""
    query = sa.select(profiles).where(profiles.c.retired.is_(False)).order_by(profiles.c.saved_at.desc())
    with database.read() as connection:
        return [_profile(found) for found in connection.execute(query)]


def profile_for(database: Database, columns: Iterable[str]) -> Profile | None:
    """Return the newest profile that matches these columns in any order; None if no profile does."""
    query = (
        sa.select(profiles)
        .where(profiles.c.signature == signature_of(columns), profiles.c.retired.is_(False))
        .order_by(profiles.c.saved_at.desc())
        .limit(1)
    )
    with database.read() as connection:
        found = connection.execute(query).first()
    return None if found is None else _profile(found)


def values_for_all(
    database: Database, who: str, products: Sequence[Any] | None = None
) -> dict[str, tuple[Any, Profile]]:
    """Return the constants that this person set for fields without a column: field → (value, newest profile with it).

    `products`: the list to find the product's name in; None: by its id.
    """
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
        mapping = profile.mapping if products is None else profile.mapping.in_list(products)
        for field, value in mapping.defaults.items():
            if field not in mapping.sources() and field not in mapping.from_name:
                found.setdefault(field, (value, profile))
    return found


def rename_profile(database: Database, profile_id: str, name: str) -> None:
    """Rename a profile. Raises MappingError if the name is empty, NotInLedger if there is no such profile."""
    if not name.strip():
        raise MappingError("A profile needs a name. Enter one.")
    _change(database, profile_id, name=name.strip())


def retire_profile(database: Database, profile_id: str) -> None:
    """Stop offering and applying a profile. Raises NotInLedger if there is no such profile."""
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
        saved_at=datetime.fromtimestamp(found.saved_at, UTC),
    )


def signature_of(columns: Iterable[str]) -> str:
    """Return a key that is equal for sheets with the same columns, ignoring order and surrounding white space."""
    names = sorted(str(column).strip() for column in columns)
    return hashlib.sha256("\x1f".join(names).encode("utf-8", "replace")).hexdigest()
