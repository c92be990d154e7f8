"""The executor of `contract` against NumPy's einsum and opt_einsum, on the pairs and chains that Jacobians are made of.

    python benchmarks/contraction.py [--repeats 21]

Each row is one contraction at one size. Ours is planned once and lowered to scalings, GEMM, batched `matmul` or
einsum's loop; the peers are ``np.einsum`` with a path found before, and an ``opt_einsum`` expression made before, as an
expert would call them. All take turns, the median counts, and every result is compared with the first.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from time import perf_counter

import numpy as np
import opt_einsum

from jacobians.contract import contract_factors
from jacobians.labels import Label
from jacobians.reports.table import table
from jacobians.terms import Factor

ROWS: dict[str, tuple[str, dict[str, int]]] = {
    "GEMM": ("ij,jk->ik", {"i": 500, "j": 500, "k": 500}),
    "small GEMM": ("ij,jk->ik", {"i": 16, "j": 16, "k": 16}),
    "tiny GEMM": ("ij,jk->ik", {"i": 3, "j": 3, "k": 3}),
    "batched": ("bki,bij->bkj", {"b": 128, "k": 128, "i": 128, "j": 128}),
    "many small batches": ("bki,bij->bkj", {"b": 1000, "k": 16, "i": 16, "j": 16}),
    "two batch axes": ("abij,abjk->abik", {"a": 16, "b": 16, "i": 64, "j": 64, "k": 64}),
    "batched matrix-vector": ("bij,bj->bi", {"b": 300, "i": 200, "j": 200}),
    "tiny matrix-vector": ("bij,bj->bi", {"b": 20000, "i": 3, "j": 3}),
    "batched inner": ("bi,bi->b", {"b": 2000, "i": 500}),
    "scaling": ("i,ij->ij", {"i": 1000, "j": 1000}),
    "shared outer": ("bi,bj->bij", {"b": 200, "i": 200, "j": 200}),
    "outer": ("ij,kl->ikjl", {"i": 64, "j": 64, "k": 64, "l": 64}),
    "X.T * s @ X": ("ki,k,kj->ij", {"k": 500, "i": 300, "j": 300}),
    "scaled chain": ("ij,j,jk->ik", {"i": 400, "j": 400, "k": 400}),
    "vectors in a chain": ("ab,b,b,bc->ac", {"a": 200, "b": 1000, "c": 200}),
    "network rows": ("oh,bh,hg->bog", {"b": 64, "o": 10, "h": 64, "g": 256}),
    "tangent kernel": ("boh,bi,coh,ci->bc", {"b": 64, "c": 64, "o": 10, "h": 256, "i": 784}),
}


def contestants(expression: str, sizes: dict[str, int]) -> dict[str, Callable[[], np.ndarray]]:
    """The same contraction by each library, planned before the clock starts."""
    generator = np.random.default_rng(0)
    left, right = expression.split("->")
    words = left.split(",")
    arrays = [generator.standard_normal([sizes[letter] for letter in word]) for word in words]
    labels = {letter: Label(size, letter) for letter, size in sizes.items()}
    factors = [Factor(a, tuple([labels[x] for x in word])) for a, word in zip(arrays, words, strict=True)]
    wanted = [labels[letter] for letter in right]

    def ours() -> np.ndarray:
        result = contract_factors(factors, wanted)
        return result.array.transpose([result.labels.index(label) for label in wanted])

    path = np.einsum_path(expression, *arrays, optimize="optimal")[0]
    compiled = opt_einsum.contract_expression(expression, *[a.shape for a in arrays], optimize="dp")
    return {
        "ours": ours,
        "np.einsum": lambda: np.einsum(expression, *arrays, optimize=path),
        "opt_einsum": lambda: compiled(*arrays),
    }


def medians(works: Sequence[Callable[[], object]], repeats: int) -> list[float]:
    """Median seconds of each work, in turns; short ones are repeated within a turn."""
    calls = []
    for work in works:
        work()
        start = perf_counter()
        work()
        calls.append(max(1, int(2e-4 / max(perf_counter() - start, 1e-7))))
    samples: list[list[float]] = [[] for _ in works]
    for _ in range(repeats):
        for times, work, count in zip(samples, works, calls, strict=True):
            start = perf_counter()
            for _ in range(count):
                work()
            times.append((perf_counter() - start) / count)
    return [float(np.median(times)) for times in samples]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=21, help="turns of each contraction")
    options = parser.parse_args(arguments)
    lines, names = [], []
    for name, (expression, sizes) in ROWS.items():
        works = contestants(expression, sizes)
        names = [f"{library} ms" for library in works]
        reference, *others = [work() for work in works.values()]
        for other in others:
            np.testing.assert_allclose(reference, other, rtol=1e-9, atol=1e-9)
        times = medians(list(works.values()), options.repeats)
        best = min(times)
        lines.append((name, expression, *[f"{1e3 * t:.3f}" for t in times], f"{times[0] / best:.2f}"))
    print(table(("contraction", "expression", *names, "ours / best"), lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
