// @ts-check
// What users and groups have in common: rights in words, rules of items, trying, and saving.

import { dateTime, problem, t } from "../i18n.js";
import { api } from "../store.js";
import { badge, button, confirmByName, dialog, field, fill, form, h, link, required, toast } from "../ui.js";

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
  if (one.scopes.includes("PermissionScopeAdmin")) return scopeName("PermissionScopeAdmin");
  const rules = one.items.length ? `${t("rules")}: ${one.items.length}` : [];
  return one.scopes.map(scopeName).concat(one.rights.map(rightName), rules).join(", ")
    || (one.groups.length ? "–" : t("scope.PermissionScopeNone"));
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
    title: `${t("remove")}: ${name}`,
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
function effectsOf({ effects = [], more = 0, accounts = 0 }, what) {
  // Each once, however many devices it is; that the account itself goes is said already.
  const all = [...new Map(effects.map((one) => [JSON.stringify({ ...one, tokenId: 0 }), one])).values()]
    .filter(({ kind, object }) => kind !== "AccessEffectKindAccount" || object);
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
  const name = one.kind === "AccessEffectKindItem" ? itemName({ ...one, name: one.object }) : [effectName(one)];
  return h("li", {}, h("span", {}, ...name), h("span", { class: "act" }, badge(`${word(one.before)} → ${word(one.after)}`, mood)));
}

/** @param {Effect} one */
function effectName({ kind, object }) {
  switch (kind) {
    case "AccessEffectKindScope":
      return scopeName(/** @type {Scope} */ (object));
    case "AccessEffectKindRight":
      return rightName(/** @type {Right} */ (object));
    case "AccessEffectKindGroup":
      return `${t("change.group")} ${object}`;
    case "AccessEffectKindThing":
      return `${t("things")} ${object}`;
    case "AccessEffectKindToken":
      return t(object === "expires" ? "user.until" : "account.tokens");
    default:
      return t(object === "since" ? "user.since" : object === "until" ? "user.until"
        : object === "password" ? "password" : "user.on");
  }
}

/** @param {string} text */
function word(text) {
  if (text === "yes") return "✓";
  if (text === "read" || text === "write") return t(`rule.${text}`);
  return Date.parse(text) ? dateTime(Date.parse(text)) : "–";
}

// --- rules ---------------------------------------------------------------------------------------

/** Where a right comes from, and the way there. @param {string} [group] */
const why = (group) => !group ? h("span", { class: "hint" }, t("why.own"))
  : h("a", { class: "hint", href: link("groups", group) },
    group === "anonymous" ? t("why.everybody") : t("why.group", { name: group }));

/** What a rule is about. @param {Rule} rule */
const itemName = ({ name, isPrefix }) => [h("code", {}, name || t("rule.all")), " ",
  name && isPrefix ? h("span", { class: "hint" }, t("rule.below")) : null];

/** What is given, and where it comes from. @param {import("../ui.js").Child[]} what @param {string} [group] @param {Node} [way] */
export const spoken = (what, group, way) => h("div", { class: "spoken" }, h("span", {}, ...what), way, why(group));

/** A rule, and where it comes from. @param {{rule: Rule, group?: string}} spoken */
export const ruleRow = ({ rule, group }) => spoken(itemName(rule), group,
  badge(t(rule.mayWrite ? "rule.write" : "rule.read"), rule.mayWrite ? "good" : "calm"));

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
