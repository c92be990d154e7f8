"""Loops that are no loops: each step is linear in what it is handed, so that all steps are one triangular system.

``y = a * y + u`` with the a and u of all steps known beforehand has the results of all steps in one call of
`linear_steps`, and so have two, three or four numbers that are handed on together, as in most sweeps back through a
loop. Before it, the factors and addends of all steps are worked out as arrays; whatever reads what is handed on is
computed for all steps, too. That is done if all of a loop can leave it so, and if that costs less.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ...plain import linear_steps
from ...program import Node
from ..statements import Assign, Statement
from .ahead import called
from .loop import Carried
from .stacking import call, reshaped, stacked

__all__ = ["solved"]

_LEAST = 64
"""Steps from which on arrays of them cost less than they do one after the other."""

_TOGETHER = 4
"""Numbers that one system has in each step, at most."""

_LOOP, _STEP, _CALL, _SYSTEM, _ENTRY = 30, 12, 4, 20, 4
"""Nanoseconds of a step, if there are about 200: of the loop and of a statement in it, and of a call for all steps, a
system and its entries. The text does not depend on their number."""

Value = Node | float
"""A factor or an addend: an array of all steps, or what is the same in all."""


class Form(NamedTuple):
    """An addend, and the factors of what is handed on, by the id of what the body reads of it."""

    addend: Value | None
    factors: dict[int, Value]


def solved(
    body: Sequence[Statement], handed: Sequence[Carried], many: Mapping[int, Node], inside: set[int], steps: int
) -> dict[int, Node] | None:
    """The arrays of all steps for what is handed on and replaces it; None where steps must follow one another.

    Parameters
    ----------
    body : sequence of Statement
    handed : sequence of Carried
        Without those that are only added to.
    many : mapping of int to Node
        The arrays of all steps that there are.
    inside : set of int
        The ids of what differs from step to step.
    steps : int
    """
    if steps < _LEAST:
        return None
    system = _System(body, many, inside, steps)
    left = list(handed)
    while left:
        system.read(left)
        group = _next(left, {id(c.inside): form for c in left if (form := system.of(c.after)) is not None})
        if not group:
            return None
        system.solve(group)
        left = [c for c in left if id(c.inside) not in system.many]
    system.read([])
    return system.found if system.pays() else None


def _next(handed: Sequence[Carried], forms: Mapping[int, Form]) -> list[Carried]:
    """The fewest of what is handed on that need nothing but each other."""
    own = {id(c.inside): c for c in handed}
    best: list[Carried] = []
    for first in handed:
        group, waiting = {id(first.inside)}, [first]
        while waiting and len(group) <= _TOGETHER:
            form = forms.get(id(waiting.pop().inside))
            if form is None:
                group = set()
                break
            waiting += [own[key] for key in form.factors if key not in group]
            group |= form.factors.keys()
        if group and len(group) <= _TOGETHER and (not best or len(group) < len(best)):
            best = [own[key] for key in own if key in group]
    return best


class _System:
    """The steps of a loop as arrays of all steps, as far as they are known.

    Attributes
    ----------
    many, found : dict of int to Node
        The arrays of all steps, and those that were found here.
    forms : dict of int to Form
    price : int
        Of the calls and systems, in nanoseconds a step.
    """

    def __init__(self, body: Sequence[Statement], many: Mapping[int, Node], inside: set[int], steps: int) -> None:
        self.body, self.inside, self.steps = body, inside, steps
        self.many: dict[int, Node] = dict(many)
        self.left = [s for s in body if type(s) is Assign and id(s.node) not in many]
        self.found: dict[int, Node] = {}
        self.forms: dict[int, Form] = {}
        self.price = 0

    def read(self, handed: Sequence[Carried]) -> None:
        """Work out the arrays and forms of the body."""
        self.forms = {id(c.inside): Form(None, {id(c.inside): 1.0}) for c in handed}
        for statement in self.body:
            node = called(statement)
            if node is None or id(node) in self.many:
                continue
            if all([id(a) in self.many or id(a) not in self.inside for a in node.operands]):
                array = stacked(node, lambda a: self.many.get(id(a)), self.steps)
                if array is not None:
                    self.many[id(node)] = array
                    self.price += _CALL
                continue
            form = self._form(node)
            if form is not None:
                self.forms[id(node)] = form

    def solve(self, group: Sequence[Carried]) -> None:
        """The arrays of some numbers that are handed on together."""
        forms = [form for c in group if (form := self.of(c.after)) is not None]
        keys = [id(c.inside) for c in group]
        shape, first = (len(group), self.steps + 1), group[0].after
        places, factors = [], []
        for i, form in enumerate(forms):
            for j, key in enumerate(keys):
                if key in form.factors:
                    places.append((i, j))
                    factors.append(form.factors[key])
        addends = [0.0 if form.addend is None else form.addend for form in forms]
        if not places:
            (c,), (addend,) = group, addends
            self._enter(c, *self._shifted(c, addend))
            return
        before = [c.before for c in group]
        rows = call(linear_steps, (before, addends, tuple(places), factors, self.steps), shape, first)
        self.price += _SYSTEM + _ENTRY * len(group) ** 2
        for n, c in enumerate(group):
            row = call(operator.getitem, (rows, n), shape[1:], first)
            inside = call(operator.getitem, (row, slice(None, -1)), (self.steps,), first)
            self._enter(c, inside, call(operator.getitem, (row, slice(1, None)), (self.steps,), first))

    def _shifted(self, carried: Carried, value: Value) -> tuple[Node, Node]:
        """What is handed on, and what replaces it, where that is known."""
        like, shape = carried.after, (self.steps,)
        moves = isinstance(value, Node) and value.shape
        after = value if isinstance(value, Node) and moves else call(np.full, (shape, value, like.dtype), shape, like)
        rest = call(operator.getitem, (after, slice(None, -1)), (self.steps - 1,), like)
        self.price += _CALL
        return call(np.concatenate, ([reshaped(carried.before, (1,)), rest],), shape, like), after

    def _enter(self, carried: Carried, inside: Node, after: Node) -> None:
        self.many[id(carried.inside)] = self.found[id(carried.inside)] = inside
        if id(carried.after) in self.inside:
            self.many[id(carried.after)] = self.found[id(carried.after)] = after

    def pays(self) -> bool:
        """Whether arrays of all steps cost less than the steps, by some margin."""
        return 5 * self.price < 4 * (_LOOP + _STEP * len(self.left))

    # ---- forms ----------------------------------------------------------------------------------------------------

    def _value(self, a: Value) -> Value | None:
        """What does not depend on what is handed on."""
        if not isinstance(a, Node):
            return float(a)
        if id(a) in self.many:
            return self.many[id(a)]
        return a if id(a) not in self.inside else None

    def of(self, a: Value) -> Form | None:
        """The form of an operand, if it has one."""
        if isinstance(a, Node) and id(a) in self.forms:
            return self.forms[id(a)]
        value = self._value(a)
        return None if value is None else Form(value, {})

    def _form(self, node: Node) -> Form | None:
        """The form of a call of numbers."""
        parts = [form for a in node.args if (form := self.of(a)) is not None]
        if node.kwargs or node.dtype != np.float64 or node.shape or len(parts) != len(node.args):
            return None
        if node.function is np.negative:
            return self._times(parts[0], -1.0, node)
        if len(parts) != 2:
            return None
        a, b = parts
        if node.function in (np.add, np.subtract):
            return self._plus(a, b, node)
        if node.function is np.multiply and not a.factors:
            a, b = b, a
        if node.function not in (np.multiply, np.divide) or b.factors or b.addend is None:
            return None
        return (self._times if node.function is np.multiply else self._over)(a, b.addend, node)

    def _times(self, form: Form, factor: Value, like: Node) -> Form:
        addend = None if form.addend is None else self._product(form.addend, factor, like)
        return Form(addend, {key: self._product(value, factor, like) for key, value in form.factors.items()})

    def _over(self, form: Form, divisor: Value, like: Node) -> Form:
        def quotient(value: Value) -> Node:
            return self._call(np.divide, (value, divisor), like)

        addend = None if form.addend is None else quotient(form.addend)
        return Form(addend, {key: quotient(value) for key, value in form.factors.items()})

    def _plus(self, a: Form, b: Form, like: Node) -> Form | None:
        """A sum; what cancels may have been infinite."""
        if like.function is np.subtract:
            b = self._times(b, -1.0, like)
        factors = dict(a.factors)
        for key, value in b.factors.items():
            known = factors.get(key)
            if isinstance(known, float) and isinstance(value, float) and known * value <= 0:
                return None
            factors[key] = value if known is None else self._sum(known, value, like)
        if a.addend is None or b.addend is None:
            return Form(b.addend if a.addend is None else a.addend, factors)
        return Form(self._sum(a.addend, b.addend, like), factors)

    def _product(self, a: Value, b: Value, like: Node) -> Value:
        if isinstance(a, float) and isinstance(b, float):
            return a * b
        for one, other in ((a, b), (b, a)):
            if isinstance(one, float) and one in (1, -1):
                return other if one == 1 else self._call(np.negative, (other,), like)
        return self._call(np.multiply, (a, b), like)

    def _sum(self, a: Value, b: Value, like: Node) -> Value:
        if isinstance(a, float) and isinstance(b, float):
            return a + b
        return self._call(np.add, (a, b), like)

    def _call(self, function: np.ufunc, args: tuple[Value, ...], like: Node) -> Node:
        moves = any([isinstance(a, Node) and a.shape for a in args])
        self.price += _CALL * moves
        return call(function, args, (self.steps,) if moves else (), like)
