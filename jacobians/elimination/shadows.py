"""Arrays without numbers, which count what is done to them.

A `Shadow` has a shape and a dtype and speaks NumPy's protocols, so the engine itself runs on shadows and the ledger
tells what it would have cost: no separate model of the costs can disagree with what is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import inf, prod
from typing import Any

import numpy as np

from ..arrays import LASTING, embed, scatter
from ..program import Symbol
from ..terms import Factor, OperatorFactor, Term, WithoutArrays, pattern_of, plain
from .machine import seconds_of

__all__ = ["Ledger", "Shadow", "TooDear", "is_shadow", "shadow_term"]


class TooDear(Exception):
    """More multiplications than a ledger allows."""


class Ledger:
    """Scalar multiplications, up to a limit, and the arrays that were made, with what each has cost.

    Attributes
    ----------
    arrays : list of Shadow
    costs : list of (int, int)
        The multiplications that made each, and the bytes that were read for it.
    """

    __slots__ = ("arrays", "costs", "limit", "multiplications", "shadows")

    def __init__(self, limit: float = inf) -> None:
        self.multiplications = 0
        self.limit = limit
        self.arrays: list[Shadow] = []
        self.costs: list[tuple[int, int]] = []
        self.shadows: dict[int, Shadow] = {}

    def clear(self) -> None:
        """Begin anew."""
        self.multiplications, self.arrays, self.costs = 0, [], []

    def made(
        self, shape: tuple[int, ...], dtype: np.dtype, multiplications: int = 0, operands: tuple[Any, ...] = ()
    ) -> Shadow:
        """Record a new array; returns its shadow. Without operands as much was read as is written."""
        read = sum([operand.nbytes for operand in operands if type(operand) is Shadow]) if operands else -1
        return self.again(shape, dtype, multiplications, read)

    def again(self, shape: tuple[int, ...], dtype: np.dtype, multiplications: int, read: int) -> Shadow:
        """Record a new array; `read` is negative where as much was read as is written."""
        if multiplications:
            self.multiplications += multiplications
            if self.multiplications > self.limit:
                raise TooDear
        shadow = Shadow(shape, dtype, self)
        self.arrays.append(shadow)
        self.costs.append((multiplications, shadow.nbytes if read < 0 else read))
        return shadow

    @property
    def seconds(self) -> float:
        """What the calls take that made the arrays."""
        known = zip(self.arrays, self.costs, strict=True)
        return sum([seconds_of(multiplications, read, array.nbytes) for array, (multiplications, read) in known])

    def largest_intermediate(self, results: Iterable[Any]) -> int:
        """Bytes of the largest array that was made and is no part of the results."""
        held = {id(array.memory) for array in results if isinstance(array, Shadow)}
        return max((array.nbytes for array in self.arrays if id(array) not in held), default=0)

    def shadow_of(self, array: Any) -> Shadow:
        """The shadow of an array: always the same one, so that shared factors are recognised."""
        if id(array) not in self.shadows:
            self.shadows[id(array)] = Shadow(tuple(array.shape), array.dtype, self)
        return self.shadows[id(array)]


class Shadow:
    """An array of which only shape and dtype are known; a view knows the array whose memory it is."""

    __slots__ = ("dtype", "ledger", "memory", "nbytes", "shape", "size")

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype, ledger: Ledger, memory: Shadow | None = None) -> None:
        self.shape = shape
        self.dtype = dtype
        self.size = prod(shape)
        self.nbytes = self.size * dtype.itemsize
        self.ledger = ledger
        self.memory = self if memory is None else memory

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def astype(self, dtype: np.dtype) -> Shadow:
        return self.ledger.made(self.shape, dtype)

    def view(self, shape: tuple[int, ...]) -> Shadow:
        """An array of the same memory."""
        return Shadow(shape, self.dtype, self.ledger, self.memory)

    def times(self, other: Shadow) -> Shadow:
        """The product of arrays that broadcast."""
        a, b = self.shape, other.shape
        shape = a if a == b or not b else b if not a else np.broadcast_shapes(a, b)
        dtype = self.dtype if self.dtype is other.dtype else np.result_type(self.dtype, other.dtype)
        return self.ledger.again(shape, dtype, prod(shape), self.nbytes + other.nbytes)

    def __mul__(self, other: object) -> Shadow:
        sign = isinstance(other, (int, float)) and abs(other) == 1
        return self.ledger.made(self.shape, self.dtype, 0 if sign else self.size)

    def __getitem__(self, index: Any) -> Shadow:
        items = index if isinstance(index, tuple) else (index,)
        known = tuple([np.zeros(item.shape, np.intp) if isinstance(item, Symbol) else item for item in items])
        probe = np.broadcast_to(np.zeros(()), self.shape)[known]
        return self.ledger.made(probe.shape, self.dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *operands: Any, **_: Any) -> Shadow:
        shape, dtype = self.shape, self.dtype
        for operand in operands:
            if type(operand) is Shadow:
                if operand.shape != shape or operand.dtype is not dtype:
                    break
            elif type(operand) not in (int, float) or dtype.kind not in "fc":
                break
        else:
            return self.ledger.made(shape, dtype, self.size if ufunc is np.multiply else 0, operands)
        shape = np.broadcast_shapes(*[np.shape(operand) for operand in operands])
        dtype = np.result_type(*[getattr(operand, "dtype", operand) for operand in operands])
        return self.ledger.made(shape, dtype, prod(shape) if ufunc is np.multiply else 0, operands)

    def __array_function__(self, function: Callable, types: object, args: tuple, kwargs: dict) -> Any:
        return _FUNCTIONS[function](*args, **kwargs)


LASTING.add(Shadow)


def shadow_term(term: Term, ledger: Ledger) -> Term:
    """The term with shadows in place of its arrays."""
    pattern = pattern_of(term)
    if pattern is not None:
        return pattern.term([ledger.shadow_of(array) for array in term.arrays], term.scale)
    factors: list[Factor | OperatorFactor] = []
    for factor in term.factors:
        if isinstance(factor, Factor):
            factors.append(Factor(ledger.shadow_of(factor.array), factor.labels))
        else:
            operation = _ShadowOperation(factor, ledger)
            factors.append(OperatorFactor(operation, factor.left, factor.right))
    return plain(term).replace(factors=tuple(factors))


def is_shadow(factor: Factor | OperatorFactor) -> bool:
    """Whether a factor is without numbers."""
    if isinstance(factor, OperatorFactor):
        return isinstance(factor.operation, _ShadowOperation)
    return isinstance(factor.array, Shadow)


class _ShadowOperation(WithoutArrays):
    """An operation that only knows the sizes of its groups, counted as one multiplication per entry of its result."""

    def __init__(self, factor: OperatorFactor, ledger: Ledger) -> None:
        self.dtype, self.nbytes, self.ledger = factor.dtype, factor.nbytes, ledger
        self.rows = prod(label.size for label in factor.left)
        self.columns = prod(label.size for label in factor.right)

    def apply(self, array: Any) -> Shadow:
        return self._result(array, self.rows)

    def apply_transposed(self, array: Any) -> Shadow:
        return self._result(array, self.columns)

    def materialise(self) -> Shadow:
        return self.ledger.made((self.rows, self.columns), self.dtype, self.rows * self.columns)

    def _result(self, array: Any, size: int) -> Shadow:
        shape = (size, *array.shape[1:])
        return self.ledger.made(shape, np.result_type(array.dtype, self.dtype), prod(shape))


def _einsum(*operands: Any) -> Shadow:
    arrays, labels, output = operands[:-1:2], operands[1:-1:2], operands[-1]
    sizes = {
        n: size for array, group in zip(arrays, labels, strict=True) for n, size in zip(group, array.shape, strict=True)
    }
    ledger = next(array.ledger for array in arrays if isinstance(array, Shadow))
    dtype = np.result_type(*[array.dtype for array in arrays])
    work = prod(sizes.values()) if len(arrays) > 1 else 0
    return ledger.made(tuple([sizes[n] for n in output]), dtype, work, arrays)


def _sum(array: Shadow, axis: tuple[int, ...]) -> Shadow:
    return array.ledger.made(tuple([n for a, n in enumerate(array.shape) if a not in axis]), array.dtype, 0, (array,))


def _take(array: Shadow, index: np.ndarray, axis: int) -> Shadow:
    return array.ledger.made(array.shape[:axis] + np.shape(index) + array.shape[axis + 1 :], array.dtype)


def _diagonal(array: Shadow, axis1: int, axis2: int) -> Shadow:
    kept = tuple([n for a, n in enumerate(array.shape) if a not in (axis1, axis2)])
    return array.view((*kept, array.shape[axis1]))


def _reshape(array: Shadow, shape: Any) -> Shadow:
    shape = tuple(shape)
    known = prod(n for n in shape if n >= 0)
    return array.view(tuple([array.size // known if n < 0 else n for n in shape]))


def _scatter(array: Shadow, index: np.ndarray, size: int, injective: bool = False) -> Shadow:
    return array.ledger.made((size, *array.shape[1:]), array.dtype, 0, (array,))


def _embed(array: Shadow, pattern: tuple[tuple[int, ...], ...]) -> Shadow:
    return array.ledger.made(
        tuple([prod(array.shape[axis] for axis in group) for group in pattern]), array.dtype, 0, (array,)
    )


def _convolve(a: Shadow, v: Shadow, mode: str = "full") -> Shadow:
    long, short = max(a.size, v.size), min(a.size, v.size)
    size = long + short - 1 if mode == "full" else long - short + 1
    dtype = np.result_type(a.dtype, v.dtype)
    return a.ledger.made((size,), dtype, long * short if mode == "full" else size * short, (a, v))


_FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.einsum: _einsum,
    np.sum: _sum,
    np.take: _take,
    np.diagonal: _diagonal,
    np.reshape: _reshape,
    np.transpose: lambda array, order: array.view(tuple([array.shape[axis] for axis in order])),
    np.broadcast_to: lambda array, shape: array.view(tuple(shape)),
    np.shape: lambda array: array.shape,
    scatter: _scatter,
    np.roll: lambda array, shift, axis: array.ledger.made(array.shape, array.dtype),
    np.convolve: _convolve,
    np.correlate: _convolve,
    embed: _embed,
}
