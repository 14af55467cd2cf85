"""The loss of a batch, what becomes of text without a line, accepted findings, and where times are from."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reddy_lib as reddy
from reddy_lib.batches.decisions import BatchLoss, line_times
from reddy_lib.errors import NotInLedger
from reddy_lib.findings import CATALOGUE
from reddy_lib.model import TranscriptLine, payload_json
from reddy_lib.spreadsheet import build_frame, guess_mapping, read_sheet
from reddy_lib.transcripts import Placed, accounted, placed, read_transcript
from tests.conftest import PRODUCTS
from tests.screen import set_status

Sheet = Callable[..., Path]
NOTE = "The agent noted that everything was fine"
LATE = "Remember to call back tomorrow at noon"


def turns(*extra: dict[str, str], before: dict[str, str] | None = None) -> str:
    """Three turns; `before`: data before them, `extra`: data after them, that no reader takes for a turn."""
    said = [
        {"role": "agent", "text": "Good morning.", "start": 0, "stop": 2},
        {"role": "customer", "text": "I lost my card.", "start": 3, "stop": 5},
        {"role": "agent", "text": "I block it.", "start": 6, "stop": 8},
    ]
    whole: dict[str, Any] = dict(before or {}) | {"turns": said}
    for one in extra:
        whole |= one
    return json.dumps(whole)


def load(ledger: reddy.Ledger, path: Path) -> reddy.Batch:
    return ledger.load(path, products=PRODUCTS, progress=False)


def texts(batch: reddy.Batch, row: int = 2) -> list[tuple[str, str]]:
    return [(line.role, line.text) for line in batch.call(row).transcript or ()]


def codes(batch: reddy.Batch, row: int = 2) -> list[str]:
    return [found.code for found in batch.findings_of(row)]


def size(text: str) -> int:
    return sum(not mark.isspace() for mark in text)


THREE = [("agent", "Good morning."), ("customer", "I lost my card."), ("agent", "I block it.")]


class TestLoss:
    def test_a_batch_tells_how_many_of_its_characters_are_placed(
        self, ledger: reddy.Ledger, sheet: Sheet
    ) -> None:
        cells = {
            2: turns({"remark": NOTE}),
            3: "Agent: Hello.\nCustomer: Hi.",
            4: "",
        }
        batch = load(ledger, sheet(3, {row: {"Transcript": cell} for row, cell in cells.items()}))
        whole = sum(map(size, cells.values()))
        assert batch.loss() == BatchLoss(whole, whole - size(NOTE))
        assert batch.loss().waiting == size(NOTE)
        assert repr(batch.loss()) == f"{whole - size(NOTE):,} of {whole:,} characters placed"
        assert batch.loss(3) == BatchLoss(24, 24)
        assert batch.loss(4) == BatchLoss(0, 0)
        with pytest.raises(NotInLedger):
            batch.loss(99)

    def test_rows_that_are_lines_are_measured_together(self, tmp_path: Path) -> None:
        path = tmp_path / "lines.csv"
        path.write_text(
            "Call ID,Agent Email,Product,Speaker,Text,Start\n"
            "c1,ann@cedarline.example,Loans,Agent,Good morning.,0\n"
            "c1,ann@cedarline.example,Loans,Customer,I lost my card.,4\n"
            "c2,ann@cedarline.example,Loans,Agent,Hello there.,0\n"
            "c2,ann@cedarline.example,Loans,Customer,Hi.,4\n"
        )
        frame = read_sheet(path)
        built = list(build_frame(frame, guess_mapping(frame)))
        said = [
            [("Agent", "Good morning.", "0"), ("Customer", "I lost my card.", "4")],
            [("Agent", "Hello there.", "0"), ("Customer", "Hi.", "4")],
        ]
        assert [one.placed for one in built] == [
            Placed(sum(size("".join(line)) for line in lines)) for lines in said
        ]


EXACT = st.lists(
    st.fixed_dictionaries(
        {
            "role": st.sampled_from(["agent", "customer"]),
            "text": st.text(st.characters(codec="utf-8"), max_size=30)
            | st.sampled_from(['"', "\\", "\\u0022", '{"a": 1}']),
            "start": st.integers(0, 900) | st.floats(0, 900),
            "stop": st.integers(0, 900),
        }
    ),
    min_size=1,
    max_size=6,
)  # fmt: skip


@given(
    EXACT,
    st.booleans(),
    st.sampled_from([None, 0, 2]),
    st.lists(st.sampled_from(["text", "role", "stop"]), max_size=1),
)
@settings(max_examples=150, deadline=None)
def test_the_quick_meter_says_what_the_long_one_says(
    said: list[dict[str, Any]], escaped: bool, indent: int | None, twice: list[str]
) -> None:
    cell = json.dumps(said, ensure_ascii=escaped, indent=indent)
    if twice:  # a key that comes twice: the first value of it is in no line
        cell = cell.replace(
            f'"{twice[0]}"', f'"{twice[0]}": "An earlier text of five words", "{twice[0]}"', 1
        )
    transcript = read_transcript(cell)
    found = placed(cell, transcript)
    loss = accounted(cell, transcript)
    assert found == Placed(loss.characters_in, tuple(zip(loss.after, loss.unassigned, strict=True)))
    assert found.characters == size(cell)


@given(st.lists(st.text(max_size=40), max_size=6), st.booleans())
@settings(max_examples=100, deadline=None)
def test_placed_and_unassigned_are_the_whole_cell_after_building(said: list[str], labelled: bool) -> None:
    import pandas as pd

    cell = "\n".join(
        f"{('Agent', 'Customer')[n % 2]}: {text}" if labelled else text for n, text in enumerate(said)
    )
    frame = pd.DataFrame({"id": ["c"], "transcript": [cell]}, index=[2])
    (built,) = build_frame(frame, reddy.Mapping(fields={"transcript": "transcript", "conversation_id": "id"}))
    loss = accounted(cell, read_transcript(cell))
    assert built.placed.characters == size(cell)
    assert sum(size(text) for _, text in built.placed.unassigned) == built.placed.characters - loss.placed
    assert all(0 <= after <= len(built.call.transcript or ()) for after, _ in built.placed.unassigned)


class TestText:
    @pytest.fixture
    def batch(self, ledger: reddy.Ledger, sheet: Sheet) -> reddy.Batch:
        cells = [
            turns({"remark": NOTE}),
            turns({"remark": NOTE}, {"followup": LATE}, before={"heading": "Hello and welcome to this call"}),
            turns(),
        ]
        return load(ledger, sheet(3, {row: {"Transcript": cell} for row, cell in enumerate(cells, 2)}))

    def test_it_holds_the_call_and_says_where_it_stood(self, batch: reddy.Batch) -> None:
        assert batch.counts()["held"] == 2
        (found,) = batch.findings_of(2)
        assert (found.code, found.severity, found.line, found.value) == (
            "transcript-unassigned",
            "error",
            3,
            NOTE,
        )
        assert found.message == f"After line 3 the cell has text that is in no line: “{NOTE}”."
        frame = batch.unassigned()
        assert frame.reset_index()[["row", "number", "after", "decision"]].values.tolist() == [
            [2, 1, 3, ""], [3, 1, 0, ""], [3, 2, 3, ""], [3, 3, 3, ""],
        ]  # fmt: skip
        assert batch.findings_of(3)[0].message.startswith("Before the first line the cell has text")

    @pytest.mark.parametrize(
        ("decision", "role", "lines", "dropped"),
        [
            ("attach", "", [*THREE[:2], ("agent", f"I block it.\n{NOTE}")], 0),
            ("own line", "customer", [*THREE, ("customer", NOTE)], 0),
            ("drop", "", THREE, size(NOTE)),
        ],
    )
    def test_a_decision_frees_the_call_and_is_taken_back_whole(
        self, batch: reddy.Batch, decision: Any, role: str, lines: list[tuple[str, str]], dropped: int
    ) -> None:
        before, whole = payload_json(batch.call(2)), batch.loss(2).characters
        assert batch.decide(2, decision, role=role, who="ann") == (1, 0, 0)
        assert texts(batch) == lines
        assert codes(batch) == []
        assert (batch.info(2)["status"], batch.info(2)["edited"]) == ("ready", True)
        assert batch.loss(2) == BatchLoss(whole, whole - dropped, dropped)
        last = batch.edits(2).iloc[-1]
        assert (last["field"], last["before"], last["who"]) == ("unassigned[1]", None, "ann")
        assert json.loads(last["after"]) == (f"{decision}: {role}" if role else decision)
        assert batch.unassigned(2)[["decision", "role", "who"]].values.tolist() == [[decision, role, "ann"]]
        assert batch.decide(2, "drop", who="bo") == (0, 1, 0), "it is decided"
        batch.revert(2, who="ann")
        assert payload_json(batch.call(2)) == before
        assert codes(batch) == ["transcript-unassigned"]
        assert (batch.info(2)["status"], batch.info(2)["edited"]) == ("held", False)
        assert batch.loss(2) == BatchLoss(whole, whole - size(NOTE))
        assert json.loads(batch.edits(2).iloc[-1]["before"]) == json.loads(last["after"])

    def test_several_texts_keep_their_order(self, batch: reddy.Batch) -> None:
        batch.decide(3, "own line", role="agent")
        assert texts(batch, 3) == [
            ("agent", "Hello and welcome to this call"),
            *THREE,
            ("agent", NOTE),
            ("agent", LATE),
        ]
        batch.revert(3)
        batch.decide(3, "attach")
        assert texts(batch, 3) == [
            ("agent", "Hello and welcome to this call\nGood morning."), THREE[1], ("agent", f"I block it.\n{NOTE}\n{LATE}"),
        ]  # fmt: skip

    def test_one_text_is_decided_for_every_call_that_has_it(self, batch: reddy.Batch) -> None:
        set_status(batch, 2, status="queued")
        assert batch.decide(batch.rows(), "drop", text=NOTE, who="ann") == (1, 1, 1)
        assert batch.unassigned().query("decision == ''")["text"].tolist() == [
            NOTE, "Hello and welcome to this call", LATE,
        ]  # fmt: skip
        assert batch.info(3)["status"] == "held"

    def test_it_stays_behind_its_line_when_lines_are_edited(self, batch: reddy.Batch) -> None:
        call = batch.call(2)
        assert call.transcript is not None
        del call.transcript[0]
        batch.replace(2, call)
        assert [found.line for found in batch.findings_of(2)] == [2]
        call.transcript[1].text = "I block it at once."
        call.transcript.append(TranscriptLine("customer", "Bye.", 9, 10))
        batch.replace(2, call)
        batch.decide(2, "own line", role="agent")
        assert [text for _, text in texts(batch)] == ["I lost my card.", "I block it at once.", NOTE, "Bye."]

    def test_other_decisions_are_refused(self, batch: reddy.Batch) -> None:
        with pytest.raises(ValueError, match="There is no decision"):
            batch.decide(2, "forget")
        with pytest.raises(NotInLedger):
            batch.decide(99, "drop")


TIMELESS = json.dumps(
    [
        {"role": "agent", "text": "Good morning.", "start": "soon"},
        {"role": "customer", "text": "Hi.", "start": 3, "stop": 4},
    ]
)


class TestAcceptance:
    @pytest.mark.parametrize(
        ("cells", "code", "others"),
        [
            ({"Start": "yesterday-ish"}, "timestamp-unreadable", ["timestamp-missing"]),
            ({"Transcript": TIMELESS}, "time-unreadable", ["times-estimated"]),
        ],
    )
    def test_an_accepted_finding_frees_the_call_and_is_taken_back(
        self, ledger: reddy.Ledger, sheet: Sheet, cells: dict[str, str], code: str, others: list[str]
    ) -> None:
        batch = load(ledger, sheet(2, {2: cells}))
        before = payload_json(batch.call(2))
        assert batch.info(2)["status"] == "held"
        assert batch.can_accept(2) == {code}
        assert batch.accept(2, code, who="ann") == (1, 0, 0)
        assert batch.accept(2, code, who="bo") == (0, 1, 0)
        assert batch.decisions(2).accepted[code].who == "ann"
        assert (batch.info(2)["status"], batch.info(2)["edited"]) == ("ready", True)
        assert codes(batch) == others
        assert payload_json(batch.call(2)) == before, "what is sent stays as it was"
        assert batch.edits(2)[["field", "before", "after", "who"]].values.tolist() == [
            [f"finding[{code}]", None, '"accepted"', "ann"]
        ]
        batch.recheck(PRODUCTS[:1])
        assert code not in codes(batch)
        assert batch.withdraw(2, code, who="ann") == (1, 0, 0)
        assert code in codes(batch)
        assert (batch.info(2)["status"], batch.info(2)["edited"]) == ("held", False)
        batch.accept(batch.rows(), code)
        batch.revert(2)
        assert (batch.info(2)["status"], batch.decisions(2).accepted) == ("held", {})

    def test_what_reddy_would_refuse_still_holds_the_call(self, ledger: reddy.Ledger, sheet: Sheet) -> None:
        batch = load(ledger, sheet(2, {2: {"Start": "soon", "Agent Email": "", "Product": "Boats"}}))
        assert batch.can_accept(2) == {"timestamp-unreadable"}
        batch.accept(2, "timestamp-unreadable")
        assert batch.info(2)["status"] == "held"
        for code in ("agent-email-missing", "product-unknown", "transcript-unassigned", "role-unknown"):
            with pytest.raises(ValueError, match="cannot be accepted"):
                batch.accept(2, code)

    def test_only_findings_that_a_person_has_to_see_first_say_what_accepting_means(self) -> None:
        assert {code for code, rule in CATALOGUE.items() if rule.accepting} == {
            "control-characters", "conversation-sent-corrected", "conversation-sent-under-other-id",
            "conversation-sent-with-other-words", "correction-unknown", "encoding-unclear", "id-digits-lost",
            "lines-without-call", "lines-without-id",
            "mask-still-heard", "one-side-silent", "pace-implausible", "personal-data-held",
            "product-renamed", "quote-unclosed", "recording-unreadable", "tag-digits-lost", "text-misread",
            "time-unreadable",
            "timestamp-implausible", "timestamp-imprecise", "timestamp-order-differs", "timestamp-swapped",
            "timestamp-unreadable", "transcript-cut-in-json", "unit-unclear",
        }  # fmt: skip


SOME = [
    TranscriptLine("agent", "a", 0, 2),
    TranscriptLine("customer", "b", 2, 4),
    TranscriptLine("agent", "c", 5, 6),
]


def changed(number: int, **fields: Any) -> list[TranscriptLine]:
    lines = [TranscriptLine(line.role, line.text, line.start, line.stop) for line in SOME]
    for name, value in fields.items():
        setattr(lines[number - 1], name, value)
    return lines


class TestTimes:
    @pytest.mark.parametrize(
        ("loaded", "lines", "told"),
        [
            ("", SOME, ["source", "source", "source"]),
            ("sde", SOME, ["source", "derived", "estimated"]),
            (None, SOME, ["", "", ""]),
            ("sde", changed(2, text="bb", role="agent"), ["source", "derived", "estimated"]),
            ("sde", changed(2, stop=4.5), ["source", "by hand", "estimated"]),
            ("sde", changed(3, start=None, stop=None), ["source", "derived", ""]),
            ("sde", SOME[1:], ["derived", "estimated"]),
            ("sde", [SOME[2], SOME[0], SOME[1]], ["estimated", "source", "derived"]),
            ("sde", [TranscriptLine("agent", "new"), *SOME], ["", "source", "derived", "estimated"]),
            ("", [*SOME, TranscriptLine("agent", "new", 7, 8)], ["source", "source", "source", "by hand"]),
            ("--e", [], []),
        ],
    )
    def test_a_mark_goes_with_its_line(
        self, loaded: str | None, lines: list[TranscriptLine], told: list[str]
    ) -> None:
        assert line_times(loaded, SOME, lines) == told

    @pytest.mark.parametrize(
        ("before", "after", "told"),
        [
            ([(0, 2), (2, 5), (5, 9)], [(0, 0.002), (0.002, 0.005), (0.005, 0.009)], ["source", "estimated"]),
            ([(0, 2), (2, 5), (5, 9)], [(7, 9), (9, 12), (12, 16)], ["source", "estimated"]),
            (
                [(0, 2), (2, 5), (5, 9), (9, 11)],
                [(0, 4), (4, 10), (10, 18), (18, 77)],
                ["source", "estimated", "derived", "by hand"],
            ),
            ([(0, 2), (2, 5), (5, 9)], [(0, 3), (3, 6), (6, 7)], ["by hand", "by hand", "by hand"]),
            ([(0, 3)], [(0, 9)], ["by hand"]),
            ([(0, 3000)], [(0, 3)], ["source"]),
        ],
    )
    def test_another_unit_or_a_later_start_of_all_times_is_not_typed_by_hand(
        self, before: list[tuple[float, float]], after: list[tuple[float, float]], told: list[str]
    ) -> None:
        loaded, lines = (
            [TranscriptLine("agent", f"say {number}", *span) for number, span in enumerate(spans)]
            for spans in (before, after)
        )
        assert line_times("seds"[: len(before)], loaded, lines)[: len(told)] == told

    def test_of_lines_with_equal_times_that_were_moved_each_keeps_its_own_mark(self) -> None:
        """They are matched by their times, in their order: the upper one's mark is not the lower one's."""
        upper, lower = TranscriptLine("agent", "both", 0, 2), TranscriptLine("customer", "speak", 0, 2)
        rest = [
            TranscriptLine("agent", text, start, start + 1) for text, start in (("a", 5), ("b", 6), ("c", 7))
        ]
        assert line_times("se---", [upper, lower, *rest], [*rest, upper, lower])[3:] == [
            "source",
            "estimated",
        ]
        assert line_times("es---", [upper, lower, *rest], [*rest, upper, lower])[3:] == [
            "estimated",
            "source",
        ]

    def test_they_are_told_and_never_sent(self, ledger: reddy.Ledger, sheet: Sheet) -> None:
        text = "[00:00] Agent: Good morning.\n[00:04] Customer: I lost my card.\n[00:09] Agent: I block it."
        batch = load(ledger, sheet(2, {2: {"Transcript": text}}))
        assert list(batch.lines(2)["times"]) == ["derived", "derived", "estimated"]
        assert list(batch.lines(3)["times"]) == ["source", "source"]
        call = batch.call(2)
        assert call.transcript is not None
        call.transcript[1].stop = 8.5
        batch.replace(2, call)
        assert list(batch.lines(2)["times"]) == ["derived", "by hand", "estimated"]
        assert set(json.loads(payload_json(batch.call(2)))["transcript"][1]) == {
            "role",
            "text",
            "start",
            "stop",
        }
        batch.revert(2)
        assert list(batch.lines(2)["times"]) == ["derived", "derived", "estimated"]
