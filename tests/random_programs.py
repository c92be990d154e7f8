"""Random programs of array operations, and their derivatives by the complex step.

- `programs()` draws a `Program`: inputs, and steps that each apply one operation to earlier values; no comparison in
  it is close, so that it is smooth near its inputs.
- ``program.result`` is the function of the inputs that returns the last value, ``program.total`` a scalar made of all.
- `stepped(function, inputs)` differentiates either: NumPy runs it on complex numbers, nothing is subtracted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

__all__ = ["COMPLEX", "Program", "programs", "stepped"]

SHAPES = [(), (3,), (4,), (2, 3), (3, 2), (1, 3), (3, 3), (2, 2, 3), (6,), (2, 1)]
LARGEST, STEPS = 30, 15

Draw = Callable[[Any], Any]


COMPLEX = SimpleNamespace(
    **{name: getattr(np, name) for name in np.__all__ if hasattr(np, name)}
    | {
        "abs": lambda a: np.where(np.real(a) < 0, -a, a),
        "var": lambda a, **kwargs: np.mean((a - np.mean(a, **kwargs | {"keepdims": True})) ** 2, **kwargs),
        "logaddexp": lambda a, b: np.log(np.exp(a) + np.exp(b)),
        "arctan2": lambda a, b: np.arctan(a / b),
    }
)
"""NumPy with analytic continuations; `maximum`, `sort` and comparisons look at the real part first."""


def stepped(function: Callable[..., Any], inputs: Sequence[Any]) -> list[np.ndarray]:
    """The Jacobian of a function in each of its inputs, which run through it as complex numbers."""
    point = [np.asarray(x, complex) for x in inputs]
    jacobians = []
    for n, x in enumerate(point):
        columns = []
        for k in range(x.size):
            moved = x.copy()
            moved.flat[k] += 1e-30j
            columns.append(np.imag(function(*point[:n], moved, *point[n + 1 :])) / 1e-30)
        jacobians.append(np.stack(columns, -1).reshape(np.shape(columns[0]) + x.shape))
    return jacobians


class Step(NamedTuple):
    """One operation: the positions of its operands, and a function of a module and them."""

    words: str
    operands: tuple[int, ...]
    function: Callable[..., Any]


@dataclass(frozen=True, repr=False)
class Program:
    """Inputs and steps; the values are numbered, inputs first."""

    inputs: tuple[np.ndarray, ...]
    steps: tuple[Step, ...]

    def run(self, xp: Any, *inputs: Any) -> list[Any]:
        values = list(inputs)
        for step in self.steps:
            values.append(step.function(xp, *[values[n] for n in step.operands]))
        return values

    def result(self, xp: Any) -> Callable[..., Any]:
        return lambda *inputs: self.run(xp, *inputs)[-1]

    def total(self, xp: Any) -> Callable[..., Any]:
        """A scalar in which every value counts, with its own weight."""

        def total(*inputs: Any) -> Any:
            values = self.run(xp, *inputs)
            parts = [xp.sum(xp.sin(value)) * (1 + 0.1 * n) for n, value in enumerate(values)]
            return sum(parts[1:], parts[0])

        return total

    def __repr__(self) -> str:
        lines = [f"v{n} = {value!r}" for n, value in enumerate(self.inputs)]
        for n, step in enumerate(self.steps, len(lines)):
            lines.append(f"v{n} = {step.words}  of  {', '.join(f'v{k}' for k in step.operands)}")
        return "\n" + "\n".join(lines)


def _broadcastable(a: Any, b: Any) -> bool:
    try:
        _ = np.broadcast_shapes(np.shape(a), np.shape(b))
    except ValueError:
        return False
    return True


def _axis(draw: Draw, value: Any) -> int:
    return draw(st.integers(-np.ndim(value), np.ndim(value) - 1))


# fmt: off
UNARY: dict[str, Callable[[Any, Any], Any]] = {
    "-a":                     lambda xp, a: -a,
    "2 - a":                  lambda xp, a: 2 - a,
    "a * a":                  lambda xp, a: a * a,
    "a ** 3":                 lambda xp, a: a**3,
    "a + sin(a)":             lambda xp, a: a + xp.sin(a),
    "a.T":                    lambda xp, a: xp.transpose(a),
    "abs(a)":                 lambda xp, a: xp.abs(a),
    "exp(a / 3)":             lambda xp, a: xp.exp(a / 3),
    "outer(a, a)":            lambda xp, a: xp.outer(a, a),
    "ravel(a)":               lambda xp, a: xp.ravel(a),
    "sin(a)":                 lambda xp, a: xp.sin(a),
    "sqrt(a * a + 1)":        lambda xp, a: xp.sqrt(a * a + 1),
    "square(a)":              lambda xp, a: xp.square(a),
    "tanh(a)":                lambda xp, a: xp.tanh(a),
    "tensordot(a, a, (0, 0))": lambda xp, a: xp.tensordot(a, a, (0, 0)) if xp.ndim(a) else a,
    "where(a > 0, a, a / 2)": lambda xp, a: xp.where(a > 0, a, a / 2),
}
BINARY: dict[str, Callable[[Any, Any, Any], Any]] = {
    "a + b":                  lambda xp, a, b: a + b,
    "a - b":                  lambda xp, a, b: a - b,
    "a * b":                  lambda xp, a, b: a * b,
    "a / (b * b + 1)":        lambda xp, a, b: a / (b * b + 1),
    "arctan2(a, b * b + 1)":  lambda xp, a, b: xp.arctan2(a, b * b + 1),
    "logaddexp(a, b)":        lambda xp, a, b: xp.logaddexp(a, b),
    "maximum(a, b)":          lambda xp, a, b: xp.maximum(a, b),
    "where(a > b, a * b, b)": lambda xp, a, b: xp.where(a > b, a * b, b),
}
ALONG: dict[str, Callable[[Any, Any, int], Any]] = {
    "cumsum":                 lambda xp, a, axis: xp.cumsum(a, axis=axis),
    "cumsum of reversed":     lambda xp, a, axis: xp.flip(xp.cumsum(xp.flip(a, axis), axis=axis), axis),
    "expand_dims":            lambda xp, a, axis: xp.expand_dims(a, axis),
    "repeat":                 lambda xp, a, axis: xp.repeat(a, 2, axis=axis),
    "roll":                   lambda xp, a, axis: xp.roll(a, 1, axis=axis),
    "sort":                   lambda xp, a, axis: xp.sort(a, axis=axis),
}
OF_MATRIX: dict[str, Callable[[Any, Any], Any]] = {
    "diagonal":               lambda xp, a: xp.diagonal(a),
    "trace":                  lambda xp, a: xp.trace(a),
    "tril":                   lambda xp, a: xp.tril(a),
    "ij->j":                  lambda xp, a: xp.einsum("ij->j", a),
    "ij,ij->i":               lambda xp, a: xp.einsum("ij,ij->i", a, a),
    "ij,kj->ik":              lambda xp, a: xp.einsum("ij,kj->ik", a, a),
    "ij,ik->ijk":             lambda xp, a: xp.einsum("ij,ik->ijk", a, a),
}
# fmt: on


def _apart(*differences: Any) -> bool:
    """Whether what is compared is far apart or the same."""
    return all(np.all((np.abs(d) > 1e-3) | (d == 0)) for d in differences)


def _unary(draw: Draw, a: Any) -> tuple[str, Callable[..., Any]] | None:
    words = draw(st.sampled_from(sorted(UNARY)))
    return (words, UNARY[words]) if ("where" not in words and "abs" not in words) or _apart(a) else None


def _binary(draw: Draw, a: Any, b: Any) -> tuple[str, Callable[..., Any]] | None:
    words = draw(st.sampled_from(sorted(BINARY)))
    if not _broadcastable(a, b) or (("where" in words or "maximum" in words) and not _apart(a - b)):
        return None
    return words, BINARY[words]


def _reduction(draw: Draw, a: Any) -> tuple[str, Callable[..., Any]] | None:
    name, keepdims = draw(st.sampled_from(["sum", "mean", "max", "var", "prod"])), draw(st.booleans())
    if name == "max" and not _apart(np.diff(np.sort(a, axis=None))):
        return None
    axis: Any = None
    if np.ndim(a) and draw(st.booleans()):
        axis = _axis(draw, a)
    elif np.ndim(a) >= 2 and name in ("sum", "mean") and draw(st.booleans()):
        axis = (0, -1)
    return f"{name}(axis={axis}, keepdims={keepdims})", lambda xp, a: getattr(xp, name)(a, axis=axis, keepdims=keepdims)


def _reshape(draw: Draw, a: Any) -> tuple[str, Callable[..., Any]]:
    rest, shape = np.size(a), []
    while rest > 1 and len(shape) < 4:
        shape.append(draw(st.sampled_from([n for n in range(1, rest + 1) if rest % n == 0])))
        rest //= shape[-1]
    shape = (*shape, rest) if rest > 1 or draw(st.booleans()) else tuple(shape)
    return f"reshape{shape}", lambda xp, a: xp.reshape(a, shape)


def _transpose(draw: Draw, a: Any) -> tuple[str, Callable[..., Any]]:
    order = tuple(draw(st.permutations(range(np.ndim(a)))))
    return f"transpose{order}", lambda xp, a: xp.transpose(a, order)


def _slice(draw: Draw, a: Any) -> tuple[str, Callable[..., Any]]:
    index: list[Any] = []
    for size in np.shape(a):
        entry = draw(st.sampled_from([slice(None), slice(1, None), slice(None, None, -1), slice(0, 1), "new", "one"]))
        entries = {"new": [None, slice(None, None, 2)], "one": [draw(st.integers(-size, size - 1))]}
        index += entries[entry] if isinstance(entry, str) else [entry]
    return f"[{index}]", lambda xp, a: a[tuple(index)]


def _fancy(draw: Draw, a: Any) -> tuple[str, Callable[..., Any]] | None:
    if np.ndim(a) == 0:
        return None
    sizes = np.shape(a)
    axis = draw(st.integers(0, len(sizes) - 1))
    count = draw(st.integers(1, 4))
    first = np.array(draw(st.lists(st.integers(-sizes[axis], sizes[axis] - 1), min_size=count, max_size=count)))
    index: tuple[Any, ...] = (*[slice(None)] * axis, first)
    if axis + 1 < len(sizes) and draw(st.booleans()):
        ends = st.lists(st.integers(0, sizes[axis + 1] - 1), min_size=count, max_size=count)
        index = (*index, np.array(draw(ends)))
    elif draw(st.integers(0, 4)) == 0:
        index = (np.resize([True, False, True], sizes),)
    return f"[{index}]", lambda xp, a: a[index]


def _along(draw: Draw, a: Any) -> tuple[str, Callable[..., Any]] | None:
    name = draw(st.sampled_from(sorted(ALONG)))
    if np.ndim(a) == 0 or (name == "sort" and not _apart(np.diff(np.sort(a, axis=None)))):
        return None
    axis = _axis(draw, a)
    return f"{name}(axis={axis})", lambda xp, a: ALONG[name](xp, a, axis)


def _of_matrix(draw: Draw, a: Any) -> tuple[str, Callable[..., Any]] | None:
    words = draw(st.sampled_from(sorted(OF_MATRIX)))
    return (words, OF_MATRIX[words]) if np.ndim(a) == 2 else None


def _join(draw: Draw, a: Any, b: Any) -> tuple[str, Callable[..., Any]] | None:
    if np.shape(a) == np.shape(b) and draw(st.booleans()):
        axis = draw(st.integers(0, np.ndim(a)))
        return f"stack(axis={axis})", lambda xp, a, b: xp.stack([a, b, a], axis=axis)
    if np.ndim(a) != np.ndim(b) or np.ndim(a) == 0:
        return None
    axis = draw(st.integers(0, np.ndim(a) - 1))
    if any(m != n for k, (m, n) in enumerate(zip(np.shape(a), np.shape(b), strict=True)) if k != axis):
        return None
    return f"concatenate(axis={axis})", lambda xp, a, b: xp.concatenate([a, b], axis=axis)


def _product(draw: Draw, a: Any, b: Any) -> tuple[str, Callable[..., Any]] | None:
    words = draw(st.sampled_from(["matmul", "matmul", "tensordot", "outer"]))
    if words == "outer":
        return words, lambda xp, a, b: xp.outer(a, b)
    if words == "tensordot":
        fits = np.ndim(a) and np.ndim(b) and np.shape(a)[0] == np.shape(b)[-1]
        return (words, lambda xp, a, b: xp.tensordot(a, b, axes=([0], [np.ndim(b) - 1]))) if fits else None
    if not (np.ndim(a) and np.ndim(b) and np.shape(a)[-1] == np.shape(b)[-2 if np.ndim(b) > 1 else 0]):
        return None
    fits = np.ndim(a) < 3 or np.ndim(b) < 3 or _broadcastable(a[..., 0, 0], b[..., 0, 0])
    return (words, lambda xp, a, b: xp.matmul(a, b)) if fits else None


MAKERS: Sequence[tuple[int, Callable[..., tuple[str, Callable[..., Any]] | None]]] = (
    *[(1, _unary)] * 2, *[(2, _binary)] * 3, *[(2, _product)] * 2, *[(2, _join)] * 2,
    (1, _reduction), (1, _reshape), (1, _transpose), (1, _slice), (1, _fancy), (1, _along), (1, _of_matrix),
)  # fmt: skip


@st.composite
def programs(draw: Draw, steps: int = STEPS, largest: int = LARGEST, shapes: Sequence[Any] = SHAPES) -> Program:
    """Programs of up to `steps` operations on arrays of up to `largest` entries; no value is large."""
    taken_shapes = draw(st.lists(st.sampled_from(shapes), min_size=1, max_size=3))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    inputs = tuple([rng.uniform(-1.5, 1.5, shape) for shape in taken_shapes])
    values, taken = [np.asarray(x) for x in inputs], []
    for _ in range(draw(st.integers(1, steps))):
        count, maker = draw(st.sampled_from(MAKERS))
        operands = tuple([draw(st.integers(max(0, len(values) - 5), len(values) - 1)) for _ in range(count)])
        made = maker(draw, *[values[n] for n in operands])
        if made is None:
            continue
        with np.errstate(all="ignore"):
            result = np.asarray(made[1](np, *[values[n] for n in operands]))
        if 0 < prod(result.shape) <= largest and result.ndim <= 4 and np.max(np.abs(result)) < 50:
            taken.append(Step(made[0], operands, made[1]))
            values.append(result)
    return Program(inputs, tuple(taken))
