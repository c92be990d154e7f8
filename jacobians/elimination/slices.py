"""A gather that only takes a part of an array along one axis: a view, of which all but the start is known before."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..labels import Axis, size_of
from ..terms import Affine, Map

__all__ = ["Slice", "slice_of"]


class Slice(NamedTuple):
    """What a gather takes of an array whose labels are known, but for where it begins.

    Attributes
    ----------
    axis : int
    size, step : int
        How many entries along the axis, and how far apart.
    labels, shape
        Of the result.
    """

    axis: int
    size: int
    step: int
    labels: Axis
    shape: tuple[int, ...]

    def of(self, array: Any, start: int) -> Any:
        stop = start + self.step * self.size
        part = array[(*[slice(None)] * self.axis, slice(start, stop if stop >= 0 else None, self.step))]
        return part if part.shape == self.shape else np.reshape(part, self.shape)


def slice_of(labels: Axis, relation: Map) -> Slice | None:
    """What gathering a factor with these labels is, if it is a slice; see `gather`."""
    index = relation.index
    if not isinstance(index, Affine) or index.modulus is not None or len(relation.dst) != 1:
        return None
    if labels.count(relation.dst[0]) != 1 or not set(relation.src).isdisjoint(labels):
        return None
    axis = labels.index(relation.dst[0])
    labels = labels[:axis] + relation.src + labels[axis + 1 :]
    return Slice(axis, size_of(relation.src), index.step, labels, tuple([label.size for label in labels]))
