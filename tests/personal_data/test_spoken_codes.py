"""Codes that are counted, said over turns, or said in one breath with a card's number are found, and as what they are."""

from __future__ import annotations

from collections import Counter

import pytest

from reddy_lib.model import TranscriptLine
from reddy_lib.personal_data import NOT_KEPT, find_in_name, find_in_text, find_personal_data
from reddy_lib.personal_data.number_words import compound, plain
from reddy_lib.personal_data.spoken_forms import spoken_cardinal
from tests.personal_data.spoken_codes import LANGUAGES, Scene, scenes


def marks(one: Scene) -> dict[tuple[int, int], str]:
    """Return (line, character) → kind of what is marked."""
    return {
        (said.line, at): said.kind
        for said in find_personal_data(one.lines)
        for at in range(said.begin, said.end)
    }


def test_codes_are_found_in_all_forms_ways_and_languages() -> None:
    """Shares are over one seed: a rule that loses a form, a way or a language loses more than a tenth of it."""
    every: Counter[str] = Counter()
    found: Counter[str] = Counter()
    right = codes = harmless = untouched = 0
    for one in scenes(11)[::3]:
        marked = marks(one)
        if not one.spans:
            harmless += 1
            untouched += not marked
        for span in one.spans:
            text = one.lines[span.turn - 1].text
            kinds = [marked.get((span.turn, at)) for at in range(span.begin, span.end) if text[at].isalnum()]
            for row in (one.lang, one.form, one.way, one.kind):
                every[row] += 1
                found[row] += None not in kinds
            if span.kind in NOT_KEPT:
                codes += 1
                right += set(kinds) <= set(NOT_KEPT)
    assert {row: found[row] / count for row, count in every.items() if found[row] < 0.95 * count} == {}
    assert right >= 0.95 * codes, "a code that is taken for something else is not masked by the default rules"
    assert untouched >= 0.95 * harmless


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_cardinal_is_read_as_the_number_that_it_says(lang: str) -> None:
    from reddy_lib.personal_data.runs import runs_of
    from reddy_lib.personal_data.tokens import read_line
    from reddy_lib.personal_data.vocabulary import vocabulary

    words = vocabulary((lang,))
    for number in (101, 112, 180, 236, 571, 808, 999, 1066, 1984, 2005, 4211, 7900, 9021):
        said = spoken_cardinal(number, lang)
        [run] = runs_of(read_line(1, "customer", said, words))
        assert run.counted == str(number), said
        assert (run.begin, run.end) == (0, len(said)), said


@pytest.mark.parametrize("lang", ["de", "it", "nl", "da"])
def test_numbers_in_one_word_are_read(lang: str) -> None:
    for number in range(100, 10_000, 7):
        assert compound(plain(spoken_cardinal(number, lang).replace(" ", "")), lang) == number
    assert compound("hundehutte", lang) is None


def test_numbers_in_one_word_have_more_spellings() -> None:
    assert compound("neunzehnhundertvierundachtzig", "de") == 1984
    assert compound("hundertundeins", "de") == 101
    assert compound("ottocentottantotto", "it") == 888


def test_a_card_number_ends_where_it_ends() -> None:
    def kinds(*texts: str) -> list[tuple[str, str]]:
        lines = [TranscriptLine("customer", text) for text in texts]
        return [
            (one.kind, lines[one.line - 1].text[one.begin : one.end]) for one in find_personal_data(lines)
        ]

    card = "4111 1111 1111 1111"
    assert kinds(f"{card} 836") == [("card", card), ("cvv", "836")]
    assert kinds(f"{card} 633") == [("card", card), ("cvv", "633")], "633 could be a month and a year"
    assert kinds(f"{card}, 07/2032 836") == [("card", card), ("expiry", "07/2032"), ("cvv", "836")]
    assert kinds(f"{card} 836 12/27") == [("card", card), ("cvv", "836"), ("expiry", "12/27")]
    assert kinds(f"my card is {card}", "836") == [("card", card), ("cvv", "836")]


@pytest.mark.parametrize(
    "texts",
    [
        ("what is the security code", "one moment please"),
        ("et le code de sécurité", "un instant s'il vous plaît"),
        ("qual é o código de segurança", "um momento"),
        ("how much is left on the card", "four hundred and twelve"),
        ("what is the pin", "there were eight hundred and thirty six people before me"),
        ("hvor mange kilometer har den kørt", "to tusind og otte"),
        ("votre question", "je ne sais pas il y a quatre cent douze personnes"),
    ],
)
def test_what_is_counted_is_no_code(texts: tuple[str, str]) -> None:
    question, answer = texts
    assert find_personal_data([TranscriptLine("agent", question), TranscriptLine("customer", answer)]) == []


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("card 4111 1111 1111 1111", ["card"]),
        ("card_4111111111111111", ["card"]),
        ("PIN 4471", ["pin"]),
        ("security code 836", ["cvv"]),
        ("last four 4242", ["last4"]),
        ("ann.lee@example.com", ["email"]),
        ("Customer phone 2", []),
        ("PIN reset 2024", []),
        ("Contract 2026", []),
        ("2026-03-01", []),
        ("Address line 1", []),
        ("Order 48177123", []),
    ],
)
def test_a_name_of_a_tag_is_looked_at(name: str, kinds: list[str]) -> None:
    assert [one.kind for one in find_in_name(name)] == kinds


@pytest.mark.parametrize(
    ("hint", "value", "kind"),
    [
        ("Kundenname", "Anna Schmidt", "name"),
        ("Customer name", "Ann Lee", "name"),
        ("CustomerName", "Ann Lee", "name"),
        ("Nom du client", "Jean Dupont", "name"),
        ("Nome do cliente", "Ana Costa", "name"),
        ("Klantnaam", "Jan de Wit", "name"),
        ("Kundenavn", "Jens Olsen", "name"),
        ("cardNumber", "4111111111111111", "card"),
        ("dateOfBirth", "1985-04-03", "birth_date"),
        ("Agent name", "Joe Smith", ""),
        ("Produktname", "Router", ""),
        ("Customer name", "unknown", ""),
        ("Follow up", "2026-03-01", ""),
    ],
)
def test_names_of_tags_in_any_spelling_say_what_their_values_are(hint: str, value: str, kind: str) -> None:
    assert [one.kind for one in find_in_text(value, hint)] == ([kind] if kind else [])


@pytest.mark.parametrize(
    ("question", "answer", "kind", "words"),
    [
        ("Could you give me your national insurance number?", "QQ one two three four five six C", "national_id",
         "QQ one two three four five six C"),
        ("Nennen Sie mir bitte Ihre IBAN.", "DE acht neun, drei sieben null vier, null null vier vier, null fünf", "bank",
         "DE acht neun, drei sieben null vier, null null vier vier, null fünf"),
    ],
)  # fmt: skip
def test_capitals_before_a_number_in_words_belong_to_it(
    question: str, answer: str, kind: str, words: str
) -> None:
    lines = [TranscriptLine("agent", question), TranscriptLine("customer", answer)]
    assert [(one.kind, answer[one.begin : one.end]) for one in find_personal_data(lines)] == [(kind, words)]


def test_a_line_in_capitals_has_no_letters_of_a_number() -> None:
    lines = [
        TranscriptLine("agent", "AND THE CODE ON THE BACK?"),
        TranscriptLine("customer", "TO MY EYE IT IS NINE OH FOUR"),
    ]
    (found,) = find_personal_data(lines)
    assert (found.kind, lines[1].text[found.begin : found.end]) == ("cvv", "NINE OH FOUR")
