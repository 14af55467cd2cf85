"""Who is let in, and what for: the rules alone."""

from __future__ import annotations

from typing import Any

import pytest

from reddy_lib.access import Person, Rules
from reddy_lib.errors import AccessRulesError, NotAllowed

NOW = 1_800_000_000.0
ANA = {"email": "ana@example.com", "email_verified": True, "iat": NOW - 60}


def right(section: dict[str, Any], **claims: Any) -> str:
    return Rules.read(section).right_of({**ANA, **claims}, now=NOW)


@pytest.mark.parametrize(
    ("section", "claims"),
    [
        ({"emails": ["ana@example.com"]}, {}),
        ({"emails": ["Ana@Example.com"]}, {"email": "ANA@example.COM"}),
        ({"domains": ["example.com"]}, {}),
        ({"domains": ["Example.COM"]}, {"email": "x@EXAMPLE.com"}),
        ({"groups_claim": "groups", "groups": ["calls"]}, {"groups": ["other", "calls"]}),
        ({"groups_claim": "https://x/roles", "groups": ["calls"]}, {"https://x/roles": "calls"}),
        ({"domains": ["example.com"]}, {"email_verified": "true"}),
        ({"domains": ["example.com"], "trust_missing_email_verified": True}, {"email_verified": None}),
    ],
)
def test_a_rule_lets_in_whom_it_names(section: dict[str, Any], claims: dict[str, Any]) -> None:
    assert right(section, **claims) == "look"


@pytest.mark.parametrize(
    "email",
    [
        "ana@evil-example.com", "ana@example.com.evil", "ana@sub.example.com", "ana@example.com.", "a@b@example.com",
        "ana@exаmple.com", "ana@example.com\n", "ana@example.com ", " ana@example.com", "ana@EXAMPLE.COM\u200b",
        '"a@x"@example.com', "@example.com", "example.com", "ana@", "", "ana@example\uff0ecom", "ana@example.com,b@c.de",
        "<ana@example.com>", "ana@ex\u212aample.com", None, 7, ["ana@example.com"], True,
    ],
)  # fmt: skip
def test_an_email_that_only_resembles_the_domain_is_refused(email: Any) -> None:
    with pytest.raises(NotAllowed):
        right({"domains": ["example.com"]}, email=email)


@pytest.mark.parametrize("email", ["ana@example.com", "\u212ana@example.com"])
def test_letters_that_fold_to_others_do_not_match_an_email(email: str) -> None:
    with pytest.raises(NotAllowed):
        right({"emails": ["kna@example.com"]}, email=email)


@pytest.mark.parametrize("verified", [False, None, "false", "", 1, "yes", ["true"]])
def test_an_email_that_is_not_verified_is_refused(verified: Any) -> None:
    with pytest.raises(NotAllowed, match="not verified"):
        right({"emails": ["ana@example.com"]}, email_verified=verified)


def test_a_token_that_says_unverified_is_refused_even_where_a_missing_word_is_trusted() -> None:
    with pytest.raises(NotAllowed, match="not verified"):
        right({"emails": ["ana@example.com"], "trust_missing_email_verified": True}, email_verified=False)


@pytest.mark.parametrize("iat", [NOW - 13 * 3600, NOW + 3600, None, "now", True, float("nan")])
def test_a_sign_in_of_another_time_is_too_old(iat: Any) -> None:
    with pytest.raises(NotAllowed) as caught:
        right({"emails": ["ana@example.com"]}, iat=iat)
    assert caught.value.reason == "expired"


def test_the_age_of_a_sign_in_is_a_setting() -> None:
    assert right({"emails": ["ana@example.com"], "max_age_hours": 24}, iat=NOW - 13 * 3600) == "look"


def test_groups_that_are_no_list_of_texts_let_nobody_in() -> None:
    for groups in ({"calls": 1}, None, 5, [["calls"]], "callsx", "calls,other"):
        with pytest.raises(NotAllowed):
            right({"groups_claim": "groups", "groups": ["calls"]}, groups=groups)


def test_the_highest_role_that_names_a_person_counts() -> None:
    section = {
        "domains": ["example.com"],
        "groups_claim": "groups",
        "role": "look",
        "roles": {"edit": ["@example.com"], "send": ["group:leads"], "administer": ["eve@example.com"]},
    }
    assert right(section) == "edit"
    assert right(section, groups=["leads"]) == "send"
    assert right(section, email="EVE@example.com") == "administer"
    with pytest.raises(NotAllowed):  # a role does not let anybody in
        right({**section, "domains": ["other.example"]}, email="eve@example.com")


@pytest.mark.parametrize(
    ("section", "says"),
    [
        (None, "no rule says who has access"),
        ({}, "grants no access"),
        ({"emails": [], "domains": []}, "grants no access"),
        ({"role": "edit"}, "grants no access"),
        ({"domain": ["example.com"]}, "does not exist: domain"),
        ({"emails": "ana@example.com"}, "is wrong"),
        ({"emails": ["ana"]}, "not an email address"),
        ({"domains": ["*.example.com"]}, "is not a domain"),
        ({"domains": ["@example.com"]}, "is not a domain"),
        ({"domains": ["exаmple.com"]}, "is not a domain"),
        ({"groups": ["calls"]}, "groups_claim"),
        ({"emails": ["a@b.c"], "roles": {"send": ["group:x"]}}, "groups_claim"),
        ({"emails": ["a@b.c"], "role": "owner"}, "is wrong"),
        ({"emails": ["a@b.c"], "roles": {"owner": ["a@b.c"]}}, "is wrong"),
        ({"emails": ["a@b.c"], "max_age_hours": 0}, "between 0 and 720"),
    ],
)
def test_rules_that_let_nobody_in_or_are_misspelt_say_so(section: Any, says: str) -> None:
    with pytest.raises(AccessRulesError, match=says):
        Rules.read(section)


def test_a_person_is_judged_by_the_rules_of_the_moment() -> None:
    section: dict[str, Any] = {"emails": ["ana@example.com"], "role": "send"}
    person = Person(ANA, lambda: Rules.read(section), clock=lambda: NOW)
    assert person.may("send")
    assert not person.may("administer")
    section["role"] = "look"
    with pytest.raises(NotAllowed, match="role “send”"):
        person.require("send")
    section["emails"] = ["bob@example.com"]
    assert not person.may("look")
    section["emails"] = []
    with pytest.raises(NotAllowed) as caught:
        person.require("look")
    assert caught.value.reason == "rules"
