"""Sums of products in portions: the same numbers, and no large intermediate."""

import tracemalloc

import numpy as np
import pytest

from jacobians.contract import contract_factors, network, portions
from jacobians.labels import Label
from jacobians.terms import Factor

rng = np.random.default_rng(3)

CASES = {
    "n k, n k i, n k j -> k i j": {"n": 700, "k": 5, "i": 4, "j": 3},
    "n, n i, n j -> i j": {"n": 1001, "i": 6, "j": 7},
    "n i, n i, n j, j m -> i m": {"n": 900, "i": 8, "j": 7, "m": 3},
    "n i, i n, n -> i": {"n": 801, "i": 9},
    "n i, n i, n i -> ": {"n": 640, "i": 9},
    "a n, n i, n b -> a b": {"n": 500, "a": 3, "i": 20, "b": 3},
    "n i m, m j, n i -> j": {"n": 400, "i": 4, "m": 3, "j": 2},
}


PORTIONS = network._portions


def contracted(case, kind, monkeypatch):
    """The product, NumPy's, and how many portions were taken."""
    network._program.cache_clear()
    network._RECENT.clear()
    taken = []

    def watched(*arguments):
        taken.extend(PORTIONS(*arguments))
        return tuple(taken)

    monkeypatch.setattr(network, "_portions", watched)
    left, right = case.split("->")
    labels = {name: Label(size, name) for name, size in CASES[case].items()}
    groups = [tuple([labels[name] for name in group.split()]) for group in left.split(",")]
    result = tuple([labels[name] for name in right.split()])
    arrays = [rng.standard_normal([label.size for label in group]) for group in groups]
    arrays = [(array + 1j * array[::-1] if kind in "FD" else array).astype(kind) for array in arrays]
    given = [array.copy() for array in arrays]
    found = contract_factors([Factor(array, group) for array, group in zip(arrays, groups, strict=True)], result)
    for array, before in zip(arrays, given, strict=True):
        np.testing.assert_array_equal(array, before)
    numbers = {label: n for n, label in enumerate(labels.values())}
    operands = [x for array, group in zip(arrays, groups, strict=True) for x in (array, [numbers[m] for m in group])]
    expected = np.einsum(*operands, [numbers[label] for label in result])
    order = [found.labels.index(label) for label in result]
    network._program.cache_clear()
    network._RECENT.clear()
    return np.transpose(found.array, order), expected, taken


@pytest.mark.parametrize("kind", "fdFD")
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("cached", [300, 900])
def test_portions_add_up(case, kind, cached, monkeypatch):
    monkeypatch.setattr(portions, "LARGE", cached + 1)
    monkeypatch.setattr(portions, "SMALL", 1)
    monkeypatch.setattr(portions, "SHORT", 1)
    monkeypatch.setattr(portions, "CACHED", cached)
    found, expected, taken = contracted(case, kind, monkeypatch)
    assert len(taken) != 1
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    rtol, atol = (2e-3, 1e-2) if kind in "fF" else (1e-9, 1e-9)
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=atol)


def test_most_cases_take_portions(monkeypatch):
    for name, value in {"LARGE": 301, "CACHED": 300, "SMALL": 1, "SHORT": 1}.items():
        monkeypatch.setattr(portions, name, value)
    taken = [len(contracted(case, "d", monkeypatch)[2]) > 1 for case in CASES]
    assert sum(taken) >= 4


def test_what_is_summed_away_takes_no_memory():
    n, k, i, j = Label(20_000), Label(10), Label(8), Label(8)
    arrays = (
        rng.standard_normal((20_000, 10)),
        rng.standard_normal((20_000, 10, 8)),
        rng.standard_normal((20_000, 10, 8)),
    )
    factors = [Factor(array, labels) for array, labels in zip(arrays, [(n, k), (n, k, i), (n, k, j)], strict=True)]
    tracemalloc.start()
    try:
        found = contract_factors(factors, (k, i, j))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < arrays[1].nbytes / 4
    np.testing.assert_allclose(
        np.transpose(found.array, [found.labels.index(label) for label in (k, i, j)]),
        np.einsum("nk,nki,nkj->kij", *arrays),
        rtol=1e-9,
        atol=1e-9,
    )


@pytest.mark.parametrize(
    ("output", "sizes", "intermediates"),
    [
        ((1, 2), (10_000, 10, 10), [(0, 1)]),  # small
        ((0, 1), (10_000, 100), [(0, 1)]),  # not summed
        ((1, 3), (10_000, 100, 10, 1000), [(0, 1)]),  # a large result
        ((1, 2), (10_000, 100, 10), [(0, 1), (1, 2)]),  # one does not carry what is summed
        ((1,), (100, 100, 100), [(0, 1, 2)]),  # short
    ],
)
def test_at_once(output, sizes, intermediates):
    assert portions.portion(output, sizes, intermediates) is None


SLICED = [
    "b o m, b m, c m, m c p, b c -> b o c p",
    "b o m, c m, c p m -> b o c p",
    "m b, m c, b o, c p -> b o c p",
    "b o, c p -> b o c p",
    "b o c, c p -> b o c p",
    "m b, m k, k c, c o, b p -> b o c p",
]


