"""What the pages share, and the only package of the library that imports Streamlit.

The process has one ledger, one engine, one sandbox and one memory for typed tokens (`process`); a person has an
open batch (its id is in the URL, so that a refreshed tab finds it again) and a connection (in the session). Pages
begin with a guard (`open_batch`) that stops with a sentence where something is missing.
"""

from __future__ import annotations

from reddy_lib.ui.access import Gate, refuse_to_start
from reddy_lib.ui.app_engine import has_engine, sending_trouble, start, start_engine, stop
from reddy_lib.ui.connections import (
    connection,
    connection_for,
    connections_at_hand,
    forget_products,
    product_column,
    product_names,
    products,
    products_error,
    stored,
    typed_connection,
)
from reddy_lib.ui.forgetting import receipt_card
from reddy_lib.ui.open_batches import batch_card, batch_in_hand, open_batch, remember_batch
from reddy_lib.ui.parts import (
    ICONS,
    STATUS_COLOURS,
    STATUS_MEANINGS,
    review_link,
    status_badges,
    submissions_table,
    table_height,
)
from reddy_lib.ui.people import may, person_card, sign_in, who, why_not
from reddy_lib.ui.process import (
    addresses,
    cannot_send,
    ledger,
    open_ledger,
    sandbox,
    sandbox_connection,
    stays_here,
    tokens,
)
from reddy_lib.ui.words import (
    alert,
    alerts,
    clock,
    days,
    escape,
    moment_column,
    number_of,
    page_failed,
    place,
    when,
    zone,
)

__all__ = [
    "ICONS",
    "STATUS_COLOURS",
    "STATUS_MEANINGS",
    "Gate",
    "addresses",
    "alert",
    "alerts",
    "batch_card",
    "batch_in_hand",
    "cannot_send",
    "clock",
    "connection",
    "connection_for",
    "connections_at_hand",
    "days",
    "escape",
    "forget_products",
    "has_engine",
    "ledger",
    "may",
    "moment_column",
    "number_of",
    "open_batch",
    "open_ledger",
    "page_failed",
    "person_card",
    "place",
    "product_column",
    "product_names",
    "products",
    "products_error",
    "receipt_card",
    "refuse_to_start",
    "remember_batch",
    "review_link",
    "sandbox",
    "sandbox_connection",
    "sending_trouble",
    "sign_in",
    "start",
    "start_engine",
    "status_badges",
    "stays_here",
    "stop",
    "stored",
    "submissions_table",
    "table_height",
    "tokens",
    "typed_connection",
    "when",
    "who",
    "why_not",
    "zone",
]
