"""What settling a term does to its factors, written down while it is done.

`Notes` settles as `Work` does, and notes each operation as a `Step`, to be repeated on the factors of other terms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from ..contract import contract_factors, gather, scatter_factor, slide
from ..labels import Axis, Label
from ..terms import Factor, Map
from .settle import Work

__all__ = ["Notes", "Step", "gathered"]


class Step(NamedTuple):
    """One operation on factors, told by their places in the list of all; its result is the next in the list."""

    function: Callable[..., Factor]
    operands: tuple[int, ...]
    argument: Any
    product: bool
    """Whether it is a product of arrays that broadcast as they are."""


class Notes(Work):
    """Settles, and writes down what it does."""

    def __init__(self, factors: Iterable[Any]) -> None:
        self.made = list(factors)
        self.steps: list[Step] = []
        self.first = len(self.made)

    def contract(self, factors: list[Factor], labels: Iterable[Label]) -> Factor:
        labels = tuple(labels)
        result = super().contract(factors, labels)
        places = self.places(factors)
        return self._note(Step(contract_factors, places, labels, self._is_product(places, result.labels)), result)

    def _is_product(self, places: tuple[int, ...], labels: Axis) -> bool:
        """Whether two factors broadcast as they are; the order of labels after a sum is only known when it is done."""
        groups = [self.made[place].labels for place in places]
        known = all([place < self.first or self.steps[place - self.first].product for place in places])
        aligned = all([group == labels[len(labels) - len(group) :] for group in groups])
        return len(places) == 2 and known and aligned and labels in groups

    def gather(self, factor: Factor, relation: Map) -> Factor:
        result = super().gather(factor, relation)
        return self._note(Step(gathered, self.places([factor]), relation, False), result)

    def scatter(self, factor: Factor, relation: Map) -> Factor:
        result = super().scatter(factor, relation)
        return self._note(Step(scattered, self.places([factor]), relation, False), result)

    def slide(self, factors: list[Factor], relation: Map) -> Factor:
        result = super().slide(factors, relation)
        return self._note(Step(slide, self.places(factors), relation, False), result)

    def places(self, factors: Iterable[Any]) -> tuple[int, ...]:
        return tuple([next(n for n, known in enumerate(self.made) if known is factor) for factor in factors])

    def _note(self, step: Step, result: Factor) -> Factor:
        if not any(result is known for known in self.made):
            self.steps.append(step)
            self.made.append(result)
        return result


def gathered(factors: list[Factor], relation: Map) -> Factor:
    return gather(factors[0], relation)


def scattered(factors: list[Factor], relation: Map) -> Factor:
    return scatter_factor(factors[0], relation)
