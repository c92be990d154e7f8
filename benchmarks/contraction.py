"""Pairs and chains of contractions that Jacobians are made of, and who is asked to compute them.

- `grid`: name, expression and sizes of each contraction, from 3 x 3 to 128 MB.
- `contestants`: the same contraction by each library.

Ours is called as the library calls it, its plan found in the cache. The peers are ``np.einsum`` as it is (its own loop,
for pairs) and with a path found before, ``opt_einsum`` and ``cotengra``, as one calls them and as expressions made
before; cotengra is left out where it is not installed. All must give the axes that are asked for, in C order.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import opt_einsum

from jacobians.contract import contract_factors
from jacobians.labels import Label
from jacobians.terms import Factor

__all__ = ["contestants", "grid"]

PAIRS: dict[str, tuple[str, Sequence[str]]] = {
    "GEMM": ("ij,jk->ik", ["i3 j3 k3", "i16 j16 k16", "i64 j64 k64", "i500 j500 k500", "i2000 j10 k2000"]),
    "GEMM of a transposed": ("ji,jk->ik", ["i3 j4 k5", "i32 j32 k32", "i300 j500 k300"]),
    "GEMM into a transposed": ("ij,jk->ki", ["i3 j4 k5", "i32 j32 k32", "i300 j500 k300"]),
    "grouped GEMM": ("iaj,jk->iak", ["i3 a3 j3 k3", "i20 a20 j20 k20", "i150 a200 j200 k128"]),
    "two summed": ("iab,abk->ik", ["i3 a3 b3 k3", "i64 a16 b16 k64"]),
    "middle summed": ("aib,akb->ik", ["i3 a3 b3 k3", "i64 a16 b16 k64"]),
    "batched": ("bki,bij->bkj", ["b3 k3 i3 j3", "b10 k8 i8 j8", "b1000 k16 i16 j16", "b128 k128 i128 j128"]),
    "batch last": ("kib,ijb->kjb", ["b3 k3 i3 j3", "b64 k16 i16 j16", "b64 k64 i64 j64"]),
    "two batch axes": ("abij,abjk->abik", ["a2 b2 i3 j3 k3", "a16 b16 i64 j64 k64"]),
    "matrix-vector": ("ij,j->i", ["i3 j3", "i100 j100", "i1000 j1000"]),
    "transposed matrix-vector": ("ij,i->j", ["i3 j3", "i100 j100", "i1000 j1000"]),
    "batched matrix-vector": (
        "bij,bj->bi",
        ["b3 i3 j3", "b20000 i3 j3", "b1000 i16 j16", "b64 i10 j256", "b300 i200 j200"],
    ),
    "batched vector-matrix": ("bi,bij->bj", ["b3 i3 j3", "b20000 i3 j3", "b1000 i16 j16", "b300 i200 j200"]),
    "inner": ("i,i->", ["i3", "i1000", "i1000000"]),
    "Frobenius": ("ij,ij->", ["i3 j3", "i100 j100", "i1000 j1000"]),
    "batched inner": ("bi,bi->b", ["b3 i3", "b100 i10", "b2000 i500"]),
    "inner over the first": ("bi,bi->i", ["b3 i3", "b100 i10", "b2000 i500"]),
    "Hadamard": ("ij,ij->ij", ["i3 j3", "i100 j100", "i1000 j1000"]),
    "Hadamard of a transposed": ("ij,ji->ij", ["i3 j3", "i100 j100", "i1000 j1000"]),
    "scaling of rows": ("i,ij->ij", ["i3 j3", "i100 j100", "i1000 j1000"]),
    "scaling of columns": ("ij,j->ij", ["i3 j3", "i100 j100", "i1000 j1000"]),
    "scaling of blocks": ("bo,boi->boi", ["b3 o3 i3", "b64 o10 i256", "b128 o128 i128"]),
    "outer": ("i,j->ij", ["i3 j3", "i100 j100", "i1000 j1000"]),
    "outer of matrices": ("ij,kl->ikjl", ["i3 j3 k3 l3", "i16 j16 k16 l16", "i64 j64 k64 l64"]),
    "shared outer": ("bi,bj->bij", ["b3 i3 j3", "b64 i10 j64", "b200 i200 j200"]),
    "batch against shared": ("bij,jk->bik", ["b3 i3 j3 k3", "b200 i200 j200 k128"]),
}

CHAINS: dict[str, tuple[str, Sequence[str]]] = {
    "scaled GEMM": ("ij,j,jk->ik", ["i3 j3 k3", "i32 j32 k32", "i400 j400 k400"]),
    "X.T * s @ X": ("ki,k,kj->ij", ["k4 i3 j3", "k500 i300 j300", "k1000 i100 j100"]),
    "vectors in a chain": ("ab,b,b,bc->ac", ["a3 b3 c3", "a200 b1000 c200"]),
    "network rows": ("oh,bh,hg->bog", ["o2 b3 h3 g3", "b64 o10 h64 g256", "b128 o10 h256 g256"]),
    "network to inputs": ("oh,bh,hg,bg,gi->boi", ["o2 b2 h3 g3 i3", "b64 o10 h64 g256 i784"]),
    "tangent kernel": ("boh,bi,coh,ci->bc", ["b3 c3 o2 h3 i3", "b64 c64 o10 h256 i784"]),
    "bilinear": ("i,ij,j->", ["i3 j3", "i1000 j1000"]),
    "batched bilinear": ("bi,bij,bj->b", ["b3 i3 j3", "b100 i50 j50"]),
    "three of the same": ("ij,ij,ij->ij", ["i3 j3", "i100 j100", "i1000 j1000"]),
    "low rank": ("ir,jr,kr->ijk", ["i3 j3 k3 r2", "i60 j60 k60 r10"]),
    "attention": ("bqd,bkd,bke->bqe", ["b2 q3 k3 d3 e3", "b16 q64 k64 d32 e32"]),
}


def matrix_chain(length: int, sizes: Iterable[int]) -> tuple[str, str]:
    """A product of matrices, the sizes in turns."""
    letters = "abcdefghijklm"[: length + 1]
    cycle = list(sizes)
    words = ",".join(letters[n : n + 2] for n in range(length))
    named = " ".join(f"{letter}{cycle[n % len(cycle)]}" for n, letter in enumerate(letters))
    return f"{words}->{letters[0]}{letters[-1]}", named


def grid() -> Iterator[tuple[str, str, dict[str, int]]]:
    """Name, expression and sizes of each contraction."""
    named = [(name, expression, text) for name, (expression, texts) in (PAIRS | CHAINS).items() for text in texts]
    for length in (3, 4, 6, 8, 12):
        for sizes in ([3], [64], [10, 200, 50]):
            expression, text = matrix_chain(length, sizes)
            named.append((f"chain of {length}", expression, text))
    for name, expression, text in named:
        yield name, expression, {word[0]: int(word[1:]) for word in text.split()}


def contestants(expression: str, sizes: dict[str, int]) -> dict[str, Callable[[], np.ndarray]]:
    """The same contraction by each library, its result in C order, which a transposed view is not."""
    generator = np.random.default_rng(0)
    left, right = expression.split("->")
    words = left.split(",")
    arrays = [generator.standard_normal([sizes[letter] for letter in word]) for word in words]
    labels = {letter: Label(size, letter) for letter, size in sizes.items()}
    factors = [Factor(a, tuple([labels[x] for x in word])) for a, word in zip(arrays, words, strict=True)]
    wanted = tuple([labels[letter] for letter in right])

    shape = [label.size for label in wanted]
    if contract_factors(factors, wanted).labels == wanted:
        works: dict[str, Callable[[], np.ndarray]] = {"ours": lambda: contract_factors(factors, wanted).array}
    else:
        works = {"ours": lambda: contract_factors(factors, wanted, np.empty(shape)).array}
    shapes = [array.shape for array in arrays]
    path = np.einsum_path(expression, *arrays, optimize="optimal" if len(words) < 7 else "greedy")[0]
    compiled = opt_einsum.contract_expression(expression, *shapes, optimize="dp")
    works["einsum path"] = lambda: np.einsum(expression, *arrays, optimize=path)
    works["opt_einsum"] = lambda: opt_einsum.contract(expression, *arrays)
    works["opt_einsum made"] = lambda: compiled(*arrays)
    if len(words) == 2:
        works["einsum"] = lambda: np.einsum(expression, *arrays)
    try:
        cotengra = importlib.import_module("cotengra")
        made = cotengra.einsum_expression(expression, *shapes)
        works["cotengra"] = lambda: cotengra.einsum(expression, *arrays)
        works["cotengra made"] = lambda: made(*arrays)
    except ImportError:
        pass
    return {name: in_order(work) for name, work in works.items()}


def in_order(work: Callable[[], np.ndarray]) -> Callable[[], np.ndarray]:
    return lambda: np.ascontiguousarray(work())
