"""Many dense factors along a plan, which is worked out once per structure.

`contract_factors` numbers the labels by position; the numbers and the shapes of the arrays are the key under which the
order of the pairs, the kernel of each pair and the layout of each intermediate are found again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np

from ..labels import Label
from ..terms import Factor, factor_of
from .calls import Kernel, swapped
from .kernels import pair_kernel, product_into
from .matrices import upper_kernel
from .pairs import einsum, sum_out
from .path import Step, plan_numbers
from .portions import portion, slice_length
from .views import compacted, permuted

__all__ = ["contract_factors", "contraction"]

Numbers = tuple[int, ...]


class Program(NamedTuple):
    """How to contract arrays of known structure.

    Attributes
    ----------
    pairs : tuple of (int, int, callable)
        Places of two arrays in the list, the smaller one first: their product leaves and joins at its end.
    last : callable
        The kernel of the two arrays that remain.
    labels : tuple
        Of the result: numbers, or the labels themselves.
    orders : tuple of tuple
        The same for each intermediate.
    portions : tuple of (tuple, Program, tuple or None)
        The result as a sum: the part of each array, how these are contracted, and the order of the axes of that.
    slices : Slices, optional
        How the result is written one part after the other.
    """

    pairs: tuple[tuple[int, int, Callable[..., Any]], ...]
    last: Callable[..., Any]
    labels: tuple[Any, ...]
    orders: tuple[tuple[Any, ...], ...] = ()
    portions: tuple[tuple[tuple[Any, ...], Program, Numbers | None], ...] = ()
    slices: Slices | None = None

    def run(self, arrays: list[Any]) -> Any:
        """The product of arrays, which leave the list."""
        if self.portions:
            return self._summed(arrays)
        for first, second, contract in self.pairs:
            arrays.append(contract(arrays.pop(first), arrays.pop(second - 1)))  # no name here keeps an intermediate
        return self.last(arrays.pop(0), arrays.pop())

    def _summed(self, arrays: list[Any]) -> Any:
        total = None
        for parts, program, order in self.portions:
            part = program.run([array[index] for array, index in zip(arrays, parts, strict=True)])
            part = part if order is None else part.transpose(order)
            if total is None:
                total = part
            else:
                total += part  # in its place, unless it is a number
        return total


_RECENT: dict[tuple, Program] = {}
"""Programs under the very labels: a product that is taken again, as an iteration does, is found in one look."""

RECENT_LIMIT = 1024


class Slices(NamedTuple):
    """A result that is written into an array, or added to it, one part after the other.

    Attributes
    ----------
    before : tuple of (tuple of int, Program or None, callable or None, tuple of int)
        Which arrays are contracted first, once for all parts, and how; how a single one is laid out; the shape of that.
    parts : tuple of (slice, tuple, Program)
        Along the first axis of the result: where it is written, the part of each array, how these are contracted.
    """

    before: tuple[tuple[tuple[int, ...], Program | None, Callable[[Any], Any] | None, Numbers], ...]
    parts: tuple[tuple[slice, tuple[Any, ...], Program], ...]


class _Into(NamedTuple):
    """The last part of the key of a program that writes into an array, perhaps its upper triangle; or adds to it."""

    upper: bool = False
    add: bool = False


def contract_factors(
    factors: Sequence[Factor],
    result: Iterable[Label],
    out: np.ndarray | None = None,
    *,
    symmetric: bool = False,
    add: bool = False,
) -> Factor:
    """The product of factors, summed over every carried label that is not in `result`.

    Parameters
    ----------
    factors : sequence of Factor
        At least one.
    result : iterable of Label
        Labels that no factor carries are left out. The order of the labels of the answer is ours; it depends on the
        structure alone, not on the kind of array.
    out : ndarray, optional
        What true ndarrays are written into; its axes are the carried labels in the order of `result`, it overlaps no
        factor, and it becomes the array of the answer.
    symmetric : bool
        Whether `out` is a contiguous matrix that is known to be symmetric, rows before columns, of which only the upper
        triangle must be written.
    add : bool
        Whether the product of several true ndarrays is added to `out`, of the same dtype, not written over it.

    Examples
    --------
    >>> i, j, k = Label(2, "i"), Label(3, "j"), Label(4, "k")
    >>> A, B = Factor(np.ones((2, 3)), (i, j)), Factor(np.ones((3, 4)), (j, k))
    >>> contract_factors([A, B], (i, k)).array.tolist()
    [[3.0, 3.0, 3.0, 3.0], [3.0, 3.0, 3.0, 3.0]]
    """
    wanted = result if type(result) is tuple else tuple(result)
    if len(factors) == 2 and out is None:
        first, second = factors
        key: tuple = (first.labels, second.labels, wanted)
        program = _RECENT.get(key) or _remembered(key)
        a, b = first.array, second.array
        if type(a) is np.ndarray and type(b) is np.ndarray:
            return factor_of(program.last(a, b), program.labels)
        return einsum((first, second), program.labels)
    if len(factors) == 1:
        return _single(factors[0], dict.fromkeys(wanted), out)
    key = (*[factor.labels for factor in factors], wanted)
    if out is not None:
        key = (*key, _Into(symmetric, add))
    program = _RECENT.get(key) or _remembered(key)
    arrays = [factor.array for factor in factors]
    for array in arrays:
        if type(array) is not np.ndarray:
            return _dispatched(factors, program)
    if out is None:
        return factor_of(program.run(arrays), program.labels)
    _write(program, arrays, out, add)
    return Factor(out, program.labels)


def _write(program: Program, arrays: list[Any], out: np.ndarray, add: bool) -> None:
    """The product of arrays, which leave the list, into an array or added to it."""
    if program.slices is not None:
        before, parts = program.slices
        ready = []
        for members, first, view, shape in before:
            if first is None:
                ready.append(arrays[members[0]] if view is None else view(arrays[members[0]]))
                continue
            own = [arrays[n] for n in members]
            ready.append(np.empty(shape, np.result_type(*own)))
            _write(first, own, ready[-1], add=False)
        arrays.clear()
        for place, indices, part in parts:
            _write(part, [array[index] for array, index in zip(ready, indices, strict=True)], out[place], add)
        return
    for first, second, contract in program.pairs:
        arrays.append(contract(arrays.pop(first), arrays.pop(second - 1)))
    target = np.empty(out.shape, out.dtype) if add else out
    program.last(arrays.pop(0), arrays.pop(), target)
    if add:
        np.add(out, target, out=out)


def contraction(groups: Sequence[tuple[Label, ...]], result: tuple[Label, ...]) -> Callable[..., Any]:
    """What `contract_factors` does to true ndarrays of one or two factors with these labels, prepared."""
    if len(groups) == 1:
        axes = tuple([n for n, label in enumerate(groups[0]) if label not in result])
        return partial(np.add.reduce, axis=axes) if axes else _itself
    key = (*groups, result)
    return (_RECENT.get(key) or _remembered(key)).last


def _itself(array: Any) -> Any:
    return array


def _single(factor: Factor, wanted: dict[Label, None], out: np.ndarray | None) -> Factor:
    gone = [label for label in factor.labels if label not in wanted]
    factor = sum_out(factor, gone) if gone else factor
    if out is None or type(factor.array) is not np.ndarray:
        return factor
    labels = tuple([label for label in wanted if label in factor.labels])
    out[...] = factor.spread(labels)
    return Factor(out, labels)


def _dispatched(factors: Sequence[Factor], program: Program) -> Factor:
    """The same for arrays of any kind: one einsum per pair, with the same layouts."""
    waiting = list(factors)
    for (first, second, _), order in zip(program.pairs, program.orders, strict=True):
        b, a = waiting.pop(second), waiting.pop(first)
        waiting.append(einsum((a, b), order))
    return einsum((waiting[0], waiting[1]), program.labels)


def _remembered(key: tuple) -> Program:
    """The program under the structure of `key`, which is remembered under the labels, too."""
    into = key[-1] if type(key[-1]) is _Into else None
    *inputs, result = key if into is None else key[:-1]
    number: dict[Label, int] = {}
    for group in inputs:
        for label in group:
            if label not in number:
                number[label] = len(number)
    numbers = tuple([tuple([number[label] for label in group]) for group in inputs])
    wanted = tuple([number[label] for label in result if label in number])
    labels = tuple(number)
    found = _program(numbers, wanted, tuple([label.size for label in labels]), into)
    orders = tuple([tuple([labels[n] for n in order]) for order in found.orders])
    program = found._replace(labels=tuple([labels[n] for n in found.labels]), orders=orders)
    if len(_RECENT) >= RECENT_LIMIT:
        _RECENT.clear()
    _RECENT[key] = program
    return program


@lru_cache(maxsize=8192)
def _program(inputs: tuple[Numbers, ...], output: Numbers, sizes: Numbers, into: _Into | None) -> Program:
    """The pairs of a contraction, each with its kernel."""
    output = tuple(dict.fromkeys(output))
    exact, upper = into is not None, into is not None and into.upper
    if len(inputs) == 2:
        kernel = upper_kernel(inputs[0], inputs[1], output, sizes) if upper else None
        kernel = kernel or pair_kernel(inputs[0], inputs[1], output, sizes, exact=exact)
        program = Program((), kernel.run, kernel.labels)
        return program if into is None else program._replace(slices=_slices(inputs, output, sizes, into))
    steps = plan_numbers(inputs, output, sizes).steps
    waiting, pairs, orders, made = list(inputs), [], [], [False] * len(inputs)
    for step, result in zip(steps, _layouts(steps, inputs), strict=True):
        right, left = waiting.pop(step.right), waiting.pop(step.left)
        fresh = made.pop(step.right), made.pop(step.left)
        place = exact and not waiting
        kernel = None if place else _in_place(left, right, result, fresh, sizes)
        if upper and not waiting:
            kernel = upper_kernel(left, right, result, sizes)
        if kernel is None:
            kernel = pair_kernel(left, right, result, sizes, exact=place)
        pairs.append((step.left, step.right, kernel.run))
        orders.append(kernel.labels)
        waiting.append(kernel.labels)
        made.append(True)
    program = Program(tuple(pairs[:-1]), pairs[-1][2], orders[-1], tuple(orders[:-1]))
    if into is not None:
        return program._replace(slices=_slices(inputs, output, sizes, into))
    chosen = portion(orders[-1], sizes, orders[:-1])
    return program if chosen is None else program._replace(portions=_portions(inputs, program.labels, sizes, *chosen))


def _portions(
    inputs: tuple[Numbers, ...], result: Numbers, sizes: Numbers, label: int, length: int
) -> tuple[tuple[tuple[Any, ...], Program, Numbers | None], ...]:
    """The same contraction over one part of a label after the other."""
    portions = []
    for start in range(0, sizes[label], length):
        stop = min(start + length, sizes[label])
        shorter = (*sizes[:label], stop - start, *sizes[label + 1 :])
        program = _program(inputs, result, shorter, None)
        order = None if program.labels == result else tuple([program.labels.index(n) for n in result])
        parts = [tuple([slice(start, stop) if n == label else slice(None) for n in labels]) for labels in inputs]
        portions.append((tuple(parts), program, order))
    return tuple(portions)


def _slices(inputs: tuple[Numbers, ...], output: Numbers, sizes: Numbers, into: _Into) -> Slices | None:
    """The same contraction for one part of the result after the other, where that keeps large intermediates small."""
    steps = plan_numbers(inputs, output, sizes).steps if len(inputs) > 2 else ()
    label = output[0] if output else -1
    waiting: list[tuple[Numbers, tuple[int, ...]]] = [(labels, (n,)) for n, labels in enumerate(inputs)]
    whole: list[tuple[Numbers, tuple[int, ...]]] = []
    inner: list[Numbers] = []
    for step in steps:
        right, left = waiting.pop(step.right), waiting.pop(step.left)
        once = label not in left[0] and label not in right[0]
        if once:
            waiting.append((step.result, left[1] + right[1]))
            continue
        whole += [part for part in (left, right) if part[1]]
        inner.append(step.result)
        waiting.append((step.result, ()))
    whole += [part for part in waiting if part[1]]
    length = slice_length(output, sizes, (*inner[:-1], output) if into.add else inner[:-1])
    if into.upper or len(whole) < 2:
        return None
    before, laid, parts = [], [], []
    for labels, members in whole:
        order = labels if label in labels else tuple(sorted(labels, key=lambda n: n not in output))
        program = _program(tuple([inputs[n] for n in members]), order, sizes, _Into()) if len(members) > 1 else None
        # What every part steps through is laid out once, not in each of them.
        view = None if label in labels else compacted(permuted(labels, order))
        before.append((members, program, view, tuple([sizes[n] for n in order])))
        laid.append(order)
    if length is None:
        if not any([program is not None and program.slices is not None for _, program, *_ in before]):
            return None
        length = sizes[label]  # what is contracted first is large on the way, and is made in slices of its own
    for start in range(0, sizes[label], length):
        stop = min(start + length, sizes[label])
        shorter = (*sizes[:label], stop - start, *sizes[label + 1 :])
        program = _program(tuple(laid), output, shorter, into)
        indices = [tuple([slice(start, stop) if n == label else slice(None) for n in labels]) for labels in laid]
        parts.append((slice(start, stop), tuple(indices), program))
    return Slices(tuple(before), tuple(parts))


def _in_place(
    left: Numbers, right: Numbers, result: Numbers, fresh: tuple[bool, bool], sizes: Numbers
) -> Kernel | None:
    """The product without a sum written into an intermediate that has all of its labels, if there is one.

    Parameters
    ----------
    left, right, result : tuple of int
    fresh : pair of bool
        Whether the right one and the left one are intermediates.
    sizes : tuple of int
    """
    wanted = {*result}
    if left and fresh[1] and wanted == {*left} and wanted.issuperset(right):
        return product_into(left, right, sizes)
    if right and fresh[0] and wanted == {*right} and wanted.issuperset(left):
        kernel = product_into(right, left, sizes)
        return Kernel(kernel.labels, swapped(kernel.run))
    return None


def _layouts(steps: Sequence[Step], inputs: Sequence[Numbers]) -> list[Numbers]:
    """The order of the labels of each intermediate that its consumer reads best: batch, kept, summed."""
    waiting: list[tuple[Numbers, int | None]] = [(labels, None) for labels in inputs]
    consumers: dict[int, tuple[Numbers, int]] = {}
    for position, step in enumerate(steps):
        right, left = waiting.pop(step.right), waiting.pop(step.left)
        for (_, source), (other, _) in ((left, right), (right, left)):
            if source is not None:
                consumers[source] = other, position
        waiting.append((step.result, position))
    layouts = [step.result for step in steps]
    for position in reversed(range(len(steps) - 1)):
        other, consumer = consumers[position]
        result, labels = layouts[consumer], set(steps[position].result)
        batch = [n for n in result if n in labels and n in other]
        summed = [n for n in other if n in labels and n not in result]
        kept = [n for n in result if n in labels and n not in other]
        rest = [n for n in layouts[position] if n not in result and n not in other]
        if summed:
            layouts[position] = (*batch, *kept, *rest, *summed)
        else:
            layouts[position] = (*[n for n in result if n in labels], *rest)
    return layouts
