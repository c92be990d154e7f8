"""One pairwise contraction of dense factors.

True ndarrays are lowered to a scaling, a GEMM or a batched `matmul`; einsum's own loop wins for batches of tiny
matrix-vector products and below `LOOP_LIMIT` multiply-adds. Anything else (a traced array, another library's) gets one
``np.einsum``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..labels import Label, size_of
from ..terms import Factor

__all__ = ["contract_pair", "einsum", "sum_out"]

LOOP_LIMIT = 20_000
"""Multiply-adds below which the overhead of reshaping exceeds einsum's slower loop (measured, see benchmarks)."""


MATRIX_LIMIT = 128
"""Entries of each matrix below which a batch of matrix-vector products is faster in einsum's loop (measured)."""


def contract_pair(a: Factor, b: Factor, result: Iterable[Label]) -> Factor:
    """The product of two factors, summed over the labels that are not in `result`.

    Without a sum the labels are in the order of `result`, so that a large product is written once; else the labels that
    both carry come first, and then those of the factor that has the first of the others.
    """
    wanted = dict.fromkeys(result)
    if not (type(a.array) is np.ndarray and type(b.array) is np.ndarray):
        return einsum((a, b), tuple(wanted))
    in_a, in_b = set(a.labels), set(b.labels)
    summed = [label for label in a.labels if label in in_b and label not in wanted]
    work = size_of(a.labels) * size_of(label for label in b.labels if label not in in_a)
    if any(label not in wanted and label not in in_b for label in a.labels):
        a = sum_out(a, [label for label in a.labels if label not in wanted and label not in in_b])
    if any(label not in wanted and label not in in_a for label in b.labels):
        b = sum_out(b, [label for label in b.labels if label not in wanted and label not in in_a])
    if not summed:
        return _multiply(a, b, tuple([label for label in wanted if label in in_a or label in in_b]))
    batch = [label for label in wanted if label in in_a and label in in_b]
    rows = [label for label in wanted if label in in_a and label not in in_b]
    columns = [label for label in wanted if label in in_b and label not in in_a]
    first = next((label for label in wanted if label in rows or label in columns), None)
    if first in columns:
        a, b, rows, columns = b, a, columns, rows
    vectors = bool(batch) and bool(rows) != bool(columns)
    if work < LOOP_LIMIT or (vectors and size_of([*rows, *columns, *summed]) < MATRIX_LIMIT):
        return einsum((a, b), tuple([*batch, *rows, *columns]))
    return _matmul(a, b, (batch, rows, columns, summed))


def einsum(factors: tuple[Factor, ...], result: tuple[Label, ...]) -> Factor:
    """NumPy's einsum over labels: for anything that is no ndarray, and for small ones."""
    number: dict[Label, int] = {}
    for factor in factors:
        for label in factor.labels:
            number.setdefault(label, len(number))
    result = tuple([label for label in result if label in number])
    operands: list[Any] = []
    for factor in factors:
        operands += [factor.array, [number[label] for label in factor.labels]]
    return Factor(np.einsum(*operands, [number[label] for label in result]), result)


def sum_out(factor: Factor, labels: list[Label]) -> Factor:
    """The sum of a factor over some of its labels."""
    axes = tuple([factor.labels.index(label) for label in labels])
    kept = tuple([label for label in factor.labels if label not in labels])
    return Factor(np.sum(factor.array, axis=axes), kept)


def _multiply(a: Factor, b: Factor, labels: tuple[Label, ...]) -> Factor:
    """Entrywise or outer product, written once, in the order of `labels`."""
    return Factor(np.multiply(a.spread(labels), b.spread(labels), order="C"), labels)


def _matmul(a: Factor, b: Factor, groups: tuple[list[Label], list[Label], list[Label], list[Label]]) -> Factor:
    """A GEMM for each batch index."""
    batch, rows, columns, summed = groups
    shape = [label.size for label in batch]
    left = _arrange(a, (*batch, *rows, *summed)).reshape(*shape, size_of(rows), size_of(summed))
    right = _arrange(b, (*batch, *summed, *columns)).reshape(*shape, size_of(summed), size_of(columns))
    labels = tuple([*batch, *rows, *columns])
    return Factor(np.matmul(left, right).reshape([label.size for label in labels]), labels)


def _arrange(factor: Factor, labels: tuple[Label, ...]) -> np.ndarray:
    if labels == factor.labels:
        return factor.array
    return factor.array.transpose([factor.labels.index(label) for label in labels])
