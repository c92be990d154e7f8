"""Rules that are asked for labels once for each structure of a call: the next call needs numbers alone, or none.

- `structural`: a rule whose terms hold no numbers. They depend on the shapes of the operands and on arguments that are
  numbers, words or tuples of these: the same ones serve the next call. They stand under standard labels, so that what
  meets them is looked up, too.
- `numbered`: a rule with one term for each operand, the arrays of which are computed.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import wraps
from typing import Any

from ..registry import Call, LocalTerm, Path
from ..steps import Arrays, Steps, fixed_steps, made_steps
from ..terms import standardised

__all__ = ["numbered", "structural"]

REMEMBERED = 4096
"""Structures of which a rule keeps the terms."""

_PLAIN = (int, str, bool, type(None))


def structural(
    rule: Callable[..., Iterable[LocalTerm]], unless: Callable[..., bool] | None = None
) -> Callable[..., Iterable[LocalTerm]]:
    """Let a rule remember its terms by structure.

    Its first argument is the operand, or the list of all operands; of the others it may ask for anything, but a call
    in which they are more than plain values is not remembered. Nor is one for which `unless` holds, which is asked with
    the arguments: there the terms depend on more.
    """
    known: dict[Hashable, Sequence[LocalTerm]] = {}

    @wraps(rule)
    def remembered(call: Call, operand: Any, *args: Any, **kwargs: Any) -> Iterable[LocalTerm]:
        key = _structure(call, operand, args, kwargs)
        if key is None or (unless is not None and unless(operand, *args, **kwargs)):
            return rule(call, operand, *args, **kwargs)
        terms = known.get(key)
        if terms is None:
            stated = rule(call, operand, *args, **kwargs)
            terms = [
                (result, path, term if isinstance(term, str) else standardised(term)) for result, path, term in stated
            ]
            if len(known) >= REMEMBERED:
                known.clear()
            known[key] = terms
        return terms

    def steps(call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Steps | None:
        if unless is not None and unless(*args, **kwargs):
            return None
        return fixed_steps(remembered(call, *args, **kwargs), call.needed)

    remembered.steps = steps  # type: ignore[attr-defined]
    return remembered


def numbered(
    arrays: Mapping[Path, Arrays], unless: Callable[..., bool] | None = None, both: bool = True
) -> Callable[[Callable[..., Iterable[LocalTerm]]], Callable[..., Iterable[LocalTerm]]]:
    """Decorate a rule: let it tell the arrays of its terms by operand, as functions of the result and the arguments.

    Where such a function tells None, the numbers are exceptional and the rule is asked again. Not of calls for
    which `unless` holds, which is asked with the arguments; nor of those with several operands that are
    differentiated, unless `both`: there the terms share what is dear.
    """

    def known(rule: Callable[..., Iterable[LocalTerm]]) -> Callable[..., Iterable[LocalTerm]]:
        def steps(call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Steps | None:
            if (unless is not None and unless(*args, **kwargs)) or (len(call.needed) > 1 and not both):
                return None
            return made_steps(rule, call, args, arrays, kwargs)

        rule.steps = steps  # type: ignore[attr-defined]
        return rule

    return known


def _structure(call: Call, operand: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Hashable | None:
    """What the terms of a call depend on, or None where that cannot be told by plain values."""
    for value in (*args, *kwargs.values()) if kwargs else args:
        if type(value) not in _PLAIN and not (type(value) is tuple and all([type(entry) in _PLAIN for entry in value])):
            return None
    if type(operand) is list or type(operand) is tuple:
        if not all([hasattr(array, "shape") for array in operand]):
            return None
        shapes = tuple([array.shape for array in operand])
    elif hasattr(operand, "shape"):
        shapes = operand.shape
    else:
        return None
    return shapes, args, tuple(kwargs.items()), tuple(call.needed)
