"""Contractions of which it is known that the result is symmetric."""

from __future__ import annotations

from collections.abc import Iterable
from math import isqrt

import numpy as np

from ..contract import SYMMETRIC_LIMIT, contract_factors
from ..labels import Label, size_of
from ..plain import mirror
from ..terms import Factor

__all__ = ["contract_symmetric"]


def contract_symmetric(factors: list[Factor], labels: Iterable[Label]) -> Factor:
    """`contract_factors` for all of a symmetric matrix, rows before columns."""
    labels = tuple(labels)
    size = isqrt(size_of(labels))
    if size < SYMMETRIC_LIMIT or len(labels) % 2 or not all([type(factor.array) is np.ndarray for factor in factors]):
        return contract_factors(factors, labels)
    dtype = np.result_type(*[factor.dtype for factor in factors])
    made = contract_factors(factors, labels, np.empty([label.size for label in labels], dtype), symmetric=True)
    _ = mirror(made.array.reshape(size, size))
    return made
