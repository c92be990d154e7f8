"""NumPy's errors about traced values, in our words.

``z[0] = x[0]`` with a plain z makes NumPy say "setting an array element with a sequence". The reason, that the
derivative would be lost (or that the function is being compiled), is only in the cause of that error: `explain` finds
it. Compiled code that was handed an object array of traced scalars says so in its own words: `advise` adds what to do.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import StagingError, TraceConversionError
from .recorded import contains_traced

__all__ = ["advise", "explain", "substitutes"]

substitutes: list[Callable[[str, str], str | None]] = []
"""What tells the name of a function that takes traced values, for a module and the name of one that does not."""


def explain(error: BaseException) -> TraceConversionError | StagingError | None:
    """The error of ours that made NumPy raise this one, or None."""
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        if isinstance(found, (TraceConversionError, StagingError)):
            return found
        seen.add(id(found))
        found = found.__cause__ or found.__context__
    return None


def advise(error: BaseException, ours: BaseException | None) -> None:
    """Add to a foreign error about object arrays, or about traced values, what they are and what to do; or to ours."""
    note = _substitute(error) or (_reason(error) if ours is None else None)
    shown = error if ours is None else ours
    if note is not None and note not in getattr(shown, "__notes__", ()):  # an outer transform sees the same error
        shown.add_note(note)


def _substitute(error: BaseException) -> str | None:
    """What to call in place of the first foreign function that was running when the error was raised."""
    trace = error.__traceback__
    while trace is not None:
        frame = trace.tb_frame
        module, called = frame.f_globals.get("__name__", ""), frame.f_code.co_name
        owner = frame.f_locals.get("self")  # a distribution, of which this is a method
        own = getattr(owner, "name", None)
        for name in (called, own):
            for found in [find(module, name) for find in substitutes if isinstance(name, str)]:
                if found is not None:
                    return f"A traced value does not get through {module.partition('._')[0]}.{name}. Use {found}."
        public = owner is None and called[0] not in "_<"
        if public and module.startswith("scipy.") and not module.startswith("scipy._"):
            return None  # what it calls in turn is not the caller's
        trace = trace.tb_next
    return None


def _reason(error: BaseException) -> str | None:
    words = str(error)
    fixed = _FIXED.search(words)
    if fixed:
        way = "y = y.astype(dtype)" if fixed[1] == "dtype" else "y = np.reshape(y, shape)"
        return f"The {fixed[1]} of a traced array cannot be assigned. Bind the name anew, as in {way}."
    if "read-only" in words:
        return (
            "np.asarray and the like of a traced array are read-only, and so are arrays that a derivative needs: write "
            "into a copy, or leave out np.asarray, since traced arrays are arrays."
        )
    mixed = _MISSING.search(words)
    if mixed and isinstance(getattr(np, mixed["ufunc"], None), np.ufunc):
        name = mixed["ufunc"]
        held = (
            f"np.{name} met an array of objects, such as np.array([x[0], 0.0]) with a traced x[0]: NumPy calls the "
            f"method {name} of each entry, which a plain {mixed['kind'] or 'number'} has not. "
        )
    elif _REFUSED.search(words) or any(part in words for part in _OF_OBJECTS) or _met_objects(error):
        held = "The object array holds traced values, which compiled code does not take. "
    elif "'isnan' not supported" in words or any(kind in words for kind in _KINDS):
        held = "A traced value stands for an array whose derivative is wanted. This code does not know it. "
    else:
        return None
    return (
        f"{held}Make traced and plain numbers one traced array with np.array([[x[0], 0.0], [1.0, x[1]]], like=x), use "
        "a function that has a rule, such as those of NumPy and of jacobians.scipy, or give this one its derivative "
        "with jacobians.custom."
    )


def _met_objects(error: BaseException) -> bool:
    """Whether it was raised by installed code, not the caller's, that had an object array of traced values in hand."""
    frames: list[Any] = []
    trace = error.__traceback__
    while trace is not None:
        frames.append(trace.tb_frame)
        trace = trace.tb_next
    for frame in frames[: -1 - _NEAR : -1]:
        file = frame.f_code.co_filename
        if file.startswith(_PACKAGE) or not any(place in file for place in _INSTALLED):
            return False
        for value in frame.f_locals.values():
            if isinstance(value, np.ndarray) and value.dtype.kind == "O" and contains_traced(value):
                return True
    return False


_NEAR = 4
_PACKAGE = str(Path(__file__).parent.parent)
_INSTALLED = ("site-packages", "dist-packages")

_OF_OBJECTS = ("object array", "dtype('O')", "dtype object", "has no callable", "'object'")
# What NumPy says of a float in an array of objects: of ufuncs of one argument, and of several.
_MISSING = re.compile(
    r"(?:of type (?P<kind>[\w.]+) which has no callable|^'(?:float|int|bool|complex)' object has no attribute)"
    r" '?(?P<ufunc>\w+)"
)
_FIXED = re.compile(r"property '(shape|dtype)' of '(?:Traced|Input|Settled|Buffer|View)' object has no setter")
_REFUSED = re.compile(r"ufunc '(?!isnan)\w+' not supported for the input types")
_KINDS = ("Traced", "'Input'", "'Settled'", "'Buffer'", "'View'")
"""What errors of Python and of other libraries call a traced value."""
