"""Generate call exports whose right reading is known, from a seed.

    sample = make_sample(7, "seen")
    sample.name, sample.data, sample.truth

A sample draws, each on its own: a language of the dialogue, a vocabulary of column names and labels, a layout, a form
of the transcript, a form of dates, a kind of file, what surrounds the table, and decoys. Every sample reads in one way
only, or the truth of what it leaves open is ASKED.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tests.exports import forms, vocabulary
from tests.exports.columns import DIRECTIONS, ZONES, Plan, make_ids
from tests.exports.dates import DateForm, draw_starts, suits
from tests.exports.dialogues import (
    AGENTS,
    COMPANIES,
    CUSTOMERS,
    DOMAINS,
    LANGUAGES,
    PRODUCTS,
    Scene,
    Turn,
    digits,
    make_turns,
)
from tests.exports.files import furnish, write, xml_name
from tests.exports.layouts import Layout
from tests.exports.scrambled import NAMED_LAYOUTS, scrambled_headers, scrambled_truth
from tests.exports.sources import HARDER, KEPT, SEEN, SOURCES, VOCABULARIES, Source, source_of
from tests.exports.writing import UNSETTLED, Form, Style, TruthCall

# trait -> how often a file has it
COLUMNS = {
    "queue": 0.3, "direction": 0.35, "csat": 0.25, "end": 0.25, "created": 0.25, "duration": 0.35, "customer-email": 0.25,
    "customer-name": 0.25, "phone": 0.2, "notes": 0.15, "summary": 0.15, "agent-name": 0.25,
}  # fmt: skip
FAULTS = {
    "placeholder-ids": 0.04,
    "no-id": 0.07,
    "no-product": 0.04,
    "no-start": 0.06,
    "product-id": 0.2,
    "third-voice": 0.06,
}
FURNITURE = {
    "title-rows": 0.2, "footer": 0.12, "totals": 0.08, "empty-column": 0.08, "repeated-header": 0.08, "notes-sheet": 0.15,
    "hidden-row": 0.06, "second-table": 0.06, "broken-header": 0.05,
}  # fmt: skip

DECOYS = {"customer-email", "created", "end", "notes", "summary"}
ONE_ODD = 0.4  # share of files in which one thing alone is odd, and all else plain: they show what it costs by itself
ODD = {"layout": 3, "form": 2, "date": 1, "headers": 2, "labels": 2, "furniture": 1, "columns": 1}
APART = {"form": 3, "headers": 3, "labels": 2, "layout": 1, "date": 1, "furniture": 1}  # things kept apart
PEOPLE = (
    "Supervisor",
    "Interpreter",
    "Team lead",
    "Translator",
    "Manager",
)  # third voices that are no machines
PLAIN_FORMS = ("colon", "objects-seconds", "clock-bracket")
PLAIN_DATES = ("iso-naive", "iso-z", "excel-date")


@dataclass(frozen=True)
class Sample:
    """An export and its right reading."""

    seed: int
    vocabulary: str
    odd: str
    name: str
    data: bytes
    language: str
    layout: str
    form: str
    kind: str
    date: str
    labels: str
    traits: tuple[str, ...]
    zone: str
    products: tuple[dict[str, object], ...]
    truth: tuple[TruthCall, ...]


@dataclass(frozen=True)
class Words:
    """The part of the vocabulary that a sample may draw from."""

    headers: dict[str, str]
    roles: tuple[tuple[str, str], ...]
    system_roles: tuple[tuple[str, str], ...]
    opaque: tuple[tuple[str, str], ...]
    forms: tuple[Form, ...]


def draw_words(rng: random.Random, part: str, odd: str, language: str, *, system: bool) -> Words:
    """Choose the words of a sample.

    Where only another thing of the file is odd, the columns have the first and plainest names of their language.
    """
    headers = dict(vocabulary.LANGUAGE_HEADERS["en"])
    if is_free(odd, "headers"):
        source = source_of(rng, part)
        if system:
            headers |= source.systems[rng.choice(tuple(source.systems))]
        else:
            headers |= vocabulary.LANGUAGE_HEADERS[language] | source.headers[language]
    else:
        plain = vocabulary.SYSTEM_HEADERS["snake"] if system else vocabulary.LANGUAGE_HEADERS[language]
        headers |= {name: options.split("|")[0] for name, options in plain.items()}
    if part == "scrambled":
        headers = scrambled_headers(rng, headers, language)
    labels = source_of(rng, part) if is_free(odd, "labels") else SEEN
    shapes = source_of(rng, part).forms if is_free(odd, "form") else forms.FORMS
    return Words(headers, labels.roles[language], labels.system_roles, labels.opaque, shapes)


def is_free(odd: str, thing: str) -> bool:
    """Tell whether a thing of the file is drawn from all there is, or is plain."""
    return odd in ("all", thing)


def with_third(turns: tuple[Turn, ...], third: str) -> tuple[Turn, ...]:
    """Add a voice that is neither the agent's nor the customer's: a machine at the start, a person further on."""
    at, text = 0, "This call may be recorded for training."
    if third in PEOPLE:
        at, text = 3, "Sorry, I am joining you for a moment."
    begin = turns[at].start
    later = (replace(t, start=round(t.start + 2.5, 2), stop=round(t.stop + 2.5, 2)) for t in turns[at:])
    return (*turns[:at], Turn(third, text, begin, round(begin + 2.0, 2)), *later)


def draw_scenes(
    rng: random.Random,
    language: str,
    count: int,
    date: DateForm,
    zone: str,
    *,
    queues: Sequence[str],
    third: str,
    turns_only: bool,
    neutral: bool = False,
) -> list[Scene]:
    """Draw the calls of a file: who called whom, when, and what they said."""
    company, domain = rng.choice(COMPANIES), rng.choice(DOMAINS)
    team = rng.sample(AGENTS, rng.randint(2, 4))
    products = list(enumerate(PRODUCTS[language], rng.choice((1, 11, 301))))
    scenes = []
    for n, start in enumerate(draw_starts(rng, count, date, zone)):
        agent, local = rng.choice(team)
        number, product = rng.choice(products)
        turns = make_turns(rng, language, agent, company, neutral=neutral)
        if turns_only and turns[0].role == turns[1].role:
            turns = turns[1:]
        if third:
            turns = with_third(turns, third)
        facts = {
            "queue": rng.choice(queues),
            "direction": rng.choice(DIRECTIONS),
            "csat": str(rng.randint(1, 5)),
        }
        scenes.append(
            Scene(
                n, language, agent, f"{local}@{domain}", rng.choice(CUSTOMERS), f"+4930{digits(rng, 7)}", product,
                number, start, turns, facts,
            )
        )  # fmt: skip
    return scenes


def draw_form(rng: random.Random, layout: Layout, shapes: Sequence[Form], all_shapes: Sequence[Form]) -> Form:
    """Choose a form of the transcript that the layout can hold."""
    if layout.form == "file":
        fit = [f for f in shapes if f.file] or [f for f in all_shapes if f.file]
    elif layout.form == "value":
        fit = [f for f in shapes if f.objects]
        if rng.random() < 0.2:
            fit = [f for f in shapes if not f.objects]
    else:
        fit = list(shapes)
    return rng.choices(fit, [one.weight for one in fit])[0]


def draw_traits(
    rng: random.Random, odd: str, source: Source, layout: Layout, kind: str, form: Form, date: DateForm
) -> set[str]:
    """Choose columns, faults and furniture."""
    traits = {name for name, share in COLUMNS.items() if rng.random() < share}
    if is_free(odd, "columns"):
        traits |= {name for name, share in FAULTS.items() if rng.random() < share}
        roll = rng.random()
        if roll < 0.08:
            traits.add("agent-mixed")
        elif roll < 0.13:
            traits.add("agent-name-only")
        if source.decoys and rng.random() < 0.5:
            traits.add("decoys")
    else:
        traits -= DECOYS
    if layout.furniture and kind not in ("html", "xml") and is_free(odd, "furniture"):
        traits |= {name for name, share in FURNITURE.items() if rng.random() < share}
        if source.extra_row and rng.random() < 0.2:
            traits.add(source.extra_row)
    if "product-id" in traits:
        traits.discard("no-product")
    if traits & {"agent-mixed", "agent-name-only"}:
        traits.discard("agent-name")
    if kind != "xlsx":
        traits -= {"notes-sheet", "hidden-row"}
    if "type-row" in traits:
        traits -= {"hidden-row", "repeated-header", "broken-header"}
    if layout.name.startswith(
        ("lines-", "json-lines", "question", "speaker-at", "note-rows", "interim-rows")
    ):
        traits.discard("no-id")  # it alone tells which call a line is of
        traits.discard("placeholder-ids")
    if layout.name in ("zip-records", "zip-texts", "zip-tables", "one-text"):
        traits.discard("placeholder-ids")
    if not (form.labelled if layout.form else layout.labelled) or layout.name == "turns-across":
        traits.discard("third-voice")
    if date.name in ("zone-column", "two-columns") or date.truth:
        traits.discard("no-start")
    return traits


def draw_style(
    rng: random.Random,
    words: Words,
    odd: str,
    language: str,
    form: Form,
    *,
    source: Source,
    labelled: bool,
    system: bool,
) -> Style:
    """Choose the labels of the file."""
    kinds = ["roles", "names", "phones", "opaque", *source.label_kinds]
    shares = [12, 4, 1, 3 if form.opaque else 0, *(3 for _ in source.label_kinds)]
    if not is_free(odd, "labels"):
        kinds, shares = ["roles"], [1]
        words = replace(words, roles=words.roles[:1], system_roles=words.system_roles[:1])
    kind = rng.choices(kinds, shares)[0] if labelled else "roles"
    pool = words.system_roles if system or rng.random() < 0.2 else words.roles
    opaque = [pair for pair in words.opaque if not form.named or len(pair[0]) > 2]
    if form.name in ("one-line", "indented-script"):
        kind = "roles" if kind in ("opaque", "phones", "initials") else kind
    third = rng.choice(source.thirds)
    return Style(rng, language, kind, rng.choice(pool), rng.choice(opaque), third, f"+4969{digits(rng, 6)}")


def make_sample(
    seed: int, part: str = "seen", *, layout: str | None = None, form: str | None = None
) -> Sample:
    """Return the sample of a seed. The same arguments always return the same bytes.

    Args:
        seed: any number.
        part: one of VOCABULARIES: which words and forms may be used.
        layout: name of the layout to use, instead of one drawn.
        form: name of the form to use, instead of one drawn.
    """
    rng = random.Random(f"{part}-{seed}")
    odd = "all"
    if rng.random() < ONE_ODD:
        odds = APART if part in KEPT else ODD
        odd = rng.choices(tuple(odds), tuple(odds.values()))[0]
    chosen, kind, source, plan = draw_plan(rng, part, odd, layout, form)
    payload = chosen.make(plan)
    if part == "scrambled":
        plan.truth = scrambled_truth(plan)
    if plan.has("unsettled"):
        plan.truth = [
            replace(c, lines=tuple(replace(x, role=UNSETTLED) for x in c.lines)) for c in plan.truth
        ]
    if plan.has(
        "banner-row"
    ):  # a tag's name may say the group too: which of the two is right is a matter of taste
        plan.truth = [replace(call, tags={}) for call in plan.truth]
    if kind == "xml":  # elements have no other names than these
        plan.truth = [
            replace(call, tags={xml_name(key): value for key, value in call.tags.items()})
            for call in plan.truth
        ]
    if chosen.furniture and payload.sheets:
        if plan.has("hidden-row"):
            payload.sheets[0].hidden = [2]
        furnish(rng, payload.sheets[0], plan.traits, source)
    name, data = write(payload, kind, plan.traits)
    products = [
        {"id": s.product_id, "name": s.product, "status": "active"} for s in _first_of_each(plan.scenes)
    ]
    products.append({"id": 990, "name": "Legacy", "status": "active"})
    labelled = plan.form.labelled if chosen.form else chosen.labelled
    return Sample(
        seed, part, odd, name, data, plan.language, chosen.name, plan.form.name if chosen.form else "rows", kind,
        "none" if plan.has("no-start") else plan.date.name, plan.style.kind if labelled else "sides",
        tuple(sorted(plan.traits)), plan.zone, tuple(products), tuple(plan.truth),
    )  # fmt: skip


def draw_plan(
    rng: random.Random, part: str, odd: str, layout: str | None, form: str | None
) -> tuple[Layout, str, Source, Plan]:
    """Draw all that a sample is made of."""
    chosen = draw_layout(rng, part, odd, layout)
    plain_kinds = [one for one in ("csv", "csv-semicolon", "xlsx") if one in chosen.kinds]
    kind = rng.choice(chosen.kinds if is_free(odd, "layout") or not plain_kinds else plain_kinds)
    language = rng.choice(LANGUAGES) if odd in ("all", "headers", "labels", "date") else "en"
    as_keys = kind in ("json", "jsonl", "zip", "txt") and chosen.name != "zip-tables"
    system = as_keys or (is_free(odd, "headers") and rng.random() < 0.3)
    words = draw_words(rng, part, odd, language, system=system)
    every = [one for each in SOURCES for one in each.forms]
    if form:
        shape = next(one for one in every if one.name == form)
    elif is_free(odd, "form") or chosen.form == "file":
        shape = draw_form(rng, chosen, words.forms, every)
    else:
        plain = rng.choice(PLAIN_FORMS)
        shape = next(one for one in every if one.name == plain)
    source = source_of(rng, part)
    dates = [
        d for d in draw_dates(rng, part, odd) if suits(d, language, system=system, native=kind == "xlsx")
    ]
    if chosen.name == "transposed":
        dates = [d for d in dates if not d.native]
    if chosen.form and shape.dated:
        dates = [d for d in dates if not d.truth]  # the dates of the lines would settle the call's
    date = rng.choices(dates, [one.weight for one in dates])[0]
    traits = draw_traits(rng, odd, source, chosen, kind, shape, date)
    zone = "UTC" if date.truth else rng.choice(("UTC", "UTC", "Europe/Berlin", "America/New_York"))
    count = rng.randint(3, 7)
    labelled = shape.labelled if chosen.form else chosen.labelled
    style = draw_style(rng, words, odd, language, shape, source=source, labelled=labelled, system=system)
    neutral = labelled and style.kind == "opaque" and rng.random() < 0.25
    if neutral:
        traits = (traits - {"third-voice"}) | {"unsettled"}
    scenes = draw_scenes(
        rng, language, count, date, zone, queues=source.queues, third=style.third if "third-voice" in traits else "",
        turns_only=shape.turns_only and bool(chosen.form), neutral=neutral,
    )  # fmt: skip
    ids = make_ids(rng, count, rng.choice(("prefixed", "number", "zeros", "long", "uuid")))
    zones = [rng.choice(ZONES) for _ in range(count)] if date.name == "zone-column" else []
    plan = Plan(
        rng, language, words.headers, scenes, style, shape, date, zone, traits, ids,
        flat=not as_keys, zones=zones, decoys=source.decoys,
    )  # fmt: skip
    return chosen, kind, source, plan


def draw_dates(rng: random.Random, part: str, odd: str) -> tuple[DateForm, ...]:
    """Return the ways to write a start of which one is drawn: where it alone is odd, those that are kept apart."""
    if not is_free(odd, "date"):
        return tuple(d for d in SEEN.dates if d.name in PLAIN_DATES)
    own = source_of(rng, part).dates
    if own is SEEN.dates or odd == "date":
        return own
    return (*SEEN.dates, *own)


def draw_layout(rng: random.Random, part: str, odd: str, layout: str | None) -> Layout:
    """Return the layout that was asked for, or one drawn."""
    by_name = {one.name: one for each in (*SOURCES, HARDER) for one in each.layouts}
    if layout:
        return by_name[layout]
    if odd in ("headers", "labels"):  # rows of lines have more names and labels than calls have
        return by_name[rng.choice(("row-a-call", "row-a-call", "lines-grouped", "two-sheets"))]
    if not is_free(odd, "layout"):
        return by_name["row-a-call"]
    drawn = [one for one in SEEN.layouts if odd == "all" or one.name != "row-a-call"]
    own = source_of(rng, part).layouts
    if own is not SEEN.layouts:
        drawn = list(own) if odd == "layout" else [*drawn, *own]
    if part == "scrambled":
        drawn = [one for one in drawn if one.name not in NAMED_LAYOUTS]
    return rng.choices(drawn, [one.weight for one in drawn])[0]


def _first_of_each(scenes: list[Scene]) -> list[Scene]:
    return list({scene.product_id: scene for scene in scenes}.values())


def keep(sample: Sample, folder: Path) -> None:
    """Write a sample into a folder of its own, and its truth beside it."""
    own = folder / f"{sample.vocabulary}-{sample.seed}"
    own.mkdir(parents=True, exist_ok=True)
    (own / sample.name).write_bytes(sample.data)
    truth = {
        "zone": sample.zone,
        "products": sample.products,
        "calls": [asdict(call) for call in sample.truth],
    }
    (own / "truth.json").write_text(json.dumps(truth, ensure_ascii=False, indent=1), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description="Write samples to a folder, to look at them.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", default="0:30")
    parser.add_argument("--vocabulary", choices=VOCABULARIES, default="seen")
    given = parser.parse_args()
    first, _, last = given.seeds.partition(":")
    for seed in range(int(first), int(last)):
        sample = make_sample(seed, given.vocabulary)
        keep(sample, given.folder)
        print(
            seed,
            sample.layout,
            sample.form,
            sample.kind,
            sample.language,
            sample.date,
            sample.labels,
            *sample.traits,
        )


if __name__ == "__main__":
    main()
