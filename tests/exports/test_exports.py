"""The export simulator itself, and floors for the reader on a small run of it."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from dataclasses import replace
from html import unescape
from typing import Any

import pytest
import python_calamine

from tests.exports import more_layouts
from tests.exports import score as scoring
from tests.exports.dates import DATES
from tests.exports.generator import Sample, make_sample
from tests.exports.layouts import LAYOUTS
from tests.exports.score import Loaded, Result, judge, score, squeezed, totals
from tests.exports.sources import KEPT, SEEN, SOURCES, VOCABULARIES, Source
from tests.exports.writing import ASKED, DERIVED, UNSETTLED, TruthCall


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    parts = ("seen", "held-out", "last", "all")
    return [make_sample(seed, part) for part in parts for seed in range(100)]


def everything_in(sample: Sample) -> str:
    """Return all text that stands in a sample's file, with escapes of XML, HTML and JSON undone as far as they go."""
    if sample.kind == "xlsx":
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(sample.data))
        return "\n".join(
            str(cell)
            for name in book.sheet_names
            for row in book.get_sheet_by_name(name).to_python()
            for cell in row
        )
    if sample.kind == "zip":
        archive = zipfile.ZipFile(io.BytesIO(sample.data))
        return "\n".join(name + "\n" + archive.read(name).decode() for name in archive.namelist())
    encodings = {"csv-utf16": "utf-16", "csv-bom": "utf-8-sig"}
    try:
        text = sample.data.decode(encodings.get(sample.kind, "utf-8"))
    except UnicodeDecodeError:
        text = sample.data.decode("cp1252")
    return unescape(unescape(text))


@pytest.mark.parametrize("part", VOCABULARIES)
def test_the_same_seed_makes_the_same_file(part: str) -> None:
    for seed in range(20):
        assert make_sample(seed, part) == make_sample(seed, part)


def test_another_vocabulary_makes_another_file() -> None:
    assert len({make_sample(1, part).data for part in VOCABULARIES}) == len(VOCABULARIES)


def test_every_layout_and_date_is_drawn() -> None:
    drawn = [make_sample(seed, "seen") for seed in range(600)]
    assert {one.layout for one in drawn} == {layout.name for layout in LAYOUTS}
    assert {one.date for one in drawn} == {date.name for date in DATES} | {"none"}


def test_every_further_layout_is_drawn_and_right_for_a_perfect_reader() -> None:
    drawn = [make_sample(seed, "harder") for seed in range(150)]
    assert {one.name for one in more_layouts.LAYOUTS} <= {one.layout for one in drawn}
    for layout in more_layouts.LAYOUTS:
        for seed in range(5):
            sample = make_sample(seed, "harder", layout=layout.name)
            result = judged(sample, [perfect(call) for call in sample.truth])
            assert {how for _, how in result.fields} == {"right"}, (layout.name, seed, result.notes)


def test_every_form_can_be_written_in_a_cell() -> None:
    for form in (one for source in SOURCES for one in source.forms):
        assert form.weight > 0
        for seed in range(3):
            sample = make_sample(seed, "all", layout="row-a-call", form=form.name)
            assert sample.form == form.name
            assert all(call.lines for call in sample.truth)


@pytest.mark.parametrize("part", KEPT)
def test_what_is_kept_apart_is_drawn(part: str) -> None:
    drawn = [make_sample(seed, part) for seed in range(400)]
    assert {one.name for one in KEPT[part].layouts} <= {one.layout for one in drawn}
    assert {one.name for one in KEPT[part].dates} <= {one.date for one in drawn}
    assert len({one.form for one in drawn} & {one.name for one in KEPT[part].forms}) >= 28
    assert set(KEPT[part].label_kinds) <= {one.labels for one in drawn}
    assert KEPT[part].extra_row in {trait for one in drawn for trait in one.traits}


@pytest.mark.parametrize("layout", [layout.name for source in SOURCES for layout in source.layouts])
def test_every_layout_can_be_asked_for(layout: str) -> None:
    sample = make_sample(5, "seen", layout=layout)
    assert sample.layout == layout
    assert sample.data
    assert sample.truth


def test_each_call_has_lines_of_both_sides_in_order_of_time(samples: list[Sample]) -> None:
    for sample in samples:
        for call in sample.truth:
            if "unsettled" not in sample.traits:
                assert {line.role for line in call.lines} >= {"agent", "customer"}, sample.seed
            starts = [line.start for line in call.lines if line.start is not None]
            assert starts == sorted(starts), sample.seed
            for line in call.lines:
                assert line.start is None or line.stop is None or line.start < line.stop, sample.seed


