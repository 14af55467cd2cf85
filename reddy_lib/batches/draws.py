"""Draw calls fairly: balanced over agents, products or tags, from a stated frame, so that anybody can draw them again.

The order in which calls of a stratum are drawn is that of a hash of the seed, the row and the conversation id. It needs
no random generator, so it is the same on every machine, Python version and database. How many to draw from each stratum is
settled first: each its minimum (in the order of the seed, while calls are left), then one more to whichever has
least, until all are drawn or no stratum has more or all have reached the `cap`.

A `Seal` holds what was drawn from what: `redraw` draws again and says what differs, if anything does.
"""

from __future__ import annotations

import hashlib
import heapq
import math
import secrets
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import sqlalchemy as sa

import reddy_lib.arguments as arguments
from reddy_lib.batches.previews import stored_calls
from reddy_lib.batches.selections import keep_selection, ranges_of, rows_of_selection
from reddy_lib.batches.steps import SetTag
from reddy_lib.batches.stored_batch import StoredBatch
from reddy_lib.batches.value_steps import cells_of, source_of, values_at
from reddy_lib.batches.worth import MEASURES, Limits, worth_of
from reddy_lib.database.facts import remember_fact
from reddy_lib.database.schema import facts
from reddy_lib.errors import DrawDiffers
from reddy_lib.model import from_payload
from reddy_lib.plurals import agreeing
from reddy_lib.spreadsheet.cells.dates import zone

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["STRATA", "Draw", "Seal", "Stratum", "draw_calls", "draws_of", "margin", "redraw"]

STRATA = ("agent", "product", "status", "day", "weekday", "hour", "length", "duration")
"""What a draw can be balanced over, beside "tag:NAME" and "column:NAME"."""

_PLURALS = {
    "agent": "agents", "product": "products", "status": "statuses", "day": "days", "weekday": "weekdays",
    "hour": "hours of the day", "length": "lengths", "duration": "durations",
}  # fmt: skip
_LENGTHS = ((1, "no lines"), (11, "1 to 10 lines"), (31, "11 to 30 lines"), (81, "31 to 80 lines"))
_DURATIONS = ((60, "under 1 minute"), (300, "1 to 5 minutes"), (900, "5 to 15 minutes"))
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_NONE = "none"
_Z = 1.959964  # of 95%
_FACT = "draw:"


class Stratum(NamedTuple):
    """Calls that agree in what the draw is balanced over.

    Attributes:
        frame: its calls that could be drawn. drawn: those that were.
        cap: the most to draw from it; None: no limit.
    """

    values: tuple[str, ...]
    frame: int
    drawn: int
    cap: int | None

    @property
    def weight(self) -> float:
        """How many calls of the frame one drawn call stands for; 0 where none was drawn."""
        return self.frame / self.drawn if self.drawn else 0.0


