"""The text of a program, and the function that it defines."""

from __future__ import annotations

import linecache
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..program import CONSTANT, Node
from .blocks.buffers import buffered, written_into
from .blocks.fusion import fused
from .blocks.placing import Finish
from .blocks.postponing import postponed
from .blocks.sharing import roots
from .blocks.taking import taken_over
from .loops.loop import Loop
from .loops.order import Accumulate
from .loops.parts import written_program
from .namespace import Namespace
from .numbers import in_numbers
from .parameters import Parameters
from .rewrites.simplification import simplified
from .rewrites.starts import started
from .staging import Staged
from .statements import Statement
from .tallying import tallied
from .trees import Tree
from .writes import Write, as_recorded, in_place

__all__ = ["Kernel", "write_kernel"]


class Kernel:
    """A program as text and as a function.

    Attributes
    ----------
    name : str
    source : str
        The definition of the function `name`.
    space : Namespace
        What the text refers to.
    result : Tree or None
        How the tuple of arrays that the function returns is nested; None where it returns the nest itself.
    text : callable
        The function as the text defines it.
    build : callable or None
        What makes the nest of what the text returns.
    run : callable
        The whole function.
    """

    def __init__(self, name: str, source: str, space: Namespace, result: Tree | None) -> None:
        self.name, self.source, self.space, self.result = name, source, space, result
        self.text = _defined(name, source, space)
        self.build = None if result is None else result.builder
        self.run = self.text if self.build is None else _built(self.text, self.build)

    def __reduce__(self) -> Any:
        return Kernel, (self.name, self.source, self.space, self.result)


def write_kernel(name: str, parameters: Parameters, staged: Staged, *, into: bool = False) -> Kernel:
    """The function that computes the outputs, each in memory of its own.

    Parameters
    ----------
    name : str
    parameters : Parameters
    staged : Staged
        What the function computes. Where it is quiet, overflow, division by zero and nan are no matter, as in the
        slopes of functions.
    into : bool
        Whether the function takes a last argument `out`, arrays in C order that the outputs are written into.
    """
    inputs, outputs, nodes, result, quiet = staged
    space = Namespace()
    statements, outputs = written_program(nodes, outputs, simplified)
    kept = [id(node) for node in outputs]
    statements = started(tallied(as_recorded(statements), kept), kept)
    statements = taken_over(postponed(fused(statements, kept), kept), kept)
    places = [f"out[{n}]" for n in range(len(outputs))]
    targets = _targets(outputs, places) if into else {}
    statements = in_place(statements, kept)
    done = written_into(statements, targets)
    statements = buffered(statements, kept)
    statements = in_numbers(statements, kept)
    names = _named(inputs, outputs, statements, space)
    lines = [line for statement in statements for line in statement.lines(names, space)]
    words = _words(outputs, result.marks, names)
    if into:
        copied = [(n, p) for n, p in zip(outputs, places, strict=True) if id(n) not in done or targets[id(n)] != p]
        lines += [f"{place}[...] = {names[id(node)]}" for node, place in copied]
        words = places
    plain = result.is_plain
    returned = result.text(iter(words), space) if plain else f"({', '.join(words)}{',' * (len(words) == 1)})"
    body = [*parameters.unpacking, *lines, f"return {returned}"]
    if quiet:
        body = ['with np.errstate(all="ignore"):', *[f"    {line}" for line in body]]
    header = ", ".join([word for word in (parameters.header, "out" * into) if word])
    source = "\n".join([f"def {name}({header}):", *[f"    {line}" for line in body], ""])
    space.close()
    return Kernel(name, source, space, None if plain else result)


def _targets(outputs: Sequence[Node], places: Sequence[str]) -> dict[int, str]:
    """The arrays for outputs that are no part of an input, of a constant, or of another output."""
    targets: dict[int, str] = {}
    before: set[Node] = set()
    for node, place in zip(outputs, places, strict=True):
        own = roots(node)
        if before.isdisjoint(own) and not any(root.is_leaf for root in own):
            targets[id(node)] = place
        before |= own
    return targets


def _named(
    inputs: Sequence[Node], outputs: Sequence[Node], statements: Sequence[Statement], space: Namespace
) -> dict[int, str]:
    names = {id(node): node.args[0] for node in inputs}
    used = [*[node for statement in statements for node in statement.reads], *outputs]
    names |= {id(node): space.constant(node.args[0]) for node in used if node.function is CONSTANT}
    made = [node for statement in statements for node in statement.makes]
    names |= {id(node): f"v{n}" for n, node in enumerate(made)}
    for statement in statements:
        if isinstance(statement, (Accumulate, Finish, Loop, Write)):
            statement.share(names)
    return names


def _words(outputs: Sequence[Node], marks: Sequence[bool], names: dict[int, str]) -> list[str]:
    """The texts of the outputs, each in memory of its own."""
    words: list[str] = []
    before: set[Node] = set()
    for node, shared in zip(outputs, marks, strict=True):
        own = roots(node)
        words.append(_own(node, names[id(node)], own, before, shared))
        before |= own
    return words


def _own(node: Node, text: str, own: set[Node], before: set[Node], shared: bool) -> str:
    """The text of an output: a copy if it may share memory with an input, a constant, or another output.

    What belongs to an object that nobody writes to may share the memory of a constant.
    """
    if shared and all(root.function is CONSTANT for root in own):
        return text
    if any(root.is_leaf for root in own) or not before.isdisjoint(own):
        return text if node.weak else f"np.array({text})[()]" if node.shape == () else f"np.array({text})"
    return text if node.shape else f"{text}[()]" if _may_be_array(node) else text


def _may_be_array(node: Node) -> bool:
    """Whether a result without axes may be an array, and not a NumPy scalar."""
    return not isinstance(node.function, np.ufunc) and node.function is not np.sum


def _built(text: Callable[..., Any], build: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda *args, **kw: build(text(*args, **kw))


def _defined(name: str, source: str, space: Namespace) -> Callable[..., Any]:
    """The function that the text defines; tracebacks show its lines."""
    file = f"<jacobians: {name} {id(space):x}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    scope = space.bound()
    exec(compile(source, file, "exec"), scope)
    return scope[name]
