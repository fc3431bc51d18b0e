// @ts-check
// One token: in words, as a row, on a page of its own, and what is asked for when it is changed.

import { Refused } from "../api.js";
import { ago, dateTime, localTime, seconds, t } from "../i18n.js";
import { qrCode } from "../qr.js";
import { api, live, may, state } from "../store.js";
import { badge, button, copyButton, dialog, facts, field, fill, form, h, head, link, nothing, required, section,
  toast } from "../ui.js";
import { change, gone, part, rightName, rightTicks, scopeNames, scopeTicks } from "./rights.js";
import { ruleEditor } from "./rules.js";

/** @typedef {import("../../../../../docs/reference/api").AccessToken} Token */

/**
 * Ask for the tokens of a user, none when they are gone, or of everybody: one's own, where these
 * are all that may be seen.
 * @param {string} [username] @returns {Promise<Token[]>}
 */
export const tokensOf = async (username) => {
  try {
    const { tokens = [] } = await (may("users") ? api.ask("Access.GetTokens", { username })
      : api.ask("Access.GetOwnTokens"));
    return tokens;
  } catch (error) {
    if (/** @type {Refused} */ (error).word === "AccessErrorNoSuchUser") return [];
    throw error;
  }
};

// --- in words ------------------------------------------------------------------------------------

/** @param {Token} one */
export const deviceOf = (one) =>
  one.kind === "AccessTokenKindSession" ? t("token.session") : one.deviceName || t("device.nameless");

/** @param {Token} one */
export const addressOf = (one) => link("tokens", one.username, one.id);

/** Whose it is, and the way there. @param {Token} one */
export const ownerOf = (one) => one.username && may("users")
  ? h("a", { href: link("users", one.username) }, one.username) : one.username || t("user.paired");

/** @param {Token} one */
export const isExpired = (one) => (one.expires ?? Infinity) * 1000 <= Date.now();

/** What it is limited to. @param {Token} one */
export function limitsOf({ scopes, rights, allowedThingIds, items }) {
  const held = [...scopeNames(scopes ?? []), ...(rights ?? []).map(rightName)];
  return [
    (scopes || rights) && (held.join(", ") || t("scope.PermissionScopeNone")),
    allowedThingIds && `${t("things")} (${allowedThingIds.length})`,
    items && `${t("items")} (${items.length})`,
  ].filter(Boolean).join("; ") || "–";
}

/** @param {Token} one */
const usedOf = (one) => !one.lastUsed ? t("token.never")
  : t("token.used", { when: ago(one.lastUsed * 1000), where: one.lastSource ?? "" });

/** Whether this browser has it: that one ends by signing out. @param {Token} one */
const isThis = (one) => one.id === state.me?.tokenId;

/** A list of them, the newest first. @param {readonly Token[]} held */
export function tokenRows(held) {
  if (!held.length) return nothing(t("account.tokens.none"), "li");
  return held.toReversed().map((one) => h("li", {},
    h("span", { class: "name" }, h("a", { href: addressOf(one) }, deviceOf(one)),
      isThis(one) ? badge(t("account.this"), "good") : null,
      isExpired(one) ? badge(t("user.expired"), "warn") : null),
    h("span", { class: "what" }, t("token.made", { when: ago(one.created * 1000) }), ", ", usedOf(one)),
    h("span", { class: "act" }, isThis(one) ? null : button(t("token.revoke"), () => revoke(one),
      { label: `${t("token.revoke")}: ${deviceOf(one)}` }))));
}

// --- what is asked for ---------------------------------------------------------------------------

/**
 * Ask whether it shall be done.
 * @param {string} title @param {string} text @param {() => unknown} act @param {"danger"} [kind]
 */
const ask = (title, text, act, kind) => dialog(title, (close) => [h("p", {}, text), form({
  fields: [],
  action: title,
  kind,
  submit: async () => {
    await act();
    close();
  },
  buttons: [button(t("cancel"), close)],
})]);

/** @param {Token} one */
function revoke(one) {
  const name = deviceOf(one);
  return ask(t("token.revoke"), t("token.revoke.text", { name, owner: one.username || t("user.paired") }), async () => {
    await api.ask("Users.RemoveToken", { tokenId: one.id });
    toast(t("token.revoked", { name }));
  }, "danger");
}

/** @param {Token} one */
async function rotate(one) {
  /** @type {string | undefined} */
  let secret;
  await ask(t("token.rotate"), t("token.rotate.text"), async () => {
    secret = (await api.ask("Access.RotateToken", { tokenId: one.id })).token;
  });
  if (secret) await reveal(secret);
}

/** Show a secret, this once. @param {string} secret */
const reveal = (secret) => dialog(t("token.secret"), (close) => [
  h("p", {}, t("token.secret.hint")),
  h("p", {}, h("code", {}, secret)),
  qrCode(secret, t("token.secret")),
  h("div", { class: "buttons" }, copyButton(secret), button(t("close"), close)),
]);

