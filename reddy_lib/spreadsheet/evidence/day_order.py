"""Which of 3/4/2026 is the day: evidence from a whole column and from what stands beside it.

A number above 12 proves it. Anything else is weighed: weekdays, dates in the other columns of the same rows, the order
of the rows, how the numbers spread, what language the sheet is in. Where evidence is missing or contradicts itself, the
answer is None, and a person is asked.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Literal, NamedTuple

from reddy_lib.spreadsheet.cells.date_text import Written, full_year, read_written
from reddy_lib.spreadsheet.cells.dates import Ambiguous, resolve

__all__ = ["DayOrder", "column_order", "day_order", "locale_order", "year_place"]

_MOST_ROWS = 5_000
_DATE_INSIDE = re.compile(r"(?<!\d)(20\d{2})[-_.]?(0[1-9]|1[0-2])[-_.]?(0[1-9]|[12]\d|3[01])(?![\d])")
_COMMA_NUMBER = re.compile(r"-?\d{1,3}(?:\.\d{3})*,\d{1,2}|-?\d+,\d+")
_POINT_NUMBER = re.compile(r"-?\d{1,3}(?:,\d{3})*\.\d{1,2}|-?\d+\.\d+")
_OTHER_SCRIPT = re.compile("[\u0370-\u03ff\u0400-\u052f\u0590-\u06ff\u0900-\u0dff\u0e00-\u0e7f]")
_WORD = re.compile(r"[^\W\d_]+")
_HEADER_WORDS_TEXT = """
datum uhrzeit zeit beginn anruf gespräch gesprächsbeginn dauer mitarbeiter berater kunde zeitstempel startzeit produkt
mitschrift vorgang fecha hora llamada duración duracion agente inicio transcripción transcripcion cliente producto heure
appel durée duree début debut conseiller retranscription produit courriel client horodatage inizio chiamata durata
trascrizione prodotto operatore data cliente início chamada duração duracao transcrição transcricao atendente gesprek
tijd duur medewerker klant starttijd rozmowa połączenie polaczenie czas rozpoczęcie pracownik klient zapis hovor čas
délka zákazník přepis začátek arama tarih süre başlangıç müşteri temsilci görüşme samtal starttid längd kund
handläggare opkald samtale kunde varighed medarbejder tidspunkt varighet samtaletekst puhelu aika kesto asiakas alkoi
hívás kezdete időtartam ügyfél apel durată data ora client convorbire tanggal waktu panggilan durasi agen mulai ngày
giờ gọi cuộc
"""
_HEADER_WORDS = frozenset(_HEADER_WORDS_TEXT.split())
"""Words of headers in languages that write the day before the month. Words that English has as well are not decisive."""
_SHARED_WITH_ENGLISH = frozenset(("data", "client", "agent", "produkt", "agenten"))
_TEXT_WORDS = {
    "German": "und ich nicht ist bitte sie wir das mein ihnen danke guten tag",
    "French": "je vous est pas bonjour votre merci nous les mon avec pour que",
    "Spanish": "que usted por favor gracias buenos mi cuenta está para con los una",
    "Italian": "che sono buongiorno grazie per il mio non con della posso una",
    "Portuguese": "que você obrigado obrigada bom dia minha não para com uma por",
    "Dutch": "ik het een niet bedankt mijn goedemiddag goedemorgen u voor van",
    "Polish": "dzień dobry nie jest proszę dziękuję się mój moja na w czy",
    "Czech": "dobrý den prosím děkuji je se na můj moje ne jsem",
    "Turkish": "merhaba teşekkür ederim bir ve bu için nasıl hesap değil",
    "Swedish": "jag är det inte tack hej min och för på att",
    "Danish": "jeg er det ikke tak hej min og på at til",
    "Finnish": "hei kiitos minun on ei että olen voin ja",
    "Hungarian": "jó napot köszönöm nem az egy hogy és kérem",
    "Romanian": "bună ziua mulțumesc nu este să cu pentru vă",
    "Indonesian": "selamat saya terima kasih tidak bisa anda yang untuk",
    "Vietnamese": "xin chào cảm ơn tôi không của anh chị được",
}
_CLOCK_WORDS = re.compile(
    r"\d\s*(?:uhr|uur)\b|\b(?:alle|às|klo?|pukul|saat|um|à|om|den)\.?\s*\d|\d{1,2}h\d{2}", re.IGNORECASE
)


class DayOrder(NamedTuple):
    """`day_first`: None = could not be told. `reason`: the evidence, in a sentence fragment."""

    day_first: bool | None
    reason: str


class _Dates(NamedTuple):
    """The dates of a column that need the order: (row, what is written)."""

    open: list[tuple[int, Written]]
    day: int  # of how many the first number is above 12
    month: int  # of how many the second one is
    mark: str = ""  # what separates their numbers; "" for several

    @property
    def doubtful(self) -> list[tuple[int, Written]]:
        return [
            (row, written)
            for row, written in self.open
            if written.first <= 12 and written.second <= 12 and written.first != written.second
        ]


def day_order(cells: Iterable[object]) -> DayOrder:
    """Whether the day comes first in a column of dates such as 3/4/2026, from all of its cells."""
    return column_order(cells)


def column_order(
    cells: Iterable[object],
    *,
    others: Mapping[str, Sequence[object]] | None = None,
    locale: DayOrder | None = None,
    now: float | None = None,
) -> DayOrder:
    """Return the order of day and month in a column, with the evidence that decided.

    Args:
        others: the other columns of the same rows, by name.
        locale: what the language of the sheet says, see `locale_order`.
        now: seconds since 1970; calls do not start later.
    """
    groups = _dates(cells)
    orders = [(_order_of(dates, others or {}, locale, now), dates) for dates in groups]
    if len(orders) < 2:
        return orders[0][0] if orders else DayOrder(None, "")
    # Systems that write their dates with other marks may write them in another order.
    told = [order for order, dates in orders if order.day_first is not None or dates.doubtful]
    answers = {order.day_first for order in told}
    if len(answers) == 1 and None not in answers:
        return max(told, key=lambda order: "above 12" in order.reason)
    listed = "; ".join(f"with {dates.mark!r}, {order.reason}" for order, dates in orders if order.reason)
    return DayOrder(None, f"dates are written in several ways ({listed}): please choose")


def _order_of(
    dates: _Dates, others: Mapping[str, Sequence[object]], locale: DayOrder | None, now: float | None
) -> DayOrder:
    """Return the order of day and month in dates that are all written alike."""
    seen = len(dates.open)
    if dates.day and dates.month:
        return DayOrder(
            None,
            f"day and month come in both orders ({dates.day} and {dates.month} of {seen}): check the dates",
        )
    if dates.day:
        return DayOrder(True, f"day before month: the first number is above 12 in {dates.day} of {seen}")
    if dates.month:
        return DayOrder(False, f"month before day: the second number is above 12 in {dates.month} of {seen}")
    said = [one for one in _evidence(dates, others, now) if one.day_first is not None]
    if locale is not None and locale.day_first is not None:
        said.append(locale)
    answers = {one.day_first for one in said}
    if len(answers) == 1:
        first = answers.pop()
        reasons = " and ".join(one.reason for one in said[:3])
        return DayOrder(first, f"{'day before month' if first else 'month before day'}: {reasons}")
    if answers:
        listed = "; but ".join(one.reason for one in said[:3])
        return DayOrder(None, f"day and month could not be told apart ({listed}): please choose")
    return DayOrder(None, "day and month could not be told apart: please choose")


_MARK = re.compile(r"\d\s?([^\w\s:,])\s?\d")


def _dates(cells: Iterable[object]) -> list[_Dates]:
    """The dates of a column that need the order, apart for each mark between their numbers."""
    found: dict[str, list[tuple[int, Written]]] = {}
    for row, cell in enumerate(cells):
        if not isinstance(cell, str) or not cell or cell[:4].isdecimal():
            continue
        written = read_written(cell.strip())
        if written is None or written.order == "ymd" or (written.order == "short" and written.first > 31):
            continue
        mark = _MARK.search(cell)
        found.setdefault("." if written.dotted else mark[1] if mark else " ", []).append((row, written))
    return [
        _Dates(
            of_mark,
            sum(written.first > 12 for _, written in of_mark),
            sum(written.second > 12 for _, written in of_mark),
            mark,
        )
        for mark, of_mark in found.items()
    ]


def _evidence(dates: _Dates, others: Mapping[str, Sequence[object]], now: float | None) -> list[DayOrder]:
    found = [_weekdays(dates), *_beside(dates, others), _rising(dates), _spread(dates), _future(dates, now)]
    if any(written.dotted for _, written in dates.open):
        found.insert(0, DayOrder(True, "written with dots"))
    return found


def _both(written: Written) -> tuple[datetime, datetime] | None:
    try:
        return resolve(written, True), resolve(written, False)
    except (Ambiguous, ValueError):
        return None


def _weekdays(dates: _Dates) -> DayOrder:
    """Weekdays written in the cells themselves."""
    fits = [0, 0]
    for _, written in dates.doubtful:
        both = _both(written)
        if written.weekday is not None and both is not None:
            fits[0] += both[0].weekday() == written.weekday
            fits[1] += both[1].weekday() == written.weekday
    if max(fits) == 0 or min(fits) > 0.3 * max(fits):
        return DayOrder(None, "")
    return DayOrder(fits[0] > fits[1], f"the weekday fits in {max(fits)} of {len(dates.doubtful)}")


def _beside(dates: _Dates, others: Mapping[str, Sequence[object]]) -> list[DayOrder]:
    """Dates in the same rows, and the order of day and month in the other columns."""
    found: list[DayOrder] = []
    doubtful = dates.doubtful[:_MOST_ROWS]
    for name, cells in others.items():
        close = [0, 0]
        compared = 0
        for row, written in doubtful:
            there = _certain_date(cells[row]) if row < len(cells) else None
            both = _both(written) if there is not None else None
            if there is None or both is None:
                continue
            compared += 1
            close[0] += abs(both[0].date() - there) <= timedelta(days=1)
            close[1] += abs(both[1].date() - there) <= timedelta(days=1)
        if compared and max(close) >= 0.9 * compared and min(close) <= 0.1 * compared:
            found.append(
                DayOrder(close[0] > close[1], f"{name!r} has the same days in {max(close)} of {compared}")
            )
            continue
        if compared < 0.5 * len(cells):
            found += _ordered_beside(name, cells, doubtful, dates.mark)
    return found


def _ordered_beside(
    name: str, cells: Sequence[object], doubtful: Sequence[tuple[int, Written]], mark: str
) -> list[DayOrder]:
    """What another column says whose own order is proven: by the days of the same rows, else if it is written alike."""
    groups = _dates(cells[:_MOST_ROWS])
    count = sum(cell not in (None, "") for cell in cells[:_MOST_ROWS])
    if len(groups) != 1 or len(groups[0].open) < 0.5 * count or bool(groups[0].day) is bool(groups[0].month):
        return []
    there = dict(groups[0].open)
    first = bool(groups[0].day)
    close = [0, 0]
    compared = 0
    for row, written in doubtful:
        both = _both(written)
        other = _both(there[row]) if row in there else None
        if both is None or row not in there:
            continue
        day = other[0 if first else 1].date() if other is not None else _sure(there[row])
        if day is None:
            continue
        compared += 1
        close[0] += abs(both[0].date() - day) <= timedelta(days=1)
        close[1] += abs(both[1].date() - day) <= timedelta(days=1)
    if compared and max(close) >= 0.9 * compared and min(close) <= 0.1 * compared:
        return [DayOrder(close[0] > close[1], f"{name!r} has the same days in {max(close)} of {compared}")]
    if groups[0].mark != mark:
        return []
    return [DayOrder(first, f"{name!r} has the {'day' if first else 'month'} first")]


def _sure(written: Written) -> date | None:
    try:
        return resolve(written, None).date()
    except (Ambiguous, ValueError):
        return None


def _certain_date(cell: object) -> date | None:
    """A date that can be read in one way only, also within the name of a file."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    if not isinstance(cell, str) or not 8 <= len(cell) <= 200:
        return None
    match = _DATE_INSIDE.search(cell)
    if match:
        try:
            return date(int(match[1]), int(match[2]), int(match[3]))
        except ValueError:
            return None
    if len(cell) > 60 or not any(mark.isdigit() for mark in cell):
        return None
    written = read_written(cell.strip())
    if written is None or written.order != "ymd":
        return None
    try:
        return date(*written[:3])
    except ValueError:
        return None


