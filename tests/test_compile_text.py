"""The text of a program: every argument is printed as Python that gives the same argument."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.special as sp

from jacobians.compiler import compile

x, A = np.array([0.3, 1.2, 0.7, 2.0]), np.arange(12.0).reshape(3, 4) / 7 + 1
S = A[:, :3] @ A[:, :3].T + 3 * np.eye(3)

CALLS: dict[str, tuple[Callable[[Any], Any], np.ndarray]] = {
    "neg zero": (lambda x: np.where(x > 1, -0.0, np.copysign(x, -0.0)), x),
    "nan inf": (lambda x: np.where(x > 1, np.nan, np.where(x > 0.5, np.inf, -np.inf)), x),
    "newaxis ellipsis": (lambda A: A[np.newaxis, ..., 1:3][..., ::-1], A),
    "neg step": (lambda A: A[::-1, None, -2], A),
    "slices none": (lambda A: A[:, 1:None:2], A),
    "fancy": (lambda A: A[[0, 2], [1, 3]], A),
    "fancy mask": (lambda A: A[np.array([True, False, True])], A),
    "dtype": (lambda x: x.astype(np.float32).astype(np.int64).astype(bool).astype(np.complex128), x),
    "reduce": (lambda A: np.add.reduce(A, axis=1), A),
    "reduce max": (lambda A: np.maximum.reduce(A, axis=0, keepdims=True), A),
    "outer": (lambda x: np.subtract.outer(x, x), x),
    "accumulate": (lambda A: np.add.accumulate(A, axis=1), A),
    "reduceat": (lambda x: np.add.reduceat(x, [0, 2]), x),
    "svd": (lambda A: np.linalg.svd(A, full_matrices=False)[1], A),
    "svd named": (lambda A: np.linalg.svd(A).S, A),
    "eigh": (lambda S: np.linalg.eigh(S), S),
    "qr": (lambda A: np.linalg.qr(A.T)[1], A),
    "slogdet": (lambda S: np.linalg.slogdet(S), S),
    "modf": (lambda x: np.modf(x), x),
    "frexp": (lambda x: np.frexp(x), x),
    "divmod": (lambda x: np.divmod(x, 0.4), x),
    "split": (lambda x: np.split(x, 2), x),
    "array_split": (lambda A: np.array_split(A, 2, axis=1), A),
    "meshgrid": (lambda x: np.meshgrid(x, x, indexing="ij"), x),
    "pad mode": (lambda x: np.pad(x, (1, 2), mode="mean"), x),
    "special": (lambda x: sp.gammaln(x) + sp.expit(x) * sp.jv(1, x) + sp.xlogy(x, x), x),
    "fft": (lambda x: np.fft.rfft(x, n=6), x),
    "emath": (lambda x: np.sinc(x) + np.real(x), x),
    "bool arg": (lambda A: np.sum(A, axis=0, keepdims=True), A),
    "dtype kw": (lambda A: np.sum(A, axis=0, dtype=np.float32), A),
    "where kw": (lambda A: np.sum(A, axis=0, where=A > 1.5), A),
    "initial": (lambda A: np.max(A, axis=0, initial=2.0), A),
    "round": (lambda x: np.round(x, 1), x),
    "clip": (lambda x: np.clip(x, 0.5, None), x),
    "clip2": (lambda x: x.clip(0.5, 1.0), x),
    "tensordot": (lambda A: np.tensordot(A, A, axes=([0], [0])), A),
    "einsum dots": (lambda A: np.einsum("...i,...i->...", A, A), A),
    "roll": (lambda A: np.roll(A, (1, 2), axis=(0, 1)), A),
    "percentile": (lambda A: np.percentile(A, [10, 50], axis=1, method="hazen"), A),
    "norm": (lambda A: np.linalg.norm(A, ord=np.inf, axis=(0, 1)), A),
    "matmul": (lambda A: (A @ A.T) ** 2 - ~(A @ A.T > 1) * 1.0, A),
    "power neg": (lambda x: (-x) ** 2 + 2**-x + (-2.0) * x, x),
    "floordiv": (lambda x: x // 0.3 % 0.2, x),
    "int ops": (lambda x: (np.argsort(x) << 1) | 1, x),
    "take along": (lambda A: np.take_along_axis(A, np.argsort(A, axis=1), axis=1), A),
    "interp": (lambda x: np.interp(x, [0.0, 1.0, 3.0], [1.0, 0.0, 4.0]), x),
    "convolve": (lambda x: np.convolve(x, [1.0, 2.0], mode="same"), x),
    "polyval": (lambda x: np.polyval([1.0, 2.0, 0.5], x), x),
    "complex": (lambda x: x * (1 - 2j) + np.exp(1j * x), x),
    "inf const": (lambda x: np.nan_to_num(x / np.array([0.5, np.inf, 1, 2]), posinf=3.0), x),
    "lexsort": (lambda x: np.lexsort((x, -x)), x),
    "apply_along": (lambda A: np.apply_along_axis(lambda r: r * r.sum(), 1, A), A),
    "unravel": (lambda A: np.unravel_index(np.argmax(A), A.shape), A),
    "linspace": (lambda x: np.linspace(x, 2 * x, 3, axis=1), x),
    "block": (lambda A: np.block([[A, A], [A, 2 * A]]), A),
    "swap": (lambda A: np.moveaxis(np.swapaxes(A[None], 0, 1), -1, 0), A),
    "ravel F": (lambda A: np.ravel(A, order="F"), A),
    "reshape F": (lambda A: A.reshape((2, 6), order="F"), A),
    "tiny": (lambda x: x * 1e-320 + 5e-324, x),
    "np scalar": (lambda x: np.float32(2) * x.astype(np.float32) + np.int8(1), x),
    "string": (lambda x: np.correlate(x, x, "full"), x),
    "tri": (lambda A: np.tril(A, -1) + np.triu(A, k=1), A),
    "histogram": (lambda x: np.histogram(x, bins=3, range=(0.0, 2.0)), x),
    "isclose": (lambda x: np.isclose(x, 0.3, equal_nan=True), x),
    "gradient": (lambda A: np.gradient(A, 0.5, axis=0, edge_order=2), A),
    "matrix_power": (lambda S: np.linalg.matrix_power(S, 3), S),
    "cross": (lambda S: np.cross(S[0], S[1:]), S),
    "vecdot": (lambda A: np.vecdot(A, A, axis=0), A),
}
# What a reader finds in the text.
WORDS = {
    "neg zero": "-0.0",
    "nan inf": "-np.inf",
    "newaxis ellipsis": "[None, ..., 1:3]",
    "neg step": "[::-1, None, -2]",
    "slices none": "[:, 1::2]",
    "dtype": "np.float32",
    "reduce": "np.add.reduce(A, axis=1)",
    "outer": "np.subtract.outer(x, x)",
    "accumulate": "np.add.accumulate(A, axis=1)",
    "svd": "np.linalg.svd(A, full_matrices=False)",
    "special": "special.gammaln(x)",
    "pad mode": "mode='mean'",
    "complex": "complex(1.0, -2.0)",
    "take along": "np.take_along_axis(A, v0, axis=1)",
    "tiny": "1e-320",
}


def leaves(value: Any) -> list[Any]:
    return [leaf for part in value for leaf in leaves(part)] if isinstance(value, (tuple, list)) else [value]


@pytest.mark.parametrize("name", list(CALLS))
def test_text_runs(name: str) -> None:
    function, array = CALLS[name]
    named = {"x": lambda x: function(x), "A": lambda A: function(A), "S": lambda S: function(S)}
    compiled = compile(named[next(word for word, value in (("x", x), ("A", A), ("S", S)) if value is array)])
    for other in (array, array + 0.01):
        found, expected = leaves(compiled(other)), leaves(function(other))
        for one, two in zip(found, expected, strict=True):
            assert np.shape(one) == np.shape(two)
            assert np.result_type(one) == np.result_type(two)
            np.testing.assert_allclose(one, two, rtol=1e-12, atol=1e-300)
    assert WORDS.get(name, "return") in compiled.source


SPARSE = """
import sys