class Seal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a draw was made from and with. It holds hashes and counts, and no customers' words.

    Attributes:
        of: id of the selection that it was drawn from; "": the whole batch.
        frame: hash of the calls that could be drawn, with their strata. strata: of the table of strata.
        excluded: exclusion → calls. drawn: hash of the drawn rows.
    """

    version: int = 1
    n: int
    balanced_over: tuple[str, ...]
    minimum: int
    cap: int | None
    excluding: tuple[str, ...]
    limits: Limits
    seed: int
    of: str
    frame: str
    calls: int
    strata: str
    excluded: dict[str, int]
    drawn: str

    @property
    def short(self) -> str:
        """Twelve characters that stand for the whole seal, for people to compare."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()[:12]

    def to_text(self) -> str:
        """Return the seal as one line of JSON."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def from_text(cls, text: str) -> Seal:
        """Read what `to_text` wrote. Raises ValueError: it is no seal, or one of a newer version."""
        try:
            found = msgspec.json.decode(text, type=cls)
        except (msgspec.DecodeError, msgspec.ValidationError, RecursionError):
            raise ValueError("This is not the seal of a draw: copy the whole text of the seal.") from None
        if found.version != 1:
            raise ValueError(
                "A newer version of the workbench made this seal. Update this one, then draw again."
            )
        return found


class Draw(NamedTuple):
    """Calls that were drawn, and from what.

    Attributes:
        rows: ascending. selection: id of the stored selection, for a link.
        exclusions: why calls could not be drawn → how many; each call counts once, in the order that was given.
        at: when it was drawn (UTC).
    """

    name: str
    rows: tuple[int, ...]
    selection: str
    strata: tuple[Stratum, ...]
    exclusions: dict[str, int]
    seal: Seal
    who: str
    at: datetime

    def __repr__(self) -> str:
        return (
            f"<Draw {self.name!r} · {len(self.rows):,} of {self.seal.calls:,} calls · seal {self.seal.short}>"
        )

    @property
    def coverage(self) -> str:
        """What the draw covers and how much it tells, in words."""
        n, frame = len(self.rows), self.seal.calls
        if not n:
            return "No call was drawn: the exclusions leave no call to draw from."
        covered = sum(1 for one in self.strata if one.drawn)
        parts = [f"{_calls(n)} of {frame:,}"]
        if self.seal.balanced_over:
            parts[0] = (
                f"{_calls(n)} cover {covered:,} of {len(self.strata):,} {_over(self.seal.balanced_over)}"
            )
        parts.append(
            f"a share of 20% among these calls is known to ± {100 * margin(0.2, n, frame):.0f} points (95%)"
        )
        said = "; ".join(parts) + "."
        effective = self.effective
        if round(effective) < n:
            said += (
                f" The strata differ in size: for a share of all {frame:,} calls, weight by stratum; it is then known to "
                f"± {100 * margin(0.2, effective, frame):.0f} points"
            )
            said += (
                ", leaving out strata from which no call was drawn." if covered < len(self.strata) else "."
            )
        if n < self.seal.n:
            said += f" {agreeing(self.seal.n, 'was', 'were')} asked for; exclusions and caps leave {n:,}."
        return said

    @property
    def effective(self) -> float:
        """How many calls of a simple random draw tell as much about all calls as these, weighted by stratum (Kish)."""
        weights = [(one.weight, one.drawn) for one in self.strata if one.drawn]
        squares = sum(count * weight**2 for weight, count in weights)
        return sum(count * weight for weight, count in weights) ** 2 / squares if squares else 0.0

    def strata_frame(self) -> pd.DataFrame:
        """Return the strata as a table: what the draw is balanced over, then frame, drawn, cap, weight."""
        import pandas as pd

        names = [name.partition(":")[2] or name for name in self.seal.balanced_over]
        columns: dict[str, Any] = {
            name: pd.Series([one.values[place] for one in self.strata], dtype="str")
            for place, name in enumerate(names)
        }
        columns |= {
            "frame": [one.frame for one in self.strata],
            "drawn": [one.drawn for one in self.strata],
            "cap": pd.array([one.cap for one in self.strata], dtype="Int64"),
            "weight": [one.weight for one in self.strata],
        }
        return pd.DataFrame(columns)

    def tag_step(self, key: str = "Draw") -> SetTag:
        """Return the step that tags the drawn calls with the draw's name: `batch.apply(step, draw.rows)`."""
        return SetTag(key=key, value=self.name or self.seal.short)


def margin(share: float, n: float, frame: int) -> float:
    """Return half the width of Wilson's 95 % interval for a share among `n` calls of `frame`, with the correction for a
    finite population: 0 where all calls were drawn."""
    if n <= 0:
        return 1.0
    if n >= frame:
        return 0.0
    size = n * (frame - 1) / (frame - n)
    root = math.sqrt(share * (1 - share) / size + _Z**2 / (4 * size**2))
    return _Z * root / (1 + _Z**2 / size)


