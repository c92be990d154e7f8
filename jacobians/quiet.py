"""`quietly`: a function that runs without NumPy's warnings.

It is ``with np.errstate(all="ignore")`` around each call. That statement takes longer than two ufuncs on small arrays,
and the slope of every traced function needs it, so NumPy's own setting is exchanged directly where it can be.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy._core import umath

__all__ = ["quietly"]

_SETTING: Any = getattr(umath, "_extobj_contextvar", None)
_QUIET: Any = None if _SETTING is None else umath._make_extobj(all="ignore")  # type: ignore[attr-defined]


def quietly(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, for which overflow, division by zero and nan are no matter."""

    def quiet(*args: Any, **kwargs: Any) -> Any:
        if _SETTING is None:
            with np.errstate(all="ignore"):
                return function(*args, **kwargs)
        before = _SETTING.set(_QUIET)
        try:
            return function(*args, **kwargs)
        finally:
            _SETTING.reset(before)

    return quiet
