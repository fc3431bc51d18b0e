// All tokens that may be seen, and each: in words, as a row, on a page of its own.

import { ago, date, dateTime, t } from "../i18n.js";
import { qrCode } from "../qr.js";
import { api, listen, live, may, state } from "../store.js";
import { table } from "../table.js";
import { ask, back, badge, button, copyButton, dialog, facts, field, fill, freshId, h, head, link, nothing, required,
  section, toast, userLink } from "../ui.js";
import { change, gone, mayOf, part, rightTicks, scopeTicks, thingIds, timeOf, valuesOf } from "./rights.js";
import { ruleEditor } from "./rules.js";

const OLD = 90 * 86_400; // seconds without use, as on the overview

/** @type {View} */
export const tokens = {
  name: "tokens",
  title: "tokens",
  icon: "M4 1.5h8v13H4zM7 12h2",
  needs: "tokens",
  show: (place) => place.args[1] ? showToken(place, place.args[0], place.args[1]) : showAll(place),
};

/** @param {Place} place */
function showAll({ root, signal }) {
  /** @type {Token[]} */
  let known = [];
  /** @type {Set<string> | null} */
  let stale = null; // whose are to be loaded; null for those of everybody
  const unused = h("select", { "aria-label": t("token.last"), onchange: () => show() },
    [t("token.any"), t("token.never"), t("token.old")].map((text) => h("option", "", text)));
  const list = table({
    label: t("tokens"),
    empty: t("account.tokens.none"),
    key: (/** @type {Token} */ one) => one.id,
    text: (one) => [deviceOf(one), one.username, one.lastSource, limitsOf(one)].join(" "),
    tools: unused,
    columns: [
      { title: t("user.name"), sort: deviceOf, cell: way },
      { title: t("token.owner"), sort: (one) => one.username, cell: whose },
      { title: t("token.age"), kind: "minor", sort: (one) => -one.created, cell: (one) => ago(one.created * 1000) },
      { title: t("token.last"), sort: (one) => -(one.lastUsed ?? 0), cell: (one) => one.lastUsed
        ? [ago(one.lastUsed * 1000), h("span", "hint", ` · ${one.lastSource}`)] : t("token.never") },
      { title: t("user.until"), kind: "minor", sort: (one) => one.expires ?? Infinity, cell: (one) => endOf(one, date) },
      { title: t("token.limits"), kind: "minor", sort: limitsOf },
    ],
  });
  function show() {
    const limit = Date.now() / 1000 - OLD;
    list.show(known.filter(({ lastUsed, created }) =>
      [true, !lastUsed, (lastUsed ?? created) < limit][unused.selectedIndex]));
  }
  fill(root, head(t("tokens"), button(t("tokens.add"), () => addToken(), { kind: "main" })), list.root);
  const names = /** @type {const} */ (["Access.TokensChanged", "Access.AccountChanged"]);
  for (const name of names) signal.addEventListener("abort", api.on(name, ({ username }) => stale?.add(username)));
  listen("connection", () => (stale = null), signal);
  live([...names], async () => {
    const wanted = stale && [...stale];
    stale = new Set();
    const found = await Promise.all((wanted ?? [undefined]).map(tokensOf)).catch((error) => {
      stale = null; // all of it when the connection is back
      throw error;
    });
    known = [...wanted ? known.filter(({ username }) => !wanted.includes(username)) : [], ...found.flat()];
    show();
  }, signal);
}

/** Those of a user, none when they are gone, or all that may be seen. @param {string} [username] @returns {Promise<Token[]>} */
const tokensOf = async (username) => {
  const asked = may("users") ? api.ask("Access.GetTokens", { username }) : api.ask("Access.GetOwnTokens");
  return (await asked.catch((error) => {
    if (error.word === "AccessErrorNoSuchUser") return { tokens: [] };
    throw error;
  })).tokens ?? [];
};

const deviceOf = ({ kind = "", deviceName = "" }) =>
  kind === "AccessTokenKindSession" ? t("token.session") : deviceName || t("device.nameless");

/** @param {Token} one */
const way = (one) => h("a", { href: link("tokens", one.username, one.id) }, deviceOf(one));

/** Whose something is, and the way there. */
export const whose = ({ username = "" }) => may("users") ? userLink(username) : username;

const isExpired = ({ expires = Infinity }) => expires * 1000 <= Date.now();

/** Until when it is valid. @param {{expires?: number}} one @param {(time: number) => string} [written] */
const endOf = (one, written = dateTime) =>
  isExpired(one) ? badge(t("user.expired"), "warn") : one.expires ? written(one.expires * 1000) : "–";

/** What it is limited to. @param {Partial<Token>} one */
const limitsOf = ({ scopes, rights, allowedThingIds, items }) => [
  (scopes || rights) && mayOf({ scopes, rights }),
  allowedThingIds && `${t("things")} (${allowedThingIds.length})`,
  items && `${t("items")} (${items.length})`,
].filter(Boolean).join("; ") || "–";

const usedOf = ({ lastUsed = 0, lastSource = "" }) => lastUsed
  ? t("token.used", { when: ago(lastUsed * 1000), where: lastSource }) : t("token.never");

/** Whether this browser has it: that one ends by signing out. */
const isThis = ({ id = "" }) => id === state.me?.tokenId;

