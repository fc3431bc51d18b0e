// @ts-check
// What set-up and sign-in have in common: they are seen before anybody is let in.

import { LANGUAGES, choose, clock, current, problem, t } from "../i18n.js";
import { ring, state } from "../store.js";
import { copyButton, field, fill, h, mark } from "../ui.js";

/**
 * @param {HTMLElement} root @param {string} title @param {string} text @param {HTMLElement} form
 * @param {Child} aside
 */
export function door(root, title, text, form, aside) {
  fill(root, h("div", { class: "door" },
    h("div", { class: "door-head" }, mark(), h("p", { class: "server" }, state.setup?.serverName ?? "")),
    h("div", { class: "door-form" }, h("h1", { tabindex: -1 }, title), h("p", { class: "lead" }, text), form),
    h("div", { class: "door-aside" }, aside, h("p", { class: "languages" }, languages()))));
  form.querySelector("input")?.focus();
}

function languages() {
  return Object.entries(LANGUAGES).map(([tag, name]) =>
    h("button", { type: "button", class: "quiet", lang: tag, "aria-pressed": String(tag === current()),
      onclick: () => {
        choose(tag);
        ring("language");
      } }, name));
}

/** How one knows that this is the right box, and that nobody listens in. @param {Setup} setup */
export function assurance(setup) {
  const text = setup.certificateFingerprint;
  if (location.protocol !== "https:") {
    return isHere() ? null : h("div", { class: "assurance warn" },
      h("h2", {}, t("plain")), h("p", { class: "hint" }, t("plain.hint")));
  }
  return h("div", { class: "assurance" },
    h("h2", {}, t("fingerprint")),
    h("p", { class: "hint" }, t("fingerprint.hint")),
    h("code", {}, text?.match(/.{1,12}/g)?.map((part) => h("span", {}, part)) ?? ""),
    copyButton(text ?? ""));
}

let ticking = 0;

/**
 * Say why somebody is not let in, and how long to wait, each second anew.
 * @param {unknown} error @param {(text: string) => void} say @param {AbortSignal} signal
 */
export function sayWhy(error, say, signal) {
  const { retryAfter } = /** @type {import("../api.js").Refused} */ (error);
  clearInterval(ticking);
  if (!retryAfter) return say(problem(error));
  const end = Date.now() + retryAfter * 1000;
  const tick = () => {
    const left = Math.ceil((end - Date.now()) / 1000);
    say(left > 0 ? t("sign-in.wait", { time: clock(left) }) : t("sign-in.wait.over"));
    if (left <= 0) clearInterval(ticking);
  };
  ticking = setInterval(tick, 1000);
  signal.addEventListener("abort", () => clearInterval(ticking));
  return tick();
}

/** Tell whether the server is on this machine, where nobody can listen in. */
const isHere = () => ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);

/** How this device is to be called. @param {string} known */
export const deviceField = (known) =>
  field(t("device.name"), { value: known || guessed(), hint: t("device.name.hint"),
    required: true, more: { maxlength: 100 } });

/** A name for this device, until its owner finds a better one. */
function guessed() {
  const agent = navigator.userAgent;
  const browser = ["Firefox", "Edg", "OPR", "Chrome", "Safari"].find((one) => agent.includes(one));
  const system = [["Android", "Android"], ["iPhone", "iPhone"], ["iPad", "iPad"], ["Windows", "Windows"],
    ["Mac OS", "Mac"], ["Linux", "Linux"]].find(([sign]) => agent.includes(sign));
  const named = { Edg: "Edge", OPR: "Opera" }[browser ?? ""] ?? browser;
  return [named, system?.[1]].filter(Boolean).join(", ");
}
