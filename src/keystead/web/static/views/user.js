// @ts-check
// One user: state, details, what they may do and why, their devices, sessions and events.

import { actionName, ago, dateTime, localTime, seconds, t } from "../i18n.js";
import { api, live, may, state } from "../store.js";
import { badge, button, dialog, facts, field, fill, form, h, head, link, nothing, section, toast } from "../ui.js";
import { faceName } from "./overview.js";
import { passwordFields } from "./password.js";
import { change, gone, part, remove, rightName, rightTicks, ruleRow, scopeName, scopeTicks, spoken, ticks,
  tryIt } from "./rights.js";
import { ruleEditor } from "./rules.js";
import { addToken, tokenRows } from "./token.js";

/**
 * @import {AccessAccount as Account, AccessGroup as Group, ItemRule as Rule}
 *   from "../../../../../docs/reference/api"
 */

const EVENTS = 10; // that are shown

/** Whether an account may be used now. @param {Account} one @returns {[string, "good" | "warn" | "calm"]} */
export function standing(one) {
  const now = Date.now() / 1000;
  if (!one.enabled) return [t("user.off"), "calm"];
  if (one.validUntil !== undefined && one.validUntil <= now) return [t("user.expired"), "warn"];
  if (one.validSince !== undefined && one.validSince > now) return [t("user.not-yet"), "warn"];
  return [t("user.on"), "good"];
}

/** @param {import("../main.js").Place} place @param {string} username */
export function showUser({ root, signal }, username) {
  /** @type {Account | null} */
  let account = null;
  const about = h("div");
  const tree = h("div");
  const [tokens, sessions, events] = [1, 2, 3].map(() => h("ul", { class: "rows" }));
  const [detail, scope, member] = [details(username), scopes(username), memberships(username)];
  const rules = ruleEditor((items) => change("Access.SetAccountRights", { username, items }));
  const isOwn = username === state.me?.username;
  fill(root,
    h("p", {}, h("a", { href: link("users") }, `← ${t("users")}`)),
    head(username,
      isOwn ? null : button(t("user.state.change"), () => account && changeState(account)),
      button(t("user.password"), () => resetPassword(username)),
      isOwn ? null : button(t("remove"), () => remove("users", username), { kind: "danger" })),
    about,
    h("div", { class: "columns" },
      section(t("user.effective"), tree),
      section(t("try"), tryIt(username))),
    section(t("rules"), h("p", { class: "hint" }, t("rules.hint")), rules.root),
    h("div", { class: "columns" },
      section(t("account.may"), scope.root),
      h("div", {}, section(t("account.groups"), member.root), section(t("user.details"), detail.root))),
    h("div", { class: "columns" },
      h("div", {},
        section(t("account.tokens"), tokens, username && button(t("tokens.add"), () => addToken(username))),
        section(t("overview.sessions"), sessions)),
      may("admin") && section(t("overview.events"), events)));
  void live(["Access.AccountChanged", "Access.GroupChanged", "Access.TokensChanged"], async () => {
    const [found, known, held, open, told] = await Promise.all([
      api.ask("Access.GetAccount", { username }),
      api.ask("Access.GetGroups"),
      api.ask("Access.GetTokens", { username }),
      api.ask("Access.GetSessions"),
      may("admin") ? api.ask("Access.GetAuditEvents", { username, limit: EVENTS }) : null,
    ]).catch((error) => {
      if (error.word === "AccessErrorNoSuchUser") gone("users", error);
      return [];
    });
    if (!found?.account || signal.aborted) return;
    account = found.account;
    const { groups } = known;
    fill(about, factsOf(account));
    fill(tree, treeOf(account, groups));
    detail.show(account);
    scope.show(account);
    member.show([account, groups]);
    rules.show(account.items);
    fill(tokens, tokenRows(held.tokens ?? []));
    const here = open.sessions.filter((one) => one.username === username);
    fill(sessions, here.length ? here.map((one) => h("li", {},
      h("span", { class: "name" }, faceName(one.face)), h("span", { class: "when" }, one.source)))
      : nothing(t("overview.nobody"), "li"));
    if (told) fill(events, told.events.map((one) => h("li", {},
      h("span", { class: "name" }, actionName(one.action)),
      h("span", { class: "what" }, [one.author, one.source].filter(Boolean).join(", ")),
      h("time", { class: "when", title: dateTime(one.time) }, ago(one.time)))));
  }, signal);
}

/** @param {Account} one */
const factsOf = (one) => facts([
  [t("user.state"), badge(...standing(one))],
  [t("user.display"), one.displayName || "–"],
  [t("user.since"), one.validSince ? dateTime(one.validSince * 1000) : "–"],
  [t("user.until"), one.validUntil ? dateTime(one.validUntil * 1000) : "–"],
]);

// --- effective rights ----------------------------------------------------------------------------

