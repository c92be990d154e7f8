"""Where the time of a problem goes: eagerly by room of the library, compiled by statement of the program.

- `rooms(work)`: the share of each room in one call, by Python's profiler; NumPy's own functions are a room, too.
- `statements(compiled, arguments)`: the time of each statement of a compiled program, run one by one.
- `profiled(problem)`: both, for a stored result.
"""

from __future__ import annotations

import ast
import cProfile
import pstats
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

import jacobians as jac

from .problem import Problem

__all__ = ["profile_tables", "profiled", "rooms", "statements"]

LIBRARY = Path(jac.__file__).parent
REPEATS = 9
SECONDS = 0.3


def rooms(work: Callable[[], Any]) -> dict[str, float]:
    """The share of each room in the time of a call, largest first."""
    _ = work()
    profile = cProfile.Profile()
    end = perf_counter() + SECONDS
    profile.enable()
    while perf_counter() < end:
        _ = work()
    profile.disable()
    shares: Counter[str] = Counter()
    for (file, _, _), (_, _, own, _, _) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        shares[_room(file)] += own
    total = sum(shares.values())
    return {room: share / total for room, share in shares.most_common()}


def _room(file: str) -> str:
    path = Path(file)
    if LIBRARY in path.parents:
        return path.relative_to(LIBRARY).parts[0].removesuffix(".py")
    return "Python" if file.startswith("~") is False and "numpy" not in file else "NumPy and built-in functions"


def statements(compiled: Any, arguments: Sequence[Any]) -> list[tuple[str, float]]:
    """The text of each statement of the latest program, and the seconds that it takes, the costliest first."""
    _ = compiled(*arguments)
    kernel = compiled.programs[-1]
    (function,) = ast.parse(kernel.source).body
    assert isinstance(function, ast.FunctionDef)
    body = function.body[0].body if isinstance(function.body[0], ast.With) else function.body
    names = [argument.arg for argument in function.args.args]
    samples: dict[int, list[float]] = {n: [] for n in range(len(body))}
    for _ in range(REPEATS):
        scope = {**kernel.space.bound(), **dict(zip(names, arguments, strict=True))}
        for n, statement in enumerate(body):
            shown = ast.Expr(statement.value) if isinstance(statement, ast.Return) and statement.value else statement
            code = compile(ast.Module([ast.copy_location(shown, statement)], []), "<program>", "exec")
            with np.errstate(all="ignore"):
                start = perf_counter()
                exec(code, scope)
                samples[n].append(perf_counter() - start)
    timed = [(ast.unparse(statement), median(samples[n])) for n, statement in enumerate(body)]
    return sorted(timed, key=lambda entry: -entry[1])


def profiled(problem: Problem, sizes: str = "full") -> dict[str, Any]:
    """Times of the last size of a problem by hand, eagerly and compiled, and where they go."""
    label, parameters = list(getattr(problem, sizes).items())[-1]
    case = problem.make(**parameters)
    result: dict[str, Any] = {"size": label}
    ways = {"hand": case.hand, "ours": case.ours}
    if hasattr(jac, "compile"):
        compiled = jac.compile(case.ours)
        ways["compiled"] = compiled
        result["statements"] = statements(compiled, case.arguments)[:5]
    for name, way in ways.items():
        _ = way(*case.arguments)
        times = []
        for _ in range(REPEATS):
            start = perf_counter()
            _ = way(*case.arguments)
            times.append(perf_counter() - start)
        result[name] = median(times)
    result["rooms"] = rooms(lambda: case.ours(*case.arguments))
    return result


def profile_tables(before: dict[str, Any], after: dict[str, Any]) -> str:
    """A section for each problem: times before and after, shares of the rooms, the costliest statements."""
    lines = []
    for name, now in after.items():
        then = before.get(name)
        lines += [f"## {name}, {now['size']}", "", f"By hand {_time(now['hand'])}, compiled {_time(now['compiled'])}."]
        lines += ["", "| eager | time | where it goes |", "| --- | --: | --- |"]
        lines += [f"| before | {_time(then['ours'])} | {_shares(then['rooms'])} |"] if then else []
        lines += [f"| after | {_time(now['ours'])} | {_shares(now['rooms'])} |"]
        lines += ["", "| compiled statement | time |", "| --- | --: |"]
        lines += [f"| `{_short(text)}` | {_time(seconds)} |" for text, seconds in now["statements"]] + [""]
    return "\n".join(lines)


def _shares(rooms: dict[str, float]) -> str:
    return ", ".join(f"{room} {share:.0%}" for room, share in list(rooms.items())[:5])


def _short(text: str) -> str:
    line = " ".join(text.split()).replace("|", "\\|")
    return line if len(line) <= 90 else f"{line[:87]}..."


def _time(seconds: float) -> str:
    return f"{seconds * 1e6:.1f} µs" if seconds < 1e-3 else f"{seconds * 1e3:.1f} ms"
