"""Layouts are understood by structure and content: the same calls in many layouts, under names that mean nothing."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import pytest

from reddy_lib.spreadsheet import detect_format, read_sheet
from reddy_lib.spreadsheet.calls.building import build_frame
from reddy_lib.spreadsheet.mapping.guessing import guess_mapping
from reddy_lib.spreadsheet.reading.headers import find_header

# One conversation a language: what the agent and the customer say in turn, the agent first.
TALKS = {
    "en": [
        "Thank you for calling Harbour, how can I help you?",
        "My parcel {n} has not come.",
        "Which street is it for?",
        "It is Mill Lane {n}.",
        "It comes on Friday.",
        "Fine, thanks a lot.",
    ],
    "de": [
        "Guten Tag, hier ist Hafen, wie kann ich Ihnen helfen?",
        "Mein Paket {n} ist nicht da.",
        "Für welche Straße ist es?",
        "Für den Mühlweg {n}.",
        "Es kommt am Freitag.",
        "Gut, vielen Dank.",
    ],
    "es": [
        "Gracias por llamar a Puerto, ¿en qué puedo ayudarle?",
        "Mi paquete {n} no ha llegado.",
        "¿Para qué calle es?",
        "Es la calle Molino {n}.",
        "Llega el viernes.",
        "Bien, muchas gracias.",
    ],
    "fr": [
        "Bonjour, ici le Port, comment puis-je vous aider ?",
        "Mon colis {n} n'est pas arrivé.",
        "C'est pour quelle rue ?",
        "C'est la rue du Moulin {n}.",
        "Il arrive vendredi.",
        "Bien, merci beaucoup.",
    ],
}
SIDES = ["agent", "customer"] * 3
STARTS = [1.0, 6.5, 9.0, 13.25, 18.0, 22.5]
PEOPLE = [
    ("Ada Roth", "Ben Katz"),
    ("Ida Lund", "Carl Voss"),
    ("Ada Roth", "Dora Frey"),
    ("Ida Lund", "Emil Haas"),
]


class Talk:
    """Four calls, as rows of lines with nonsense names."""

    def __init__(self, language: str, labels: str = "sides") -> None:
        self.rows: list[dict[str, object]] = []
        self.said: list[list[str]] = []
        for call in range(4):
            agent, customer = PEOPLE[call]
            lines = [text.format(n=71 + 13 * call + place) for place, text in enumerate(TALKS[language])]
            lines = lines[: 6 - call % 2]
            self.said.append(lines)
            names = {
                "sides": ("agent", "customer"),
                "numbers": ("1", "2"),
                "names": (agent, customer),
            }[labels]
            for place, text in enumerate(lines):
                self.rows.append(
                    {
                        "Zog": f"K-{905 + 17 * call}",
                        "Mup": f"{agent.split()[0].lower()}@harbour.example",
                        "Wex": f"2026-03-{4 + call:02} 09:{11 + call}:00",
                        "Quo": STARTS[place] + call / 4,
                        "Yib": place + 1,
                        "Dax": names[place % 2],
                        "Hru": text,
                        "call": call,
                    }
                )

    def frame(self, *columns: str, rows: list[dict[str, object]] | None = None) -> pd.DataFrame:
        picked = [{name: row[name] for name in columns} for row in rows or self.rows]
        frame = pd.DataFrame(picked, dtype=object)
        frame.index = pd.RangeIndex(2, len(frame) + 2)
        return frame


def shuffled(rows):
    mixed = list(rows)
    random.Random(5).shuffle(mixed)
    return mixed


ORDERS = {
    "as spoken": list,
    "newest first": lambda rows: rows[::-1],
    "shuffled": shuffled,
    "beside each other": lambda rows: sorted(rows, key=lambda row: row["Yib"]),
}


def calls_of(frame):
    return list(build_frame(frame, guess_mapping(frame)))


def texts(built):
    return [line.text for line in built.call.transcript or ()]


def assert_same(built, said):
    assert sorted(map(texts, built)) == sorted(said)


@pytest.mark.parametrize("language", TALKS)
@pytest.mark.parametrize("order", ORDERS)
def test_times_without_a_name_put_lines_in_order(language, order):
    talk = Talk(language)
    built = calls_of(talk.frame("Zog", "Mup", "Wex", "Quo", "Dax", "Hru", rows=ORDERS[order](talk.rows)))
    assert_same(built, talk.said)
    assert all([line.role for line in one.call.transcript] == SIDES[: len(texts(one))] for one in built)


@pytest.mark.parametrize("language", TALKS)
@pytest.mark.parametrize("order", ORDERS)
def test_a_counter_without_a_name_puts_lines_in_order(language, order):
    talk = Talk(language, "numbers")
    built = calls_of(talk.frame("Zog", "Mup", "Wex", "Yib", "Dax", "Hru", rows=ORDERS[order](talk.rows)))
    assert_same(built, talk.said)


@pytest.mark.parametrize("language", TALKS)
@pytest.mark.parametrize("labels", ["sides", "numbers", "names"])
def test_an_id_alone_tells_calls_apart(language, labels):
    talk = Talk(language, labels)
    built = calls_of(talk.frame("Zog", "Quo", "Dax", "Hru"))
    assert_same(built, talk.said)


@pytest.mark.parametrize("language", TALKS)
def test_cells_that_are_filled_only_where_a_call_begins(language):
    talk = Talk(language, "names")
    rows, seen = [], set()
    for row in talk.rows:
        first = row["call"] not in seen
        seen.add(row["call"])
        rows.append(row if first else {**row, "Zog": "", "Mup": "", "Wex": ""})
    assert_same(calls_of(talk.frame("Zog", "Mup", "Wex", "Dax", "Hru", rows=rows)), talk.said)


@pytest.mark.parametrize("language", TALKS)
@pytest.mark.parametrize("agent_first", [True, False])
def test_a_column_a_side_is_told_by_who_answers_the_call(language, agent_first):
    talk = Talk(language)
    sides = ("Flim", "Gorn") if agent_first else ("Gorn", "Flim")
    rows = [{**row, "Flim": "", "Gorn": "", sides[row["Dax"] == "customer"]: row["Hru"]} for row in talk.rows]
    built = calls_of(talk.frame("Zog", "Mup", "Wex", "Flim", "Gorn", rows=rows))
    assert_same(built, talk.said)
    assert all([line.role for line in one.call.transcript] == SIDES[: len(texts(one))] for one in built)


@pytest.mark.parametrize("language", TALKS)
def test_a_row_an_exchange(language):
    talk = Talk(language)
    rows = []
    for place in range(0, len(talk.rows) - 1):
        one, other = talk.rows[place], talk.rows[place + 1]
        if one["call"] == other["call"] and one["Dax"] == "agent":
            rows.append({**one, "Flim": one["Hru"], "Gorn": other["Hru"]})
    built = calls_of(talk.frame("Zog", "Mup", "Wex", "Flim", "Gorn", rows=rows))
    assert_same(built, [said[: len(said) // 2 * 2] for said in talk.said])


@pytest.mark.parametrize("language", TALKS)
@pytest.mark.parametrize("labels", ["sides", "numbers", "names"])
@pytest.mark.parametrize("naming", ["{name} {number}", "{number}. {name}", "{name}_{number:02}"])
def test_turns_across_numbered_columns(language, labels, naming):
    talk = Talk(language, labels)
    rows = []
    for call in range(4):
        lines = [row for row in talk.rows if row["call"] == call]
        row = {name: lines[0][name] for name in ("Zog", "Mup", "Wex")}
        for number in range(1, 7):
            line = lines[number - 1] if number <= len(lines) else {"Dax": "", "Hru": ""}
            row[naming.format(name="Dax", number=number)] = line["Dax"]
            row[naming.format(name="Hru", number=number)] = line["Hru"]
        rows.append(row)
    assert_same(calls_of(talk.frame(*rows[0], rows=rows)), talk.said)


@pytest.mark.parametrize("language", TALKS)
@pytest.mark.parametrize("size", [70, 110])
def test_a_transcript_that_is_cut_over_numbered_columns(language, size):
    talk = Talk(language)
    rows = []
    for call, said in enumerate(talk.said):
        whole = "\n".join(f"{side.title()}: {text}" for side, text in zip(SIDES, said, strict=False))
        parts = {f"Plo {part + 1}": whole[part * size : (part + 1) * size] for part in range(-(-300 // size))}
        rows.append({"Zog": f"K-{905 + 17 * call}", **parts})
    assert_same(calls_of(talk.frame(*rows[0], rows=rows)), talk.said)


def test_the_id_that_tells_calls_apart_is_theirs_whatever_else_looks_like_one():
    talk = Talk("en")
    phones = ["+49305381659", "+49304560013", "+49303913261", "+49308547099"]
    rows = [{**row, "Aba": phones[row["call"]], "Zog": 606511 + 3 * row["call"]} for row in talk.rows]
    mapping = guess_mapping(talk.frame("Aba", "Mup", "Wex", "Zog", "Quo", "Dax", "Hru", rows=rows))
    assert mapping.fields["conversation_id"] == "Zog"


def test_two_lines_newest_first_are_turned_as_the_others_are():
    talk = Talk("en")
    rows = [row for row in talk.rows if row["call"] != 2 or row["Yib"] <= 2][::-1]
    built = calls_of(talk.frame("Zog", "Mup", "Wex", "Quo", "Dax", "Hru", rows=rows))
    assert_same(built, [said if call != 2 else said[:2] for call, said in enumerate(talk.said)])


def test_numbers_that_make_no_sense_as_an_order_change_nothing():
    talk = Talk("en")
    scores = random.Random(3)
    rows = [{**row, "Quo": round(scores.random(), 2)} for row in talk.rows]
    mapping = guess_mapping(talk.frame("Zog", "Mup", "Wex", "Quo", "Dax", "Hru", rows=rows))
    assert "start" not in mapping.line_fields
    assert not mapping.lines_by_time


def test_a_translation_beside_the_text_is_no_other_side():
    english, german = Talk("en"), Talk("de")
    rows = [{**row, "Gorn": other["Hru"]} for row, other in zip(english.rows, german.rows, strict=True)]
    mapping = guess_mapping(english.frame("Zog", "Mup", "Wex", "Hru", "Gorn", rows=rows))
    assert not mapping.turns


@pytest.mark.parametrize("above", [[], [["Weekly list"], ["made by Ann", "", ""]]])
def test_a_header_of_words_that_mean_nothing_is_found_by_what_stands_below(above):
    rows = [
        ["Zog", "Mup", "Wex", "Hru"],
        ["K-905", "ann@harbour.example", "Agent", "Thank you for calling Harbour, how can I help?"],
        ["K-922", "ben@harbour.example", "Team", "My parcel has not come, and I have waited a week."],
        ["K-939", "cia@harbour.example", "Queue", "Which street is it for, please, and which house?"],
    ]
    assert find_header([*above, *rows]) == len(above)


def test_a_counter_of_the_rows_does_not_hide_that_the_newest_line_stands_first():
    talk = Talk("en")
    rows = [{**row} for row in talk.rows[::-1]]
    for call in range(4):
        for number, row in enumerate([row for row in rows if row["call"] == call], start=1):
            row["Yib"] = number
    built = calls_of(talk.frame("Zog", "Mup", "Wex", "Yib", "Quo", "Dax", "Hru", rows=rows))
    assert_same(built, talk.said)


def test_names_of_people_who_take_turns_are_speakers_whatever_their_column_is_called():
    talk = Talk("en", "names")
    frame = talk.frame("Zog", "Mup", "Wex", "Quo", "Dax", "Hru").rename(columns={"Dax": "Status"})
    assert_same(calls_of(frame), talk.said)


def test_a_row_of_data_with_words_of_calls_is_no_header() -> None:
    """The words that stand again in their columns are data: above the row that was taken, a call was lost."""
    rows: list[list[Any]] = [[f"Column{n}" for n in (14, 5, 1, 17, 23, 13, 16, 3, 10)]]
    talk = [
        "Bonjour, que puis-je faire pour vous ?",
        "Mon colis numéro 478261 n'est toujours pas arrivé, et personne ne répond.",
    ]
    for n, queue in enumerate(("Night shift", "Inbound East", "VIP")):
        for k in range(7):
            id_ = f"afb21401-7b2b-49be-b450-31a3b429cf6{n}"
            call = [id_, queue, "Mobile", f"Wilk <w{n}@x.example>", 1767860256000.0 + n, 1767860222000.0 + n]
            said = [("Chargée de clientèle", "Appelant")[k % 2], talk[k % 2]]
            rows.append([*(call if k == 0 else [""] * 6), 3000.0 + 5010.0 * k, *said])
    assert find_header(rows) == 0


def test_rows_above_the_header_that_are_as_wide_as_it_are_named(tmp_path: Path) -> None:
    talk = '"Agent: Hello there\nCustomer: Hi, my bill is wrong"'
    head = "Call ID,Agent email,Start,Transcript\n"
    rows = "".join(f"C-{n},kim@x.example,2026-03-0{n} 10:00,{talk}\n" for n in range(1, 5))
    for text, named in (
        (head + rows, 0),
        (f"Export of March\n\n{head}{rows}", 0),
        (f"C-0,lou@x.example,x,y\n{head}{rows}", 1),
    ):
        path = tmp_path / "calls.csv"
        path.write_text(text)
        format = msgspec.structs.replace(
            detect_format(path), header_row=text.count("\n", 0, text.index("Call ID")) + 1
        )
        notes = [
            one for found in read_sheet(path, format=format).attrs.get("notes", {}).values() for one in found
        ]
        assert sum(one.code == "rows-left-out" for one in notes) == named
