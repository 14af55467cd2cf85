"""How much speaks for a column to feed a field: what it is called, what it holds, how it stands to other columns.

Each field has one judge. A judge looks at one column beside all others and returns a score with the evidence in words;
0 means that the column cannot be it. Scores are sums of like weights, so that they can be compared between columns of
one field, and between fields of one column: what is guessed is the assignment that has most evidence in all.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import NamedTuple

from reddy_lib.spreadsheet.agent_names import bare_email, is_one_person
from reddy_lib.spreadsheet.column_profile import Column, looks_like_id, percent
from reddy_lib.spreadsheet.dates import read_timestamp
from reddy_lib.spreadsheet.mapping import fold_name
from reddy_lib.spreadsheet.placeholders import is_placeholder
from reddy_lib.spreadsheet.tags import sensitive
from reddy_lib.transcripts import read_transcript

__all__ = ["JUDGES", "Evidence", "Table"]

_FREE_MAIL = frozenset(
    ("gmail", "googlemail", "yahoo", "hotmail", "outlook", "icloud", "gmx", "web", "aol", "live", "proton", "protonmail",
     "mail", "msn", "libero", "orange", "free", "wanadoo", "wp", "o2", "seznam", "qq", "163", "126", "naver", "yandex")
)  # fmt: skip
_NEVER_A_CALLS = frozenset(("agent", "customer", "status", "note", "product", "score", "supervisor"))
_OTHERS_IDS = _NEVER_A_CALLS | {"user", "queue", "phone", "channel", "zone"}
"""Whose id a column is if one of these stands in its name: not the conversation's."""
_NO_IDS = frozenset(
    (
        "text",
        "transcript",
        "speaker",
        "duration",
        "start",
        "end",
        "date",
        "time",
        "email",
        "audio",
        "file",
        "recipient",
    )
)


class Evidence(NamedTuple):
    """`score`: 0 if the column cannot feed the field. `reason`: the evidence in words. `named`: whether its name helped."""

    score: float
    reason: str
    named: bool = False


_NO = Evidence(0.0, "")


class Table:
    """All columns of a sample, for evidence that needs more than one of them.

    `ids`: folded name of a product → its id.
    """

    def __init__(self, columns: Sequence[Column], ids: dict[str, int]) -> None:
        self.columns = columns
        self.ids = ids

    @cached_property
    def agents_named(self) -> list[Column]:
        """Columns that hold names of agents."""
        return self._named("agent", "customer")

    @cached_property
    def customers_named(self) -> list[Column]:
        """Columns that hold names of customers."""
        return self._named("customer", "agent")

    def _named(self, side: str, other: str) -> list[Column]:
        return [
            column
            for column in self.columns
            if side in column.says
            and other not in column.says
            and column.emails < 0.5
            and column.people >= 0.5
        ]

    @cached_property
    def email_columns(self) -> list[Column]:
        return [column for column in self.columns if column.emails >= 0.5]

    @cached_property
    def _moments(self) -> dict[str, list[float | None]]:
        return {
            column.name: [read_timestamp(cell)[0] for cell in column.rows[:40]]
            for column in self.columns
            if column.times >= 0.9 and column.clocks < 0.5
        }

    @cached_property
    def lowered_copies(self) -> dict[str, str]:
        """Columns whose words another column has with capitals: column → the other. Models are trained on such copies."""
        spoken = {
            column.name: [read_transcript(text).lines for text in column.texts[:3]]
            for column in self.columns
            if column.transcripts >= 0.3
        }
        if len(spoken) < 2:
            return {}
        words = {
            name: " ".join(line.text for lines in cells for line in lines).split()
            for name, cells in spoken.items()
        }
        found: dict[str, str] = {}
        for name, mine in words.items():
            if mine != [word.lower() for word in mine]:
                continue
            for other, theirs in words.items():
                alike = Counter(mine) & Counter(word.lower() for word in theirs)
                if theirs != [word.lower() for word in theirs] and 2 * alike.total() > len(mine):
                    found[name] = other
        return found

    def comes_first(self, column: Column) -> bool:
        """Return whether the times of a column are never after those of the other columns, and before some of them."""
        mine = self._moments.get(column.name)
        others = [moments for name, moments in self._moments.items() if name != column.name]
        if mine is None or not others:
            return False
        pairs = [
            (here, there)
            for moments in others
            for here, there in zip(mine, moments, strict=True)
            if here is not None and there is not None
        ]
        return bool(pairs) and all(here <= there for here, there in pairs) and any(a < b for a, b in pairs)

    def same_people(self, emails: Column, names: Column) -> float:
        """Return the share of rows in which an email is written after the name beside it."""
        both = [
            (name, mail)
            for name, mail in zip(names.of_rows, map(bare_email, emails.of_rows), strict=True)
            if name and mail
        ]
        return sum(is_one_person(name, mail) for name, mail in both) / len(both) if both else 0.0


