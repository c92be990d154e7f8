"""Large temporaries are written into memory that is used again: that of an operand that nothing needs any more, or
memory that one call borrows and the next one borrows again.

`buffered(statements, kept)` decides by liveness: the memory of a result is in use until the last statement that reads
it, or a view of it. Inputs, constants, and what is returned are never written into. Temporaries whose times do not
overlap share one place in the borrowed memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ...program import Node
from ..assembling import Assemble
from ..loops.loop import Loop
from ..namespace import Namespace
from ..rewrites.memory import Memory
from ..statements import Assign, Statement
from .blocked import Blocked
from .placing import Finish, Start
from .rows import takes_out, takes_place
from .sharing import last_reads, needed_after, owners
from .taking import DEPTH, is_straight

__all__ = ["buffered", "planned", "written_into"]

_IN_PLACE = 32_768  # bytes from which on writing into an operand is quicker than new memory
_BORROWED = 131_072  # bytes from which on the system hands out new pages for new memory
_ALIGNED = 64


class Place(NamedTuple):
    """Where a temporary lies in the borrowed memory, and from which statement to which."""

    node: Node
    first: int
    last: int
    start: int

    @property
    def stop(self) -> int:
        return self.start + -(-self.node.nbytes // _ALIGNED) * _ALIGNED


def buffered(statements: Sequence[Statement], kept: Iterable[int], name: str = "_memory") -> list[Statement]:
    """The statements with large temporaries in memory that is used again.

    Parameters
    ----------
    statements : sequence of Statement
    kept : iterable of int
        The ids of the nodes that are returned: they and what they may be views of get memory of their own.
    name : str
        Of the borrowed memory; that of a loop within has another name.
    """
    for statement in statements:
        if isinstance(statement, Loop):
            statement.body = buffered(statement.body, needed_after(statement, statements), f"{name}_")
    if not any(node.nbytes >= _IN_PLACE for statement in statements for node in statement.makes):
        return list(statements)
    places = planned(statements, kept)
    if not places:
        return list(statements)
    by_node = {id(place.node): place for place in places}
    straight = _added_to(statements)
    memory = Memory()
    for statement in statements:
        if isinstance(statement, Blocked):
            placed = [node for node in statement.stored if id(node) in by_node]
            statement.targets.update({id(n): _text(by_node[id(n)], name, *statement.order(n)) for n in placed})
        elif type(statement) is Assign and id(statement.node) in by_node:
            node = statement.node
            shape, turned = (node.shape, "") if id(node) in straight else _order(memory, node)
            statement.out = _text(by_node[id(node)], name, shape, turned)
    size = max([place.stop for place in places])
    return [Borrow(name, size), *statements, GiveBack(name)]


def written_into(statements: Sequence[Statement], targets: Mapping[int, str]) -> set[int]:
    """Let results be written into arrays of the caller, before `buffered` finds memory for the others.

    Parameters
    ----------
    statements : sequence of Statement
    targets : mapping of int to str
        The id of a node and the text of the array, which is in C order and shares no memory with an input.

    Returns
    -------
    set of int
        The ids of the nodes whose statements do so; the others are to be copied.
    """
    done: set[int] = set()
    finished = {id(s.shares[0]): s.node for s in statements if isinstance(s, Finish) and id(s.node) in targets}
    targets = {**targets, **{name: targets[id(node)] for name, node in finished.items()}}
    for statement in statements:
        for node in _placed(statement):
            if id(node) not in targets:
                continue
            if isinstance(statement, Blocked):
                statement.targets[id(node)] = targets[id(node)]
            elif isinstance(statement, Assign):
                statement.out = targets[id(node)]
            done.add(id(node))
        whole = statement.whole if isinstance(statement, Start) else statement
        if isinstance(whole, Assemble) and id(whole.node) in targets:
            whole.target = targets[id(whole.node)]
            done.add(id(whole.node))
    return done | {id(node) for name, node in finished.items() if name in done}


def planned(statements: Sequence[Statement], kept: Iterable[int]) -> list[Place]:
    """Write into dying operands, and find a place for the other large temporaries."""
    owned = owners(statements)
    last = last_reads(statements, owned)
    escaping = {owner for node in kept for owner in owned.get(node, ())}
    head: dict[int, int] = {}  # the node whose memory a node has taken over
    in_order = _added_to(statements)
    for n, statement in enumerate(statements):
        if type(statement) is Assign:
            _take_over(statement, n, owned, last, escaping, head)
        elif isinstance(statement, Blocked):
            _take_over_stored(statement, n, owned, last, escaping, head, in_order)
    heads = {owner: _head(owner, head) for owner in (*last, *escaping)}
    free = {heads[owner] for owner in escaping}
    ends: dict[int, int] = {}
    for owner, n in last.items():
        ends[heads[owner]] = max(n, ends.get(heads[owner], 0))
    wanted = []
    for n, statement in enumerate(statements):
        for node in _placed(statement):
            own = owned[id(node)] == frozenset([id(node)]) and id(node) not in free and id(node) not in head
            if own and node.nbytes >= _BORROWED and id(node) in ends:
                wanted.append((node, n, ends[id(node)]))
    return _packed(wanted)


def _added_to(statements: Sequence[Statement]) -> set[int]:
    """What is added to by positions must lie in C order, and the memory of another may lie in another order."""
    return {id(node) for statement in statements if isinstance(statement, Finish) for node in statement.shares}


def _order(memory: Memory, node: Node) -> tuple[tuple[int, ...], str]:
    """The shape in which the axes of a result lie as NumPy would lay them, and the text that puts them in order."""
    axes = memory.order(node)
    if axes == tuple(range(node.ndim)):
        return node.shape, ""
    back = tuple([axes.index(n) for n in range(node.ndim)])
    return tuple([node.shape[n] for n in axes]), ".T" if node.ndim == 2 else f".transpose({back})"


def _head(owner: int, head: Mapping[int, int]) -> int:
    while owner in head:
        owner = head[owner]
    return owner


def _take_over(
    statement: Assign,
    n: int,
    owned: Mapping[int, frozenset[int]],
    last: Mapping[int, int],
    escaping: set[int],
    head: dict[int, int],
) -> None:
    """Let an elementwise call write into an operand that it is the last to read."""
    node = statement.node
    if node.nbytes < _IN_PLACE or statement.out or not takes_place(node) or not takes_out(node):
        return
    for operand in node.operands:
        own = owned.get(id(operand)) == frozenset([id(operand)])
        if not own or operand.shape != node.shape or operand.dtype != node.dtype:
            continue
        others = [other for other in node.operands if other is not operand]
        if last[id(operand)] == n and id(operand) not in escaping and not _meet(others, operand, owned):
            statement.out = operand
            head[id(node)] = id(operand)
            return


def _take_over_stored(
    statement: Blocked,
    n: int,
    owned: Mapping[int, frozenset[int]],
    last: Mapping[int, int],
    escaping: set[int],
    head: dict[int, int],
    in_order: set[int],
) -> None:
    """Let the results of a run be written into operands that it is the last to read."""
    free = {
        id(operand): (operand, owner)
        for operand in statement.reads
        for owner in _owner(operand, owned)
        if last[owner] == n and owner not in escaping
    }
    for name, (_, owner) in list(free.items()):
        if any(owner in owned.get(id(other), ()) for other in statement.reads if id(other) != name):
            del free[name]
    for node in _placed(statement):
        fitting = [operand for operand, _ in free.values() if statement.may_take(node, operand)]
        if id(node) in in_order:
            fitting = [operand for operand in fitting if is_straight(_whole(operand), DEPTH)]
        taken = next(iter(fitting), None)
        if taken is not None and node.nbytes >= _IN_PLACE:
            statement.targets[id(node)] = taken
            _, head[id(node)] = free.pop(id(taken))


def _owner(operand: Node, owned: Mapping[int, frozenset[int]]) -> frozenset[int]:
    """The id of the node that alone has the memory of an operand, which is all of it; nothing if there is none."""
    found = owned.get(id(operand), frozenset())
    whole = _whole(operand)
    # The memory of an input is the caller's, that of a constant is read by the next call.
    return found if found == frozenset([id(whole)]) and not whole.is_leaf else frozenset()


def _whole(operand: Node) -> Node:
    return operand.args[0] if operand.function is np.reshape else operand


def _meet(others: Iterable[Node], operand: Node, owned: Mapping[int, frozenset[int]]) -> bool:
    return any(id(operand) in owned.get(id(other), ()) for other in others)


def _placed(statement: Statement) -> Sequence[Node]:
    """The results for which a statement can be given the memory."""
    if isinstance(statement, Blocked):
        return [node for node in statement.stored if id(node) not in statement.targets]
    if type(statement) is Assign and not statement.out and takes_out(statement.node):
        return (statement.node,)
    return ()


def _packed(wanted: Sequence[tuple[Node, int, int]]) -> list[Place]:
    """Places for nodes with their times: large ones first, each at the lowest start that is free for all its time."""
    places: list[Place] = []
    for node, first, last in sorted(wanted, key=lambda entry: -entry[0].nbytes):
        place = Place(node, first, last, 0)
        for other in sorted(places, key=lambda other: other.start):
            if other.first <= last and first <= other.last and place.start < other.stop and other.start < place.stop:
                place = place._replace(start=other.stop)
        places.append(place)
    return places


def _text(place: Place, memory: str, shape: tuple[int, ...], turned: str = "") -> str:
    """The array at a place."""
    node = place.node
    text = f"{memory}[{place.start}:{place.start + node.nbytes}].view(np.{node.dtype.name})"
    return text if len(shape) == 1 else f"{text}.reshape({shape}){turned}"


class Borrow:
    """Memory for the temporaries of one call."""

    reads: tuple[Node, ...] = ()
    makes: tuple[Node, ...] = ()

    def __init__(self, name: str, nbytes: int) -> None:
        self.name, self.nbytes = name, nbytes

    def lines(self, names: Mapping[int, str], space: Namespace) -> list[str]:
        return [f"{self.name} = {space.helper('borrow')}({self.nbytes})"]


class GiveBack:
    """The memory is free for the next call."""

    reads: tuple[Node, ...] = ()
    makes: tuple[Node, ...] = ()

    def __init__(self, name: str) -> None:
        self.name = name

    def lines(self, names: Mapping[int, str], space: Namespace) -> list[str]:
        return [f"{space.helper('give_back')}({self.name})"]