def test_what_the_truth_says_stands_in_the_file(samples: list[Sample]) -> None:
    """Texts that are cut across columns or words, or escaped twice, cannot be looked up as they are."""
    elsewhere = {"split-columns"}
    broken = {
        "wrapped",
        "timed-words",
        "twice-escaped",
        "python-repr",
        "numpy-repr",
        "csv-in-cell",
        "yaml",
        "script-literal",
        "words-and-segments",
        "hanging",
        "inserts",
        "monologues",
        "toml-blocks",
        "tuples",
    }
    for sample in samples:
        if sample.layout in elsewhere or sample.form in broken:
            continue
        text = everything_in(sample)
        for call in sample.truth:
            for line in call.lines:
                told = (
                    line.text,
                    json.dumps(line.text, ensure_ascii=False)[1:-1],
                    line.text.replace('"', '""'),
                )
                assert any(form in text for form in told), (sample.seed, line.text)
            if call.conversation_id not in (None, ASKED, DERIVED):
                assert str(call.conversation_id) in text, sample.seed
            if call.agent not in (None, ASKED):
                assert str(call.agent) in text, sample.seed


def names_in(source: Source, language: str) -> set[str]:
    fields = (source.systems if language == "systems" else {language: source.headers[language]}).values()
    return {
        name.casefold() for dialect in fields for options in dialect.values() for name in options.split("|")
    }


@pytest.mark.parametrize("part", KEPT)
@pytest.mark.parametrize("language", [*SEEN.headers, "systems"])
def test_no_name_of_a_column_is_in_two_sets(part: str, language: str) -> None:
    for other in SOURCES:
        if other is not KEPT[part]:
            assert not names_in(KEPT[part], language) & names_in(other, language)


@pytest.mark.parametrize("part", KEPT)
def test_no_label_and_no_form_is_in_two_sets(part: str) -> None:
    mine = KEPT[part]
    for other in SOURCES:
        if other is mine:
            continue
        for language, pairs in mine.roles.items():
            assert not set(pairs) & set(other.roles[language]), language
        assert not set(mine.system_roles) & set(other.system_roles)
        assert not set(mine.opaque) & set(other.opaque)
        for what in ("forms", "layouts", "dates"):
            assert not {x.name for x in getattr(mine, what)} & {x.name for x in getattr(other, what)}
        for what in ("queues", "thirds", "titles", "footers", "decoys"):
            assert not set(getattr(mine, what)) & set(getattr(other, what)), what


@pytest.mark.parametrize("part", KEPT)
def test_a_set_that_is_kept_apart_is_whole(part: str) -> None:
    """A field without a word of its own would be written with a word that is not kept apart."""
    for language, fields in SEEN.headers.items():
        assert set(KEPT[part].headers[language]) >= set(fields), language
        assert len(KEPT[part].roles[language]) >= 4
    for name, dialect in KEPT[part].systems.items():
        assert set(dialect) >= set(SEEN.headers["en"]), name
    assert len(KEPT[part].forms) >= 30


def test_scrambled_headers_say_nothing() -> None:
    words = {language: names_in(SEEN, language) for language in (*SEEN.headers, "systems")}
    for seed in range(60):
        sample = make_sample(seed, "scrambled", layout="row-a-call")
        if sample.kind == "csv" and "title-rows" not in sample.traits:
            head = {name.casefold() for name in next(csv.reader(io.StringIO(sample.data.decode())))}
            assert not head & (words[sample.language] | words["en"] | words["systems"]), (seed, head)


def test_two_times_without_a_name_leave_the_start_open() -> None:
    found = [make_sample(seed, "scrambled", layout="row-a-call", form="colon") for seed in range(200)]
    both = [
        one
        for one in found
        if "created" in one.traits and one.date not in ("none", "two-columns", "zone-column")
    ]
    assert len(both) > 5
    assert all(call.start == ASKED for one in both for call in one.truth)


def test_only_sums_are_printed_unless_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = Result(4711, "row-a-call", "colon", "csv", "en", "iso-z", "roles", ())
    bad.calls["silent"] = 1
    bad.notes.append("what the reader made of it")
    monkeypatch.setattr(scoring, "score", lambda *_, **__: [bad])
    monkeypatch.setenv("REDDY_STATE", "unused")
    monkeypatch.setattr("sys.argv", ["score", "--vocabulary", "held-out"])
    scoring.main()
    assert "4711" not in capsys.readouterr().out
    monkeypatch.setattr("sys.argv", ["score", "--vocabulary", "held-out", "--show-worst", "1"])
    scoring.main()
    assert "what the reader made of it" in capsys.readouterr().out


def test_columns_of_a_record_have_different_names(samples: list[Sample]) -> None:
    """A JSON object with one key twice loses a value before anybody reads it."""
    for sample in samples:
        if (
            sample.kind == "csv"
            and sample.layout.startswith("row-a-call")
            and "title-rows" not in sample.traits
        ):
            head = [name for name in next(csv.reader(io.StringIO(sample.data.decode()))) if name]
            assert len({name.casefold() for name in head}) == len(head), (sample.seed, head)


