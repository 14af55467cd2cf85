"""Short texts without a mark of their encoding: the decoding that reads like language, or held where two do."""

from __future__ import annotations

import unicodedata
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


def codes_of(path: Path) -> list[set[str]]:
    mapping = guess_mapping(read_sheet(path))
    return [{one.code for one in built.findings} for piece in read_calls(path, mapping) for built in piece]


def test_what_reads_as_well_in_two_encodings_is_held_in_the_rows_that_it_is_about(tmp_path: Path) -> None:
    text = sheet(("It is for Rūta.", "Fine."))  # or Rûta, as the French write a long u
    path = tmp_path / "calls.csv"
    path.write_bytes(text.encode("cp1257"))
    assert ["encoding-unclear" in one for one in codes_of(path)] == [True, False]
    (note,) = read_sheet(path).attrs["notes"][2]
    assert {"“Rûta”", "“Rūta”"} <= set(note.message.rstrip(".").split())


LONG = {
    "cp1255": ("בוקר טוב, מדברת דנה, איך אפשר לעזור?", "החבילה שלי עדיין לא הגיעה."),
    "iso8859_8": ("בוקר טוב, מדברת דנה, איך אפשר לעזור?", "החבילה שלי עדיין לא הגיעה."),
    "cp862": ("בוקר טוב, מדברת דנה, איך אפשר לעזור?", "החבילה שלי עדיין לא הגיעה."),
    "cp852": ("Dzień dobry, w czym mogę pomóc?", "Paczka jeszcze nie przyszła, proszę to sprawdzić."),
    "mac_latin2": ("Dzień dobry, w czym mogę pomóc?", "Paczka jeszcze nie przyszła, proszę to sprawdzić."),
    "cp1258": ("Xin chào, tôi là Hà, tôi có giúp gì được không ạ?", "Tôi chưa nhận được hàng."),
    "mac_cyrillic": ("Доброе утро, меня зовут Юрий.", "Моя посылка ещё не пришла."),
    "cp855": ("Доброе утро, меня зовут Юрий.", "Моя посылка ещё не пришла."),
    "cp737": ("Καλημέρα σας, πώς μπορώ να βοηθήσω;", "Το δέμα μου δεν ήρθε ακόμα."),
    "cp857": ("Günaydın, nasıl yardımcı olabilirim?", "Paketim hâlâ gelmedi, şikâyetçiyim."),
    "johab": ("안녕하세요, 무엇을 도와드릴까요?", "택배가 아직 오지 않았습니다."),
    "iso2022_jp": ("お電話ありがとうございます。", "荷物がまだ届きません。"),
    "iso2022_kr": ("안녕하세요, 무엇을 도와드릴까요?", "택배가 아직 오지 않았습니다."),
    "hz": ("您好，请问有什么可以帮您？", "我的包裹还没有到。"),
}


@pytest.mark.parametrize("encoding", LONG)
def test_sentences_tell_an_encoding_that_few_programs_write(tmp_path: Path, encoding: str) -> None:
    texts = LONG[encoding]
    if encoding == "cp1258":  # it has a tone apart from its letter
        texts = tuple(of_windows(text) for text in texts)
    path = tmp_path / "calls.csv"
    path.write_bytes(sheet(texts).encode(encoding))
    assert said(path) == list(texts)
    assert not any("encoding-unclear" in one for one in codes_of(path))


def of_windows(text: str) -> str:
    """Return Vietnamese as cp1258 has it."""
    found = []
    for char in unicodedata.normalize("NFC", text):
        apart = unicodedata.normalize("NFD", char)
        tones = [mark for mark in apart[1:] if mark in "\u0300\u0301\u0303\u0309\u0323"]
        base = unicodedata.normalize("NFC", "".join(one for one in apart if one not in tones))
        try:
            found.append(char.encode("cp1258").decode("cp1258"))
        except UnicodeEncodeError:
            found.append(base + "".join(tones))
    return "".join(found)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1250", "It is for Łukasz."),
        ("cp1250", "It is for Győző."),
        ("cp1250", "It is for Jiří."),
        ("cp1254", "It is for Gülşah."),
        ("cp1257", "The word is klaidingą."),
        ("cp852", "It is for Łukasz."),
        ("cp850", "It is for Müller."),
        ("cp850", "The price is fünf."),
        ("mac_roman", "It is for Müller."),
        ("mac_roman", "I have no reçu."),
        ("mac_roman", "I am sure we’ve paid."),
        ("cp1251", "It is for Ольга."),
        ("cp1255", "It is for רות."),
    ],
)
def test_a_word_among_english_ones_is_read_right_or_asked_about(
    tmp_path: Path, encoding: str, text: str
) -> None:
    path = tmp_path / "calls.csv"
    path.write_bytes(sheet((*["I have a question."] * 9, text)).encode(encoding))
    assert said(path)[-1] == text or "encoding-unclear" in codes_of(path)[-1]


@pytest.mark.parametrize(
    "text",
    [
        "It is for Müller.", "It is for José.", "It is for François.", "It is for Zoë.", "It is for Hélène.",
        "It is for Peña.", "It is for Søren.", "It is for Björn.", "It is for Åsa.", "It is for São Paulo.",
        "We met in a café.", "A naïve question.", "A façade.", "Voilà.", "Déjà vu.", "Wait…", "It’s £25.",
        "We’ve paid 30 €.", "Well … I … think", "• one • two", "– no –",
        "“Sure”, she said.", "20° or ½", "C’est à côté.", "Straße und Grüße.",
        "El año que viene, mañana.", "Não, às três.", "Città e università.", "Één moment.",
        "På måndag, är det?", "Hyvää päivää.", "Über Köln.",
    ],
)  # fmt: skip
def test_usual_letters_of_the_west_raise_no_question(tmp_path: Path, text: str) -> None:
    path = tmp_path / "calls.csv"
    for others in (0, 9):
        path.write_bytes(sheet((*["I have a question."] * others, text)).encode("cp1252"))
        assert said(path)[-1] == text
        assert not any("encoding-unclear" in one for one in codes_of(path))


def test_marks_of_a_program_are_no_escapes_of_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    for text in ("Dear ~{name~}, hello.", "It was \x1b[31mred\x1b[0m.", "\x1b$ and ~{ alone."):
        path.write_bytes(sheet((text, "Fine.")).encode())
        assert find_encoding(path) == "utf-8"


def test_a_transcript_file_of_seven_bits_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "calls.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number, text in enumerate(LONG["iso2022_jp"]):
            archive.writestr(f"call-{number}.txt", f"Agent: {text}\nCustomer: {text}".encode("iso2022_jp"))
    assert set(said(path)) == set(LONG["iso2022_jp"])
