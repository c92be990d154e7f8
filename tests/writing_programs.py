"""Functions that write into arrays in every way that NumPy knows; they run on plain and on traced arrays."""

import numpy as np

__all__ = ["NEVER_COMPILED", "NOT_COMPILED", "PROGRAMS", "A", "X", "entry", "into", "repaired"]

X = np.array([0.6, 1.2, 2.1])
A = np.arange(9.0).reshape(3, 3) / 5


def entry(x):
    y = x * 2
    y[0] = x[1] * x[2]
    return y


def entry_of_a_number(x):
    y = x * 2
    y[-1] = 5
    return y * x


def mask(x):
    y = np.sin(x)
    y[y > 0.8] = x[0] ** 2
    return y


def mask_of_values(x):
    y = A * x
    y[A > 0.5] = np.cos(y[A > 0.5])
    return y


def slices(x):
    y = A * x
    y[:, 1:] *= x[:2]
    y[::2] -= x
    y[..., 0] = x * x
    return y


def broadcast(x):
    y = np.zeros((2, 3, 3), like=x)
    y[:] = x
    y[0, 1:] = x[:, None][:2] * [1.0, 2.0, 3.0]
    y[1] = np.ones((1, 1, 3)) * x[0]
    return y


def fancy(x):
    y = A * x
    y[[0, 2]] = x
    y[[0, 1], [1, 2]] += x[:2]
    y[np.array([1, 1, 2])] = A * x[1]  # the last one stays
    return y


def filled(x):
    z = np.empty(3, like=x)
    for n in range(3):
        z[n] = x[n] * (z[n - 1] if n else 1.0)
    return z


def filled_table(x):
    z = np.zeros((4, 4), like=x)
    z[0] = x[0]
    for i in range(1, 4):
        for j in range(1, 4):
            z[i, j] = z[i - 1, j] + z[i, j - 1] * x[j - 1] + np.min(z[i - 1 : i + 1, j - 1 : j + 1])
    return z[1:] @ z[:, 0]


def rows(x):
    z = np.zeros_like(A * x)
    z[0] = x
    for n in range(1, 3):
        z[n] = np.sin(z[n - 1]) + z[n - 1] * x[0]
    return z.sum(0) * z[-1]


def view_is_written(x):
    y = A * x
    row = y[1]
    row += 1
    row[0] = x[2]
    column = y.T[2]
    column *= x
    y.reshape(-1)[4] = x[0]
    np.ravel(y)[1:3] = x[:2]
    y.flat[8] = x[1]
    return y * row


def view_follows(x):
    y = x * x
    tail, same, pair = y[1:], y, np.expand_dims(y, 0)
    y[1] = x[0]
    same += x
    return tail * pair[0, :2] + same[:2]


def shifted(x):
    y = x.copy()
    y[1:] = y[:-1]
    y[:] = y[::-1]
    return y * x


def heat(x):
    u = x.copy()
    for _ in range(4):
        u[1:-1] += 0.3 * (u[2:] - 2 * u[1:-1] + u[:-2])
        u[0] = u[-1]
    return u


def swapped(x):
    y = x * x
    y[0], y[1] = y[1], y[0]
    return y * x


def likes(x):
    a, b, c = np.zeros_like(x), np.ones_like(x), np.full_like(x, 3.0)
    a[0] = x[0]
    b[1:] *= x[1:]
    c[c > 2] -= x
    d = np.full(3, 2.0, like=x)
    d /= x
    e = np.array([1.0, 2.0, 3.0], like=x)
    e[1] = x[2]
    return a + b * c + d * e


def whole(x):
    y = np.zeros((3, 3), like=x)
    y[...] = x
    y += A
    y **= 2
    z = y
    z @= A * x[0]
    return y


def into(x):
    y = np.empty_like(x)
    np.multiply(x, x, out=y)
    np.add(y, 1.0, y)
    safe = np.divide(1.0, x - 0.6, out=np.zeros_like(x), where=x > 0.7)
    sums, total = np.zeros_like(x), np.empty(3, like=x)
    y[1] = np.sum(A * x, axis=1, out=sums)[0]
    _ = x.dot(A, total)
    _ = np.cumsum(x, out=total[::-1])
    return y * safe + sums * total


def repaired(x):
    y = np.sqrt(x - 0.6)  # its slope is infinite at the first entry
    y[0] = x[1]
    return y


def at(x):
    y = np.zeros((2, 3), like=x)
    np.add.at(y, (slice(None), [0, 1, 1]), x)
    np.multiply.at(y, (0, [1, 1, 2]), x)
    np.subtract.at(y, 1, x * x)
    np.exp.at(y, (0, 0))
    return y


def writers(x):
    y = A * x
    np.copyto(y, x * x, where=A > 1)
    np.put(y, [0, -1, 4], x[:2])
    np.putmask(y, A < 0.3, x)
    np.place(y, A > 1.3, x[1:])
    np.fill_diagonal(y, x)
    np.put_along_axis(y, np.array([[0], [2], [1]]), x[:, None] * 3, 1)
    return y


def methods(x):
    y, z = A * x, -x
    y[1].fill(x[0])
    y.put([0, 3], x[1])
    z.sort()
    y.flat = z * x
    return y * z


def object_entries(x):
    y = np.zeros((2, 2), like=x)
    y[0] = [x[0], 1.0]
    y[1] = np.array([x[1], x[2]])
    return np.linalg.solve(y, np.ones(2))


PROGRAMS = [
    *(entry, entry_of_a_number, mask, mask_of_values, slices, broadcast, fancy, filled, filled_table, rows),
    *(view_is_written, view_follows, shifted, heat, swapped, likes, whole, at, writers, methods, object_entries),
]

# What the compiler refuses: views that are written into, and masks that decide the size of a result.
NOT_COMPILED = {view_is_written, view_follows, whole, at, methods}
NEVER_COMPILED = {likes}
