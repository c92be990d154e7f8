"""Many dense factors along a plan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..labels import Label
from ..terms import Factor
from .pairs import contract_pair, sum_out
from .path import plan_pairs

__all__ = ["contract_factors"]


def contract_factors(factors: Sequence[Factor], result: Iterable[Label]) -> Factor:
    """The product of factors, summed over every carried label that is not in `result`.

    Parameters
    ----------
    factors : sequence of Factor
        At least one.
    result : iterable of Label
        Labels that no factor carries are left out. A product without sums has them in this order, else the order is
        ours.
    """
    wanted = dict.fromkeys(result)
    if len(factors) == 1:
        (factor,) = factors
        gone = [label for label in factor.labels if label not in wanted]
        return sum_out(factor, gone) if gone else factor
    carried = {label for factor in factors for label in factor.labels}
    output = tuple([label for label in wanted if label in carried])
    if len(factors) == 2:
        return contract_pair(factors[0], factors[1], output)
    plan, labels = plan_pairs([factor.labels for factor in factors], output)
    waiting = list(factors)
    for step in plan.steps:
        a, b = waiting[step.left], waiting[step.right]
        waiting = [factor for n, factor in enumerate(waiting) if n not in (step.left, step.right)]
        waiting.append(contract_pair(a, b, [labels[n] for n in step.result]))
    return waiting[0]
