"""Large arrays in blocks that stay in the cache, on several threads, in memory that is used again.

- `rows`: calls that go by rows; `layout`, `turned`: rows that are short lie side by side.
- `grouping`: products that are made for some rows at a time.
- `fusion`, `storing`: runs of such calls, and what passes from one to the next.
- `blocked`: `Blocked`, the statement of a run; `placing`, `attaching`: runs that write into a buffer of sums.
- `postponing`: large arrays are made when they are needed.
- `taking`: buffers that take over the memory of their first addend.
- `sharing`, `buffers`: which results share memory, and where large temporaries lie.
- `blockwise`: what a program needs at run time: `in_blocks`, `borrow`, `set_threads`.
"""
