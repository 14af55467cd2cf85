"""The loss meter: every character of a cell is in a line, or it is said where it is."""

from __future__ import annotations

import csv
import importlib.util
import json
import random
import time
from collections import Counter
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reddy_lib.model import TranscriptLine, to_payload
from reddy_lib.spreadsheet import BuiltCall, build_frame, guess_mapping, read_pieces, read_sheet
from reddy_lib.transcripts import Loss, Transcript, accounted, placed, read_transcript, roles_swapped
from reddy_lib.transcripts.loss import KINDS

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
FOLDERS = ["all_calls", "harper_valley", "contoso_telecom", "woodgrove_helpdesk", "vcon"]
with_shared = pytest.mark.skipif(not (SHARED / "score.py").exists(), reason="the shared data is not here")


def size(text: str) -> int:
    return sum(not mark.isspace() for mark in text)


def balanced(cell: str, transcript: Transcript) -> Loss:
    """The loss, after its sum was checked against a count that knows nothing of it."""
    loss = accounted(cell, transcript)
    assert loss.characters_in == size(cell)
    assert loss.characters_out == sum(size(line.text) for line in transcript.lines)
    assert loss.lines_out == len(transcript.lines)
    assert set(loss.elsewhere) <= set(KINDS)
    assert all(count > 0 for count in loss.elsewhere.values())
    assert loss.characters_in + loss.added == (
        loss.characters_out + sum(loss.elsewhere.values()) + sum(map(size, loss.unassigned))
    )
    return loss


def read_and_weigh(cell: str, **how: Any) -> Loss:
    return balanced(cell, read_transcript(cell, **how))


# --- what goes where -------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", ["Hello", "Grüße", "Café\nau lait’s", "再见"])
def test_white_space_of_any_kind_is_not_counted(said: str) -> None:
    for blank in (chr(code) for code in range(0x3001) if chr(code).isspace()):
        cell = f"Agent: {said}{blank}{said}\nCustomer: {said}"
        assert accounted(cell, read_transcript(cell)).characters_in == size(cell), blank


def test_each_character_of_a_labelled_text_has_its_place() -> None:
    loss = read_and_weigh("[00:12] **Agent:** Hello, 5 of 7!\nCustomer: Hi.")
    assert loss == Loss(
        characters_in=40,
        characters_out=14,
        lines_in=2,
        lines_out=2,
        elsewhere={"markup": 8, "time": 5, "label": 13},
    )
    assert (loss.placed, loss.lost) == (40, 0)
    assert repr(loss) == "<Loss 40 of 40 characters placed · 2 lines>"


@pytest.mark.parametrize(
    ("cell", "without", "missing"),
    [
        ("Agent: Hello.\nCustomer: 42 it is.\nAgent: Bye.", 1, ["42itis."]),
        ("Agent: Hello.\nCustomer: ?!\nAgent: Bye.", 1, ["?!"]),
        ("Agent: Hello.\nCustomer: Hi.", 0, ["Hello."]),
        ("Agent: 7\nCustomer: 7", 1, ["7"]),
        ('[{"role": "agent", "text": "Hello"}, {"role": "customer", "text": "42?"}]', 1, ["42?"]),
        ('[{"role": "agent", "text": "yes"}, {"role": "customer", "text": "yes"}]', 1, ["yes"]),
        ("[{'role': 'agent', 'text': 'Hello'}, {'role': 'customer', 'text': '!'}]", 1, ["!"]),
        ('{"speaker": "agent", "text": "A"}\n{"speaker": "customer", "text": "B 1"}', 1, ["B 1"]),
    ],
)
def test_a_line_that_a_reader_dropped_is_unassigned(cell: str, without: int, missing: list[str]) -> None:
    """Digits and punctuation too, and the second of two lines that say the same."""
    transcript = read_transcript(cell)
    assert balanced(cell, transcript).unassigned == []
    del transcript.lines[without]
    loss = balanced(cell, transcript)
    assert loss.unassigned == missing
    assert loss.placed == loss.characters_in - sum(map(size, missing))


