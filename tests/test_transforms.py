"""Transforms against autograd and derivatives by hand."""

import threading

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from sample_jacobians import assert_close

import jacobians as jac

RNG = np.random.default_rng(3)
X, W, B = RNG.normal(size=4), RNG.normal(size=(3, 4)), RNG.normal(size=3)


def network(np_, x, W, b):
    """A vector function of three arrays, of NumPy or of autograd."""
    hidden = np_.tanh(np_.dot(W, x) + b)
    return np_.concatenate([hidden * np_.sum(x), np_.exp(-x[:2]) * b[:2]])


def ours(x, W, b):
    return network(np, x, W, b)


def theirs(x, W, b):
    return network(anp, x, W, b)


def loss(x, W, b):
    return np.sum(network(np, x, W, b) ** 2)


def their_loss(x, W, b):
    return anp.sum(network(anp, x, W, b) ** 2)


POINT = (X, W, B)
TANGENTS = tuple(RNG.normal(size=array.shape) for array in POINT)
COTANGENT = RNG.normal(size=5)
JACOBIANS = [autograd.jacobian(theirs, n)(*POINT) for n in range(3)]
GRADIENTS = [autograd.grad(their_loss, n)(*POINT) for n in range(3)]
HESSIANS = [[autograd.jacobian(autograd.grad(their_loss, m), n)(*POINT) for n in range(3)] for m in range(3)]


# ----------------------------------------------------------------------------------------------- against autograd
@pytest.mark.parametrize("mode", ["explicit", "lazy", "auto"])
@pytest.mark.parametrize("order", ["auto", "forward", "reverse"])
def test_jacobians_in_all_arguments(mode, order):
    found = jac.jacobian(ours, (0, 1, 2), mode=mode, order=order)(*POINT)
    assert type(found) is tuple
    assert [J.mode for J in found] == [mode] * 3
    for J, dense in zip(found, JACOBIANS, strict=True):
        assert_close(J.to_array(), dense)


@pytest.mark.parametrize("transform", [jac.jacobian, jac.jacfwd, jac.jacrev])
@pytest.mark.parametrize("argnum", [0, 1, 2, -1, -3, np.int64(1)])
def test_jacobian_in_one_argument(transform, argnum):
    J = transform(ours, argnum)(*POINT)
    assert_close(J.to_array(), JACOBIANS[argnum])
    assert_close(J.T @ COTANGENT, np.tensordot(COTANGENT, JACOBIANS[argnum], 1))


def test_argnums_give_what_they_name():
    single = jac.jacobian(ours, argnums=(1,))(*POINT)
    assert type(single) is tuple
    assert len(single) == 1
    back = jac.jacobian(ours, argnums=[2, -3])(*POINT)
    for J, dense in zip(back, (JACOBIANS[2], JACOBIANS[0]), strict=True):
        assert_close(J.to_array(), dense)
    value, gradients = jac.value_and_grad(loss, (2, 0))(*POINT)
    assert_close(value, loss(*POINT))
    assert_close(gradients[0], GRADIENTS[2])
    assert_close(gradients[1], GRADIENTS[0])


@pytest.mark.parametrize("argnum", [0, 1, 2, -2])
def test_gradients(argnum):
    gradient = jac.grad(loss, argnum)(*POINT)
    assert type(gradient) is np.ndarray
    assert_close(gradient, GRADIENTS[argnum])


def test_values():
    value, J = jac.value_and_jacobian(ours)(*POINT)
    assert_close(value, ours(*POINT))
    assert_close(J.to_array(), JACOBIANS[0])
    value, gradient = jac.value_and_grad(loss)(*POINT)
    assert isinstance(value, np.float64)
    assert_close(gradient, GRADIENTS[0])


