"""Transcripts as text: `Agent: …` a line, with or without a time, before or after the label.

Whether `Port: 8080` is a speaker cannot be told from the line: it is decided over the whole text. A label counts
if it is a role word or one of the analyst's own, if the text itself says who that is ("Agent (Ben)" makes
"Ben:" a speaker), or if it keeps coming back and does not name a field of a form. What belongs to nobody is kept:
headings and stage directions with the turn beside them (`asides`), speech before the first speaker as a line of
its own, after it as part of the line above. Nothing here may cost more than the length of the text: patterns
are bounded, and every pass over the lines is one pass.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise, takewhile
from typing import NamedTuple

from reddy_lib.findings import Finding, finding
from reddy_lib.transcripts.asides import is_aside, is_event, is_heading, is_note, is_rule, roles_in
from reddy_lib.transcripts.headers import Header, find_headers
from reddy_lib.transcripts.json_form import unreadable_time
from reddy_lib.transcripts.keyed import read_keyed
from reddy_lib.transcripts.line_grammar import Grammar, cut_line, find_grammar
from reddy_lib.transcripts.names import is_named
from reddy_lib.transcripts.quotes import unquoted
from reddy_lib.transcripts.roles import (
    fold,
    is_form_word,
    is_machine,
    is_role,
    is_third_voice,
    leaning,
    name_in_label,
    role_of,
    speaks_for_itself,
    weigh,
)
from reddy_lib.transcripts.styles import (
    ARROW,
    BARE_TIME,
    TIME,
    TableRow,
    join_cut,
    read_row,
    read_table,
    same_style,
    without_bold_end,
)
from reddy_lib.transcripts.stamps import read_stamp
from reddy_lib.transcripts.times import CLOCK, Moment
from reddy_lib.transcripts.turn_keys import classify_key
from reddy_lib.transcripts.turns import Parsed, Turn

__all__ = ["read_text"]

_SPAN = rf"(?P<start>{TIME})(?:{ARROW}(?P<stop>{TIME}))?"
_CLOCKS = rf"(?P<start>{CLOCK})(?:{ARROW}(?P<stop>{CLOCK}))?"
# A bare clock (`00:12 - Agent:`) and one in brackets (`[12.5s] Agent:`); a bare number is not a time.
_BRACKETED = re.compile(rf"[\[(<{{]\s{{0,4}}{_SPAN}\s{{0,4}}[\])>}}]\s*(?:[-–—|:]\s+)?")
_BARE = re.compile(rf"(?P<start>{BARE_TIME})(?:{ARROW}(?P<stop>{BARE_TIME}))?(?:\s{{0,4}}[-–—|]\s*|\s+|$)")
_BROKEN = re.compile(r"[\[(<](?P<raw>[\d:.,\-– >]{0,40}?\d:[\d:.,\-– >]{0,40})[\])>]\s*")
_DECORATION = re.compile(r"[*_#>•\s]*")
_LABEL = re.compile(
    r"(?P<label>[^\W\d_](?:[^:：\n\t<>\[\]|]|<[^<>\n]*>|\[[^\[\]\n:]{0,30}\]){0,60}?)"
    rf"(?P<time>\s{{0,4}}[\[(]\s{{0,4}}(?P<start>{CLOCK})(?:{ARROW}(?P<stop>{CLOCK}))?\s{{0,4}}[\])]|"
    rf"\s{{1,4}}(?P<bare>{CLOCK}))?"
    # a colon between digits is a clock's own: neither `Ben 00:00:07` nor a line `Ben 0:07` labels a `07`
    r"(?P<close>[*_\s]{0,8})(?::|：)(?!(?<=\d\d:)\d\d(?!\d)|(?<=\d:)\d\d\W*\Z)(?P<rest>.*)",
    re.DOTALL,
)
_ENCLOSED = re.compile(
    r"(?:\[(?P<square>[^\[\]:\n]{1,40})\]|<(?:v\s+)?(?P<angle>[^<>:/\n]{1,40})>)\s*:?\s*(?P<rest>.*)",
    re.DOTALL,
)
_NUMBERING = re.compile(r"(?:[-–—•‣▪]|\d{1,4}[.)])\s{1,4}(?=\*{0,3}[^\W\d_*])")
_LIST_MARK = re.compile(r"\s*(?:[-–—•‣▪*+>#]{1,4}|\d{1,4}[.)])")
_INLINE_BOLD = re.compile(r"(?<=\S)[ \t]+(?=\*\*[^*:\n]{1,40}(?::\*\*|\*\*:))")
# A label inside a line: what ends a sentence before it (group 1), and the label (group 2).
_INLINE = re.compile(
    r"(?:(?<=([.?!…\"”’)\]|\-–—*>]))|(?<=[^\s.?!…\"”’)\]|\-–—*>]))\s{1,8}"
    r"(?=\**([^\W\d_][\w ()'.\-]{0,40}?)(?:\*{0,2}:\*{0,2})\s)"
)
# A label in brackets inside a line, and a clock with a label behind it.
_INLINE_BRACKETED = re.compile(
    r"(?<=\S)\s{1,8}(?=[\[({<【]\s?(?P<label>[^\W\d_][^\[\](){}<>【】:\n]{0,40})\s?:?[\])}>】])"
)
_INLINE_TIMED = re.compile(
    rf"(?<=[^\s–—>-])(?<!\bto)\s{{1,8}}(?=[\[(<]?\s?{CLOCK}\s?[\])>]?\s{{0,4}}(?:[-–—|]\s{{0,4}})?\**(?P<label>[^\W\d_][^:\n\[\]]{{0,40}}?)\**\s?:)"
)
_WRITTEN_BREAK = re.compile(r"\\r\\n|\\n|\\r")
_AFTER_LABEL = re.compile(rf"\s*[|–—-]?\s*(?:[\[(]\s?)?{_CLOCKS}(?:\s?[\])])?\s*(?:[|–—»:-]|->|→|>{{1,2}})?\s*")
_TRAILING = re.compile(rf"\s*[\[(]\s?(?P<start>{CLOCK})(?:{ARROW}(?P<stop>{CLOCK}))?\s?[\])]\s*$")
_PARTED = re.compile(r"(?P<label>[^\t\n|>–—-]{1,40}?)(?:\t|\s{1,4}[-–—|>]\s|>\s)(?P<rest>.*)", re.DOTALL)
# A label in tags, brackets or quotes, with its colon inside or behind: `<b>Agent:</b>`, `(Agent):`, `"Agent":`.
_WRAPPED = re.compile(
    r"(?:<(?:b|strong|em|i|u)>|[({\"“'])\s?(?P<label>[^\W\d_][^<>(){}\"“”:\n]{0,40}?)\s?(?P<inside>:)?\s?"
    r"(?:</(?:b|strong|em|i|u)>|[)}\"”'])\s?(?(inside)|:)(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_ARTICLE = re.compile(r"(?:the|a|an|my|our|your|this|that)\s", re.IGNORECASE)
# A date as chats have it before the time of day: `[01/03/2026, 10:00:01] Ben: …`
_DATED = re.compile(r"(\W{0,3})\d{1,2}[./-]\d{1,2}[./-]\d{2,4},?\s{1,3}(?=\d{1,2}:\d{2})")
_IN_A_CLOCK = re.compile(r"[(\[{<\s@,]\d{1,3}$")
_NUMBER_LABEL = re.compile(r"(?P<label>\+?\d[\d ()/.-]{1,20}\d)\s?[:：]\s+(?P<rest>\S.*)", re.DOTALL)
_SIGNS = re.compile(r"[:：\[(<|\t»→>【「『〔《［（]|\s[–—-]\s|—|\*\*")
_MARKED = re.compile(r"[\t|»→>\[({<【「『〔《［（]|\s[–—-]{1,2}\s|—|\*\*|__|->|^\W{0,4}\d{1,4}[.)]")
_SOUND_BEFORE = re.compile(r"\[[^\[\]:]{1,40}\]\s+(?=[^\W\d_][^:]{0,40}:\s)")
_BOLD_END = re.compile(r"(?:\*\*|__)(?=\s|$)")
_AROUND = "*_#[]<> \t"
_NO_NAME = re.compile(r'[,!?;=/\\"“”]')
_PERSON = re.compile(r"[^\W\d_]['’.\w-]{1,20}(?: [^\W\d_]['’.\w-]{0,20}){0,2}")
_MOST = 50
"""Names and findings of one kind that a transcript may have, before they are taken together."""
_NEWLINE = re.compile(r"\r\n|[\r\n\u2028\u2029\x0b\x0c\x85]")

# Names of fields that come before a colon in forms, letters and instructions, and are nobody's name.
_FIELDS_TEXT = """
port host server address ip url link website http https ftp password passcode pin username user name
login email e-mail mail phone telephone mobile fax date time duration start end day month year
subject re fw fwd cc bcc to from order reference ref ticket case account number id code step option
note notes nb ps ps. p.s. example summary scene participants title status total price amount cost
fee plan model serial version error warning question answer q a result results location street city
state zip country topic category reason transcript call words word count of birth dob first last yes
no ok okay also second third next finally remember important tip hint
"""
_FIELDS = frozenset(_FIELDS_TEXT.split())


_PERHAPS = frozenset(("user", "human", "speaker", "participant"))
"""Labels that are a speaker's beside another speaker."""