import numpy as np

import jacobians as jac
from jacobians.labels import Label
from jacobians.reports.bundle import Problem, load_problem

if sys.argv[1:]:  # sets of labels in the order of other addresses
    Label.__hash__ = lambda self: id(self) * int(sys.argv[1]) % (2**61 - 1)
whole, chosen = load_problem(), np.arange(3000)
features = whole.features[chosen]
part = Problem(whole.cameras, whole.points[:100], whole.weights[chosen], chosen % 21, chosen % 100, features)
compiled = jac.compile(lambda x: jac.jacobian(part.residuals)(x).to_sparse())
_ = compiled(part.unknowns)
print(compiled.source)
"""


def test_the_text_is_the_same_in_every_process() -> None:
    """It depends neither on the hashes of words nor on the addresses of objects."""
    texts = []
    for seed, allocator, factor in (
        ("0", "default", []),
        ("1", "malloc", []),
        ("2", "default", ["1000003"]),
    ):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONMALLOC": allocator}
        run = subprocess.run(
            [sys.executable, "-c", SPARSE, *factor], capture_output=True, text=True, timeout=120, env=environment
        )
        assert run.returncode == 0, run.stderr
        texts.append(run.stdout)
    assert "einsum" in texts[0]
    assert texts.count(texts[0]) == len(texts)
