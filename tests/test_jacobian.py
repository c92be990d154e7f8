"""The class `Jacobian` against dense arrays: constructors, products, algebra."""

import pickle

import numpy as np
import pytest
from sample_jacobians import SAMPLES, assert_close, sample_jacobian

from jacobians import ArgumentError, ChainError, Jacobian, ShapeError, grad, jacobian

MODES = ["explicit", "lazy", "auto"]
each_sample = pytest.mark.parametrize("name", SAMPLES)
each_mode = pytest.mark.parametrize("mode", MODES)
RNG = np.random.default_rng(0)


def matrix(J):
    """A Jacobian as a matrix, from its dense array."""
    return np.reshape(J.to_array(), (int(np.prod(J.out_shape)), int(np.prod(J.in_shape))))


# ------------------------------------------------------------------------------------------------------- what it is
@each_mode
@each_sample
def test_dense_array_and_its_shapes(name, mode):
    J, dense = sample_jacobian(name, mode)
    function, x, _ = SAMPLES[name]
    assert J.mode == mode
    assert (J.out_shape, J.in_shape) == (np.shape(function(x)), x.shape)
    assert (J.shape, J.ndim, J.dense_nbytes) == (dense.shape, dense.ndim, dense.nbytes)
    assert J.dtype == J.in_dtype == np.float64
    assert_close(J.to_array(), dense)
    assert_close(np.asarray(J), dense)
    assert J.mode == ("lazy" if mode == "lazy" else "explicit")


@pytest.mark.parametrize(
    ("name", "structure"),
    [
        ("diagonal", "diagonal"),
        ("identity", "identity"),
        ("blocks", "block-diagonal over axis 0"),
        ("gather", "sparse"),
        ("operator", "operator"),
        ("unused", "zero"),
        ("cancelled", "zero"),
        ("empty out", "zero"),
    ],
)
def test_structure_in_words(name, structure):
    J, _ = sample_jacobian(name)
    assert J.structure == structure
    assert f"{J.structure}, " in repr(J)
    assert J.is_diagonal == (name in ("diagonal", "identity", "cancelled"))


def test_structure_of_one_array():
    assert Jacobian.from_array(np.ones((2, 3, 4)), in_ndim=1).structure == "dense"


def test_diagonal_plus_rank_one():
    J, _ = sample_jacobian("rank one")
    assert sorted(J.structure.split(" + ")) == ["diagonal", "rank 1"]
    assert len(J.terms) == 2
    assert not J.is_diagonal


def test_a_transposed_identity_is_not_diagonal():
    J = jacobian(np.transpose)(np.ones((3, 3)))
    assert not J.is_diagonal
    assert_close(J.diagonal(), np.eye(3))


def test_representation():
    J = jacobian(np.sin)(np.zeros(3))
    assert repr(J) == "Jacobian((3,) | (3,), float64, held 24 B, dense 72 B, auto)"
    assert J.terms == J.terms
    assert repr(J) == "Jacobian((3,) | (3,), float64, diagonal, held 24 B, dense 72 B, explicit)"


def test_dtypes_are_those_of_output_and_input():
    J = jacobian(lambda x: np.astype(x, np.float64) ** 2)(np.ones(3, np.float32))
    assert (J.dtype, J.in_dtype) == (np.float64, np.float32)
    assert (J.T.dtype, J.T.in_dtype) == (np.float32, np.float64)
    assert (J @ np.ones(3, np.float32)).dtype == np.float64
    assert (np.ones(3) @ J).dtype == np.float32


@pytest.mark.parametrize("name", ["dense", "diagonal", "blocks", "rank one", "shift", "operator", "scalar out"])
def test_single_precision_stays(name):
    function, x, dense = SAMPLES[name]
    weights = {"blocks": lambda x: x @ np.ones((4, 2), np.float32), "dense": lambda x: np.tanh(x)}
    function = weights.get(name, function)
    J = jacobian(function)(x.astype(np.float32))
    assert J.dtype == J.in_dtype == J.to_array().dtype == J.to_sparse().dtype == np.float32
    assert (J @ np.ones(J.in_shape, np.float32)).dtype == np.float32
    assert (np.ones(J.out_shape, np.float32) @ J).dtype == np.float32
    assert all(factor.dtype == np.float32 for term in (2 * J - J / 3).terms for factor in term.factors)
    if name not in weights:
        np.testing.assert_allclose(J.to_array(), dense, atol=1e-5)


# ---------------------------------------------------------------------------------------------------- made by hand
def test_from_array_copies():
    array = RNG.normal(size=(2, 3, 4))
    J = Jacobian.from_array(array, in_ndim=2)
    expected = array.copy()
    array[:] = 0
    assert (J.out_shape, J.in_shape, J.mode) == ((2,), (3, 4), "explicit")
    assert_close(J.to_array(), expected)
    assert_close(Jacobian.from_array(expected, in_ndim=0).to_array(), expected)
    assert_close(Jacobian.from_array(expected, in_ndim=3) @ expected, np.sum(expected**2))


