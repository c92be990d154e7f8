"""The array functions that NumPy lacks; they dispatch like NumPy's own, so that traced arrays pass through.

- `scatter(values, index, size)`: add slices into an array of zeros.
- `embed(core, pattern)`: put an array on a diagonal; the only place where a Kronecker delta becomes zeros.
- `mirrored(matrix)`: a symmetric matrix that is so exactly, its lower triangle a copy of the upper one.
- `pick(array, index, axis)`: `np.take`, which NumPy does not dispatch on the index.
- `written(array, values, slots)`: a copy of an array with values in some of its entries; `assigned` writes one value.
- `settled(array)`: what stays as it is when the array is written into afterwards.
- `sparse_product(array, matrix)`: a sparse matrix times an array; `sparse_matmul` is ``@`` with one on either side.
- `sparse_solve(entries, array, system)`: the solution of a sparse system, of which one factorisation is kept.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple

import numpy as np

from .plain import mirror

__all__ = [
    "LASTING",
    "Slot",
    "SparseSystem",
    "assigned",
    "embed",
    "embedded_view",
    "is_computed",
    "is_sparse",
    "mirrored",
    "multiplies_sparse",
    "nothing_known",
    "pick",
    "scatter",
    "settled",
    "sparse_matmul",
    "sparse_product",
    "sparse_solve",
    "written",
]


def _dispatched(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let one of the first two arguments handle the call through ``__array_function__`` if it is no ndarray."""

    @wraps(function)
    def call(array: Any, other: Any, *args: Any, **kwargs: Any) -> Any:
        for operand in (array, other):
            if not isinstance(operand, (np.ndarray, np.generic, tuple)):
                handler = getattr(type(operand), "__array_function__", None)
                if handler is not None:
                    return handler(operand, call, (type(operand),), (array, other, *args), kwargs)
        return function(np.asarray(array), other, *args, **kwargs)

    return call


@_dispatched
def scatter(values: Any, index: np.ndarray, size: int, injective: bool = False) -> Any:
    """Add ``values[n]`` to row ``index[n]`` of an array of zeros.

    Parameters
    ----------
    values : array of shape (n, ...)
    index : integer array of shape (n,)
    size : int
        Number of rows of the result.
    injective : bool
        Whether all indices differ.

    Returns
    -------
    array of shape (size, ...)

    Examples
    --------
    >>> scatter(np.array([1.0, 2.0, 4.0]), np.array([0, 2, 0]), 3)
    array([5., 0., 2.])
    """
    result = np.zeros((size, *values.shape[1:]), values.dtype)
    if injective:
        result[index] = values
    else:
        np.add.at(result, index, values)
    return result


@_dispatched
def embed(core: Any, pattern: tuple[tuple[int, ...], ...]) -> Any:
    """Put an array on a generalized diagonal of an array of zeros.

    Parameters
    ----------
    core : array
    pattern : tuple of tuple of int
        For each axis of the result the axes of `core` that index it, row-major; an axis of `core` may occur several
        times.

    Examples
    --------
    >>> embed(np.array([1.0, 2.0]), ((0,), (0,)))
    array([[1., 0.],
           [0., 2.]])
    """
    shape = tuple([int(np.prod([core.shape[axis] for axis in group], dtype=int)) for group in pattern])
    result = np.zeros(shape, core.dtype)
    embedded_view(result, core.shape, pattern)[...] = core
    return result


def mirrored(matrix: Any, below: Any = None, above: Any = None) -> Any:
    """A copy of a matrix, or of those in the last two axes, with the lower triangle taken from the upper one.

    For matrices that are symmetric but for rounding: its derivative is the identity. Where all other entries off the
    diagonal are zero, `below` and `above` may tell the flat positions on both sides of it.

    Examples
    --------
    >>> mirrored(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[1., 2.],
           [2., 4.]])
    """
    handler = None if isinstance(matrix, np.ndarray) else getattr(type(matrix), "__array_function__", None)
    if handler is None:
        return mirror(np.array(matrix), below, above)
    positions = () if below is None else (below, above)
    return handler(matrix, mirrored, (type(matrix),), (matrix, *positions), {})


def pick(array: Any, index: Any, axis: int | None = None) -> Any:
    """``np.take(array, index, axis)``, where the index may be an array that handles the call itself.

    Examples
    --------
    >>> pick(np.array([1.0, 2.0, 4.0]), np.array([2, 0]))
    array([4., 1.])
    """
    handler = None if isinstance(index, np.ndarray) else getattr(type(index), "__array_function__", None)
    if handler is None or not isinstance(array, np.ndarray):
        return np.take(array, index, axis)
    return handler(index, np.take, (type(index),), (array, index, axis), {})


