// @ts-check
// A new password, with the rules as the server gives them, ticked off while it is typed.

import { t, tn } from "../i18n.js";
import { field, h } from "../ui.js";

/** @typedef {import("../store.js").Setup["passwordRules"]} Rules */

/**
 * Two fields for a new password.
 * @param {Rules} rules @param {() => string} [userName] which the password may not be
 */
export function passwordFields(rules, userName = () => "") {
  const password = field(t("password"), { type: "password", autocomplete: "new-password", required: true,
    hint: t("password.hint") });
  const again = field(t("password.again"), { type: "password", autocomplete: "new-password", required: true });
  const points = pointsOf(rules, userName).map(([text, holds]) => {
    const state = h("span", { class: "away" });
    return { text, holds, state, item: h("li", {}, text, state) };
  });
  const list = h("ul", { class: "rules", "aria-label": t("password.rules") },
    points.map(({ item }) => item));
  const look = () => {
    for (const { holds, item, state } of points) {
      const met = password.value !== "" && holds(password.value);
      item.classList.toggle("met", met);
      state.textContent = met ? `: ${t("password.met")}` : "";
    }
  };
  password.input.addEventListener("input", look);
  look();
  /** @returns {[import("../ui.js").Field, string][]} */
  const check = () => [
    [password, points.every(({ holds }) => holds(password.value)) ? "" : t("password.unmet")],
    [again, again.value === password.value ? "" : t("password.differs")],
  ];
  return { fields: [password, list, again], password, check };
}

/**
 * @param {Rules} rules @param {() => string} userName
 * @returns {[string, (password: string) => boolean][]}
 */
function pointsOf(rules, userName) {
  // Where kinds are asked for, length is counted as nymea does it, otherwise in characters.
  const count = (/** @type {string} */ text) => rules.needsDigit ? text.length : [...text].length;
  /** @type {[string, (password: string) => boolean, boolean][]} */
  const points = [
    [tn("password.length", rules.minLength), (text) => count(text) >= rules.minLength, true],
    [t("password.lower"), (text) => /[a-z]/.test(text), rules.needsLowerCase],
    [t("password.upper"), (text) => /[A-Z]/.test(text), rules.needsUpperCase],
    [t("password.digit"), (text) => /[0-9]/.test(text), rules.needsDigit],
    [t("password.not-name"), (text) =>
      text.toLowerCase() !== userName().trim().toLowerCase() &&
      new TextEncoder().encode(text).length <= rules.maxBytes, true],
  ];
  return points.filter(([, , needed]) => needed).map(([text, holds]) => [text, holds]);
}