def test_from_array_makes_integers_floating():
    assert Jacobian.from_array([[1, 2], [3, 4]], in_ndim=1).to_array().dtype == np.float64


@pytest.mark.parametrize("in_ndim", [-1, 3])
def test_from_array_with_too_few_axes(in_ndim):
    with pytest.raises(ShapeError, match=f"from_array: array with in_ndim={in_ndim} must have shape of at least"):
        _ = Jacobian.from_array(np.ones((1, 2)), in_ndim=in_ndim)


EXPRESSIONS = {
    "ij,jk->i|k": [(2, 3), (3, 4)],
    "b,i->b|bi": [(3,), (2,)],
    "boi->bo|bi": [(4, 3, 2)],
    "i->i|i": [(5,)],
    "i->|i": [(5,)],
    "i->i|": [(5,)],
    "ij->i|": [(5, 2)],
    "ij->|": [(5, 2)],
    "i->ii|i": [(3,)],
    "ii,ij->i|j": [(3, 3), (3, 2)],
    "ij->j|i": [(1, 3)],
    ",ij->i|j": [(), (2, 3)],
    "ij , j -> i | j": [(2, 3), (3,)],
}


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_from_einsum(expression):
    operands = [RNG.normal(size=shape) for shape in EXPRESSIONS[expression]]
    J = Jacobian.from_einsum(expression, *operands)
    words, out, inp = expression.replace(" ", "").replace("->", "|").split("|")
    fresh = iter("ABCDEFG")
    copies = [(letter, next(fresh)) for letter in out + inp]  # a delta for each index of the result
    deltas = [letter + copy for letter, copy in copies]
    shapes = [n for array in operands for n in array.shape]
    sizes = dict(zip(words.replace(",", ""), shapes, strict=True))
    equation = ",".join([words, *deltas]) + "->" + "".join(copy for _, copy in copies)
    dense = np.einsum(equation, *operands, *[np.eye(sizes[letter]) for letter, _ in copies])
    assert (len(J.out_shape), len(J.in_shape)) == (len(out), len(inp))
    assert_close(J.to_array(), dense)
    operands[0][...] = 0
    assert_close(J.to_array(), dense)


@pytest.mark.parametrize(
    ("expression", "shapes", "message"),
    [
        ("ij,jk->ik", [(2, 3), (3, 2)], "has no '->' and '|'; write it as 'ij,jk->i|k'"),
        ("ij,jk", [(2, 3), (3, 2)], "has no '->' and '|'"),
        ("ij,jk->i|k", [(2, 3)], "names 2 operands, but 1 are given"),
        ("ij->i|k", [(2, 3)], "label 'k' of 'i|k' occurs in no operand"),
        ("ij,jk->i|k", [(2, 3), (4, 2)], "label 'j' has size 3 and size 4"),
        ("ijk->i|k", [(2, 3)], "operand 'ijk' must have shape of 3 axes, but has shape (2, 3)"),
    ],
)
def test_from_einsum_that_does_not_fit(expression, shapes, message):
    with pytest.raises(ValueError, match="from_einsum") as caught:
        _ = Jacobian.from_einsum(expression, *[np.ones(shape) for shape in shapes])
    assert message in str(caught.value)


def test_identity_diagonal_and_zeros():
    entries = RNG.normal(size=(2, 3))
    assert_close(Jacobian.identity((2, 3)).to_array(), np.eye(6).reshape(2, 3, 2, 3))
    assert Jacobian.identity((2, 3)).nbytes == 0
    assert Jacobian.identity(3, np.float32).dtype == np.float32
    D = Jacobian.diagonal(entries)
    assert_close(D.to_array(), np.diag(entries.ravel()).reshape(2, 3, 2, 3))
    assert_close(D.diagonal(), entries)
    entries[:] = 0
    assert np.all(D.diagonal() != 0)
    assert (D.structure, D.nbytes) == ("diagonal", 48)
    Z = Jacobian.zeros((2,), (3, 4))
    assert_close(Z.to_array(), np.zeros((2, 3, 4)))
    assert (Z.structure, Z.nbytes, Z.terms, Z.to_sparse().nnz) == ("zero", 0, (), 0)
    assert_close(Z @ np.ones((3, 4, 5)), np.zeros((2, 5)))


