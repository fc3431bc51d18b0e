// @ts-check
// What happened: its end as it grows, what is wanted of it, and files of that.

import { actionName, actions, ago, dateTime, number, t } from "../i18n.js";
import { api, live } from "../store.js";
import { badge, button, dialog, facts, fill, h, head } from "../ui.js";
import { table } from "../table.js";
import { csv, jsonLines } from "./audit_file.js";
import { authorName, faceName, objectName, outcomeName } from "./overview.js";

/** @typedef {import("./audit_file.js").AuditEvent} AuditEvent */

const POLL = 2_000; // milliseconds; no notification tells of events
const PORTION = 200; // events that are asked for, and shown more at a time
const MOST = 500; // that come at once, for files

/** @type {View} */
export const audit = {
  name: "audit",
  title: "audit",
  icon: "M3 3.500h10M3 8h10M3 12.500h6",
  needs: "admin",
  show({ root, args, signal }) {
    /** @type {AuditEvent[]} */
    let events = []; // the newest first
    /** @type {number | undefined} */
    let next; // before which there are older ones
    let newest = -1; // of the whole trail
    let known = ""; // what `events` are those of
    let typing = 0;

    const again = () => void load();
    const account = h("input", { type: "search", "aria-label": t("audit.account"), autocomplete: "off",
      placeholder: t("audit.account"), spellcheck: "false", oninput: () => {
        clearTimeout(typing);
        typing = setTimeout(again, 300);
      } });
    account.value = args[0] ?? "";
    const action = choice(t("audit.action"), [["", t("audit.actions")], ["user.", t("users")], ["group.", t("groups")],
      ["token.", t("tokens")], .../** @type {[string, string][]} */ (actions().map((one) => [one, actionName(one)]))], again);
    const outcome = choice(t("audit.outcome"), [["", t("audit.outcomes")],
      .../** @type {[string, string][]} */ (["success", "failure", "refused"].map((one) => [one, outcomeName(one)]))],
    () => draw());
    const wanted = () => ({ action: action.value, username: account.value.trim() || undefined });
    /** @param {AuditEvent} one */
    const isWanted = (one) => !outcome.value || one.outcome === outcome.value;

    /** @type {ReturnType<typeof table<AuditEvent>>} */
    const list = table({
      label: t("audit"),
      empty: t("table.none"),
      key: (one) => String(one.sequence),
      text: (one) => [actionName(one.action), ...pairs(one).map(([, value]) => value)].join(" "),
      tools: h("div", { class: "tools" }, account, action, outcome),
      columns: [
        { title: t("audit.action"), cell: (one) => [
          button(actionName(one.action), () => dialog(actionName(one.action), (close) =>
            [facts(pairs(one)), button(t("close"), close)]), { kind: "quiet" }),
          one.times > 1 && ` ×${one.times}`,
          one.outcome !== "success" && badge(outcomeName(one.outcome), "bad")] },
        { title: t("audit.when"), cell: (one) => h("time", { datetime: new Date(one.time).toISOString() }, dateTime(one.time, "short")) },
        { title: t("audit.author"), cell: authorName },
        { title: t("audit.object"), cell: objectName },
        { title: t("audit.source"), minor: true, cell: (one) => one.source },
      ],
    });
    const older = button(t("audit.older"), async () => {
      const all = events;
      const found = await api.ask("Access.GetAuditEvents", { ...wanted(), limit: PORTION, before: next });
      if (events !== all) return; // others are wanted by now
      events.push(...found.events);
      next = found.next;
      draw();
    });

    function draw() {
      list.show(events.filter(isWanted));
      older.hidden = next === undefined;
    }

    const load = async () => {
      const filter = wanted();
      const asked = JSON.stringify(filter);
      const isOther = asked !== known;
      try {
        const [last] = (await api.ask("Access.GetAuditEvents", { limit: 1 })).events;
        if (!isOther && last?.sequence === newest) return;
        const found = await api.ask("Access.GetAuditEvents", { ...filter, limit: PORTION });
        if (signal.aborted || asked !== JSON.stringify(wanted())) return;
        const fresh = found.events.filter((one) => one.sequence > (events[0]?.sequence ?? -1));
        if (isOther || fresh.length === PORTION) {
          events = [...found.events];
          next = found.next;
        } else {
          events.unshift(...fresh);
        }
        [known, newest] = [asked, last?.sequence ?? -1];
      } catch {
        if (!isOther) return; // the connection went; it is loaded again when it is back
        events = [];
        next = undefined;
      }
      draw();
    };

    const checked = h("p", { class: "hint", role: "status" });
    /** Show what the last check of the whole trail found. */
    const check = async () => {
      const { time, isIntact, events: n, problems } = await api.ask("Access.CheckAudit", {});
      fill(checked, isIntact ? t("audit.intact", { n: number(n), when: ago(time * 1000) })
        : h("strong", {}, t("audit.changed", { text: problems[0] ?? "" })), " ",
      button(t("audit.again"), check, { kind: "quiet" }));
    };

    /** @param {string} kind @param {(events: AuditEvent[]) => string} written */
    const exportAs = (kind, written) => async () => {
      const filter = wanted();
      /** @type {AuditEvent[]} */
      const all = [];
      /** @type {number | undefined} */
      let before;
      do {
        const found = await api.ask("Access.GetAuditEvents", { ...filter, limit: MOST, before });
        all.push(...found.events.filter((one) => isWanted(one) && list.matches(one)));
        before = found.next;
      } while (before !== undefined && !signal.aborted);
      const url = URL.createObjectURL(new Blob([written(all.reverse())]));
      h("a", { href: url, download: `audit-${new Date().toISOString().slice(0, 10)}.${kind}` }).click();
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
    };

    fill(root, head(t("audit"), button("CSV", exportAs("csv", csv), { label: `${t("action.export")}: CSV` }),
      button("JSON Lines", exportAs("jsonl", jsonLines), { label: `${t("action.export")}: JSON Lines` })),
    checked, list.root, older,
    h("p", { class: "hint" }, t("audit.check"), " ", h("code", {}, "keystead audit verify --checkpoint")));
    check().catch(() => {}); // the connection went; who comes back to this view sees it
    const timer = setInterval(again, POLL);
    signal.addEventListener("abort", () => clearInterval(timer));
    void live(["Access.AccountChanged", "Access.GroupChanged", "Access.TokensChanged"], load, signal);
  },
};

/** @param {string} label @param {[string, string][]} options @param {() => void} onchange */
const choice = (label, options, onchange) => h("select", { "aria-label": label, onchange },
  options.map(([value, text]) => h("option", { value }, text)));

/** All that an event says. @param {AuditEvent} one @returns {[string, string][]} */
const pairs = (one) => {
  /** @type {[string, string][]} */
  const all = [
    [t("audit.when"), dateTime(one.time)],
    [t("audit.outcome"), outcomeName(one.outcome)],
    [t("audit.author"), authorName(one)],
    [t("audit.object"), one.object],
    [t("audit.source"), [one.source, one.face === "server" ? "" : faceName(one.face)].filter(Boolean).join(", ")],
    ["Token", one.tokenId ?? ""],
    .../** @type {[string, string][]} */ (Object.entries(one.detail)),
  ];
  return all.filter(([, value]) => value);
};
