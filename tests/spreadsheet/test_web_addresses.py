"""Recordings that a sheet names by web addresses: Reddy is told their names, and no more of them than that."""

from __future__ import annotations

import pandas as pd
import pytest

import reddy_lib as reddy
from reddy_lib.model import payload_json
from reddy_lib.spreadsheet.cells.web_addresses import announced_name, is_web_address, lasting_address


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("https://rec.example/2026/call%207.wav", "call 7.wav"),
        ("https://rec.example/call-7.wav?X-Amz-Signature=secret&x=/other.wav", "call-7.wav"),
        ("HTTP://REC.example:8080/A.WAV#t=10", "A.WAV"),
        ("https://rec.example/a.wav;jsessionid=secret", "a.wav"),
        ("https://rec.example/down?file=a.wav", "down"),
        ("https://rec.example/%2e%2e%2Fetc%2Fpasswd", "passwd"),
        ("https://rec.example/..%5Cboot.ini", "boot.ini"),
        ("https://rec.example/a%00b%0a.wav", "ab.wav"),
        ("https://rec.example/%E2%80%AEvaw.exe", "vaw.exe"),
        ("https://rec.example/..", "recording"),
        ("https://rec.example/", "recording"),
        ("https://user:secret@rec.example", "recording"),
        ("https://rec.example?sig=secret", "recording"),
        ("  https://rec.example/a.wav  ", "a.wav"),
        ("D:\\rec\\call 7.wav", "D:\\rec\\call 7.wav"),
        ("call 7.wav", "call 7.wav"),
        ("ftp://rec.example/a.wav", "ftp://rec.example/a.wav"),
        ("", ""),
    ],
)
def test_the_name_is_the_last_part_and_nothing_else(cell: str, name: str) -> None:
    assert announced_name(cell) == name
    assert announced_name(cell) == cell or is_web_address(cell)


def test_a_name_is_short_and_keeps_its_ending() -> None:
    name = announced_name("https://rec.example/" + "a" * 3000 + ".wav")
    assert len(name) == 200
    assert name.endswith("a.wav")


@pytest.mark.parametrize(
    ("signed", "lasting"),
    [
        ("https://s3.example/b/7.wav?X-Amz-Date=1&X-Amz-Signature=2&X-Amz-Expires=3", "https://s3.example/b/7.wav"),
        ("https://az.example/7.wav?sv=1&st=2&se=3&sr=b&sp=r&sig=4", "https://az.example/7.wav"),
        ("https://pbx.example/get?id=7&token=1", "https://pbx.example/get?id=7"),
        ("https://pbx.example/get?id=7&channel=2", "https://pbx.example/get?id=7&channel=2"),
        ("https://pbx.example/7.wav", "https://pbx.example/7.wav"),
        ("7.wav?sig=1", "7.wav?sig=1"),
    ],
)  # fmt: skip
def test_what_is_signed_anew_is_no_part_of_what_an_address_stands_for(signed: str, lasting: str) -> None:
    assert lasting_address(signed) == lasting


def sheet(*addresses: str) -> pd.DataFrame:
    cells = [("ann@cedarline.example", "7", address) for address in addresses]
    frame = pd.DataFrame(cells, columns=["Agent Email", "Product", "Recording URL"])
    return frame.set_axis(range(2, len(frame) + 2))


def built(*addresses: str) -> list[reddy.Call]:
    frame = sheet(*addresses)
    mapping = reddy.Mapping(
        fields={"agent_email": "Agent Email", "product_id": "Product", "filename": "Recording URL"}
    )
    return [call for _, call in reddy.build_calls(frame, mapping)]


def test_a_payload_holds_the_name_alone() -> None:
    [call] = built("https://rec.example/customers/4915112345/7.wav?sig=secret")
    assert call.filename == "7.wav"
    for word in (b"secret", b"rec.example", b"4915112345", b"http"):
        assert word not in payload_json(call)


def test_a_derived_id_tells_addresses_apart_and_outlives_their_signatures() -> None:
    here, there, again, one, two = built(
        "https://rec.example/1/audio.wav?sig=a", "https://rec.example/2/audio.wav?sig=a",
        "https://rec.example/1/audio.wav?sig=b", "https://rec.example/get?id=1&token=x",
        "https://rec.example/get?id=2&token=x",
    )  # fmt: skip
    assert here.conversation_id == again.conversation_id
    assert len({call.conversation_id for call in (here, there, one, two)}) == 4


@pytest.mark.parametrize(
    "cell", ["https://rec.example/{}.wav?sig=abc", "https://rec.example/recordings/RE{}", "rec/{}.wav"]
)
def test_a_column_of_addresses_is_found_by_itself(cell: str) -> None:
    mapping = reddy.guess_mapping(sheet(*(cell.format(number) for number in range(5))))
    assert mapping.fields["filename"] == "Recording URL"
