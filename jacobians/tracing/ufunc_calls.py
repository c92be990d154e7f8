"""Calls of ufuncs: which types are ours, the methods ``reduce``, ``accumulate`` and ``outer``, and ``out=``.

- A type that defines the protocol itself may wrap a traced value: it gets its turn (NotImplemented).
- ``np.add.reduce`` is ``np.sum`` with axis 0, and so on; ``outer`` is the ufunc on operands with new axes.
- ``y += x`` and ``at`` write into a traced y that the function made. Else ``y += x`` binds the name y anew; a plain
  array, which would keep the old numbers under other names, becomes nan.
"""

from __future__ import annotations

import math
from functools import lru_cache
from numbers import Real
from typing import Any

import numpy as np

from ..arrays import multiplies_sparse, scatter, sparse_matmul
from ..errors import ArgumentError, TraceConversionError, UnsupportedFunctionError
from ..program import Symbol
from ..registry import Rule, function_name, lookup
from .dispatch import apply_function
from .recorded import Recorded, lift, owner_of
from .swift import of_two

__all__ = ["apply_ufunc", "knows", "rule_of_method"]

# fmt: off
_REDUCE = {
    np.add: np.sum, np.multiply: np.prod, np.maximum: np.max, np.minimum: np.min,
    np.logical_and: np.all, np.logical_or: np.any,
}
# fmt: on
_ACCUMULATE = {np.add: np.cumsum, np.multiply: np.cumprod}
_BINARY = ("reduce", "accumulate", "reduceat", "outer")
_OWN = (np.ndarray.__array_ufunc__, np.ndarray.__array_function__)


def _has(ufunc: np.ufunc, method: str) -> bool:
    """Whether NumPy knows a method of a ufunc other than ``at``."""
    return method not in _BINARY or (ufunc.nin == 2 and not ufunc.signature and (ufunc.nout == 1 or method == "outer"))


def rule_of_method(ufunc: np.ufunc, method: str) -> Rule | None:
    """The rule by which a method of a ufunc is differentiated; None if there is none, or no such method."""
    if not _has(ufunc, method):
        return None
    if method in ("__call__", "outer", "at"):
        return None if ufunc.signature and method == "at" else lookup(ufunc)
    table = {"reduce": _REDUCE, "accumulate": _ACCUMULATE}.get(method, {})
    return lookup(table.get(ufunc, getattr(ufunc, method)))


@lru_cache(maxsize=256)
def knows(kind: type) -> bool:
    """Whether an operand of this type is ours to compute with; others that have a protocol get their turn."""
    if issubclass(kind, (Recorded, Symbol)) or hasattr(kind, "__pandas_priority__"):
        return True  # pandas gives way
    protocols = (getattr(kind, "__array_ufunc__", None), getattr(kind, "__array_function__", None))
    return all(protocol is None or protocol in _OWN for protocol in protocols)


