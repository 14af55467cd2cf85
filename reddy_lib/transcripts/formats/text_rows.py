"""Text lines taken apart: a time, a label and the words, before it is known whether the label is a speaker's.

Patterns are bounded: taking a line apart costs no more than its length.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from reddy_lib.transcripts.formats.styles import ARROW, BARE_TIME, TIME, read_row, without_bold_end
from reddy_lib.transcripts.roles import (
    fold,
    is_form_word,
    is_machine,
    is_role,
    name_in_label,
    speaks_for_itself,
    weigh,
)
from reddy_lib.transcripts.times import CLOCK

__all__ = ["ARTICLE", "NEWLINE", "Known", "Row", "could_be_a_name", "take_apart"]

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


_AFTER_LABEL = re.compile(
    rf"\s*[|–—-]?\s*(?:[\[(]\s?)?{_CLOCKS}(?:\s?[\])])?\s*(?:[|–—»:-]|->|→|>{{1,2}})?\s*"
)


# A label in tags, brackets or quotes, with its colon inside or behind: `<b>Agent:</b>`, `(Agent):`, `"Agent":`.
_WRAPPED = re.compile(
    r"(?:<(?:b|strong|em|i|u)>|[({\"“'])\s?(?P<label>[^\W\d_][^<>(){}\"“”:\n]{0,40}?)\s?(?P<inside>:)?\s?"
    r"(?:</(?:b|strong|em|i|u)>|[)}\"”'])\s?(?(inside)|:)(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)


ARTICLE = re.compile(r"(?:the|a|an|my|our|your|this|that)\s", re.IGNORECASE)


# A date as chats have it before the time of day: `[01/03/2026, 10:00:01] Ben: …`
_DATED = re.compile(r"(\W{0,3})\d{1,2}[./-]\d{1,2}[./-]\d{2,4},?\s{1,3}(?=\d{1,2}:\d{2})")


_IN_A_CLOCK = re.compile(r"[(\[{<\s@,]\d{1,3}$")


_NUMBER_LABEL = re.compile(r"(?P<label>\+?\d[\d ()/.-]{1,20}\d)\s?[:：]\s+(?P<rest>\S.*)", re.DOTALL)


_LISTS = frozenset("0123456789-–—•‣▪")
"""What a number or the mark of a list begins with."""


_NUMBER_BEFORE_SOUND = re.compile(r"\d{1,4}[.)]\s{1,4}(?=\[)")


_SIGNS = re.compile(r"[:：\[(<|\t»→>【「『〔《［（]|\s[–—-]\s|—|\*\*")


_MARKED = re.compile(r"[\t|»→>\[({<【「『〔《［（]|\s[–—-]{1,2}\s|—|\*\*|__|->|^\W{0,4}\d{1,4}[.)]")


_SOUND_BEFORE = re.compile(
    r"\[[^\[\]:]{1,40}\]\s+(?=(?:(?:[-–—•‣▪]|\d{1,4}[.)])\s{1,4})?\*{0,3}[^\W\d_][^:]{0,40}:(?:\s|\*))"
)


_BOLD_END = re.compile(r"(?:\*\*|__)(?=\s|$)")


_NO_NAME = re.compile(r'[,!?;=/\\"“”]')


NEWLINE = re.compile(r"\r\n|[\r\n\u2028\u2029\x0b\x0c\x85]")


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


class Row(NamedTuple):
    """One text line taken apart, before it is known whether its label is a speaker's."""

    raw: str
    label: str
    text: str
    start: str
    stop: str
    broken: str  # a bracket that looks like a time and is none
    style: str = ""  # the marks around the label, where it is no colon
    with_clock: str = (
        ""  # the text with a bare clock before it, which may be words too ("Customer: 10:30 suits me")
    )


class Known:
    """Which labels are speakers wherever they stand: role words, and the labels that the analyst mapped."""

    def __init__(self, roles: Mapping[str, str]) -> None:
        self.roles = roles
        self.own = {fold(label) for label in roles}
        self.rows: dict[str, Row] = {}  # each text line is taken apart once, however often it is asked for
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


