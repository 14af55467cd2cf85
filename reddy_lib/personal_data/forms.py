"""Recognise personal data by its form alone: email and IBAN, and numbers that have check digits.

Check digits say that a number may be of a kind. Bar codes, tracking numbers and ISBNs pass them too, so that a caller asks
what the number was announced as before it believes them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

__all__ = [
    "EMAIL",
    "HANDLE",
    "Checks",
    "checks",
    "find_ibans",
    "find_ids",
    "is_card",
    "is_customers_phone",
    "is_firms_email",
    "may_be_id",
    "without_country",
]

EMAIL = re.compile(r"[\w.+%-]*\w@[^\W_](?:[\w-]*\w)?(?:\.[^\W_](?:[\w-]*\w)?)+")
HANDLE = re.compile(r"(?<![\w.@+-])[\w.+-]{2,}\w@[^\W\d_]{3,}(?![\w@]|\.\w)")
"""An address without a dot, as payments are sent to ("name@bank")."""
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}", re.IGNORECASE)
_SHORTEST_IBAN = 15
_LETTERED = re.compile(r"(?<![\w-])(?=[A-Z -]*\d)(?=[\d -]*[A-Z])[A-Z0-9](?:[ -]?[A-Z0-9]){7,15}(?![\w-])")
_WRITTEN = (
    re.compile(
        r"(?<![\w-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])"
    ),  # US: social security number
    re.compile(r"(?<![\w.-])\d{3}\.\d{3}\.\d{3}-\d\d(?![\w-])"),  # BR: CPF
)
_CARD_DIGITS = range(13, 20)
_CARD_BEGINS = "23456"  # of issuers whose cards are used to pay
_REGIONS = {"en": ("GB", "US", "IE", "AU"), "de": ("DE", "AT", "CH"), "fr": ("FR", "BE"), "es": ("ES", "MX"),
            "pt": ("BR", "PT"), "it": ("IT",), "nl": ("NL", "BE"), "da": ("DK",)}  # fmt: skip
_NINO = re.compile(r"(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]?")


class _Format(Protocol):
    """A module of `stdnum`."""

    def is_valid(self, number: str) -> bool: ...


class Checks:
    """Checks of `stdnum`: `lettered` ids have letters, `plain` ids digits alone."""

    def __init__(self) -> None:
        # Loaded with the first number: most transcripts have none.
        from stdnum import iban, luhn
        from stdnum.be import nn
        from stdnum.br import cpf
        from stdnum.ca import sin
        from stdnum.de import idnr
        from stdnum.dk import cpr
        from stdnum.es import dni, nie
        from stdnum.fi import hetu
        from stdnum.fr import nir
        from stdnum.gb import nhs
        from stdnum.ie import pps
        from stdnum.in_ import aadhaar
        from stdnum.it import codicefiscale
        from stdnum.nl import bsn
        from stdnum.pl import pesel
        from stdnum.pt import nif
        from stdnum.se import personnummer
        from stdnum.us import ssn

        def of(*modules: _Format) -> tuple[Callable[[str], bool], ...]:
            return tuple(module.is_valid for module in modules)

        self.luhn: Callable[[str], bool] = luhn.is_valid
        self.iban: Callable[[str], bool] = iban.is_valid
        self.lettered: tuple[Callable[[str], bool], ...] = (
            *of(dni, nie, codicefiscale, hetu, pps),
            lambda text: bool(_NINO.fullmatch(text)),
        )
        self.plain = of(ssn, sin, nhs, idnr, nn, cpr, nir, aadhaar, bsn, pesel, personnummer, cpf, nif)


@cache
def checks() -> Checks:
    """Return the checks, which are loaded once."""
    return Checks()


def is_card(digits: str) -> bool:
    """Return whether digits may be a card's number: its length, an issuer, its check digit."""
    return (
        len(digits) in _CARD_DIGITS
        and digits[0] in _CARD_BEGINS
        and len(set(digits)) > 1
        and checks().luhn(digits)
    )


