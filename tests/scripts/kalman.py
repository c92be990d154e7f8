"""The log-likelihood of a series under a linear model with hidden states, by the Kalman filter."""

import numpy as np


def model(theta):
    """A particle with damped velocity whose position is observed: transition, noises and observation."""
    damping, process, noise = np.exp(theta)
    dt = 0.5
    decay = np.exp(-damping * dt)
    F = np.array([[1.0, dt], [0.0, 0.0]]) + decay * np.array([[0.0, 0.0], [0.0, 1.0]])
    G = np.array([[dt**2 / 2], [dt]])
    Q = process * (G @ G.T) + 1e-3 * np.eye(2)
    H = np.array([[1.0, 0.0]])
    R = noise * np.eye(1)
    return F, Q, H, R


def log_likelihood(theta, series):
    F, Q, H, R = model(theta)
    m, P = np.zeros(2), np.eye(2)
    total = 0.0
    for y in series:
        m, P = F @ m, F @ P @ F.T + Q
        S = H @ P @ H.T + R
        innovation = y - H @ m
        gain = np.linalg.solve(S, H @ P).T
        total -= 0.5 * (innovation @ np.linalg.solve(S, innovation) + np.linalg.slogdet(S)[1] + np.log(2 * np.pi))
        m = m + gain @ innovation
        P = P - gain @ S @ gain.T
    return total


def smoothed(theta, series):
    """The filtered positions, one for each observation, with a matrix inverse and the Joseph form."""
    F, Q, H, R = model(theta)
    m, P = np.zeros(2), np.eye(2)
    positions = []
    for y in series:
        m, P = F.dot(m), F.dot(P).dot(F.T) + Q
        K = P.dot(H.T).dot(np.linalg.inv(H.dot(P).dot(H.T) + R))
        m = m + K.dot(y - H.dot(m))
        A = np.eye(2) - K.dot(H)
        P = A.dot(P).dot(A.T) + K.dot(R).dot(K.T)
        positions.append(m[0])
    return np.array(positions)
