// A field above a table hides the rows that do not hold what is typed into it.
document.addEventListener("DOMContentLoaded", () => {
  for (const field of document.querySelectorAll("input.row-filter")) {
    let next = field.nextElementSibling;
    while (next && !next.querySelector("tbody")) next = next.nextElementSibling;
    const rows = next ? next.querySelectorAll("tbody tr") : [];
    field.addEventListener("input", () => {
      const wanted = field.value.toLowerCase();
      for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
    });
  }
});
