"""A chain of masses and springs between two walls, by the leapfrog method; every step is written into a table."""

import numpy as np


def forces(position, stiffness, cubic):
    stretch = np.zeros(len(position) + 1, like=position)
    stretch[0] = position[0]
    stretch[1:-1] = position[1:] - position[:-1]
    stretch[-1] = -position[-1]
    tension = stiffness * stretch + cubic * stretch**3
    return tension[1:] - tension[:-1]


def simulate(start, masses, stiffness, cubic, h=0.05, steps=20):
    """Positions and energies at all times, of shapes (steps + 1, n) and (steps + 1,)."""
    positions = np.zeros((steps + 1, len(start)), like=start)
    velocities = np.zeros_like(positions)
    energies = np.empty(steps + 1, like=start)
    positions[0] = start
    push = forces(positions[0], stiffness, cubic) / masses
    for t in range(steps + 1):
        energies[t] = 0.5 * np.sum(masses * velocities[t] ** 2)
        if t == steps:
            break
        half = velocities[t].copy()
        half += 0.5 * h * push
        positions[t + 1] = positions[t] + h * half
        push = forces(positions[t + 1], stiffness, cubic) / masses
        velocities[t + 1] = half + 0.5 * h * push
    return positions, energies


def misfit(start, masses, stiffness, cubic, observed):
    """How far the observed positions are from the simulated ones, and how much energy was in motion."""
    positions, energies = simulate(start, masses, stiffness, cubic)
    residual = positions - observed
    residual[0] *= 10
    return np.sum(residual**2) + 0.1 * energies.sum()
