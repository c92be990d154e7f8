"""A `Jacobian` as the result of a differentiated function: its factors are differentiated, it is not expanded.

A term is a product of factors, so that its derivative in one of them is a term again: the other factors, between the
axes of the Jacobian and the labels of that factor. Third derivatives keep their structure so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..labels import Label
from ..tensor import Jacobian
from ..terms import Factor, OperatorFactor, Term
from ..tracing import Level, Traced, check_current

__all__ = ["as_jacobian", "as_output"]


def as_output(operation: str, level: Level, J: Jacobian) -> tuple[Any, int] | None:
    """The Jacobian one level below, and a vertex of its shape whose edges come from those of its factors.

    For a term ``J[out, inp] = A B C`` with numbers of the level in B, the edge from B has the term
    ``out inp | labels of B`` with the factors A and C (the product rule). None for a number, and where numbers of the
    level are in an operator, which cannot be told apart.
    """
    terms = J.terms
    if not J.shape or any([term.act for term in terms]) or _is_hidden(level, terms):
        return None
    vertex = level.graph.add_vertex(J.shape, J.dtype)
    below = []
    for term in terms:
        plain = tuple([_below(operation, factor, level) for factor in term.factors])
        for n, factor in enumerate(term.factors):
            if isinstance(factor, Factor) and plain[n] is not factor:
                rest = term.replace(factors=plain[:n] + plain[n + 1 :])
                level.graph.add_term(factor.array.vertex, vertex, _in_numbers_of(factor.labels, rest))
        below.append(term.replace(factors=plain))
    return Jacobian.of_terms(below, J.out_shape, J.in_shape, J.dtype, J.in_dtype), vertex


def _is_hidden(level: Level, terms: Sequence[Term]) -> bool:
    """Whether an operator holds numbers of the level."""
    found: list[bool] = []

    def look(array: Any) -> Any:
        found.append(isinstance(array, Traced) and array.level is level)
        return array

    for operator in [factor for term in terms for factor in term.factors if isinstance(factor, OperatorFactor)]:
        _ = operator.operation.with_arrays(look)
    return any(found)


def _below(operation: str, factor: Factor | OperatorFactor, level: Level) -> Factor | OperatorFactor:
    """The factor with the values of the level instead of its traced array, or the factor itself."""
    if not isinstance(factor, Factor) or not isinstance(factor.array, Traced) or factor.array.level is not level:
        return factor
    check_current(operation, factor.array)
    return Factor(factor.array.value, factor.labels, factor.name)


def _in_numbers_of(labels: tuple[Label, ...], rest: Term) -> Term:
    """The derivative of a term in a factor with these labels; `rest` is the term without it."""
    bound = tuple([label for label in rest.bound if label not in labels])
    return Term(rest.out + rest.inp, tuple([(label,) for label in labels]), rest.factors, rest.maps, bound, rest.scale)


def as_jacobian(terms: Sequence[Term], like: Jacobian) -> Jacobian:
    """The terms of a tangent of shape ``like.shape`` as a Jacobian of its shapes."""
    split = len(like.out_shape)
    turned = [term.replace(out=term.out[:split], inp=term.out[split:]) for term in terms]
    return Jacobian.of_terms(turned, like.out_shape, like.in_shape, like.dtype, like.in_dtype)
