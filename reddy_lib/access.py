"""Access control for a shared workbench: who may sign in, and what they may do.

`Rules` come from the secrets file: who has access, and with which right. A `Person` is checked against the current rules
at every use, so removing an address takes effect at once. Each right includes those before it: a person who may *send*
may also *edit* and *look*.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, get_args

import msgspec

from reddy_lib.errors import AccessRulesError, NotAllowed

__all__ = ["RIGHTS", "Person", "Right", "Rules", "signed_in_email"]

Right = Literal["look", "edit", "send", "administer"]
RIGHTS: tuple[Right, ...] = get_args(Right)

EXAMPLES: dict[Right, str] = {
    "look": "look at calls",
    "edit": "load and edit calls",
    "send": "send calls",
    "administer": "administer the workbench",
}
DEFAULT_HOURS = 12.0
CLOCK_SKEW = 300.0
"""Seconds by which the identity provider's clock may be ahead of ours."""

# Plain ASCII with one "@" and no quotes: rules are compared character by character, so look-alikes must not pass.
_EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@(?=.{1,253}\Z)(?:[A-Za-z0-9-]{1,63}\.)*[A-Za-z0-9-]{1,63}"
)
_DOMAIN = re.compile(r"(?:[A-Za-z0-9-]{1,63}\.)*[A-Za-z0-9-]{1,63}")


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The section `[access]` of the secrets file.

    Attributes:
        emails, domains: who has access, in lower case. A domain does not include its subdomains.
        groups_claim, groups: the id token's claim that lists a person's groups, and the groups that have access.
        role: the right of people whom no list in `roles` names.
        roles: right → entries: an email, "@domain" or "group:name".
        max_age_hours: maximum age of a sign-in.
        trust_missing_email_verified: accept tokens that do not say whether the email is verified.
    """

    emails: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    groups_claim: str = ""
    groups: frozenset[str] = frozenset()
    role: Right = "look"
    roles: dict[Right, frozenset[str]] = {}
    max_age_hours: float = DEFAULT_HOURS
    trust_missing_email_verified: bool = False

    @classmethod
    def read(cls, section: object) -> Rules:
        """Parse a section of the secrets file.

        Raises:
            AccessRulesError: it grants no access, or has an unknown name or value.
        """
        if not isinstance(section, Mapping):
            raise AccessRulesError(
                "Sign-in is set up ([auth] in the secrets file), but no rule says who has access: every account of the "
                "provider would have it. Add a section [access] with emails, domains or groups to the secrets file "
                "(see .streamlit/secrets.toml.example)."
            )
        unknown = sorted(set(map(str, section)) - set(cls.__struct_fields__))
        if unknown:
            raise AccessRulesError(
                f"The section [access] of the secrets file has a setting that does not exist: {', '.join(unknown)}. "
                f"Settings are {', '.join(cls.__struct_fields__)}."
            )
        try:
            given = msgspec.convert({str(name): _plain(section[name]) for name in section}, cls)
        except msgspec.ValidationError as error:
            raise AccessRulesError(f"The section [access] of the secrets file is wrong: {error}.") from None
        rules = msgspec.structs.replace(
            given,
            emails=frozenset(_email(one) for one in given.emails),
            domains=frozenset(_domain(one) for one in given.domains),
            roles={right: frozenset(map(_entry, entries)) for right, entries in given.roles.items()},
        )
        if not (rules.emails or rules.domains or rules.groups):
            raise AccessRulesError(
                "The section [access] of the secrets file grants no access. Add emails, domains, or groups with "
                "their groups_claim."
            )
        by_group = rules.groups or any(
            one.startswith("group:") for entries in rules.roles.values() for one in entries
        )
        if by_group and not rules.groups_claim:
            raise AccessRulesError(
                "The section [access] of the secrets file names groups, but not the claim of the id token that lists "
                'them. Add groups_claim = "groups", or the name that your provider uses.'
            )
        if not 0 < rules.max_age_hours <= 24 * 30:
            raise AccessRulesError("max_age_hours in [access] of the secrets file must be between 0 and 720.")
        return rules

    def right_of(self, claims: Mapping[str, Any], *, now: float) -> Right:
        """Return the right of a person with these claims of an id token.

        Raises:
            NotAllowed: the sign-in is too old, its email is missing or not verified, or no rule grants access.
        """
        email = signed_in_email(claims)
        if not email:
            raise NotAllowed(
                "Your sign-in provider did not send a usable email address, so this workbench cannot identify you.",
                reason="stranger",
            )
        verified = claims.get("email_verified")
        if not (
            verified is True
            or (isinstance(verified, str) and verified.lower() == "true")  # Amazon Cognito sends text
            or (verified is None and self.trust_missing_email_verified)
        ):
            raise NotAllowed(
                f"Your sign-in provider has not verified that {email} is yours. Verify the address there, then sign "
                "in again.",
                reason="stranger",
            )
        began = claims.get("iat")
        if isinstance(began, bool) or not isinstance(began, int | float):
            raise NotAllowed("Your sign-in does not say when it was made. Sign in again.", reason="expired")
        if not -CLOCK_SKEW <= now - began <= self.max_age_hours * 3600:
            raise NotAllowed(
                f"Your sign-in is older than {self.max_age_hours:g} hours. Sign in again.", reason="expired"
            )
        domain = email.rpartition("@")[2]
        groups = self._groups_of(claims)
        if not (email in self.emails or domain in self.domains or groups & self.groups):
            raise NotAllowed(
                f"{email} is not on the list of people who may use this workbench. Ask the person who runs it.",
                reason="stranger",
            )
        names = {email, f"@{domain}", *(f"group:{group}" for group in groups)}
        return next(
            (right for right in reversed(RIGHTS) if names & self.roles.get(right, frozenset())), self.role
        )

    def _groups_of(self, claims: Mapping[str, Any]) -> frozenset[str]:
        found = claims.get(self.groups_claim) if self.groups_claim else None
        if isinstance(found, str):
            return frozenset([found])
        if isinstance(found, Sequence):
            return frozenset(one for one in found if isinstance(one, str))
        return frozenset()


class Person:
    """A signed-in person, for `Ledger.for_person`.

    Args:
        claims: the claims of the id token, as signed by the provider.
        rules: returns the current rules. Raises AccessRulesError if they cannot be read.
        clock: returns seconds since the epoch.
    """

    def __init__(
        self,
        claims: Mapping[str, Any],
        rules: Callable[[], Rules],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._claims = dict(claims)
        self._rules = rules
        self._clock = clock

    def __repr__(self) -> str:
        return f"<Person {self.email or 'without an email'}>"

    @property
    def email(self) -> str:
        """The email in lower case; "" if there is no usable one."""
        return signed_in_email(self._claims)

    @property
    def right(self) -> Right:
        """The person's current right. Raises NotAllowed if the person has none."""
        try:
            return self._rules().right_of(self._claims, now=self._clock())
        except AccessRulesError as error:
            raise NotAllowed(
                "The access rules of this workbench cannot be read, so no one can sign in. Ask the person who runs it.",
                reason="rules",
            ) from error

    def require(self, right: Right) -> None:
        """Raise NotAllowed unless this person has the right."""
        has = self.right
        if RIGHTS.index(has) < RIGHTS.index(right):
            raise NotAllowed(
                f"You may {EXAMPLES[has]}, but not {EXAMPLES[right]}. Nothing was changed. Ask the person who runs "
                f"this workbench for the role “{right}”.",
                reason="role",
            )

    def may(self, right: Right) -> bool:
        """Return whether this person has the right."""
        try:
            self.require(right)
        except NotAllowed:
            return False
        return True


def signed_in_email(claims: Mapping[str, Any]) -> str:
    """Return the email of an id token in lower case; "" if it has none, or one that could be mistaken for another."""
    email = claims.get("email")
    return email.lower() if isinstance(email, str) and _EMAIL.fullmatch(email) else ""


def _email(text: str) -> str:
    if not _EMAIL.fullmatch(text):
        raise AccessRulesError(f"In [access] of the secrets file, {text!r} is not an email address.")
    return text.lower()


def _domain(text: str) -> str:
    if not _DOMAIN.fullmatch(text):
        raise AccessRulesError(
            f'In [access] of the secrets file, {text!r} is not a domain: write it as "example.com", without "@" or "*".'
        )
    return text.lower()


def _entry(text: str) -> str:
    if text.startswith("group:"):
        return text
    return f"@{_domain(text[1:])}" if text.startswith("@") else _email(text)


def _plain(value: Any) -> Any:
    """Convert the mappings of Streamlit's secrets to plain dicts."""
    if isinstance(value, Mapping):
        return {str(name): _plain(value[name]) for name in value}
    return value
