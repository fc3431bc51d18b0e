// @ts-check
// What is going on: what needs attention, who is connected, what happened last.

import { actionName, ago, dateTime, t, tn } from "../i18n.js";
import { api, live, may, state } from "../store.js";
import { badge, facts, fill, h, head, link, nothing, section } from "../ui.js";

/**
 * @typedef {import("../../../../../docs/reference/api").AccessSession} Session
 * @typedef {import("../../../../../docs/reference/api").AccessAuditEvent} AuditEvent
 * @typedef {Methods["Access.GetServerState"]["returns"]} ServerState
 */

const EVENTS = 12; // that are shown
const POLL = 10_000; // milliseconds; connections come and go without a notification

/** @type {View} */
export const overview = {
  name: "overview",
  title: "overview",
  icon: "M2 13a6 6 0 1 1 12 0M8 13l3-5",
  needs: "users",
  show({ root, signal }) {
    const warnings = h("ul", { class: "warnings" });
    const sessions = h("ul", { class: "rows" });
    const events = h("ul", { class: "rows" });
    const parts = [
      may("admin") && section(t("overview.attention"), warnings),
      h("div", { class: "columns" },
        section(t("overview.sessions"), sessions),
        may("admin") && section(t("overview.events"), events)),
    ];
    const { hello } = state;
    fill(root, head(t("overview")), facts([
      [t("overview.server"), hello?.name ?? ""],
      [t("overview.version"), hello?.version ?? ""],
      [t("overview.address"), location.host],
      [t("overview.encryption"), location.protocol === "https:"
        ? badge(t("overview.encrypted"), "good") : badge(t("overview.plain"), "warn")],
    ]), ...parts);
    const load = async () => {
      const [open, state_, told] = await Promise.all([
        api.ask("Access.GetSessions"),
        may("admin") ? api.ask("Access.GetServerState") : null,
        may("admin") ? api.ask("Access.GetAuditEvents", { limit: EVENTS }) : null,
      ]).catch(() => []);
      if (!open || signal.aborted) return;
      fill(sessions, sessionRows(open.sessions));
      if (state_) fill(warnings, warningRows(state_));
      if (told) fill(events, told.events.map(eventRow));
    };
    const timer = setInterval(() => void load(), POLL);
    signal.addEventListener("abort", () => clearInterval(timer));
    void live(["Access.AccountChanged", "Access.TokensChanged", "Access.GroupChanged"], load, signal);
  },
};

/** @param {ServerState} found */
function warningRows(found) {
  /** @type {[boolean, string | Node, string][]} */
  const all = [
    [found.plainListeners.length > 0, t("warning.plain"),
      t("warning.plain.text", { urls: found.plainListeners.join(", ") })],
    [!found.hasSecondEditor, t("warning.second"), t("warning.second.text")],
    [found.passwordProfile !== "nist", t("warning.profile"), t("warning.profile.text")],
    [found.unusedTokens > 0, h("a", { href: link("tokens") }, tn("warning.tokens", found.unusedTokens)), t("warning.tokens.text")],
  ];
  const rows = all.filter(([holds]) => holds).map(([, title, text]) =>
    h("li", {}, h("strong", {}, title), h("p", {}, text)));
  return rows.length ? rows : [h("li", { class: "fine" }, t("overview.fine"))];
}

/** One row a user and place. @param {Session[]} sessions */
function sessionRows(sessions) {
  /** @type {Map<string, {one: Session, n: number}>} */
  const together = new Map();
  for (const one of sessions) {
    const key = JSON.stringify([one.username, one.source, one.face]);
    const known = together.get(key);
    if (known) known.n += 1;
    else together.set(key, { one, n: 1 });
  }
  if (!together.size) return nothing(t("overview.nobody"), "li");
  return [...together.values()].map(({ one, n }) => h("li", {},
    h("span", { class: "name" }, one.username || t("user.paired"),
      one.username && one.username === state.me?.username ? badge(t("overview.you")) : null),
    h("span", { class: "what" }, n > 1 ? `${tn("overview.connections", n)} ` : "", faceName(one.face)),
    h("span", { class: "when" }, one.source)));
}

/** @param {string} face */
export const faceName = (face) => t(`face.${/** @type {"nymea"} */ (face)}`);

/** @param {AuditEvent} event */
const eventRow = (event) => h("li", {},
  h("span", { class: "name" }, actionName(event.action),
    event.outcome === "success" ? null : badge(outcomeName(event.outcome), "bad")),
  h("span", { class: "what" }, [authorName(event), objectName(event)].filter(Boolean).join(" → ")),
  h("time", { class: "when", datetime: new Date(event.time).toISOString(),
    title: dateTime(event.time) }, ago(event.time)));

/** @param {string} outcome */
export const outcomeName = (outcome) => t(`outcome.${/** @type {"failure"} */ (outcome)}`);

/** @param {AuditEvent} event */
export const authorName = (event) => event.author ||
  t(`author.${/** @type {"user"} */ (event.action.startsWith("server.") ? "server" : event.authorKind)}`);

/** What it was done to, where that says something. @param {AuditEvent} event */
export const objectName = (event) =>
  String(event.detail["device"] || (event.object === event.author ? "" : event.object));
