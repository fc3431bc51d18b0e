// The admin page: which view is shown, and what is around it.

import { load, t } from "./i18n.js";
import { api, listen, may, signOut, start, state } from "./store.js";
import { button, fill, h, icon, mark } from "./ui.js";
import { showAccount } from "./views/account.js";
import { showAudit } from "./views/audit.js";
import { groups } from "./views/groups.js";
import { showOverview } from "./views/overview.js";
import { showPairing } from "./views/pairing.js";
import { showSetUp } from "./views/set_up.js";
import { showSignIn } from "./views/sign_in.js";
import { tokens } from "./views/tokens.js";
import { users } from "./views/users.js";

/** In the order of the navigation; the first that may be seen is shown at first. @type {View[]} */
const VIEWS = [
  { name: "overview", title: "overview", needs: "users", icon: "M2 13a6 6 0 1 1 12 0M8 13l3-5", show: showOverview },
  users,
  groups,
  tokens,
  { name: "pairing", title: "action.pairing", needs: "admin", show: showPairing,
    icon: "M6.5 9.5l3-3M7 5l2-2a2.8 2.8 0 0 1 4 4l-2 2M9 11l-2 2a2.8 2.8 0 0 1-4-4l2-2" },
  { name: "audit", title: "audit", needs: "admin", icon: "M3 3.5h10M3 8h10M3 12.5h6", show: showAudit },
  { name: "account", title: "account", show: showAccount,
    icon: "M8 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2.5 14c0-3 2.5-4 5.5-4s5.5 1 5.5 4" },
];

const LOST_AFTER = 700; // milliseconds; shorter gaps are not worth a word

const page = /** @type {HTMLElement} */ (document.getElementById("page"));
const toasts = h("div", { id: "toasts", role: "status", popover: "manual" });
const lost = h("div", { id: "lost", role: "status" });
const main = h("main", { id: "main", tabindex: -1 });
let leave = new AbortController();
let shown = "";
let since = 0;

/** @param {View[]} views @param {View} here */
function frame(views, here) {
  const who = state.me?.username;
  const links = views.map((view) => h("li", "", h("a", { href: `#/${view.name}`,
    "aria-current": view === here && "page" }, icon(view.icon), t(view.title))));
  fill(page,
    h("a", { class: "skip", href: "#main", onclick: (/** @type {Event} */ event) => {
      event.preventDefault();
      main.focus();
    } }, t("skip")),
    h("header", "bar",
      h("a", { class: "brand", href: "#/" }, mark(), h("span", "", serverName())),
      h("nav", { "aria-label": t("nav") }, h("ul", "", links)),
      h("div", "me",
        who && [h("span", { class: "who", title: who }, who), button(t("sign-out"), signOut, { kind: "quiet" })])),
    lost, main, toasts);
  page.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
}

const serverName = () => state.setup?.serverName ?? "Keystead";

/** Show what is wanted by the address, and by what is known of whoever is there. */
function show() {
  const { phase, me } = state;
  const [name, ...args] = location.hash.replace(/^#\/?/, "").split("/").map(decoded);
  const views = VIEWS.filter((view) => may(view.needs));
  const view = views.find((one) => one.name === name) ?? views[0];
  // Not the same again: what is typed stays, and views hear of changes themselves.
  const rights = [me?.username, me?.rights, me?.ownAccount, may("admin")];
  const wanted = phase === "in" ? JSON.stringify([view.name, args, rights]) : phase;
  if (wanted === shown) return;
  const isFirst = shown === "";
  shown = wanted;
  leave.abort();
  leave = new AbortController();
  for (const open of document.querySelectorAll("dialog")) open.close();
  main.replaceChildren();
  const place = { root: main, args, signal: leave.signal };
  document.body.className = phase;
  if (phase === "wait") return;
  if (phase !== "in") {
    fill(page, lost, main, toasts);
    (phase === "set-up" ? showSetUp : showSignIn)(place);
    title(`${phase}.title`);
    return;
  }
  frame(views, view);
  view.show(place);
  title(view.title);
  if (!isFirst) main.querySelector("h1")?.focus();
  window.scrollTo(0, 0);
}

function decoded(text = "") {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** @param {Key} key */
function title(key) {
  document.title = `${t(key)} · ${serverName()}`;
}

function tellConnection() {
  clearTimeout(since);
  if (api.state === "open") return fill(lost);
  since = setTimeout(() => fill(lost, h("p", "", icon("M8 2v7M8 12v1"), t("lost"), " ",
    button(t("lost.retry"), () => api.retry(), { kind: "quiet" }))), LOST_AFTER);
}

/** Show everything anew, in the language that is chosen. */
function restart() {
  shown = "";
  tellConnection();
  show();
}

load();
listen("state", show);
listen("connection", tellConnection);
listen("language", restart);
addEventListener("hashchange", show);
fill(page, lost, main, toasts);
tellConnection();
start();
