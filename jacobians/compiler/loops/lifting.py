"""What a loop does that need not wait for the step before leaves it, and is done for all steps at once.

A call of many small arrays costs as much as one of a thousand times their size. So:

- what depends on lists, tables and counters alone is computed before the loop, from arrays of all steps;
- what only other loops or later statements read is computed after it, from arrays that the steps are written into;
- a sum that grows by one term a step is the sum of an array of terms, or a contraction of their factors.

Arrays that are large enough to fill a call are left where they are: all steps of them would leave the cache.
"""

from __future__ import annotations

import operator
from collections.abc import Container, Mapping, Sequence
from itertools import groupby

import numpy as np

from ...program import CONSTANT, INPUT, Node, topological
from ..statements import Assign, Statement
from .ahead import Arrays, Field, all_products, entry, product_of, rows_of
from .entrywise import Listed
from .loop import Element, Loop, Picked
from .order import Accumulate, array_like
from .parting import Part
from .spread import Spread
from .stacking import call
from .standing import is_listed

__all__ = ["lifted"]

_MADE_BY_LOOPS = {CONSTANT, INPUT, np.empty, list}


def lifted(statements: Sequence[Statement], owned: Container[int] = ()) -> tuple[list[Statement], dict[int, Node]]:
    """The statements with less in their loops, and the nodes that take the place of others, by id.

    Those whose ids are `owned` have memory that nothing else lies in.
    """
    program = _Program(statements, owned)
    for statement in statements:
        if isinstance(statement, Loop):
            part = program.parts[id(statement)] = Part(program.arrays, statement)
            program.foresee(part)
    return program.written(), program.new


