"""KEPT APART: forms of the vocabulary "last". Do not read this file when you work on the reader."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tests.exports.dialogues import Scene, Turn
from tests.exports.writing import Form, Style, Written, clock, label_of, role_of, spoken


def _lines(write: Callable[[str, Turn], str], *, between: str = "\n", timed: bool = False) -> Any:
    """Return a form that writes a text a turn from its label; with times they are starts in whole seconds."""

    def form(style: Style, scene: Scene) -> Written:
        turns = style.turns(scene, whole=timed)
        text = between.join(write(label_of(style, scene, t), t) for t in turns)
        return Written(text, spoken(turns, times=timed, stops=False))

    return form


label_pipe = _lines(lambda who, t: f"{who} | {t.text}")
tilde = _lines(lambda who, t: f"{who} ~ {t.text}")
columns = _lines(lambda who, t: f"{clock(t.start, 'mm:ss')}\t{who}\t{t.text}", timed=True)
clock_and_hyphen = _lines(lambda who, t: f"({clock(t.start, 'm:ss')}) {who} - {t.text}", timed=True)
comma_headed = _lines(lambda who, t: f"{who}, {clock(t.start, 'mm:ss')}\n{t.text}\n", timed=True)
equals_headed = _lines(lambda who, t: f"=== {who} ===\n{t.text}")
starred = _lines(lambda who, t: f"*{who}*: {t.text}")
unit_clock = _lines(
    lambda who, t: f"0h{int(t.start) // 60:02}m{int(t.start) % 60:02}s {who}: {t.text}", timed=True
)
caption_marks = _lines(lambda who, t: f">> {who}: {t.text}")
wiki_bold = _lines(lambda who, t: f"'''{who}:''' {t.text}", between="\n\n")
bare_csv = _lines(
    lambda who, t: f'"{clock(t.start, "hh:mm:ss")}";"{who}";"{t.text.replace(chr(34), chr(34) * 2)}"',
    timed=True,
)
list_items = _lines(
    lambda who, t: (
        f"<li><strong>{html.escape(who)}</strong> <em>{clock(t.start, 'mm:ss')}</em> {html.escape(t.text)}</li>"
    ),
    between="",
    timed=True,
)
clock_in_curly = _lines(lambda who, t: f"{{{clock(t.start, 'hh:mm:ss')}}} {who}: {t.text}", timed=True)


def counted(style: Style, scene: Scene) -> Written:
    turns = style.turns(scene)
    text = "\n".join(f"#{n} [{label_of(style, scene, t)}] {t.text}" for n, t in enumerate(turns, 1))
    return Written(text, spoken(turns, times=False))


def label_and_range(style: Style, scene: Scene) -> Written:
    turns = style.turns(scene, whole=True)
    text = "\n".join(
        f"{label_of(style, scene, t)} ({clock(t.start, 'mm:ss')} - {clock(t.stop, 'mm:ss')}): {t.text}"
        for t in turns
    )
    return Written(text, spoken(turns))


def side_elements(style: Style, scene: Scene) -> Written:
    """XML whose elements are named by the side."""
    turns = style.turns(scene)
    inner = "".join(f'<{t.role} at="{t.start}">{html.escape(t.text, quote=False)}</{t.role}>' for t in turns)
    return Written(f"<conversation>{inner}</conversation>", spoken(turns, stops=False))


def vtt_notes(style: Style, scene: Scene) -> Written:
    """Subtitles with notes between the cues, which nobody said."""
    turns = style.turns(scene)
    cues = [
        f"NOTE Confidence: 0.{90 + n % 9}\n\ncue-{n}\n"
        f"{clock(t.start, 'hh:mm:ss.mmm')} --> {clock(t.stop, 'hh:mm:ss.mmm')}\n"
        f"{label_of(style, scene, t)}: {t.text}"
        for n, t in enumerate(turns, 1)
    ]
    return Written("WEBVTT\n\n" + "\n\n".join(cues) + "\n", spoken(turns))


def property_lines(style: Style, scene: Scene) -> Written:
    """Three lines a turn, each with the whole path of what it holds."""
    turns = style.turns(scene)
    text = "\n".join(
        f"turn.{n}.speaker={label_of(style, scene, t)}\nturn.{n}.start={t.start}\nturn.{n}.text={t.text}"
        for n, t in enumerate(turns, 1)
    )
    return Written(text, spoken(turns, stops=False))


def inserts(style: Style, scene: Scene) -> Written:
    """What a database dump writes."""
    turns = style.turns(scene)

    def quoted(text: str) -> str:
        return "'" + text.replace("'", "''") + "'"

    text = "\n".join(
        "INSERT INTO utterance (speaker, start_sec, end_sec, body) VALUES "  # noqa: S608 - nobody runs it
        f"({quoted(label_of(style, scene, t))}, {t.start}, {t.stop}, {quoted(t.text)});"
        for t in turns
    )
    return Written(text, spoken(turns))


def toml_blocks(style: Style, scene: Scene) -> Written:
    turns = style.turns(scene)

    def quoted(text: str) -> str:
        return json.dumps(text, ensure_ascii=False)

    text = "\n\n".join(
        f"[[turn]]\nspeaker = {quoted(label_of(style, scene, t))}\n"
        f"start = {t.start}\nend = {t.stop}\ntext = {quoted(t.text)}"
        for t in turns
    )
    return Written(text, spoken(turns))


def mail_thread(style: Style, scene: Scene) -> Written:
    """As mail programs quote what was written before."""
    turns = style.turns(scene, whole=True)
    text = "\n\n".join(
        f"On {scene.start + timedelta(seconds=t.start):%Y-%m-%d at %H:%M:%S}, {label_of(style, scene, t)} wrote:\n{t.text}"
        for t in turns
    )
    return Written(text, spoken(turns, stops=False), shift_ok=True)


def content_parts(style: Style, scene: Scene) -> Written:
    """Turns whose content is a list of parts."""
    turns = style.turns(scene)
    items = [
        {"role": label_of(style, scene, t), "content": [{"type": "text", "text": t.text}]} for t in turns
    ]
    return Written({"thread": {"turns": items}}, spoken(turns, times=False))


def sides_by_index(style: Style, scene: Scene) -> Written:
    """An object a side, whose keys are the places of the turns."""
    turns = style.turns(scene)
    a, c = style.roles(scene)
    value = {
        word: {str(n): t.text for n, t in enumerate(turns, 1) if t.role == role}
        for word, role in ((a, "agent"), (c, "customer"))
    }
    return Written(value, spoken(turns, times=False))


def head_and_rows(style: Style, scene: Scene) -> Written:
    """A table in JSON: names once, then lists."""
    turns = style.turns(scene)
    rows = [[n, label_of(style, scene, t), t.start, t.stop, t.text] for n, t in enumerate(turns, 1)]
    return Written({"columns": ["no", "speaker", "from_s", "to_s", "words"], "rows": rows}, spoken(turns))


def container(style: Style, scene: Scene) -> Written:
    """Parties and dialog as the exchange format for conversations has them: a party is named by its place."""
    turns = style.turns(scene)
    a, c = style.roles(scene)
    dialog = [
        {
            "type": "text",
            "start": (scene.start + timedelta(seconds=t.start)).isoformat(timespec="milliseconds"),
            "duration": round(t.stop - t.start, 2),
            "parties": [0 if t.role == "customer" else 1],
            "body": t.text,
            "encoding": "none",
        }
        for t in turns
    ]
    value = {
        "vcon": "0.0.1",
        "parties": [{"tel": scene.phone, "role": c}, {"mailto": scene.email, "role": a}],
        "dialog": dialog,
    }
    return Written(value, spoken(turns, stops=False), shift_ok=True)


def seconds_and_nanos(style: Style, scene: Scene) -> Written:
    """Times in two parts: seconds as text, and thousand-millionths."""
    turns = style.turns(scene)

    def at(seconds: float) -> dict[str, Any]:
        hundredths = round(seconds * 100)
        return {"seconds": str(hundredths // 100), "nanos": hundredths % 100 * 10_000_000}

    items = [
        {
            "participant": label_of(style, scene, t),
            "utterance": t.text,
            "startOffset": at(t.start),
            "endOffset": at(t.stop),
        }
        for t in turns
    ]
    return Written({"transcriptSegments": items}, spoken(turns))


def labelled_strings(style: Style, scene: Scene) -> Written:
    turns = style.turns(scene)
    return Written([f"{label_of(style, scene, t)}: {t.text}" for t in turns], spoken(turns, times=False))


def aligned(style: Style, scene: Scene) -> Written:
    """Segments with their words inside, each with times of its own."""
    turns = style.turns(scene)
    items = []
    for t in turns:
        parts = t.text.split(" ")
        step = (t.stop - t.start) / len(parts)
        words = [
            {
                "word": part,
                "start": round(t.start + n * step, 3),
                "end": round(t.start + (n + 1) * step, 3),
                "score": 0.9,
            }
            for n, part in enumerate(parts)
        ]
        items.append(
            {
                "start": t.start,
                "end": t.stop,
                "text": f" {t.text}",
                "words": words,
                "speaker": label_of(style, scene, t),
            }
        )
    return Written({"segments": items, "language": scene.language}, spoken(turns))


def told_twice(style: Style, scene: Scene) -> Written:
    """The whole text, and the same again by turn."""
    turns = style.turns(scene)
    items = [{"by": label_of(style, scene, t), "text": t.text, "sec": t.start} for t in turns]
    value = {"full_text": " ".join(t.text for t in turns), "by_turn": items}
    return Written(value, spoken(turns, stops=False))


def first_and_parts(style: Style, scene: Scene) -> Written:
    """The first message for itself, the others in a list: bodies in HTML, times as epochs."""
    turns = style.turns(scene)
    base = int(scene.start.timestamp())
    whole = style.turns(scene, whole=True)

    def item(t: Turn, at: float) -> dict[str, Any]:
        return {
            "author": {"type": role_of(style, t)},
            "body": f"<p>{html.escape(t.text, quote=False)}</p>",
            "created_at": base + int(at),
        }

    first, *others = [item(t, w.start) for t, w in zip(turns, whole, strict=True)]
    value = {
        "source": first,
        "conversation_parts": {"type": "list", "total_count": len(others), "conversation_parts": others},
    }
    return Written(value, spoken(whole, stops=False), shift_ok=True)


def users_by_key(style: Style, scene: Scene) -> Written:
    """Messages that name a user by key, and an object of users beside them."""
    turns = style.turns(scene)
    a, c = style.roles(scene)
    value = {
        "users": {
            "U03K": {"role": c, "real_name": scene.customer},
            "U07Q": {"role": a, "real_name": scene.agent},
        },
        "messages": [
            {"user": "U07Q" if t.role == "agent" else "U03K", "text": t.text, "t": t.start} for t in turns
        ],
    }
    return Written(value, spoken(turns, stops=False))


def blocks_a_speaker(style: Style, scene: Scene) -> Written:
    """Blocks that begin where the speaker changes, each with its lines."""
    turns = style.turns(scene)
    items = [
        {
            "speakerTag": label_of(style, scene, t),
            "span": [t.start, t.stop],
            "lines": [{"value": t.text}],
        }
        for t in turns
    ]
    return Written({"asr": {"blocks": items}}, spoken(turns))


FORMS: tuple[Form, ...] = (
    Form("label-pipe", label_pipe, named=True),
    Form("tilde", tilde, named=True),
    Form("text-columns", columns, named=True, file="txt"),
    Form("clock-and-hyphen", clock_and_hyphen, named=True, file="txt"),
    Form("comma-headed", comma_headed, named=True, file="txt"),
    Form("equals-headed", equals_headed, named=True, file="txt"),
    Form("starred", starred),
    Form("unit-clock", unit_clock, named=True),
    Form("caption-marks", caption_marks, file="txt"),
    Form("wiki-bold", wiki_bold),
    Form("bare-csv", bare_csv),
    Form("list-items", list_items),
    Form("clock-in-curly", clock_in_curly, named=True),
    Form("counted", counted, named=True),
    Form("label-and-range", label_and_range, named=True, file="txt"),
    Form("side-elements", side_elements, labelled=False),
    Form("vtt-notes", vtt_notes, named=True, file="vtt"),
    Form("property-lines", property_lines),
    Form("inserts", inserts),
    Form("toml-blocks", toml_blocks),
    Form("mail-thread", mail_thread, named=True, dated=True),
    Form("content-parts", content_parts, objects=True),
    Form("sides-by-index", sides_by_index, objects=True, labelled=False),
    Form("head-and-rows", head_and_rows, objects=True),
    Form("container", container, objects=True, labelled=False, dated=True),
    Form("seconds-and-nanos", seconds_and_nanos, objects=True),
    Form("labelled-strings", labelled_strings, objects=True),
    Form("aligned", aligned, objects=True),
    Form("told-twice", told_twice, objects=True),
    Form("first-and-parts", first_and_parts, objects=True, labelled=False, dated=True),
    Form("users-by-key", users_by_key, objects=True, labelled=False),
    Form("blocks-a-speaker", blocks_a_speaker, objects=True),
)
