"""What a Jacobian would cost, and in which order to eliminate: `plan`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..elimination import NAMES, OBJECTIVES, Effort, Plan, choose, counted, plan_of, with_sink
from ..errors import ArgumentError
from ..recording import Argnums, Linearised, linearise, normalised_argnums
from ..tensor import Body, Bundle

__all__ = ["plan"]


def plan(
    function: Callable[..., Any],
    *args: Any,
    argnums: Argnums = 0,
    order: str | Plan | Sequence[int] = "auto",
    budget: float | None = None,
    moves: int | None = None,
    seed: int = 0,
    minimize: str = "multiplications",
) -> Plan:
    """The order in which the Jacobian of a function is computed, and what that costs; nothing is multiplied.

    Parameters
    ----------
    function : callable
        Of arrays and nests of arrays, returning an array or a nest of arrays: the rows of one Jacobian.
    *args
        Its arguments.
    argnums : int or tuple of int
        The differentiated positional arguments.
    order : str, Plan, or sequence of vertices
        "auto" takes the cheapest of forward, reverse and a few more; "search" looks for a cheap one by moving vertices,
        the longer the better; "forward", "reverse", "markowitz" (fewest edges in times edges out first),
        "markowitz-structure" (fewest multiplications first), "late" (the same, the last vertex of equals), "fill"
        (fewest new numbers first), and "chain" (a graph without branches as a whole) are worked out directly.
    budget : float, optional
        Seconds after which a search stops.
    moves : int, optional
        Moves after which a search stops, 20,000 without a budget. The same moves and seed find the same order.
    seed : int
        Of the moves.
    minimize : "multiplications", "seconds" or "edge_multiplications"
        The attribute of the plan that "auto" and "search" make small: multiplications that are run, the time that they
        are predicted to take, or pairs of edges as orders are published, where ones and constants count as well.

    Returns
    -------
    Plan
        It prints itself, is written by `Plan.to_json` or pickled, and given back as ``jacobian(function, plan=...)``.

    Raises
    ------
    ArgumentError
        If an argument cannot be differentiated, or the order is none of this function's.

    Examples
    --------
    >>> import numpy as np
    >>> A, B = np.ones((3, 4)), np.ones((4, 5))
    >>> print(plan(lambda x: A @ np.tanh(B @ np.sin(x)), np.ones(5)))
    order: reverse, 3 inner vertices (3, 2, 1)
    multiplications: 72
    by pairs of edges: 87; proved minimal
    held: 160 B
    largest intermediate: 96 B
    in NumPy's calls: about 2 us
    """
    if minimize not in OBJECTIVES:
        names = ", ".join(f'"{name}"' for name in OBJECTIVES)
        raise ArgumentError("plan", "minimize", f"is {minimize!r}", f"Use one of {names}.")
    if isinstance(order, str) and order not in ("auto", *NAMES):
        names = ", ".join(f'"{name}"' for name in ("auto", *NAMES))
        raise ArgumentError("plan", "order", f"is {order!r}", f"Use {names}, or a sequence of vertices.")
    if isinstance(order, str) and order == "auto" and minimize == "edge_multiplications":
        found = 'is "edge_multiplications", which "auto" does not look at'
        raise ArgumentError("plan", "minimize", found, 'Use order="search".')
    positions = normalised_argnums("plan", argnums, len(args))

    def finish(record: Linearised) -> Plan:
        graph, output, chosen = record.graph, record.output, order
        digest = ""
        if not record.result.is_leaf:
            graph, output = with_sink(record.graph, record.outputs)
            digest = Bundle(record.graph, record.inputs, record.outputs).digest
            if isinstance(chosen, Plan) and chosen.graph == digest:
                chosen = chosen._replace(graph="")
        ends = graph, record.inputs, output
        if not isinstance(chosen, str):
            found = Body(*ends, order=chosen).check_order("plan").plan
        elif chosen == "auto":
            found = choose(*ends, minimize=minimize)
        else:
            unlimited = budget is not None and moves is None
            found = plan_of(*ends, (), chosen, Effort(minimize, 10**9 if unlimited else moves, budget, seed))
        found = counted(*ends, found)
        return found._replace(graph=digest) if digest else found

    return linearise("plan", function, args, {}, positions, finish)
