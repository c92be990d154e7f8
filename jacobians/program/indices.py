"""The two ways to write what `np.einsum` sums, read as one: an index for each axis of each operand and of the result.

- ``"ij,jk->ik"``: subscripts in a string.
- ``[0, 1], [1, 2], [0, 2]``: lists, one for each operand and perhaps one for the result.

The axes of an ellipsis are ``("...", -2), ("...", -1)``, counted from the right as NumPy broadcasts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

__all__ = ["Indices", "indices_of", "sizes_of"]

Indices = list[Hashable]
Shape = tuple[int, ...]


def indices_of(
    subscripts: str | Sequence[Sequence[Hashable]], shapes: Sequence[Shape]
) -> tuple[list[Indices], Indices]:
    """The indices of the operands, which have these shapes, and those of the result.

    NumPy itself accepts or refuses the call: nothing is checked here.
    """
    if isinstance(subscripts, str):
        left, arrow, right = subscripts.replace(" ", "").partition("->")
        words, result = [_letters(word) for word in left.split(",")], _letters(right) if arrow else None
    else:
        words, rest = [list(group) for group in subscripts[: len(shapes)]], subscripts[len(shapes) :]
        result = list(rest[0]) if rest else None
    counts = [len(shape) - len(word) + 1 if ... in word else 0 for word, shape in zip(words, shapes, strict=True)]
    most = max(counts, default=0)
    groups = [_spread(word, count) for word, count in zip(words, counts, strict=True)]
    return groups, _implicit(words, most) if result is None else _spread(result, most)


def sizes_of(groups: Sequence[Indices], shapes: Sequence[Shape]) -> dict[Hashable, int]:
    """The size of each index; one that an operand broadcasts has that of the others."""
    sizes: dict[Hashable, int] = {}
    for group, shape in zip(groups, shapes, strict=True):
        for index, size in zip(group, shape, strict=True):
            if sizes.get(index, 1) == 1:
                sizes[index] = size
    return sizes


def _letters(word: str) -> Indices:
    before, dots, after = word.partition("...")
    return [*before, *([...] if dots else []), *after]


def _dots(count: int) -> Indices:
    return [("...", n) for n in range(-count, 0)]


def _spread(word: Indices, count: int) -> Indices:
    """The indices with one for each axis in place of the ellipsis."""
    if ... not in word:
        return word
    place = word.index(...)
    return [*word[:place], *_dots(count), *word[place + 1 :]]


def _implicit(words: Sequence[Indices], most: int) -> Indices:
    """Without a result: the axes of the ellipsis, then every index that occurs once, sorted."""
    count = Counter(index for word in words for index in word if index is not ...)
    return [*_dots(most), *sorted(index for index, times in count.items() if times == 1)]  # type: ignore[type-var]
