"""KEPT APART: forms of the vocabulary "held-out". Do not read this file when you work on the reader."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tests.exports.dialogues import Scene, Turn
from tests.exports.writing import Form, Style, Written, clock, label_of, spoken


def _lines(write: Callable[[str, Turn], str], *, between: str = "\n", timed: bool = False) -> Any:
    """Return a form that writes a text a turn from its label; with times they are starts in whole seconds."""

    def form(style: Style, scene: Scene) -> Written:
        turns = style.turns(scene, whole=timed)
        text = between.join(write(label_of(style, scene, t), t) for t in turns)
        return Written(text, spoken(turns, times=timed, stops=False))

    return form


arrows = _lines(lambda who, t: f"{who} -> {t.text}")
at_sign = _lines(lambda who, t: f"{who} @ {clock(t.start, 'mm:ss')}: {t.text}", timed=True)
braces = _lines(lambda who, t: f"{{{who}}} {t.text}")
label_line = _lines(lambda who, t: f"{who}:\n{t.text}\n")
hash_marks = _lines(lambda who, t: f"{who}: {t.text}", between=" ### ")
label_and_clock = _lines(lambda who, t: f"[{who} {clock(t.start, 'hh:mm:ss')}] {t.text}", timed=True)
seconds_first = _lines(lambda who, t: f"{t.start:.0f}s {who}: {t.text}", timed=True)
mail_quote = _lines(lambda who, t: f"> {who}: {t.text}")
spaced_colon = _lines(lambda who, t: f"{who} : {t.text}")
minute_marks = _lines(
    lambda who, t: f"{int(t.start) // 60:02}'{int(t.start) % 60:02}\" {who}: {t.text}", timed=True
)
fields_a_line = _lines(
    lambda who, t: f"From: {who}\nTime: {clock(t.start, 'hh:mm:ss')}\nMessage: {t.text}\n", timed=True
)
markup_spans = _lines(
    lambda who, t: (
        f'<div class="message"><span class="sender">{html.escape(who)}</span>'
        f'<span class="time">{clock(t.start, "mm:ss")}</span><div class="body">{html.escape(t.text)}</div></div>'
    ),
    between="",
    timed=True,
)
clock_behind = _lines(lambda who, t: f"{who}: {t.text} [{clock(t.start, 'm:ss')}]", timed=True)


def range_headed(style: Style, scene: Scene) -> Written:
    """From, to and the label on one line, the words on the next."""
    turns = style.turns(scene, whole=True)
    text = "\n\n".join(
        f"{clock(t.start, 'mm:ss')} - {clock(t.stop, 'mm:ss')} {label_of(style, scene, t)}\n{t.text}"
        for t in turns
    )
    return Written(text, spoken(turns))


def hanging(style: Style, scene: Scene) -> Written:
    """Labels in a column, long turns broken with the second line set in."""
    turns = style.turns(scene)
    wide = max(len(label_of(style, scene, t)) for t in turns) + 3
    out = []
    for t in turns:
        words = t.text.split(" ")
        cut = len(words) // 2
        parts = [" ".join(words[:cut]), " ".join(words[cut:])] if cut > 2 else [t.text]
        out.append(f"{label_of(style, scene, t) + ':':{wide}}" + f"\n{' ' * wide}".join(parts))
    return Written("\n".join(out), spoken(turns, times=False))


def with_legend(style: Style, scene: Scene) -> Written:
    """Numbers for the two, and a legend that says whose they are."""
    turns = style.turns(scene)
    a, c = style.roles(scene)
    text = "\n".join(f"S{1 if t.role == 'agent' else 2}: {t.text}" for t in turns)
    return Written(f"S1 = {a}\nS2 = {c}\n\n{text}", spoken(turns, times=False))


def log_lines(style: Style, scene: Scene) -> Written:
    """The log of a program."""
    turns = style.turns(scene)
    out = []
    for t in turns:
        when = scene.start + timedelta(seconds=t.start)
        out.append(
            f"{when:%Y-%m-%d %H:%M:%S}.{when.microsecond // 1000:03} INFO [{label_of(style, scene, t)}] {t.text}"
        )
    return Written("\n".join(out), spoken(turns, stops=False), shift_ok=True)


def markdown_table(style: Style, scene: Scene) -> Written:
    turns = style.turns(scene, whole=True)
    rows = "\n".join(f"| {clock(t.start, 'mm:ss')} | {label_of(style, scene, t)} | {t.text} |" for t in turns)
    return Written(f"| Time | Speaker | Text |\n|---|---|---|\n{rows}", spoken(turns, stops=False))


def subtitle_events(style: Style, scene: Scene) -> Written:
    """Subtitles with a style and a name, as .ass files write them."""
    turns = style.turns(scene)

    def at(seconds: float) -> str:
        hundredths = round(seconds * 100)
        return f"{hundredths // 360000}:{hundredths // 6000 % 60:02}:{hundredths // 100 % 60:02}.{hundredths % 100:02}"

    rows = "\n".join(
        f"Dialogue: 0,{at(t.start)},{at(t.stop)},Default,{label_of(style, scene, t)},0,0,0,,{t.text}"
        for t in turns
    )
    head = "[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text"
    return Written(f"{head}\n{rows}", spoken(turns))


def tuples(style: Style, scene: Scene) -> Written:
    """A list of tuples as Python prints it."""
    turns = style.turns(scene)
    return Written(repr([(label_of(style, scene, t), t.text, t.start, t.stop) for t in turns]), spoken(turns))


def xml_speakers(style: Style, scene: Scene) -> Written:
    """XML turns that name a speaker by id; a list above says who that is."""
    turns = style.turns(scene)
    a, c = style.roles(scene)
    people = "".join(f'<Speaker id="spk{n}" type="{html.escape(word)}"/>' for n, word in enumerate((c, a), 1))
    inner = "".join(
        f'<Turn speaker="spk{2 if t.role == "agent" else 1}" startTime="{t.start}" endTime="{t.stop}">'
        f"{html.escape(t.text, quote=False)}</Turn>"
        for t in turns
    )
    return Written(f"<Trans><Speakers>{people}</Speakers><Section>{inner}</Section></Trans>", spoken(turns))


def deep_turns(style: Style, scene: Scene) -> Written:
    """Each part of a turn in an object of its own."""
    turns = style.turns(scene)
    items = [
        {
            "index": n,
            "speaker": {"channelSide": label_of(style, scene, t)},
            "content": {"mimeType": "text/plain", "value": t.text},
            "timing": {"startSeconds": t.start, "endSeconds": t.stop},
        }
        for n, t in enumerate(turns)
    ]
    return Written({"dialogueTurns": items}, spoken(turns))


def second_keys(style: Style, scene: Scene) -> Written:
    """An object whose keys are the seconds at which each turn begins."""
    turns = style.turns(scene)
    value = {f"{t.start:.2f}": {"party": label_of(style, scene, t), "phrase": t.text} for t in turns}
    return Written(value, spoken(turns, stops=False))


def named_keys(style: Style, scene: Scene) -> Written:
    turns = style.turns(scene)
    value = {
        f"turn_{n:03}": {"talker": label_of(style, scene, t), "speech": t.text, "in": t.start, "out": t.stop}
        for n, t in enumerate(turns, 1)
    }
    return Written({"turn_count": len(turns), "turns": value}, spoken(turns))


def lists_a_side(style: Style, scene: Scene) -> Written:
    """Pairs of second and text, a list a side."""
    turns = style.turns(scene)
    a, c = style.roles(scene)
    value = {
        word: [[t.start, t.text] for t in turns if t.role == role]
        for word, role in ((a, "agent"), (c, "customer"))
    }
    return Written(value, spoken(turns, stops=False))


def monologues(style: Style, scene: Scene) -> Written:
    """Turns in pieces: words with their times, and what stands between them."""
    turns = style.turns(scene)
    items = []
    for t in turns:
        parts = t.text.split(" ")
        step = (t.stop - t.start) / len(parts)
        elements: list[dict[str, Any]] = []
        for n, part in enumerate(parts):
            if n:
                elements.append({"type": "punct", "value": " "})
            begin, end = round(t.start + n * step, 3), round(t.start + (n + 1) * step, 3)
            elements.append({"type": "text", "value": part, "ts": begin, "end_ts": end, "confidence": 0.9})
        items.append({"speaker": label_of(style, scene, t), "elements": elements})
    return Written({"monologues": items}, spoken(turns))


def participant_ids(style: Style, scene: Scene) -> Written:
    """Turns that name a participant by id, and the participants' roles beside them."""
    turns = style.turns(scene)
    a, c = style.roles(scene)
    ids = {"agent": "7c1f-a", "customer": "7c1f-b"}
    value = {
        "Participants": [
            {"ParticipantId": ids["customer"], "ParticipantRole": c},
            {"ParticipantId": ids["agent"], "ParticipantRole": a},
        ],
        "Segments": [
            {
                "ParticipantId": ids[t.role],
                "Content": t.text,
                "LoudnessScores": [61.2, 58.9],
                "OffsetMillis": {"Begin": round(t.start * 1000), "End": round(t.stop * 1000)},
            }
            for t in turns
        ],
    }
    return Written(value, spoken(turns))


