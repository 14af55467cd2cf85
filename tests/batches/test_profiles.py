"""Mapping profiles: what was mapped once is mapped by itself the next time, on this machine or on another."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import pytest
import sqlalchemy as sa

import reddy_lib as reddy
from reddy_lib.batches.profiles import (
    Profile,
    keep_profile,
    profile_for,
    profiles_of,
    rename_profile,
    retire_profile,
    values_for_all,
)
from reddy_lib.database.schema import profiles
from reddy_lib.errors import MappingError, NotInLedger
from reddy_lib.spreadsheet import Mapping, SheetFormat, detect_format
from reddy_lib.spreadsheet.model import PooledRole

COLUMNS = ["Rep", "Queue", "Dialogue", "CSAT"]
MAPPING = reddy.Mapping(
    fields={"agent_email": "Rep", "product_id": "Queue", "transcript": "Dialogue"},
    tags=["CSAT"],
    tag_types={"CSAT": "integer"},
    values={"product_id": {"Cards hotline": 7}},
    roles={"rep": "agent"},
    timezone="Europe/London",
    reasons={"agent_email": "name"},
    sheet=SheetFormat("csv", None, 1, "utf-8", ","),
)


def test_what_was_kept_is_found_by_its_columns_in_any_order(ledger: reddy.Ledger) -> None:
    kept = keep_profile(ledger, "March export", MAPPING, COLUMNS, who="ann")
    found = profile_for(ledger, reversed(COLUMNS))
    assert found == kept
    assert (found.name, found.who, found.columns) == ("March export", "ann", COLUMNS)
    assert found.mapping == MAPPING.replace(sheet=None, reasons={})
    assert found.saved_at is not None
    assert abs(found.saved_at.timestamp() - time.time()) < 60


@pytest.mark.parametrize(
    "columns",
    [["Rep", "Queue", "Dialogue"], [*COLUMNS, "New"], ["rep", "Queue", "Dialogue", "CSAT"], [*COLUMNS, "CSAT"], []],
    ids=["one less", "one more", "other case", "one twice", "none"],
)  # fmt: skip
def test_other_columns_are_another_sheet(ledger: reddy.Ledger, columns: list[str]) -> None:
    kept = keep_profile(ledger, "March export", MAPPING, COLUMNS)
    assert profile_for(ledger, columns) is None
    assert not kept.fits(columns)


def test_white_space_around_a_column_s_name_does_not_count(ledger: reddy.Ledger) -> None:
    keep_profile(ledger, "March export", MAPPING, COLUMNS)
    assert profile_for(ledger, [f" {name} " for name in COLUMNS]) is not None


def test_the_newest_for_these_columns_is_the_one_applied(ledger: reddy.Ledger) -> None:
    keep_profile(ledger, "March", MAPPING, COLUMNS)
    keep_profile(ledger, "April", MAPPING.replace(timezone="UTC"), COLUMNS)
    keep_profile(ledger, "Something else", MAPPING, ["A", *COLUMNS])
    assert [profile.name for profile in profiles_of(ledger)] == ["Something else", "April", "March"]
    newest = profile_for(ledger, COLUMNS)
    assert newest is not None
    assert (newest.name, newest.mapping.timezone) == ("April", "UTC")


def test_the_same_again_is_kept_once_and_a_change_under_the_same_name_replaces_it(
    ledger: reddy.Ledger,
) -> None:
    first = keep_profile(ledger, "March", MAPPING, COLUMNS)
    assert keep_profile(ledger, " March ", MAPPING, COLUMNS).id == first.id
    changed = keep_profile(ledger, "March", MAPPING.replace(timezone="UTC"), COLUMNS)
    assert [profile.id for profile in profiles_of(ledger)] == [changed.id]
    with ledger.read() as connection:  # the older one is retired, not deleted
        assert connection.execute(sa.select(sa.func.count()).select_from(profiles)).scalar() == 2


def test_one_can_be_renamed_and_retired(ledger: reddy.Ledger) -> None:
    kept = keep_profile(ledger, "March", MAPPING, COLUMNS)
    rename_profile(ledger, kept.id, "  Monthly export ")
    assert [profile.name for profile in profiles_of(ledger)] == ["Monthly export"]
    retire_profile(ledger, kept.id)
    assert profiles_of(ledger) == []
    assert profile_for(ledger, COLUMNS) is None


def test_what_cannot_be_is_refused_with_a_sentence(ledger: reddy.Ledger) -> None:
    for name in ("", "  "):
        with pytest.raises(MappingError, match="needs a name"):
            keep_profile(ledger, name, MAPPING, COLUMNS)
    kept = keep_profile(ledger, "March", MAPPING, COLUMNS)
    with pytest.raises(MappingError, match="needs a name"):
        rename_profile(ledger, kept.id, " ")
    for change in (lambda: rename_profile(ledger, "p0", "x"), lambda: retire_profile(ledger, "p0")):
        with pytest.raises(NotInLedger, match="no mapping profile 'p0'"):
            change()
    assert [profile.name for profile in profiles_of(ledger)] == ["March"]


def test_a_profile_travels_as_a_file(ledger: reddy.Ledger) -> None:
    kept = keep_profile(ledger, "March export", MAPPING, COLUMNS, who="ann")
    content = kept.to_file()
    assert json.loads(content)["columns"] == COLUMNS
    assert "ann" not in content.decode()
    read = Profile.from_file(content)
    assert (read.name, read.columns, read.mapping, read.id) == ("March export", COLUMNS, kept.mapping, "")
    assert keep_profile(ledger, read.name, read.mapping, read.columns).id == kept.id


def content(**parts: object) -> bytes:
    whole = {
        "kind": "reddy-workbench mapping profile",
        "version": 1,
        "name": "x",
        "columns": [],
        "mapping": {},
    }
    return json.dumps(whole | parts).encode()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a mapping profile"),
        (b"\xff\xfe\x00", "not a mapping profile"),
        (b"[]", "not a mapping profile"),
        (b'{"fields": {}}', "not a mapping profile"),
        (content(version=2), "newer version"),
        (content(name=None), "damaged"),
        (content(columns=[1]), "damaged"),
        (content(mapping=[]), "damaged"),
        (content(mapping={"fields": 3}), "cannot be used"),
        (content(mapping={"fields": {"salary": "A"}}), "no field 'salary'"),
    ],
)
def test_a_file_that_is_none_is_refused_with_a_sentence(content: bytes, said: str) -> None:
    with pytest.raises(MappingError, match=said):
        Profile.from_file(content)


def test_the_next_sheet_with_the_same_columns_becomes_the_same_calls(
    ledger: reddy.Ledger, sheet: Callable[..., Path]
) -> None:
    march = sheet(3, name="march.csv")
    table = reddy.read_sheet(march)
    mapping = reddy.guess_mapping(table).replace(
        values={"product_id": {"Cards hotline": 7, "Loans": 9}}, tags=["CSAT"], timezone="Europe/London"
    )
    keep_profile(ledger, "march.csv", mapping, table.columns)
    april = sheet(5, name="april.csv")
    profile = profile_for(ledger, reddy.read_sheet(april).columns)
    assert profile is not None
    applied = profile.apply(detect_format(april))
    assert set(applied.reasons.values()) == {"as in the profile march.csv"}
    assert set(applied.reasons) == {*mapping.fields, *mapping.line_fields, *mapping.tags}
    batch = ledger.load(april, mapping=applied, progress=False)
    assert [batch.call(row).product_id for row in batch.rows()] == [7, 9, 7, 9, 7]
    assert [tag.key for tag in batch.call(2).tags or ()] == ["CSAT"]


def test_what_a_person_gave_for_all_calls_is_found_of_her_newest_profile_each(ledger: reddy.Ledger) -> None:
    def keep(name: str, who: str, columns: str, **changes: Any) -> None:
        keep_profile(ledger, name, reddy.Mapping(**changes), columns.split(), who=who)

    keep("first", "ann", "a", defaults={"product_id": 1, "agent_email": "ann@x.example"})
    keep("second", "ann", "b", defaults={"product_id": 2})
    keep("rows without one", "ann", "c d", fields={"product_id": "c"}, defaults={"product_id": 3})
    keep("from names", "ann", "e", from_name={"product_id": "{product_id}"}, defaults={"product_id": 4})
    keep("theirs", "bo", "f", defaults={"product_id": 5})
    found = values_for_all(ledger, "ann")
    assert {field: (value, profile.name) for field, (value, profile) in found.items()} == {
        "product_id": (2, "second"),
        "agent_email": ("ann@x.example", "first"),
    }
    assert values_for_all(ledger, "") == {}


def test_what_the_calls_of_a_file_show_of_a_label_is_not_kept_for_the_next_file(ledger):
    pooled = {"Line 1": PooledRole("agent", "greets in 4 of 4 calls")}
    mapping = msgspec.structs.replace(Mapping(fields={"transcript": "talk"}), pooled_roles=pooled)
    kept = keep_profile(ledger, "Monthly", mapping, ["talk"])
    assert kept.mapping.pooled_roles == {}
    old = msgspec.structs.replace(kept, mapping=mapping)  # as profiles were kept before
    assert old.apply(None).pooled_roles == {}
    assert Profile.from_file(old.to_file()).mapping.pooled_roles == {}

    def talk(number: int, first: str, second: str) -> str:
        return (
            f"{first}: Thank you for calling Acme, my name is Petra {number}, how can I help you?\n"
            f"{second}: Hello, my order {number} has not arrived.\n{first}: I am sorry. What is your postcode?\n"
            f"{second}: It is 90{number}, thanks."
        )

    turned = pd.DataFrame({"talk": [talk(100 + n, "Line 2", "Line 1") for n in range(5)]})
    again = old.apply(None, turned)
    assert again.pooled_roles.get("Line 1", PooledRole("customer", "")).role != "agent"


HERE = [
    {"id": 1, "name": "Cards", "status": "active"},
    {"id": 2, "name": "Loans", "status": "active"},
    {"id": 3, "name": "Retention", "status": "active"},
]
ELSEWHERE = [
    {"id": 1, "name": "cards", "status": "active"},
    {"id": 2, "name": "Complaints", "status": "active"},
    {"id": 8, "name": "Loans", "status": "active"},
]


def test_products_of_a_profile_are_found_by_name_in_another_list() -> None:
    chosen = Mapping(
        fields={"product_id": "Queue"},
        values={"product_id": {"Cards": 1, "Borrowing": 2, "Leavers": 3, "Nothing": None, "Raw": 2}},
        defaults={"product_id": 2, "agent_email": "ann@x.example"},
    )
    kept = Mapping.from_dict(chosen.with_product_names(HERE).to_dict())
    assert kept.product_names == {"1": "Cards", "2": "Loans", "3": "Retention"}
    there = kept.in_list(ELSEWHERE)
    assert there.values["product_id"] == {"Cards": 1, "Borrowing": 8, "Nothing": None, "Raw": 8}
    assert there.defaults == {"product_id": 8, "agent_email": "ann@x.example"}
    assert there.with_product_names(ELSEWHERE).product_names == {"1": "cards", "8": "Loans"}
    assert kept.in_list(HERE).values == kept.values
    assert kept.match_products(["Leavers", "loans"], ELSEWHERE).values["product_id"]["loans"] == 8
    # of a mapping that knows no names, the ids count
    assert chosen.in_list(ELSEWHERE).values == chosen.values
    assert "product_id" not in kept.in_list(ELSEWHERE[:2]).defaults


def test_a_file_loaded_by_a_kept_mapping_goes_to_the_product_of_the_same_name(ledger: reddy.Ledger) -> None:
    rows = [
        {
            "Call": f"c-{number}",
            "Rep": "ann@x.example",
            "Queue": queue,
            "Began": "2026-03-02 10:00:00Z",
            "Talk": "Agent: Hello\nCustomer: I lost it",
        }
        for number, queue in enumerate(["Loans", "Retention"])
    ]
    march = ledger.load(rows, progress=False, products=HERE)
    assert [march.call(row).product_id for row in march.rows()] == [2, 3]
    april = ledger.load(
        [{**row, "Call": f"d-{row['Call']}"} for row in rows],
        march.mapping,
        progress=False,
        products=ELSEWHERE,
    )
    assert [april.call(row).product_id for row in april.rows()] == [8, None]
    assert april.findings_of(april.rows()[1])[0].code == "product-unknown"


def test_a_product_for_all_calls_is_proposed_by_its_name(ledger: reddy.Ledger) -> None:
    mapping = Mapping(defaults={"product_id": 2}).with_product_names(HERE)
    keep_profile(ledger, "march", mapping, ["A"], who="ann")
    assert values_for_all(ledger, "ann", ELSEWHERE)["product_id"][0] == 8
    assert values_for_all(ledger, "ann", ELSEWHERE[:2]) == {}
    assert values_for_all(ledger, "ann")["product_id"][0] == 2
