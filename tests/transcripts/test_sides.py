"""Which side a label speaks for, weighed over the call: words, columns, greetings, elimination, and what stays open."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from reddy_lib.batches.call_rows import carried_findings
from reddy_lib.findings import finding
from reddy_lib.model import Call, TranscriptLine
from reddy_lib.spreadsheet import Mapping, build_frame, guess_mapping
from reddy_lib.transcripts import Transcript, read_transcript


def read(*turns: tuple[str, str], form: str = "text", **said: list[str]) -> Transcript:
    if form == "text":
        return read_transcript("\n".join(f"{who}: {text}" for who, text in turns), **said)  # type: ignore[arg-type]
    data = [{"speaker": who, "text": text} for who, text in turns]
    return read_transcript(json.dumps(data), **said)  # type: ignore[arg-type]


def roles(transcript: Transcript) -> list[str]:
    return [line.role for line in transcript.lines]


def codes(transcript: Transcript) -> set[str]:
    return {item.code for item in transcript.findings} - {"times-estimated"}


FORMS = pytest.mark.parametrize("form", ["text", "data"])
OFFER = "Good morning, how can I help?"


@FORMS
@pytest.mark.parametrize(
    ("one", "other"),
    [("Service Desk", "Internal"), ("Agent", "Employee"), ("IT Support", "Mitarbeiter"), ("Agent", "Contact"),
     ("Agent", "Speaker 2"), ("Operator", "Q7"), ("Assistant", "User"), ("Agent", "user"), ("Bot", "Human"),
     ("Internal", "External"), ("Ag", "Kd"), ("MA", "Kd."), ("Employee", "Customer"), ("Speaker 1", "Customer")],
)  # fmt: skip
def test_two_labels_are_settled_by_the_stronger_word(form: str, one: str, other: str) -> None:
    for turns in (
        [(one, "Hello."), (other, "Hi."), (one, "Yes?")],
        [(other, "Hi."), (one, "Hello."), (other, "My bill.")],
    ):
        expected = ["agent" if who == one else "customer" for who, _ in turns]
        assert roles(read(*turns, form=form)) == expected


@FORMS
@pytest.mark.parametrize(
    ("one", "other"),
    [("Employee", "Staff"), ("A", "B"), ("1", "2"), ("Speaker 1", "Speaker 2"), ("+49 30 1234567", "+49 171 9876543"),
     ("S1", "S2"), ("Q", "A"), ("Q", "B")],
)  # fmt: skip
def test_of_two_labels_that_say_nothing_the_one_who_greets_is_the_agent_in_any_order(
    form: str, one: str, other: str
) -> None:
    for agent, customer in ((one, other), (other, one)):
        found = read((customer, "Hello?"), (agent, OFFER), (customer, "My bill."), form=form)
        assert roles(found) == ["customer", "agent", "customer"]
        assert codes(found) == {"role-from-greeting"}
        silent = read((one, "Hello."), (other, "Hi."), (one, "Bye."), form=form)
        assert not {"agent", "customer"} & set(roles(silent))


@FORMS
def test_initials_of_both_sides_are_read_so_and_said(form: str) -> None:
    found = read(("C", "Hi."), ("A", "Hello."), ("C", "My bill."), form=form)
    assert roles(found) == ["customer", "agent", "customer"]
    assert codes(found) == {"role-by-elimination"}


def test_elimination_is_said_in_a_finding() -> None:
    found = read(("Agent", "Hello."), ("Speaker 2", "Hi."), ("Agent", "Yes?"))
    (said,) = [item for item in found.findings if item.code == "role-by-elimination"]
    assert said.message == (
        "'Speaker 2' was taken for the customer: it is the only other speaker beside the agent."
    )


@FORMS
@pytest.mark.parametrize(
    ("labels", "columns"),
    [
        (("+493012345", "+491719876543"), {"customer": ["0171 9876543"]}),
        (("2041", "+491719876543"), {"agent": ["2041"]}),
        (("ben@firma.example", "tom@gmail.example"), {"agent": ["ben@firma.example"]}),
        (("Ben Smith", "Tom Alder"), {"customer": ["Tom Alder"]}),
        (("Ben Smith", "Tom Alder"), {"agent": ["Smith, Ben"], "customer": ["Tom Alder"]}),
        (("Anna (Employee)", "Tom (Staff)"), {"agent": ["anna.weber@x.example"]}),
        (("Ben", "Speaker 2"), {"agent": ["ben@firma.example"]}),
    ],
)
def test_the_calls_own_columns_settle_names_numbers_and_addresses(
    form: str, labels: tuple[str, str], columns: dict[str, list[str]]
) -> None:
    agent, customer = labels
    found = read(
        (customer, "Hello."),
        (agent, "Hi."),
        (customer, "My bill doubled."),
        (agent, "Ok."),
        form=form,
        **columns,
    )
    assert roles(found) == ["customer", "agent", "customer", "agent"]
    assert "role-from-name" in codes(found)


def test_somebody_who_says_the_agents_name_of_himself_is_the_agent() -> None:
    turns = [
        ("S2", "Hello, who is this?"),
        ("S1", "This is Petra speaking."),
        ("S2", "Hi Petra."),
        ("S1", "Hi."),
    ]
    assert roles(read(*turns, agent=["petra.quill@l.example"])) == ["customer", "agent"] * 2


@FORMS
@pytest.mark.parametrize(
    "third", ["IVR", "Bot", "Supervisor", "Interpreter", "Dolmetscher", "переводчик", "System"]
)
def test_a_third_voice_is_left_open_and_the_two_people_are_settled(form: str, third: str) -> None:
    found = read((third, "One moment."), ("Agent", "Hello."), ("Customer", "Hi."), (third, "Yes."), form=form)
    assert roles(found) == [third.casefold(), "agent", "customer", third.casefold()]


@FORMS
def test_a_second_agent_after_a_transfer_is_the_agent_with_a_finding(form: str) -> None:
    found = read(
        ("Agent 1", "Hi."), ("Customer", "Hi."), ("Agent 2", "I take over."), ("Customer", "Ok."), form=form
    )
    assert roles(found) == ["agent", "customer", "agent", "customer"]
    (said,) = [item for item in found.findings if item.code == "side-has-several-speakers"]
    assert "'Agent 1' (1 line) and 'Agent 2' (1 line)" in said.message


@FORMS
@pytest.mark.parametrize(
    "turns",
    [
        [("Agent", "Hello."), ("Agent", "Are you there?"), ("Agent", "Bye.")],
        [("Customer", "Hello."), ("Customer", "Hi."), ("Customer", "Bye.")],
        [("Agent 1", "Hello."), ("Agent 2", "My bill."), ("Agent 1", "Ok.")],
    ],
)
def test_a_side_that_never_speaks_holds_the_call_and_names_labels_and_counts(
    form: str, turns: list[tuple[str, str]]
) -> None:
    found = read(*turns, form=form)
    (said,) = [item for item in found.findings if item.code == "one-side-silent"]
    assert said.severity == "error"
    assert f"{turns[0][0]!r} (" in said.message
    by_hand = read_transcript(
        json.dumps([{"speaker": who, "text": text} for who, text in turns]),
        roles={who: "agent" for who, _ in turns},
    )
    assert "one-side-silent" not in codes(by_hand)


def test_two_lines_of_one_side_are_a_warning_and_one_line_has_one_side() -> None:
    assert codes(read(("Agent", "Hello."), ("Agent", "Bye."))) == {"one-side-silent-short"}
    assert codes(read(("Agent", "Hello."))) == set()


@pytest.mark.parametrize(
    ("one", "other"),
    [("Member", "Guest"), ("Support", "Representative"), ("Agent", "Manager"), ("Agent", "Supervisor"),
     ("Customer", "Caller")],
)  # fmt: skip
def test_what_no_rule_settles_stays_open(one: str, other: str) -> None:
    found = read((one, "Hello."), (other, "Hi."), (one, "Bye."), (other, "Bye."))
    assert not {"agent", "customer"} <= set(roles(found))


GREETINGS = [
    "Bonjour, comment puis-je vous aider ?",
    "Buenos días, ¿en qué puedo ayudarle?",
    "Buongiorno, come posso aiutarla?",
    "Bom dia, em que posso ajudar?",
    "Goedemorgen, waarmee kan ik u helpen?",
    "Dzień dobry, w czym mogę pomóc?",
    "Dobrý den, jak vám mohu pomoci?",
    "Merhaba, size nasıl yardımcı olabilirim?",
    "Hej, vad kan jag hjälpa dig med?",
    "Hej, hvad kan jeg hjælpe dig med?",
    "Hei, hva kan jeg hjelpe deg med?",
    "Hei, miten voin auttaa?",
    "Здравствуйте, чем могу помочь?",
    "Добрий день, чим можу допомогти?",
    "مرحبا، كيف يمكنني مساعدتك؟",
    "שלום, איך אפשר לעזור?",
    "您好，请问有什么可以帮您？",
    "안녕하세요, 무엇을 도와드릴까요?",
    "お電話ありがとうございます。ご用件をお伺いします。",
    "Selamat pagi, ada yang bisa saya bantu?",
    "Xin chào, tôi có thể giúp gì cho anh?",
    "नमस्ते, मैं आपकी क्या सहायता कर सकता हूँ?",
    "Guten Tag, was kann ich für Sie tun?",
]


@pytest.mark.parametrize("greeting", GREETINGS)
def test_an_offer_of_help_in_many_languages(greeting: str) -> None:
    found = read(("Speaker 2", "…?"), ("Speaker 1", greeting), ("Speaker 2", "OK."), ("Speaker 1", "OK."))
    assert roles(found) == ["customer", "agent"] * 2


OF_CUSTOMERS = ("Customer Phone", "Kundenname", "CallerNumber", "ANI", "Kunde")
OF_CUSTOMERS += ("Имя клиента", "اسم العميل", "Client Name")
OF_OTHERS = ("Customer satisfaction", "Customer Comment", "Call ID", "Room")


@pytest.mark.parametrize(
    ("header", "settles"),
    [*((header, True) for header in OF_CUSTOMERS), *((header, False) for header in OF_OTHERS)],
)
def test_a_column_settles_who_the_customer_is_if_it_is_called_so(header: str, settles: bool) -> None:
    said = "+493012345: The parcel.\n+491719876543: The bill.\n+493012345: The parcel."
    rows = pd.DataFrame({header: ["0171 9876543"], "Transcript": [said]})
    mapping = Mapping(fields={"transcript": "Transcript"}, tags=[header])
    (call,) = build_frame(rows, mapping)
    found = [line.role for line in call.call.transcript or ()]
    assert (found == ["agent", "customer", "agent"]) is settles, found


def test_a_row_hands_its_customer_cells_to_the_transcript() -> None:
    rows = pd.DataFrame(
        {
            "Call ID": ["c1"],
            "Agent Email": ["a17@cedarline.example"],
            "Customer Phone": ["0171 9876543"],
            "Transcript": ["+493012345: Hello.\n+491719876543: My bill.\n+493012345: Ok, let me see."],
        }
    )
    (call,) = build_frame(rows, guess_mapping(rows))
    assert [line.role for line in call.call.transcript or ()] == ["agent", "customer", "agent"]


def test_correcting_words_does_not_make_a_silent_side_speak() -> None:
    call = Call(transcript=[TranscriptLine("agent", text) for text in ("Hello.", "Are you there?", "Bye.")])
    silent = finding("one-side-silent", "transcript", "Every line is the agent's.")
    corrected = Call(
        transcript=[TranscriptLine("agent", text) for text in ("Hallo.", "Are you there?", "Bye.")]
    )
    answered = Call(transcript=[TranscriptLine("agent", "Hello."), TranscriptLine("customer", "Hi.")])
    assert carried_findings([silent], call, corrected) == [silent]
    assert carried_findings([silent], call, answered) == []


@pytest.mark.parametrize("form", ["{0}|{1}|", "[{2}][{0}]{1} ", "({0}) {1} ~ "])
def test_a_text_that_was_not_cut_into_its_lines_is_never_one_side_s_in_silence(form: str) -> None:
    said = [
        ("Agent", "Hello there, how can I help?"),
        ("Customer", "My line is dead"),
        ("Agent", "I look"),
        ("Customer", "Thanks"),
    ]
    text = "".join(form.format(who, words, f"00:0{n}") for n, (who, words) in enumerate(said))
    transcript = read_transcript(text)
    held = {finding.code for finding in transcript.findings if finding.severity == "error"}
    assert len(transcript.lines) == 4 or held


def test_one_line_of_one_side_is_a_call() -> None:
    transcript = read_transcript(
        "Customer: Hello, this is a message (the agent did not answer). Please call me back."
    )
    assert [finding.code for finding in transcript.findings if finding.severity == "error"] == []


def test_the_very_name_in_a_column_outweighs_the_words_that_it_is_made_of() -> None:
    text = "Grace Customer: Good morning, Harbour Insurance, how can I help?\nOmar Haddad: A tree fell on my garage."
    read = read_transcript(text, agent=("ann@x.example", "Grace Customer"))
    assert [line.role for line in read.lines] == ["agent", "customer"]
    assert "role-from-name" in [one.code for one in read.findings]


def test_a_turkish_name_that_means_call_is_a_name() -> None:
    text = "Laura Demir: Merhaba, nasıl yardımcı olabilirim?\nÇağrı Yılmaz: İnternetim çalışmıyor."
    read = read_transcript(text, agent=("Laura Demir",))
    assert [line.role for line in read.lines] == ["agent", "customer"]
    assert [line.role for line in read_transcript(text.replace("Laura Demir", "Çağrı merkezi")).lines] == [
        "agent",
        "customer",
    ]


def test_a_name_that_a_column_proves_leaves_no_two_agents_in_silence() -> None:
    text = "Grace Customer: Good morning, how can I help?\nTom Agent: A tree fell.\nGrace Customer: Oh dear."
    read = read_transcript(text, agent=("Grace Customer",))
    assert [line.role for line in read.lines][::2] == ["agent", "agent"]
    assert "one-side-silent" in [one.code for one in read.findings]
