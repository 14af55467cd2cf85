"""What is found in transcripts and fields, and what is left alone."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reddy_lib.model import TranscriptLine
from reddy_lib.personal_data import KINDS, TITLES, Said, find_in_text, find_personal_data


def lines_of(*texts: str | tuple[str, str]) -> list[TranscriptLine]:
    return [
        TranscriptLine("customer", text) if isinstance(text, str) else TranscriptLine(*text) for text in texts
    ]


def said(*texts: str | tuple[str, str], **options: bool) -> list[tuple[str, str]]:
    """(kind, the words) of what is found."""
    lines = lines_of(*texts)
    found = find_personal_data(lines, **options)
    return [(one.kind, lines[one.line - 1].text[one.begin : one.end]) for one in found]


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("My card is 4111 1111 1111 1111, thanks.", "card", "4111 1111 1111 1111"),
        ("3782 822463 10005", "card", "3782 822463 10005"),
        ("four one one one one one one one one one one one one one one one", "card",
         "four one one one one one one one one one one one one one one one"),
        ("four, triple one, double one double one, eleven eleven, 1111", "card",
         "four, triple one, double one double one, eleven eleven, 1111"),
        ("forty two forty two forty two forty two 4242 4242", "card",
         "forty two forty two forty two forty two 4242 4242"),
        ("misheard: 4111 1111 1111 1112 ", "card", "4111 1111 1111 1112"),
        ("IBAN DE89 3704 0044 0532 0130 00 please", "bank", "DE89 3704 0044 0532 0130 00"),
        ("to gb82west12345698765432 now", "bank", "gb82west12345698765432"),
        ("Write to ann.lee+x@mail.example.com.", "email", "ann.lee+x@mail.example.com"),
        ("it's john dot smith at example dot co dot uk", "email", "john dot smith at example dot co dot uk"),
        ("Call me on 020 7946 0018.", "phone", "020 7946 0018"),
        ("plus four four two oh seven nine four six double oh one eight", "phone",
         "four four two oh seven nine four six double oh one eight"),
        ("+1 (415) 555-0132", "phone", "1 (415) 555-0132"),
        ("I was born on 3 March 1985.", "birth_date", "3 March 1985"),
        ("DOB 03/04/1985", "birth_date", "03/04/1985"),
        ("My social is 536-90-4399", "national_id", "536-90-4399"),
        ("Insurance number AB 12 34 56 C", "national_id", "AB 12 34 56 C"),
        ("NHS 943 476 5919", "national_id", "943 476 5919"),
        ("mi DNI es 54362315K", "national_id", "54362315K"),
        ("codice fiscale RCCMNL83S18D969H", "national_id", "RCCMNL83S18D969H"),
        ("My address is 123 Maple Street, Springfield, and it's urgent.", "address", "123 Maple Street, Springfield"),
        ("my name is Ann Lee and I moved", "name", "Ann Lee"),
        ("the password is Marmalade77! but it says no", "password", "Marmalade77!"),
    ],
)  # fmt: skip
def test_what_is_found_in_one_line(text: str, kind: str, words: str) -> None:
    assert said(text) == [(kind, words)]


@pytest.mark.parametrize(
    "text",
    ["", "Hello, how are you?", "That is 14 pounds 99.", "On 3 March 2026 at 10:30 the line broke.", "Order 12345.",
     "I have two of them, one red.", "Thirty one people, twenty five cars, and 1,200 more.",
     "two thousand and twenty four, no, twenty five", "the parcel number is 1Z 999 AA1 01 2345 6784",
     "invoice 4012888888881881 is still open", "The book's ISBN is 978-0-306-40615-7", "It runs Windows 10 on a laptop"],
)  # fmt: skip
def test_what_is_left_alone_in_one_line(text: str) -> None:
    assert said(text) == []


def test_a_card_with_what_follows_it_is_three_data() -> None:
    found = said("It is 4111-1111-1111-1111 12/27 123")
    assert found == [("card", "4111-1111-1111-1111"), ("expiry", "12/27"), ("cvv", "123")]


def test_a_number_goes_on_across_nods_and_is_one_item() -> None:
    texts = (
        ("agent", "the long number please"),
        ("customer", "four one one one um one one one one"),
        ("agent", "mhm"),
        ("customer", "and then 1111 1111"),
        ("agent", "Thank you."),
    )
    assert said(*texts) == [
        ("card", "four one one one"), ("card", "one one one one"), ("card", "1111 1111")
    ]  # fmt: skip
    assert len({one.item for one in find_personal_data(lines_of(*texts))}) == 1


def test_parts_that_nothing_was_said_about_are_a_card_if_their_check_digit_says_so() -> None:
    found = said(
        ("customer", "So it's 4111 1111"),
        ("agent", "Mm-hm."),
        ("customer", "1111 1111"),
        ("agent", "Thank you."),
    )
    assert found == [("card", "4111 1111"), ("card", "1111 1111")]


@pytest.mark.parametrize(
    ("question", "answer", "kind", "words"),
    [
        ("And your date of birth?", "Twelfth... 12 May 1990.", "birth_date", "Twelfth... 12 May 1990"),
        ("and the three digits on the back", "uh two double oh", "cvv", "two double oh"),
        ("what are the last four digits of the card", "it's ninety one oh seven", "last4", "ninety one oh seven"),
        ("who am i speaking to", "it's barnaby ostrowick", "name", "barnaby ostrowick"),
        ("wie lautet ihre kundennummer", "also die vier null sieben einundneunzig", "account",
         "vier null sieben einundneunzig"),
        ("votre numéro de portable", "zéro six quarante-deux dix-huit quatre-vingt-onze zéro sept", "phone",
         "zéro six quarante-deux dix-huit quatre-vingt-onze zéro sept"),
        ("cuál es su dirección", "calle mayor veintisiete", "address", "calle mayor veintisiete"),
        ("seu cpf por favor", "três nove zero cinco três três quatro quatro sete zero cinco", "national_id",
         "três nove zero cinco três três quatro quatro sete zero cinco"),
        ("wat is uw wachtwoord", "dat is pindakaas", "password", "pindakaas"),
        ("e la scadenza", "zero sei ventotto", "expiry", "zero sei ventotto"),
        ("hvad er dit cpr nummer", "det er nul et nul to otte fem et to tre fire", "national_id",
         "nul et nul to otte fem et to tre fire"),
    ],
)  # fmt: skip
def test_a_question_says_what_its_answer_is(question: str, answer: str, kind: str, words: str) -> None:
    assert (kind, words) in said(("agent", question), ("customer", answer), ("agent", "ok"))


@pytest.mark.parametrize(
    "texts",
    [
        (("agent", "can i take your order number"), ("customer", "four four one nine eight two seven")),
        (("agent", "your ticket is seven seven three oh two"), ("customer", "seven seven three oh two okay")),
        (("agent", "ring our helpline on oh eight hundred one two one two"), ("customer", "thanks")),
        (("agent", "wie lautet die bestellnummer"), ("customer", "drei drei acht eins neun null")),
        (("agent", "dígame el número de pedido"), ("customer", "siete siete cero nueve uno dos")),
        (("agent", "thanks for calling my name is joshua"), ("customer", "hi joshua my line is dead")),
        (("agent", "How much was it?"), ("customer", "forty one ninety nine")),
    ],
)
def test_harmless_numbers_are_left_alone(texts: tuple[tuple[str, str], ...]) -> None:
    assert said(*texts) == []


@pytest.mark.parametrize(
    "answer",
    ["That one, yes.", "Which one?", "The blue one.", "yes, this one please", "the first one is one"],
)
def test_one_that_stands_for_a_thing_is_no_digit(answer: str) -> None:
    assert said(("agent", "Can you read me the last four digits of the card?"), ("customer", answer)) == []


def test_one_that_is_said_alone_is_a_digit() -> None:
    code = [
        ("agent", "And the security code, digit by digit?"),
        ("customer", "It's eight."),
        ("agent", "Mhm."),
    ]
    assert said(*code, ("customer", "and three"), ("agent", "Mhm."), ("customer", "Yes one")) == [
        ("cvv", "eight"),
        ("cvv", "three"),
        ("cvv", "one"),
    ]


def test_a_sentence_is_no_answer() -> None:
    texts = (
        ("agent", "Could you tell me the password you use?"),
        ("customer", "I tried to reset it and then I lost my connection."),
        ("agent", "And may I have your name, please?"),
        ("customer", "Sure, but I would like to order a printer first."),
    )
    assert said(*texts) == []


def test_a_number_is_found_far_into_a_long_call() -> None:
    talk = [
        ("agent", "I see that the plan was changed last month, let me look."),
        ("customer", "Thank you very much."),
    ]
    asked = [("agent", "What is your card number, please?"), ("customer", "It is 4242 4242 4242 4242.")]
    found = find_personal_data(lines_of(*talk * 100, *asked, *talk * 100))
    assert [(one.line, one.kind) for one in found] == [(202, "card")]


def test_an_echo_is_marked_too_also_one_that_was_misheard() -> None:
    found = said(
        ("agent", "your phone number please"),
        ("customer", "oh seven seven double oh nine hundred one two three"),
        ("agent", "double oh nine hundred one two three"),
        ("customer", "yes"),
    )
    assert [kind for kind, _ in found] == ["phone", "phone"]


def test_both_halves_of_a_correction_are_marked() -> None:
    found = said(
        ("agent", "your phone number"),
        ("customer", "five five five two three no sorry five five five three two one"),
    )
    assert found == [("phone", "five five five two three"), ("phone", "five five five three two one")]


def test_lines_without_known_roles_are_read_as_if_anybody_could_have_asked() -> None:
    found = said(("", "what's your card number"), ("", "four two four two four two four two"))
    assert found == [("card", "four two four two four two four two")]


def test_blunt_marks_every_number_of_three_digits_or_more() -> None:
    texts = (("agent", "order 48177 for 20 pounds"), ("customer", "my pin is 4471"))
    assert said(*texts) == [("pin", "4471")]
    assert said(*texts, blunt=True) == [("account", "48177"), ("pin", "4471")]


def test_a_finding_says_how_sure_it_is_and_why_and_not_what_it_is() -> None:
    lines = lines_of(("agent", "the long number please"), ("customer", "4111 1111 1111 1111"))
    [one] = find_personal_data(lines)
    assert one == Said(2, 0, 19, "card", one.item, "checked", "asked for in line 1")
    [bare] = find_personal_data(lines_of("ann@mail.example.com"))
    assert (bare.sure, bare.why) == ("form", "an email address")
    assert set(TITLES) == set(KINDS)


def test_languages_can_be_said_and_unknown_ones_are_refused() -> None:
    lines = lines_of(("agent", "PIN?"), ("customer", "acht drei zwo eins"))
    assert [one.kind for one in find_personal_data(lines, languages=["de"])] == ["pin"]
    with pytest.raises(ValueError, match="no words for the language 'xx': choose from en, de"):
        find_personal_data(lines, languages=["xx"])


@pytest.mark.parametrize(
    ("hint", "value", "kind"),
    [
        ("Card number", "4111111111111111", "card"),
        ("card_last4", "9107", "last4"),
        ("Kundennummer", "4471-0982", "account"),
        ("DOB", "1985-04-03", "birth_date"),
        ("IBAN", "DE89370400440532013000", "bank"),
        ("Security code", "123", "cvv"),
        ("Customer name", "Ann Lee", "name"),
        ("Mobile", "07700 900123", "phone"),
        ("code postal", "37000", "address"),
    ],
)
def test_the_name_of_a_tag_says_what_its_value_is(hint: str, value: str, kind: str) -> None:
    assert [(one.line, one.kind, value[one.begin : one.end]) for one in find_in_text(value, hint)] == [
        (1, kind, value)
    ]


@pytest.mark.parametrize(
    ("hint", "value"), [("Order number", "4111111"), ("Queue", "12345"), ("", "77104"), ("CSAT", "5")]
)
def test_the_value_of_a_harmless_tag_is_left_alone(hint: str, value: str) -> None:
    assert find_in_text(value, hint) == []


def test_a_value_without_a_name_is_known_by_its_form() -> None:
    assert [one.kind for one in find_in_text("paid with 4111 1111 1111 1111")] == ["card"]


@given(
    st.lists(st.text(alphabet=st.sampled_from("0123456789 -+@.,aboxone\u0663ß²'"), max_size=60), max_size=4),
    st.booleans(),
)
def test_every_place_is_inside_of_its_line_and_none_overlap(texts: list[str], blunt: bool) -> None:
    lines = [TranscriptLine(("agent", "customer", "")[number % 3], text) for number, text in enumerate(texts)]
    taken: set[tuple[int, int]] = set()
    for one in find_personal_data(lines, blunt=blunt):
        assert 0 <= one.begin < one.end <= len(lines[one.line - 1].text)
        assert one.kind in KINDS
        places = {(one.line, at) for at in range(one.begin, one.end)}
        assert not places & taken
        taken |= places


def test_the_library_is_imported_without_the_finders_libraries() -> None:
    code = "import sys, reddy_lib; print([m for m in ('phonenumbers', 'stdnum') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("card ending in 7703", "7703"),
        ("it is the debit card ending in 0628", "0628"),
        ("the card ending seven seven oh three", "seven seven oh three"),
        ("my card ends with 7703", "7703"),
        ("das ist die Karte endend auf 7703", "7703"),
        ("c'est la carte qui se termine par 7703", "7703"),
        ("es la tarjeta que acaba con 7703", "7703"),
        ("é o cartão que termina em 7703", "7703"),
        ("è la mia carta con finale 7703", "7703"),
        ("het is de kaart die eindigt op 7703", "7703"),
        ("det er kortet der ender på 7703", "7703"),
    ],
)
@pytest.mark.parametrize("role", ["agent", "customer"])
def test_four_digits_that_a_card_ends_in_are_its_last_digits(role: str, text: str, digits: str) -> None:
    assert said((role, text)) == [("last4", digits)]


@pytest.mark.parametrize(
    "texts",
    [
        (("customer", "my card ends in 06/28"),),
        (("customer", "my card ends oh six twenty eight"),),
        (("agent", "When does your card end?"), ("customer", "oh six twenty eight")),
        (("agent", "What month is the card ending?"), ("customer", "06 28")),
        (("agent", "Wann endet die Karte?"), ("customer", "06/28")),
        (("agent", "¿Cuándo termina la tarjeta?"), ("customer", "06/28")),
    ],
)
def test_the_month_in_which_a_card_ends_is_its_expiry_date(texts: tuple[tuple[str, str], ...]) -> None:
    assert [kind for kind, _ in said(*texts)] == ["expiry"]


LINKS = {
    "en": ("What is your password?", "my password", ("is", "was", "'s"), ("would be", "used to be", "is still")),
    "de": ("Wie lautet Ihr Passwort?", "mein Passwort", ("ist", "war", "hieß"), ("wäre", "war immer", "sollte sein")),
    "fr": ("Quel est votre mot de passe ?", "mon mot de passe", ("est", "était", "c'est"), ("doit être", "a été")),
    "es": ("¿Cuál es su contraseña?", "mi contraseña", ("es", "era", "sería"), ("debe ser", "sigue siendo")),
    "pt": ("Qual é a sua palavra-passe?", "minha palavra-passe", ("é", "era", "seria"), ("foi", "deve ser")),
    "it": ("Qual è la sua password?", "la mia password", ("è", "era", "sarà"), ("è stata", "dovrebbe essere")),
    "nl": ("Wat is uw wachtwoord?", "mijn wachtwoord", ("is", "was", "luidt"), ("zou zijn", "was altijd")),
    "da": ("Hvad er dit kodeord?", "mit kodeord", ("er", "var", "lyder"), ("ville være", "var altid")),
}  # fmt: skip


@pytest.mark.parametrize("language", LINKS)
def test_a_password_begins_behind_the_words_that_link_it_to_its_name(language: str) -> None:
    question, noun, copulas, others = LINKS[language]
    for link in (*copulas, *others):
        answer = said(("agent", question), ("customer", f"{link} Quokka31"))
        assert answer == [("password", "Quokka31")], (link, answer)
    for link in copulas:
        told = said(f"{noun}{'' if link.startswith(chr(39)) else ' '}{link} Quokka31")
        assert told == [("password", "Quokka31")], (link, told)


def test_a_password_ends_before_such_words_and_keeps_those_inside() -> None:
    question = ("agent", "And your password?")
    assert said(question, ("customer", "quokka was")) == [("password", "quokka")]
    assert said(question, ("customer", "it was quokka is king")) == [("password", "quokka is king")]


@pytest.mark.parametrize(
    ("told", "password"),
    [
        ("It's sunshine, eight characters.", "sunshine"),
        ("it's sunshine eight characters long", "sunshine"),
        ("sunshine 8 characters and a number", "sunshine"),
        (
            "It's sunshine, eight characters, with a capital at the beginning and a number at the end",
            "sunshine",
        ),
        ("It's sunshine77, ten letters", "sunshine77"),
        ("It's eight characters, sunshine", "sunshine"),
        ("it's sunshine, all lower case, 8 letters", "sunshine"),
        ("It's tiger 20 dollars", "tiger 20 dollars"),
        ("it's tiger20 dollars", "tiger20 dollars"),
        ("It's tiger 20%", "tiger 20%"),
    ],
)
def test_an_amount_beside_a_password_does_not_hide_it(told: str, password: str) -> None:
    assert said(("agent", "What is your password?"), ("customer", told)) == [("password", password)]


@pytest.mark.parametrize(
    "told", ["It's Ann Lee, 40 years old", "ann lee, 20 dollars", "Ann Lee, for 2 people"]
)
def test_an_amount_after_a_name_does_not_hide_it(told: str) -> None:
    found = said(("agent", "What's your name?"), ("customer", told))
    assert [(kind, words.lower()) for kind, words in found] == [("name", "ann lee")]


@pytest.mark.parametrize(
    ("question", "told", "kind", "code"),
    [
        ("What's your pin?", "It's 4471, four digits", "pin", "4471"),
        ("What's your pin?", "4471 4 digits", "pin", "4471"),
        ("What's the security code?", "three one seven, three digits", "cvv", "three one seven"),
        ("what's your account number", "44719022, eight digits", "account", "44719022"),
        ("Quel est votre code PIN ?", "c'est 4471, quatre chiffres", "pin", "4471"),
    ],
)
def test_the_length_of_a_code_is_no_part_of_it(question: str, told: str, kind: str, code: str) -> None:
    assert said(("agent", question), ("customer", told)) == [(kind, code)]


@pytest.mark.parametrize(
    "told",
    [
        "eight characters",
        "it has eight characters",
        "eight characters and a number",
        "at least 8 letters",
        "20 dollars",
    ],
)
def test_an_amount_alone_is_no_password(told: str) -> None:
    assert said(("agent", "What is your password?"), ("customer", told)) == []


@pytest.mark.parametrize(
    ("told", "address"),
    [
        ("it's bob at work at zed dot com", "bob at work at zed dot com"),
        ("it's b o b at work at zed dot com", "b o b at work at zed dot com"),
        ("bob dot lee at work at zed dot com", "bob dot lee at work at zed dot com"),
        ("it's bob @ work at zed dot com", "bob @ work at zed dot com"),
        ("c'est paul arobase travail arobase zed point fr", "paul arobase travail arobase zed point fr"),
        ("you can reach me at bob at zed dot com", "bob at zed dot com"),
        ("contact us at bob at zed dot com", "bob at zed dot com"),
        ("i'm at bob at zed dot com", "bob at zed dot com"),
        ("at bob at zed dot com", "bob at zed dot com"),
    ],
)
def test_an_address_with_two_words_for_its_sign_is_marked_from_its_beginning(told: str, address: str) -> None:
    assert said(("agent", "What's your email address?"), ("customer", told)) == [("email", address)]


def test_a_password_that_is_nothing_but_such_a_word_is_marked() -> None:
    assert said(("agent", "And your password?"), ("customer", "simply")) == [("password", "simply")]


@pytest.mark.parametrize(
    "texts",
    [
        (("customer", "Can you look at my account?"), ("agent", "Keep at least 15-20% of the disk free, please.")),
        (("agent", "Your account is ready."), ("agent", "We are here 24/7 for you.")),
        (("agent", "Log in to your account on our website at www.larkspur-bank.example."),),
        (("agent", "What is the card number?"), ("customer", "It was £315 at 10:45, no idea.")),
    ],
)  # fmt: skip
def test_times_shares_and_amounts_are_nobodys_numbers(texts: tuple[tuple[str, str], ...]) -> None:
    assert said(*texts) == []


def test_a_number_that_an_agent_tells_is_harmless_where_it_is_said_again() -> None:
    told = ("agent", "Okay, so write this down, please: 7 7 3 0 2 9 1 5.")
    assert said(("customer", "7 7 3 0 2 9 1 5")) != []
    assert said(told, ("customer", "7 7 3 0 2 9 1 5")) == []


def test_an_agent_s_number_without_a_word_for_it_is_marked_where_it_repeats_what_was_said() -> None:
    repeated = ("agent", "Right, I have written down 88 10 42 97 over here, let me see.")
    asked = (("agent", "Your account number?"), ("customer", "88 10 42 97"))
    assert said(*asked, ("customer", "And one thing more, if you have the time."), repeated) == [
        ("account", "88 10 42 97"),
        ("account", "88 10 42 97"),
    ]
    assert said(repeated) == []


def test_words_far_behind_a_number_do_not_change_what_it_is() -> None:
    talk = [("customer", f"I think that the garden is nice in summer, {word}.") for word in "abcdefgh"]
    asked = [("agent", "Can I have the long number on the card?"), ("customer", "4539 1488 0343 6467")]
    assert said(*talk, *asked, *talk) == [("card", "4539 1488 0343 6467")]


@pytest.mark.parametrize(
    ("name", "first", "second", "kind"),
    [
        ("Customer phone", "+442079460018", "+442079460019", "phone"),
        ("Account no", "77120398", "10293847", "account"),
        ("CVV", "123", "904", "cvv"),
    ],
)
def test_figures_in_a_field_are_told_by_its_name_and_never_by_those_before_them(
    name: str, first: str, second: str, kind: str
) -> None:
    for text in (first, second, first):
        found = find_in_text(text, kind_hint=name)
        assert [(one.kind, text[one.begin : one.end]) for one in found] == [(kind, text.lstrip("+"))]


@pytest.mark.parametrize("name", ["CSAT", "Order", "Ticket", "Handle time", "Queue position"])
def test_figures_in_a_field_for_things_are_left_alone(name: str) -> None:
    assert [find_in_text(text, kind_hint=name) for text in ("7", "4821", "770312", "1")] == [[], [], [], []]


def test_a_card_in_a_field_is_known_by_its_check_digit_whatever_was_there_before() -> None:
    assert find_in_text("4539148803436468", kind_hint="Remark") != find_in_text("12", kind_hint="Remark")
    found = find_in_text("4539148803436467", kind_hint="Remark")
    assert [(one.kind, one.sure) for one in found] == [("card", "checked")]
