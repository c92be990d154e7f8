"""Bundle adjustment (ADBench): the Jacobian of 3 p residuals for cameras, points and weights, as CSR.

Data and sizes are those of ADBench's smallest input, perturbed so that no two observations are alike
(`jacobians.reports.bundle`); the residuals are written once more here, so that every library can read them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse

import jacobians as jac
from jacobians.reports.bundle import Problem as Bundle
from jacobians.reports.bundle import load_problem

from ..problem import Case, Problem, Target
from ..references import check_matrix

__all__ = ["PROBLEMS", "projection"]

CAMERA = 11  # rotation 3, centre 3, focal length, principal point 2, radial distortion 2


def projection(np: Any) -> Any:
    """``project(cameras, points)``: rows of shapes (p, 11) and (p, 3) give (p, 2)."""

    def rotate(rotation, points):
        squared = np.sum(rotation**2, axis=1, keepdims=True)
        angle = np.sqrt(squared)
        axis, cosine = rotation / angle, np.cos(angle)
        along = np.sum(axis * points, axis=1, keepdims=True)
        return points * cosine + np.cross(axis, points) * np.sin(angle) + axis * along * (1 - cosine)

    def project(cameras, points):
        seen = rotate(cameras[:, :3], points - cameras[:, 3:6])
        plane = seen[:, :2] / seen[:, 2:]
        r2 = np.sum(plane**2, axis=1, keepdims=True)
        distortion = 1 + cameras[:, 9:10] * r2 + cameras[:, 10:11] * r2**2
        return plane * distortion * cameras[:, 6:7] + cameras[:, 7:9]

    return project


def make(cameras: int, points: int, observations: int) -> Case:
    whole = load_problem()
    chosen = np.arange(observations)
    bundle = Bundle(
        whole.cameras[:cameras],
        whole.points[:points],
        whole.weights[:observations],
        chosen % cameras,
        chosen % points,
        whole.features[:observations],
    )
    n, m = cameras, points
    camera_index, point_index, features = bundle.camera_index, bundle.point_index, bundle.features

    def residuals(np: Any) -> Any:
        project = projection(np)

        def f(unknowns):
            cameras = unknowns[: CAMERA * n].reshape(n, CAMERA)
            points = unknowns[CAMERA * n : CAMERA * n + 3 * m].reshape(m, 3)
            weights = unknowns[CAMERA * n + 3 * m :]
            error = project(cameras[camera_index], points[point_index]) - features
            return np.concatenate([(weights[:, None] * error).reshape(-1), 1 - weights**2])

        return f

    f = residuals(np)
    jacobian = jac.jacobian(f)
    arguments = (bundle.unknowns,)
    hand = Expert(bundle)
    return Case(
        "sparse",
        residuals,
        arguments,
        ours=lambda x: jacobian(x).to_sparse(),
        hand=hand,
        check=lambda found: check_matrix(f, arguments, 0, found),
        plan=lambda: jacobian(*arguments),
        data={"bundle": bundle, "indices": hand.indices, "indptr": hand.indptr},
    )


class Expert:
    """The derivative by hand: what belongs to a camera is computed for the cameras, the rest for each observation."""

    def __init__(self, bundle: Bundle) -> None:
        self.camera, self.point, self.features = bundle.camera_index, bundle.point_index, bundle.features
        self.n, self.m, self.p = len(bundle.cameras), len(bundle.points), len(bundle.weights)
        n, m, p = self.n, self.m, self.p
        # Of the row of u: camera without the second coordinate of the principal point, point, weight; of v likewise.
        of_camera = np.array([[0, 1, 2, 3, 4, 5, 6, 7, 9, 10], [0, 1, 2, 3, 4, 5, 6, 8, 9, 10]])
        columns = np.empty((p, 2, 14), np.int64)
        columns[:, :, :10] = CAMERA * self.camera[:, None, None] + of_camera
        columns[:, :, 10:13] = CAMERA * n + 3 * self.point[:, None, None] + np.arange(3)
        weight = CAMERA * n + 3 * m + np.arange(p)
        columns[:, :, 13] = weight[:, None]
        self.indices = np.concatenate([columns.ravel(), weight]).astype(np.int32)
        self.indptr = np.concatenate([14 * np.arange(2 * p), 28 * p + np.arange(p + 1)]).astype(np.int32)
        self.shape = (3 * p, CAMERA * n + 3 * m + p)

    def __call__(self, unknowns: np.ndarray) -> Any:
        n, m, p = self.n, self.m, self.p
        cameras = unknowns[: CAMERA * n].reshape(n, CAMERA)
        points = unknowns[CAMERA * n : CAMERA * n + 3 * m].reshape(m, 3)
        weights = unknowns[CAMERA * n + 3 * m :]
        R, turn = rotations(cameras[:, :3])
        table = np.concatenate([R.reshape(n, 9), turn.reshape(n, 9), cameras[:, 3:]], axis=1)
        of = np.ascontiguousarray(table.T)[:, self.camera]  # one row for each number of the camera
        R, turn, centre = of[:9].reshape(3, 3, p), of[9:18].reshape(3, 3, p), of[18:21]
        focal, principal, k1, k2 = of[21], of[22:24], of[24], of[25]

        v = np.ascontiguousarray(points.T)[:, self.point] - centre
        y = R[:, 0] * v[0] + R[:, 1] * v[1] + R[:, 2] * v[2]
        u = y[:2] / y[2]
        square = u * u
        r2 = square[0] + square[1]
        g = 1 + r2 * (k1 + k2 * r2)
        s = 2 * k1 + 4 * (k2 * r2)
        scaled = focal * weights
        a = scaled / y[2]

        # The projection's derivative for y is (g + s u u.T) a [1, -u]; each row of it then meets R.
        entries = np.empty(29 * p)
        rows = entries[: 28 * p].reshape(p, 2, 14)
        mixed = s * u[0] * u[1]
        error = u * (g * focal)
        error += principal
        error -= self.features.T
        for row in (0, 1):
            first = a * (g + s * square[0] if row == 0 else mixed)
            second = a * (mixed if row == 0 else g + s * square[1])
            third = -(first * u[0] + second * u[1])
            P = first * R[0] + second * R[1] + third * R[2]
            rows[:, row, 10:13] = P.T
            np.negative(P.T, out=rows[:, row, 3:6])
            cross = (P[1] * v[2] - P[2] * v[1], P[2] * v[0] - P[0] * v[2], P[0] * v[1] - P[1] * v[0])
            bent = cross[0] * turn[0] + cross[1] * turn[1] + cross[2] * turn[2]
            np.negative(bent.T, out=rows[:, row, 0:3])
            slope = weights * u[row]
            rows[:, row, 6] = slope * g
            rows[:, row, 7] = weights
            slope *= focal
            slope *= r2
            rows[:, row, 8] = slope
            rows[:, row, 9] = slope * r2
            rows[:, row, 13] = error[row]
        entries[28 * p :] = -2 * weights
        return scipy.sparse.csr_array((entries, self.indices, self.indptr), shape=self.shape)


def rotations(r: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The matrices R of rotation vectors, and B with d(R v)/dr = -R [v]x B (Gallego and Yezzi 2015, eq. 8)."""
    squared = np.sum(r * r, axis=1)[:, None, None]
    angle = np.sqrt(squared)
    cross = np.zeros((len(r), 3, 3))
    cross[:, 0, 1], cross[:, 0, 2], cross[:, 1, 2] = -r[:, 2], r[:, 1], -r[:, 0]
    cross -= cross.transpose(0, 2, 1)
    outer = r[:, :, None] * r[:, None, :]
    eye = np.eye(3)
    R = np.cos(angle) * eye + np.sin(angle) / angle * cross + (1 - np.cos(angle)) / squared * outer
    return R, (outer + (R.transpose(0, 2, 1) - eye) @ cross) / squared


PROBLEMS = (
    Problem(
        "bundle",
        "bundle adjustment (ADBench ba1), Jacobian as CSR",
        make,
        full={"31,843 observations": {"cameras": 49, "points": 7776, "observations": 31843}},
        small={"5 observations": {"cameras": 2, "points": 3, "observations": 5}},
        targets=(Target(1.1),),
    ),
)
