"""An equal program that does less.

- `rewriting`: `Builder`, which rebuilds a graph of calls, each once, by tables of rules; `rewritten`, by a function.
- `moves`, `algebra`, `contractions`: one form for what can be written in several ways.
- `opening`, `sums`, `expanding`, `products`: what products consist of, common factors of sums, products of sums, and
  products in a better order.
- `same`, `collecting`: products of the same factors, sums of multiples of the same arrays.
- `tiling`, `tiles`: arrays that are put together from parts, computed part by part.
- `cancelling`, `witnesses`: terms that cancel once a sum meets its reciprocal, and nothing infinite with them.
- `gram`, `squares`, `diagonals`: symmetric products, and products of which only the diagonal is needed.
- `outward`, `scales`, `signs`: moves come last, numbers are multiplied where that costs least, and are not negative.
- `rings`: rolls of one array as slices of one with margins.
- `memory`, `lowering`, `turned`, `short`: contractions become direct calls that read matrices as they lie; rolls are
  slices, and so is what sums along short axes add.
- `patches`: what is added up at known positions, as few slices.
- `segments`: sums over what an index puts at one place, as products with sparse matrices.
- `margins`, `chained`: sums of products that are made anyway, two constant matrices as one.
- `starts`: the first call of a sum makes its buffer.
- `simplification`: `simplified`, all of them in order.
"""
