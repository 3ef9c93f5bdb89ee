// A table that is sorted by its headings and leafed through, by keyboard too.

import { count, element } from "./common.js";

const SIZES = [25, 50, 100];

function compare(a, b) {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/**
 * Plain rows of cells. `columns`: [{label, numeric, wrap}]; a cell is text or an element. `stack`: rows become cards where the
 * window is narrow; the roles say that it still is a table. `bare`: headings are for those who cannot see the table.
 */
export function plainTable(columns, rows, { caption, empty, stack = false, bare = false }) {
  if (rows.length === 0) return element("p", { class: "soft" }, empty);
  const kind = (i) => (columns[i].numeric ? "number" : columns[i].wrap ? "wrap" : null);
  const role = (name) => (stack ? name : null);
  const heading = (column, i) => element("th", { scope: "col", role: role("columnheader"), class: kind(i) }, column.label);
  const cell = (content, i) => element("td", { role: role("cell"), class: kind(i), "data-label": columns[i].label }, content);
  return element("div", { class: "scroll" },
    element("table", { class: stack ? "stack" : null, role: role("table"), "aria-label": stack ? caption : null },
      stack ? null : element("caption", { class: "unseen" }, caption),
      element("thead", { role: role("rowgroup"), class: bare ? "unseen" : null },
        element("tr", { role: role("row") }, ...columns.map(heading))),
      element("tbody", { role: role("rowgroup") }, ...rows.map((row) => element("tr", { role: role("row") }, ...row.map(cell))))));
}

/**
 * Shows `rows` in `place`. `columns`: [{key, label, numeric, show}], where show(value) is the cell's text. It begins sorted by the
 * column `first`, descending. Rows that are equal in a column stay in the order they came in.
 */
export function sortableTable(place, rows, { columns, caption, first, noun }) {
  let sorted = [];
  let by = first;
  let descending = true;
  let page = 0;
  let size = SIZES[0];

  const body = element("tbody");
  const where = element("span", { class: "where", role: "status" });
  const headings = columns.map((column) =>
    element("th", { scope: "col", class: column.numeric ? "number" : null },
      element("button", { type: "button", onclick: () => sortBy(column.key) }, column.label)));
  const turn = (label, step) => element("button", { type: "button", class: "quiet", onclick: () => show(page + step) }, label);
  const back = turn("Previous", -1);
  const on = turn("Next", 1);
  const choice = element("select", { onchange: (event) => { size = Number(event.target.value); show(0); } },
    ...SIZES.map((each) => element("option", { value: each }, String(each))));

  function sortBy(key) {
    descending = by === key ? !descending : key === first;
    by = key;
    sort();
    show(0);
  }

  function sort() {
    const sign = descending ? -1 : 1;
    sorted = [...rows].sort((a, b) => sign * compare(a[by], b[by]));
    columns.forEach((column, i) => {
      headings[i].setAttribute("aria-sort", column.key !== by ? "none" : descending ? "descending" : "ascending");
    });
  }

  function show(wanted) {
    const pages = Math.max(1, Math.ceil(sorted.length / size));
    page = Math.min(Math.max(wanted, 0), pages - 1);
    body.replaceChildren(...sorted.slice(page * size, (page + 1) * size).map((row) =>
      element("tr", {}, ...columns.map((column) =>
        element("td", { class: column.numeric ? "number" : null }, column.show(row[column.key]))))));
    where.textContent = `Page ${count(page + 1)} of ${count(pages)} · ${count(sorted.length)} ${noun}`;
    back.disabled = page === 0;
    on.disabled = page === pages - 1;
  }

  sort();
  show(0);
  place.replaceChildren(
    element("div", { class: "scroll" }, element("table", {}, element("caption", { class: "unseen" }, caption),
      element("thead", {}, element("tr", {}, ...headings)), body)),
    element("div", { class: "pager" }, where, element("label", {}, "Rows a page ", choice),
      element("span", { class: "turns" }, back, on)));
}