def _over(names: Sequence[str]) -> str:
    words = [_PLURALS.get(name, f"values of {name.partition(':')[2]}") for name in names]
    return words[0] if len(words) == 1 else "combinations of " + " and ".join(words)


def _calls(count: int) -> str:
    return "1 call" if count == 1 else f"{count:,} calls"


# --- drawing -----------------------------------------------------------------------------------------------------


class _Frame(NamedTuple):
    """The calls that can be drawn: stratum → (sort key, row); and what the seal says of them."""

    strata: dict[tuple[str, ...], list[tuple[str, int]]]
    digest: str
    calls: int
    excluded: dict[str, int]


def draw_calls(
    batch: StoredBatch,
    n: int,
    *,
    balanced_over: Sequence[str] = ("agent",),
    minimum: int = 0,
    cap: int | None = None,
    excluding: Sequence[str] = (),
    rows: Iterable[int] | int | None = None,
    seed: int = 7,
    limits: Limits | None = None,
    name: str = "",
    who: str = "",
) -> Draw:
    """Draw calls and store the draw as a selection; see `Batch.draw`."""
    over = (balanced_over,) if isinstance(balanced_over, str) else tuple(balanced_over)
    without = (excluding,) if isinstance(excluding, str) else tuple(dict.fromkeys(excluding))
    n = arguments.whole_number(n, "n", least=1)
    minimum = arguments.whole_number(minimum, "minimum", least=0)
    seed = arguments.whole_number(seed, "seed", least=0)
    cap = None if cap is None else arguments.whole_number(cap, "cap", least=1)
    if cap is not None and minimum > cap:
        raise ValueError(f"The minimum of {minimum} calls a stratum is above the cap of {cap}.")
    for one in over:
        _check_stratum(one)
    for one in without:
        arguments.known(one, "exclusion", MEASURES)
    name = " ".join(arguments.text(name, "name").split())
    of = "" if rows is None else keep_selection(batch.database, batch.id, batch.these_rows(rows), who=who)
    asked = _Asked(n, over, minimum, cap, without, limits or Limits(), seed, of)
    drawn, strata, seal = _drawn(batch, asked)
    found = Draw(
        name,
        drawn,
        keep_selection(batch.database, batch.id, drawn, who=who) if drawn else "",
        strata,
        seal.excluded,
        seal,
        who,
        datetime.now(UTC),
    )
    if drawn:
        _keep(batch, found)
    return found


class _Asked(NamedTuple):
    n: int
    over: tuple[str, ...]
    minimum: int
    cap: int | None
    excluding: tuple[str, ...]
    limits: Limits
    seed: int
    of: str


def _check_stratum(name: str) -> None:
    if name not in STRATA and source_of(name).kind == "field":
        raise ValueError(
            f"A draw cannot be balanced over {name!r}: choose {', '.join(STRATA)}, tag:NAME or column:NAME."
        )


def _drawn(batch: StoredBatch, asked: _Asked) -> tuple[tuple[int, ...], tuple[Stratum, ...], Seal]:
    frame = _frame(batch, asked)
    sizes = {values: len(members) for values, members in frame.strata.items()}
    shares = _allot(sizes, asked)
    rows = sorted(
        row for values, members in frame.strata.items() for _, row in sorted(members)[: shares[values]]
    )
    strata = tuple(Stratum(values, sizes[values], shares[values], asked.cap) for values in sorted(sizes))
    seal = Seal(
        n=asked.n,
        balanced_over=asked.over,
        minimum=asked.minimum,
        cap=asked.cap,
        excluding=asked.excluding,
        limits=asked.limits,
        seed=asked.seed,
        of=asked.of,
        frame=frame.digest,
        calls=frame.calls,
        strata=_hash(*("\x1f".join((*one.values, str(one.frame), str(one.drawn))) for one in strata)),
        excluded=frame.excluded,
        drawn=_hash(ranges_of(rows)),
    )
    return tuple(rows), strata, seal


