"""What a Jacobian hands out: sparse matrices, operators, blocks, entries; what it owns; what it may take."""

import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
import scipy.sparse.linalg
from sample_jacobians import SAMPLES, A, V, assert_close, sample_jacobian

import jacobians
from jacobians import Jacobian, MemoryLimitError, StructureError, jacobian, set_memory_limit, value_and_jacobian
from jacobians.tensor.limits import memory_limit, parse_bytes

each_mode = pytest.mark.parametrize("mode", ["explicit", "lazy", "auto"])
each_sample = pytest.mark.parametrize("name", SAMPLES)
RNG = np.random.default_rng(0)


def as_matrix(J, dense):
    return np.reshape(dense, (int(np.prod(J.out_shape)), int(np.prod(J.in_shape))))


def peak(call):
    """Bytes allocated at most during a call, and its result."""
    tracemalloc.start()
    try:
        result = call()
        return tracemalloc.get_traced_memory()[1], result
    finally:
        tracemalloc.stop()


# ------------------------------------------------------------------------------------------------------- matrices
@each_sample
@pytest.mark.parametrize("format", ["csr", "csc", "coo", "bsr"])
def test_sparse_matrices(name, format):
    J, dense = sample_jacobian(name)
    assert_close(J.to_matrix(), as_matrix(J, dense))
    if 0 in J.shape and format == "bsr":
        return  # SciPy has no empty one
    S = J.to_sparse(format)
    assert (S.format, S.shape, S.dtype) == (format, as_matrix(J, dense).shape, np.float64)
    assert_close(S.toarray(), as_matrix(J, dense))


def test_sparse_matrices_add_what_meets():
    J = jacobian(lambda x: x[[0, 1, 0]] + x[[0, 0, 1]])(np.ones(2))
    S = J.to_sparse("csr")
    assert S.nnz == 5
    assert_close(S.toarray(), [[2.0, 0.0], [1.0, 1.0], [1.0, 1.0]])
    assert J.to_sparse("coo").nnz == 5


def test_unknown_sparse_format():
    with pytest.raises(ValueError, match="format must be 'csr', 'csc', 'coo' or 'bsr', but is 'dia'"):
        _ = Jacobian.identity((3,)).to_sparse("dia")


def test_a_large_sparse_matrix_is_built_without_a_dense_step():
    n = 50_000
    J = jacobian(lambda x: np.sin(x) * np.roll(x, 1) + x[::-1])(np.linspace(0.0, 1.0, n))
    used, S = peak(J.to_sparse)
    assert S.nnz == 3 * n - 2  # the shift and the reversal meet twice
    assert used < 40 * n * 8
    assert J.dense_nbytes == n * n * 8


def test_linear_operator_in_solvers():
    J, dense = sample_jacobian("dense", "lazy")
    operator, b = J.to_linear_operator(), RNG.normal(size=5)
    assert operator.shape == (5, 4)
    assert_close(operator @ np.eye(4), dense)
    assert_close(operator.T @ np.eye(5), dense.T)
    assert_close(operator.rmatmat(np.eye(5)), dense.T)
    solution = scipy.sparse.linalg.lsqr(operator, b, atol=1e-14, btol=1e-14)[0]
    np.testing.assert_allclose(solution, np.linalg.lstsq(dense, b)[0], atol=1e-8)
    top = scipy.sparse.linalg.svds(operator, k=1, return_singular_vectors=False)
    np.testing.assert_allclose(top, np.linalg.svd(dense)[1][:1])
    gram = (J.T @ J).to_linear_operator()
    solution, info = scipy.sparse.linalg.cg(gram, dense.T @ b, rtol=1e-12)
    assert info == 0
    np.testing.assert_allclose(solution, np.linalg.solve(dense.T @ dense, dense.T @ b))


@each_sample
def test_linear_operator_of_every_shape(name):
    J, dense = sample_jacobian(name)
    operator, matrix = J.to_linear_operator(), as_matrix(J, dense)
    h, c = RNG.normal(size=matrix.shape[1]), RNG.normal(size=matrix.shape[0])
    assert_close(operator.matvec(h), matrix @ h)
    assert_close(operator.rmatvec(c), c @ matrix)


