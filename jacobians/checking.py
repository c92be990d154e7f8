"""Comparing derivatives with numbers that know nothing of rules.

- `numerical_jacobian(f, x)` nudges one entry of `x` at a time: central differences, or the complex step.
- `check_jacobian(f, *args)` compares the Jacobian of `f` with it, and names the worst entry if they disagree.
- `numerical_columns(f, x, positions)` does only some columns, where all of them would be too many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal, NamedTuple

import numpy as np

from .errors import ArgumentError, JacobianMismatchError, ShapeError
from .recording import is_differentiated
from .tensor import BlockJacobian
from .tensor.parts import parts_of
from .transforms import jacobian
from .trees import LEAF, Tree, flatten, is_container

__all__ = ["check_jacobian", "numerical_columns", "numerical_jacobian"]

Method = Literal["central", "complex"]
Shape = tuple[int, ...]

CENTRAL_STEP = float(np.finfo(np.float64).eps) ** (1 / 3)  # where truncation and rounding errors are equal
COMPLEX_STEP = 1e-30  # nothing is subtracted, so that the step may be far below the rounding of x


def numerical_jacobian(f: Callable[[Any], Any], x: Any, method: Method = "central") -> Any:
    """Differentiate `f` at `x` by nudging one entry of `x` at a time, in float64.

    Parameters
    ----------
    f : callable
        A function of an array or a nest of arrays, which returns an array or a nest. It is called once or twice per
        entry of `x`.
    x : array_like, shape in_shape; or a nest of arrays
        Real numbers. A list of numbers is an array.
    method : {"central", "complex"}
        "central": ``(f(x + h) - f(x - h)) / 2h`` with h = eps**(1/3) max(1, abs(x)), good to about ten digits.
        "complex": ``imag(f(x + ih)) / h``, good to full precision, for functions that are analytic and pass complex
        numbers through (no ``abs``, no ``maximum``, no ``conj``).

    Returns
    -------
    ndarray, shape out_shape + in_shape
        If `x` or the result is a nest, such arrays nested as the result, each entry nested as `x`.

    Raises
    ------
    ArgumentError
        If `x` is complex, or the complex step meets a function that returns real numbers.

    Examples
    --------
    >>> import numpy as np
    >>> numerical_jacobian(lambda x: x**2, np.array([1.0, 3.0]), method="complex")
    array([[2., 0.],
           [0., 6.]])
    """
    out, inp, blocks = _blocks(f, np.asarray(x) if _is_numbers(x) else x, method)
    return out.build([inp.build(row) for row in blocks])


def _blocks(f: Callable[[Any], Any], x: Any, method: Method) -> tuple[Tree, Tree, list[list[np.ndarray]]]:
    """How the result and `x` are nested, and the Jacobian of each array of the one in each of the other, by rows."""
    arrays, inp = flatten(x, is_differentiated) if is_container(x) else ([x], LEAF)
    for path, array in zip(inp.paths("x"), arrays, strict=True):
        if np.iscomplexobj(array):
            raise ArgumentError("numerical_jacobian", path, "is complex", "Pass real and imaginary part as two arrays.")
    columns = parts_of(inp, [np.shape(array) for array in arrays])
    result: list[tuple[Tree, list[Shape]]] = []
    real: set[int] = set()  # arrays beside others that lose the complex step, or do not depend on x

    def raveled(point: np.ndarray) -> np.ndarray:
        value = f(inp.build([point[column.slice].reshape(column.shape)[()] for column in columns]))
        leaves, out = flatten(value, is_differentiated) if is_container(value) else ([value], LEAF)
        leaves = [np.asarray(leaf) for leaf in leaves]
        result[:] = [(out.slopes(), [leaf.shape for leaf in leaves])]
        if point.dtype.kind == "c":
            real.update([n for n, leaf in enumerate(leaves) if leaf.dtype.kind != "c"])
        return np.concatenate([leaf.ravel() for leaf in leaves])

    flat = np.concatenate([np.zeros(0), *[np.array(array, dtype=np.float64).ravel() for array in arrays]])
    matrix = numerical_columns(raveled, flat, range(flat.size), method)
    ((out, shapes),) = result
    rows = parts_of(out, shapes)
    if real:
        central = numerical_columns(raveled, flat, range(flat.size))
        for n in real:
            matrix[rows[n].slice] = central[rows[n].slice]
    blocks = [[matrix[row.slice, column.slice].reshape(row.shape + column.shape) for column in columns] for row in rows]
    return out, inp.slopes(), blocks


def numerical_columns(
    f: Callable[[Any], Any], x: Any, positions: Iterable[int], method: Method = "central"
) -> np.ndarray:
    """Some columns of `numerical_jacobian`: those of the entries of `x` at the given flat positions.

    Parameters
    ----------
    f, x, method
        As for `numerical_jacobian`.
    positions : iterable of int
        Positions in the raveled `x`.

    Returns
    -------
    ndarray, shape out_shape + (number of positions,)

    Examples
    --------
    >>> import numpy as np
    >>> numerical_columns(np.cumsum, np.zeros(3), [1]).T.round(6)
    array([[0., 1., 1.]])
    """
    if np.iscomplexobj(x):
        raise ArgumentError("numerical_jacobian", "x", "is complex", "Pass real and imaginary part as two arrays.")
    if method not in _COLUMN:
        raise ArgumentError("numerical_jacobian", "method", f"is {method!r}", "Use 'central' or 'complex'.")
    point = np.array(x, dtype=np.float64)
    column = _COLUMN[method]
    columns = [column(f, point, position) for position in positions]
    if not columns:
        return np.zeros((*np.shape(f(point)), 0))
    return np.stack(columns, axis=-1)


def _central_column(f: Callable[[Any], Any], point: np.ndarray, position: int) -> np.ndarray:
    step = CENTRAL_STEP * max(1.0, abs(point.flat[position]))
    above, below = point.copy(), point.copy()
    above.flat[position] += step
    below.flat[position] -= step
    width = above.flat[position] - below.flat[position]  # what the step has become by rounding
    high, low = np.asarray(f(above)), np.asarray(f(below))
    dtype = np.complex128 if np.iscomplexobj(high) or np.iscomplexobj(low) else np.float64
    return (high.astype(dtype) - low.astype(dtype)) / width


def _complex_column(f: Callable[[Any], Any], point: np.ndarray, position: int) -> np.ndarray:
    nudged = point.astype(np.complex128)
    nudged.flat[position] += 1j * COMPLEX_STEP
    result = np.asarray(f(nudged))
    if result.dtype.kind != "c":
        found = f"is {result.dtype} where x is complex, so that the complex step is lost"
        raise ArgumentError("numerical_jacobian", "the result of f", found, "Use method='central'.")
    return np.imag(result) / COMPLEX_STEP


_COLUMN: dict[str, Callable[[Callable[[Any], Any], np.ndarray, int], np.ndarray]] = {
    "central": _central_column,
    "complex": _complex_column,
}


def check_jacobian(
    f: Callable[..., Any],
    *args: Any,
    argnums: int | tuple[int, ...] | None = None,
    rtol: float | None = None,
    atol: float | None = None,
    method: Method = "central",
) -> None:
    """Compare the Jacobian of `f` with `numerical_jacobian`, entry by entry.

    Parameters
    ----------
    f : callable
        Returns an array or a nest of arrays.
    *args
        Where to compare.
    argnums : int or tuple of int, optional
        The arguments to differentiate with respect to. By default all floating-point and complex arrays and nests of
        floating-point ones. Of a complex array the derivatives in real and imaginary part are compared, of a complex
        result those of real and imaginary part, behind one another along a new first axis.
    rtol, atol : float, optional
        An entry agrees if ``abs(computed - numerical) <= atol + rtol * abs(numerical)``. Both are by default eps**(1/3)
        of the Jacobian's dtype: 6e-6 for float64, 5e-3 for float32.
    method : {"central", "complex"}

    Raises
    ------
    JacobianMismatchError
        If an entry disagrees, or is not a number on one side only. It names the worst entry, both values and indices.
    ShapeError
        If the Jacobian's shape is not out_shape + in_shape.

    Examples
    --------
    >>> import numpy as np
    >>> check_jacobian(np.matmul, np.ones((2, 3)), np.arange(3.0))

    A function that hides a dependence from the derivative is found out:

    >>> import jacobians
    >>> check_jacobian(lambda x: x * jacobians.stop_gradient(x), np.array([1.0, 2.0]))
    Traceback (most recent call last):
    jacobians.errors.JacobianMismatchError: check_jacobian: 2 entries of the Jacobian for argument 0 disagree. ...
    """
    if argnums is None:
        argnums = tuple([n for n, arg in enumerate(args) if _is_floating(arg)])
    for argnum in (argnums,) if isinstance(argnums, int) else argnums:
        if not is_container(args[argnum]) and np.iscomplexobj(args[argnum]):
            parts = {"real": np.real(args[argnum]), "imag": np.imag(args[argnum])}
            whole = _of_parts(f, args, argnum)
            check_jacobian(whole, *args[:argnum], parts, argnums=argnum, rtol=rtol, atol=atol, method=method)
            continue
        computed = jacobian(f, argnum)(*args)
        if computed.dtype.kind == "c":
            check_jacobian(_in_parts(f), *args, argnums=argnum, rtol=rtol, atol=atol, method=method)
            continue
        nested = isinstance(computed, BlockJacobian)
        grid = computed.grid() if nested else [[computed]]
        paths = [[part.path for part in side] for side in (computed.rows, computed.columns)] if nested else [[""], [""]]

        def partial(x: Any, argnum: int = argnum) -> Any:
            return f(*args[:argnum], x, *args[argnum + 1 :])

        numerical = _blocks(partial, args[argnum], method)[2]
        for out_path, row, right in zip(paths[0], grid, numerical, strict=True):
            for in_path, J, block in zip(paths[1], row, right, strict=True):
                tolerance = float(np.finfo(J.dtype).eps) ** (1 / 3)
                tolerances = (tolerance if rtol is None else rtol, tolerance if atol is None else atol)
                _compare(Place(argnum, in_path, out_path), len(J.in_shape), J.to_array(), block, *tolerances)


def _of_parts(f: Callable[..., Any], args: tuple[Any, ...], argnum: int) -> Callable[..., Any]:
    """The function of real and imaginary part of a complex argument, the last one; what follows it is constant."""

    def whole(*before: Any) -> Any:
        *rest, parts = before
        return f(*rest, parts["real"] + 1j * parts["imag"], *args[argnum + 1 :])

    return whole


def _in_parts(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function with real and imaginary part of its complex results behind one another."""

    def parts(y: Any) -> Any:
        return np.stack([np.real(y), np.imag(y)]) if np.iscomplexobj(y) else y

    def call(*args: Any) -> Any:
        y = f(*args)
        if not is_container(y):
            return parts(y)
        leaves, tree = flatten(y, is_differentiated)
        return tree.build([parts(leaf) for leaf in leaves])

    return call