class _Row(NamedTuple):
    """One text line taken apart, before it is known whether its label is a speaker's."""

    raw: str
    label: str
    text: str
    start: str
    stop: str
    broken: str  # a bracket that looks like a time and is none
    style: str = ""  # the marks around the label, where it is no colon
    behind: str = (
        ""  # a bare clock between label and words, which may be words too ("Customer: 10:30 suits me")
    )


def read_text(
    text: str, roles: Mapping[str, str], agent: Sequence[str] = (), customer: Sequence[str] = ()
) -> Parsed:
    """Turns of a labelled text; form "no speakers" (one turn per text line) where nobody is named.

    `agent`, `customer`: the two sides as the call's own columns have them: make a bare name a speaker.
    """
    parsed = _without_shared_words(_read_best(text, roles, agent, customer))
    return parsed


def _without_shared_words(parsed: Parsed) -> Parsed:
    """The turns without words that end every label: "Agent said", "Customer said"."""
    _drop_closing_tags(parsed)
    labels = [label.split() for label in dict.fromkeys(turn.label for turn in parsed.turns) if label]
    if len(labels) < 2 or len(labels) > 8:
        return parsed
    shared = 0
    while all(len(words) > shared + 1 for words in labels) and (
        len({words[-1 - shared] for words in labels}) == 1 and labels[0][-1 - shared].islower()
    ):
        shared += 1
    if shared and all(name_in_label(" ".join(words)) == "" for words in labels):
        for turn in parsed.turns:
            turn.label = " ".join(turn.label.split()[:-shared]) if turn.label else ""
    return parsed


def _drop_closing_tags(parsed: Parsed) -> None:
    """Drop what closes a turn with its label, where nearly every turn has it: `</Agent>`, `[/Agent]`."""
    ends = {id(turn): match for turn in parsed.turns if (match := _CLOSING_TAG.search(turn.text[-60:]))}
    own = [turn for turn in parsed.turns if id(turn) in ends and fold(ends[id(turn)][1]) == fold(turn.label)]
    if len(own) > 1 and len(own) >= 0.8 * len(parsed.turns):
        for turn in own:
            turn.text = turn.text[: -len(ends[id(turn)][0])].rstrip()


_CLOSING_TAG = re.compile(r"[<\[{(]\s?/\s?([^<>\[\]{}()/]{1,40}?)\s?[>\])}]\s*$")