def test_vjp_and_jvp():
    value, pullback = jac.vjp(ours, *POINT)
    assert_close(value, ours(*POINT))
    for cotangent, dense in zip(pullback(COTANGENT), JACOBIANS, strict=True):
        assert_close(cotangent, np.tensordot(COTANGENT, dense, 1))
    assert_close(pullback(np.zeros(5))[0], np.zeros(4))
    value, tangent = jac.jvp(ours, POINT, TANGENTS)
    assert_close(value, ours(*POINT))
    parts = zip(JACOBIANS, TANGENTS, strict=True)
    assert_close(tangent, sum(np.tensordot(J, h, h.ndim) for J, h in parts))


def test_linearize():
    value, parts = jac.linearize(ours, *POINT)
    assert_close(value, ours(*POINT))
    assert [J.mode for J in parts] == ["lazy"] * 3
    for J, dense, h in zip(parts, JACOBIANS, TANGENTS, strict=True):
        assert_close(J.jvp(h), np.tensordot(dense, h, h.ndim))
        assert_close(J.to_array(), dense)
    calls = []

    def counted(x):
        calls.append(1)
        return np.sin(x)

    _, J = jac.linearize(counted, X)
    assert_close(J @ X, np.cos(X) * X)
    assert_close(X @ J, np.cos(X) * X)
    assert len(calls) == 1


def test_hessians_of_all_pairs():
    found = jac.hessian(loss, (0, 1, 2))(*POINT)
    for row, dense_row in zip(found, HESSIANS, strict=True):
        for H, dense in zip(row, dense_row, strict=True):
            assert_close(H.to_array(), dense)
    assert_close(jac.hessian(loss, 1)(*POINT).to_array(), HESSIANS[1][1])
    ((mixed,),) = jac.hessian(loss, (-2,))(*POINT)
    assert_close(mixed.to_array(), HESSIANS[1][1])


@pytest.mark.parametrize(
    "options", [{"mode": "lazy"}, {"mode": "explicit"}, {"order": "forward"}, {"order": "reverse"}]
)
def test_hessians_with_options(options):
    H = jac.hessian(loss, **options)(*POINT)
    assert_close(H.to_array(), HESSIANS[0][0])
    assert_close(H @ X, HESSIANS[0][0] @ X)


def test_hessian_vector_products():
    products = jac.hvp(loss, POINT, TANGENTS)
    for product, row in zip(products, HESSIANS, strict=True):
        parts = zip(row, TANGENTS, strict=True)
        assert_close(product, sum(np.tensordot(H, h, h.ndim) for H, h in parts))
    (only,) = jac.hvp(lambda x: np.sum(np.sin(x)), (X,), (np.ones(4),))
    assert_close(only, -np.sin(X))


def test_random_orders_give_the_same():
    plan = jac.jacobian(ours, (0, 1, 2))(*POINT)[0].plan
    assert len(plan.order) > 4
    for seed in range(8):
        order = plan._replace(order=tuple(np.random.default_rng(seed).permutation(plan.order).tolist()))
        for given in (order, order.order, list(order.order[::-1])):
            for J, dense in zip(jac.jacobian(ours, (0, 1, 2), order=given)(*POINT), JACOBIANS, strict=True):
                assert_close(J.to_array(), dense)
                assert J.plan.name == "given"


# ------------------------------------------------------------------------------------------------------ arguments
def test_aux():
    def with_aux(x):
        hidden = np.sin(x)
        return np.sum(hidden * x), {"hidden": hidden, "name": "sine", "parts": [hidden[0], (x, 3)]}

    gradient, aux = jac.grad(with_aux, has_aux=True)(X)
    assert_close(gradient, np.sin(X) + X * np.cos(X))
    assert type(aux["hidden"]) is type(aux["parts"][1][0]) is np.ndarray
    assert isinstance(aux["parts"][0], np.float64)
    assert_close(aux["hidden"], np.sin(X))
    assert (aux["name"], aux["parts"][1][1]) == ("sine", 3)
    (value, aux), _ = jac.value_and_grad(with_aux, has_aux=True)(X)
    assert_close(value, np.sum(np.sin(X) * X))
    for transform in (jac.jacobian, jac.jacrev, jac.jacfwd):
        J, aux = transform(with_aux, has_aux=True)(X)
        assert_close(J.to_array(), gradient)
        assert_close(aux["hidden"], np.sin(X))
    H, aux = jac.hessian(with_aux, has_aux=True)(X)
    assert_close(H.to_array(), np.diag(2 * np.cos(X) - X * np.sin(X)))
    assert_close(aux["hidden"], np.sin(X))
    value, pullback, aux = jac.vjp(with_aux, X, has_aux=True)
    assert_close(pullback(2.0)[0], 2 * gradient)
    assert_close(jac.jvp(with_aux, (X,), (X,), has_aux=True)[1], gradient @ X)


