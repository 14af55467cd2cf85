"""Everything that the app imports, also what a page imports when it is opened first: for a process that apps are forked
from."""

from __future__ import annotations

import importlib
import pkgutil

import pandas  # noqa: F401
import plotly.graph_objects  # noqa: F401
import pyarrow.parquet  # noqa: F401
import streamlit.web.cli
import uvicorn.protocols.http.auto
import uvicorn.protocols.websockets.auto  # noqa: F401

import reddy_lib

for _package in (reddy_lib, streamlit.web.server):
    for _module in pkgutil.walk_packages(_package.__path__, _package.__name__ + "."):
        if not _module.name.endswith("__main__"):
            importlib.import_module(_module.name)
