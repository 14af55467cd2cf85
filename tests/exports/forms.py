"""Ways in which systems write a transcript into one cell, one value or one file."""

from __future__ import annotations

import csv
import html
import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tests.exports import more_forms
from tests.exports.dialogues import Scene, Turn
from tests.exports.writing import Form, Style, Written, clock, label_of, role_of, spoken

WHO = ("speaker", "participant", "from", "author", "who", "speaker_label", "party")
WORDS = ("text", "content", "body", "utterance", "msg", "message", "transcript")
BEGIN = ("start", "begin", "offset", "start_time", "startTime", "ts_start")
FINISH = {
    "start": "end", "begin": "end", "offset": "offset_end", "start_time": "end_time", "startTime": "endTime",
    "ts_start": "ts_end",
}  # fmt: skip


def _lines(write: Callable[[Style, Scene, Turn], str], *, between: str = "\n", timed: bool = False) -> Any:
    """Return a form that writes a text a turn; with times they are starts in whole seconds."""

    def form(style: Style, scene: Scene) -> Written:
        turns = style.turns(scene, whole=timed)
        return Written(
            between.join(write(style, scene, turn) for turn in turns),
            spoken(turns, times=timed, stops=False),
        )

    return form


def clock_style(style: Style) -> str:
    return style.pick("clock", ("mm:ss", "m:ss", "hh:mm:ss", "h:mm:ss"))


colon = _lines(lambda s, c, t: f"{label_of(s, c, t)}: {t.text}")
colon_spaced = _lines(lambda s, c, t: f"{label_of(s, c, t)}: {t.text}", between="\n\n")
one_line = _lines(lambda s, c, t: f"{label_of(s, c, t)}: {t.text}", between=" ")
bracket_clock = _lines(
    lambda s, c, t: f"[{label_of(s, c, t)}] {clock(t.start, clock_style(s))} – {t.text}", timed=True
)
dash = _lines(lambda s, c, t: f"{label_of(s, c, t)} — {t.text}")
slashes = _lines(lambda s, c, t: f"{label_of(s, c, t)}: {t.text}", between=" / ")
clock_first = _lines(
    lambda s, c, t: f"{clock(t.start, 'hh:mm:ss')} {label_of(s, c, t)}: {t.text}", timed=True
)
parenthesis = _lines(lambda s, c, t: f"({label_of(s, c, t)}) {t.text}")
label_clock = _lines(lambda s, c, t: f"{label_of(s, c, t)} ({clock(t.start, 'mm:ss')}): {t.text}", timed=True)
clock_bracket = _lines(
    lambda s, c, t: f"[{clock(t.start, clock_style(s))}] {label_of(s, c, t)}: {t.text}", timed=True
)
head_and_words = _lines(
    lambda s, c, t: f"{label_of(s, c, t)}  {clock(t.start, clock_style(s))}\n{t.text}\n", timed=True
)
pipes = _lines(
    lambda s, c, t: f"{clock(t.start, clock_style(s))} | {label_of(s, c, t)} | {t.text}", timed=True
)
angles = _lines(lambda s, c, t: f"<{label_of(s, c, t)}> {t.text}")
bold = _lines(lambda s, c, t: f"**{label_of(s, c, t)}:** {t.text}", between="\n\n")
bullets = _lines(
    lambda s, c, t: f"- **{label_of(s, c, t)}** ({clock(t.start, 'mm:ss')}): {t.text}", timed=True
)
paragraphs = _lines(
    lambda s, c, t: f"<p><b>{html.escape(label_of(s, c, t))}:</b> {html.escape(t.text)}</p>", between=""
)
line_breaks = _lines(
    lambda s, c, t: f"{html.escape(label_of(s, c, t))}: {html.escape(t.text)}", between="<br/>"
)
tabs = _lines(lambda s, c, t: f"{label_of(s, c, t)}\t{t.text}")


def wrapped(style: Style, scene: Scene) -> Written:
    """Labelled lines that a system broke at a width, so that a turn goes on in lines without a label."""
    turns = style.turns(scene)
    out = []
    for turn in turns:
        words = turn.text.split(" ")
        cut = len(words) // 2
        text = (
            f"{' '.join(words[:cut])}\n{' '.join(words[cut:])}"
            if cut > 2 and turn.role == "agent"
            else turn.text
        )
        out.append(f"{label_of(style, scene, turn)}: {text}")
    return Written("\n".join(out), spoken(turns, times=False))


