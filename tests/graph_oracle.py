"""The Jacobians of a traced call by brute force, and by finite differences: neither uses the engine.

- `assert_right(call, *points)` compares the two.
- `traced(call, *arrays)` runs a function on watched arrays, and returns its result with the level.
- `graph_jacobians(graph, output, inputs)` multiplies the dense terms of all edges, from the input on.
- `numerical_jacobians(call, *arrays)` takes central differences of two step sizes and extrapolates.
"""

import numpy as np
from dense_terms import dense

from jacobians import tracing
from jacobians.terms import CONJUGATE, REAL

__all__ = ["assert_right", "graph_jacobians", "jacobians_of", "numerical_jacobians", "traced"]


def traced(call, *arrays):
    """The lifted result of a call on traced arrays, the traced arrays and their level (closed by now)."""
    with tracing.opened() as level:
        inputs = [tracing.watch(level, array) for array in arrays]
        result = tracing.lift(call(*inputs))
    return result, inputs, level


def graph_jacobians(graph, output, inputs):
    """For each input vertex, which is real, the dense Jacobian of the output vertex, of shape out_shape + in_shape."""
    return [_slope(graph, output, vertex) for vertex in inputs]


def _slope(graph, output, vertex):
    size = int(np.prod(graph.shapes[vertex]))
    slopes = {vertex: np.eye(size)}
    for target in range(vertex + 1, output + 1):
        moved = [
            _moved(term.check(), slopes[s]) for s, terms in graph.into[target].items() if s in slopes for term in terms
        ]
        if moved:
            slopes[target] = sum(moved)
            assert slopes[target].shape == (int(np.prod(graph.shapes[target])), size)
    shape = graph.shapes[output] + graph.shapes[vertex]
    return np.reshape(slopes.get(output, np.zeros(shape)), shape)


def _moved(term, slope):
    """What a term makes of the slope of its source."""
    product = dense(term).reshape(-1, len(slope)) @ (np.conj(slope) if term.act == CONJUGATE else slope)
    return np.real(product) if term.act == REAL else product


def jacobians_of(call, *arrays):
    """The value of a call and its dense Jacobians, from the graph."""
    result, inputs, level = traced(call, *arrays)
    if not isinstance(result, tracing.Traced):
        shape = np.shape(result)
        return result, [np.zeros(shape + np.shape(array)) for array in arrays]
    jacobians = graph_jacobians(level.graph, result.vertex, [x.vertex for x in inputs])
    return tracing.primal(result), jacobians


def numerical_jacobians(call, *arrays, step=1e-4):
    """Central differences of steps h and h/2, extrapolated: the error is of fourth order."""
    return [_numerical(call, arrays, n, step) for n in range(len(arrays))]


def _numerical(call, arrays, position, step):
    x = arrays[position]
    value = np.asarray(call(*arrays))
    shape = value.shape
    jacobian = np.zeros((*shape, x.size), np.result_type(value, float))
    for n in range(x.size):

        def moved(distance, n=n):
            shifted = x.flatten()
            shifted[n] += distance
            return np.asarray(call(*arrays[:position], shifted.reshape(x.shape), *arrays[position + 1 :]))

        coarse = (moved(step) - moved(-step)) / (2 * step)
        fine = (moved(step / 2) - moved(-step / 2)) / step
        jacobian[..., n] = (4 * fine - coarse) / 3
    return jacobian.reshape(shape + x.shape)


def assert_right(call, *points):
    """The value and the Jacobians of a call are those of NumPy and of finite differences."""
    value, computed = jacobians_of(call, *points)
    expected = np.asarray(call(*points))
    assert np.asarray(value).dtype == expected.dtype
    np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-12)
    for one, other in zip(computed, numerical_jacobians(call, *points), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6)
