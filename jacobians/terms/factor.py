"""Factors: the numbers of a term.

`Factor` is a dense array with one label per axis. `OperatorFactor` is a linear operation between two groups of labels
that is applied to what it meets, and becomes an array only when nothing else is possible.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, Self

import numpy as np

from ..arrays import settled
from ..errors import TermError
from ..labels import Axes, Frozen, Label, Substitution, apply, size_of

__all__ = ["Factor", "LinearOperation", "OperatorFactor", "WithoutArrays"]


class Factor(Frozen):
    """A dense array with a label for each of its axes.

    Parameters
    ----------
    array : array
        Any array that speaks NumPy's protocols; it is not copied.
    labels : tuple of Label
        One per axis, of the same size, all different.
    name : str, optional
        What a printed term calls it.
    """

    __slots__ = ("array", "labels", "name")
    array: Any
    labels: tuple[Label, ...]
    name: str

    def __init__(self, array: Any, labels: tuple[Label, ...], name: str = "") -> None:
        put = object.__setattr__
        put(self, "array", array if type(array) is np.ndarray else settled(array))
        put(self, "labels", labels)
        put(self, "name", name)

    @classmethod
    def on(cls, array: Any, axes: Axes) -> Factor:
        """The factor of an array whose axes are groups of labels: groups are split, repeated labels become a diagonal.

        An array axis may also have size 1 where the labels are larger: it is constant along them and drops them.
        """
        kept = tuple([() if size == 1 else axis for size, axis in zip(array.shape, axes, strict=True)])
        labels = tuple([label for axis in kept for label in axis])
        sizes = tuple([label.size for label in labels])
        if sizes != array.shape:
            array = np.reshape(array, sizes)
        return cls._without_repeats(array, labels)

    @classmethod
    def _without_repeats(cls, array: Any, labels: tuple[Label, ...], name: str = "") -> Factor:
        while len(set(labels)) < len(labels):
            second = next(n for n, label in enumerate(labels) if label in labels[:n])
            first = labels.index(labels[second])
            array = np.diagonal(array, axis1=first, axis2=second)
            labels = labels[:first] + labels[first + 1 : second] + labels[second + 1 :] + (labels[second],)
        return cls(array, labels, name)

    def relabel(self, substitution: Substitution) -> Factor:
        """The same numbers under other labels; a label replaced by several is a reshape."""
        if substitution.keys().isdisjoint(self.labels):
            return self
        labels = apply(substitution, self.labels)
        array = self.array
        if len(labels) != len(self.labels):
            array = np.reshape(array, tuple([label.size for label in labels]))
        return self._without_repeats(array, labels, self.name)

    def spread(self, labels: tuple[Label, ...]) -> Any:
        """The array with its axes in the order of `labels`, and of size 1 where the factor does not carry one."""
        order = sorted(range(len(self.labels)), key=lambda n: labels.index(self.labels[n]))
        array = self.array if order == list(range(len(order))) else np.transpose(self.array, order)
        sizes = tuple([label.size if label in self.labels else 1 for label in labels])
        return array if sizes == array.shape else np.reshape(array, sizes)

    @property
    def dtype(self) -> np.dtype:
        return self.array.dtype

    @property
    def nbytes(self) -> int:
        return size_of(self.labels) * self.array.dtype.itemsize

    def check(self) -> None:
        """Raise TermError unless the array fits the labels."""
        sizes = tuple([label.size for label in self.labels])
        if tuple(self.array.shape) != sizes or len(set(self.labels)) != len(self.labels):
            raise TermError(f"factor: an array of shape {tuple(self.array.shape)} under labels {self.labels}.")


class LinearOperation(Protocol):
    """A linear map of arrays along their leading axes, from shape ``cols + batch`` to ``rows + batch``.

    ``cols`` and ``rows`` are single flat axes here: an operation sees its input group raveled.
    """

    dtype: np.dtype
    nbytes: int

    def apply(self, array: Any) -> Any:
        """Apply along axis 0."""

    def apply_transposed(self, array: Any) -> Any:
        """Apply the transposed operation along axis 0."""

    def with_arrays(self, change: Callable[[Any], Any]) -> LinearOperation:
        """The same operation on other arrays of the same numbers: `change` sees each array that it depends on."""
        ...


class WithoutArrays:
    """An operation that depends on no array of the user's."""

    def with_arrays(self, change: Callable[[Any], Any]) -> Self:
        return self


class OperatorFactor(Frozen):
    """A linear operation from the group `right` to the group `left`, the same for all other labels.

    Parameters
    ----------
    operation : LinearOperation
    left, right : tuple of Label
        The raveled groups that index its rows and its columns.
    """

    __slots__ = ("left", "name", "operation", "right")
    operation: LinearOperation
    left: tuple[Label, ...]
    right: tuple[Label, ...]
    name: str

    def __init__(
        self, operation: LinearOperation, left: tuple[Label, ...], right: tuple[Label, ...], name: str = ""
    ) -> None:
        put = object.__setattr__
        put(self, "operation", operation)
        put(self, "left", left)
        put(self, "right", right)
        put(self, "name", name)

    @property
    def labels(self) -> tuple[Label, ...]:
        return self.left + self.right

    @property
    def dtype(self) -> np.dtype:
        return self.operation.dtype

    @property
    def nbytes(self) -> int:
        return self.operation.nbytes

    @property
    def is_tied(self) -> bool:
        """Whether a label stands twice on one side."""
        return any([len({*side}) < len(side) for side in (self.left, self.right)])

    def relabel(self, substitution: Substitution) -> OperatorFactor:
        return OperatorFactor(
            self.operation, apply(substitution, self.left), apply(substitution, self.right), self.name
        )

    def apply(self, factor: Factor, *, transposed: bool = False) -> Factor:
        """Contract with a dense factor that carries the whole source group."""
        source, target = (self.left, self.right) if transposed else (self.right, self.left)
        rest = tuple([label for label in factor.labels if label not in source])
        order = [factor.labels.index(label) for label in source + rest]
        sizes = tuple([label.size for label in rest])
        array = np.reshape(np.transpose(factor.array, order), (size_of(source), *sizes))
        result = self.operation.apply_transposed(array) if transposed else self.operation.apply(array)
        return Factor.on(result, (target, *[(label,) for label in rest]))

    def materialise(self) -> Factor:
        """The dense matrix of the operation, which may have a way of its own to write it out."""
        written = getattr(self.operation, "materialise", None)
        if written is not None:
            return Factor.on(written(), (self.left, self.right))
        columns = self.operation.apply(np.eye(size_of(self.right), dtype=self.operation.dtype))
        return Factor.on(columns, (self.left, self.right))

    def check(self) -> None:
        """Nothing to check: an operation tells no sizes."""
