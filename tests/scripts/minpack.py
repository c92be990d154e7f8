"""Test functions for least squares (More, Garbow and Hillstrom, 1981), written entry by entry or over whole arrays.

Each takes x, and returns the residuals; `PROBLEMS` tells where to start.
"""

import numpy as np


def rosenbrock(x):
    return np.array([10 * (x[1] - x[0] ** 2), 1 - x[0]])


def freudenstein_roth(x):
    a, b = x
    return np.array([-13 + a + ((5 - b) * b - 2) * b, -29 + a + ((b + 1) * b - 14) * b])


def powell_badly_scaled(x):
    return np.array([1e4 * x[0] * x[1] - 1, np.exp(-x[0]) + np.exp(-x[1]) - 1.0001])


def brown_badly_scaled(x):
    return np.array([x[0] - 1e6, x[1] - 2e-6, x[0] * x[1] - 2])


def beale(x):
    i = np.arange(1, 4)
    return np.array([1.5, 2.25, 2.625]) - x[0] * (1 - x[1] ** i)


def helical_valley(x):
    theta = np.arctan(x[1] / x[0]) / (2 * np.pi)
    if x[0] < 0:
        theta = theta + 0.5
    return np.array([10 * (x[2] - 10 * theta), 10 * (np.sqrt(x[0] ** 2 + x[1] ** 2) - 1), x[2]])


def bard(x):
    y = np.array([0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39])
    u = np.arange(1, 16)
    v = 16 - u
    w = np.minimum(u, v)
    return y - (x[0] + u / (v * x[1] + w * x[2]))


def gaussian(x):
    y = np.array([9, 44, 175, 540, 1295, 2420, 3521, 3989, 3521, 2420, 1295, 540, 175, 44, 9]) * 1e-4
    t = (8 - np.arange(1, 16)) / 2
    return x[0] * np.exp(-x[1] * (t - x[2]) ** 2 / 2) - y


def gulf(x, m=10):
    t = np.arange(1, m + 1) / 100
    y = 25 + (-50 * np.log(t)) ** (2 / 3)
    return np.exp(-(np.abs(y - x[1]) ** x[2]) / x[0]) - t


def box(x, m=10):
    t = 0.1 * np.arange(1, m + 1)
    return np.exp(-t * x[0]) - np.exp(-t * x[1]) - x[2] * (np.exp(-t) - np.exp(-10 * t))


def powell_singular(x):
    return np.array([x[0] + 10 * x[1], 5**0.5 * (x[2] - x[3]), (x[1] - 2 * x[2]) ** 2, 10**0.5 * (x[0] - x[3]) ** 2])


def wood(x):
    return np.hstack(
        [
            10 * (x[1] - x[0] ** 2),
            1 - x[0],
            np.sqrt(90) * (x[3] - x[2] ** 2),
            1 - x[2],
            np.sqrt(10) * (x[1] + x[3] - 2),
            (x[1] - x[3]) / np.sqrt(10),
        ]
    )


def kowalik_osborne(x):
    y = np.array([0.1957, 0.1947, 0.1735, 0.16, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246])
    u = np.array([4, 2, 1, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625])
    return y - x[0] * (u**2 + u * x[1]) / (u**2 + u * x[2] + x[3])


def brown_dennis(x, m=20):
    t = np.arange(1, m + 1) / 5
    return (x[0] + t * x[1] - np.exp(t)) ** 2 + (x[2] + x[3] * np.sin(t) - np.cos(t)) ** 2


def biggs(x, m=13):
    t = 0.1 * np.arange(1, m + 1)
    y = np.exp(-t) - 5 * np.exp(-10 * t) + 3 * np.exp(-4 * t)
    return x[2] * np.exp(-t * x[0]) - x[3] * np.exp(-t * x[1]) + x[5] * np.exp(-t * x[4]) - y


def watson(x):
    t = np.arange(1, 30) / 29
    j = np.arange(len(x))
    powers = t[:, None] ** j
    slope = (j[1:] * x[1:] * powers[:, :-1]).sum(axis=1)
    residual = slope - (powers @ x) ** 2 - 1
    return np.append(residual, [x[0], x[1] - x[0] ** 2 - 1])


def extended_rosenbrock(x):
    odd, even = x[::2], x[1::2]
    return np.stack([10 * (even - odd**2), 1 - odd], axis=1).ravel()


def variably_dimensioned(x):
    s = sum((j + 1) * (x[j] - 1) for j in range(len(x)))
    return np.concatenate([x - 1, [s, s**2]])


def trigonometric(x):
    n = len(x)
    i = np.arange(1, n + 1)
    return n - np.cos(x).sum() + i * (1 - np.cos(x)) - np.sin(x)


def brown_almost_linear(x):
    n = x.size
    return np.r_[x[:-1] + np.sum(x) - (n + 1), np.prod(x) - 1]


def discrete_boundary_value(x):
    n = len(x)
    h = 1 / (n + 1)
    t = h * np.arange(1, n + 1)
    padded = np.pad(x, 1)
    return 2 * x - padded[:-2] - padded[2:] + h**2 * (x + t + 1) ** 3 / 2


def discrete_integral_equation(x):
    n = len(x)
    h = 1 / (n + 1)
    t = h * np.arange(1, n + 1)
    cube = (x + t + 1) ** 3
    left = np.cumsum(t * cube)
    right = np.sum((1 - t) * cube) - np.cumsum((1 - t) * cube)
    return x + h / 2 * ((1 - t) * left + t * right)


def broyden_tridiagonal(x):
    f = (3 - 2 * x) * x + 1
    return f - np.concatenate(([0.0], x[:-1])) - 2 * np.concatenate((x[1:], [0.0]))


def broyden_banded(x, lower=5, upper=1):
    f = []
    for i in range(len(x)):
        near = [j for j in range(max(0, i - lower), min(len(x), i + upper + 1)) if j != i]
        f.append(x[i] * (2 + 5 * x[i] ** 2) + 1 - sum(x[j] * (1 + x[j]) for j in near))
    return np.array(f)


PROBLEMS = {
    rosenbrock: [-1.2, 1],
    freudenstein_roth: [0.5, -2],
    powell_badly_scaled: [0, 1],
    brown_badly_scaled: [1, 1],
    beale: [1, 1],
    helical_valley: [-1, 0, 0],
    bard: [1, 1, 1],
    gaussian: [0.4, 1, 0],
    gulf: [5, 2.5, 0.15],
    box: [0, 10, 20],
    powell_singular: [3, -1, 0, 1],
    wood: [-3, -1, -3, -1],
    kowalik_osborne: [0.25, 0.39, 0.415, 0.39],
    brown_dennis: [25, 5, -5, -1],
    biggs: [1, 2, 1, 1, 1, 1],
    watson: [0, 0, 0, 0, 0, 0],
    extended_rosenbrock: [-1.2, 1] * 4,
    variably_dimensioned: [0.8, 0.6, 0.4, 0.2, 0],
    trigonometric: [0.2] * 5,
    brown_almost_linear: [0.5] * 5,
    discrete_boundary_value: [-5 / 36, -8 / 36, -9 / 36, -8 / 36, -5 / 36],
    discrete_integral_equation: [-5 / 36, -8 / 36, -9 / 36, -8 / 36, -5 / 36],
    broyden_tridiagonal: [-1] * 7,
    broyden_banded: [-1] * 8,
}
