"""Count outcomes over all batches: by day, agent, product, reason and batch, and find the calls behind a number.

The database counts; nothing is read a call at a time but one page of calls. Each call counts once, with its latest
outcome, on the day of its last answer. A call without an answer (held, ready, queued, sending) counts on the day its
batch was loaded, as long as the batch is open.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import sqlalchemy as sa

from reddy_lib.database.database import Database
from reddy_lib.database.privacy_tables import forgettings
from reddy_lib.database.schema import STATUSES, batches, calls, edits, submissions
from reddy_lib.findings import CATALOGUE
from reddy_lib.outcomes.frames import TURNED_AWAY, what_next
from reddy_lib.outcomes.frames import reason as reason_of

__all__ = [
    "ANSWERED",
    "BatchTally",
    "FoundCall",
    "Held",
    "Reason",
    "Tally",
    "Totals",
    "Wanted",
    "addresses_sent_to",
    "calls_behind",
    "holding",
    "totals",
    "version_of",
]

ANSWERED: tuple[str, ...] = ("accepted", "rejected", "failed", "unknown", "skipped")
"""Statuses after sending; the others are counted by when their batch was loaded."""

_WAITING = tuple(status for status in STATUSES if status not in ANSWERED)
_DAY = 86_400

_SORTED = 5_000
"""Calls that are sorted as a whole to show one page of them."""

_moment = sa.func.coalesce(calls.c.ended_at, calls.c.sent_at, 0.0)
"""When an answered call was answered; if no answer came, when it was sent."""

_agent_of = sa.func.lower(sa.func.coalesce(calls.c.agent_email, ""))


@dataclass(frozen=True)
class Wanted:
    """Which calls are counted or listed. Empty values do not restrict.

    Attributes:
        since, until: seconds since the epoch, a half-open range.
        address: where they were sent; calls that were not sent yet count for every address.
        agent: an email; "" for calls without one, None for all.
        product: an id; 0 for calls without one, None for all.
        reason: as `Reason.reason`.
        finding: a code that holds them.
    """

    since: float | None = None
    until: float | None = None
    address: str = ""
    status: str = ""
    agent: str | None = None
    product: int | None = None
    reason: str = ""
    finding: str = ""
    batch: str = ""


Counts = dict[str, int]
"""Status → calls, without zeros."""


@dataclass(frozen=True)
class Tally:
    """Calls with one agent or product, by status."""

    key: Any
    counts: Counts = field(default_factory=dict)

    @property
    def calls(self) -> int:
        """All calls."""
        return sum(self.counts.values())

    @property
    def share_accepted(self) -> float | None:
        """Accepted calls in per cent of the answered ones; None where none was answered."""
        return 100 * self.counts.get("accepted", 0) / self.answered if self.answered else None

    @property
    def answered(self) -> int:
        """Calls that Reddy answered."""
        return sum(self.counts.get(status, 0) for status in ANSWERED)


@dataclass(frozen=True)
class BatchTally:
    """Calls of one batch, by status; `is_open`: the batch is on the list."""

    id: str
    name: str
    is_open: bool
    created_at: float
    counts: Counts


@dataclass(frozen=True)
class Reason:
    """Why calls were not accepted, without the values that differ between calls."""

    reason: str
    status: str
    http_status: int | None
    calls: int
    what_next: str


@dataclass(frozen=True)
class Held:
    """A finding that holds calls. A call with two such findings counts for both."""

    code: str
    title: str
    hint: str
    calls: int


@dataclass(frozen=True)
class Totals:
    """What `totals` counted. `days`: ascending, answered calls alone; agents and products: most calls first;
    `older_in_doubt`: calls in doubt from before the period."""

    counts: Counts
    days: list[tuple[dt.date, Counts]]
    agents: list[Tally]
    products: list[Tally]
    batches: list[BatchTally]
    reasons: list[Reason]
    held: list[Held]
    older_in_doubt: int
    product_names: dict[int, str]

    @property
    def calls(self) -> int:
        """All calls that were counted."""
        return sum(self.counts.values())


@dataclass(frozen=True)
class FoundCall:
    """One call behind a number."""

    batch_id: str
    batch: str
    is_open: bool
    row: int
    status: str
    agent_email: str
    product_id: int | None
    conversation_id: str
    error: str
    codes: tuple[str, ...]
    answered_at: float | None


def totals(database: Database, wanted: Wanted, zone: dt.tzinfo = dt.UTC) -> Totals:
    """Count the calls that are wanted.

    Args:
        zone: in which a day begins at midnight.

    Raises:
        LedgerUnavailable: the database cannot be read.
    """
    with database.read() as connection:
        fits = _fits(connection, wanted)

        def grouped(*columns: Any, where: Iterable[Any] = ()) -> list[Any]:
            query = sa.select(*columns, sa.func.count()).where(*fits, *where).group_by(*columns)
            return list(connection.execute(query))

        of_batches = _tallies(grouped(calls.c.batch_id, calls.c.status))
        agents = _tallies(grouped(_agent_of, calls.c.status))
        products = _tallies(grouped(calls.c.product_id, calls.c.status))
        days = _days(database, connection, fits, zone)
        said = grouped(
            calls.c.error, calls.c.http_status, calls.c.status, where=[calls.c.status.in_(TURNED_AWAY)]
        )
        codes = grouped(calls.c.codes, where=[calls.c.status == "held"])
        known = {found.id: found for found in connection.execute(sa.select(batches))}
        older = 0
        if wanted.since is not None:
            before = replace(wanted, since=None, until=wanted.since, status="unknown")
            older = connection.execute(
                sa.select(sa.func.count()).select_from(calls).where(*_fits(connection, before))
            ).scalar_one()
    counts: Counter[str] = Counter()
    for tally in of_batches:
        counts.update(tally.counts)
    return Totals(
        counts={status: counts[status] for status in STATUSES if counts[status]},
        days=days,
        agents=agents,
        products=products,
        batches=sorted(
            (
                BatchTally(tally.key, found.name, found.state == "open", found.created_at, tally.counts)
                for tally in of_batches
                if (found := known.get(tally.key)) is not None
            ),
            key=lambda batch: -batch.created_at,
        ),
        reasons=_reasons(said),
        held=_held(codes),
        older_in_doubt=older,
        product_names=_product_names(
            found.products for found in sorted(known.values(), key=lambda found: found.created_at)
        ),
    )


def version_of(database: Database) -> tuple[Any, ...]:
    """Return a small value that changes whenever `totals` may have: calls by batch and status, the last edit, what was
    forgotten."""
    counted = sa.select(calls.c.batch_id, calls.c.status, sa.func.count()).group_by(
        calls.c.batch_id, calls.c.status
    )
    listed = sa.select(batches.c.id, batches.c.name, batches.c.state).order_by(batches.c.id)
    with database.read() as connection:
        edited = connection.execute(sa.select(sa.func.max(edits.c.id))).scalar_one()
        forgotten = connection.execute(sa.select(sa.func.count()).select_from(forgettings)).scalar_one()
        return (
            edited,
            forgotten,
            *map(tuple, connection.execute(listed)),
            *sorted(map(tuple, connection.execute(counted))),
        )


def addresses_sent_to(database: Database) -> list[str]:
    """Return every address that a submission went to, the one with the latest submission first."""
    query = (
        sa.select(submissions.c.address)
        .group_by(submissions.c.address)
        .order_by(sa.func.max(submissions.c.created_at).desc(), submissions.c.address)
    )
    with database.read() as connection:
        return list(connection.execute(query).scalars())


def calls_behind(
    database: Database, wanted: Wanted, *, offset: int = 0, limit: int = 100
) -> tuple[list[FoundCall], int, dict[str, int]]:
    """Return one page of the wanted calls, newest batch first, how many there are, and how many in each batch by id."""
    order = (batches.c.created_at.desc(), batches.c.id, calls.c.row)
    joined = calls.join(batches, batches.c.id == calls.c.batch_id)
    columns = (
        calls.c.batch_id, batches.c.name, batches.c.state == "open", calls.c.row, calls.c.status,
        calls.c.agent_email, calls.c.product_id, calls.c.conversation_id, calls.c.error, calls.c.codes,
        calls.c.ended_at,
    )  # fmt: skip
    with database.read() as connection:
        fits = _fits(connection, wanted)
        if wanted.reason:
            # A reason is a message without its values, which only Python can tell: ids and messages are read for it.
            narrow = sa.select(calls.c.id, calls.c.batch_id, calls.c.error, calls.c.http_status)
            matching = [
                found
                for found in connection.execute(
                    narrow.select_from(joined).where(*fits, calls.c.status.in_(TURNED_AWAY)).order_by(*order)
                )
                if _reason(found.error, found.http_status) == wanted.reason
            ]
            in_batches = dict(Counter(found.batch_id for found in matching))
            ids = [found.id for found in matching[offset : offset + limit]]
            query = sa.select(*columns).select_from(joined).where(calls.c.id.in_(ids)).order_by(*order)
            page = [_found(*found) for found in connection.execute(query)]
        else:
            count = sa.select(calls.c.batch_id, sa.func.count()).where(*fits).group_by(calls.c.batch_id)
            in_batches = {found[0]: found[1] for found in connection.execute(count).all()}
            found = sa.select(*columns).select_from(joined).where(*fits)
            if sum(in_batches.values()) <= _SORTED:
                query = found.order_by(*order).offset(offset).limit(limit)
                page = [_found(*one) for one in connection.execute(query)]
            else:
                page = _page_by_batch(connection, found, in_batches, offset, limit)
    return page, sum(in_batches.values()), in_batches


def _page_by_batch(
    connection: sa.Connection, found: sa.Select[Any], in_batches: Mapping[str, int], offset: int, limit: int
) -> list[FoundCall]:
    """Return a page of very many calls: batch by batch, so that no more than the page is sorted."""
    newest = sa.select(batches.c.id).order_by(batches.c.created_at.desc(), batches.c.id)
    page: list[FoundCall] = []
    for batch_id in connection.execute(newest).scalars().all():
        there = in_batches.get(batch_id, 0)
        if offset >= there:
            offset -= there
            continue
        part = found.where(calls.c.batch_id == batch_id).order_by(calls.c.row)
        part = part.offset(offset).limit(limit - len(page))
        page += [_found(*one) for one in connection.execute(part)]
        offset = 0
        if len(page) >= limit:
            break
    return page


def _product_names(lists: Iterable[str | None]) -> dict[int, str]:
    """Return the names in product lists as JSON; of two names for an id, the later."""
    names: dict[int, str] = {}
    for listed in dict.fromkeys(filter(None, lists)):
        names.update({int(one["id"]): str(one["name"]) for one in msgspec.json.decode(listed)})
    return names


def _found(
    batch_id: str,
    batch: str,
    is_open: Any,
    row: int,
    status: str,
    agent: str | None,
    product: int | None,
    conversation: str | None,
    error: str | None,
    codes: str,
    ended: float | None,
) -> FoundCall:
    held_by = holding(codes) if status == "held" else ()
    said = (error or "") if status in TURNED_AWAY else ""
    return FoundCall(
        batch_id, batch, bool(is_open), row, status, agent or "", product, conversation or "", said, held_by, ended
    )  # fmt: skip


def _fits(connection: sa.Connection, wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    # Ids of batches and submissions are looked up first: with subqueries, the same statements take twice as long.
    known = connection.execute(sa.select(batches.c.id, batches.c.state, batches.c.created_at)).all()
    loading = [found.id for found in known if found.state == "loading"]
    waiting = [
        found.id
        for found in known
        if found.state == "open"
        and (wanted.since is None or found.created_at >= wanted.since)
        and (wanted.until is None or found.created_at < wanted.until)
    ]
    answered: list[sa.ColumnElement[bool]] = [calls.c.status.in_(ANSWERED)]
    if wanted.since is not None:
        answered.append(_moment >= wanted.since)
    if wanted.until is not None:
        answered.append(_moment < wanted.until)
    if wanted.address:
        there = sa.select(submissions.c.id).where(submissions.c.address == wanted.address)
        answered.append(calls.c.submission_id.in_(list(connection.execute(there).scalars())))
    fits: list[sa.ColumnElement[bool]] = [
        sa.or_(sa.and_(*answered), sa.and_(calls.c.status.in_(_WAITING), calls.c.batch_id.in_(waiting)))
    ]
    if loading:
        fits.append(calls.c.batch_id.not_in(loading))
    if wanted.status:
        fits.append(calls.c.status == wanted.status)
    if wanted.agent is not None:
        fits.append(_agent_of == wanted.agent.lower())
    if wanted.product is not None:
        fits.append(
            calls.c.product_id.is_(None) if not wanted.product else calls.c.product_id == wanted.product
        )
    if wanted.finding:
        fits += [calls.c.status == "held", calls.c.codes.contains(f"|{wanted.finding}|", autoescape=True)]
    if wanted.batch:
        fits.append(calls.c.batch_id == wanted.batch)
    return fits


def _tallies(rows: Iterable[Any]) -> list[Tally]:
    """Turn (key, status, calls) into tallies, most calls first."""
    found: dict[Any, Counts] = {}
    for key, status, number in rows:
        found.setdefault(key, {})[status] = number
    tallies = [Tally(key, counts) for key, counts in found.items()]
    return sorted(tallies, key=lambda tally: (-tally.calls, str(tally.key)))


def _days(
    database: Database, connection: sa.Connection, fits: list[sa.ColumnElement[bool]], zone: dt.tzinfo
) -> list[tuple[dt.date, Counts]]:
    answered = [*fits, calls.c.status.in_(ANSWERED), _moment > 0]
    first, last = connection.execute(
        sa.select(sa.func.min(_moment), sa.func.max(_moment)).where(*answered)
    ).one()
    if first is None:
        return []
    local = (_moment + _offset(_moment, zone, first, last)) / float(_DAY)
    # SQLite has `floor` only in some builds, and PostgreSQL rounds where SQLite cuts off.
    number = sa.cast(local if database.is_sqlite else sa.func.floor(local), sa.Integer)
    query = sa.select(number.label("day"), calls.c.status, sa.func.count()).where(*answered)
    found: dict[int, Counts] = {}
    for day, status, count in connection.execute(query.group_by("day", calls.c.status)):
        found.setdefault(int(day), {})[status] = count
    return [(dt.date(1970, 1, 1) + dt.timedelta(days=day), found[day]) for day in sorted(found)]


def _offset(
    moment: sa.ColumnElement[Any], zone: dt.tzinfo, first: float, last: float
) -> sa.ColumnElement[Any]:
    """Return the zone's seconds ahead of UTC at a moment, as an expression: it changes where the clocks do."""

    def ahead(seconds: float) -> float:
        there = dt.datetime.fromtimestamp(seconds, dt.UTC).astimezone(zone).utcoffset()
        return there.total_seconds() if there is not None else 0.0

    changes: list[tuple[float, float]] = []  # until this moment, this many seconds
    at, now = first, ahead(first)
    while at < last:
        after = min(at + _DAY, last)
        if ahead(after) != now:
            low, high = at, after
            while high - low > 1:
                middle = (low + high) / 2
                low, high = (middle, high) if ahead(middle) == now else (low, middle)
            changes.append((float(round(high)), now))
            now = ahead(after)
        at = after
    if not changes:
        return sa.literal(now)
    return sa.case(
        *((moment < until, sa.literal(seconds)) for until, seconds in changes), else_=sa.literal(now)
    )


