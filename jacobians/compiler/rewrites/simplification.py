"""A program made simpler, before it is written down: all that this room knows, in order."""

from __future__ import annotations

from collections.abc import Sequence

from ...program import Node, topological
from . import algebra, contractions, functions, moves, placed
from .chained import chained
from .collecting import collected
from .differences import without_differences
from .inner import inner_products
from .inverses import inverted
from .lowering import lowered
from .margins import from_margins
from .patches import patched
from .picks import picked
from .pooled import pooled
from .products import multiplied
from .quotients import divided
from .regrouped import regrouped
from .rewriting import Builder, rebuilt
from .rings import ringed
from .same import united
from .scales import placed as with_scales
from .segments import segmented
from .siblings import joined
from .signs import signed
from .symmetry import symmetrised, without_needless
from .tiles import tiled
from .totals import totalled

__all__ = ["simplified"]

_TABLES = (functions.RULES, moves.RULES, algebra.RULES, contractions.RULES, placed.RULES)
_NORMAL = {
    function: tuple([rule for table in _TABLES for rule in table.get(function, ())])
    for function in {function for table in _TABLES for function in table}
}


_LAST = (
    *(picked, inner_products, regrouped, divided, ringed, lowered),
    *(patched, pooled, segmented, chained, joined, totalled, symmetrised),
)


def simplified(outputs: Sequence[Node]) -> list[Node]:
    """The outputs of an equal program that does less."""
    builder = Builder(_NORMAL)
    outputs = without_needless(inverted(rebuilt(outputs, builder), builder), builder)
    outputs = divided(outputs, topological(outputs))
    outputs = tiled(collected(united(outputs, builder), builder), builder)
    outputs = tiled(multiplied(outputs, builder), builder)
    outputs = from_margins(outputs, topological(outputs))
    outputs = with_scales(signed(without_differences(outputs, builder), Builder({})), Builder({}))
    nodes = topological(outputs)
    for rewrite in _LAST:
        before, outputs = outputs, rewrite(outputs, nodes)
        if outputs is not before:
            nodes = topological(outputs)
    return list(outputs)
