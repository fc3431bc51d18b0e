// Everybody who has an account, and each: what they may do and why, devices, sessions and events.

import { dateTime, t } from "../i18n.js";
import { api, live, may, state } from "../store.js";
import { table } from "../table.js";
import { ask, back, badge, button, facts, field, fill, h, head, link, nothing, required, row, rows, section,
  toast } from "../ui.js";
import { eventRow, faceName } from "./overview.js";
import { passwordFields } from "./password.js";
import { change, gone, mayOf, part, remove, rightName, rightTicks, ruleRow, scopeName, scopeTicks, spoken, thingIds,
  ticks, timeOf, tryIt, valuesOf } from "./rights.js";
import { ruleEditor, sieve } from "./rules.js";
import { addToken, tokenRows, whose } from "./tokens.js";

const EVENTS = 10; // that are shown

/** @type {View} */
export const users = {
  name: "users",
  title: "users",
  icon: "M6 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM1 14c0-3 2-4 5-4s5 1 5 4M10.5 2.3a3 3 0 0 1 0 5.4M12.5 10.5c1.7.5 2.5 1.7 2.5 3.5",
  needs: "users",
  show: (place) => place.args[0] ? showUser(place, place.args[0]) : showAll(place),
};

/** @param {Place} place */
function showAll({ root, signal }) {
  const list = table({
    label: t("users"),
    empty: t("overview.nobody"),
    key: (/** @type {Account} */ one) => one.username,
    text: (one) => [one.username, one.displayName, one.email, ...one.groups].join(" "),
    sortBy: 0,
    columns: [
      { title: t("user.name"), sort: (one) => one.username, cell: whose },
      { title: t("user.display"), kind: "minor", sort: (one) => one.displayName },
      { title: t("user.state"), sort: (one) => standing(one)[0], cell: (one) => badge(...standing(one)) },
      { title: t("account.may"), kind: "minor", sort: mayOf },
      { title: t("groups"), kind: "minor", sort: (one) => one.groups.join(", ") },
    ],
  });
  fill(root, head(t("users"), button(t("users.add"), add, { kind: "main" })), list.root);
  live(["Access.AccountChanged"], async () => list.show((await api.ask("Access.GetAccounts")).accounts), signal);
}

function add() {
  const name = field(t("user.name"), { required: true });
  const display = field(t("user.display"));
  const { fields, password, check } = passwordFields(() => name.value);
  return ask(t("users.add"), {
    fields: [name, display, ...fields],
    check: () => [...required(name), ...check()],
    submit: async () => {
      const username = name.value.trim().toLowerCase();
      await api.ask("Users.CreateUser", { username, password: password.value, displayName: display.value.trim(), scopes: [] });
      location.hash = link("users", username);
    },
  });
}

/** Whether an account may be used now. @param {Account} one @returns {[string, Mood]} */
function standing({ enabled, validSince = 0, validUntil = Infinity }) {
  const now = Date.now() / 1000;
  return !enabled ? [t("user.off"), "calm"] : validUntil <= now ? [t("user.expired"), "warn"]
    : validSince > now ? [t("user.not-yet"), "warn"] : [t("user.on"), "good"];
}

