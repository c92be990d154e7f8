"""`Symbol`: an array without numbers that records what is done to it.

It looks like an ndarray: shape, operators, indexing, methods, NumPy's functions. What would need its numbers (``if``,
``float``, use as an index of a list) raises and names the line of the caller, since a program that is replayed with
other numbers could not decide it again.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from ..arrays import multiplies_sparse, nothing_known, sparse_matmul
from ..errors import StagingError, TraceConversionError
from ..exposed import expose
from ..methods import ArrayMethods
from .node import Node
from .recorder import Recorder
from .views import viewed

__all__ = ["Symbol", "holds", "recorded"]

_MOST_ENTRIES = 1000
_PACKAGE = str(Path(__file__).parent.parent)
_NUMPY = str(Path(np.__file__).parent)


class Symbol(ArrayMethods, NDArrayOperatorsMixin):
    """The array that a node stands for."""

    __slots__ = ("__weakref__", "is_kept", "node", "recorder")
    _number_advice = "Use NumPy's functions in place of those of math, or make the argument static with static_argnums."

    def __init__(self, recorder: Recorder, node: Node) -> None:
        self.recorder = recorder
        self.node = node
        self.is_kept = False  # whether something holds the array besides the caller: it must not be written into then

    # ---- NumPy's protocols ------------------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        for x in inputs:
            kind = type(x)
            if kind is np.ndarray:
                if x.dtype.kind == "O" and _holds_traced(x):
                    return getattr(ufunc, method)(*[_as_array(y) for y in inputs], **kwargs)
            elif kind is list or kind is tuple:
                if _holds_traced(x):
                    arrays = [np.array(y, dtype=object) if type(y) in (list, tuple) else y for y in inputs]
                    return getattr(ufunc, method)(*[_as_array(y) for y in arrays], **kwargs)
            elif kind not in _KNOWN and not _knows(x):
                if hasattr(kind, "__pandas_priority__") and not _is_traced(x):  # pandas gives way
                    inputs = tuple([np.asarray(y) if y is x else y for y in inputs])
                    return getattr(ufunc, method)(*inputs, **kwargs)
                return sparse_matmul(*inputs) if multiplies_sparse(ufunc, inputs) else NotImplemented
        if method == "at":
            self._refuse(f"np.{ufunc.__name__}.at", _IN_PLACE)
        out = kwargs.pop("out", None)
        if out is not None and any(x is not None for x in out):
            return self._in_place(ufunc, inputs, out)
        if method != "__call__":
            return self.recorder.call(getattr(ufunc, method), inputs, kwargs)
        if ufunc.types and ufunc.types[0][0] == "O" and all(set(types) <= set("O->") for types in ufunc.types):
            # np.frompyfunc: a Python function on every entry.
            result = ufunc(*[np.asarray(x, dtype=object) for x in inputs], **kwargs)
            return self.recorder.joined(np.asarray(result, dtype=object))
        return self.recorder.call(ufunc, inputs, kwargs)

    def _in_place(self, ufunc: np.ufunc, inputs: tuple[Any, ...], out: tuple[Any, ...]) -> Any:
        """``y op= x`` binds the name y anew; other names of the array, which NumPy would change, are not to be used."""
        target = out[0]
        operation = f"np.{ufunc.__name__} into an existing array"
        if len(out) > 1 or target is not inputs[0]:
            self._refuse(operation, _IN_PLACE)
        result = ufunc(*inputs)
        if np.shape(result) != np.shape(target):
            raise ValueError(f"{operation} of shape {np.shape(target)}: the result has shape {np.shape(result)}.")
        if isinstance(target, Symbol):
            if target.ndim and not self.recorder.overwrite(target):
                self._refuse(operation, "It would change an argument of the caller: write y = y + x.")
            self.recorder.note_in_place(target, result)
        elif target.dtype.kind != "f" or target.base is not None or not target.flags.writeable:
            self._refuse(operation, _IN_PLACE)
        else:
            target.fill(np.nan)  # another name for it would still see the old numbers
        weak = isinstance(target, Symbol) and target.node.weak
        return result if weak or result.dtype == target.dtype else np.astype(result, target.dtype)

    def __array_function__(self, function: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if function is np.shape and args and args[0] is self:  # which rules ask for often
            return self.node.shape
        for kind in types:
            if kind is not Symbol and not issubclass(kind, np.ndarray):
                return NotImplemented
        if len(types) > 1 and np.ndarray in types and _holds_traced(args):
            return function(*_as_array(args), **kwargs)
        return self.recorder.call(function, args, kwargs)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """An object array of the entries; the next call that meets it makes it one array again."""
        if not self.size:  # no entry is lost
            return np.empty(self.shape, self.dtype if dtype is None else dtype)
        if self.dtype.kind in "iu":
            self._refuse("use as an index of a plain array", _INDEX)
        if dtype is not None and np.dtype(dtype).kind != "O":
            self._refuse(f"conversion to an array of dtype {np.dtype(dtype)}", _CONVERSION)
        if dtype is None and sys._getframe(1).f_code.co_name == "_matmul_dispatch":
            return nothing_known(self)  # SciPy's sparse matrices leave the product to the other operand then
        if self.size > _MOST_ENTRIES:
            self._refuse("taking an array apart (np.array, np.asarray, ndarray.dot)", _CONVERSION)
        entries = np.empty(self.shape, dtype=object)
        for index in np.ndindex(self.shape):
            entries[index] = self[index] if index else self
        if not copy and self.ndim:
            entries.flags.writeable = False  # in NumPy it would be this array itself
            owner = self
            while owner.base is not None:
                owner = owner.base
            expose(owner, entries)
        return entries

    # ---- what it looks like -----------------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        return self.node.shape

    @property
    def dtype(self) -> np.dtype:
        return self.node.dtype

    @property
    def ndim(self) -> int:
        return len(self.node.shape)

    @property
    def size(self) -> int:
        return self.node.size

    @property
    def nbytes(self) -> int:
        return self.node.nbytes

    @property
    def base(self) -> Any:
        """The symbol whose memory this one would share, or None."""
        if self.node.function is operator.getitem:
            index = self.node.args[1]
            items = index if type(index) is tuple else (index,)
            if not self.node.shape or any([isinstance(item, (Node, list)) for item in items]):
                return None  # an entry is a number of its own, and an index array copies
        source = viewed(self.node)
        return None if source is None else self.recorder.symbol(source)

    def strong(self) -> Any:
        """The same number as an array: a Python number does not decide the dtype of a result, an array does."""
        return np.positive(self) if self.node.weak else self

    def astype(self, dtype: Any, *args: Any, **kwargs: Any) -> Any:
        number = self.recorder.call(np.asarray, (self,), {}) if self.node.weak else self
        return ArrayMethods.astype(number, dtype, *args, **kwargs)

    def __repr__(self) -> str:
        return f"Symbol(shape={self.shape}, dtype={self.dtype})"

    def __format__(self, spec: str) -> str:
        return repr(self)  # there are no numbers to print

    # ---- elements ---------------------------------------------------------------------------------------------------

    def __getitem__(self, index: Any) -> Any:
        return self.recorder.call(operator.getitem, (self, index), {})

    def __setitem__(self, index: Any, value: Any) -> None:
        if _is_traced(value) or _holds_traced(value):
            raise TraceConversionError("assignment to entries", np.shape(value), f"{_WRITTEN}{self.line}")
        if not self.recorder.assign(self, index, value):
            self._refuse(
                "assignment to entries",
                "It would change an argument of the caller, or what a derivative "
                "keeps, or several results of the same call: write into a copy, y = y.copy().",
            )

    def settled(self) -> Symbol:
        """The array as a derivative keeps it: it is not written into from now on."""
        self.is_kept = True
        return self

    # ---- what needs numbers -----------------------------------------------------------------------------------------

    def __bool__(self) -> bool:  # noqa: PLE0304  (it raises)
        self._refuse(
            "a decision (if, while, and, or)",
            "Use np.where, or make the argument that decides static with static_argnums.",
        )

    def __index__(self) -> int:  # noqa: PLE0305  (it raises)
        self._refuse("use as a Python index", _INDEX)

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        self._refuse("pickle", "It has no numbers: return it from the function.")

    @property
    def line(self) -> str:
        """Where the caller is now, in words."""
        return f" at {_caller()}"

    def refusal(self, operation: str, advice: str) -> StagingError:
        """The error to raise where an operation needs numbers; it names the line of the caller."""
        return StagingError(operation, self.shape, _caller(), advice)

    def _refuse(self, operation: str, advice: str) -> NoReturn:
        raise self.refusal(operation, advice)


def _direct(name: str, ufunc: np.ufunc) -> Any:
    """An operator that does not ask NumPy whom to call where that is certain."""
    usual = getattr(NDArrayOperatorsMixin, name)

    def method(self: Symbol, other: Any) -> Any:
        kind = type(other)
        if kind is Symbol or kind is float or kind is int:
            return self.recorder.call(ufunc, (self, other), {})
        return usual(self, other)

    return method


def _direct_behind(name: str, ufunc: np.ufunc) -> Any:
    """The same for a number before the operator."""
    usual = getattr(NDArrayOperatorsMixin, name)

    def method(self: Symbol, other: Any) -> Any:
        kind = type(other)
        if kind is float or kind is int:
            return self.recorder.call(ufunc, (other, self), {})
        return usual(self, other)

    return method


# fmt: off
for _name, _ufunc in {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.divide, "pow": np.power, "matmul": np.matmul,
    "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal, "eq": np.equal, "ne": np.not_equal,
}.items():
    setattr(Symbol, f"__{_name}__", _direct(f"__{_name}__", _ufunc))
# fmt: on
for _name, _ufunc in {"add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.divide}.items():
    setattr(Symbol, f"__r{_name}__", _direct_behind(f"__r{_name}__", _ufunc))
Symbol.__neg__ = lambda self: self.recorder.call(np.negative, (self,), {})  # type: ignore[method-assign]


def recorded(ufunc: np.ufunc, operands: Sequence[Any]) -> Any:
    """A ufunc of a symbol and others; of symbols and numbers alone without NumPy's asking each whose call it is."""
    owner: Symbol | None = None
    for x in operands:
        kind = type(x)
        if kind is Symbol:
            owner = x
        elif kind is not float and kind is not int:
            return ufunc(*operands)
    return ufunc(*operands) if owner is None else owner.recorder.call(ufunc, tuple(operands), {})