def _reason(column: Column, named: bool, *facts: str) -> str:
    return "; ".join([f'name "{column.name}"', *facts] if named else facts)


def _agent(column: Column, table: Table) -> Evidence:
    says = column.says
    agent = "agent" in says
    other_side = bool(says & {"customer", "supervisor", "recipient"}) and not agent
    if column.emails < 0.5:
        # Names, or extensions: their emails are looked up. Ids and numbers alone name nobody here.
        if not agent or other_side or column.length > 60 or column.times > 0.5 or column.transcripts > 0.5:
            return _NO
        if says & {
            "score",
            "note",
            "duration",
            "status",
            "start",
            "end",
            "text",
            "speaker",
            "order",
            "audio",
        }:
            return _NO
        if "id" in says and column.people < 0.5:
            score = 2.0
        else:
            score = 4.0 + 2 * column.people + 10 * column.emails
        fact = f"{percent(column.emails)} look like emails, {column.distinct} different: match the names to emails"
        return Evidence(score, _reason(column, True, fact), True)
    score = 10 * column.emails
    facts = [f"{percent(column.emails)} look like emails, {column.distinct} different"]
    if other_side:
        return _NO
    if agent:
        score += 6 if "email" in says else 5
    elif "speaker" in says:
        if "." in column.name or column.count < 2:
            return _NO  # the author of one message of a conversation
        score -= 4  # unless nothing else names who took the call
    elif "user" in says:
        score += 2.5
    elif "email" in says:
        score += 1
    mails = {bare_email(text).casefold() for text in column.texts} - {""}
    few = column.count >= 4 and len(mails) <= 0.6 * column.count
    if few:
        score += 3
        facts.append("few over many calls, as agents are")
    elif column.count >= 4 and len(mails) > 0.9 * column.count and not agent:
        score -= 6
        facts.append("another one in each row, as customers have")
    hosts = {mail.rpartition("@")[2].split(".")[-2] for mail in mails if "." in mail.rpartition("@")[2]}
    if hosts and not agent and len(hosts & _FREE_MAIL) * 2 > len(hosts):
        score -= 4
        facts.append("private addresses")
    for names, weight, what in (
        (table.agents_named, 5.0, "agent"),
        (table.customers_named, -8.0, "customer"),
    ):
        for other in names:
            share = table.same_people(column, other)
            if share >= 0.5:
                score += weight
                facts.append(f"written after the {what} names in {other.name!r}")
                break
    if score <= 4:
        return _NO
    named = agent or bool(says & {"email", "user"})
    return Evidence(score, _reason(column, named, *facts), named)


def _timestamp(column: Column, table: Table) -> Evidence:
    says = column.says
    if says & {"duration", "phone", "score"} or sensitive(column.name):
        return _NO
    if "end" in says and "start" not in says:
        return _NO
    if "changed" in says and "start" not in says:
        return _NO
    share = column.times
    weight = _start_name(says)
    # A name that can mean nothing else: what cannot be read in it is a finding.
    sure = weight >= 6.5 and not says - {"start", "date", "time", "call"}
    other = column.transcripts > 0.3 or column.emails > 0.3 or not (share or sure or _digits(column))
    if share < 0.5 and (weight < 5.5 or other):
        return _NO
    if share < 0.5 and says & {"id", "unique", "agent", "speaker", "text"}:
        return _NO
    if not weight and column.share(_is_number) > 0.5 and not column.dates.sure:
        return _NO
    if says & {"id", "unique"} and column.share(_is_number) > 0.5:
        return _NO
    if column.clocks > 0.5 and column.times < 0.5 and weight < 5.5:
        return _NO
    facts = [f"{percent(share)} look like dates or times"]
    if share >= 0.9 and table.comes_first(column):
        # A call starts before it ends, and before somebody writes it down.
        weight += 1
        facts.append("earlier than the other times of its row")
    return Evidence(10 * share + weight, _reason(column, weight > 0, *facts), weight > 0)


