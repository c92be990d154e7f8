"""`Late`: the slope of an entrywise function, not computed yet.

A slope such as ``cos(x)`` takes as much memory as a value, for as long as the graph lives; its operands are values that
exist anyway. So a large one is computed when an elimination gets to it, and forgotten with the edge. One that is asked
for a second time, as by products with a lazy Jacobian, is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from math import inf, prod
from typing import Any, NamedTuple
from weakref import WeakValueDictionary, ref

import numpy as np

from .postponed import Postponed
from .program import Symbol
from .quiet import quietly

__all__ = ["LARGE", "Late", "Multiple", "late", "made", "one_view"]

LARGE = 65536
"""Bytes of a slope from which it waits."""

CHEAP = frozenset([np.divide, np.multiply, np.sqrt, np.square, np.reciprocal])
"""Functions that are computed again, rather than that their result is held for their slope."""


class Late:
    """An array of which shape and dtype are known.

    Attributes
    ----------
    operands : tuple
        The result of the function and its operands; None for those that the slope does not need.
    shape : tuple of int
    dtype : dtype
    """

    __slots__ = ("__weakref__", "_function", "_kept", "_origin", "_used", "dtype", "operands", "shape")

    def __init__(
        self, function: Callable[..., Any], operands: tuple[Any, ...], shape: tuple[int, ...], dtype: np.dtype
    ) -> None:
        self._function, self.operands, self.shape, self.dtype = function, operands, shape, dtype
        self._kept: np.ndarray | None = None
        self._used = False
        self._origin: tuple[Any, ...] = ()

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        return self.size * self.dtype.itemsize

    def made(self) -> np.ndarray:
        """The array: a fresh one the first time, one that is kept from then on."""
        if self._kept is not None:
            return self._kept
        array = self._shaped(_quiet(self._function, self.operands))
        if self._used:
            self._kept = array
        self._used = True
        return array

    def reshaped(self, shape: tuple[int, ...]) -> Late:
        """The same slope without axes of one entry, not computed yet, either."""
        other = Late(self._function, self.operands, shape, self.dtype)
        other._origin = self._origin
        return other

    def _shaped(self, array: np.ndarray) -> np.ndarray:
        return array if array.shape == self.shape else one_view(array, self.shape)

    def rest_on(self, array: np.ndarray, sign: int) -> None:
        """Be an array from now on, or its negative: the same numbers, which have been computed meanwhile."""
        self._function, self.operands = (_itself, np.negative)[sign < 0], (array,)

    def known(self) -> Any:
        """The array that it rests on, if that is the slope as it is; itself where it is still to be computed."""
        return self._shaped(self.operands[0]) if self._function is _itself else self

    def note(self, function: Any, operands: Sequence[Any]) -> None:
        """Remember of what the result was made, if that takes little time; it keeps no large array alive."""
        if function in CHEAP and self.operands[0] is not None:
            large = [type(x) is np.ndarray and x.nbytes >= LARGE for x in operands]
            self._origin = function, *[ref(x) if is_large else x for x, is_large in zip(operands, large, strict=True)]

    def afresh(self) -> Late | None:
        """The same slope of the operands alone, which computes the result again; None where that is not known."""
        if not self._origin:
            return None
        function, *noted = self._origin
        operands = [x() if type(x) is ref else x for x in noted]
        if any([x is None for x in operands]):
            return None
        return Late(partial(_afresh, self._function, function), (None, *operands), self.shape, self.dtype)

    def parts(self) -> tuple[np.ndarray, int]:
        """The array and a sign that it is to be multiplied by."""
        if self._function is np.negative:
            return self._shaped(self.operands[0]), -1
        return self.made(), 1

    def on(self, operands: Sequence[Any]) -> Late:
        """The same slope of copies of the operands, itself if they are no copies."""
        same = all([x is y for x, y in zip(operands, self.operands, strict=True)])
        return self if same else Late(self._function, tuple(operands), self.shape, self.dtype)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self.made(), dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *operands: Any, **kwargs: Any) -> Any:
        return getattr(ufunc, method)(*[made(operand) for operand in operands], **kwargs)

    def __array_function__(self, function: Callable[..., Any], types: Any, args: tuple, kwargs: dict) -> Any:
        plain = [[made(x) for x in arg] if type(arg) in (list, tuple) else made(arg) for arg in args]
        return function(*plain, **kwargs)

    def astype(self, dtype: np.dtype) -> np.ndarray:
        return self.made().astype(dtype)

    def __getitem__(self, index: Any) -> Any:
        return self.made()[index]

    def __mul__(self, other: Any) -> Any:
        return self.made() * other

    def __reduce__(self) -> Any:
        return np.asarray, (self.made(),)


def _afresh(slope: Callable[..., Any], function: Callable[..., Any], _: None, *operands: Any) -> Any:
    return slope(function(*operands), *operands)


def _itself(array: np.ndarray) -> np.ndarray:
    return array


@quietly
def _quiet(function: Callable[..., Any], operands: tuple[Any, ...]) -> Any:
    return function(*operands)


def made(array: Any) -> Any:
    """The array itself, or the one that is late."""
    return array.made() if type(array) is Late else array


_VIEWS: WeakValueDictionary[tuple[int, tuple[int, ...]], np.ndarray] = WeakValueDictionary()


def one_view(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """``np.reshape(array, shape)``, of a large array the same view each time, so that shared factors are recognised."""
    if array.base is not None or array.nbytes < LARGE:
        return np.reshape(array, shape)
    view = _VIEWS.get((id(array), shape))
    if view is None or view.base is not array:  # that of another array, which is gone, or none
        view = np.reshape(array, shape)
        if view.base is array:
            _VIEWS[id(array), shape] = view
    return view


class Multiple(NamedTuple):
    """A slope that is a number times the result or an operand, such as that of ``x**2``: it takes no arithmetic."""

    number: float
    place: int


def late(function: Callable[..., Any], operands: tuple[Any, ...], needed: Any) -> Late | Multiple | None:
    """The slope ``function(*operands)`` that waits; None where it is small, costs nothing, or has another shape.

    Parameters
    ----------
    function : callable
    operands : tuple
        The result and the operands of an entrywise function.
    needed : collection of int
        The positions of operands that are differentiated: what they hold does not change.
    """
    result = operands[0]
    if result.dtype.kind != "f" or prod(result.shape) * result.dtype.itemsize < LARGE:
        return None
    plain = _is_plain(result) or type(result) is Postponed
    if not plain and not _is_known(_lowest(result)):
        return None
    key = []
    for n, operand in enumerate(operands):
        if type(operand) in (int, float):
            key.append(operand)
        elif hasattr(operand, "value") or _is_known(operand) or type(operand) is Postponed:
            if n and n - 1 not in needed:
                return None
            key.append((operand.ndim, tuple([size == 1 for size in operand.shape]), operand.dtype))
        else:
            return None
    used = _used(function, tuple([type(x) for x in key]), tuple(key))
    if used is None or type(used) is Multiple:
        return used
    held = tuple([x if n in used else None for n, x in enumerate(operands)])
    return Late(function, held, result.shape, result.dtype) if plain else None


def _is_plain(value: Any) -> bool:
    return type(value) is np.ndarray


def _is_known(value: Any) -> bool:
    """Whether a value is an array, perhaps one that is only recorded: a multiple of it takes no arithmetic, either."""
    return type(value) is np.ndarray or type(value) is Symbol


def _lowest(value: Any) -> Any:
    """What a traced value is made of, below all levels."""
    while hasattr(value, "value"):
        value = value.value
    return value


class _Untouched:
    """In place of an operand, it tells whether that is used."""

    __array_ufunc__ = None

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        raise TypeError

    def __array_function__(self, function: Callable[..., Any], types: Any, args: tuple, kwargs: dict) -> Any:
        raise TypeError


@lru_cache(maxsize=4096)
def _used(
    function: Callable[..., Any], types: tuple[type, ...], key: tuple[Any, ...]
) -> frozenset[int] | Multiple | None:
    """Which operands a slope needs, or of which one it is a multiple; None where it is no new array like the result.

    Tried on a few numbers.
    """
    tried = []
    for kind in key:
        if type(kind) is tuple:
            _, ones, dtype = kind
            tried.append(np.ones([1 if one else 2 for one in ones], dtype))
        else:
            tried.append(kind)
    try:
        found = _quiet(function, tuple(tried))
    except Exception:  # what these numbers do not suit is tried on the true ones, and fails there if it does
        return None
    result = tried[0]
    own = type(found) is np.ndarray and not any([np.may_share_memory(found, x) for x in tried if type(x) is np.ndarray])
    if not own or found.shape != result.shape or found.dtype != result.dtype:
        return None
    multiple = _multiple(function, tried)
    if multiple is not None and tried[multiple.place].shape == result.shape:
        return multiple if tried[multiple.place].dtype == result.dtype else None
    return frozenset([n for n in range(len(tried)) if type(tried[n]) is not np.ndarray or _needs(function, tried, n)])


class _Scaled:
    """In place of an array, of which it follows multiplications by Python's numbers, and nothing else."""

    __array_ufunc__ = None
    __slots__ = ("number", "place")

    def __init__(self, place: int, number: float = 1.0) -> None:
        self.place, self.number = place, number

    def __mul__(self, other: Any) -> Any:
        return _Scaled(self.place, self.number * other) if type(other) in (int, float) else NotImplemented

    __rmul__ = __mul__

    def __neg__(self) -> _Scaled:
        return _Scaled(self.place, -self.number)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        raise TypeError

    def __array_function__(self, function: Callable[..., Any], types: Any, args: tuple, kwargs: dict) -> Any:
        raise TypeError

    def __eq__(self, other: object) -> bool:
        raise TypeError

    __hash__ = None  # type: ignore[assignment]


def _multiple(function: Callable[..., Any], operands: list[Any]) -> Multiple | None:
    """What a slope is a multiple of, if it does no more to its operands."""
    try:
        found = function(*[_Scaled(n) if type(x) is np.ndarray else x for n, x in enumerate(operands)])
    except Exception:
        return None
    return Multiple(found.number, found.place) if type(found) is _Scaled and 0 < abs(found.number) < inf else None


def _needs(function: Callable[..., Any], operands: list[Any], n: int) -> bool:
    """Whether a slope looks at one of its operands."""
    try:
        _ = _quiet(function, (*operands[:n], _Untouched(), *operands[n + 1 :]))
    except Exception:
        return True
    return False
