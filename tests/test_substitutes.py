"""SciPy's own functions, called with traced values, name those of `jacobians.scipy`."""

import numpy as np
import pytest
import scipy.linalg
import scipy.signal
import scipy.sparse.linalg
import scipy.special
import scipy.stats

import jacobians as jac

X = np.array([0.5, 1.5, 2.5])


@pytest.mark.filterwarnings("ignore:Calling expm with arguments of dtype=object:DeprecationWarning")  # of SciPy 1.18
@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda x: scipy.special.polygamma(1, x), "special.polygamma"),
        (lambda x: scipy.special.multigammaln(x, 2), "special.multigammaln"),
        (lambda x: scipy.linalg.expm(np.outer(x, x)), "linalg.expm"),
        (lambda x: scipy.signal.fftconvolve(x, x), "signal.fftconvolve"),
        (lambda x: scipy.stats.norm.logpdf(x), "stats.norm"),
        (lambda x: scipy.stats.norm(x, 1.0).cdf(0.3), "stats.norm"),
        (lambda x: scipy.sparse.linalg.spsolve(scipy.sparse.eye_array(3, format="csc"), x), "sparse.linalg.spsolve"),
    ],
)
def test_functions_of_scipy_name_those_in_their_place(call, name):
    for traced in (jac.jacobian(call), jac.compile(jac.jacobian(call))):
        with pytest.raises((TypeError, ValueError, RuntimeError)) as caught:
            _ = traced(X)
        (note,) = caught.value.__notes__
        assert note == f"A traced value does not get through scipy.{name}. Use jacobians.scipy.{name}."


def test_functions_of_scipy_that_are_not_offered_name_none():
    with pytest.raises((TypeError, ValueError, RuntimeError)) as caught:
        _ = jac.jacobian(lambda x: scipy.signal.medfilt(x))(X)
    assert "jacobians.scipy.signal.medfilt" not in "".join(getattr(caught.value, "__notes__", ()))