def wall_clock(style: Style, scene: Scene) -> Written:
    """Chat export: the time of day before each label."""
    turns = style.turns(scene, whole=True)
    out = [
        f"({scene.start + timedelta(seconds=t.start):%H:%M:%S}) {label_of(style, scene, t)}: {t.text}"
        for t in turns
    ]
    return Written("\n".join(out), spoken(turns, stops=False), shift_ok=True)


def xml(style: Style, scene: Scene) -> Written:
    turns = style.turns(scene)
    tag = style.pick("xml", ("turn", "utterance", "line"))
    inner = "".join(
        f'<{tag} speaker="{html.escape(label_of(style, scene, t))}" start="{t.start}" end="{t.stop}">'
        f"{html.escape(t.text, quote=False)}</{tag}>"
        for t in turns
    )
    return Written(f"<transcript>{inner}</transcript>", spoken(turns))


def _delimited(delimiter: str) -> Any:
    def form(style: Style, scene: Scene) -> Written:
        turns = style.turns(scene)
        out = io.StringIO()
        writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
        writer.writerow(["speaker", "start", "end", "text"])
        for t in turns:
            writer.writerow([label_of(style, scene, t), t.start, t.stop, t.text])
        return Written(out.getvalue().rstrip("\n"), spoken(turns))

    return form


def srt(style: Style, scene: Scene) -> Written:
    turns = style.turns(scene)
    cues = [
        f"{n}\n{clock(t.start, 'hh:mm:ss,mmm')} --> {clock(t.stop, 'hh:mm:ss,mmm')}\n"
        f"{label_of(style, scene, t)}: {t.text}\n"
        for n, t in enumerate(turns, 1)
    ]
    return Written("\n".join(cues), spoken(turns))


def vtt(style: Style, scene: Scene) -> Written:
    turns = style.turns(scene)
    cues = [
        f"{clock(t.start, 'hh:mm:ss.mmm')} --> {clock(t.stop, 'hh:mm:ss.mmm')}\n"
        f"<v {label_of(style, scene, t)}>{t.text}</v>\n"
        for t in turns
    ]
    return Written("WEBVTT\n\n" + "\n".join(cues), spoken(turns))


def _keys(style: Style) -> tuple[str, str, str, str]:
    begin = style.pick("begin", BEGIN)
    return style.pick("who", WHO), style.pick("words", WORDS), begin, FINISH[begin]


def objects_seconds(style: Style, scene: Scene) -> Written:
    turns = style.turns(scene)
    who, words, begin, finish = _keys(style)
    items = [{who: label_of(style, scene, t), words: t.text, begin: t.start, finish: t.stop} for t in turns]
    return Written(items, spoken(turns))


def objects_millis(style: Style, scene: Scene) -> Written:
    turns = style.turns(scene)
    who, words = style.pick("who", WHO), style.pick("words", WORDS)
    begin, finish = style.pick(
        "millis", (("startMs", "endMs"), ("start_ms", "end_ms"), ("BeginOffsetMillis", "EndOffsetMillis"))
    )
    items = [
        {
            "id": n,
            begin: round(t.start * 1000),
            finish: round(t.stop * 1000),
            who: label_of(style, scene, t),
            words: t.text,
            "confidence": 0.97,
        }
        for n, t in enumerate(turns)
    ]
    return Written(items, spoken(turns))


def objects_bare_millis(style: Style, scene: Scene) -> Written:
    """Milliseconds whose names do not say so: the pace does."""
    turns = style.turns(scene)
    who, words, begin, finish = _keys(style)
    items = [
        {
            who: label_of(style, scene, t),
            words: t.text,
            begin: round(t.start * 1000),
            finish: round(t.stop * 1000),
        }
        for t in turns
    ]
    return Written(items, spoken(turns))


