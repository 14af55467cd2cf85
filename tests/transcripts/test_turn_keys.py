"""Lists of turns whose keys no list of names has: found by words in the names and by the values over the whole list."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reddy_lib.transcripts import read_transcript
from reddy_lib.transcripts.formats.turn_keys import plan_of
from reddy_lib.transcripts.key_names import side_of_flag
from tests.transcripts.conversation import SIDES, STARTS, STOPS, TEXTS, check, codes, turns

WORDS = {"agent": "AGENTE", "customer": "CLIENTE"}
WAYS = {"agent": "outbound", "customer": "inbound"}


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(
            lambda n, side, text, a, b: {"locutor": WORDS[side], "dice": text, "t0": a, "t1": b}, id="spanish"
        ),
        pytest.param(
            lambda n, side, text, a, b: {"q": WORDS[side], "zz": text, "aa": a, "bb": b}, id="no names at all"
        ),
        pytest.param(
            lambda n, side, text, a, b: {
                "sprecher": side,
                "nachrichtentext": text,
                "anfang": a,
                "endzeit": b,
            },
            id="german",
        ),
        pytest.param(
            lambda n, side, text, a, b: {"rola": side, "wypowiedz": text, "poczatek": a, "koniec": b},
            id="polish",
        ),
        pytest.param(
            lambda n, side, text, a, b: {"説話者": side, "発言": text, "開始": a, "終了": b}, id="japanese"
        ),
        pytest.param(
            lambda n, side, text, a, b: {
                "talker_role": side,
                "dialogue_turn": text,
                "seg_begin": a,
                "seg_finish": b,
            },
            id="snake case",
        ),
        pytest.param(
            lambda n, side, text, a, b: {
                "turnNo": n + 1,
                "spkrRole": side,
                "spokenText": text,
                "tStart": a,
                "tEnd": b,
            },
            id="camel case",
        ),
        pytest.param(lambda n, side, text, a, b: (side, text, a, b), id="tuples"),
        pytest.param(lambda n, side, text, a, b: [n, text, side, a, b], id="rows in another order"),
        pytest.param(
            lambda n, side, text, a, b: {
                "type": "transcript",
                "side": side,
                "body": text,
                "from": a,
                "to": b,
            },
            id="one type for all",
        ),
    ],
)
def test_turns_under_names_of_any_kind(make: Any) -> None:
    check(json.dumps(turns(make), ensure_ascii=False), starts=STARTS, stops=STOPS)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(
            lambda n, side, text, a, b: {"is_agent": side == "agent", "says": text, "seq": n}, id="is_agent"
        ),
        pytest.param(
            lambda n, side, text, a, b: {"isOperator": side == "agent", "text": text}, id="isOperator"
        ),
        pytest.param(
            lambda n, side, text, a, b: {"from_customer": int(side == "customer"), "body": text}, id="0 and 1"
        ),
        pytest.param(
            lambda n, side, text, a, b: {"incoming": side == "customer", "msg": text}, id="incoming"
        ),
        pytest.param(
            lambda n, side, text, a, b: {"outgoing": side == "agent", "body": text, "id": 100 + 7 * n},
            id="outgoing",
        ),
        pytest.param(lambda n, side, text, a, b: {"direction": WAYS[side], "content": text}, id="direction"),
        pytest.param(lambda n, side, text, a, b: {"dir": WAYS[side][:-5], "sms": text}, id="in and out"),
        pytest.param(lambda n, side, text, a, b: {"fromMe": side == "agent", "message": text}, id="fromMe"),
    ],
)
def test_flags_and_directions_are_sides(make: Any) -> None:
    check(json.dumps(turns(make)))


def test_a_flag_of_a_machine_says_no_side() -> None:
    assert [side_of_flag(name) for name in ("is_bot", "isAgent", "from_client", "is_new", "not_agent")] == [
        "",
        "agent",
        "customer",
        "",
        "",
    ]


def test_a_name_never_outweighs_values_that_contradict_it() -> None:
    rows = turns(
        lambda n, side, text, a, b: {
            "line": n + 1,
            "message": "message",
            "who": side,
            "says": text,
            "score": 0.5 + n / 100,
        }
    )
    plan = plan_of(rows)
    assert (plan.text[0], plan.role[0], plan.counter, plan.start) == ("says", "who", "line", ())
    check(json.dumps(rows))


def test_positions_of_characters_are_no_times() -> None:
    at = 0
    rows = []
    for side, text in zip(SIDES, TEXTS, strict=True):
        rows.append({"speaker": side, "text": text, "char_start": at, "char_end": at + len(text)})
        at += len(text) + 1
    transcript = check(json.dumps(rows))
    assert "times-estimated" in codes(transcript)


def test_a_role_that_is_a_side_wins_over_a_name_beside_it() -> None:
    rows = turns(
        lambda n, side, text, a, b: {
            "name": {"agent": "Petra", "customer": "Tom"}[side],
            "participant_kind": side,
            "text": text,
        }
    )
    assert set(check(json.dumps(rows)).labels) == {"agent", "customer"}


def test_each_side_under_a_key_of_its_own() -> None:
    check(json.dumps([{side: text} for side, text in zip(SIDES, TEXTS, strict=True)]))
    check(json.dumps([{"agent_message": TEXTS[n], "customer_message": TEXTS[n + 1]} for n in (0, 2, 4)]))


def test_who_speaks_may_stand_at_the_beginning_of_each_text() -> None:
    names = {"agent": "Agent", "customer": "Customer"}
    rows = turns(lambda n, side, text, a, b: {"at": a, "text": f"{names[side]}: {text}"})
    check(json.dumps(rows), starts=STARTS)
    check(json.dumps({"lines": [row["text"] for row in rows]}))


def test_words_with_speakers_become_lines() -> None:
    words = [
        {"w": word, "spk": side, "s": round(start + 0.2 * place, 2), "e": round(start + 0.2 * place + 0.2, 2)}
        for side, text, start in zip(SIDES, TEXTS, STARTS, strict=True)
        for place, word in enumerate(text.split())
    ]
    check(json.dumps(words), starts=STARTS)


def test_pieces_of_words_are_joined_by_their_own_spaces() -> None:
    tokens = []
    for number, (side, text, start) in enumerate(zip(SIDES, TEXTS, STARTS, strict=True)):
        pieces = [piece for word in text.split() for piece in (f" {word[:3]}", word[3:]) if piece.strip()]
        pieces[0] = pieces[0].lstrip() if number == 0 else pieces[0]
        tokens += [
            {
                "text": piece,
                "start_ms": int(1000 * start) + 90 * place,
                "end_ms": int(1000 * start) + 90 * place + 90,
                "speaker": side,
            }
            for place, piece in enumerate(pieces)
        ]
    check(json.dumps({"text": " ".join(TEXTS), "tokens": tokens}), starts=STARTS)


def test_a_list_without_anything_that_could_be_a_speaker_is_asked_about() -> None:
    transcript = read_transcript(json.dumps(turns(lambda n, side, text, a, b: {"t": a, "w": text})))
    assert [line.text for line in transcript.lines] == TEXTS
    assert "transcript-no-speakers" in codes(transcript)


def test_a_direction_of_the_whole_call_says_nobody_spoke() -> None:
    rows = turns(
        lambda n, side, text, a, b: {"direction": "inbound", "speaker": side if n != 3 else "", "text": text}
    )
    transcript = read_transcript(json.dumps(rows))
    assert [line.role for line in transcript.lines] == [*SIDES[:3], "", *SIDES[4:]]
