"""The executor of `contract` against its peers, on the pairs and chains of contractions that Jacobians are made of.

    python benchmarks/contraction.py [--repeats 21] [--only TEXT]

Each row is one contraction at one size. Ours is called as the library calls it, its plan found in the cache. The peers
are ``np.einsum`` as it is (its own loop, for pairs) and with a path found before, ``opt_einsum`` and ``cotengra``, as
one calls them and as expressions made before; cotengra is left out where it is not installed. All must give the axes
that are asked for, in C order. They take turns in changing order, the least time of each counts, and every result is
compared.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable, Iterable, Sequence
from time import perf_counter

import numpy as np
import opt_einsum

from jacobians.contract import contract_factors
from jacobians.labels import Label
from jacobians.reports.table import table
from jacobians.terms import Factor

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


def rows() -> Iterable[tuple[str, str, dict[str, int]]]:
    """Name, expression and sizes of each contraction."""
    named = [(name, expression, text) for name, (expression, texts) in (PAIRS | CHAINS).items() for text in texts]
    for length in (3, 4, 6, 8, 12):
        for sizes in ([3], [64], [10, 200, 50]):
            expression, text = matrix_chain(length, sizes)
            named.append((f"chain of {length}", expression, text))
    for name, expression, text in named:
        yield name, expression, {word[0]: int(word[1:]) for word in text.split()}


def contestants(expression: str, sizes: dict[str, int]) -> dict[str, Callable[[], np.ndarray]]:
    """The same contraction by each library."""
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
    except ImportError:
        return works
    made = cotengra.einsum_expression(expression, *shapes)
    works["cotengra"] = lambda: cotengra.einsum(expression, *arrays)
    works["cotengra made"] = lambda: made(*arrays)
    return works


def in_order(work: Callable[[], np.ndarray]) -> Callable[[], np.ndarray]:
    """The work with its result in C order, which a transposed view is not."""
    return lambda: np.ascontiguousarray(work())


def least(works: Sequence[Callable[[], object]], repeats: int) -> list[float]:
    """Least seconds of each work, in turns; short ones are repeated within a turn.

    The order changes from turn to turn: who comes after a contestant that fills the caches would pay for it.
    """
    calls = []
    for work in works:
        work()
        start = perf_counter()
        work()
        calls.append(max(1, int(4e-4 / max(perf_counter() - start, 1e-7))))
    times = [float("inf")] * len(works)
    generator = np.random.default_rng(0)
    for _ in range(repeats):
        for n in generator.permutation(len(works)):
            work, count = works[n], calls[n]
            start = perf_counter()
            for _ in range(count):
                work()
            times[n] = min(times[n], (perf_counter() - start) / count)
    return times


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=21, help="turns of each contraction")
    parser.add_argument("--only", default="", help="only the contractions with this text in their names")
    options = parser.parse_args(arguments)
    lines = []
    for name, expression, sizes in rows():
        if options.only not in name:
            continue
        works = contestants(expression, sizes)
        reference, *others = [work() for work in works.values()]
        for other in others:
            np.testing.assert_allclose(reference, other, rtol=1e-8, atol=1e-8 * float(np.abs(reference).max()))
        ours, *peers = least([in_order(work) for work in works.values()], options.repeats)
        best = min(peers)
        words = " ".join(f"{letter}{size}" for letter, size in sizes.items())
        words = words if len(words) < 30 else words[:27] + "..."
        winner = list(works)[1 + peers.index(best)]
        lines.append((name, expression, words, f"{1e6 * ours:.1f}", f"{1e6 * best:.1f}", winner, f"{ours / best:.2f}"))
    print(table(("contraction", "expression", "sizes", "ours us", "best peer us", "which", "ratio"), lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
