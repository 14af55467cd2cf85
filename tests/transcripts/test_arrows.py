"""Arrows that name who speaks, to whom, or that part a label from its words."""

from __future__ import annotations

import pytest

from reddy_lib.transcripts import read_transcript
from reddy_lib.transcripts.formats.arrow_signs import is_arrow, points
from reddy_lib.transcripts.loss import accounted

SAID = (
    "Harbour Insurance, how can I help you today?",
    "A tree fell on my garage last night.",
    "I am sorry to hear that. Under Claims > Storms you find the form.",
    "I will look for it.",
)
ARROWS = [
    "->",
    "→",
    "=>",
    ">>",
    ">",
    "-->",
    "⇒",
    "➜",
    "»",
    "›",
    "▶",
    "⟶",
    "~>",
    ">>>",
    "–>",
    "==>",
    "|>",
    "➡️",
    "👉",
]


def check(text: str, *, times: bool = False) -> None:
    transcript = read_transcript(text)
    assert [(line.role, line.text) for line in transcript.lines] == [
        ("agent" if not place % 2 else "customer", said) for place, said in enumerate(SAID)
    ]
    assert accounted(text, transcript).unassigned == []
    if times:
        assert [line.start for line in transcript.lines] == [1.0, 6.0, 11.0, 16.0]


def rows(form: str, arrow: str) -> str:
    """The call, each line as `form` has it with {who}, {to}, {arrow}, {clock} and {said}."""
    people = ("Agent", "Customer")
    return "\n".join(
        form.format(
            who=people[place % 2],
            to=people[1 - place % 2],
            arrow=arrow,
            clock=f"00:{5 * place + 1:02}",
            said=said,
        )
        for place, said in enumerate(SAID)
    )


@pytest.mark.parametrize("arrow", ARROWS)
@pytest.mark.parametrize(
    "form",
    [
        "{who} {arrow} {to}: {said}", "{who}{arrow}{to}: {said}", "[{clock}] {who} {arrow} {to}: {said}",
        "[{who} {arrow} {to}] {said}", "({who} {arrow} {to}): {said}", "{clock} | {who} {arrow} {to} | {said}",
        "{who} {arrow} {to} - {said}", "{who} {arrow} {to}\t{said}", "{who} {arrow} {to}\n{said}",
        "{who} {arrow} {to} [{clock}]: {said}", "**{who} {arrow} {to}** {said}",
    ],
)  # fmt: skip
def test_of_two_who_are_named_the_one_before_the_arrow_speaks(form: str, arrow: str) -> None:
    check(rows(form, arrow), times="{clock}" in form)


@pytest.mark.parametrize(("right", "left"), [("->", "<-"), ("⇒", "⇐"), ("»", "«"), (">>", "<<"), ("▶", "◀")])
def test_an_arrow_to_the_left_names_who_speaks_behind_it(right: str, left: str) -> None:
    check(rows(f"{{to}} {left} {{who}}: {{said}}", ""))
    turning = "\n".join(
        f"Agent {left if place % 2 else right} Customer: {said}" for place, said in enumerate(SAID)
    )
    check(turning)


@pytest.mark.parametrize("arrow", ARROWS)
@pytest.mark.parametrize(
    "form",
    [
        "{who} {arrow} {said}", "{who}{arrow} {said}", "{arrow} {who}: {said}", "{clock} {arrow} {who}: {said}",
        "{clock} {who} {arrow} {said}",
    ],
)  # fmt: skip
def test_an_arrow_before_a_label_or_behind_it_is_a_mark(form: str, arrow: str) -> None:
    check(rows(form, arrow), times="{clock}" in form)


@pytest.mark.parametrize("arrow", ["->", "⇒", "~>", "▶", ">>>"])
def test_arrows_between_the_turns_of_one_line(arrow: str) -> None:
    check(rows("{who}: {said}", "").replace("\n", f" {arrow} "))


def test_what_is_said_to_everyone_names_who_said_it() -> None:
    transcript = read_transcript("Ann → Everyone: Hello.\nBen → Everyone: Hi there.\nAnn → Everyone: Bye.")
    assert list(transcript.labels.items()) == [("Ann", 2), ("Ben", 1)]
    assert [line.text for line in transcript.lines] == ["Hello.", "Hi there.", "Bye."]


def test_paths_through_menus_stay_in_the_words() -> None:
    said = ("Settings -> Privacy: is it there?", "Privacy -> Settings: no.", "Then Start → Help.")
    transcript = read_transcript(f"Agent: {said[0]}\nCustomer: {said[1]}\nAgent: {said[2]}")
    assert [line.text for line in transcript.lines] == list(said)


def test_where_an_arrow_points() -> None:
    assert [points(arrow) for arrow in ("->", "<<", "⇐", "▶", "↔", "<->", "👈")] == [
        "right", "left", "left", "right", "", "", "left",
    ]  # fmt: skip
    assert all(map(is_arrow, ARROWS))
    assert not any(map(is_arrow, ("-", "=", "a", "->>-a", "")))
