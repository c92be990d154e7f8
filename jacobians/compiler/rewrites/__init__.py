"""An equal program that does less. `simplification` runs what is listed here, in this order but for a few repetitions.

One form for what can be written in several ways, call by call:

- `rewriting`: `Builder`, which rebuilds a graph of calls, each once, by tables of rules; `rewritten`, by a function.
- `functions`, `moves`, `algebra`, `contractions`, `placed`: the tables; `constants`: rules for sums with constants.
- `inverses`, `quotients`: inverses that a program has anyway, triangular ones; few divisions.
- `same`, `collecting`, `merging`: products of the same factors are one, and so are sums of multiples of the same
  arrays, and the constants that one array meets.

What products and sums consist of, and in which order they cost least:

- `tiles`: what is put together from parts is computed part by part; `tiling`: the parts of sums of scattered arrays.
- `products`: the best order of many factors. `opening` tells these; `cancelling` leaves out terms that cancel once
  a sum meets its reciprocal, with `witnesses` that nothing infinite went with them; `diagonals` computes these alone;
  `squares` finds ``X.T @ diag(s) @ X``, which `gram` computes; `sums` pulls common factors out, and `expanding`
  multiplies out.
- `margins`: sums of products that are made anyway.
- `differences`: sums over the differences of all pairs, without these.
- `signs`, `scales`: scattered sums without negative numbers; numbers are multiplied where that costs least.

Calls as they will be written:

- `picks`, `inner`: of extrema their entries alone; sums of products as contractions.
- `regrouped`: contractions that read others which there are.
- `rings`: rolls of one array as slices of one with margins.
- `lowering`: contractions become direct calls that read each matrix as it lies in `memory`. `spreading` makes large
  arrays in the order in which they are read, `addends` in that in which they are added; `picking`, `turned`, `short`
  write indices, rolls, short sums as slices; `associated` makes sums with a diagonal from others that have it.
- `patches`, `pooled`, `segments`: what is added up at known positions, as slices, as one product with a sparse matrix
  for several arrays, or as one for each; `windows`: sums over neighbours by doubling.
- `chained`, `siblings`, `totals`: two constant matrices as one, one call for neighbouring parts, sums as products with
  ones.
- `symmetry`: matrices that are symmetric to the last bit, as far as `exchange` does not prove that they are, or their
  own negative, which others ask too.

And of statements: `starts`, where a sum of parts begins, and `padding`.
"""
