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

from reddy_lib.spreadsheet.cells.agent_names import bare_email, is_one_person, name_parts
from reddy_lib.spreadsheet.cells.placeholders import is_placeholder
from reddy_lib.spreadsheet.cells.quantities import are_quantities
from reddy_lib.spreadsheet.evidence.column_profile import Column, looks_like_id, percent
from reddy_lib.spreadsheet.evidence.id_evidence import (
    NAMED_AS_A_CALLS,
    built_as_ids,
    codes,
    counted_on,
    grouped_digits,
    grouped_thousands,
    id_name,
    ids_under_another_name,
    is_of_a_person,
    large_numbers,
    no_call_id,
    numbered_alike,
    numbered_by_exchange,
    one_series,
    parts_alike,
    tokens,
    whole_numbers_alike,
)
from reddy_lib.spreadsheet.evidence.tags import sensitive
from reddy_lib.spreadsheet.evidence.time_order import TimeOrder, is_time_of_day
from reddy_lib.spreadsheet.model import fold_name
from reddy_lib.transcripts import read_transcript

__all__ = ["JUDGES", "Evidence", "Table"]

_FREE_MAIL = frozenset(
    ("gmail", "googlemail", "yahoo", "hotmail", "outlook", "icloud", "gmx", "web", "aol", "live", "proton", "protonmail",
     "mail", "msn", "libero", "orange", "free", "wanadoo", "wp", "o2", "seznam", "qq", "163", "126", "naver", "yandex")
)  # fmt: skip


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
    def times(self) -> TimeOrder:
        return TimeOrder(self.columns)

    @cached_property
    def lowered_copies(self) -> dict[str, str]:
        """Columns whose words another column has with capitals: column → the other. Models are trained on such copies."""
        talks = [column for column in self.columns if column.transcripts >= 0.3]
        if len(talks) < 2:
            return {}
        spoken = {column.name: [column.opening(text).lines for text in column.texts[:3]] for column in talks}
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

    @cached_property
    def _named_in_talk(self) -> dict[str, float]:
        """Column of people or emails → share of rows in which an agent's line of the transcript has one of their names."""
        talks = [column for column in self.columns if column.transcripts >= 0.3]
        people = [column for column in self.columns if column.emails >= 0.5 or column.people >= 0.8]
        if not talks or len(people) > _MOST_PEOPLE:
            return {}
        spoken = [_said_by_agent(text) for text in max(talks, key=lambda one: one.length).of_rows[:_TALKS]]
        found: dict[str, float] = {}
        for column in people:
            rows = [
                bool({part for part in name_parts(who.partition("@")[0]) if len(part) > 2} & said)
                for text, said in zip(column.of_rows, spoken, strict=False)
                if said and (who := bare_email(text) or text)
            ]
            found[column.name] = sum(rows) / len(rows) if rows else 0.0
        return found

    def speaks_as_agent(self, column: Column) -> bool:
        """Return whether agents say the names of a column of people, and not those of another one as often."""
        shares = self._named_in_talk
        mine = shares.get(column.name, 0.0)
        emails = column.emails >= 0.5
        others = [
            share
            for other in self.columns
            if (share := shares.get(other.name)) is not None
            and other.name != column.name
            and (other.emails >= 0.5) == emails
        ]
        return mine >= 0.5 and all(share <= mine - 0.3 for share in others)

    def same_people(self, emails: Column, names: Column) -> float:
        """Return the share of rows in which an email is written after the name beside it."""
        both = Counter(
            (name, mail)
            for name, mail in zip(names.of_rows, map(bare_email, emails.of_rows), strict=True)
            if name and mail
        )
        alike = sum(count for (name, mail), count in both.items() if is_one_person(name, mail))
        return alike / both.total() if both else 0.0


_TALKS = 20
"""Transcripts that are searched for names."""
_MOST_PEOPLE = 8


