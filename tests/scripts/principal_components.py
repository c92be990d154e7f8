"""Principal components of a table: what a few of them explain, and what they leave."""

import numpy as np


def reconstruct(X, rank):
    mean = X.mean(axis=0)
    U, s, Vt = np.linalg.svd(X - mean, full_matrices=False)
    return mean + (U[:, :rank] * s[:rank]) @ Vt[:rank]


def error(X, rank=2):
    """The mean squared error of the reconstruction."""
    return np.mean((X - reconstruct(X, rank)) ** 2)


def explained(X):
    """The parts of the variance that the components explain, from the covariance matrix."""
    values, _ = np.linalg.eigh(np.cov(X, rowvar=False))
    return (values / values.sum())[::-1]