def apply_ufunc(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What ``__array_ufunc__`` of a traced value does where there is anything special to see to."""
    out = kwargs.pop("out", None)
    if not all([knows(type(x)) for x in (*inputs, *(out or ())) if x is not None]):
        return NotImplemented
    if method == "at":
        return _at(ufunc, *inputs)
    if not _has(ufunc, method):
        raise ValueError(f"{function_name(ufunc)}.{method}: only functions of two numbers have this method")
    if out is not None and any(array is not None for array in out):
        return _into(ufunc, method, inputs, kwargs, out)
    if kwargs.get("where", True) is not True and method == "__call__":
        advice = "for where= without out= (entries elsewhere are undefined). Use out=np.zeros_like(x), or np.where"
        raise _refused(ufunc, "", advice)
    if method == "__call__":
        kwargs.pop("where", None)
        inputs, kwargs = _in_loop(ufunc, inputs, kwargs) if kwargs else (inputs, kwargs)
        if multiplies_sparse(ufunc, inputs):
            return sparse_matmul(*inputs)
    return _METHODS[method](ufunc, *[_operand(ufunc, x) for x in inputs], **kwargs)


def _is_recorded(value: Any) -> bool:
    return isinstance(value, Recorded)


def _refused(ufunc: np.ufunc, method: str, reason: str) -> UnsupportedFunctionError:
    return UnsupportedFunctionError(f"{function_name(ufunc)}{method and '.' + method}", reason)


def _operand(ufunc: np.ufunc, x: Any) -> Any:
    """An operand as an array, a number, or traced."""
    if isinstance(x, (Recorded, Symbol, int, float, complex, np.generic)) or x is None:
        return x
    if isinstance(x, np.ndarray):
        return lift(x) if x.dtype.kind == "O" else x
    if isinstance(x, (list, tuple)):
        lifted = lift(x)
        return np.asarray(x) if lifted is x else lifted
    if isinstance(x, Real):  # such as a Fraction
        return float(x)
    array = lift(np.asarray(x))
    if array.dtype.kind not in "biufc":
        raise ArgumentError(
            function_name(ufunc), "an operand", f"is a {type(x).__name__}", "Use an array, for example its toarray()."
        )
    return array


def _call(ufunc: np.ufunc, *inputs: Any, **kwargs: Any) -> Any:
    if lookup(ufunc) is None and all(set(types) <= {"O", "-", ">"} for types in ufunc.types):
        # np.frompyfunc: a Python function on every entry.
        return lift(ufunc(*[np.asarray(x, dtype=object) for x in inputs], **kwargs))
    if len(inputs) == 2 and not kwargs:  # one of them may have become an array
        known = of_two(ufunc, *inputs)
        if known is not NotImplemented:
            return known
    return apply_function(ufunc, inputs, kwargs)


def _in_loop(ufunc: np.ufunc, inputs: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
    """The operands in the precision that ``dtype=`` or ``signature=`` asks for, as NumPy casts them before its loop."""
    signature = kwargs.get("signature")
    asked = kwargs.get("dtype") if signature is None else set(str(signature).partition("->")[0])
    if asked is None or (isinstance(asked, set) and len(asked) > 1):
        return inputs, kwargs
    dtype = np.dtype(asked.pop() if isinstance(asked, set) else asked)
    if dtype.kind not in "fc" or f"{dtype.char * ufunc.nin}->{dtype.char * ufunc.nout}" not in ufunc.types:
        return inputs, kwargs
    casting = kwargs.get("casting", "same_kind")
    operands = [_operand(ufunc, x) for x in inputs]
    for x in operands:
        if hasattr(x, "dtype") and not np.can_cast(x.dtype, dtype, casting):
            raise TypeError(f"Cannot cast {function_name(ufunc)} input from {x.dtype} to {dtype}: casting={casting!r}")
    rest = {name: value for name, value in kwargs.items() if name not in ("dtype", "signature", "casting")}
    return tuple([_cast(x, dtype) for x in operands]), rest


def _cast(x: Any, dtype: np.dtype) -> Any:
    """An operand in this precision: of a Python number some functions of SciPy would choose double precision."""
    if not hasattr(x, "dtype"):
        return dtype.type(x) if isinstance(x, (int, float)) else x
    return x if x.dtype == dtype else np.astype(x, dtype)


def _reduce(ufunc: np.ufunc, array: Any, axis: Any = 0, dtype: Any = None, **kwargs: Any) -> Any:
    if dtype is not None:
        kwargs["dtype"] = dtype
    function = _REDUCE.get(ufunc)
    if function is None:
        return apply_function(ufunc.reduce, (array,), {"axis": axis, **kwargs})
    if dtype is not None and function in (np.max, np.min):  # these take none
        array = np.astype(array, kwargs.pop("dtype"))
    return function(array, axis=axis, **kwargs)


def _accumulate(ufunc: np.ufunc, array: Any, axis: int = 0, dtype: Any = None) -> Any:
    function = _ACCUMULATE.get(ufunc)
    if function is None:
        if dtype is not None and array.dtype != dtype:
            array, dtype = np.astype(array, dtype), None
        return apply_function(ufunc.accumulate, (array,), {"axis": axis, "dtype": dtype})
    return function(array, axis=axis, dtype=dtype)


def _outer(ufunc: np.ufunc, a: Any, b: Any, **kwargs: Any) -> Any:
    return ufunc(np.reshape(a, np.shape(a) + (1,) * np.ndim(b)), b, **kwargs)


def _reduceat(ufunc: np.ufunc, array: Any, indices: Any, axis: int = 0, dtype: Any = None) -> Any:
    return apply_function(ufunc.reduceat, (array, indices), {"axis": axis, "dtype": dtype})


def _at(ufunc: np.ufunc, written: Any, index: Any, *values: Any) -> None:
    """``ufunc.at``: entries that are named several times are written several times, one after the other."""
    target: Any = written
    if not (_is_recorded(target) and target.is_writable):
        advice = "unless the array that it writes into is traced and made inside the function, such as np.zeros_like(x)"
        raise _refused(ufunc, "at", advice)
    shape, rest = target.shape, ()
    if ufunc is np.add and isinstance(index, (np.ndarray, Symbol)) and index.dtype.kind in "iu":
        shape, rest = shape[:1], shape[1:]  # rows as they are
    places = _numbered(shape, index)[index]
    flat, filled = np.ravel(places), (*np.shape(places), *rest)
    operands = [np.reshape(np.broadcast_to(_operand(ufunc, value), filled), (-1, *rest)) for value in values]
    if ufunc is np.add:
        sums = scatter(np.astype(operands[0], target.dtype), flat, math.prod(shape))
        target.write((), ..., target + np.reshape(sums, target.shape))
        return
    turn = _turns(flat)
    for n in range(int(turn.max(initial=-1)) + 1):
        now = np.flatnonzero(turn == n)
        place = np.unravel_index(flat[now], shape)
        target[place] = ufunc(target[place], *[operand[now] for operand in operands])


def _numbered(shape: tuple[int, ...], index: Any) -> Any:
    """The entries of an array in their order; recorded, where a recorded index asks for them."""
    numbers = np.arange(math.prod(shape)).reshape(shape)
    given = index if isinstance(index, tuple) else (index,)
    symbols: list[Any] = [item for item in given if isinstance(item, Symbol)]
    return np.asarray(numbers, like=symbols[0]) if symbols else numbers


def _turns(positions: np.ndarray) -> np.ndarray:
    """How often each position has occurred before."""
    order = np.argsort(positions, kind="stable")
    ordered = positions[order]
    turn = np.empty_like(order)
    turn[order] = np.arange(order.size) - np.searchsorted(ordered, ordered)
    return turn


_METHODS = {"__call__": _call, "reduce": _reduce, "accumulate": _accumulate, "outer": _outer, "reduceat": _reduceat}


def _into(ufunc: np.ufunc, method: str, inputs: tuple, kwargs: dict[str, Any], out: tuple) -> Any:
    """``y op= x``, which arrives as ``ufunc(y, x, out=(y,))``, and other calls with ``out=``.

    A traced y is written into where the function made it itself. Else the name y is bound to the result.
    """
    target: Any = out[0]
    if len(out) == 1 and isinstance(out[0], np.ndarray) and out[0].dtype.kind == "O":
        return _into_objects(ufunc, method, inputs, kwargs, out[0])
    into = _is_recorded(target) and target.is_writable and (target.ndim > 0 or type(target) is not target.plain)
    if len(out) > 1 or not (into or (method == "__call__" and target is inputs[0])):
        raise _refused(ufunc, "" if method == "__call__" else method, _OUT)
    if isinstance(target, np.ndarray):
        _check_target(ufunc, target, inputs)
    where = kwargs.pop("where", True) if method == "__call__" else True
    if where is not True:
        if not into:
            raise _refused(ufunc, "", f"for where= with such an out={_OUT[len('for out=') :]}")
        return _where(ufunc, inputs, kwargs, target, where)
    result = _METHODS[method](ufunc, *[_operand(ufunc, x) for x in inputs], **kwargs)
    _check_shape(result, target)
    if not np.can_cast(result.dtype, target.dtype, kwargs.get("casting", "same_kind")):
        raise TypeError(f"Cannot cast {function_name(ufunc)} output from {result.dtype} to {target.dtype}.")
    if into:
        fresh = method == "__call__" and ufunc.nout == 1
        target.write((), ..., result, fresh)  # type: ignore[attr-defined]
        return target
    if result.dtype != target.dtype:
        result = np.astype(result, target.dtype)
    if isinstance(target, np.ndarray):
        # Another name for this array would still see the old numbers: nan there is loud.
        target.fill(np.nan)
    elif isinstance(target, Symbol):
        if target.ndim and not target.recorder.overwrite(target):
            raise _refused(ufunc, "", _OUT)
    elif np.ndim(target):  # a scalar cannot be changed in place in NumPy either
        if target.is_settled:
            target[...] = result  # raises
        target.level.overwrite(owner_of(target))
    return result


def _into_objects(ufunc: np.ufunc, method: str, inputs: tuple, kwargs: dict[str, Any], target: np.ndarray) -> Any:
    """``M += x`` with an array of objects: it holds traced numbers as it holds any, and its other names see them."""
    where = kwargs.pop("where", True) if method == "__call__" else True
    result = _METHODS[method](ufunc, *[_operand(ufunc, x) for x in inputs], **kwargs)
    _check_shape(result, target)
    np.copyto(target, np.asarray(result, dtype=object), where=where)
    return target


def _check_shape(result: Any, target: Any) -> None:
    if np.shape(result) != np.shape(target):
        raise ValueError(
            f"non-broadcastable output operand with shape {np.shape(target)} doesn't match the broadcast shape "
            f"{np.shape(result)}"
        )


def _where(ufunc: np.ufunc, inputs: tuple, kwargs: dict[str, Any], target: Any, where: Any) -> Any:
    """Entries where a condition holds; the others of the target stay, and nothing is computed there."""
    chosen = np.broadcast_to(where, target.shape)
    parts = [np.broadcast_to(_operand(ufunc, x), target.shape)[chosen] for x in inputs]
    target[chosen] = ufunc(*parts, **kwargs)
    return target


_OUT = "for out= unless that is a traced array made inside the function, such as np.zeros_like(x)"


def _check_target(ufunc: np.ufunc, target: np.ndarray, inputs: tuple) -> None:
    shape = next(x.shape for x in inputs if isinstance(x, Recorded))
    faults = {
        f"has dtype {target.dtype}": target.dtype.kind not in "fc",
        "is a view of another array": target.base is not None,
        "is read-only, perhaps because a derivative needs it": not target.flags.writeable,
    }
    for fault, holds in faults.items():
        if holds:
            advice = "Write y = y + x, and build the parts of an array with np.stack, np.concatenate or np.where."
            operation = f"in-place {function_name(ufunc)}"
            raise TraceConversionError(operation, shape, f"The array on the left {fault}. {advice}")
