"""Functions of nests of arrays, and how nests are taken apart and compared without the library."""

import dataclasses
from collections import OrderedDict, namedtuple

import numpy as np
from graph_oracle import numerical_jacobians

__all__ = [
    "CASES",
    "NET",
    "PARAMS",
    "A",
    "Layer",
    "Net",
    "X",
    "assert_same_nest",
    "changed",
    "dense",
    "expected_blocks",
    "filled",
    "flat",
    "matrix_of",
    "run_net",
    "trunk_and_heads",
    "weighted",
]

RNG = np.random.default_rng(11)
Layer = namedtuple("Layer", "W b")


@dataclasses.dataclass
class Net:
    first: Layer
    rest: list
    depth: int = 2
    name: str = "net"


def arrays_of(nest):
    """The arrays of a nest in the order in which they stand, found without the library."""
    if isinstance(nest, dict):
        return [leaf for entry in nest.values() for leaf in arrays_of(entry)]
    if isinstance(nest, (tuple, list)):
        return [leaf for entry in nest for leaf in arrays_of(entry)]
    if dataclasses.is_dataclass(nest):
        return [leaf for field in dataclasses.fields(nest) for leaf in arrays_of(getattr(nest, field.name))]
    return [] if nest is None or isinstance(nest, (int, str)) else [nest]


def changed(nest, change):
    """The nest with each array replaced by ``change(array)``, and each integer by zero."""
    if isinstance(nest, dict):
        return type(nest)((key, changed(entry, change)) for key, entry in nest.items())
    if isinstance(nest, Layer):
        return Layer(*[changed(entry, change) for entry in nest])
    if isinstance(nest, (tuple, list)):
        return type(nest)([changed(entry, change) for entry in nest])
    if dataclasses.is_dataclass(nest):
        return type(nest)(*[changed(getattr(nest, field.name), change) for field in dataclasses.fields(nest)])
    if nest is None or isinstance(nest, str):
        return nest
    return type(nest)(0) if isinstance(nest, int) else change(nest)


def filled(nest, flat):
    """The nest with the entries of a flat vector, its constants as they are."""
    waiting = list(np.split(flat, np.cumsum([np.size(leaf) for leaf in arrays_of(nest)])[:-1]))

    def fill(entry):
        if isinstance(entry, dict):
            return type(entry)((key, fill(part)) for key, part in entry.items())
        if isinstance(entry, Layer):
            return Layer(*map(fill, entry))
        if isinstance(entry, (tuple, list)):
            return type(entry)(map(fill, entry))
        if dataclasses.is_dataclass(entry):
            return type(entry)(*[fill(getattr(entry, field.name)) for field in dataclasses.fields(entry)])
        return entry if entry is None or isinstance(entry, (int, str)) else waiting.pop(0).reshape(np.shape(entry))

    return fill(nest)


def flat(nest):
    return np.concatenate([np.ravel(leaf).astype(float) for leaf in arrays_of(nest)])


def matrix_of(f, nest):
    """The flat view by finite differences."""
    (matrix,) = numerical_jacobians(lambda v: flat(f(filled(nest, v))), flat(nest))
    return matrix


def assert_same_nest(found, expected):
    """The same containers, keys in the same order, constants, and shapes."""
    if not isinstance(expected, (float, np.generic, np.ndarray)):
        assert type(found) is type(expected)
    if isinstance(expected, dict):
        assert list(found) == list(expected)
        found, expected = list(found.values()), list(expected.values())
    if dataclasses.is_dataclass(expected):
        found, expected = vars(found), vars(expected)
        assert_same_nest(found, expected)
    elif isinstance(expected, (tuple, list)):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_same_nest(one, other)
    elif expected is None or isinstance(expected, (int, str)):
        assert found == expected
    else:
        assert np.shape(found) == np.shape(expected)


def dense(*shape):
    return RNG.normal(size=shape)


A, X = dense(2, 3), dense(3)
PARAMS = {"W": dense(2, 3), "b": dense(2)}
NET = Net(Layer(dense(2, 3), dense(2)), [Layer(dense(2, 2), dense(2)), Layer(dense(1, 2), None)])


def run_net(net):
    y = np.tanh(net.first.W @ X + net.first.b)
    for layer in net.rest:
        y = np.tanh(layer.W @ y) if layer.b is None else np.tanh(layer.W @ y + layer.b)
    return y * net.depth


def trunk_and_heads(p):
    h = np.tanh(p["W"] @ X + p["b"])
    return {"hidden": h, "heads": (np.sin(h), np.sum(h * h)), "again": h, "in": p["b"], "note": "x", "count": 3}


# fmt: off
CASES = {
    "dict to array":          (lambda p: np.tanh(p["W"] @ X + p["b"]), PARAMS),
    "array to dict":          (lambda x: {"y": A @ x, "z": np.sin(x), "s": np.sum(x)}, X),
    "array to tuple":         (lambda x: (x * x, A @ x), X),
    "list to tuple":          (lambda p: (p[0] @ p[1], p[1] * 2.0), [A, X]),
    "tuple to scalar":        (lambda p: np.sum(p[0] * p[0]) * p[1], (X, 2.0)),
    "list of floats":         (lambda p: [p[0] * p[1], p[1]], [2.0, 3.0]),
    "list of scalars":        (lambda x: [x[0] * x[1], x[2]], X),
    "one array in a nest":    (lambda p: {"y": np.exp(p["x"])}, {"x": X}),
    "named tuple":            (lambda p: Layer(p.W * 2.0, np.exp(p.b)), Layer(A, X)),
    "dataclass":              (run_net, NET),
    "ordered dict":           (lambda p: p["z"] @ p["a"], OrderedDict(z=A, a=X)),
    "order of insertion":     (lambda p: {"z": p["b"], "a": p["a"] * p["b"]}, {"b": X, "a": dense(3)}),
    "nested twice":           (lambda p: [{"y": p["net"][0] @ p["net"][1]["x"]}, p["bias"]],
                               {"net": (A, {"x": X}), "bias": dense(2)}),
    "constants":              (lambda p: p["x"] ** p["power"] if p["kind"] == "power" else p["x"],
                               {"power": 3, "x": X, "kind": "power", "none": None, "empty": [], "flag": True}),
    "shared outputs":         (trunk_and_heads, PARAMS),
    "the argument itself":    (lambda p: p, {"a": X, "b": A}),
    "one output twice":       (lambda x: (np.sin(x),) * 2, X),
    "unused":                 (lambda p: {"y": p["a"] * 2.0, "constant": np.ones(2)}, {"a": X, "unused": A}),
    "empty arrays":           (lambda p: [p["a"][:0], p["b"] * 2.0], {"a": X, "b": X, "c": np.zeros((0, 2))}),
}
# fmt: on
def expected_blocks(f, nest):
    """The result with each array replaced by the argument, each array of that by out_shape + in_shape zeros."""
    return changed(f(nest), lambda y: changed(nest, lambda x: np.zeros(np.shape(y) + np.shape(x))))


def weighted(f, nest):
    """A scalar function of a nest, and its gradient by finite differences."""
    weights = np.linspace(0.5, 1.5, flat(f(nest)).size)

    def loss(p):
        parts = np.split(weights, np.cumsum([np.size(leaf) for leaf in arrays_of(f(p))])[:-1])
        return sum(np.sum(w * np.ravel(y) ** 2) for w, y in zip(parts, arrays_of(f(p)), strict=True))

    return loss
