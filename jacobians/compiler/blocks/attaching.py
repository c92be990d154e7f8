"""Runs of calls by rows that write their results into a buffer themselves.

`attached(statements, runs)`: where a sum of scattered arrays takes many addends from one run, each row in a stretch of
the buffer of its own, the run adds them, block by block.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...program import Node
from ..assembling import Addend, Assemble
from ..statements import Statement
from .placing import divided, may_be_divided
from .rows import LARGE, Call, Rows
from .sharing import roots

__all__ = ["attached"]


def attached(statements: Sequence[Statement], runs: Sequence[list[Call]]) -> list[Statement]:
    """The statements with such sums divided; the additions are calls of the runs.

    Parameters
    ----------
    statements : sequence of Statement
    runs : sequence of list of Call
        Calls are added to them.
    """
    run_of = {id(call.node): n for n, run in enumerate(runs) for call in run}
    result: list[Statement] = []
    for statement in statements:
        found = _divided(statement, runs, run_of) if isinstance(statement, Assemble) else None
        result += [statement] if found is None else found
    return result


def _divided(whole: Assemble, runs: Sequence[list[Call]], run_of: dict[int, int]) -> list[Any] | None:
    if not may_be_divided(whole) or whole.node.dtype.kind not in "fc":
        return None
    addends = [addend for addend in whole.addends if addend.kind == "grid" and _goes_by_rows(addend, whole.node)]
    sizes: dict[int, int] = {}
    for addend in addends:
        n = run_of.get(id(addend.core), -1)
        if n >= 0 and runs[n][0].domain == ("rows", addend.where[3][0]):
            sizes[n] = sizes.get(n, 0) + addend.core.size
    if not sizes or max(sizes.values()) < LARGE:
        return None
    home = max(sizes, key=sizes.__getitem__)
    size = runs[home][0].rows.size
    chosen = [addend for addend in addends if addend.where[3][0] == size and _is_at_hand(addend.core, home, run_of)]
    chosen = _apart(chosen)
    found = divided(whole, chosen) if chosen else None
    if found is None:
        return None
    new, writes = found
    for node in writes:
        runs[home].append(Call(node, Rows("write", size, node.operands), runs[home][0].domain))
    return new


def _goes_by_rows(addend: Addend, node: Node) -> bool:
    """Whether the rows of what is added are places of their own in the buffer."""
    core, (_, _, steps, sizes) = addend.core, addend.where
    return core.ndim == len(sizes) and core.shape[0] == sizes[0] and steps[0] > 0 and core.dtype == node.dtype


def _is_at_hand(core: Node, home: int, run_of: dict[int, int]) -> bool:
    """Whether a run makes an array, or it is there from the start."""
    return run_of.get(id(core)) == home or all(root.is_leaf for root in roots(core))


def _apart(addends: Sequence[Addend]) -> list[Addend]:
    """Those of which different rows meet nowhere, so that blocks may come in any order.

    What lies in one region of the buffer has one step from row to row, and all of a row fits into a step.
    """
    regions: list[tuple[int, list[Addend]]] = []  # where each ends, and what lies in it
    for addend in sorted(addends, key=lambda addend: addend.where[1]):
        _, start, steps, sizes = addend.where
        stop = start + _extent(steps, sizes)
        if regions and start < regions[-1][0]:
            end, inside = regions[-1]
            regions[-1] = (max(stop, end), [*inside, addend])
        else:
            regions.append((stop, [addend]))
    fitting: set[int] = set()
    for _, inside in regions:
        stops = [addend.where[1] + _extent(addend.where[2][1:], addend.where[3][1:]) for addend in inside]
        step = inside[0].where[2][0]
        alike = all(addend.where[2][0] == step for addend in inside)
        if alike and max(stops) - min([addend.where[1] for addend in inside]) <= step:
            fitting |= {id(addend) for addend in inside}
    return [addend for addend in addends if id(addend) in fitting]


def _extent(steps: Sequence[int], sizes: Sequence[int]) -> int:
    """How many places lie between the first one and the last one, both included."""
    return 1 + sum([step * (size - 1) for step, size in zip(steps, sizes, strict=True)])
