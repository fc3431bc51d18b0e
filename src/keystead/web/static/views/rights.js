// What users, groups and tokens have in common: rights in words, their changes, trying, and editing.

import { dateTime, localTime, named, seconds, t } from "../i18n.js";
import { api } from "../store.js";
import { ask, badge, field, fill, form, h, link, required, toast } from "../ui.js";

const ADMIN = "PermissionScopeAdmin";
const DETAILS = "Users.SetUserInfo"; // changes no rights, and is not simulated

/** @type {Scope[]} */
const SCOPES = ["PermissionScopeControlThings", "PermissionScopeConfigureThings", "PermissionScopeAccessAllThings",
  "PermissionScopeExecuteRules", "PermissionScopeConfigureRules", ADMIN];

/** @type {Record<string, Key>} */
const RIGHTS = { AccessRightUserEdit: "right.users", AccessRightEditor: "right.editor", AccessRightDiag: "right.diag" };

/** @type {Record<string, Key>} what the rights, and parts of accounts and tokens, are called */
const NAMES = { ...RIGHTS, enabled: "user.on", since: "user.since", until: "user.until", expires: "user.until",
  password: "password" };

export const rightName = (right = "") => t(RIGHTS[right]);

export const scopeName = (scope = "") => named("scope", scope);

/** What somebody may do by themselves, or a token, in a few words. @param {Partial<Account>} one */
export const mayOf = ({ scopes = [], rights = [], items = [], groups = [] }) => scopes.includes(ADMIN) ? scopeName(ADMIN)
  : [...scopes.map(scopeName), ...rights.map(rightName), items.length && `${t("rules")}: ${items.length}`]
    .filter(Boolean).join(", ") || (groups.length ? "–" : t("scope.None"));

/**
 * Save, once whoever does so has seen what that changes, for whom, and `more`; give the answer if it is saved.
 * @template {MethodName} M @param {M} method @param {Params<M>} params @param {Child} [more]
 */
export async function change(method, params, more) {
  /** @type {Returns<M> | undefined} */
  let answer;
  const submit = async () => {
    answer = await api.ask(method, params);
    toast(t("change.saved"));
  };
  const found = method !== DETAILS && await api.ask("Access.Simulate", { method, params: { ...params } });
  if (!found || !found.effects?.length) await submit();
  else await ask(t("change"), { lead: [effectsOf(found, params), more], action: t("save"), submit });
  return answer;
}

/**
 * Remove what a page is about, once its name is typed.
 * @template {MethodName} M @param {string} view @param {string} name @param {M} method @param {Params<M>} params
 */
export async function remove(view, name, method, params) {
  const found = await api.ask("Access.Simulate", { method, params: { ...params } });
  const typed = field(t("confirm.type", { name }));
  return ask(`${t("remove")}: ${name}`, {
    kind: "danger",
    fields: [typed],
    check: () => [[typed, typed.value.trim() === name ? "" : t("confirm.differs")]],
    lead: [h("p", "", t("remove.text")), effectsOf(found, params)],
    action: t("remove"),
    submit: async () => {
      await api.ask(method, params);
      location.hash = link(view);
    },
  });
}

/** Leave the page of what somebody else has removed. @param {string} view @param {Key} why */
export function gone(view, why) {
  location.hash = link(view);
  toast(t(why), "bad");
}

/** @param {Returns<"Access.Simulate">} found @param {any} params with the name of a token, if it is one */
function effectsOf({ effects = [], more, accounts }, { deviceName }) {
  // Each once, however many devices it is; that the account itself goes is said already.
  const all = [...new Map(effects.map((one) => [JSON.stringify({ ...one, tokenId: 0 }), one])).values()]
    .filter(({ kind, object }) => kind !== "AccessEffectKindAccount" || object);
  return h("div", { class: "effects", role: "region", "aria-label": t("change"), tabindex: 0 },
    [...new Set(all.map((one) => one.principal))].flatMap((who) => [
      h("h3", "", deviceName ?? (who === "anonymous" ? `${t("change.everybody")} (${accounts})` : who || t("user.paired"))),
      h("ul", "rows", all.filter((one) => one.principal === who).map(effectRow)),
    ]),
    more ? `+ ${more}` : null);
}

const GRADES = ["none", "no", "read", "write", "yes"];

/** @param {Effect} one */
const effectRow = (one) => h("li", "", h("span", "", effectName(one)), h("span", "act",
  badge(`${word(one.before)} → ${word(one.after)}`,
    GRADES.indexOf(one.after) < GRADES.indexOf(one.before) ? "bad" : "good")));

/** @param {Effect} one @returns {Children} */
function effectName({ kind, object, isPrefix }) {
  switch (kind) {
    case "AccessEffectKindItem":
      return itemName({ name: object, isPrefix });
    case "AccessEffectKindScope":
      return scopeName(object);
    case "AccessEffectKindGroup":
      return `${t("change.group")} ${object}`;
    case "AccessEffectKindThing":
      return `${t("things")} ${object}`;
    default:
      return t(NAMES[object] ?? "account.tokens");
  }
}

const word = (text = "") => text === "yes" ? "✓" : text === "read" || text === "write" ? t(`rule.${text}`)
  : Date.parse(text) ? dateTime(Date.parse(text)) : "–";

/** What a rule is about. */
const itemName = ({ name = "", isPrefix = false }) => [h("code", "", name || t("rule.all")), " ",
  name && isPrefix ? h("span", "hint", t("rule.below")) : null];

