"""Write the tables of words for dates and of names of time zones from Unicode's CLDR.

uv run --no-project --with babel python data/make_date_words.py
"""

from __future__ import annotations

import re
from pathlib import Path

from babel import Locale
from babel.core import get_global

LANGUAGES_TEXT = """
en de fr es it pt nl pl cs sk sl hr sr_Latn sr bg mk ro hu tr az sv da nb nn is fi et lv lt el ru uk be kk ar ar_LB ar_MA
ar_DZ ar_TN fa ur he zh zh_Hant ja ko id ms fil vi th km hi bn ta te mr gu ca eu gl cy ga af sq ka hy mt sw uz mn
"""
LANGUAGES = LANGUAGES_TEXT.split()
HALVES = {
    "am": "am",
    "pm": "pm",
    "morning": "am",
    "afternoon": "pm",
    "evening": "pm",
    "night": "night",
    "noon": "noon",
}
TARGET = Path(__file__).parent.parent / "reddy_lib"


def words(table: dict, number: int) -> list[str]:
    found = (
        table[context][width][number]
        for context in ("format", "stand-alone")
        for width in ("wide", "abbreviated")
    )
    return [
        word for word in dict.fromkeys(text.strip(" .").casefold() for text in found) if not word.isdecimal()
    ]


def groups(table: dict, numbers: range) -> str:
    return "|".join(",".join(words(table, number)) for number in numbers)


def main() -> None:
    lines = []
    for language in LANGUAGES:
        locale = Locale.parse(language)
        months, days = groups(locale.months, range(1, 13)), groups(locale.days, range(7))
        if not re.search(r"\d", months):
            lines.append(f"{language}\tmonths\t{months}")
        lines.append(f"{language}\tdays\t{days}")
        halves: dict[str, dict[str, None]] = {}
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for name, word in locale.day_periods.get(context, {}).get(width, {}).items():
                    kind = HALVES.get(name.rstrip("12"), "")
                    if language.startswith("zh") and name == "afternoon1":
                        kind = "noon"
                    if kind and len(word) < 24:
                        halves.setdefault(kind, {})[word.casefold()] = None
        lines += [f"{language}\t{kind}\t{','.join(found)}" for kind, found in halves.items()]
    (TARGET / "transcripts" / "date_words.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    names = get_global("windows_zone_mapping").items()
    (TARGET / "spreadsheet" / "cells" / "zone_names.tsv").write_text(
        "".join(f"{name}\t{zone}\n" for name, zone in names), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
