"""`Blocked`: a run of calls as one function, which is called for a block of rows after the other.

    def _block0(x, v6, b0, b1):
        v0 = np.square(x, out=b0)
        v1 = np.negative(v0, out=b0)
        ...
    v6 = np.empty((1000000,), np.float64)
    in_blocks(_block0, 1000000, 16384, [x, v6], [], [(np.float64, ()), (np.float64, ())])

The buffers hold one block each and stay in the cache; only what is needed outside the run is written to memory.

Where rows are short, a block has them as its last axis (see `turned`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from ...program import Node
from ..namespace import Namespace
from ..printing import call_text, literal
from .grouping import TOGETHER
from .placing import write_text
from .rows import Call, Rows, is_dot, is_gather, takes_place
from .turned import turned, turned_text, whole_text

__all__ = ["Blocked"]

_BLOCK = 131_072  # bytes of a buffer; about a dozen of them fit the cache of a core
_COLUMN = 256  # rows of a block at least where columns lie together in memory
_COLUMNS = 32_768  # bytes of a column of a block with short rows
_FAR = 2_097_152  # bytes of a result from which on most of its memory is not in the cache of a core
_SHARED = 4e5  # nanoseconds of work from which on a second thread pays

Buffer = tuple[np.dtype, tuple[int, ...]]


class Blocked:
    """A run of calls by rows.

    Parameters
    ----------
    calls : sequence of Call
        Operands first.
    stored : sequence of Node
        Those whose result is needed outside, as a whole array.
    flat : bool
        Whether all arrays are of one shape and are cut without regard to axes.
    innermost : bool
        Whether the rows are the last axis of blocks and buffers, the one along which they lie in memory.
    lined : set of int
        The ids of the stored nodes, of this run and of others, that lie in memory with the rows as the last axis.
    copies : mapping of int to Node
        By the id of an array from outside, the call that copies its block into a buffer for the others.

    Attributes
    ----------
    targets : dict of int to str or Node
        The array that a stored node is written into, or its text, by the id of the node; of others it is new memory.
    """

    makes_fresh = True

    def __init__(
        self,
        calls: Sequence[Call],
        stored: Sequence[Node],
        flat: bool,
        innermost: bool = False,
        lined: Collection[int] = (),
        copies: Mapping[int, Node] | None = None,
    ) -> None:
        self.calls = list(calls)
        self.stored = list(stored)
        self.flat = flat
        self.innermost = innermost
        self.lined = lined
        self.copies = copies or {}
        self.work = sum([call.cost for call in calls])
        self.targets: dict[int, str | Node] = {}
        made = {id(call.node) for call in calls}
        outside = [operand for call in calls for operand in call.node.operands if id(operand) not in made]
        self._reads = tuple({id(node): node for node in outside}.values())
        self._cut = {id(node) for call in calls for node in call.rows.cut}
        products = [call.node for call in calls if call.node.function is np.matmul and not flat]
        self._gathered = max([self._group(node) for node in products], default=1)

    @property
    def reads(self) -> tuple[Node, ...]:
        return self._reads

    @property
    def makes(self) -> tuple[Node, ...]:
        return tuple([call.node for call in self.calls])

    @property
    def parallel(self) -> bool:
        """Whether several threads pay; the products of large matrices have threads of their own."""
        return self.work >= _SHARED and self._gathered < 2

    @property
    def size(self) -> int:
        """The number of rows."""
        rows = self.calls[0].rows
        return rows.cut[0].size if self.flat else rows.size

    @property
    def step(self) -> int:
        """The number of rows of a block."""
        nodes = [*self.makes, *[node for node in self._reads if id(node) in self._cut]]
        if self.flat:
            return _BLOCK // max([node.dtype.itemsize for node in nodes])
        widths = [node.nbytes // self.size for node in nodes if node.ndim and not node.shape[0] % self.size]
        if not self.innermost:
            together = -(-TOGETHER // self._gathered) if self._gathered > 1 else 1
            return min(self.size, max(together, _BLOCK // max(*widths, 1)))
        # A call takes some of the time of a thousand entries, and many buffers of few columns are in use at once.
        rows = min(_COLUMNS // max([node.dtype.itemsize for node in nodes]), 4 * _BLOCK // max(widths))
        return min(self.size, max(_COLUMN, _BLOCK // max(widths), rows))

    def _group(self, node: Node) -> int:
        """How many rows of an array belong to one row of the run."""
        return node.shape[0] // self.size if not self.flat and node.ndim else 1

    def order(self, node: Node) -> tuple[tuple[int, ...], str]:
        """The shape of the memory of a stored result, and the text that turns it into the result."""
        if node.ndim < 2 or id(node) not in self.lined:
            return node.shape, ""
        axes = (node.ndim - 1, *range(node.ndim - 1))
        return (*node.shape[1:], node.shape[0]), ".T" if node.ndim == 2 else f".transpose({axes})"

    def _buffers(self) -> tuple[dict[int, int], list[Buffer]]:
        """The number of the buffer of each call that needs one, and the buffers; one is used again when it is free."""
        stored = {id(node) for node in self.stored}
        holder = self._holders()
        last = self._last(holder)
        number: dict[int, int] = {}
        buffers: list[Buffer] = []
        free: list[int] = []
        for n, call in enumerate(self.calls):
            node, rows = call.node, call.rows
            read = dict.fromkeys([holder.get(id(o), id(o)) for o in node.operands])
            over = [number[i] for i in read if i in number and last[i] == n]
            here = takes_place(node)
            if here:
                free += over
                if id(node) in stored and id(node) not in last and self._is_far(node):
                    kind = (node.dtype, () if self.flat else node.shape[1:])
                    number |= {id(node): k for k in over if buffers[k] == kind}
            if rows.kind == "call" and (self.innermost or not _is_made(node)) and id(node) not in stored:
                group = self._group(node)
                kind = (node.dtype, () if self.flat else (group,) * (group > 1) + node.shape[1:])
                found = next((k for k in reversed(free) if buffers[k] == kind), None)
                if found is None:
                    found = len(buffers)
                    buffers.append(kind)
                else:
                    free.remove(found)
                number[id(node)] = found
                if id(node) not in last:
                    free.append(found)
            if not here:
                free += over
        return number, buffers

    def _is_far(self, node: Node) -> bool:
        """Whether a block of a stored result is quicker copied from a buffer than written: nobody reads it before.

        A copy replaces lines of memory, which any other call would read first: 8 MB 0.8 against 1.5 ms.
        """
        taken = isinstance(self.targets.get(id(node)), Node)
        plain = not self.innermost and id(node) not in self.lined and self._group(node) == 1
        return node.nbytes >= _FAR and plain and not taken

    def _last(self, holder: Mapping[int, int]) -> dict[int, int]:
        """The last call that reads each array, or a view of it."""
        return {holder.get(id(o), id(o)): n for n, node in enumerate(self.makes) for o in node.operands}

    def may_take(self, node: Node, operand: Node) -> bool:
        """Whether a stored result may be written into an operand from outside: all reads of a block come before."""
        if self.flat or operand.shape != node.shape or operand.dtype != node.dtype or operand in self._whole():
            return False
        if self._group(node) > 1:
            return False
        if node.ndim > 1 and (id(operand) in self.lined) != (id(node) in self.lined):
            return False
        holder = self._holders()
        read = self._last(holder).get(id(operand), -1)
        if id(operand) in self.copies:
            read = next(n for n, other in enumerate(self.makes) if other is self.copies[id(operand)])
        written = next(n for n, other in enumerate(self.makes) if other is node)
        return read < written or (read == written and takes_place(node))

    def _holders(self) -> dict[int, int]:
        """The call in whose buffer a view lies."""
        holder = {name: id(copy) for name, copy in self.copies.items()}
        for call in self.calls:
            node, rows = call.node, call.rows
            if rows.kind == "view":
                holder[id(node)] = holder.get(id(rows.cut[0]), id(rows.cut[0]))
        return holder

    def _whole(self) -> list[Node]:
        """The operands that are handed over as they are; an array may be cut for one call and whole for another."""
        known = {id(node): node for node in self._reads}
        used = [o for c in self.calls for o in c.node.operands if id(o) in known and o not in c.rows.cut]
        return list({id(node): node for node in used}.values())

    def lines(self, names: Mapping[int, str], space: Namespace) -> list[str]:
        number, buffers = self._buffers()
        cut = [node for node in self._reads if id(node) in self._cut]
        whole = self._whole()
        local, entire = self._local(names, whole)
        stored = {id(node) for node in self.stored}
        outer = [node for node in (*cut, *self.stored) if self._group(node) > 1]
        body = [f"{local[id(n)]} = {local[id(n)]}.reshape({(-1, *n.shape[1:])})" for n in outer]
        for call in self.calls:
            node, rows = call.node, call.rows
            out = f"b{number[id(node)]}" if id(node) in number else local[id(node)] if id(node) in stored else ""
            if id(node) in number and self._group(node) > 1:
                out += f".reshape({(-1, *node.shape[1:])})"
            roles = {**local, **{name: local[id(copy)] for name, copy in self.copies.items() if copy is not node}}
            for o in node.operands:
                if o not in rows.cut and id(o) in entire:
                    roles[id(o)] = whole_text(node, o, entire[id(o)]) if self.innermost else entire[id(o)]
            if self.parallel and is_dot(node):
                body.append(_dot_line(node, roles, space))
                continue
            write = _turned_lines if self.innermost else _lines
            body += write(node, rows, roles, space, out, id(node) in stored)
            if id(node) in stored and id(node) in number:
                body.append(f"{local[id(node)]}[...] = {out}")
        parts = [local[id(call.node)] for call in self.calls if call.rows.kind == "part"]
        body += [f"return {', '.join(parts)}"] if parts else []
        name = space.fresh("_block")
        words = [local[id(node)] for node in (*cut, *self.stored)] + [entire[id(node)] for node in whole]
        words += [f"b{n}" for n in range(len(buffers))]
        lines = [f"def {name}({', '.join(words)}):", *[f"    {line}" for line in body]]
        for node in self.stored:
            target = self.targets.get(id(node), "")
            text = names[id(target)] if isinstance(target, Node) else target
            shape, turned = self.order(node)
            text = text or f"np.empty({shape}, {literal(node.dtype, names, space)}){turned}"
            lines.append(f"{local[id(node)]} = {text}")
        arrays = [f"{names[id(node)]}{self._parted(node)}" for node in cut]
        arrays += [f"{local[id(node)]}{self._parted(node)}" for node in self.stored]
        others = ", ".join([names[id(node)] for node in whole])
        kinds = ", ".join([f"({literal(dtype, names, space)}, {shape})" for dtype, shape in buffers])
        words = f"{name}, {self.size}, {self.step}, [{', '.join(arrays)}], [{others}], [{kinds}]"
        words += ", parallel=True" * self.parallel + ", innermost=True" * self.innermost
        words += ", wider=True" * (self.parallel and not parts)
        lines.append(f"{'_parts = ' * bool(parts)}{space.helper('in_blocks')}({words})")
        moved = [node for node in self.stored if local[id(node)] != names[id(node)]]
        lines += [f"{names[id(node)]} = {local[id(node)]}" for node in moved]
        return [*lines, *self._joins(names, space)]

    def _parted(self, node: Node) -> str:
        """What makes of an array one with the rows of the run as its first axis."""
        group = self._group(node)
        split = (self.size, group, *node.shape[1:])
        return ".reshape(-1)" if self.flat else f".reshape({split})" if group > 1 else ""

    def _local(self, names: Mapping[int, str], whole: Sequence[Node]) -> tuple[dict[int, str], dict[int, str]]:
        """The names in the function: of blocks, and of what it takes as a whole.

        What a loop carries may have the same name before and after a step, and a counter is an expression.
        """
        local: dict[int, str] = {}
        for node in (*[node for node in self._reads if id(node) in self._cut], *self.makes):
            local[id(node)] = _unlike(names[id(node)], local.values())
        entire: dict[int, str] = {}
        for node in whole:
            entire[id(node)] = _unlike(names[id(node)], (*local.values(), *entire.values()))
        return local, entire

    def _joins(self, names: Mapping[int, str], space: Namespace) -> list[str]:
        """The lines that put parts together."""
        parts = [(call.node, call.rows) for call in self.calls if call.rows.kind == "part"]
        if len(parts) == 1:
            node, rows = parts[0]
            return [f"{names[id(node)]} = {space.function(rows.join)}(_parts, axis=0)"]
        return [
            f"{names[id(node)]} = {space.function(rows.join)}([part[{n}] for part in _parts], axis=0)"
            for n, (node, rows) in enumerate(parts)
        ]


def _unlike(name: str, others: Collection[str]) -> str:
    """A name that is none of these."""
    name = name if name.isidentifier() else "_number"
    while name in others:
        name += "_"
    return name


def _is_made(node: Node) -> bool:
    """Whether NumPy's function takes no array to write into."""
    return node.function in (np.where, np.cross) or is_gather(node)


