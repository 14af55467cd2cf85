"""What a person looks at on the Review page: filters, page, open call, panel. The address is where it is kept.

Reload, Back, another tab and a link sent to a colleague show the same. A change is written into the address in one step,
so that Back undoes it as one. Links of the menu carry no such names: a person who comes back from another page finds
what she left.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

import msgspec
import streamlit as st

from reddy_lib.batches.batch import Batch
from reddy_lib.batches.queries import Query
from reddy_lib.errors import ReddyError
from reddy_lib.ui import address_bar, choice

__all__ = ["NAMES", "Panel", "Split", "View"]

Panel = Literal["calls", "problems", "values", "personal", "draw", "recordings"]
"""What fills the page: the calls, or a tool for the whole batch."""

Split = Literal["list", "even", "call"]
"""Who gets the width: the list a third, half of it, or the call all of it."""

NAMES = ("search", "filter", "show", "page", "row", "panel", "split", "facets")
"""Names in the address."""


class View(msgspec.Struct):
    """One view of a batch.

    Attributes:
        query: which calls are listed.
        ticked: are the ticked ones alone listed, of those?
        page: of the list, from 1.
        row: of the open call; None: the first one listed.
        panel, split: see `Panel`, `Split`.
        facets: are the facets shown?
        dropped: parts of the address that could not be understood.
        batch: asked whether the open call is still listed.
    """

    batch_id: str
    query: Query = msgspec.field(default_factory=Query)
    ticked: bool = False
    page: int = 1
    row: int | None = None
    panel: Panel = "calls"
    split: Split = "list"
    facets: bool = False
    dropped: tuple[str, ...] = ()
    batch: Batch | None = None

    @classmethod
    def of(cls, batch: Batch) -> View:
        """Return the view that the address names; what it was before, where the menu led here."""
        kept: dict[str, View] = st.session_state.setdefault("review view", {})
        address = {name: st.query_params[name] for name in NAMES if name in st.query_params}
        before = kept.get(batch.id)
        returned = st.session_state.pop("page before", "Review") != "Review"
        returned |= st.session_state.get("review batch", batch.id) != batch.id
        st.session_state["review batch"] = batch.id
        if returned and before is not None and not address:
            before._write()
            before.batch = batch
            return before
        if before is None or before._address() != address:
            kept[batch.id] = cls.read(batch, address)
        view = kept[batch.id]
        view.batch = batch
        return view

    @classmethod
    def read(cls, batch: Batch, address: Mapping[str, str]) -> View:
        """Return the view of an address. What does not fit in it is left out."""
        query, dropped = Query.from_address(address)
        panel, split = address.get("panel"), address.get("split")
        return cls(
            batch.id,
            query=query,
            ticked=address.get("show") == "ticked",
            page=max(1, _number(address.get("page")) or 1),
            row=_number(address.get("row")),
            panel=next((one for one in get_args(Panel) if one == panel), "calls"),
            split=next((one for one in get_args(Split) if one == split), "list"),
            facets=address.get("facets") == "shown",
            dropped=tuple(dropped),
        )

    def listed(self, batch: Batch) -> Query:
        """Return the query for the calls that are listed."""
        if not self.ticked:
            return self.query
        # Row 0 is in no sheet: with nothing ticked, nothing is listed.
        return self.query.with_rows(choice.ticked(batch) or [0])

    def go(self, **changes: Any) -> None:
        """Change the view, and the address with it. Another query begins at its first page, and closes a call that it
        does not list."""
        other = (
            changes.get("query", self.query) != self.query
            or changes.get("ticked", self.ticked) != self.ticked
        )
        if other:
            changes = {"page": 1, **changes}
        for name, value in changes.items():
            setattr(self, name, value)
        if other and "row" not in changes and not self._lists_open_call():
            self.row = None
        self.dropped = ()
        self._write()

    def _lists_open_call(self) -> bool:
        if self.batch is None or self.row is None:
            return True
        try:
            return bool(self.batch.count(query=self.listed(self.batch), rows=[self.row]))
        except ReddyError:
            return True  # the page says what is wrong with the ledger

    def _address(self) -> dict[str, str]:
        parts = dict(self.query.to_address())
        if self.ticked:
            parts["show"] = "ticked"
        if self.page > 1:
            parts["page"] = str(self.page)
        if self.row is not None:
            parts["row"] = str(self.row)
        if self.panel != "calls":
            parts["panel"] = self.panel
        if self.split != "list":
            parts["split"] = self.split
        if self.facets:
            parts["facets"] = "shown"
        return parts

    def _write(self) -> None:
        address_bar.settle()
        others = {name: st.query_params.get_all(name) for name in st.query_params if name not in NAMES}
        address_bar.write({**others, **self._address()})


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 10 else None
