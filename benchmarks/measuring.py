"""Clocks: works that take turns, the first call, and the peak of memory.

- `first_call(build)` is the work, its first result, and the seconds until then.
- `alternate(works, repeats)` is a list of seconds per turn for each work; what is short is repeated within a turn.
- `peak_bytes(work)` is what NumPy and Python allocate at most at a time during a call.
- `spread(samples)` is the median absolute deviation.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Collection, Mapping
from time import perf_counter, process_time
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse

__all__ = ["Turns", "Work", "alternate", "bytes_of", "first_call", "peak_bytes", "spread"]

TURN = 2e-3  # seconds that a turn should last at least, against the clock's grain and the noise of single calls
LONGEST = 2000  # calls in a turn


class Work(NamedTuple):
    """Something to be timed.

    Attributes
    ----------
    run : callable
        Computes the answer, and waits until it is there.
    read : callable
        Turns an answer into NumPy's or SciPy's arrays; it is not timed.
    """

    run: Callable[[], Any]
    read: Callable[[Any], Any] = lambda result: result


class Turns(NamedTuple):
    """The clock's readings.

    Attributes
    ----------
    seconds : list of float
        Of a call, one for each turn.
    calls : int
        In each turn.
    cores : float
        Processor time over elapsed time: above 1 for a work that uses more than one thread.
    """

    seconds: list[float]
    calls: int
    cores: float


def first_call(build: Callable[[], Work], clock: str = "elapsed") -> tuple[Work, Any, float]:
    """The work, its first result, and the seconds of both, building (tracing, compiling, colouring) included."""
    now = process_time if clock == "processor" else perf_counter
    start = now()
    work = build()
    result = work.run()
    return work, result, now() - start


def alternate(
    works: Mapping[str, Work],
    repeats: int,
    budget: float = 30.0,
    clock: str = "elapsed",
    exempt: Collection[str] = (),
) -> dict[str, Turns]:
    """Let the works take turns, in an order that is drawn anew for each turn.

    Whoever comes after a work that fills the caches pays for it, so nobody should always come after the same one.

    Parameters
    ----------
    works : mapping
    repeats : int
        How many turns each work gets.
    budget : float
        Seconds after which a work gets no more turns, once it had three: so slow a work needs no more.
    exempt : collection of str
        Works that get all turns, whatever they take.
    clock : "elapsed" or "processor"
        Processor time leaves out what other programs take from a busy machine; it adds up over threads.
    """
    calls, seconds, spent = {}, {name: [] for name in works}, dict.fromkeys(works, 0.0)
    used = dict.fromkeys(works, 0.0)
    for name, work in works.items():
        start = perf_counter()
        work.run()
        calls[name] = int(min(max(1, TURN / max(perf_counter() - start, 1e-7)), LONGEST))
    names = list(works)
    generator = np.random.default_rng(0)
    for turn in range(repeats):
        for k in generator.permutation(len(names)):
            name = names[k]
            if spent[name] > budget and turn >= 3 and name not in exempt:
                continue
            run, count = works[name].run, calls[name]
            processor, start = process_time(), perf_counter()
            for _ in range(count):
                run()
            elapsed, busy = perf_counter() - start, process_time() - processor
            used[name] += busy
            spent[name] += elapsed
            seconds[name].append((busy if clock == "processor" else elapsed) / count)
    return {name: Turns(seconds[name], calls[name], used[name] / max(spent[name], 1e-9)) for name in names}


def peak_bytes(work: Work) -> int:
    """Bytes that a call allocates at most at a time, its result included, as NumPy and Python report them.

    Memory that BLAS, XLA or PyTorch allocate on their own is not seen.
    """
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        result = work.run()
        peak = tracemalloc.get_traced_memory()[1] - before
        del result
    finally:
        tracemalloc.stop()
    return peak


def spread(samples: Any) -> float:
    """The median absolute deviation from the median.

    Examples
    --------
    >>> spread([1.0, 2.0, 3.0, 100.0])
    1.0
    """
    return float(np.median(np.abs(np.asarray(samples) - np.median(samples))))


def bytes_of(result: Any) -> int:
    """Bytes of arrays, of sparse matrices with their indices, of Jacobians, and of tuples and lists of them.

    Examples
    --------
    >>> bytes_of((np.zeros(3), scipy.sparse.csr_array(np.eye(2))))
    68
    """
    if isinstance(result, (tuple, list)):
        return sum(map(bytes_of, result))
    if scipy.sparse.issparse(result):
        parts = ("data", "indices", "indptr", "row", "col")
        return sum(getattr(result, part).nbytes for part in parts if hasattr(result, part))
    return int(getattr(result, "nbytes", 0))