class Place(NamedTuple):
    """Which Jacobian: of an array of the result in an array of an argument."""

    argnum: int
    in_path: str
    out_path: str


def _is_numbers(value: Any) -> bool:
    """Whether it is a list of numbers, perhaps nested, which stands for an array as it does elsewhere in NumPy."""
    if type(value) in (list, tuple):
        return bool(value) and all([_is_numbers(entry) for entry in value])
    return isinstance(value, (int, float, complex, np.number))


def _is_floating(value: Any) -> bool:
    """Whether it is an array of floating numbers, or a nest of such arrays."""
    if not is_container(value):
        return np.asarray(value).dtype.kind in "fc"
    leaves, _ = flatten(value, is_differentiated)
    return bool(leaves) and all([np.asarray(leaf).dtype.kind == "f" for leaf in leaves])


def _compare(place: Place, in_ndim: int, computed: Any, numerical: np.ndarray, rtol: float, atol: float) -> None:
    """Raise for the entry that is the most tolerances away."""
    if computed.shape != numerical.shape:
        of = f" of result{place.out_path}" if place.out_path else ""
        name = f"the Jacobian{of} for argument {place.argnum}{place.in_path}"
        raise ShapeError("check_jacobian", name, numerical.shape, computed.shape)
    with np.errstate(invalid="ignore"):  # inf - inf
        same = (computed == numerical) | (np.isnan(computed) & np.isnan(numerical))
        excess = np.abs(computed - numerical) - (atol + rtol * np.abs(numerical))
    excess = np.where(same, -np.inf, np.where(np.isnan(excess), np.inf, excess))
    wrong = int(np.count_nonzero(excess > 0))
    if wrong:
        index = tuple(int(n) for n in np.unravel_index(int(np.argmax(excess)), excess.shape))
        split = len(index) - in_ndim
        values = float(computed[index]), float(numerical[index])
        paths = place.in_path, place.out_path
        raise JacobianMismatchError(place.argnum, index[:split], index[split:], *values, wrong, *paths)