def take_apart(raw: str, known: Known) -> Row:
    row = known.rows.get(raw)
    if row is None:
        dated = _DATED.match(raw)
        row = (
            _read_row(dated[1] + raw[dated.end() :], known)._replace(raw=raw)
            if dated
            else _read_row(raw, known)
        )
        if dated and not row.label:
            row = Row(raw, "", raw, "", "", "")
        known.rows[raw] = row
    return row


def _read_row(raw: str, known: Known) -> Row:
    if not _SIGNS.search(raw):  # most continuation lines: nothing that could be a label or a time
        return Row(raw, "", raw, "", "", "")
    row = _take_colon_apart(raw, known)
    if row.label and known(row.label):
        after = _AFTER_LABEL.match(row.text) if not row.start and ":" in row.text[:20] else None
        if after and ":" in after["start"]:
            text = row.text[after.end() :].strip()
            return row._replace(
                text=text,
                start=after["start"],
                stop=after["stop"] or "",
                with_clock=after[0].lstrip() + text if after[0].strip()[:1].isdecimal() else "",
            )
        return row
    numbered = _NUMBER_LABEL.fullmatch(raw) if not row.label and not row.start else None
    if numbered is not None:  # a telephone number or an extension
        return Row(raw, numbered["label"], numbered["rest"].strip(), "", "", "")
    styled = read_row(raw) if _MARKED.search(raw, 0, 160) else None
    if (
        styled is not None
        and styled.strong
        and (styled.text or styled.start)
        and not ARTICLE.match(styled.label)
        and (known.is_bare_role(styled.label) or (is_machine(styled.label) and weigh(styled.label).whole))
    ):
        return Row(raw, styled.label, styled.text, styled.start, styled.stop, row.broken, styled.style or " ")
    return row


def _take_colon_apart(raw: str, known: Known) -> Row:
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
    body = _without_number(body, known)
    prefix = ""
    aside = _SOUND_BEFORE.match(body)
    if aside:  # "[noise] Agent: hello": what stands before the label stays with the text
        prefix, body = aside[0].strip() + " ", _without_number(body[aside.end() :], known)
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
            with_clock = prefix + clock.lstrip() + text if clock else ""
            return Row(raw, label, prefix + text, start, stop, broken, with_clock=with_clock)
    wrapped = _WRAPPED.match(body)
    if wrapped and not prefix and known(wrapped["label"].strip()):
        return Row(raw, wrapped["label"].strip(), wrapped["rest"].strip(), start, stop, broken)
    enclosed = _ENCLOSED.match(body)
    if enclosed and not prefix:
        label = (enclosed["square"] or enclosed["angle"]).strip()
        if speaks_for_itself(label):
            text = enclosed["rest"].strip()
            closing = re.compile(r"</\s?[\w ]{0,40}>$").search(text, max(len(text) - 45, 0))
            return Row(raw, label, text[: closing.start()].strip() if closing else text, start, stop, broken)
    text = (prefix + body if prefix else rest).strip()
    return Row(raw, "", text, start, stop, broken)


def _without_number(body: str, known: Known) -> str:
    """The rest of a line without the number, or the mark of a list, before a label that is known."""
    if body[:1] not in _LISTS:
        return body
    listed = _NUMBERING.match(body)
    if listed is None:
        numbered = _NUMBER_BEFORE_SOUND.match(body)
        return body[numbered.end() :] if numbered and _SOUND_BEFORE.match(body, numbered.end()) else body
    at = _DECORATION.match(body, listed.end()).end()  # type: ignore[union-attr]
    behind = _LABEL.match(body, at)
    return body[at:] if behind and known(behind["label"].strip().strip("*_").strip()) else body


def could_be_a_name(label: str) -> bool:
    words = label.casefold().split()
    if len(words) > 4 or _NO_NAME.search(label) or label.casefold() in _FIELDS:
        return False
    return not all(word.strip(".#()") in _FIELDS or word.strip("#().").isdigit() for word in words)
