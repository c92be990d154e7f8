"""Functions that have no derivative: sets, printing, files, dates, bits, strings.

What they tell of an array, they tell of its numbers: hand them ``jacobians.primal(x)``.
"""

from __future__ import annotations

import warnings
from types import ModuleType
from typing import Any

import numpy as np
from numpy._core import umath

from ..registry import lookup, nondifferentiable, unsupported

__all__: list[str] = []

_SETS = "because the size of its result depends on the values. Use x[index], with an index from jacobians.primal(x)"
_REFUSED = {
    _SETS: "unique unique_all unique_counts unique_inverse unique_values intersect1d setdiff1d setxor1d union1d",
    "because it writes a file. Use jacobians.primal(x)": "save savetxt savez savez_compressed",
    "because it is about bits": "packbits unpackbits",
    "because it is about dates": "busday_count busday_offset is_busday datetime_as_string",
}


def _dispatched(module: ModuleType, names: list[str]) -> list[Any]:
    """The functions of a module that tell NumPy's protocol of their calls; which ones do depends on the version."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of names that are on their way out
        found = [getattr(module, name, None) for name in names]
    return list(dict.fromkeys([function for function in found if isinstance(function, type(np.sum))]))


for _reason, _names in _REFUSED.items():
    unsupported(_reason, *_dispatched(np, _names.split()))
for _module in (np.char, np.strings):
    _strings = [function for function in _dispatched(_module, _module.__all__) if lookup(function) is None]
    unsupported("because it is about strings", *_strings)
# Ufuncs of NumPy 2.5 that no array of numbers reaches.
_parts = [vars(umath)[name] for name in ("real", "imag") if name in vars(umath)]
unsupported("because it has no loop for numbers. Use np.real or np.imag", *_parts)
nondifferentiable(*_dispatched(np, ["isin", "in1d", "array_repr", "array_str", "array2string"]))
