"""The way into the programs of a compiled function: a text that asks whether arguments are what a program is for.

To take arguments apart and to look their signature up takes longer than many a program runs. An entrance compares
them, one by one, with those that the last few programs were written for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from ..trees import Assembly
from .kernel import Kernel
from .parameters import Static
from .trees import Tree

__all__ = ["Entry", "entrance"]

_MOST = 8
_PRINTED = (int, bool, str, type(None))


class Entry(NamedTuple):
    """A program and the arguments that it is for.

    Attributes
    ----------
    arguments : sequence of Tree
        How each positional argument is nested.
    named : dict of str to Tree
        How those with a name are.
    signature : sequence
        Of each leaf the shape and the name of the dtype, or "float" for a Python number.
    kernel : Kernel
    """

    arguments: Sequence[Tree]
    named: Mapping[str, Tree]
    signature: Sequence[Any]
    kernel: Kernel


def entrance(entries: Sequence[Entry], other: Callable[..., Any]) -> Callable[..., Any]:
    """A function of the tuple and the dict of arguments that calls the program that is for them, or else `other`."""
    scope: dict[str, Any] = {"ndarray": np.ndarray, "other": other}
    lines = []
    for entry in islice(reversed(entries), _MOST):
        lines += _asked(entry, scope)
    exec(
        "\n".join(["def enter(args, named):", *[f"    {line}" for line in lines], "    return other(args, named)"]),
        scope,
    )
    return scope["enter"]


def _asked(entry: Entry, scope: dict[str, Any]) -> list[str]:
    """The lines that ask for one program; none where arguments are of another kind than what can be asked for."""
    names = [f"x{n}" for n in range(len(entry.arguments))]
    words = {word: f"named[{word!r}]" for word in entry.named}
    waiting = iter(entry.signature)
    trees = [*zip(names, entry.arguments, strict=True), *zip(words.values(), entry.named.values(), strict=True)]
    try:
        asked = [text for name, tree in trees for text in _like(name, tree, waiting, scope)]
    except TypeError:
        return []
    if not asked:
        return []
    calls = ", ".join([*names, *[f"{word}={text}" for word, text in words.items()]])
    call = f"{_known(entry.kernel.text, scope)}({calls})"
    if entry.kernel.build is not None:
        call = f"{_known(entry.kernel.build, scope)}({call})"
    keys = f"tuple(named) == {tuple(words)!r}" if words else "not named"
    lines = [f"if len(args) == {len(names)} and {keys}:"]
    if names:
        lines.append(f"    {', '.join(names)}, = args")
    return [*lines, f"    if {' and '.join(asked)}:", f"        return {call}"]


def _like(name: str, tree: Tree, signature: Any, scope: dict[str, Any]) -> Iterable[str]:
    """The conditions under which what `name` stands for is such a nest of such arrays; TypeError if there are none."""
    if tree.is_leaf:
        yield from _array_like(name, next(signature), scope)
        return
    if tree.kind is object:
        value = tree.about.value if isinstance(tree.about, Static) else tree.about
        if type(value) not in _PRINTED:
            raise TypeError
        yield f"type({name}) is {_known(type(value), scope)}"
        yield f"{name} == {value!r}"
        return
    if isinstance(tree.about, Assembly):
        raise TypeError
    yield f"type({name}) is {_known(tree.kind, scope)}"
    if tree.kind in (tuple, list):
        yield f"len({name}) == {len(tree.children)}"
    elif isinstance(tree.about, tuple) and not hasattr(tree.kind, "__dataclass_fields__"):
        if not all(type(key) in _PRINTED for key in tree.about):
            raise TypeError
        yield f"tuple({name}) == {tree.about!r}"
    for step, child in zip(tree.steps, tree.children, strict=True):
        yield from _like(f"{name}{step}", child, signature, scope)


def _array_like(name: str, found: Any, scope: dict[str, Any]) -> list[str]:
    if found == "float":
        return [f"type({name}) is float"]
    shape, dtype = found[0], np.dtype(found[1])
    word, conditions = name, []
    if not name.isidentifier():
        word = "a"
        name = f"(a := {name})"
    kinds = "ndarray" if shape else f"{_known((np.ndarray, dtype.type), scope)}"
    conditions.append(f"type({name}) {'is' if shape else 'in'} {kinds}")
    return [*conditions, f"{word}.shape == {shape!r}", f"{word}.dtype is {_known(dtype, scope)}"]


def _known(value: Any, scope: dict[str, Any]) -> str:
    """The name of an object in the scope of the text."""
    for name, other in scope.items():
        if other is value:
            return name
    name = f"o{len(scope)}"
    scope[name] = value
    return name
