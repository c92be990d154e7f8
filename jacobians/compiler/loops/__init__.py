"""Steps that repeat, as loops.

- `terms`: long sums and entries that are read often, put so that each step does what the others do.
- `order`: statements in the order in which they were recorded; sums that grow step by step.
- `readings`: which statement reads which, as numbers.
- `slots`, `repetition`: what of a statement may differ from step to step, and where statements repeat.
- `laws`: how what differs goes on: the same, carried, counted, or read from an earlier loop.
- `spread`, `loop`: what a loop keeps for others, and `Loop`, its statement.
- `standing`, `stacking`, `ahead`, `recurrence`, `growing`, `parting`, `lifting`: what does not wait for the step before
  is done for all steps at once; `cutting`: of numbers, what costs less so; `solving`: all, where steps are linear.
- `folding`, `grouping`: matrices that meet in each step become one, and factors that do not wait stand together.
- `entrywise`, `entries`: loops over arrays of two or three numbers go number by number.
- `rolling`, `parts`: loops are found, and each part of a program is simplified by itself.
"""
