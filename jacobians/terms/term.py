"""`Term`: one summand of a Jacobian.

``Term(out, inp, factors, maps, bound, scale)`` denotes

    J[out, inp] = scale * sum over bound of  product of factors * product of maps

A label in both `out` and `inp` is a Kronecker delta; a label that no factor carries is a one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import TermError
from ..labels import Axes, Frozen, Label, Substitution, apply, apply_axes, flatten, fresh, shape_of
from .factor import Factor, OperatorFactor
from .maps import Affine, Map

if TYPE_CHECKING:
    from .pattern import Pattern

__all__ = ["Term"]

AnyFactor = Factor | OperatorFactor


class Term(Frozen):
    """One product of factors and maps under named indices, from `inp` to `out`.

    Parameters
    ----------
    out, inp : tuple of tuple of Label
        One axis per array axis; an axis is a tuple of labels, row-major; size 1 is ``()``.
    factors : tuple of Factor or OperatorFactor
    maps : tuple of Map
    bound : tuple of Label
        The summed labels, whether or not a factor carries them.
    scale : float
        A Python number, so that it never promotes.

    Examples
    --------
    The Jacobian of ``W @ x`` with respect to ``x``:

    >>> import numpy as np
    >>> from jacobians.labels import Label
    >>> i, j = Label(2, "i"), Label(3, "j")
    >>> Term(((i,),), ((j,),), (Factor(np.ones((2, 3)), (i, j)),))
    J[i | j] = A[i j]
    """

    __slots__ = ("_labels", "_pattern", "bound", "factors", "inp", "maps", "out", "scale")
    out: Axes
    inp: Axes
    factors: tuple[AnyFactor, ...]
    maps: tuple[Map, ...]
    bound: tuple[Label, ...]
    scale: float
    act = ""
    """How the term acts on a complex tangent, see `acting`; linearly, unless it is an `ActingTerm`."""
    _labels: dict[Label, None] | None
    _pattern: Pattern | None

    def __init__(
        self,
        out: Axes,
        inp: Axes,
        factors: tuple[AnyFactor, ...] = (),
        maps: tuple[Map, ...] = (),
        bound: tuple[Label, ...] = (),
        scale: float = 1.0,
    ) -> None:
        put = object.__setattr__
        put(self, "out", out)
        put(self, "inp", inp)
        put(self, "factors", factors)
        put(self, "maps", maps)
        put(self, "bound", bound)
        put(self, "scale", scale)
        put(self, "_labels", None)
        put(self, "_pattern", None)

    @property
    def out_shape(self) -> tuple[int, ...]:
        return shape_of(self.out)

    @property
    def in_shape(self) -> tuple[int, ...]:
        return shape_of(self.inp)

    @property
    def arrays(self) -> Sequence[Any]:
        """The arrays of its factors, all of which are dense."""
        return tuple([factor.array for factor in self.factors])  # type: ignore[union-attr]

    @property
    def free(self) -> dict[Label, None]:
        """The labels of `out` and `inp`, in order."""
        return dict.fromkeys(flatten(self.out) + flatten(self.inp))

    @property
    def labels(self) -> dict[Label, None]:
        """All labels, free first."""
        if self._labels is None:
            object.__setattr__(self, "_labels", dict.fromkeys((*flatten(self.out), *flatten(self.inp), *self.bound)))
        return self._labels  # type: ignore[return-value]

    @property
    def nbytes(self) -> int:
        """Bytes of the numbers and indices that the term holds."""
        return sum(part.nbytes for part in (*self.factors, *self.maps))

    @property
    def T(self) -> Term:
        """The transposed term: `out` and `inp` change places."""
        return Term(self.inp, self.out, self.factors, self.maps, self.bound, self.scale)

    @property
    def is_empty(self) -> bool:
        """Whether the term is zero for lack of indices, or by its scale."""
        if self._pattern is not None:
            return self.scale == 0 or self._pattern.is_empty
        return self.scale == 0 or 0 in [label.size for label in self.labels]

    def relabel(self, substitution: Substitution) -> Term:
        """The same term under other labels; a label may become several."""
        if self.labels.keys().isdisjoint(substitution):
            return self
        return Term(
            apply_axes(substitution, self.out),
            apply_axes(substitution, self.inp),
            tuple([factor.relabel(substitution) for factor in self.factors]),
            tuple([relation.relabel(substitution) for relation in self.maps]),
            tuple(dict.fromkeys(apply(substitution, self.bound))),
            self.scale,
        )

    def freshen(self) -> Term:
        """The same term under labels that nothing else uses."""
        return self.relabel(fresh(self.labels))

    def replace(self, **changes: object) -> Term:
        """The same term with some of its fields changed."""
        fields = {name: changes.get(name, getattr(self, name)) for name in Term.__slots__ if name[0] != "_"}
        return Term(**fields)  # type: ignore[arg-type]

    def times(self, scale: float) -> Term:
        """The term multiplied by a Python number."""
        return self.replace(scale=self.scale * scale)

    def check(self) -> Term:
        """Return the term, or raise TermError if it contradicts itself."""
        known = self.labels
        if not set(self.bound).isdisjoint(self.free):
            raise TermError(f"term: bound labels {self.bound} occur in out {self.out} or inp {self.inp}.")
        for part in (*self.factors, *self.maps):
            part.check()
            strangers = [label for label in part.labels if label not in known]
            if strangers:
                raise TermError(
                    f"term: {type(part).__name__} has labels {strangers}, which are neither free nor bound."
                )
        return self

    def __repr__(self) -> str:
        names = dict(zip(self.labels, _letters(self.labels), strict=False))

        def words(labels: tuple[Label, ...]) -> str:
            return " ".join(names[label] for label in labels)

        def axes(groups: Axes) -> str:
            return " ".join(
                "1" if not axis else words(axis) if len(axis) == 1 else f"({words(axis)})" for axis in groups
            )

        parts = [] if self.scale == 1 else [f"{self.scale:g}"]
        carried = {label for part in (*self.factors, *self.maps) for label in part.labels}
        ones = tuple([label for label in self.bound if label not in carried])
        if ones:
            parts.append(f"sum({words(ones)})")
        for letter, factor in zip(_capitals(), self.factors, strict=False):
            inner = (
                words(factor.labels) if isinstance(factor, Factor) else f"{words(factor.left)} <- {words(factor.right)}"
            )
            parts.append(f"{factor.name or letter}[{inner}]")
        parts += [_describe_map(relation, words) for relation in self.maps]
        return f"J[{axes(self.out)} | {axes(self.inp)}] = {' '.join(parts) or '1'}"


def _letters(labels: dict[Label, None]) -> Iterator[str]:
    """A name for each label: its own where it is still free, else the next letter."""
    taken: set[str] = set()
    spare = iter([*"ijklmnpqrstuvwxyzabcdefgho", *(f"i{n}" for n in range(len(labels)))])
    for label in labels:
        name = label.name
        while not name or name in taken:
            name = next(spare)
        taken.add(name)
        yield name


def _capitals() -> Iterator[str]:
    yield from "ABCDEFGHKLMNPQRSTUVWXYZ"
    n = 0
    while True:
        n += 1
        yield f"F{n}"


def _describe_map(relation: Map, words: object) -> str:
    dst, src = words(relation.dst) or "0", words(relation.src)  # type: ignore[operator]
    if not isinstance(relation.index, Affine):
        return f"{{{dst} = index[{src}]}}"
    start, step, modulus = relation.index
    if not src:
        return f"{{{dst} = {start}}}"
    group = f"({src})" if " " in src else src
    moved = group if abs(step) == 1 else f"{abs(step)} {group}"
    body = f"{start or ''}{' - ' if start else '-'}{moved}" if step < 0 else f"{start} + {moved}" if start else moved
    return f"{{{dst} = {body}{'' if modulus is None else f' mod {modulus}'}}}"
