"""What several calls together say of labels that one call leaves open, and where they say nothing."""

from __future__ import annotations

import pytest

from reddy_lib.transcripts import Transcript, read_transcript
from reddy_lib.transcripts.names import Inferred, are_initials
from reddy_lib.transcripts.pooled_sides import pool_sides

OFFER, OTHER = "Good morning, how can I help you?", "Thank you for calling Acme."


def call(*turns: tuple[str, str], pooled: dict[str, Inferred] | None = None) -> Transcript:
    return read_transcript("\n".join(f"{who}: {text}" for who, text in turns), pooled=pooled or {})


def calls_of(one: str, other: str) -> list[Transcript]:
    """Two calls that the first label opens, two that the other opens, and one that says nothing of who is who."""
    return [
        *(call((one, OFFER), (other, f"My bill {n} is wrong."), (one, "I see.")) for n in range(2)),
        *(call((other, f"Hello {n}?"), (one, OTHER), (other, "My bill."), (one, "Yes.")) for n in range(2)),
        call((one, "Right."), (other, "It is five euros."), (one, "Fine."), (other, "Thanks.")),
    ]


def test_a_label_that_is_one_side_where_calls_tell_is_that_side_in_the_others() -> None:
    found = pool_sides([(one, "") for one in calls_of("Zib", "Quo")])
    assert {label: one.role for label, one in found.items()} == {"zib": "agent", "quo": "customer"}
    assert "4 of the 5 calls" in found["zib"].why
    last = call(("Zib", "Right."), ("Quo", "It is five euros."), ("Zib", "Fine."), pooled=found)
    assert [line.role for line in last.lines] == ["agent", "customer", "agent"]
    assert "role-from-batch" in {item.code for item in last.findings}


def test_a_label_that_only_says_who_spoke_first_stays_open() -> None:
    first = [call(("Zib", OFFER), ("Quo", f"My bill {n}."), ("Zib", "I see.")) for n in range(6)]
    assert pool_sides([(one, "") for one in [*first, calls_of("Zib", "Quo")[-1]]]) == {}


def test_speakers_by_number_take_more_calls_than_labels_that_are_words() -> None:
    assert pool_sides([(one, "") for one in calls_of("Speaker 1", "Speaker 2")]) == {}


def test_a_contradiction_leaves_a_label_open() -> None:
    swapped = call(("Quo", OFFER), ("Zib", "My bill is wrong."), ("Quo", "I see."))
    assert pool_sides([(one, "") for one in [*calls_of("Zib", "Quo"), swapped]]) == {}


def test_a_call_that_says_the_contrary_by_itself_is_held() -> None:
    found = pool_sides([(one, "") for one in calls_of("Zib", "Quo")])
    swapped = call(("Quo", OFFER), ("Zib", "My bill is wrong."), ("Quo", "I see."), pooled=found)
    assert not {line.role for line in swapped.lines} & {"agent", "customer"}


def test_who_talks_to_another_person_in_each_of_several_calls_is_an_agent() -> None:
    people = [("Ilse", "Tom"), ("Ilse", "Ada"), ("Ilse", "Max"), ("Jo", "Eva"), ("Jo", "Kim")]
    said = [call((a, "Right."), (b, "It is five euros."), (a, "Fine.")) for a, b in people]
    found = pool_sides([(one, "") for one in said])
    assert {label: one.role for label, one in found.items()} == {"ilse": "agent", "jo": "agent"}
    read = call(
        ("Tom", "It is five euros."), ("Ilse", "Fine."), ("Tom", "Good."), ("Ilse", "Bye."), pooled=found
    )
    assert [line.role for line in read.lines] == ["customer", "agent", "customer", "agent"]


def test_two_people_who_both_come_again_are_not_told_apart() -> None:
    people = [("Ilse", "Tom"), ("Ilse", "Tom"), ("Ilse", "Max"), ("Jo", "Tom")]
    said = [call((a, "Right."), (b, "It is five euros."), (a, "Fine.")) for a, b in people]
    assert pool_sides([(one, "") for one in said]) == {}


@pytest.mark.parametrize(
    ("label", "cell", "same"),
    [("SK", "sofia.keller@acme.example", True), ("KS", "Sofia Keller", True), ("S.K.", "Sofia Keller", True),
     ("SR", "Sofia de la Rosa", True), ("SK", "skeller@acme.example", False), ("Sk", "Sofia Keller", True),
     ("TB", "Sofia Keller", False), ("Sofia", "Sofia Keller", False)],
)  # fmt: skip
def test_initials_are_those_of_the_person_in_a_cell(label: str, cell: str, same: bool) -> None:
    assert are_initials(label, cell) is same


def test_initials_name_the_agent_of_a_column() -> None:
    text = "TB: My bill.\nSK: I will look.\nTB: Thanks."
    read = read_transcript(text, agent=["sofia.keller@acme.example"])
    assert [line.role for line in read.lines] == ["customer", "agent", "customer"]
    assert "role-from-name" in {item.code for item in read.findings}


def test_a_name_beside_a_label_that_proves_its_side_is_the_other_side() -> None:
    read = read_transcript(
        "Quorl: Right.\nCustomer: My bill.\nQuorl: Fine.", agent=["ann.weber@acme.example"]
    )
    assert [line.role for line in read.lines] == ["agent", "customer", "agent"]
    assert "role-by-elimination" in {item.code for item in read.findings}
