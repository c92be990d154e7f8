"""Large arrays are made when they are needed, so that few are in memory at a time and the cache still has them.

v1 = X * X                            v2 = X @ W
v2 = X @ W                            v3 = np.tanh(v2)
v3 = np.tanh(v2)                      ...
...                                   v1 = X * X
v9 = v1.T @ v8                        v9 = v1.T @ v8
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...arrays import assigned
from ...program import Node
from ..loops.loop import Loop
from ..statements import Assign, Statement
from .blocked import Blocked
from .sharing import owners

__all__ = ["postponed"]

_LEAST = 262_144  # bytes of an array that is worth it


def postponed(statements: Sequence[Statement], kept: Iterable[int]) -> list[Statement]:
    """The statements, those that make large arrays right before their first reader.

    What they read has to stay until then: that must be less than what they make.

    Parameters
    ----------
    statements : sequence of Statement
    kept : iterable of int
        The ids of the nodes that are returned.
    """
    if any([type(s) is Assign and s.node.function is assigned for s in statements]):
        return list(statements)  # they have an order in which nothing is copied
    owned = owners(statements)
    made = {id(node): node for statement in statements for node in statement.makes}
    returned = {owner for name in kept for owner in owned.get(name, ())}
    result: list[Statement] = []  # from the last to the first
    last: dict[int, int] = {}  # the position in it of the last statement that reads an array, by the owner's id
    for statement in reversed(statements):
        place = len(result)
        if _is_movable(statement, returned) and _is_large(statement, owned, made):
            place = _place(statement, result)
            if _bytes_kept(statement, place, last, owned, made, returned) >= _bytes_made(statement, owned):
                place = len(result)
        if place < len(result):
            last = {owner: n + (n >= place) for owner, n in last.items()}
        result.insert(place, statement)
        for node in statement.reads:
            for owner in owned.get(id(node), ()):
                last[owner] = min(place, last.get(owner, place))
    return result[::-1]


def _is_movable(statement: Statement, returned: set[int]) -> bool:
    """Whether it only makes new arrays or views, and none that is returned."""
    if isinstance(statement, Blocked):
        plain = not any([call.rows.kind == "write" for call in statement.calls])
    else:
        plain = type(statement) is Assign and not statement.out and statement.node.parts is None
    return plain and not any([id(node) in returned for node in statement.makes])


def _is_large(statement: Statement, owned: Mapping[int, frozenset[int]], made: Mapping[int, Node]) -> bool:
    """Whether it makes a large array, or views of some."""
    found = [made[owner] for node in statement.makes for owner in owned[id(node)] if owner in made]
    return any([node.nbytes >= _LEAST for node in found])


def _place(statement: Statement, result: Sequence[Statement]) -> int:
    """The position, from the end, right before the first reader; it passes nothing that may write into arrays."""
    own = {id(node) for node in statement.makes}
    for n in range(len(result) - 1, -1, -1):
        other = result[n]
        if isinstance(other, Loop) or not isinstance(other, (Assign, Blocked)):
            return n + 1
        if any([id(node) in own for node in other.reads]):
            return n + 1
    return len(result)


def _bytes_made(statement: Statement, owned: Mapping[int, frozenset[int]]) -> float:
    """The bytes of its new arrays; a view is always better taken late."""
    nodes = statement.stored if isinstance(statement, Blocked) else statement.makes
    own = sum([node.nbytes for node in nodes if owned[id(node)] == frozenset([id(node)])])
    return own or float("inf")


def _bytes_kept(
    statement: Statement,
    place: int,
    last: Mapping[int, int],
    owned: Mapping[int, frozenset[int]],
    made: Mapping[int, Any],
    returned: set[int],
) -> int:
    """The bytes of arrays that nothing would need at that position but the statement."""
    found = {owner for node in statement.reads for owner in owned.get(id(node), ())}
    ended = [owner for owner in found if owner in made and owner not in returned and last.get(owner, 10**9) >= place]
    return sum([made[owner].nbytes for owner in ended])
