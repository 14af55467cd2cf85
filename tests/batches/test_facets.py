"""Search and facets against a plain look at every call, for random queries, on both databases."""

from __future__ import annotations

import collections
import datetime as dt
import json
import random
import unicodedata
import zoneinfo
from typing import Any

import msgspec
import pytest

import reddy_lib as reddy
from reddy_lib.batches import facet_store
from reddy_lib.batches.queries import AnyValue, Named, Query, Range, Says
from tests.conftest import PRODUCTS

SAID = [
    "I want to CANCEL my card", "Café au lait, s'il vous plaît", 'He said "no" twice', "100% of 5_000", "back\\slash",
    "tab\there and\nthere", "🙂 fine 🙃", "don’t cancel", "Straße 7, Grüße", "ok", "Ёлка и ёж", "text start role",
]  # fmt: skip
WORDS = [
    "cancel", "CARD", "cafe", "café", '"no"', "100%", "5_000", "%", "_", "\\", "🙂", "don't", "strasse", "елка", "n t",
    "tab here", "start", "transcript", "agent_email", "\\n", "u00e9", "grüße", "ann@", "conv-1", "7", "yes", "CSAT",
]  # fmt: skip
ZONE = zoneinfo.ZoneInfo("America/New_York")
VALUES: dict[str, list[str]] = {
    "status": ["held", "ready"], "agent": ["", "ann@cedarline.example", "bo@cedarline.example"],
    "product": ["", "1", "Loans"], "code": ["", "agent-email-missing", "timestamp-missing"],
    "weekday": ["", "1", "2", "7"], "day": ["", "2026-03-01", "2026-03-02"], "hour": ["", "4", "5", "23"],
    "severity": ["", "error", "warning"], "edited": ["yes", "no"], "audio": ["none", "waiting"],
    "tag:CSAT": ["", "1", "2", "9"], "tag:Vip": ["true", ""], "tag:None": ["", "x"],
    "column:Queue": ["", "Cards", "Web, chat"], "column:Conversation ID": ["conv-3", "conv-x", ""],
}  # fmt: skip


def make(ledger: reddy.Ledger, seed: int, count: int = 40) -> reddy.Batch:
    rng = random.Random(seed)
    calls = []
    for number in range(count):
        lines = [
            {
                "role": rng.choice(["agent", "customer"]),
                "text": rng.choice(SAID),
                "start": at * 5,
                "stop": at * 5 + 4.5,
            }
            for at in range(rng.choice([0, 1, 2, 6]))
        ]
        start = dt.datetime(2026, 3, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=rng.randrange(3 * 1440))
        calls.append(
            {
                "Conversation ID": f"conv-{number}",
                "Agent Email": rng.choice(["ann@cedarline.example", "bo@cedarline.example", ""]),
                "Product": rng.choice(["Cards hotline", "Loans"]),
                "Start": rng.choice([start.isoformat(), start.isoformat(), ""]),
                "CSAT": rng.choice(["1", "2", ""]),
                "Queue": rng.choice(["Cards", "Web, chat", "  Cards ", ""]),
                "Transcript": json.dumps(lines) if lines else "",
            }
        )
    mapping = reddy.Mapping(
        fields={
            "conversation_id": "Conversation ID", "agent_email": "Agent Email", "product_id": "Product",
            "timestamp": "Start", "transcript": "Transcript",
        },
        tags=["CSAT"], values={"product_id": {"Cards hotline": 1, "Loans": 2}}, timezone="America/New_York",
    )  # fmt: skip
    batch = ledger.load(calls, mapping, products=PRODUCTS, progress=False)
    for row in batch.rows()[::5]:
        batch.change(
            row,
            lambda call: msgspec.structs.replace(
                call, tags=[reddy.Tag("Vip", True, "boolean")], product_id=None
            ),
        )
    return batch


def plain(text: str) -> str:
    bare = unicodedata.normalize("NFKD", text.casefold().replace("’", "'"))
    return " ".join("".join(one for one in bare if not unicodedata.combining(one)).split())