def is_customers_phone(digits: str, languages: tuple[str, ...], *, international: bool = False) -> bool:
    """Return whether digits are a telephone number of a person in a country where the languages are spoken.

    Free and shared-cost numbers are a firm's.

    Args:
        international: digits that follow a "+", of any country.
    """
    import phonenumbers

    kinds = phonenumbers.PhoneNumberType
    firms = (kinds.TOLL_FREE, kinds.PREMIUM_RATE, kinds.SHARED_COST)
    numbers = _phones(digits, languages, international=international)
    # Without a zero in front, a number is read in many countries, and of no kind for sure.
    sure = international or digits[0] == "0"
    return any(not sure or phonenumbers.number_type(number) not in firms for number in numbers)


def without_country(digits: str) -> str | None:
    """Return the digits of an international telephone number after its country code; None where it is no such number."""
    if not digits.isdigit():
        return None
    number = next(_phones(digits, (), international=True), None)
    return None if number is None else digits.removeprefix(str(number.country_code)).lstrip("0")


def _phones(digits: str, languages: tuple[str, ...], *, international: bool) -> Iterator[PhoneNumber]:
    """Yield the valid telephone numbers that digits are, one for each country where they are one."""
    if not 8 <= len(digits) <= 15:
        return
    # Loaded with the first number that may be one.
    import phonenumbers

    regions: tuple[str | None, ...] = (None,)
    if not international:
        regions = tuple(region for language in languages for region in _REGIONS[language])
    for region in regions:
        try:
            number = phonenumbers.parse(("+" if international else "") + digits, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            yield number


_SIX_FIGURES = re.compile(r"\d(?:\D*\d){5}")  # the fewest that an id or an IBAN has


def may_be_id(text: str) -> bool:
    """Return whether a text has as many figures as an IBAN or a national id has."""
    return _SIX_FIGURES.search(text) is not None


_UNANSWERED = re.compile(
    r"(?:no|do[._-]?not|dont|ne[._-]?pas|nao|non|no|nicht|niet|ikke|svar)[._-]?(?:reply|repondre|responda|responder|rispondere|"
    r"antworten|beantwoorden|svar|ikke)|mailer-daemon|postmaster|bounces?",
    re.IGNORECASE,
)
_OF_A_FIRM = re.compile(
    r"(?:info|support|help|helpdesk|service|services|customer[._-]?(?:service|care)s?|care|contact|contacto|contato|contatti|"
    r"hello|sales|billing|office|team|admin|kontakt|kundenservice|hilfe|soporte|atencion|ayuda|suporte|atendimento|"
    r"assistenza|assistance|aide|klantenservice|kundeservice|servicedesk|complaints|accounts)",
    re.IGNORECASE,
)


_AT = re.compile(
    r"@|\s(?:at|arr?oba(?:se?)?|klammeraffe|aet|ett|chiocciola|apenstaartje|apestaartje|snabela?)\s",
    re.IGNORECASE,
)
_IN_WORDS = re.compile(
    r"\s|\b(?:dash|hyphen|minus|tiret|guion|hifen|traco|trattino|streepje|bindestreg|bindestrich|underscore)\b",
    re.IGNORECASE,
)


def is_firms_email(email: str, *, agent: bool) -> bool:
    """Return whether an email address is a firm's: one that is never answered, or a role's that an agent tells."""
    local = _IN_WORDS.sub("", _AT.split(email, maxsplit=1)[0])
    return _UNANSWERED.match(local) is not None or (agent and _OF_A_FIRM.fullmatch(local) is not None)


def find_ibans(text: str) -> Iterator[tuple[int, int]]:
    """Yield begin and end of typed account numbers (IBAN) with right check digits."""
    for one in _IBAN.finditer(text):
        end = one.end()
        while end - one.start() >= _SHORTEST_IBAN:
            if text[end - 1].isalnum() and checks().iban(text[one.start() : end]):
                yield one.start(), end
                break
            end -= 1


def find_ids(text: str) -> Iterator[tuple[int, int]]:
    """Yield begin and end of typed national ids that have letters, or the signs of their country's way of writing."""
    for one in _LETTERED.finditer(text):
        bare = re.sub(r"[ -]", "", one[0])
        if any(check(bare) for check in checks().lettered):
            yield one.start(), one.end()
    for pattern in _WRITTEN:
        for one in pattern.finditer(text):
            yield one.start(), one.end()
