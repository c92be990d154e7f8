"""CasADi: scalar expression graphs, run by its virtual machine, and as C compiled by gcc where that is there."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse

from ..measuring import Work
from ..problem import Case
from .peer import Build, Peer, library

__all__ = ["PEER"]

PROBLEMS = ("affine", "brusselator", "heat", "rosenbrock", "bundle")
LONG = 20_000  # entries beyond which gcc takes minutes over one straight line of C


def answers(case: Case) -> bool:
    return case.quantity in ("sparse", "sparse hessian") or (case.quantity == "gradient" and len(case.arguments) == 3)


def ways(problem: str, case: Case) -> dict[str, Build]:
    if problem not in PROBLEMS:
        return {}
    make = {"affine": affine, "bundle": bundle}.get(problem, sparse)
    return {"casadi": lambda: make(case, False), "casadi-gcc": lambda: make(case, True)}


def built(function: Any, compiled: bool) -> Any:
    """The function itself, or the same from C, compiled by gcc in a folder that is removed afterwards."""
    casadi = library("casadi")

    if not compiled:
        return function
    compiler = shutil.which("gcc")
    if compiler is None:
        raise NotImplementedError("there is no gcc")
    here = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # CasADi writes into the working directory only
        try:
            function.generate("generated.c")
        finally:
            os.chdir(here)
        shared = str(Path(folder) / "generated.so")
        command = [compiler, "-O2", "-march=native", "-shared", "-fPIC", str(Path(folder) / "generated.c")]
        subprocess.run([*command, "-o", shared, "-lm"], check=True, timeout=300, capture_output=True)
        return casadi.external(function.name(), shared)


def buffered(function: Any, inputs: list[Any]) -> tuple[Callable[[], None], list[np.ndarray]]:
    """CasADi's way of calling without copies: buffers that are read from and written to."""
    outputs: list[Any] = [np.zeros(function.nnz_out(n)) for n in range(function.n_out())]
    buffer, run = function.buffer()
    for n, array in enumerate(inputs):
        buffer.set_arg(n, memoryview(array))
    for n, array in enumerate(outputs):
        buffer.set_res(n, memoryview(array))

    def call(keep: Any = (buffer, inputs)) -> None:
        run()

    return call, outputs


def affine(case: Case, compiled: bool) -> Work:
    casadi = library("casadi")

    n = len(case.arguments[1])
    W, b, x = casadi.SX.sym("W", n, n), casadi.SX.sym("b", n), casadi.SX.sym("x", n)
    loss = casadi.sumsqr(W @ x + b)
    function = casadi.Function("affine", [W, b, x], [casadi.gradient(loss, W), casadi.gradient(loss, b)])
    inputs = [np.ascontiguousarray(argument.T) for argument in case.arguments]  # column by column
    run, (dW, db) = buffered(built(function, compiled), inputs)

    def call() -> Any:
        run()
        return dW.copy(), db.copy()

    return Work(call, lambda found: (found[0].reshape(n, n).T, found[1]))


def symbols(shape: tuple[int, ...]) -> tuple[Any, np.ndarray]:
    """A symbolic vector, and an object array of that shape of its entries, on which NumPy's functions run."""
    casadi = library("casadi")

    vector = casadi.SX.sym("x", int(np.prod(shape)))
    entries = np.empty(shape, object)
    entries.ravel()[:] = vector.elements()
    return vector, entries


class ObjectNumpy:
    """NumPy, with `pad` and `exp` for arrays of symbols."""

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    @staticmethod
    def exp(x: Any) -> Any:
        casadi = library("casadi")

        return np.vectorize(casadi.exp, otypes=[object])(x)


def sparse(case: Case, compiled: bool) -> Work:
    casadi = library("casadi")

    x = case.arguments[0]
    vector, entries = symbols(x.shape)
    value = case.function(ObjectNumpy())(entries)
    if case.quantity == "sparse hessian":
        matrix, _ = casadi.hessian(value, vector)
    else:
        matrix = casadi.jacobian(casadi.vertcat(*np.ravel(value)), vector)
    if compiled and matrix.nnz() > LONG:
        raise NotImplementedError(f"gcc takes minutes over {matrix.nnz():,} entries in one function")
    function = built(casadi.Function("sparse", [vector], [matrix]), compiled)
    columns, rows = (np.array(part) for part in matrix.sparsity().get_ccs())
    run, (data,) = buffered(function, [np.ascontiguousarray(x.ravel())])

    def call() -> Any:
        run()
        return scipy.sparse.csc_array((data.copy(), rows, columns), shape=matrix.shape)

    return Work(call, lambda found: found.tocsr())


def bundle(case: Case, compiled: bool) -> Work:
    """The Jacobian of one observation, mapped over all; its entries are then put in the order of the rows."""
    casadi = library("casadi")

    problem = case.data["bundle"]
    n, m, p = len(problem.cameras), len(problem.points), len(problem.weights)
    camera, point = casadi.SX.sym("camera", 11), casadi.SX.sym("point", 3)
    weight, feature = casadi.SX.sym("weight"), casadi.SX.sym("feature", 2)
    seen = project(camera, point)
    error = weight * (seen - feature)
    single = casadi.jacobian(error, casadi.vertcat(camera, point, weight))
    entries = casadi.vertcat(*single.T.nonzeros())  # row by row
    function = casadi.Function("observation", [camera, point, weight, feature], [entries])
    mapped = built(function.map(p), compiled)
    unknowns = case.arguments[0]
    inputs = [np.empty((p, 11)), np.empty((p, 3)), np.empty(p), np.ascontiguousarray(problem.features)]
    run, (data,) = buffered(mapped, inputs)
    indices, indptr, shape = case.data["indices"], case.data["indptr"], (3 * p, len(unknowns))

    def call() -> Any:
        inputs[0][...] = unknowns[: 11 * n].reshape(n, 11)[problem.camera_index]
        inputs[1][...] = unknowns[11 * n : 11 * n + 3 * m].reshape(m, 3)[problem.point_index]
        inputs[2][...] = unknowns[11 * n + 3 * m :]
        run()
        return scipy.sparse.csr_array((np.concatenate([data, -2 * inputs[2]]), indices, indptr), shape=shape)

    return Work(call)


def project(camera: Any, point: Any) -> Any:
    """The projection of `problems.bundle`, in CasADi's own words."""
    casadi = library("casadi")

    moved, turn = point - camera[3:6], camera[:3]
    angle = casadi.sqrt(casadi.sumsqr(turn))
    axis, cosine = turn / angle, casadi.cos(angle)
    rotated = moved * cosine + casadi.cross(axis, moved) * casadi.sin(angle)
    rotated += axis * casadi.dot(axis, moved) * (1 - cosine)
    plane = rotated[:2] / rotated[2]
    r2 = casadi.sumsqr(plane)
    return plane * (1 + camera[9] * r2 + camera[10] * r2**2) * camera[6] + camera[7:9]


PEER = Peer("casadi", ("casadi",), answers, ways)
