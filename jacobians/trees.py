"""Nests of arrays: tuples, lists, dicts, named tuples and dataclasses, taken apart into a flat list and put together.

- `flatten(nest, is_leaf)`: the leaves of a nest in order, and its shape, a `Tree`.
- `Tree.build(leaves)`: the same nest with other leaves; `Tree.paths(name)`: where each leaf lies, ``p["W"]``.
- `Tree.match(other, ...)`: the leaves of another nest of this shape, or an error that tells where they differ.
- `Tree.child(key)`: the part under a key, and which leaves it has.
"""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, lru_cache
from typing import Any, NamedTuple, Self, TypeVar

import numpy as np

from .errors import ArgumentError

__all__ = ["LEAF", "Assembly", "Child", "Tree", "flatten", "is_container"]

T = TypeVar("T", bound="Tree")

_SHOWN = 200
"""Letters of a nest that a message shows."""


class Assembly:
    """What an object of another class is besides its parts; two of one state make the same of the same parts."""

    def __init__(self, *state: Any) -> None:
        self.state = state

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and isinstance(other, Assembly) and _alike(self.state, other.state)

    def __hash__(self) -> int:
        return hash((type(self), *map(_hashed, self.state)))

    def build(self, parts: Sequence[Any]) -> Any:
        """The object with these parts."""
        raise NotImplementedError

    def steps(self) -> list[str]:
        """What leads from the object to each part: ``.data``."""
        raise NotImplementedError


class Child(NamedTuple):
    """A part of a nest: its shape, and the leaves that are its own."""

    tree: Tree
    leaves: slice


