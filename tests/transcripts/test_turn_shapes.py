"""Turns as data in shapes of all kinds, each with its own way to say who spoke, what and when."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reddy_lib.transcripts import read_transcript

SAID = [
    ("Agent", "Good morning, how can I help you?", 0.4, 3.9),
    ("Customer", "My router is broken since Monday and I need it.", 4.6, 8.8),
    ("Agent", "I am sorry to hear that, may I have your number?", 9.3, 12.7),
    ("Customer", "It is four two seven.", 13.1, 15.0),
    ("Agent", "Thank you, a new one is on its way.", 15.6, 19.2),
]
SHAPES: dict[str, Any] = {
    "a key a side, times beside": [{w: t, "zib": a, "quo": b} for w, t, a, b in SAID],
    "a key a side, others null": [
        {"Agent": t if w == "Agent" else None, "Customer": t if w == "Customer" else None, "offset": a, "end": b}
        for w, t, a, b in SAID
    ],
    "an object under the speaker": [{w: {"text": t, "start": a, "end": b}} for w, t, a, b in SAID],
    "a row under the speaker": [{w: [t, a, b]} for w, t, a, b in SAID],
    "start and length": [[w, t, a, round(b - a, 2)] for w, t, a, b in SAID],
    "seconds and milliseconds": [{"who": w, "text": t, "zib": a, "len_ms": round((b - a) * 1000)} for w, t, a, b in SAID],
    "times spelt out": [{"speaker": w, "text": t, "start": f"0m{a}s", "end": f"0m{b}s"} for w, t, a, b in SAID],
    "a span": [{"speaker": w, "text": t, "interval": f"{a}-{b}"} for w, t, a, b in SAID],
    "tuples": "[" + ", ".join(repr((a, b, w, t)) for w, t, a, b in SAID) + "]",
    "a tuple a line": "\n".join(repr((w, a, b, t)) for w, t, a, b in SAID),
    "a stream of events": "\n\n".join(
        f"event: turn\ndata: {json.dumps({'speaker': w, 'text': t, 'start': a, 'end': b})}" for w, t, a, b in SAID
    ),
    "pieces of a text": {
        "events": [
            {"tStartMs": a * 1000, "dDurationMs": (b - a) * 1000, "who": w, "segs": [{"u": f"{x} "} for x in t.split()]}
            for w, t, a, b in SAID
        ]
    },
    "rows a side": {
        side.casefold(): [[a, b, t] for w, t, a, b in SAID if w == side] for side in ("Agent", "Customer")
    },
    "words without spaces": {
        "monologues": [
            {
                "speaker": w,
                "elements": [
                    {"type": "text", "value": x, "ts": a if not n else None, "end_ts": b} for n, x in enumerate(t.split())
                ],
            }
            for w, t, a, b in SAID
        ]
    },
    "readings": [
        {"who": w, "start": a, "end": b, "nbest": [{"text": t, "conf": 0.8}, {"text": f"um {t}", "conf": 0.1},
                                                   {"text": "inaudible", "conf": 0.01}]}
        for w, t, a, b in SAID
    ],
    "readings, some of them alone": [
        {"who": w, "start": a, "end": b, "nbest": [{"text": t, "p": 0.9}, {"text": t[:-4], "p": 0.2}][: 1 + n % 2]}
        for n, (w, t, a, b) in enumerate(SAID)
    ],
    "half readings": [
        {"who": w, "start": a, "end": b, "alternatives": [{"text": t[:9], "score": 12}, {"text": t, "score": 80}]}
        for w, t, a, b in SAID
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", list(SHAPES))
def test_the_shape_is_read(name: str) -> None:
    data = SHAPES[name]
    transcript = read_transcript(data if isinstance(data, str) else json.dumps(data))
    found = [(one.role, one.text) for one in transcript.lines]
    assert found == [(w.casefold(), t) for w, t, *_ in SAID]
    times = [time for one in transcript.lines for time in (one.start, one.stop)]
    assert times == pytest.approx([time for *_, a, b in SAID for time in (a, b)], abs=0.01)
    assert not {"times-estimated", "line-not-read"} & {item.code for item in transcript.findings}


def test_readings_of_short_answers_are_told_by_those_of_the_other_turns() -> None:
    texts = ["Yes", "No", *(t for _, t, *_ in SAID[2:])]
    data = [
        {"speaker": w, "alternatives": [text, f"{text}!"]} for (w, *_), text in zip(SAID, texts, strict=True)
    ]
    assert [one.text for one in read_transcript(json.dumps(data)).lines] == texts


def test_the_parts_of_a_message_are_no_readings() -> None:
    parts = [["My router is broken.", "It has been since Monday."], ["I see.", "May I have your number?"]]
    data = [{"speaker": w, "text": said} for (w, *_), said in zip(SAID, parts, strict=False)]
    assert [one.text for one in read_transcript(json.dumps(data)).lines] == [" ".join(said) for said in parts]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("K a s t e l l サ ー ビ ス 、 番 号 7 1 7 2 で す 。", "Kastellサービス、番号7172です。"),
        ("你好 ， 这里 是 Nordlicht 客服 。 请问 什么 事 吗", "你好，这里是Nordlicht客服。请问什么事吗"),
        ("はい 、 Google Maps の こと です ね 、 お 待ち を", "はい、Google Mapsのことですね、お待ちを"),
        ("네 고객님 무엇을 도와 드릴까요 지금 바로 확인해 보겠습니다 잠시만 기다려 주세요", None),
    ],
)
def test_words_are_joined_as_their_script_is_written(words: str, text: str | None) -> None:
    said = words.split()
    listed = [
        {
            "word": word,
            "start": 0.4 * n,
            "end": 0.4 * n + 0.3,
            "speaker": "Agent" if n < len(said) else "Customer",
        }
        for n, word in enumerate([*said, "はい", "。"])
    ]
    assert [line.text for line in read_transcript(json.dumps(listed)).lines] == [text or words, "はい。"]


def test_turns_have_the_times_of_their_words_where_they_have_none_of_their_own() -> None:
    def words(*timed: tuple[str, float, float]) -> list[dict[str, object]]:
        return [{"word": word, "start": start, "end": end} for word, start, end in timed]

    turns = [
        {
            "role": "agent",
            "content": "Good day to you",
            "words": words(("Good", 1.5, 1.7), ("you", 2.5, 3.0)),
        },
        {"role": "user", "content": "Hello", "words": words(("Hello", 4.0, 4.5))},
        {"role": "agent", "content": "One moment", "words": [{"word": "One"}, {"word": "moment"}]},
    ]
    read = read_transcript(json.dumps(turns))
    assert [(line.start, line.stop) for line in read.lines[:2]] == [(1.5, 3.0), (4.0, 4.5)]
    (estimated,) = [found for found in read.findings if found.code == "times-estimated"]
    assert "line 3" in estimated.message


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
@pytest.mark.parametrize("count", [2, 5])
def test_a_text_with_its_start_and_stop_in_a_list_keeps_them(order: tuple[int, ...], count: int) -> None:
    values = [(3.5 * n + 0.25, 3.5 * n + 2.75, f"This is sentence number {n}.") for n in range(count)]
    read = read_transcript(json.dumps([[one[place] for place in order] for one in values]))
    assert [(line.start, line.stop, line.text) for line in read.lines] == values