def paragraphs(style: Style, scene: Scene) -> Written:
    """Paragraphs with their sentences, deep inside a response."""
    turns = style.turns(scene)
    items = [
        {
            "speaker": label_of(style, scene, t),
            "num_words": len(t.text.split()),
            "sentences": [{"text": t.text, "start": t.start, "end": t.stop}],
        }
        for t in turns
    ]
    whole = {"results": {"channels": [{"alternatives": [{"paragraphs": {"paragraphs": items}}]}]}}
    return Written(whole, spoken(turns))


def n_best(style: Style, scene: Scene) -> Written:
    """Phrases of which each has the same words in several spellings."""
    turns = style.turns(scene)
    items = [
        {
            "speaker": label_of(style, scene, t),
            "offsetMilliseconds": round(t.start * 1000),
            "durationMilliseconds": round((t.stop - t.start) * 1000),
            "nBest": [{"confidence": 0.9, "lexical": t.text.lower().strip(".?!"), "display": t.text}],
        }
        for t in turns
    ]
    return Written({"combinedPhrases": [], "phrases": items}, spoken(turns))


def event_stream(style: Style, scene: Scene) -> Written:
    """Events of a call, some of which hold what was said."""
    turns = style.turns(scene)
    events: list[dict[str, Any]] = [{"event": "call.connected", "at": 0.0, "data": {"codec": "opus"}}]
    for t in turns:
        data = {"speaker": label_of(style, scene, t), "text": t.text, "end": t.stop}
        events.append({"event": "transcript.utterance", "at": t.start, "data": data})
    events.append({"event": "call.disconnected", "at": turns[-1].stop + 1, "data": {"cause": "normal"}})
    return Written({"events": events}, spoken(turns, stops=False))