/** @param {Place} place @param {string} username */
function showUser({ root, signal }, username) {
  /** @type {Account | undefined} */
  let account;
  /** @type {Group[]} */
  let groups = [];
  const [about, tree] = [h("div"), h("div")];
  const [tokens, sessions, events] = [rows(), rows(), rows()];
  const filter = sieve(() => draw());
  const draw = () => account && fill(tree, treeOf(account, groups, filter.first));
  const known = ticks("groups", [], "away");
  const parts = {
    rules: part({ items: ruleEditor() }, "Access.SetAccountRights", { username }),
    scopes: part({ scopes: scopeTicks(), allowedThingIds: thingIds() }, "Users.SetUserScopes", { username }),
    groups: part({ groups: known, rights: rightTicks() }, "Access.SetAccountRights", { username }),
    details: part({ displayName: field(t("user.display")), email: field(t("user.email"), { type: "email" }) },
      "Users.SetUserInfo", { username }),
  };
  const others = username !== state.me?.username;
  fill(root, back("users"),
    head(username,
      others && button(t("user.state.change"), () => account && changeState(account)),
      button(t("user.password"), () => resetPassword(username)),
      others && button(t("remove"), () => remove("users", username, "Users.RemoveUser", { username }), { kind: "danger" })),
    about,
    h("div", "columns", section(t("user.effective"), filter.root, tree), section(t("try"), tryIt(username))),
    section(t("rules"), h("p", "hint", t("rules.hint")), parts.rules.root),
    h("div", "columns", section(t("account.may"), parts.scopes.root),
      h("div", "", section(t("groups"), parts.groups.root), section(t("user.details"), parts.details.root))),
    h("div", "columns",
      h("div", "",
        section(t("account.tokens"), tokens, username && button(t("tokens.add"), () => addToken(username))),
        section(t("overview.sessions"), sessions)),
      may("admin") && section(t("overview.events"), events)));
  live(["Access.AccountChanged", "Access.GroupChanged", "Access.TokensChanged"], async () => {
    const [found, all, held, open, told] = await Promise.all([
      api.ask("Access.GetAccount", { username }),
      api.ask("Access.GetGroups"),
      api.ask("Access.GetTokens", { username }),
      api.ask("Access.GetSessions"),
      may("admin") ? api.ask("Access.GetAuditEvents", { username, limit: EVENTS }) : null,
    ]).catch((error) => {
      if (error.word === "AccessErrorNoSuchUser") gone("users", "error.NoSuchUser");
      throw error;
    });
    const one = account = /** @type {Account} */ (found.account);
    const { displayName, validSince, validUntil } = one;
    ({ groups } = all);
    fill(about, facts([
      [t("user.state"), badge(...standing(one))],
      [t("user.display"), displayName || "–"],
      [t("user.since"), validSince ? dateTime(validSince * 1000) : "–"],
      [t("user.until"), validUntil ? dateTime(validUntil * 1000) : "–"],
    ]));
    draw();
    known.offer(groups.filter(({ name }) => name !== "anonymous").map(({ name }) => [name, name]));
    for (const part of Object.values(parts)) part.show(one);
    fill(tokens, tokenRows(held.tokens ?? []));
    const here = open.sessions.filter((one) => one.username === username)
      .map((one) => row(faceName(one.face), null, one.source));
    fill(sessions, here.length ? here : nothing(t("overview.nobody"), "li"));
    if (told) fill(events, told.events.map(eventRow));
  }, signal);
}

/** @param {Account} one @param {Group[]} all @param {ReturnType<typeof sieve>["first"]} first */
function treeOf(one, all, first) {
  const note = standing(one)[1] !== "good" && h("p", "hint", t("user.invalid"));
  if (one.scopes.includes("PermissionScopeAdmin")) return [note, spoken(scopeName("PermissionScopeAdmin"))];
  const sources = [{ ...one, name: "" }, ...all.filter(({ name }) => name === "anonymous" || one.groups.includes(name))];
  const rules = first(sources.flatMap(({ items, name }) => items.map((rule) => ({ ...rule, group: name })))
    .sort((a, b) => a.name < b.name ? -1 : 1));
  const isAll = one.scopes.includes("PermissionScopeAccessAllThings");
  const held = /** @type {[Key, Node[]][]} */ ([
    ["scope", one.scopes.map((scope) => spoken(scopeName(scope)))],
    ["things", isAll ? [] : one.allowedThingIds.map((id) => spoken(h("code", "", id)))],
    ["right", sources.flatMap(({ rights, name }) => rights.map((right) => spoken(rightName(right), name)))],
  ]).filter(([, rows]) => rows.length);
  return [
    note,
    !rules.length && !held.length && h("p", "", t("scope.None")),
    h("ul", "tree", held.map(([title, rows]) =>
      h("li", "", h("strong", "", t(title)), h("ul", "", rows.map((row) => h("li", "", row))))),
    h("li", "", h("strong", "", t("items")), rules.length ? below(rules) : `: ${t("rule.none")}`)),
  ];
}

/** Sorted rules as a tree, taken from the front. @param {(Rule & {group: string})[]} rules */
function below(rules, path = "") {
  const list = h("ul");
  while (rules[0]?.name.startsWith(path)) {
    const [rule] = rules.splice(0, 1);
    const row = ruleRow(rule, rule.group);
    if (rule.name && rules[0]?.name.startsWith(`${rule.name}.`)) row.append(below(rules, `${rule.name}.`));
    list.append(row);
  }
  return list;
}

/** @param {Account} account */
function changeState({ username, enabled, validSince, validUntil }) {
  const on = field(t("user.on"), { type: "checkbox", checked: enabled });
  const times = { validSince: timeOf("user.since", validSince), validUntil: timeOf("user.until", validUntil) };
  return ask(t("user.state.change"), {
    fields: [on, ...Object.values(times)],
    action: t("save"),
    submit: async () =>
      Boolean(await change("Access.SetAccountState", { username, enabled: on.checked, ...valuesOf(times) })),
  });
}

/** @param {string} username */
function resetPassword(username) {
  const { fields, password, check } = passwordFields(() => username);
  return ask(t("user.password"), { fields, check, submit: async () => {
    await api.ask("Users.ChangeUserPassword", { username, newPassword: password.value });
    toast(t("account.password.done"));
  } });
}
