"""Cosine, sine and Hermitian transforms of scipy.fft: against SciPy's own, of unit vectors and of tangents."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import scipy.fft
from complex_functions import cplx
from test_custom_complex import along, like

import jacobians as jac
from jacobians.scipy import fft

rng = np.random.default_rng(4)
OPTIONS = list(
    product(("dct", "dst", "idct", "idst"), (1, 2, 3, 4), (None, "ortho", "forward", "backward"), (None, True, False))
)


@pytest.mark.parametrize(("name", "type", "norm", "orthogonalize"), OPTIONS)
def test_matrices(name, type, norm, orthogonalize):
    """Both directions, against the matrix of unit vectors."""
    options = {"type": type, "norm": norm, "orthogonalize": orthogonalize}
    for size in (2, 5):
        x, c = rng.normal(size=size), rng.normal(size=size)
        matrix = getattr(scipy.fft, name)(np.eye(size), axis=0, **options)
        value, J = jac.value_and_jacobian(lambda x: getattr(fft, name)(x, **options))(x)
        np.testing.assert_allclose(value, matrix @ x, atol=1e-12)
        np.testing.assert_allclose(J.to_array(), matrix, atol=1e-12)
        np.testing.assert_allclose(J @ c, matrix @ c, atol=1e-12)
        np.testing.assert_allclose(c @ J, c @ matrix, atol=1e-12)


SEVERAL = {
    "dctn": {"s": (3, 6), "axes": (0, 2), "norm": "ortho"}, "idctn": {"type": 3}, "dstn": {"axes": (1,), "s": (2,)},
    "idstn": {"norm": "forward"}, "dct": {"n": 7, "axis": 1}, "idst": {"n": 2, "axis": -2},
    "dst": {"type": 1, "axis": 0},
}  # fmt: skip


@pytest.mark.parametrize("name", SEVERAL)
def test_several_axes_and_other_sizes(name):
    options, original = SEVERAL[name], getattr(scipy.fft, name)
    for x in (rng.normal(size=(2, 4, 5)), cplx(2, 4, 5)):
        h = like(x, 1)
        value, tangent = jac.jvp(lambda x: getattr(fft, name)(x, **options), (x,), (h,))
        np.testing.assert_allclose(value, original(x, **options), atol=1e-12)
        np.testing.assert_allclose(tangent, original(h, **options), atol=1e-12)
        c = like(value, 2)
        (pulled,) = jac.vjp(lambda x: getattr(fft, name)(x, **options), x)[1](c)
        assert abs(np.sum(pulled * h).real - np.sum(c * original(h, **options)).real) < 1e-10
        np.testing.assert_array_equal(getattr(fft, name)(x, **options), original(x, **options))
        gradient = jac.grad(lambda x: np.sum(np.abs(getattr(fft, name)(x, **options)) ** 4))
        np.testing.assert_allclose(jac.jvp(gradient, (x,), (h,))[1], along(gradient, x, h), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", ["hfft2", "hfftn", "ihfft2", "ihfftn"])
@pytest.mark.parametrize("norm", [None, "ortho", "forward"])
def test_hermitian_transforms(name, norm):
    x = rng.normal(size=(3, 4)) if name.startswith("i") else cplx(3, 4)
    for options in ({}, {"s": (4, 5)}, {"axes": (1, 0)}):
        original = getattr(scipy.fft, name)
        h = like(x, 1)
        value, tangent = jac.jvp(lambda x, options=options: getattr(fft, name)(x, norm=norm, **options), (x,), (h,))
        np.testing.assert_allclose(value, original(x, norm=norm, **options), atol=1e-12)
        np.testing.assert_allclose(tangent, original(h, norm=norm, **options), atol=1e-12)


def test_structure_precision_and_programs():
    x = rng.normal(size=2000).astype(np.float32)
    J = jac.jacobian(lambda x: fft.dct(x, norm="ortho"), mode="explicit")(x)
    assert J.structure == "operator"
    assert J.nbytes < 10 * x.nbytes
    assert (J @ x).dtype == (x @ J).dtype == np.float32
    f = jac.grad(lambda x: np.sum(np.abs(fft.idctn(fft.dctn(x) ** 2))))
    np.testing.assert_allclose(jac.compile(f)(np.ones((3, 4))), f(np.ones((3, 4))), rtol=1e-12)
    assert jac.jacobian(fft.dct)(np.ones(1)).to_array().tolist() == [[2.0]]