def test_a_character_that_a_reader_dropped_is_found() -> None:
    cell = "Agent: It costs $4.50, thanks.\nCustomer: Ok."
    transcript = read_transcript(cell)
    transcript.lines[0].text = "It costs $4.50 thanks."
    loss = balanced(cell, transcript)
    assert loss.lost + loss.added > 0


def test_text_that_a_reader_made_up_is_added() -> None:
    cell = "Agent: Hello."
    transcript = read_transcript(cell)
    transcript.lines.append(TranscriptLine("agent", "And goodbye"))
    assert balanced(cell, transcript).added == 10


def test_what_is_left_out_on_purpose_is_not_lost() -> None:
    roles = {"IVR": "leave out"}
    for cell in (
        "IVR: Press 1.\nAgent: Hello",
        '[{"role": "IVR", "text": "Press 1."}, {"role": "agent", "text": "Hello"}]',
    ):
        loss = read_and_weigh(cell, roles=roles, times="leave out")
        assert loss.elsewhere["left out"] == 7
        assert loss.unassigned == []


def test_a_time_that_is_none_is_in_its_finding() -> None:
    assert read_and_weigh("[00:75] Agent: Hello").elsewhere["finding"] == 5


def test_fields_of_data_that_are_no_speech_are_counted_as_such() -> None:
    cell = '[{"role": "agent", "text": "Hello", "start": 0.50, "stop": 1, "confidence": 0.93, "id": "x-1"}]'
    loss = read_and_weigh(cell)
    assert loss.elsewhere == {"label": 5, "time": 5, "field": 7, "markup": size(cell) - 5 - 5 - 7 - 5}


def test_the_same_words_once_more_are_repeated_and_other_words_are_unassigned() -> None:
    turns = [{"role": "agent", "text": "Good morning to you all"}]
    words = [{"text": "Good"}, {"text": "morning"}]
    loss = read_and_weigh(json.dumps({"turns": turns, "words": words}))
    assert loss.elsewhere["repeated"] == 11
    remark = "The agent said good morning and hung up"
    assert read_and_weigh(json.dumps({"turns": turns, "remark": remark})).unassigned == [remark]


ABOUT = "The agent said good morning and hung up"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("summary", ABOUT),
        ("callSummary", ABOUT),
        ("call_summary_text", ABOUT),
        ("AISummary", ABOUT),
        ("Title", ABOUT),
        ("subject", ABOUT),
        ("displayName", ABOUT),
        ("PostContactSummary", {"Content": ABOUT}),
        ("summaries", [{"aspect": "issue", "text": ABOUT}]),
        ("headline", {"gist": ABOUT}),
        ("agentNotes", ABOUT),
        ("AGENT COMMENTS", ABOUT),
        ("internal_note", ABOUT),
        ("wrap_up_notes", ABOUT),
        ("Nota interna", ABOUT),
    ],
)
def test_text_about_the_call_beside_its_turns_is_no_speech_and_waits_for_nobody(key: str, value: Any) -> None:
    turns = [{"role": "agent", "text": "Good morning to you all"}, {"role": "customer", "text": "Hi"}]
    for data in ({"turns": turns, key: value}, {key: value, "results": {"turns": turns}}):
        loss = read_and_weigh(json.dumps(data))
        assert (loss.unassigned, loss.elsewhere["beside"]) == ([], size(ABOUT)), data
        assert loss.beside == [(key, ABOUT)]
        assert placed(json.dumps(data), read_transcript(json.dumps(data))).beside == tuple(loss.beside)


def test_an_object_that_says_it_is_a_summary_is_beside_too() -> None:
    turns = [{"speaker": "Agent", "message": "Good morning"}, {"speaker": "Customer", "message": "Hi"}]
    analysis = [{"type": "transcript", "dialog": 0, "body": turns}, {"type": "summary", "body": ABOUT}]
    data = {"vcon": "0.0.1", "uuid": "u", "parties": [], "dialog": [], "subject": ABOUT, "analysis": analysis}
    loss = read_and_weigh(json.dumps(data))
    assert (loss.unassigned, loss.beside) == ([], [("subject", ABOUT), ("summary", ABOUT)])
    analysis[1]["type"] = "guess"
    assert read_and_weigh(json.dumps(data)).unassigned == [ABOUT]


