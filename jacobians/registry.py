"""NumPy function -> rule, and the verbs that state rules.

- ``elementwise(np.tanh, lambda y, x: 1 - y * y)``: one partial per operand, result first.
- ``multilinear(np.matmul, labels)``: only labels; the partial is the other operands.
- ``gather(np.roll)``: applied to an array of positions, the function itself tells its map.
- ``composed(np.var, definition)``: runs as a definition made of other functions.
- ``local(np.linalg.inv)``: a generator of ``(result, operand, Term)``.
- ``nondifferentiable(np.sign)``: zero derivative or plain result. ``unsupported(np.save, reason)``: refused, with a
  reason.

A local rule is a function ``rule(call, *args, **kwargs)``: `call.result` is what the function returned,
`call.needs(path)` tells whether an operand is differentiated. A path is the position of the argument, or ``(position,
index)`` inside a list. Every array that it sees is a plain value of its own level, perhaps traced by an outer one.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from threading import RLock
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np

from .errors import ArgumentError, UnsupportedFunctionError
from .labels import Axes, axes_of, flatten
from .late import LARGE, Late, Multiple, late
from .partials import (
    REMEMBERED,
    Call,
    LocalTerm,
    Operand,
    Path,
    broadcast_axes,
    diagonal_pattern,
    diagonal_term,
    factor_on,
    filled_partials,
    product_partials,
    product_terms,
    real_dtype,
    separable_term,
    structure_of,
)
from .quiet import hush, restore
from .steps import Steps, chosen_operand, entrywise_steps, product_steps
from .terms import Map, Term

__all__ = [
    "KNOWN_STEPS",
    "Call",
    "LocalTerm",
    "Operand",
    "Path",
    "Rule",
    "broadcast_axes",
    "complex_too",
    "composed",
    "diagonal_term",
    "elementwise",
    "factor_on",
    "function_name",
    "gather",
    "later",
    "local",
    "lookup",
    "multilinear",
    "nondifferentiable",
    "product_terms",
    "real_dtype",
    "refused_complex",
    "registered",
    "unsupported",
]


class Rule(NamedTuple):
    """What the library knows about one function."""

    kind: str
    function: Any
    run: Callable[..., Any] | None = None
    reason: str = ""
    is_complex: bool = False
    """Whether it holds for complex numbers, too."""
    compute: Callable[..., Any] | None = None
    """The function itself, faster for some large arrays than NumPy's loop; NotImplemented for all others."""
    instead: Callable[..., Any] | None = None
    """A definition, as of `composed`, of the calls that the rule does not tell; NotImplemented for all others."""
    steps: Callable[..., Steps | None] | None = None
    """What is left to do in another call of the same structure: ``steps(call, args, kwargs)``, see `steps`."""

    @property
    def category(self) -> str:
        """``"differentiable"``, ``"constant"`` or ``"unsupported"``."""
        return {"nondifferentiable": "constant", "unsupported": "unsupported"}.get(self.kind, "differentiable")


_RULES: dict[Any, Rule] = {}
KNOWN_STEPS: dict[Hashable, tuple[Rule, Steps] | None] = {}
"""By function and structure of a call what is left to do there; None where its rule is asked each time."""
_COMPLEX_TOO: set[Any] = set()
_LATER: dict[str, str] = {}
_READING = RLock()


def later(module: str, rules: str) -> None:
    """Rules of the functions of a module that is slow to import: read once the user's code has imported it.

    Parameters
    ----------
    module : str
        Where the functions are, such as ``"scipy.special"``.
    rules : str
        The module that states the rules.
    """
    _LATER[rules] = module


def _read_later() -> None:
    with _READING:  # another thread, whose function is not found, waits until they are read
        for rules in [rules for rules, module in _LATER.items() if module in sys.modules]:
            if _LATER.pop(rules, None):  # not read meanwhile, for one that was read first
                importlib.import_module(rules)


def lookup(function: Any) -> Rule | None:
    """The rule of a function, or None; a callable object may bring its own, as its attribute `own_rule`."""
    rule = _RULES.get(function) or getattr(function, "own_rule", None)
    if rule is None:
        _read_later()
        rule = _RULES.get(function)
    return rule


def registered() -> dict[Any, Rule]:
    """A copy of the whole table: function -> rule; without the rules of modules that nobody has imported."""
    _read_later()
    return dict(_RULES)


def _register(rule: Rule) -> None:
    """Enter a rule; a later one for the same function takes its place."""
    function = rule.function
    plain = isinstance(function, FunctionType) and function.__module__.partition(".")[0] not in ("numpy", "jacobians")
    if plain:
        raise ArgumentError(
            rule.kind,
            f"the function {function.__name__}",
            "is a plain Python function, of whose calls NumPy does not tell",
            "Made of functions that have rules, it needs none; else make it a ufunc with np.frompyfunc.",
        )
    _read_later()  # so that a user's rule comes after them
    if function in _COMPLEX_TOO:
        _COMPLEX_TOO.remove(function)
        rule = rule._replace(is_complex=True)
    _RULES[function] = rule
    KNOWN_STEPS.clear()


