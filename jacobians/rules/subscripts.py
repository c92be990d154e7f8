"""The two call forms of `np.einsum`, read as labels.

- ``einsum("ij,jk->ik", A, B)``: subscripts in a string; operand k is argument k + 1.
- ``einsum(A, [0, 1], B, [1, 2], [0, 2])``: subscripts as lists; operand k is argument 2 k.

`subscripts` returns the operands with the position of each in the call and with its axes, and the axes of the result.
NumPy itself has accepted the call before, so that nothing is checked here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from ..labels import Axes, Label
from ..registry import Operand

__all__ = ["subscripts"]

Indices = list[Hashable]


def subscripts(*args: Any) -> tuple[list[Operand], Axes]:
    """The operands of a call of `np.einsum` and the axes of its result.

    Examples
    --------
    >>> operands, out = subscripts("ij,j", np.ones((2, 3)), np.ones(3))
    >>> operands[0].axes, operands[1].axes, out
    (((i:2,), (j:3,)), ((j:3,),), ((i:2,),))
    """
    if isinstance(args[0], str):
        positions, call = range(1, len(args)), args[:1]
    else:
        positions, call = range(0, len(args) // 2 * 2, 2), tuple([tuple(group) for group in args[1::2]])
        call += (tuple(args[-1]),) if len(args) % 2 else ()
    axes, out = _labelled(call, tuple([np.shape(args[position]) for position in positions]))
    return [Operand(n, args[n], group) for n, group in zip(positions, axes, strict=True)], out


@lru_cache(maxsize=1024)
def _labelled(call: tuple, shapes: tuple[tuple[int, ...], ...]) -> tuple[list[Axes], Axes]:
    """The axes of the operands and of the result, for subscripts in a string or the lists of a call."""
    terms, result = _from_string(call[0]) if isinstance(call[0], str) else _from_lists(call, len(shapes))
    spread = [_spread(term, len(shape)) for term, shape in zip(terms, shapes, strict=True)]
    # A subscript of sizes 1 and 5 is broadcast: its label has size 5, and an axis of size 1 has no label.
    sizes: dict[Hashable, int] = {}
    for term, shape in zip(spread, shapes, strict=True):
        for index, size in zip(term, shape, strict=True):
            if sizes.get(index, 1) == 1:
                sizes[index] = size
    labels = {index: Label(size, index if isinstance(index, str) else "") for index, size in sizes.items()}

    def axes(term: Indices, shape: Iterable[int]) -> Axes:
        return tuple([() if size == 1 else (labels[index],) for index, size in zip(term, shape, strict=True)])

    dotted = [len(shape) - len(term) + 1 for term, shape in zip(terms, shapes, strict=True) if ... in term]
    dots = max(dotted, default=0)
    out = _implicit(terms, dots) if result is None else _spread(result, len(result) - 1 + dots)
    operands = [axes(term, shape) for term, shape in zip(spread, shapes, strict=True)]
    return operands, axes(out, [sizes[index] for index in out])


def _from_string(text: str) -> tuple[list[Indices], Indices | None]:
    left, arrow, right = text.replace(" ", "").partition("->")
    return [_letters(part) for part in left.split(",")], _letters(right) if arrow else None


def _letters(part: str) -> Indices:
    before, dots, after = part.partition("...")
    return [*before, *([...] if dots else []), *after]


def _from_lists(groups: tuple, count: int) -> tuple[list[Indices], Indices | None]:
    terms = [list(group) for group in groups[:count]]
    return terms, list(groups[count]) if len(groups) > count else None


def _spread(term: Sequence[Hashable], ndim: int) -> Indices:
    """Replace the ellipsis by one index per axis, counted from the right as NumPy broadcasts."""
    if ... not in term:
        return list(term)
    place, count = term.index(...), ndim - len(term) + 1
    return [*term[:place], *[("...", n) for n in range(-count, 0)], *term[place + 1 :]]


def _implicit(terms: list[Indices], dots: int) -> Indices:
    """Without an arrow: the axes of the ellipsis, then every index that occurs once, sorted."""
    count = Counter(index for term in terms for index in term if index is not ...)
    return [*[("...", n) for n in range(-dots, 0)], *sorted(index for index, times in count.items() if times == 1)]  # type: ignore[type-var]
