"""Arrays seen with other axes: labels grouped, permuted, left out.

`grouped` works out once, from labels and sizes, which `reshape` and `transpose` bring an array of that structure into
the shape that a GEMM wants, and copies only where no view will do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

import numpy as np

__all__ = ["View", "apart", "between", "broadcast", "compacted", "copies", "grouped", "joined", "permuted"]

Numbers = tuple[int, ...]
View = Callable[[np.ndarray], np.ndarray]


def grouped(labels: Numbers, groups: Sequence[Numbers], sizes: Sequence[int], *, compact: bool = False) -> View | None:
    """How to see an array with axes `labels` with one axis for each group; None where it is one already.

    Parameters
    ----------
    labels : tuple of int
    groups : sequence of tuple of int
        A group that the array does not carry becomes an axis of size 1.
    sizes : sequence of int
        By label number.
    compact : bool
        Whether to copy an array whose rows and columns (the last two groups) BLAS could not step through.
    """
    carried = [group for group in groups if group and group[0] in labels]
    starts = [labels.index(group[0]) for group in carried]
    together = not copies(labels, groups)
    shape = tuple([prod([sizes[n] for n in group]) if group in carried else 1 for group in groups])
    first = last = None
    if together:
        standing = [group for _, group in sorted(zip(starts, carried, strict=True))]
        order = tuple([standing.index(group) for group in carried])
        if len(standing) < len(labels):
            first = tuple([prod([sizes[n] for n in group]) for group in standing])
    else:
        order = tuple([labels.index(n) for group in carried for n in group])
    if len(groups) > len(carried) or not together:
        last = shape
    steps = _steps(first, None if order == tuple(range(len(order))) else order, last)
    return compacted(steps) if compact and together and copies(labels, groups, compact=True) else steps


def copies(labels: Numbers, groups: Sequence[Numbers], *, compact: bool = False) -> bool:
    """Whether `grouped` would have to copy an array in C order."""
    for group in groups:
        if group and group[0] in labels:
            start = labels.index(group[0])
            if labels[start : start + len(group)] != group:
                return True
    return compact and bool(labels) and not any(labels[-1] in group for group in groups[-2:])


def broadcast(labels: Numbers, groups: Sequence[Numbers], sizes: Sequence[int]) -> View | None:
    """The same as `grouped` for an array that meets one with all groups: leading axes of size 1 are left out."""
    first = next((n for n, group in enumerate(groups) if group[0] in labels), len(groups))
    return grouped(labels, groups[first:], sizes)


def _steps(first: Numbers | None, order: Numbers | None, last: Numbers | None) -> View | None:
    """Reshape, transpose, reshape: those of the three that do something."""
    if order is None:
        shape = last or first
        return None if shape is None else lambda array: array.reshape(shape)
    if last is not None:
        if first is not None:
            return lambda array: array.reshape(first).transpose(order).reshape(last)
        return lambda array: array.transpose(order).reshape(last)
    if first is not None:
        return lambda array: array.reshape(first).transpose(order)
    return lambda array: array.transpose(order)


def compacted(view: View | None) -> View:
    """What is seen, in C order."""
    return np.ascontiguousarray if view is None else lambda array: np.ascontiguousarray(view(array))


def permuted(labels: Numbers, wanted: Numbers) -> View | None:
    """How to see an array with axes `labels` with axes `wanted`."""
    if labels == wanted:
        return None
    order = tuple([labels.index(n) for n in wanted])
    return lambda array: array.transpose(order)


def apart(result: Numbers, labels: Sequence[int]) -> tuple[Numbers, Numbers]:
    """The labels that stand together at their last place in `result`, and those that stand elsewhere before."""
    places = sorted([result.index(n) for n in labels])
    first = next((n for n in range(len(places) - 1, 0, -1) if places[n - 1] != places[n] - 1), 0)
    return tuple([result[n] for n in places[first:]]), tuple([result[n] for n in places[:first]])


def between(labels: Numbers, group: Numbers) -> tuple[Numbers, Numbers]:
    """The labels before and behind a group that stands in one piece between them; none if it does not."""
    start = labels.index(group[0])
    stop = start + len(group)
    inside = start > 0 and stop < len(labels) and labels[start:stop] == group
    return (labels[:start], labels[stop:]) if inside else ((), ())


def joined(result: Numbers, factors: Sequence[Numbers]) -> list[Numbers]:
    """`result` in groups that every factor either carries in this order, side by side, or does not carry at all."""
    groups: list[list[int]] = []
    for n in result:
        if groups and all(_follows(labels, groups[-1][-1], n) for labels in factors):
            groups[-1].append(n)
        else:
            groups.append([n])
    return [tuple(group) for group in groups]


def _follows(labels: Numbers, before: int, after: int) -> bool:
    if before in labels:
        return labels.index(before) + 1 < len(labels) and labels[labels.index(before) + 1] == after
    return after not in labels