def _allot(sizes: dict[tuple[str, ...], int], asked: _Asked) -> dict[tuple[str, ...], int]:
    """Return how many calls to draw from each stratum: as equal as sizes, cap and minimum allow."""
    order = sorted(sizes, key=lambda values: _hash(str(asked.seed), *values))
    room = {values: size if asked.cap is None else min(size, asked.cap) for values, size in sizes.items()}
    shares = dict.fromkeys(sizes, 0)
    left = asked.n
    if asked.minimum:
        for values in order:
            least = min(asked.minimum, room[values])
            if least > left:
                continue
            shares[values] = least
            left -= least
    # A stratum that the minimum left out stays out: a single call of it would say nothing about it.
    places = [
        (shares[values], place) for place, values in enumerate(order) if not asked.minimum or shares[values]
    ]
    heapq.heapify(places)
    while left and places:
        share, place = heapq.heappop(places)
        if share < room[order[place]]:
            shares[order[place]] += 1
            left -= 1
            heapq.heappush(places, (share + 1, place))
    return shares


def _frame(batch: StoredBatch, asked: _Asked) -> _Frame:
    wanted = batch.rows()
    if asked.of:
        chosen = rows_of_selection(batch.database, batch.id, asked.of)
        if chosen is None:
            raise DrawDiffers(
                f"The calls that were drawn from (selection {asked.of}) are not stored in this ledger."
            )
        wanted = chosen
    why: dict[int, str] = {}
    if asked.excluding:
        worth = worth_of(batch, wanted, measures=asked.excluding, limits=asked.limits)
        for name in asked.excluding:
            for row in worth.reasons[name]:
                why.setdefault(row, name)
    counts = Counter(why.values())
    strata: dict[tuple[str, ...], list[tuple[str, int]]] = {}
    digest = hashlib.sha256()
    clock = zone(batch.mapping.timezone or "UTC")
    names = {int(one["id"]): str(one["name"]) for one in batch.products or ()}
    for stored in stored_calls(batch, [row for row in wanted if row not in why]):
        values = tuple(_value(one, stored, clock, names) for one in asked.over)
        key = _hash(str(asked.seed), str(stored.row), stored.conversation_id or "")
        strata.setdefault(values, []).append((key, stored.row))
        identity = "\x1f".join((str(stored.row), stored.conversation_id or "", *values))
        digest.update(identity.encode("utf-8", "replace") + b"\x1e")
    total = sum(map(len, strata.values()))
    return _Frame(strata, digest.hexdigest()[:24], total, {name: counts[name] for name in asked.excluding})


def _value(name: str, stored: sa.Row[Any], clock: tzinfo, products: dict[int, str]) -> str:
    if name == "agent":
        return (stored.agent_email or "").strip().casefold() or _NONE
    if name == "product":
        number = stored.product_id
        return (
            _NONE
            if number is None
            else f"{products[number]} · {number}"
            if number in products
            else str(number)
        )
    if name == "status":
        return str(stored.status)
    if name == "length":
        return next((words for limit, words in _LENGTHS if stored.lines < limit), "more than 80 lines")
    if name == "duration":
        seconds = _seconds(stored)
        if seconds is None:
            return _NONE
        return next((words for limit, words in _DURATIONS if seconds < limit), "15 minutes or more")
    if name in ("day", "weekday", "hour"):
        return _moment(name, stored.timestamp, clock)
    found = sorted(set(values_at(source_of(name), from_payload(stored.payload), lambda: cells_of(stored))))
    return ", ".join(one for one in found if one) or _NONE


def _seconds(stored: sa.Row[Any]) -> float | None:
    times = [
        moment
        for line in from_payload(stored.payload).transcript or ()
        for moment in (line.start, line.stop)
        if moment is not None
    ]
    return max(times) if times else None


