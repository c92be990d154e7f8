"""How much memory a call takes at its peak, beside what it is given and what it gives.

The peak is what NumPy and Python allocate (`tracemalloc`), in units of one array of 10^5 numbers.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

from jacobians.contract import contract_factors
from jacobians.elimination.owning import NOTHING_SPARE
from jacobians.elimination.sums import weighted_sum
from jacobians.labels import Label
from jacobians.terms import Factor

N = 100_000
UNIT = 8 * N


def peak(work: Callable[[], Any]) -> float:
    """Arrays of N numbers that are there at most at a time during a call, its result included."""
    for _ in range(2):  # plans and recipes are there the second time
        _ = work()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        result = work()
        most = tracemalloc.get_traced_memory()[1] - before
        del result
    finally:
        tracemalloc.stop()
    return most / UNIT


def test_a_sum_is_written_into_what_nobody_needs() -> None:
    label = Label(N, "i")
    for scales in ((1.0, 1.0), (2.0, -2.0), (1.0, 3.0), (3.0, 1.0), (3.0, 5.0)):
        for owned in ((0,), (1,), (0, 1)):
            a, b = np.full(N, 2.0), np.full(N, 7.0)
            spare = frozenset([id((a, b)[n]) for n in owned])
            scale, total = weighted_sum(scales[0], Factor(a, (label,)), scales[1], Factor(b, (label,)), spare)
            assert set(scale * total.array) == {2.0 * scales[0] + 7.0 * scales[1]}
            assert any([total.array is (a, b)[n] for n in owned]) or scales == (1.0, 3.0) or owned == (1,)
            for n in {0, 1}.difference(owned):
                assert set((a, b)[n]) == {(2.0, 7.0)[n]}


def test_a_sum_of_what_is_needed_takes_one_array() -> None:
    label = Label(N, "i")
    a, b = Factor(np.ones(N), (label,)), Factor(np.ones(N), (label,))
    assert peak(lambda: weighted_sum(1.0, a, 3.0, b, NOTHING_SPARE)) < 1.1
    assert peak(lambda: weighted_sum(5.0, a, 3.0, b, NOTHING_SPARE)) < 2.1


def test_an_intermediate_of_a_contraction_becomes_its_result() -> None:
    i, j, k = Label(400, "i"), Label(250, "j"), Label(7, "k")
    rng = np.random.default_rng(0)
    labels = (i, k), (k, j), (j, i)  # a matrix product, times what stands in another order
    arrays = [rng.standard_normal([label.size for label in group]) for group in labels]
    factors = [Factor(array, group) for array, group in zip(arrays, labels, strict=True)]
    found = contract_factors(factors, (i, j))
    order = tuple([found.labels.index(label) for label in (i, j)])
    np.testing.assert_allclose(found.array.transpose(order), np.einsum("ik,kj,ji->ij", *arrays), rtol=1e-10)
    copies = [array.copy() for array in arrays]
    assert peak(lambda: contract_factors(factors, (i, j))) < 1.2
    for array, copy in zip(arrays, copies, strict=True):
        np.testing.assert_array_equal(array, copy)