def objects_iso(style: Style, scene: Scene) -> Written:
    turns = style.turns(scene)
    who, words = style.pick("who", WHO), style.pick("words", WORDS)
    when = style.pick("when", ("timestamp", "sent_at", "created_at", "time"))
    items = [
        {
            when: (scene.start + timedelta(seconds=t.start)).isoformat(timespec="milliseconds"),
            who: label_of(style, scene, t),
            words: t.text,
        }
        for t in turns
    ]
    return Written(items, spoken(turns, stops=False), shift_ok=True)


def objects_epoch(style: Style, scene: Scene) -> Written:
    turns = style.turns(scene)
    who, words = style.pick("who", WHO), style.pick("words", WORDS)
    base = scene.start.timestamp()
    items = [
        {"ts": round((base + t.start) * 1000), who: label_of(style, scene, t), words: t.text} for t in turns
    ]
    return Written(items, spoken(turns, stops=False), shift_ok=True)


def objects_clock(style: Style, scene: Scene) -> Written:
    turns = style.turns(scene, whole=True)
    who, words = style.pick("who", WHO), style.pick("words", WORDS)
    form = style.pick("clock", ("mm:ss", "hh:mm:ss"))
    items = [{"time": clock(t.start, form), who: label_of(style, scene, t), words: t.text} for t in turns]
    return Written(items, spoken(turns, stops=False))


def objects_samples(style: Style, scene: Scene) -> Written:
    turns = style.turns(scene)
    rate = style.pick("rate", (8000, 16000))
    value = {
        "sample_rate": rate,
        "duration": scene.seconds,
        "segments": [
            {
                "speaker": label_of(style, scene, t),
                "text": t.text,
                "start_sample": round(t.start * rate),
                "end_sample": round(t.stop * rate),
            }
            for t in turns
        ],
    }
    return Written(value, spoken(turns))


def objects_duration(style: Style, scene: Scene) -> Written:
    turns = style.turns(scene)
    who, words, begin, _ = _keys(style)
    items = [
        {
            who: label_of(style, scene, t),
            words: t.text,
            begin: t.start,
            "duration": round(t.stop - t.start, 2),
        }
        for t in turns
    ]
    return Written(items, spoken(turns))


def objects_untimed(style: Style, scene: Scene) -> Written:
    turns = style.turns(scene)
    who, words = style.pick("who", ("role", *WHO)), style.pick("words", WORDS)
    return Written(
        [{who: label_of(style, scene, t), words: t.text} for t in turns], spoken(turns, times=False)
    )


def is_agent(style: Style, scene: Scene) -> Written:
    turns = style.turns(scene)
    key = style.pick("is_agent", ("is_agent", "isAgent", "from_agent", "agent"))
    words = style.pick("words", WORDS)
    return Written(
        [{key: t.role == "agent", words: t.text, "start": t.start, "end": t.stop} for t in turns],
        spoken(turns),
    )


def incoming(style: Style, scene: Scene) -> Written:
    turns = style.turns(scene)
    words = style.pick("words", WORDS)
    return Written(
        [{"incoming": t.role == "customer", words: t.text, "ts": t.start} for t in turns],
        spoken(turns, stops=False),
    )


def author_object(style: Style, scene: Scene) -> Written:
    turns = style.turns(scene)
    domain = scene.email.partition("@")[2]
    items = []
    for t in turns:
        name = scene.agent if t.role == "agent" else scene.customer
        items.append(
            {
                "author": {
                    "type": role_of(style, t),
                    "name": name if t.role in ("agent", "customer") else domain,
                },
                "body": t.text,
                "offset": t.start,
            }
        )
    return Written(items, spoken(turns, stops=False))


def channel_map(style: Style, scene: Scene) -> Written:
    """Turns by channel, and beside them which channel is whose."""
    turns = style.turns(scene)
    a, c = style.roles(scene)
    value = {
        "channels": [{"channel": 0, "role": c}, {"channel": 1, "role": a}],
        "utterances": [
            {"channel": 1 if t.role == "agent" else 0, "text": t.text, "start": t.start, "end": t.stop}
            for t in turns
        ],
    }
    return Written(value, spoken(turns))


