"""What a person looks at over all batches: period, place, and the number that was clicked. The address keeps it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import streamlit as st

from reddy_lib import ui
from reddy_lib.database.sandbox_urls import SANDBOX
from reddy_lib.database.schema import STATUSES
from reddy_lib.findings import CATALOGUE
from reddy_lib.outcomes.totals import Reason, Wanted
from reddy_lib.ui import address_bar

__all__ = ["EVERYWHERE", "NAMES", "PERIODS", "Overview", "named", "reason_words"]

EVERYWHERE = "everywhere"

PERIODS = {"7": "Last 7 days", "30": "Last 30 days", "90": "Last 90 days", "all": "All time"}


@dataclass(frozen=True)
class Overview:
    """Everything in the address that belongs to this view.

    Attributes:
        days: one of `PERIODS`.
        place: an address that calls were sent to, or `EVERYWHERE`; "": Reddy if anything was sent there, else the
            sandbox.
        status … day: the number that was clicked; "" where it says nothing. `product` "none": calls without one;
            `agent` "none": likewise. `day` in ISO form.
        inside: the id of a batch.
    """

    days: str = "30"
    place: str = ""
    status: str = ""
    agent: str = ""
    product: str = ""
    reason: str = ""
    finding: str = ""
    day: str = ""
    inside: str = ""

    @classmethod
    def of_address(cls) -> Overview:
        """Return what the address says. What it cannot mean is left out."""
        given = {field.name: st.query_params.get(field.name, "") for field in fields(cls)}
        if given["days"] not in PERIODS:
            given["days"] = "30"
        if given["status"] not in STATUSES:
            given["status"] = ""
        if given["finding"] not in CATALOGUE:
            given["finding"] = ""
        if not (given["product"].isdecimal() or given["product"] == "none"):
            given["product"] = ""
        try:
            dt.date.fromisoformat(given["day"])
        except ValueError:
            given["day"] = ""
        return cls(**given)

    def go(self, **changes: str) -> None:
        """Change the address in one step, so that Back undoes it as one."""
        address_bar.settle()
        after = replace(self, **changes)
        names = {field.name for field in fields(self)}
        address: dict[str, Any] = {
            name: st.query_params[name] for name in st.query_params if name not in names
        }
        usual = Overview()
        for name in names:
            value = getattr(after, name)
            if value != getattr(usual, name):
                address[name] = value
        address_bar.write(address)

    def pick(self, **picked: str) -> None:
        """Show the calls behind one number: what was clicked before is forgotten."""
        nothing = dict.fromkeys(("status", "agent", "product", "reason", "finding", "day", "inside"), "")
        self.go(**{**nothing, **picked})

    @property
    def picked(self) -> bool:
        """Whether a number was clicked."""
        return any((self.status, self.agent, self.product, self.reason, self.finding, self.day, self.inside))

    def first_day(self, today: dt.date) -> dt.date | None:
        """The day on which the period begins; None: it has no beginning."""
        return None if self.days == "all" else today - dt.timedelta(days=int(self.days) - 1)

    def place_of(self, addresses: Sequence[str]) -> str:
        """Return the place whose calls are counted, of those that calls were sent to, the latest first."""
        if self.place == EVERYWHERE or self.place in addresses:
            return self.place
        real = [address for address in addresses if address != SANDBOX]
        return next(iter([*real, *addresses]), EVERYWHERE)

    def counted(self, addresses: Sequence[str]) -> Wanted:
        """Return what all numbers count: period and place."""
        first = self.first_day(dt.datetime.now(ui.zone()).date())
        place = self.place_of(addresses)
        return Wanted(
            since=None if first is None else _midnight(first), address="" if place == EVERYWHERE else place
        )

    def listed(self, addresses: Sequence[str]) -> Wanted:
        """Return what the table lists: the calls behind the number that was clicked."""
        wanted = self.counted(addresses)
        if self.day:
            day = dt.date.fromisoformat(self.day)
            wanted = replace(wanted, since=_midnight(day), until=_midnight(day + dt.timedelta(days=1)))
        return replace(
            wanted,
            status=self.status,
            agent=None if not self.agent else "" if self.agent == "none" else self.agent,
            product=None if not self.product else 0 if self.product == "none" else int(self.product),
            reason=self.reason,
            finding=self.finding,
            batch=self.inside,
        )


def named(status: str) -> str:
    """Return a status as people say it."""
    return "in doubt" if status == "unknown" else status


def reason_words(reason: Reason) -> str:
    """Return a reason with its HTTP status, unless the reason names it."""
    code = "" if reason.http_status is None else f"HTTP {reason.http_status}"
    return reason.reason if not code or code in reason.reason else f"{reason.reason} ({code})"


NAMES = ("view", *(field.name for field in fields(Overview)))
"""Names in the address that belong to this view."""


def _midnight(day: dt.date) -> float:
    return dt.datetime.combine(day, dt.time(), ui.zone()).timestamp()
