"""`Part`: a loop, and what leaves it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ...program import Node, topological
from ..assembling import Addend
from ..statements import Assign, Statement
from .ahead import Arrays, Field, Product, called, entry, is_number_step, is_small, product_of
from .cutting import Border, held
from .folding import folded
from .grouping import Waiting, grouped
from .growing import Growing
from .loop import Carried, Element, Kept, Loop, Stack, placeholder
from .order import Accumulate
from .recurrence import behind, read_ones, recurring
from .slots import changed
from .solving import solved
from .stacking import added_up, call, reshaped, stacked
from .standing import is_listed

__all__ = ["Part"]


class Part(Growing):
    """A loop, and what leaves it.

    Attributes
    ----------
    loop : Loop
    draws : set of Field
        What its steps still read of lists.
    results : dict of int to Node
        What takes the place of results of the last step.
    added : list of (Node, Node, list of Addend)
        Arrays that were added to in each step: the result, what it started as, and what is added once.
    """

    def __init__(self, arrays: Arrays, old: Loop) -> None:
        super().__init__(arrays, old)
        self.loop = Loop(old.count)
        self.loop.counters = old.counters
        self.results: dict[int, Node] = {}
        waiting = Waiting(lambda node: id(node) in self.many, lambda node: id(node) not in self.inside)
        self._fold(waiting)
        self.body, new = grouped(self.body, waiting, [self._new(node) for node in self.needed])
        self.now |= new
        self.body = read_ones(self.body, [self._new(node) for node in self.needed])
        self.inside |= {id(node) for statement in self.body for node in statement.makes}
        self.take(self.body)
        self.maker = {id(node): statement for statement in self.body for node in statement.makes}
        self.grows = {id(s.before) for s in self.body if isinstance(s, Accumulate)}
        self.handed = {id(c.inside): c._replace(after=self._new(c.after)) for c in old.carried}
        self.fresh: list[tuple[Node, Node]] = []  # what stays reads of the arrays made before the loop
        self.received = [node for _, inner in old.results if id(node := self._new(inner)) in self.handed]
        if not self._solve() and self.numbers and not self.few:
            self._cut()
        self._decide()
        self._hand_out()

    def _solve(self) -> bool:
        """Whether all that is handed on is known beforehand, or found as one system of equations."""
        waiting = [s for s in self.body if not all([id(node) in self.many for node in s.makes])]
        if not all([is_number_step(statement) for statement in waiting]):
            return False
        sums = {id(c.inside) for c in self.old.carried if self._is_sum(c)}
        handed = [c for key, c in self.handed.items() if key not in sums and not self._chain(c)]
        if not handed or any([c.before.face != c.inside.face for c in handed]):
            return False
        found = solved(self.body, handed, self.many, self.inside, self.steps)
        if found is None:
            return False
        self.many |= found
        self.fresh += [(node, found[id(node)]) for c in handed for node in (c.inside, c.after) if id(node) in found]
        self.body = [s for s in self.body if not any([id(node) in found for node in s.makes])]
        self.handed = {key: c for key, c in self.handed.items() if key not in found}
        return True

    # ---- what stays, and what is done afterwards ------------------------------------------------------------------

    def _fold(self, waiting: Waiting) -> None:
        """Let what is handed on be made in fewer calls of matrices, if any."""
        after = {id(self._new(c.after)) for c in self.old.carried}
        body, matrices, new = folded(self.body, waiting, lambda node: id(node) in after)
        if not matrices:
            return
        known = {id(a) for s in self.body for a in s.reads}
        self.fixed += [Assign(node) for node in topological(matrices, known) if not node.is_leaf]
        self.body, self.now = body, self.now | new
        self.inside |= {id(node) for statement in body for node in statement.makes}
        self.body = self.varying()
        self.take(self.body)

    def _cut(self) -> None:
        """Find which numbers the steps make."""
        self.listed = {id(self._new(node)) for kept in self.old.kept for node in kept.fields}
        chains = {key: chain for key, c in self.handed.items() if (chain := self._chain(c))}
        sums = {id(c.inside) for c in self.old.carried if self._is_sum(c)}
        handed = [c for key, c in self.handed.items() if key not in chains and key not in sums]
        read = recurring(self.body, handed) | {id(node) for node in self.received}
        read |= {id(c.inside) for c in handed if not self._may_stand(c.inside)}
        placed = [place for chain in chains.values() for place in chain]
        core = {id(c.after) for c in handed if id(c.inside) in read}
        core |= {id(node) for s in self.body if isinstance(s, Accumulate) and s not in placed for node in s.reads}
        core |= {id(self._new(a)) for kept in self.old.kept if id(kept.node) in self.arrays.whole for a in kept.fields}
        core = behind(self.body, core, {id(c.inside): id(c.after) for c in handed}, self.many)
        drawn: dict[int, tuple[int, bool] | None] = {id(counter.inside): (0, False) for counter in self.old.counters}
        for element in self.old.elements:
            for n, node in enumerate(element.inside):
                array = self.arrays.fields.get((id(element.source), n))
                drawn[id(node)] = (id(array), self.arrays.waits(array)) if id(node) in self.many else None
        border = Border(
            core=core,
            listed=self.listed,
            added={id(place.addend.core) for place in placed},
            drawn=drawn,
            ahead=set(self.many),
            handed={id(c.inside): (id(c.after), self._may_stand(c.inside)) for c in handed},
        )
        self.held = held(self.body, border, self._again)
        for key in self.held & set(self.many):
            del self.many[key]

    def _decide(self) -> None:
        """Tell apart what stays in the loop and what is computed afterwards."""
        sums = {id(c.inside): c for c in self.old.carried if self._is_sum(c)}
        self.sums = {id(self._new(c.after)) for c in sums.values()}
        self.grown = {key: chain for key, c in self.handed.items() if (chain := self._chain(c))}
        sums |= {key: self.handed[key] for key in self.grown}
        places = [statement for chain in self.grown.values() for statement in chain]
        cores = [statement.addend.core for statement in places]
        kept = [self._new(node) for node in self.needed]
        moved = {id(node): node for core in (*cores, *kept) for node in self._moved(core)}
        self.sums |= {id(statement.node) for statement in places} | set(moved)
        handed = [c for c in self.handed.values() if id(c.inside) not in sums]
        demanded = {id(self._new(node)) for node in self.needed} | {id(core) for core in cores}
        read = recurring(self.body, handed) | {id(c.inside) for c in handed if not self._may_stand(c.inside)}
        read |= {id(node) for node in self.received}
        while True:  # what no step reads of the step before need not be made in the loop for it
            after = {id(c.after) for c in handed if id(c.inside) in read}
            staying, needed = self._stays(after, demanded, {id(place.node) for place in places}, set(moved))
            more = {id(c.inside) for c in handed if id(c.inside) in needed} - read
            if not more:
                break
            read |= more
        self.staying = staying[::-1]
        self.loop.carried = [c for c in handed if id(c.inside) in read]
        self.read = needed | {id(self._new(node)) for node in self.needed}

    def _stays(self, needed: set[int], demanded: set[int], placed: set[int], moved: set[int]) -> tuple[list, set[int]]:
        """What stays in the loop, last first, and what it reads; the rest of what is demanded is made afterwards."""
        demanded = set(demanded)
        self.afterwards = set()
        staying: list[Statement] = []
        for statement in reversed(self.body):
            own = {id(node) for node in statement.makes}
            if own & placed:
                continue
            node = called(statement)
            if node is not None:
                if id(node) in moved:
                    demanded |= {id(operand) for operand in node.operands}
                    continue
                if id(node) in self.sums:
                    demanded |= {id(self._term(node)[0])}
                    continue
                if id(node) in self.many or not own & (needed | demanded):
                    continue
                if not own & needed and self._may_follow(node):
                    self.afterwards |= own
                    demanded |= {id(operand) for operand in node.operands}
                    continue
            staying.append(statement)
            needed |= {id(node) for node in statement.reads}
        return staying, needed

    def _may_follow(self, node: Node) -> bool:
        """Whether a call may be made for all steps after the loop."""
        if (
            self.few
            or id(node) in self.held
            or any(id(a) in self.inside and not self._may_stand(a) for a in node.operands)
        ):
            return False
        if not is_small(node, self.steps):
            return self._summed(node, self._sample) is not None and self._is_apart(node)
        return stacked(node, self._sample, self.steps) is not None

    def _is_apart(self, node: Node) -> bool:
        """Whether a large product is only added to sums, or read from outside, where its factors make it again."""
        readers = [s.makes[0] for s in self.body if any(operand is node for operand in s.reads)]
        if any(self._new(c.after) is node for c in self.old.carried) or any(id(r) not in self.sums for r in readers):
            return False
        return node.function is np.multiply or not any(self._new(other) is node for other in self.needed)

    # ---- what others read ------------------------------------------------------------------------------------------

    def _hand_out(self) -> None:
        """The arrays for lists and for the results of the last step."""
        self.added: list[tuple[Node, Node, list[Addend]]] = []
        self.loop.views = [view for view in self.old.views if id(view[1]) not in self.grown]
        for kept in self.old.kept:
            for n, field in enumerate(kept.fields):
                node = self._new(field)
                product = self._product(node)
                if product is not None:
                    self.arrays.products[id(kept.node), n] = product
                    continue
                if id(node) in self.many or id(node) in self.afterwards or self._may_stand(node):
                    array = self._array(node)
                    if array is not None:
                        self.arrays.fields[id(kept.node), n] = array
        for outer, inner in self.old.results:
            node = self._new(inner)
            grown = next((key for key in self.grown if self.handed[key].after is node), None)
            if grown is not None:
                addends = [place.addend for place in self.grown[grown]]
                totals = [self._at_once(addend) for addend in addends]
                self.added.append((outer, self.handed[grown].before, totals))
            elif id(node) in self.sums:
                self.results[id(outer)] = self._total(node)
            elif (product := self._product(node)) is not None:
                self.results[id(outer)] = product_of(product, -1, outer)
            elif id(node) in self.many or id(node) in self.afterwards:
                array = self._array(node)
                assert array is not None
                self.results[id(outer)] = entry(array, -1, outer)
            else:
                self.loop.results.append((outer, node))
        self.lists = [
            (element, [(id(element.source), n) for n in range(len(element.inside))]) for element in self.old.elements
        ]
        self.draws = {
            key
            for element, keys in self.lists
            for key, node in zip(keys, element.inside, strict=True)
            if id(node) in self.read
        }
        drawn = {id(node) for element in self.old.elements for node in element.inside}
        fixed = {id(counter.inside) for counter in self.old.counters}
        self.fresh = [(node, array) for node, array in self.fresh if id(node) in self.read]
        for statement in self.body:
            for node in statement.makes:
                if id(node) in self.many and id(node) in self.read and id(node) not in drawn | fixed:
                    self.fresh.append((node, self.many[id(node)]))

    def _product(self, node: Node) -> Product | None:
        """A large product that is not made in the loop."""
        moved = self._moved(node)
        term = moved[-1].args[0] if moved else node
        if id(term) not in self.afterwards or is_small(term, self.steps):
            return None
        found = [(self._array(operand), operand) for operand in term.operands]
        factors = [(operand, False) if array is None else (array, True) for array, operand in found]
        return Product(factors, term.shape, node.shape)

    def _at_once(self, addend: Addend) -> Addend:
        """What all steps add to an array."""
        positions = self.positions(addend)
        return addend._replace(core=self._sum(addend.core)) if positions is None else self.placed(addend, positions)

    def _total(self, after: Node) -> Node:
        """A sum over all steps, and what it started with."""
        term, minus = self._term(after)
        total = self._sum(term)
        before = next(c.before for c in self.old.carried if self._new(c.after) is after)
        return call(np.subtract if minus else np.add, (before, total), after.shape, after)

    def _sum(self, core: Node) -> Node:
        """The sum of a term over all steps."""
        moved = self._moved(core)
        term = moved[-1].args[0] if moved else core
        late = id(term) in self.afterwards or not self._may_stand(term)
        total = self._summed(term, self._array) if late else None
        if total is None:
            array = self._array(term)
            assert array is not None
            total = added_up(array, term)
        return reshaped(total, core.shape)

    def roots(self) -> Iterable[Node]:
        """The arrays that are needed in any case."""
        drawn = [array for node, array in self.factors if id(node) in self.read]
        totals = [addend.core for *_, addends in self.added for addend in addends]
        return [*[array for _, array in self.fresh], *drawn, *self.results.values(), *totals]

    def close(self, used: set[Field]) -> None:
        """Complete the loop, once it is known what others read."""
        arrays, loop = self.arrays, self.loop
        swap: dict[int, Node] = {}
        for node, array in self.fresh:
            swap[id(node)] = placeholder(node)
            loop.elements.append(Element((swap[id(node)],), array, 0, 1))
        loop.elements += [Element((node,), array, 0, 1) for node, array in self.factors if id(node) in self.read]

        def new(node: Node) -> Node:
            return swap.get(id(node), node)

        body: list[Statement] = []
        for statement in self.staying:
            other = changed(statement, new)
            swap |= {id(a): b for a, b in zip(statement.makes, other.makes, strict=True) if a is not b}
            body.append(other)
        loop.body = body
        loop.carried = [Carried(c.inside, c.before, new(c.after)) for c in loop.carried]
        self.kept: list[tuple[Kept, list[int]]] = []
        for kept in self.old.kept:
            places = [
                n for n in range(len(kept.fields)) if (id(kept.node), n) in used and not arrays.has((id(kept.node), n))
            ]
            self.kept.append((kept, places))
            if places:
                loop.kept.append(Kept(kept.node, tuple([new(self._new(kept.fields[n])) for n in places])))
        for array in self.rows.values():
            inner = arrays.rows[id(array)]
            if id(array) not in arrays.wanted:
                continue
            if is_listed(array):
                loop.kept.append(Kept(array.args[0], (new(inner),)))
            else:
                loop.stacks.append(Stack(array, new(inner), placeholder(inner)))
        loop.results = [(outer, new(inner)) for outer, inner in loop.results]
        loop.counters = [counter for counter in loop.counters if id(counter.inside) in self.read]
