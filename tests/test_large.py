"""Structure at sizes where a dense Jacobian is out of the question: what is held, and what a product takes."""

import tracemalloc

import numpy as np
import pytest
from sample_jacobians import assert_close

from jacobians import grad, hvp, jacobian, numerical_jacobian

RNG = np.random.default_rng(0)


def peak(call):
    """Bytes allocated at most during a call, and its result."""
    tracemalloc.start()
    try:
        result = call()
        return tracemalloc.get_traced_memory()[1], result
    finally:
        tracemalloc.stop()


def test_fifty_residual_steps_are_one_diagonal():
    """``x = x + sin(x)`` has 2^50 paths."""

    def steps(x):
        for _ in range(50):
            x = x + np.sin(x)
        return x

    x = np.linspace(0.0, 1.0, 100_000)
    J = jacobian(steps)(x)
    assert J.structure == "diagonal"
    assert (len(J.terms), J.nbytes) == (1, 800_000)
    expected, y = np.ones_like(x), x
    for _ in range(50):
        expected, y = expected * (1 + np.cos(y)), y + np.sin(y)
    np.testing.assert_allclose(J.diagonal(), expected, rtol=1e-9)


def test_a_batch_through_a_network_is_block_diagonal():
    weights = [RNG.normal(size=shape) / shape[0] ** 0.5 for shape in [(784, 256), (256, 64), (64, 10)]]

    def network(x):
        for W in weights[:-1]:
            x = np.tanh(x @ W)
        return x @ weights[-1]

    x = RNG.normal(size=(64, 784))
    J = jacobian(network)(x)
    assert J.structure == "block-diagonal over axis 0"
    assert (J.nbytes, J.dense_nbytes) == (4_014_080, 256_901_120)
    assert J.plan.nbytes == 4_014_080
    assert J.plan.largest_intermediate <= 4_014_080
    h1 = np.tanh(x @ weights[0])
    h2 = np.tanh(h1 @ weights[1])
    blocks = np.einsum("ij,bj,jk,bk,kl->bli", weights[0], 1 - h1**2, weights[1], 1 - h2**2, weights[2], optimize=True)
    assert_close(J.diagonal_blocks(), blocks)
    h = RNG.normal(size=x.shape)
    assert_close(J @ h, np.einsum("bli,bi->bl", blocks, h))


def test_the_hessian_of_logistic_regression_is_one_product():
    X, w, labels = RNG.normal(size=(1000, 200)), RNG.normal(size=200) / 10, np.sign(RNG.normal(size=1000))

    def loss(w):
        return np.sum(np.log1p(np.exp(-labels * (X @ w))))

    H = jacobian(grad(loss))(w)
    assert H.plan.largest_intermediate <= X.nbytes
    used, terms = peak(lambda: H.terms)
    assert len(terms) == 1
    assert used < 3 * X.nbytes
    p = 1 / (1 + np.exp(-labels * (X @ w)))
    expected = X.T @ ((p * (1 - p))[:, None] * X)
    assert_close(H.to_array(), expected)
    assert_close(hvp(loss, (w,), (w,))[0], expected @ w)


def test_softmax_is_a_diagonal_and_a_rank_one_term():
    def softmax(x):
        weights = np.exp(x)
        return weights / np.sum(weights)

    x = np.linspace(0.0, 1.0, 20_000)
    J = jacobian(softmax)(x)
    assert len(J.terms) == 2
    assert sorted(J.structure.split(" + ")) == ["diagonal", "rank 1"]
    assert J.nbytes <= 4 * x.nbytes
    s, h = softmax(x), RNG.normal(size=x.shape)
    np.testing.assert_allclose(J @ h, s * (h - s @ h), atol=1e-12)
    np.testing.assert_allclose(J.diagonal(), s - s * s, atol=1e-15)


def brusselator(state):
    u, v = state[..., 0], state[..., 1]

    def laplacian(a):
        return np.roll(a, 1, 0) + np.roll(a, -1, 0) + np.roll(a, 1, 1) + np.roll(a, -1, 1) - 4 * a

    return np.stack([1 + u * u * v - 4.4 * u + 10 * laplacian(u), 3.4 * u - u * u * v + 10 * laplacian(v)], axis=-1)


def test_a_stencil_is_sparse_without_colouring():
    state = RNG.uniform(size=(64, 64, 2))
    J = jacobian(brusselator)(state)
    S = J.to_sparse("csr")
    assert S.nnz == 49_152  # 6 for each of the 8192 rows
    assert len(J.terms) == 12
    direction = RNG.normal(size=state.shape)
    numerical = (brusselator(state + 1e-6 * direction) - brusselator(state - 1e-6 * direction)) / 2e-6
    np.testing.assert_allclose(S @ direction.ravel(), numerical.ravel(), atol=1e-6)
    small = RNG.uniform(size=(4, 5, 2))
    columns = [
        (brusselator(small + 1e-6 * e) - brusselator(small - 1e-6 * e)) / 2e-6 for e in np.eye(40).reshape(40, 4, 5, 2)
    ]
    np.testing.assert_allclose(
        jacobian(brusselator)(small).to_array(), np.stack(columns, axis=-1).reshape((4, 5, 2) * 2), atol=1e-6
    )


