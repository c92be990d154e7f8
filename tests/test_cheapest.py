"""The cheapest order of pairs against opt_einsum's exhaustive search, which leaves no order out."""

import random
from math import prod

import opt_einsum
import pytest

from jacobians.contract.cheapest import LIMIT, cheapest_pairs


def multiplications(inputs, output, sizes, pairs):
    """By the path alone: the sizes of all labels of each pair, those that a single operand carries alone included."""
    waiting, total = [set(labels) for labels in inputs], 0
    for left, right in pairs:
        assert left != right
        together = waiting[left] | waiting[right]
        rest = [labels for n, labels in enumerate(waiting) if n not in (left, right)]
        total += prod(sizes[n] for n in together)
        waiting = [*rest, together & set(output).union(*rest)]
    assert len(waiting) == 1
    return total


def example(seed):
    rng = random.Random(seed)
    count = rng.randint(3, 6)
    sizes = [rng.choice([2, 3, 5, 20, 100]) for _ in range(6)]
    inputs = [tuple(rng.sample(range(6), rng.randint(1, 3))) for _ in range(count)]
    labels = [n for group in inputs for n in group]
    # What only one operand carries is kept: such sums are taken before any pair.
    output = tuple([n for n in dict.fromkeys(labels) if labels.count(n) == 1 or rng.random() < 0.3])
    return inputs, output, sizes


@pytest.mark.parametrize("seed", range(60))
def test_no_order_takes_fewer_multiplications(seed):
    inputs, output, sizes = example(seed)
    words = ["".join(map(opt_einsum.get_symbol, labels)) for labels in (*inputs, output)]
    shapes = [tuple([sizes[n] for n in labels]) for labels in inputs]
    equation = ",".join(words[:-1]) + "->" + words[-1]
    path, _ = opt_einsum.contract_path(equation, *shapes, shapes=True, optimize="optimal")
    pairs = [tuple(group) for group in path]
    found = cheapest_pairs(inputs, output, sizes)
    if all(len(group) == 2 for group in pairs):
        assert multiplications(inputs, output, sizes, found) <= multiplications(inputs, output, sizes, pairs)


def test_outer_products_are_orders_too():
    # Two vectors of one large matrix: their outer product is small, the matrix is read once.
    inputs, sizes = [(0,), (1,), (0, 1, 2)], [3, 3, 1000]
    found = cheapest_pairs(inputs, (0, 1, 2), sizes)
    assert found == [(0, 1), (0, 1)]
    assert multiplications(inputs, (0, 1, 2), sizes, found) == 9 + 9000


def test_a_chain_of_vectors_and_matrices_begins_at_the_vector():
    inputs = [(n, n + 1) for n in range(LIMIT - 1)] + [(LIMIT - 1,)]
    found = cheapest_pairs(inputs, (0,), [10] * LIMIT)
    assert multiplications(inputs, (0,), [10] * LIMIT, found) == 100 * (LIMIT - 1)


def test_of_as_many_multiplications_the_least_is_written():
    # All orders take 2 * 1000 multiplications; the product of the first two is 10 x 10, that of the others 10 x 100.
    inputs, sizes = [(0, 1), (1, 2), (2, 3)], [10, 100, 1, 10]
    pairs = cheapest_pairs(inputs, (0, 3), sizes)
    assert pairs[0] == (0, 1)
