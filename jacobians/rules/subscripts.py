"""The two call forms of `np.einsum`, read as labels.

- ``einsum("ij,jk->ik", A, B)``: subscripts in a string; operand k is argument k + 1.
- ``einsum(A, [0, 1], B, [1, 2], [0, 2])``: subscripts as lists; operand k is argument 2 k.

`subscripts` returns the operands with the position of each in the call and with its axes, and the axes of the result.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np

from ..labels import Axes, Label
from ..program import Indices, indices_of, sizes_of
from ..registry import Operand

__all__ = ["subscripts"]


def subscripts(*args: Any) -> tuple[list[Operand], Axes]:
    """The operands of a call of `np.einsum` and the axes of its result.

    Examples
    --------
    >>> operands, out = subscripts("ij,j", np.ones((2, 3)), np.ones(3))
    >>> operands[0].axes, operands[1].axes, out
    (((i:2,), (j:3,)), ((j:3,),), ((i:2,),))
    """
    if isinstance(args[0], str):
        positions, call = range(1, len(args)), args[0]
    else:
        positions, call = range(0, len(args) // 2 * 2, 2), tuple([tuple(group) for group in args[1::2]])
        call += (tuple(args[-1]),) if len(args) % 2 else ()
    axes, out = _labelled(call, tuple([np.shape(args[position]) for position in positions]))
    return [Operand(n, args[n], group) for n, group in zip(positions, axes, strict=True)], out


@lru_cache(maxsize=1024)
def _labelled(call: str | tuple, shapes: tuple[tuple[int, ...], ...]) -> tuple[list[Axes], Axes]:
    """The axes of the operands and of the result, for subscripts in a string or the lists of a call."""
    groups, result = indices_of(call, shapes)
    # A subscript of sizes 1 and 5 is broadcast: its label has size 5, and an axis of size 1 has no label.
    sizes = sizes_of(groups, shapes)
    labels = {index: Label(size, index if isinstance(index, str) else "") for index, size in sizes.items()}

    def axes(group: Indices, shape: Iterable[int]) -> Axes:
        return tuple([() if size == 1 else (labels[index],) for index, size in zip(group, shape, strict=True)])

    operands = [axes(group, shape) for group, shape in zip(groups, shapes, strict=True)]
    return operands, axes(result, [sizes[index] for index in result])