class Tree:
    """The shape of a nest; two are equal if they are nested alike, keys and values that are no leaves included.

    Attributes
    ----------
    kind : type or None
        None for a leaf; `object` for a value that is no leaf and stays as it is.
    about : object
        Keys of a dict, names of the fields of a dataclass, the value that stays, the `Assembly` of another object.
    children : tuple of Tree
    """

    children: tuple[Self, ...]

    def __init__(self, kind: Any, about: Any = None, children: tuple[Self, ...] = ()) -> None:
        self.kind, self.about, self.children = kind, about, children

    @property
    def is_leaf(self) -> bool:
        return self.kind is None

    @cached_property
    def count(self) -> int:
        """How many leaves it has."""
        return 1 if self.kind is None else sum([child.count for child in self.children])

    def build(self, leaves: Sequence[Any]) -> Any:
        """The nest with these leaves."""
        return self._build(iter(leaves))

    def _build(self, leaves: Iterator[Any]) -> Any:
        kind, about = self.kind, self.about
        if kind is None:
            return next(leaves)
        if kind is object:
            return about
        parts = [child._build(leaves) for child in self.children]
        if isinstance(about, Assembly):
            return about.build(parts)
        if kind in _DICTS:
            return kind(zip(about, parts, strict=True))
        if about is not None:
            return kind(**dict(zip(about, parts, strict=True)))
        return kind(*parts) if hasattr(kind, "_fields") else kind(parts)

    @property
    def keys(self) -> tuple[Any, ...]:
        """What `child` understands for each child: keys of a dict, names of fields, else positions."""
        if self.about is not None and not isinstance(self.about, Assembly) and self.kind is not object:
            return self.about
        return getattr(self.kind, "_fields", None) or tuple(range(len(self.children)))

    @property
    def steps(self) -> list[str]:
        """What leads to each child: ``["W"]``, ``[0]``, ``.W``."""
        if isinstance(self.about, Assembly):
            return self.about.steps()
        if self.kind in _DICTS or self.kind in (tuple, list):
            return [f"[{self.quoted(key)}]" for key in self.keys]
        return [f".{key}" for key in self.keys]

    @staticmethod
    def quoted(key: Any) -> str:
        """A key as paths show it."""
        return f'"{key}"' if type(key) is str and '"' not in key else repr(key)

    def paths(self, name: str = "") -> list[str]:
        """The expressions of the leaves of a nest of this name: ``['p["W"]', 'p["b"]']``."""
        if self.kind is None:
            return [name]
        pairs = zip(self.children, self.steps, strict=True)
        return [path for child, step in pairs for path in child.paths(name + step)]

    def child(self, key: Any) -> Child:
        """The part under a key of a dict, a position, or the name of a field.

        Raises
        ------
        KeyError
            Naming the keys that there are.
        """
        keys, count = self.keys, len(self.children)
        positional = self.kind not in _DICTS and isinstance(key, (int, np.integer)) and not isinstance(key, bool)
        if positional and -count <= key < count:
            position = int(key) % count
        elif not positional and key in keys:
            position = keys.index(key)
        else:
            raise (IndexError if positional else KeyError)(f"{key!r} is not among {', '.join(map(repr, keys))}")
        start = sum([child.count for child in self.children[:position]])
        return Child(self.children[position], slice(start, start + self.children[position].count))

    def slopes(self) -> Self:
        """The nest that a derivative has: integers that are no leaves are constants, so that zeros stand for them."""
        if self.kind is object and isinstance(self.about, (int, np.integer, np.bool_)):
            return type(self)(object, type(self.about)(0))
        if self.kind is object and getattr(getattr(self.about, "dtype", None), "kind", "") in tuple("iub"):
            return type(self)(object, np.zeros(self.about.shape, self.about.dtype))
        if not self.children:
            return self
        return type(self)(self.kind, self.about, tuple([child.slopes() for child in self.children]))

    def match(self, nest: Any, operation: str, name: str, like: str) -> list[Any]:
        """The leaves of another nest, which must be nested as this one is; the order of keys does not count.

        Parameters
        ----------
        nest : object
            For a value that is no leaf it holds one of the same type, an integer or None, which are not looked at.
        operation, name, like : str
            For errors: what is called, what the other nest is, and what this one belongs to.

        Raises
        ------
        ArgumentError
            Telling both nests, and where they differ.
        """
        leaves: list[Any] = []
        found = self._match(nest, name, leaves)
        if found is not None:
            shown = flatten(nest, lambda value: hasattr(value, "__array_function__") or isinstance(value, float))[1]
            differ = f"is nested as {shown}, but {like} as {self}; they differ at {found[0]}: {found[1]}"
            raise ArgumentError(operation, name, differ, "Give a nest of the same kind, with an array for each array.")
        return leaves

    def _match(self, nest: Any, path: str, leaves: list[Any]) -> tuple[str, str] | None:
        """Append the leaves; or the path of the first difference, and what it is."""
        if self.kind is None:
            leaves.append(nest)
            lists = isinstance(nest, (list, tuple)) and not hasattr(nest, "_fields")  # an array of numbers
            other = nest is None or (is_container(nest) and not lists) or isinstance(nest, str)
            return (path, f"{_named(nest)} where an array is expected") if other else None
        if self.kind is object:
            fits = nest is None or isinstance(nest, (type(self.about), int, np.integer, np.bool_)) or nest is self.about
            return None if fits else (path, f"{_named(nest)} where the constant {self.about!r} is expected")
        if type(nest) is not self.kind:
            return path, f"{_named(nest)} where {_named_kind(self.kind)} is expected"
        if self.kind in _DICTS:
            if nest.keys() != set(self.about):
                extra = [key for key in nest if key not in self.about]
                key = extra[0] if extra else next(key for key in self.about if key not in nest)
                return f"{path}[{self.quoted(key)}]", f"the key is {'not expected' if extra else 'missing'}"
            parts = [nest[key] for key in self.about]
        elif dataclasses.is_dataclass(nest):
            parts = [getattr(nest, field) for field in self.about]
        else:
            parts = list(nest)
            if len(parts) != len(self.children):
                return path, f"{len(parts)} entries where {len(self.children)} are expected"
        for child, step, part in zip(self.children, self.steps, parts, strict=True):
            found = child._match(part, path + step, leaves)
            if found is not None:
                return found
        return None

    def __str__(self) -> str:
        text = self._text()
        return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."

    def _text(self) -> str:
        if self.kind is None:
            return "*"
        if self.kind is object:
            return repr(self.about)
        parts = [child._text() for child in self.children]
        if self.kind in _DICTS:
            return "{" + ", ".join([f"{key!r}: {part}" for key, part in zip(self.keys, parts, strict=True)]) + "}"
        if self.kind is list:
            return f"[{', '.join(parts)}]"
        if self.kind is tuple:
            return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
        fields = [f"{key}={part}" for key, part in zip(self.keys, parts, strict=True)]
        return f"{self.kind.__name__}({', '.join(fields)})"

    def __repr__(self) -> str:
        return f"Tree({self})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tree):
            return NotImplemented
        same = self.kind is other.kind and len(self.children) == len(other.children)
        return same and _alike(self.about, other.about) and self.children == other.children

    def __hash__(self) -> int:
        return hash((self.kind, _hashed(self.about), self.children))