class Seen:
    """One call, as anybody can read it from the batch."""

    def __init__(self, batch: reddy.Batch, row: int, names: dict[str, str]) -> None:
        call, info = batch[row], batch.info(row)
        found = batch.findings_of(row)
        lines = call.transcript or []
        self.row, self.lines = row, [(line.role, plain(line.text)) for line in lines]
        tags = [
            (tag.key, json.dumps(tag.value) if not isinstance(tag.value, str) else tag.value)
            for tag in call.tags or []
        ]
        said = [text for _, text in self.lines] + [value for _, value in tags]
        self.texts = [plain(text) for text in [*said, call.agent_email or "", call.conversation_id or ""]]
        self.values: dict[str, set[str]] = collections.defaultdict(set)
        for name, value in {
            "status": info["status"], "agent": call.agent_email, "product": call.product_id, "audio": info["audio"],
            "edited": "yes" if info["edited"] else "no",
        }.items():  # fmt: skip
            self.values[name] = {str(value)} if value not in (None, "") else set()
        self.values["code"] = {one.code for one in found}
        self.values["severity"] = {str(one.severity) for one in found}
        for key, value in tags:
            self.values[f"tag:{key}"].add(value)
        for name, cell in batch.cells(row).items():
            if str(cell).strip():
                self.values[f"column:{name}"].add(str(cell).strip())
        if call.timestamp is not None:
            moment = dt.datetime.fromtimestamp(call.timestamp, ZONE)
            self.values["weekday"] = {str(moment.isoweekday())}
            self.values["day"] = {moment.date().isoformat()}
            self.values["hour"] = {str(moment.hour)}
        ends = [line.stop for line in lines if line.stop is not None]
        self.numbers = {
            "turns": float(len(lines)), "characters": float(sum(len(line.text) for line in lines)),
            "duration": max(ends, default=None), "start": call.timestamp,
        }  # fmt: skip
        self.names = names

    def has(self, facet: str, value: str) -> bool:
        value = self.names.get(value, value) if facet == "product" else value
        return value in self.values[facet] if value else not self.values[facet]

    def says(self, said: Says) -> bool:
        return any(
            role == said.role and all(plain(word) in text for word in said.words) for role, text in self.lines
        )

    def holds(self, word: str) -> bool:
        return any(plain(word) in text for text in self.texts) or word == str(self.row)

    def meets(self, query: Query, *, but: str = "") -> bool:
        facets = [name for name in VALUES if name != but and query.values_of(name)]
        limits = [(query.range_of(name), self.numbers[name]) for name in self.numbers if name != but]
        return (
            all(any(self.has(name, value) for value in query.values_of(name)) for name in facets)
            and not any(self.has(one.facet, one.value) for one in query.without if one.facet != but)
            and all(
                limit is None or (number is not None and (limit.least or 0) <= number <= (limit.most or 9e99))
                for limit, number in limits
            )
            and all(map(self.holds, query.words))
            and not any(map(self.holds, query.without_words))
            and all(map(self.says, query.says))
            and not any(map(self.says, query.without_says))
            and (query.rows is None or self.row in query.rows)
        )


def looked_at(batch: reddy.Batch) -> list[Seen]:
    names = {str(one["name"]): str(one["id"]) for one in PRODUCTS}
    return [Seen(batch, row, names) for row in batch.rows()]


def random_query(rng: random.Random) -> Query:
    fields: dict[str, Any] = {}
    tags, columns = [], []
    for name in rng.sample(sorted(VALUES), rng.choice([0, 1, 1, 2])):
        values = tuple(rng.sample(VALUES[name], rng.choice([1, min(2, len(VALUES[name]))])))
        if name.startswith("tag:"):
            tags.append(Named(name[4:], values))
        elif name.startswith("column:"):
            columns.append(Named(name[7:], values))
        else:
            fields[name] = values
    if rng.random() < 0.3:
        name = rng.choice(sorted(VALUES))
        fields["without"] = (AnyValue(name, rng.choice(VALUES[name])),)
    if rng.random() < 0.3:
        fields[rng.choice(["turns", "characters", "duration"])] = Range(
            rng.choice([None, 1, 2]), rng.choice([None, 5, 40])
        )
    if rng.random() < 0.2:
        fields["start"] = Range(1_772_400_000, rng.choice([None, 1_772_500_000]))
    if rng.random() < 0.5:
        fields["words"] = tuple(rng.sample(WORDS, rng.choice([1, 1, 2])))
    if rng.random() < 0.2:
        fields["without_words"] = (rng.choice(WORDS),)
    if rng.random() < 0.4:
        said = Says(rng.choice(["agent", "customer"]), tuple(rng.sample(WORDS[:16], rng.choice([1, 2]))))
        fields[rng.choice(["says", "says", "without_says"])] = (said,)
    if rng.random() < 0.1:
        fields["rows"] = tuple(rng.sample(range(1, 60), 20))
    return Query(**fields, tags=tuple(tags), columns=tuple(columns))


