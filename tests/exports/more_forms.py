"""More ways to write a transcript, of the kinds that stand in `forms.py`, which joins them to its own."""

from __future__ import annotations

import html
import json
from datetime import timedelta
from typing import Any

from tests.exports.dialogues import Scene, Turn
from tests.exports.writing import Form, Style, Written, clock, label_of, spoken


def hash_headed(style: Style, scene: Scene) -> Written:
    """A heading a turn, the words below it: `## Agent (0:03)`."""
    turns = style.turns(scene, whole=True)
    text = "\n\n".join(f"## {label_of(style, scene, t)} ({clock(t.start, 'm:ss')})\n{t.text}" for t in turns)
    return Written(text, spoken(turns, stops=False))


def guillemets(style: Style, scene: Scene) -> Written:
    """Label, then the words in quotation marks: `Agent » …`."""
    turns = style.turns(scene)
    return Written(
        "\n".join(f"{label_of(style, scene, t)} » {t.text}" for t in turns), spoken(turns, times=False)
    )


def indented_script(style: Style, scene: Scene) -> Written:
    """A film script: the label in capitals on its own line, the words indented below it."""
    turns = style.turns(scene)
    text = "\n".join(f"{label_of(style, scene, t).upper()}\n    {t.text}\n" for t in turns)
    return Written(text, spoken(turns, times=False))


def tail_label(style: Style, scene: Scene) -> Written:
    """A clock, a range and the label in one bracket: `[00:03-00:07 | Agent] …`."""
    turns = style.turns(scene, whole=True)
    text = "\n".join(
        f"[{clock(t.start, 'mm:ss')}-{clock(t.stop, 'mm:ss')} | {label_of(style, scene, t)}] {t.text}"
        for t in turns
    )
    return Written(text, spoken(turns))


def t_and_who(style: Style, scene: Scene) -> Written:
    """Objects with short keys and seconds."""
    turns = style.turns(scene)
    items = [
        {"who": label_of(style, scene, t), "said": t.text, "t0": t.start, "t1": t.stop, "conf": 0.93}
        for t in turns
    ]
    return Written(items, spoken(turns))


def ticks(style: Style, scene: Scene) -> Written:
    """Objects with times in ticks of 100 ns, named so."""
    turns = style.turns(scene)
    items = [
        {
            "voice": label_of(style, scene, t),
            "sentence": t.text,
            "startTicks": round(t.start * 10_000_000),
            "durationTicks": round((t.stop - t.start) * 10_000_000),
        }
        for t in turns
    ]
    return Written(items, spoken(turns))


def inbound_flag(style: Style, scene: Scene) -> Written:
    """Messages that say only whether the company received them."""
    turns = style.turns(scene)
    items = [
        {"inbound": t.role == "customer", "payload": {"body": t.text}, "offset_ms": round(t.start * 1000)}
        for t in turns
    ]
    return Written(items, spoken(turns, stops=False))


def parties_beside(style: Style, scene: Scene) -> Written:
    """Turns that name a party by number, and the parties with their roles beside them."""
    turns = style.turns(scene)
    a, c = style.roles(scene)
    order = {"agent": 0, "customer": 1}
    value: dict[str, Any] = {
        "parties": [{"idx": 0, "type": a}, {"idx": 1, "type": c}],
        "dialogue": [
            {"party": order[t.role], "words": t.text, "from": t.start, "till": t.stop} for t in turns
        ],
    }
    return Written(value, spoken(turns))


def two_lists(style: Style, scene: Scene) -> Written:
    """One list of labels and one of texts, in parallel."""
    turns = style.turns(scene)
    value = {"speakers": [label_of(style, scene, t) for t in turns], "utterances": [t.text for t in turns]}
    return Written(value, spoken(turns, times=False))


def grouped_by_minute(style: Style, scene: Scene) -> Written:
    """Turns inside pages of the transcript."""
    turns = style.turns(scene)

    def item(t: Turn) -> dict[str, Any]:
        return {"actor": label_of(style, scene, t), "line": t.text, "beginSec": t.start, "finishSec": t.stop}

    half = len(turns) // 2
    pages = [
        {"page": 1, "items": [item(t) for t in turns[:half]]},
        {"page": 2, "items": [item(t) for t in turns[half:]]},
    ]
    return Written({"pages": pages}, spoken(turns))


def yaml_like(style: Style, scene: Scene) -> Written:
    """A list as YAML writes it."""
    turns = style.turns(scene)
    text = "\n".join(
        f"- speaker: {label_of(style, scene, t)}\n  text: {json.dumps(t.text, ensure_ascii=False)}\n  start: {t.start}"
        for t in turns
    )
    return Written(text, spoken(turns, stops=False))


