"""Show progress bars in notebooks and terminals."""

from __future__ import annotations

import warnings
from typing import Any

__all__ = ["progress_bar"]


def progress_bar(*, shown: bool, **options: Any) -> Any:
    """Return a tqdm bar with these options; it draws nothing unless `shown`.

    A notebook gets a widget if ipywidgets is installed, else a line of text without tqdm's red warning.
    """
    from tqdm import TqdmWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TqdmWarning)
        from tqdm.auto import tqdm

    return tqdm(disable=not shown, **options)