def _read_best(text: str, roles: Mapping[str, str], agent: Sequence[str], customer: Sequence[str]) -> Parsed:
    """The turns by what is known of labels or, where that leaves doubt, by the pattern of the lines."""
    parsed = _read_known(text, roles, agent, customer)
    if not is_doubtful(parsed):
        return parsed
    known = _Known(roles)
    raws = _split(unquoted(text), known)
    keyed = read_keyed(raws, lambda raw: is_heading(raw) or is_aside(raw, opening=True))
    if keyed is not None and is_better(keyed, parsed):
        return keyed
    said = [cell for cell in (*agent, *customer) if cell]
    rows = [row for row in map(str.strip, _NEWLINE.split(unquoted(text))) if row]
    if len(rows) <= 3 or _labels_inside(parsed):
        turns = [turn for row in rows for turn in cut_line(row, known.is_sure, _could_be_a_name) or [row]]
        if len(turns) > len(rows):
            other = _read_known("\n".join(turns), roles, agent, customer)
            if is_better(other, parsed) or (len(rows) == 1 and not is_better(parsed, other)):
                parsed, raws = other, turns
    grammar = find_grammar(
        raws,
        known.is_sure,
        _could_be_a_name,
        lambda label: any(is_named(label, cell) for cell in said),
        lambda raw: is_aside(raw, opening=True),
    )
    if grammar is None:
        return parsed
    other = _under_grammar(raws, grammar)
    return other if is_better(other, parsed) else parsed


def _under_grammar(raws: Sequence[str], grammar: Grammar) -> Parsed:
    """The turns of a text whose grammar was found."""
    reading = _Reading({}, headed=grammar.where in ("above", "below"))
    waiting: list[str] = []
    clocks = [_CLOCK_ALONE.fullmatch(raw) if len(raw) < 40 else None for raw in raws]
    below: re.Match[str] | None = None
    for place, (raw, cut) in enumerate(zip(raws, grammar.cuts, strict=True)):
        if below is not None and below is clocks[place]:
            below = None
            continue
        if cut is not None:
            below = clocks[place + 1] if grammar.where == "above" and place + 1 < len(raws) else None
            if below is not None and not cut.times:
                cut = cut._replace(times=(below["start"], below["stop"] or ""))
            else:
                below = None
            words = [*waiting, cut.text] if cut.text else waiting
            reading.turn(_Row(raw, cut.label, "\n".join(words), *(*cut.times, "", "")[:2], ""))
            waiting = []
        elif is_event(raw) or is_note(raw, opening=not reading.parsed.turns):
            reading.leave_out(_Row(raw, "", raw, "", "", ""))
        elif grammar.where in ("behind", "below") and (grammar.where == "below" or not is_aside(raw)):
            waiting.append(raw)
        else:
            timed = clocks[place]
            start, stop = (timed["start"], timed["stop"] or "") if timed else ("", "")
            reading.unlabelled(_Row(raw, "", "" if timed else raw, start, stop, ""))
    for raw in waiting:
        reading.keep(raw)
    return reading.finish()


def _read_known(
    text: str, roles: Mapping[str, str], agent: Sequence[str] = (), customer: Sequence[str] = ()
) -> Parsed:
    """The turns by labels that are known, or keep coming back before a colon."""
    known = _Known(roles)
    text = unquoted(text)
    table = read_table(text.strip())
    if table is not None:
        return _of_table(table)
    said = (*agent, *customer)
    rows = _consistent([_take_apart(row, known) for row in _split(text, known)], known)
    if not any(row.text and known(row.label) for row in rows):
        headers = find_headers([row.raw for row in rows], known, _could_be_a_name, said)
        if headers is not None:
            return _under_headers(rows, headers)
    speakers, aliases = _speakers(rows, known, said)
    if not speakers:
        found = _labels_alone(rows, known) or _of_one_style(rows, known)
        if found is None:
            return _without_speakers(rows)
        rows, speakers = found
    rows = _with_trailing_times(rows, speakers)
    reading = _Reading(aliases)
    machines = _logs(rows, speakers, known)
    for row in rows:
        if row.label in machines or _is_no_speech(row, speakers, opening=not reading.parsed.turns):
            reading.leave_out(row)
        elif row.label and row.label in speakers and not _is_note_of_roles(row, rows, speakers, reading):
            reading.turn(row)
        else:
            reading.unlabelled(row)
    return reading.finish()


def is_doubtful(parsed: Parsed) -> bool:
    """Is anything of this text unread, or read in a way that looks wrong?"""
    if parsed.form != "labelled text":
        return parsed.form == "no speakers"
    if any(note.code in _UNREAD for _, note in parsed.notes):
        return True
    if _labels_inside(parsed):
        return True
    counts = Counter(turn.label for turn in parsed.turns)
    if len(counts) < 2:
        return len(parsed.turns) > 1
    return any(map(_is_strange, counts)) or _mostly(parsed, _LEFT_OVER)


def _is_strange(label: str) -> bool:
    """Has the label swallowed words or a time, or is it the name of a part of a turn ("Text")?"""
    if _STRANGE.search(label):
        return True
    key = classify_key(label) if label.isalpha() else None
    return key is not None and key.part == "text"


_LABEL_INSIDE = re.compile(r"(?:[?!。！？\")”]|(?<!\.)\.(?!\.))\s*([^\W\d_][^.?!…。！？:：,\n]{0,40})[:：](?![/\d])")


def _labels_inside(parsed: Parsed) -> int:
    """Number of what may be labels inside the words: the same before a colon, behind the end of a sentence, twice or more."""
    counts = Counter(
        label for turn in parsed.turns if ":" in turn.text or "：" in turn.text for label in _LABEL_INSIDE.findall(turn.text)
    )
    return sum(count for count in counts.values() if count > 1)


