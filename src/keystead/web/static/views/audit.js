// What happened: its end as it grows, what is wanted of it, and files of that.

import { actionName, actions, ago, dateTime, t } from "../i18n.js";
import { api, every } from "../store.js";
import { badge, button, dialog, facts, fill, h, head, optionsOf } from "../ui.js";
import { table } from "../table.js";
import { authorName, faceName, objectName, outcomeName } from "./overview.js";

const POLL = 2_000; // milliseconds; no notification tells of events
const PORTION = 200; // events that are asked for, and shown more at a time
const MOST = 500; // that come at once, for files

/** Show the audit trail. @param {Place} place */
export function showAudit({ root, args, signal }) {
  /** @type {AuditEvent[]} */
  let events = []; // the newest first
  /** @type {number | undefined} */
  let next; // before which there are older ones
  let newest = -1; // of the whole trail
  let known = ""; // what `events` are those of
  let typing = 0;

  const account = h("input", { type: "search", "aria-label": t("audit.account"), autocomplete: "off",
    placeholder: t("audit.account"), spellcheck: "false", value: args[0], oninput: () => {
      clearTimeout(typing);
      typing = setTimeout(load, 300);
    } });
  const action = h("select", { "aria-label": t("audit.action"), onchange: () => load() },
    optionsOf([["", t("audit.actions")], ["user.", t("users")], ["group.", t("groups")], ["token.", t("tokens")]]),
    optionsOf(actions().map((one) => [one, actionName(one)])));
  const outcome = h("select", { "aria-label": t("audit.outcome"), onchange: () => draw() },
    optionsOf([["", t("audit.outcomes")]]),
    optionsOf(["success", "failure", "refused"].map((one) => [one, outcomeName(one)])));

  /** @param {number} limit @param {number} [before] @param {FileFormat} [fileFormat] */
  const ask = (limit, before, fileFormat) => api.ask("Access.GetAuditEvents",
    { action: action.value, username: account.value.trim() || undefined, limit, before, fileFormat });
  const wanted = () => JSON.stringify([action.value, account.value.trim()]);
  /** @param {AuditEvent} one */
  const isWanted = (one) => !outcome.value || one.outcome === outcome.value;

  const list = table({
    label: t("audit"),
    empty: t("table.none"),
    key: (/** @type {AuditEvent} */ one) => String(one.sequence),
    text: (one) => [actionName(one.action), ...pairs(one).map(([, value]) => value)].join(" "),
    tools: h("div", "tools", account, action, outcome),
    columns: [
      { title: t("audit.action"), cell: (one) => [
        button(actionName(one.action), () => dialog(actionName(one.action), (close) =>
          [facts(pairs(one)), button(t("close"), close)]), { kind: "quiet" }),
        one.times > 1 && ` ×${one.times}`,
        one.outcome !== "success" && badge(outcomeName(one.outcome), "bad")] },
      { title: t("audit.when"), cell: ({ time }) =>
        h("time", { datetime: new Date(time).toISOString() }, dateTime(time, "short")) },
      { title: t("audit.author"), cell: authorName },
      { title: t("audit.object"), cell: objectName },
      { title: t("audit.source"), kind: "minor", cell: (one) => one.source },
    ],
  });
  const older = button(t("audit.older"), async () => {
    const all = events;
    const found = await ask(PORTION, next);
    if (events === all) take([...events, ...found.events], found.next); // else others are wanted by now
  });

  /** @param {AuditEvent[]} all @param {number} [before] */
  function take(all, before) {
    events = all;
    next = before;
    draw();
  }

  function draw() {
    list.show(events.filter(isWanted));
    older.hidden = next === undefined;
  }

  async function load() {
    const asked = wanted();
    const isOther = asked !== known;
    try {
      const [last] = (await api.ask("Access.GetAuditEvents", { limit: 1 })).events;
      if (!isOther && last?.sequence === newest) return;
      const found = await ask(PORTION);
      if (asked !== wanted()) return;
      const fresh = found.events.filter((one) => one.sequence > (events[0]?.sequence ?? -1));
      [known, newest] = [asked, last?.sequence ?? -1];
      if (isOther || fresh.length === PORTION) take([...found.events], found.next);
      else take([...fresh, ...events], next);
    } catch {
      if (isOther) take([]); // the connection went; it is loaded again when it is back
    }
  }

  const checked = h("p", { class: "hint", role: "status" });
  /** Show what the last check of the whole trail found. */
  async function check() {
    const { time, isIntact, events: n, problems } = await api.ask("Access.CheckAudit", {});
    fill(checked, isIntact ? t("audit.intact", { n, when: ago(time * 1000) })
      : h("strong", "", t("audit.changed", { text: problems[0] ?? "" })), " ",
    button(t("audit.again"), check, { kind: "quiet" }));
  }

  /** @param {string} name @param {string} kind @param {FileFormat} format */
  const exporter = (name, kind, format) => button(name, async () => {
    const lines = [];
    let top = "";
    for (let before; !signal.aborted;) {
      const found = await ask(MOST, before, format);
      lines.push(...found.events.filter((one) => isWanted(one) && list.matches(one)).map(({ line }) => line ?? ""));
      [before, top] = [found.next, found.heading ?? ""];
      if (before === undefined) break;
    }
    const url = URL.createObjectURL(new Blob([top, ...lines.reverse()]));
    h("a", { href: url, download: `audit-${new Date().toISOString().slice(0, 10)}.${kind}` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }, { label: `${t("action.export")}: ${name}` });

  fill(root, head(t("audit"), exporter("CSV", "csv", "AccessAuditFormatCsv"),
    exporter("JSON Lines", "jsonl", "AccessAuditFormatJsonLines")),
    checked, list.root, older,
    h("p", "hint", t("audit.check"), " ", h("code", "", "keystead audit verify --checkpoint")));
  check().catch(() => {}); // the connection went; who comes back to this view sees it
  void load();
  every(POLL, load, signal);
}

/** All that an event says. @param {AuditEvent} one */
const pairs = (one) => /** @type {[string, string][]} */ ([
  [t("audit.when"), dateTime(one.time)],
  [t("audit.outcome"), outcomeName(one.outcome)],
  [t("audit.author"), authorName(one)],
  [t("audit.object"), one.object],
  [t("audit.source"), [one.source, one.face === "server" ? "" : faceName(one.face)].filter(Boolean).join(", ")],
  ["Token", one.tokenId],
  ...Object.entries(one.detail),
]).filter(([, value]) => value);