@pytest.mark.parametrize("key", ["remark", "notes", "untitled", "summarily", "body", "comment", "agent"])
def test_text_under_any_other_key_waits_for_a_decision(key: str) -> None:
    turns = [{"role": "agent", "text": "Good morning to you all"}, {"role": "customer", "text": "Hi"}]
    assert read_and_weigh(json.dumps({"turns": turns, key: ABOUT})).unassigned == [ABOUT]


def test_turns_in_elements_inside_data_are_in_the_lines() -> None:
    turns = "".join(
        f'<turn speaker="{who}" start="{n}">{text}</turn>'
        for n, (who, text) in enumerate([("agent", "Good morning to you all"), ("customer", "Hi, I am here")])
    )
    data = {"callId": "c-1", "agentNotes": ABOUT, "transcription": f"<transcript>{turns}</transcript>"}
    loss = read_and_weigh(json.dumps(data))
    assert (loss.unassigned, loss.beside) == ([], [("agentNotes", ABOUT)])
    data["transcription"] = f"<transcript>{turns}</transcript>".replace(
        "<turn", "<note>Not in a line of the call</note><turn", 1
    )
    assert "Not in a line of the call" in " ".join(read_and_weigh(json.dumps(data)).unassigned)


def test_a_summary_inside_a_turn_may_have_been_said() -> None:
    turns = [{"role": "agent", "text": "Hi", "summary": ABOUT}, {"role": "customer", "text": "Hello"}]
    for data in (turns, {"turns": turns}):
        assert read_and_weigh(json.dumps(data)).unassigned == [ABOUT]


def test_the_turns_once_more_as_one_text_with_labels_are_repeated() -> None:
    turns = [
        {"role": "bot", "message": "How can I help?"},
        {"role": "user", "message": "What about my card?"},
    ]
    again = "AI: How can I help?\nUser: What about my card?\n"
    loss = read_and_weigh(json.dumps({"messages": turns, "remark": again}))
    assert (loss.unassigned, loss.elsewhere["repeated"]) == ([], size(again))
    more = again + "User: Are you there?\n"
    assert read_and_weigh(json.dumps({"messages": turns, "remark": more})).unassigned == [more]


def test_headings_and_continuation_lines_are_in_the_lines() -> None:
    loss = read_and_weigh("Call Transcript\n---\nAgent: Hello.\n1. One\n2. Two\n[pause]\nCustomer: Hi.")
    assert (loss.unassigned, loss.added, loss.lines_in) == ([], 0, 7)


@pytest.mark.parametrize("cell", [None, float("nan"), "", "  \n", "[]", "{}"])
def test_an_empty_cell_loses_nothing(cell: object) -> None:
    loss = accounted(cell, read_transcript(cell))
    assert (loss.characters_out, loss.lost, loss.added) == (0, 0, 0)


def test_cells_that_are_no_text_are_weighed_too() -> None:
    turns = [{"role": "agent", "text": "Hello", "start": 1}]
    loss = accounted(turns, read_transcript(turns))
    assert (loss.characters_out, loss.lost, loss.elsewhere) == (5, 0, {"label": 5, "time": 1})
    assert accounted(17, read_transcript(17)).placed == 2


def test_losses_of_a_batch_are_summed() -> None:
    cells = ["Agent: Hello\nCustomer: Hi", "no speaker here", '[{"role": "agent", "text": "Hello"}]']
    losses = [read_and_weigh(cell) for cell in cells]
    total = sum(losses, Loss())
    assert total.characters_in == sum(map(size, cells))
    assert total.elsewhere["label"] == 5 + 8 + 5
    assert total == sum(losses) == losses[0] + losses[1] + losses[2]
    assert losses[0].characters_in == size(cells[0])  # adding changes nothing in place
    assert Loss() + Loss() == Loss()
    with pytest.raises(TypeError):
        _ = Loss() + 3


