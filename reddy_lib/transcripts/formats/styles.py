"""Text lines that name their speaker in other ways than `Agent: …`: brackets, dashes, pipes, tabs, arrows, tables.

`read_row` takes one line apart by its marks, whatever its label is. `same_style` looks at all lines of a text at once: a
mark that keeps coming back behind the same few labels is how this text names its speakers, also where no label is known.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

from reddy_lib.transcripts.formats.arrow_signs import ANY_ARROW
from reddy_lib.transcripts.key_names import classify_key
from reddy_lib.transcripts.roles import leaning, normalise
from reddy_lib.transcripts.times import CLOCK

__all__ = [
    "ARROW",
    "BARE_TIME",
    "TIME",
    "Styled",
    "join_cut",
    "read_row",
    "read_table",
    "same_style",
    "without_bold_end",
]

BARE_TIME = rf"(?:{CLOCK}|\d{{1,6}}(?:[.,]\d{{1,3}})?s(?:ec)?(?!\w))"
TIME = rf"(?:{CLOCK}|\d{{1,9}}(?:[.,]\d{{1,9}})?\s?s?)"
ARROW = r"\s{0,4}(?:-->|->|–|—|-|\bto\b)\s{0,4}"

_NUMBER = r"(?:\(?\d{1,4}[.)]\s{1,4}|[-–—•‣▪]\s{1,4})?"
_ENCLOSED = (
    r"(?P<open>[\[({<【「『〔《«［（]|\*\*|__)\s?(?P<inner>[^\[\](){}<>【】「」『』〔〕《》«»［］（）:：\n|*]{1,40}?)\s?[:：]?\s?"
    r"(?P<close>[\])}>】」』〕》»］）]|\*\*|__)"
)
_NUMERIC = r"\+?\d(?:[\d ()/.-]{0,20}\d)?|[\w.+-]{1,64}@[\w.-]{1,64}"
_BARE = rf"(?P<bare>{_NUMERIC}|[^\W\d_][^\n:：|<>\[\]\t=;»→/…]{{0,40}}?)"
_ROW = re.compile(
    rf"[*_#\s|\"“]{{0,8}}{_NUMBER}"
    rf"(?:(?:[\[(<{{]\s{{0,4}}(?P<start>{TIME})(?:{ARROW}(?P<stop>{TIME}))?\s{{0,4}}[\])>}}]"
    rf"|(?P<clock>{BARE_TIME})(?:{ARROW}(?P<clock_stop>{BARE_TIME}))?)\s{{0,8}}(?:(?:[|,;:»~/–—-]|->|→|>{{1,2}})\s{{0,8}})?)?"
    rf"{_NUMBER}[*_]{{0,3}}(?:{_ENCLOSED}|{_BARE})[*_]{{0,3}}"
    rf"(?P<middle>\s{{0,4}}(?:[|,@/–—-]\s{{0,4}})?"
    rf"(?:[\[(<]\s?(?P<mid>{TIME})(?:{ARROW}(?P<mid_stop>{TIME}))?\s?[\])>]|(?P<mid_clock>{CLOCK})(?:{ARROW}(?P<mid_clock_stop>{CLOCK}))?))?"
    r"(?P<mark>\s{0,8}[:：](?!\d)\s{0,8}|\s{0,8}\|\s{0,8}|\s{0,4}\t\s{0,4}|\s{0,8}(?:»|→|->|=>|>{1,2})\s{0,8}|\s{1,8}[–—-]{1,2}\s{1,8}|—\s{0,4}"
    r"|\s{0,4}(?:\.{3}|…)\s{0,4}|\s{1,4}[=/~]\s{1,4}|[ \u00a0]{2,12}|\s{0,4};\s{1,4}|,|;"
    r"|(?(open)\s{0,8}|(?(mid)\s{1,8}|(?(mid_clock)\s{1,8}|$))))"
    r"(?P<text>.*)",
    re.DOTALL,
)
_STRONG = ("|", "\t", "»", "→", "->", "=>", ">", ">>", "-", "–", "—", "--", "––", "——")
_NO_LABEL = re.compile(r"[!?\"“”]|\.\s")


class Styled(NamedTuple):
    """A line taken apart. `style`: the marks around its label, the same for all lines written alike."""

    label: str
    text: str
    start: str
    stop: str
    style: str
    strong: bool


def read_row(raw: str) -> Styled | None:
    """The line taken apart by its marks; None where nothing in it can be a label."""
    match = _ROW.match(raw[:400])
    if match is None:
        return None
    label = (match["inner"] or match["bare"] or "").strip(" *_\t")
    mark = match["mark"].strip(" ")
    mark = "\t" if "\t" in match["mark"] else mark
    if not mark and len(match["mark"]) > 1 and match["open"] is None and match["middle"] is None:
        mark = "  "
    enclosed = match["open"] is not None
    timed = match["middle"] is not None or match["start"] is not None or match["clock"] is not None
    if not label or _NO_LABEL.search(label):
        return None
    if not mark and not enclosed and not (timed and (match["middle"] or not match["text"].strip())):
        return None  # only a space between label and text
    text = (match["text"] + raw[400:]).strip()
    if mark in (":", "：") and not enclosed:
        text = without_bold_end(text, raw[: match.start("bare")])
    start = match["start"] or match["clock"] or match["mid"] or match["mid_clock"] or ""
    stop = match["stop"] or match["clock_stop"] or match["mid_stop"] or match["mid_clock_stop"] or ""
    first = match["start"] or match["clock"]
    if not first and (match["mid"] or match["mid_clock"]) is None:
        start = stop = ""
    if text.startswith(("|", "»", "–", "—", "- ", ":")):
        text = text[1:].strip()
    if mark in (",", ";") and len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1].replace('""', '"')
    if raw.rstrip().endswith("|") and text.endswith("|"):
        text = text[:-1].rstrip()
    strong = enclosed or mark in _STRONG or mark in (":", "：") or bool(timed and not text and not mark)
    return Styled(label, text, start, stop, f"{match['open'] or ''}{mark}", strong)


def without_bold_end(text: str, before: str) -> str:
    """Return the words behind a label and its colon without the mark that ends the label's bold type.

    `before`: what stands before the words, with the mark that begins it.
    """
    for mark in ("**", "__"):
        if before.count(mark) % 2 and text.startswith(mark) and text.count(mark) % 2:
            return text[2:].lstrip()
    return text


def same_style(
    raws: Sequence[str], possible: Callable[[str], bool], mapped: Callable[[str], bool]
) -> list[Styled | None] | None:
    """The lines by the one style that nearly all of them share; None where no style explains the text.

    `possible`: could this be a name? `mapped`: is it a role, or a label that the analyst mapped?
    """
    tried = Counter(row.style for row in map(read_row, raws[:40]) if row is not None)
    if not tried or max(tried.values()) < max(2, 0.4 * min(len(raws), 40)):
        return None
    rows = [read_row(raw) for raw in raws]
    styles = Counter(row.style for row in rows if row is not None)
    for style, count in styles.most_common(3):
        found = [row if row is not None and row.style == style else None for row in rows]
        silent = sum(
            row is not None and not row.text and (place + 1 == len(found) or found[place + 1] is not None)
            for place, row in enumerate(found)
        )
        if silent > 0.3 * count:
            continue
        if count >= max(2, 0.6 * len(rows)) and _explains(
            [row for row in found if row], len(rows), possible, mapped
        ):
            return found
    return None


def _explains(
    rows: Sequence[Styled], total: int, possible: Callable[[str], bool], mapped: Callable[[str], bool]
) -> bool:
    counts = Counter(row.label for row in rows)
    if not 2 <= len(counts) <= 6 or any(len(label.split()) > 4 for label in counts):
        return False
    sides = {leaning(label) or label for label in counts if mapped(label)}
    if len(sides) > 1 and all(map(mapped, counts)):
        return True
    if any(row.style in (",", ";", "  ") for row in rows):
        return False
    letters = all(len(label) == 1 for label in counts)
    opaque = letters or all(label[:1] in "+0123456789" or "@" in label for label in counts)
    if not opaque and not all(possible(label) or mapped(label) for label in counts):
        return False
    turns = sum(one.label != other.label for one, other in pairwise(rows))
    recurring = sum(count > 1 for count in counts.values())
    if opaque and counts.keys() == {str(number) for number in range(1, len(counts) + 1)} and len(counts) > 3:
        return False  # a numbered list
    everywhere = len(rows) >= 0.8 * total and len(counts) <= 3 and len(rows) >= 3
    return (recurring >= 2 or (recurring == 1 and everywhere)) and turns >= min(2, len(rows) - 1)


# --- several turns in one line ----------------------------------------------------------------------------

_JOINS = (
    "\\n",
    " || ",
    " | ",
    " // ",
    " / ",
    " ;; ",
    " ; ",
    "; ",
    " ~ ",
    " · ",
    " • ",
    " -- ",
    " — ",
    " ### ",
    " >> ",
    " => ",
)
_ARROW_BETWEEN = re.compile(rf"\s{ANY_ARROW}\s")
_JOINED_LABEL = re.compile(
    r"\s*(?:[\[(<]\s?[\d:.,]{1,12}s?\s?[\])>]\s*)?[*_\[(<]{0,3}(?P<label>\+?[^\W_][^:：\n<>\[\]|/;~]{0,40}?)[\])>*_]{0,3}\s?[:：]"
)


def join_cut(row: str, known: Callable[[str], bool], possible: Callable[[str], bool]) -> list[str] | None:
    """The turns of one line that is joined by a mark such as ` / ` or ` | `, without the mark; None for any other."""
    arrows = dict.fromkeys(match[0] for match in _ARROW_BETWEEN.finditer(row))
    for join in (*_JOINS, *sorted(arrows, key=lambda mark: -row.count(mark))[:4]):
        if row.count(join) < 1:
            continue
        parts = [part for part in row.split(join) if part.strip()]
        labels = [match["label"].strip() if (match := _JOINED_LABEL.match(part)) else "" for part in parts]
        named = [label for label in labels if label]
        counts = Counter(named)
        if len(named) < 2 or not labels[0] or not 2 <= len(counts) <= 6:
            continue
        sure = sum(map(known, named))
        plausible = all(
            known(label) or possible(label) or len(label) == 1 or label[:1] in "+0123456789"
            for label in counts
        )
        if not (sure >= 2 or (plausible and len(named) >= 3 and max(counts.values()) > 1)):
            continue
        if len(named) < 0.5 * len(parts):
            continue
        found: list[str] = []
        for part, label in zip(parts, labels, strict=True):
            if not found or (label and (known(label) or plausible)):
                found.append(part.strip())
            else:
                found[-1] += join + part.strip()
        return found
    return None


# --- tables -----------------------------------------------------------------------------------------------

_HEADS = {
    "role": """