/** Make a token; the fields are there to begin with. @param {string} [owner] */
export async function addToken(owner = state.me?.username) {
  const made = draft();
  /** @type {string | undefined} */
  let secret;
  await dialog(t("tokens.add"), (close) => {
    const whose = field(t("token.owner"), { value: owner, required: true });
    return [form({
      fields: [made.name, may("users") && whose, ...made.fields],
      action: t("tokens.add"),
      check: () => required(made.name, whose),
      submit: async () => {
        const params = { ...made.value, username: whose.value.trim() };
        secret = (await api.ask("Access.CreateToken", params)).token;
        close();
      },
      buttons: [button(t("cancel"), close)],
    })];
  });
  if (secret) await reveal(secret);
}

/** The fields of all that can be said of a token: its name, its end, and what it is limited to. */
function draft() {
  /** @type {number | undefined} */
  let expires;
  const name = field(t("user.name"), { required: true });
  const until = field(t("user.until"), { type: "datetime-local", hint: t("token.until.hint") });
  const [some, someThings, someItems] = /** @type {const} */ (["token.some", "token.things", "token.items"])
    .map((key) => field(t(key), { type: "checkbox" }));
  const things = field(t("things"), { type: "textarea", hint: t("things.hint") });
  const [scopes, rights, items] = [scopeTicks(), rightTicks(), ruleEditor()];
  const parts = [[some, scopes, rights], [someThings, things], [someItems, items]].map(([box, ...within]) =>
    ({ box, within: h("div", { class: "within" }, within.map(({ root }) => root)) }));
  const look = () => parts.forEach(({ box, within }) => {
    within.hidden = !(/** @type {import("../ui.js").Field} */ (box)).checked;
  });
  for (const { box } of parts) box.root.addEventListener("input", look);
  look();
  return {
    name,
    fields: [until, ...parts.flatMap(({ box, within }) => [box.root, within])],
    /** @param {Token} one */
    take(one) {
      expires = one.expires;
      name.value = one.deviceName;
      until.value = localTime(expires);
      some.checked = Boolean(one.scopes ?? one.rights);
      scopes.tick(one.scopes ?? []);
      rights.tick(one.rights ?? []);
      someThings.checked = Boolean(one.allowedThingIds);
      things.value = one.allowedThingIds?.join("\n") ?? "";
      someItems.checked = Boolean(one.items);
      items.show(one.items ?? []);
      look();
    },
    /** All of it, as whatever is left out does not limit any more. */
    get value() {
      return {
        deviceName: name.value.trim(),
        expires: seconds(until.value, expires),
        ...(some.checked && { scopes: scopes.value, rights: rights.value }),
        ...(someThings.checked && { allowedThingIds: things.value.split(/[\s,;]+/).filter(Boolean) }),
        ...(someItems.checked && { items: items.value }),
      };
    },
  };
}

// --- its page ------------------------------------------------------------------------------------

/** @param {import("../main.js").Place} place @param {string} username @param {string} id */
export function showToken({ root, signal }, username, id) {
  /** @type {Token | undefined} */
  let token;
  const top = h("div");
  const made = draft();
  const limits = part([made.name, ...made.fields], made.take, () =>
    change("Access.ChangeToken", { tokenId: id, ...made.value }, token && deviceOf(token)));
  limits.root.classList.add("wide");
  const below = section(t("user.details"), limits.root);
  below.hidden = true;
  fill(root, h("p", {}, h("a", { href: link("tokens") }, `← ${t("tokens")}`)), top, below);
  void live(["Access.TokensChanged"], async () => {
    const found = await tokensOf(username).catch(() => null);
    if (!found || signal.aborted) return undefined;
    const one = token = found.find((held) => held.id === id);
    if (!one) return gone("tokens", new Refused("AccessErrorNoSuchToken"));
    const isDevice = one.kind === "AccessTokenKindDevice";
    fill(top,
      head(deviceOf(one),
        isDevice && !isThis(one) ? button(t("token.rotate"), () => rotate(one)) : null,
        isThis(one) ? badge(t("account.this"), "good")
          : button(t("token.revoke"), () => revoke(one), { kind: "danger" })),
      facts([
        [t("token.owner"), ownerOf(one)],
        [t("token.age"), dateTime(one.created * 1000)],
        [t("token.last"), usedOf(one)],
        [t("user.until"), isExpired(one) ? badge(t("user.expired"), "warn")
          : one.expires ? dateTime(one.expires * 1000) : "–"],
        [t("token.limits"), limitsOf(one)],
      ]));
    below.hidden = !isDevice;
    return limits.show(one);
  }, signal);
}