# ------------------------------------------------------------------------------------------------------- products
@each_mode
@each_sample
@pytest.mark.parametrize("batch", [(), (2,), (1,), (2, 3), (0,)], ids=str)
def test_products_with_arrays(name, mode, batch):
    J, dense = sample_jacobian(name, mode)
    h, c = RNG.normal(size=J.in_shape + batch), RNG.normal(size=batch + J.out_shape)
    assert_close(J @ h, np.tensordot(dense, h, axes=len(J.in_shape)))
    assert_close(c @ J, np.tensordot(c, dense, axes=len(J.out_shape)))
    assert J.mode == mode


@each_mode
@each_sample
def test_jvp_and_vjp(name, mode):
    J, dense = sample_jacobian(name, mode)
    h, c = RNG.normal(size=J.in_shape), RNG.normal(size=J.out_shape)
    assert_close(J.jvp(h), np.tensordot(dense, h, axes=len(J.in_shape)))
    assert_close(J.vjp(c), np.tensordot(c, dense, axes=len(J.out_shape)))


def test_products_take_lists_and_integers():
    J = jacobian(np.square)(np.arange(3.0))
    assert_close(J @ [1, 2, 3], [0.0, 4.0, 12.0])
    assert_close([1, 2, 3] @ J, [0.0, 4.0, 12.0])
    assert_close(J.jvp([True, False, True]), [0.0, 0.0, 4.0])


def test_products_do_not_share_memory_with_their_operands():
    J, h = Jacobian.identity((3,)), np.ones(3)
    result = J @ h
    result[0] = 7
    assert h[0] == 1
    result = h @ J
    result[0] = 7
    assert h[0] == 1


@each_mode
def test_vectors_of_other_shapes(mode):
    J = jacobian(lambda x: x @ np.ones((4, 2)), mode=mode)(np.ones((3, 4)))
    with pytest.raises(ShapeError, match=r"^J @ h: the tangent must have shape \(3, 4\) \+ batch, but has shape \(4, "):
        _ = J @ np.ones((4, 3))
    with pytest.raises(ShapeError, match=r"^c @ J: the cotangent must have shape batch \+ \(3, 2\), but has shape \(2"):
        _ = np.ones(2) @ J
    with pytest.raises(ShapeError, match=r"^jvp: the tangent must have shape \(3, 4\), but has shape \(3, 4, 1\)"):
        _ = J.jvp(np.ones((3, 4, 1)))
    with pytest.raises(ShapeError, match=r"^vjp: the cotangent must have shape \(3, 2\), but has shape \(1, 3, 2\)"):
        _ = J.vjp(np.ones((1, 3, 2)))


# -------------------------------------------------------------------------------------------------------- algebra
@each_mode
@each_sample
def test_transposition(name, mode):
    J, dense = sample_jacobian(name, mode)
    split, ndim = len(J.out_shape), dense.ndim
    turned = np.transpose(dense, (*range(split, ndim), *range(split)))
    assert (J.T.out_shape, J.T.in_shape) == (J.in_shape, J.out_shape)
    assert_close(J.T.to_array(), turned)
    assert_close(J.T.T.to_array(), dense)
    c = RNG.normal(size=J.out_shape)
    assert_close(J.T @ c, np.tensordot(c, dense, axes=split))


@each_mode
@each_sample
def test_sums_and_multiples(name, mode):
    J, dense = sample_jacobian(name, mode)
    K = Jacobian.from_array(RNG.normal(size=dense.shape), in_ndim=len(J.in_shape))
    other = K.to_array()
    assert_close((J + K).to_array(), dense + other)
    assert_close((K - J).to_array(), other - dense)
    assert_close((-J).to_array(), -dense)
    assert_close((J * 3).to_array(), 3 * dense)
    assert_close((np.float64(3.0) * J).to_array(), 3 * dense)
    assert_close((J / 4).to_array(), dense / 4)
    assert_close((J - J).to_array(), 0 * dense)
    h = RNG.normal(size=J.in_shape)
    assert_close((2 * J + K / 2) @ h, np.tensordot(2 * dense + other / 2, h, axes=len(J.in_shape)))
    assert_close(h @ (2 * J + K / 2).T, np.tensordot(2 * dense + other / 2, h, axes=len(J.in_shape)))


def test_sums_of_other_shapes():
    J, K = Jacobian.zeros((2,), (3,)), Jacobian.zeros((2, 3), ())
    with pytest.raises(ShapeError, match=r"^J \+ K: right must have shape \(2,\) \| \(3,\), but has shape \(2, 3\)"):
        _ = J + K
    for wrong in (lambda: J + "1", lambda: None - J, lambda: J * {}, lambda: J / None):
        with pytest.raises(TypeError):
            _ = wrong()


