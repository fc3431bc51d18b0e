// @ts-check
// What users and groups have in common: rights in words, rules of items, trying, and saving.

import { dateTime, problem, t, tn } from "../i18n.js";
import { api } from "../store.js";
import { badge, button, confirmByName, dialog, field, fill, form, h, link, nothing, required,
  toast } from "../ui.js";

/**
 * @import {AccessAccount as Account, AccessEffect as Effect, AccessRight as Right, ItemRule as Rule, PermissionScope as Scope}
 *   from "../../../../../docs/reference/api"
 */

/** @type {Record<Right, import("../i18n.js").Key>} */
const RIGHTS = {
  AccessRightUserEdit: "right.users",
  AccessRightEditor: "right.editor",
  AccessRightDiag: "right.diag",
};

/** @type {Scope[]} */
const SCOPES = ["PermissionScopeControlThings", "PermissionScopeConfigureThings",
  "PermissionScopeAccessAllThings", "PermissionScopeExecuteRules", "PermissionScopeConfigureRules",
  "PermissionScopeAdmin"];

const MOST = 100; // rules that are shown at once
const FEW = 10; // rules that need no filter

/** @param {Right} right */
export const rightName = (right) => t(RIGHTS[right]);

/** @param {Scope} scope */
export const scopeName = (scope) => t(`scope.${scope}`);

/** What scopes come to: of whoever may do everything nothing else is said. @param {readonly Scope[]} held */
export const scopeNames = (held) =>
  held.filter((one, _, all) => one === "PermissionScopeAdmin" || !all.includes("PermissionScopeAdmin")).map(scopeName);

/**
 * Boxes to tick, one a value. `how` is "away" where a heading says the title already.
 * @template {string} V @param {string} title @param {[V, string][]} [options] @param {"away"} [how]
 */
export function ticks(title, options = [], how) {
  /** @type {Map<V, import("../ui.js").Field>} */
  let boxes = new Map();
  const root = h("fieldset");
  /** Offer just these; what is ticked stays. @param {[V, string][]} fresh */
  const offer = (fresh) => {
    if (boxes.size && [...boxes.keys()].join() === fresh.map(([value]) => value).join()) return;
    boxes = new Map(fresh.map(([value, text]) => [value, boxes.get(value) ?? field(text, { type: "checkbox" })]));
    fill(root, h("legend", { class: how }, title), [...boxes.values()].map((box) => box.root));
  };
  offer(options);
  return {
    root,
    offer,
    /** @returns {V[]} */
    get value() { return [...boxes].filter(([, box]) => box.checked).map(([value]) => value); },
    /** @param {readonly V[]} wanted */
    tick(wanted) { for (const [value, box] of boxes) box.checked = wanted.includes(value); },
  };
}

export const scopeTicks = () => ticks(t("scope"), SCOPES.map((scope) => [scope, scopeName(scope)]));

/** @param {"away"} [how] */
export const rightTicks = (how) => ticks(t("right"),
  /** @type {Right[]} */ (Object.keys(RIGHTS)).map((right) => [right, rightName(right)]), how);

/** What somebody may do by themselves, in a few words. @param {Account} one */
export function mayOf(one) {
  return scopeNames(one.scopes).concat(one.rights.map(rightName), one.items.length ? `${t("rules")}: ${one.items.length}` : []).join(", ") || (one.groups.length ? "–" : t("scope.PermissionScopeNone"));
}

// --- saving --------------------------------------------------------------------------------------

/**
 * Save, once whoever does so has seen what that changes, and for whom, or for what. Gives whether
 * it is saved.
 *
 * @template {import("../api.js").MethodName} M
 * @param {M} method @param {import("../api.js").Methods[M]["params"]} params
 * @param {string} [what] if it is not a user
 */
export async function change(method, params, what) {
  const found = await api.ask("Access.Simulate", { method, params: { ...params } });
  let saved = false;
  const save = async () => {
    await api.ask(method, params);
    saved = true;
    toast(t("change.saved"));
  };
  if (!found.effects?.length) await save();
  else await dialog(t("change"), (close) => [effectsOf(found, what), form({
    fields: [],
    action: t("save"),
    submit: async () => {
      await save();
      close();
    },
    buttons: [button(t("cancel"), close)],
  })]);
  return saved;
}

/**
 * Remove a user or a group, once its name is typed.
 * @param {"users" | "groups"} view @param {string} name
 */
export async function remove(view, name) {
  const [method, params] = view === "users" ? /** @type {const} */ (["Users.RemoveUser", { username: name }])
    : /** @type {const} */ (["Access.RemoveGroup", { name }]);
  const found = await api.ask("Access.Simulate", { method, params });
  return confirmByName({
    title: t("remove"),
    text: t("remove.text"),
    name,
    action: t("remove"),
    more: [effectsOf(found)],
    act: async () => {
      await api.ask(method, params);
      location.hash = link(view);
    },
  });
}

/** Leave the page of what somebody else has removed. @param {string} view @param {unknown} error */
export function gone(view, error) {
  location.hash = link(view);
  toast(problem(error), "bad");
}

/**
 * A form that takes what is fresh, but where somebody is at it.
 *
 * @template V
 * @param {Parameters<typeof form>[0]["fields"]} fields
 * @param {(value: V) => void} take @param {() => Promise<boolean>} save
 */
