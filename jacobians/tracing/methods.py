"""The methods of an ndarray, for a traced array: each is the NumPy function of that name.

Ufuncs on an object array call the method of their name on every entry (``np.sin(objects)`` needs ``entry.sin()``), so
the smooth ufuncs are methods, too. Methods that change an array in place, or hand out its memory, raise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from ..errors import TraceConversionError

__all__ = ["ArrayMethods"]

# Methods with the signature of the function, the array first.
_SAME = """
    sum mean prod max min var std cumsum cumprod ravel swapaxes squeeze take repeat diagonal trace argmax argmin argsort
    any all nonzero round ptp clip searchsorted choose
""".split()  # fmt: skip
_UFUNCS = """
    sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh exp exp2 expm1 log log2 log10 log1p sqrt cbrt
    square reciprocal fabs sign rint deg2rad rad2deg degrees radians conjugate floor ceil trunc
    arctan2 hypot logaddexp logaddexp2 fmod copysign fmax fmin float_power
""".split()  # fmt: skip
_IN_PLACE = "fill put partition resize sort setfield itemset".split()
_MEMORY = "view tobytes tofile dump dumps byteswap getfield".split()


class ArrayMethods:
    """Methods and attributes that are NumPy functions of the array."""

    __slots__ = ()

    @property
    def T(self) -> Any:
        return np.transpose(self)  # type: ignore[arg-type]

    @property
    def mT(self) -> Any:
        return np.matrix_transpose(self)  # type: ignore[arg-type]

    @property
    def real(self) -> Any:
        return np.real(self)  # type: ignore[arg-type]

    @property
    def imag(self) -> Any:
        return np.imag(self)  # type: ignore[arg-type]

    @property
    def flat(self) -> Any:
        return np.ravel(self)  # type: ignore[arg-type]

    def reshape(self, *shape: Any, order: str = "C", copy: bool | None = None) -> Any:
        sizes = shape[0] if len(shape) == 1 else shape
        return np.reshape(self, sizes, order=order)  # type: ignore[call-overload]

    def transpose(self, *axes: Any) -> Any:
        order = axes[0] if len(axes) == 1 else axes or None
        return np.transpose(self, order)  # type: ignore[arg-type]

    def flatten(self, order: str = "C") -> Any:
        return np.copy(np.ravel(self, order))  # type: ignore[call-overload]

    def dot(self, b: Any, out: None = None) -> Any:
        return np.dot(self, b, out)  # type: ignore[arg-type]

    def copy(self, order: str = "C") -> Any:
        return np.copy(self)  # type: ignore[arg-type]

    def astype(self, dtype: Any, order: str = "K", casting: str = "unsafe", subok: bool = True, copy: bool = True) -> Any:
        if not np.can_cast(self.dtype, dtype, casting):  # type: ignore[attr-defined]
            raise TypeError(f"Cannot cast array data from {self.dtype!r} to {np.dtype(dtype)!r} by {casting!r}")  # type: ignore[attr-defined]
        return np.astype(self, dtype, copy=copy)  # type: ignore[arg-type]

    def compress(self, condition: Any, axis: int | None = None, out: None = None) -> Any:
        return np.compress(condition, self, axis, out)  # type: ignore[arg-type]

    def conj(self) -> Any:
        return np.conjugate(self)  # type: ignore[call-overload]

    def item(self, *index: Any) -> Any:
        """One entry, still traced."""
        if not index:
            if self.size != 1:  # type: ignore[attr-defined]
                raise ValueError("can only convert an array of size 1 to a Python scalar")
            return np.reshape(self, ())  # type: ignore[call-overload]
        if len(index) == 1 and not isinstance(index[0], tuple):
            return np.ravel(self)[index[0]]  # type: ignore[call-overload]
        return self[index[0] if len(index) == 1 else index]  # type: ignore[index]

    def tolist(self) -> Any:
        """Nested lists of traced scalars."""
        return [entry.tolist() for entry in self] if self.ndim else self  # type: ignore[attr-defined]


def _function_as_method(name: str) -> Callable[..., Any]:
    function = getattr(np, name)

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return function(self, *args, **kwargs)

    method.__name__ = name
    method.__doc__ = f"``np.{name}`` of the array."
    return method


def _refusal(name: str, advice: str) -> Callable[..., NoReturn]:
    def method(self: Any, *_: Any, **__: Any) -> NoReturn:
        raise TraceConversionError(f"ndarray.{name}", self.shape, advice)

    method.__name__ = name
    return method


for _name in (*_SAME, *_UFUNCS):
    setattr(ArrayMethods, _name, _function_as_method(_name))
for _name in _IN_PLACE:
    _advice = "A traced array cannot be changed in place. Use a function that returns a new one (such as np.sort, np.where)."
    setattr(ArrayMethods, _name, _refusal(_name, _advice))
for _name in _MEMORY:
    _advice = "A traced array does not hand out its memory. Use jacobians.primal(x) for its numbers."
    setattr(ArrayMethods, _name, _refusal(_name, _advice))