def is_computed(array: Any) -> bool:
    """Whether an array has numbers, perhaps below traced values: a recorded one has none."""
    while hasattr(array, "vertex"):
        array = array.value
    return isinstance(array, (np.ndarray, np.generic))


_NUMBERS = np.generic, int, float

LASTING: set[type] = {np.ndarray}
"""Types of arrays that are kept as they are: nobody writes into them, or who does so is stopped by other means."""


def settled(array: Any) -> Any:
    """An array of these numbers that nobody writes into, whatever becomes of the array itself.

    Traced and recorded arrays tell it by a method of that name; plain arrays are returned as they are.
    """
    if type(array) in LASTING:
        return array
    if isinstance(array, _NUMBERS):
        return np.asarray(array)
    keep = getattr(type(array), "settled", None)
    return array if keep is None else keep(array)


class Slot(NamedTuple):
    """Where a value is written.

    Attributes
    ----------
    index : int, slice, array, ..., or tuple of these, or None
        As in ``array[index] = value``; None where `positions` tell it.
    shape : tuple of int
        What the value is broadcast to.
    positions, places : integer array or None
        Entry ``places[n]`` of the raveled value goes to entry ``positions[n]`` of the raveled array.
    """

    index: Any
    shape: tuple[int, ...]
    positions: Any = None
    places: Any = None

    @classmethod
    def of(cls, index: Any, shape: tuple[int, ...]) -> Slot:
        """The slot of an index; its lists and arrays are copied, because their owner may change them."""
        if type(index) is int:
            return cls(index, shape)
        items = index if type(index) is tuple else (index,)
        if any([isinstance(item, (list, np.ndarray)) for item in items]):
            copies = tuple([np.array(item) if isinstance(item, (list, np.ndarray)) else item for item in items])
            index = copies if type(index) is tuple else copies[0]
        return cls(index, shape)

    @property
    def is_entry(self) -> bool:
        """Whether it is one entry, by an integer for each axis."""
        items = self.index if type(self.index) is tuple else (self.index,)
        return self.shape == () and self.positions is None and all([type(item) is int for item in items])

    def put(self, array: np.ndarray, value: Any) -> None:
        """Write a value into an array that lies in C order in memory, if it is written by positions."""
        if self.positions is None:
            array[self.index] = value
        else:
            array.flat[self.positions] = np.broadcast_to(value, self.shape).ravel()[self.places]


def written(array: Any, values: list[Any], slots: tuple[Slot, ...]) -> Any:
    """A copy of an array with values written into it, one after the other.

    Examples
    --------
    >>> written(np.zeros(3), [5.0, 7.0], (Slot(0, ()), Slot(slice(1, 3), (2,))))
    array([5., 7., 7.])
    """
    others = [x for x in (array, *values) if not isinstance(x, (np.ndarray, np.generic, float))]
    for operand in others:
        handler = getattr(operand, "apply_written", None)
        if handler is not None:
            return handler(written, (array, values, slots))
    if others:
        return _one_after_the_other(array, values, slots)
    result = np.array(array)
    for value, slot in zip(values, slots, strict=True):
        slot.put(result, value)
    return result


def _one_after_the_other(array: Any, values: list[Any], slots: tuple[Slot, ...]) -> Any:
    """`written` by calls of `assigned`: one for all entries, and one for each larger slot."""
    entries = [n for n, slot in enumerate(slots) if slot.is_entry and np.shape(array)]
    if len(entries) > 1:
        items = [slot.index if type(slot.index) is tuple else (slot.index,) for slot in [slots[n] for n in entries]]
        index = tuple([np.array(axis) for axis in zip(*items, strict=True)])
        array = assigned(array, np.stack([values[n] for n in entries]), index[0] if len(index) == 1 else index)
    for value, slot in zip(values, slots, strict=True):
        if slot.positions is not None:
            part = np.reshape(np.broadcast_to(value, slot.shape), (-1,))[slot.places]
            array = assigned(array, part, np.unravel_index(slot.positions, np.shape(array)))
        elif len(entries) < 2 or not slot.is_entry:
            array = assigned(array, value, slot.index)
    return array


@_dispatched
def assigned(array: Any, value: Any, index: Any) -> Any:
    """A copy of an array, after ``copy[index] = value``.

    Examples
    --------
    >>> assigned(np.zeros(3), 5.0, slice(2))
    array([5., 5., 0.])
    """
    result = array.copy()
    result[index] = value
    return result


def embedded_view(array: np.ndarray, sizes: tuple[int, ...], pattern: tuple[tuple[int, ...], ...]) -> np.ndarray:
    """The writable strided view of `array` whose axes are those of a core of shape `sizes` under `pattern`."""
    strides = [0] * len(sizes)
    for step, group in zip(array.strides, pattern, strict=True):
        for axis in reversed(group):
            strides[axis] += step
            step *= sizes[axis]
    return np.lib.stride_tricks.as_strided(array, sizes, strides)


