"""The memory limit: how many bytes a Jacobian may take before it stays lazy or refuses to become dense.

The default is half of physical memory or of the control group's limit, whichever is smaller, read once; the environment
variable ``JACOBIANS_MEMORY_LIMIT`` (bytes, or with a unit as in ``8GB``) or `set_memory_limit` replace it.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

from ..errors import MemoryLimitError

__all__ = ["check_fits", "joint_mode", "memory_limit", "parse_bytes", "set_memory_limit"]

_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_GROUP_FILES = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
_chosen: list[int] = []


def set_memory_limit(limit: int | str | None) -> None:
    """Set the default memory limit of all Jacobians made from now on.

    Parameters
    ----------
    limit : int, str or None
        Bytes, or a text such as ``"8GB"``; None goes back to the default of this machine.

    Examples
    --------
    >>> set_memory_limit("2GB")
    >>> memory_limit()
    2000000000
    >>> set_memory_limit(None)
    """
    parsed = [] if limit is None else [parse_bytes(limit)]
    _chosen[:] = parsed


def memory_limit(limit: int | str | None = None) -> int:
    """The limit in bytes: the given one, else the one that was set, else the machine's default."""
    if limit is not None:
        return parse_bytes(limit)
    return _chosen[0] if _chosen else _default()


def parse_bytes(limit: int | str) -> int:
    """Bytes from a number or from a text with a decimal unit.

    Examples
    --------
    >>> parse_bytes("1.5 MB")
    1500000
    """
    text = str(limit).strip().upper().replace("_", "")
    number = text.rstrip("KMGTB ")
    unit = text[len(number) :].strip()
    try:
        count = int(float(number) * _UNITS[unit])
    except (ValueError, KeyError, OverflowError):
        raise ValueError(
            f"memory limit: {limit!r} is no number of bytes; write an int or a text such as '8GB'."
        ) from None
    if count < 0:
        raise ValueError(f"memory limit: {limit!r} is negative; write a positive number of bytes.")
    return count


@cache
def _default() -> int:
    setting = os.environ.get("JACOBIANS_MEMORY_LIMIT")
    if setting:
        return parse_bytes(setting)
    limits = [_physical()]
    for name in _GROUP_FILES:
        try:
            text = Path(name).read_text().strip()
        except OSError:
            continue
        if text.isdigit():
            limits.append(int(text))
    return min(limits) // 2


def _physical() -> int:
    """Bytes of physical memory, or 8 GB where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return 8 * 10**9


def check_fits(J: Any, operation: str, limit: int | str | None, needed: int) -> None:
    """Raise MemoryLimitError if a result of a Jacobian would take more bytes than the limit, or its own limit."""
    allowed = memory_limit(J._limit if limit is None else limit)
    if needed > allowed:
        raise MemoryLimitError(operation, needed, allowed, J.nbytes)


def joint_mode(left: str, right: str) -> str:
    """The mode of a product: lazy as soon as one is."""
    return "lazy" if "lazy" in (left, right) else left if left == right else "auto"