_UNREAD = frozenset(("line-without-speaker", "line-not-read", "time-unreadable"))
_STRANGE = re.compile(r"\t|\s[–—-]|[–—»|>]|\d:\d|[\])][^\])]*$(?<![\])])")
"""What stands in a label that has swallowed words or a time."""
_LEFT_OVER = re.compile(
    rf"[\])}}>|»–—:=-]|[\[(]?{CLOCK}[\])]?\s?(?:[–—|»-]|\n|$)|[\[({{][^\])}}\d\n]{{0,12}}\d[^\])}}\n]{{0,20}}[\])}}]"
)
"""What words begin with, or end with, that are not taken apart to the end."""


def _mostly(parsed: Parsed, pattern: re.Pattern[str]) -> bool:
    texts = [turn.text for turn in parsed.turns if turn.text]
    return len(texts) > 2 and sum(pattern.match(text) is not None for text in texts) > 0.6 * len(texts)


def is_better(other: Parsed, parsed: Parsed) -> bool:
    """Does another reading of the text leave less of it unread?"""
    return _worth(other) > _worth(parsed)


def _worth(parsed: Parsed) -> tuple[float, float, int]:
    labels = Counter(turn.label for turn in parsed.turns)
    unread = sum(note.code in _UNREAD for _, note in parsed.notes) + labels.pop("", 0)
    strange = sum(count for label, count in labels.items() if _is_strange(label))
    strange += len(parsed.turns) * _mostly(parsed, _LEFT_OVER) + _labels_inside(parsed)
    if len(labels) < 2:
        unread += len(parsed.turns)
    sides = {leaning(label) for label in labels} - {""}
    timed = sum(turn.start is not None for turn in parsed.turns)
    return -float(unread + strange), len(sides) / 2, timed


_DASHES = frozenset(("-", "–", "—", "--", "->", "=>", ">"))


def _consistent(rows: list[_Row], known: _Known) -> list[_Row]:
    """The rows without labels before a dash where most labels have a colon, and without times that few turns have."""
    turns = [row for row in rows if row.label and known(row.label)]
    dashed = sum(row.style in _DASHES for row in turns)
    colons = sum(not row.style for row in turns)
    timed = sum(bool(row.start) for row in turns)
    if dashed and colons >= dashed:
        rows = [_Row(row.raw, "", row.raw, "", "", "") if row.style in _DASHES else row for row in rows]
    starts = [row.start for row in rows if row.label]
    if len(starts) > 2 and _is_counter(starts):
        rows = [row._replace(start="") if row.start.isdecimal() else row for row in rows]
    if 0 < timed < 0.5 * len(turns):
        rows = [
            row._replace(text=row.behind.lstrip() + row.text, start="", stop="", behind="")
            if row.behind
            else row
            for row in rows
        ]
    return rows


def _is_counter(starts: Sequence[str]) -> bool:
    """Do these numbers count the turns from 0 or 1 on, rather than seconds?"""
    numbers = [int(start) for start in starts if start.isdecimal() and len(start) < 6]
    if len(numbers) < 0.9 * len(starts):
        return False
    return numbers[0] in (0, 1) and all(other - one == 1 for one, other in pairwise(numbers))


def _of_table(table: Sequence[TableRow]) -> Parsed:
    """The turns of a table with a header row."""
    parsed = Parsed("table", [])
    for row in table:
        if not row.text:
            continue
        turn = Turn(row.label, row.text)
        turn.start, turn.stop = _moments(_Row("", "", "", row.start, row.stop, ""), parsed)
        parsed.turns.append(turn)
    return parsed


def _of_one_style(rows: list[_Row], known: _Known) -> tuple[list[_Row], set[str]] | None:
    """The rows by the style that nearly all of them share, whatever their labels are; None where there is none."""
    if not 2 <= len(rows) <= 5000:
        return None
    found = same_style(
        [row.raw for row in rows],
        lambda label: not _ARTICLE.match(label) and _could_be_a_name(label),
        lambda label: not _ARTICLE.match(label) and known.is_bare_role(label),
    )
    if found is None:
        return None
    taken = [
        row if styled is None else _Row(row.raw, styled.label, styled.text, styled.start, styled.stop, "")
        for row, styled in zip(rows, found, strict=True)
    ]
    labels = {styled.label for styled in found if styled is not None}
    return [row if row.label in labels else _Row(row.raw, "", row.raw, "", "", "") for row in taken], labels


def _with_trailing_times(rows: list[_Row], speakers: set[str]) -> list[_Row]:
    """Clocks behind the words (`Agent: Hello [00:01]`) as times, where nearly every turn ends with one."""
    turns = [row for row in rows if row.label in speakers]
    if not turns or any(row.start for row in turns):
        return rows
    ends = {
        id(row): match for row in turns if (match := _TRAILING.search(row.text, max(len(row.text) - 40, 0)))
    }
    if len(ends) < 2 or len(ends) < 0.7 * len(turns):
        return rows
    return [
        row._replace(text=row.text[: match.start()], start=match["start"], stop=match["stop"] or "")
        if (match := ends.get(id(row)))
        else row
        for row in rows
    ]


def _logs(rows: list[_Row], speakers: set[str], known: _Known) -> set[str]:
    """Labels of machines that report nothing but the status of the call: "System: Agent joined the chat"."""
    machines = {label for label in speakers | {row.label for row in rows} if label and is_machine(label)}
    machines -= {label for label in machines if fold(label) in known.own}
    if not machines:
        return set()
    return {
        label
        for label in machines
        if all(is_event(row.text, machine=True) for row in rows if row.label == label)
    }


def _is_no_speech(row: _Row, speakers: set[str], *, opening: bool) -> bool:
    if row.label in speakers and row.label:
        return False
    whole = row.text if row.start and not row.label else row.raw
    return is_event(whole) or is_note(whole, opening=opening)


def _under_headers(rows: list[_Row], headers: Mapping[int, Header]) -> Parsed:
    reading = _Reading({}, headed=True)
    for place, row in enumerate(rows):
        header = headers.get(place)
        if header is None:
            reading.unlabelled(_Row(row.raw, "", row.raw, "", "", ""))
        else:
            reading.turn(_Row(row.raw, header.label, "", header.start, "", ""))
    return reading.finish()


