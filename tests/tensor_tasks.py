"""More tasks for orders of elimination, most of them with arrays: gas dynamics, kinematics, finance, networks, neurons.

Each is a function of several arguments, all of which are differentiated, and the arguments.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["TENSOR_TASKS"]

GAMMA = 1.4


# ---------------------------------------------------------------------------------------------- gas dynamics
def _euler(density, momentum, energy):
    """Velocity, pressure and enthalpy of a gas."""
    velocity = momentum / density
    pressure = (GAMMA - 1) * (energy - 0.5 * np.sum(momentum**2) / density)
    return velocity, pressure, (energy + pressure) / density


def roe_flux(rho_l, m_l, e_l, rho_r, m_r, e_r):
    """Roe's flux of the three-dimensional Euler equations through a face across the first axis.

    P. L. Roe, "Approximate Riemann solvers, parameter vectors, and difference schemes", J. Comput. Phys. 43 (1981); the
    wave strengths are those of E. F. Toro, "Riemann Solvers and Numerical Methods for Fluid Dynamics", section 11.2.
    """
    (v_l, p_l, h_l), (v_r, p_r, h_r) = _euler(rho_l, m_l, e_l), _euler(rho_r, m_r, e_r)
    a, b = np.sqrt(rho_l), np.sqrt(rho_r)
    velocity, enthalpy = (a * v_l + b * v_r) / (a + b), (a * h_l + b * h_r) / (a + b)
    kinetic = 0.5 * np.sum(velocity**2)
    sound = np.sqrt((GAMMA - 1) * (enthalpy - kinetic))
    u = velocity[0]
    drho, dm, de = rho_r - rho_l, m_r - m_l, e_r - e_l
    shear = dm[1:] - velocity[1:] * drho
    excess = de - np.sum(shear * velocity[1:])
    contact = (GAMMA - 1) / sound**2 * (drho * (enthalpy - u**2) + u * dm[0] - excess)
    first = (drho * (u + sound) - dm[0] - sound * contact) / (2 * sound)
    last = drho - (first + contact)
    slow, middle, fast = np.abs(u - sound) * first, np.abs(u) * contact, np.abs(u + sound) * last
    normal = np.array([1.0, 0.0, 0.0])
    across = np.concatenate([np.zeros(1), np.abs(u) * shear])
    jump_rho = slow + middle + fast
    jump_m = slow * (velocity - sound * normal) + middle * velocity + fast * (velocity + sound * normal) + across
    jump_e = (
        slow * (enthalpy - u * sound)
        + middle * kinetic
        + fast * (enthalpy + u * sound)
        + np.sum(across[1:] * velocity[1:])
    )
    flux_rho = 0.5 * (m_l[0] + m_r[0] - jump_rho)
    flux_m = 0.5 * (m_l * v_l[0] + m_r * v_r[0] + (p_l + p_r) * normal - jump_m)
    flux_e = 0.5 * (v_l[0] * (e_l + p_l) + v_r[0] * (e_r + p_r) - jump_e)
    return flux_rho, flux_m, flux_e


# ------------------------------------------------------------------------------------------------ kinematics
def arm(angles):
    """The pose of six joints, as a product of homogeneous matrices of Denavit and Hartenberg."""
    pose = np.eye(4)
    for n, (twist, length, offset) in enumerate([(1.6, 0.2, 0.6), (0.0, 0.9, 0.0), (1.6, 0.05, 0.0)] * 2):
        c, s = np.cos(angles[n]), np.sin(angles[n])
        ca, sa = np.cos(twist), np.sin(twist)
        rows = [
            np.stack([c, -s * ca, s * sa, length * c]),
            np.stack([s, c * ca, -c * sa, length * s]),
            np.array([0.0, sa, ca, offset]),
            np.array([0.0, 0.0, 0.0, 1.0]),
        ]
        pose = pose @ np.stack(rows)
    return pose[:3, 3], pose[:3, :3]


def lighthouse(offset, rate, angle, time):
    """The spot of a lighthouse on a quay (Griewank and Walther, "Evaluating Derivatives", 2008, chapter 2)."""
    turned = np.tan(rate * time)
    along = offset * turned / (angle - turned)
    return along, angle * along


def cart_pole(state, force, masses):
    """One step of Runge and Kutta of a pole on a cart (A. G. Barto, R. S. Sutton, C. W. Anderson, 1983)."""

    def slope(state):
        speed, angle, turning = state[1], state[2], state[3]
        c, s, total = np.cos(angle), np.sin(angle), masses[0] + masses[1]
        pushed = (force + masses[1] * masses[2] * turning**2 * s) / total
        spin = (9.8 * s - c * pushed) / (masses[2] * (4 / 3 - masses[1] * c**2 / total))
        return np.stack([speed, pushed - masses[1] * masses[2] * spin * c / total, turning, spin])

    h = 0.02
    k1 = slope(state)
    k2 = slope(state + h / 2 * k1)
    k3 = slope(state + h / 2 * k2)
    return state + h / 6 * (k1 + 2 * k2 + 2 * k3 + slope(state + h * k3))


# ---------------------------------------------------------------------------------------------------- finance
def sabr(forward, strike, time, alpha, beta, rho, nu):
    """The implied volatility of the SABR model (P. S. Hagan and others, "Managing Smile Risk", 2002, 2.17a)."""
    log = np.log(forward / strike)
    mean = (forward * strike) ** ((1 - beta) / 2)
    z = nu / alpha * mean * log
    x = np.log((np.sqrt(1 - 2 * rho * z + z**2) + z - rho) / (1 - rho))
    slow = (1 - beta) ** 2 / 24 * alpha**2 / mean**2 + rho * beta * nu * alpha / (4 * mean)
    below = mean * (1 + (1 - beta) ** 2 / 24 * log**2 + (1 - beta) ** 4 / 1920 * log**4)
    return alpha / below * (z / x) * (1 + (slow + (2 - 3 * rho**2) / 24 * nu**2) * time)


# --------------------------------------------------------------------------------------------------- networks
def _normalised(x, gain, shift):
    mean = np.mean(x, axis=-1, keepdims=True)
    return gain * (x - mean) / np.sqrt(np.mean((x - mean) ** 2, axis=-1, keepdims=True) + 1e-6) + shift


def _softmax(x):
    e = np.exp(x - 1.0)
    return e / np.sum(e, axis=-1, keepdims=True)


def encoder(x, target, query, key, value, W1, b1, W2, b2, gain, shift):
    """The cross-entropy of a transformer's encoder with one head, both halves with residuals and normalisation."""
    attention = _softmax((x @ query) @ (x @ key).T / np.sqrt(key.shape[1]))
    x = _normalised(x + attention @ (x @ value), gain, shift)
    x = _normalised(x + np.tanh(x @ W1 + b1) @ W2 + b2, gain, shift)
    return -np.sum(target * np.log(_softmax(x)))


