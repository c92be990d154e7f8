"""The text of every program is written against one namespace, `np`, so that another library can stand in its place."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import jacobians as jac
from benchmarks.problems import PROBLEMS
from jacobians.compiler.namespace import Namespace

BLOCKS = {"in_blocks", "borrow", "give_back"}
HELPERS = {*BLOCKS, "mirror", "symmetric_product"}  # printed with the text when it is saved
SCIPY = {"sparse", "special"}
PYTHON = {"range", "zip", "slice", "complex", "float", "int", "bool"}


def recurrence(x: Any) -> Any:
    h = x[:3]
    for n in range(3, 60):
        h = np.tanh(h * 0.5 + x[n])
    return np.sum(h)


def large(x: Any) -> Any:
    return np.sin(np.exp(-(x**2))) * np.where(x > 0, x, 0.5) + np.max(x)


def written(x: Any) -> Any:
    z = np.zeros_like(x)
    for n in range(1, len(x)):
        z[n] = 0.9 * z[n - 1] + x[n]
    return z


def programs() -> Iterator[tuple[str, Callable[..., Any], tuple[Any, ...]]]:
    for name, problem in PROBLEMS.items():
        case = problem.make(**next(iter(problem.small.values())))
        yield name, case.ours, case.arguments
    yield "loop", jac.grad(recurrence), (np.linspace(0, 1, 60),)
    yield "blocks", lambda x: (large(x), jac.jacobian(large)(x).diagonal()), (np.linspace(-1, 1, 60_000),)
    yield "writes", lambda x: (written(x), jac.jacobian(written)(x) @ x), (np.linspace(-1, 1, 60),)
    constants = np.array([np.inf, -np.inf, np.nan, 1.0])
    yield "numbers", lambda x: (x * constants, x * np.inf, x.astype(np.float32), x[None, ::2]), (np.ones(4),)


CASES = {name: (function, arguments) for name, function, arguments in programs()}


def names_of(text: str) -> set[str]:
    """The names that a text reads and does not define, constants left out."""
    tree = ast.parse(text)
    read, defined = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (defined if isinstance(node.ctx, ast.Store) else read).add(node.id)
        elif isinstance(node, ast.arguments):
            defined |= {argument.arg for argument in (*node.args, *node.kwonlyargs)}
        elif isinstance(node, ast.FunctionDef):
            defined.add(node.name)
    return {name for name in read - defined if not re.fullmatch(r"[cm]\d+", name)}


@pytest.mark.parametrize("name", CASES)
def test_one_namespace(name):
    function, arguments = CASES[name]
    compiled = jac.compile(function)
    _ = compiled(*arguments)
    found = names_of(compiled.source)
    assert found <= {"np", *HELPERS, *SCIPY, *PYTHON}, found
    assert (name == "blocks") == bool(found & BLOCKS)
    for kernel in compiled.programs:
        assert {"np"} <= set(kernel.space.imports.values()) <= {"np", *SCIPY}
        assert not kernel.space.objects


def test_constants_that_are_gone_lend_their_names_to_no_other():
    space = Namespace()
    arrays = [np.full(7, float(n)) for n in range(3)]
    names = [space.constant(np.array(array)) for array in arrays]  # each copy is freed before the next is made
    assert len(set(names)) == 3
    for name, array in zip(names, arrays, strict=True):
        np.testing.assert_array_equal(space.constants[name], array)