@pytest.mark.parametrize(
    ("cell", "without", "after", "missing"),
    [
        ("Agent: Hello.\nCustomer: 42 it is.\nAgent: Bye.", 1, [1], ["42itis."]),
        ("Agent: Hello.\nCustomer: Hi.", 0, [0], ["Hello."]),
        ("Agent: Hello.\nCustomer: Hi.", 1, [1], ["Hi."]),
        ('[{"role": "agent", "text": "Hello"}, {"role": "customer", "text": "42?"}]', 1, [1], ["42?"]),
        ('[{"role": "agent", "text": "Hello"}, {"role": "customer", "text": "42?"}]', 0, [0], ["Hello"]),
    ],
)
def test_the_meter_says_after_which_line_an_unassigned_text_stood(
    cell: str, without: int, after: list[int], missing: list[str]
) -> None:
    transcript = read_transcript(cell)
    del transcript.lines[without]
    loss = balanced(cell, transcript)
    assert (loss.after, loss.unassigned) == (after, missing)


@pytest.mark.parametrize(
    ("cell", "elsewhere"),
    [
        (
            "WEBVTT\n\nNOTE made by hand\n\n1\n00:01.000 --> 00:02.000 align:start\n<v Ann>Rock &amp; roll</v>",
            {"time": 18, "label": 3, "markup": 46},
        ),
        ("1\n00:00:01,000 --> 00:00:02,000\n<i>Hello there</i>\n", {"time": 24, "markup": 11}),
        ("0:00:01.000,0:00:03.000\nHello there\n\n0:00:04.000,0:00:06.000\nHi\n", {"time": 44, "markup": 2}),
    ],
)
def test_what_marks_subtitles_is_no_speech(cell: str, elsewhere: dict[str, int]) -> None:
    loss = read_and_weigh(cell)
    assert (loss.unassigned, loss.added, loss.elsewhere) == ([], 0, elsewhere)


def test_json_that_excel_cut_off_is_weighed_in_no_time_and_its_rest_is_a_line() -> None:
    turns = [
        {"role": "agent", "text": "I look it up for you.", "start": n, "stop": n + 1} for n in range(999)
    ]
    cell = json.dumps(turns)[:32_767]
    transcript = read_transcript(cell)
    before = time.process_time()
    loss = balanced(cell, transcript)
    assert time.process_time() - before < 1
    assert (loss.unassigned, loss.added) == ([], 0)
    assert loss.lines_out == len(transcript.lines) > 400


# --- generated text --------------------------------------------------------------------------------------

TEXTS = st.text(
    alphabet=st.characters(categories=("Lu", "Ll", "Nd", "Po", "Ps", "Pe", "Sc", "Zs"), exclude_characters="\x85"),
    max_size=40,
)  # fmt: skip
LABELS = st.sampled_from(
    ["Agent", "Customer", "Agent (Ben)", "**Customer**", "Ben", "Zoë", "Port", "IVR", "Speaker 1", "Step 1", "- Agent",
     "3. Agent", "<operator>"]
)  # fmt: skip
TIMES = st.sampled_from(
    ["", "", "[00:12] ", "(01:02:03) ", "00:20 - ", "[abc] ", "[00:75] ", "[1.5 - 2.5] ", "00:00:07\n"]
)
ASIDES = st.sampled_from(
    ["[pause]", "(A few moments later)", "*Ring Ring*", "---", "# Call", "Word count: 12"]
)


@st.composite
def cells(draw: st.DrawFn) -> str:
    """A transcript as nobody would write it on purpose."""
    cell = ""
    for _ in range(draw(st.integers(1, 9))):
        body = draw(TEXTS)
        kind = draw(st.integers(0, 5))
        if kind == 0:
            body = draw(ASIDES)
        elif kind > 2:
            label = draw(LABELS)
            body = f"{label} {body}" if label.startswith("<") else f"{label}: {body}"
        cell += draw(TIMES) + body + draw(st.sampled_from(["\n", "\n\n", "\r\n", "\r", " "]))
    return cell