def perfect(call: TruthCall) -> Loaded:
    """Return a call as a perfect reader loads it: what the file leaves open holds it."""
    roles = {line.role for line in call.lines}
    is_open = ASKED in (call.agent, call.product, call.start) or bool(roles & {ASKED, UNSETTLED})
    return Loaded(
        held=is_open,
        conversation_id="call-1" if call.conversation_id in (None, DERIVED) else call.conversation_id,
        agent=None if call.agent == ASKED else call.agent,
        product=call.product if isinstance(call.product, int) else None,
        start=call.start if isinstance(call.start, float) else None,
        lines=[(line.role, squeezed(line.text), line.start, line.stop) for line in call.lines],
        tags={squeezed(key).casefold(): squeezed(value) for key, value in call.tags.items()},
        findings=[],
    )


def judged(sample: Sample, calls: list[Loaded]) -> Result:
    result = Result(
        sample.seed, sample.layout, sample.form, sample.kind, sample.language, sample.date, "", ()
    )
    judge(sample, calls, result)
    return result


def test_a_perfect_reader_gets_every_field_right(samples: list[Sample]) -> None:
    for sample in samples:
        result = judged(sample, [perfect(call) for call in sample.truth])
        assert {how for _, how in result.fields} == {"right"}, (sample.seed, result.notes)


def test_a_call_that_the_file_leaves_open_is_not_held_without_need() -> None:
    sample = make_sample(3, "seen", layout="lines-grouped")
    held = [replace(perfect(call), held=True) for call in sample.truth]
    assert judged(sample, held).held_but_right == len(held)
    first = replace(sample.truth[0].lines[0], role=ASKED, text="This call is recorded.")
    left: tuple[dict[str, Any], ...] = (
        {"agent": ASKED},
        {"product": ASKED},
        {"start": ASKED},
        {"lines": tuple(replace(line, role=UNSETTLED) for line in sample.truth[0].lines)},
        {"lines": (first, *sample.truth[0].lines)},
    )
    for truth in left:
        left_open = replace(sample, truth=(replace(sample.truth[0], **truth), *sample.truth[1:]))
        result = judged(left_open, held)
        assert (result.held_but_right, result.calls["held"]) == (len(held) - 1, len(held)), truth


def test_swapped_roles_are_silent_unless_a_finding_names_them() -> None:
    sample = make_sample(3, "seen", layout="lines-grouped")
    other = {"agent": "customer", "customer": "agent"}
    swapped = [perfect(call) for call in sample.truth]
    for call in swapped:
        call.lines = [(other.get(role, role), *rest) for role, *rest in call.lines]  # type: ignore[misc]
    assert judged(sample, swapped).calls == {"silent": len(swapped)}
    for call in swapped:
        call.findings = [("transcript", "role-from-greeting", "warning")]
    assert judged(sample, swapped).calls == {"warned": len(swapped)}
    for call in swapped:
        call.held = True
    assert judged(sample, swapped).calls == {"held": len(swapped)}


def test_a_call_that_is_missing_or_too_many_is_silent() -> None:
    sample = make_sample(3, "seen", layout="row-a-call")
    calls = [perfect(call) for call in sample.truth]
    assert judged(sample, calls[1:]).calls["silent"] == 1
    assert judged(sample, [*calls, replace(calls[0], conversation_id="other")]).calls["silent"] == 1


# Floors: a few points below what was measured when they were written. They only ever rise.
# Right fields at least, silently wrong calls at most, in per cent.
FLOORS = {"seen": (95.0, 3.0), "held-out": (89.0, 4.0), "scrambled": (85.0, 17.0)}
LAST_FLOOR = (88.0, 4.0)


@pytest.mark.parametrize("part", FLOORS)
def test_the_reader_is_not_worse_than_it_was(part: str) -> None:
    holds(part, range(16, 40), FLOORS[part], processes=1)


def holds(part: str, seeds: range, floor: tuple[float, float], *, processes: int) -> None:
    """Check the sums of a run against a floor."""
    found = totals(score(seeds, part, processes=processes))
    print(part, found)
    assert found.crashes == 0
    assert found.field_right >= floor[0]
    assert found.shares["silent"] <= floor[1]


@pytest.mark.soak
@pytest.mark.parametrize("part", FLOORS)
def test_many_exports(part: str) -> None:
    found = totals(score(range(1000, 2500), part))
    print(part, found)
    assert found.crashes == 0


@pytest.mark.soak
def test_the_last_set() -> None:
    """By hand, at the end of a round of work: the more it is run, the less it tells."""
    holds("last", range(600), LAST_FLOOR, processes=2)