class _Reading:
    """The turns so far, and what waits for the next one: a time on a line of its own, headings before the first.

    `headed`: a label stands above its text, which may have any number of lines.
    """

    def __init__(self, aliases: dict[str, str], headed: bool = False) -> None:
        self.headed = headed
        self.parsed = Parsed("labelled text", [], aliases=aliases)
        self.parts: list[
            list[str]
        ] = []  # text lines of each turn, joined at the end: a turn may have thousands
        self.time: _Row | None = None
        self.opening: list[str] = []

    def turn(self, row: _Row) -> None:
        parsed = self.parsed
        timed = row if row.start else self.time or row
        if self.time is not None and timed is not self.time:
            self.keep(self.time.raw)
        self.time = None
        turn = Turn(row.label, "")
        turn.start, turn.stop = _moments(timed, parsed)
        if row.broken:
            parsed.notes.append((len(parsed.turns), unreadable_time(row.broken, "start")))
        headings = list(takewhile(is_heading, self.opening))
        parsed.left_out += [(len(parsed.turns), heading) for heading in headings]
        self.opening = self.opening[len(headings) :]
        if self.opening:
            parsed.asides.append((len(parsed.turns), self.opening))
        parsed.turns.append(turn)
        self.parts.append([*self.opening, row.text] if row.text else list(self.opening))
        self.opening = []

    def unlabelled(self, row: _Row) -> None:
        if self.time is not None:
            self.keep(self.time.raw)
            self.time = None
        if row.start and not row.label and not row.text:
            self.time = row
        else:
            self.keep(row.raw)

    def leave_out(self, row: _Row) -> None:
        if self.time is not None:
            self.keep(self.time.raw)
            self.time = None
        self.parsed.left_out.append((len(self.parsed.turns), row.raw))

    def keep(self, raw: str) -> None:
        """Text without a speaker: an aside with the turn beside it, speech with the line above and a finding."""
        parsed = self.parsed
        if is_rule(raw):
            parsed.left_out.append((len(parsed.turns), raw))
            return
        last = len(parsed.turns) - 1
        events: list[str] = []
        while last >= 0 and parsed.left_out and parsed.left_out[-1][0] == last + 1:
            _, event = parsed.left_out.pop()  # in the middle of a turn: it stays where it stands
            events.insert(0, event)
        if events:
            self.parts[last] += events
            parsed.asides.append((last, events))
        if last >= 0 and parsed.turns[last].label:
            label_alone = not self.parts[last]
            self.parts[last].append(raw)
            if is_aside(raw) or (not label_alone and is_heading(raw)):
                parsed.asides.append((last, [raw]))
            elif not label_alone and not self.headed:
                message = f"This text names no speaker and was kept with the line above it: {_short(raw)!r}"
                parsed.notes.append((last, finding("line-without-speaker", "transcript", message, value=raw)))
        elif is_aside(raw, opening=True):
            self.opening.append(raw)
        else:
            for text in self.opening:
                self.before(text)
            self.opening = []
            self.before(raw)

    def before(self, raw: str) -> None:
        message = f"This text stands before the first speaker: {_short(raw)!r}"
        self.parsed.notes.append(
            (len(self.parsed.turns), finding("line-not-read", "transcript", message, value=raw))
        )
        self.parsed.turns.append(Turn("", ""))
        self.parts.append([raw])

    def finish(self) -> Parsed:
        if self.time is not None:
            self.keep(self.time.raw)
        for text in self.opening:
            self.before(text)
        self._leave_out_closing()
        for turn, parts in zip(self.parsed.turns, self.parts, strict=True):
            turn.text = "\n".join(parts)
        self.parsed.notes = _shortened(self.parsed.notes)
        if self.parsed.left_out:
            self.parsed.notes.append((-1, _of_left_out([text for _, text in self.parsed.left_out])))
        return self.parsed


    def _leave_out_closing(self) -> None:
        """Leave out the headings behind the last words: `--- End of transcript ---`."""
        parsed = self.parsed
        closing: list[str] = []
        while parsed.asides and parsed.asides[-1][0] == len(parsed.turns) - 1 and self.parts:
            texts = parsed.asides[-1][1]
            if len(self.parts[-1]) < 2 or self.parts[-1][-1] != texts[-1] or not is_heading(texts[-1]):
                break
            closing.insert(0, texts[-1])
            self.parts[-1].pop()
            parsed.asides[-1] = (parsed.asides[-1][0], texts[:-1])
            if not texts[:-1]:
                parsed.asides.pop()
        parsed.left_out += [(len(parsed.turns), text) for text in closing]
        parsed.left_out.sort(key=lambda one: one[0])


def _of_left_out(texts: Sequence[str]) -> Finding:
    """One finding for all status events and notes of a transcript; `value` is their text."""
    one = len(texts) == 1
    what = (
        "1 line is a heading, a status event or a note"
        if one
        else f"{len(texts)} lines are headings, status events or notes"
    )
    shown = _short(" · ".join(texts[:20]))
    message = f"{what}, which nobody said, and {'was' if one else 'were'} left out: {shown!r}"
    return finding("not-spoken", "transcript", message, value="\n".join(texts[:200]))


def _shortened(notes: list[tuple[int, Finding]]) -> list[tuple[int, Finding]]:
    """Thousands of findings of one kind help nobody: those beyond become one with their number."""
    kept: list[tuple[int, Finding]] = []
    counts: Counter[str] = Counter()
    for index, note in notes:
        counts[note.code] += 1
        if counts[note.code] <= _MOST:
            kept.append((index, note))
    for code, count in counts.items():
        if count > _MOST:
            message = f"{count - _MOST} more lines of this transcript have the same finding."
            kept.append((-1, finding(code, "transcript", message)))
    return kept