def _rising(dates: _Dates) -> DayOrder:
    """The rows are in order of time under one reading, and not under the other."""
    both = [pair for _, written in dates.open[:_MOST_ROWS] if (pair := _both(written)) is not None]
    sorted_by = [_is_sorted([pair[place] for pair in both]) for place in (0, 1)]
    if sorted_by[0] == sorted_by[1]:
        return DayOrder(None, "")
    first = sorted_by[0]
    if len({pair[0 if first else 1] for pair in both}) < 5:  # three rows are often in order by chance
        return DayOrder(None, "")
    return DayOrder(first, "only so are the rows in order of time")


def _is_sorted(moments: Sequence[datetime]) -> bool:
    return all(one <= two for one, two in pairwise(moments)) or all(
        one >= two for one, two in pairwise(moments)
    )


def _spread(dates: _Dates) -> DayOrder:
    """Calls of some weeks have many days and few months."""
    firsts = {written.first for _, written in dates.open}
    seconds = {written.second for _, written in dates.open}
    if len(firsts) >= 4 * len(seconds):
        only = "one only" if len(seconds) == 1 else f"{len(seconds)} only"
        return DayOrder(True, f"the first number takes {len(firsts)} values, the second {only}")
    if len(seconds) >= 4 * len(firsts):
        only = "one only" if len(firsts) == 1 else f"{len(firsts)} only"
        return DayOrder(False, f"the second number takes {len(seconds)} values, the first {only}")
    return DayOrder(None, "")