def _said_by_agent(talk: str) -> frozenset[str]:
    """Return the words of the first lines that are an agent's, or, where no speaker is known, of the first lines."""
    lines = read_transcript(talk[:600]).lines[:6] if talk else []
    spoken = [line.text for line in lines if line.role == "agent"] or [line.text for line in lines[:2]]
    return name_parts(" ".join(spoken))


def _reason(column: Column, named: bool, *facts: str) -> str:
    return "; ".join([f'name "{column.name}"', *facts] if named else facts)


_ANOTHER_EACH = "another one in each row, as customers have"
_PRIVATE = "private addresses"
_AS_CUSTOMERS = frozenset((_ANOTHER_EACH, _PRIVATE))


def _agent(column: Column, table: Table) -> Evidence:
    says = column.says
    agent = "agent" in says
    other_side = bool(says & {"customer", "supervisor", "recipient"}) and not agent
    if column.emails < 0.5:
        return _no_emails(column, table)
    score = 10 * column.emails
    facts = [f"{percent(column.emails)} look like emails, {column.distinct} distinct"]
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
    if _repeat([bare_email(text).casefold() for text in column.texts]):
        score += 3
        facts.append("few over many calls, as agents are")
    elif column.count >= 4 and len(mails) > 0.9 * column.count and not agent:
        score -= 6
        facts.append(_ANOTHER_EACH)
    hosts = {mail.rpartition("@")[2].split(".")[-2] for mail in mails if "." in mail.rpartition("@")[2]}
    if hosts and not agent and len(hosts & _FREE_MAIL) * 2 > len(hosts):
        score -= 4
        facts.append(_PRIVATE)
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
    if (
        not agent
        and table.agents_named
        and all(table.same_people(column, other) < 0.2 for other in table.agents_named)
    ):
        score -= 6  # the emails of others
    if not agent and table.speaks_as_agent(column):
        score += 3
        facts.append("the transcript names them where the agent speaks")
    if score <= 4:
        return _NO
    named = agent or bool(says & {"email", "user"})
    told = agent or (named and not _AS_CUSTOMERS & set(facts))
    return Evidence(score, _reason(column, named, *facts), told)


def _no_emails(column: Column, table: Table) -> Evidence:
    """Judge names, or extensions: their emails are looked up. Ids and numbers alone name nobody here."""
    says = column.says
    agent = "agent" in says
    people = not agent and not says - {"user", "name"} and column.people >= 0.8 and _repeat(column.texts)
    if people and ("user" in says or table.speaks_as_agent(column)):
        fact = f"names of people, {column.distinct} distinct over many calls: match the names to emails"
        return Evidence(2.5, _reason(column, "user" in says, fact), "user" in says)
    if not agent or column.length > 60 or column.times > 0.5 or column.transcripts > 0.5:
        return _NO
    if says & {"score", "note", "duration", "status", "start", "end", "text", "speaker", "order", "audio"}:
        return _NO
    score = 2.0 if "id" in says and column.people < 0.5 else 4.0 + 2 * column.people + 10 * column.emails
    fact = f"{percent(column.emails)} look like emails, {column.distinct} distinct: match the names to emails"
    return Evidence(score, _reason(column, True, fact), True)


def _repeat(texts: Sequence[str]) -> bool:
    """Return whether few people stand in many rows, as agents do."""
    return len(texts) >= 4 and len(set(texts) - {""}) <= 0.6 * len(texts)


def _timestamp(column: Column, table: Table) -> Evidence:
    says = column.says
    if "score" in says or sensitive(column.name):
        return _NO
    if says & {"duration", "phone"} and not _are_days_apart(column):
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
    if says & {"id", "unique"} and column.share(str.isdecimal) > 0.5:
        return _NO
    if column.clocks > 0.5 and column.times < 0.5 and (weight < 5.5 or not is_time_of_day(column)):
        return _NO
    facts = [f"{percent(share)} look like dates or times"]
    standing = table.times.standing(column.name)
    if standing.end_by and weight < _SURE_START:
        return _NO
    stands = 0.0
    if standing.start_by:
        stands = 4.0 if weight < 5.5 else 1.0
        facts.append(standing.start_by)
    elif share >= 0.9 and standing.first:
        # A call starts before it ends, and before somebody writes it down.
        stands = 1.0
        facts.append("earlier than the other times of its row")
    elif standing.after:
        stands = -2.0
    if not weight and _is_no_calls_day(column, table):
        stands -= 3
    named = weight > 0 and (weight >= _MOMENT or not says & {"id", "unique"})
    return Evidence(10 * share + weight + stands, _reason(column, weight > 0, *facts), named)


