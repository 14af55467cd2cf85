"""XML exports: fields with types, fields that are named by an attribute, names with escaped spaces, turns by element."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path

import pytest

import reddy_lib as reddy
from reddy_lib.spreadsheet.reading.xml_tables import xml_rows

SAID = (
    ("agent", "Harbour Insurance, how can I help you?"),
    ("customer", "A tree fell on my garage."),
    ("agent", "I am sorry to hear that."),
    ("customer", "Only the car was hit."),
)
FACTS = {"Call_ID": "H-{n}", "Agent_Email": "ann@harbour.example", "Start_Time": "2026-03-0{n}T10:00:00Z",
         "Product": "Home", "Line_of_Work": "claims {n}"}  # fmt: skip


def turns(write: Callable[[str, str], str]) -> str:
    return "".join(write(role, text) for role, text in SAID)


def by_attribute(role: str, text: str) -> str:
    return f'<turn speaker="{role}">{text}</turn>'


def load(tmp_path: Path, inside: Callable[[int], str]) -> reddy.Batch:
    calls = "".join(f"<call>{inside(number)}</call>" for number in range(1, 4))
    path = tmp_path / "calls.xml"
    path.write_text(f"<?xml version='1.0'?><calls>{calls}</calls>", encoding="utf-8")
    ledger = reddy.Ledger(tmp_path / "ledger.sqlite")
    products = [{"id": 7, "name": "Home", "status": "active"}, {"id": 8, "name": "Car", "status": "active"}]
    return ledger.load(path, timezone="UTC", products=products, progress=False)


def check(batch: reddy.Batch, name: str = "line_of_work") -> None:
    assert list(batch.calls()["status"]) == ["ready"] * 3
    for number, row in enumerate(batch.calls().index, start=1):
        call = batch[row]
        assert (call.conversation_id, call.agent_email) == (f"H-{number}", "ann@harbour.example")
        assert (call.product_id, call.timestamp) == (7, 1772359200.0 + 86_400 * (number - 1))
        assert [(line.role, line.text) for line in call.transcript or ()] == list(SAID)
        assert {tag.key.casefold(): tag.value for tag in call.tags or ()} == {name: f"claims {number}"}


def written(number: int, write: Callable[[str, str], str]) -> str:
    return "".join(write(name, value.format(n=number)) for name, value in FACTS.items())


FIELDS: dict[str, Callable[[str, str], str]] = {
    "typed": lambda name, value: f'<{name} type="xs:string" lang="en">{value}</{name}>',
    "named": lambda name, value: f'<field name="{name}">{value}</field>',
    "named, with types": lambda name, value: f'<column id="{name}" type="varchar">{value}</column>',
    "by two attributes": lambda name, value: f'<fact key="{name}" value="{value}"/>',
    "by two elements": lambda name, value: f"<fact><name>{name}</name><value>{value}</value></fact>",
}
TALKS: dict[str, str] = {
    "elements": f"<transcript>{turns(by_attribute)}</transcript>",
    "cdata": f"<transcript><![CDATA[<t>{turns(by_attribute)}</t>]]></transcript>",
    "escaped": f"<transcript>{escape(f'<t>{turns(by_attribute)}</t>')}</transcript>",
    "elements of speakers": f"<transcript>{turns(lambda role, text: f'<{role}>{text}</{role}>')}</transcript>",
}


@pytest.mark.parametrize("talk", TALKS.values(), ids=TALKS)
@pytest.mark.parametrize("field", FIELDS.values(), ids=FIELDS)
def test_a_field_is_its_value_under_its_name(
    tmp_path: Path, field: Callable[[str, str], str], talk: str
) -> None:
    check(load(tmp_path, lambda number: written(number, field) + talk))


def test_names_with_escaped_spaces_are_shown_with_spaces(tmp_path: Path) -> None:
    spaced = load(
        tmp_path,
        lambda number: (
            written(number, lambda name, value: FIELDS["typed"](name.replace("_", "_x0020_"), value))
            + TALKS["elements"]
        ),
    )
    check(spaced, "line of work")


def test_a_short_list_under_a_name_of_tags_is_tags(tmp_path: Path) -> None:
    batch = load(
        tmp_path,
        lambda number: (
            written(number, lambda name, value: f"<{name}>{value}</{name}>")
            + "<tags><tag name='Team'>North</tag><tag name='Floor'>2</tag></tags>"
            + TALKS["elements"]
        ),
    )
    tags = {tag.key: tag.value for tag in batch[batch.calls().index[0]].tags or ()}
    assert tags["Team"] == "North"
    assert tags["Floor"] in ("2", 2)


def test_messages_of_several_people_are_no_fields(tmp_path: Path) -> None:
    said = "<m name='Ann'>Hello, this is Ann.</m><m name='Ben'>Hi.</m><m name='Cleo'>Hello both.</m>"
    batch = load(
        tmp_path, lambda number: written(number, lambda name, value: f"<{name}>{value}</{name}>") + said
    )
    assert [len(batch[row].transcript or ()) for row in batch.calls().index] == [3, 3, 3]


MARKED: dict[str, Callable[[str], str]] = {
    "bold": lambda text: text.replace(text.split()[1], f"<b>{text.split()[1]}</b>"),
    "styled with attributes": lambda text: f'<font color="red">{text[:9]}</font>{text[9:]}',
    "nested": lambda text: f"<i><u>{text[:9]}</u>{text[9:]}</i>",
    "broken": lambda text: text.replace(" ", "<br/>", 1),
    "a link": lambda text: text.replace(
        text.split()[0], f'<a href="https://x.example">{text.split()[0]}</a>'
    ),
    "a mark of its own": lambda text: text.replace(" ", " <pause/>", 1),
}


@pytest.mark.parametrize("how", MARKED)
@pytest.mark.parametrize("as_fields", [True, False])
def test_words_that_are_marked_inside_a_line_are_kept_in_their_place(
    tmp_path: Path, how: str, as_fields: bool
) -> None:
    def turn(role: str, text: str) -> str:
        marked = MARKED[how](text)
        if as_fields:
            return f"<turn><speaker>{role}</speaker><text>{marked}</text></turn>"
        return f'<turn speaker="{role}">{marked}</turn>'

    batch = load(tmp_path, lambda n: f"{written(n, plain)}<transcript>{turns(turn)}</transcript>")
    for row in batch.calls().index:
        lines = [(line.role, " ".join(line.text.split())) for line in batch[row].transcript or ()]
        assert lines == list(SAID)
    assert list(batch.calls()["status"]) == ["ready"] * 3


def test_a_transcript_that_is_marked_up_is_one_text(tmp_path: Path) -> None:
    def turn(role: str, text: str) -> str:
        return f"<b>{role}:</b> {text}<br/>"

    check(load(tmp_path, lambda n: f"{written(n, plain)}<transcript>{turns(turn)}</transcript>"))


def plain(name: str, value: str) -> str:
    return f"<{name}>{value}</{name}>"


SENTENCES: dict[str, tuple[str, str]] = {
    "sentences": ("<s>Hello there</s><s>How can I help?</s>", "Hello there How can I help?"),
    "sentences in a paragraph": ("<p><s>Hello there</s><s>And you</s></p>", "Hello there And you"),
    "utterances": ("<u>Hello there.</u>\n<u>How can I help?</u>", "Hello there. How can I help?"),
    "styles that end a sentence": (
        "<b>Hello there.</b><i>How can I help?</i>",
        "Hello there. How can I help?",
    ),
    "words after a sentence": ("Hello there.<b>How can I help?</b>Now", "Hello there. How can I help? Now"),
    "a part of a word": ("<b>un</b><i>real</i> and un<s>rea</s>l", "unreal and unreal"),
    "a part of a number": ("It is <b>3.</b><i>50</i> now", "It is 3.50 now"),
}


@pytest.mark.parametrize(("inner", "text"), SENTENCES.values(), ids=SENTENCES)
def test_sentences_in_elements_are_not_glued(tmp_path: Path, inner: str, text: str) -> None:
    def one(number: int) -> str:
        said = "".join(f'<turn speaker="{role}"><text>{inner}</text></turn>' for role, _ in SAID)
        return written(number, FIELDS["typed"]) + said

    batch = load(tmp_path, one)
    for row in batch.calls().index:
        assert [" ".join(line.text.split()) for line in batch[row].transcript or ()] == [text] * len(SAID)


def test_elements_of_one_letter_may_be_fields(tmp_path: Path) -> None:
    path = tmp_path / "calls.xml"
    path.write_text(
        "<calls><call><u>Hello</u><s>Agent</s></call><call><u>Hi</u><s>Customer</s></call></calls>"
    )
    assert list(xml_rows(path)) == [
        ["u", "s"],
        ["Hello", "Agent"],
        ["Hi", "Customer"],
    ]
