"""What a traced array looks like: an ndarray, of which nothing can make plain numbers.

Shape, operators, methods and NumPy's ufuncs are those of an ndarray. What would need plain numbers raises, and what
builds arrays from it (``np.array([x[0], 1.0])``) gets an object array of traced scalars, which the next operation makes
one traced array again.
"""

from __future__ import annotations

import sys
import warnings
from typing import Any, NoReturn

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from ..arrays import nothing_known
from ..errors import ScalarisationWarning, TraceConversionError
from ..exposed import expose
from ..methods import ArrayMethods
from .dispatch import apply_plainly
from .recorded import Recorded, lift, primal
from .swift import of_call, of_one, of_two
from .ufunc_calls import apply_ufunc

__all__ = ["Appearance"]

_QUIET_SIZE = 100
_FOREIGN = "A function of compiled code gets its derivative with jacobians.custom."
_warned = False


class Appearance(ArrayMethods, NDArrayOperatorsMixin, Recorded):
    """A value of a level that looks like an ndarray."""

    __slots__ = ()
    _number_advice = (
        "Use NumPy's functions in place of those of math, jacobians.primal(x) for the number as a constant; and "
        "instead of writing it into a plain array such as np.zeros(3), write into np.zeros(3, like=x) or "
        f"np.zeros_like(x). {_FOREIGN}"
    )

    # ---- NumPy's protocols ------------------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method == "__call__" and not kwargs:
            plain: Any = NotImplemented
            if len(inputs) == 2:
                plain = of_two(ufunc, *inputs)
            elif len(inputs) == 1:
                plain = of_one(ufunc, *inputs)
            else:
                plain = of_call(ufunc, inputs, kwargs)
            if plain is NotImplemented:
                plain = apply_plainly(ufunc, inputs, kwargs)
            if plain is not NotImplemented:
                return plain
        return apply_ufunc(ufunc, method, inputs, kwargs)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if not self.size:  # no derivative is lost
            return np.empty(self.shape, self.dtype if dtype is None else dtype)
        if dtype is not None and np.dtype(dtype).kind != "O":
            self._refuse(
                f"conversion to an array of dtype {np.dtype(dtype)}",
                "Use x.astype(dtype) to change the precision, jacobians.primal(x) for the numbers as a constant, "
                f"np.stack, np.concatenate or np.where to build an array. {_FOREIGN}",
            )
        if dtype is None and sys._getframe(1).f_code.co_name == "_matmul_dispatch":
            return nothing_known(self)  # SciPy's sparse matrices leave the product to the other operand then
        if self.dtype.kind == "c":
            self._refuse(
                "conversion of complex numbers to an array of objects",
                "np.real, np.imag and np.angle would take its entries for real ones. Use np.stack or np.concatenate, "
                f"or write into np.zeros(n, complex, like=z). {_FOREIGN}",
            )
        _warn_of_scalars(self.size)
        scalars = np.empty(self.shape, dtype=object)
        if not scalars.ndim:  # an entry of a list, the usual case
            scalars[()] = self
            return scalars
        for index in np.ndindex(self.shape):
            scalars[index] = self[index]  # type: ignore[index]
        if not copy:
            scalars.flags.writeable = False  # in NumPy it would be this array itself
            expose(getattr(self, "root", self), scalars)
        return scalars

    # ---- what it looks like -----------------------------------------------------------------------------------------

    @property
    def nbytes(self) -> int:
        return self.size * self.dtype.itemsize

    def __repr__(self) -> str:
        return f"Traced({primal(self)}, shape={self.shape}, dtype={self.dtype})"

    def __format__(self, spec: str) -> str:
        return format(primal(self)[()], spec) if spec else str(self)

    # ---- elements ---------------------------------------------------------------------------------------------------

    def __contains__(self, item: Any) -> bool:
        return bool(np.any(np.equal(self, item)))

    # ---- as a Python number -----------------------------------------------------------------------------------------

    def __bool__(self) -> bool:
        return bool(primal(self))

    def __index__(self) -> int:  # noqa: PLE0305  (it raises)
        self._refuse("use as an index", "Use int(jacobians.primal(x)): positions have no derivative.")

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        self._refuse("pickle", "Store jacobians.primal(x) instead.")

    def _refuse(self, operation: str, advice: str) -> NoReturn:
        raise TraceConversionError(operation, self.shape, advice)


def _without_detour(operator_name: str, ufunc: np.ufunc) -> None:
    """Let an operator of plain operands go straight to its rule; the way through NumPy takes as long as a ufunc."""
    forward, reflected = f"__{operator_name}__", f"__r{operator_name}__"
    usual, usual_reflected = getattr(Appearance, forward), getattr(Appearance, reflected)

    def left(self: Appearance, other: Any) -> Any:
        plain = of_two(ufunc, self, other)
        if plain is NotImplemented and type(other) is np.ndarray and other.dtype.kind == "O":
            other = lift(other)  # np.array([x[0], x[1]])
            plain = of_two(ufunc, self, other)
        if plain is NotImplemented:
            plain = apply_plainly(ufunc, (self, other), {})
        return usual(self, other) if plain is NotImplemented else plain

    def right(self: Appearance, other: Any) -> Any:
        plain = of_two(ufunc, other, self)
        if plain is NotImplemented:
            plain = apply_plainly(ufunc, (other, self), {})
        return usual_reflected(self, other) if plain is NotImplemented else plain

    setattr(Appearance, forward, left)
    setattr(Appearance, reflected, right)


def _without_detour_of_one(operator_name: str, ufunc: np.ufunc) -> None:
    """The same for an operator of one operand."""
    name = f"__{operator_name}__"
    usual = getattr(Appearance, name)

    def one(self: Appearance) -> Any:
        plain = of_one(ufunc, self)
        if plain is NotImplemented:
            plain = apply_plainly(ufunc, (self,), {})
        return usual(self) if plain is NotImplemented else plain

    setattr(Appearance, name, one)


_without_detour_of_one("neg", np.negative)
for _name, _ufunc in (("add", np.add), ("sub", np.subtract), ("mul", np.multiply), ("truediv", np.divide)):
    _without_detour(_name, _ufunc)
for _name, _ufunc in (("pow", np.power), ("matmul", np.matmul)):
    _without_detour(_name, _ufunc)


def _warn_of_scalars(size: int) -> None:
    global _warned
    if size > _QUIET_SIZE and not _warned:
        _warned = True
        warnings.warn(
            f"A traced array of {size} entries was taken apart into scalars, which is right but slow. Use np.stack, "
            "np.concatenate or np.zeros(n, like=x) in place of np.array, np.asarray, np.r_ and ndarray.dot.",
            ScalarisationWarning,
            stacklevel=4,
        )