def _future(dates: _Dates, now: float | None) -> DayOrder:
    """No call starts in the future: a reading under which some do is wrong."""
    limit = datetime.fromtimestamp(time.time() if now is None else now, UTC).replace(tzinfo=None) + timedelta(
        days=2
    )
    late = [0, 0]
    for _, written in dates.doubtful[:_MOST_ROWS]:
        both = _both(written)
        if both is not None:
            late[0] += both[0] > limit
            late[1] += both[1] > limit
    if (late[0] > 0) is (late[1] > 0):
        return DayOrder(None, "")
    return DayOrder(late[0] == 0, f"otherwise {max(late)} of {len(dates.open)} are in the future")


YearPlace = Literal["first", "last", "open"]


def year_place(
    cells: Sequence[object],
    others: Mapping[str, Sequence[object]] | None = None,
    now: float | None = None,
) -> YearPlace:
    """Tell where the year is in dates of two digits a number: is 26/04/02 2 April 2026, or 26 April 2002?

    Args:
        cells: of the date column, all rows.
        others: the other columns, whose dates may tell.
        now: seconds since 1970.
    """
    found: list[tuple[int, Written]] = []
    count = 0
    dashed = True
    for row, cell in enumerate(cells):
        if not isinstance(cell, str) or (one := read_written(cell.strip())) is None:
            continue
        count += 1
        if one.order == "short":
            found.append((row, one))
            dashed = dashed and "-" in cell.strip()[:5]
    if not found or len(found) < 0.5 * count:
        return "last"
    year = datetime.fromtimestamp(time.time() if now is None else now, UTC).year % 100
    recent = {(year - back) % 100 for back in range(-1, 15)}
    firsts, thirds = {one.first for _, one in found}, {one.third for _, one in found}
    if any(one.second > 12 or not 1 <= one.third <= 31 for _, one in found) or not firsts <= recent:
        return "last"
    if max(thirds) > year + 1 or (len(firsts) <= 2 and len(thirds) >= 4):
        return "first"
    if thirds <= recent and (not dashed or (len(thirds) <= 2 and len(firsts) >= 4)):
        return "last"
    return _year_beside(found, others or {})


