"""`custom`: a function of plain arrays that cannot be looked into, with the derivative that its author knows."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from functools import update_wrapper
from types import MethodType
from typing import Any

import numpy as np

from ..errors import ArgumentError, ShapeError
from ..labels import axes_of
from ..program import Symbol
from ..registry import Call, LocalTerm, Rule
from ..rules.conjugates import is_complex
from ..rules.sparse import operator_term
from ..tensor import as_dense
from ..tensor.wirtinger import entry_dtype
from ..tracing import Traced, contains_traced, explain, lift
from ..tracing.dispatch import apply_function, level_of
from .conversion import terms_of
from .halves import halves
from .operation import GivenProducts, Products
from .packing import Packing, writable

__all__ = ["Custom", "custom"]

Function = Callable[..., Any]


class Custom:
    """A function that is called on plain arrays alone, with its derivative. Made by `custom`."""

    def __init__(
        self, function: Function, jacobian: Function | None, vjp: Function | None, jvp: Function | None, batched: bool
    ) -> None:
        self.function, self.batched = function, batched
        self.jacobian, self.vjp, self.jvp = jacobian, vjp, jvp
        update_wrapper(self, function)
        self.name: str = getattr(function, "__name__", repr(function))
        self.own_rule = Rule("local", self, self._terms, is_complex=True)
        self._parts: dict[tuple[str, int], _Part] = {}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        args = tuple([lift(value) for value in args])
        traced = [value for value in kwargs if contains_traced(kwargs[value])]
        if traced:
            advice = "Pass differentiated arguments by position."
            raise ArgumentError("custom", f"{traced[0]}= of {self.name}", "is traced", advice)
        level = level_of(self, args, {})
        if level is None:
            return _recorded(self, self._evaluated, args, kwargs)
        needed = [n for n, value in enumerate(args) if isinstance(value, Traced) and value.level is level]
        if self.jacobian is None and len(needed) > 1 and len({is_complex(args[n]) for n in needed}) == 1:
            return self._called_on_one(needed, args, kwargs)
        return apply_function(self, args, kwargs)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """As a method, it gets the instance as its first argument, as functions do."""
        return self if instance is None else MethodType(self, instance)

    def __repr__(self) -> str:
        given = [name for name in ("jacobian", "vjp", "jvp") if getattr(self, name) is not None]
        return f"custom({self.name}, {', '.join(given)})"

    def __reduce__(self) -> Any:
        found: Any = sys.modules.get(getattr(self, "__module__", ""))
        for name in getattr(self, "__qualname__", "").split("."):
            found = getattr(found, name, None)
        if found is self:
            return self.__dict__["__qualname__"]
        return Custom, (self.function, self.jacobian, self.vjp, self.jvp, self.batched)

    def _evaluated(self, *args: Any, **kwargs: Any) -> Any:
        result = self.function(*[writable(value) for value in args], **kwargs)
        if isinstance(result, (tuple, list, dict)) or not hasattr(np.asarray(result), "dtype"):
            found = f"is a {type(result).__name__}"
            raise ArgumentError("custom", f"the result of {self.name}", found, "Return one array: join the parts.")
        return result if hasattr(result, "dtype") else np.asarray(result)

    # ---- several arguments of a function with products ---------------------------------------------------------------

    def _called_on_one(self, needed: Sequence[int], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The call as one of all differentiated arguments in a row, so that one product serves them all."""
        packing = Packing(needed, args)

        def pull(cotangent: Any, result: Any, flat: Any, *others: Any, **options: Any) -> Any:
            point = packing.parted(flat, others)
            lead = self._lead(cotangent)
            found = self._aligned("vjp", self.vjp(cotangent, result, *point, **options), len(point))  # type: ignore[misc]
            parts = [
                self._part(n, part, (*lead, *np.shape(point[n])), point[n].dtype) if n in needed else None
                for n, part in enumerate(found)
            ]
            return (packing.joined(parts, lead), *[None for _ in others])

        def push(tangents: Any, result: Any, flat: Any, *others: Any, **options: Any) -> Any:
            point = packing.parted(flat, others)
            still = self._still(point, self._lead(tangents[0]))
            return self.jvp(tuple(packing.parted(tangents[0], still)), result, *point, **options)  # type: ignore[misc]

        def function(flat: Any, *others: Any, **options: Any) -> Any:
            return self(*packing.parted(flat, others), **options)

        function.__name__ = self.name
        packed = Custom(function, None, pull if self.vjp else None, push if self.jvp else None, self.batched)
        return packed(packing.joined(args), *packing.others(args), **kwargs)

    # ---- the rule ----------------------------------------------------------------------------------------------------

    def _terms(self, call: Call, *args: Any, **kwargs: Any) -> Iterator[LocalTerm]:
        result = call.result
        out_shape = tuple(result.shape)
        if self.jacobian is not None:
            given = self._jacobians(args, kwargs)
            for path in call.needed:
                position = path if isinstance(path, int) else path[0]
                name = f"argument {position} of {self.name}"
                shape = tuple(np.shape(args[position]))
                dtype = entry_dtype(result.dtype, getattr(args[position], "dtype", result.dtype))
                for term in terms_of(name, given[position], result, shape, dtype):
                    yield 0, path, term
            return
        for path in call.needed:
            position = path if isinstance(path, int) else path[0]
            operation = GivenProducts(self._products(position), result, args, kwargs, position)
            argument, in_shape = args[position], tuple(np.shape(args[position]))
            if is_complex(result) or is_complex(argument):
                sides = (out_shape, not is_complex(result)), (in_shape, not is_complex(argument))
                for term in halves(operation, *sides, np.result_type(result.dtype, argument.dtype), self.name):
                    yield 0, path, term
            else:
                yield 0, path, operator_term(operation, axes_of(out_shape), axes_of(in_shape), self.name)

    def _jacobians(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Sequence[Any]:
        assert self.jacobian is not None
        try:
            given = self.jacobian(*[writable(value) for value in args], **kwargs)
        except (TypeError, ValueError) as error:
            if explain(error) is None or not any(isinstance(value, Symbol) for value in args):
                raise
            # A foreign function that takes numbers alone: each replay calls it.
            if len(args) > 1:
                return [_recorded(self._of("jacobian", n), None, args, kwargs) for n in range(len(args))]
            return [_recorded(self._of("jacobian", 0), None, args, kwargs)]
        return self._aligned("jacobian", given, len(args))

    def _products(self, position: int) -> Products:
        pull = self._of("vjp", position) if self.vjp is not None else None
        push = self._of("jvp", position) if self.jvp is not None else None
        return Products(self.name, pull and pull.called, push and push.called, self.batched)

    def _of(self, kind: str, position: int) -> _Part:
        return self._parts.setdefault((kind, position), _Part(self, kind, position))

    # ---- what its author returns -------------------------------------------------------------------------------------

    def _aligned(self, kind: str, given: Any, count: int) -> Sequence[Any]:
        """One entry for each positional argument; a single array is that of a single argument."""
        if not isinstance(given, (tuple, list)):
            given = (given,)
        if len(given) != count:
            found = f"returned {len(given)} for {count} positional arguments"
            advice = "Return a tuple with one entry for each, None where the derivative is zero."
            raise ArgumentError("custom", f"{kind} of {self.name}", found, advice)
        return given

    def _part(self, position: int, part: Any, shape: tuple[int, ...], dtype: np.dtype) -> Any:
        """An array of a shape and dtype; None is zero."""
        if part is None:
            return np.zeros(shape, dtype)
        part = lift(as_dense(part))
        part = part if hasattr(part, "__array_function__") else np.asarray(part)
        if tuple(part.shape) != shape:
            name = f"what the derivative of {self.name} returns for argument {position}"
            raise ShapeError("custom", name if position >= 0 else f"what jvp of {self.name} returns", shape, part.shape)
        if part.dtype.kind == "c" and dtype.kind != "c":
            part = np.real(part)  # of what pairs with a real array, nothing else counts
        return part if part.dtype == dtype else np.astype(part, dtype)

    def _lead(self, vectors: Any) -> tuple[int, ...]:
        """The axis of a stack of vectors, if there is one."""
        return np.shape(vectors)[:1] if self.batched else ()

    @staticmethod
    def _still(point: Sequence[Any], lead: tuple[int, ...]) -> list[Any]:
        """The tangents of arguments that do not move."""
        floating = [getattr(value, "dtype", np.dtype(object)).kind in "fc" for value in point]
        return [
            np.zeros((*lead, *value.shape), value.dtype) if moves else None
            for value, moves in zip(point, floating, strict=True)
        ]


class _Part:
    """One derivative of a custom function in one argument, as a function that a compiled program can call."""

    def __init__(self, owner: Custom, kind: str, position: int) -> None:
        self.owner, self.kind, self.position = owner, kind, position

    def called(self, stack: Any, result: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The products with a stack of vectors."""
        return _recorded(self, self, (stack, result, *args), kwargs)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        owner, n = self.owner, self.position
        if self.kind == "jacobian":
            args = tuple([writable(value) for value in args])
            return owner._aligned("jacobian", owner.jacobian(*args, **kwargs), len(args))[n]  # type: ignore[misc]
        stack, result, *point = [writable(value) for value in args]
        given, lead = ([stack] if owner.batched else stack), owner._lead(stack)
        shape = np.shape(point[n])
        if self.kind == "vjp":
            found = [owner._aligned("vjp", owner.vjp(c, result, *point, **kwargs), len(point))[n] for c in given]  # type: ignore[misc]
            parts = [owner._part(n, part, (*lead, *shape), point[n].dtype) for part in found]
        else:
            still = owner._still(point, lead)
            tangents = [(*still[:n], h, *still[n + 1 :]) for h in given]
            found = [owner.jvp(h, result, *point, **kwargs) for h in tangents]  # type: ignore[misc]
            parts = [owner._part(-1, part, (*lead, *np.shape(result)), result.dtype) for part in found]
        return parts[0] if owner.batched else np.stack(parts)


def _recorded(function: Any, run: Function | None, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A call on plain values; a program that is being written down notes it as one call, whatever happens inside."""
    if not any(isinstance(value, Traced) for value in args):
        symbol = next((value for value in (*args, *kwargs.values()) if isinstance(value, Symbol)), None)
        if symbol is not None:
            return symbol.recorder.call(function, args, kwargs)
    return (run or function)(*args, **kwargs)


def custom(
    function: Function | None = None,
    *,
    jacobian: Function | None = None,
    vjp: Function | None = None,
    jvp: Function | None = None,
    batched: bool = False,
) -> Any:
    """A function that this library cannot look into (compiled code, a solver), with the derivative that you know.

    The function gets plain arrays and returns one array. It must not depend on anything else that changes. Give either
    its Jacobian, or its products, or one of them: vjp is enough for gradients, and where only one is given, small
    matrices are written out for requests in the other direction.

    Parameters
    ----------
    function : callable, optional
        Without it, a decorator is returned.
    jacobian : callable, optional
        ``jacobian(*args, **kwargs)`` returns for each positional argument an array of shape out_shape + in_shape, a
        SciPy sparse matrix of shape (size of out, size of in), a `Jacobian`, or None for zero: a tuple of them, or for
        a single argument the thing itself. Its structure is kept. Complex numbers are the part in the tangent h, or
        from complex to real arrays g in ``Re(g h)``; ``Jacobian.from_array(A, ndim, conjugate=B)`` has one in conj(h).
    vjp : callable, optional
        ``vjp(cotangent, result, *args, **kwargs)`` returns for each positional argument an array of its shape, or None
        for zero: a tuple of them, or for a single argument the array. It pairs with complex arrays by
        ``Re(sum(cotangent * dy)) == Re(sum(returned * dx))``, without a conjugate, as `jacobians.vjp` does.
    jvp : callable, optional
        ``jvp(tangents, result, *args, **kwargs)`` gets a tuple with a tangent for each positional argument (None for
        those that are no arrays of floating numbers), and returns the tangent of the result.
    batched : bool
        Whether vjp and jvp take and return stacks of vectors, with one more axis in front.

    Returns
    -------
    callable
        Differentiable in its positional arguments. Second derivatives follow if the given functions are made of
        NumPy's functions, or of other custom ones.

    Examples
    --------
    >>> import math
    >>> import numpy as np
    >>> from jacobians import grad
    >>> @custom(jacobian=lambda x: np.exp(x))
    ... def compiled_exp(x):
    ...     return math.exp(x)  # takes no traced value
    >>> grad(compiled_exp)(0.0), grad(grad(compiled_exp))(0.0)
    (np.float64(1.0), np.float64(1.0))
    """
    if function is None:
        return lambda f: custom(f, jacobian=jacobian, vjp=vjp, jvp=jvp, batched=batched)
    given = [part for part in (jacobian, vjp, jvp) if part is not None]
    if not callable(function) or not given or (jacobian is not None and len(given) > 1):
        found = f"has {len(given)} derivatives" if callable(function) else f"is a {type(function).__name__}"
        raise ArgumentError("custom", "the function", found, "Give a function, and jacobian=, or vjp= or jvp= or both.")
    if not all([callable(part) for part in given]):
        raise ArgumentError("custom", "a derivative", "is not callable", "Give functions of the arguments.")
    return Custom(function, jacobian, vjp, jvp, batched)
