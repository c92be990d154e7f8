"""What is left to do when a call of a known structure is made again.

A rule tells the terms of a call from its structure (shapes, dtypes, plain arguments, which operands are needed) and
from numbers. What the structure tells is worked out once: a `Step` for each term, which says where that gets its
numbers from.

- `entrywise_steps`: of an entrywise function, whose slopes are computed.
- `product_steps`: of a product, whose slopes are the other operands.
- `fixed_steps`: of a function whose terms hold no numbers.
- `made_steps`: of a function whose terms hold arrays that are computed, several perhaps.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from .partials import Call, LocalTerm, Partial, Path, diagonal_pattern, reshaped
from .terms import Factor, OperatorFactor, Pattern, PatternTerm, Term, WithoutArrays, pattern_of, standardised

__all__ = ["MADE", "TOLD", "Step", "Steps", "chosen_operand", "entrywise_steps", "fixed_steps", "made_steps"]
__all__ += ["product_steps"]

TOLD, MADE = -2, -3


class Step(NamedTuple):
    """One term of a call.

    Attributes
    ----------
    path : Path
        Of the operand.
    term : Term or None
        The term itself, if it holds no numbers.
    place : int
        Which one of ``(result, *operands)`` its array is, or its scale, if that is a number; -1 where it is computed.
        `TOLD` for a term without numbers that depends on the arguments, `MADE` for one that `slope` makes.
    slope : callable or None
        Computes the array from these; tells the term from the operands; makes the term from result and operands.
    pattern : Pattern or None
        Of the term.
    in_shape : tuple of int or None
        The shape of the operand of an entrywise function.
    """

    path: Path
    term: Term | None
    place: int = -1
    slope: Any = None
    pattern: Any = None
    in_shape: tuple[int, ...] | None = None


class Steps(NamedTuple):
    """All terms of a call, but those that are zero.

    Attributes
    ----------
    steps : tuple of Step
    computes : bool
        Whether a slope is computed.
    """

    steps: tuple[Step, ...]
    computes: bool = False


def chosen_operand(partial: Callable[..., Any], count: int) -> int:
    """Which of ``(result, *operands)`` a partial hands back as it is, as those of a product do; -1 for none."""
    asked = [object() for _ in range(count + 1)]
    try:
        found = partial(*asked)
    except Exception:  # it does something to them
        return -1
    return next((n for n, operand in enumerate(asked) if operand is found), -1)


def entrywise_steps(
    partials: Iterable[tuple[int, Any, bool]],
    chosen: Sequence[int],
    shape: tuple[int, ...],
    operands: Sequence[Any],
    needed: Collection[Path],
) -> Steps | None:
    """The steps of an entrywise function with a result of this shape; None where the result is empty.

    Parameters
    ----------
    partials : iterable of (int, callable or number, bool)
        The position of each operand, its partial, and whether that is called.
    chosen : sequence of int
        For each of them what `chosen_operand` tells.
    shape : tuple of int
    operands : sequence of array or number
    needed : collection of Path
    """
    steps: list[Step] = []
    for (position, partial, varies), place in zip(partials, chosen, strict=True):
        if position not in needed:
            continue
        in_shape = operands[position].shape
        array_shape: tuple[int, ...] | None = shape
        if place > 0:
            array_shape = getattr(operands[place - 1], "shape", None)
        pattern = diagonal_pattern(shape, in_shape, array_shape if varies else None)
        if pattern.is_empty:
            return None
        if not varies:
            if partial != 0:
                steps.append(Step(position, pattern.term((), 1.0 * partial)))
        elif place >= 0:
            steps.append(Step(position, None, place, None, pattern, in_shape))
        else:
            steps.append(Step(position, None, -1, partial, pattern, in_shape))
    return Steps(tuple(steps), any([step.slope is not None for step in steps]))


def product_steps(
    partials: Iterable[Partial], positions: Sequence[int | None] | None = None, constants: Sequence[Any] = ()
) -> Steps | None:
    """The steps of a product; None where more than labels tells a partial.

    Parameters
    ----------
    partials : iterable of Partial
    positions : sequence of int or None, optional
        Where each operand stands among the arguments; None for the last ones, which are no arguments.
    constants : sequence of array
        These.
    """
    steps: list[Step] = []
    for path, others, pattern, _ in partials:
        if pattern is None or pattern.is_empty:
            return None
        places = others if positions is None else [positions[n] for n in others]
        if len(places) == 1 and places[0] is not None:
            steps.append(Step(path, None, places[0] + 1, None, pattern))
            continue
        first = len(positions or ()) - len(constants)
        known = [None if place is not None else constants[n - first] for n, place in zip(others, places, strict=True)]
        steps.append(Step(path, None, MADE, _maker(pattern, 1.0, _chosen(places, known), {}), pattern))
    return Steps(tuple(steps))


def _chosen(places: Sequence[int | None], known: Sequence[Any]) -> Arrays:
    """The arguments at some places, and arrays that are known, among them."""
    which = list(zip(places, known, strict=True))

    def arrays(_: Any, *values: Any) -> list[Any]:
        return [array if place is None else values[place] for place, array in which]

    return arrays


def fixed_steps(terms: Iterable[LocalTerm], needed: Collection[Path]) -> Steps | None:
    """The steps of a call with one result whose terms hold no numbers; None where one does, or where one is missing.

    An operation without arrays is the same for all numbers.
    """
    steps: list[Step] = []
    seen: set[Path] = set()
    for result, path, term in terms:
        if result != 0 or isinstance(term, str) or term.act or not all([_is_fixed(f) for f in term.factors]):
            return None
        if path in needed:
            seen.add(path)
            if not term.is_empty:
                steps.append(Step(path, term if type(term) is PatternTerm else standardised(term)))
    return Steps(tuple(steps)) if len(seen) == len(needed) else None


def _is_fixed(factor: Factor | OperatorFactor) -> bool:
    return isinstance(factor, OperatorFactor) and isinstance(factor.operation, WithoutArrays)


Arrays = Callable[..., Sequence[Any] | None]
"""The arrays of a term, of the result and the arguments of a call."""


def made_steps(
    rule: Callable[..., Iterable[LocalTerm]],
    call: Call,
    args: Sequence[Any],
    arrays: Mapping[Path, Arrays],
    kwargs: Mapping[str, Any],
) -> Steps | None:
    """The steps of a call with one result and a term for each operand; None where labels alone do not tell the terms.

    Parameters
    ----------
    rule : callable
        Tells the terms of a call.
    call, args, kwargs
        One call of this structure.
    arrays : mapping
        By operand the arrays of its term; they tell None where the rule is to be asked.
    """
    steps: list[Step] = []
    needed = call.needed
    if any([path in arrays and arrays[path](call.result, *args, **kwargs) is None for path in needed]):
        return None
    for result, path, term in rule(call, *args, **kwargs):
        if path in needed:
            if isinstance(term, str) or result or term.act or term.scale == 0:
                return None
            pattern = pattern_of(term)
            if pattern is None or pattern.is_empty or path not in arrays:
                return None
            steps.append(Step(path, None, MADE, _maker(pattern, term.scale, arrays[path], kwargs, rule, path), pattern))
    return Steps(tuple(steps), True) if {step.path for step in steps} == {*needed} else None


def _maker(
    pattern: Pattern,
    scale: float,
    arrays: Arrays,
    kwargs: Mapping[str, Any],
    rule: Callable[..., Iterable[LocalTerm]] | None = None,
    path: Path = 0,
) -> Callable[..., Term]:
    sizes = pattern.sizes

    def make(result: Any, *values: Any) -> Term:
        parts = arrays(result, *values, **kwargs)
        if parts is None and rule is not None:
            ((_, _, term),) = rule(Call(result, (path,)), *values, **kwargs)
            return term  # type: ignore[return-value]
        found = zip(parts, sizes, strict=True)  # type: ignore[arg-type]
        return pattern.term([a if a.shape == size else reshaped(a, size) for a, size in found], scale)

    return make
