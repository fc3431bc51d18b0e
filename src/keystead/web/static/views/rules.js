// Rules on items as rows to be edited, or pasted out of a spreadsheet.

import { t } from "../i18n.js";
import { ask, button, field, fill, h, nothing, required, toast } from "../ui.js";

const MOST = 100; // rules that are shown at once
const FEW = 10; // rules that need no filter

/** A filter, where there are more than a few. @param {() => void} draw @param {...Child} buttons */
export function sieve(draw, ...buttons) {
  const search = h("input", { type: "search", "aria-label": t("rule.filter"), placeholder: t("rule.filter"),
    oninput: (/** @type {Event} */ event) => {
      event.stopPropagation(); // it changes nothing
      draw();
    } });
  const count = h("p", { class: "count", role: "status" });
  const root = h("div", "table-tools", search, ...buttons, count);
  return {
    root,
    search,
    /** The first that are found. @template {Rule} R @param {R[]} rules */
    first(rules) {
      const wanted = search.value.trim().toLocaleLowerCase();
      const found = rules.filter(({ name }) => name.toLocaleLowerCase().includes(wanted));
      search.hidden = !wanted && rules.length < FEW;
      root.hidden = search.hidden && !buttons.length;
      count.textContent = t("table.found", { n: Math.min(found.length, MOST), all: rules.length });
      return found.slice(0, MOST);
    },
  };
}

/** Read rows of a spreadsheet. @param {string} text @returns {Rule[]} */
function read(text) {
  const rows = text.split(/\r?\n/).filter((row) => row.trim());
  return rows.flatMap((row, at) => {
    const [name = "", ...words] = row.split(/[\t;,]/).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));
    const rule = { name: name.replace(/\.?\*$/, ""), isPrefix: name.endsWith("*"), mayWrite: false };
    for (const cell of words.map((one) => one.toLocaleLowerCase()).filter(Boolean)) {
      const is = (/** @type {string[]} */ ...known) => known.some((one) => one.toLocaleLowerCase() === cell);
      if (is("write", "w", "rw", t("rule.write"))) rule.mayWrite = true;
      else if (is("prefix", t("rule.below"))) rule.isPrefix = true;
      else if (is("read", "r", "item", t("rule.read"), t("rule.item"))) continue;
      else if (at === 0 && rows.length > 1) return []; // what the columns are called
      else throw new Error(t("rule.unread", { n: at + 1, text: cell }));
    }
    return [rule];
  });
}

const textOf = ({ name = "", isPrefix = false, mayWrite = false }) => `${name}\t${isPrefix}\t${mayWrite}`;

/** An editor of rules. What is being changed stays so when others change some. */
export function ruleEditor() {
  /** @type {Rule[]} */
  let rules = [];
  /** @type {Rule[]} */
  let given = [];
  /** @type {WeakMap<Rule, HTMLElement>} */
  const made = new WeakMap();
  const rows = h("ul", "rule-rows");
  const { root: tools, search, first } = sieve(draw, button(t("rule.add"), () => add([{ name: "" }])),
    button(t("rule.paste"), paste));
  const root = h("div", "", tools, rows);

  function draw() {
    const found = first(rules);
    fill(rows, found.length ? found.map((rule) => made.get(rule) ?? row(rule)) : nothing(t("rule.none"), "li"));
  }

  /** @param {Rule[]} more @param {Rule} [instead] */
  function add(more, instead) {
    if (more.length) search.value = "";
    rules = [...more, ...rules.filter((one) => one !== instead)];
    draw();
    root.dispatchEvent(new Event("input", { bubbles: true }));
    /** @type {HTMLElement | null} */ (root.querySelector(more.length ? "li input" : "button"))?.focus();
  }

  function paste() {
    const cells = field(t("rules"), { type: "textarea", hint: t("rule.paste.hint") });
    return ask(t("rule.paste"), {
      fields: [cells],
      action: t("rule.add"),
      check: () => required(cells),
      submit: () => add(read(cells.value)),
      at: () => cells,
    });
  }

  /** Make rows of a spreadsheet's. @param {ClipboardEvent} event @param {Rule} at */
  function pasted(event, at) {
    const cells = event.clipboardData?.getData("text").trim() ?? "";
    if (!/[\t\n]/.test(cells)) return;
    event.preventDefault();
    try {
      add(read(cells), at.name ? undefined : at);
    } catch (error) {
      toast(/** @type {Error} */ (error).message, "bad");
    }
  }

  /** @param {Rule} rule */
  function row(rule) {
    /** @param {"isPrefix" | "mayWrite"} key @param {Key} label @param {...Key} words */
    const either = (key, label, ...words) => h("select", { "aria-label": t(label),
      onchange: (/** @type {any} */ { target }) => (rule[key] = target.selectedIndex > 0),
    }, words.map((one, at) => h("option", { selected: at > 0 && rule[key] }, t(one))));
    const name = h("input", { value: rule.name, "aria-label": t("rule.name"), placeholder: t("rule.name"),
      spellcheck: "false", autocapitalize: "none", autocomplete: "off",
      oninput: () => (rule.name = name.value.trim()),
      onpaste: (/** @type {ClipboardEvent} */ event) => pasted(event, rule) });
    const item = h("li", "", name, either("isPrefix", "rule.reach", "rule.item", "rule.below"),
      either("mayWrite", "rule.may", "rule.read", "rule.write"),
      button("×", () => add([], rule), { kind: "quiet", label: `${t("remove")}: ${rule.name}` }));
    made.set(rule, item);
    return item;
  }

  return {
    root,
    get value() { return (rules = rules.filter((rule) => rule.name || rule.isPrefix)); },
    /** Take what others have added and removed; the rest stays as it is. */
    set value(fresh) {
      const [before, mine] = [given, rules].map((all) => new Set(all.map(textOf)));
      const now = new Map(fresh.map((rule, at) => [textOf(rule), at]));
      const place = (/** @type {Rule} */ rule) => now.get(textOf(rule)) ?? -1;
      rules = rules.filter((rule) => !before.has(textOf(rule)) || place(rule) >= 0).concat(fresh
        .filter((rule) => !before.has(textOf(rule)) && !mine.has(textOf(rule))).map((rule) => ({ ...rule })));
      given = fresh;
      if (rules.every((rule) => place(rule) >= 0)) rules.sort((a, b) => place(a) - place(b));
      draw();
    },
  };
}
