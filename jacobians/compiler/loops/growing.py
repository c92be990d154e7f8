"""What the steps of a loop only add to: sums that grow term by term, and arrays that grow at known positions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...program import Node, walk
from ..statements import Assign
from .ahead import Arrays
from .loop import Carried, Loop
from .order import Accumulate
from .stacking import summed
from .standing import Standing

__all__ = ["Growing"]


class Growing(Standing):
    """A loop, and what is added up by its steps.

    Attributes
    ----------
    needed : list of Node
        What is read after a step.
    received : list of Node
        Results of the last step that are what it was handed.
    """

    def __init__(self, arrays: Arrays, old: Loop) -> None:
        super().__init__(arrays, old)
        self.needed = [c.after for c in old.carried] + [node for kept in old.kept for node in kept.fields]
        self.needed += [inner for _, inner in old.results]
        self.received: list[Node] = []

    def _chain(self, carried: Carried) -> list[Accumulate]:
        """What is added in place to an array in each step, at known positions, if nothing else reads it there."""
        chain: list[Accumulate] = []
        node, last = carried.inside, carried.after
        others = [c.after for c in self.handed.values() if c.inside is not carried.inside]
        others += [*self.received, *[self._new(node) for kept in self.old.kept for node in kept.fields]]
        while node is not last or not chain:
            readers = [s for s in self.body if any([a is node for a in s.reads])]
            if len(readers) != 1 or not isinstance(readers[0], Accumulate) or any([a is node for a in others]):
                return []
            place = readers[0]
            if place.before is not node or any([a is node for a in walk(place.addend.where)]):
                return []
            if self.positions(place.addend) is None and (
                any([id(a) in self.inside for a in walk(place.addend.where)])
                or not self._is_summable(place.addend.core)
            ):
                return []
            chain.append(place)
            node = place.node
        return [] if any([a is node for s in self.body for a in s.reads] + [a is node for a in others]) else chain

    def _moved(self, core: Node) -> list[Node]:
        """What only reshapes a large product before it is added."""
        found: list[Node] = []
        handed = {id(c.after) for c in self.handed.values()}
        while (
            not self._may_stand(core)
            and id(core) not in handed
            and core.function is np.reshape
            and type(self.maker.get(id(core))) is Assign
        ):
            readers = [s for s in self.body if any([a is core for a in s.reads])]
            if len(readers) + any([self._new(node) is core for node in self.needed]) != 1:
                return []
            found.append(core)
            core = core.args[0]
        return found if found and self._summed(core, self._sample) is not None and self._is_alone(core) else []

    def _is_alone(self, node: Node) -> bool:
        """Whether one call reads a product, and nothing else."""
        readers = [s for s in self.body if any([a is node for a in s.reads])]
        return node.function is np.multiply and len(readers) + any([self._new(a) is node for a in self.needed]) == 1

    def _is_summable(self, core: Node) -> bool:
        moved = self._moved(core)
        term = moved[-1].args[0] if moved else core
        if id(term) not in self.inside or term.dtype.kind not in "fc":
            return False
        return self._may_stand(term) or self._summed(term, self._sample) is not None

    def _is_sum(self, carried: Carried) -> bool:
        """Whether a term is added in each step, and nothing else reads the sum."""
        if id(carried.inside) in self.many:
            return False
        after = self._new(carried.after)
        maker = self.maker.get(id(after))
        if id(after) in self.held:
            return False
        if type(maker) is not Assign or after.function not in (np.add, np.subtract) or after.kwargs or after.weak:
            return False
        first, second = after.args
        if first is not carried.inside and (second is not carried.inside or after.function is np.subtract):
            return False
        if first is second or not all([isinstance(a, Node) for a in after.args]):
            return False
        reads = [node for statement in self.body for node in statement.reads]
        others = [c for c in self.old.carried if c is not carried]
        reads += [self._new(c.after) for c in others]
        reads += [*self.received, *[self._new(node) for kept in self.old.kept for node in kept.fields]]
        if sum([node is carried.inside for node in reads]) != 1 or any(node is after for node in reads):
            return False
        term = second if first is carried.inside else first
        alike = all([a.shape == after.shape and a.dtype == after.dtype and not a.weak for a in (first, second)])
        if not alike or after.dtype.kind not in "fc" or id(term) not in self.inside:
            return False
        return self._may_stand(term) or self._summed(term, self._sample) is not None

    def _term(self, after: Node) -> tuple[Node, bool]:
        """What is added to a sum, and whether it is subtracted."""
        first, second = after.args
        inside = {id(c.inside) for c in self.old.carried}
        return (second, after.function is np.subtract) if id(first) in inside else (first, False)

    def _summed(self, term: Node, change: Any) -> Node | None:
        """The sum of a product over all steps as a contraction of its factors."""
        if id(term) in self.many or any(id(a) in self.inside and not self._may_stand(a) for a in term.operands):
            return None
        return summed(term, change) if type(self.maker.get(id(term))) is Assign else None