def speakers_beside(style: Style, scene: Scene) -> Written:
    """Turns by the speaker's id, and beside them the speakers' names and emails."""
    turns = style.turns(scene)
    value = {
        "speakers": [
            {"id": "s-11", "name": scene.agent, "email": scene.email},
            {"id": "s-12", "name": scene.customer, "email": None},
        ],
        "sentences": [
            {
                "speaker_id": "s-11" if t.role == "agent" else "s-12",
                "text": t.text,
                "start_time": t.start,
                "end_time": t.stop,
            }
            for t in turns
        ],
    }
    return Written(value, spoken(turns))


def pairs(style: Style, scene: Scene) -> Written:
    turns = style.turns(scene)
    return Written([[label_of(style, scene, t), t.text] for t in turns], spoken(turns, times=False))


def one_key(style: Style, scene: Scene) -> Written:
    turns = style.turns(scene)
    return Written([{label_of(style, scene, t): t.text} for t in turns], spoken(turns, times=False))


def numbered_object(style: Style, scene: Scene) -> Written:
    turns = style.turns(scene)
    who, words = style.pick("who", WHO), style.pick("words", WORDS)
    value = {str(n): {who: label_of(style, scene, t), words: t.text} for n, t in enumerate(turns, 1)}
    return Written(value, spoken(turns, times=False))


def python_repr(style: Style, scene: Scene) -> Written:
    written = objects_seconds(style, scene)
    return Written(repr(written.value), written.lines)


def numpy_repr(style: Style, scene: Scene) -> Written:
    turns = style.turns(scene)
    items = "\n ".join(repr({"role": label_of(style, scene, t), "content": t.text}) for t in turns)
    return Written(f"[{items}]", spoken(turns, times=False))


def twice_escaped(style: Style, scene: Scene) -> Written:
    written = objects_seconds(style, scene)
    return Written(
        json.dumps(json.dumps(written.value, ensure_ascii=False), ensure_ascii=False), written.lines
    )


def json_lines(style: Style, scene: Scene) -> Written:
    written = objects_seconds(style, scene)
    return Written("\n".join(json.dumps(item, ensure_ascii=False) for item in written.value), written.lines)


def timed_words(style: Style, scene: Scene) -> Written:
    turns = style.turns(scene)
    items = []
    lines = []
    for t in turns:
        words = t.text.split(" ") if " " in t.text else list(t.text)
        step = (t.stop - t.start) / len(words)
        for n, word in enumerate(words):
            items.append(
                {
                    "word": word,
                    "start": round(t.start + n * step, 3),
                    "end": round(t.start + (n + 1) * step, 3),
                    "speaker": label_of(style, scene, t),
                }
            )
        lines.append(t)
    return Written(items, spoken(lines))


def chat_with_events(style: Style, scene: Scene) -> Written:
    """Messages among status events, an internal note and a message that was deleted: nobody said these."""
    turns = style.turns(scene)
    kind, message = style.pick(
        "kind", (("type", "message"), ("event_type", "MESSAGE"), ("messageType", "Text"), ("type", "comment"))
    )

    def item(what: str, who: str | None, text: str, when: float, **more: Any) -> dict[str, Any]:
        return {kind: what, "author": who, "text": text, "time": when, **more}

    items: list[dict[str, Any]] = [
        {kind: "participant_joined", "author": scene.agent, "time": turns[0].start}
    ]
    for n, t in enumerate(turns):
        items.append(item(message, label_of(style, scene, t), t.text, t.start))
        if n == 1:
            items.append(item("note", scene.agent, "Customer seems upset, check contract.", t.stop))
        elif n == 2:
            items.append(item("status", None, "Conversation moved to another queue", t.stop))
        elif n == 3 and style.pick("deleted", (True, False)):
            items.append(item(message, label_of(style, scene, t), "(sent by mistake)", t.stop, deleted=True))
    items.append({kind: "participant_left", "author": scene.agent, "time": turns[-1].stop})
    return Written({"messages": items}, spoken(turns, stops=False))


def interim(style: Style, scene: Scene) -> Written:
    """Results of live recognition: each turn grows until it is final."""
    turns = style.turns(scene)
    flag, yes, no = style.pick(
        "final", (("is_final", True, False), ("isPartial", False, True), ("final", True, False))
    )
    items = []
    for t in turns:
        for share in (0.4, 0.7):
            items.append(
                {
                    "speaker": label_of(style, scene, t),
                    "text": t.text[: max(2, int(len(t.text) * share))],
                    "start": t.start,
                    "end": round(t.start + (t.stop - t.start) * share, 2),
                    flag: no,
                }
            )
        items.append(
            {"speaker": label_of(style, scene, t), "text": t.text, "start": t.start, "end": t.stop, flag: yes}
        )
    return Written(items, spoken(turns))


