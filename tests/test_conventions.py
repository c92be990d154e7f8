"""The table of conventions in the docs: what it says of this library, in every mode, and of autograd."""

import re
import warnings
from pathlib import Path

import autograd
import numpy as np
import pytest

import jacobians as jac

PAGE = (Path(__file__).parent.parent / "docs" / "conventions.md").read_text(encoding="utf-8")
CELL = re.search(r"```\{code-cell\} python\n(import numpy as np.*?)\nprint\(", PAGE, re.DOTALL).group(1)


def table(cell):
    """The rows of the page: function, point, derivative here, in JAX, in autograd."""
    found = {}
    exec(cell, found)
    return found["conventions"]


OURS = table(CELL)
AUTOGRAD = table(CELL.replace("import numpy as np", "import numpy as onp, autograd.numpy as np"))


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("name", OURS)
def test_the_convention_holds_in_every_mode(name):
    function, point, expected, *_ = OURS[name]
    x = np.array(point)
    np.testing.assert_allclose(jac.grad(function)(x), expected)
    for mode in ("explicit", "lazy"):
        J = jac.jacobian(function, mode=mode)(x)
        np.testing.assert_allclose(J.to_array(), expected)
        np.testing.assert_allclose(J.vjp(np.ones(())), expected)
    if np.all(np.isfinite(expected)):
        direction = np.linspace(1.0, 2.0, x.size).reshape(x.shape)
        np.testing.assert_allclose(jac.jvp(function, (x,), (direction,))[1], np.sum(direction * expected))


@pytest.mark.parametrize("name", OURS)
def test_a_finite_convention_has_single_precision(name):
    function, point, expected, *_ = OURS[name]
    slope = jac.grad(function)(np.array(point, np.float32))
    assert slope.dtype == np.float32
    np.testing.assert_allclose(slope, expected)


@pytest.mark.parametrize("name", [name for name, row in AUTOGRAD.items() if row[4] is not None])
def test_autograd_is_told_of_truly(name):
    function, point, _, _, expected = AUTOGRAD[name]
    np.testing.assert_allclose(autograd.grad(function)(np.array(point)), expected)