def _start_name(says: frozenset[str]) -> float:
    """Return how well a name says that this is when the call started."""
    moment = bool(says & {"date", "time"})
    if "created" in says and "start" not in says:
        return 2.5
    if "customer" in says or "agent" in says:
        return 1.0 if "start" in says else 0.5
    if "start" in says:
        return 7.0 if moment or "call" in says else 6.5
    if moment and "call" in says:
        return 5.5
    if {"date", "time"} <= says:
        return 5.5
    if moment:
        return 5.0
    return 1.0 if "call" in says else 0.0


def _digits(column: Column) -> bool:
    return column.share(lambda text: any(mark.isdigit() for mark in text)) > 0.5


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[\d.]+", text) is not None


def _identity(column: Column, table: Table) -> Evidence:
    says = column.says
    if column.emails > 0.5 or column.transcripts > 0.5 or column.audio > 0.5:
        return _NO
    weight = _id_name(says)
    if weight < 0 or (not weight and column.unique < 0.5):
        return _NO
    if sensitive(column.name, column.cells[:50]):
        return _NO  # a card's number tells calls apart too, and must not go out as their id
    texts = [text for text in column.texts if not is_placeholder(text)]
    ids = sum(map(looks_like_id, texts)) / len(texts) if texts else 0.0
    short = column.length <= 40 and column.share(lambda text: any(map(str.isdecimal, text))) >= 0.5
    sentences = column.prose > 0.5 and ids < 0.5 and not (weight >= 8 and short)
    if not texts or sentences:
        return _NO
    if column.addresses > 0.5 or column.objects > 0.5:
        return _NO
    if 0 < weight < 8 and ids < 0.5 and column.share(lambda text: len(text.split()) == 1) < 0.9:
        return _NO
    unique = len(set(texts)) / len(texts)
    facts = [f"{column.distinct} different of {column.count}"]
    if weight:
        if weight < 6 and column.counts_rows and column.texts[0] in ("0", "1"):
            return _NO  # it counts the rows
        if weight < 6 and (unique < 0.9 or (column.times > 0.5 and column.share(_is_number) < 0.5)):
            return _NO
        if weight < 4 and ids < 0.8:
            return _NO
        return Evidence(5 * unique + weight, _reason(column, True, *facts), True)
    if column.count < 2 or unique < 1 or ids < 0.95 or column.is_counter or column.fill < 0.7:
        return _NO
    if column.uuids > 0.6:
        return Evidence(8.0, f"unique ids: {facts[0]}")
    if column.times > 0.5 or column.phones > 0.5 or column.clocks > 0.5 or says - {"order", "case", "call"}:
        return _NO
    if _built_as_ids(texts):
        return Evidence(5.5, f"looks like ids: {facts[0]}, such as {texts[0][:40]!r}")
    return _NO


