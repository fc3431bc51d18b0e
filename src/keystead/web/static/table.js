// A table that stays quick with thousands of rows: only those in sight are there, all are searched and sorted.

import { t, tn } from "./i18n.js";
import { fill, h, nothing } from "./ui.js";

const ROW = 45; // pixels; the height in page.css
const MARGIN = 12; // rows beyond what can be seen
const ALL_AT_ONCE = 50; // rows that need no windowing

const { compare } = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** Make a table. @template R @param {TableHow<R>} how */
export function table(how) {
  /** @type {{row: R, text: string}[]} */
  let rows = []; // sorted, with what is searched
  /** @type {R[]} */
  let shown = [];
  let by = how.sortBy ?? -1;
  let isDown = false;
  let first = -1;

  const count = h("p", { class: "count", role: "status" });
  const search = h("input", { type: "search", "aria-label": `${t("table.search")}: ${how.label}`, autocomplete: "off",
    spellcheck: "false", placeholder: t("table.search"), oninput: () => choose() });
  const heads = how.columns.map((column, index) =>
    h("th", { scope: "col", class: column.kind }, column.sort ? h("button", { type: "button", onclick: () => {
      isDown = by === index && !isDown;
      by = index;
      order();
    } }, column.title) : column.title));
  const body = h("tbody");
  const grid = h("table", "", h("caption", "away", how.label),
    h("thead", "", h("tr", "", heads)), body);
  const scroll = h("div", { class: "table", role: "region", "aria-label": how.label, tabindex: 0,
    onscroll: () => draw() }, grid);
  const none = nothing(how.empty);
  const root = h("div", "table-with-search", h("div", "table-tools", search, how.tools, count), scroll, none);

  function order() {
    const sort = how.columns[by]?.sort;
    if (sort) {
      const keyed = rows.map((one) => ({ one, key: sort(one.row) }));
      keyed.sort(({ key: a }, { key: b }) =>
        typeof a === "number" && typeof b === "number" ? a - b : compare(String(a), String(b)));
      rows = keyed.map(({ one }) => one);
      if (isDown) rows.reverse();
    }
    heads.forEach((th, at) => (th.ariaSort = at !== by ? null : isDown ? "descending" : "ascending"));
    choose();
  }

  function searched() {
    const wanted = search.value.toLocaleLowerCase().split(/\s+/);
    return (/** @type {string} */ text) => wanted.every((word) => text.includes(word));
  }

  /** @param {R} row */
  const textOf = (row) => how.text(row).toLocaleLowerCase();

  function choose() {
    const isSearched = searched();
    shown = rows.filter(({ text }) => isSearched(text)).map(({ row }) => row);
    count.textContent = shown.length === rows.length ? tn("table.count", rows.length)
      : t("table.found", { n: shown.length, all: rows.length });
    scroll.hidden = shown.length === 0;
    none.hidden = shown.length > 0;
    none.textContent = rows.length ? t("table.none") : how.empty;
    grid.setAttribute("aria-rowcount", String(shown.length + 1));
    redraw();
  }

  function redraw() {
    first = -1;
    draw();
  }

  /** Show the rows that can be seen. */
  function draw() {
    const isWindowed = shown.length > ALL_AT_ONCE;
    scroll.classList.toggle("windowed", isWindowed);
    const size = isWindowed ? Math.ceil((scroll.clientHeight || 800) / ROW) + 2 * MARGIN : shown.length;
    const wanted = isWindowed ? Math.max(0, Math.floor(scroll.scrollTop / ROW) - MARGIN) : 0;
    const from = Math.min(wanted - (wanted % MARGIN), Math.max(0, shown.length - size));
    if (from === first) return;
    first = from;
    const part = shown.slice(from, from + size).map((row, index) => line(row, from + index));
    fill(body, gap(from), ...part, gap(shown.length - from - part.length));
  }

  /** @param {R} row @param {number} index */
  const line = (row, index) => h("tr", { "data-key": how.key(row), "aria-rowindex": index + 2 },
    how.columns.map((column, at) =>
      h(at ? "td" : "th", { scope: at ? undefined : "row", class: column.kind }, (column.cell ?? column.sort)?.(row))));

  /** Hold the place of rows that are not there. @param {number} number */
  function gap(number) {
    if (number <= 0) return null;
    const cell = h("td", { colspan: how.columns.length });
    cell.style.height = `${number * ROW}px`;
    return h("tr", { class: "gap", "aria-hidden": "true" }, cell);
  }

  new ResizeObserver(redraw).observe(scroll);

  return {
    root,
    /** Show other rows; search, sort and place stay. @param {R[]} all */
    show(all) {
      const at = Math.floor(scroll.scrollTop / ROW);
      const top = at > 0 && shown[at] && how.key(shown[at]); // what comes above it does not move it
      rows = all.map((row) => ({ row, text: textOf(row) }));
      order();
      const now = top ? shown.findIndex((row) => how.key(row) === top) : -1;
      if (now >= 0) scroll.scrollTop += (now - at) * ROW;
    },
    /** Tell whether a row has what is searched. @param {R} row */
    matches: (row) => searched()(textOf(row)),
  };
}
