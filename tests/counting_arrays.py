"""Arrays that count the multiplications that are really done with them: an oracle for predicted counts.

`counted(graph, inputs, output, order)` eliminates with such arrays, and returns the count and the dense Jacobians.
"""

from math import prod

import numpy as np
from dense_terms import dense

from jacobians.elimination import eliminate
from jacobians.graph import LinearGraph
from jacobians.terms import Factor

__all__ = ["counted"]


class Counting(np.lib.mixins.NDArrayOperatorsMixin):
    """An array that passes its tally on to all that is made of it."""

    def __init__(self, value, tally):
        self.value, self.tally = np.asarray(value), tally

    shape = property(lambda self: self.value.shape)
    dtype = property(lambda self: self.value.dtype)
    ndim = property(lambda self: self.value.ndim)
    size = property(lambda self: self.value.size)
    nbytes = property(lambda self: self.value.nbytes)

    def __getitem__(self, index):
        return Counting(self.value[index], self.tally)

    def astype(self, dtype):
        return Counting(self.value.astype(dtype), self.tally)

    def __array_ufunc__(self, ufunc, method, *operands, **options):
        result = getattr(ufunc, method)(*map(_plain, operands), **options)
        signs = [type(operand) in (int, float) and abs(operand) == 1 for operand in operands]
        if ufunc is np.multiply and not any(signs):
            self.tally.append(result.size)
        return Counting(result, self.tally)

    def __array_function__(self, function, types, args, kwargs):
        if function is np.einsum:
            sizes = {}
            for array, labels in zip(args[:-1:2], args[1::2], strict=True):
                sizes |= dict(zip(labels, array.shape, strict=True))
            self.tally.append(prod(sizes.values()) if len(args) > 3 else 0)
        result = function(*[_plain(a) for a in args], **{key: _plain(value) for key, value in kwargs.items()})
        return Counting(result, self.tally) if isinstance(result, (np.ndarray, np.generic)) else result


def _plain(tree):
    if isinstance(tree, (list, tuple)):
        return type(tree)(map(_plain, tree))
    return tree.value if isinstance(tree, Counting) else tree


def counted(graph, inputs, output, order):
    """The multiplications of an elimination, and the Jacobians by input."""
    tally, twins, copy = [], {}, LinearGraph()
    for shape, dtype in zip(graph.shapes, graph.dtypes, strict=True):
        _ = copy.add_vertex(shape, dtype)
    for target, edges in enumerate(graph.into):
        for source, terms in edges.items():
            for term in terms:
                parts = []
                for factor in term.factors:
                    twin = twins.setdefault(id(factor.array), Counting(factor.array, tally))
                    parts.append(Factor(twin, factor.labels))
                copy.add_term(source, target, term.replace(factors=tuple(parts)))
    found = eliminate(copy, inputs, output, order)
    jacobians = {}
    for vertex, terms in found.items():
        plain = [t.replace(factors=tuple(Factor(_plain(f.array), f.labels) for f in t.factors)) for t in terms]
        shape = graph.shapes[output] + graph.shapes[vertex]
        jacobians[vertex] = sum((dense(term) for term in plain), np.zeros(shape))
    return sum(tally), jacobians
