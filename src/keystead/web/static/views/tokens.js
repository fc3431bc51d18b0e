// @ts-check
// All tokens that may be seen: those of everybody, or one's own.

import { ago, date, t } from "../i18n.js";
import { api, listen, live } from "../store.js";
import { badge, button, fill, h, head } from "../ui.js";
import { table } from "../table.js";
import { addToken, addressOf, deviceOf, isExpired, limitsOf, ownerOf, showToken, tokensOf } from "./token.js";

/** @typedef {import("./token.js").Token} Token */

const OLD = 90 * 86_400; // seconds without use, as on the overview

/** @type {import("../main.js").View} */
export const tokens = {
  name: "tokens",
  title: "tokens",
  icon: "M4 1.500h8v13H4zM7 12h2",
  needs: "tokens",
  show: (place) => place.args[1] ? showToken(place, place.args[0], place.args[1]) : showAll(place),
};

/** @param {import("../main.js").Place} place */
function showAll({ root, signal }) {
  /** @type {Map<string, readonly Token[]>} */
  let known = new Map(); // by owner
  /** @type {Set<string> | null} */
  let stale = null; // whose are to be loaded; null for those of everybody
  const unused = h("select", { "aria-label": t("token.last"), onchange: () => show() },
    ["", t("token.never"), t("token.old")].map((text) => h("option", {}, text || t("token.any"))));
  /** @type {ReturnType<typeof table<Token>>} */
  const list = table({
    label: t("tokens"),
    empty: t("account.tokens.none"),
    key: (one) => one.id,
    text: (one) => [deviceOf(one), one.username, one.lastSource, limitsOf(one)].join(" "),
    tools: unused,
    columns: [
      { title: t("user.name"), sort: deviceOf, cell: (one) => h("a", { href: addressOf(one) }, deviceOf(one)) },
      { title: t("token.owner"), sort: (one) => one.username, cell: ownerOf },
      { title: t("token.age"), minor: true, sort: (one) => -one.created, cell: (one) => ago(one.created * 1000) },
      { title: t("token.last"), sort: (one) => -(one.lastUsed ?? 0), cell: (one) => one.lastUsed
        ? [ago(one.lastUsed * 1000), h("span", { class: "hint" }, ` · ${one.lastSource}`)] : t("token.never") },
      { title: t("user.until"), minor: true, sort: (one) => one.expires ?? Infinity, cell: (one) =>
        isExpired(one) ? badge(t("user.expired"), "warn") : one.expires ? date(one.expires * 1000) : "–" },
      { title: t("token.limits"), minor: true, sort: limitsOf, cell: limitsOf },
    ],
  });

  function show() {
    const limit = Date.now() / 1000 - OLD;
    list.show([...known.values()].flat().filter((one) =>
      [true, !one.lastUsed, (one.lastUsed ?? one.created) < limit][unused.selectedIndex]));
  }

  fill(root, head(t("tokens"), button(t("tokens.add"), () => addToken(), { kind: "main" })), list.root);
  const names = /** @type {const} */ (["Access.TokensChanged", "Access.AccountChanged"]);
  for (const name of names) signal.addEventListener("abort", api.on(name, ({ username }) => stale?.add(username)));
  listen("connection", () => (stale = null), signal);
  void live([...names], async () => {
    const wanted = stale && [...stale];
    stale = new Set();
    const found = await Promise.all((wanted ?? [undefined]).map(tokensOf)).catch(() => null);
    if (!found) return void (stale = null); // all of it when the connection is back
    if (!wanted) known = new Map();
    for (const username of wanted ?? []) known.delete(username);
    for (const one of found.flat()) known.set(one.username, [...(known.get(one.username) ?? []), one]);
    if (!signal.aborted) show();
    return undefined;
  }, signal);
}
