"""Bundle adjustment: cameras, points and weights that explain where points were seen, and the residuals' Jacobian.

`load_problem()` reads the smallest input of ADBench that ships with the library; `Problem.residuals` is plain NumPy,
written for one flat vector; `bundle_report()` differentiates it and returns a `BundleReport`, which prints itself.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterable
from functools import cached_property
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np

from ..errors import format_bytes
from ..transforms import jacobian
from .comparison import medians
from .table import Progress, seconds, silent

__all__ = ["BundleReport", "Problem", "bundle_report", "load_problem"]

CAMERA = 11  # rotation 3, centre 3, focal length, principal point 2, radial distortion 2
NAME = "ba1_n49_m7776_p31843.txt"

Columns = Callable[[Callable[[Any], Any], np.ndarray, Iterable[int]], np.ndarray]


class Problem:
    """A bundle adjustment: which camera saw which point where, and a first guess of all cameras, points and weights.

    Parameters
    ----------
    cameras : ndarray, shape (n, 11)
    points : ndarray, shape (m, 3)
    weights : ndarray, shape (p,)
    camera_index, point_index : ndarray of int, shape (p,)
        The camera and the point of each observation.
    features : ndarray, shape (p, 2)
        Where the point was seen.
    """

    def __init__(
        self,
        cameras: np.ndarray,
        points: np.ndarray,
        weights: np.ndarray,
        camera_index: np.ndarray,
        point_index: np.ndarray,
        features: np.ndarray,
    ) -> None:
        self.cameras, self.points, self.weights = cameras, points, weights
        self.camera_index, self.point_index, self.features = camera_index, point_index, features

    @cached_property
    def unknowns(self) -> np.ndarray:
        """All cameras, points and weights as one vector of 11 n + 3 m + p numbers."""
        return np.concatenate([self.cameras.ravel(), self.points.ravel(), self.weights])

    def residuals(self, unknowns: np.ndarray) -> np.ndarray:
        """The weighted errors of the projections (2 p numbers) and ``1 - weight**2`` (p numbers)."""
        n, m, p = len(self.cameras), len(self.points), len(self.weights)
        cameras = unknowns[: CAMERA * n].reshape(n, CAMERA)
        points = unknowns[CAMERA * n : CAMERA * n + 3 * m].reshape(m, 3)
        weights = unknowns[CAMERA * n + 3 * m :].reshape(p)
        error = project(cameras[self.camera_index], points[self.point_index]) - self.features
        return np.concatenate([(weights[:, None] * error).ravel(), 1 - weights**2])


def project(cameras: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Where a camera sees a point, for rows of both: shapes (p, 11) and (p, 3) give (p, 2)."""
    rotation, centre, focal = cameras[:, :3], cameras[:, 3:6], cameras[:, 6:7]
    principal, k1, k2 = cameras[:, 7:9], cameras[:, 9:10], cameras[:, 10:11]
    seen = rotate(rotation, points - centre)
    plane = seen[:, :2] / seen[:, 2:]
    r2 = np.sum(plane**2, axis=1, keepdims=True)
    return plane * (1 + k1 * r2 + k2 * r2**2) * focal + principal


