"""Contractions of which more is known: that the same arrays may meet again, or that the result is symmetric."""

from __future__ import annotations

from collections.abc import Iterable
from math import isqrt
from typing import Any

import numpy as np

from ..contract import SYMMETRIC_LIMIT, contract_factors
from ..labels import Label, size_of
from ..symmetric import mirror
from ..terms import Factor, factor_of
from ..terms.memory import recall

__all__ = ["contract_once", "contract_symmetric", "multiply_once"]


def contract_once(factors: list[Factor], labels: Iterable[Label]) -> Factor:
    """`contract_factors`, which finds again what it has made of the same arrays under other labels, in any order."""
    if all([type(factor.array) is np.ndarray for factor in factors]):  # the transpose has them in another order
        factors = sorted(factors, key=lambda factor: factor.array.shape)
    number: dict[Label, int] = {}
    for factor in factors:
        for label in factor.labels:
            number.setdefault(label, len(number))
    known = [*number]
    wanted = sorted([number[label] for label in labels if label in number])
    inputs = tuple([tuple([number[label] for label in factor.labels]) for factor in factors])
    arrays = [factor.array for factor in factors]
    key = "contract", inputs, *wanted, *map(id, arrays)
    made, order = recall(key, arrays, lambda: _numbered(contract_factors(factors, [known[n] for n in wanted]), number))
    return factor_of(made, tuple([known[n] for n in order]))


def multiply_once(a: Any, b: Any) -> Any:
    """The product of arrays that broadcast, which finds again what it has made of the same two."""
    if not type(a) is type(b) is np.ndarray:
        return np.multiply(a, b)
    return recall(("product", *sorted((id(a), id(b)))), (a, b), lambda: np.multiply(a, b, order="C"))


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


def _numbered(factor: Factor, number: dict[Label, int]) -> tuple[Any, list[int]]:
    return factor.array, [number[label] for label in factor.labels]
