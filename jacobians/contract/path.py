"""The order of pairwise contractions.

`plan_pairs` goes through all orders of a few operands, and asks opt_einsum for more, once per structure. Its default is
not used: ``auto`` misses the best order of chains with vectors in them by a factor of 100, and is greedy from nine
operands on, so dynamic programming plans up to `DP_LIMIT`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from math import prod
from typing import NamedTuple

from ..labels import Label
from .cheapest import LIMIT, cheapest_pairs

__all__ = ["ContractionPlan", "Step", "plan_numbers", "plan_pairs"]

DP_LIMIT = 20
"""Operands that dynamic programming plans; longer chains take opt_einsum's branching and greedy mixture."""


class Step(NamedTuple):
    """One pairwise contraction: positions in the list of operands (both are removed), and labels of the result."""

    left: int
    right: int
    result: tuple[int, ...]


class ContractionPlan(NamedTuple):
    """An order of pairwise contractions and its predicted costs.

    Attributes
    ----------
    inputs : tuple of tuple of int
        Labels of each operand, numbered in the order of their first occurrence.
    output : tuple of int
    sizes : tuple of int
        By label number.
    steps : tuple of Step
    multiplications : int
        Scalar multiplications of all steps.
    largest_intermediate : int
        Entries of the largest intermediate, the result included.
    """

    inputs: tuple[tuple[int, ...], ...]
    output: tuple[int, ...]
    sizes: tuple[int, ...]
    steps: tuple[Step, ...]
    multiplications: int
    largest_intermediate: int

    def __str__(self) -> str:
        import opt_einsum

        def word(labels: Sequence[int]) -> str:
            return "".join(opt_einsum.get_symbol(n) for n in labels) or "1"

        lines = [
            f"{','.join(word(labels) for labels in self.inputs)} -> {word(self.output)}",
            f"sizes: {', '.join(f'{opt_einsum.get_symbol(n)}={size}' for n, size in enumerate(self.sizes))}",
        ]
        waiting = list(self.inputs)
        for step in self.steps:
            left, right = waiting[step.left], waiting[step.right]
            for position in sorted((step.left, step.right), reverse=True):
                del waiting[position]
            waiting.append(step.result)
            lines.append(f"  {word(left)},{word(right)} -> {word(step.result)}")
        lines.append(
            f"multiplications: {self.multiplications:,}; largest intermediate: {self.largest_intermediate:,} entries"
        )
        return "\n".join(lines)


def plan_pairs(inputs: Sequence[Sequence[Label]], output: Sequence[Label]) -> tuple[ContractionPlan, tuple[Label, ...]]:
    """The plan for these operands, and the labels by number.

    Examples
    --------
    >>> a, b, c = Label(200), Label(1000), Label(200)
    >>> plan, _ = plan_pairs([(a, b), (b,), (b, c)], (a, c))
    >>> plan.largest_intermediate
    200000
    >>> print(plan)
    ab,b,bc -> ac
    sizes: a=200, b=1000, c=200
      b,bc -> bc
      ab,bc -> ac
    multiplications: 40,200,000; largest intermediate: 200,000 entries
    """
    number: dict[Label, int] = {}
    for labels in inputs:
        for label in labels:
            number.setdefault(label, len(number))
    key = tuple([tuple([number[label] for label in labels]) for labels in inputs])
    sizes = tuple([label.size for label in number])
    return plan_numbers(key, tuple([number[label] for label in output]), sizes), tuple(number)


@lru_cache(maxsize=8192)
def plan_numbers(
    inputs: tuple[tuple[int, ...], ...], output: tuple[int, ...], sizes: tuple[int, ...]
) -> ContractionPlan:
    """The same for labels that are numbers already."""
    steps, multiplications, largest = [], 0, prod(sizes[n] for n in output)
    waiting = list(inputs)
    for left, right in _pairs(inputs, output, sizes):
        a, b = waiting[left], waiting[right]
        rest = [labels for n, labels in enumerate(waiting) if n not in (left, right)]
        needed = set(output).union(*rest)
        together = tuple(dict.fromkeys(a + b))
        result = tuple([label for label in together if label in needed]) if rest else output
        multiplications += prod(sizes[n] for n in together)
        largest = max(largest, prod(sizes[n] for n in result))
        steps.append(Step(left, right, result))
        waiting = [*rest, result]
    return ContractionPlan(inputs, output, sizes, tuple(steps), multiplications, largest)


def _pairs(inputs: tuple, output: tuple, sizes: tuple) -> list[tuple[int, int]]:
    """The positions of each pair in the shrinking list of operands: equal labels first, then the cheapest path."""
    waiting = [(frozenset(labels), None) for labels in inputs]
    pairs: list[tuple[int, int]] = []
    while (twins := _twins([labels for labels, _ in waiting])) is not None:
        pairs.append(twins)
        merged = waiting[twins[0]]
        waiting = [item for n, item in enumerate(waiting) if n not in twins] + [merged]
    if len(waiting) == 2:
        return [*pairs, (0, 1)]
    if 2 < len(waiting) <= LIMIT:
        return pairs + cheapest_pairs([labels for labels, _ in waiting], output, sizes)
    if len(waiting) > 2:
        import opt_einsum  # slow to import, and not needed for a few operands

        symbols = [opt_einsum.get_symbol(n) for n in range(len(sizes))]
        words = ["".join(symbols[n] for n in sorted(labels)) for labels, _ in waiting]
        equation = ",".join(words) + "->" + "".join(symbols[n] for n in output)
        shapes = [tuple([sizes[n] for n in sorted(labels)]) for labels, _ in waiting]
        method = "dp" if len(waiting) <= DP_LIMIT else "auto-hq"
        path, _ = opt_einsum.contract_path(equation, *shapes, shapes=True, optimize=method)
        pairs += _binary(path)
    return pairs


def _twins(operands: list[frozenset[int]]) -> tuple[int, int] | None:
    """Two operands with the same labels: multiplying them entry by entry is never a mistake."""
    seen: dict[frozenset[int], int] = {}
    for n, labels in enumerate(operands):
        if labels in seen:
            return seen[labels], n
        seen[labels] = n
    return None


def _binary(path: Iterable[Collection[int]]) -> list[tuple[int, int]]:
    """A path of pairs only: groups of more are taken two at a time from the left, single ones are dropped."""
    pairs: list[tuple[int, int]] = []
    for group in path:
        positions = sorted(group)
        if len(positions) == 2:
            pairs.append((positions[0], positions[1]))
        elif len(positions) > 2:
            raise NotImplementedError(f"opt_einsum planned a step of {len(positions)} operands.")
    return pairs
