"""Contractions against the brute-force meaning of terms."""

import tracemalloc

import numpy as np
import pytest
from dense_terms import dense
from hypothesis import given, settings
from hypothesis import strategies as st
from random_terms import terms

from jacobians.chain import resolve
from jacobians.contract import contract_factors, gather, plan_pairs, scatter_factor, to_coo, to_dense
from jacobians.contract.kernels import LOOP_LIMIT
from jacobians.contract.stacking import STACK_LIMIT, write_stacked
from jacobians.labels import Label
from jacobians.terms import Factor, Map, OperatorFactor, Term

SHAPES = st.lists(st.sampled_from([1, 2, 3, 4, 6]), max_size=2).map(tuple)


def resolved(*raw):
    return [term for term in map(resolve, raw) if term is not None]


@settings(max_examples=400, deadline=None)
@given(st.data(), SHAPES, SHAPES, st.integers(1, 3))
def test_dense_and_triplets_are_the_meaning_of_terms(data, out_shape, in_shape, count):
    raw = [data.draw(terms(out_shape, in_shape)) for _ in range(count)]
    expected = sum(dense(term) for term in raw)
    computed = to_dense(resolved(*raw), out_shape + in_shape, np.dtype(float))
    np.testing.assert_allclose(computed, expected, atol=1e-10)
    matrix = np.zeros((int(np.prod(out_shape)), int(np.prod(in_shape))))
    for entries in to_coo(resolved(*raw), np.dtype(float)):
        np.add.at(matrix, (entries.rows, entries.columns), entries.values)
    np.testing.assert_allclose(matrix, expected.reshape(matrix.shape), atol=1e-10)


def test_dense_results_own_their_memory():
    i, j = Label(2), Label(3)
    array = np.arange(6.0).reshape(2, 3)
    result = to_dense([Term(((i,),), ((j,),), (Factor(array, (i, j)),))], (2, 3), array.dtype)
    result[:] = -1.0
    assert array[1, 2] == 5.0


PAIRS = {
    "gemm": ("ik", "kj", "ij"),
    "batched": ("bik", "bkj", "bij"),
    "batched matrix-vector": ("bij", "bj", "bi"),
    "batched inner": ("bi", "bi", "b"),
    "scaling": ("ij", "j", "ij"),
    "outer": ("ij", "kl", "ijkl"),
    "shared outer": ("bi", "bj", "bij"),
    "sums on both sides": ("ijs", "jkt", "ik"),
    "several summed": ("ijk", "kjl", "il"),
    "scalar": ("", "ij", "ij"),
}


@pytest.mark.parametrize("scale", [1, 6], ids=["loop", "blas"])
@pytest.mark.parametrize("name", PAIRS)
def test_each_pair_agrees_with_einsum(name, scale):
    rng = np.random.default_rng(0)
    left, right, out = PAIRS[name]
    labels = {letter: Label(scale * (3 + n), letter) for n, letter in enumerate("bijklst")}
    a = rng.normal(size=[labels[x].size for x in left])
    b = rng.normal(size=[labels[x].size for x in right])
    wanted = [labels[x] for x in out]
    left_labels, right_labels = tuple(labels[x] for x in left), tuple(labels[x] for x in right)
    result = contract_factors([Factor(a, left_labels), Factor(b, right_labels)], wanted)
    order = "".join(label.name for label in result.labels)
    assert sorted(order) == sorted(out)
    np.testing.assert_allclose(result.array, np.einsum(f"{left},{right}->{order}", a, b), atol=1e-8)
    assert LOOP_LIMIT > 0


def test_vectors_in_a_chain_do_not_cost_an_outer_product():
    a, b, c = Label(200), Label(1000), Label(200)
    plan, _ = plan_pairs([(a, b), (b,), (b,), (b, c)], (a, c))
    assert plan.largest_intermediate == 200_000
    assert plan.multiplications == 1000 + 200 * 1000 + 200 * 1000 * 200