def test_products_of_a_million_by_a_million():
    n = 10**6
    x, h = np.linspace(0.0, 1.0, n), np.cos(np.arange(float(n)))
    array = x.nbytes
    used, (forward, backward) = peak(lambda: products(x, h))
    s = np.cumsum(np.sin(x))
    assert_close(forward, np.cumsum(np.cos(x) * h) * x[::-1] + s * h[::-1], tolerance=1e-6)
    assert_close(backward, np.cumsum((h * x[::-1])[::-1])[::-1] * np.cos(x) + (h * s)[::-1], tolerance=1e-6)
    assert used < 20 * array


def products(x, h):
    J = jacobian(lambda x: np.cumsum(np.sin(x)) * x[::-1])(x)
    assert J.dense_nbytes == 8 * 10**12
    result = J @ h, h @ J
    assert J.mode == "auto"
    return result


def test_a_long_loop_needs_no_deep_stack():
    def steps(x):
        for _ in range(10_000):
            x = x * 0.9999
        return x

    J = jacobian(steps, mode="lazy")(np.ones(2))
    assert_close(J @ np.ones(2), np.full(2, 0.9999**10_000))
    assert_close(np.ones(2) @ J, np.full(2, 0.9999**10_000))
    explicit = jacobian(steps, mode="explicit", order="reverse")(np.ones(2))
    assert_close(explicit.diagonal(), np.full(2, 0.9999**10_000))


@pytest.mark.parametrize("chosen", [300, 3000])
def test_residuals_that_gather(chosen):
    """Bundle adjustment in small: each residual sees one camera and one point, through a nonlinear function."""
    cameras, points, weights = RNG.normal(size=(10, 3)), RNG.normal(size=(60, 3)), RNG.normal(size=chosen)
    camera, point = RNG.integers(0, 10, chosen), RNG.integers(0, 60, chosen)

    def residuals(cameras, points, weights):
        moved = np.cross(cameras[camera], points[point]) + points[point]
        return weights[:, None] * moved[:, :2] / (4 + moved[:, 2:] ** 2)

    parts = jacobian(residuals, (0, 1, 2))(cameras, points, weights)
    assert [J.to_sparse().nnz <= chosen * 2 * k for J, k in zip(parts, (3, 3, 1), strict=True)] == [True] * 3
    for J, x, n in zip(parts, (cameras, points, weights), range(3), strict=True):
        direction = RNG.normal(size=x.shape)
        ends = []
        for step in (1e-6, -1e-6):
            arguments = [cameras, points, weights]
            arguments[n] = x + step * direction
            ends.append(residuals(*arguments))
        numerical = (ends[0] - ends[1]) / 2e-6
        np.testing.assert_allclose(J @ direction, numerical, atol=1e-7)
        np.testing.assert_allclose(J.to_sparse() @ direction.ravel(), numerical.ravel(), atol=1e-7)
        c = RNG.normal(size=numerical.shape)
        np.testing.assert_allclose(np.sum(J.vjp(c) * direction), np.sum(c * numerical), atol=1e-5)


def test_attention_holds_no_more_than_its_dense_form():
    tokens = RNG.normal(size=(16, 8))

    def attention(x):
        scores = np.exp(x @ x.T / 8**0.5)
        return (scores / np.sum(scores, axis=1, keepdims=True)) @ x

    J = jacobian(attention)(tokens)
    assert J.nbytes <= J.dense_nbytes + 16 * tokens.nbytes
    direction = RNG.normal(size=tokens.shape)
    numerical = (attention(tokens + 1e-6 * direction) - attention(tokens - 1e-6 * direction)) / 2e-6
    np.testing.assert_allclose(J @ direction, numerical, atol=1e-8)
    np.testing.assert_allclose(np.tensordot(J.to_array(), direction, 2), numerical, atol=1e-8)


def test_a_bottleneck_is_held_as_a_product():
    """The diagonals of tanh beside the layers do not hide that everything passes through five numbers."""
    wide, narrow, back = RNG.normal(size=(60, 5)), RNG.normal(size=(5, 60)), RNG.normal(size=(60, 5))
    layers = [narrow, wide, back.T, back]

    def network(x):
        for W in layers:
            x = np.tanh(W @ x / 4)
        return x

    x = RNG.normal(size=60)
    J = jacobian(network)(x)
    assert J.structure == "rank 5"
    assert J.nbytes == 8 * (60 + 60 * 5 + 5 + 5 * 60)
    assert_close(J.to_array(), numerical_jacobian(network, x), 1e-7)
