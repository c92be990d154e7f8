"""The Gaussian mixture of ADBench: its file, and its objective, written component by component."""

from math import lgamma, log, pi

import numpy as np


def read(path):
    """alphas (K), means (K, D), icf (K, D + D (D - 1) / 2), x (n, D), gamma, m."""
    numbers = iter(path.read_text().split())
    D, K, n = [int(next(numbers)) for _ in range(3)]

    def array(*shape):
        return np.array([float(next(numbers)) for _ in range(int(np.prod(shape)))]).reshape(shape)

    alphas, means, icf, x = array(K), array(K, D), array(K, D + D * (D - 1) // 2), array(n, D)
    return alphas, means, icf, x, float(next(numbers)), int(next(numbers))


def logsumexp(x):
    top = np.max(x)
    return top + np.log(np.sum(np.exp(x - top)))


def logsumexp_rows(x):
    top = np.max(x, axis=1)
    return top + np.log(np.sum(np.exp(x - top[:, None]), axis=1))


def lower(d, parameters):
    """The strictly lower triangular matrix whose entries are given column by column."""
    columns, start = [], d
    for i in range(d):
        size = d - i - 1
        columns.append(np.concatenate([np.zeros(i + 1, parameters.dtype), parameters[start : start + size]]))
        start += size
    return np.column_stack(columns)


def log_wishart(d, gamma, m, sum_q, diagonals, icf):
    def log_multigamma(a):
        return 0.25 * d * (d - 1) * log(pi) + sum(lgamma(a + 0.5 * (1 - j)) for j in range(1, d + 1))

    n = d + m + 1
    C = n * d * (log(gamma) - 0.5 * log(2)) - log_multigamma(0.5 * n)
    frobenius = np.sum(diagonals**2) + np.sum(icf[:, d:] ** 2)
    return 0.5 * gamma**2 * frobenius - m * np.sum(sum_q) - icf.shape[0] * C


def objective(alphas, means, icf, x, gamma=1.0, m=0):
    n, d = x.shape
    diagonals = np.exp(icf[:, :d])
    sum_q = np.sum(icf[:, :d], axis=1)
    terms = []
    for k in range(len(alphas)):
        L = lower(d, icf[k])
        centred = x - means[k]
        scaled = diagonals[k] * centred + centred @ L.T
        terms.append(alphas[k] + sum_q[k] - 0.5 * np.sum(scaled**2, axis=1))
    likelihood = np.sum(logsumexp_rows(np.stack(terms, axis=1))) - n * logsumexp(alphas)
    constant = -n * d * 0.5 * log(2 * pi)
    return constant + likelihood + log_wishart(d, gamma, m, sum_q, diagonals, icf)