def test_plan_of_a_chain_is_the_matrix_chain_optimum():
    sizes = [Label(n) for n in (10, 300, 5, 100, 2)]
    plan, _ = plan_pairs([tuple(sizes[n : n + 2]) for n in range(4)], (sizes[0], sizes[4]))
    assert plan.multiplications == 5 * 100 * 2 + 300 * 5 * 2 + 10 * 300 * 2


def test_more_factors_than_dynamic_programming_plans():
    labels = [Label(2) for _ in range(31)]
    factors = [Factor(np.eye(2) + 0.1, tuple(labels[n : n + 2])) for n in range(30)]
    result = contract_factors(factors, [labels[0], labels[30]])
    np.testing.assert_allclose(result.array, np.linalg.matrix_power(np.eye(2) + 0.1, 30))


def test_gather_and_scatter_are_transposed():
    rng = np.random.default_rng(1)
    k, p, b = Label(5), Label(8), Label(3)
    relation = Map.of((k,), (p,), rng.integers(0, 5, 8))
    table, rows = Factor(rng.normal(size=(3, 5)), (b, k)), Factor(rng.normal(size=(8, 3)), (p, b))
    gathered, scattered = gather(table, relation), scatter_factor(rows, relation)
    left = np.einsum("bp,pb->", gathered.array, rows.array)
    assert gathered.labels == (b, p)
    assert scattered.labels == (k, b)
    np.testing.assert_allclose(left, np.einsum("bk,kb->", table.array, scattered.array))


class Sum:
    """The running sum, as an operation."""

    dtype = np.dtype(float)
    nbytes = 0

    def apply(self, array):
        return np.cumsum(array, axis=0)

    def apply_transposed(self, array):
        return np.cumsum(array[::-1], axis=0)[::-1]


@pytest.mark.parametrize("case", ["alone", "right", "left", "both", "fed", "gathered", "twice", "ones"])
def test_operators_are_applied_to_what_they_meet(case):
    rng = np.random.default_rng(2)
    i, j, k, b, p = Label(4), Label(4), Label(4), Label(3), Label(6)
    operator = OperatorFactor(Sum(), (i,), (j,))
    h = Factor(rng.normal(size=(4, 3)), (j, b))
    c = Factor(rng.normal(size=(3, 4)), (b, i))
    index = rng.integers(0, 4, 6)
    term = {
        "alone": Term(((i,),), ((j,),), (operator,)),
        "right": Term(((i,),), ((b,),), (operator, h), bound=(j,)),
        "left": Term(((b,),), ((j,),), (c, operator), bound=(i,)),
        "both": Term(((b,),), (), (c, operator, h), bound=(i, j)),
        "fed": Term(((i,),), (), (operator, Factor(rng.normal(size=6), (p,))), (Map.of((j,), (p,), index),), (j, p)),
        "gathered": Term(((p,),), ((j,),), (operator,), (Map.of((i,), (p,), index),), (i,)),
        "twice": Term(((i,),), ((k,),), (operator, OperatorFactor(Sum(), (j,), (k,))), bound=(j,)),
        "ones": Term(((i,),), (), (operator,), bound=(j,)),
    }[case]
    shape = term.out_shape + term.in_shape
    np.testing.assert_allclose(to_dense([term], shape, np.dtype(float)), dense(term.check()))


def random_contraction(rng, count, sizes):
    """Arrays, their words, and the word of a result, in random orders, some arrays seen transposed."""
    letters = "abcdefg"[: len(sizes)]
    words = ["".join(rng.permutation(list(letters))[: rng.integers(0, 5)]) for _ in range(count)]
    carried = sorted(set("".join(words)))
    result = "".join(rng.permutation(carried)[: rng.integers(0, len(carried) + 1)])
    arrays = []
    for word in words:
        shape = [sizes[letters.index(x)] for x in word]
        array = rng.normal(size=shape) if rng.random() < 0.7 else rng.normal(size=shape[::-1]).T
        arrays.append(array * 1j if rng.random() < 0.2 else array)
    return arrays, words, result


