"""Images: differences of neighbours, blurs, edges, and images that are read between their places."""

from __future__ import annotations

from typing import Any

import numpy as np

from jacobians.scipy import signal

from .question import asked

__all__ = ["PROBLEMS"]

TAPS = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)
LARGE, TINY = {"height": 128, "width": 96}, {"height": 7, "width": 6}


def image(rng: np.random.Generator, height: int, width: int) -> tuple[Any, ...]:
    return (rng.standard_normal((height, width)),)


def image_and_target(rng: np.random.Generator, height: int, width: int) -> tuple[Any, ...]:
    return tuple(rng.standard_normal((2, height, width)))


def laplacian(np: Any, U: Any) -> Any:
    """Robust loss of the Laplacian of an image, gradient."""
    L = U[2:, 1:-1] + U[:-2, 1:-1] + U[1:-1, 2:] + U[1:-1, :-2] - 4 * U[1:-1, 1:-1]
    return np.sum(np.log1p(L**2))


def laplacian_by_hand(U: Any) -> Any:
    L = U[2:, 1:-1] + U[:-2, 1:-1]
    L += U[1:-1, 2:]
    L += U[1:-1, :-2]
    inner = -4 * U[1:-1, 1:-1]
    L += inner
    G = np.multiply(L, L, out=inner)
    G += 1
    L *= 2
    L /= G
    gradient = np.zeros_like(U)
    gradient[2:, 1:-1] = L
    gradient[:-2, 1:-1] += L
    gradient[1:-1, 2:] += L
    gradient[1:-1, :-2] += L
    L *= 4
    gradient[1:-1, 1:-1] -= L
    return gradient


def total_variation(np: Any, U: Any, T: Any) -> Any:
    """Total variation and the distance from an image, gradient."""
    across, down = U[:-1, 1:] - U[:-1, :-1], U[1:, :-1] - U[:-1, :-1]
    return np.sum(np.sqrt(across**2 + down**2 + 1e-3)) + np.sum((U - T) ** 2)


def total_variation_by_hand(U: Any, T: Any) -> Any:
    across, down = U[:-1, 1:] - U[:-1, :-1], U[1:, :-1] - U[:-1, :-1]
    length = across * across
    length += down * down
    length += 1e-3
    np.sqrt(length, out=length)
    across /= length
    down /= length
    gradient = U - T
    gradient *= 2
    gradient[:-1, 1:] += across
    gradient[1:, :-1] += down
    across += down
    gradient[:-1, :-1] -= across
    return gradient


def separable_blur(np: Any, U: Any, T: Any) -> Any:
    """Blur of rows and columns against an image, gradient."""
    height, width = U.shape
    B: Any = sum([TAPS[k] * U[k : height - 4 + k] for k in range(5)])
    B = sum([TAPS[k] * B[:, k : width - 4 + k] for k in range(5)])
    return np.sum((B - T[2:-2, 2:-2]) ** 2) / 2


def blurred(U: Any) -> Any:
    """Five taps that are the same from both ends, over the first axis."""
    a, b, c = TAPS[:3]
    B = U[2:-2] * c
    pair = U[1:-3] + U[3:-1]
    pair *= b
    B += pair
    np.add(U[:-4], U[4:], out=pair)
    pair *= a
    B += pair
    return B


def spread_out(R: Any) -> Any:
    """The same, transposed: onto four more rows."""
    G = np.zeros((R.shape[0] + 4, R.shape[1]))
    G[2:-2] = R * TAPS[2]
    part = R * TAPS[1]
    G[1:-3] += part
    G[3:-1] += part
    np.multiply(R, TAPS[0], out=part)
    G[:-4] += part
    G[4:] += part
    return G


def separable_blur_by_hand(U: Any, T: Any) -> Any:
    R = blurred(blurred(U).T).T
    R -= T[2:-2, 2:-2]
    return spread_out(spread_out(R.T).T)


def unsharp_mask(np: Any, U: Any) -> Any:
    """An image made sharper by its blur of nine places, Jacobian times a vector from the left."""
    height, width = U.shape
    B = sum([U[i : height - 2 + i, j : width - 2 + j] for i in range(3) for j in range(3)]) / 9
    inner = U[1:-1, 1:-1]
    return np.tanh(inner + 0.7 * (inner - B))


def image_and_inner(rng: np.random.Generator, height: int, width: int) -> tuple[Any, ...]:
    return rng.standard_normal((height, width)), rng.standard_normal((height - 2, width - 2))


def unsharp_mask_by_hand(U: Any, C: Any) -> Any:
    rows = U[:-2] + U[1:-1]
    rows += U[2:]
    B = rows[:, :-2] + rows[:, 1:-1]
    B += rows[:, 2:]
    B *= -0.7 / 9
    B += 1.7 * U[1:-1, 1:-1]
    np.tanh(B, out=B)
    B *= B
    np.subtract(1, B, out=B)
    B *= C
    small = B * (-0.7 / 9)
    rows = np.zeros((B.shape[0], U.shape[1]))
    rows[:, :-2] = small
    rows[:, 1:-1] += small
    rows[:, 2:] += small
    gradient = np.zeros_like(U)
    gradient[:-2] = rows
    gradient[1:-1] += rows
    gradient[2:] += rows
    B *= 1.7
    gradient[1:-1, 1:-1] += B
    return gradient


