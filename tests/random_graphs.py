"""Random graphs of values, and chains: what orders of elimination are tried on."""

import itertools

import numpy as np
from hypothesis import strategies as st

from jacobians.graph import LinearGraph
from jacobians.labels import Label
from jacobians.terms import Factor, Term

__all__ = ["dags", "graph_of", "line_of", "mixed_graphs"]

FLOAT = np.dtype(float)


def graph_of(edges, count, shape=()):
    """A graph of values between vertices 0 ... count - 1."""
    graph = LinearGraph()
    for _ in range(count):
        _ = graph.add_vertex(shape, FLOAT)
    for source, target in edges:
        out, inp = [tuple((Label(n),) for n in shape) for _ in range(2)]
        labels = tuple(axis[0] for axis in out + inp)
        graph.add_term(source, target, Term(out, inp, (Factor(np.ones([x.size for x in labels]), labels),)))
    return graph


@st.composite
def dags(draw, largest=8):
    """Edges of a random graph with vertices 0 and 1 as inputs, in which all lead to the last."""
    count = draw(st.integers(4, largest))
    edges = set()
    for target in range(2, count):
        edges |= {(source, target) for source in draw(st.sets(st.integers(0, target - 1), min_size=1, max_size=3))}
    ends = {target for target in range(2, count - 1) if not any(source == target for source, _ in edges)}
    return sorted(edges | {(vertex, count - 1) for vertex in ends}), count


@st.composite
def mixed_graphs(draw, largest=12):
    """A random graph of arrays of several sizes, its edges dense, diagonal, or ones; as `graph_of` returns it."""
    edges, count = draw(dags(largest))
    shapes = draw(st.sampled_from([((),), ((3,),), ((), (2,), (3,), (7,))]))
    sizes = draw(st.lists(st.sampled_from(shapes), min_size=count, max_size=count))
    graph = LinearGraph()
    for shape in sizes:
        _ = graph.add_vertex(shape, FLOAT)
    for source, target in edges:
        out, inp = [tuple((Label(n),) for n in sizes[vertex]) for vertex in (target, source)]
        kind = draw(st.sampled_from(["dense", "diagonal", "ones"])) if sizes[source] == sizes[target] else "dense"
        inp = inp if kind == "dense" else out
        labels = tuple(dict.fromkeys(axis[0] for axis in out + inp))
        factors = () if kind == "ones" else (Factor(np.ones([x.size for x in labels]), labels),)
        graph.add_term(source, target, Term(out, inp, factors))
    return graph, (0, 1), count - 1


def line_of(sizes, diagonals=()):
    """A chain of matrices between vertices of these sizes, with a diagonal after each vertex in `diagonals`."""
    graph = LinearGraph()
    last = graph.add_vertex((sizes[0],), FLOAT)
    for n, (m, k) in enumerate(itertools.pairwise(sizes)):
        if n in diagonals:
            i = Label(m)
            vertex = graph.add_vertex((m,), FLOAT)
            graph.add_term(last, vertex, Term(((i,),), ((i,),), (Factor(np.ones(m), (i,)),)))
            last = vertex
        i, j = Label(k), Label(m)
        vertex = graph.add_vertex((k,), FLOAT)
        graph.add_term(last, vertex, Term(((i,),), ((j,),), (Factor(np.ones((k, m)), (i, j)),)))
        last = vertex
    return graph, (0,), last