/** What is given, and where it comes from. @param {Children} what @param {string} [group] @param {Node} [way] */
export const spoken = (what, group, way) => h("div", "spoken", h("span", "", what), way,
  h(group ? "a" : "span", { class: "hint", href: group && link("groups", group) }, !group ? t("why.own")
    : group === "anonymous" ? t("why.everybody") : t("why.group", { name: group })));

/** A rule, and where it comes from. @param {Rule} rule @param {string} [group] */
export const ruleRow = (rule, group) => h("li", "", spoken(itemName(rule), group,
  badge(t(rule.mayWrite ? "rule.write" : "rule.read"), rule.mayWrite ? "good" : "calm")));

/** Try whether somebody may read or write an item. @param {string} [username] who, if it is known */
export function tryIt(username) {
  const user = field(t("try.user"), { value: username });
  const item = field(t("try.item"));
  const way = field(t("try.way"), { type: "select", options: [["", t("rule.read")], ["write", t("rule.write")]] });
  const answer = h("div", { role: "status", class: "answer" });
  const root = form({
    fields: [username === undefined && user, item, way],
    action: t("try"),
    check: () => required(item, user),
    submit: async () => {
      fill(answer);
      const { allowed, isValid = true, isAdmin, spoken = [] } = await api.ask("Access.Explain",
        { username: user.value.trim(), item: item.value.trim(), write: way.value !== "" });
      fill(answer, badge(t(allowed ? "try.yes" : "try.no"), allowed ? "good" : "bad"),
        h("p", "", !isValid ? t("user.invalid") : isAdmin ? scopeName(ADMIN) : !spoken.length && t("rule.none")),
        h("ul", "tree", spoken.map(({ rule, group }) => ruleRow(rule, group))));
    },
  });
  root.append(answer);
  root.classList.add("try");
  return root;
}

/**
 * Boxes to tick, one a value. `how` is "away" where a heading says the title already.
 * @template {string} V @param {Key} title @param {[V, string][]} [options] @param {"away"} [how]
 */
export function ticks(title, options = [], how) {
  /** @type {Map<V, Field>} */
  let boxes = new Map();
  const legend = h("legend", how, t(title));
  const root = h("fieldset");
  /** Offer just these; what is ticked stays. @param {[V, string][]} fresh */
  const offer = (fresh) => {
    boxes = new Map(fresh.map(([value, text]) =>
      [value, boxes.get(value) ?? field(text, { type: "checkbox", more: { name: value } })]));
    fill(root, legend, [...boxes.values()].map((box) => box.root));
  };
  offer(options);
  return {
    root,
    offer,
    get value() { return [...boxes].filter(([, box]) => box.checked).map(([value]) => value); },
    set value(wanted) { for (const [value, box] of boxes) box.checked = wanted.includes(value); },
  };
}

export const scopeTicks = () => ticks("scope", SCOPES.map((one) => [one, scopeName(one)]));

/** @param {"away"} [how] */
export const rightTicks = (how) =>
  ticks("right", Object.keys(RIGHTS).map((one) => [/** @type {Right} */ (one), rightName(one)]), how);

/** Ids of things, one a line. */
export function thingIds() {
  const { root, input } = field(t("things"), { type: "textarea", hint: t("things.hint") });
  return {
    root,
    get value() { return input.value.split(/[\s,;]+/).filter(Boolean); },
    set value(ids) { input.value = ids.join("\n"); },
  };
}

/** A time, in seconds, or none. @param {Key} label @param {number} [was] @param {string} [hint] */
export function timeOf(label, was, hint) {
  const { root, input } = field(t(label), { type: "datetime-local", value: localTime(was), hint });
  return {
    root,
    get value() { return seconds(input.value, was); },
    set value(fresh) { input.value = localTime(was = fresh); },
  };
}

/** What editors say. @template {Editors} E @param {E} editors @returns {ValuesOf<E>} */
export const valuesOf = (editors) => /** @type {any} */ (Object.fromEntries(Object.entries(editors)
  .map(([name, { value }]) => [name, typeof value === "string" ? value.trim() : value])));

/**
 * A form that takes what is fresh, but where somebody is at it.
 * @template {Editors} E @template {MethodName} M @param {E} editors @param {M} method
 * @param {Omit<Params<M>, keyof E>} params the others @param {FormHow["fields"]} [fields] all that is shown
 */
export function part(editors, method, params, fields = Object.values(editors)) {
  const root = form({ fields, action: t("save"), submit: async () => {
    const isSaved = await change(method, /** @type {any} */ ({ ...params, ...valuesOf(editors) }));
    if (isSaved) for (const input of touched()) input.classList.remove("touched");
  } });
  /** @returns {Input[]} */
  const touched = () => [...root.querySelectorAll(/** @type {any} */ (".touched"))];
  root.classList.add("part");
  root.addEventListener("input", ({ target }) => /** @type {Input} */ (target).classList.add("touched"));
  return {
    root,
    /** @param {Partial<ValuesOf<E>>} fresh */
    show(fresh) {
      const typed = touched().map((input) => ({ input, value: input.value, checked: input.checked }));
      for (const [name, editor] of Object.entries(editors)) editor.value = fresh[name];
      for (const { input, ...was } of typed) Object.assign(input, was).dispatchEvent(new Event("input"));
    },
  };
}
