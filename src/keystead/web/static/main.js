// @ts-check
// The admin page: which view is shown, and what is around it.
//
// How to add a view:
//
// 1. Write views/<name>.js. It exports one value of the type `View` below. `show(place)` builds its
//    elements with `h` of ui.js, puts them into `place.root`, and ends what it began when
//    `place.signal` is aborted. Data comes with `api.ask` of store.js; `live(names, load, signal)`
//    loads it again when a notification tells of a change, and when the connection is back. Put
//    fresh data into what is there, and leave alone what somebody is typing into; rows with a
//    data-key that come out the same are kept, with the focus.
// 2. Add it to VIEWS below: that is its place in the navigation. `needs` leaves it out for whoever
//    may not use it; the server decides all the same. `place.args` is what follows the name in the
//    address: #/users/ann gives ["ann"]. `link("users", "ann")` of ui.js writes such an address.
// 3. Put its texts into i18n/en.js, fr.js and de.js, in a part of its own, with keys that begin with
//    its name. `make check` finds a text that is missing, and one that nobody uses.
// 4. Styles are in page.css: take what is there first. There are no inline styles and scripts, and
//    no HTML out of strings; the Content-Security-Policy forbids most of that.
// 5. Test it as a user in tests/acceptance/test_page_<name>.py, with tests/acceptance/page.py.

import * as i18n from "./i18n.js";
import { t } from "./i18n.js";
import { api, listen, may, signOut, start, state } from "./store.js";
import { button, fill, h, icon, mark } from "./ui.js";
import { account } from "./views/account.js";
import { audit } from "./views/audit.js";
import { groups } from "./views/groups.js";
import { overview } from "./views/overview.js";
import { pairing } from "./views/pairing.js";
import { setUp } from "./views/set_up.js";
import { signIn } from "./views/sign_in.js";
import { tokens } from "./views/tokens.js";
import { users } from "./views/users.js";

/**
 * @typedef {object} Place
 * @property {HTMLElement} root to be filled
 * @property {string[]} args what follows the name in the address
 * @property {AbortSignal} signal aborted when another view is shown
 *
 * @typedef {object} View
 * @property {string} name in the address
 * @property {import("./i18n.js").Key} title
 * @property {string} icon a path of 16 by 16
 * @property {import("./store.js").Need} [needs]
 * @property {(place: Place) => void} show
 */

/** In the order of the navigation; the first that may be seen is shown at first. @type {View[]} */
const VIEWS = [overview, users, groups, tokens, pairing, audit, account];

const LOST_AFTER = 700; // milliseconds; shorter gaps are not worth a word

const page = /** @type {HTMLElement} */ (document.getElementById("page"));
const toasts = h("div", { id: "toasts", role: "status", "aria-live": "polite", popover: "manual" });
const lost = h("div", { id: "lost", role: "status", "aria-live": "polite" });
const main = h("main", { id: "main", tabindex: -1 });
let leave = new AbortController();
let shown = "";

// --- what is around a view -----------------------------------------------------------------------

function frame() {
  const views = VIEWS.filter((view) => may(view.needs));
  const links = views.map((view) =>
    h("li", {}, h("a", { href: `#/${view.name}`, "data-view": view.name }, icon(view.icon), t(view.title))));
  const who = state.me?.username;
  fill(page,
    h("a", { class: "skip", href: "#main", onclick: (/** @type {Event} */ event) => {
      event.preventDefault();
      main.focus();
    } }, t("skip")),
    h("header", { class: "bar" },
      h("a", { class: "brand", href: "#/" }, mark(), h("span", {}, state.setup?.serverName ?? "Keystead")),
      h("nav", { "aria-label": t("nav") }, h("ul", {}, links)),
      h("div", { class: "me" },
        who ? h("span", { class: "who", title: who }, who) : null,
        who ? button(t("sign-out"), signOut, { kind: "quiet" }) : null)),
    lost, main, toasts);
}

/** Show what is wanted by the address, and by what is known of whoever is there. */
function show() {
  const { phase } = state;
  const [name = "", ...args] = location.hash.replace(/^#\/?/, "").split("/").map(decoded);
  const views = VIEWS.filter((view) => may(view.needs));
  const view = views.find((one) => one.name === name) ?? views[0];
  // Not the same again: what is typed stays, and views hear of changes themselves.
  const wanted = phase === "in" ? JSON.stringify([state.me?.username, view?.name, args, rights()]) : phase;
  if (wanted === shown) return;
  const isFirst = shown === "";
  shown = wanted;
  leave.abort();
  leave = new AbortController();
  for (const open of document.querySelectorAll("dialog")) open.close();
  main.replaceChildren();
  const place = { root: main, args, signal: leave.signal };
  document.body.className = phase;
  switch (phase) {
    case "wait":
      return;
    case "set-up":
    case "sign-in":
      fill(page, lost, main, toasts);
      (phase === "set-up" ? setUp : signIn).show(place);
      title(t(phase === "set-up" ? "set-up.title" : "sign-in.title"));
      return;
    case "in":
      frame();
      for (const link of page.querySelectorAll("nav a")) {
        const isHere = link.getAttribute("data-view") === view?.name;
        if (!isHere) continue;
        link.setAttribute("aria-current", "page");
        link.scrollIntoView({ block: "nearest", inline: "center" });
      }
      view?.show(place);
      title(view ? t(view.title) : "");
      if (!isFirst) main.querySelector("h1")?.focus();
      window.scrollTo(0, 0);
  }
}

const rights = () => [state.me?.rights, state.me?.ownAccount, may("admin")];

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** @param {string} text */
function title(text) {
  document.title = [text, state.setup?.serverName ?? "Keystead"].filter(Boolean).join(" · ");
}

// --- the connection ------------------------------------------------------------------------------

let since = 0;

function tellConnection() {
  clearTimeout(since);
  if (api.state === "open") return fill(lost);
  since = setTimeout(() => fill(lost, h("p", {}, icon("M8 2v7M8 12v1"), t("lost"), " ",
    button(t("lost.retry"), () => api.retry(), { kind: "quiet" }))), LOST_AFTER);
}

// --- the beginning -------------------------------------------------------------------------------

/** Show everything anew, in the language that is chosen. */
async function restart() {
  await i18n.load();
  shown = "";
  tellConnection();
  show();
}

await i18n.load();
listen("state", show);
listen("connection", tellConnection);
listen("language", () => void restart());
addEventListener("hashchange", show);
fill(page, lost, main, toasts);
tellConnection();
start();
