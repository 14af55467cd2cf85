"""Short texts without a mark of their encoding: the decoding that reads like language, or held where two do."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from reddy_lib.spreadsheet import guess_mapping, read_calls, read_sheet
from reddy_lib.spreadsheet.reading.encodings import find_encoding

SHORT = {
    "cp932": ("もしもし、予約です。", "少々お待ちください。"),
    "euc_jp": ("もしもし、予約です。", "少々お待ちください。"),
    "cp949": ("여보세요, 예약입니다.", "잠깐 기다려 주세요."),
    "gb18030": ("你好，我要退款。", "请稍等。"),
    "big5": ("你好，我要退貨。", "請稍等。"),
    "cp1251": ("Алло, это банк?", "Подождите минуту."),
    "koi8_r": ("Алло, это банк?", "Подождите минуту."),
    "cp866": ("Алло, это банк?", "Подождите минуту."),
    "cp1253": ("Ναι, περιμένετε.", "Ευχαριστώ πολύ."),
    "cp1255": ("שלום, רגע אחד.", "תודה רבה."),
    "cp1256": ("نعم، لحظة.", "شكرا جزيلا."),
    "cp1250": ("Chciałbym zgłosić błąd.", "Proszę zaczekać."),
    "cp1254": ("Şifremi değiştirmek istiyorum.", "Bekleyiniz, lütfen."),
    "cp1257": ("Pamečiau kortelę.", "Ačiū už pagalbą."),
    "cp874": ("รอสักครู่ครับ", "ขอบคุณค่ะ"),
    "cp1252": ("Où est ma carte, s'il vous plaît ?", "Elle a été bloquée."),
    "cp850": ("Grüße, ich möchte kündigen.", "Natürlich, für wann?"),
    "mac_roman": ("Grüße, ich möchte kündigen.", "Natürlich, für wann?"),
}


def sheet(texts: tuple[str, ...]) -> str:
    rows = [f'T-{number},"Customer: {text}"\n' for number, text in enumerate(texts, start=31)]
    return "Ticket,Transcript\n" + "".join(rows)


def said(path: Path) -> list[str]:
    mapping = guess_mapping(read_sheet(path, nrows=100))
    return [
        line.text
        for piece in read_calls(path, mapping)
        for built in piece
        for line in built.call.transcript or ()
    ]


@pytest.mark.parametrize("encoding", SHORT)
def test_a_few_words_tell_their_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "calls.csv"
    path.write_bytes(sheet(SHORT[encoding]).encode(encoding))
    assert path.read_bytes().decode(find_encoding(path)) == sheet(SHORT[encoding])
    assert said(path) == list(SHORT[encoding])


@pytest.mark.parametrize(
    "texts",
    [
        ("I’m calling about my bill", "It’s £25 too much", "“Sure”, she said – okay…"),
        ("It is £25 or 30 €", "no"),
        ("» Hello there", "» Hi"),
        ("• one • two", "· three"),
        ("§3 says 25° and ½ m²", "ok ©"),
        ("«på»", "«tack»", "tack"),
        ("¿sí?", "¡no!", "claro"),
        ("l’autre", "à demain", "d’accord"),
        ("dell’arte", "è vero", "25 £"),
    ],
)
def test_signs_are_no_letters_of_another_alphabet(tmp_path: Path, texts: tuple[str, ...]) -> None:
    """Most exports of Excel in English have no other marks than these."""
    path = tmp_path / "calls.csv"
    for times in (1, 8):
        path.write_bytes(sheet(texts * times).encode("cp1252"))
        assert path.read_bytes().decode(find_encoding(path)) == sheet(texts * times)


@pytest.mark.parametrize("encoding", ["cp932", "cp1251", "cp1250"])
def test_transcript_files_of_an_archive_are_decoded_alike(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "calls.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number, text in enumerate(SHORT[encoding]):
            archive.writestr(f"call-{number}.txt", f"Agent: {text}\nCustomer: {text}".encode(encoding))
    assert set(said(path)) == set(SHORT[encoding])


def test_what_reads_as_well_in_two_encodings_is_held_in_the_rows_that_it_is_about(tmp_path: Path) -> None:
    text = sheet(("Nasıl yardımcı olayım?", "Tamam."))  # or Icelandic letters
    path = tmp_path / "calls.csv"
    path.write_bytes(text.encode("cp1254"))
    frame = read_sheet(path)
    mapping = guess_mapping(frame)
    codes = [{one.code for one in built.findings} for piece in read_calls(path, mapping) for built in piece]
    assert ["encoding-unclear" in one for one in codes] == [True, False]
