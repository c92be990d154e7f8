"""What NumPy does with the entries of a Jacobian: ``J - A``, ``J**2``, ``J == A``, ``np.sum(J)``, ``np.abs(J)``.

What is linear in Jacobians alone stays one: ``J + K``, ``2 * J``, ``J @ K``. Anything else has no structure that could
be kept, and works on the dense array as if the Jacobian were that array; the memory limit holds for it.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from numbers import Number
from typing import Any, NoReturn, Self

import numpy as np

__all__ = ["Entrywise", "as_dense", "is_number"]

_OWN = {
    np.matmul: ("__matmul__", "__rmatmul__"),
    np.add: ("__add__", "__radd__"),
    np.subtract: ("__sub__", "__rsub__"),
    np.multiply: ("__mul__", "__rmul__"),
    np.divide: ("__truediv__", "__rtruediv__"),
    np.negative: ("__neg__", ""),
}
"""Methods of a Jacobian, for which NumPy's numbers and arrays ask by these functions."""


_SHAPES: dict[Any, Callable[[Any], Any]] = {
    np.shape: lambda J: J.shape,
    np.ndim: lambda J: len(J.shape),
    np.size: lambda J: prod(J.shape),
}
"""What is told without the dense array."""


def _forward(ufunc: np.ufunc) -> Callable[[Any, Any], Any]:
    return lambda self, other: self._by_entries(ufunc, self, other)


def _reflected(ufunc: np.ufunc) -> Callable[[Any, Any], Any]:
    return lambda self, other: self._by_entries(ufunc, other, self)


class Entrywise:
    """What a Jacobian has in common with an array besides being linear."""

    __slots__ = ()

    def _dense(self) -> Any:
        """The array that stands for it."""
        raise NotImplementedError

    @staticmethod
    def _by_entries(ufunc: np.ufunc, *operands: Any) -> Any:
        """A ufunc of the dense arrays; NotImplemented where an operand is neither an array nor a number."""
        return ufunc(*map(_array, operands)) if all(map(_is_array, operands)) else NotImplemented

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method == "__call__" and not kwargs and ufunc in _OWN:
            first, *rest = inputs
            name, reflected = _OWN[ufunc]
            if isinstance(first, Entrywise):
                return getattr(first, name)(*rest)
            return getattr(rest[0], reflected)(first)
        if any([isinstance(x, Entrywise) for x in kwargs.get("out", ())]) or not all(map(_is_array, inputs)):
            return NotImplemented
        return getattr(ufunc, method)(*map(_array, inputs), **kwargs)

    def __array_function__(self, function: Callable[..., Any], types: Any, args: tuple, kwargs: dict) -> Any:
        if function in _SHAPES and len(args) == 1 and not kwargs:
            return _SHAPES[function](self)
        return function(*_without(args), **{name: _without(value) for name, value in kwargs.items()})

    def __float__(self) -> float:
        return float(self._dense())

    def __complex__(self) -> complex:
        return complex(self._dense())

    def __pos__(self) -> Any:
        return self

    def __neg__(self) -> Self:
        return self * -1.0

    def __mul__(self, factor: Any) -> Any:
        """The product with a number, or with an array entry by entry."""
        raise NotImplementedError

    def __radd__(self, other: Any) -> Any:
        """``0 + J``, with which the built-in `sum` begins, is J."""
        return self if type(other) is int and other == 0 else self._by_entries(np.add, other, self)

    def __truediv__(self, factor: Any) -> Any:
        return self * (1.0 / factor) if is_number(factor) else self._by_entries(np.divide, self, factor)

    def __abs__(self) -> Any:
        return np.abs(self._dense())

    __pow__, __rpow__ = _forward(np.power), _reflected(np.power)
    __floordiv__, __rfloordiv__ = _forward(np.floor_divide), _reflected(np.floor_divide)
    __mod__, __rmod__ = _forward(np.remainder), _reflected(np.remainder)
    __rsub__, __rtruediv__ = _reflected(np.subtract), _reflected(np.divide)
    __lt__, __le__, __gt__, __ge__ = map(_forward, (np.less, np.less_equal, np.greater, np.greater_equal))
    __eq__, __ne__ = _forward(np.equal), _forward(np.not_equal)  # type: ignore[assignment]
    __hash__ = object.__hash__  # signatures and caches know it by identity

    def __getattr__(self, name: str) -> NoReturn:
        kind = type(self).__name__
        if name.startswith("_") or not hasattr(np.ndarray, name):
            raise AttributeError(f"{kind!r} object has no attribute {name!r}")
        raise AttributeError(f"a {kind} has no attribute {name!r}. Its dense array has: use np.asarray(J).{name}")


def is_number(factor: Any) -> bool:
    """Whether an operand is one number, or an array of one without axes: a multiple of a Jacobian is one again."""
    return not isinstance(factor, Entrywise) and _is_array(factor) and np.ndim(factor) == 0


def _is_array(operand: Any) -> bool:
    return isinstance(operand, (Entrywise, Number, list, tuple)) or hasattr(operand, "dtype")


def as_dense(operand: Any) -> Any:
    """The dense array of a Jacobian; anything else as it is."""
    return operand._dense() if isinstance(operand, Entrywise) else operand


def _array(operand: Any) -> Any:
    return operand.toarray() if hasattr(operand, "toarray") else as_dense(operand)


def _without(argument: Any) -> Any:
    """An argument of a function, or a list of them, without Jacobians."""
    if type(argument) in (list, tuple):
        return type(argument)(map(_without, argument))
    return as_dense(argument)