def _dot_line(node: Node, names: Mapping[int, str], space: Namespace) -> str:
    """An inner product without BLAS, whose own threads would wait for each other and take the cores of ours."""
    a, b = [names[id(operand)] for operand in node.args]
    return f'{names[id(node)]} = {space.function(np.einsum)}("i,i", {a}, {b})'


def _lines(node: Node, rows: Rows, names: Mapping[int, str], space: Namespace, out: str, stored: bool) -> list[str]:
    """The lines of a call whose result goes into `out`."""
    name = names[id(node)]
    if rows.kind == "write":
        return [write_text(node, names, space)]
    if node.function is np.reshape:
        return [f"{name} = np.reshape({names[id(node.args[0])]}, {(-1, *node.shape[1:])})"]
    if rows.kind == "view":
        return [f"{name} = {call_text(node, names, space)}"]
    if _is_made(node):
        text = call_text(node, names, space)
        return [f"{name}[...] = {text}" if stored else f"{name} = {text}"]
    if node.function is np.astype:
        source = names[id(node.args[0])]
        return [f"{out}[...] = {source}"] if stored else [f"{out}[...] = {source}", f"{name} = {out}"]
    text = call_text(node, names, space, out)
    return [text if stored else f"{name} = {text}"]


def _turned_lines(
    node: Node, rows: Rows, names: Mapping[int, str], space: Namespace, out: str, stored: bool
) -> list[str]:
    """The lines of a call on arrays with the rows as the last axis."""
    name = names[id(node)]
    if rows.kind == "write":
        return [write_text(node, names, space)]
    bound = [] if stored else [f"{name} = {out}"]
    if node.function is np.astype:
        return [f"{out}[...] = {names[id(node.args[0])]}", *bound]
    if node.function is np.where:
        return [f"{out}[...] = {call_text(node, names, space)}", *bound]
    if node.function is np.cross:
        a, b = [names[id(operand)] for operand in node.args]
        turns = [(0, 1, 2), (1, 2, 0), (2, 0, 1)]
        lines = [f"np.subtract({a}[{i}] * {b}[{j}], {a}[{j}] * {b}[{i}], out={out}[{n}])" for n, i, j in turns]
        return [*lines, *bound]
    if is_gather(node):
        table, index = [names[id(operand)] for operand in node.operands]
        return [f"{out}[...] = {turned_text(f'{table}[{index}]', node.ndim)}", *bound]
    call = turned(node, rows)
    if rows.kind == "part" and node.ndim > 1:
        return [f"{name} = {call_text(call, names, space)}.reshape({node.shape})"]
    text = call_text(call, names, space, out if rows.kind == "call" else "")
    return [text if stored else f"{name} = {text}"]
