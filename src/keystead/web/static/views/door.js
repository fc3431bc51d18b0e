// What set-up and sign-in have in common: they are seen before anybody is let in.

import { LANGUAGES, choose, current, t } from "../i18n.js";
import { deviceName, state } from "../store.js";
import { copyButton, field, fill, h, mark } from "../ui.js";

/** Show a form, and how one knows this box. @param {HTMLElement} root @param {string} title @param {string} text @param {HTMLElement} form */
export function door(root, title, text, form) {
  fill(root, h("div", "door",
    h("div", "door-head", mark(), h("p", "server", state.setup?.serverName)),
    h("div", "door-form", h("h1", { tabindex: -1 }, title), h("p", "lead", text), form),
    h("div", "door-aside", assurance(), h("p", "languages",
      Object.entries(LANGUAGES).map(([tag, name]) => h("button", { type: "button", class: "quiet", lang: tag,
        "aria-pressed": String(tag === current()), onclick: () => choose(tag) }, name))))));
  form.querySelector("input")?.focus();
}

/** How one knows that this is the right box, and that nobody listens in. */
function assurance() {
  if (location.protocol === "https:") {
    const print = state.setup?.certificateFingerprint ?? "";
    return h("div", "assurance", h("h2", "", t("fingerprint")), h("p", "hint", t("fingerprint.hint")),
      h("code", "", print.match(/.{1,12}/g)?.map((part) => h("span", "", part))), copyButton(print));
  }
  const isHere = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname); // nobody can listen in
  return isHere ? null : h("div", "assurance warn",
    h("h2", "", t("plain")), h("p", "hint", t("plain.hint")));
}

/** How this device is to be called. */
export const deviceField = () => field(t("device.name"), { value: deviceName() || guessed(),
  hint: t("device.name.hint"), required: true, more: { maxlength: 100 } });

/** A name for this device, until its owner finds a better one. */
function guessed() {
  const first = (/** @type {string[]} */ ...signs) => signs.find((sign) => navigator.userAgent.includes(sign));
  return [first("Firefox", "Edg", "OPR", "Chrome", "Safari"),
    first("Android", "iPhone", "iPad", "Windows", "Mac", "Linux")]
    .filter(Boolean).join(", ").replace("Edg", "Edge").replace("OPR", "Opera");
}