def perceptron(x, W1, b1, W2, b2, W3):
    """The outputs of a network for a batch."""
    return _softmax(np.tanh(np.tanh(x @ W1 + b1) @ W2 + b2) @ W3)


def adaptive_neurons(spikes, W, V, tau):
    """The spikes of leaky neurons that adapt, over a few steps; they are smooth (after G. Bellec and others, 2018)."""
    potential, threshold, out = np.zeros(len(W)), np.zeros(len(W)), np.zeros(len(W))
    total = 0.0
    for step in spikes:
        potential = tau[0] * potential + (1 - tau[0]) * (W @ step + V @ out) - out * threshold
        threshold = tau[1] * threshold + (1 - tau[1]) * out
        out = 1 / (1 + np.exp(-4 * (potential - 0.5 - threshold)))
        total = total + out
    return total


def smoothing(image, kernel, weights):
    """A convolution, a ReLU that is smooth, and means over squares of two by two, mapped to four classes."""
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    mapped = np.log1p(np.exp(np.sum(windows * kernel, axis=(-2, -1))))
    h, w = mapped.shape
    return np.mean(mapped.reshape(h // 2, 2, w // 2, 2), axis=(1, 3)).ravel() @ weights


# ----------------------------------------------------------------------------------------------- made at random
OPERATIONS = [
    lambda p, q, scale, M: np.sin(p),
    lambda p, q, scale, M: p * q,
    lambda p, q, scale, M: p + scale * q,
    lambda p, q, scale, M: M @ np.tanh(p),
    lambda p, q, scale, M: p * np.sum(np.tanh(q)) / len(q),
    lambda p, q, scale, M: np.cumsum(p) / len(p) + np.roll(q, 1),
]


def _program(seed, steps, width):
    """A program of random operations on vectors, matrices and numbers."""
    rng = np.random.default_rng(seed)
    mixers = rng.normal(size=(4, width, width)) / np.sqrt(width)
    choices = rng.integers(0, [6, 4, 8, 8], (steps, 4))

    def program(x, y, scale):
        values: list[Any] = [x, y, np.tanh(x * scale)]
        for kind, mixer, a, b in choices:
            p, q = values[-1 - a % len(values)], values[-1 - b % len(values)]
            values.append(np.tanh(OPERATIONS[kind](p, q, scale, mixers[mixer])))
        return values[-1], values[-2][:2], np.sum(values[-3])

    return program


def _normal(seed, *shapes):
    rng = np.random.default_rng(seed)
    return tuple(0.5 * rng.normal(size=shape) for shape in shapes)


TENSOR_TASKS: dict[str, tuple[Callable[..., Any], tuple]] = {
    "roe_flux": (roe_flux, (1.0, np.array([0.3, 0.2, 0.1]), 2.5, 0.8, np.array([0.4, 0.1, 0.3]), 2.2)),
    "arm": (arm, (np.linspace(0.1, 1.2, 6),)),
    "lighthouse": (lighthouse, (1.0, 0.3, 1.2, 0.7)),
    "cart_pole": (cart_pole, (np.array([0.1, 0.2, 0.3, 0.1]), 0.5, np.array([1.0, 0.1, 0.5]))),
    "sabr": (sabr, (1.1, 1.0, 2.0, 0.3, 0.6, -0.2, 0.4)),
    "encoder": (
        encoder,
        (*_normal(0, (5, 6), (5, 6), (6, 4), (6, 4), (6, 6), (6, 9), (9,), (9, 6), (6,)), np.ones(6), np.zeros(6)),
    ),
    "perceptron": (perceptron, _normal(1, (8, 5), (5, 7), (7,), (7, 6), (6,), (6, 3))),
    "adaptive_neurons": (adaptive_neurons, (*_normal(2, (6, 4), (5, 4), (5, 5)), np.array([0.8, 0.9]))),
    "smoothing": (smoothing, _normal(3, (8, 8), (3, 3), (9, 4))),
    "program of 20": (_program(4, 20, 5), (*_normal(4, (5,), (5,)), 0.7)),
    "program of 40": (_program(5, 40, 6), (*_normal(5, (6,), (6,)), 0.7)),
    "program of 80": (_program(6, 80, 4), (*_normal(6, (4,), (4,)), 0.7)),
}
