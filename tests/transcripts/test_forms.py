"""Text forms, names, roles, times and speakers: what analysts' cells hold, and exactly what becomes of it."""

from __future__ import annotations

from typing import Any

import pytest

from reddy_lib.transcripts import Transcript, accounted, read_transcript, role_of, speaker_table
from reddy_lib.transcripts.times import Moment, fill_in, read_moment
from reddy_lib.transcripts.turns import Turn, settle


def said(transcript: Transcript) -> list[tuple[str, str]]:
    return [(line.role, line.text) for line in transcript.lines]


def codes(transcript: Transcript) -> list[str]:
    return [item.code for item in transcript.findings if item.code != "times-estimated"]


def read(cell: str, **how: Any) -> Transcript:
    """Read, with each character of the cell accounted for."""
    transcript = read_transcript(cell, **how)
    loss = accounted(cell, transcript)
    assert (loss.unassigned, loss.added) == ([], 0)
    return transcript


@pytest.mark.parametrize(
    "cell",
    [
        "Agent: Hello.\\nCustomer: Hi.\\nAgent: Bye.",
        "Agent: Hello.\\r\\nCustomer: Hi.\\r\\nAgent: Bye.",
        "Agent: Hello.<br>Customer: Hi.<br/>Agent: Bye.",
        "Agent: Hello. Customer: Hi. Agent: Bye.",
        "**Agent:** Hello. **Customer:** Hi. **Agent:** Bye.",
        "**Agent**: Hello.\n\n**Customer**: Hi.\n\n**Agent**: Bye.",
        "> Agent: Hello.\n> Customer: Hi.\n> Agent: Bye.",
        "## Agent: Hello.\n## Customer: Hi.\n## Agent: Bye.",
        "1. Agent: Hello.\n2. Customer: Hi.\n3. Agent: Bye.",
        "• Agent: Hello.\n• Customer: Hi.\n• Agent: Bye.",
        "Agent：Hello.\nCustomer：Hi.\nAgent：Bye.",
        "AGENT: Hello.\nCUSTOMER: Hi.\nAGENT: Bye.",
        "agent : Hello.\ncustomer : Hi.\nagent : Bye.",
        "Agent:Hello.\nCustomer:Hi.\nAgent:Bye.",
        "Agent:\nHello.\nCustomer:\nHi.\nAgent:\nBye.",
        "Agent\nHello.\nCustomer\nHi.\nAgent\nBye.",
        "\ufeffAgent: Hello.\nCustomer: Hi.\nAgent: Bye.",
        '"Agent: Hello.\\nCustomer: Hi.\\nAgent: Bye."',
    ],
)
def test_one_call_in_each_way_to_write_it(cell: str) -> None:
    transcript = read_transcript(cell)
    assert said(transcript) == [("agent", "Hello."), ("customer", "Hi."), ("agent", "Bye.")]
    assert (transcript.form, codes(transcript)) == ("labelled text", [])


@pytest.mark.parametrize(
    ("agent", "customer"),
    [
        ("Agente", "Cliente"),
        ("Asesora", "Llamante"),
        ("Conseiller", "Client"),
        ("Téléconseillère Conseillère", "Appelant"),
        ("Mitarbeiter", "Kundin"),
        ("Operatore", "Chiamante"),
        ("Medewerker", "Klant"),
        ("Atendente", "Cliente"),
        ("Konsultant", "Klient"),
        ("Оператор", "Абонент"),
        ("坐席", "顧客"),
        ("オペレーター", "お客様"),
    ],
)
def test_labels_in_other_languages(agent: str, customer: str) -> None:
    transcript = read(f"{agent}: A?\n{customer}: B.\n{agent}: C.")
    assert said(transcript) == [("agent", "A?"), ("customer", "B."), ("agent", "C.")]


def test_names_written_from_right_to_left_keep_coming_back() -> None:
    transcript = read("دانا: שלום.\nיוסי: היי.\nدانا: ביי.\nיוסי: תודה.")
    assert said(transcript) == [("دانا", "שלום."), ("יוסי", "היי."), ("دانا", "ביי."), ("יוסי", "תודה.")]


