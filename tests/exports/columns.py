"""One export before it is laid out, and the columns that describe its calls."""

from __future__ import annotations

import json
import random
import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.exports.dates import Cell, DateForm
from tests.exports.dialogues import Scene, digits
from tests.exports.writing import (
    ASKED,
    DERIVED,
    PLACEHOLDERS,
    Form,
    Style,
    TruthCall,
    TruthLine,
    Written,
    clock,
)

NOTES = ("Promised a call back.", "Customer was upset at first.", "Check the contract again next week.")
DIRECTIONS = ("inbound", "transfer")  # customers call: a label "caller" means them
ZONES = ("America/New_York", "Europe/Warsaw", "Asia/Tokyo", "America/Sao_Paulo")
SAYS_SECONDS = re.compile(r"\(s\)|\(sn\)|秒|sek|sec|сек|saniye|segund|\(с\)", re.IGNORECASE)
COMMA_LANGUAGES = ("de", "fr", "es", "pt", "it", "nl", "pl", "ru", "tr")


@dataclass
class Sheet:
    """A table, and what a spreadsheet program hides of it."""

    name: str
    rows: list[list[Cell]]
    header: bool = True
    hidden: list[int] = field(default_factory=list)


@dataclass
class Payload:
    """What an export holds, before it becomes a file: sheets, or a JSON value, or texts by file name."""

    sheets: list[Sheet] = field(default_factory=list)
    document: Any = None
    texts: dict[str, str] = field(default_factory=dict)


@dataclass
class Plan:
    """One export before it is laid out."""

    rng: random.Random
    language: str
    words: dict[str, str]  # field -> options
    scenes: list[Scene]
    style: Style
    form: Form
    date: DateForm
    zone: str
    traits: set[str]
    ids: list[str]
    flat: bool = True  # names of columns, not keys of JSON
    used: dict[str, str] = field(default_factory=dict)
    truth: list[TruthCall] = field(default_factory=list)
    zones: list[str] = field(default_factory=list)
    decoys: tuple[tuple[str, tuple[str, ...]], ...] = ()  # header, cells to choose from

    def header(self, name: str) -> str:
        """Return this file's name for a field: the same each time, and no other field's."""
        if name not in self.used:
            taken = {value.casefold() for value in self.used.values()}
            options = [o for o in self.words[name].split("|") if o.casefold() not in taken]
            self.used[name] = (
                self.rng.choice(options) if options else f"{self.words[name].split('|')[0]} ({name})"
            )
        return self.used[name]

    def has(self, trait: str) -> bool:
        return trait in self.traits

    def local(self, n: int, when: datetime) -> datetime:
        zone = self.zones[n] if self.zones else self.zone
        return when.astimezone(ZoneInfo(zone))

    def when(self, n: int, when: datetime) -> Cell:
        return self.date.write(self.local(n, when), self.language)


def make_ids(rng: random.Random, count: int, kind: str) -> list[str]:
    if kind == "prefixed":
        base = rng.randint(1000, 9000)
        return [f"C-{base + n * 7}" for n in range(count)]
    if kind == "number":
        base = rng.randint(100_000, 900_000)
        return [str(base + n * 3) for n in range(count)]
    if kind == "zeros":
        base = rng.randint(100, 900)
        return [f"{base + n:08}" for n in range(count)]
    if kind == "long":
        return [digits(rng, 18) for _ in range(count)]
    return [str(uuid.UUID(int=rng.getrandbits(128), version=4)) for _ in range(count)]


Columns = list[tuple[str, str, list[Cell]]]  # field, header, a cell a call


def agent_columns(plan: Plan) -> tuple[Columns, list[str | None]]:
    """The columns that name the agent, and the truth of each call's agent."""
    scenes = plan.scenes
    emails: list[str | None] = [scene.email for scene in scenes]
    if plan.has("agent-mixed"):
        cells: list[Cell] = [f"{scene.agent} <{scene.email}>" for scene in scenes]
        return [("agent_name", plan.header("agent_name"), cells)], emails
    if plan.has("agent-name-only"):
        return [("agent_name", plan.header("agent_name"), [s.agent for s in scenes])], [ASKED] * len(scenes)
    found: Columns = [("agent_email", plan.header("agent_email"), list(emails))]
    if plan.has("agent-name") or plan.style.kind in ("names", "initials", "mixed"):
        found.append(("agent_name", plan.header("agent_name"), [s.agent for s in scenes]))
    return found, emails


def start_columns(plan: Plan) -> tuple[Columns, list[float | str | None]]:
    """The columns that tell when a call began, and the truth of it."""
    scenes = plan.scenes
    if plan.has("no-start"):
        return [], [None] * len(scenes)
    truth: list[float | str | None] = [s.start.timestamp() for s in scenes]
    if plan.date.truth == ASKED:
        truth = [ASKED] * len(scenes)
    if plan.date.name == "two-columns":
        days: list[Cell] = [plan.when(n, s.start) for n, s in enumerate(scenes)]
        times: list[Cell] = [f"{plan.local(n, s.start):%H:%M:%S}" for n, s in enumerate(scenes)]
        return [("date", plan.header("date"), days), ("time", plan.header("time"), times)], truth
    cells = [plan.when(n, s.start) for n, s in enumerate(scenes)]
    found: Columns = [("start", plan.header("start"), cells)]
    if plan.date.name == "zone-column":
        found.append(("zone", plan.header("zone"), list(plan.zones)))
    return found, truth