@pytest.mark.parametrize("count", [2, 3, 5])
@pytest.mark.parametrize("large", [False, True], ids=["tiny", "large"])
@pytest.mark.parametrize("seed", range(60))
def test_random_contractions_agree_with_einsum(seed, large, count):
    rng = np.random.default_rng([seed, large, count])
    sizes = [int(n) for n in rng.choice([8, 12, 20, 2] if large else [2, 3, 4], 5)]
    arrays, words, result = random_contraction(rng, count, sizes)
    labels = {letter: Label(size, letter) for letter, size in zip("abcde", sizes, strict=True)}
    factors = [Factor(a, tuple(labels[x] for x in word)) for a, word in zip(arrays, words, strict=True)]
    wanted = [labels[x] for x in result]
    expected = np.einsum(f"{','.join(words)}->{result}", *arrays, optimize="greedy")
    free = contract_factors(factors, wanted)
    free.check()
    np.testing.assert_allclose(np.transpose(free.array, [free.labels.index(x) for x in wanted]), expected, atol=1e-8)
    for order in (range(len(result)), rng.permutation(len(result))):
        buffer = np.full([labels[result[n]].size for n in order], np.nan, expected.dtype)
        out = buffer.transpose(np.argsort(order))
        assert contract_factors(factors, wanted, out).array is out
        np.testing.assert_allclose(out, expected, atol=1e-8)


def product_terms(rng, sizes, words):
    """Terms without deltas over axes of these sizes: each word lists its factors, capitals are summed labels."""
    terms = []
    for scale, word in enumerate(words, 2):
        labels = {letter: Label(size, letter) for letter, size in zip("ijkl", sizes, strict=False)}
        labels |= {letter: Label(size, letter) for letter, size in zip("ST", (3, 5), strict=True) if letter in word}
        factors = [
            Factor(rng.normal(size=[labels[x].size for x in group]), tuple(labels[x] for x in group))
            for group in word.split()
        ]
        axes = tuple((labels[x],) for x in "ijkl"[: len(sizes)])
        bound = tuple(labels[x] for x in "ST" if x in labels)
        terms.append(Term(axes[:1], axes[1:], tuple(factors), (), bound, float(scale)).check())
    return terms


SUMS = {
    "attention": ((12, 11, 13, 14), ["ik lj", "kj i ik il", "i ik il ij", "il ik ij"]),
    "low rank": ((150, 160), ["iS jS", "iST TSj", "i j"]),
    "one does not split": ((12, 11, 13, 14), ["ik lj", "kj il", "ijkl", "ijk l"]),
    "ones": ((12, 11, 13, 14), ["i", "l", "", "S"]),
    "nothing splits": ((150, 160), ["ij", "ijS S"]),
}


@pytest.mark.parametrize("name", SUMS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.complex128])
def test_sums_of_products_are_written_at_once(name, dtype):
    rng = np.random.default_rng(3)
    sizes, words = SUMS[name]
    terms = product_terms(rng, sizes, words)
    assert np.prod(sizes) > STACK_LIMIT
    expected = sum(dense(term) for term in terms)
    out = np.full(sizes, np.nan, dtype)
    assert to_dense(terms, sizes, np.dtype(dtype), out) is out
    np.testing.assert_allclose(out, expected, atol=1e-10 if dtype is not np.float32 else 1e-4)
    np.testing.assert_array_equal(to_dense(terms, sizes, np.dtype(dtype)), out)
    assert (write_stacked(out, terms) is None) == (name == "nothing splits")


