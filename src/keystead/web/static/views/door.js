// What set-up and sign-in have in common: they are seen before anybody is let in.

import { LANGUAGES, choose, clock, current, problem, t } from "../i18n.js";
import { ring, state } from "../store.js";
import { copyButton, field, fill, h, mark } from "../ui.js";

/** Show a form, and how one knows this box. @param {HTMLElement} root @param {string} title @param {string} text @param {HTMLElement} form */
export function door(root, title, text, form) {
  fill(root, h("div", { class: "door" },
    h("div", { class: "door-head" }, mark(), h("p", { class: "server" }, state.setup?.serverName)),
    h("div", { class: "door-form" }, h("h1", { tabindex: -1 }, title), h("p", { class: "lead" }, text), form),
    h("div", { class: "door-aside" }, assurance(), h("p", { class: "languages" },
      Object.entries(LANGUAGES).map(([tag, name]) => h("button", { type: "button", class: "quiet", lang: tag,
        "aria-pressed": String(tag === current()), onclick: () => {
          choose(tag);
          ring("language");
        } }, name))))));
  form.querySelector("input")?.focus();
}

/** How one knows that this is the right box, and that nobody listens in. */
function assurance() {
  if (location.protocol === "https:") {
    const print = state.setup?.certificateFingerprint ?? "";
    return h("div", { class: "assurance" }, h("h2", {}, t("fingerprint")), h("p", { class: "hint" }, t("fingerprint.hint")),
      h("code", {}, print.match(/.{1,12}/g)?.map((part) => h("span", {}, part))), copyButton(print));
  }
  const isHere = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname); // nobody can listen in
  return isHere ? null : h("div", { class: "assurance warn" },
    h("h2", {}, t("plain")), h("p", { class: "hint" }, t("plain.hint")));
}

let ticking = 0;

/**
 * Say why somebody is not let in, and how long to wait, each second anew.
 * @param {Refusal} error @param {(text: string) => void} say @param {AbortSignal} signal
 */
export function sayWhy(error, say, signal) {
  clearTimeout(ticking);
  const { retryAfter } = error;
  if (!retryAfter) return say(problem(error));
  const end = Date.now() + retryAfter * 1000;
  const tick = () => {
    const left = Math.ceil((end - Date.now()) / 1000);
    say(left > 0 ? t("sign-in.wait", { time: clock(left) }) : t("sign-in.wait.over"));
    if (left > 0 && !signal.aborted) ticking = setTimeout(tick, 1000);
  };
  tick();
}

/** How this device is to be called. @param {string} known */
export const deviceField = (known) => field(t("device.name"), { value: known || guessed(),
  hint: t("device.name.hint"), required: true, more: { maxlength: 100 } });

/** A name for this device, until its owner finds a better one. */
function guessed() {
  const named = (/** @type {[string, string][]} */ ...signs) =>
    signs.find(([sign]) => navigator.userAgent.includes(sign))?.[1];
  return [
    named(["Firefox", "Firefox"], ["Edg", "Edge"], ["OPR", "Opera"], ["Chrome", "Chrome"], ["Safari", "Safari"]),
    named(["Android", "Android"], ["iPhone", "iPhone"], ["iPad", "iPad"], ["Windows", "Windows"], ["Mac OS", "Mac"],
      ["Linux", "Linux"]),
  ].filter(Boolean).join(", ");
}