def is_sparse(value: Any) -> bool:
    """Whether a value is a sparse matrix or array of SciPy, which is not imported for the question."""
    sparse = sys.modules.get("scipy.sparse")
    return sparse is not None and sparse.issparse(value)


def multiplies_sparse(ufunc: np.ufunc, operands: tuple[Any, ...]) -> bool:
    """Whether a call is a product of matrices, one of them sparse; SciPy writes it ``*``, too, for its older kind."""
    matrices = [x for x in operands if is_sparse(x)]
    if len(matrices) != 1 or len(operands) != 2:
        return False
    older = ufunc is np.multiply and sys.modules["scipy.sparse"].isspmatrix(matrices[0])
    return ufunc is np.matmul or (older and all([np.ndim(x) for x in operands]))


@_dispatched
def sparse_product(array: Any, matrix: Any) -> Any:
    """``matrix @ array`` for a sparse matrix of shape (m, n) and an array of shape (n, ...), of shape (m, ...).

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> sparse_product(np.array([1.0, 2.0]), csr_array([[0.0, 3.0]]))
    array([6.])
    """
    flat = matrix @ np.reshape(array, (array.shape[0], -1))
    return np.reshape(flat, (matrix.shape[0], *array.shape[1:]))


def sparse_matmul(a: Any, b: Any) -> Any:
    """``a @ b`` where one of the two is a sparse matrix.

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> sparse_matmul(np.array([[1.0], [2.0]]), csr_array([[0.0, 3.0]]))
    array([[0., 3.],
           [0., 6.]])
    """
    left = is_sparse(a)
    matrix, array = (a, b) if left else (b, a)
    if matrix.ndim != 2 or np.ndim(array) == 0 or (left and np.ndim(array) > 2):
        raise ValueError(f"matmul: operands of shapes {np.shape(a)} and {np.shape(b)}, one of them sparse.")
    axis = 0 if left else -1
    if np.shape(array)[axis] != matrix.shape[1 if left else 0]:
        raise ValueError(f"matmul: shapes {np.shape(a)} and {np.shape(b)} do not fit.")
    if left:
        return sparse_product(array, matrix)
    return np.moveaxis(sparse_product(np.moveaxis(array, -1, 0), matrix.T), 0, -1)


def nothing_known(value: Any) -> np.ndarray:
    """What NumPy makes of an object that is no array: one of that object."""
    whole = np.empty((), dtype=object)
    whole[()] = value
    return whole


class SparseSystem:
    """The positions of the entries of a square sparse matrix, and the last factorisation with these positions.

    Parameters
    ----------
    rows, columns : integer array of shape (number of entries,)
        Entries at the same position are added.
    size : int
    """

    def __init__(self, rows: np.ndarray, columns: np.ndarray, size: int) -> None:
        self.rows, self.columns, self.size = rows, columns, size
        self._factorised: tuple[np.ndarray, Any] | None = None

    def factorisation(self, entries: np.ndarray) -> Any:
        """The sparse LU decomposition of the matrix with these entries; that of the same array is found again."""
        known = self._factorised
        if known is None or known[0] is not entries:
            from scipy.sparse import csc_array  # slow to import
            from scipy.sparse.linalg import splu

            wide = entries.astype(complex if entries.dtype.kind == "c" else float)
            matrix = csc_array((wide, (self.rows, self.columns)), shape=(self.size, self.size))
            known = self._factorised = entries, splu(matrix)
        return known[1]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_factorised": None}


@_dispatched
def sparse_solve(entries: Any, array: Any, system: SparseSystem, transposed: bool = False) -> Any:
    """The solution of ``A x = array`` for the sparse matrix of a system, or of its transpose, along the first axis.

    Parameters
    ----------
    entries : array of shape (number of entries,)
        Kept while the factorisation is: it must not change.
    array : array of shape (size, ...)
    system : SparseSystem
    transposed : bool

    Examples
    --------
    >>> positions = np.arange(2)
    >>> sparse_solve(np.array([2.0, 4.0]), np.array([1.0, 1.0]), SparseSystem(positions, positions, 2))
    array([0.5 , 0.25])
    """
    array = np.asarray(array)
    solve, way = system.factorisation(entries).solve, "T" if transposed else "N"
    flat, kinds = np.reshape(array, (system.size, -1)), (entries.dtype.kind, array.dtype.kind)
    if kinds[0] != "c" and kinds[1] == "c":  # real factors take real columns alone
        solution = solve(np.real(flat).astype(float), way) + 1j * solve(np.imag(flat).astype(float), way)
    else:
        solution = solve(flat.astype(complex if "c" in kinds else float, copy=False), way)
    return np.reshape(solution, array.shape).astype(np.result_type(entries, array), copy=False)
