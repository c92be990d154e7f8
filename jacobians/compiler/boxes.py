"""Positions that are a box of an array, as slices of it: ``buffer[0:40, 3:9]``."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

__all__ = ["box_text"]


def box_text(start: int, steps: Sequence[int], sizes: Sequence[int], shape: tuple[int, ...]) -> str | None:
    """The index of positions, from `start` on by `steps` along each of their axes, in an array of this shape.

    None where they are no box with the axes in the order of those of the array.

    Examples
    --------
    >>> box_text(2, (5, 1), (3, 2), (4, 5))
    '[0:3, 2:4]'
    >>> box_text(15, (1,), (5,), (4, 5))
    '[3, :]'
    >>> box_text(0, (1, 5), (2, 3), (4, 5)) is None
    True
    """
    words = []
    waiting = list(zip(steps, sizes, strict=True))
    rest = start
    for axis, n in enumerate(shape):
        stride = prod(shape[axis + 1 :])
        first, rest = divmod(rest, stride) if stride else (0, rest)
        if waiting and n > 1 and waiting[0][0] == stride:
            _, size = waiting.pop(0)
            if first + size > n:
                return None
            words.append(":" if size == n else f"{first}:{first + size}")
        else:
            words.append(f"{first}")
    return None if waiting else f"[{', '.join(words)}]"
