"""Transcripts as XML, subtitles as TTML, speech as SSML."""

from __future__ import annotations

import time

import pytest

from reddy_lib.transcripts import read_transcript
from reddy_lib.transcripts.formats.elements import elements
from tests.transcripts.conversation import SIDES, STARTS, STOPS, TEXTS, check

ROWS = list(zip(SIDES, TEXTS, STARTS, STOPS, strict=True))
TTML = "<tt xmlns='http://www.w3.org/ns/ttml' xmlns:ttm='http://www.w3.org/ns/ttml#metadata'>"


@pytest.mark.parametrize(
    "cell",
    [
        "<?xml version='1.0' encoding='UTF-16'?><transcript>"
        + "".join(f'<turn speaker="{side}" start="{a}" end="{b}">{text}</turn>' for side, text, a, b in ROWS)
        + "</transcript>",
        "<call id='x'><lines>"
        + "".join(
            f"<line><who>{side}</who><said>{text}</said><from>{a}</from><to>{b}</to></line>"
            for side, text, a, b in ROWS
        )
        + "</lines><notes>none</notes></call>",
        "<n:Call xmlns:n='urn:x'>\n"
        + "\n".join(
            f"<n:Turn n:role='{side}'><n:Text><![CDATA[{text}]]></n:Text><n:Begin>{a}</n:Begin><n:End>{b}</n:End></n:Turn>"
            for side, text, a, b in ROWS
        )
        + "</n:Call>",
        "<dialog>"
        + "".join(f"<{side} start='{a}' end='{b}'>{text}</{side}>" for side, text, a, b in ROWS)
        + "</dialog>",
        TTML
        + "<head><metadata>"
        + "".join(
            f"<ttm:agent xml:id='{side[0]}1' type='person'><ttm:name>{side.title()}</ttm:name></ttm:agent>"
            for side in SIDES[:2]
        )
        + "</metadata></head><body><div>"
        + "".join(
            f"<p begin='00:00:{a:06.3f}' end='00:00:{b:06.3f}' ttm:agent='{side[0]}1'>{text.replace(', ', ',<br/>', 1)}</p>"
            for side, text, a, b in ROWS
        )
        + "</div></body></tt>",
    ],
)
def test_an_element_a_turn(cell: str) -> None:
    texts = [text.replace(", ", ",\n", 1) for text in TEXTS] if "<br/>" in cell else TEXTS
    check(cell, starts=STARTS, stops=STOPS, texts=texts)


def test_speech_as_ssml_and_turns_with_marks_inside() -> None:
    check(
        "<speak>"
        + "".join(
            f"<voice name='{side.title()}'>{text}<break time='300ms'/></voice>" for side, text, _, _ in ROWS
        )
        + "</speak>"
    )
    turns = "".join(f"<Turn speaker='{side[0]}'><Sync time='0'/>{text}</Turn>" for side, text, _, _ in ROWS)
    people = "".join(f"<Speaker id='{side[0]}' name='{side}'/>" for side in SIDES[:2])
    check(
        f'<!DOCTYPE Trans SYSTEM "trans-14.dtd"><Trans><Speakers>{people}</Speakers><Section>{turns}</Section></Trans>'
    )


def test_entities_of_web_pages_are_understood_and_others_never_defined() -> None:
    transcript = read_transcript(
        "<call><t who='agent'>Hi &amp; welcome&nbsp;now</t><t who='customer'>It&#39;s me</t></call>"
    )
    assert [line.text for line in transcript.lines] == ["Hi & welcome now", "It's me"]
    bomb = "<!DOCTYPE a [<!ENTITY b 'x'><!ENTITY c '&b;&b;'>]><a><t who='agent'>&c;</t></a>"
    with pytest.raises(ValueError):
        elements(bomb)
    read_transcript(bomb)


@pytest.mark.parametrize(
    "text",
    ["<a>" * 100_000 + "</a>", "<a><b>" + "<c/>" * 500_000 + "</b></a>", "<a " + "b='c' " * 50_000 + "/>"],
)
def test_hostile_elements_end_in_time(text: str) -> None:
    begun = time.process_time()
    read_transcript(text)
    assert time.process_time() - begun < 30  # an hour, if it were quadratic


def test_labels_in_angle_brackets_are_still_labels() -> None:
    transcript = read_transcript("<operator>Hello there</operator>\n<client>Hi, I need help</client>")
    assert [line.text for line in transcript.lines] == ["Hello there", "Hi, I need help"]
