"""What a program needs to work on large arrays: blocks that fit the cache, threads, and memory that is used again.

- `in_blocks`: call a function on blocks of rows, on several threads.
- `borrow`, `give_back`: memory for the temporaries of one call.
- `set_threads`: how many threads a program may use.

The text of this module stands in every saved program that needs it, so it uses NumPy and the standard library alone.
"""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import copy_context
from queue import SimpleQueue
from threading import Thread
from typing import Any

import numpy as np

__all__ = ["borrow", "give_back", "in_blocks", "set_threads"]


def _cores() -> int:
    """OMP_NUM_THREADS if it is set, as for the linear algebra of NumPy; else the cores that this process may use."""
    told = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
    if told.isdecimal() and int(told) > 0:
        return int(told)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


_limits = {"threads": _cores()}
_helpers: dict[int, tuple[SimpleQueue[Callable[[], None]], list[Thread]]] = {}
_kept: dict[str, list[np.ndarray]] = {"arrays": [], "blocks": []}


def set_threads(count: int) -> int:
    """Set how many threads a compiled function may use for elementwise work on large arrays.

    A run of elementwise calls is split among threads only where it takes long enough to pay. At the start the number is
    that of the environment variable ``OMP_NUM_THREADS`` if it is set, else of the cores that the process may use. The
    threads of NumPy's linear algebra are not touched. Results do not depend on the number, to the last bit.

    Parameters
    ----------
    count : int
        At least 1.

    Returns
    -------
    int
        The number that was set before.

    Examples
    --------
    >>> before = set_threads(1)
    >>> set_threads(before)
    1
    """
    if count < 1:
        raise ValueError(f"set_threads: count must be at least 1, not {count}.")
    before, _limits["threads"] = _limits["threads"], int(count)
    return before


def borrow(nbytes: int, kind: str = "arrays") -> np.ndarray:
    """Memory that nobody else uses until it is given back; it starts at a multiple of 64 bytes."""
    try:
        memory = _kept[kind].pop()
    except IndexError:
        memory = np.empty(0, np.uint8)
    if memory.size < nbytes:
        memory = np.empty(nbytes + 64, np.uint8)
        memory = memory[-memory.ctypes.data % 64 :]
    return memory


def give_back(memory: np.ndarray, kind: str = "arrays") -> None:
    """Let the next call have the memory; what an exception keeps from coming back is freed."""
    _kept[kind].append(memory)


