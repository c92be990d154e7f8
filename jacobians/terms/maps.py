"""Maps: index relations that cost no arithmetic.

A map says ``ravel(dst) == index[src]``: the labels of `dst` are a function of the labels of `src`. Slices and shifts
are affine (``start + step * ravel(src)``, perhaps modulo), everything else is an integer array over the raveled `src`.
What slides along something else, as in a convolution, is told by where it starts, and what is listed along some axes
and regular along others is not written out, either. An index may be recorded: an array without numbers, of which
nothing but its size is asked.
"""

from __future__ import annotations

from hashlib import sha1
from typing import Any, NamedTuple

import numpy as np

from ..errors import TermError
from ..labels import Axis, Frozen, Label, Substitution, apply, size_of
from .lattices import Lattice, even_step
from .memory import recall

__all__ = ["Affine", "Map", "Sliding"]


class Affine(NamedTuple):
    """The index ``(start + step * position) % modulus`` (without modulus where None)."""

    start: int
    step: int
    modulus: int | None = None


class Sliding(NamedTuple):
    """The index ``start + down * n + across * j`` of two labels, with steps that are 1 or -1, not written out."""

    start: int
    down: int
    across: int
    rows: int
    columns: int

    @property
    def lowest(self) -> int:
        """The first of all positions, of which there are ``rows + columns - 1``."""
        return self.start - (self.rows - 1) * (self.down < 0) - (self.columns - 1) * (self.across < 0)

    def positions(self) -> np.ndarray:
        rows = self.start + self.down * np.arange(self.rows)
        return np.add.outer(rows, self.across * np.arange(self.columns)).reshape(-1)


def _digest(index: np.ndarray) -> bytes:
    """Half as many bytes where the numbers allow it, by a function that most processors have built in."""
    short = not index.size or bool(index.min() >= 0 and index.max() < 2**31)
    numbers = np.ascontiguousarray(index, np.int32 if short else np.int64)
    return sha1(numbers.data, usedforsecurity=False).digest() + bytes([short])


class Map(Frozen):
    """The relation ``ravel(dst) == index[ravel(src)]``.

    Parameters
    ----------
    dst, src : tuple of Label
        The determined and the determining group; `src` may be empty (a constant index).
    index : Affine, Sliding, Lattice or integer array of shape (size of src,), plain or recorded
    injective : bool or None
        Whether different `src` give different `dst`; None is unknown.
    """

    __slots__ = ("_fingerprint", "dst", "index", "injective", "src")
    dst: Axis
    src: Axis
    index: Affine | Any
    injective: bool | None
    _fingerprint: Affine | Sliding | tuple[Any, ...] | bytes | int | None

    def __init__(self, dst: Axis, src: Axis, index: Affine | Any, injective: bool | None = None) -> None:
        if isinstance(index, Affine):
            span = abs(index.step) * size_of(src)
            injective = (index.step != 0 or not src) and (index.modulus is None or span <= index.modulus)
        put = object.__setattr__
        put(self, "dst", dst)
        put(self, "src", src)
        put(self, "index", index)
        put(self, "injective", injective)
        put(self, "_fingerprint", None)

    @classmethod
    def of(cls, dst: Axis, src: Axis, index: Any, injective: bool | None = None) -> Map:
        """A map from an integer array, recognised as affine where it is and its numbers are known."""
        if not isinstance(index, np.ndarray) and hasattr(index, "__array_function__"):
            return cls(dst, src, np.reshape(index, (-1,)), injective)
        index = np.asarray(index, dtype=np.intp)
        index = index if index.ndim == 1 else index.reshape(-1)
        step = even_step(index)
        if step is not None:
            return cls(dst, src, Affine(int(index[0]), step))
        return cls(dst, src, index, injective)

    @classmethod
    def sliding(cls, dst: Axis, one: Axis, other: Axis, start: int, down: int, across: int) -> Map:
        """The map ``start + down * n + across * j`` to one label, of two that are missing where they have one entry."""
        if not one or not other:
            return cls(dst, one + other, Affine(start, down if one else across))
        return cls(dst, one + other, Sliding(start, down, across, one[0].size, other[0].size))

    @classmethod
    def constant(cls, label: Label, position: int) -> Map:
        """The relation ``label == position``."""
        return cls((label,), (), Affine(position, 1))

    @classmethod
    def of_equal(cls, dst: Axis, src: Axis) -> Map:
        """The relation that two groups have the same flat position."""
        return cls(dst, src, Affine(0, 1))

    @property
    def labels(self) -> Axis:
        return self.dst + self.src

    @property
    def is_recorded(self) -> bool:
        """Whether the index is an array without numbers."""
        return not isinstance(self.index, (Affine, Sliding, Lattice, np.ndarray))

    @property
    def is_identity(self) -> bool:
        """Whether both groups have the same flat position."""
        index = self.index
        if type(index) is not Affine or index.start != 0 or index.step != 1:
            return False
        size = size_of(self.dst)
        return self.index.modulus in (None, size) and size_of(self.src) == size

    @property
    def nbytes(self) -> int:
        return 0 if isinstance(self.index, (Affine, Sliding)) else self.index.nbytes

    def positions(self) -> Any:
        """The index as an array over the raveled `src`."""
        if isinstance(self.index, Sliding):
            return recall(("sliding", self.index), None, self.index.positions)
        if isinstance(self.index, Lattice):
            return recall(("lattice", id(self.index)), self.index, self.index.positions)
        if not isinstance(self.index, Affine):
            return self.index
        start, step, modulus = self.index
        count = size_of(self.src)
        flat = np.arange(start, start + step * count, step) if step else np.full(count, start)
        return flat if modulus is None else flat % modulus

    def components(self) -> dict[Label, Any]:
        """For each label of `dst` its position over the raveled `src`."""
        if len(self.dst) == 1:
            return {self.dst[0]: self.positions()}
        parts = np.unravel_index(self.positions(), [label.size for label in self.dst])
        return dict(zip(self.dst, parts, strict=True))

    def relabel(self, substitution: Substitution) -> Map:
        """The same relation under other labels (groups are flat, so splitting a label changes nothing)."""
        if substitution.keys().isdisjoint(self.labels):
            return self
        renamed = Map(apply(substitution, self.dst), apply(substitution, self.src), self.index, self.injective)
        object.__setattr__(renamed, "_fingerprint", self._fingerprint)
        return renamed

    @property
    def fingerprint(self) -> Affine | Sliding | tuple[Any, ...] | bytes | int:
        """What two maps have in common only if their indices are the same numbers: the index, or a digest of it.

        It is the same for all indices of one kind that are. Recorded indices are the same if they are one array.
        """
        if self._fingerprint is None:
            index = self.index
            if self.is_recorded:
                known = id(index)
            elif isinstance(index, (Affine, Sliding)):
                known = index
            else:
                make = (lambda: index.fingerprint(_digest)) if isinstance(index, Lattice) else lambda: _digest(index)
                known = recall(("digest", id(index)), index, make)
            object.__setattr__(self, "_fingerprint", known)
        return self._fingerprint  # type: ignore[return-value]

    def check(self) -> None:
        """Raise TermError if an index leaves `dst`; of a recorded one that is not known."""
        if self.is_recorded:
            return
        positions, size = self.positions(), size_of(self.dst)
        if positions.size != size_of(self.src):
            raise TermError(f"map: an index of {positions.size} entries over labels {self.src}.")
        if positions.size and not (positions.min() >= 0 and positions.max() < size):
            raise TermError(
                f"map: an index in [{positions.min()}, {positions.max()}] into labels {self.dst} of {size} positions."
            )