def _reasons(rows: Iterable[Any]) -> list[Reason]:
    found: Counter[tuple[str, str, int | None]] = Counter()
    for error, http_status, status, number in rows:
        found[_reason(error, http_status), status, http_status] += number
    made = [
        Reason(reason, status, http_status, number, what_next(status, http_status, reason))
        for (reason, status, http_status), number in found.items()
    ]
    return sorted(made, key=lambda one: (-one.calls, one.reason))


def _reason(error: str | None, http_status: int | None) -> str:
    """The same words as `frames.reasons`."""
    silent = "no reason given" if http_status is None else f"HTTP {http_status} without a message"
    return reason_of(error or "") or silent


def _held(rows: Iterable[Any]) -> list[Held]:
    found: Counter[str] = Counter()
    for codes, number in rows:
        found.update(dict.fromkeys(holding(codes), number))
    return [
        Held(code, CATALOGUE[code].title, CATALOGUE[code].hint, number)
        for code, number in sorted(found.items(), key=lambda one: (-one[1], one[0]))
    ]


def holding(codes: str) -> tuple[str, ...]:
    """Return the codes that hold a call, of its findings as the ledger keeps them ("|code|code|")."""
    found = dict.fromkeys(code for code in codes.split("|") if code in CATALOGUE)
    return tuple(code for code in found if CATALOGUE[code].severity == "error")