def test_dense_results_reuse_a_buffer():
    i, j, k = Label(6), Label(4), Label(5)
    rng = np.random.default_rng(4)
    A, B = Factor(rng.normal(size=(6, 5)), (i, k)), Factor(rng.normal(size=(5, 4)), (k, j))
    out = np.full((6, 4), np.nan)
    for summands in (
        [Term(((i,),), ((j,),), (A, B), bound=(k,), scale=-2.0)],
        [Term(((i,),), ((j,),), (), scale=3.0)],
        [Term(((i,),), ((j,),), (A,), bound=(k,))],
        [],
    ):
        assert to_dense(summands, (6, 4), np.dtype(float), out) is out
        np.testing.assert_allclose(out, sum((dense(term) for term in summands), np.zeros((6, 4))))
    square = np.full((6, 6), np.nan)
    diagonal = Term(((i,),), ((i,),), (Factor(np.arange(6.0), (i,)),))
    assert to_dense([diagonal], (6, 6), np.dtype(float), square) is square
    np.testing.assert_array_equal(square, np.diag(np.arange(6.0)))


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.complex128])
@pytest.mark.parametrize("shape", [(60, 40, 30), (500, 3, 3), (7, 300, 2), (2, 2, 2)])
def test_a_middle_axis_is_summed_without_a_copy(shape, dtype):
    generator = np.random.default_rng(0)
    i, j, k = [Label(size, name) for size, name in zip(shape, "ijk", strict=True)]
    M, v = [generator.standard_normal((*s, 2)) @ np.array([1, 1j]) for s in (shape, shape[1:2])]
    M, v = [(a if dtype is np.complex128 else a.real).astype(dtype) for a in (M, v)]
    factors = [Factor(M, (i, j, k)), Factor(v, (j,))]
    expected = np.einsum("ijk,j->ik", M.astype(np.complex128), v.astype(np.complex128))
    for order in (factors, factors[::-1]):
        found = contract_factors(order, (i, k))
        tracemalloc.start()
        found = contract_factors(order, (i, k))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert found.array.dtype == dtype
        assert found.labels == (i, k)
        np.testing.assert_allclose(found.array, expected, rtol=1e-4 if dtype is np.float32 else 1e-12, atol=1e-5)
        assert peak < found.array.nbytes + M.nbytes / 2 + 4096
    out = np.empty((shape[2], shape[0]), dtype)
    np.testing.assert_allclose(contract_factors(factors, (k, i), out).array, expected.T, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_small_products_with_a_summed_label_go_to_their_place(dtype: type) -> None:
    """Beside other terms and alone, transposed, along a diagonal, and where a label is summed that only one carries."""
    i, j, k, m = Label(3), Label(4), Label(2), Label(3)
    A, B = np.arange(6, dtype=dtype).reshape(3, 2) - 2, np.cos(np.arange(8, dtype=dtype)).reshape(2, 4)
    product, D = (Factor(A, (i, k)), Factor(B, (k, j))), Factor(np.ones((3, 4), dtype), (i, j))
    terms = {
        "ik,kj->ij": Term(((i,),), ((j,),), product, bound=(k,), scale=-2.0),
        "ik,kj->ji": Term(((j,),), ((i,),), product, bound=(k,), scale=-2.0),
        "ik,kj->i": Term(((i,),), (), product, bound=(k, j), scale=-2.0),
    }
    for equation, term in terms.items():
        shape = term.out_shape + term.in_shape
        found = to_dense([term], shape, np.dtype(dtype))
        assert found.dtype == dtype
        assert found.flags.c_contiguous
        np.testing.assert_allclose(found, -2 * np.einsum(equation, A, B), rtol=1e-5)
    both = to_dense([terms["ik,kj->ij"], Term(((i,),), ((j,),), (D,))], (3, 4), np.dtype(dtype))
    np.testing.assert_allclose(both, 1 - 2 * A @ B, rtol=1e-5)
    delta = Term(((i,),), ((i,), (m,)), (Factor(A, (i, k)), Factor(A, (m, k))), bound=(k,))
    np.testing.assert_allclose(
        to_dense([delta], (3, 3, 3), np.dtype(dtype)), np.einsum("ik,mk,ij->ijm", A, A, np.eye(3)), rtol=1e-5
    )
