"""The finder measures itself on real conversations: seeded, by kind, with what it misses, and nothing stored."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

import reddy_lib as reddy
from reddy_lib.database import schema
from reddy_lib.model import TranscriptLine
from reddy_lib.personal_data import KINDS, Said, find_personal_data, self_test
from reddy_lib.personal_data.__main__ import main
from reddy_lib.personal_data.number_words import LANGUAGES
from reddy_lib.personal_data.self_test import PLANTED, _item, _questions

ENGLISH = [
    TranscriptLine(("agent", "customer")[number % 2], text)
    for number, text in enumerate(
        ["Thanks for calling, how can I help?", "My parcel is late again.", "I am sorry to hear that."] * 4
    )
]
GERMAN = [
    TranscriptLine(("agent", "customer")[number % 2], text)
    for number, text in enumerate(["Guten Tag, wie kann ich helfen?", "Ich warte auf mein Paket."] * 4)
]


def test_it_counts_what_is_found_by_kind_and_lists_what_is_missed() -> None:
    done = self_test([ENGLISH, GERMAN], items=200)
    assert set(done.planted) == set(PLANTED)
    assert sum(done.planted.values()) == 200
    assert sum(done.found.values()) + len(done.missed) == 200
    assert done.share >= 0.9, done.missed
    assert {one.language for one in self_test([GERMAN], items=20, find=lambda lines: []).missed} == {"de"}
    assert done.table()["kind"].iloc[0] == "card number"


def test_a_finder_that_finds_nothing_or_everything_is_told_apart() -> None:
    def everything(lines: Sequence[TranscriptLine]) -> list[Said]:
        return [Said(number, 0, len(line.text), "card") for number, line in enumerate(lines, 1)]

    def half(lines: Sequence[TranscriptLine]) -> list[Said]:
        return [one._replace(end=one.begin + 1) for one in find_personal_data(lines)]

    assert self_test([ENGLISH], items=50, find=lambda lines: []).share == 0
    assert self_test([ENGLISH], items=50, find=everything).share == 1
    assert self_test([ENGLISH], items=50, find=half).share == 0, "a part of an item is not the item"


def test_the_same_seed_plants_the_same() -> None:
    def planted(seed: int) -> list[str]:
        return [str(one) for one in self_test([ENGLISH], items=30, seed=seed, find=lambda lines: []).missed]

    assert planted(3) == planted(3)
    assert planted(3) != planted(4)


def test_there_has_to_be_something_to_test_with() -> None:
    with pytest.raises(ValueError, match="nothing to test with"):
        self_test([[]])
    with pytest.raises(ValueError, match="nothing to test with"):
        self_test([ENGLISH], items=0)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_can_be_planted_in_every_language(language: str) -> None:
    drawn = random.Random(1)
    for kind in PLANTED:
        assert kind in KINDS
        assert _questions()[language, kind]
        item = _item(kind, language, drawn)
        for turn, begin, end in item.spans:
            assert 0 <= begin < end <= len(item.turns[turn].text)


@pytest.fixture
def batch(ledger: reddy.Ledger) -> reddy.Batch:
    text = "\n".join(f"{line.role}: {line.text}" for line in ENGLISH)
    frame = pd.DataFrame(
        {
            "conversation_id": ["c1", "c2"],
            "agent_email": ["ann@example.com"] * 2,
            "product_id": [1, 1],
            "transcript": [text] * 2,
        }
    )
    return ledger.load(frame, name="calls", progress=False)


def dump(ledger: reddy.Ledger) -> list[str]:
    with ledger.read() as connection:
        tables = schema.metadata.tables.values()
        return [repr(row) for table in tables for row in connection.execute(sa.select(table))]


def test_a_batch_is_tested_and_nothing_is_stored(ledger: reddy.Ledger, batch: reddy.Batch) -> None:
    before = dump(ledger)
    done = batch.test_finder(items=40)
    assert sum(done.planted.values()) == 40
    assert "% of card numbers" in repr(done)
    assert dump(ledger) == before


def test_the_command_line_tests_a_batch_and_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet, place = tmp_path / "calls.csv", tmp_path / "ledger.sqlite"
    text = "\n".join(f"{line.role}: {line.text}" for line in ENGLISH)
    pd.DataFrame({"agent_email": ["ann@example.com"], "transcript": [text]}).to_csv(sheet, index=False)
    with reddy.Ledger(place) as ledger:
        ledger.load(sheet, name="march", progress=False)
    assert main(["march", "--ledger", str(place), "--items", "20"]) == 0
    of_batch = capsys.readouterr().out
    assert "card number" in of_batch
    assert main([str(sheet), "--items", "20"]) == 0
    assert capsys.readouterr().out == of_batch
    assert main(["april", "--ledger", str(place)]) == 2
    assert "There is no batch 'april'" in capsys.readouterr().err
