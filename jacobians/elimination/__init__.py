"""Elimination: from a linearised graph to the terms of one Jacobian.

- `settle`: which bound labels of a term to contract now, and which factors to keep apart.
- `contracting`: contractions that are known to be symmetric.
- `recipes`, `notes`, `shortcuts`: how two terms are joined, written down once for their patterns.
- `acting`: the same for terms that act on conjugates; `slices`: for gathers that only take a part.
- `vectors`: for a vector that meets positions or an operator, which have no pattern.
- `merge`, `addition`, `sums`, `densifying`: add terms of one pattern, and give up a sum larger than its dense form.
- `tally`: sums of a few terms, repeated as they were made.
- `owning`: what nobody else holds, and may be written into.
- `living`, `questions`: what lies on paths from the inputs to the output, and what it is like.
- `elimination`: `eliminate(graph, inputs, output, order)`, join and merge until only edges from the inputs are left.
- `pushing`: a graph that pushes tangents while it is written, for Jacobian-vector products.
- `shortening`: entrywise steps as one, in a graph that is kept.
- `several`: the same towards several outputs, with what they share eliminated once.
- `shadows`, `machine`: arrays without numbers that count what is done to them, and how long that takes.
- `tracks`: what that comes to, once for each step of a prediction that occurs again.
- `plans`: `Plan`, the predicted costs of an order.
- `hollow`: a graph without its numbers, for a plan that is asked for later.
- `kinds`, `scalars`, `pricing`: what a pair of edges costs, by labels alone; `Prices` of the vertices of a graph.
- `remaining`: the same along one order, for programs of any length.
- `orders`, `chains`, `search`, `bounds`: orders by name, chains as a whole, local search, and how cheap an order can be
  at all.
- `counting`, `likeness`, `choosing`: the rules of counting, and the choice of an order, remembered by structure.
"""

from .choosing import Effort, choose, counted, plan_of
from .counting import NAMES, OBJECTIVES
from .elimination import eliminate, push
from .hollow import hollow
from .living import Edges, inner_vertices, living_edges
from .merge import merge
from .owning import has_large, is_alone
from .plans import Plan, digest_of, held_bytes, named_order, predict
from .pushing import PushingGraph
from .settle import settle
from .several import eliminate_several, pull_several, push_several, with_sink
from .shadows import Ledger, shadow_term
from .shortening import shorten

__all__ = [
    "NAMES",
    "OBJECTIVES",
    "Edges",
    "Effort",
    "Ledger",
    "Plan",
    "PushingGraph",
    "choose",
    "counted",
    "digest_of",
    "eliminate",
    "eliminate_several",
    "has_large",
    "held_bytes",
    "hollow",
    "inner_vertices",
    "is_alone",
    "living_edges",
    "merge",
    "named_order",
    "plan_of",
    "predict",
    "pull_several",
    "push",
    "push_several",
    "settle",
    "shadow_term",
    "shorten",
    "with_sink",
]