def filtering(np: Any, K: Any, U: Any, T: Any) -> Any:
    """A filter fitted to what it makes of an image, gradient for filter and image."""
    return np.sum((signal.convolve2d(U, K, mode="valid") - T) ** 2) / 2


def filtering_data(rng: np.random.Generator, height: int, width: int) -> tuple[Any, ...]:
    return rng.standard_normal((3, 3)), *image_and_inner(rng, height, width)


def filtering_by_hand(K: Any, U: Any, T: Any) -> Any:
    height, width = T.shape
    windows = np.lib.stride_tricks.sliding_window_view(U, (3, 3)).reshape(-1, 9)
    R = windows @ K[::-1, ::-1].ravel()
    R -= T.ravel()
    gradient, R = np.zeros_like(U), R.reshape(T.shape)
    part = np.empty_like(R)
    for i in range(3):
        for j in range(3):
            gradient[i : i + height, j : j + width] += np.multiply(R, K[2 - i, 2 - j], out=part)
    return (R.ravel() @ windows).reshape(3, 3)[::-1, ::-1], gradient


def edge_padding(np: Any, U: Any) -> Any:
    """Squared differences from the means of four neighbours, edges being repeated, gradient."""
    P = np.pad(U, 1, mode="edge")
    means = (P[2:, 1:-1] + P[:-2, 1:-1] + P[1:-1, 2:] + P[1:-1, :-2]) / 4
    return np.sum((U - means) ** 4)


def edge_padding_by_hand(U: Any) -> Any:
    P = np.pad(U, 1, mode="edge")
    R = P[2:, 1:-1] + P[:-2, 1:-1]
    R += P[1:-1, 2:]
    R += P[1:-1, :-2]
    R *= -0.25
    R += U
    G = R * R
    G *= R
    R = G * 4
    R[1:] -= G[:-1]
    R[:-1] -= G[1:]
    R[:, 1:] -= G[:, :-1]
    R[:, :-1] -= G[:, 1:]
    R[0] -= G[0]
    R[-1] -= G[-1]
    R[:, 0] -= G[:, 0]
    R[:, -1] -= G[:, -1]
    return R


def bilinear(np: Any, U: Any, y: Any, x: Any, values: Any) -> Any:
    """An image read between its places, gradient for the image."""
    i, j = np.floor(y).astype(int), np.floor(x).astype(int)
    s, t = y - i, x - j
    top = (1 - t) * U[i, j] + t * U[i, j + 1]
    bottom = (1 - t) * U[i + 1, j] + t * U[i + 1, j + 1]
    return np.sum(((1 - s) * top + s * bottom - values) ** 2) / 2


def bilinear_data(rng: np.random.Generator, height: int, width: int, n: int) -> tuple[Any, ...]:
    y, x = rng.random(n) * (height - 1), rng.random(n) * (width - 1)
    return rng.standard_normal((height, width)), y, x, rng.standard_normal(n)


def bilinear_by_hand(U: Any, y: Any, x: Any, values: Any) -> Any:
    i, j = y.astype(int), x.astype(int)
    s, t = y - i, x - j
    width = U.shape[1]
    places = np.empty((4, len(y)), dtype=int)
    np.multiply(i, width, out=places[0])
    places[0] += j
    np.add(places[0], [[1], [width], [width + 1]], out=places[1:])
    weights = np.empty((4, len(y)))
    weights[1], weights[3] = t, t
    np.subtract(1, t, out=weights[::2])
    weights[:2] *= 1 - s
    weights[2:] *= s
    r = np.einsum("kn,kn->n", weights, U.ravel()[places])
    r -= values
    weights *= r
    return np.bincount(places.ravel(), weights.ravel(), U.size).reshape(U.shape)


PROBLEMS = (
    asked("gradient", laplacian, image, laplacian_by_hand, LARGE, TINY),
    asked("gradient", total_variation, image_and_target, total_variation_by_hand, LARGE, TINY),
    asked("gradient", separable_blur, image_and_target, separable_blur_by_hand, LARGE, TINY),
    asked("vjp", unsharp_mask, image_and_inner, unsharp_mask_by_hand, LARGE, TINY),
    asked("gradient", filtering, filtering_data, filtering_by_hand, LARGE, TINY, (0, 1)),
    asked("gradient", edge_padding, image, edge_padding_by_hand, LARGE, TINY),
    asked(
        "gradient",
        bilinear,
        bilinear_data,
        bilinear_by_hand,
        {"height": 128, "width": 96, "n": 4000},
        {"height": 4, "width": 3, "n": 6},
    ),
)