@pytest.mark.parametrize("examples", [250, pytest.param(20_000, marks=pytest.mark.soak)])
def test_the_sum_is_exact_for_any_text(examples: int) -> None:
    @given(cells())
    @example("[noise] Agent: hello\nCustomer: hi")
    @example("00:12 00:12 00:12 00:12")
    @example("¶ ¶\n")
    @example("0;\n[pause]\n---\n[pause]\nAgent: \n")
    @example("Hello there\n[pause]\n*** Agent joined ***\nAgent: x\n")
    @example("Agent: Hello. ¶ Customer: Hi. ¶ ¶")
    @example("Ben: \n[pause]\n00:00:07\nZoë: \n")
    @example("2026-03-02 10:00:00 Agent: Hello.\n2026-03-02T10:00:05Z Customer: Hi.")
    @example("10:00:00 AM Agent: Hello.\n[10:00:05 pm] Pam: Hi.\n<b>Agent:</b> Bye.")
    @example("Agent: A\nCustomer: Agent: A\nAgent: A")
    @example("[pause]\n[pause]\n[pause]\n[pause]\nAgent:  [1.5 - 2.5] Agent: \n[1.5 - 2.5] \n")
    @example("[00:12] Zoë: [A\n00:20 - 00:12#\n")
    @example("[00:75] Agent: (\n[abc] Agent: A\nAgent: :[\n")
    @example("[00:75] - Agent: \n[00:75]  [1.5 - 2.5] Customer: (\n[1.5 - 2.5] [1.5 - 2.5] \n")
    @example("[abc] Agent: 0\n[abc] 3. Agent: A\n")
    @example("Agent: 0\n3. Agent: A\n3. [abc] Customer: B\n")
    @example("\n[00:12] Agent: \n[abc] Ben:  00:20 - [pause]\n[pause]\nAgent: \nAgent: \n")
    @example("\nAgent: 0\n0\nAgent: ?\n[pause]\nCustomer: ?\n")
    @example("[00:12] ¡\n\n[pause]\n[00:12] \n")
    @example("0\n---\n[pause]\n\n\nAgent: \n")
    @example("[00:12] [pause]\n[pause]\n\n[abc] Agent: \n[pause]\n[00:12] Customer: \n")
    @settings(max_examples=examples, deadline=None)
    def holds(cell: str) -> None:
        transcript = read_transcript(cell, agent=["ben@contoso.example"])
        loss = balanced(cell, transcript)
        assert (loss.unassigned, loss.added) == ([], 0), transcript.lines

    holds()


BELOW = (
    "Good morning, how can I help?\nAgent\n\nI lost my card.\nIt was blue.\n{}\nCustomer\n\nLet me look.\nAgent\n\n"
    "Thanks.\nCustomer\n\nYou are welcome, goodbye.\nAgent\n\nBye now.\nCustomer\n"
)
BEHIND = (
    "Good morning, how can I help (Agent)\nI lost my card and\n{}\nit was blue (Customer)\nLet me look (Agent)\n"
    "Thanks (Customer)\nYou are welcome (Agent)\nBye now (Customer)\n"
)


@pytest.mark.parametrize(
    "between", ["[pause]", "*** Agent joined the chat ***", "10:15:03 Ann joined the chat"]
)
@pytest.mark.parametrize("around", [BELOW, BEHIND], ids=["label below", "label behind"])
def test_what_is_between_words_and_their_label_keeps_its_place(around: str, between: str) -> None:
    cell = around.format(between)
    transcript = read_transcript(cell, agent=["ben@contoso.example"])
    loss = balanced(cell, transcript)
    assert (loss.unassigned, loss.added) == ([], 0)
    customer = transcript.lines[1]
    assert customer.role == "customer"
    if around == BEHIND:
        assert customer.text == f"I lost my card and\n{between}\nit was blue"
        assert "aside-kept" in [found.code for found in transcript.findings]
    else:
        said = "I lost my card.\nIt was blue."
        assert customer.text == (f"{said}\n{between}" if between == "[pause]" else said)


TURNS = st.lists(
    st.fixed_dictionaries(
        {"speaker": st.sampled_from(["Agent", "Customer", "Bob", "IVR"]), "text": st.text(max_size=20)},
        optional={"start": st.integers(0, 900), "confidence": st.floats(0, 1), "note": st.text(max_size=9)},
    ),
    min_size=1,
    max_size=9,
)


