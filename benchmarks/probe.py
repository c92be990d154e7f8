"""What the machine itself gives several threads: work that stays in the cache of each core, beside the same on one.

Two cores of a shared or virtual machine do not yield half of the time of one, whoever asks: they share power, memory,
often a physical core. `probes(threads)` are two works, to be timed in turns with all others; the ratio of the second to
the first is what a program on so many threads can reach here at best.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from .measuring import Work

__all__ = ["ALONE", "TOGETHER", "probes"]

ALONE, TOGETHER = "probe", "probe-threads"
ENTRIES = 16_384  # three arrays of 128 kB lie in the cache of a core
TURNS, CALLS = 32, 2  # long turns: the interpreter's lock should not count


def probes(threads: int) -> dict[str, Work]:
    """The same exponentials and cosines on one thread, and on several that take turns from one queue."""
    pool = ThreadPoolExecutor(max(threads - 1, 1), thread_name_prefix="probe")
    return {ALONE: Work(lambda: shared(1, pool.submit)), TOGETHER: Work(lambda: shared(threads, pool.submit))}


def shared(threads: int, submit: Callable) -> int:
    """All turns, by this thread and others; the answer is how many there were."""
    waiting = deque(range(TURNS))
    others = [submit(take, waiting) for _ in range(threads - 1)]
    return take(waiting) + sum([other.result() for other in others])


def take(waiting: deque[int]) -> int:
    """Take turns until none is left."""
    taken = 0
    x = np.linspace(-3.0, 3.0, ENTRIES)
    e, c = np.empty_like(x), np.empty_like(x)
    while True:
        try:
            waiting.popleft()
        except IndexError:
            return taken
        taken += 1
        for _ in range(CALLS):
            np.exp(x, out=e)
            np.cos(e, out=c)