def table_rows_html(style: Style, scene: Scene) -> Written:
    """An HTML table, a row a turn."""
    turns = style.turns(scene, whole=True)
    rows = "".join(
        f"<tr><td>{clock(t.start, 'h:mm:ss')}</td><td>{label_of(style, scene, t)}</td><td>{t.text}</td></tr>"
        for t in turns
    )
    return Written(f"<table>{rows}</table>", spoken(turns, stops=False))


def parallel_channels(style: Style, scene: Scene) -> Written:
    """A list a side; the times tell how they go together."""
    turns = style.turns(scene)
    a, c = style.roles(scene)

    def side(role: str) -> list[dict[str, Any]]:
        return [{"start": t.start, "end": t.stop, "text": t.text} for t in turns if t.role == role]

    return Written({c: side("customer"), a: side("agent")}, spoken(turns))


def iso_durations(style: Style, scene: Scene) -> Written:
    turns = style.turns(scene)
    items = [
        {
            "speaker": label_of(style, scene, t),
            "offset": f"PT{t.start:.2f}S",
            "duration": f"PT{t.stop - t.start:.2f}S",
            "display": t.text,
        }
        for t in turns
    ]
    return Written({"recognizedPhrases": items}, spoken(turns))


def numbered(style: Style, scene: Scene) -> Written:
    turns = style.turns(scene)
    text = "\n".join(f"{n}. {label_of(style, scene, t)}: {t.text}" for n, t in enumerate(turns, 1))
    return Written(text, spoken(turns, times=False))


def between_headings(style: Style, scene: Scene) -> Written:
    """Labelled lines between a heading and a closing line that nobody said."""
    turns = style.turns(scene)
    inner = "\n".join(f"{label_of(style, scene, t)}: {t.text}" for t in turns)
    text = f"--- Transcript of call ---\n\n{inner}\n\n--- End of transcript ---"
    return Written(text, spoken(turns, times=False))


def alternatives(style: Style, scene: Scene) -> Written:
    """Results with several alternatives, the best first."""
    turns = style.turns(scene)
    items = [
        {
            "channelTag": label_of(style, scene, t),
            "alternatives": [
                {"transcript": t.text, "confidence": 0.91},
                {"transcript": t.text.lower(), "confidence": 0.4},
            ],
            "resultStartTime": f"{t.start:.3f}s",
            "resultEndTime": f"{t.stop:.3f}s",
        }
        for t in turns
    ]
    return Written({"results": items}, spoken(turns))


def bars(style: Style, scene: Scene) -> Written:
    """All turns on one line, with two bars between them."""
    turns = style.turns(scene)
    return Written(
        " || ".join(f"{label_of(style, scene, t)}: {t.text}" for t in turns), spoken(turns, times=False)
    )


def label_behind(style: Style, scene: Scene) -> Written:
    """The label behind the words, as below a quotation."""
    turns = style.turns(scene)
    return Written(
        "\n".join(f"{t.text} [{label_of(style, scene, t)}]" for t in turns), spoken(turns, times=False)
    )


def quadruples(style: Style, scene: Scene) -> Written:
    """Lists of begin, end, label, words."""
    turns = style.turns(scene)
    return Written([[t.start, t.stop, label_of(style, scene, t), t.text] for t in turns], spoken(turns))


def xml_elements(style: Style, scene: Scene) -> Written:
    """XML with an element for each part of a turn."""
    turns = style.turns(scene)
    inner = "".join(
        f"<msg><when>{t.start}</when><who>{html.escape(label_of(style, scene, t))}</who>"
        f"<what>{html.escape(t.text, quote=False)}</what></msg>"
        for t in turns
    )
    return Written(f"<dialog>{inner}</dialog>", spoken(turns, stops=False))


def definition_list(style: Style, scene: Scene) -> Written:
    """An HTML list of terms and what belongs to them."""
    turns = style.turns(scene)
    inner = "".join(
        f"<dt>{html.escape(label_of(style, scene, t))}</dt><dd>{html.escape(t.text)}</dd>" for t in turns
    )
    return Written(f"<dl>{inner}</dl>", spoken(turns, times=False))


def lyrics(style: Style, scene: Scene) -> Written:
    """Hundredths of a second in a bracket, as .lrc files write them."""
    turns = style.turns(scene)
    out = []
    for t in turns:
        minutes, seconds = divmod(t.start, 60)
        out.append(f"[{int(minutes):02}:{seconds:05.2f}]{label_of(style, scene, t)}: {t.text}")
    return Written("\n".join(out), spoken(turns, stops=False))


def sbv(style: Style, scene: Scene) -> Written:
    """Subtitles with both times on a line, parted by a comma."""
    turns = style.turns(scene)
    cues = [
        f"{clock(t.start, 'hh:mm:ss.mmm')[1:]},{clock(t.stop, 'hh:mm:ss.mmm')[1:]}\n{label_of(style, scene, t)}: {t.text}"
        for t in turns
    ]
    return Written("\n\n".join(cues), spoken(turns))


