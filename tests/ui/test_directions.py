"""A word written from right to left leaves the rest of its sentence where it is."""

import pytest

from reddy_lib.ui.directions import isolated


@pytest.mark.parametrize(
    ("said", "isolates"),
    [
        ("Which product is 'Loans'? 4 calls", []),
        ("Which product is 'المنتج'? 4 calls", ["المنتج"]),
        ("name \"بريد الموظف\"; 100% of 'כן'", ["بريد الموظف", "כן"]),
    ],
)
def test_each_run_is_isolated(said: str, isolates: list[str]) -> None:
    shown = isolated(said)
    assert [each.partition("\u2069")[0] for each in shown.split("\u2068")[1:]] == isolates
    assert shown.replace("\u2068", "").replace("\u2069", "") == said
