"""Numbers in which no rule of any library takes part: complex steps, and central differences of them.

- `along(f, arguments, argnums, directions)` is the derivative along a direction, exact to rounding.
- `second(...)` is a number of the Hessian, ``u . H v``.
- `check_gradient`, `check_jacobian`, ... return how far an answer is from them, relative to the largest number.

One random direction sees every wrong entry of a Jacobian (a wrong row would have to be orthogonal to it), so that a
Jacobian too large for differences in each coordinate is checked as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

__all__ = [
    "along",
    "check_block_hessian",
    "check_block_jacobian",
    "check_gradient",
    "check_hessian",
    "check_hessian_diagonal",
    "check_hessian_product",
    "check_jacobian",
    "check_matrix",
    "check_matrix_hessian",
    "difference",
    "random_like",
    "second",
]

STEP = 1e-30  # of the complex step, which has no cancellation
SHIFT = 2e-3  # of the central differences, extrapolated once: an error of SHIFT**4
DIRECTIONS = 6

Function = Callable[..., Any]


def as_tuple(argnums: int | tuple[int, ...]) -> tuple[int, ...]:
    return (argnums,) if isinstance(argnums, int) else argnums


def random_like(arrays: Sequence[np.ndarray], seed: int) -> list[np.ndarray]:
    """Standard normal directions of the shapes of arrays."""
    generator = np.random.default_rng(seed)
    return [generator.standard_normal(np.shape(array)) for array in arrays]


def along(
    f: Function, arguments: Sequence[Any], argnums: int | tuple[int, ...], directions: Sequence[np.ndarray]
) -> np.ndarray:
    """The derivative of an analytic function along directions of some arguments, by a complex step.

    Examples
    --------
    >>> float(along(lambda x, y: x * y, (2.0, 3.0), (0,), [np.array(10.0)]))
    30.0
    """
    moved = list(arguments)
    for position, direction in zip(as_tuple(argnums), directions, strict=True):
        moved[position] = moved[position] + 1j * STEP * direction
    return np.imag(f(*moved)) / STEP


def second(
    f: Function, arguments: Sequence[Any], argnum: int, u: np.ndarray, v: np.ndarray, shift: float = SHIFT
) -> np.ndarray:
    """The second derivative along u and v: central differences along v of a complex step along u, extrapolated.

    Examples
    --------
    >>> float(second(lambda x: np.sum(x**3), (np.ones(2),), 0, np.ones(2), np.array([1.0, 0.0])).round(9))
    6.0
    """

    def central(h: float) -> np.ndarray:
        values = []
        for sign in (1, -1):
            moved = list(arguments)
            moved[argnum] = moved[argnum] + sign * h * v
            values.append(along(f, moved, argnum, [u]))
        return (values[0] - values[1]) / (2 * h)

    scale = shift / max(float(np.max(np.abs(v))), 1e-12)
    return (4 * central(scale / 2) - central(scale)) / 3


def difference(found: Any, expected: Any) -> float:
    """The largest difference of arrays of one shape, relative to the largest number expected.

    Examples
    --------
    >>> difference(np.array([1.0, 4.0]), np.array([2.0, 4.0]))
    0.25
    """
    found, expected = np.asarray(found), np.asarray(expected)
    if found.shape != expected.shape:
        return float("inf")
    if not found.size:
        return 0.0
    scale = float(np.max(np.abs(expected))) or 1.0
    worst = float(np.max(np.abs(found - expected))) / scale
    return worst if np.isfinite(worst) else float("inf")


def check_gradient(f: Function, arguments: Sequence[Any], argnums: int | tuple[int, ...], found: Any) -> float:
    """Of the gradient of a scalar function, or of vectors of losses: one leading axis for each axis of the losses."""
    gradients = list(found) if isinstance(argnums, tuple) else [found]
    inputs = [arguments[position] for position in as_tuple(argnums)]
    lead = np.ndim(f(*arguments))
    if [np.shape(g)[lead:] for g in gradients] != [np.shape(x) for x in inputs]:
        return float("inf")
    products, expected = [], []
    for directions in _probes(inputs):
        products.append(sum(_contract(g, h) for g, h in zip(gradients, directions, strict=True)))
        expected.append(along(f, arguments, argnums, directions))
    return difference(np.stack(products), np.stack(expected))


def _probes(inputs: Sequence[np.ndarray]) -> list[list[np.ndarray]]:
    """Random directions in all inputs, and in one input at a time, so that small ones are seen beside large ones."""
    probes = [random_like(inputs, seed) for seed in range(DIRECTIONS)]
    if len(inputs) > 1:
        for k in range(len(inputs)):
            single = random_like(inputs, 100 + k)
            probes.append([h if n == k else np.zeros_like(h) for n, h in enumerate(single)])
    return probes


def _contract(tensor: Any, direction: np.ndarray) -> np.ndarray:
    """The last axes of a tensor against all axes of a direction."""
    tensor = np.asarray(tensor)
    lead = tensor.shape[: tensor.ndim - direction.ndim]
    return (tensor.reshape(-1, max(direction.size, 1)) @ direction.ravel()).reshape(lead)


def check_jacobian(f: Function, arguments: Sequence[Any], argnum: int, found: Any) -> float:
    """Of a dense Jacobian of shape out + in."""
    out, x = np.shape(f(*arguments)), arguments[argnum]
    if np.shape(found) != (*out, *np.shape(x)):
        return float("inf")
    (h,) = random_like([x], 0)
    return difference(_contract(found, h), along(f, arguments, argnum, [h]))


def check_block_jacobian(f: Function, arguments: Sequence[Any], argnum: int, found: Any) -> float:
    """Of the blocks (n, rest of out..., rest of in...) of a function that treats the rows of one argument alone."""
    (h,) = random_like([arguments[argnum]], 0)
    expected = along(f, arguments, argnum, [h])
    blocks = np.asarray(found)
    if blocks.shape != (len(h), *expected.shape[1:], *h.shape[1:]):
        return float("inf")
    rows = blocks.reshape(len(h), -1, h[0].size) @ h.reshape(len(h), -1, 1)
    return difference(rows.reshape(expected.shape), expected)


def check_matrix(f: Function, arguments: Sequence[Any], argnum: int, found: Any) -> float:
    """Of a sparse or dense matrix of shape (size of out, size of in), or of anything that multiplies such vectors."""
    x = arguments[argnum]
    worst = 0.0
    for seed in range(2):
        (h,) = random_like([x], seed)
        expected = along(f, arguments, argnum, [h])
        if tuple(found.shape) != (expected.size, h.size):
            return float("inf")
        worst = max(worst, difference(found @ h.ravel(), expected.ravel()))
    return worst


def check_hessian(f: Function, arguments: Sequence[Any], argnum: int, found: Any) -> float:
    """Of a dense Hessian of shape in + in."""
    x = arguments[argnum]
    if np.shape(found) != np.shape(x) * 2:
        return float("inf")
    return _second_error(f, arguments, argnum, lambda v: _contract(found, v))


def check_matrix_hessian(f: Function, arguments: Sequence[Any], argnum: int, found: Any) -> float:
    """Of a Hessian as a matrix of shape (size of in, size of in)."""
    x = arguments[argnum]
    if tuple(found.shape) != (np.size(x), np.size(x)):
        return float("inf")
    return _second_error(f, arguments, argnum, lambda v: np.reshape(found @ v.ravel(), np.shape(x)))


def check_block_hessian(f: Function, arguments: Sequence[Any], argnum: int, found: Any) -> float:
    """Of the blocks (n, rest of in..., rest of in...) of a Hessian in which no two rows of the argument meet."""
    n, *rest = np.shape(arguments[argnum])
    if np.shape(found) != (n, *rest, *rest):
        return float("inf")
    blocks = np.reshape(found, (n, -1, int(np.prod(rest))))
    return _second_error(f, arguments, argnum, lambda v: (blocks @ v.reshape(n, -1, 1)).reshape(v.shape))


def check_hessian_diagonal(f: Function, arguments: Sequence[Any], argnum: int, found: Any) -> float:
    """Of the diagonal of a Hessian: all numbers of a small one, some of a large one."""
    x = arguments[argnum]
    if np.shape(found) != np.shape(x):
        return float("inf")
    generator = np.random.default_rng(7)
    chosen = generator.choice(np.size(x), min(np.size(x), 64), replace=False)
    units = [np.reshape(unit, np.shape(x)) for unit in (np.arange(np.size(x)) == chosen[:, None]).astype(float)]
    return difference(np.ravel(found)[chosen], np.stack([second(f, arguments, argnum, u, u) for u in units]))


def check_hessian_product(f: Function, arguments: Sequence[Any], argnum: int, found: Any) -> float:
    """Of the Hessian times the last argument, which is not one of the function."""
    *given, v = arguments
    if np.shape(found) != np.shape(v):
        return float("inf")
    probes = [random_like([v], seed)[0] for seed in range(DIRECTIONS)]
    expected = [second(f, given, argnum, u, v) for u in probes]
    return difference(np.stack([np.sum(u * found) for u in probes]), np.stack(expected))


def _second_error(
    f: Function, arguments: Sequence[Any], argnum: int, product: Callable[[np.ndarray], np.ndarray]
) -> float:
    """Of ``u . H v`` for random u and v, and for some single coordinates u, which a sum of others could hide."""
    x = arguments[argnum]
    found, expected = [], []
    generator = np.random.default_rng(7)
    coordinates = generator.choice(np.size(x), min(np.size(x), 12), replace=False)
    for seed in range(DIRECTIONS):
        u, v = random_like([x, x], seed)
        column = product(v)
        unit = np.zeros(np.size(x))
        unit[coordinates[seed % len(coordinates)]] = np.sqrt(np.size(x))
        for left in (u, unit.reshape(np.shape(x))):
            found.append(np.sum(left * column))
            expected.append(second(f, arguments, argnum, left, v))
    return difference(np.stack(found), np.stack(expected))