def _is_note_of_roles(row: _Row, rows: list[_Row], speakers: set[str], reading: _Reading) -> bool:
    """Is this `Agent: Chris` of a heading, where `Chris:` speaks further down?"""
    if reading.parsed.turns or not row.text or len(row.text) > 60 or row.start:
        return False
    name = fold(row.text.strip("*_ "))
    return any(fold(label) == name for label in speakers if label != row.label)


def _labels_alone(rows: list[_Row], known: _Known) -> tuple[list[_Row], set[str]] | None:
    """Labels without a colon: on lines of their own, or before a tab or a dash. Two different roles are needed."""
    alone: dict[int, tuple[str, str]] = {}  # place of the row → (label, the text behind it)
    for place, row in enumerate(rows):
        if row.label:
            continue
        whole = row.text or row.raw
        parted = _PARTED.match(whole)
        if parted and not _ARTICLE.match(whole) and known.is_bare_role(parted["label"].strip(_AROUND)):
            alone[place] = parted["label"].strip(_AROUND), parted["rest"].strip()
        elif len(plain := whole.strip(_AROUND)) <= 40 and known.is_bare_role(plain):
            alone[place] = plain, ""
    labels = {label for label, _ in alone.values()}
    if len({role_of(label, known.roles) or fold(label) for label in labels}) < 2:
        return None
    found: list[_Row] = []
    for place, row in enumerate(rows):
        if place in alone:
            label, text = alone[place]
            found.append(row._replace(label=label, text=text))
        elif row.start and not row.label and not row.text:
            found.append(row)
        else:
            found.append(_Row(row.raw, "", row.raw, "", "", ""))
    return found, labels


def _without_speakers(rows: list[_Row]) -> Parsed:
    parsed = Parsed("no speakers", [])
    for row in _under_clocks(rows):
        turn = Turn("", row.raw)
        if row.start and not row.label and row.text:
            turn.text = row.text
            turn.start, turn.stop = _moments(row, parsed)
        parsed.turns.append(turn)
    count = len(parsed.turns)
    noun = "line names" if count == 1 else "lines name"
    parsed.notes.append(
        (
            -1,
            finding(
                "transcript-no-speakers",
                "transcript",
                f"None of the {count} {noun} a speaker: no role was guessed.",
            ),
        )
    )
    return parsed


_CLOCK_ALONE = re.compile(rf"\W{{0,3}}(?P<start>{CLOCK})(?:{ARROW}(?P<stop>{CLOCK}))?\W{{0,3}}")


def _under_clocks(rows: list[_Row]) -> list[_Row]:
    """Return the rows, each clock with the words below it as one, where a clock on a line of its own stands above each.

    A clock whose seconds go on beyond 59 ("0:62") counts seconds as well as minutes, so it is read as it is meant.
    """
    clocks = [_CLOCK_ALONE.fullmatch(row.raw) if len(row.raw) < 40 else None for row in rows]
    count = sum(clock is not None for clock in clocks)
    if count < 2 or 4 * count < len(rows) or clocks[0] is None:
        return rows
    if any(one is not None and other is not None for one, other in pairwise(clocks)):
        return rows
    found: list[_Row] = []
    for row, clock in zip(rows, clocks, strict=True):
        if clock is not None:
            start, stop = _carried(clock["start"]), _carried(clock["stop"] or "")
            found.append(_Row(row.raw, "", "", start, stop, ""))
        else:
            last = found[-1]
            found[-1] = last._replace(text=f"{last.text}\n{row.raw}" if last.text else row.raw)
    return found


def _carried(clock: str) -> str:
    """Return a clock of minutes and seconds with at most 59 seconds."""
    minutes, _, seconds = clock.partition(":")
    if not (minutes.isdecimal() and seconds.isdecimal() and len(seconds) == 2):
        return clock
    whole = 60 * int(minutes) + int(seconds)
    return f"{whole // 60}:{whole % 60:02}"


def _moments(row: _Row, parsed: Parsed) -> tuple[Moment | None, Moment | None]:
    moments: list[Moment | None] = []
    for name, value in (("start", row.start), ("stop", row.stop)):
        moment = read_stamp(value) if value else None
        if value and moment is None:
            parsed.notes.append((len(parsed.turns), unreadable_time(value, name)))
        moments.append(moment)
    return moments[0], moments[1]


class _Known:
    """Which labels are speakers wherever they stand: role words, and the labels that the analyst mapped."""

    def __init__(self, roles: Mapping[str, str]) -> None:
        self.roles = roles
        self.own = {fold(label) for label in roles}
        self.rows: dict[str, _Row] = {}  # each text line is taken apart once, however often it is asked for
        self.seen: dict[str, bool] = {}
        self.bare: dict[str, bool] = {}

    def __call__(self, label: str) -> bool:
        answer = self.seen.get(label)
        if answer is None:
            answer = bool(label) and (fold(label) in self.own or speaks_for_itself(label))
            self.seen[label] = answer
        return answer

    def is_sure(self, text: str) -> bool:
        return self(text) or (self.is_bare_role(text) and not is_form_word(text))

    def is_bare_role(self, text: str) -> bool:
        """Is the whole text a role ("Agent", "Agent (Ben)"), not a sentence with a role in it?"""
        answer = self.bare.get(text)
        if answer is None:
            plain = fold(text)
            answer = plain in self.own or is_role(text)
            if not answer and not any(mark in text for mark in ".,;:!?…"):
                answer = bool(name_in_label(text))
            self.bare[text] = answer
        return answer


def _split(text: str, known: _Known) -> list[str]:
    """Text lines without blank ones; turns that share a line are cut before their labels."""
    if text.count("**") > 3:
        text = _INLINE_BOLD.sub(_break_before_bold, text)
    rows = [row for row in map(str.strip, _NEWLINE.split(text)) if row]
    if len(rows) == 1:
        if _WRITTEN_BREAK.search(rows[0]):
            parts = [part for part in map(str.strip, _WRITTEN_BREAK.split(rows[0])) if part]
            labels = [_take_apart(part, known).label for part in parts]
            if sum(map(known, labels)) > 1 or max(Counter(filter(None, labels)).values(), default=0) > 1:
                return parts
        joined = join_cut(rows[0], known, _could_be_a_name)
        if joined is not None:
            return joined
    if len(rows) > 50 or sum(known(_take_apart(row, known).label) for row in rows) > 1:
        return rows
    return [part for row in rows for part in _cut_one_line(row, known)]