def test_aux_of_a_tuple_of_hessians():
    blocks, aux = jac.hessian(lambda x, y: (np.sum(x * x * y), np.sum(x)), (0, 1), has_aux=True)(X, 2 * X)
    assert_close(blocks[0][0].to_array(), np.diag(4 * X))
    assert_close(blocks[0][1].to_array(), np.diag(2 * X))
    assert_close(aux, np.sum(X))


def test_keywords_are_not_differentiated():
    def power(x, *, exponent, names=()):
        assert type(exponent) is np.ndarray
        return np.sum(x**exponent) + len(names)

    exponent = np.array([2.0, 1.0, 3.0, 2.0])
    assert_close(jac.grad(power)(X, exponent=exponent, names={"a": 1}), exponent * X ** (exponent - 1))
    assert_close(jac.jacobian(power)(X, exponent=exponent).to_array(), exponent * X ** (exponent - 1))


def test_other_arguments_are_passed_as_they_are():
    seen = []

    def function(x, options, y):
        seen.append((options, y))
        return x * options["scale"]

    options, y = {"scale": 2.0}, [1, 2]
    assert_close(jac.jacobian(function)(X, options, y).diagonal(), np.full(4, 2.0))
    assert seen[0][0] is options
    assert seen[0][1] is y


def test_wrapped_functions_keep_their_name():
    assert jac.grad(loss).__name__ == "loss"
    assert jac.jacobian(network).__doc__ == network.__doc__


@pytest.mark.parametrize("point", [2.0, np.float64(2.0), np.array(2.0)])
def test_numbers(point):
    assert_close(jac.grad(lambda t: t**3)(point), 12.0)
    J = jac.jacobian(lambda t: t**3)(point)
    assert J.shape == ()
    assert_close(J.to_array(), 12.0)
    assert_close(jac.grad(jac.grad(jac.grad(lambda t: t**4)))(point), 48.0)


def test_single_precision():
    x = X.astype(np.float32)
    value, gradient = jac.value_and_grad(lambda x: np.sum(np.sin(x) ** 2) / 3)(x)
    assert value.dtype == gradient.dtype == np.float32
    value, tangent = jac.jvp(lambda x: 2 * x / (1 + x * x), (x,), (x,))
    assert value.dtype == tangent.dtype == np.float32
    assert jac.hessian(lambda x: np.sum(x**3))(x).to_array().dtype == np.float32
    assert jac.hvp(lambda x: np.sum(x**3), (x,), (x,))[0].dtype == np.float32


def test_strided_and_read_only_points():
    grid = np.asfortranarray(RNG.normal(size=(4, 6)))
    for x in (grid, grid[::2, ::-3], grid.T):
        assert_close(jac.grad(lambda x: np.sum(x * x))(x), 2 * x)
    grid.flags.writeable = False
    assert_close(jac.jacobian(np.sin)(grid).diagonal(), np.cos(grid))
    assert not grid.flags.writeable