def chat_blocks(style: Style, scene: Scene) -> Written:
    """As people copy a chat from a window: who and when on a line, what below it."""
    turns = style.turns(scene, whole=True)
    out = [
        f"{label_of(style, scene, t)} ({scene.start + timedelta(seconds=t.start):%H:%M:%S})\n{t.text}"
        for t in turns
    ]
    return Written("\n\n".join(out), spoken(turns, stops=False), shift_ok=True)


def quoted(style: Style, scene: Scene) -> Written:
    turns = style.turns(scene)
    text = "\n".join(f'{label_of(style, scene, t)}: "{t.text}"' for t in turns)
    return Written(text, spoken(turns, times=False))


def ranges(style: Style, scene: Scene) -> Written:
    turns = style.turns(scene)
    text = "\n".join(f"[{t.start:.2f} - {t.stop:.2f}] {label_of(style, scene, t)}: {t.text}" for t in turns)
    return Written(text, spoken(turns))


FORMS: tuple[Form, ...] = (
    Form("colon", colon, file="txt", weight=8),
    Form("colon-spaced", colon_spaced, file="txt", weight=2),
    Form("one-line", one_line, named=True),
    Form("bracket-clock", bracket_clock, file="txt", weight=2),
    Form("dash", dash, named=True),
    Form("slashes", slashes),
    Form("clock-first", clock_first, file="txt", weight=2),
    Form("parenthesis", parenthesis, named=True),
    Form("label-clock", label_clock, file="txt", named=True, weight=2),
    Form("clock-bracket", clock_bracket, file="txt", weight=4),
    Form("head-and-words", head_and_words, file="txt", named=True),
    Form("pipes", pipes),
    Form("angles", angles, named=True),
    Form("markdown-bold", bold),
    Form("markdown-bullets", bullets),
    Form("html-paragraphs", paragraphs, weight=2),
    Form("html-breaks", line_breaks),
    Form("tabs", tabs, named=True),
    Form("wrapped", wrapped, named=True),
    Form("wall-clock", wall_clock),
    Form("xml", xml),
    Form("csv-in-cell", _delimited(",")),
    Form("tsv-in-cell", _delimited("\t")),
    Form("srt", srt, file="srt", named=True, weight=2),
    Form("vtt", vtt, file="vtt", named=True, weight=2),
    Form("objects-seconds", objects_seconds, objects=True, weight=6),
    Form("objects-millis", objects_millis, objects=True, weight=4),
    Form("objects-bare-millis", objects_bare_millis, objects=True),
    Form("objects-iso", objects_iso, objects=True, weight=2, dated=True),
    Form("objects-epoch", objects_epoch, objects=True, dated=True),
    Form("objects-clock", objects_clock, objects=True, weight=2),
    Form("objects-samples", objects_samples, objects=True),
    Form("objects-duration", objects_duration, objects=True, weight=2),
    Form("objects-untimed", objects_untimed, objects=True, weight=3),
    Form("is-agent", is_agent, objects=True, labelled=False),
    Form("incoming", incoming, objects=True, labelled=False),
    Form("author-object", author_object, objects=True, labelled=False, weight=2),
    Form("channel-map", channel_map, objects=True, labelled=False),
    Form("speakers-beside", speakers_beside, objects=True, labelled=False),
    Form("pairs", pairs, objects=True),
    Form("one-key", one_key, objects=True, named=True),
    Form("numbered-object", numbered_object, objects=True),
    Form("python-repr", python_repr),
    Form("numpy-repr", numpy_repr),
    Form("twice-escaped", twice_escaped),
    Form("json-lines", json_lines),
    Form("timed-words", timed_words, objects=True, turns_only=True),
    Form("chat-with-events", chat_with_events, objects=True),
    Form("interim", interim, objects=True),
    Form("chat-blocks", chat_blocks, named=True),
    Form("quoted", quoted),
    Form("ranges", ranges, file="txt"),
    *more_forms.FORMS,
)
