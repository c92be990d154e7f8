"""`compile`: a function, derivatives included, written down once as a straight line of NumPy calls and replayed."""

from __future__ import annotations

import dataclasses
import inspect
import pickle
import threading
from collections.abc import Callable, Sequence
from functools import update_wrapper
from os import PathLike
from pathlib import Path
from types import MethodType
from typing import Any, NamedTuple

import numpy as np

from ..errors import ArgumentError
from ..pausing import without_collection
from ..program import Symbol
from ..recording import check_function
from ..tracing import contains_traced
from ..trees import is_container
from .entrance import Entry, entrance
from .kernel import Kernel, write_kernel
from .parameters import Parameters, Static, parameters_of
from .places import check_places
from .saving import save_module
from .staging import stage
from .trees import Tree, flatten

__all__ = ["Compiled", "compile"]


class Program(NamedTuple):
    """What was written down for one signature."""

    signature: tuple[Any, ...]
    parameters: Parameters
    paths: list[str]
    kernel: Kernel
    result: Tree
    places: list[tuple[tuple[int, ...], np.dtype]]


class Compiled:
    """A function that is written down at its first call with each signature, and replayed from then on.

    Made by `compile`. A signature is the shapes and dtypes of the arrays among the arguments, how they are nested, and
    the values of all other arguments (numbers that are no floats, texts, None, and those that `static_argnums` names).

    Examples
    --------
    >>> import numpy as np
    >>> from jacobians import compile, grad
    >>> gradient = compile(grad(lambda x: np.sum(x**2)), name="gradient")
    >>> gradient(np.array([1.0, 2.0]))
    array([2., 4.])
    >>> print(gradient.source)
    def gradient(x):
        v0 = x + x
        return v0
    <BLANKLINE>
    """

    def __init__(self, function: Callable[..., Any], static: tuple[int, ...] = (), name: str = "") -> None:
        self._function: Callable[..., Any] | None = function
        self._static = static
        self._name = name
        self._has_out = "out" in _parameter_names(function)
        self._programs: dict[Any, Program] = {}
        self._into: dict[Any, Program] = {}
        self._enter: Callable[..., Any] = self._called
        self._lock = threading.RLock()
        update_wrapper(self, function, updated=())

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if "out" in kwargs and not self._has_out:
            out = kwargs.pop("out")
            return self._enter(args, kwargs) if out is None else self._called_into(out, args, kwargs)
        return self._enter(args, kwargs)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """As a method, it gets the instance as its first argument, as functions do."""
        return self if instance is None else MethodType(self, instance)

    def _called(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if any(_is_recorded(value) for value in (*args, *kwargs.values())):
            return self._original()(*args, **kwargs)  # a part of another derivative or program
        leaves, tree = flatten((tuple([Static(a) if n in self._static else a for n, a in enumerate(args)]), kwargs))
        signature = tuple([_signature(leaf) for leaf in leaves])
        key = (tree, signature)
        program = self._programs.get(key)
        if program is None:
            with self._lock:
                program = self._programs.get(key) or self._written(key, leaves)
                if program is None:
                    return self._original()(*args, **kwargs)
                self._programs[key] = program
                self._enter = self._entrance()
        return program.kernel.run(*args, **kwargs)

    def _entrance(self) -> Callable[..., Any]:
        entries = [
            Entry(args.children, dict(zip(named.about, named.children, strict=True)), program.signature, program.kernel)
            for (tree, _), program in self._programs.items()
            for args, named in [tree.children]
        ]
        return entrance(entries, self._called)

    def _called_into(self, out: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The same, with results written into arrays of the caller."""
        leaves, tree = flatten((tuple([Static(a) if n in self._static else a for n, a in enumerate(args)]), kwargs))
        key = (tree, tuple([_signature(leaf) for leaf in leaves]))
        with self._lock:
            program = self._into.get(key) or self._written(key, leaves, into=True)
            if program is None:
                found = "closes over values of a derivative or a program around it, which are not written into arrays"
                raise ArgumentError("compile", self._name, found, "Call it without out=.")
            self._into[key] = program
        places, nest = flatten(out)
        check_places(self._name, places, nest, program.result, program.places, leaves)
        _ = program.kernel.run(*args, **kwargs, out=places)
        return out

    def _written(self, key: tuple[Tree, tuple[Any, ...]], leaves: Sequence[Any], into: bool = False) -> Program | None:
        with without_collection():
            return self._program(key, leaves, into)

    def _program(self, key: tuple[Tree, tuple[Any, ...]], leaves: Sequence[Any], into: bool) -> Program | None:
        tree, signature = key
        function = self._original()
        parameters = parameters_of(function, tree)
        staged = stage(_without_static(function), parameters.names, leaves, tree)
        if staged is None:
            return None
        kernel = write_kernel(self._name, parameters, staged, into=into)
        positional, named = tree.children
        words = [word.strip() for word in parameters.header.split(",") if word.strip() not in ("", "*")]
        children = (*positional.children, *named.children)
        paths = [path for word, child in zip(words, children, strict=True) if child.count for path in child.paths(word)]
        results = [(node.shape, node.dtype) for node in staged.outputs]
        return Program(signature, parameters, paths, kernel, staged.result, results)

    def _original(self) -> Callable[..., Any]:
        if self._function is None:
            found = "was unpickled without the function, which pickle could not store, and has no program for this call"
            raise ArgumentError("compile", self._name, found, "Call it before pickling with arguments of this kind.")
        return self._function

    @property
    def source(self) -> str:
        """The text of the programs, one for each signature, in the order of their first calls."""
        return "\n\n".join(program.kernel.source for program in self._programs.values())

    @property
    def programs(self) -> list[Kernel]:
        """The programs that have been written, in the order of their first calls."""
        return [program.kernel for program in self._programs.values()]

    def save(self, path: str | PathLike[str], name: str | None = None) -> None:
        """Write what has been compiled so far as a Python module that needs NumPy alone.

        Parameters
        ----------
        path : path ending in ``.py``
            Constants of more than a few numbers are written beside it, into a file ending in ``.npz``.
        name : str, optional
            Of the function in the module; by default that of the compiled function.

        Raises
        ------
        ArgumentError
            If it has not been called yet, or returns a Jacobian, which only this library understands.
        """
        target = Path(path)
        if target.suffix != ".py":
            raise ArgumentError("save", "path", f"is {str(path)!r}", "Give a file that ends in .py.")
        if not self._programs:
            raise ArgumentError("save", self._name, "has not been called yet", "Call it once with each signature.")
        programs = [(p.signature, p.parameters.header, p.paths, p.kernel) for p in self._programs.values()]
        save_module(target, name or self._name, programs)

    def __repr__(self) -> str:
        count = len(self._programs)
        return f"Compiled({self._name}, {count} {'signature' if count == 1 else 'signatures'})"

    def __getstate__(self) -> dict[str, Any]:
        state = {name: value for name, value in self.__dict__.items() if name not in ("_lock", "_enter", "__wrapped__")}
        try:
            pickle.dumps(self._function)
        except (pickle.PicklingError, AttributeError, TypeError):
            state["_function"] = None
        state["_programs"], state["_into"] = list(self._programs.items()), list(self._into.items())
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._programs, self._into = dict(state["_programs"]), dict(state["_into"])
        self._enter = self._entrance()
        self._lock = threading.RLock()


def _parameter_names(function: Callable[..., Any]) -> list[str]:
    if isinstance(inspect.unwrap(function), np.ufunc):  # whose `out` is NumPy's own
        return []
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return []


def _without_static(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        return function(*[a.value if isinstance(a, Static) else a for a in args], **kwargs)

    return call


def _signature(leaf: Any) -> Any:
    """What decides about an array: shape and dtype; a Python float is another kind of number than a NumPy scalar."""
    return "float" if type(leaf) is float else (leaf.shape, leaf.dtype.name)


def _is_recorded(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_is_recorded(entry) for entry in value.values())
    if isinstance(value, (tuple, list)):
        return any(_is_recorded(entry) for entry in value)
    if is_container(value):
        return any(_is_recorded(getattr(value, field.name)) for field in dataclasses.fields(value))
    return isinstance(value, Symbol) or contains_traced(value)


def compile(
    function: Callable[..., Any], *, static_argnums: int | Sequence[int] = (), name: str | None = None
) -> Compiled:
    """Write a function down as a straight line of NumPy calls at its first call, and replay that from then on.

    Any composition of transforms may be compiled: ``compile(grad(loss))``, ``compile(hessian(loss))``,
    ``compile(lambda x: jacobian(f)(x).to_array())``. Arrays that the function closes over are constants, copied at the
    first call.

    Parameters
    ----------
    function : callable
        Of arrays and nests of arrays (tuples, lists, dicts, named tuples, dataclasses), returning such a nest, which
        may hold Jacobians and sparse matrices.
    static_argnums : int or sequence of int
        Positional arguments whose values decide what the function does; each value has a program of its own. Ints,
        texts and None are static anyway, floats are not.
    name : str, optional
        Of the function in the text.

    Returns
    -------
    Compiled
        Of the same arguments. Its results share no memory with its arguments or with anything that it keeps, and it
        may be called from several threads. With ``out=``, an array or a nest of arrays like the result, it writes into
        these and returns them, so that large results cost no new memory.

    Raises
    ------
    StagingError
        At a call, if the function decides by the numbers of an array (``if x > 0``), naming the line.

    Examples
    --------
    >>> import numpy as np
    >>> from jacobians import grad
    >>> W, x = np.array([[1.0, -2.0], [1.0, 1.0]]), np.array([1.0, 2.0])
    >>> gradient = compile(grad(lambda W: np.sum((W @ x) ** 2)))
    >>> gradient(W)
    array([[ -6., -12.],
           [  6.,  12.]])
    """
    check_function("compile", function)
    static = (static_argnums,) if isinstance(static_argnums, int) else tuple(static_argnums)
    given = name or getattr(function, "__name__", "")
    return Compiled(function, static, given if given.isidentifier() else "compiled")
