"""What a long program is looked at by: who reads what, as numbers; where it repeats itself; what calls return."""

import numpy as np
import pytest

import jacobians as jac
from jacobians.compiler.loops.readings import Readings
from jacobians.compiler.loops.repetition import Stretch, has_repeated, stretches
from jacobians.compiler.statements import Assign
from jacobians.program import CONSTANT, INPUT, Node, shapes

FLOAT = np.dtype(float)


def call(function, *args, shape=(3,)):
    return Node(function, args, {}, shape, FLOAT)


def test_readings_are_the_positions_of_what_is_read():
    x = Node(INPUT, ("x",), {}, (3,), FLOAT)
    a = call(np.sin, x)
    b = call(np.multiply, a, a)
    c = call(np.add, b, x)
    readings = Readings([Assign(a), Assign(b), Assign(c)])
    assert readings.codes.tolist() == [-1, 0, 0, 1, -1]
    assert readings.users.tolist() == [0, 1, 1, 2, 2]
    assert [readings.of(n) for n in range(3)] == [[-1], [0, 0], [1, -1]]
    assert readings.counts([c, c]).tolist() == [2, 1, 2]


def test_faces_tell_shapes_dtypes_and_kinds_apart():
    a = np.zeros(3)
    nodes = [
        Node(CONSTANT, (a,), {}, (3,), FLOAT),
        Node(CONSTANT, (a,), {}, (3,), np.dtype(np.float32)),
        Node(CONSTANT, (a,), {}, (3, 1), FLOAT),
        Node(CONSTANT, (a,), {}, (), FLOAT),
        Node(CONSTANT, (a,), {}, (), FLOAT, weak=True),
        Node(CONSTANT, (a,), {}, (), FLOAT, parts=2),
    ]
    assert len({node.face for node in nodes}) == len(nodes)
    assert call(np.sin, nodes[0]).face == nodes[0].face


@pytest.mark.parametrize("different", [0, 10, 70_000])  # more than 16 bits hold are told apart, too
def test_stretches_are_found_behind_any_number_of_different_entries(different):
    rng = np.random.default_rng(0)
    period = rng.permutation(7)
    signs = np.concatenate([7 + rng.permutation(different), np.tile(period, 9), [different + 8]])
    assert stretches(signs, 4) == [Stretch(different, different + 63, 7)]
    assert has_repeated(signs, 32)
    assert not has_repeated(signs, 64)


def test_what_ufuncs_return_is_inferred_once_for_each_kind_of_operands(monkeypatch):
    inferred = []
    infer = shapes.infer

    def counted(function, args, kwargs):
        if isinstance(function, np.ufunc):
            inferred.append(function)
        return infer(function, args, kwargs)

    monkeypatch.setattr(shapes, "infer", counted)
    monkeypatch.setattr(shapes, "_known", {})

    def calls(steps):
        inferred.clear()
        shapes._known.clear()

        def total(x, w):
            for _ in range(steps):
                x = np.tanh(w * x + 0.5)
            return np.sum(x)

        x, w = np.linspace(0.1, 0.5, 3), np.array([0.5, 0.25, 0.75])
        compiled, eager = jac.compile(jac.grad(total, argnums=(0, 1))), jac.grad(total, argnums=(0, 1))
        for found, wanted in zip(compiled(x, w), eager(x, w), strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-12)
        return len(inferred)

    assert calls(8) == calls(40)