def function_name(function: Any) -> str:
    """The name of a function as a user writes it, e.g. ``np.linalg.qr``."""
    name = getattr(function, "__name__", repr(function))
    owner = getattr(function, "__self__", None)
    if isinstance(owner, np.ufunc):  # np.add.reduce
        return f"{function_name(owner)}.{name}"
    module = getattr(function, "__module__", None) or "numpy"
    if isinstance(function, np.ufunc):
        special = getattr(sys.modules.get("scipy.special"), name, None)
        return f"np.{name}" if getattr(np, name, None) is function else f"scipy.special.{name}" if special else name
    return f"{module}.{name}".replace("numpy.", "np.", 1)


def elementwise(function: Any, *partials: Callable[..., Any] | float) -> None:
    """State the partial derivative of each operand of an entrywise function, with NumPy broadcasting.

    Parameters
    ----------
    function : callable
        A ufunc or a function that broadcasts its operands.
    *partials : callable or float
        One per operand, called ``partial(result, *operands)``; it returns an array that broadcasts to the result, or a
        Python number. A partial that is constant may be given as that number.

    Examples
    --------
    ``elementwise(np.tanh, lambda y, x: 1 - y * y)``, ``elementwise(np.subtract, 1.0, -1.0)``
    """
    numbered: list[tuple[int, Any, bool]] = [(n, partial, callable(partial)) for n, partial in enumerate(partials)]
    chosen: list[int] = []

    def steps(call: Call, operands: tuple[Any, ...], options: dict[str, Any]) -> Steps | None:
        result, needed = call
        if options or result.size * result.dtype.itemsize >= LARGE:
            return None
        if not chosen:  # asked late, since a slope may import what it is made of
            chosen[:] = [chosen_operand(partial, len(partials)) if varies else -1 for _, partial, varies in numbered]
        return entrywise_steps(numbered, chosen, result.shape, operands, needed)

    def run(call: Call, *operands: Any, **options: Any) -> list[LocalTerm]:
        result, needed = call
        shape, dtype, found = result.shape, result.dtype, []
        waits, before = result.size * dtype.itemsize >= LARGE, None
        try:
            for position, value, varies in numbered:
                if position not in needed:
                    continue
                if varies:
                    partial, value = value, late(value, (result, *operands), needed) if waits else None
                    if value is None:
                        before = before or hush()  # a slope may be infinite where the function itself is fine
                        value = partial(result, *operands)
                    elif type(value) is Multiple:
                        number, place = value
                        array, in_shape = (result, *operands)[place], operands[position].shape
                        found.append((0, position, diagonal_term(shape, in_shape, array, dtype, number)))
                        continue
                    elif type(value) is Late and not options:
                        value.note(function, operands)
                if type(value) is np.ndarray and value.shape == shape and value.dtype is dtype:
                    pattern = diagonal_pattern(shape, operands[position].shape, shape)
                    if pattern.sizes[0] == shape:
                        found.append((0, position, pattern.term((value,))))
                        continue
                found.append((0, position, diagonal_term(shape, operands[position].shape, value, dtype)))
        finally:
            if before is not None:
                restore(before)
        return found

    _register(Rule("elementwise", function, run, steps=steps))