def plain_columns(plan: Plan) -> tuple[Columns, list[dict[str, str]]]:
    """Columns beside the call: facts that become tags, and decoys."""
    rng, scenes = plan.rng, plan.scenes
    found: Columns = []
    tags: list[dict[str, str]] = [{} for _ in scenes]
    for name in ("queue", "direction", "csat"):
        if not plan.has(name):
            continue
        header = plan.header(name)
        found.append((name, header, [s.facts[name] for s in scenes]))
        for tag, scene in zip(tags, scenes, strict=True):
            tag[header] = scene.facts[name]
    if plan.has("end") and plan.date.truth != ASKED and plan.date.name not in ("two-columns", "zone-column"):
        ends = [plan.when(n, s.start + timedelta(seconds=s.seconds)) for n, s in enumerate(scenes)]
        found.append(("end", plan.header("end"), ends))
    if (
        plan.has("created")
        and plan.date.truth != ASKED
        and plan.date.name not in ("two-columns", "zone-column")
    ):
        later = timedelta(days=rng.choice((1, 2)), hours=3)
        found.append(
            ("created", plan.header("created"), [plan.when(n, s.start + later) for n, s in enumerate(scenes)])
        )
    if plan.has("duration"):
        write = rng.choice(("seconds", "clock", "minutes"))
        if SAYS_SECONDS.search(plan.header("duration")):
            write = "seconds"
        comma = plan.language in COMMA_LANGUAGES and plan.flat

        def lasted(scene: Scene) -> Cell:
            if write == "seconds":
                return scene.seconds
            if write == "clock":
                return clock(scene.seconds, "h:mm:ss")
            text = f"{scene.seconds / 60:.2f}"
            return text.replace(".", ",") if comma else text

        found.append(("duration", plan.header("duration"), [lasted(s) for s in scenes]))
    if plan.has("customer-email"):
        mails = [f"{s.customer.lower().replace(' ', '.')}@mail.example" for s in scenes]
        found.append(("customer_email", plan.header("customer_email"), list(mails)))
    if plan.has("customer-name") or plan.style.kind in ("names", "initials"):
        found.append(("customer_name", plan.header("customer_name"), [s.customer for s in scenes]))
    if plan.has("phone") or plan.style.kind == "phones":
        found.append(("phone", plan.header("phone"), [s.phone for s in scenes]))
    if plan.has("notes"):
        found.append(("notes", plan.header("notes"), [rng.choice(NOTES) for _ in scenes]))
    if plan.has("summary"):
        found.append(
            ("summary", plan.header("summary"), [f"Question about {s.product}, answered." for s in scenes])
        )
    if plan.has("decoys"):
        for header, options in rng.sample(plan.decoys, rng.randint(1, 3)):
            plan.used[f"decoy {header}"] = header
            found.append(("decoy", header, [rng.choice(options) for _ in scenes]))
    return found, tags


def call_columns(plan: Plan) -> Columns:
    """Return the columns that describe a call, without its transcript, and set the truth of the plan (without lines)."""
    scenes = plan.scenes
    found: Columns = []
    ids: list[str | None] = list(plan.ids)
    if plan.has("no-id"):
        ids = [None] * len(scenes)
    else:
        cells: list[Cell] = list(plan.ids)
        if plan.has("placeholder-ids"):
            for n in range(0, len(scenes), 2):
                cells[n], ids[n] = plan.style.pick("placeholder", PLACEHOLDERS), DERIVED
        found.append(("call_id", plan.header("call_id"), cells))
    agents, emails = agent_columns(plan)
    starts, started = start_columns(plan)
    found += agents + starts
    products: list[int | str | None] = [s.product_id for s in scenes]
    if plan.has("product-id"):
        found.append(("product_id", plan.header("product_id"), [s.product_id for s in scenes]))
    elif plan.has("no-product"):
        products = [ASKED] * len(scenes)
    else:
        found.append(("product", plan.header("product"), [s.product for s in scenes]))
    plain, tags = plain_columns(plan)
    plan.truth = [
        TruthCall(
            ids[n], emails[n], products[n], started[n], (), tags[n], start_tolerance=plan.date.tolerance
        )
        for n in range(len(scenes))
    ]
    found += plain
    if plan.rng.random() < 0.5:
        head, rest = found[:1], found[1:]
        plan.rng.shuffle(rest)
        found = head + rest
    return found


def set_lines(plan: Plan, lines: Iterable[Sequence[TruthLine]], *, shift_ok: bool = False) -> None:
    plan.truth = [
        replace(call, lines=tuple(one), shift_ok=shift_ok)
        for call, one in zip(plan.truth, lines, strict=True)
    ]


def transcripts(plan: Plan) -> list[Written]:
    """Write each call's transcript in the plan's form, and put its lines into the truth."""
    written = [plan.form.write(plan.style, scene) for scene in plan.scenes]
    set_lines(plan, [w.lines for w in written], shift_ok=any(w.shift_ok for w in written))
    return written


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def table_of(columns: Columns) -> list[list[Cell]]:
    rows: list[list[Cell]] = [[header for _, header, _ in columns]]
    count = len(columns[0][2])
    return rows + [[cells[n] for _, _, cells in columns] for n in range(count)]
