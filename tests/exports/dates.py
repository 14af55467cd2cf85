"""Ways in which exports write the start of a call."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tests.exports.writing import ASKED

Cell = str | int | float | bool | datetime | None

MONTHS: dict[str, tuple[str, ...]] = {
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"),
    "de": ("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"),
    "fr": ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"),
    "es": ("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
    "pt": ("janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro", "outubro", "novembro", "dezembro"),
    "it": ("gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto", "settembre", "ottobre", "novembre", "dicembre"),
    "nl": ("januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober", "november", "december"),
    "pl": ("stycznia", "lutego", "marca", "kwietnia", "maja", "czerwca", "lipca", "sierpnia", "września", "października", "listopada", "grudnia"),
    "ru": ("января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября", "декабря"),
    "tr": ("Ocak", "Şubat", "Mart", "Nisan", "Mayıs", "Haziran", "Temmuz", "Ağustos", "Eylül", "Ekim", "Kasım", "Aralık"),
}  # fmt: skip
SHORT = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def in_words(language: str, d: datetime) -> str:
    """Write a date as people of a language do."""
    t = f"{d:%H:%M:%S}"
    if language == "ja":
        return f"{d.year}年{d.month}月{d.day}日 {d.hour}時{d.minute:02}分{d.second:02}秒"
    if language == "zh":
        return f"{d.year}年{d.month}月{d.day}日 {t}"
    month = MONTHS[language][d.month - 1]
    if language == "en":
        return f"{month} {d.day}, {d.year} {d.hour % 12 or 12}:{d:%M:%S} {'AM' if d.hour < 12 else 'PM'}"
    return {
        "de": f"{d.day}. {month} {d.year}, {t} Uhr",
        "es": f"{d.day} de {month} de {d.year}, {t}",
        "pt": f"{d.day} de {month} de {d.year} {t}",
        "ru": f"{d.day} {month} {d.year} г. {t}",
    }.get(language, f"{d.day} {month} {d.year} {t}")


def serial(d: datetime) -> float:
    """Return the day number that spreadsheet programs store."""
    return (d.replace(tzinfo=None) - datetime(1899, 12, 30)) / timedelta(days=1)  # noqa: DTZ001


@dataclass(frozen=True)
class DateForm:
    """A way to write the start.

    Attributes:
        write: from the local time (aware) and the language.
        tolerance: seconds that the form loses.
        truth: ASKED where the form leaves it open.
        days: "apart" where one day of the column must be above 12, "both" where all must be at most 12.
        weight: how often exports use it, against 1 for the rare ones.
        local: written in the analyst's zone; otherwise it carries its own.
        languages: those that write it; () for all.
    """

    name: str
    write: Callable[[datetime, str], Cell]
    tolerance: float = 0.6
    truth: str = ""
    days: str = ""
    local: bool = True
    languages: tuple[str, ...] = ()
    native: bool = False
    weight: int = 1


def _am_pm(d: datetime) -> str:
    return f"{d.hour % 12 or 12}:{d:%M:%S} {'AM' if d.hour < 12 else 'PM'}"


def _oracle(d: datetime, language: str) -> str:
    return f"{d:%d}-{SHORT[d.month - 1].upper()}-{d:%y} {d.hour % 12 or 12:02}.{d:%M.%S}.000000 {'AM' if d.hour < 12 else 'PM'}"


def _js(d: datetime, language: str) -> str:
    offset = f"{d:%z}"
    return f"{DAYS[d.weekday()]} {SHORT[d.month - 1]} {d:%d %Y %H:%M:%S} GMT{offset} ({d.tzname()})"


def _mail(d: datetime, language: str) -> str:
    return f"{DAYS[d.weekday()]}, {d.day:02} {SHORT[d.month - 1]} {d:%Y %H:%M:%S %z}"


DMY = ("fr", "es", "pt", "it", "nl", "en")
DATES: tuple[DateForm, ...] = (
    DateForm("iso-z", lambda d, _: f"{d.astimezone(ZoneInfo('UTC')):%Y-%m-%dT%H:%M:%SZ}", local=False, weight=4),
    DateForm("iso-offset", lambda d, _: d.isoformat(timespec="seconds"), local=False, weight=3),
    DateForm("iso-naive", lambda d, _: f"{d:%Y-%m-%d %H:%M:%S}", weight=6),
    DateForm("iso-minutes", lambda d, _: f"{d:%Y-%m-%d %H:%M}", tolerance=60, weight=3),
    DateForm("ymd-slash", lambda d, _: f"{d:%Y/%m/%d %H:%M:%S}", languages=("ja", "zh", "en"), weight=2),
    DateForm("dmy-dots", lambda d, _: f"{d:%d.%m.%Y %H:%M:%S}", languages=("de", "pl", "ru", "tr"), days="apart", weight=6),
    DateForm("dmy-slash", lambda d, _: f"{d:%d/%m/%Y %H:%M:%S}", days="apart", languages=DMY, weight=5),
    DateForm("mdy-slash", lambda d, _: f"{d.month}/{d.day}/{d.year} {_am_pm(d)}", days="apart", languages=("en",), weight=4),
    DateForm("dmy-short-year", lambda d, _: f"{d:%d.%m.%y %H:%M}", tolerance=60, days="apart", languages=("de", "ru")),
    DateForm("ambiguous", lambda d, _: f"{d:%d/%m/%Y %H:%M:%S}", truth=ASKED, days="both", languages=("en",), weight=8),
    DateForm("serial-text", lambda d, _: f"{serial(d):.6f}"),
    DateForm("serial-comma", lambda d, _: f"{serial(d):.6f}".replace(".", ","), languages=("de", "fr", "es", "it", "pl")),
    DateForm("serial-number", lambda d, _: round(serial(d), 6)),
    DateForm("excel-date", lambda d, _: d.replace(tzinfo=None), native=True, weight=14),
    DateForm("epoch-s", lambda d, _: int(d.timestamp()), local=False, weight=2),
    DateForm("epoch-ms", lambda d, _: int(d.timestamp()) * 1000, local=False, weight=2),
    DateForm("epoch-us", lambda d, _: int(d.timestamp()) * 1_000_000, local=False),
    DateForm("words", lambda d, lang: in_words(lang, d), weight=2),
    DateForm("dotnet", lambda d, _: f"/Date({int(d.timestamp()) * 1000})/", local=False),
    DateForm("javascript", _js, local=False),
    DateForm("mail", _mail, local=False),
    DateForm("oracle", _oracle),
    DateForm("day-mon-year", lambda d, _: f"{d.day:02}-{SHORT[d.month - 1]}-{d:%Y %H:%M:%S}", languages=("en",)),
    DateForm("compact", lambda d, _: f"{d:%Y%m%d%H%M%S}"),
    DateForm("zone-column", lambda d, _: f"{d:%Y-%m-%d %H:%M:%S}", local=False, weight=2),
    DateForm("two-columns", lambda d, _: f"{d:%Y-%m-%d}", weight=2),
)  # fmt: skip


def suits(form: DateForm, language: str, *, system: bool, native: bool) -> bool:
    """Tell whether people of a language (or an English system that they use) write a form, in a file that can hold it."""
    written = not form.languages or language in form.languages
    if system and form.truth != ASKED:
        written = written or "en" in form.languages
    return written and (native or not form.native)


def draw_starts(rng: random.Random, count: int, form: DateForm, zone: str) -> list[datetime]:
    """Draw the starts of a file's calls within one month, in order, and as the date form needs them."""
    tz = ZoneInfo(zone)
    year, month = rng.choice(((2025, 11), (2026, 1), (2026, 2), (2026, 4), (2026, 5), (2026, 7), (2026, 9)))
    if (
        form.days == "both"
    ):  # neither number is the same all the way down, neither rises, both readings are in the past
        pairs = rng.sample([(d, m) for d in range(1, 11) for m in range(1, 11) if d != m], count)
        return [
            datetime(2025, m, d, rng.randint(8, 18), rng.randrange(60), rng.randrange(60), tzinfo=tz)
            for d, m in pairs
        ]
    days = sorted(rng.randint(1, 28) for _ in range(count))
    if form.days == "apart":
        days[-1] = rng.randint(13, 28)
    starts = []
    for n, day in enumerate(days):
        hour = 8 + (n * 3 + rng.randint(0, 2)) % 12
        starts.append(datetime(year, month, day, hour, rng.randrange(60), rng.randrange(60), tzinfo=tz))
    return sorted(starts)