_DICTS = (dict, OrderedDict)
LEAF = Tree(None)


def flatten(
    nest: Any,
    is_leaf: Callable[[Any], bool],
    take: Callable[[Any], tuple[Assembly, Sequence[Any]] | None] | None = None,
    made: type[T] = Tree,
) -> tuple[list[Any], T]:
    """The leaves of a nest in order, and its shape.

    Parameters
    ----------
    nest : object
    is_leaf : callable
        Of what is no tuple, list, dict or named tuple; what is no leaf and no dataclass stays as it is.
    take : callable, optional
        Takes an object of another class apart into an `Assembly` and its parts, or returns None.
    made : type, optional
        The class of the tree.

    Examples
    --------
    >>> leaves, tree = flatten({"W": 1.0, "layers": [2.0, None]}, lambda value: isinstance(value, float))
    >>> leaves, tree.paths("p")
    ([1.0, 2.0], ['p["W"]', 'p["layers"][0]'])
    >>> tree.build([3.0, 4.0])
    {'W': 3.0, 'layers': [4.0, None]}
    """
    leaves: list[Any] = []
    return leaves, _tree_of(nest, is_leaf, take, made(None), leaves)


def _tree_of(value: Any, is_leaf: Any, take: Any, leaf: T, leaves: list[Any]) -> T:
    """The shape of a nest, whose leaves are added to a list; `leaf` is that of each of them."""
    kind = type(value)
    about: Any = None
    if kind in (tuple, list):
        parts = value
    elif kind in _DICTS:
        about, parts = tuple(value), value.values()
    elif take is not None and (taken := take(value)) is not None:
        about, parts = taken
    elif isinstance(value, tuple) and hasattr(kind, "_fields"):
        parts = value
    elif is_leaf(value):
        leaves.append(value)
        return leaf
    elif dataclasses.is_dataclass(kind):
        about = tuple([field.name for field in dataclasses.fields(kind) if field.init])
        parts = [getattr(value, name) for name in about]
    else:
        return type(leaf)(object, value)
    return type(leaf)(kind, about, tuple([_tree_of(part, is_leaf, take, leaf, leaves) for part in parts]))


def is_container(value: Any) -> bool:
    """Whether a value is a tuple, a list, a dict, a named tuple or a dataclass, and no array of its own kind."""
    return _is_container(type(value))


@lru_cache(maxsize=1024)
def _is_container(kind: type) -> bool:
    if kind in (tuple, list, *_DICTS):
        return True
    if hasattr(kind, "__array_function__"):
        return False
    return dataclasses.is_dataclass(kind) or (issubclass(kind, tuple) and hasattr(kind, "_fields"))


def _named(value: Any) -> str:
    return "None" if value is None else _named_kind(type(value))


def _named_kind(kind: type) -> str:
    return f"{'an' if kind.__name__[0] in 'aeiouAEIOU' else 'a'} {kind.__name__}"


def _alike(a: Any, b: Any) -> bool:
    """Equal and of one type (1, 1.0 and True decide differently); arrays if their numbers are equal."""
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(_alike, a, b))
    return bool(a == b)


def _hashed(value: Any) -> int:
    if isinstance(value, np.ndarray):
        return hash((value.shape, value.tobytes()))
    try:
        return hash(value)
    except TypeError:
        return hash(type(value))