/** A list of them, the newest first. @param {readonly Token[]} held */
export const tokenRows = (held) => held.length ? held.toReversed().map((one) => h("li", "",
  h("span", "name", way(one), isThis(one) && badge(t("account.this"), "good"), isExpired(one) && endOf(one)),
  h("span", "what", t("token.made", { when: ago(one.created * 1000) }), ", ", usedOf(one)),
  h("span", "act", !isThis(one) && button(t("token.revoke"), () => revoke(one),
    { label: `${t("token.revoke")}: ${deviceOf(one)}` })))) : nothing(t("account.tokens.none"), "li");

/** @param {Token} one */
function revoke(one) {
  const name = deviceOf(one);
  return ask(t("token.revoke"), {
    lead: h("p", "", t("token.revoke.text", { name, owner: one.username || t("user.paired") })),
    kind: "danger",
    submit: async () => {
      await api.ask("Users.RemoveToken", { tokenId: one.id });
      toast(t("token.revoked", { name }));
    },
  });
}

/** @param {Token} one */
function rotate(one) {
  return ask(t("token.rotate"), {
    lead: h("p", "", t("token.rotate.text")),
    submit: async () => reveal((await api.ask("Access.RotateToken", { tokenId: one.id })).token),
  });
}

/** Show a secret, this once, if there is one. @param {string} [secret] */
const reveal = async (secret) => secret && dialog(t("token.secret"), (close) => [
  h("p", "", t("token.secret.hint")),
  h("p", "", h("code", "", secret)),
  qrCode(secret, t("token.secret")),
  h("div", "buttons", copyButton(secret), button(t("close"), close)),
]);

/** Make a token. */
export function addToken(username = state.me?.username) {
  const { editors, fields } = draft();
  const names = h("datalist", { id: freshId() });
  const owner = field(t("token.owner"), { value: username, required: true, more: { list: names.id, onfocus: async () => {
    if (names.firstChild) return;
    const { users } = await api.ask("Users.GetUsers");
    fill(names, users.map((one) => h("option", { value: one.username })));
  } } });
  return ask(t("tokens.add"), {
    fields: [editors.deviceName, may("users") && owner, ...fields.slice(1), names],
    check: () => required(editors.deviceName, owner),
    submit: async () => {
      const username = owner.value.trim();
      const params = { ...valuesOf(editors), username };
      const { account } = await api.ask("Access.GetAccount", { username });
      const made = await change("Access.CreateToken", params, account && facts([
        [t("token.owner"), username],
        [t("account.may"), mayOf(account)],
        [t("groups"), account.groups.join(", ") || "–"],
        [t("user.until"), endOf(params)],
        [t("token.limits"), limitsOf(params)],
      ]));
      if (made) await reveal(made.token);
      return Boolean(made);
    },
  });
}

/** All that can be said of a token: its name, its end, and what it is limited to. */
function draft() {
  const deviceName = field(t("user.name"), { required: true });
  const expires = timeOf("user.until", undefined, t("token.until.hint"));
  const fields = [deviceName.root, expires.root];
  /** Have some only where a box is ticked. @template {Editors} E @param {Key} title @param {E} editors @returns {E} */
  const limit = (title, editors) => {
    const box = field(t(title), { type: "checkbox" });
    fields.push(box.root, h("div", "within", Object.values(editors).map(({ root }) => root)));
    return /** @type {any} */ (Object.fromEntries(Object.entries(editors).map(([name, editor]) => [name, {
      get value() { return box.checked ? editor.value : undefined; },
      set value(fresh) {
        box.checked = Boolean(fresh);
        editor.value = fresh ?? [];
      },
    }])));
  };
  const editors = {
    deviceName,
    expires,
    ...limit("token.some", { scopes: scopeTicks(), rights: rightTicks() }),
    ...limit("token.things", { allowedThingIds: thingIds() }),
    ...limit("token.items", { items: ruleEditor() }),
  };
  return { editors, fields };
}

/** @param {Place} place @param {string} username @param {string} id */
function showToken({ root, signal }, username, id) {
  const top = h("div");
  const { editors, fields } = draft();
  const limits = part(editors, "Access.ChangeToken", { tokenId: id }, fields);
  const below = section(t("user.details"), limits.root);
  below.hidden = true;
  fill(root, back("tokens"), top, below);
  live(["Access.TokensChanged"], async () => {
    const one = (await tokensOf(username)).find((held) => held.id === id);
    if (signal.aborted) return;
    if (!one) return gone("tokens", "error.NoSuchToken");
    const isDevice = one.kind === "AccessTokenKindDevice";
    fill(top,
      head(deviceOf(one),
        isDevice && !isThis(one) && button(t("token.rotate"), () => rotate(one)),
        isThis(one) ? badge(t("account.this"), "good") : button(t("token.revoke"), () => revoke(one), { kind: "danger" })),
      facts([
        [t("token.owner"), whose(one)],
        [t("token.age"), dateTime(one.created * 1000)],
        [t("token.last"), usedOf(one)],
        [t("user.until"), endOf(one)],
        [t("token.limits"), limitsOf(one)],
      ]));
    below.hidden = !isDevice;
    limits.show(one);
  }, signal);
}
