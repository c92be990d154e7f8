"""A program made simpler, before it is written down.

- `moves`, `algebra` and `contractions`: one form for what can be written in several ways.
- `functions`: slow functions in terms of fast ones.
- `inverses`: those that a program has anyway, and triangular ones.
- `quotients`: few divisions; again further down, for what becomes of products and numbers.
- `same`: products of the same factors.
- `collecting`: sums of multiples of few arrays.
- `tiles`: arrays that are put together are computed part by part.
- `products`: products of many factors in the best order, common factors of sums.
- `margins`: sums of products that are made anyway.
- `differences`: sums over the differences of all pairs, without these.
- `signs`: sums of scattered arrays without negative numbers.
- `scales`: numbers are multiplied where that costs least.
- `picks`: of the largest and smallest entries, these alone.
- `inner`: sums of products as contractions.
- `repeated`: contractions that are multiples of others.
- `rings`: rolls of one array as slices of one with margins.
- `lowering`: contractions become direct calls.
- `patches`: what is added up at known positions, as slices where these are few.
- `segments`: what an index adds up, as products with sparse matrices.
- `chained`: two constant matrices as one.
- `outward`: moves come after what is computed by rows.
- `siblings`: one call for neighbouring parts of one small array.
- `totals`: sums as products with ones.
- `symmetry`: symmetric matrices that are so exactly, at least cost.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...program import Node, topological
from . import algebra, contractions, functions, moves
from .chained import chained
from .collecting import collected
from .differences import without_differences
from .inner import inner_products
from .inverses import inverted
from .lowering import lowered
from .margins import from_margins
from .outward import outward
from .patches import patched
from .picks import picked
from .products import multiplied
from .quotients import divided
from .repeated import without_repetition
from .rewriting import Builder, rebuilt
from .rings import ringed
from .same import united
from .scales import placed
from .segments import segmented
from .siblings import joined
from .signs import signed
from .symmetry import symmetrised, without_needless
from .tiles import tiled
from .totals import totalled

__all__ = ["simplified"]

_TABLES = (functions.RULES, moves.RULES, algebra.RULES, contractions.RULES)
_NORMAL = {
    function: tuple([rule for table in _TABLES for rule in table.get(function, ())])
    for function in {function for table in _TABLES for function in table}
}


_LAST = (
    *(picked, inner_products, without_repetition, divided, ringed, lowered),
    *(patched, segmented, chained, outward, joined, totalled, symmetrised),
)


def simplified(outputs: Sequence[Node]) -> list[Node]:
    """The outputs of an equal program that does less."""
    builder = Builder(_NORMAL)
    outputs = without_needless(inverted(rebuilt(outputs, builder), builder), builder)
    outputs = divided(outputs, topological(outputs))
    outputs = tiled(collected(united(outputs, builder), builder), builder)
    outputs = tiled(multiplied(outputs, builder), builder)
    outputs = from_margins(outputs, topological(outputs))
    outputs = placed(signed(without_differences(outputs, builder), Builder({})), Builder({}))
    nodes = topological(outputs)
    for rewrite in _LAST:
        before, outputs = outputs, rewrite(outputs, nodes)
        if outputs is not before:
            nodes = topological(outputs)
    return list(outputs)