/** @param {Account} one @param {Group[]} all */
function treeOf(one, all) {
  const groups = all.filter(({ name }) => name === "anonymous" || one.groups.includes(name));
  /** @type {{items: readonly Rule[], rights: Group["rights"], name?: string}[]} */
  const sources = [one, ...groups].map(({ items, rights }, at) =>
    ({ items, rights, name: at ? groups[at - 1].name : undefined }));
  if (one.scopes.includes("PermissionScopeAdmin")) return [mayNow(one), spoken([scopeName("PermissionScopeAdmin")])];
  const rights = sources.flatMap((from) => from.rights.map((right) => spoken([rightName(right)], from.name)));
  const rules = sources.flatMap((from) => from.items.map((rule) => ({ rule, group: from.name })));
  rules.sort((a, b) => a.rule.name < b.rule.name ? -1 : 1);
  const isAll = one.scopes.includes("PermissionScopeAccessAllThings");
  return [
    mayNow(one),
    one.scopes.length || rights.length || rules.length ? null : h("p", {}, t("scope.PermissionScopeNone")),
    h("ul", { class: "tree" }, /** @type {[string, Node[]][]} */ ([
      [t("scope"), one.scopes.map((scope) => spoken([scopeName(scope)]))],
      [t("things"), isAll ? [] : one.allowedThingIds.map((id) => spoken([h("code", {}, id)]))],
      [t("right"), rights],
    ]).filter(([, rows]) => rows.length).map(([title, rows]) =>
      h("li", {}, h("strong", {}, title), h("ul", {}, rows.map((row) => h("li", {}, row))))),
    h("li", {}, h("strong", {}, t("items")), rules.length ? below(rules, "") : `: ${t("rule.none")}`)),
  ];
}

/** @param {Account} one */
const mayNow = (one) => standing(one)[1] === "good" ? null : h("p", { class: "hint" }, t("user.invalid"));

/**
 * Rules that lie below each other, as a tree; they are sorted, and taken from the front.
 * @param {{rule: Rule, group?: string}[]} rules @param {string} path
 * @returns {HTMLElement}
 */
function below(rules, path) {
  const list = h("ul");
  while (rules.length && rules[0].rule.name.startsWith(path)) {
    const [one] = rules.splice(0, 1);
    const { name } = one.rule;
    const item = h("li", {}, ruleRow(one));
    if (name && rules[0]?.rule.name.startsWith(`${name}.`)) item.append(below(rules, `${name}.`));
    list.append(item);
  }
  return list;
}

// --- what can be edited --------------------------------------------------------------------------

/** @param {string} username */
function details(username) {
  const display = field(t("user.display"));
  const email = field(t("user.email"), { type: "email" });
  return part([display, email], (/** @type {Account} */ account) => {
    display.value = account.displayName;
    email.value = account.email;
  }, async () => {
    await api.ask("Users.SetUserInfo", { username, displayName: display.value.trim(), email: email.value.trim() });
    toast(t("change.saved"));
    return true;
  });
}

/** @param {string} username */
function scopes(username) {
  const made = scopeTicks();
  const things = field(t("things"), { type: "textarea", hint: t("things.hint") });
  const look = () => {
    things.root.hidden = made.value.includes("PermissionScopeAccessAllThings");
  };
  made.root.addEventListener("input", look);
  return part([made.root, things], (/** @type {Account} */ account) => {
    made.tick(account.scopes);
    things.value = account.allowedThingIds.join("\n");
    look();
  }, () => change("Users.SetUserScopes", { username, scopes: made.value,
    allowedThingIds: things.value.split(/[\s,;]+/).filter(Boolean) }));
}

/** @param {string} username */
function memberships(username) {
  const rights = rightTicks();
  /** @type {ReturnType<typeof ticks<string>>} */
  const groups = ticks(t("account.groups"), [], "away");
  return part([groups.root, rights.root], (/** @type {[Account, Group[]]} */ [account, all]) => {
    rights.tick(account.rights);
    groups.offer(all.filter(({ name }) => name !== "anonymous").map(({ name }) => [name, name]));
    groups.tick(account.groups);
  }, () => change("Access.SetAccountRights", { username, rights: rights.value, groups: groups.value }));
}

// --- what is asked for ---------------------------------------------------------------------------

/** @param {Account} account */
function changeState(account) {
  return dialog(t("user.state.change"), (close) => {
    const on = field(t("user.on"), { type: "checkbox", checked: account.enabled });
    const [since, until] = /** @type {const} */ ([["user.since", account.validSince], ["user.until", account.validUntil]])
      .map(([label, time]) => field(t(label), { type: "datetime-local", value: localTime(time) }));
    return [form({
      fields: [on, since, until],
      action: t("save"),
      submit: async () => {
        const isDone = await change("Access.SetAccountState", { username: account.username,
          enabled: on.checked, validSince: seconds(since.value, account.validSince),
          validUntil: seconds(until.value, account.validUntil) });
        if (isDone) close();
      },
      buttons: [button(t("cancel"), close)],
    })];
  });
}

/** @param {string} username */
function resetPassword(username) {
  const rules = state.setup?.passwordRules;
  if (!rules) return undefined;
  return dialog(t("user.password"), (close) => {
    const { fields, password, check } = passwordFields(rules, () => username);
    return [form({
      fields,
      action: t("user.password"),
      check,
      submit: async () => {
        await api.ask("Users.ChangeUserPassword", { username, newPassword: password.value });
        close();
        toast(t("account.password.done"));
      },
      buttons: [button(t("cancel"), close)],
    })];
  });
}