def check(batch: reddy.Batch, seen: list[Seen], query: Query) -> int:
    """Compare everything that the batch says of a query with a look at every call. Return how many it leaves."""
    left = [one.row for one in seen if one.meets(query)]
    assert batch.rows(query=query) == left, str(query)
    assert batch.count(query=str(query)) == len(left)
    facets = batch.facets(query, [*VALUES, "turns", "duration"])
    assert (facets.count, facets.of) == (len(left), len(seen))
    for name in VALUES:
        others = [one for one in seen if one.meets(query, but=name)]
        if facets[name].unlisted:
            counted = {one.value: one.count for one in batch.facet_values(name, query, limit=999)}
        else:
            counted = {one.value: one.count for one in facets[name].values}
        expected = collections.Counter(value for one in others for value in one.values[name] or {""})
        assert {value: number for value, number in counted.items() if number} == dict(expected), (
            name,
            str(query),
        )
    for name in ("turns", "duration"):
        numbers = [one.numbers[name] for one in seen if one.meets(query, but=name)]
        there = [number for number in numbers if number is not None]
        assert (facets[name].least, facets[name].most) == (min(there, default=None), max(there, default=None))
        assert facets[name].missing == len(numbers) - len(there)
        assert [bin.count for bin in facets[name].bins] == [
            sum(bin.least <= number <= bin.most for number in there) for bin in facets[name].bins
        ]
        assert sum(bin.count for bin in facets[name].bins) == len(there)
        assert len(facets[name].bins) <= 20
    for row in (1, *left[:2], 17):
        assert batch.next_row(row, query) == next((one for one in left if one > row), None)
        assert batch.previous_row(row, query) == next((one for one in reversed(left) if one < row), None)
        assert batch.page_of(row, query, size=3) == (left.index(row) // 3 + 1 if row in left else None)
    assert list(batch.calls(query=query, offset=1, limit=3).index) == left[1:4]
    return len(left)


@pytest.mark.parametrize("kept", ["texts kept", "texts read", "few values listed"])
def test_search_and_facets_say_what_a_look_at_every_call_says(
    ledger: reddy.Ledger, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kept == "texts read":
        monkeypatch.setattr(facet_store, "MOST_TEXT", 100)
    elif kept == "few values listed":
        monkeypatch.setattr(facet_store, "_MANY", 10)
    rng = random.Random(kept)
    batch = make(ledger, seed=7)
    seen = looked_at(batch)
    counts = [check(batch, seen, random_query(rng)) for _ in range(12)]
    for word in WORDS:
        assert batch.rows(query=Query(words=(word,))) == [one.row for one in seen if one.holds(word)], word
    assert len(set(counts)) > 4  # the queries are not all empty
    for row in (3, 8):  # an edit of text, tags and fields is seen at once, and so is its undoing
        batch.change(
            row, lambda call: msgspec.structs.replace(call, tags=None, agent_email="cy@cedarline.example")
        )
        batch.update([row + 1], product_id=2)
    batch.swap_roles(batch.rows()[:9])
    seen = looked_at(batch)
    for _ in range(5):
        check(batch, seen, random_query(rng))
    batch.undo(batch.operations().iloc[0]["id"])
    seen = looked_at(batch)
    for _ in range(3):
        check(batch, seen, random_query(rng))