@pytest.mark.parametrize(
    "line",
    [
        "- Step 1: unplug it",
        "1. Restart: hold the key",
        "Order number: 4711",
        "Note: this may take a while",
        "https://cedarline.example/help",
        "Password: hunter2",
        "Monday: closed",
        "It costs: nothing",
    ],
)
def test_lines_of_a_list_are_not_speakers(line: str) -> None:
    transcript = read(f"Agent: Do this.\n{line}\nCustomer: Ok.\nAgent: Fine.")
    assert said(transcript) == [("agent", f"Do this.\n{line}"), ("customer", "Ok."), ("agent", "Fine.")]
    assert codes(transcript) in (["line-without-speaker"], ["aside-kept"])


@pytest.mark.parametrize(
    "aside", ["[pause]", "(The agent types.)", "*music*", "# Second part", "<hold>", "{noise}"]
)
def test_a_stage_direction_stays_where_it_stands(aside: str) -> None:
    transcript = read(f"Agent: A.\n{aside}\nCustomer: B.")
    assert said(transcript) == [("agent", f"A.\n{aside}"), ("customer", "B.")]
    assert [(item.code, item.line) for item in transcript.findings if item.code == "aside-kept"] == [
        ("aside-kept", 1)
    ]


def test_labels_that_vary_are_the_same_side() -> None:
    cell = "Agent: A.\nAGENT (Ben): B.\nBen: C.\nCustomer 1: D.\nagent ben: E."
    assert [role for role, _ in said(read(cell))] == ["agent", "agent", "agent", "customer", "agent"]


@pytest.mark.parametrize(
    ("agent", "roles"),
    [
        (["Ben Smith"], ["agent", "customer", "agent", "customer"]),
        (["ben.smith@cedarline.example"], ["agent", "customer", "agent", "customer"]),
        (["Smith, Ben"], ["agent", "customer", "agent", "customer"]),
        (["Ann Lee", ""], ["customer", "agent", "customer", "agent"]),
        (["someone@cedarline.example"], ["ben", "ann", "ben", "ann"]),
        (["Ben", "Ann"], ["ben", "ann", "ben", "ann"]),
        ([], ["ben", "ann", "ben", "ann"]),
    ],
)
def test_the_agent_column_says_who_is_who(agent: list[str], roles: list[str]) -> None:
    transcript = read("Ben: A.\nAnn: B.\nBen: C.\nAnn: D.", agent=agent)
    assert [role for role, _ in said(transcript)] == roles
    assert codes(transcript) == (["role-from-name"] if "agent" in roles else [])


@pytest.mark.parametrize(
    ("label", "role"),
    [
        ("Agent 2", "agent"),
        ("agent_1", "agent"),
        ("END-USER", "customer"),
        ("Member services", "agent"),
        ("Customer Success", "agent"),
        ("Contoso Hotline", "agent"),
        ("Main Agent", "agent"),
        ("Automated agent", "agent"),
        ("Agent and customer", ""),
        ("Virtual agent", ""),
        ("Supervisor", ""),
        ("user", ""),
        ("Ben", ""),
        ("", ""),
        ("agent " * 20, ""),
    ],
)
def test_the_role_of_a_label(label: str, role: str) -> None:
    assert role_of(label) == role


@pytest.mark.parametrize(
    ("roles", "role"),
    [
        ({"ivr": "agent"}, "agent"),
        ({" IVR ": "leave out"}, "leave out"),
        ({"ivr": "nobody"}, ""),
        ({"bot": "agent"}, ""),
        ({}, ""),
    ],
)
def test_the_analysts_roles_are_compared_without_case_and_spaces(roles: dict[str, str], role: str) -> None:
    assert role_of("IVR", roles) == role


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("7", Moment(7.0, plain=True)),
        ("7 s", Moment(7.0)),
        ("700ms", Moment(0.7)),
        ("1:02:03,5", Moment(3723.5, clock=True)),
        ("12:00:05 AM", Moment(5.0, absolute=True)),
        ("1:00 p.m.", Moment(46800.0, absolute=True)),
        ("13:00 PM", None),
        ("PT1H1M1.5S", Moment(3661.5)),
        ("P", None),
        (1_772_445_600, Moment(1_772_445_600.0, absolute=True, number=1_772_445_600)),
        (1_772_445_600_500, Moment(1_772_445_600.5, absolute=True, number=1_772_445_600_500)),
        (True, None),
        ([], None),
        (float("inf"), None),
    ],
)
def test_a_time_as_it_is_written(value: object, moment: Moment | None) -> None:
    assert read_moment(value) == moment