def _are_days_apart(column: Column) -> bool:
    """Return whether cells are dates beyond doubt, as under "Talk began": lengths written as dates are all of one day."""
    if column.times < 0.9 or column.share(_is_number) > 0.5:
        return False
    dates = column.dates
    return dates.low is not None and dates.high is not None and dates.high - dates.low > _DAY


_DAY = 86_400
_MOMENT = 5.0
"""Weight of a name from which on it says that this is a moment: "Contact no." with dates in it does not."""
_SURE_START = 6.5
"""Weight of a name from which on it says that this is when the call started."""
_YEARS = 4 * 366 * 86_400


def _is_no_calls_day(column: Column, table: Table) -> bool:
    """Return whether dates are those of something else: they lie years apart, or have no clock where others have one."""
    dates = column.dates
    apart = dates.low is not None and dates.high is not None and dates.high - dates.low > _YEARS
    return apart or (dates.granularity == "day" and column.name not in table.times.moments)


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
    return column.share(lambda text: any(mark.isdigit() for mark in text[:_NAME])) > 0.5


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[\d.]+", text) is not None


def _identity(column: Column, table: Table) -> Evidence:
    says = column.says
    if column.emails > 0.5 or column.transcripts > 0.5 or column.audio > 0.5:
        return _NO
    weight = id_name(says)
    if weight < 0:
        return _under_another_name(column)
    if not weight and column.unique < 0.5:
        return _NO
    if is_of_a_person(column, table.columns):
        return _NO
    if sensitive(column.name, column.cells[:50]) and not (weight >= 6 and one_series(column.texts)):
        return _NO  # a card's number tells calls apart too, and must not go out as their id
    if no_call_id(column):
        return _NO  # how long, how much, when: each row may have another, and says nothing of which call
    texts = _without_fillers(column.texts)
    dated = bool(texts) and all(map(_DATED.fullmatch, texts))  # "20250304-001" is no telephone number
    thousands = weight >= NAMED_AS_A_CALLS and grouped_thousands(texts)
    exchange = numbered_by_exchange(column)
    if are_quantities(texts) and not thousands and not exchange:
        return _NO
    if weight < 8 and column.phones > 0.5 and not dated and not exchange:
        return _NO
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
    facts = [f"{column.distinct} distinct of {column.count}"]

    def without_name() -> Evidence:
        return _identity_without_name(column, texts, dated=dated, leads=column is table.columns[0])

    if weight:
        if weight < 6 and column.counts_rows and column.texts[0] in ("0", "1"):
            return _NO  # it counts the rows
        if weight < 6 and (unique < 0.9 or (column.times > 0.5 and column.share(_is_number) < 0.5)):
            return _NO
        if weight < 4 and (ids < 0.8 or (weight < 3 and not (column.uuids > 0.6 or built_as_ids(texts)))):
            return without_name() if says <= {"call", "case", "order"} else _NO
        return Evidence(5 * unique + weight, _reason(column, True, *facts), True)
    return without_name()


