"""HTML in a text of speech: what is markup goes, what is speech stays."""

from __future__ import annotations

import pytest

from reddy_lib.transcripts import read_transcript
from reddy_lib.transcripts.formats.markup import is_markup, plain_text


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("<p><b>Agent</b>: Hello</p><p><b>Customer</b>: Hi</p>", "Agent: Hello\nCustomer: Hi"),
        ("Agent: a &amp; b&nbsp;don&#39;t, it&apos;s &gt; &pound;90", "Agent: a & b don't, it's > £90"),
        ("Agent: one<br>Customer: two<br/>Agent: three", "Agent: one\nCustomer: two\nAgent: three"),
        ('<i>I will</i> <a href="https://l.example/x">look</a> &nbsp;now.', "I will look now."),
        ("&lt;p&gt;Agent: x&lt;/p&gt;&lt;p&gt;Customer: y&lt;/p&gt;", "Agent: x\nCustomer: y"),
        ("it&amp;#39;s", "it's"),
        ("<table><tr><td>Agent</td><td>Hi</td></tr></table>", "Agent\tHi"),
        ("\u200fAgent: x", "Agent: x"),
    ],
)
def test_markup_becomes_plain_text(text: str, plain: str) -> None:
    assert plain_text(text) == plain
    assert is_markup(text)


@pytest.mark.parametrize(
    "text",
    [
        "is it < 5 or > 5?",
        "it is <5 & fine",
        "AT&T; R&D",
        "<Agent> hello",
        "use the <b> tag",
        "<v Ben>Hello</v>",
        "a &amp b",
    ],
)
def test_what_is_no_markup_stays(text: str) -> None:
    assert plain_text(text) == text
    assert not is_markup(text)


def test_voice_tags_without_times_are_the_labels_of_lines() -> None:
    lines = read_transcript(
        "<v Agent>Hello there</v><v Customer>Hi, my bill is wrong</v> <v.loud Agent>I look</v>"
    ).lines
    assert [(line.role, line.text) for line in lines] == [
        ("agent", "Hello there"),
        ("customer", "Hi, my bill is wrong"),
        ("agent", "I look"),
    ]
    assert plain_text("is 3 <v 4?") == "is 3 <v 4?"


@pytest.mark.parametrize("mark", ["_x000D_\n", "_x000d_\r\n", "_x000D_", "_x000A_"])
def test_control_characters_as_a_workbook_writes_them_are_line_breaks(mark: str) -> None:
    lines = read_transcript(f"Agent: Hello there{mark}Customer: Hi, my bill{mark}Agent: Bye.").lines
    assert [line.text for line in lines] == ["Hello there", "Hi, my bill", "Bye."]
    rows = [{"role": "agent", "text": f"Hello{mark}"}, {"role": "customer", "text": "Hi"}]
    assert [line.text for line in read_transcript(rows).lines] == ["Hello", "Hi"]


def test_a_heading_that_names_who_answers_is_no_speech() -> None:
    text = (
        '<p align="center">Chat Started: Friday, March 14, 2025, 09:05:00 (+0000)</p><p align="center">Agent Ann Mills</p>'
        "( 3s ) Ann Mills: Good morning, how can I help?<br>( 12s ) Omar: A tree fell.<br>( 1m 5s ) Ann Mills: Oh dear.<br>"
    )
    read = read_transcript(text)
    assert [(line.role, line.text, line.start) for line in read.lines] == [
        ("agent", "Good morning, how can I help?", 3),
        ("customer", "A tree fell.", 12),
        ("agent", "Oh dear.", 65),
    ]
    assert "Agent Ann Mills" in " ".join(
        str(one.message) for one in read.findings if one.code == "not-spoken"
    )