@pytest.mark.parametrize(
    ("spans", "words", "filled", "estimated", "derived"),
    [
        ([], [], [], [], []),
        ([(1.0, 2.0)], [9], [(1.0, 2.0)], [], []),
        ([(1.0, None), (4.0, 5.0)], [1, 1], [(1.0, 4.0), (4.0, 5.0)], [], [1]),
        ([(1.0, None)], [26], [(1.0, 11.0)], [1], []),
        ([(None, None)], [0], [(0.0, 0.38)], [1], []),
        ([(None, 10.0)], [13], [(5.0, 10.0)], [1], []),
        ([(5.0, 6.0), (None, None), (6.5, 7.0)], [1, 26, 1], [(5.0, 6.0), (6.0, 6.5), (6.5, 7.0)], [2], []),
        ([(5.0, 6.0), (2.0, 3.0)], [1, 1], [(5.0, 6.0), (2.0, 3.0)], [], []),
    ],
)
def test_what_is_filled_in_and_what_is_left(
    spans: list[Any], words: list[int], filled: list[Any], estimated: list[int], derived: list[int]
) -> None:
    assert fill_in(spans, words) == (filled, estimated, derived)


@pytest.mark.parametrize(
    ("start", "other", "unit", "span", "rebased"),
    [
        (Moment(2.0, plain=True), {}, "auto", (2.0, None), False),
        (Moment(2000.0, plain=True), {}, "ms", (2.0, None), False),
        (Moment(2000.0, plain=True), {}, "auto", (2.0, None), False),
        (Moment(2000.0, plain=True), {}, "s", (2000.0, None), False),
        (Moment(2000.0), {}, "ms", (2000.0, None), False),
        (Moment(2.0), {"duration": Moment(0.5)}, "auto", (2.0, 2.5), False),
        (Moment(2.0), {"stop": Moment(3.0), "duration": Moment(9.0)}, "auto", (2.0, 3.0), False),
        (
            Moment(1.8e9, absolute=True),
            {"stop": Moment(1.8e9 + 1.5, absolute=True)},
            "auto",
            (0.0, 1.5),
            True,
        ),
    ],
)
def test_seconds_from_the_start_of_the_call(
    start: Moment, other: dict[str, Moment], unit: Any, span: tuple[Any, Any], rebased: bool
) -> None:
    spans, how, _ = settle([Turn("agent", "Hello.", start, **other)], unit)
    assert (spans, bool(how)) == ([span], rebased)


def test_the_speakers_of_a_batch_are_counted_over_its_calls() -> None:
    cells = ["Agent: A.\nBen: B.\nBen: C.\nAgent: D.\nBen: E.", "AGENT: F.\nIVR: G."]
    table = speaker_table([read_transcript(cell) for cell in cells])
    assert [(one.label, one.calls, one.lines, one.role) for one in table] == [
        ("IVR", 1, 1, ""),
        ("Agent", 2, 3, "agent"),
        ("Ben", 1, 3, "customer"),
    ]
    assert table[1].examples == ["A.", "F."]
    assert table[0].why == "the label does not say which side this is"


def test_a_long_example_is_shortened_and_a_blank_one_is_passed_over() -> None:
    (agent,) = speaker_table(
        [read_transcript([{"role": "agent", "text": " "}, {"role": "agent", "text": "x" * 200}])]
    )
    assert agent.examples == ["x" * 119 + "…"]