def _identity_without_name(column: Column, texts: Sequence[str], *, dated: bool, leads: bool) -> Evidence:
    """Return what cells say of being ids of calls where the name of their column says nothing of it.

    `leads`: it is the first column, where exports put what tells their rows apart.
    """
    says = column.says
    ids = sum(map(looks_like_id, texts)) / len(texts)
    if len(texts) < 2 or len(set(texts)) < len(texts) or column.is_counter or column.fill < 0.7:
        return _NO
    looks = f"looks like ids: {column.distinct} distinct of {column.count}, such as {texts[0][:40]!r}"
    if (
        not says
        and column.uuids <= 0.6
        and (tokens(texts) or (column.times < 0.5 and column.phones < 0.5 and grouped_digits(texts)))
    ):
        return Evidence(5.5, looks)
    if ids < 0.95:
        return Evidence(4.0, looks) if codes(texts) or numbered_alike(texts) else _NO
    if dated:
        return Evidence(5.5, looks)
    if column.uuids > 0.6:
        return Evidence(8.0, f"unique ids: {column.distinct} distinct of {column.count}")
    if any(_SCIENTIFIC.fullmatch(text) for text in texts):
        return _NO
    if says - {"order", "case", "call"}:
        return _under_another_name(column)
    if column.times > 0.5 or column.phones > 0.5 or column.clocks > 0.5:
        return _NO
    if all(text[0] in "#№" for text in texts):
        texts = [text.lstrip("#№ ") for text in texts]
    if built_as_ids(texts):
        return Evidence(5.5, looks)
    # "Call" alone says no less than no name at all.
    if says <= {"call"} and (large_numbers(texts) or counted_on(texts) or parts_alike(texts)):
        return Evidence(4.0, looks)
    if says <= {"call"} and leads and whole_numbers_alike(texts):
        return Evidence(3.0, f"{looks}; it is the first column")
    return _NO


def _under_another_name(column: Column) -> Evidence:
    """Return weak evidence for ids whose column is named after something else: nothing else tells calls apart."""
    if not ids_under_another_name(column):
        return _NO
    return Evidence(
        3.0,
        f"looks like ids: {column.distinct} distinct of {column.count}, such as {column.texts[0][:40]!r}",
    )


_DATED = re.compile(r"(?:19|20)\d\d[01]\d[0-3]\d[-_/.]\d{1,8}")
"""A day and a number within it."""


_SCIENTIFIC = re.compile(r"\d(?:[.,]\d+)?E[+-]?\d+", re.IGNORECASE)
"""Numbers of which a spreadsheet kept some digits only."""


def _without_fillers(texts: Sequence[str]) -> list[str]:
    """Return the texts without those that stand for nothing: placeholders, and a word that comes again and again."""
    real = [text for text in texts if not is_placeholder(text)]
    counts = Counter(text for text in real if not any(map(str.isdecimal, text)))
    words = {text for text, count in counts.items() if count > 1}
    left = [text for text in real if text not in words] if 0 < len(words) <= 2 else real
    return left or real  # a column of one word is for the person who named it


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
    reason = f"{percent(share)} of the cells tried read as a transcript, {int(column.length):,} characters on average"
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


_NAME = 300
"""Characters of the longest text that may be a product's name: a cell can hold millions."""


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
            (len(text) <= _NAME and fold_name(text) in ids)
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
    if ids and not says and number and column.distinct > 1 and few and _are_ids(column, numbers):
        fact = f"{column.distinct} distinct, all of them ids of products"
        return Evidence(8.0, fact)
    if not product and not queue and (share < 0.8 or number or not few):
        return _NO
    if queue and not product and (share == 0 or (ids and number and share < 0.8)):
        return _NO  # a queue or campaign is a product only if its names say so
    if product and column.length > 120:
        return _NO
    fact = f"{column.distinct} distinct"
    if ids:
        fact += f", {matched} of {column.count} cells match a product"
    score = 10 * share + (5.0 if product else 2.5 if queue else 0.0)
    if product and ids and not share and says & {"id"} and not number:
        score -= 1
    return Evidence(score, _reason(column, product or queue, fact), product or queue)


def _are_ids(column: Column, numbers: set[int]) -> bool:
    """Return whether numbers are ids of products although no name says so: marks and counts begin below 10."""
    return min(numbers) >= 10 and column.share(lambda text: text.isdecimal() and int(text) in numbers) == 1


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
        return Evidence(30.0, _reason(column, True, f"{column.distinct} distinct"), True) if fits else _NO

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
