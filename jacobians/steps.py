"""What is left to do when a call of a known structure is made again.

A rule tells the terms of a call from its structure (shapes, dtypes, plain arguments, which operands are needed) and
from numbers. What the structure tells is worked out once: a `Step` for each term, which says where that gets its
numbers from.

- `entrywise_steps`: of an entrywise function, whose slopes are computed.
- `product_steps`: of a product, whose slopes are the other operands.
- `fixed_steps`: of a function whose terms hold no numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, NamedTuple

from .partials import LocalTerm, Partial, Path, diagonal_pattern
from .terms import PatternTerm, Term, standardised

__all__ = ["TOLD", "Step", "Steps", "chosen_operand", "entrywise_steps", "fixed_steps", "product_steps"]


TOLD = -2


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
        `TOLD` for a term without numbers that depends on the arguments.
    slope : callable or None
        Computes the array from these; tells the term from the operands.
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


def product_steps(partials: Iterable[Partial]) -> Steps | None:
    """The steps of a product of two operands; None where more than labels tells a partial."""
    steps: list[Step] = []
    for path, others, pattern, _ in partials:
        if pattern is None or pattern.is_empty or len(others) != 1:
            return None
        steps.append(Step(path, None, others[0] + 1, None, pattern))
    return Steps(tuple(steps))


def fixed_steps(terms: Iterable[LocalTerm], needed: Collection[Path]) -> Steps | None:
    """The steps of a call with one result whose terms hold no numbers; None where one does, or where one is missing."""
    steps: list[Step] = []
    seen: set[Path] = set()
    for result, path, term in terms:
        if result != 0 or isinstance(term, str) or term.act or term.factors:
            return None
        if path in needed:
            seen.add(path)
            if not term.is_empty:
                steps.append(Step(path, term if type(term) is PatternTerm else standardised(term)))
    return Steps(tuple(steps)) if len(seen) == len(needed) else None
