"""Two vectors joined by a map that slides one along the other: convolutions and correlations.

A map ``m == start + n + j`` (or with other signs) joins the three positions of a convolution. What stands at two of
them is summed over, and the third is left, by NumPy's own loops: no array of all pairs is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays import LASTING, scatter
from ..terms import Factor, Map, Sliding
from .network import contract_factors
from .relations import gather, scatter_factor

__all__ = ["slide"]


def slide(factors: Sequence[Factor], relation: Map) -> Factor:
    """The product of two vectors joined by a map that slides, as a vector over the label that neither carries."""
    sliding = relation.index
    assert isinstance(sliding, Sliding)
    if not all([_is_known(factor.array) for factor in factors]):
        return _over_all_pairs(factors, relation)
    (target,) = relation.dst
    steps = dict(zip(relation.src, (sliding.down, sliding.across), strict=True))
    arrays = {factor.labels[0]: factor.array for factor in factors}
    lowest, count = sliding.lowest, sliding.rows + sliding.columns - 1
    if target not in arrays:
        whole = np.convolve(*[_turned(arrays[label], step) for label, step in steps.items()])
        if count != target.size:
            whole = scatter(whole, np.arange(lowest, lowest + count), target.size, True)
        return Factor(whole, (target,))
    (left,) = [label for label in steps if label not in arrays]
    (summed,) = [label for label in steps if label in arrays]
    part = arrays[target] if count == target.size else arrays[target][lowest : lowest + count]
    kernel, step = arrays[summed], steps[summed]
    if step > 0 and part.dtype.kind != "c" and kernel.dtype.kind != "c":
        found = np.correlate(part, kernel, "valid")  # which conjugates a complex kernel
    else:
        found = np.convolve(part, _turned(kernel, -step), "valid")
    return Factor(_turned(found, steps[left]), (left,))


def _turned(array: Any, step: int) -> Any:
    """An array, from its end for a step of -1."""
    return array if step > 0 else array[::-1]


def _is_known(array: Any) -> bool:
    """Whether it is an array of NumPy's, or one of ours that takes all of its functions."""
    return isinstance(array, np.ndarray) or type(array) in LASTING or hasattr(array, "settled")


def _over_all_pairs(factors: Sequence[Factor], relation: Map) -> Factor:
    """The same by functions that arrays of other libraries know."""
    if any([factor.labels == relation.dst for factor in factors]):
        factors = [gather(factor, relation) for factor in factors]
        carried = [label for factor in factors for label in factor.labels]
        return contract_factors(factors, [label for label in carried if carried.count(label) == 1])
    return scatter_factor(contract_factors(factors, relation.src), relation)