def _break_before_bold(match: re.Match[str]) -> str:
    """Return a line break, but what stands there where the line begins with a list's mark alone (`- **Agent:** …`)."""
    before = match.string[max(match.start() - 12, 0) : match.start()]
    opening = _NEWLINE.split(before)
    begins = len(opening) > 1 or match.start() <= 12
    return match[0] if begins and _LIST_MARK.fullmatch(opening[-1]) else "\n"


def _cut_at(row: str, known: _Known, pattern: re.Pattern[str]) -> list[str]:
    """The row cut where the pattern finds a known label; [] where the row does not begin with one, or has no other."""
    first = _take_apart(row, known).label
    if not first or not known.is_bare_role(first):
        return []
    cuts = [match.end() for match in pattern.finditer(row) if known.is_bare_role(match["label"].strip())]
    parts = (row[a:b].strip() for a, b in zip([0, *cuts], [*cuts, len(row)], strict=True)) if cuts else ()
    return [part for part in parts if part]


def _cut_one_line(row: str, known: _Known) -> list[str]:
    """`Agent: Hello. Customer: Hi.` → two rows. Cut are words that are roles, or names that keep coming back, after
    the end of a sentence; a role that the text begins with, or its counterpart, also without one.
    """
    parts = _cut_at(row, known, _INLINE_BRACKETED) if row[:1] in "[({<【" else []
    if parts or (parts := _cut_at(row, known, _INLINE_TIMED)):
        return parts
    if ":" not in row:
        return [row]
    first = _take_apart(row, known)
    labels = [(match.end(), match[2], bool(match[1])) for match in _INLINE.finditer(row)]
    if not labels:
        return [row]
    style = row.lstrip("*_[<")[:1].isupper()
    counts = Counter(label for _, label, _ in labels) + Counter([first.label] if first.label else [])
    names = {
        label
        for label, count in counts.items()
        if count > 1 and not known(label) and _could_be_a_name(label) and label[:1].isupper()
    }
    by_name = len(names) > 1 and first.label in names
    if not known(first.label) and not by_name and sum(known(label) for _, label, _ in labels) < 3:
        return [row]
    cuts = [0]
    for place, label, sentence_ends in labels:
        if label[:1].isupper() != style:
            continue
        plain_role = is_role(label) and len(label.split()) == 1
        plain_role = plain_role and (counts[label] > 1 or (known(first.label) and counts[first.label] > 1))
        if (sentence_ends and (known(label) or (by_name and label in names))) or plain_role:
            cuts.append(place)
    cut = (row[a:b].strip() for a, b in zip(cuts, [*cuts[1:], len(row)], strict=True))
    return [part.rstrip("|").rstrip() or part for part in cut if part]


def _take_apart(raw: str, known: _Known) -> _Row:
    row = known.rows.get(raw)
    if row is None:
        dated = _DATED.match(raw)
        row = (
            _read_row(dated[1] + raw[dated.end() :], known)._replace(raw=raw)
            if dated
            else _read_row(raw, known)
        )
        if dated and not row.label:
            row = _Row(raw, "", raw, "", "", "")
        known.rows[raw] = row
    return row


def _read_row(raw: str, known: _Known) -> _Row:
    if not _SIGNS.search(raw):  # most continuation lines: nothing that could be a label or a time
        return _Row(raw, "", raw, "", "", "")
    row = _take_colon_apart(raw, known)
    if row.label and known(row.label):
        after = _AFTER_LABEL.match(row.text) if not row.start and ":" in row.text[:20] else None
        if after and ":" in after["start"]:
            return row._replace(
                text=row.text[after.end() :].strip(),
                start=after["start"],
                stop=after["stop"] or "",
                behind=after[0] if after[0].strip()[:1].isdecimal() else "",
            )
        return row
    numbered = _NUMBER_LABEL.fullmatch(raw) if not row.label and not row.start else None
    if numbered is not None:  # a telephone number or an extension
        return _Row(raw, numbered["label"], numbered["rest"].strip(), "", "", "")
    styled = read_row(raw) if _MARKED.search(raw, 0, 160) else None
    if (
        styled is not None
        and styled.strong
        and (styled.text or styled.start)
        and not _ARTICLE.match(styled.label)
        and (known.is_bare_role(styled.label) or (is_machine(styled.label) and weigh(styled.label).whole))
    ):
        return _Row(
            raw, styled.label, styled.text, styled.start, styled.stop, row.broken, styled.style or " "
        )
    return row


