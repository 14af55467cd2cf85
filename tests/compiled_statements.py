"""Statements compiled once for all ledgers of a process.

SQLAlchemy keeps what it compiled with each engine, and nearly every test opens a ledger of its own: a quarter of the time
of such a test went into the compiling of statements that the test before it had compiled.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, MutableMapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.util import LRUCache

_MOST = 1500
_compiled: LRUCache[Any, Any] = LRUCache(_MOST)


class _Shared(MutableMapping[Any, Any]):
    """One engine's view of them: its keys begin with its own dialect, which here is one of many that are alike."""

    def __init__(self, dialect: sa.Dialect) -> None:
        self._dialect = dialect

    def _key(self, key: tuple[Any, ...]) -> tuple[Any, ...]:
        dialect = self._dialect
        return (type(dialect), dialect.paramstyle, dialect.server_version_info, *key[1:])

    def __getitem__(self, key: tuple[Any, ...]) -> Any:
        return _compiled[self._key(key)]

    def __setitem__(self, key: tuple[Any, ...], value: Any) -> None:
        _compiled[self._key(key)] = value

    def __delitem__(self, key: tuple[Any, ...]) -> None:
        del _compiled[self._key(key)]

    def __iter__(self) -> Iterator[Any]:
        return iter(_compiled)

    def __len__(self) -> int:
        return len(_compiled)


def share_compiled_statements() -> None:
    """From now on every new engine looks there. Call it once."""
    sqlalchemy: Any = sa
    make = sqlalchemy.create_engine

    @functools.wraps(make)
    def make_sharing(*arguments: Any, **named: Any) -> sa.Engine:
        engine: sa.Engine = make(*arguments, **named)
        engine.update_execution_options(compiled_cache=_Shared(engine.dialect))
        return engine

    sqlalchemy.create_engine = make_sharing
