"""Profiles: which one was applied, and a panel to download, import and forget them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import streamlit as st

from reddy_lib import ui
from reddy_lib.batches.profiles import Profile, keep_profile, profiles_of, retire_profile, values_for_all
from reddy_lib.errors import ReddyError
from reddy_lib.spreadsheet import Mapping
from reddy_lib.spreadsheet.reading.upload import PrivateCopy
from reddy_lib.ui import uploads
from reddy_lib.ui.downloads import download, write_all
from reddy_lib.ui.events import uninterrupted
from reddy_lib.ui.load.mapping_choices import forget_known

__all__ = ["given_before", "profile_line", "profiles_panel"]

state = st.session_state


def profile_line(file: PrivateCopy, profile: Profile) -> None:
    """Which profile was applied, and the ways out of it."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        saved = f", saved {ui.when(profile.saved_at)}" if profile.saved_at else ""
        by = f" by {ui.escape(profile.who)}" if profile.who else ""
        st.markdown(
            f":material/bookmark: Mapped as in the profile **{ui.escape(profile.name)}**{saved}{by}",
            width="content",
        )
        st.button(
            "Guess again", type="tertiary", icon=":material/refresh:", key="load_afresh",
            on_click=state.update, args=[{f"load {file.id} afresh": True}],
        )  # fmt: skip
        st.button(
            "Forget this profile", type="tertiary", icon=":material/bookmark_remove:", key="load_forget_profile",
            on_click=forget_profile, args=[profile],
        )  # fmt: skip


def forget_profile(profile: Profile) -> None:
    retire_profile(ui.ledger(), profile.id)
    forget_known("profile")
    forget_known("usual")


def profiles_panel(mapping: Mapping | None, columns: Sequence[str], name: str = "") -> None:
    """Download this mapping or a kept one as a file, import one, forget one. Drawn only while it is open."""
    panel = st.popover(
        "Profiles", icon=":material/bookmarks:", type="tertiary", key="load_profiles", on_change="rerun"
    )
    if not panel.open:
        return
    with panel:
        st.caption("A profile keeps how a sheet was mapped, for the next sheet with the same columns.")
        if mapping is not None:
            profile = Profile(name=name, columns=list(columns), mapping=mapping)
            download(
                "mapping", "Download the mapping below", write_all(profile.to_file()), file_name=profile_file(name),
                mime="application/json",
            )  # fmt: skip
        imported = st.file_uploader(
            "Import a profile", type=["json"], key=f"load_import_{state.get('load_imports', 0)}"
        )
        if imported is not None:
            with uninterrupted():
                _import(imported.getvalue())
            st.rerun()
        for kept in profiles_of(ui.ledger())[:20]:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.text(kept.name)
                st.caption(
                    f"{ui.number_of(len(kept.columns), 'column')} · {ui.when(kept.saved_at)} {ui.escape(kept.who)}"
                )
                download(
                    "profile", "Download", write_all(kept.to_file()), file_name=profile_file(kept.name),
                    mime="application/json", of=str(kept.id), type="tertiary",
                )  # fmt: skip
                st.button(
                    "Forget", type="tertiary", icon=":material/bookmark_remove:", key=f"load_forget {kept.id}",
                    on_click=forget_profile, args=[kept],
                )  # fmt: skip


def _import(content: bytes) -> None:
    state["load_imports"] = state.get("load_imports", 0) + 1  # a new uploader
    uploads.forget()
    try:
        found = Profile.from_file(content)
        keep_profile(ui.ledger(), found.name, found.mapping, found.columns, who=ui.who())
    except ReddyError as error:
        state["load_notice"] = str(error)
        return
    state["load_notice"] = (
        f"Imported the profile {found.name}, for sheets with its {ui.number_of(len(found.columns), 'column')}."
    )
    forget_known("profile")
    if (file := state.get("load_file")) is not None:
        state.pop(f"load {file.id} afresh", None)


def given_before(products: list[dict[str, Any]] | None) -> dict[str, tuple[Any, str]]:
    """What this person gave for all calls of an earlier file: field → (value, when that was)."""
    return {
        field: (value, f"the one of {profile.name}, which you loaded {ui.when(profile.saved_at)}")
        for field, (value, profile) in values_for_all(ui.ledger(), ui.who(), products).items()
    }


def profile_file(name: str) -> str:
    return re.sub(r"[^\w.\- ]", "_", name)[:80] + ".profile.json"
