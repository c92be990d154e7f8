"""`Traced`: an array whose operations are recorded.

What the function makes itself it may write into. The first write makes an array a `Buffer`, which keeps a list of its
writes; a `View` of an array tells the present content of it, and writes into it. What derivatives keep is `Settled`: it
stays as it is. An `Input` is the caller's.
"""

from __future__ import annotations

import operator
from typing import Any, NoReturn

import numpy as np

from ..arrays import settled
from ..errors import EscapedTraceError, WriteError
from ..exposed import is_exposed
from ..methods import ArrayMethods
from ..program import Symbol
from .appearance import Appearance
from .dispatch import apply_function, apply_plainly, apply_specially
from .levels import Level
from .recorded import Recorded, owner_of
from .swift import CHANGING, STAYING, TRACED, of_call, of_entries, of_one
from .ufunc_calls import knows
from .writing import Steps, Writes, apply_steps, is_basic, is_entry, moved, of_level, writable

__all__ = ["Input", "Settled", "Traced", "blank", "released"]


class Traced(Appearance):
    """An array of a level: the value one level below, and the vertex that stands for it in the graph of the level."""

    __slots__ = ("__weakref__", "_state")
    _state: Any
    """Its `Settled` twin, if it has one; of a `Buffer` its `Writes`, of a `View` its `_Origin`."""
    version = 0

    def __array_function__(self, function: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        plain = len(args) == 1 and not kwargs and type(args[0]) in TRACED
        result = of_one(function, args[0]) if plain else of_call(function, args, kwargs)
        if result is NotImplemented:
            result = apply_plainly(function, args, kwargs)  # which knows all types that it takes
        if result is NotImplemented:
            if not all([knows(kind) for kind in types]):
                return NotImplemented
            result = apply_specially(function, args, kwargs)
        if function in _VIEWING:
            return _linked(result, function, args, kwargs)
        return blank(self.level, result) if function in _MAKERS else result

    def __getitem__(self, index: Any) -> Any:
        if type(index) is list and index and all([type(item) is int for item in index]):
            index = np.array(index)
        result = of_entries(self, index)
        if result is NotImplemented:
            result = apply_plainly(operator.getitem, (self, index), {})
        if result is NotImplemented:
            result = apply_specially(operator.getitem, (self, index), {})
        if type(index) is int and self.ndim == 1:
            return result
        return _linked(result, operator.getitem, (self, index), {}) if is_basic(index) else result

    def __setitem__(self, index: Any, value: Any) -> None:
        for item in index if type(index) is tuple else (index,):
            if isinstance(item, Symbol):
                if item is not index or item.dtype != bool or item.shape != self.shape or np.ndim(value):
                    raise item.refusal("assignment at recorded positions", "Use np.where, np.stack or np.concatenate.")
                index, value = ..., np.where(item, value, self)
        self.write((), index, value)

    def apply_written(self, function: Any, args: tuple[Any, ...]) -> Any:
        """`written` with a traced array among its operands."""
        return apply_function(function, args, {})

    # ---- writing ----------------------------------------------------------------------------------------------------

    @property
    def flat(self) -> Any:
        """The entries in a row, which are read and written in their places."""
        root, steps = (self.root, self.steps) if isinstance(self, View) else (self, ())
        return _view(root, (*steps, (np.ravel, (), {})), settled(np.ravel(self)), Flat)

    @flat.setter
    def flat(self, values: Any) -> None:
        ArrayMethods.flat.fset(self, values)  # type: ignore[misc]

    @property
    def is_writable(self) -> bool:
        """Whether in-place operations change it; if not, they bind its name anew."""
        return not any([owner_of(self) is memory for memory in self.level.inputs])

    def settled(self) -> Traced:
        """A twin that nobody can write into: always the same one."""
        twin = getattr(self, "_state", None)
        if twin is None:
            twin = self._state = Settled(self.level, self.value, self.vertex)
        return twin

    def write(self, steps: Steps, index: Any, value: Any, fresh: bool = False) -> None:
        """Do what ``view[index] = value`` does with the view that the steps lead to."""
        if not self.level.open:
            raise EscapedTraceError("assignment", self.shape)
        if not self.is_writable:
            self._refuse_writing()
        if is_exposed(self):
            raise WriteError(self.shape, is_exposed=True)
        self.level.overwrite(owner_of(self))  # of other arrays in that memory nothing is known
        start = moved(self)
        self.__class__ = Buffer  # type: ignore[assignment]
        self._state = Writes(start)
        self.write(steps, index, value, fresh)

    def _refuse_writing(self) -> NoReturn:
        raise WriteError(self.shape)


class Settled(Traced):
    """A value that nobody writes into: what derivatives keep."""

    __slots__ = ()
    is_settled = True

    @property
    def is_writable(self) -> bool:
        return False

    def settled(self) -> Settled:
        return self

    def write(self, steps: Steps, index: Any, value: Any, fresh: bool = False) -> None:
        self._refuse_writing()


class Input(Settled):
    """An input of a level: its memory is the caller's."""

    __slots__ = ()
    is_settled = False


class Buffer(Traced):
    """An array that has been written into."""

    __slots__ = ()

    @property
    def is_writable(self) -> bool:
        return True

    @property
    def value(self) -> Any:  # type: ignore[override]
        return self.settled().value

    @property
    def vertex(self) -> int:  # type: ignore[override]
        return self.settled().vertex

    @property
    def version(self) -> int:  # type: ignore[override]
        return self._state.version

    @property
    def handed_out(self) -> Any:  # type: ignore[override]
        return self._state.seen

    @property
    def shape(self) -> tuple[int, ...]:
        return self._state.base.shape

    @property
    def ndim(self) -> int:
        return self._state.base.ndim

    @property
    def size(self) -> int:
        return self._state.base.size

    @property
    def dtype(self) -> np.dtype:
        return self._state.base.dtype

    def settled(self) -> Traced:
        """The whole content, as it is now."""
        writes = self._state
        if writes.whole_seen is not None:
            return writes.whole_seen
        base = of_level(self.level, writes.whole())
        if not writes.is_own:
            base, writes.is_own = moved(base), True
        writes.base = base
        owner = owner_of(base)
        if not writes.seen or writes.seen[-1] is not owner:
            writes.seen.append(owner)
        writes.whole_seen = base
        return base

    def current(self) -> Traced:
        """A twin that stays as it is."""
        return self.settled()

    def read(self, steps: Steps) -> Traced:
        """What a view of it holds now, in memory where nothing else lies."""
        found = of_level(self.level, self._state.read(steps))
        if found.ndim:
            found = moved(found)
            self._state.seen.append(owner_of(found))
        return found

    def write(self, steps: Steps, index: Any, value: Any, fresh: bool = False) -> None:
        if not self.level.open:
            raise EscapedTraceError("assignment", self.shape)
        if is_exposed(self):
            raise WriteError(self.shape, is_exposed=True)
        writes = self._state
        if isinstance(value, View) and value.root is self and writes.holds_already(steps, index, value.steps):
            return
        value = writable(value, self.dtype)
        if isinstance(value, Recorded) and value.level.order > self.level.order:
            self.level = value.level
        for owner in writes.seen:
            self.level.overwrite(owner)
        if writes.seen and any([owner is owner_of(writes.base) for owner in writes.seen]):
            writes.base = moved(writes.base)
        writes.seen.clear()
        writes.write(steps, index, value, fresh)

    def __getitem__(self, index: Any) -> Any:
        writes = self._state
        if not writes.pending or not self.level.open:
            return Traced.__getitem__(self, index)
        steps = ((operator.getitem, (index,), {}),)
        if is_entry(index) and (len(index) if type(index) is tuple else 1) == self.ndim:
            return self.read(steps)
        if is_basic(index):
            apply_steps(writes.entries(), steps)  # raises where NumPy does
            return _view(self, steps, None)
        return released(of_level(self.level, writes.read(steps)))


class _Origin:
    """Where a view comes from, and what it held at some version of that."""

    __slots__ = ("root", "seen", "steps", "version")

    def __init__(self, root: Any, steps: Steps, seen: Any) -> None:
        self.root, self.steps, self.seen = root, steps, seen
        self.version = -1 if seen is None else root.version


class View(Traced):
    """A part of an array, or the array in another shape."""

    __slots__ = ()

    @property
    def root(self) -> Traced:
        return self._state.root

    @property
    def steps(self) -> Steps:
        return self._state.steps

    @property
    def handed_out(self) -> Any:  # type: ignore[override]
        return self._state.root.handed_out

    @property
    def level(self) -> Level:  # type: ignore[override]
        return self._state.root.level

    @property
    def value(self) -> Any:  # type: ignore[override]
        return self.current().value

    @property
    def vertex(self) -> int:  # type: ignore[override]
        return self.current().vertex

    @property
    def is_writable(self) -> bool:
        return self._state.root.is_writable

    def current(self) -> Traced:
        """What it holds now, as a value of its own."""
        origin = self._state
        if origin.version != origin.root.version:
            origin.seen = origin.root.read(origin.steps)
            origin.version = origin.root.version
        return origin.seen

    def settled(self) -> Traced:
        return self.current().settled()

    def write(self, steps: Steps, index: Any, value: Any, fresh: bool = False) -> None:
        self.root.write(self.steps + steps, index, value, fresh)


class Flat(View):
    """The entries of an array in a row."""

    __slots__ = ()

    def write(self, steps: Steps, index: Any, value: Any, fresh: bool = False) -> None:
        root = self.root
        places = apply_steps(np.arange(root.size).reshape(root.shape), self.steps + steps)[index]
        root.write((), tuple([n if n.ndim else int(n) for n in np.unravel_index(places, root.shape)]), value)

    def __getitem__(self, index: Any) -> Any:
        return released(settled(self.current()[index]))


Recorded.plain, Recorded.fixed = Traced, Settled
STAYING.update((Traced, Settled, Input))
CHANGING.update((Buffer, View, Flat))
TRACED.update(STAYING | CHANGING)


def _view(root: Traced, steps: Steps, seen: Any, kind: type[View] = View) -> View:
    view = kind.__new__(kind)
    view._state = _Origin(root, steps, seen)
    return view


def _linked(result: Any, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The result of a function as a view of its first argument, where it is one."""
    if type(result) is not Traced or not args or not isinstance(args[0], Traced) or isinstance(args[0], Settled):
        return result
    array = args[0]
    if type(array) is Flat:  # NumPy copies it
        return released(settled(result))
    step = (function, args[1:], kwargs)
    if not result.ndim and not (function is operator.getitem and _has_ellipsis(args[1])):
        return result  # a number: nobody can write into it
    root, steps = (array.root, (*array.steps, step)) if isinstance(array, View) else (array, (step,))
    if function is operator.getitem:
        return _view(root, steps, result)
    if isinstance(root, Buffer):  # its entries lie in memory as NumPy's would, what was read of it does not
        entries = root._state.entries()
        if owner_of(apply_steps(entries, steps)) is not entries:
            return released(settled(result))
    elif (owner := owner_of(result)) is not owner_of(array):
        return result
    elif isinstance(owner, Symbol):  # which lies in memory as in C's order, as far as is known
        entries = np.empty(root.shape, np.int8)
        if not np.may_share_memory(apply_steps(entries, steps), entries):
            return result
    return _view(root, steps, result)


def _has_ellipsis(index: Any) -> bool:
    return any([item is Ellipsis for item in (index if type(index) is tuple else (index,))])


def blank(level: Level, array: Any) -> Any:
    """A new plain array of floating numbers as one of a level, that may be written into."""
    if isinstance(array, Traced) or array.dtype.kind not in "fc":
        return array
    made: Any = Buffer.__new__(Buffer)
    made.level = level
    made._state = Writes(array)
    return made


def released(value: Any) -> Any:
    """A result as the caller gets it: in memory of its own, if something else holds the same."""
    return Traced(value.level, moved(value).value, value.vertex) if isinstance(value, Settled) else value


_VIEWING = {np.reshape, np.transpose, np.swapaxes, np.ravel, np.squeeze, np.expand_dims, np.moveaxis, np.rollaxis}
_VIEWING |= {np.matrix_transpose, np.flip, np.atleast_1d, np.atleast_2d, np.atleast_3d}
_MAKERS = {np.zeros_like, np.ones_like, np.empty_like, np.full_like, np.zeros, np.ones, np.empty, np.full, np.eye}
_MAKERS |= {np.identity, np.array, np.asarray, np.asanyarray, np.ascontiguousarray, np.asfortranarray, np.tri}