@pytest.mark.parametrize("examples", [150, pytest.param(10_000, marks=pytest.mark.soak)])
def test_the_sum_is_exact_for_any_list_of_turns(examples: int) -> None:
    @given(TURNS, st.booleans())
    @settings(max_examples=examples, deadline=None)
    def holds(turns: list[dict[str, Any]], escaped: bool) -> None:
        cell = json.dumps(turns, ensure_ascii=escaped)
        loss = read_and_weigh(cell, roles={"IVR": "leave out"})
        assert (loss.unassigned, loss.added) == ([], 0)

    holds()


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_text_at_all_is_weighed_without_an_exception(cell: str) -> None:
    read_and_weigh(cell)


# --- real transcripts ------------------------------------------------------------------------------------


@cache
def real_cells() -> list[tuple[str, str, tuple[str, ...]]]:
    """(where it is from, the cell, the agent) of every transcript column of the shared sheets."""
    found: list[tuple[str, str, tuple[str, ...]]] = []
    for folder in FOLDERS:
        for path in sorted((SHARED / folder).glob("calls*.*")):
            sheet = read_sheet(path)
            mapping = guess_mapping(sheet)
            agents = sheet[mapping.fields["agent_email"]].tolist()
            for cell, agent in zip(sheet[mapping.fields["transcript"]].tolist(), agents, strict=True):
                found.append((f"{folder}/{path.name}", cell, (agent,)))
    return found


@with_shared
def test_not_one_character_of_a_real_sheet_is_unaccounted_for() -> None:
    total = Loss()
    for where, cell, agent in real_cells():
        loss = balanced(cell, read_transcript(cell, agent=agent))
        assert (loss.unassigned, loss.added) == ([], 0), where
        total += loss
    assert total.placed == total.characters_in > 2_000_000
    assert "repeated" not in total.elsewhere
    assert total.elsewhere["markup"] < total.characters_in / 5


@with_shared
def test_the_sum_is_exact_for_every_vendor_file_and_subtitle() -> None:
    files = [
        path
        for folder in ("contoso_telecom/json", "woodgrove_helpdesk/unattributed_json", "vendor_samples",
                       "vcon/vcons", "harper_valley/segments", "subtitles")
        for path in sorted((SHARED / folder).iterdir())
        if path.name not in ("SOURCE.md", "expected.json")
    ]  # fmt: skip
    assert len(files) > 60
    for path in files:
        cell = path.read_bytes().decode("utf-8-sig", "replace")
        read_and_weigh(cell)


@with_shared
def test_free_texts_of_the_contoso_files_are_whole() -> None:
    for path in sorted((SHARED / "contoso_telecom" / "json").glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))["Content"]
        loss = read_and_weigh(content)
        assert (loss.unassigned, loss.added) == ([], 0), path.name


@with_shared
def test_no_real_call_is_said_to_be_swapped_and_nearly_all_are_when_they_are() -> None:
    found = flipped = calls = 0
    other = {"agent": "customer", "customer": "agent"}
    for _, cell, agent in real_cells():
        lines = read_transcript(cell, agent=agent).lines
        calls += 1
        found += roles_swapped(lines) is not None
        flipped += (
            roles_swapped([TranscriptLine(other.get(line.role, line.role), line.text) for line in lines])
            is not None
        )
    assert calls > 600
    assert found == 0
    assert flipped > 0.95 * calls