# ------------------------------------------------------------------------------------------------------ functions
@pytest.mark.parametrize("mode", ["explicit", "lazy", "auto"])
def test_functions_without_much_to_differentiate(mode):
    transform = lambda f, argnums=0: jac.jacobian(f, argnums, mode=mode)  # noqa: E731
    assert_close(transform(lambda x: x)(X).to_array(), np.eye(4))
    assert_close(transform(lambda x: np.ones(2))(X).to_array(), np.zeros((2, 4)))
    assert_close(transform(lambda x: 1.0)(X).to_array(), np.zeros(4))
    assert_close(transform(np.zeros_like)(X).to_array(), np.zeros((4, 4)))
    assert_close(transform(np.sign)(X).to_array(), np.zeros((4, 4)))
    unused = transform(lambda x, y: np.sin(y), (0, 1))(X, B)
    assert_close(unused[0].to_array(), np.zeros((3, 4)))
    assert_close(unused[0] @ X, np.zeros(3))
    assert_close(B @ unused[0], np.zeros(4))
    assert_close(transform(jac.stop_gradient)(X).to_array(), np.zeros((4, 4)))
    twice = transform(lambda x, y: x * y, (0, 1))(X, X)
    for J in twice:
        assert_close(J.to_array(), np.diag(X))
    assert_close(transform(lambda x: x * x)(X).to_array(), np.diag(2 * X))


def test_gradients_of_constants():
    assert_close(jac.grad(lambda x: 1.0)(X), np.zeros(4))
    assert_close(jac.grad(lambda x, y: np.sum(y))(X, B), np.zeros(4))
    assert_close(jac.vjp(lambda x, y: y, X, B)[1](B)[0], np.zeros(4))
    assert_close(jac.jvp(lambda x: np.ones(2), (X,), (X,))[1], np.zeros(2))
    assert_close(jac.hvp(lambda x: np.sum(x), (X,), (X,))[0], np.zeros(4))
    assert_close(jac.hessian(lambda x: np.sum(x))(X).to_array(), np.zeros((4, 4)))


def test_arrays_of_traced_scalars():
    def rotation(angle):
        c, s = np.cos(angle), np.sin(angle)
        return np.array([[c, -s], [s, c]])

    assert_close(jac.jacobian(rotation)(0.3).to_array(), [[-np.sin(0.3), -np.cos(0.3)], [np.cos(0.3), -np.sin(0.3)]])
    jacobian = jac.jacobian(lambda x: np.array([x[0] * x[1], 2.0, x[1] ** 2]))(np.array([3.0, 5.0]))
    assert_close(jacobian.to_array(), [[5.0, 3.0], [0.0, 0.0], [0.0, 10.0]])
    assert_close(jac.grad(lambda x: np.array(x[0] * x[0])[()])(X), [2 * X[0], 0, 0, 0])


def test_branches_and_loops():
    def collatz(x):
        while x > 1:
            x = x / 2 if x > 3 else x - 0.75
        return x

    assert_close(jac.grad(collatz)(13.0), 0.125)


def test_the_point_may_change_afterwards():
    x = X.copy()
    value, pullback = jac.vjp(lambda x: x * x, x)
    _, J = jac.linearize(np.exp, x)
    x[:] = value[:] = 0
    assert_close(pullback(np.ones(4))[0], 2 * X)
    assert_close(J.jvp(np.ones(4)), np.exp(X))


def test_threads():
    failures = []

    def work(seed):
        rng = np.random.default_rng(seed)
        x, M = rng.normal(size=6), rng.normal(size=(5, 6))
        try:
            for _ in range(10):
                t = np.tanh(M @ x)
                assert_close(jac.jacobian(lambda x: np.tanh(M @ x))(x).to_array(), (1 - t * t)[:, None] * M)
                H = jac.hessian(lambda x: np.sum(np.tanh(M @ x)))(x).to_array()
                assert_close(H, M.T @ ((-2 * t * (1 - t * t))[:, None] * M))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_threads_share_a_jacobian():
    M = RNG.normal(size=(30, 30))
    J = jac.jacobian(lambda x: np.tanh(M @ np.tanh(M @ x)))(np.ones(30))
    expected = J.to_array()
    K = jac.jacobian(lambda x: np.tanh(M @ np.tanh(M @ x)))(np.ones(30))
    results = []
    threads = [threading.Thread(target=lambda: results.append(K.to_array())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8
    for result in results:
        assert_close(result, expected)
