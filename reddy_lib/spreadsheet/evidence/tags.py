"""Which columns are worth a tag, and whether a tag keeps its type over a whole batch.

`sensitive` and `personal` look at a column's name and at what it holds. Numbers of cards, accounts and passports and
dates of birth are left out of the tags that are guessed; what else may point to a customer (names, phones, emails,
addresses), and what is the same in every row, stays a tag and is marked as one to think about: only the analyst
knows what her reports need. `doubtful_tags` lists those marks.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

import msgspec

from reddy_lib.model import Call
from reddy_lib.personal_data.forms import find_ibans, find_ids, is_card
from reddy_lib.spreadsheet.cells.header_words import plain_name
from reddy_lib.spreadsheet.cells.tag_values import cell_text
from reddy_lib.spreadsheet.model import Mapping

__all__ = [
    "TagDrift",
    "constant",
    "doubt",
    "doubtful_tags",
    "left_out_columns",
    "personal",
    "sensitive",
    "tag_drift",
]

_ENOUGH = 200
"""Cells that show what a column's numbers are."""

_MARK = re.compile(r"; (personal|constant)\?: (.+)$")
_NOT = "not a tag: "

_SENSITIVE_TEXT = """
card number|cardnumber|card no|credit card|debit card|pan|cvv|cvc|card expiry|iban|account number|account no|bank account|
sort code|routing number|ssn|social security|social security number|national id|national insurance number|passport|
passport number|tax id|driver license|drivers license|driving licence|date of birth|dob|birth date|birthdate|birthday|
kartennummer|kreditkarte|kontonummer|geburtsdatum|geburtstag|personalausweis|steuernummer|sozialversicherungsnummer|
numero de tarjeta|tarjeta|numero de cuenta|fecha de nacimiento|dni|nif|nie|pasaporte|numero de carte|carte bancaire|
numero de compte|date de naissance|numero de securite sociale|numero di carta|data di nascita|codice fiscale|
geboortedatum|rekeningnummer|bsn|data de nascimento|cpf|numero do cartao|fodselsdato|fodelsedatum|personnummer|
data urodzenia|pesel|дата рождения|паспорт|номер карты
"""
_SENSITIVE = frozenset(" ".join(name.split()) for name in _SENSITIVE_TEXT.split("|"))
_PERSON_TEXT = """
customer|client|caller|consumer|member|patient|guest|contact|subscriber|policyholder|kunde|kunden|kundin|anrufer|cliente|
llamante|appelant|klant|beller|chiamante|klient|kund|клиент|абонент
"""
_PERSON = frozenset(_PERSON_TEXT.replace("\n", "").split("|"))
_NAMED_TEXT = """
name|full name|fullname|first name|firstname|last name|lastname|surname|vorname|nachname|nombre|apellido|apellidos|nom|
prenom|nome|cognome|voornaam|achternaam|sobrenome|фамилия|имя|имя клиента
"""
_NAMED = frozenset(" ".join(name.split()) for name in _NAMED_TEXT.split("|"))
_CONTACT_TEXT = """
phone|telephone|tel|telefon|telefono|telefone|telefoon|mobile|mobil|movil|portable|cell|cellphone|handy|ani|cli|msisdn|
rufnummer|telefonnummer|email|mail|correo|courriel|adresse|address|direccion|indirizzo|adres|endereco|anschrift|street|
strasse|calle|rue|via|postcode|postal|zip|plz|телефон|адрес
"""
_CONTACT = frozenset(_CONTACT_TEXT.replace("\n", "").split("|"))
_STAFF_TEXT = """
agent|rep|advisor|adviser|operator|employee|supervisor|manager|team|coach|owner|user|representative|csr|staff|mitarbeiter|
berater|agente|asesor|conseiller|medewerker|operatore|company|firm|product|queue|campaign|file|site|office|branch|project
"""
_STAFF = frozenset(_STAFF_TEXT.replace("\n", "").split("|"))
_EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;.]{2,}")
_PHONE = re.compile(
    r"(?:\+|00)\d[\d\s().\-/]{6,18}\d|\(\d{2,4}\)\s?\d[\d\s.\-]{5,12}\d|\d{3}[-. ]\d{3}[-. ]\d{4}"
)
_CARD = re.compile(r"\d(?:[ -]?\d){12,18}")
_DIGIT = re.compile(r"\d")
_LONGEST_NUMBER = 64
"""Characters of the longest number that the finder knows, an IBAN with a space after each letter."""


def sensitive(name: str, cells: Iterable[object] = ()) -> str:
    """Why a column is left out of the tags that are guessed; "" where nothing speaks for it.

    `cells`: those that are filled.
    """
    plain = plain_name(name)
    bare = " ".join(word for word in plain.split() if word not in _PERSON)
    if plain in _SENSITIVE or bare in _SENSITIVE:
        return f"personal, by its name {name!r}"
    texts = _texts(islice(cells, _ENOUGH))
    numbers = Counter(text for text in texts if len(text) <= _LONGEST_NUMBER and _DIGIT.search(text))
    if 2 * numbers.total() < len(texts):
        return ""
    for fits, what in _NUMBERS:
        share = _share(numbers, len(texts), fits)
        if share >= 0.5:
            return f"{int(100 * share)}% of its cells are {what}"
    return ""


