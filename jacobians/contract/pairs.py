"""Contractions of arrays of any kind, by NumPy's dispatched functions alone."""

from __future__ import annotations

from string import ascii_letters
from typing import Any

import numpy as np

from ..arrays import is_computed
from ..labels import Label
from ..terms import Factor

__all__ = ["einsum", "sum_out"]


def einsum(factors: tuple[Factor, ...], result: tuple[Label, ...]) -> Factor:
    """NumPy's einsum over labels: for anything that is no ndarray."""
    number: dict[Label, int] = {}
    for factor in factors:
        for label in factor.labels:
            number.setdefault(label, len(number))
    result = tuple([label for label in result if label in number])
    arrays = [factor.array for factor in factors]
    if len(number) <= len(ascii_letters) and any([hasattr(array, "vertex") for array in arrays]):
        words = ["".join([ascii_letters[number[label]] for label in factor.labels]) for factor in factors]
        text = ",".join(words) + "->" + "".join([ascii_letters[number[label]] for label in result])
        if all([is_computed(array) for array in arrays]):  # its structure is found again by this word
            return Factor(np.einsum(text, *arrays), result)
    operands: list[Any] = []
    for factor in factors:
        operands += [factor.array, [number[label] for label in factor.labels]]
    return Factor(np.einsum(*operands, [number[label] for label in result]), result)


def sum_out(factor: Factor, labels: list[Label]) -> Factor:
    """The sum of a factor over some of its labels."""
    axes = tuple([factor.labels.index(label) for label in labels])
    kept = tuple([label for label in factor.labels if label not in labels])
    return Factor(np.sum(factor.array, axis=axes), kept)
