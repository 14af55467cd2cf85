"""A person is found in whatever form she was written, and nobody else is."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

import reddy_lib as reddy
from reddy_lib.batches import profiles, steps
from reddy_lib.forgetting.people import Matcher
from tests.forgetting.test_forget import left_in


@pytest.mark.parametrize(
    ("identifier", "text", "is_there"),
    [
        ("ann.lee@example.com", "write to Ann.Lee@Example.com, please", True),
        ("ann.lee@example.com", "<ann.lee@example.com>.", True),
        ("ann.lee@example.com", "joann.lee@example.com", False),
        ("ann.lee@example.com", "ann.lee@example.com.au", False),
        ("ann.lee@example.com", "x-ann.lee@example.com", False),
        ("+44 20 7946 0958", "my number is 020 7946 0958.", True),
        ("020 7946 0958", "call +44 (0)20-7946-0958 today", True),
        ("02079460958", "0044 20 7946 0958", True),
        ("+44 20 7946 0958", "020 7946 0959", False),
        ("+44 20 7946 0958", "order 9958", False),
        ("+44 20 7946 0958", "11442079460958221", False),
        ("C-4711", "customer c\u20114711", True),
        ("C-4711", "C-47112", False),
        ("4711", "147110", False),
        ("4711", "id:4711", True),
        ("Zoë Müller", "ZOE MULLER", True),
    ],
)
def test_an_identifier_in_a_text(identifier: str, text: str, is_there: bool) -> None:
    assert Matcher(identifier)(text) is is_there


@pytest.mark.parametrize("text", ["a", "4 1", "  ab "])
def test_a_short_identifier_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="4 characters"):
        Matcher(text)


EMAIL = "vera.moss@example.net"


def person(number: int, **changes: str) -> dict[str, str]:
    row = {
        "agent_email": "agent@example.com",
        "product_id": "1",
        "timestamp": f"2026-03-{number + 1:02}T10:00:00Z",
        "conversation_id": f"conv-{number}",
        "transcript": "Agent: Hello.\nCustomer: Hi, I lost my card.",
        "Reason": "card",
    }
    return {**row, **changes}


def people_batch(ledger: reddy.Ledger) -> reddy.Batch:
    rows = [
        person(0),
        person(1, transcript=f"Agent: Hello.\nCustomer: it is {EMAIL.upper()}"),
        person(2, Reason=f"asked by {EMAIL}"),
        person(3),
        person(4, transcript="Agent: Hello.\nCustomer: I am joan.vera.moss@example.net"),
        person(5, conversation_id=EMAIL),
    ]
    batch = ledger.load(rows, progress=False, name=f"calls of {EMAIL}")
    batch.apply(steps.Replace(find="card", by=EMAIL), [5])
    batch.apply(steps.Replace(find=EMAIL, by="card"), [5])
    mapping = batch.mapping.replace(values={"agent_email": {EMAIL: "a@example.com", "Bo": "b@example.com"}})
    profiles.keep_profile(ledger, "monthly", mapping, ["a"])
    return batch


def test_a_person_is_found_and_forgotten_everywhere(ledger: reddy.Ledger, tmp_path: Path) -> None:
    batch = people_batch(ledger)
    found = ledger.find_person(f" {EMAIL.title()}")
    first = batch.rows()[0]
    assert list(found["row"] - first) == [1, 2, 3, 5]
    assert found.set_index("row").loc[first + 3, "where"] == "history"
    assert "transcript" in found.set_index("row").loc[first + 1, "where"]
    receipt = ledger.forget_person(EMAIL, who="ada")
    assert (receipt.kind, receipt.counts.calls, receipt.counts.profiles) == ("person", 4, 1)
    assert receipt.state == "done"
    alone = [f" {EMAIL}", f'"{EMAIL}"', EMAIL.upper()]
    assert left_in(alone, ledger, tmp_path) == {}
    assert len(ledger.find_person(EMAIL)) == 0
    left = ledger.batch(batch.id)
    assert [row - first for row in left.rows()] == [0, 4]
    assert left.name == "Renamed batch"
    [profile] = profiles.profiles_of(ledger)
    assert profile.mapping.values["agent_email"] == {"Bo": "b@example.com"}


def test_a_number_that_was_said_in_words_and_over_turns_is_found(ledger: reddy.Ledger) -> None:
    said = "Agent: Your number, please?\nCustomer: oh two oh seven nine four six\nAgent: Okay.\nCustomer: oh nine {}"
    rows = [
        person(0, transcript=said.format("five eight")),
        person(1, transcript=said.format("five nine")),
        person(2, transcript="Agent: Kundennummer?\nCustomer: vier sieben elf achthundertzweiundachtzig"),
        person(3, transcript="Agent: Hello.\nCustomer: it is 020 7946 0958"),
    ]
    batch = ledger.load(rows, progress=False)
    first = batch.rows()[0]
    found = ledger.find_person("+44 20 7946 0958")
    assert list(found["row"] - first) == [0, 3]
    assert "transcript" in found["where"].iloc[0]
    assert list(ledger.find_person("4711882")["row"] - first) == [2]
    ledger.forget_person("020 7946 0958")
    assert [row - first for row in ledger.batch(batch.id).rows()] == [1, 2]


def test_searches_are_in_the_log(ledger: reddy.Ledger) -> None:
    people_batch(ledger)
    ledger.find_person(EMAIL, who="ada")
    log = ledger.access_log()
    assert list(log["what"]) == ["searched a person"]
    assert EMAIL not in log.to_csv()


@pytest.mark.parametrize(
    "text", ["first\nc-4711", 'he said "C-4711"', "back\\C-4711", "C\u20114711 at the start", "tab\tC-4711"]
)
def test_an_identifier_beside_characters_that_json_escapes(text: str) -> None:
    assert Matcher("C-4711").in_json(msgspec.json.encode({"a": [text]}).decode())


@pytest.mark.parametrize(
    "text", ["line\n020 7946 0958", "+44\u00a020\u00a07946\u00a00958", "(020) 7946\u20110958"]
)
def test_a_number_in_a_stored_text(text: str) -> None:
    assert Matcher("+44 20 7946 0958").in_json(msgspec.json.encode([text]).decode())


def test_names_of_draws_do_not_keep_a_person(ledger: reddy.Ledger, tmp_path: Path) -> None:
    batch = ledger.load([person(number) for number in range(4)], progress=False)
    batch.draw(2, balanced_over=(), name=f"calls of {EMAIL}", who="ann")
    ledger.forget_person(EMAIL)
    assert left_in([EMAIL], ledger, tmp_path) == {}
    assert [one.name for one in batch.draws()] == ["Renamed draw"]
