"""A compiled function as a module of its own, which needs NumPy alone."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from ..errors import ArgumentError
from .kernel import Kernel
from .namespace import HELPERS

__all__ = ["save_module"]

_PRINTED = 32


def save_module(path: Path, name: str, programs: Sequence[tuple[tuple[Any, ...], str, list[str], Kernel]]) -> None:
    """Write the programs of one function as a module, large constants into an ``.npz`` beside it.

    Parameters
    ----------
    path : Path
    name : str
        Of the function that the module defines.
    programs : sequence of (signature, header, paths, kernel)
        The shapes and dtypes of the arrays, the parameters, the expressions of the arrays, and the program.
    """
    header, paths = programs[0][1], programs[0][2]
    if any(other[1:3] != (header, paths) for other in programs):
        found = "was called with arguments that are nested in different ways"
        raise ArgumentError("save", "the function", found, "Compile it once for each way, and save each.")
    lines: list[str] = []
    stored: dict[str, np.ndarray] = {}
    imports = {"numpy": "np"}
    for number, (_, _, _, kernel) in enumerate(programs):
        text = _renamed(kernel, f"_{name}_{number}", f"{number}" if len(programs) > 1 else "", imports, stored, lines)
        lines += ["", "", *text]
    table = ",\n".join(f"    {signature!r}: _{name}_{n}" for n, (signature, *_) in enumerate(programs))
    lines += ["", "", "_PROGRAMS = {", f"{table},", "}", "", ""]
    lines += _entry(name, header, paths)
    opening = [f'"""`{name}`, written down by jacobians; it needs {_needs(imports)}."""', ""]
    called = {name for *_, kernel in programs for name in kernel.space.helpers}
    opening += _texts([module for module in HELPERS if not called.isdisjoint(module.__all__)])
    if stored:
        opening += ["from pathlib import Path", ""]
        np.savez(path.with_suffix(".npz"), **stored)  # type: ignore[arg-type]
    opening += [f"import {module}" + (f" as {word}" if module != word else "") for module, word in imports.items()]
    if stored:
        opening += ["", '_arrays = np.load(Path(__file__).with_suffix(".npz"))']
        opening += [*[f'{word} = _arrays["{word}"]' for word in stored], "_arrays.close()"]
    path.write_text("\n".join([*opening, *lines, ""]))


def _texts(modules: Sequence[ModuleType]) -> list[str]:
    """The texts of modules that a program calls, as one."""
    lines: list[str] = []
    for module in modules:
        text = inspect.getsource(module).partition('"""\n\n')[2]
        own = [line for line in text.splitlines() if not line.startswith("__all__")]
        lines += [line for line in own if not (lines and line.startswith("from __future__"))] + [""]
    return lines


def _needs(imports: dict[str, str]) -> str:
    return "NumPy and SciPy" if any(module.startswith("scipy") for module in imports) else "NumPy alone"


def _renamed(
    kernel: Kernel, name: str, suffix: str, imports: dict[str, str], stored: dict[str, np.ndarray], lines: list[str]
) -> list[str]:
    """The text of a program under another name, its constants printed, or stored under a name of their own."""
    if kernel.result is not None:
        advice = "Compile a function that returns arrays, such as lambda x: jacobian(f)(x).to_array()."
        raise ArgumentError("save", "the result", "holds a Jacobian or another object of this library", advice)
    space = kernel.space
    if space.objects:
        found = ", ".join(getattr(value, "__name__", repr(value)) for value in space.objects.values())
        raise ArgumentError("save", "the program", f"calls {found}", "Only functions that can be imported are saved.")
    imports.update(space.imports)
    scope = []
    for word, array in space.constants.items():
        if array.size <= _PRINTED:
            numbers = repr(array.tolist()).replace("nan", "np.nan").replace("inf", "np.inf")
            scope.append(f"    {word} = np.array({numbers}, np.{array.dtype.name})")
        else:
            stored[f"{word}_{suffix}" if suffix else word] = array
            if suffix:
                scope.append(f"    {word} = {word}_{suffix}")
    scope += [f"    {word} = {text}" for word, text in {**space.views, **space.matrices}.items()]
    head, *body = kernel.source.replace(f"def {kernel.name}(", f"def {name}(", 1).splitlines()
    return [*_constants(scope, lines, suffix), head, *body] if not suffix else [head, *scope, *body]


def _constants(scope: list[str], lines: list[str], suffix: str) -> list[str]:
    lines += ["", *[line.strip() for line in scope]] if scope else []
    return []


def _entry(name: str, header: str, paths: list[str]) -> list[str]:
    arrays = ", ".join(paths) + ("," if len(paths) == 1 else "")
    words = [part.strip() for part in header.split(",")]
    star = words.index("*") if "*" in words else len(words)
    call = ", ".join([*words[:star], *[f"{word}={word}" for word in words[star + 1 :]]])
    return [
        f"def {name}({header}):",
        f"    arrays = ({arrays})",
        "    signature = tuple([(np.shape(array), np.result_type(array).name) for array in arrays])",
        "    if signature not in _PROGRAMS:",
        f'        raise TypeError(f"{name} is written for {{list(_PROGRAMS)}}, but was called with {{signature}}.")',
        f"    return _PROGRAMS[signature]({call})",
    ]
