"""The text of a program, and the function that it defines."""

from __future__ import annotations

import linecache
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..program import CONSTANT, Node, topological
from .assembling import assembled
from .namespace import Namespace
from .statements import Statement

__all__ = ["Kernel", "write_kernel"]

_SHARING = {np.reshape, np.transpose, np.broadcast_to, np.ravel, np.swapaxes, np.moveaxis, np.expand_dims, np.squeeze}


class Kernel(NamedTuple):
    """A program as text and as a function of the inputs that returns a tuple of the outputs.

    Attributes
    ----------
    source : str
        The definition of the function `name`.
    space : Namespace
        What the text refers to.
    run : callable
    """

    name: str
    source: str
    space: Namespace
    run: Callable[..., tuple[Any, ...]]


def write_kernel(name: str, inputs: Sequence[Node], outputs: Sequence[Node]) -> Kernel:
    """The function ``name(*inputs)`` that computes the outputs, each in memory of its own."""
    space = Namespace()
    nodes = topological(outputs)
    statements = assembled(nodes, outputs)
    names = _named(inputs, nodes, statements, space)
    lines = [line for statement in statements for line in statement.lines(names, space)]
    result = ", ".join(_own(node, names, outputs[:n]) for n, node in enumerate(outputs))
    arguments = ", ".join(names[id(node)] for node in inputs)
    body = [f"    {line}" for line in (*lines, f"return ({result}{',' if len(outputs) == 1 else ''})")]
    source = "\n".join([f"def {name}({arguments}):", *body, ""])
    return Kernel(name, source, space, _compiled(name, source, space))


def _named(
    inputs: Sequence[Node], nodes: Sequence[Node], statements: Sequence[Statement], space: Namespace
) -> dict[int, str]:
    names = {id(node): node.args[0] for node in inputs}
    names |= {id(node): space.constant(node.args[0]) for node in nodes if node.function is CONSTANT}
    made = [node for statement in statements for node in statement.makes]
    return names | {id(node): f"v{n}" for n, node in enumerate(made)}


def _own(node: Node, names: dict[int, str], before: Sequence[Node]) -> str:
    """The text of an output: a copy if it may share memory with an input, a constant, or another output."""
    text = names[id(node)]
    root = _owner(node)
    if node.is_leaf or root.is_leaf or any(_owner(other) is root for other in before):
        return text if node.weak else f"np.array({text})[()]" if node.shape == () else f"np.array({text})"
    return text if node.shape else f"{text}[()]" if _may_be_array(node) else text


def _owner(node: Node) -> Node:
    """The node whose memory a node may be a view of."""
    while node.function in _SHARING or getattr(node.function, "__name__", "") in ("getitem", "diagonal"):
        node = node.operands[0]
    return node


def _may_be_array(node: Node) -> bool:
    """Whether a result without axes may be an array, and not a NumPy scalar."""
    return not isinstance(node.function, np.ufunc) and node.function is not np.sum


def _compiled(name: str, source: str, space: Namespace) -> Callable[..., tuple[Any, ...]]:
    file = f"<jacobians: {name} {id(space):x}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    scope = space.bound()
    exec(compile(source, file, "exec"), scope)
    return scope[name]
