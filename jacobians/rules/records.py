"""Functions of `numpy.lib.recfunctions`: fields of structured arrays have names and dtypes, not derivatives.

This module is read when the first function of a loaded `numpy.lib.recfunctions` is looked up.
"""

from __future__ import annotations

import numpy as np
from numpy.lib import recfunctions

from ..registry import unsupported

__all__: list[str] = []

_FIELDS = [function for function in vars(recfunctions).values() if isinstance(function, type(np.sum))]
unsupported(
    "because it is about fields of structured arrays",
    *dict.fromkeys([f for f in _FIELDS if f.__module__ == recfunctions.__name__]),
)
