"""Do texts look like ids: one for each call, all of them built alike?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from reddy_lib.spreadsheet.cells.header_words import concepts, plain_name
from reddy_lib.spreadsheet.cells.placeholders import is_placeholder
from reddy_lib.spreadsheet.cells.quantities import are_quantities
from reddy_lib.spreadsheet.evidence.column_profile import Column, looks_like_id
from reddy_lib.spreadsheet.evidence.tags import sensitive

__all__ = [
    "NAMED_AS_A_CALLS",
    "built_as_ids",
    "codes",
    "counted_on",
    "grouped_digits",
    "grouped_thousands",
    "id_name",
    "ids_under_another_name",
    "is_of_a_person",
    "large_numbers",
    "no_call_id",
    "numbered_alike",
    "numbered_by_exchange",
    "one_series",
    "parts_alike",
    "tokens",
    "whole_numbers_alike",
    "words_among_ids",
]

_ALWAYS_OTHERS = frozenset(("agent", "customer", "product", "supervisor", "user"))
"""Names of which the cells are ids of people and products, however they are built."""


def numbered_alike(texts: Sequence[str]) -> bool:
    """Return whether short texts are alike but for one number or code, as "Case 2025 / 118" and "WX-QJ-B" are."""
    if len(texts) < 4 or max(map(len, texts)) > 30:
        return False
    shapes = {re.sub(r"\d+", "9", text) for text in texts}
    if len(shapes) == 1 and len(re.findall(r"\d+", texts[0])) <= 3:
        (shape,) = shapes
        # "12 EUR" and "EUR 7.50" are amounts: an id begins with its letters, and is as long as the others.
        digits = {sum(map(str.isdecimal, text)) for text in texts}
        return shape[0].isalpha() and len(digits) == 1 and min(digits) >= 3
    # Codes in capitals with marks between them, all of the same form.
    forms = {re.sub(r"[A-Z]", "A", text) for text in texts}
    return len(forms) == 1 and re.fullmatch(r"A+(?:[-_/.]A+)+", forms.pop()) is not None


def one_series(texts: Sequence[str]) -> bool:
    """Return whether different texts are the same two letters or more, and a number: "CX929871".

    Such a text alone may be the number of a passport; those of several people begin in different ways.
    """
    found = [_SERIES.fullmatch(text) for text in texts]
    return len(set(texts)) >= _SEVERAL and len({match and match[1] for match in found}) == 1 and all(found)


_SERIES = re.compile(r"([A-Za-z]{2,})[-_/]?\d+")
_SEVERAL = 3


def large_numbers(texts: Sequence[str]) -> bool:
    """Return whether texts are whole numbers of five digits or more, which end in all ways: no rounded amounts."""
    if len(texts) < 4 or not all(text.isdecimal() and 5 <= len(text) <= 14 for text in texts):
        return False
    return sum(text.endswith("00") for text in texts) <= 0.2 * len(texts)


def whole_numbers_alike(texts: Sequence[str]) -> bool:
    """Return whether texts are unique whole numbers of three digits or more, all equally long."""
    lengths = {len(text) for text in texts}
    return len(texts) >= 4 and all(map(str.isdecimal, texts)) and len(lengths) == 1 and min(lengths) >= 3


def counted_on(texts: Sequence[str]) -> bool:
    """Return whether whole numbers from 100 on rise, or fall, from row to row: hardly by accident."""
    if len(texts) < 5 or not all(text.isdecimal() and 3 <= len(text) <= 14 for text in texts):
        return False
    numbers = list(map(int, texts))
    steps = {after > before for before, after in pairwise(numbers)}
    return min(numbers) >= 100 and len(steps) == 1 and len(set(numbers)) == len(numbers)


def parts_alike(texts: Sequence[str]) -> bool:
    """Return whether texts consist of words and numbers with the same marks between them: "calm-otter-12"."""
    if len(texts) < 4:
        return False
    forms = {re.sub(r"\d+", "9", re.sub(r"[^\W\d_]+", "a", text)) for text in texts}
    return (
        len(forms) == 1
        and re.fullmatch(r"a(?:[-_/.:#][a9]+)*[-_/.:#]9(?:[-_/.:#][a9]+)*", forms.pop()) is not None
    )


def words_among_ids(column: Column) -> list[str]:
    """Return the one or two words that stand among ids with digits, as "unknown" does; [] where words may be ids too."""
    real = [text for text in column.texts if not is_placeholder(text)]
    numbered = {text for text in real if any(map(str.isdecimal, text))}
    words = sorted({text for text in real if text not in numbered})
    if not 1 <= len(words) <= 2 or len(numbered) < 2:
        return []
    lengths = {len(text) for text in numbered}
    stems = {stem[0] for text in numbered if (stem := _STEM.match(text))}
    return [
        word
        for word in words
        if (len(lengths) > 1 or len(word) not in lengths)
        and not ((stem := _STEM.match(word)) and stem[0] in stems)  # "call-7", "call-8", "call-x"
    ]


_STEM = re.compile(r"[^\W\d_]+[-_/.:#]")


def no_call_id(column: Column) -> str:
    """Return what the cells are, where they are no ids of calls although they may tell calls apart; else "".

    Dates, lengths, amounts and dialled numbers may be different in each call, and come again with the next one.
    """
    texts = column.texts
    if not texts or (id_name(column.says) >= NAMED_AS_A_CALLS and grouped_thousands(texts)):
        return ""
    if numbered_by_exchange(column):
        return ""
    if column.times > 0.5 and column.numbers < 0.5 and column.share(_DAY_AND_NUMBER.fullmatch) < 0.5:
        return "dates"
    if are_quantities(texts) or column.clocks > 0.5:
        return "times or amounts"
    if column.share(_DECIMAL.fullmatch) > 0.5 and column.share(_WHOLE_AS_DECIMAL.fullmatch) < 0.5:
        return "numbers with decimals"
    if column.share(lambda text: text[0] in "+(" and sum(map(str.isdecimal, text)) >= 7) > 0.5:
        return "phone numbers"
    if column.emails > 0.5:
        return "emails"
    return ""


def numbered_by_exchange(column: Column) -> bool:
    """Return whether ids are numbered as telephone exchanges do it: the second of a call, and a counter."""
    return (
        column.count > 1
        and id_name(column.says) > 0
        and column.unique == 1
        and column.share(_SECOND_AND_NUMBER.fullmatch) == 1
    )


def grouped_thousands(texts: Sequence[str]) -> bool:
    """Return whether unique texts are whole numbers written with a mark between thousands: "1,234", "998"."""
    found = [match for text in texts if (match := _THOUSANDS.fullmatch(text))]
    marks = {match[1] for match in found if match[1]}
    return len(found) == len(texts) == len(set(texts)) and len(marks) == 1


_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:([.,'’ \u00a0\u202f])\d{3}(?:\1\d{3})*)?")
_SECOND_AND_NUMBER = re.compile(r"(?:[\w-]+-)?1\d{9}\.\d{1,8}")
_DAY_AND_NUMBER = re.compile(r"(?:19|20)\d\d[01]\d[0-3]\d[-_/.]\d{1,8}")
_DECIMAL = re.compile(r"[-+]?\d+[.,]\d+")
_WHOLE_AS_DECIMAL = re.compile(r"\d+[.,]0+")


_OF_PEOPLE = re.compile(
    r"(?:(?:first|last|full|display|given|family|user|nick) ?)?name|(?:e ?)?mail(?: address)?|phone.*|tel.*|mobile"
)


def is_of_a_person(column: Column, columns: Sequence[Column]) -> bool:
    """Return whether ids are those of people: `contact.id` beside `contact.name`, "Rep ID" beside "Rep" or "Rep name"."""
    stem, mark, _ = column.name.rpartition(".")
    if not mark:
        return _numbers_people(column, columns)
    beside = [other for other in columns if other is not column and other.name.rpartition(".")[0] == stem]
    named = [other for other in beside if _OF_PEOPLE.fullmatch(plain_name(other.name.rpartition(".")[2]))]
    return bool(named) and all(
        other in named or other.people >= 0.5 or other.emails >= 0.5 or other.phones >= 0.5
        for other in beside
    )


def _numbers_people(column: Column, columns: Sequence[Column]) -> bool:
    words = plain_name(column.name).split()
    whose = [word for word in words if not concepts(word) & {"id", "unique"}]
    if not whose or len(whose) == len(words) or "call" in column.says:
        return False
    for other in columns:
        if other is column or max(other.people, other.emails) < 0.5:
            continue
        name = plain_name(other.name).split()
        rest = " ".join(name[len(whose) :])
        if name[: len(whose)] == whose and (not rest or _OF_PEOPLE.fullmatch(rest)):
            return True
    return False


def tokens(texts: Sequence[str]) -> bool:
    """Return whether unique texts are random letters and digits of one length, as "z5D1AKegPVg" and "8FUaasYXnRj" are."""
    if len(texts) < 3 or len({len(text) for text in texts}) > 1 or not _SHORTEST <= len(texts[0]) <= 64:
        return False
    if not all(_TOKEN.fullmatch(text) for text in texts):
        return False
    mixed = sum(any(map(str.isalpha, text)) and any(map(str.isdecimal, text)) for text in texts)
    return mixed >= 0.5 * len(texts)


_TOKEN = re.compile(r"[A-Za-z0-9_-]+")
_SHORTEST = 8


def grouped_digits(texts: Sequence[str]) -> bool:
    """Return whether texts are groups of digits with the same marks between them: "2026/695/01", "17-0042-3"."""
    if len(texts) < 4 or not all(_GROUPED.fullmatch(text) for text in texts):
        return False
    forms = {re.sub(r"\d+", "9", text) for text in texts}
    return len(forms) == 1 and min(sum(map(str.isdecimal, text)) for text in texts) >= 5


_GROUPED = re.compile(r"\d+(?:[-/:.]\d+){2,4}|\d{3,}[-/]\d{2,}")


def built_as_ids(texts: Sequence[str]) -> bool:
    """Return whether unique texts show without a name that they are ids. A long number alone may be a phone's."""
    shapes = {re.sub(r"\d", "9", re.sub(r"[a-z]", "a", text.casefold())) for text in texts}
    mixed = sum(any(map(str.isalpha, text)) and any(map(str.isdecimal, text)) for text in texts)
    if mixed > 0.9 * len(texts):
        return len(shapes) <= max(3, len(texts) // 4) or len({len(text) for text in texts}) == 1
    lengths = {len(text) for text in texts}
    if not all(map(str.isdecimal, texts)) or min(lengths) < 5 or max(lengths) - min(lengths) > 1:
        return False
    padded = all(text[0] == "0" for text in texts)
    rising = len(texts) > 2 and list(map(int, texts)) in (
        sorted(map(int, texts)),
        sorted(map(int, texts), reverse=True),
    )
    return padded or rising or min(lengths) >= 15 or (len(lengths) == 1 and 6 <= len(texts[0]) <= 9)


def codes(texts: Sequence[str]) -> bool:
    """Return whether unique words without digits are codes: as long as each other, and written in capitals alone."""
    return (
        len(texts) >= 4
        and {len(text) for text in texts} == {len(texts[0])}
        and 5 <= len(texts[0]) <= 40
        and all(text.isascii() and text.isalpha() and text.isupper() for text in texts)
    )


def ids_under_another_name(column: Column) -> bool:
    """Return whether cells are ids of calls under a name of something else of a call: "Duration ref", "Line key".

    Every call has one, no two the same, and all are built alike. The ids of people and products are no such thing.
    """
    texts = column.texts
    if column.says & _ALWAYS_OTHERS or column.fill < 1 or len(texts) < 3 or len(set(texts)) < len(texts):
        return False
    if column.says & {"transcript", "text"} and not column.says & {"id", "unique"}:
        return False
    if column.times > 0.5 or column.phones > 0.5 or column.clocks > 0.5 or column.is_counter:
        return False
    if (
        sensitive(column.name, column.cells[:50])
        or are_quantities(texts)
        or not (all(map(looks_like_id, texts)) or tokens(texts))
    ):
        return False
    if "id" in column.says and (parts_alike(texts) or grouped_digits(texts)):
        return True
    return column.uuids > 0.9 or built_as_ids(texts) or tokens(texts)


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


NAMED_AS_A_CALLS = 8.0
"""What `id_name` returns for a name that says in so many words that it is the id of a call."""


def id_name(says: frozenset[str]) -> float:
    """Return how well a name says that it is the conversation's id; below 0 if it is the id of something else."""
    own = "call" in says and bool(says & {"id", "unique"}) and not says & _NEVER_A_CALLS
    if says <= {"audio", "id", "unique"} and says & {"id", "unique"} and "audio" in says:
        return 4.5  # a recording's id is its call's
    if (
        "call" in says
        and says & {"id", "unique"}
        and says <= {"call", "id", "unique", "customer", "agent", "user"}
    ):
        return NAMED_AS_A_CALLS if own else 4.5  # "Customer contact ID": of a call, rather than of who called
    if says & (_OTHERS_IDS | _NO_IDS) and not own:
        return -1.0
    if "call" in says:
        return NAMED_AS_A_CALLS if says & {"id", "unique"} else 2.0
    if "case" in says:
        return 6.5 if says & {"id", "unique"} else 3.0
    if "unique" in says:
        return 6.0
    if "order" in says:
        return 0.0
    return 5.0 if says & {"id"} else 0.0