def personal(name: str, cells: Iterable[object] = ()) -> str:
    """Why a column may point to a customer; "" where nothing speaks for it. What is the staff's is not meant."""
    plain = plain_name(name)
    words = frozenset(plain.split())
    if words & _STAFF:
        return ""
    bare = " ".join(word for word in plain.split() if word not in _PERSON)
    if bare in _NAMED or plain in _NAMED:
        return f"by its name {name!r}"
    if words & _CONTACT:
        return f"by its name {name!r}"
    if words & _PERSON and words & {"name", "names", "nombre", "nom", "naam", "nome", "имя"}:
        return f"by its name {name!r}"
    texts = Counter(_texts(cells))
    total = texts.total()
    for shape, what in ((_EMAIL, "emails"), (_PHONE, "phone numbers")):
        share = _share(texts, total, shape.fullmatch)
        if share >= 0.5:
            return f"{int(100 * share)}% of its cells are {what}"
    return ""


def _texts(cells: Iterable[object]) -> list[str]:
    return [text for text in map(str.strip, map(cell_text, cells)) if text]


def _share(texts: Counter[str], total: int, fits: Callable[[str], object]) -> float:
    return sum(count for text, count in texts.items() if fits(text)) / total if total else 0.0


def _is_card(text: str) -> bool:
    """13 to 19 digits, with the check digit that payment cards have: other numbers have it in a tenth of all cases."""
    if _CARD.fullmatch(text) is None:
        return False
    digits = "".join(mark for mark in text if mark.isdecimal())
    return digits[0] in "23456" and is_card(digits)


def _is_all(text: str, found: Iterable[tuple[int, int]]) -> bool:
    return any(begin == 0 and end == len(text) for begin, end in found)


_NUMBERS: tuple[tuple[Callable[[str], object], str], ...] = (
    (_is_card, "numbers of payment cards"),
    (lambda text: _is_all(text, find_ibans(text)), "IBANs"),
    (lambda text: _is_all(text, find_ids(text)), "written as national ids"),
)
"""What the finder tells by form and check digits alone."""


def doubtful_tags(mapping: Mapping) -> dict[str, tuple[str, str]]:
    """Tag column → ("personal" or "constant", why): tags of a guess that are perhaps not to be sent."""
    found: dict[str, tuple[str, str]] = {}
    for column in mapping.tags:
        marked = _MARK.search(mapping.reasons.get(column, ""))
        if marked:
            found[column] = (marked[1], marked[2])
    return found


def doubt(name: str, cells: Sequence[object]) -> tuple[str, str] | None:
    """("personal" or "constant", why): a column that perhaps should be no tag, whoever chose it; None where nothing
    speaks against it. `cells`: empty ones too."""
    filled = [cell for cell in cells if cell_text(cell).strip()]
    if why := sensitive(name, filled) or personal(name, filled):
        return "personal", why.removeprefix("personal, ")
    why = constant([cell_text(cell).strip() for cell in filled], len(cells))
    return ("constant", why) if why else None


def left_out_columns(mapping: Mapping) -> dict[str, str]:
    """Column → why the guess left it out of the tags; those that were chosen since are not among them."""
    fed = {column for several in mapping.sources().values() for column in several}
    return {
        column: reason.removeprefix(_NOT)
        for column, reason in mapping.reasons.items()
        if reason.startswith(_NOT) and column not in mapping.tags and column not in fed
    }


class TagDrift(msgspec.Struct, frozen=True):
    """A tag whose values do not all fit its type.

    Attributes:
        key: of the tag.
        type: that its column was given.
        fitting, others: calls whose value fits, and does not.
        rows: the first rows of the others, at most 100.
        examples: the first different values of the others, at most 5.
    """

    key: str
    type: str
    fitting: int
    others: int
    rows: list[int]
    examples: list[str]

    def __str__(self) -> str:
        shown = ", ".join(repr(example[:40]) for example in self.examples)
        verb = "does" if self.others == 1 else "do"
        return (
            f"{self.key}: {self.others:,} of {self.fitting + self.others:,} values {verb} not fit the type {self.type} "
            f"({shown}; first in row {self.rows[0]}). Make the tag text in all calls, or correct the values."
        )


def tag_drift(calls: Iterable[tuple[int, Call]]) -> list[TagDrift]:
    """The tags that do not keep to one type over all of these calls, most misfits first; `calls`: (row, call)."""
    totals: dict[tuple[str, str], int] = {}
    misfits: dict[tuple[str, str], tuple[list[int], dict[str, None], list[int]]] = {}
    for row, call in calls:
        for tag in call.tags or ():
            kind = (tag.key, tag.type)
            totals[kind] = totals.get(kind, 0) + 1
            if _fits(tag.value, tag.type):
                continue
            rows, examples, count = misfits.setdefault(kind, ([], {}, [0]))
            count[0] += 1
            if len(rows) < 100:
                rows.append(row)
            if len(examples) < 5:
                examples[cell_text(tag.value)] = None
    found = [
        TagDrift(key, type, totals[key, type] - count[0], count[0], rows, list(examples))
        for (key, type), (rows, examples, count) in misfits.items()
    ]
    return sorted(found, key=lambda drift: (-drift.others, drift.key))


def _fits(value: object, type: str) -> bool:
    if type == "boolean":
        return isinstance(value, bool)
    if type == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, str)


def constant(texts: Sequence[str], total: int) -> str:
    """Why a column says nothing: the same text in all of at least ten rows; else ""."""
    if total < 10 or len(texts) < total or len(set(texts)) > 1:
        return ""
    return f"all {total} rows say {texts[0][:40]!r}"
