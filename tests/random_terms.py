"""Random terms for the laws of the algebra: deltas, repeated labels, splits, ones, broadcasts, sums, and maps."""

import numpy as np
from hypothesis import strategies as st

from jacobians.labels import Label
from jacobians.terms import Factor, Map, Term


@st.composite
def grouped_axes(draw, pool, shape):
    """Axes of the given shape, each a random row-major split into labels of the pool or new ones."""
    axes = []
    for size in shape:
        axis, rest = [], size
        while rest > 1:
            divisors = [d for d in range(2, rest + 1) if rest % d == 0]
            part = draw(st.sampled_from(divisors))
            known = [label for label in pool if label.size == part]
            label = draw(st.sampled_from([*known, None])) or Label(part)
            pool.append(label)
            axis.append(label)
            rest //= part
        axes.append(tuple(axis))
    return tuple(axes)


@st.composite
def terms(draw, out_shape, in_shape, maps=True):
    """A random term of the given shapes."""
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    pool: list[Label] = []
    out = draw(grouped_axes(pool, out_shape))
    inp = draw(grouped_axes(pool, in_shape))
    bound = [Label(draw(st.integers(2, 3))) for _ in range(draw(st.integers(0, 2)))]
    labels = list(dict.fromkeys(pool)) + bound
    relations = []
    if maps and labels:
        for _ in range(draw(st.integers(0, 2))):
            chosen = draw(st.permutations(labels))
            dst, src = tuple(chosen[:1]), tuple(chosen[1 : 1 + draw(st.integers(0, 2))])
            if any(not set(dst).isdisjoint(r.src) or not set(dst).isdisjoint(r.dst) for r in relations):
                continue
            if any(not set(src).isdisjoint(r.dst) for r in relations):
                continue
            index = rng.integers(0, dst[0].size, int(np.prod([label.size for label in src])))
            relations.append(Map.of(dst, src, index))
    factors = []
    for _ in range(draw(st.integers(0, 3))):
        carried = tuple(draw(st.permutations(labels))[: draw(st.integers(0, min(3, len(labels))))]) if labels else ()
        factors.append(Factor(rng.normal(size=[label.size for label in carried]), carried))
    scale = draw(st.sampled_from([1.0, -1.0, 0.5]))
    return Term(out, inp, tuple(factors), tuple(relations), tuple(bound), scale).check()
