"""The table of rules as data: kinds, coverage by rows, nothing twice, and what an unregistered function says."""

from __future__ import annotations

import contextlib
import importlib.util
import inspect
import pkgutil
import warnings
from collections import Counter

import numpy as np
import numpy.char
import numpy.fft  # these load lazily: before that, their functions are not listed
import numpy.lib.recfunctions
import numpy.ma
import numpy.polynomial
import numpy.rec
import numpy.strings
import pytest
import scipy.special
from numpy.testing import overrides
from row_checks import all_rows

import jacobians as jac
from jacobians import registry, rules, tracing
from jacobians.registry import function_name, registered

KINDS = {"elementwise", "multilinear", "gather", "composed", "local", "nondifferentiable", "unsupported"}
DIFFERENTIABLE = KINDS - {"nondifferentiable", "unsupported"}
RULES = registered()

SMOOTH_UFUNCS = """
    absolute add arccos arccosh arcsin arcsinh arctan arctan2 arctanh cbrt conjugate copysign cos cosh deg2rad degrees
    divide exp exp2 expm1 fabs float_power fmax fmin fmod hypot log log10 log1p log2 logaddexp logaddexp2 matmul
    maximum minimum multiply negative positive power rad2deg radians reciprocal remainder sin sinh sqrt square
    subtract tan tanh vecdot matvec vecmat
"""
TWINS = "eye fromfunction full genfromtxt identity loadtxt ones require tri"
STEPS = "sign floor ceil rint trunc floor_divide spacing fix round around zeros_like ones_like empty_like"
SMOOTH_FUNCTIONS = """
    dot vdot inner outer tensordot einsum kron cross trace matrix_transpose convolve correlate linalg.matmul
    linalg.vecdot linalg.tensordot linalg.outer linalg.cross linalg.trace linalg.diagonal linalg.matrix_transpose
    linalg.multi_dot sum mean std var prod cumsum cumprod cumulative_sum cumulative_prod max min amax amin ptp average
    nansum nanmean nanstd nanvar nanprod nancumsum nancumprod nanmax nanmin diff ediff1d gradient trapezoid reshape
    ravel transpose swapaxes moveaxis rollaxis squeeze expand_dims broadcast_to broadcast_arrays concatenate stack
    vstack hstack dstack column_stack block append split array_split hsplit vsplit dsplit unstack tile repeat roll
    flip fliplr flipud rot90 pad diag diagflat diagonal tril triu atleast_1d atleast_2d atleast_3d copy astype resize
    insert delete trim_zeros meshgrid lib.stride_tricks.sliding_window_view where select piecewise choose compress
    extract take take_along_axis sort partition clip nan_to_num apply_along_axis apply_over_axes real imag sinc
    linalg.cholesky linalg.det linalg.slogdet linalg.inv linalg.pinv linalg.solve linalg.lstsq
    linalg.tensorinv linalg.tensorsolve linalg.eigh linalg.eigvalsh linalg.svd linalg.svdvals linalg.qr linalg.norm
    linalg.matrix_norm linalg.vector_norm linalg.matrix_power linalg.cond full_like linspace logspace geomspace
"""


def named(name):
    """A function of NumPy by its name; None where this version lacks it."""
    found = np
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def test_kinds_are_known():
    assert {rule.kind for rule in RULES.values()} <= KINDS
    assert [function_name(f) for f, rule in RULES.items() if rule.function is not f] == []
    assert [
        function_name(f) for f, rule in RULES.items() if rule.kind in DIFFERENTIABLE and not callable(rule.run)
    ] == []
    assert [function_name(f) for f, rule in RULES.items() if rule.kind == "unsupported" and not rule.reason] == []


def test_every_ufunc_is_declared():
    ufuncs = overrides.get_overridable_numpy_ufuncs()
    assert len(ufuncs) > 100
    assert sorted(function_name(f) for f in ufuncs if f not in RULES) == []


def test_every_array_function_is_declared():
    """Each is differentiated, constant or refused, in whatever module of NumPy it is."""
    functions = overrides.get_overridable_numpy_array_functions()
    assert len(functions) > 320
    missing = {function_name(f) for f in functions if f not in RULES}
    # The makers with like= are listed twice: the public function, and a twin that is called only without it.
    assert missing == {"np." + name for name in TWINS.split()}
    assert [name for name in TWINS.split() if RULES[getattr(np, name)].category != "differentiable"] == []


def test_no_module_hides_functions():
    """Whatever else of NumPy is imported, nothing more turns up that can be overridden."""
    before = overrides.get_overridable_numpy_array_functions()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy.matlib and others are deprecated
        for module in pkgutil.walk_packages(np.__path__, "numpy."):
            if not any(part in module.name for part in ("tests", "f2py", "distutils", "_pyinstaller", "conftest")):
                with contextlib.suppress(ImportError):
                    _ = importlib.import_module(module.name)
    assert overrides.get_overridable_numpy_array_functions() == before


METHODS = ("__call__", "reduce", "accumulate", "reduceat", "outer", "at")


def knows(ufunc, method):
    """Whether NumPy knows this method of a ufunc."""
    if method == "__call__":
        return True
    if method == "outer":
        return ufunc.nin == 2 and not ufunc.signature
    if ufunc.signature or ufunc.nout > 1:
        return False
    return ufunc.nin == 2 or (method == "at" and ufunc.nin == 1)


NUMERIC = [f for f in overrides.get_overridable_numpy_ufuncs() if any(set("fd") & set(types) for types in f.types)]
INTEGER = [f for f in overrides.get_overridable_numpy_ufuncs() if f not in NUMERIC and "ll->l" in f.types]


