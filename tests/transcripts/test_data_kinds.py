"""Kinds of data that hold a talk, under ordinary keys and under keys that say nothing: read by their values."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import pytest

from reddy_lib.transcripts import accounted, read_transcript


class Said(NamedTuple):
    who: str
    text: str
    start: float
    stop: float


TALK = (
    Said("Agent", "Good morning, you are speaking with Mara, what can I do?", 0.4, 4.62),
    Said("Customer", "My heating has been cold since seven this morning.", 5.1, 8.94),
    Said("Agent", "I am sorry to hear that. Which street is it in?", 9.3, 12.7),
    Said("Customer", "Number 48 in Mill Lane, on the second floor.", 13.25, 16.5),
    Said("Agent", "A fitter comes today between two and four.", 17.05, 20.1),
    Said("Customer", "Wonderful, I will be at home then.", 20.8, 22.9),
)
JAPANESE = (
    Said("Agent", "お電話ありがとうございます。担当のマリです。", 0.4, 4.62),
    Said("Customer", "今朝から暖房がまったく動かないのです。", 5.1, 8.94),
    Said("Agent", "ご不便をおかけしております。ご住所をお願いします。", 9.3, 12.7),
    Said("Customer", "青葉町の四丁目八番地です。", 13.25, 16.5),
    Said("Agent", "本日の二時から四時の間に伺います。", 17.05, 20.1),
    Said("Customer", "ありがとうございます。家で待っています。", 20.8, 22.9),
)
Talk = tuple[Said, ...]
KINDS: dict[str, tuple[Callable[[Talk], Any], str]] = {}
"""Name → what writes it, and which times it holds: "both", "start", "" (none)."""


def kind(times: str) -> Callable[[Callable[[Talk], Any]], Callable[[Talk], Any]]:
    def keep(write: Callable[[Talk], Any]) -> Callable[[Talk], Any]:
        KINDS[write.__name__] = (write, times)
        return write

    return keep


def clock(seconds: float) -> str:
    return f"{int(seconds) // 3600:02}:{int(seconds) // 60 % 60:02}:{seconds % 60:06.3f}"


# objects


@kind("both")
def nonsense_keys(talk: Talk) -> Any:
    return [{"zork": s.who, "blip": s.text, "fnord": s.start, "quux": s.stop} for s in talk]


@kind("both")
def nonsense_and_length(talk: Talk) -> Any:
    return [
        {"zork": s.who, "blip": s.text, "fnord": s.start, "quux": round(s.stop - s.start, 3)} for s in talk
    ]


@kind("both")
def from_and_till(talk: Talk) -> Any:
    return [{"party": s.who, "words": s.text, "from": s.start, "till": s.stop} for s in talk]


@kind("both")
def millis_unnamed(talk: Talk) -> Any:
    return [
        {"zork": s.who, "blip": s.text, "fnord": round(s.start * 1000), "quux": round(s.stop * 1000)}
        for s in talk
    ]


@kind("both")
def iso_lengths(talk: Talk) -> Any:
    return [
        {"zork": s.who, "blip": s.text, "fnord": f"PT{s.start}S", "length": f"PT{s.stop - s.start:.3f}S"}
        for s in talk
    ]


@kind("both")
def span_in_a_list(talk: Talk) -> Any:
    return [{"spk": s.who, "txt": s.text, "t": [s.start, s.stop]} for s in talk]


@kind("both")
def span_in_an_object(talk: Talk) -> Any:
    return [{"spk": s.who, "txt": s.text, "time": {"begin": s.start, "end": s.stop}} for s in talk]


@kind("both")
def with_scores(talk: Talk) -> Any:
    return [
        {"zork": s.who, "mood": {"label": "neutral", "value": 0.1 * n}, "blip": s.text, "fnord": s.start,
         "quux": s.stop, "sure": 0.9}
        for n, s in enumerate(talk)
    ]  # fmt: skip


@kind("both")
def avro(talk: Talk) -> Any:
    return [
        {
            "speaker": {"string": s.who},
            "text": {"string": s.text},
            "start": {"double": s.start},
            "stop": {"double": s.stop},
        }
        for s in talk
    ]


@kind("both")
def firestore(talk: Talk) -> Any:
    def fields(s: Said) -> Any:
        return {
            "mapValue": {
                "fields": {
                    "speaker": {"stringValue": s.who},
                    "text": {"stringValue": s.text},
                    "start": {"doubleValue": s.start},
                    "stop": {"doubleValue": s.stop},
                }
            }
        }

    return {"fields": {"turns": {"arrayValue": {"values": [fields(s) for s in talk]}}}}


@kind("both")
def dynamo(talk: Talk) -> Any:
    return {
        "turns": {
            "L": [
                {"M": {"who": {"S": s.who}, "said": {"S": s.text}, "t0": {"N": str(s.start)}, "t1": {"N": str(s.stop)}}}
                for s in talk
            ]
        }
    }  # fmt: skip


@kind("both")
def edges_and_nodes(talk: Talk) -> Any:
    nodes = [{"speaker": s.who, "text": s.text, "start": s.start, "end": s.stop} for s in talk]
    return {
        "data": {"transcript": {"edges": [{"cursor": str(n), "node": node} for n, node in enumerate(nodes)]}}
    }


@kind("both")
def elastic(talk: Talk) -> Any:
    return {
        "hits": {
            "total": {"value": len(talk)},
            "hits": [
                {"_id": str(n), "_score": 1.0, "_source": {"zork": s.who, "blip": s.text, "fnord": s.start, "quux": s.stop}}
                for n, s in enumerate(talk)
            ],
        }
    }  # fmt: skip


@kind("start")
def mongo(talk: Talk) -> Any:
    return [
        {"_id": {"$oid": f"{n:024}"}, "by": s.who, "body": s.text, "offset": {"$numberDouble": str(s.start)}}
        for n, s in enumerate(talk)
    ]


@kind("both")
def json_api(talk: Talk) -> Any:
    return {
        "data": [
            {
                "type": "utterances",
                "id": str(n),
                "attributes": {"speaker": s.who, "text": s.text, "start": s.start, "end": s.stop},
            }
            for n, s in enumerate(talk)
        ]
    }


@kind("both")
def escaped_twice(talk: Talk) -> Any:
    return json.dumps([{"role": s.who, "text": s.text, "start": s.start, "stop": s.stop} for s in talk])


@kind("both")
def json_inside(talk: Talk) -> Any:
    return {
        "payload": json.dumps(
            [{"role": s.who, "text": s.text, "start": s.start, "stop": s.stop} for s in talk]
        )
    }


# rows and columns


@kind("both")
def label_first(talk: Talk) -> Any:
    return [[s.who, s.start, s.stop, s.text] for s in talk]


@kind("both")
def rows_below_a_key(talk: Talk) -> Any:
    return {"lines": [[s.start, s.stop, s.who, s.text] for s in talk], "language": "en"}


@kind("both")
def numbered_rows(talk: Talk) -> Any:
    return [[n, s.start, s.stop, s.who, s.text] for n, s in enumerate(talk, 1)]


@kind("both")
def lists_under_nonsense(talk: Talk) -> Any:
    return {
        "zork": [s.who for s in talk],
        "blip": [s.text for s in talk],
        "fnord": [s.start for s in talk],
        "quux": [s.stop for s in talk],
    }


@kind("")
def two_lists(talk: Talk) -> Any:
    return {"zork": [s.who for s in talk], "blip": [s.text for s in talk]}


@kind("both")
def lists_beside_tags(talk: Talk) -> Any:
    return {
        "labels": ["heating", "urgent"],
        "who": [s.who for s in talk],
        "what": [s.text for s in talk],
        "when": [[s.start, s.stop] for s in talk],
    }


@kind("both")
def split_frame(talk: Talk) -> Any:
    return {
        "columns": ["speaker", "text", "start", "end"],
        "index": list(range(len(talk))),
        "data": [[s.who, s.text, s.start, s.stop] for s in talk],
    }


@kind("both")
def column_objects(talk: Talk) -> Any:
    return {
        name: {str(n): value for n, value in enumerate(values)}
        for name, values in (
            ("zork", [s.who for s in talk]),
            ("blip", [s.text for s in talk]),
            ("fnord", [s.start for s in talk]),
            ("quux", [s.stop for s in talk]),
        )
    }


@kind("both")
def table_frame(talk: Talk) -> Any:
    return {
        "schema": {"fields": [{"name": "zork", "type": "string"}, {"name": "blip", "type": "string"}]},
        "data": [{"zork": s.who, "blip": s.text, "fnord": s.start, "quux": s.stop} for s in talk],
    }


# sides


@kind("both")
def sides_by_role(talk: Talk) -> Any:
    return {
        who: [{"start": s.start, "end": s.stop, "text": s.text} for s in talk if s.who == who]
        for who in ("Customer", "Agent")
    }


@kind("both")
def sides_as_rows(talk: Talk) -> Any:
    return {who: [[s.start, s.stop, s.text] for s in talk if s.who == who] for who in ("Customer", "Agent")}


@kind("start")
def sides_by_clock(talk: Talk) -> Any:
    return {who: {clock(s.start): s.text for s in talk if s.who == who} for who in ("Customer", "Agent")}


@kind("start")
def sides_by_second(talk: Talk) -> Any:
    return {who: {str(s.start): s.text for s in talk if s.who == who} for who in ("Customer", "Agent")}


@kind("")
def sides_by_number(talk: Talk) -> Any:
    return {
        who: {str(n): s.text for n, s in enumerate(talk, 1) if s.who == who} for who in ("Customer", "Agent")
    }


@kind("both")
def sides_in_a_list(talk: Talk) -> Any:
    return [
        {"side": who, "bits": [{"fnord": s.start, "quux": s.stop, "blip": s.text} for s in talk if s.who == who]}
        for who in ("Customer", "Agent")
    ]  # fmt: skip


# keys that tell


@kind("start")
def clock_and_label(talk: Talk) -> Any:
    return {f"{clock(s.start)} {s.who}": s.text for s in talk}


@kind("start")
def label_and_clock(talk: Talk) -> Any:
    return {f"{s.who} @ {clock(s.start)}": s.text for s in talk}


@kind("start")
def clock_over_object(talk: Talk) -> Any:
    return {clock(s.start): {"zork": s.who, "blip": s.text} for s in talk}


@kind("start")
def clock_over_side(talk: Talk) -> Any:
    return {clock(s.start): {s.who: s.text} for s in talk}


@kind("both")
def numbered_turns(talk: Talk) -> Any:
    return {
        f"turn_{n}": {"zork": s.who, "blip": s.text, "fnord": s.start, "quux": s.stop}
        for n, s in enumerate(talk, 1)
    }


@kind("")
def numbered_labels(talk: Talk) -> Any:
    return {f"{n}_{s.who}": s.text for n, s in enumerate(talk, 1)}


@kind("start")
def one_key_and_time(talk: Talk) -> Any:
    return [{"t": s.start, s.who: s.text} for s in talk]


@kind("")
def one_key(talk: Talk) -> Any:
    return [{s.who: s.text} for s in talk]


@kind("both")
def by_id(talk: Talk) -> Any:
    return {
        "turns": {
            f"u{n:03}x": {"zork": s.who, "blip": s.text, "fnord": s.start, "quux": s.stop}
            for n, s in enumerate(talk)
        }
    }


# who


@kind("both")
def flags(talk: Talk) -> Any:
    return [{"outbound": s.who == "Agent", "blip": s.text, "fnord": s.start, "quux": s.stop} for s in talk]


@kind("both")
def parties_by_index(talk: Talk) -> Any:
    return {
        "parties": [{"idx": 0, "type": "Agent"}, {"idx": 1, "type": "Customer"}],
        "dialogue": [
            {"party": int(s.who == "Customer"), "words": s.text, "from": s.start, "till": s.stop}
            for s in talk
        ],
    }


@kind("both")
def parties_by_key(talk: Talk) -> Any:
    ids = {"Agent": "7f3a-11", "Customer": "9b2c-40"}
    return {
        "who_is_who": {ids["Agent"]: {"kind": "agent"}, ids["Customer"]: {"kind": "customer"}},
        "talk": [{"zork": ids[s.who], "blip": s.text, "fnord": s.start, "quux": s.stop} for s in talk],
    }


@kind("both")
def parties_of_any_name(talk: Talk) -> Any:
    return {
        "legs": [{"uuid": "aa-1", "role": "customer", "tel": "+4930111"}, {"uuid": "bb-2", "role": "agent"}],
        "talk": [
            {"leg": "bb-2" if s.who == "Agent" else "aa-1", "blip": s.text, "fnord": s.start, "quux": s.stop}
            for s in talk
        ],
    }


@kind("both")
def speaker_object(talk: Talk) -> Any:
    return [
        {"speaker": {"id": 3, "role": {"name": s.who}}, "blip": s.text, "fnord": s.start, "quux": s.stop}
        for s in talk
    ]


# words


@kind("both")
def words_and_segments(talk: Talk) -> Any:
    words = []
    for s in talk:
        parts = s.text.split()
        step = (s.stop - s.start) / len(parts)
        words += [
            {"w": part, "a": round(s.start + n * step, 3), "b": round(s.start + (n + 1) * step, 3)}
            for n, part in enumerate(parts)
        ]
    return {"words": words, "diarization": [{"who": s.who, "a": s.start, "b": s.stop} for s in talk]}


@kind("")
def words_by_number(talk: Talk) -> Any:
    words = [word for s in talk for word in s.text.split()]
    ends = [0]
    for s in talk:
        ends.append(ends[-1] + len(s.text.split()))
    return {
        "tokens": [{"w": word} for word in words],
        "segments": [
            {"who": s.who, "first": a, "last": b - 1} for s, (a, b) in zip(talk, pairwise(ends), strict=True)
        ],
    }


@kind("both")
def best_of_several(talk: Talk) -> Any:
    return {
        "hypotheses": [
            {
                "channel": s.who,
                "begin": s.start,
                "finish": s.stop,
                "options": [
                    {"wording": s.text.lower().replace("a", "o", 1), "confidence": 0.41},
                    {"wording": s.text, "confidence": 0.93},
                ],
            }
            for s in talk
        ]
    }


@kind("both")
def readings_as_texts(talk: Talk) -> Any:
    return [
        {"spk": s.who, "begin": s.start, "finish": s.stop, "readings": [s.text, s.text.lower() + " uh"]}
        for s in talk
    ]


@kind("both")
def paragraphs(talk: Talk) -> Any:
    def sentences(s: Said) -> list[dict[str, Any]]:
        return [{"text": s.text, "start": s.start, "end": s.stop}]

    return {
        "paragraphs": {
            "transcript": " ".join(s.text for s in talk),
            "paragraphs": [
                {"speaker": s.who, "num_words": 9, "start": s.start, "end": s.stop, "sentences": sentences(s)}
                for s in talk
            ],
        }
    }


@kind("both")
def whole_text_and_turns(talk: Talk) -> Any:
    return {
        "transcript": " ".join(s.text for s in talk),
        "turns": [{"who": s.who, "what": s.text, "t0": s.start, "t1": s.stop} for s in talk],
    }


@kind("both")
def events_between(talk: Talk) -> Any:
    said = [
        {"type": "utterance", "zork": s.who, "blip": s.text, "fnord": s.start, "quux": s.stop} for s in talk
    ]
    return [{"type": "hold_start", "fnord": 0.1}, *said[:3], {"type": "hold_end", "fnord": 13.0}, *said[3:]]


@pytest.mark.parametrize(
    ("name", "talk"),
    [
        *(pytest.param(name, TALK, id=f"{name}-spaced") for name in KINDS),
        # The forms of single words need spaces between them.
        *(
            pytest.param(name, JAPANESE, id=f"{name}-unspaced")
            for name in KINDS
            if not name.startswith("words_")
        ),
    ],
)
def test_a_kind_is_read(name: str, talk: Talk) -> None:
    write, times = KINDS[name]
    read = read_transcript(json.dumps(write(talk), ensure_ascii=False))
    assert [line.text for line in read.lines] == [s.text for s in talk]
    assert [line.role for line in read.lines] == [s.who.casefold() for s in talk]
    if times:
        assert [line.start for line in read.lines] == pytest.approx([s.start for s in talk], abs=0.06)
    if times == "both":
        assert [line.stop for line in read.lines] == pytest.approx([s.stop for s in talk], abs=0.06)
    assert not [note.code for note in read.findings if note.code == "line-not-read"]


def test_a_list_in_yaml_is_data_and_a_list_of_labelled_lines_is_not() -> None:
    rows = [
        f"  - zork: {s.who}\n    blip: {json.dumps(s.text)}\n    fnord: {s.start}\n    quux: {s.stop}"
        for s in TALK
    ]
    read = read_transcript("turns:\n" + "\n".join(rows))
    assert [(line.role, line.text, line.start, line.stop) for line in read.lines] == [
        (s.who.casefold(), s.text, s.start, s.stop) for s in TALK
    ]
    bulleted = read_transcript("\n".join(f"- {s.who}: {s.text}" for s in TALK))
    assert [line.text for line in bulleted.lines] == [s.text for s in TALK]


def test_lists_that_repeat_one_another_are_no_sides() -> None:
    turns = [{"who": s.who, "text": s.text, "start": s.start} for s in TALK]
    notes = [
        {"text": "Call the fitter about the second floor.", "start": 30.0},
        {"text": "Done.", "start": 99.0},
    ]
    read = read_transcript(json.dumps({"turns": turns, "followups": notes}))
    assert (
        "Call the fitter about the second floor." not in [line.text for line in read.lines]
        or not read.lines[0].role
    )


def test_the_other_one_of_two_people_is_the_other_side() -> None:
    value = {
        "parties": [{"idx": 0, "type": "Agent"}, {"idx": 1, "type": "Zork"}],
        "turns": [{"party": int(s.who == "Customer"), "text": s.text, "start": s.start} for s in TALK],
    }
    read = read_transcript(json.dumps(value))
    assert [line.role for line in read.lines] == [s.who.casefold() for s in TALK]


def test_readings_that_differ_are_parts_and_all_are_kept() -> None:
    value = [{"speaker": s.who, "parts": [{"text": s.text}, {"text": "And one more thing."}]} for s in TALK]
    read = read_transcript(json.dumps(value))
    assert " ".join(line.text for line in read.lines).count("And one more thing.") == len(TALK)


def test_sides_without_times_are_not_put_together() -> None:
    value = {who: [s.text for s in TALK if s.who == who] for who in ("Agent", "Customer")}
    assert read_transcript(json.dumps(value)).form in ("unreadable", "no speakers")


@pytest.mark.parametrize("talk", [TALK, JAPANESE], ids=["spaced", "unspaced"])
def test_what_is_said_beside_the_turns_is_missed_in_every_script(talk: Talk) -> None:
    value = {"turns": [{"speaker": s.who, "text": s.text} for s in talk[:4]], "zork": {"blip": talk[4].text}}
    text = json.dumps(value, ensure_ascii=False)
    assert accounted(text, read_transcript(text)).unassigned