# ------------------------------------------------------------------------------------------------------- structure
@each_mode
@each_sample
def test_diagonal(name, mode):
    J, dense = sample_jacobian(name, mode)
    if J.out_shape != J.in_shape:
        with pytest.raises(ValueError, match="Only a square Jacobian has one"):
            _ = J.diagonal()
        return
    assert_close(J.diagonal(), np.diag(as_matrix(J, dense)).reshape(J.out_shape))


def test_diagonal_blocks():
    x, W = RNG.normal(size=(6, 4)), RNG.normal(size=(4, 3))
    J = jacobian(lambda x: np.tanh(x @ W))(x)
    dense = J.to_array()
    assert_close(J.diagonal_blocks(), dense[range(6), :, range(6), :])
    assert_close(J.diagonal_blocks(-2), dense[range(6), :, range(6), :])
    with pytest.raises(StructureError, match=r"axis 1 has different sizes in out \(6, 3\) and in \(6, 4\)"):
        _ = J.diagonal_blocks(1)
    with pytest.raises(StructureError, match=r"axis 2 is not an axis of both \(6, 3\) and \(6, 4\)"):
        _ = J.diagonal_blocks(2)
    with pytest.raises(StructureError, match="does not prove axis 0 to be shared by out and in"):
        _ = jacobian(lambda x: np.roll(x, 1, axis=0))(x).diagonal_blocks(0)
    assert_close(jacobian(np.sin)(x).diagonal_blocks(1), np.einsum("ij,ik->jik", np.cos(x), np.eye(6)))


def test_products_stay_factored():
    """Tangent kernels and Gauss-Newton matrices: their diagonal never needs the matrix."""
    n, m = 3000, 40
    x, B = RNG.normal(size=n), RNG.normal(size=(n, m))
    J = jacobian(lambda v: np.tanh(B @ v))(RNG.normal(size=m))
    dense = J.to_array()
    kernel = J @ J.T
    used, diagonal = peak(kernel.diagonal)
    assert_close(diagonal, np.sum(dense**2, axis=1))
    assert used < 6 * dense.nbytes
    assert kernel.nbytes <= 3 * dense.nbytes
    assert all(factor.nbytes <= dense.nbytes for term in kernel.terms for factor in term.factors)
    K = J.T  # 40 x 3000: K.T @ H @ K is 3000 x 3000
    H = Jacobian.from_array(RNG.normal(size=(m, m)), in_ndim=1)
    product = K.T @ H @ K
    used, diagonal = peak(product.diagonal)
    assert_close(diagonal, np.einsum("ni,ij,nj->n", dense, H.to_array(), dense))
    assert used < 8 * dense.nbytes
    assert_close(product @ x, dense @ (H.to_array() @ (dense.T @ x)))


# --------------------------------------------------------------------------------------------------------- entries
MASK = np.array([True, False, True])
INDICES = [
    1,
    -1,
    (0, 2),
    np.int64(2),
    slice(None),
    slice(2, 0, -1),
    (slice(None), slice(0, 0)),
    ...,
    (..., 1),
    (1, ..., 0),
    None,
    (None, 1, None),
    [0, 2, 0],
    np.array([[0, 1], [-1, -2]]),
    ([0, 1], [1, 2]),
    ([0, 1], slice(None), [1, 2]),
    (slice(None), 1, [0, -1]),
    MASK,
    (MASK, 1),
    (1, 2, 0, 3),
    (slice(1, None), slice(None, None, 2), 0, [3, 1]),
    (),
    True,
    False,
    (2, None, [0, 3]),
    (np.zeros(0, int),),
]


@each_mode
@pytest.mark.parametrize("index", INDICES, ids=str)
@pytest.mark.parametrize("name", ["diagonal", "blocks", "slice", "transposed"])
def test_entries_by_any_index(name, index, mode):
    J, dense = sample_jacobian(name, mode)
    if name == "transposed":
        J, dense = J.T, J.T.to_array()  # out (3, 4), as the others begin
    try:
        expected = dense[index]
    except IndexError:
        with pytest.raises(IndexError):
            _ = J[index]
        return
    assert_close(J[index], expected)