def rotate(rotation: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Turn each point about the axis `rotation` by its length (Rodrigues' formula), rows of shape (p, 3).

    Where the rotation is zero this is the first-order limit ``X + rotation x X``.
    """
    squared = np.sum(rotation**2, axis=1, keepdims=True)
    turns = squared > 0
    angle = np.sqrt(np.where(turns, squared, 1.0))  # 1 keeps the root differentiable where it is not used
    axis, cosine = rotation / angle, np.cos(angle)
    along = np.sum(axis * points, axis=1, keepdims=True)
    turned = points * cosine + np.cross(axis, points) * np.sin(angle) + axis * along * (1 - cosine)
    return np.where(turns, turned, points + np.cross(rotation, points))


def load_problem(seed: int = 0) -> Problem:
    """ADBench's smallest bundle adjustment: 49 cameras, 7,776 points, 31,843 observations.

    The file gives one camera, one point, one weight and one feature, to be repeated. All observations would have the
    same derivative, so that a wrong index could not be told from a right one: each number is perturbed by about 1 %.

    Parameters
    ----------
    seed : int
        Of the perturbation.
    """
    text = files("jacobians").joinpath("data", "adbench", NAME).read_text(encoding="ascii")
    sizes, *values = text.strip().split("\n")
    n, m, p = map(int, sizes.split())
    camera, point, weight, feature = (np.array(line.split(), dtype=float) for line in values)
    generator = np.random.default_rng(seed)

    def perturbed(row: np.ndarray, count: int) -> np.ndarray:
        return row * (1 + 0.01 * generator.standard_normal((count, row.size)))

    observations = np.arange(p)
    return Problem(
        perturbed(camera, n),
        perturbed(point, m),
        perturbed(weight, p)[:, 0],
        observations % n,
        observations % m,
        perturbed(feature, p),
    )


class BundleReport(NamedTuple):
    """The sparse Jacobian of a bundle adjustment, what it took, and how far it is from finite differences.

    Attributes
    ----------
    problem : Problem
    matrix : scipy.sparse.csr_array, shape (3 p, 11 n + 3 m + p)
    duration : float
        Seconds from the function to the matrix, tracing included; the median of three runs after a first one.
    evaluation : float
        Seconds of one evaluation of the residuals.
    peak : int
        Bytes allocated at most at a time during one more run.
    columns : int
        How many columns were compared with central differences, all rows of each.
    difference : float
        The largest difference, relative to the largest number of its column.
    """

    problem: Problem
    matrix: Any
    duration: float
    evaluation: float
    peak: int
    columns: int
    difference: float

    @property
    def nbytes(self) -> int:
        """Bytes of the sparse matrix: numbers and indices."""
        return self.matrix.data.nbytes + self.matrix.indices.nbytes + self.matrix.indptr.nbytes

    def __str__(self) -> str:
        n, m, p = len(self.problem.cameras), len(self.problem.points), len(self.problem.weights)
        rows, columns = self.matrix.shape
        entries, held = self.matrix.nnz, format_bytes(self.nbytes)
        zeros = " (ADBench stores 31, two of them always zero)" if entries == 29 * p else ""
        lines = {
            "Jacobian of the residuals": f"{rows:,} x {columns:,}, dense {format_bytes(8 * rows * columns)}",
            "jacobian(f)(x).to_sparse()": f"{entries:,} entries, {entries / p:g} per observation, {held}{zeros}",
            "time, tracing included": f"{seconds(self.duration)} ({seconds(self.evaluation)} to evaluate f)",
            "peak memory": format_bytes(self.peak),
            "central differences": f"{self.columns} columns compared, relative difference {self.difference:.1e}",
        }
        return (
            f"{n} cameras, {m:,} points, {p:,} observations (ADBench ba1). The file repeats one camera and one point;\n"
            "here each number is perturbed by 1 %, so that no two observations have the same derivative.\n\n"
        ) + "\n".join(f"{name:28}{value}" for name, value in lines.items())


def bundle_report(
    problem: Problem, numerical_columns: Columns, *, columns: int = 12, progress: Progress = silent
) -> BundleReport:
    """Differentiate the residuals of a problem, and compare some columns with numbers from elsewhere.

    Parameters
    ----------
    problem : Problem
    numerical_columns : callable
        ``numerical_columns(f, x, positions)``, the derivative's columns at these positions by finite differences.
    columns : int
        How many columns to compare: a third each of cameras, points and weights, drawn with a fixed seed.
    progress : callable, optional
        Called with a message before each step.
    """
    x = problem.unknowns

    def sparse() -> Any:
        return jacobian(problem.residuals)(x).to_sparse("csr")

    progress("bundle adjustment: the sparse Jacobian, four times")
    matrix = sparse()
    duration, evaluation = medians(3, sparse, lambda: problem.residuals(x))
    progress("bundle adjustment: once more, counting memory")
    peak = _peak_memory(sparse)
    progress(f"bundle adjustment: central differences for {columns} columns")
    positions = _sample(problem, columns)
    numerical = numerical_columns(problem.residuals, x, positions)
    computed = matrix[:, positions].toarray()
    scale = np.max(np.abs(numerical), axis=0)
    difference = float(np.max(np.abs(computed - numerical) / scale))
    return BundleReport(problem, matrix, duration, evaluation, peak, len(positions), difference)


def _sample(problem: Problem, count: int) -> list[int]:
    """Positions among the unknowns, in equal parts cameras, points and weights."""
    generator = np.random.default_rng(1)
    sizes = np.array([problem.cameras.size, problem.points.size, problem.weights.size])
    parts = zip(np.cumsum(sizes) - sizes, sizes, strict=True)
    drawn = [start + generator.choice(size, count // 3, replace=False) for start, size in parts]
    return np.concatenate(drawn).tolist()


def _peak_memory(work: Callable[[], Any]) -> int:
    """Bytes that the work allocates at most at a time, its result included (NumPy reports its buffers)."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        result = work()
        peak = tracemalloc.get_traced_memory()[1] - before
        del result
    finally:
        tracemalloc.stop()
    return peak