def timed_xml(style: Style, scene: Scene) -> Written:
    """Subtitles in XML, paragraphs with begin and end."""
    turns = style.turns(scene)
    inner = "".join(
        f'<p begin="{clock(t.start, "hh:mm:ss.mmm")}" end="{clock(t.stop, "hh:mm:ss.mmm")}">'
        f"{html.escape(label_of(style, scene, t))}: {html.escape(t.text, quote=False)}</p>"
        for t in turns
    )
    return Written(
        f'<tt xmlns="http://www.w3.org/ns/ttml"><body><div>{inner}</div></body></tt>', spoken(turns)
    )


def script_literal(style: Style, scene: Scene) -> Written:
    """A JavaScript literal: keys without quotes, texts in single ones."""
    turns = style.turns(scene)

    def quoted(text: str) -> str:
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

    inner = ", ".join(
        f"{{role: {quoted(label_of(style, scene, t))}, text: {quoted(t.text)}, start: {t.start}}}"
        for t in turns
    )
    return Written(f"[{inner}]", spoken(turns, stops=False))


def clock_keys(style: Style, scene: Scene) -> Written:
    """An object whose keys hold the clock and the label."""
    turns = style.turns(scene, whole=True)
    value = {f"{clock(t.start, 'mm:ss')} {label_of(style, scene, t)}": t.text for t in turns}
    return Written(value, spoken(turns, stops=False))


def epoch_text(style: Style, scene: Scene) -> Written:
    """Messages whose time is an epoch with fractions, as text."""
    turns = style.turns(scene)
    base = scene.start.timestamp()
    items = [
        {"user": label_of(style, scene, t), "ts": f"{base + t.start:.6f}", "text": t.text} for t in turns
    ]
    return Written(items, spoken(turns, stops=False), shift_ok=True)


def chat_log(style: Style, scene: Scene) -> Written:
    """The log of a chat program: the time of day, the label in angle brackets."""
    turns = style.turns(scene, whole=True)
    out = [
        f"{scene.start + timedelta(seconds=t.start):%H:%M:%S} <{label_of(style, scene, t)}> {t.text}"
        for t in turns
    ]
    return Written("\n".join(out), spoken(turns, stops=False), shift_ok=True)


def phone_chat(style: Style, scene: Scene) -> Written:
    """A chat as a telephone exports it: date and time before each label."""
    turns = style.turns(scene, whole=True)
    out = [
        f"{scene.start + timedelta(seconds=t.start):%Y-%m-%d, %H:%M:%S} - {label_of(style, scene, t)}: {t.text}"
        for t in turns
    ]
    return Written("\n".join(out), spoken(turns, stops=False), shift_ok=True)


def words_and_segments(style: Style, scene: Scene) -> Written:
    """Words with times, and beside them who spoke when."""
    turns = style.turns(scene)
    words = []
    for t in turns:
        parts = t.text.split(" ")
        step = (t.stop - t.start) / len(parts)
        for n, part in enumerate(parts):
            begin, end = round(t.start + n * step, 3), round(t.start + (n + 1) * step, 3)
            words.append({"w": part, "from": begin, "to": end})
    segments = [{"who": label_of(style, scene, t), "from": t.start, "to": t.stop} for t in turns]
    return Written({"words": words, "segments": segments}, spoken(turns))


FORMS: tuple[Form, ...] = (
    Form("hash-headed", hash_headed),
    Form("guillemets", guillemets),
    Form("indented-script", indented_script, named=True),
    Form("tail-label", tail_label),
    Form("t-and-who", t_and_who, objects=True),
    Form("ticks", ticks, objects=True),
    Form("inbound-flag", inbound_flag, objects=True, labelled=False),
    Form("parties-beside", parties_beside, objects=True, labelled=False),
    Form("two-lists", two_lists, objects=True),
    Form("pages", grouped_by_minute, objects=True),
    Form("yaml", yaml_like),
    Form("html-table", table_rows_html),
    Form("parallel-channels", parallel_channels, objects=True, labelled=False),
    Form("iso-durations", iso_durations, objects=True),
    Form("numbered", numbered, named=True),
    Form("between-headings", between_headings),
    Form("alternatives", alternatives, objects=True, named=True),
    Form("bars", bars),
    Form("label-behind", label_behind, named=True),
    Form("quadruples", quadruples, objects=True),
    Form("xml-elements", xml_elements),
    Form("definition-list", definition_list),
    Form("lyrics", lyrics, file="txt"),
    Form("sbv", sbv, named=True),
    Form("timed-xml", timed_xml, named=True),
    Form("script-literal", script_literal),
    Form("clock-keys", clock_keys, objects=True, named=True),
    Form("epoch-text", epoch_text, objects=True, dated=True),
    Form("chat-log", chat_log, named=True, file="txt"),
    Form("phone-chat", phone_chat, named=True, file="txt", dated=True),
    Form("words-and-segments", words_and_segments, objects=True, turns_only=True),
)