export function part(fields, take, save) {
  /** @type {Set<import("../ui.js").Input>} */
  const touched = new Set();
  const root = form({ fields, action: t("save"), submit: async () => {
    if (await save()) touched.clear();
    look();
  } });
  const look = () => root.classList.toggle("touched", touched.size > 0);
  root.classList.add("part");
  root.addEventListener("input", ({ target }) => {
    touched.add(/** @type {any} */ (target));
    look();
  });
  return {
    root,
    show(/** @type {V} */ fresh) {
      const typed = [...touched].map((input) => ({ input, value: input.value, checked: input.checked }));
      take(fresh);
      for (const { input, value, checked } of typed) {
        Object.assign(input, { value, checked });
        input.dispatchEvent(new Event("input", { bubbles: true }));
      }
    },
  };
}

/** @param {import("../store.js").Methods["Access.Simulate"]["returns"]} found @param {string} [what] */
function effectsOf({ effects: all = [], more = 0, accounts = 0 }, what) {
  const whose = new Set(all.map((one) => one.principal));
  return h("div", { class: "effects", role: "region", "aria-label": t("change"), tabindex: 0 },
    [...whose].map((who) => [
      h("h3", {}, what ? what : who === "anonymous" ? `${t("change.everybody")} (${accounts})` : who || t("user.paired")),
      h("ul", { class: "rows" }, all.filter((one) => one.principal === who).map(effectRow)),
    ]).flat(),
    more ? `+ ${more}` : null);
}

/** @param {Effect} one */
function effectRow(one) {
  const grade = (/** @type {string} */ word) => ["none", "no", "read", "write", "yes"].indexOf(word);
  const mood = grade(one.after) < grade(one.before) ? "bad" : "good";
  return h("li", {}, h("span", { class: "name" }, effectName(one)),
    h("span", { class: "act" }, badge(`${word(one.before)} → ${word(one.after)}`, mood)));
}

/** @param {Effect} one */
function effectName({ kind, object, isPrefix = false }) {
  switch (kind) {
    case "AccessEffectKindScope":
      return scopeName(/** @type {Scope} */ (object));
    case "AccessEffectKindRight":
      return rightName(/** @type {Right} */ (object));
    case "AccessEffectKindItem":
      return ruleName({ name: object, isPrefix });
    case "AccessEffectKindGroup":
      return `${t("change.group")} ${object}`;
    case "AccessEffectKindThing":
      return `${t("things")} ${object}`;
    case "AccessEffectKindToken":
      return t(object === "expires" ? "user.until" : "account.tokens");
    default:
      return object === "since" ? t("user.since") : object === "until" ? t("user.until") : t("user.on");
  }
}

/** @param {string} text */
function word(text) {
  if (text === "yes") return "✓";
  if (text === "read" || text === "write") return t(`rule.${text}`);
  return Date.parse(text) ? dateTime(Date.parse(text)) : "–";
}

// --- rules ---------------------------------------------------------------------------------------

/** @param {Rule} rule */
export const ruleName = ({ name, isPrefix }) =>
  isPrefix ? (name ? `${name} ${t("rule.below")}` : t("rule.all")) : name;

/** Where a right comes from, and the way there. @param {string} [group] */
export const why = (group) => !group ? h("span", { class: "hint" }, t("why.own"))
  : h("a", { class: "hint", href: link("groups", group) },
    group === "anonymous" ? t("why.everybody") : t("why.group", { name: group }));

/** A rule, and where it comes from. @param {{rule: Rule, group?: string}} spoken */
export const ruleRow = ({ rule, group }) => h("div", { class: "spoken" },
  h("span", {}, h("code", {}, rule.name || t("rule.all")), " ",
    rule.name && rule.isPrefix ? h("span", { class: "hint" }, t("rule.below")) : null),
  badge(t(rule.mayWrite ? "rule.write" : "rule.read"), rule.mayWrite ? "good" : "calm"), why(group));

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

/** Try whether somebody may read or write an item. @param {string} [username] who, if it is known */
export function tryIt(username) {
  const user = field(t("try.user"));
  const item = field(t("try.item"));
  const way = field(t("try.way"), { type: "select",
    options: [["", t("rule.read")], ["write", t("rule.write")]] });
  const answer = h("div", { role: "status", class: "answer" });
  const root = form({
    fields: [username === undefined && user, item, way],
    action: t("try"),
    check: () => required(item, ...(username === undefined ? [user] : [])),
    submit: async () => {
      fill(answer);
      const found = await api.ask("Access.Explain", { username: username ?? user.value.trim(),
        item: item.value.trim(), write: way.value !== "" });
      const spoken = found.spoken ?? [];
      fill(answer,
        badge(t(found.allowed ? "try.yes" : "try.no"), found.allowed ? "good" : "bad"),
        found.isValid === false ? h("p", {}, t("user.invalid"))
          : found.isAdmin ? h("p", {}, t("scope.PermissionScopeAdmin"))
            : spoken.length ? null : h("p", {}, t("rule.none")),
        h("ul", { class: "tree" }, spoken.map((one) => h("li", {}, ruleRow(one)))));
    },
  });
  root.append(answer);
  root.classList.add("try");
  return root;
}
