"""The meaning of a term, by brute force: every map becomes a matrix of zeros and ones, every delta an identity.

Independent of `chain` and `contract`: it shares no code with them, and is only good for small sizes.
"""

import numpy as np

from jacobians.terms import Factor, Term


def dense(term: Term) -> np.ndarray:
    """The array of shape out_shape + in_shape that a term denotes."""
    labels = list(term.labels)
    number = {label: n for n, label in enumerate(labels)}
    operands: list = []
    for factor in term.factors:
        matrix = factor if isinstance(factor, Factor) else None
        if matrix is None:
            rows = [label.size for label in factor.left]
            columns = [label.size for label in factor.right]
            array = factor.operation.apply(np.eye(int(np.prod(columns)))).reshape(rows + columns)
        else:
            array = np.asarray(matrix.array)
        operands += [array, [number[label] for label in factor.labels]]
    for relation in term.maps:
        dst = [label.size for label in relation.dst]
        src = [label.size for label in relation.src]
        hot = np.zeros((int(np.prod(dst)), int(np.prod(src))))
        hot[relation.positions(), np.arange(hot.shape[1])] = 1.0
        operands += [hot.reshape(dst + src), [number[label] for label in relation.labels]]
    axes = [axis for axis in (*term.out, *term.inp)]
    result_labels = []
    for axis in axes:
        for label in axis:
            copy = len(number) + len(result_labels)
            operands += [np.eye(label.size), [number[label], copy]]
            result_labels.append(copy)
    for label in term.bound:
        operands += [np.ones(label.size), [number[label]]]
    operands += [np.array(float(term.scale)), []]
    shape = term.out_shape + term.in_shape
    return np.einsum(*operands, result_labels, optimize="greedy").reshape(shape)
