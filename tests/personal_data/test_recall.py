"""How much of the personal data in scenes is found, of words that were not used to tune the finder and of those that were.

`tests/personal_data/hand_scenes.txt` and `grammar.txt` are halved: `held` was measured and not looked at.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from reddy_lib.model import TranscriptLine
from reddy_lib.personal_data import KINDS, find_personal_data
from tests.personal_data.scenes import HALVES, Scene, by_hand, drawn, lines_of

TIERS = {
    1: ("card", "cvv", "expiry", "pin", "password", "national_id", "bank"),
    2: ("phone", "email", "birth_date", "account", "last4"),
    3: ("address", "name"),
}
LEAST = {1: 0.97, 2: 0.93, 3: 0.85}


def score(scenes: list[Scene]) -> tuple[dict[str, tuple[int, int]], float, list[str]]:
    """Kind → (found, all) of the spans whose letters and digits are all marked; the share of harmless scenes without a
    mark; and the ids of the scenes in which something is missed or marked that is harmless."""
    found: Counter[str] = Counter()
    every: Counter[str] = Counter()
    untouched = harmless = 0
    wrong: list[str] = []
    for one in scenes:
        marked: dict[int, set[int]] = defaultdict(set)
        for said in find_personal_data(lines_of(one)):
            marked[said.line - 1] |= set(range(said.begin, said.end))
        if not one["spans"]:
            harmless += 1
            untouched += not marked
            if marked:
                wrong.append(one["id"])
        for span in one["spans"]:
            text = one["turns"][span["turn"]][1]
            needed = {at for at in range(span["start"], span["end"]) if text[at].isalnum()}
            every[span["kind"]] += 1
            found[span["kind"]] += needed <= marked[span["turn"]]
            if not needed <= marked[span["turn"]]:
                wrong.append(one["id"])
    return {kind: (found[kind], every[kind]) for kind in every}, untouched / max(1, harmless), wrong


def shares(kinds: dict[str, tuple[int, int]]) -> dict[int, float]:
    return {
        tier: sum(kinds.get(kind, (0, 0))[0] for kind in of)
        / max(1, sum(kinds.get(kind, (0, 0))[1] for kind in of))
        for tier, of in TIERS.items()
    }


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("source", ["hand", "more", "drawn"])
def test_recall_and_precision(source: str, half: str) -> None:
    if source == "drawn":
        scenes = drawn(half, 250, 7)
        assert {span["kind"] for one in scenes for span in one["spans"]} == set(KINDS)
    else:
        scenes = by_hand(half, f"{source}_scenes.txt")
    kinds, untouched, wrong = score(scenes)
    found = shares(kinds)
    if source == "drawn":
        assert all(found[tier] >= LEAST[tier] for tier in TIERS), (found, kinds, wrong)
        assert untouched >= 0.92, wrong
    else:
        # Few scenes: one or two may be missed.
        missed = sum(every - got for got, every in kinds.values())
        assert missed <= 3, (kinds, wrong)
        assert untouched >= 0.75, wrong


def questions() -> list[tuple[str, str, str]]:
    lines = Path(__file__).with_name("questions.txt").read_text("utf8").splitlines()
    found = []
    for line in lines:
        if line and not line.startswith("#"):
            asked, question = line.split(": ", 1)
            found.append((*asked.split(" "), question))
    return found


ANSWERS = {
    "card": "4539 1488 0343 6467", "cvv": "448", "expiry": "08/29", "pin": "7716", "password": "bumblebee",
    "national_id": "55 12 30 91 4", "bank": "40 31 22 87 19 00", "phone": "07700 900143", "email": "ann.lee@example.com",
    "birth_date": "14/02/1979", "account": "88 10 42 97", "last4": "9902", "name": "Odile Brandt",
    "address": "17 Larkspur Road",
}  # fmt: skip


def test_questions_in_all_sorts_of_words_are_understood() -> None:
    missed = []
    for lang, kind, question in questions():
        answer = ANSWERS[kind]
        lines = [TranscriptLine("agent", question), TranscriptLine("customer", answer)]
        marked = {
            at for said in find_personal_data(lines) if said.line == 2 for at in range(said.begin, said.end)
        }
        if not {at for at, character in enumerate(answer) if character.isalnum()} <= marked:
            missed.append((lang, kind, question))
    assert len(missed) <= 0.05 * len(questions()), missed


def test_a_long_call_is_read_in_little_time() -> None:
    """400 turns are to cost 50 ms; ten times that would be another order, whatever else the machine does."""
    lines = [line for one in drawn("tune", 120, 3) if one["lang"] == "en" for line in lines_of(one)][:400]
    find_personal_data(lines)
    begin = time.process_time()
    find_personal_data(lines)
    assert time.process_time() - begin < 0.5


def test_harmless_talk_with_numbers_is_left_alone() -> None:
    """Readings, prices, times, parts, bookings and the firm's own numbers: at most one in ten may be marked."""
    marked = []
    scenes = Path(__file__).with_name("harmless.txt").read_text("utf8").splitlines()
    for scene in scenes:
        turns = scene.split("|")[1:]
        lines = [TranscriptLine({"a": "agent", "c": "customer"}[turn[0]], turn[2:]) for turn in turns]
        if find_personal_data(lines):
            marked.append(scene)
    assert len(marked) <= 0.1 * len(scenes), marked
