"""`quietly`: a function that runs without NumPy's warnings; `hush` and `restore`, what it does before and after.

`listed_quietly` is the same for a function that yields: what it yields is drawn at once.

It is ``with np.errstate(all="ignore")`` around each call. That statement takes longer than two ufuncs on small arrays,
and the slope of every traced function needs it, so NumPy's own setting is exchanged directly where it can be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial, wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np
from numpy._core import umath

__all__ = ["hush", "listed_quietly", "quietly", "restore"]

P = ParamSpec("P")
R = TypeVar("R")

_SETTING: Any = getattr(umath, "_extobj_contextvar", None)


def _restore(before: Any) -> None:
    _ = np.seterr(**before)


def _is_hushed() -> bool:
    return False


hush: Callable[[], Any] = partial(np.seterr, all="ignore")
restore: Callable[[Any], Any] = _restore
if _SETTING is not None:
    _QUIET = umath._make_extobj(all="ignore")  # type: ignore[attr-defined]
    hush = partial(_SETTING.set, _QUIET)
    restore = _SETTING.reset

    def _is_hushed() -> bool:
        return _SETTING.get(None) is _QUIET


def quietly(function: Callable[P, R]) -> Callable[P, R]:
    """The function, for which overflow, division by zero and nan are no matter."""

    def quiet(*args: P.args, **kwargs: P.kwargs) -> R:
        if _is_hushed():
            return function(*args, **kwargs)
        before = hush()
        try:
            return function(*args, **kwargs)
        finally:
            restore(before)

    quiet.__doc__ = function.__doc__
    return quiet


def listed_quietly(function: Callable[P, Iterable[R]]) -> Callable[P, list[R]]:
    """The function that lists what this one yields, for which overflow, division by zero and nan are no matter."""

    @wraps(function)
    def listed(*args: P.args, **kwargs: P.kwargs) -> list[R]:
        before = hush()
        try:
            return list(function(*args, **kwargs))
        finally:
            restore(before)

    return listed