def _year_beside(found: Sequence[tuple[int, Written]], others: Mapping[str, Sequence[object]]) -> YearPlace:
    """Return where the year is by the days that another column has in the same rows; "open" if none tells."""
    for cells in others.values():
        fits = [0, 0]
        compared = 0
        for row, one in found[:_MOST_ROWS]:
            day = _certain_date(cells[row]) if row < len(cells) else None
            if day is None:
                continue
            compared += 1
            fits[0] += (full_year(one.first), one.second, one.third) == (day.year, day.month, day.day)
            fits[1] += full_year(one.third) == day.year and {one.first, one.second} == {day.month, day.day}
        if compared and max(fits) >= 0.9 * compared and min(fits) <= 0.1 * compared:
            return "first" if fits[0] > fits[1] else "last"
    return "open"


def locale_order(
    headers: Iterable[str], columns: Iterable[Sequence[object]] = (), *, dates: Sequence[object] = ()
) -> DayOrder:
    """Return what the language of a sheet says about the order of its dates: all but American English have the day first.

    Args:
        headers: names of the columns.
        columns: cells of the columns; numbers with a decimal comma, and the language of long texts, count.
        dates: the cells of the date column; words such as "Uhr" count.
    """
    names = list(headers)
    for name in names:
        if _OTHER_SCRIPT.search(name):
            return DayOrder(True, f"the header {name!r} is not English")
        words = {word.casefold() for word in _WORD.findall(name.replace("_", " "))}
        if known := sorted((words & _HEADER_WORDS) - _SHARED_WITH_ENGLISH):
            return DayOrder(True, f"the header {name!r} is not English ({known[0]})")
    if any(isinstance(cell, str) and _CLOCK_WORDS.search(cell) for cell in dates[:200]):
        return DayOrder(True, "the words beside the clock are not English")
    commas = points = 0
    for cells in columns:
        texts = [cell.strip() for cell in cells[:200] if isinstance(cell, str) and cell.strip()]
        if not texts:
            continue
        if all(map(_COMMA_NUMBER.fullmatch, texts)):
            commas += 1
        elif all(map(_POINT_NUMBER.fullmatch, texts)):
            points += 1
        elif (language := _language(texts[:20])) is not None:
            return DayOrder(True, f"the texts are {language}")
    if commas and not points:
        return DayOrder(True, "numbers have a decimal comma")
    return DayOrder(None, "")


def _language(texts: Sequence[str]) -> str | None:
    """The language of conversations, where they are clearly not English."""
    words = [word.casefold() for text in texts if len(text) > 60 for word in _WORD.findall(text[:2000])]
    if len(words) < 20:
        return None
    said = Counter(words)
    if sum(count for word, count in said.items() if _OTHER_SCRIPT.match(word)) > 0.5 * len(words):
        return "in another script"
    english = sum(said[word] for word in ("the", "you", "is", "and", "to", "my", "i", "that", "for", "it"))
    counts = {
        language: sum(said[word] for word in known)
        for language, known in ((name, frozenset(text.split())) for name, text in _TEXT_WORDS.items())
    }
    best = max(counts, key=lambda language: counts[language])
    return best if counts[best] > 0.08 * len(words) and counts[best] > 2 * english else None