def _moment(name: str, timestamp: float | None, clock: tzinfo) -> str:
    try:
        moment = None if timestamp is None else datetime.fromtimestamp(timestamp, clock)
    except (OverflowError, OSError, ValueError):
        moment = None
    if moment is None:
        return _NONE
    if name == "day":
        return f"{moment:%Y-%m-%d}"
    return _WEEKDAYS[moment.weekday()] if name == "weekday" else f"{moment:%H}:00"


def _hash(*parts: str) -> str:
    return hashlib.sha256("\x1e".join(parts).encode("utf-8", "replace")).hexdigest()[:24]


# --- drawing again -------------------------------------------------------------------------------------------------


def redraw(batch: StoredBatch, seal: Seal | str) -> Draw:
    """Draw again what a seal stands for; see `Batch.redraw`."""
    old = Seal.from_text(seal) if isinstance(seal, str) else seal
    asked = _Asked(
        old.n, old.balanced_over, old.minimum, old.cap, old.excluding, old.limits, old.seed, old.of
    )
    rows, strata, new = _drawn(batch, asked)
    if new != old:
        raise DrawDiffers("These calls cannot be drawn again: " + "; ".join(_differences(old, new)) + ".")
    stored = next((one for one in draws_of(batch) if one.seal == old), None)
    if stored is not None:
        return stored
    selection = keep_selection(batch.database, batch.id, rows) if rows else ""
    return Draw("", rows, selection, strata, new.excluded, new, "", datetime.now(UTC))


def _differences(old: Seal, new: Seal) -> list[str]:
    found = []
    for name in old.excluding:
        if old.excluded.get(name) != new.excluded.get(name):
            found.append(
                f"“{MEASURES[name]}” excludes {new.excluded.get(name, 0):,} calls now, and excluded "
                f"{old.excluded.get(name, 0):,}"
            )
    if old.calls != new.calls:
        found.append(f"{new.calls:,} calls can be drawn now, and {old.calls:,} could then")
    if old.frame != new.frame and not found:
        found.append(
            "calls differ that could be drawn: an edit changed a conversation id, or a value that the draw is balanced over"
        )
    elif old.strata != new.strata and not found:
        found.append("the strata have different numbers of calls")
    return found or ["the seal was changed, or was made for another draw"]


# --- stored draws -------------------------------------------------------------------------------------------------


class _Kept(msgspec.Struct):
    batch: str
    name: str
    selection: str
    strata: list[tuple[tuple[str, ...], int, int, int | None]]
    seal: Seal
    who: str
    at: float


def _keep(batch: StoredBatch, one: Draw) -> None:
    strata = [(each.values, each.frame, each.drawn, each.cap) for each in one.strata]
    kept = _Kept(batch.id, one.name, one.selection, strata, one.seal, one.who, one.at.timestamp())
    with batch.database.write() as connection:
        remember_fact(
            connection, f"{_FACT}{batch.id}:{secrets.token_hex(6)}", msgspec.json.encode(kept).decode()
        )


def draws_of(batch: StoredBatch) -> list[Draw]:
    """Return the stored draws of a batch, the newest first."""
    query = sa.select(facts.c.value).where(facts.c.name.startswith(f"{_FACT}{batch.id}:", autoescape=True))
    with batch.database.read() as connection:
        found = [msgspec.json.decode(text, type=_Kept) for text in connection.execute(query).scalars()]
    drawn = []
    for one in sorted(found, key=lambda kept: -kept.at):
        rows = rows_of_selection(batch.database, batch.id, one.selection)
        if rows is None:
            continue
        drawn.append(
            Draw(
                one.name,
                tuple(rows),
                one.selection,
                tuple(Stratum(*each) for each in one.strata),
                one.seal.excluded,
                one.seal,
                one.who,
                datetime.fromtimestamp(one.at, UTC),
            )
        )
    return drawn