@with_shared
@pytest.mark.parametrize("mutants", [500, pytest.param(20_000, marks=pytest.mark.soak)])
def test_mutated_real_cells_never_raise_never_hang_and_keep_their_sum(mutants: int) -> None:
    dice = random.Random(3)
    real = [cell for _, cell, _ in real_cells()]
    signs = "\x00\n\r\t :：[]{}()<>*_#\"'\\,.-–0123456789aZé\u2028\ud83d🙂"
    for _ in range(mutants):
        marks = list(dice.choice(real)[: dice.randrange(20, 1500)])
        for _ in range(dice.randrange(1, 30)):
            place = dice.randrange(len(marks))
            what = dice.randrange(4)
            if what == 0:
                marks[place] = dice.choice(signs)
            elif what == 1:
                marks.insert(place, dice.choice(signs) * dice.choice([1, 1, 2, 50]))
            elif what == 2 and len(marks) > 30:
                del marks[place : place + dice.randrange(1, 20)]
            else:
                marks[place:place] = marks[place : place + dice.randrange(1, 40)]
        cell = "".join(marks)
        before = time.process_time()
        transcript = read_transcript(cell, agent=["ben@contoso.example"])
        balanced(cell, transcript)
        assert time.process_time() - before < 2


# --- scores against the sources --------------------------------------------------------------------------


@cache
def scorer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("score", SHARED / "score.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def score(
    expected: dict[str, Any], built: list[BuiltCall], names: dict[int, str]
) -> tuple[Counter[Any], list[Any]]:
    payloads = [to_payload(one.call) for one in built]
    for payload in payloads:
        payload["product_id"] = names.get(payload.get("product_id", 0), "")
    counts, fails = scorer().score(expected, payloads)
    return counts, fails


def test_json_that_excel_cut_off_is_all_placed_and_at_once() -> None:
    turns = [{"role": "agent", "text": f"Sentence number {number} of many."} for number in range(900)]
    cell = json.dumps(turns)[:32_767]
    transcript = read_transcript(cell)
    began = time.perf_counter()
    loss = accounted(cell, transcript)
    assert time.perf_counter() - began < 1
    assert (loss.unassigned, loss.placed) == ([], size(cell))
    assert loss.characters_out == sum(size(line.text) for line in transcript.lines)


@with_shared
@pytest.mark.parametrize("file", ["calls.csv", "calls.xlsx"])
@pytest.mark.parametrize("folder", FOLDERS)
def test_nearly_every_check_is_right_with_the_guessed_mapping(folder: str, file: str) -> None:
    facts = json.loads((SHARED / folder / "expected.json").read_text(encoding="utf-8"))["files"]
    expected = facts[file]
    if "calls" not in expected:  # the same calls as text, which gives no times
        expected["calls"] = [{**call, "timed": []} for call in facts["calls.xlsx"]["calls"]]
    products = [
        {"id": number, "name": name, "status": "active"}
        for number, name in enumerate(sorted({call["product_id"] for call in expected["calls"]}), 100)
    ]
    mapping = guess_mapping(read_sheet(SHARED / folder / file, nrows=1000), products=products)
    built = [
        one
        for piece in read_pieces(SHARED / folder / file, mapping.sheet)
        for one in build_frame(piece, mapping)
    ]
    counts, fails = score(expected, built, {product["id"]: product["name"] for product in products})
    right = sum(count for (_, ok), count in counts.items() if ok)
    assert right / sum(counts.values()) >= 0.995, fails


@with_shared
def test_the_contoso_files_are_read_through_their_metadata_sheet() -> None:
    """The sheet has the agent's first name alone; roles come from it, times and dates are not looked at."""
    facts = json.loads((SHARED / "contoso_telecom" / "expected.json").read_text(encoding="utf-8"))["files"]
    wanted = {call["conversation_id"]: call for call in facts["calls.csv"]["calls"]}
    with (SHARED / "contoso_telecom" / "transcripts_metadata.csv").open(
        encoding="utf-8-sig", newline=""
    ) as file:
        agents = {row["ConversationId"]: row["Agent"] for row in csv.DictReader(file)}
    seen = 0
    for path in sorted((SHARED / "contoso_telecom" / "json").glob("*.json")):
        name = path.stem.removeprefix("convo_")
        content = json.loads(path.read_text(encoding="utf-8"))["Content"]
        transcript = read_transcript(content, agent=[agents[name]])
        call = {key: wanted[name][key] for key in ("lines", "line_count_tolerance", "first", "last")}
        lines = [{"role": line.role, "text": line.text} for line in transcript.lines]
        _, fails = scorer().score({"calls": [call]}, [{"transcript": lines}])
        assert fails == [], name
        seen += 1
    assert seen == 12
