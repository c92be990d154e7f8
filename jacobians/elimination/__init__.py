"""Elimination: from a linearised graph to the terms of one Jacobian.

- `settle`: which bound labels of a term to contract now, and which factors to keep apart.
- `merge`: add terms of one pattern, and give up a sum that is larger than its dense form.
- `elimination`: `eliminate(graph, inputs, output, order)`, join and merge until only edges from the inputs are left.
- `shadows`: arrays without numbers that count what is done to them.
- `plans`: `Plan`, the predicted costs of an order, and the automatic choice.
"""

from .elimination import eliminate, inner_vertices, push
from .merge import merge
from .plans import Plan, choose, held_bytes, named_order, predict
from .settle import settle

__all__ = [
    "Plan",
    "choose",
    "eliminate",
    "held_bytes",
    "inner_vertices",
    "merge",
    "named_order",
    "predict",
    "push",
    "settle",
]