def holds(condition: Any) -> bool:
    """Whether a condition is known to hold; a recorded one is not, since every replay decides it anew."""
    return not isinstance(condition, Symbol) and bool(condition)


_IN_PLACE = "Nothing is changed in place there: write y = y + x, or build the result with np.where or np.stack."
_CONVERSION = (
    "Use NumPy's functions on the array itself, np.asarray(values, like=x) in place of np.asarray(values), and "
    "np.stack, np.concatenate or np.where to build an array."
)
_INDEX = "Use np.asarray(values, like=index)[index], or make the argument static with static_argnums."
_WRITTEN = (
    "Write it into an array made of what is differentiated, such as np.zeros_like(x), or build one with np.stack,"
)


_KNOWN = {Symbol, np.ndarray, int, float}


def _knows(value: Any) -> bool:
    return isinstance(value, (Symbol, np.ndarray, np.generic, int, float, complex, list, tuple))


def _is_traced(value: Any) -> bool:
    """Whether it is an array that handles NumPy's calls, but neither a symbol nor an ndarray."""
    return hasattr(type(value), "__array_function__") and not isinstance(value, (Symbol, np.ndarray, np.generic))


def _holds_traced(value: Any) -> bool:
    """Whether there is an object array of traced numbers, which are of a higher level than what is recorded."""
    if type(value) in (list, tuple):
        return any([_is_traced(entry) or _holds_traced(entry) for entry in value])
    if type(value) is not np.ndarray or value.dtype.kind != "O":
        return False
    return any([_is_traced(entry) for entry in value.flat])


def _as_array(value: Any) -> Any:
    """The same with one traced array for each object array of traced numbers."""
    if type(value) in (list, tuple):
        return type(value)([_as_array(entry) for entry in value])
    return np.reshape(np.stack(list(value.flat)), value.shape) if _holds_traced(value) else value


def _caller() -> str:
    """The line outside this package and NumPy that is being run."""
    frame = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_filename
        if not name.startswith((_PACKAGE, _NUMPY)):
            return f"{name}:{frame.f_lineno}"
        frame = frame.f_back
    return ""
