"""The Jacobians of a recorded function, in the form that its arguments and its result ask for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..errors import HolomorphyError
from ..graph import LinearGraph
from ..recording import Linearised
from ..tensor import BlockJacobian, Body, Bundle, Jacobian
from ..tensor.linking import Order
from ..trees import Tree

__all__ = ["jacobians_of"]


def jacobians_of(
    record: Linearised,
    graph: LinearGraph,
    single: bool,
    operation: str = "jacobian",
    mode: str = "auto",
    order: Order = "auto",
    limit: int | None = None,
    symmetric: bool = False,
    holomorphic: bool = False,
) -> Any:
    """A Jacobian, or a tuple of them; one `BlockJacobian` as soon as the result or an argument is a nest.

    Parameters
    ----------
    record : Linearised
    graph : LinearGraph
        What the Jacobians keep: that of the record, owned.
    single : bool
        Whether one argument was named, not a tuple of them.
    operation : str
        For errors.
    mode, order, limit
        How they are held.
    symmetric : bool
        Whether the result is the gradient in the arguments.
    holomorphic : bool
        Whether a term on the conjugate of a tangent is an error.
    """
    if not record.is_nested:
        own = record.inputs[0] if symmetric else None
        body = Body(graph, record.inputs, record.output, order=order, gradient_of=own).check_order(operation)
        if mode == "explicit":
            _ = body.terms(keep=True)
        results = tuple([Jacobian(body, vertex, mode, limit) for vertex in record.inputs])
        if holomorphic:
            _check_holomorphic(operation, graph, results)
        return results[0] if single else results
    bundle = Bundle(graph, record.inputs, record.outputs, order=order, symmetric=symmetric)
    _ = bundle.body.check_order(operation)
    if mode == "explicit":
        _ = bundle.terms(keep=True)
    argument = record.arguments[0] if single else Tree(tuple, None, record.arguments)
    blocks = BlockJacobian(bundle, record.result, argument, mode, limit)
    if holomorphic:
        _check_holomorphic(operation, graph, [J for row in blocks.grid() for J in row])
    return blocks


def _check_holomorphic(operation: str, graph: LinearGraph, found: Iterable[Jacobian]) -> None:
    """Raise if terms on conjugates are left; where none was recorded, none can be, and nothing is computed."""
    acting = any([term.act for edges in graph.into for terms in edges.values() for term in terms])
    if acting and not all([J.is_holomorphic for J in found]):
        raise HolomorphyError(operation, "Leave holomorphic=True out for a Jacobian with both parts.")
