"""Subtitles as Zoom, Teams and transcription tools write them: WebVTT, SRT, SBV, ASS, in a file or in a cell.

Written here, and not left to a package, for what the packages do with faulty files: webvtt-py and pysubs2 drop a
cue whose time has no fraction, read ".08" as 8 ms, and pass over text that stands outside a cue. Here every time
is read as it is written and every line of text belongs to a cue, is known not to be speech (NOTE, STYLE, REGION,
numbers and names of cues), or becomes a line of its own with a finding.

Who speaks stands in a voice tag (`<v Ann>`), before a colon, or on the first line of the cue. Whether
"Note: …" is a speaker is decided as for any text, over the whole transcript.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from reddy_lib.findings import finding
from reddy_lib.transcripts.formats.ass_events import as_webvtt, is_ass
from reddy_lib.transcripts.formats.captions import is_caption, is_speaker
from reddy_lib.transcripts.formats.json_form import short
from reddy_lib.transcripts.formats.shapes import Recording, Word
from reddy_lib.transcripts.formats.turn_building import of_left_out
from reddy_lib.transcripts.times import Moment, read_moment
from reddy_lib.transcripts.turns import Listed, Parsed, Turn

__all__ = ["Cue", "Spoken", "is_subtitles", "read_subtitles", "spoken", "timed_pieces"]

_CLOCK = r"(?:\d{1,3}:)?\d{1,3}:\d{1,2}(?:[.,:]\d{1,9})?"
_ARROW = re.compile(rf"[ \t]*({_CLOCK})[ \t]*-{{1,2}}>[ \t]*({_CLOCK})((?:[ \t].*)?)")
_COMMA = re.compile(r"[ \t]*(\d{1,3}:\d{1,2}:\d{1,2}\.\d{1,3}),(\d{1,3}:\d{1,2}:\d{1,2}\.\d{1,3})[ \t]*()")
_SETTINGS = re.compile(r"(?:[ \t]+(?:\w{2,}:\S+|[XY][12]:\s*\d+))*[ \t]*")
_NEWLINE = re.compile(r"\r\n|[\n\r]")
_SIGNATURE = re.compile(r"\ufeff?WEBVTT(?=[ \t\r\n\\]|$)")
_BLOCKS = re.compile(r"(?:NOTE|STYLE|REGION)(?=\s|$)|Region:\s*id=")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)*[ \t]+([^<>\n]+)>")
# Only tags that subtitles know: "<unk>" and "a < b" are text.
_TAG = re.compile(
    r"</?(?:[biuc]|v|lang|ruby|rt|font|span|em|strong|br|p)(?:[.\s][^<>\n]*)?/?>|<(?:\d{1,3}:)?\d{1,2}:\d{2}[.,]\d{1,3}>"
    r"|\{\\[^{}\n]{1,40}\}",
    re.IGNORECASE,
)


_SETTING_WORDS = re.compile(r"(?:(?:align|position|line|size|vertical|region):\S+\s+)+")
_FLAT = re.compile(rf"\s*(?:(?<!\S)\d{{1,5}}\s+)?(?<!\S)({_CLOCK})\s*-->\s*({_CLOCK})\s+")


_STAMP = re.compile(r"<((?:\d{1,3}:)?\d{1,2}:\d{2}[.,]\d{1,3})>")
_NAME = re.compile(r"([^:：\n]{1,40}[:：])[ \t]")


class Cue(NamedTuple):
    """A cue as it stands: its times, its rows of text with their tags, and the row above the times that names it."""

    start: Moment | None
    stop: Moment | None
    lines: list[str]
    identifier: str = ""


def is_subtitles(text: str) -> bool:
    """Does this text start as subtitles do: with WEBVTT, or with a line of two times (after the number of a cue)?"""
    if _SIGNATURE.match(text) or is_ass(text):
        return True
    rows = [row for row in _NEWLINE.split(text[:2000].lstrip("\ufeff")) if row.strip()][:3]
    if rows and rows[0].strip().isdecimal():
        del rows[0]
    if len(rows) < 2:
        return False
    timing = _ARROW.fullmatch(rows[0]) or _COMMA.fullmatch(rows[0])
    return timing is not None and _SETTINGS.fullmatch(timing[3]) is not None


def read_subtitles(text: str, labelled: Callable[[str], Parsed]) -> Recording:
    """Turns of subtitles; cues without a name go on with the speaker of the cue before, and a finding says so.

    `labelled` reads labelled text: it decides which names before a colon are speakers.
    """
    scripted = is_ass(text)
    text = as_webvtt(text) if scripted else text
    signature = _SIGNATURE.match(text)
    recording = Recording("ASS" if scripted else "WebVTT" if signature else "SRT", [])
    cues, stray, sbv = _cues(_rows(text), signature is not None)
    if sbv:
        recording.form = "SBV"
    for row in stray:
        _unread(row, recording)
    if any(_VOICE.search(line) for cue in cues for line in cue.lines):
        turns = _voices(cues)
    else:
        turns = _named(cues, labelled, recording)
    speaking = any(turn.label for turn in turns)
    machines = {turn.label for turn in turns if turn.label and not is_speaker(turn, turns)}
    for turn in turns:
        if speaking and (turn.label in machines if turn.label else is_caption(turn.text)):
            recording.left_out.append((len(recording.turns), turn.text))
        else:
            _place(turn, speaking, recording)
    if recording.left_out:
        recording.notes.append((-1, of_left_out([text for _, text in recording.left_out])))
    return recording


class Spoken(NamedTuple):
    """`text`: what is said or stands before the first cue, without tags; `times`: characters of the times."""

    text: str
    times: int


def spoken(text: str) -> Spoken:
    """Subtitles without what marks them. Names are left in place, also those of voice tags, each as "name:"."""
    text = as_webvtt(text) if is_ass(text) else text
    rows = _rows(text)
    cues, stray, _ = _cues(rows, _SIGNATURE.match(text) is not None)
    lines = [*stray, *(line for cue in cues for line in cue.lines)]
    times = 0
    for row in rows:
        timing = _ARROW.fullmatch(row) or _COMMA.fullmatch(row)
        if timing is not None:
            times += len(timing[1]) + len(timing[2])
    return Spoken("\n".join(_clean(_VOICE.sub(r"\1: ", line)) for line in lines), times)


def _rows(text: str) -> list[str]:
    """Rows; where a cell lost its line breaks, they are put back around the times."""
    text = text.lstrip("\ufeff")
    if _NEWLINE.search(text.strip()) is None:
        text = text.replace("\\r\\n", "\n").replace("\\n", "\n")
    if _NEWLINE.search(text.strip()) is None:
        text = _FLAT.sub(r"\n\n\1 --> \2\n", text)
        return [_SETTING_WORDS.sub("", row) if "-->" not in row else row for row in text.split("\n")]
    return _NEWLINE.split(text)


def _cues(rows: list[str], vtt: bool) -> tuple[list[Cue], list[str], bool]:
    """(cues, rows before the first one that are none of the format's own, whether it is SBV).

    Text that stands after a cue without a time of its own is text of that cue, as if the blank row were not there.
    """
    cues: list[Cue] = []
    stray: list[str] = []
    block: list[str] = []  # the rows since the last blank one, outside of a cue
    inside = sbv = False
    passing, depth = vtt, 0  # rows that are no speech: the head of a WebVTT, its comments, its styles

    def give_up(rows: list[str]) -> None:
        if cues:
            cues[-1].lines.extend(rows)
        else:
            stray.extend(rows)

    for row in rows:
        timing = _ARROW.fullmatch(row) or _COMMA.fullmatch(row)
        if timing is not None:
            if inside:
                _give_back_number(cues)
            kept = _without_identifier(block, vtt)
            identifier = block[-1] if len(kept) < len(block) else ""
            give_up(kept)
            block, inside, passing, depth = [], True, False, 0
            sbv = sbv or timing.re is _COMMA
            cues.append(Cue(_moment(timing[1]), _moment(timing[2]), [], identifier))
            if timing[3].strip() and not _SETTINGS.fullmatch(timing[3]):
                cues[-1].lines.append(timing[3].strip())
        elif not row.strip():
            if depth <= 0:
                give_up(block)
                block, inside, passing = [], False, False
        elif passing:
            depth += row.count("{") - row.count("}")
        elif inside:
            cues[-1].lines.append(row.strip())
        elif not block and _BLOCKS.match(row.lstrip()) and vtt:
            passing = True
            depth = row.count("{") - row.count("}")
        else:
            block.append(row.strip())
    give_up(block)
    return cues, stray, sbv


def _without_identifier(block: list[str], vtt: bool) -> list[str]:
    """The row right above the times is the number or the name of the cue."""
    if block and (block[-1].isdecimal() or (vtt and len(block) == 1)):
        return block[:-1]
    return block


def _give_back_number(cues: list[Cue]) -> None:
    """Without a blank row between two cues, the number of the second stands under the text of the first."""
    lines = cues[-1].lines
    if lines and lines[-1].isdecimal() and (len(lines) > 1 or lines[-1] == str(len(cues) + 1)):
        del lines[-1]


def _moment(text: str) -> Moment | None:
    head, mark, tail = text.replace(",", ".").rpartition(":")
    if len(tail) > 2 and "." not in tail:  # 00:00:05:250
        return None
    moment = read_moment(f"{head}{mark}{tail[:9]}")
    if moment is None and text.count(":") == 3:
        moment = read_moment(f"{head}.{tail}")
    return moment


def _clean(text: str) -> str:
    """Text without the tags of subtitles, and with "&amp;" and its like written out."""
    return " ".join(html.unescape(_TAG.sub("", text)).replace("\xa0", " ").split())


def _stamped(cue: Cue) -> Listed | None:
    """The words of a cue in whose text times stand (`Hello <00:00:01.500>there`)."""
    if any("<" in line and _STAMP.search(line) for line in cue.lines):
        return Listed([cue], more=True)
    return None


def timed_pieces(cue: Cue) -> list[Word]:
    """The text of a cue from one time in it to the next: a word each, as a rule. A name before it is a piece of its own."""
    parts = _STAMP.split("\n".join(cue.lines))
    moments = [cue.start, *(_moment(stamp) for stamp in parts[1::2]), cue.stop]
    found: list[Word] = []
    for text, start, stop in zip(parts[0::2], moments[:-1], moments[1:], strict=True):
        for row in _VOICE.sub("\n", text).split("\n"):
            named = _NAME.match(row.lstrip())
            pieces = (named[1], row.lstrip()[named.end() :]) if named else (row,)
            found += [Word(clean, "", start, stop) for piece in pieces if (clean := _clean(piece))]
    return found


def _voices(cues: list[Cue]) -> list[Turn]:
    """`<v Ann>Hello</v> <v Bo>Hi</v>`: two voices in one cue share its times."""
    turns: list[Turn] = []
    for cue in cues:
        parts = _VOICE.split("\n".join(cue.lines))
        pairs = [("", parts[0]), *zip(parts[1::2], parts[2::2], strict=True)]
        for label, text in pairs:
            if _clean(text):
                label = html.unescape(label).strip()
                turns.append(Turn(label, _clean(text), cue.start, cue.stop, words=_stamped(cue)))
    return turns


def _named(cues: list[Cue], labelled: Callable[[str], Parsed], recording: Recording) -> list[Turn]:
    """Names before a colon, or on the first line of each cue; none where neither is the rule."""
    texts = [[clean for line in cue.lines if (clean := _clean(line))] for cue in cues]
    parsed = labelled("\n".join(line for lines in texts for line in lines))
    labels = {turn.label for turn in parsed.turns if turn.label}
    either = "|".join(re.escape(label) for label in sorted(labels, key=len, reverse=True))
    pattern = re.compile(
        rf"[-–—*_>\s]*(?:(?P<plain>{either})[*_\s]*[:：]|[\[(<](?P<enclosed>{either})[\])>]\s*:?)[*_]*\s*(?P<rest>.*)"
    )
    if not labels or not any(pattern.match(line) for lines in texts for line in lines):
        names = _first_lines(texts, labelled)
        speakers = [] if names else _identified(cues)
        if speakers:
            return [
                Turn(name, " ".join(lines), cue.start, cue.stop, words=_stamped(cue))
                for name, cue, lines in zip(speakers, cues, texts, strict=True)
                if lines
            ]
        return [
            Turn(lines[0], " ".join(lines[1:]), cue.start, cue.stop, words=_stamped(cue))
            if len(lines) > 1 and lines[0] in names
            else Turn("", " ".join(lines), cue.start, cue.stop, words=_stamped(cue))
            for cue, lines in zip(cues, texts, strict=True)
            if lines
        ]
    recording.aliases.update(parsed.aliases)
    turns: list[Turn] = []
    for cue, lines in zip(cues, texts, strict=True):
        fresh = True
        for line in lines:
            named = pattern.fullmatch(line)
            if named is not None:
                label = named["plain"] or named["enclosed"]
                turns.append(Turn(label, named["rest"], cue.start, cue.stop, words=_stamped(cue)))
            elif fresh:
                turns.append(Turn("", line, cue.start, cue.stop, words=_stamped(cue)))
            else:
                turns[-1].text = f"{turns[-1].text} {line}".strip()
            fresh = False
    return [turn for turn in turns if turn.text]


_IDENTIFIER = re.compile(
    r"(?:\d{1,6}[\s.:)\-]+)?[\"“']?([^\"”\d][^\"”]{0,60}?)[\"”']?(?:\s*\([\w-]{1,40}\))?"
)


def _identified(cues: list[Cue]) -> list[str]:
    """The speaker of each cue, where their identifiers name a few who come back: `1 "Petra Quill" (1000)`."""
    found: list[str] = []
    for cue in cues:
        match = _IDENTIFIER.fullmatch(cue.identifier.strip())
        if match is None or not any(mark.isalpha() for mark in match[1]):
            return []
        found.append(match[1].strip())
    few = len(set(found)) * 2 <= len(found) or (1 < len(set(found)) < len(found) and len(found) < 6)
    return found if few else []


def _first_lines(texts: list[list[str]], labelled: Callable[[str], Parsed]) -> set[str]:
    """Names that stand on the first lines of cues: roles, or a few short ones that keep coming back."""
    spoken = [lines for lines in texts if lines]
    firsts = Counter(lines[0] for lines in spoken if len(lines) > 1)
    if firsts and all(any(turn.label == name for turn in labelled(f"{name}: …").turns) for name in firsts):
        return set(firsts)
    few = len(firsts) > 1 and len(firsts) * 2 <= sum(firsts.values()) and min(firsts.values()) > 1
    mostly = sum(firsts.values()) * 5 >= len(spoken) * 4
    short_names = all(
        len(name.split()) <= 4 and name[0].isupper() and name[-1] not in ".?!,;:…" for name in firsts
    )
    return set(firsts) if few and mostly and short_names else set()


def _place(turn: Turn, speaking: bool, recording: Recording) -> None:
    if turn.label or not speaking:
        recording.turns.append(turn)
        return
    if not recording.turns or not recording.turns[-1].label:
        note = finding(
            "line-not-read",
            "transcript",
            f"This text comes before the first speaker: {short(turn.text)!r}",
            value=turn.text,
        )
        recording.notes.append((len(recording.turns), note))
        recording.turns.append(turn)
        return
    above = recording.turns[-1]
    above.text = f"{above.text}\n{turn.text}"
    above.stop = turn.stop or above.stop
    if above.words is not None and turn.words is not None:
        above.words.items = [*above.words.items, *turn.words.items]
    else:
        above.words = None  # times of a part of its words would be taken for all of them
    note = finding(
        "line-without-speaker",
        "transcript",
        f"This text names no speaker and was kept with the line above it: {short(turn.text)!r}",
        value=turn.text,
    )
    recording.notes.append((len(recording.turns) - 1, note))


def _unread(row: str, recording: Recording) -> None:
    text = _clean(row)
    if not text:
        return
    note = finding(
        "line-not-read", "transcript", f"This text comes before the first cue: {short(text)!r}", value=text
    )
    recording.notes.append((len(recording.turns), note))
    recording.turns.append(Turn("", text))
