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
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context
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
_executors: dict[tuple[int, int], ThreadPoolExecutor] = {}
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
    if threads > 1 and wider:  # threads take turns at the interpreter, so each goes further between two of its turns
        step = min(2 * step, -(-size // threads))
    count = -(-size // step)
    if innermost:
        cut = [array.transpose(*range(1, array.ndim), 0) for array in cut]
    results: list[Any] = [None] * count
    waiting = deque(range(count))

    def work() -> None:
        sizes = [np.dtype(dtype).itemsize * step * math.prod(shape) for dtype, shape in buffers]
        starts = [0]
        for nbytes in sizes:
            starts.append(starts[-1] + -(-nbytes // 64) * 64)
        memory = borrow(starts[-1], "blocks")
        own = []
        for start, nbytes, (dtype, shape) in zip(starts, sizes, buffers, strict=False):
            flat = memory[start : start + nbytes].view(dtype)
            own.append(flat.reshape((*shape, step) if innermost else (step, *shape)))
        try:
            while True:
                try:
                    n = waiting.popleft()
                except IndexError:
                    break
                start, rows = n * step, min(step, size - n * step)
                part = (..., slice(start, start + rows)) if innermost else slice(start, start + rows)
                blocks = [array[part] for array in cut]
                if rows < step:
                    part = (..., slice(rows)) if innermost else slice(rows)
                    own = [buffer[part] for buffer in own]
                results[n] = function(*blocks, *whole, *own)
        except BaseException:
            waiting.clear()
            raise
        give_back(memory, "blocks")

    helpers = _helpers(work, threads - 1)
    try:
        work()
    finally:
        running = [helper for helper in helpers if not helper.cancel()]  # what has not begun finds nothing to do
        wait(running)
    for helper in running:
        helper.result()
    return results


def _helpers(work: Callable[[], None], count: int) -> list[Any]:
    """Let other threads work too, under the error handling (`np.errstate`) of this one."""
    if count < 1:
        return []
    key = (os.getpid(), _limits["threads"])  # the threads of a process do not live on in its fork
    executor = _executors.get(key)
    if executor is None:
        _executors.clear()
        executor = _executors[key] = ThreadPoolExecutor(key[1], thread_name_prefix="jacobians")
    try:
        return [executor.submit(copy_context().run, work) for _ in range(count)]
    except RuntimeError:  # the interpreter is about to exit, or has no threads
        return []