@pytest.mark.parametrize("kind", ["d", "f", "D"])
@pytest.mark.parametrize("add", [False, True])
@pytest.mark.parametrize("case", SLICED)
def test_results_in_slices(case, add, kind):
    sizes = {"b": 70, "o": 8, "c": 64, "p": 9, "m": 12, "k": 5}
    left, right = case.split("->")
    labels = {name: Label(size, name) for name, size in sizes.items()}
    groups = [tuple([labels[name] for name in group.split()]) for group in left.split(",")]
    result = tuple([labels[name] for name in right.split()])
    arrays = [rng.standard_normal([label.size for label in group][::-1]).T for group in groups]
    arrays = [(array + 1j * array[::-1] if kind in "FD" else array).astype(kind) for array in arrays]
    given = [array.copy() for array in arrays]
    out = rng.standard_normal([label.size for label in result]).astype(kind)
    before = out.copy()
    found = contract_factors([Factor(a, g) for a, g in zip(arrays, groups, strict=True)], result, out, add=add)
    assert found.array is out
    numbers = {label: n for n, label in enumerate(labels.values())}
    operands = [x for array, group in zip(given, groups, strict=True) for x in (array, [numbers[m] for m in group])]
    expected = np.einsum(*operands, [numbers[label] for label in result], optimize="greedy")
    expected = expected + before if add else expected
    np.testing.assert_allclose(out, expected, rtol=1e-3 if kind == "f" else 1e-10, atol=1e-3 if kind == "f" else 1e-10)
    for array, copy in zip(arrays, given, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize("case", [*SLICED[:4], SLICED[5]])
def test_what_is_added_in_slices_takes_little_memory(case):
    """In units of the result, 2.6 MB; the first case has a factor of a fifth of it, laid out anew."""
    sizes = {"b": 70, "o": 8, "c": 64, "p": 9, "m": 12, "k": 5}
    left, right = case.split("->")
    labels = {name: Label(size, name) for name, size in sizes.items()}
    groups = [tuple([labels[name] for name in group.split()]) for group in left.split(",")]
    result = tuple([labels[name] for name in right.split()])
    factors = [Factor(rng.standard_normal([label.size for label in group]), group) for group in groups]
    out = np.zeros([label.size for label in result])
    peak = 0
    for _ in range(2):
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        _ = contract_factors(factors, result, out, add=True)
        peak = tracemalloc.get_traced_memory()[1] - before
        tracemalloc.stop()
    assert peak < 0.95 * out.nbytes


def test_what_is_contracted_first_is_made_in_slices():
    """``sum_n X X sum_o p B B``: p B is as large as B, and the result small."""
    n, i, j, o = Label(400, "n"), Label(30, "i"), Label(60, "j"), Label(20, "o")
    groups = (n, i), (n, i), (n, o), (o, n, j), (o, n, j)
    X, p, B = [rng.standard_normal([label.size for label in group]) for group in (groups[0], groups[2], groups[3])]
    factors = [Factor(array, group) for array, group in zip((X, X, p, B, B), groups, strict=True)]
    out, peak = np.empty((30, 60)), 0
    for _ in range(2):
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        _ = contract_factors(factors, (i, j), out)
        peak = tracemalloc.get_traced_memory()[1] - before
        tracemalloc.stop()
    np.testing.assert_allclose(out, np.einsum("ni,noj->ij", X * X, np.einsum("no,onj,onj->noj", p, B, B)), rtol=1e-10)
    assert peak < 0.6 * B.nbytes


@pytest.mark.parametrize(
    ("output", "sizes", "intermediates", "length"),
    [
        ((0, 1), (1000, 2000), [(0, 1)], 65),
        ((0, 1), (10, 20), [(0, 1)], None),  # small
        ((0, 1), (1000, 2000, 50), [(2, 0, 1), (2, 1)], None),  # one does not carry the first label
        ((0, 1), (1000, 2000), [], None),  # nothing between
    ],
)
def test_lengths_of_slices(output, sizes, intermediates, length):
    assert portions.slice_length(output, sizes, intermediates) == length


def test_a_kernel_of_tangents_is_added_in_slices():
    """Two layers and the last: products of 6.6 MB, of which one stands in memory at a time."""
    import jacobians as jac

    X, V, W = [rng.standard_normal(shape) / 5 for shape in ((91, 40), (40, 60), (60, 10))]

    def f(V, W):
        return np.tanh(X @ V) @ W

    def kernel():
        return sum([J @ J.T for J in jac.jacobian(f, argnums=(0, 1))(V, W)]).to_array()

    found = kernel()
    A = np.tanh(X @ V)
    D = (1 - A * A)[:, None, :] * W.T
    expected = np.einsum("bom,cpm,bc->bocp", D, D, X @ X.T, optimize=True)
    np.einsum("boco->bco", expected)[...] += (A @ A.T)[:, :, None]
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    found = kernel()
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    assert peak < 1.7 * found.nbytes