def sequence_and_epoch(style: Style, scene: Scene) -> Written:
    """Messages newest first, with an epoch."""
    turns = style.turns(scene)
    base = scene.start.timestamp()
    items = [
        {
            "messageId": f"m-{n}",
            "sender": {"role": label_of(style, scene, t)},
            "payload": t.text,
            "sentEpochMs": round((base + t.start) * 1000),
        }
        for n, t in enumerate(turns)
    ]
    return Written({"messages": items[::-1]}, spoken(turns, stops=False), shift_ok=True)


def string_times(style: Style, scene: Scene) -> Written:
    """Clocks with thousandths, as text, in a nested range."""
    turns = style.turns(scene)
    items = [
        {
            "range": {"from": clock(t.start, "hh:mm:ss.mmm"), "to": clock(t.stop, "hh:mm:ss.mmm")},
            "voice": {"label": label_of(style, scene, t)},
            "caption": t.text,
        }
        for t in turns
    ]
    return Written({"version": 2, "captions": items}, spoken(turns))


def json_a_line_wrapped(style: Style, scene: Scene) -> Written:
    """An object a line, each with a type: the first describes the rest."""
    turns = style.turns(scene)
    head = {"kind": "header", "engine": "asr-4", "utterances": len(turns)}
    rows = [
        {"kind": "utterance", "spk": label_of(style, scene, t), "beg": t.start, "fin": t.stop, "txt": t.text}
        for t in turns
    ]
    return Written("\n".join(json.dumps(row, ensure_ascii=False) for row in [head, *rows]), spoken(turns))


FORMS: tuple[Form, ...] = (
    Form("arrows", arrows, named=True),
    Form("at-sign", at_sign, named=True, file="txt"),
    Form("braces", braces, named=True),
    Form("label-line", label_line, file="txt"),
    Form("hash-marks", hash_marks),
    Form("label-and-clock", label_and_clock, named=True),
    Form("seconds-first", seconds_first, named=True),
    Form("mail-quote", mail_quote),
    Form("spaced-colon", spaced_colon, file="txt"),
    Form("minute-marks", minute_marks, named=True),
    Form("fields-a-line", fields_a_line, file="txt"),
    Form("markup-spans", markup_spans),
    Form("clock-behind", clock_behind, named=True),
    Form("range-headed", range_headed, named=True, file="txt"),
    Form("hanging", hanging, named=True),
    Form("with-legend", with_legend, labelled=False),
    Form("log-lines", log_lines, named=True, file="txt", dated=True),
    Form("markdown-table", markdown_table),
    Form("subtitle-events", subtitle_events, named=True),
    Form("tuples", tuples),
    Form("xml-speakers", xml_speakers, labelled=False),
    Form("deep-turns", deep_turns, objects=True),
    Form("second-keys", second_keys, objects=True),
    Form("named-keys", named_keys, objects=True),
    Form("lists-a-side", lists_a_side, objects=True, labelled=False),
    Form("monologues", monologues, objects=True, turns_only=True),
    Form("participant-ids", participant_ids, objects=True, labelled=False),
    Form("paragraphs", paragraphs, objects=True),
    Form("n-best", n_best, objects=True),
    Form("event-stream", event_stream, objects=True),
    Form("newest-message-first", sequence_and_epoch, objects=True, dated=True),
    Form("string-times", string_times, objects=True),
    Form("typed-json-lines", json_a_line_wrapped),
)
