"""The methods of an ndarray, for a traced array: each is the NumPy function of that name.

Ufuncs on an object array call the method of their name on every entry (``np.sin(objects)`` needs ``entry.sin()``), so
the smooth ufuncs are methods, too. Methods that change an array in place, or hand out its memory, raise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import numpy as np

from .errors import ArgumentError, TraceConversionError

__all__ = ["ArrayMethods", "check_cast"]

# Methods with the signature of the function, the array first.
_SAME = """
    sum mean prod max min var std cumsum cumprod ravel swapaxes squeeze take repeat diagonal trace argmax argmin argsort
    argpartition any all nonzero round ptp clip searchsorted
"""
_SMOOTH = """
    sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh exp exp2 expm1 log log2 log10 log1p sqrt
    cbrt square reciprocal fabs sign rint deg2rad rad2deg degrees radians conjugate floor ceil trunc
    arctan2 hypot logaddexp logaddexp2 fmod copysign fmax fmin float_power
"""
_IN_PLACE = ("partition", "resize", "setfield", "itemset")
_MEMORY = ("tobytes", "tofile", "dump", "dumps", "byteswap", "getfield")


def check_cast(operation: str, found: Any, dtype: Any) -> None:
    """Raise if complex numbers would lose their imaginary part, of which NumPy only warns."""
    kind = np.dtype(dtype).kind
    if found.kind == "c" and kind in "biuf":
        advice = "Write np.real(z) if that is meant, or make the array complex."
        raise ArgumentError(operation, "a complex array", f"would become {np.dtype(dtype)}", advice)


class ArrayMethods:
    """Methods and attributes that are NumPy functions of the array."""

    __slots__ = ()
    __pandas_priority__ = 10_000
    """Above that of pandas, whose Series and DataFrame then leave ``series * x`` to us: they count as their numbers."""
    device = "cpu"
    _number_advice = ""
    """What to do where a Python number is asked for."""

    def __array_namespace__(self, /, *, api_version: Any = None) -> Any:
        return np.empty(0).__array_namespace__(api_version=api_version)

    def to_device(self, device: Any, /, *, stream: Any = None) -> Any:
        return np.empty(0).to_device(device, stream=stream) if device != "cpu" or stream is not None else self

    @property
    def T(self: Any) -> Any:
        return np.transpose(self)

    @property
    def mT(self: Any) -> Any:
        return np.matrix_transpose(self)

    @property
    def real(self: Any) -> Any:
        return np.real(self)

    @property
    def imag(self: Any) -> Any:
        return np.imag(self)

    @real.setter
    def real(self: Any, values: Any) -> None:
        self[...] = values + 1j * np.imag(self) if self.dtype.kind == "c" else values

    @imag.setter
    def imag(self: Any, values: Any) -> None:
        if self.dtype.kind != "c":
            raise TypeError("array does not have imaginary part to set")
        self[...] = np.real(self) + 1j * values

    @property
    def flat(self: Any) -> Any:
        """The entries in a row: a view where it can be one."""
        return np.ravel(self)

    @flat.setter
    def flat(self: Any, values: Any) -> None:
        flat = np.ravel(values)
        self[...] = np.reshape(flat[np.arange(self.size) % flat.size], self.shape)

    def reshape(self: Any, *shape: Any, order: Any = "C", copy: bool | None = None) -> Any:
        sizes = shape[0] if len(shape) == 1 else shape
        return np.reshape(self, sizes, order=order)

    def transpose(self: Any, *axes: Any) -> Any:
        order = axes[0] if len(axes) == 1 else axes or None
        return np.transpose(self, order)

    def flatten(self: Any, order: Any = "C") -> Any:
        return np.copy(np.ravel(self, order))

    def dot(self: Any, b: Any, out: None = None) -> Any:
        return np.dot(self, b, out)

    def copy(self: Any, order: Any = "C") -> Any:
        return np.copy(self, order=order)

    def view(self: Any, *dtype: Any) -> Any:
        """The same memory; in another dtype it is refused."""
        if dtype:
            advice = "A traced array does not hand out its memory. Use x.astype(dtype), or jacobians.primal(x)."
            raise TraceConversionError("ndarray.view", self.shape, advice)
        return self[...]

    def fill(self: Any, value: Any) -> None:
        self[...] = value

    def put(self: Any, indices: Any, values: Any, mode: Any = "raise") -> None:
        np.put(self, indices, values, mode)

    def sort(self: Any, axis: int = -1, kind: Any = None, order: Any = None, *, stable: bool | None = None) -> None:
        self[...] = np.sort(self, axis=axis, kind=kind, order=order, stable=stable)

    def astype(
        self: Any, dtype: Any, order: Any = "K", casting: Any = "unsafe", subok: bool = True, copy: bool = True
    ) -> Any:
        if not np.can_cast(self.dtype, dtype, casting):
            raise TypeError(f"cannot cast an array from {self.dtype} to {np.dtype(dtype)} by the rule {casting!r}")
        check_cast("astype", self.dtype, dtype)
        return np.astype(self, dtype, copy=copy)

    def compress(self: Any, condition: Any, axis: int | None = None, out: None = None) -> Any:
        return np.compress(condition, self, axis, out)

    def conj(self: Any) -> Any:
        return np.conjugate(self)

    def item(self: Any, *index: Any) -> Any:
        """One entry, still traced."""
        if not index:
            if self.size != 1:
                raise ValueError("can only convert an array of size 1 to a Python scalar")
            return np.reshape(self, ())
        if len(index) == 1 and not isinstance(index[0], tuple):
            return np.ravel(self)[index[0]]
        return self[index[0] if len(index) == 1 else index]

    def tolist(self: Any) -> Any:
        """Nested lists of traced scalars."""
        return [entry.tolist() for entry in self] if self.ndim else self

    @property
    def itemsize(self: Any) -> int:
        return self.dtype.itemsize

    # ---- as a sequence ----------------------------------------------------------------------------------------------

    def __len__(self: Any) -> int:
        if not self.ndim:
            raise TypeError("len() of unsized object")
        return self.shape[0]

    def __iter__(self: Any) -> Iterator[Any]:
        if not self.ndim:
            raise TypeError("iteration over a 0-d array")
        return iter([self[n] for n in range(self.shape[0])])

    __hash__ = object.__hash__  # an operator compares entries: what is compared here is the array itself

    # ---- as a Python number -----------------------------------------------------------------------------------------

    def __float__(self: Any) -> Any:
        self._refuse("float()", self._number_advice)

    def __int__(self: Any) -> Any:
        self._refuse("int()", self._number_advice)

    def __complex__(self: Any) -> Any:
        self._refuse("complex()", self._number_advice)

    def __round__(self: Any, digits: int | None = None) -> Any:
        return np.round(self, digits or 0)

    def __floor__(self: Any) -> Any:
        return np.floor(self)

    def __ceil__(self: Any) -> Any:
        return np.ceil(self)

    def __trunc__(self: Any) -> Any:
        return np.trunc(self)

    # ---- copies -----------------------------------------------------------------------------------------------------

    def __copy__(self: Any) -> Any:
        return np.copy(self)

    def __deepcopy__(self: Any, memo: Any) -> Any:
        return np.copy(self)


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


for _name in (_SAME + _SMOOTH).split():
    setattr(ArrayMethods, _name, _function_as_method(_name))
for _name in _IN_PLACE:
    _advice = "A traced array cannot be changed in place. Use a function that returns a new one, such as np.sort."
    setattr(ArrayMethods, _name, _refusal(_name, _advice))
for _name in _MEMORY:
    _advice = "A traced array does not hand out its memory. Use jacobians.primal(x) for its numbers."
    setattr(ArrayMethods, _name, _refusal(_name, _advice))
