"""The sets of words, forms, layouts and dates that a sample may draw from: the open one, and those that are kept apart."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from tests.exports import dates as date_forms
from tests.exports import (
    forms,
    kept_apart,
    kept_apart_layouts,
    kept_last,
    kept_last_layouts,
    layouts,
    more_layouts,
    vocabulary,
)
from tests.exports.dates import DateForm
from tests.exports.layouts import Layout
from tests.exports.vocabulary import Dialect
from tests.exports.writing import Form

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Source:
    """One set.

    Attributes:
        headers: names of columns by language.
        systems: names of fields by kind of system.
        roles: labels of the two sides by language; with `system_roles` and `opaque`.
        decoys: columns that say nothing of what a call needs: a header, and cells to choose from.
        titles, prefaces, footers: what stands above and below a table.
        label_kinds: further kinds of labels: "mixed", "initials".
        extra_row: a second row of headings: "banner-row", "type-row", or "".
    """

    headers: dict[str, Dialect]
    systems: dict[str, Dialect]
    roles: dict[str, Pairs]
    system_roles: Pairs
    opaque: Pairs
    forms: tuple[Form, ...]
    layouts: tuple[Layout, ...]
    dates: tuple[DateForm, ...]
    queues: tuple[str, ...]
    thirds: tuple[str, ...]
    decoys: tuple[tuple[str, tuple[str, ...]], ...] = ()
    titles: tuple[str, ...] = ("Call export", "Interactions report", "QA sample")
    prefaces: tuple[tuple[list[str], ...], ...] = ((["Period: last month"],),)
    footers: tuple[str, ...] = ("End of report", "Exported by admin", "Confidential")
    extra_row: str = ""
    label_kinds: tuple[str, ...] = ()


SEEN = Source(
    vocabulary.LANGUAGE_HEADERS, vocabulary.SYSTEM_HEADERS, vocabulary.ROLE_LABELS, vocabulary.SYSTEM_ROLES,
    vocabulary.OPAQUE_LABELS, forms.FORMS, layouts.LAYOUTS, date_forms.DATES, vocabulary.QUEUES, vocabulary.THIRD_VOICES,
)  # fmt: skip
HELD_OUT = Source(
    kept_apart.LANGUAGE_HEADERS, kept_apart.SYSTEM_HEADERS, kept_apart.ROLE_LABELS, kept_apart.SYSTEM_ROLES,
    kept_apart.OPAQUE_LABELS, kept_apart.FORMS, kept_apart_layouts.LAYOUTS, kept_apart_layouts.DATES, kept_apart.QUEUES,
    kept_apart.THIRD_VOICES, kept_apart.DECOYS, kept_apart.TITLES, kept_apart.PREFACES, kept_apart.FOOTERS,
    "banner-row", kept_apart.LABEL_KINDS,
)  # fmt: skip
LAST = Source(
    kept_last.LANGUAGE_HEADERS, kept_last.SYSTEM_HEADERS, kept_last.ROLE_LABELS, kept_last.SYSTEM_ROLES,
    kept_last.OPAQUE_LABELS, kept_last.FORMS, kept_last_layouts.LAYOUTS, kept_last_layouts.DATES, kept_last.QUEUES,
    kept_last.THIRD_VOICES, kept_last.DECOYS, kept_last.TITLES, kept_last.PREFACES, kept_last.FOOTERS,
    "type-row", kept_last.LABEL_KINDS,
)  # fmt: skip
HARDER = replace(SEEN, layouts=more_layouts.LAYOUTS)
"""The open words and forms, with further layouts."""
KEPT = {"held-out": HELD_OUT, "last": LAST}
SOURCES = (SEEN, HELD_OUT, LAST)
VOCABULARIES = ("seen", "held-out", "last", "scrambled", "harder", "all")


def source_of(rng: random.Random, part: str) -> Source:
    """Return the set to draw one thing of a sample from: "all" mixes them."""
    if part == "all":
        return rng.choices(SOURCES, (4, 1, 1))[0]
    return HARDER if part == "harder" else KEPT.get(part, SEEN)