@each_mode
@pytest.mark.parametrize(
    "index", [3, -4, (0, 4), [0, 3], (0, 0, 0, 0, 0), np.array([True, False]), 1.5, (..., ...)], ids=str
)
def test_entries_beyond_the_shape(index, mode):
    J, _ = sample_jacobian("diagonal", mode)
    with pytest.raises(IndexError):
        _ = J[index]


def test_a_row_of_a_lazy_jacobian_takes_one_product():
    n = 200_000
    J = jacobian(lambda x: np.cumsum(np.sin(x)), mode="lazy")(np.linspace(0.0, 1.0, n))
    used, row = peak(lambda: J[n // 2])
    assert_close(row[:3], np.cos(np.linspace(0.0, 1.0, n))[:3])
    assert np.all(row[n // 2 + 1 :] == 0)
    assert used < 20 * n * 8
    assert J.mode == "lazy"


def test_entries_of_a_large_jacobian_need_only_themselves():
    n = 100_000
    J = jacobian(np.sin)(np.linspace(0.0, 1.0, n))
    used, block = peak(lambda: J[10:12, 9:13])
    expected = np.zeros((2, 4))
    expected[[0, 1], [1, 2]] = np.cos(np.linspace(0.0, 1.0, n))[10:12]
    assert_close(block, expected)
    assert used < 10 * n * 8


def test_entries_of_an_operator_need_only_their_rows_or_columns():
    n = 10**5
    J = jacobian(np.cumsum)(np.linspace(0.0, 1.0, n))
    triangle = np.tri(n, 8)[:12]
    for index in ((5, slice(0, 8)), (slice(2, 12, 3), slice(0, 8)), ([3, 1, 3], [2, 2, 4]), (slice(0, 12), 3), (7, 7)):
        used, found = peak(lambda index=index: J[index])
        assert_close(found, triangle[index])
        assert used < 40 * n * 8
    assert_close(J[:, 3][:12], triangle[:, 3])
    assert_close(J[n - 1], np.ones(n))


# -------------------------------------------------------------------------------------------------------- ownership
@pytest.mark.parametrize("size", [4, 20_000])
@each_mode
def test_a_jacobian_keeps_what_it_was_made_of(size, mode):
    """Small arrays are copied while tracing, those above 64 kB after it."""
    M, x = RNG.normal(size=(3, size)), RNG.normal(size=size)
    J = jacobian(lambda x: M @ np.sin(x) + x[:3] * x[:3], mode=mode)(x)
    K = jacobian(lambda x: M @ x, mode=mode)(x)
    expected = M * np.cos(x)
    expected[range(3), range(3)] += 2 * x[:3]
    matrix = M.copy()
    M[:], x[:] = 0, 0
    assert_close(J.to_array(), expected)
    assert_close(K.to_array(), matrix)
    assert_close(K @ np.ones(size), matrix @ np.ones(size))


@each_mode
def test_dense_results_may_be_changed(mode):
    for name in SAMPLES:
        J, dense = sample_jacobian(name, mode)
        for result in (J.to_array(), np.asarray(J), J.to_matrix(), J.to_sparse().data, J @ np.ones(J.in_shape)):
            if np.ndim(result):
                result[...] = 7.0
        if J.out_shape == J.in_shape != ():
            J.diagonal()[...] = 7.0
        if J.ndim:
            J[...][...] = 7.0
        assert_close(J.to_array(), dense)


@pytest.mark.parametrize("size", [4, 20_000])
@each_mode
def test_the_value_may_be_changed(mode, size):
    """The result of exp is its derivative, too."""
    x = np.linspace(0.0, 1.0, size)
    y, J = value_and_jacobian(np.exp, mode=mode)(x)
    y[:] = 0
    assert_close(J.diagonal(), np.exp(x))
    (y, aux), J = value_and_jacobian(lambda x: (np.exp(x), [np.exp(x)]), mode=mode, has_aux=True)(x)
    y[:] = aux[0][:] = 0
    assert_close(J.diagonal(), np.exp(x))


def test_an_array_on_request_is_always_made():
    with pytest.raises(ValueError, match="copy=False cannot be satisfied"):
        _ = np.array(Jacobian.identity((2,)), copy=False)
    assert np.asarray(Jacobian.identity((2,)), dtype=np.float32).dtype == np.float32


# ----------------------------------------------------------------------------------------------------- memory limit
def test_dense_results_over_the_limit():
    J = jacobian(np.sin, memory_limit="1 MB")(np.linspace(0.0, 1.0, 1000))
    message = (
        r"^to_array\(\) would need 8\.0 MB, over the memory limit of 1\.0 MB; the terms hold 8\.0 kB\. "
        r"Use to_sparse\(\), J @ v, or pass memory_limit=\.$"
    )
    with pytest.raises(MemoryLimitError, match=message) as caught:
        _ = J.to_array()
    error = caught.value
    assert (error.operation, error.needed, error.limit, error.held) == ("to_array()", 8_000_000, 1_000_000, 8_000)
    assert isinstance(error, MemoryError)
    for request in (
        J.to_matrix,
        lambda: np.asarray(J),
        lambda: J.T.to_array(),
        lambda: (2 * J).to_array(),
        lambda: J[...],
    ):
        with pytest.raises(MemoryLimitError):
            _ = request()
    assert J.to_array(memory_limit="8MB").shape == (1000, 1000)
    assert J[:10].shape == (10, 1000)
    assert J.to_sparse().nnz == 1000


def test_sparse_results_over_the_limit():
    """The triangle of cumsum is an operator of a few bytes, but a full matrix."""
    J = jacobian(np.cumsum)(np.linspace(0.0, 1.0, 10**6))
    with pytest.raises(
        MemoryLimitError, match=r"^to_sparse\(\) would need 24\.0 TB, .* Use J @ v, or pass memory_limit=\.$"
    ):
        _ = J.to_sparse()
    shift = jacobian(lambda x: np.roll(x, 1) * x, memory_limit="5 MB")(np.linspace(0.0, 1.0, 100_000))
    assert shift.to_sparse().nnz == 200_000


def test_terms_over_the_limit_stay_lazy():
    B = RNG.normal(size=(300, 200))
    J = jacobian(lambda x: np.tanh(B @ np.tanh(B.T @ x)), memory_limit=100_000)(np.ones(300))
    assert J.mode == "auto"
    assert len(J.terms) == 1
    assert J.mode == "lazy"
    assert (J @ np.ones(300)).shape == (300,)
    assert J.plan.nbytes + J.plan.largest_intermediate > 100_000


def test_the_default_limit():
    try:
        set_memory_limit("100 kB")
        assert memory_limit() == 100_000
        with pytest.raises(MemoryLimitError, match="limit of 100.0 kB"):
            _ = Jacobian.identity((1000,)).to_array()
        set_memory_limit(10**7)
        assert Jacobian.identity((1000,)).to_array().shape == (1000, 1000)
    finally:
        set_memory_limit(None)
    assert memory_limit() >= 10**8
    assert jacobians.set_memory_limit is set_memory_limit


BYTES = {0: 0, 12: 12, "12": 12, "1.5 MB": 1_500_000, "8GB": 8 * 10**9, "2 tb": 2 * 10**12, "64 kB": 64_000, "7 B": 7}


@pytest.mark.parametrize(("text", "count"), [*BYTES.items(), ("1_000 kB", 10**6), (np.int64(5), 5)])
def test_limits_as_text(text, count):
    assert parse_bytes(text) == count


@pytest.mark.parametrize("text", ["much", "8 XB", "", "nan", "inf", -1, "-1 kB", "1 2", None])
def test_limits_that_are_none(text):
    with pytest.raises(ValueError, match="memory limit: "):
        _ = parse_bytes(text)


def test_the_limit_from_the_environment():
    program = "from jacobians.tensor.limits import memory_limit; print(memory_limit())"
    run = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={"JACOBIANS_MEMORY_LIMIT": "3 MB", "PYTHONPATH": ":".join(sys.path)},
    )
    assert run.stdout == "3000000\n"


def test_samples_are_what_they_say():
    """The dense arrays of the samples agree with central differences."""
    for function, x, dense in SAMPLES.values():
        flat = [np.reshape(e, x.shape) for e in np.eye(x.size)]
        columns = [(function(x + 1e-6 * e) - function(x - 1e-6 * e)) / 2e-6 for e in flat]
        for n, column in enumerate(columns):
            np.testing.assert_allclose(dense.reshape((*np.shape(column), x.size))[..., n], column, atol=1e-8)
    assert A.shape[1] == V.size
