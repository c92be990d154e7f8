"""Benchmarks: the derivative that this library computes against what an expert writes by hand, and other libraries.

    python -m benchmarks list
    python -m benchmarks run affine mlp-gradient --sizes small --out run.json
    python -m benchmarks table run.json

The modules in the order in which data passes through them:

- `problem`: a problem with seeded data, sizes, a function in plain NumPy, an expert's derivative, and targets.
- `references`: numbers from complex steps and differences, with which every result is compared before it is timed.
- `problems`: one module for each family of problems. `further`: the same for those that are not in the table.
- `peers`: one module for each library that takes part.
- `measuring`, `runner`: turns, medians, first calls, peak memory.
- `records`: a run with its machine and its versions, as JSON.
- `tables`, `plots`, `comparing`: what one reads.
"""
