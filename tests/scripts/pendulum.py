"""A damped double pendulum: vectorised Runge-Kutta steps of several pendulums at once."""

import numpy as np


def acceleration(angles, rates, lengths, masses, damping, gravity=9.81):
    a, b = angles
    u, v = rates
    l1, l2 = lengths
    m1, m2 = masses
    delta = a - b
    denominator = 2 * m1 + m2 - m2 * np.cos(2 * delta)
    first = (
        -gravity * (2 * m1 + m2) * np.sin(a)
        - m2 * gravity * np.sin(a - 2 * b)
        - 2 * np.sin(delta) * m2 * (v**2 * l2 + u**2 * l1 * np.cos(delta))
    ) / (l1 * denominator)
    second = (
        2
        * np.sin(delta)
        * (u**2 * l1 * (m1 + m2) + gravity * (m1 + m2) * np.cos(a) + v**2 * l2 * m2 * np.cos(delta))
        / (l2 * denominator)
    )
    return np.stack([first, second]) - damping * rates


def swing(start, lengths, masses, damping, h=0.02, steps=6):
    """The angles after some time, of shape (2, n), from angles and rates of shape (4, n)."""
    y = start
    for _ in range(steps):

        def f(y):
            return np.concatenate([y[2:], acceleration(y[:2], y[2:], lengths, masses, damping)])

        k1 = f(y)
        k2 = f(y + 0.5 * h * k1)
        k3 = f(y + 0.5 * h * k2)
        k4 = f(y + h * k3)
        y = y + h * (k1 + 2 * k2 + 2 * k3 + k4) / 6
    return y[:2]
