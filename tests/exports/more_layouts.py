"""Layouts that only the vocabulary "harder" draws, so that what other vocabularies draw from a seed stays the same."""

from __future__ import annotations

import re
from dataclasses import replace

from tests.exports.columns import Payload, Plan, Sheet, as_text, call_columns, set_lines, transcripts
from tests.exports.dates import Cell
from tests.exports.dialogues import Turn
from tests.exports.layouts import CSV, Layout, agents_sheet
from tests.exports.writing import label_of, spoken

TABLE = (*CSV, "xlsx", "xlsx")
NOTES = ("Asked the second line for a credit.", "Check the file again before the next call.")


def in_two(turn: Turn) -> list[Turn]:
    """Return a turn as two, each with half of its words and of its time; short ones as they are."""
    words = turn.text.split(" ")
    if len(words) < 6:
        return [turn]
    half = len(words) // 2
    middle = round((turn.start + turn.stop) / 2, 2)
    return [
        replace(turn, text=" ".join(words[:half]), stop=middle),
        replace(turn, text=" ".join(words[half:]), start=middle),
    ]


def by_sentence(turn: Turn) -> list[Turn]:
    """Return a turn as its sentences, which share its time."""
    sentences = [part for part in _SENTENCES.split(turn.text) if part]
    step = (turn.stop - turn.start) / len(sentences)
    return [
        replace(
            turn,
            text=sentence,
            start=round(turn.start + k * step, 2),
            stop=round(turn.start + (k + 1) * step, 2),
        )
        for k, sentence in enumerate(sentences)
    ]


_SENTENCES = re.compile(r"(?<=[.?!])\s+|(?<=[。？！])")


def speaker_at_change(plan: Plan) -> Payload:
    """A row a line, numbered in each call, with the speaker where another one begins to speak."""
    columns = call_columns(plan)
    head = [*(header for _, header, _ in columns), plan.header("line_seq"), plan.header("line_role")]
    rows: list[list[Cell]] = [[*head, plan.header("line_text")]]
    lines = []
    for n, scene in enumerate(plan.scenes):
        said = [part for turn in scene.turns for part in by_sentence(turn)]
        before = ""
        for k, turn in enumerate(said, 1):
            label = label_of(plan.style, scene, turn)
            rows.append(
                [*(cells[n] for _, _, cells in columns), k, None if label == before else label, turn.text]
            )
            before = label
        lines.append(spoken(said, times=False))
    set_lines(plan, lines)
    return Payload([Sheet("Lines", rows)])


def with_rows_of_notes(plan: Plan) -> Payload:
    """A row a line, and rows of notes among them: a column says which is which."""
    columns = call_columns(plan)
    message, note = plan.style.pick(
        "kind", (("message", "internal note"), ("public", "private note"), ("Speech", "Note"))
    )
    head = [*(header for _, header, _ in columns), "Line type", plan.header("line_seq")]
    rows: list[list[Cell]] = [[*head, plan.header("line_role"), plan.header("line_text")]]
    lines = []
    for n, scene in enumerate(plan.scenes):
        call = [cells[n] for _, _, cells in columns]
        at = 0
        for k, turn in enumerate(scene.turns):
            at += 1
            label = label_of(plan.style, scene, turn)
            rows.append([*call, message, at, label, turn.text])
            if k in (3, 4) and turn.role == "agent":
                at += 1
                rows.append([*call, note, at, label, plan.rng.choice(NOTES)])
        lines.append(spoken(scene.turns, times=False))
    set_lines(plan, lines)
    return Payload([Sheet("Lines", rows)])


def with_interim_rows(plan: Plan) -> Payload:
    """A row a result of a recogniser: what it heard so far, and then the whole line. A column says which are final."""
    columns = call_columns(plan)
    yes, no = plan.style.pick("final", (("true", "false"), ("1", "0"), ("final", "partial")))
    start, stop = plan.header("line_start"), plan.header("line_stop")
    head = [
        *(header for _, header, _ in columns),
        start,
        stop,
        "is_final" if yes != "final" else "result_type",
    ]
    rows: list[list[Cell]] = [[*head, plan.header("line_role"), plan.header("line_text")]]
    for n, scene in enumerate(plan.scenes):
        call = [cells[n] for _, _, cells in columns]
        for turn in scene.turns:
            label = label_of(plan.style, scene, turn)
            for part in in_two(turn)[:1]:
                if part.text != turn.text:
                    rows.append([*call, part.start, part.stop, no, label, part.text])
            rows.append([*call, turn.start, turn.stop, yes, label, turn.text])
    set_lines(plan, [spoken(scene.turns) for scene in plan.scenes])
    return Payload([Sheet("Results", rows)])


def forms(plan: Plan) -> Payload:
    """A label and its value in each row, one call below the other, with a blank row between."""
    columns = call_columns(plan)
    cells: list[Cell] = [as_text(written.value) for written in transcripts(plan)]
    columns.append(("transcript", plan.header("transcript"), cells))
    rows: list[list[Cell]] = []
    for n in range(len(plan.scenes)):
        rows += [[header, column[n]] for _, header, column in columns]
        rows.append([])
    return Payload([Sheet("Calls", rows, header=False)])


def agents_sheet_and_mails(plan: Plan) -> Payload:
    """Numbers of agents, whose addresses stand in a second sheet, beside the addresses of customers."""
    plan.traits |= {"customer-email"}
    return agents_sheet(plan)


LAYOUTS: tuple[Layout, ...] = (
    Layout("speaker-at-change", speaker_at_change, "", TABLE, labelled=True, weight=4),
    Layout("note-rows", with_rows_of_notes, "", TABLE, labelled=True, weight=4),
    Layout("interim-rows", with_interim_rows, "", TABLE, labelled=True, weight=4),
    Layout("forms", forms, "cell", ("csv", "csv-semicolon", "xlsx"), weight=4),
    Layout("agents-sheet-mails", agents_sheet_and_mails, "cell", ("xlsx",), weight=4),
)