def _take_colon_apart(raw: str, known: _Known) -> _Row:
    start = stop = broken = clock = ""
    rest = raw
    opening = _DECORATION.match(rest)
    body = rest[opening.end() :] if opening else rest
    timed = _BRACKETED.match(body) or _BARE.match(body)
    if timed:
        start, stop = timed["start"], timed["stop"] or ""
        rest = body[timed.end() :]
        body = rest[_DECORATION.match(rest).end() :]  # type: ignore[union-attr]
    else:
        bad = _BROKEN.match(body)
        if bad:
            broken = bad["raw"].strip()
            rest = body[bad.end() :]
            body = rest[_DECORATION.match(rest).end() :]  # type: ignore[union-attr]
    listed = _NUMBERING.match(body)
    if listed:
        at = _DECORATION.match(body, listed.end()).end()  # type: ignore[union-attr]
        behind = _LABEL.match(body, at)
        if behind and known(behind["label"].strip().strip("*_").strip()):
            body = body[at:]
    prefix = ""
    aside = _SOUND_BEFORE.match(body)
    if aside:  # "[noise] Agent: hello": what stands before the label stays with the text
        prefix, body = aside[0].strip() + " ", body[aside.end() :]
    match = _LABEL.match(body)
    if (
        match
        and match["start"] is None
        and match["bare"] is None
        and match["rest"][:2].isdecimal()
        and _IN_A_CLOCK.search(match["label"])
    ):
        match = None  # `Agent (0:01) Hello`
    if match and not match["rest"].startswith("//"):
        label = match["label"].strip().strip("*_").strip()
        close = match["close"]
        text = match["rest"]
        if "*" in close or "_" in close or body is not rest:
            text = text.lstrip("*_")
        elif _BOLD_END.match(text):
            text = text[2:]
        text = without_bold_end(text.strip(), raw[: raw.find(match["label"])])
        inside_start = match["start"] or match["bare"] or ""
        if not start and inside_start:
            start, stop = inside_start, match["stop"] or ""
        elif start and inside_start:
            label = (label + " " + (match["time"] or "").strip()).strip()
        if not start:
            after = _BRACKETED.match(text) or _BARE.match(text)
            if after and ":" in after["start"]:
                clock = after[0] if after.re is _BARE else ""
                start, stop, text = after["start"], after["stop"] or "", text[after.end() :].strip()
        if label and len(label.split()) <= 6:
            return _Row(raw, label, prefix + text, start, stop, broken, behind=clock)
    wrapped = _WRAPPED.match(body)
    if wrapped and not prefix and known(wrapped["label"].strip()):
        return _Row(raw, wrapped["label"].strip(), wrapped["rest"].strip(), start, stop, broken)
    enclosed = _ENCLOSED.match(body)
    if enclosed and not prefix:
        label = (enclosed["square"] or enclosed["angle"]).strip()
        if speaks_for_itself(label):
            text = enclosed["rest"].strip()
            closing = re.compile(r"</\s?[\w ]{0,40}>$").search(text, max(len(text) - 45, 0))
            return _Row(raw, label, text[: closing.start()].strip() if closing else text, start, stop, broken)
    text = (prefix + body if prefix else rest).strip()
    return _Row(raw, "", text, start, stop, broken)


def _speakers(rows: list[_Row], known: _Known, agent: Sequence[str]) -> tuple[set[str], dict[str, str]]:
    """Which labels of this text are speakers, and the roles that names get from labels such as "Agent (Ben)"."""
    counts = Counter(row.label for row in rows if row.label)
    sure = {label for label in counts if known(label)}
    named: dict[str, set[str]] = {}
    for label in sure:
        name = name_in_label(label)
        role = role_of(label, known.roles)
        if role not in ("agent", "customer"):
            role = role_of(label)
        if name and role in ("agent", "customer"):
            named.setdefault(fold(name), set()).add(role)
    possible = [
        label
        for label in counts
        if label not in sure
        and (_could_be_a_name(label) or label[:1] in "+0123456789" or (counts[label] > 1 and leaning(label)))
    ]
    possible_people = possible[:_MOST]
    names = {fold(label) for label in possible_people}
    notes = "\n".join(
        row.raw
        for row in rows[:12]
        if len(row.raw) < 300
        and (fold(row.text.strip(_AROUND)) in names if known(row.label) else is_aside(row.raw, opening=True))
    )
    for label in possible_people:
        if notes and counts[label] > 1:
            named.setdefault(fold(label), set()).update(roles_in(notes, label))
    aliases = {
        label: next(iter(named[fold(label)]))
        for label in counts
        if label not in sure and len(named.get(fold(label), ())) == 1
    }
    # By the vocabulary alone: what the analyst maps a label to must never change where another turn begins.
    sides = {role_of(label) for label in sure}
    both_sides = {"agent", "customer"} <= sides
    speakers = sure | set(aliases)
    # "System: …" may be a line of the switchboard's or a line of a form: once is enough only where a side is missing.
    speakers |= {
        label
        for label in counts
        if (is_third_voice(label) or fold(label) in _PERHAPS)
        and speakers
        and (counts[label] > 1 or not both_sides)
    }
    agents = [label for label in possible_people if any(is_named(label, cell) for cell in agent)]
    if len({fold(label) for label in agents}) == 1 and "agent" not in sides:
        speakers |= set(agents)
    others = [label for label in possible if label not in speakers]
    enough = 3 if both_sides else 2
    taking_turns = _taking_turns(rows, speakers | set(others))
    recurring = {label for label in others if counts[label] >= enough and label in taking_turns}
    if agents and not recurring and len(others) == 1 and _PERSON.fullmatch(others[0]):
        recurring = set(others)  # a short call between two people who are called by their names
    if not recurring and len(others) == 1 and len(speakers) == 1 and _alternate(rows, {*speakers, *others}):
        recurring = set(others)  # a short call in which every line has one of two labels
    if not speakers and len(recurring) < 2:
        return set(), {}
    return speakers | recurring, aliases


def _alternate(rows: list[_Row], labels: set[str]) -> bool:
    """Is every text line one turn under one of these labels, and do they take turns?"""
    return all(row.label in labels and any(map(str.isalpha, row.text)) for row in rows) and any(
        one.label != other.label for one, other in pairwise(rows)
    )


def _could_be_a_name(label: str) -> bool:
    words = label.casefold().split()
    if len(words) > 4 or _NO_NAME.search(label) or label.casefold() in _FIELDS:
        return False
    return not all(word.strip(".#()") in _FIELDS or word.strip("#().").isdigit() for word in words)


def _taking_turns(rows: list[_Row], labels: set[str]) -> set[str]:
    """Labels with somebody else between two of their turns. A field of a form comes back inside one person's turn."""
    found: set[str] = set()
    last: dict[str, int] = {}
    for place, label in enumerate(row.label for row in rows if row.label in labels):
        if place - last.get(label, place) > 1:
            found.add(label)
        last[label] = place
    return found


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"