CHAINS = [
    ("dense", "shift"),
    ("dense", "rank one"),
    ("dense", "operator"),
    ("gather", "shift"),
    ("gather", "operator"),
    ("rank one", "rank one"),
    ("operator", "operator"),
    ("operator", "rank one"),
    ("diagonal", "diagonal"),
    ("diagonal", "broadcast"),
    ("transposed", "broadcast"),
    ("reshaped", "broadcast"),
    ("slice", "diagonal"),
    ("blocks", "broadcast"),
    ("scalar out", "broadcast"),
    ("scalars", "scalars"),
    ("scalar in", "scalars"),
    ("empty out", "diagonal"),
]


@each_mode
@pytest.mark.parametrize(("outer", "inner"), CHAINS)
def test_chain_rule_is_a_tensordot(outer, inner, mode):
    J, left = sample_jacobian(outer, mode)
    K, right = sample_jacobian(inner, mode)
    axes = len(J.in_shape)
    product = J @ K
    assert (product.out_shape, product.in_shape) == (J.out_shape, K.in_shape)
    assert_close(product.to_array(), np.tensordot(left, right, axes=axes))
    h, c = RNG.normal(size=(*K.in_shape, 2)), RNG.normal(size=J.out_shape)
    assert_close(product @ h, np.tensordot(left, np.tensordot(right, h, axes=len(K.in_shape)), axes=axes))
    assert_close(c @ product, np.tensordot(np.tensordot(c, left, axes=len(J.out_shape)), right, axes=axes))


@each_mode
@pytest.mark.parametrize("name", ["dense", "diagonal", "blocks", "rank one", "shift", "slice", "operator", "reshaped"])
def test_gauss_newton_products(name, mode):
    J, dense = sample_jacobian(name, mode)
    H = Jacobian.from_array(RNG.normal(size=J.out_shape * 2), in_ndim=len(J.out_shape))
    rows, middle = dense.reshape(int(np.prod(J.out_shape)), -1), matrix(H)
    assert_close(matrix(J.T @ H @ J), rows.T @ middle @ rows)
    assert_close(np.ravel((J.T @ H @ J).diagonal()), np.diag(rows.T @ middle @ rows))
    h = RNG.normal(size=J.in_shape)
    assert_close(np.ravel((J.T @ H @ J) @ h), rows.T @ middle @ rows @ h.ravel())


def test_chain_of_other_shapes():
    message = r"^chain: left expects an input of shape \(3,\), right yields an output of shape \(2,\)\."
    with pytest.raises(ChainError, match=message) as caught:
        _ = Jacobian.zeros((2,), (3,)) @ Jacobian.zeros((2,), (4,))
    assert (caught.value.left_in_shape, caught.value.right_out_shape) == ((3,), (2,))


@each_mode
def test_products_are_associative(mode):
    (J, first), (K, second), (L, third) = (sample_jacobian(name, mode) for name in ("dense", "rank one", "shift"))
    expected = first @ second @ third
    assert_close(((J @ K) @ L).to_array(), expected)
    assert_close((J @ (K @ L)).to_array(), expected)
    assert_close(((J @ K) @ L @ L.T @ J.T).diagonal(), np.diag(expected @ third.T @ first.T))


@each_sample
def test_gram_matrix_and_its_diagonal(name):
    J, dense = sample_jacobian(name)
    flat = dense.reshape(int(np.prod(J.out_shape)), -1) if dense.size else np.zeros((int(np.prod(J.out_shape)), 0))
    assert_close(np.reshape((J @ J.T).diagonal(), -1), np.diag(flat @ flat.T))
    assert_close(matrix(J @ J.T), flat @ flat.T)


@each_mode
@each_sample
def test_pickle(name, mode):
    J, dense = sample_jacobian(name, mode)
    K = pickle.loads(pickle.dumps(J))
    assert (K.shape, K.dtype, K.structure, K.mode) == (J.shape, J.dtype, J.structure, "explicit")
    assert_close(K.to_array(), dense)
    assert_close((K @ J.T).to_array(), (J @ J.T).to_array())


def test_jacobians_inside_a_differentiated_function():
    """A Jacobian is a value like any other: what is computed from it has derivatives."""
    x = np.array([0.3, -1.2, 0.7])
    norm = grad(lambda x: np.sum(jacobian(np.sin)(x).diagonal() ** 2))
    assert_close(norm(x), -2 * np.cos(x) * np.sin(x))
    product = jacobian(lambda x: jacobian(np.square)(x) @ x)
    assert_close(product(x).to_array(), np.diag(4 * x))
    full = jacobian(lambda x: jacobian(lambda y: y**3)(x))
    third = np.zeros((3, 3, 3))
    third[range(3), range(3), range(3)] = 6 * x
    assert_close(full(x).to_array(), third)


def test_what_is_no_number_is_refused():
    with pytest.raises(ArgumentError, match="Jacobian: an array has dtype <U1"):
        _ = Jacobian.from_array(np.array(["a"]), 1)
