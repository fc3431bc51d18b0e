// @ts-check
// Rules on items as rows to be edited, out of a spreadsheet where somebody has one.

import { t, tn } from "../i18n.js";
import { button, dialog, field, fill, form, h, nothing, required, toast } from "../ui.js";

/** @import {ItemRule as Rule} from "../../../../../docs/reference/api" */

const MOST = 100; // rules that are shown at once
const FEW = 10; // rules that need no filter

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

/** @param {Rule} rule */
const textOf = ({ name, isPrefix, mayWrite }) => `${name}\t${Boolean(isPrefix)}\t${Boolean(mayWrite)}`;

/** @param {readonly Rule[]} rules in any order */
const textsOf = (rules) => rules.map(textOf).sort().join("\n");

/**
 * Rules in a table to be edited. What is being changed stays so when others change some.
 * @param {(rules: Rule[]) => Promise<boolean>} [save] without it they are a part of another form
 */
export function ruleEditor(save) {
  /** @type {Rule[]} */
  let rules = [];
  /** @type {Rule[]} */
  let given = [];
  /** @type {WeakMap<Rule, HTMLElement>} */
  const made = new WeakMap();
  const filter = h("input", { type: "search", "aria-label": t("rule.filter"),
    placeholder: t("rule.filter"), oninput: () => draw() });
  const rows = h("ul", { class: "rule-rows" });
  const count = h("p", { class: "count", role: "status" });
  /** @param {Rule[]} more */
  const add = (...more) => {
    filter.value = "";
    rules.unshift(...more);
    draw();
    rows.querySelector("input")?.focus();
  };
  const kept = () => (rules = rules.filter((rule) => rule.name || rule.isPrefix));
  const fields = [
    h("div", { class: "table-tools" }, filter,
      button(t("rule.add"), () => add({ name: "" })), button(t("rule.paste"), paste), count),
    rows];
  const root = !save ? h("div", {}, ...fields) : form({
    fields,
    action: t("save"),
    submit: async () => {
      const sent = kept().map((rule) => ({ ...rule }));
      if (await save(sent)) given = sent;
      draw();
    },
  });
  root.classList.add("wide", "part");
  const look = () => root.classList.toggle("touched", textsOf(rules) !== textsOf(given));
  for (const name of ["input", "change"]) root.addEventListener(name, look);

  function paste() {
    return dialog(t("rule.paste"), (close) => {
      const cells = field(t("rules"), { type: "textarea", hint: t("rule.paste.hint") });
      return [form({
        fields: [cells],
        action: t("rule.add"),
        check: () => required(cells),
        submit: () => {
          add(...read(cells.value));
          close();
        },
        refused: (error) => {
          cells.say(/** @type {Error} */ (error).message);
          return true;
        },
        buttons: [button(t("cancel"), close)],
      })];
    });
  }

  /** Make rows of what a spreadsheet has, in place of an empty one. @param {ClipboardEvent} event @param {Rule} at */
  function pasted(event, at) {
    const cells = event.clipboardData?.getData("text").trim() ?? "";
    if (!/[\t\n]/.test(cells)) return;
    event.preventDefault();
    try {
      const more = read(cells);
      if (!at.name) rules = rules.filter((one) => one !== at);
      add(...more);
    } catch (error) {
      toast(/** @type {Error} */ (error).message, "bad");
    }
  }

  function draw() {
    const wanted = filter.value.trim().toLocaleLowerCase();
    const found = rules.filter((rule) => !wanted || rule.name.toLocaleLowerCase().includes(wanted));
    filter.hidden = !wanted && rules.length < FEW;
    count.textContent = tn("table.found", Math.min(found.length, MOST), { all: rules.length });
    fill(rows, found.length ? found.slice(0, MOST).map((rule) => made.get(rule) ?? row(rule)) : nothing(t("rule.none"), "li"));
    look();
  }

  /** @param {Rule} rule */
  function row(rule) {
    /** @param {"isPrefix" | "mayWrite"} key @param {string} label @param {string[]} words */
    const either = (key, label, words) => {
      const choice = h("select", { "aria-label": label, onchange: () => (rule[key] = choice.selectedIndex > 0) },
        words.map((one) => h("option", {}, one)));
      choice.selectedIndex = rule[key] ? 1 : 0;
      return choice;
    };
    const name = h("input", { value: rule.name, "aria-label": t("rule.name"), placeholder: t("rule.name"),
      spellcheck: "false", autocapitalize: "none", autocomplete: "off",
      oninput: () => (rule.name = name.value.trim()),
      onpaste: (/** @type {ClipboardEvent} */ event) => pasted(event, rule) });
    const item = h("li", {}, name, either("isPrefix", t("rule.reach"), [t("rule.item"), t("rule.below")]),
      either("mayWrite", t("rule.may"), [t("rule.read"), t("rule.write")]),
      button("×", () => {
        rules = rules.filter((one) => one !== rule);
        draw();
        root.querySelector("button")?.focus();
      }, { kind: "quiet", label: `${t("remove")}: ${rule.name}` }));
    made.set(rule, item);
    return item;
  }

  return {
    root,
    get value() { return kept(); },
    /** Take what others have added and removed; the rest stays as it is. @param {readonly Rule[]} fresh */
    show(fresh) {
      if (rows.firstChild && textsOf(fresh) === textsOf(given)) return;
      const [before, mine] = [given, rules].map((all) => new Set(all.map(textOf)));
      const now = new Map(fresh.map((rule, at) => [textOf(rule), at]));
      rules = rules.filter((rule) => !before.has(textOf(rule)) || now.has(textOf(rule))).concat(fresh
        .filter((rule) => !before.has(textOf(rule)) && !mine.has(textOf(rule))).map((rule) => ({ ...rule })));
      given = [...fresh];
      if (textsOf(rules) === textsOf(given)) rules.sort((a, b) => (now.get(textOf(a)) ?? 0) - (now.get(textOf(b)) ?? 0));
      draw();
    },
  };
}