def in_blocks(
    function: Callable[..., Any],
    size: int,
    step: int,
    cut: Sequence[np.ndarray],
    whole: Sequence[Any] = (),
    buffers: Sequence[tuple[Any, tuple[int, ...]]] = (),
    parallel: bool = False,
    innermost: bool = False,
    wider: bool = False,
) -> list[Any]:
    """Call ``function(*blocks, *whole, *buffers)`` for `step` rows of each array of `cut` after the other.

    Parameters
    ----------
    function : callable
    size, step : int
        The number of rows altogether, and of a block.
    cut, whole : sequence of array
        What is handed over in blocks, and as it is.
    buffers : sequence of (dtype, shape)
        Arrays of `step` rows of this shape that are handed over too, to be written into.
    parallel : bool
        Whether several threads pay.
    innermost : bool
        Whether blocks and buffers have the rows as their last axis.
    wider : bool
        Whether blocks may have more rows, since results do not depend on where they are cut.

    Returns
    -------
    list
        The results, in the order of the blocks.
    """
    threads = min(_limits["threads"], -(-size // step)) if parallel else 1
    turn = _blocks_in_turn(buffers, step, threads) if wider else 1
    longest = turn * step
    count = -(-size // step)
    if innermost:
        cut = [array.transpose(*range(1, array.ndim), 0) for array in cut]
    results: list[Any] = [None] * count
    # Each thread begins with blocks that lie side by side, since two threads that fill one page wait for each other.
    edges = [count * n // threads for n in range(threads + 1)]
    waiting = [deque(range(edges[n], edges[n + 1])) for n in range(threads)]

    def work(number: int) -> None:
        mine = waiting[number]
        sizes = [np.dtype(dtype).itemsize * longest * math.prod(shape) for dtype, shape in buffers]
        starts = [0]
        for nbytes in sizes:
            starts.append(starts[-1] + -(-nbytes // 64) * 64)
        memory = borrow(starts[-1], "blocks")
        entire = []
        for start, nbytes, (dtype, shape) in zip(starts, sizes, buffers, strict=False):
            flat = memory[start : start + nbytes].view(dtype)
            entire.append(flat.reshape((*shape, longest) if innermost else (longest, *shape)))
        own, length = entire, longest
        try:
            while (n := _next(mine, waiting)) is not None:
                start = n * step
                stop = start + step
                more = min(turn - 1, len(mine) // 2)  # the last turns are short, so that nobody waits for long
                while more and _next(mine) is not None:
                    stop, more = stop + step, more - 1
                stop = min(stop, size)
                part = (..., slice(start, stop)) if innermost else slice(start, stop)
                blocks = [array[part] for array in cut]
                if stop - start != length:
                    length = stop - start
                    part = (..., slice(length)) if innermost else slice(length)
                    own = [buffer[part] for buffer in entire]
                results[n] = function(*blocks, *whole, *own)
        except BaseException:
            for numbers in waiting:
                numbers.clear()
            raise
        give_back(memory, "blocks")

    if threads == 1:
        work(0)
    else:
        _together(work, threads)
    return results


def _blocks_in_turn(buffers: Sequence[tuple[Any, tuple[int, ...]]], step: int, threads: int) -> int:
    """How many blocks a thread takes at once: at the beginning of each it waits for memory, and for other threads.

    What a core has in its cache should last: half a MB, and with threads, which share the interpreter, 1.5 MB of 2.
    """
    nbytes = step * sum([np.dtype(dtype).itemsize * math.prod(shape) for dtype, shape in buffers])
    most, least = (524_288, 1) if threads == 1 else (1_572_864, 2)
    return min(max(most // max(nbytes, 1), least), 4)


def _next(mine: deque[int], others: Sequence[deque[int]] = ()) -> int | None:
    """The first of one's own numbers, or the last of those of who has most left; None if there is none."""
    try:
        return mine.popleft()
    except IndexError:
        pass
    for numbers in sorted(others, key=len, reverse=True):
        try:
            return numbers.pop()
        except IndexError:
            continue
    return None


def _together(work: Callable[[int], None], count: int) -> None:
    """Call ``work(0)`` here and ``work(1)`` ... in other threads, under the error handling (`np.errstate`) of this one.

    What has not begun when this thread is done would find nothing to do, and does not begin any more.
    """
    places = deque(range(1, count))
    ended: SimpleQueue[BaseException | None] = SimpleQueue()
    context = copy_context()

    def take_part() -> None:
        number = _next(places)
        if number is None:
            return
        try:
            context.copy().run(work, number)
        except BaseException as error:
            ended.put(error)
        else:
            ended.put(None)

    _ask(take_part, count - 1)
    begun = count - 1
    try:
        work(0)
    finally:
        while _next(places) is not None:
            begun -= 1
        failed = [error for error in [ended.get() for _ in range(begun)] if error is not None]
    if failed:
        raise failed.pop()


def _ask(task: Callable[[], None], times: int) -> None:
    """Let so many threads call a function, each once, when they come to it; they stay for the next one."""
    process = os.getpid()  # the threads of a process do not live on in its fork
    if process not in _helpers:
        _helpers.clear()
        _helpers[process] = SimpleQueue(), []
    tasks, threads = _helpers[process]
    try:
        while len(threads) < times:
            thread = Thread(target=_serve, args=(tasks,), name="jacobians", daemon=True)
            thread.start()
            threads.append(thread)
    except RuntimeError:  # the interpreter is about to exit, or has no threads
        pass
    for _ in range(min(times, len(threads))):
        tasks.put(task)


def _serve(tasks: SimpleQueue[Callable[[], None]]) -> None:
    while True:
        tasks.get()()
