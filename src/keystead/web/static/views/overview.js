// What is going on: what needs attention, who is connected, what happened last.

import { actionName, named, t, tn } from "../i18n.js";
import { api, every, live, may, state } from "../store.js";
import { badge, facts, fill, h, head, link, nothing, row, rows, section, timeAgo } from "../ui.js";

const EVENTS = 12; // that are shown
const POLL = 10_000; // milliseconds; connections come and go without a notification

/** Show the overview. @param {Place} place */
export function showOverview({ root, signal }) {
  const isAdmin = may("admin");
  const warnings = h("ul", "warnings");
  const [sessions, events] = [rows(), rows()];
  fill(root, head(t("overview")),
    facts([
      [t("overview.server"), state.hello?.name],
      [t("overview.version"), state.hello?.version],
      [t("overview.address"), location.host],
      [t("overview.encryption"), location.protocol === "https:"
        ? badge(t("overview.encrypted"), "good") : badge(t("overview.plain"), "warn")],
    ]),
    isAdmin && section(t("overview.attention"), warnings),
    h("div", "columns",
      section(t("overview.sessions"), sessions),
      isAdmin && section(t("overview.events"), events)));
  const again = live(["Access.AccountChanged", "Access.TokensChanged", "Access.GroupChanged",
    "Access.PairingRequested", "Access.PairingFinished"], async () => {
    fill(sessions, sessionRows((await api.ask("Access.GetSessions")).sessions));
    if (!isAdmin) return;
    const [found, { pairing }, told] = await Promise.all([api.ask("Access.GetServerState"),
      api.ask("Access.GetPairing"), api.ask("Access.GetAuditEvents", { limit: EVENTS })]);
    fill(warnings, warningRows(found, pairing));
    fill(events, told.events.map(eventRow));
  }, signal);
  every(POLL, again, signal);
}

/** @param {ServerState} found @param {Pairing} [waiting] */
function warningRows(found, waiting) {
  /** @type {[boolean | undefined, Child, string][]} */
  const all = [
    [Boolean(waiting), h("a", { href: link("pairing") }, t("warning.pairing")),
      `${waiting?.deviceName || t("device.nameless")}, ${waiting?.source}`],
    [found.plainListeners.length > 0, t("warning.plain"),
      t("warning.plain.text", { urls: found.plainListeners.join(", ") })],
    [!found.hasSecondEditor, t("warning.second"), t("warning.second.text")],
    [found.passwordProfile !== "nist", t("warning.profile"), t("warning.profile.text")],
    [found.unusedTokens > 0, h("a", { href: link("tokens") }, tn("warning.tokens", found.unusedTokens)),
      t("warning.tokens.text")],
  ];
  const shown = all.filter(([holds]) => holds).map(([, title, text]) =>
    h("li", "", h("strong", "", title), h("p", "", text)));
  return shown.length ? shown : h("li", "fine", t("overview.fine"));
}

/** One row a user and place. @param {readonly Session[]} sessions */
function sessionRows(sessions) {
  /** @type {Map<string, Session[]>} */
  const together = new Map();
  for (const one of sessions) {
    const key = JSON.stringify([one.username, one.source, one.face]);
    together.set(key, [...together.get(key) ?? [], one]);
  }
  if (!together.size) return nothing(t("overview.nobody"), "li");
  return [...together.values()].map(({ 0: { username, face, source }, length }) => row(
    [username || t("user.paired"), username && username === state.me?.username && badge(t("overview.you"))],
    [length > 1 && `${tn("overview.connections", length)} `, faceName(face)], source));
}

/** By which protocol, in words. */
export const faceName = (face = "") => named("face", face);

/** What happened, as a row. @param {AuditEvent} event */
export const eventRow = (event) => row(
  [actionName(event.action), event.outcome !== "success" && badge(outcomeName(event.outcome), "bad")],
  [authorName(event), objectName(event)].filter(Boolean).join(" → "), timeAgo(event.time));

/** How it went, in words. */
export const outcomeName = (outcome = "") => named("outcome", outcome);

/** Who did it. @param {AuditEvent} event */
export const authorName = (event) => event.author ||
  named("author", event.action.startsWith("server.") ? "server" : event.authorKind);

/** What it was done to. @param {AuditEvent} event */
export const objectName = (event) =>
  String(event.detail["device"] || (event.object === event.author ? "" : event.object));
