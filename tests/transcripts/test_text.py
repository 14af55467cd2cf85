"""Transcripts as text: who is speaking when labels change from call to call, and what is no speech at all."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from reddy_lib.checks import check
from reddy_lib.model import Call, TranscriptLine
from reddy_lib.spreadsheet import Mapping, build_call
from reddy_lib.transcripts import Transcript, read_transcript, roles_swapped, speaker_table
from reddy_lib.transcripts.asides import is_aside, roles_in
from reddy_lib.transcripts.names import infer_roles, is_named


def said(transcript: Transcript) -> list[tuple[str, str]]:
    return [(line.role, line.text) for line in transcript.lines]


def codes(transcript: Transcript) -> list[str]:
    return [item.code for item in transcript.findings if item.code != "times-estimated"]


def finding_of(transcript: Transcript, code: str) -> str:
    (message,) = [item.message for item in transcript.findings if item.code == code]
    return message


# --- labels that vary from call to call ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("agent", "customer"),
    [
        ("Agent:", "Customer:"),
        ("Agent (Ben):", "Customer (Juan):"),
        ("AGENT (BEN):", "CUSTOMER (JUAN):"),
        ("Agent Ben:", "Customer Juan:"),
        ("Ben (Agent):", "Juan (Customer):"),
        ("**Ben (Agent)**:", "**Juan (Customer)**:"),
        ("**Agent:**", "**Customer:**"),
        ("__Agent__:", "__Customer__:"),
        ("*Agent*:", "*Customer*:"),
        ("- Agent:", "- Customer:"),
        ("Operator:", "Caller:"),
        ("<operator>", "<client>"),
        ("[Agent]", "[Customer]"),
        ("Contoso Inc. Representative:", "Client:"),
        ("Contoso Support:", "Kunde:"),
        ("Ben - Agent:", "Juan - Customer:"),
        ("Ben, Agent:", "Juan, Customer:"),
        ("<b>Agent:</b>", "<b>Customer:</b>"),
        ("(Agent):", "(Customer):"),
        ('"Agent":', '"Customer":'),
        ("Agent\t", "Customer\t"),
        ("Agent -", "Customer -"),
        ("Агент:", "Клиент:"),
        ("Agent :", "Customer :"),
    ],
)
def test_one_conversation_in_many_kinds_of_labels(agent: str, customer: str) -> None:
    cell = f"{agent} Good morning.\n{customer} My card is gone.\n{agent} I block it.\n{customer} Thank you."
    transcript = read_transcript(cell)
    assert said(transcript) == [
        ("agent", "Good morning."),
        ("customer", "My card is gone."),
        ("agent", "I block it."),
        ("customer", "Thank you."),
    ]
    assert codes(transcript) == []


def test_numbered_turns_lose_nothing_but_their_number() -> None:
    assert said(read_transcript("1. Agent: Hello\n2. Customer: Hi\n3) Agent: Bye")) == [
        ("agent", "Hello"),
        ("customer", "Hi"),
        ("agent", "Bye"),
    ]


def test_labels_on_lines_of_their_own_need_no_colon() -> None:
    cell = "Agent\nHello, this is Ben.\nCustomer\nHi.\nI lost my card.\nAgent\nOne moment."
    transcript = read_transcript(cell)
    assert [line.role for line in transcript.lines] == ["agent", "customer", "agent"]
    assert transcript.lines[1].text == "Hi.\nI lost my card."


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("2026-03-02 10:00:00 ", "2026-03-02 10:00:05 "),
        ("[2026-03-02 10:00:00] ", "[2026-03-02T10:00:05Z] "),
        ("10:00:00 AM ", "10:00:05 AM "),
        ("[11:59:58 am] ", "[12:00:03 pm] "),
    ],
)
def test_times_of_day_count_from_the_first(first: str, second: str) -> None:
    transcript = read_transcript(f"{first}Agent: Hello.\n{second}Customer: Hi.", times="leave out")
    assert transcript.lines == [
        TranscriptLine("agent", "Hello.", 0),
        TranscriptLine("customer", "Hi.", 5),
    ]


def test_a_role_inside_a_sentence_is_no_label_of_its_own() -> None:
    transcript = read_transcript("I want an agent\nThe customer is king\nAn agent please")
    assert transcript.form == "no speakers"
    assert [line.text for line in transcript.lines] == [
        "I want an agent",
        "The customer is king",
        "An agent please",
    ]


def test_the_text_below_a_bare_label_is_its_text_and_no_finding() -> None:
    transcript = read_transcript("Agent:\nHello Ana.\n\nCustomer:\nHi.")
    assert said(transcript) == [("agent", "Hello Ana."), ("customer", "Hi.")]
    assert codes(transcript) == []


# --- several turns in one line ---------------------------------------------------------------------------


def test_bold_labels_in_one_line_with_a_heading_before_them() -> None:
    cell = "**Customer Service Call Transcript** **Agent:** Hello Ana. **Customer:** Hi! **Agent:** Bye."
    transcript = read_transcript(cell)
    assert said(transcript) == [
        ("agent", "Hello Ana."),
        ("customer", "Hi!"),
        ("agent", "Bye."),
    ]
    assert codes(transcript) == ["not-spoken"]


@pytest.mark.parametrize(
    "cell",
    [
        "Agent: Hello. Customer: Hi! Agent: Bye.",
        "Agent: Hello. | Customer: Hi! | Agent: Bye.",
        "Agent: Hello.\\nCustomer: Hi!\\nAgent: Bye.",
        "Agent: Hello.\\r\\nCustomer: Hi!\\r\\nAgent: Bye.",
        "Agent: Hello.<br>Customer: Hi!<br/>Agent: Bye.",
    ],
    ids=["sentences", "pipes", "written line feeds", "written returns", "html"],
)
def test_turns_in_one_line_are_cut_before_their_labels(cell: str) -> None:
    assert said(read_transcript(cell)) == [("agent", "Hello."), ("customer", "Hi!"), ("agent", "Bye.")]


def test_one_line_without_full_stops_is_cut_at_roles_that_keep_coming_back() -> None:
    cell = "Agent: hello this is ben Customer: hi there Agent: how are you Customer: fine"
    assert [line.text for line in read_transcript(cell).lines] == [
        "hello this is ben",
        "hi there",
        "how are you",
        "fine",
    ]


def test_one_line_between_names_is_cut_at_the_names() -> None:
    cell = "Ben: Hello. Juan: Hi. Ben: Your name? Juan: Juan. Ben: Thanks."
    transcript = read_transcript(cell, agent=["ben@contoso.example"])
    assert [line.role for line in transcript.lines] == ["agent", "customer", "agent", "customer", "agent"]


def test_a_heading_above_a_transcript_in_one_line_changes_nothing() -> None:
    cell = "Call transcript\nAgent: Hello. Customer: Hi. Agent: Bye."
    assert [line.role for line in read_transcript(cell).lines] == ["agent", "customer", "agent"]


# --- names -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("label", "agent"),
    [
        ("Ben", "ben@contoso.example"),
        ("BEN", "Ben"),
        ("Ben Smith", "ben.smith@contoso.example"),
        ("Smith, Ben", "ben.smith@contoso.example"),
        ("Ben", "ben.smith@contoso.example"),
        ("Smith", "ben_smith@contoso.example"),
        ("Ben Smith", "bsmith@contoso.example"),
        ("Ben Smith", "bens@contoso.example"),
        ("B. Smith", "ben.smith@contoso.example"),
        ("Mr. Smith", "ben.smith@contoso.example"),
        ("Ben Smith", "bensmith42@contoso.example"),
        ("Zoë", "zoe@contoso.example"),
        ("Ben", "Smith, Ben"),
    ],
)
def test_labels_that_name_the_person_in_the_agent_column(label: str, agent: str) -> None:
    assert is_named(label, agent)


@pytest.mark.parametrize(
    ("label", "agent"),
    [
        ("Ben", "benedict@contoso.example"),
        ("Ben", "bsmith@contoso.example"),
        ("B", "ben@contoso.example"),
        ("Ben Jones", "ben.smith@contoso.example"),
        ("Ben", "4711"),
        ("Contoso", "ben@contoso.example"),
        ("", "ben@contoso.example"),
        ("Ben", ""),
    ],
)
def test_labels_that_do_not(label: str, agent: str) -> None:
    assert not is_named(label, agent)


def test_the_agent_column_says_who_is_who_and_the_finding_says_why() -> None:
    transcript = read_transcript(
        "Ben: Hello.\nJuan: Hi.\nBen: Your name?\nJuan: Juan.", agent=["ben@contoso.example"]
    )
    assert [line.role for line in transcript.lines] == ["agent", "customer", "agent", "customer"]
    assert codes(transcript) == ["role-from-name"]
    assert finding_of(transcript, "role-from-name") == (
        "'Ben' was taken for the agent: the agent column says 'ben@contoso.example'; "
        "'Juan' was taken for the customer: it is the only other person in a call with an agent."
    )


def test_the_customer_may_speak_first() -> None:
    transcript = read_transcript("Juan: Hello?\nBen: Hi.\nJuan: My card.\nBen: Yes.", agent=["Ben"])
    assert [line.role for line in transcript.lines] == ["customer", "agent", "customer", "agent"]


def test_a_short_call_between_two_names_is_enough() -> None:
    transcript = read_transcript("Ben: Hello, how can I help?\nJuan: Wrong number.", agent=["Ben"])
    assert said(transcript) == [("agent", "Hello, how can I help?"), ("customer", "Wrong number.")]


def test_without_an_agent_column_two_names_stay_names() -> None:
    transcript = read_transcript("Ben: Hello.\nJuan: Hi.\nBen: Your name?\nJuan: Juan.")
    assert [line.role for line in transcript.lines] == ["ben", "juan", "ben", "juan"]
    assert codes(transcript) == []


def test_one_name_beside_a_role_is_the_other_side() -> None:
    cell = "Agent: Hello.\nClara: Hi.\nAgent: Yes?\nClara: My card."
    assert [line.role for line in read_transcript(cell).lines] == ["agent", "customer", "agent", "customer"]


@pytest.mark.parametrize(
    ("labels", "settled", "agent"),
    [
        (["Ben", "Ben Smith", "Ben Jones"], {}, ["ben@contoso.example"]),
        (["Ben", "Juan", "Ana"], {"Ben": ""}, []),
        (["Agent", "Clara"], {"Agent": "agent"}, ["clara@contoso.example"]),
        (["Customer", "Ben"], {"Customer": "customer"}, ["daleen@contoso.example"]),
        (["Agent", "Manager"], {"Agent": "agent"}, []),
        (["Agent", "Speaker 2"], {"Agent": "agent"}, []),
        (["Agent", "user"], {"Agent": "agent"}, []),
        (["Agent", "Supervisor", "Clara"], {"Agent": "agent"}, []),
    ],
)
def test_nobody_gets_a_role_where_two_readings_are_possible(
    labels: list[str], settled: dict[str, str], agent: list[str]
) -> None:
    assert infer_roles(labels, {label: settled.get(label, "") for label in labels}, agent) == {}


def test_of_three_people_the_agent_is_known_and_the_others_are_left_open() -> None:
    cell = "Ben: Hello.\nJuan: Hi.\nAna: I'm here too.\nBen: Fine.\nJuan: My card.\nAna: Mine too."
    transcript = read_transcript(cell, agent=["ben@contoso.example"])
    assert [line.role for line in transcript.lines] == ["agent", "juan", "ana", "agent", "juan", "ana"]


def test_an_operator_who_connects_the_call_is_not_the_customer() -> None:
    cell = "Operator: Connecting.\nBen: Hello.\nHelena: Hi.\nBen: Yes?\nHelena: My line is dead."
    transcript = read_transcript(cell, agent=["ben@contoso.example"])
    assert [line.role for line in transcript.lines] == ["agent", "agent", "customer", "agent", "customer"]


def test_names_in_data_are_settled_the_same_way() -> None:
    turns = [{"role": name, "text": "x", "start": 0, "stop": 1} for name in ("Ben", "Juan", "Ben")]
    transcript = read_transcript(json.dumps(turns), agent=["Ben"])
    assert [line.role for line in transcript.lines] == ["agent", "customer", "agent"]


def test_the_analysts_own_roles_win_over_names() -> None:
    cell = "Ben: Hello.\nJuan: Hi.\nBen: Yes?\nJuan: My card."
    transcript = read_transcript(cell, agent=["Ben"], roles={"ben": "customer", "Juan": "agent"})
    assert [line.role for line in transcript.lines] == ["customer", "agent", "customer", "agent"]
    assert codes(transcript) == []


def test_a_heading_that_names_both_is_believed() -> None:
    cell = (
        "Transcript of call between Louis (Customer) and Daleen (Agent)\n"
        "Louis: Hello.\nDaleen: Hi.\nLouis: My card.\nDaleen: Yes."
    )
    transcript = read_transcript(cell)
    assert [line.role for line in transcript.lines] == ["customer", "agent", "customer", "agent"]
    assert codes(transcript) == ["not-spoken"]


def test_a_list_of_who_is_who_above_the_call_is_no_turn() -> None:
    cell = (
        "*Agent:* Chris\n*Customer:* Annemarie\n"
        "**Annemarie:** Hello.\n**Chris:** Hi.\n**Annemarie:** My card.\n**Chris:** Yes."
    )
    transcript = read_transcript(cell)
    assert [line.role for line in transcript.lines] == ["customer", "agent", "customer", "agent"]
    assert transcript.lines[0].text == "Hello."
    assert [text for _, text in transcript.left_out] == ["*Agent:* Chris", "*Customer:* Annemarie"]


@pytest.mark.parametrize(
    ("heading", "name", "roles"),
    [
        ("Call between Louis (Customer) and Daleen (Agent)", "Daleen", {"agent"}),
        ("Agent (Chris) and Customer (Adam)", "Adam", {"customer"}),
        ("Agent: Chris", "Chris", {"agent"}),
        ("Louisa (Customer)", "Louis", set()),
        ("", "Ben", set()),
    ],
)
def test_roles_that_a_heading_gives(heading: str, name: str, roles: set[str]) -> None:
    assert roles_in(heading, name) == roles


def test_a_row_hands_its_agent_cells_to_the_transcript() -> None:
    cells = {
        "Agent": "Ben",
        "Mail": "b17@contoso.example",
        "Text": "Ben: Hello.\nJuan: Hi.\nBen: Yes?\nJuan: My card.",
    }
    mapping = Mapping(fields={"agent_email": "Mail", "transcript": "Text"})
    built = build_call(2, cells, mapping)
    assert [line.role for line in built.call.transcript or ()] == ["agent", "customer", "agent", "customer"]
    assert "role-from-name" in [item.code for item in built.findings]


# --- what is no speech -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "[pause]",
        "(A few moments later)",
        "*Ring Ring*",
        "[End of Call",
        "**Customer Service Call Transcript**",
        "# Call 17",
        "---",
        "Word count: 435",
        "[Total words: 512]",
        "Transcript Length: 435 words",
        "Date: 10th November 2021",
        "Participants:",
        "Transcript Starting...",
        "End of call.",
        "End of Transcript",
        "Scene: Contoso Inc. Customer Service Call.",
        "Transkript des Gesprächs",
    ],
)
def test_headings_and_stage_directions(text: str) -> None:
    assert is_aside(text)


@pytest.mark.parametrize(
    "text",
    [
        "Our Standard Roaming Package costs $1.20 per minute.",
        "1. Online payments through your account",
        "Port: 8080",
        "Is this the end of the call?",
        "I'll send you a transcript.",
        "Hello",
        "[see] the attached file",
    ],
)
def test_speech_is_not_taken_for_a_heading(text: str) -> None:
    assert not is_aside(text)


def test_a_few_words_are_a_title_only_above_the_call() -> None:
    assert is_aside("Contoso Phone Desk", opening=True)
    assert not is_aside("Contoso Phone Desk")
    assert not is_aside("Thank you for calling", opening=True)


def test_asides_stay_in_place_and_are_mentioned_once() -> None:
    cell = "[Phone rings]\n\nAgent: Hello.\n(A few moments later)\nCustomer: Hi.\n---\nWord count: 2"
    transcript = read_transcript(cell)
    assert said(transcript) == [
        ("agent", "[Phone rings]\nHello.\n(A few moments later)"),
        ("customer", "Hi."),
    ]
    assert codes(transcript) == ["not-spoken", "aside-kept"]
    assert finding_of(transcript, "aside-kept") == (
        "2 headings or stage directions were kept with line 1: '[Phone rings] · (A few moments later)'"
    )
    assert [text for _, text in transcript.left_out] == ["---", "Word count: 2"]


def test_speech_before_the_first_speaker_keeps_its_error_and_its_order() -> None:
    transcript = read_transcript("[Phone rings]\nHello?\nCall Transcript\nAgent: Good morning.")
    assert said(transcript) == [
        ("", "[Phone rings]"),
        ("", "Hello?"),
        ("agent", "Good morning."),
    ]
    assert codes(transcript) == ["line-not-read", "line-not-read", "not-spoken"]


def test_a_time_line_above_a_heading_and_a_turn() -> None:
    cell = "Transcript Starting...\n\n00:00:02\n\nAgent (Ben): Hello.\n\n00:00:07\n\nCustomer (Juan): Hi."
    transcript = read_transcript(cell, times="leave out")
    assert transcript.lines == [
        TranscriptLine("agent", "Hello.", 2),
        TranscriptLine("customer", "Hi.", 7),
    ]


def test_lists_inside_a_turn_stay_inside_it() -> None:
    cell = (
        "Agent: You can pay like this:\n1. Online payments\n2. By phone\nStep 1: Log in\nPort: 8080\n"
        "Password: secret\nOption 1: monthly\nCustomer: Thanks."
    )
    transcript = read_transcript(cell)
    assert [line.role for line in transcript.lines] == ["agent", "customer"]
    assert transcript.lines[0].text.count("\n") == 6


def test_a_tail_that_is_cut_off_is_kept() -> None:
    transcript = read_transcript("Agent: Hello.\nCustomer: You too. Goodbye!\nD")
    assert said(transcript) == [("agent", "Hello."), ("customer", "You too. Goodbye!\nD")]


def test_more_unlabelled_lines_than_anybody_reads_are_counted_in_one_finding() -> None:
    cell = "Agent: list\n" + "item\n" * 60 + "Customer: ok"
    transcript = read_transcript(cell)
    assert codes(transcript).count("line-without-speaker") == 51
    assert any(item.message.startswith("10 more lines") for item in transcript.findings)
    assert transcript.lines[0].text.count("item") == 60


def test_what_is_left_out_is_kept_beside_the_lines() -> None:
    transcript = read_transcript(
        "IVR: Press one\nAgent: Hello\nIVR: Press two", roles={"IVR": "leave out"}, times="leave out"
    )
    assert said(transcript) == [("agent", "Hello")]
    assert transcript.left_out == [(0, "Press one"), (1, "Press two")]
    assert transcript.speakers == ["Agent"]


# --- no speakers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cell",
    [
        "thank you for calling how can i help you hi my phone is dead okay let me see",
        "Thank you for calling. How can I help? Hi, my phone is dead.",
        "Subject: my phone\nIt is dead.\nRegards: Ana",
    ],
)
def test_text_without_speakers_is_flagged_and_nobody_is_guessed(cell: str) -> None:
    transcript = read_transcript(cell, agent=["ben@contoso.example"])
    assert transcript.form == "no speakers"
    assert {line.role for line in transcript.lines} == {""}
    assert codes(transcript) == ["transcript-no-speakers"]


# --- the table of speakers -------------------------------------------------------------------------------


def test_the_table_lists_every_label_of_the_batch_with_what_it_would_become() -> None:
    batch = [
        read_transcript("Agent: Hello.\nCustomer: Hi."),
        read_transcript("AGENT: Good day.\nIVR: Press one.\nIVR: Press two.\nCustomer: Hi."),
        read_transcript("Ben: Hello.\nJuan: My card.\nBen: Yes?\nJuan: It is gone.", agent=["Ben"]),
    ]
    table = {one.label: one for one in speaker_table(batch)}
    assert list(table) == ["IVR", "Agent", "Ben", "Customer", "Juan"]
    agent = table["Agent"]
    assert (agent.calls, agent.lines, agent.role) == (2, 2, "agent")
    assert agent.examples == ["Hello.", "Good day."]
    assert (table["IVR"].role, table["IVR"].lines) == ("", 2)
    assert table["IVR"].why == "the label does not say which side this is"
    assert (table["Ben"].role, table["Ben"].why) == ("agent", "the agent column says 'Ben'")
    assert table["Juan"].examples == ["My card."]
    assert repr(agent) == "<SpeakerLabel 'Agent' · 2 calls · 2 lines · agent>"


def test_a_name_that_is_both_sides_in_different_calls_is_left_to_each_call() -> None:
    cell = "Ben: Hello.\nAna: Hi.\nBen: Yes?\nAna: My card."
    table = speaker_table([read_transcript(cell, agent=["Ben"]), read_transcript(cell, agent=["Ana"])])
    assert [one.role for one in table] == ["", ""]
    assert table[0].why == "settled call by call: agent in 1, customer in 1 of 2 calls"


def test_what_the_analyst_chose_wins_in_the_table() -> None:
    batch = [read_transcript("Agent: Hello.\nIVR: Press one.")]
    table = {one.label: one for one in speaker_table(batch, {"ivr": "leave out", "Agent": "customer"})}
    assert (table["IVR"].role, table["IVR"].why) == ("leave out", "chosen by you")
    assert table["Agent"].role == "customer"


def test_a_table_of_nothing_is_empty() -> None:
    assert speaker_table([]) == []


# --- swapped roles ---------------------------------------------------------------------------------------


def conversation(*lines: tuple[str, str]) -> list[TranscriptLine]:
    return [TranscriptLine(role, text) for role, text in lines]


@pytest.mark.parametrize(
    "greeting",
    [
        "Thank you for calling Contoso, how may I help you?",
        "Guten Tag, wie kann ich Ihnen helfen?",
        "Bonjour, que puis-je faire pour vous ?",
        "Buenos días, ¿en qué puedo ayudarle?",
        "Goedemiddag, waarmee kan ik u helpen?",
    ],
)
def test_a_customer_who_greets_like_an_agent_is_a_warning(greeting: str) -> None:
    lines = conversation(("customer", greeting), ("agent", "My card is gone."))
    found = roles_swapped(lines)
    assert found is not None
    assert (found.code, found.severity, found.line) == ("roles-swapped", "warning", 1)
    assert [one.code for one in check(Call(transcript=lines)) if one.code == "roles-swapped"]


@pytest.mark.parametrize(
    "lines",
    [
        [("agent", "How can I help you?"), ("customer", "How can I help you? That's what you all say.")],
        [("customer", "Hello?"), ("agent", "Yes?"), ("customer", "Hi"), ("agent", "Hm"), ("customer", "How can I help?")],
        [("customer", "How can I help you?")],
        [("customer", "Hello."), ("agent", "My card is gone.")],
        [],
    ],
    ids=["the agent does too", "late in the call", "nobody else", "no greeting", "no lines"],
)  # fmt: skip
def test_other_conversations_are_not(lines: list[tuple[str, str]]) -> None:
    assert roles_swapped(conversation(*lines)) is None


# --- cost ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "piece",
    [":", "[", "]", "[]", "[1:", "(", "<", "</", "</ ", "<v a>", "*", "**", "*_", "a:", "- ", "1. ", "[ a ", "：", "1-->"],
)  # fmt: skip
def test_a_megabyte_of_signs_is_read_in_a_moment(piece: str) -> None:
    cell = (piece * (1_000_000 // len(piece) + 1))[:1_000_000]
    for text in (cell, "Agent: hi\nCustomer: ho\n" + cell, "Agent: [1" + " " * 1000 + cell):
        before = time.process_time()
        transcript = read_transcript(text, agent=["ben@contoso.example"])
        assert time.process_time() - before < 10  # one that read it again for each sign would take minutes
        assert transcript.lines


SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.mark.skipif(not SHARED.exists(), reason="the shared data is not here")
def test_recordings_without_speakers_are_flagged() -> None:
    files = sorted((SHARED / "woodgrove_helpdesk" / "unattributed_json").glob("*.json"))
    assert len(files) == 5
    for file in files:
        content = json.loads(file.read_text(encoding="utf-8"))["Content"]
        for cell in (content, file.read_text(encoding="utf-8")):
            transcript = read_transcript(cell, agent=["ben@contoso.example"])
            assert transcript.form == "no speakers", file.name
            assert {line.role for line in transcript.lines} == {""}
            assert "transcript-no-speakers" in codes(transcript)


def test_beside_both_sides_a_third_name_is_a_speaker_from_its_third_turn_on() -> None:
    """Twice may be a heading that comes back, or somebody quoted; where both sides are known, nobody is missing."""

    def roles(turns: int) -> list[str]:
        lines = ["Agent: Good morning.", "Customer: I lost my card."]
        for number in range(turns):
            lines += [f"Dana: I can see it, {number}.", f"Agent: Thank you, {number}."]
        return [line.role for line in read_transcript("\n".join(lines)).lines]

    assert "dana" not in roles(2)
    assert roles(3) == ["agent", "customer", *["dana", "agent"] * 3]


@pytest.mark.parametrize(
    ("closing", "said"),
    [
        ("Time: 10:00 works", True),
        ("Duration: 5 minutes would be enough", True),
        ("Datum: der 5. Mai passt mir", True),
        ("Duration: 05:32", False),
        ("Date: 3 May 2026", False),
        ("Start time: 10:00 AM EST", False),
        ("Time: 10:00 works\nDate: the same day", False),  # a block
        ("--- End of transcript ---", False),
    ],
)
def test_a_line_behind_the_last_words_is_kept_unless_it_states_a_fact_or_closes_a_block(
    closing: str, said: bool
) -> None:
    found = read_transcript(f"Agent: When shall we call?\nCustomer: Tomorrow, please.\n{closing}")
    assert found.lines[-1].text == ("Tomorrow, please.\n" + closing if said else "Tomorrow, please.")
    assert {one.code for one in found.findings} & {"aside-kept", "not-spoken"} == {
        "aside-kept" if said else "not-spoken"
    }