@pytest.mark.parametrize("method", METHODS)
def test_every_method_of_a_ufunc_is_declared(method):
    found = {f: tracing.rule_of_method(f, method) for f in (*NUMERIC, *INTEGER)}
    assert [function_name(f) for f, rule in found.items() if knows(f, method) and rule is None] == []
    assert [
        function_name(f) for f, rule in found.items() if rule and rule.category == "unsupported" and not rule.reason
    ] == []


@pytest.mark.parametrize("method", METHODS[1:])
def test_a_method_that_numpy_lacks_raises_as_there(method):
    for ufunc in NUMERIC:
        if not knows(ufunc, method) and not (method == "at" and ufunc.nout == 1):
            arguments = {"reduceat": ([0],), "at": ([0], 1.0), "outer": (np.eye(2),)}.get(method, ())
            with pytest.raises((ValueError, TypeError, RuntimeError)):
                jac.jacobian(lambda x, f=ufunc, more=arguments: getattr(f, method)(x, *more))(np.eye(2))


def test_each_category_is_known():
    assert {rule.category for rule in RULES.values()} == {"differentiable", "constant", "unsupported"}
    assert {rule.kind for rule in RULES.values() if rule.category == "differentiable"} <= DIFFERENTIABLE


def test_smooth_functions_have_rules():
    functions = [f for f in map(named, (SMOOTH_UFUNCS + SMOOTH_FUNCTIONS).split()) if f is not None]
    assert [function_name(f) for f in functions if kind(f) not in DIFFERENTIABLE] == []
    assert [name for name in STEPS.split() if kind(named(name)) != "nondifferentiable"] == []


def kind(function):
    return RULES[function].kind if function in RULES else None


def test_rules_are_of_overridable_functions():
    """A rule of a function that never dispatches would never run."""
    ufuncs = overrides.get_overridable_numpy_ufuncs()
    known = {*ufuncs, *overrides.get_overridable_numpy_array_functions()}
    known |= {getattr(ufunc, method) for ufunc in ufuncs for method in ("reduce", "accumulate", "reduceat")}
    numpys = [f for f in RULES if function_name(f).startswith("np.")]
    assert [
        function_name(f) for f in numpys if f not in known and not overrides.allows_array_function_override(f)
    ] == []


def test_every_differentiable_rule_has_a_row():
    covered = {row.covers for rows in all_rows().values() for row in rows}
    assert sorted(function_name(f) for f, r in RULES.items() if r.kind in DIFFERENTIABLE and f not in covered) == []
    assert sorted(function_name(f) for f in covered if f not in RULES) == []


def test_no_rule_is_stated_twice(monkeypatch):
    """The modules of rules run once more, as modules of their own, into a table that counts."""
    count: Counter = Counter()

    class Counting(dict):
        def __setitem__(self, function, rule):
            count[function] += 1
            super().__setitem__(function, rule)

    monkeypatch.setattr(registry, "_RULES", Counting())
    for _, name, _ in pkgutil.iter_modules(rules.__path__, rules.__name__ + "."):
        spec = importlib.util.find_spec(name)
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    assert set(count) == set(RULES)
    assert [function_name(f) for f, times in count.items() if times > 1] == []
    assert set() == registry._COMPLEX_TOO


UNREGISTERED = [scipy.special._ufuncs._sinpi, scipy.special._ufuncs._smirnovp]


@pytest.mark.parametrize("function", UNREGISTERED, ids=function_name)
def test_an_unregistered_function_is_named(function):
    with pytest.raises(jac.UnsupportedFunctionError) as caught:
        jac.jacobian(lambda x: function(*[x] * function.nin))(np.eye(2))
    message = str(caught.value)
    assert caught.value.function == function_name(function)
    assert f"{function_name(function)} has no rule" in message
    assert f"jacobians.elementwise({function_name(function)}, " in message
    assert "jacobians.primal(x)" in message
    assert len(message.splitlines()) <= 6


def operands(function):
    if isinstance(function, np.ufunc):
        return function.nin
    if isinstance(getattr(function, "__self__", None), np.ufunc):
        return 2 if function.__name__ == "reduceat" else 1
    compiled = {np.copyto: 2, np.putmask: 3, np.busday_count: 2, np.busday_offset: 2}
    compiled |= dict.fromkeys((np.packbits, np.unpackbits, np.is_busday, np.datetime_as_string), 1)
    if function in compiled:  # they tell no signature on older NumPy
        return compiled[function]
    return sum(p.default is p.empty for p in inspect.signature(function).parameters.values())


@pytest.mark.parametrize("function", [f for f, rule in RULES.items() if rule.kind == "unsupported"], ids=function_name)
def test_an_unsupported_function_tells_why(function):
    with pytest.raises(jac.UnsupportedFunctionError) as caught:
        jac.jacobian(lambda x: function(*[x] * operands(function)))(np.ones(2))
    assert caught.value.reason == RULES[function].reason
    assert RULES[function].reason in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 6


def test_an_unregistered_function_of_constants_is_free():
    np.testing.assert_array_equal(
        jac.jacobian(lambda x: x * np.unique(np.array([1.0, 1.0])))(np.array([3.0])).to_array(), [[1.0]]
    )


def test_a_new_rule_takes_the_place_of_an_old_one(monkeypatch):
    monkeypatch.setattr(registry, "_RULES", dict(RULES))
    jac.elementwise(np.i0, lambda y, x: np.exp(x))
    assert jac.grad(np.i0)(0.0) == 1.0
    jac.unsupported("for a test", np.i0)
    with pytest.raises(jac.UnsupportedFunctionError, match="i0 has no rule for a test"):
        jac.grad(np.i0)(0.0)
