"""Linear steps of a loop with as few products as possible.

``A @ x + B @ (K @ x)`` is ``(A + B @ K) @ x``, and with matrices that are the same in all steps their sum and product
are made once, before the loop. A matrix acts from the right here: ``A @ x`` is ``x @ A.T``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from ...program import CONSTANT, Node
from ..rewrites.rewriting import is_number
from ..statements import Assign, Statement
from .grouping import Waiting
from .slots import changed
from .stacking import call

__all__ = ["folded"]

_MOST = 1024  # entries of what is made: of larger arrays a call is worth its overhead

Matrix = Node | float
"""A matrix, or a number that stands for so many times the identity."""


class _Form(NamedTuple):
    """A sum of products of what waits with matrices, and of what does not wait.

    Attributes
    ----------
    terms : dict of int to (Node, Matrix)
    rest : list of (Node, Matrix)
    calls : frozenset of int
        The ids of the calls that it stands for.
    """

    terms: dict[int, tuple[Node, Matrix]]
    rest: list[tuple[Node, Matrix]]
    calls: frozenset[int]


def folded(
    body: Sequence[Statement], waiting: Waiting, wanted: Callable[[Node], bool]
) -> tuple[list[Statement], list[Node], dict[int, Node]]:
    """The statements with fewer calls for what is wanted, the matrices that they need, and what takes whose place."""
    forms: dict[int, _Form] = {}
    readers: dict[int, set[int]] = defaultdict(set)
    for statement in body:
        for operand in statement.reads:
            readers[id(operand)].update([id(made) for made in statement.makes])
    new: dict[int, Node] = {}
    result: list[Statement] = []
    matrices: list[Node] = []

    def now(node: Node) -> Node:
        return new.get(id(node), node)

    for statement in body:
        node = statement.node if type(statement) is Assign else None
        form = _form(node, forms, waiting) if node is not None else None
        if node is not None and form is not None:
            if not wanted(node):  # what must be made anyway, others take as it is
                forms[id(node)] = form
            alone = [key for key in form.calls if readers[key] <= form.calls]
            if wanted(node) and 0 < _calls(form) < len(alone):
                calls = _written(form, node, now)
                new[id(node)] = calls[-1]
                result += [Assign(made) for made in calls]
                matrices += [matrix for _, matrix in (*form.terms.values(), *form.rest) if isinstance(matrix, Node)]
                continue
        other = changed(statement, now)
        new |= {id(a): b for a, b in zip(statement.makes, other.makes, strict=True) if a is not b}
        result.append(other)
    return result, matrices, new


def _calls(form: _Form) -> int:
    """How many calls of a step a sum takes."""
    products = sum([matrix != 1.0 if isinstance(matrix, float) else 1 for _, matrix in form.terms.values()])
    return products + len(form.terms) - 1 + bool(form.rest)


def _form(node: Node, forms: dict[int, _Form], waiting: Waiting) -> _Form | None:
    """The linear form of a call; None where it has none."""
    if node.kwargs or node.weak or node.dtype.kind != "f" or node.ndim not in (1, 2) or node.size > _MOST:
        return None
    if waiting.is_free(node):
        return None

    def of(a: Node) -> _Form:
        if waiting.is_free(a) or waiting.is_fixed(a):
            return _Form({}, [(a, 1.0)], frozenset())
        return forms.get(id(a)) or _Form({id(a): (a, 1.0)}, [], frozenset())

    arguments, own = node.args, frozenset([id(node)])
    if node.function is np.negative:
        return _times(of(arguments[0]), -1.0, own)
    if len(arguments) != 2:
        return None
    a, b = arguments
    if node.function is np.multiply and is_number(a) != is_number(b):
        number, array = (a, b) if is_number(a) else (b, a)
        return _times(of(array), float(number), own) if array.face == node.face else None
    if not all([isinstance(x, Node) and x.dtype == node.dtype and not x.weak for x in (a, b)]):
        return None
    if node.function in (np.add, np.subtract) and a.shape == b.shape:
        left, right = of(a), _times(of(b), -1.0 if node.function is np.subtract else 1.0, frozenset())
        return None if _cancel(left, right) else _plus(left, right, own)
    if node.function in (np.dot, np.matmul):
        if waiting.is_fixed(b) and b.ndim == 2:
            return _moved(a, of(a), b, own)
        if waiting.is_fixed(a) and (a.ndim, b.ndim) == (2, 1):
            return _moved(b, of(b), call(np.transpose, (a, (1, 0)), a.shape[::-1], a), own)
    return None


def _moved(a: Node, form: _Form, matrix: Node, own: frozenset[int]) -> _Form | None:
    """The form of a product with a matrix; where that would make a large one, of a product of one array."""
    if matrix.size > _MOST:
        return None
    known = [other for _, other in form.terms.values() if isinstance(other, Node)]
    if any([other.shape[0] * matrix.shape[1] > _MOST for other in known]):
        form = _Form({id(a): (a, 1.0)}, [], frozenset())
    return _times(form, matrix, own)


def _times(form: _Form, factor: Matrix, own: frozenset[int]) -> _Form:
    terms = {key: (node, _product(matrix, factor)) for key, (node, matrix) in form.terms.items()}
    return _Form(terms, [(node, _product(matrix, factor)) for node, matrix in form.rest], form.calls | own)


def _cancel(a: _Form, b: _Form) -> bool:
    """Whether two sums have multiples of the same array with opposite signs: what is not finite does not cancel."""
    pairs = [(a.terms[key][1], b.terms[key][1]) for key in a.terms if key in b.terms]
    return any([isinstance(x, float) and isinstance(y, float) and x * y <= 0 for x, y in pairs])


def _plus(a: _Form, b: _Form, own: frozenset[int]) -> _Form:
    terms = dict(a.terms)
    for key, (node, matrix) in b.terms.items():
        terms[key] = node, _sum(terms[key][1], matrix, node.shape[-1]) if key in terms else matrix
    return _Form(terms, [*a.rest, *b.rest], a.calls | b.calls | own)


def _product(a: Matrix, b: Matrix) -> Matrix:
    if isinstance(a, Node) and isinstance(b, Node):
        return call(np.dot, (a, b), (a.shape[0], b.shape[1]), a)
    if isinstance(a, Node) or isinstance(b, Node):
        number, matrix = (b, a) if isinstance(a, Node) else (a, b)
        assert isinstance(matrix, Node)
        return matrix if number == 1 else call(np.multiply, (number, matrix), matrix.shape, matrix)
    return a * b


def _sum(a: Matrix, b: Matrix, size: int) -> Matrix:
    if isinstance(a, Node) or isinstance(b, Node):
        like = a if isinstance(a, Node) else b
        assert isinstance(like, Node)
        pair = [x if isinstance(x, Node) else _constant(x * np.eye(size, dtype=like.dtype)) for x in (a, b)]
        return call(np.add, tuple(pair), like.shape, like)
    return a + b


def _constant(array: np.ndarray) -> Node:
    return Node(CONSTANT, (array,), {}, array.shape, array.dtype)


def _written(form: _Form, node: Node, now: Callable[[Node], Node]) -> list[Node]:
    """The calls of a form; what does not wait is added up first, and leaves the loop."""
    calls: list[Node] = []
    sums: list[Node] = []
    for group in (list(form.terms.values()), form.rest):
        total: Node | None = None
        for base, matrix in group:
            term = now(base)
            if isinstance(matrix, Node):
                calls.append(call(np.dot, (term, matrix), node.shape, node))
                term = calls[-1]
            elif matrix != 1:
                calls.append(call(np.multiply, (matrix, term), node.shape, node))
                term = calls[-1]
            if total is not None:
                calls.append(call(np.add, (total, term), node.shape, node))
                term = calls[-1]
            total = term
        sums += [total] if total is not None else []
    if len(sums) == 2:
        calls.append(call(np.add, tuple(sums), node.shape, node))
    return calls
