"""The algebra of index names.

A `Label` is an index with a size, distinguished by identity. An **axis** of an array is a tuple of labels in row-major
order, so that reshape is only a regrouping; **axes** are one axis per array axis. An axis of size 1 is the empty tuple.

- `axes_of(shape)` names the axes of an array afresh, `shape_of(axes)` goes back.
- `unify(left, right)` makes two axes equal: it splits labels until both sides have a common refinement, and tells which
  groups have none (2 x 3 against 3 x 2).
- `apply(substitution, labels)` replaces labels.
- `standard_label(number, size)` is always the same one: labels that do not depend on when they were made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import chain
from math import prod
from typing import Any, NamedTuple

__all__ = [
    "Axes",
    "Axis",
    "Frozen",
    "Label",
    "Unified",
    "apply",
    "apply_axes",
    "axes_of",
    "flatten",
    "fresh",
    "shape_of",
    "size_of",
    "standard_label",
    "unfrozen",
    "unify",
]


class Frozen:
    """Base of data that does not change after it is made; `__init__` and caches use ``object.__setattr__``.

    Where many are made, `unfrozen` gives a twin of the class: its instances take their fields by assignment, at a
    third of the time, and are frozen by ``made.__class__ = cls``.
    """

    __slots__ = ()

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} is read-only: make a new one, with relabel or replace.")

    def __setstate__(self, state: tuple[None, dict[str, object]]) -> None:
        for name, value in state[1].items():
            object.__setattr__(self, name, value)


def unfrozen(cls: type[Frozen]) -> Any:
    """A class of the same fields whose instances can be written, until they are made instances of `cls`."""
    return type(cls.__name__, (Frozen,), {"__slots__": cls.__slots__, "__setattr__": object.__setattr__})


class Label(Frozen):
    """An index with a size; two labels are the same only if they are the same object."""

    __slots__ = ("name", "size")
    name: str
    size: int

    def __init__(self, size: int, name: str = "") -> None:
        put = object.__setattr__
        put(self, "size", size)
        put(self, "name", name)

    def __repr__(self) -> str:
        return f"{self.name or 'label'}:{self.size}"


Axis = tuple[Label, ...]
Axes = tuple[Axis, ...]
Substitution = Mapping[Label, tuple[Label, ...]]


@lru_cache(maxsize=65536)
def standard_label(number: int, size: int, name: str = "") -> Label:
    """The same label whenever it is asked for: the n-th label of a term of which only the pattern counts."""
    return Label(size, name)


class Unified(NamedTuple):
    """What makes two axes equal: a substitution, and pairs of groups that agree only as flat positions."""

    substitution: dict[Label, tuple[Label, ...]]
    joints: list[tuple[Axis, Axis]]


def axes_of(shape: Iterable[int]) -> Axes:
    """Fresh axes for an array of this shape."""
    return tuple([() if size == 1 else (Label(size),) for size in shape])


def shape_of(axes: Axes) -> tuple[int, ...]:
    """The array shape that axes stand for."""
    return tuple([size_of(axis) for axis in axes])


def size_of(labels: Iterable[Label]) -> int:
    """The number of values that a group of labels takes."""
    return prod([label.size for label in labels])


def flatten(axes: Axes) -> Axis:
    """The labels of all axes, in order, with repetitions."""
    return tuple(chain.from_iterable(axes))


def fresh(labels: Iterable[Label]) -> dict[Label, tuple[Label, ...]]:
    """A substitution of each label by a new one of the same size."""
    return {label: (Label(label.size, label.name),) for label in labels}


def apply(substitution: Substitution, labels: Iterable[Label]) -> Axis:
    """Replace labels, each at most once (the substitution is closed)."""
    result: list[Label] = []
    for label in labels:
        replacement = substitution.get(label)
        if replacement is None:
            result.append(label)
        else:
            result.extend(replacement)
    return tuple(result)


def apply_axes(substitution: Substitution, axes: Axes) -> Axes:
    """Replace labels in every axis."""
    return tuple([apply(substitution, axis) for axis in axes])


def unify(left: Axes, right: Axes) -> Unified:
    """The most general substitution that makes `left` and `right` the same, axis by axis.

    Both must have the same shape. A label of 6 against labels of 2 and 3 is split; labels of 2 and 3 against 3 and 2
    have no common refinement and are returned as a joint: two groups whose flat positions are equal.

    Examples
    --------
    >>> i, j, k = Label(6, "i"), Label(2, "j"), Label(3, "k")
    >>> unify(((i,),), ((j, k),)).substitution[i]
    (i:2, k:3)
    """
    steps: dict[Label, tuple[Label, ...]] = {}
    joints: list[tuple[Axis, Axis]] = []
    for left_axis, right_axis in zip(left, right, strict=True):
        _unify_axis(left_axis, right_axis, steps, joints)
    closed = {label: _resolve((label,), steps) for label in steps}
    return Unified(closed, [(_resolve(a, steps), _resolve(b, steps)) for a, b in joints])


def _unify_axis(left: Axis, right: Axis, steps: dict, joints: list) -> None:
    """Walk both sides from the last label to the first, splitting the larger one as long as sizes divide."""
    a, b = list(left), list(right)
    while a and b:
        x, y = _pop(a, steps), _pop(b, steps)
        if x is y:
            continue
        if x.size == y.size:
            steps[y] = (x,)
        elif x.size % y.size == 0 and y.size:
            rest = Label(x.size // y.size, x.name)
            steps[x] = (rest, y)
            a.append(rest)
        elif y.size % x.size == 0 and x.size:
            rest = Label(y.size // x.size, y.name)
            steps[y] = (rest, x)
            b.append(rest)
        else:
            joints.append(_flat_joint([x], [y], a, b, steps))


def _flat_joint(x: list[Label], y: list[Label], a: list[Label], b: list[Label], steps: dict) -> tuple[Axis, Axis]:
    """Extend two groups to the left until they have the same size."""
    while size_of(x) != size_of(y):
        if size_of(x) < size_of(y):
            x.insert(0, _pop(a, steps))
        else:
            y.insert(0, _pop(b, steps))
    return tuple(x), tuple(y)


def _pop(stack: list[Label], steps: dict) -> Label:
    label = stack.pop()
    while label in steps:
        stack.extend(steps[label])
        label = stack.pop()
    return label


def _resolve(labels: Axis, steps: dict) -> Axis:
    result: list[Label] = []
    stack = list(labels)
    while stack:
        result.append(_pop(stack, steps))
    return tuple(result[::-1])