class _Program:
    """The loops of a program, and the arrays of all their steps.

    Attributes
    ----------
    sources : set of int
        The ids of the lists that calls take as a whole.
    parts : dict of int to Part
        By the id of a loop.
    arrays : Arrays
    new : dict of int to Node
    """

    def __init__(self, statements: Sequence[Statement], owned: Container[int]) -> None:
        self.statements = statements
        self.stacks = [s for s in statements if isinstance(s, Spread) and _is_stack(s, owned)]
        self.sources = {id(source) for s in statements if isinstance(s, Spread) for source in s.sources.values()}
        self.parts: dict[int, Part] = {}
        self.arrays = Arrays()
        spreads = [s for s in statements if isinstance(s, Spread) and s.has_numbers]
        self.arrays.whole = {id(source) for s in spreads for source in s.sources.values()}
        for statement in statements:
            if isinstance(statement, Listed):
                self._take_columns(statement)
        self.new: dict[int, Node] = {}
        self.made = {id(node) for statement in statements for node in statement.makes}
        self._done: set[int] = set()
        self._listed: dict[int, list[int]] = {}

    def _take_columns(self, listed: Listed) -> None:
        """Note the array of all steps for each entry that steps draw."""
        source = listed.source
        if source.ndim == 1:
            self.arrays.fields[id(listed.node), 0] = source
            return
        for n in range(source.shape[1]):
            column = call(operator.getitem, (source, (slice(None), n)), source.shape[:1], source)
            self.arrays.fields[id(listed.node), n] = column

    def foresee(self, part: Part) -> None:
        """Note which arrays a loop needs in any case, and which of its own are needed."""
        fields = [self.arrays.fields.get((id(kept.node), 0)) for kept in part.old.kept if id(kept.node) in self.sources]
        needed = [*part.roots(), *[array for array in fields if array is not None]]
        self.arrays.likely |= {id(node) for node in topological(needed, self.made)}

    def written(self) -> list[Statement]:
        """The statements of the program."""
        picks = [s for s in self.statements if isinstance(s, Picked)]
        spreads = [source for s in self.statements if isinstance(s, Spread) for source in s.sources.values()]
        parts = list(self.parts.values())
        used: set[Field] = {(id(pick.source), pick.field or 0) for pick in picks} | {(id(s), 0) for s in spreads}
        used |= {key for part in parts for key in part.draws}
        used |= self._whole()
        for source in spreads:  # all steps of a large product are wanted after all
            product = self.arrays.products.get((id(source), 0))
            if product is not None:
                self.arrays.fields[id(source), 0] = all_products(product)
        roots = [array for part in parts for array in part.roots()]
        picked = [self.arrays.products.get((id(pick.source), pick.field or 0)) for pick in picks]
        roots += [array for product in picked if product is not None for array, _ in product.factors]
        roots += [
            self.arrays.fields[key]
            for key in used
            if key in self.arrays.fields and id(self.arrays.fields[key]) not in self.arrays.rows
        ]
        stacked = [source for s in self.stacks for source in s.sources.values()]
        roots += [self.arrays.fields[id(source), 0] for source in stacked if (id(source), 0) in self.arrays.fields]
        self.arrays.wanted = {id(node) for node in topological(roots, self.made)}
        for part in parts:
            part.close(used)
            self._listed |= {id(kept.node): places for kept, places in part.kept}
        result: list[Statement] = []
        for statement in self.statements:
            if isinstance(statement, Loop):
                result += self._loop(self.parts[id(statement)])
            elif isinstance(statement, Picked):
                result += self._picked(statement)
            elif isinstance(statement, Spread):
                drawn = {star: self.arrays.of((id(source), 0)) for star, source in statement.sources.items()}
                result += self.calls([array for array in drawn.values() if array is not None])
                statement.sources |= {star: array for star, array in drawn.items() if array is not None}
                rows = _rows(statement, drawn) if statement in self.stacks else None
                self.new |= {} if rows is None else {id(statement.node): rows}
                result += [statement] if rows is None else self.calls([rows])
            else:
                result.append(statement)
        read = {id(node) for statement in result for node in statement.reads}
        return [s for s in result if not isinstance(s, Listed) or id(s.node) in read]

    def _whole(self) -> set[Field]:
        """The fields of lists of numbers that are stacked: all of them stay."""
        kept = [kept for part in self.parts.values() for kept in part.old.kept if id(kept.node) in self.arrays.whole]
        whole = {(id(node), n) for node, fields in kept for n in range(len(fields))}
        for key in whole:
            self.arrays.fields.pop(key, None)
            self.arrays.products.pop(key, None)
        return whole

    def calls(self, arrays: Sequence[Node]) -> list[Statement]:
        """The calls that make arrays, as far as they have not been made yet."""
        found = topological(arrays, self.made | self._done)
        self._done |= {id(node) for node in found}
        return [Assign(node) for node in found if node.function not in _MADE_BY_LOOPS]

    def _picked(self, pick: Picked) -> list[Statement]:
        key = id(pick.source), pick.field or 0
        if key in self.arrays.products:
            self.new[id(pick.node)] = product_of(self.arrays.products[key], pick.position, pick.node)
            return self.calls([self.new[id(pick.node)]])
        array = self.arrays.of(key)
        if array is None:
            places = self._listed[id(pick.source)]
            field = places.index(pick.field or 0) if len(places) > 1 else None
            return [Picked(pick.node, pick.source, pick.position, field)]
        self.new[id(pick.node)] = entry(array, pick.position, pick.node)
        return self.calls([self.new[id(pick.node)]])

    def _loop(self, part: Part) -> list[Statement]:
        loop = part.loop
        for element, keys in part.lists:
            places = self._listed.get(id(element.source))
            if places is None:
                loop.elements += [element] * any(id(inside) in part.read for inside in element.inside)
                continue
            left = [(n, inside) for n, inside in zip(range(len(keys)), element.inside, strict=True) if n in places]
            if any((id(element.source), n) in part.draws and self.arrays.of(keys[n]) is None for n, _ in left):
                loop.elements.append(element._replace(inside=tuple([inside for _, inside in left])))
            for n, inside in enumerate(element.inside):
                array = self.arrays.of(keys[n])
                if keys[n] in part.draws and array is not None and id(inside) in part.read:
                    source = array.args[0] if part.numbers and is_listed(array) else array
                    loop.elements.append(Element((inside,), source, element.first, element.step))
        loop.drop_unread()
        before = self.calls([element.source for element in loop.elements if id(element.source) not in self.made])
        after = self.calls(list(part.results.values()))
        self.new |= part.results
        for outer, array, addends in part.added:
            after += self.calls([addend.core for addend in addends])
            for addend in addends:
                after.append(Accumulate(array_like(outer), array, addend))
                array = after[-1].makes[0]
            self.new[id(outer)] = array
        return [
            *part.fixed,
            *before,
            *([loop] if loop.body or loop.kept or loop.stacks or loop.results else []),
            *after,
        ]


def _is_stack(spread: Spread, owned: Container[int]) -> bool:
    """Whether it makes an array of what all steps made, a row of each, and maybe of other rows."""
    call = spread.call
    if call.function is not np.stack or call.kwargs not in ({}, {"axis": 0}) or len(call.args) != 1:
        return False
    return len(call.args[0]) > 1 or id(spread.node) not in owned


def _rows(spread: Spread, drawn: Mapping[int, Node | None]) -> Node | None:
    """What ``np.stack`` makes of the results of all steps, where these are the rows of arrays already."""
    runs = {id(star): run for star, run in spread.stars}
    parts: list[Node] = []
    for is_star, entries in groupby(spread.call.args[0], lambda entry: id(entry) in runs):
        rows = list(entries)
        if not is_star:
            if any([row.dtype != spread.call.dtype for row in rows]):
                return None
            shape = (len(rows), *rows[0].shape)
            parts.append(call(np.stack, (rows,), shape, spread.node))
            continue
        for star in rows:
            array, run = drawn.get(id(star)), runs[id(star)]
            if array is None or array.dtype != spread.call.dtype:
                return None
            parts.append(rows_of(array, run.first, run.pace, run.stop - run.start, spread.node))
    return parts[0] if len(parts) == 1 else call(np.concatenate, (parts,), spread.node.shape, spread.node)
