"""What is measured: `Problem` makes a `Case` of a given size; a case knows everything that a peer needs.

The function of a case is text in plain NumPy under the name ``np``, so that a peer can read the same text with its own
array library:

    def loss(np):
        def f(x):
            return np.sum(np.sin(x))
        return f
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

__all__ = ["Case", "Problem", "Target"]


@dataclass(frozen=True)
class Target:
    """A promise: the time of ours, compiled, is at most `factor` times that of `against` on so many threads.

    Attributes
    ----------
    factor : float
    against : str
        ``"hand"``, or the beginning of the name of a peer, whose best way counts.
    threads : int
        The number of threads of the run for which it is promised.
    """

    factor: float
    against: str = "hand"
    threads: int = 1


@dataclass(frozen=True)
class Case:
    """A problem at one size.

    Attributes
    ----------
    quantity : str
        What is asked, which tells a peer how to get it: ``"gradient"``, ``"jacobian"``, ``"blocks"``, ...
    function : callable
        ``function(np)`` is the function to be differentiated, in terms of that array library.
    arguments : tuple of ndarray
        Of the function, followed by the vectors of a product.
    argnums : int or tuple of int
        Which arguments are differentiated.
    ours, hand : callable
        The answer from the arguments: as a user of this library writes it, and as an expert does without.
    check : callable
        The relative difference of an answer, in NumPy's or SciPy's arrays, from an independent reference.
    plan : callable, optional
        The library's plan, or a Jacobian or several of one function that have it: it tells multiplications and the
        largest intermediate. Products with vectors have the plan of a function whose derivative they are; a list
        holds products of Jacobians.
    data : mapping
        What single peers need besides: numbers of layers, index arrays, ...
    """

    quantity: str
    function: Callable[[Any], Callable[..., Any]]
    arguments: tuple[Any, ...]
    ours: Callable[..., Any]
    hand: Callable[..., Any]
    check: Callable[[Any], float]
    argnums: int | tuple[int, ...] = 0
    plan: Callable[[], Any] | None = None
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def numpy_function(self) -> Callable[..., Any]:
        """The function in NumPy's terms."""
        return self.function(np)


@dataclass(frozen=True)
class Problem:
    """A row of the table: what is asked, and at which sizes.

    Attributes
    ----------
    name : str
        As it is called on the command line.
    title : str
        For a reader.
    make : callable
        ``make(**sizes)`` is a case.
    full, small : mapping
        Label -> sizes: those that are published, and tiny ones for tests.
    targets : tuple of Target
    """

    name: str
    title: str
    make: Callable[..., Case]
    full: Mapping[str, Mapping[str, int]]
    small: Mapping[str, Mapping[str, int]]
    targets: tuple[Target, ...] = ()

    def sizes(self, which: str) -> Mapping[str, Mapping[str, int]]:
        """Label -> sizes, for ``"full"`` or ``"small"``."""
        return {"full": self.full, "small": self.small}[which]