speaker role sprecher rolle von wer person locuteur interlocuteur hablante interlocutor orador falante papel parlante
spreker rol mówca rola mluvčí konuşmacı talare roll taler puhuja спикер роль говорящий المتحدث דובר 说话人 角色 話者 화자
pembicara who participant party agent/customer label
""",
    "text": """
text transcript utterance message content words said sentence nachricht äußerung aussage texte énoncé texto mensaje mensagem
testo messaggio tekst bericht wypowiedź zpráva metin besked meddelande viesti текст сообщение реплика النص טקסט 内容 文本
テキスト 발화 내용 teks pesan
""",
    "start": """
start time timestamp begin offset zeit beginn uhrzeit heure début hora inicio início ora inizio tijd czas čas zaman tid
время الوقت זמן 时间 時間 시간 waktu
""",
    "stop": "stop end ende fin fim fine einde koniec",
}
_HEAD_OF = {normalise(word): part for part, words in _HEADS.items() for word in words.split()}
_NEWLINE = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_RULE = re.compile(r"\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?")


class TableRow(NamedTuple):
    """A line of a table."""

    label: str
    text: str
    start: str
    stop: str


def read_table(text: str) -> list[TableRow] | None:
    """The rows of a text that is a table with a header row: CSV, TSV or Markdown; None for any other text."""
    head = text[:300].partition("\n")[0]
    if len(head) == 300 or not any(mark in head for mark in "\t|;,"):
        return None
    head, _, rest = _NEWLINE.sub("\n", text).partition("\n")
    if not rest or len(head) > 300:
        return None
    try:
        return _table(head, rest)
    except csv.Error:
        return None


def _table(head: str, rest: str) -> list[TableRow] | None:
    for delimiter in ("\t", "|", ";", ","):
        if delimiter not in head:
            continue
        places = _heads(_cells(head, delimiter))
        if places is None:
            continue
        if delimiter == "|":
            rows = [
                _cells(row, "|")
                for row in rest.split("\n")
                if row.strip() and not _RULE.fullmatch(row.strip())
            ]
        else:
            rows = [row for row in csv.reader(rest.splitlines(keepends=True), delimiter=delimiter) if row]
        width = len(_cells(head, delimiter))
        if not rows or sum(len(row) == width for row in rows) < 0.8 * len(rows):
            return None
        return [_row(row, places, delimiter, width) for row in rows]
    return None


def _cells(row: str, delimiter: str) -> list[str]:
    if delimiter == "|":
        return [cell.strip() for cell in row.strip().strip("|").split("|")]
    return next(iter(csv.reader([row.strip("\r\n")], delimiter=delimiter)), [])


def _heads(cells: Sequence[str]) -> dict[str, int] | None:
    places: dict[str, int] = {}
    for place, cell in enumerate(cells):
        plain = normalise(cell.strip().strip("*_\"'"))
        if len(plain) > 30:
            return None
        key = classify_key(plain) if plain else None
        part = _HEAD_OF.get(plain) or (key.part if key is not None else "")
        if part:
            places.setdefault(part, place)
    return places if {"role", "text"} <= places.keys() else None


def _row(cells: Sequence[str], places: dict[str, int], delimiter: str, width: int) -> TableRow:
    def cell(part: str) -> str:
        place = places.get(part, -1)
        if part == "text" and place == width - 1:  # a comma in an unquoted text
            return delimiter.join(cells[place:]).strip()
        return cells[place].strip() if 0 <= place < len(cells) else ""

    return TableRow(cell("role").strip("*_: "), cell("text"), cell("start"), cell("stop"))