def multilinear(function: Any, labels: Callable[..., tuple[list[Axes], Axes]]) -> None:
    """State a function that is linear in each operand by the labels of its operands and of its result.

    Parameters
    ----------
    function : callable
    labels : callable
        Called with the arguments of the function; returns the axes of each operand, in order, and those of the result.
        A label that is missing in the result is summed. An operand axis of size 1 is ``()``. It is asked once for each
        structure: shapes of the operands, and numbers, words and tuples of them among the arguments.
    """
    known: dict[Hashable, Sequence[Any]] = {}

    def partials_of(call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Sequence[Any]:
        key = structure_of(call, args, kwargs)
        partials = None if key is None else known.get(key)
        if partials is None:
            inputs, out = labels(*args, **kwargs)
            shapes = tuple([np.shape(array) for array in args[: len(inputs)]])
            partials = product_partials((*range(len(inputs)),), (*inputs,), shapes, out, (*call.needed,))
            if key is not None:
                if len(known) >= REMEMBERED:
                    known.clear()
                known[key] = partials
        return partials

    def run(call: Call, *args: Any, **kwargs: Any) -> list[LocalTerm]:
        return filled_partials(partials_of(call, args, kwargs), args, call.result.dtype)

    def steps(call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Steps | None:
        return product_steps(partials_of(call, args, kwargs))

    _register(Rule("multilinear", function, run, is_complex=True, steps=steps))


def gather(function: Any, separable: bool | Callable[..., bool] = False) -> None:
    """State a function that only moves entries of its first argument.

    The map is found by applying the function to an array of positions. A `separable` function treats each axis by
    itself (``roll`` with an axis), so it is applied to the positions of one axis at a time and the other axes keep
    their labels.

    Parameters
    ----------
    function : callable
    separable : bool or callable
        A callable is asked with the arguments of the call.
    """

    def run(call: Call, array: Any, *args: Any, **kwargs: Any) -> Iterator[LocalTerm]:
        split = separable(array, *args, **kwargs) if callable(separable) else separable
        shape, out_shape = np.shape(array), np.shape(call.result)
        if split and len(shape) == len(out_shape):
            yield 0, 0, separable_term(function, shape, out_shape, args, kwargs)
        else:
            inp, out = axes_of(shape), axes_of(out_shape)
            positions = np.arange(np.size(array)).reshape(shape)
            index = function(positions, *args, **kwargs)
            yield 0, 0, Term(out, inp, maps=(Map.of(flatten(inp), flatten(out), index),))

    _register(Rule("gather", function, run, is_complex=True))


def composed(function: Any, definition: Callable[..., Any]) -> None:
    """State a function that runs, on traced values, as a definition made of other functions.

    Parameters
    ----------
    function : callable
    definition : callable
        Called with the arguments of the function, made of functions that have rules.

    Examples
    --------
    ``composed(np.ptp, lambda a, axis=None: np.max(a, axis=axis) - np.min(a, axis=axis))``
    """
    _register(Rule("composed", function, definition))


def local(
    function: Any,
    compute: Callable[..., Any] | None = None,
    instead: Callable[..., Any] | None = None,
    steps: Callable[..., Steps | None] | None = None,
) -> Callable[[Callable[..., Iterable[LocalTerm]]], Callable]:
    """Decorate a generator of ``(result, operand, Term)``: the local Jacobian of each result in each needed operand.

    The generator is called ``rule(call, *args, **kwargs)`` with the arguments of the function. A needed operand for
    which it yields nothing is refused, so that no derivative is lost; where the derivative is zero, it yields a term
    of scale 0. One of several results that has no derivative gets the reason, a text, in place of a term: using that
    result raises.
    """

    def register(rule: Callable[..., Iterable[LocalTerm]]) -> Callable:
        known = steps or getattr(rule, "steps", None)  # a structural rule has its own
        _register(Rule("local", function, rule, compute=compute, instead=instead, steps=known))
        return rule

    return register


def nondifferentiable(*functions: Any, of_complex: Callable[..., Any] | None = None) -> None:
    """State functions that are constant almost everywhere, or whose result is no real array (shapes, orders, tests).

    Parameters
    ----------
    *functions : callable
        They are run on plain values, and their results carry no derivative.
    of_complex : callable, optional
        For a function of which that does not hold for complex numbers: its definition there, as in `composed`.

    Examples
    --------
    ``nondifferentiable(np.sign, np.argsort, np.shape)``
    """
    for function in functions:
        _register(Rule("nondifferentiable", function, of_complex, is_complex=of_complex is None))


def complex_too(*functions: Any) -> None:
    """State that the rules of functions hold for complex numbers as they stand.

    The term of a function that is holomorphic has its complex derivative. The term of one with real values has the
    factor g of ``Re(g h)``, and what is linear in the conjugate is yielded as ``acting(term, CONJUGATE)``.

    Parameters
    ----------
    *functions : callable
        Functions that have a rule, or the next rule that is stated for them. Without this complex numbers are refused,
        except by `multilinear` and `gather`.

    Examples
    --------
    ``complex_too(np.exp, np.sin)``
    """
    stated = [function for function in functions if function in _RULES]
    _RULES.update({function: _RULES[function]._replace(is_complex=True) for function in stated})
    _COMPLEX_TOO.update(set(functions).difference(stated))
    KNOWN_STEPS.clear()


def refused_complex(function: Any) -> UnsupportedFunctionError:
    """The error for complex numbers where the rule of a function is for real ones."""
    return UnsupportedFunctionError(function_name(function), _REAL_ONLY)


_REAL_ONLY = "for complex numbers, of which its rule does not hold; use real and imaginary part, or its modulus"


def unsupported(reason: str, *functions: Any) -> None:
    """Refuse functions, with the reason that the error tells.

    Parameters
    ----------
    reason : str
        What follows "has no rule" in the message.
    *functions : callable

    Examples
    --------
    ``unsupported("because it writes a file", np.save)``
    """
    for function in functions:
        _register(Rule("unsupported", function, reason=reason))