def _built_as_ids(texts: Sequence[str]) -> bool:
    """Return whether unique texts show without a name that they are ids. A long number alone may be a phone's."""
    shapes = {re.sub(r"\d", "9", re.sub(r"[a-z]", "a", text.casefold())) for text in texts}
    mixed = sum(any(map(str.isalpha, text)) and any(map(str.isdecimal, text)) for text in texts)
    if mixed > 0.9 * len(texts):
        return len(shapes) <= max(3, len(texts) // 4)
    if not all(map(str.isdecimal, texts)) or len({len(text) for text in texts}) > 1 or len(texts[0]) < 5:
        return False
    padded = all(text[0] == "0" for text in texts)
    rising = len(texts) > 2 and list(texts) == sorted(texts)
    return padded or rising or len(texts[0]) >= 15


def _id_name(says: frozenset[str]) -> float:
    """Return how well a name says that it is the conversation's id; below 0 if it is the id of something else."""
    own = "call" in says and bool(says & {"id", "unique"}) and not says & _NEVER_A_CALLS
    if says & (_OTHERS_IDS | _NO_IDS) and not own:
        return -1.0
    if "call" in says:
        return 8.0 if says & {"id", "unique"} else 2.0
    if "case" in says:
        return 6.5 if says & {"id", "unique"} else 3.0
    if "unique" in says:
        return 6.0
    if "order" in says:
        return 0.0
    return 5.0 if says & {"id"} else 0.0


def _transcript(column: Column, table: Table) -> Evidence:
    says = column.says
    share = column.transcripts
    if "transcript" in says:
        weight = 5.0
    elif "text" in says and "call" in says:
        weight = 4.5
    elif says & {"text", "call"} and not says & {"id", "unique", "start", "time", "date", "audio"}:
        weight = 3.5
    else:
        weight = 0.0
    if "note" in says and "transcript" not in says:
        weight -= 6
    if says & {"agent", "customer"} and share < 0.3:
        weight -= 4  # what one side says
    if column.name in table.lowered_copies:
        return _NO
    if share < 0.3:
        # The same few texts again and again are kinds of something, not conversations.
        said = column.prose >= 0.5 and column.unique >= 0.2
        if weight < 3 or not (column.length >= 60 or said):
            return _NO
    reason = f"{percent(share)} of the cells tried read as a transcript, {int(column.length)} characters on average"
    score = 10 * share + min(column.length / 1000, 3) + weight
    return Evidence(score, _reason(column, weight > 0, reason), weight > 0) if score > 0 else _NO


def _filename(column: Column, table: Table) -> Evidence:
    named = bool(column.says & {"audio", "file"})
    share, fact = column.audio, f"{percent(column.audio)} are names of audio files"
    if share < 0.5 and "audio" in column.says:  # https://….example/recordings/RE5f2a has no ending
        share = column.addresses
        fact = f"{percent(share)} are web addresses"
    if share < 0.5:
        return _NO
    return Evidence(10 * share + (3 if named else 0), _reason(column, named, fact), named)


_SMALL = 100
"""Ids of products below this are told from scores and counts by the column's name alone."""


def _product(column: Column, table: Table) -> Evidence:
    ids, says = table.ids, column.says
    numbers = set(ids.values())
    product, queue = "product" in says, "queue" in says
    if says & {"agent", "customer", "supervisor"} and not product:
        return _NO
    few = column.distinct <= max(20, column.count // 2)
    number = column.texts[0].isdecimal() and min(numbers, default=0) < _SMALL
    share = column.share(
        lambda text: (
            fold_name(text) in ids
            or (
                text.isdecimal()
                and len(text) < 16
                and int(text) in numbers
                and (product or queue or not number)
            )
        )
    )
    matched = round(share * column.count)
    if says & {"duration", "start", "end", "date", "time", "score", "note"} and not product:
        return _NO
    if not product and not queue and (share < 0.8 or number or not few):
        return _NO
    if queue and not product and (share == 0 or (ids and number and share < 0.8)):
        return _NO  # a queue or campaign is a product only if its names say so
    if product and column.length > 120:
        return _NO
    fact = f"{column.distinct} different"
    if ids:
        fact += f", {matched} of {column.count} cells match a product"
    score = 10 * share + (5.0 if product else 2.5 if queue else 0.0)
    if product and ids and not share and says & {"id"} and not number:
        score -= 1
    return Evidence(score, _reason(column, product or queue, fact), product or queue)


def _settings(field: str) -> Callable[[Column, Table], Evidence]:
    wanted = {
        "channels": ("channels",),
        "separation": ("separation", "speaker separation"),
        "channel_map": ("channel map",),
    }[field]

    def judge(column: Column, table: Table) -> Evidence:
        fits = column.plain in wanted and all(
            re.search(r"agent|customer|diarize|channels", text.casefold()) for text in column.texts
        )
        return Evidence(30.0, _reason(column, True, f"{column.distinct} different"), True) if fits else _NO

    return judge


JUDGES: dict[str, Callable[[Column, Table], Evidence]] = {
    "transcript": _transcript,
    "agent_email": _agent,
    "filename": _filename,
    "timestamp": _timestamp,
    "conversation_id": _identity,
    "product_id": _product,
    "channels": _settings("channels"),
    "separation": _settings("separation"),
    "channel_map": _settings("channel_map"),
}
