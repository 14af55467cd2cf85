"""Text that was damaged before it was loaded: surrogate pairs, lost characters, UTF-8 that was read in another encoding."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import reddy_lib as reddy
from reddy_lib.spreadsheet.reading.damaged_text import as_it_was, damage_notes
from reddy_lib.spreadsheet.reading.encodings import find_encoding

HEADER = "Conversation ID,Agent Email,Product,Start,Transcript\r\n"
SAID = {
    "de": "Grüße aus Köln, ich möchte kündigen",
    "fr": "J’ai déjà payé, ça fait 20 €",
    "es": "¿Cuánto cuesta? Mañana llamaré otra vez",
    "pl": "Dzień dobry, proszę o pomoc z płatnością",
    "cs": "Dobrý den, chtěl bych změnit příští platbu",
    "ru": "Здравствуйте, у меня проблема со счётом",
    "el": "Καλημέρα, έχω ένα πρόβλημα",
    "he": "שלום, יש לי בעיה",
    "ja": "もしもし、請求書について",
    "en": "I’m calling — it costs £25 “again”",
    "emoji": "That is great 😀 thanks",
}
RIGHT = [
    *SAID.values(),
    "NESTLÉ® and CAFÉ™", "«CAFÉ» and «MENÜ»", "Das „MENÜ“ bitte", "É…", "PÅ”", "«Ø»", "“IRMÔ”", "NÃO… «AMANHû", "„JÄ“",
    "20 Â", "voilà\u00a0»", "«\u00a0Café\u00a0»", "İstanbul’da", "50 °C – 60 °C", "€£¥", "Ünï–çödé", "café…»",
]  # fmt: skip


def row(number: int, said: str) -> str:
    talk = f"Agent: Hello how can I help\nCustomer: {said}\nAgent: Thank you"
    return f'c-{number},ann@example.com,1,2026-03-01 10:00:17,"{talk}"\r\n'


def loaded(path: Path, tmp_path: Path) -> reddy.Batch:
    return reddy.Ledger(tmp_path / "ledger.sqlite").load(path, timezone="UTC", progress=False)


def codes(batch: reddy.Batch, number: int) -> set[str]:
    return {one.code for one in batch.findings_of(number)} - {"times-estimated"}


def said_in(batch: reddy.Batch, number: int) -> str:
    lines = batch.call(number).transcript
    assert lines is not None
    return lines[1].text


def misread(text: str, encoding: str) -> str:
    """Return a text whose UTF-8 a program read in another encoding. Bytes without a character stay as they are."""
    return "".join(
        bytes([byte]).decode(encoding)
        if byte not in b"\x81\x8d\x8f\x90\x9d" or encoding != "cp1252"
        else chr(byte)
        for byte in text.encode()
    )


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("padding", [0, 1, 2, 3, 1 << 20])
def test_two_surrogates_of_three_bytes_are_one_character(tmp_path: Path, mark: bytes, padding: int) -> None:
    said = "so happy 😀🎉 über"
    text = HEADER + row(1, "x" * padding + " plain") + row(2, said)
    path = tmp_path / "calls.csv"
    data = b"".join(
        char.encode()
        if char < "\U00010000"
        else b"".join(
            chr(unit).encode("utf-8", "surrogatepass")
            for unit in (0xD800 + ((ord(char) - 0x10000) >> 10), 0xDC00 + ((ord(char) - 0x10000) & 0x3FF))
        )
        for char in text
    )
    path.write_bytes(mark + data)
    assert find_encoding(path) == "cesu-8"
    batch = loaded(path, tmp_path)
    assert [said_in(batch, number) for number in batch.rows()][1] == said
    assert not any(codes(batch, number) for number in batch.rows())


def test_a_surrogate_alone_is_replaced_and_said(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    text = HEADER + row(1, "cut \ud83d here") + row(2, "whole 😀")
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    batch = loaded(path, tmp_path)
    assert [said_in(batch, number) for number in batch.rows()] == ["cut \ufffd here", "whole 😀"]
    assert [codes(batch, number) for number in batch.rows()] == [{"characters-replaced"}, set()]


@pytest.mark.parametrize("kind", ["csv", "json", "frame", "xlsx"])
def test_characters_that_were_lost_before_are_named(tmp_path: Path, kind: str) -> None:
    ledger = reddy.Ledger(tmp_path / "ledger.sqlite")
    path = tmp_path / f"calls.{kind}"
    texts = ["Gr\ufffd\ufffde aus K\ufffdln", "Grüße aus Köln"]
    frame = pd.DataFrame(
        {
            "Conversation ID": ["c-1", "c-2"],
            "Agent Email": ["ann@example.com"] * 2,
            "Transcript": [f"Agent: Hello there\nCustomer: {text}" for text in texts],
        }
    )
    source: Any = path
    if kind == "csv":
        path.write_text(frame.to_csv(index=False), encoding="utf-8")
    elif kind == "json":
        path.write_text(json.dumps(frame.to_dict("records"), ensure_ascii=False), encoding="utf-8")
    elif kind == "xlsx":
        frame.to_excel(path, index=False, engine="xlsxwriter")
    else:
        source = frame
    batch = ledger.load(source, timezone="UTC", progress=False)
    first, second = batch.rows()
    said = next(one for one in batch.findings_of(first) if one.code == "characters-replaced")
    assert (said.severity, said.value) == ("warning", "3")
    assert "characters-replaced" not in codes(batch, second)


def misreadings() -> list[tuple[str, str]]:
    """(language, encoding) of each text that a program can misread; an encoding may lack characters for its bytes."""
    found: list[tuple[str, str]] = []
    for encoding in ("cp1252", "latin-1", "cp1250", "cp1251", "cp850", "cp437", "mac_roman"):
        for language, said in SAID.items():
            with contextlib.suppress(UnicodeDecodeError):
                misread(said, encoding)
                found.append((language, encoding))
    assert len(found) > 5 * len(SAID)
    return found


@pytest.mark.parametrize(("language", "encoding"), misreadings())
def test_text_that_was_read_in_a_wrong_encoding_is_recognised(language: str, encoding: str) -> None:
    text = f"Agent: Hello there\nCustomer: {SAID[language]}"
    wrong = misread(text, encoding)
    (found,) = damage_notes(2, ["c-1", wrong])
    assert (found.code, found.severity) == ("text-misread", "error")
    assert as_it_was(wrong) == text


@pytest.mark.parametrize("text", RIGHT)
def test_text_that_was_read_rightly_is_left_alone(text: str) -> None:
    assert damage_notes(2, ["c-1", text, f"Agent: Hello there\nCustomer: {text}"]) == []
    assert as_it_was(text) is None


def test_a_call_with_misread_text_is_held_until_it_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_text(HEADER + row(1, misread(SAID["de"], "cp1252")) + row(2, SAID["de"]), encoding="utf-8")
    batch = loaded(path, tmp_path)
    first, second = batch.rows()
    (found,) = [one for one in batch.findings_of(first) if one.code == "text-misread"]
    assert "“GrÃ¼ÃŸe”, which is “Grüße” in UTF-8: a program read the text as cp1252" in found.message
    assert (batch.info(first)["status"], codes(batch, second)) == ("held", set())
    batch.accept([first], "text-misread")
    assert batch.info(first)["status"] == "ready"


def test_the_number_of_lost_characters_agrees_with_its_sentence() -> None:
    for lost, sentence in (
        (
            "K\ufffdln",
            "1 character was replaced by “\ufffd”: it was lost before the file was written, or is ",
        ),
        (
            "Gr\ufffd\ufffde",
            "2 characters were replaced by “\ufffd”: they were lost before the file was written, or are ",
        ),
    ):
        (found,) = damage_notes(2, [lost])
        assert found.message == f"{sentence}not valid in its encoding."


def test_characters_that_were_lost_do_not_hide_that_the_rest_was_misread() -> None:
    lost = "¿CuÃ¡nto? MaÃ±ana, Ã\ufffdngel".replace("¿", "Â¿")
    assert {one.code for one in damage_notes(2, [lost])} == {"text-misread", "characters-replaced"}


def test_turns_in_lists_are_looked_at(tmp_path: Path) -> None:
    turns = [{"role": "agent", "text": "Hello"}, {"role": "customer", "text": misread(SAID["fr"], "cp1252")}]
    assert [one.code for one in damage_notes(2, ["c-1", turns])] == ["text-misread"]


@pytest.mark.parametrize("others", ["cp850", "mac_roman"])
def test_rows_in_two_encodings_by_turns_are_held(tmp_path: Path, others: str) -> None:
    said = [
        "Grüße aus Köln, ich möchte kündigen",
        "Straße fünf, schöne Aussicht",
        "Die Gebühr für März wäre zu hoch",
    ]
    rows = [row(n, said[n % 3]).encode(others if n % 2 else "cp1252") for n in range(30)]
    path = tmp_path / "calls.csv"
    path.write_bytes(HEADER.encode() + b"".join(rows))
    batch = loaded(path, tmp_path)
    wrong = [n for n in batch.rows() if said_in(batch, n) not in said]
    assert wrong
    assert all("encoding-unclear" in codes(batch, n) and batch.info(n)["status"] == "held" for n in wrong)
