"""Predators and prey: a classical Runge-Kutta integrator of the Lotka-Volterra equations."""

import numpy as np


def slope(state, parameters):
    prey, predators = state
    birth, hunt, growth, death = parameters
    return np.array([birth * prey - hunt * prey * predators, growth * prey * predators - death * predators])


def integrate(parameters, start, duration=5.0, steps=20):
    """The states at all times, of shape (steps + 1, 2)."""
    h = duration / steps
    states = [start]
    for _ in range(steps):
        y = states[-1]
        k1 = slope(y, parameters)
        k2 = slope(y + h / 2 * k1, parameters)
        k3 = slope(y + h / 2 * k2, parameters)
        k4 = slope(y + h * k3, parameters)
        states.append(y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4))
    return np.stack(states)


def misfit(parameters, start, observed):
    """How far the states are, relatively, from what has been observed at every fifth time."""
    states = integrate(parameters, start)
    residual = (states[::5] - observed) / observed
    return 0.5 * (residual**2).sum()
