// A new password, with the rules as the server gives them, ticked off while it is typed.

import { t } from "../i18n.js";
import { state } from "../store.js";
import { field, h } from "../ui.js";

/** Two fields for a new password. @param {() => string} userName which the password may not be */
export function passwordFields(userName) {
  const how = { type: "password", autocomplete: "new-password", required: true };
  const password = field(t("password"), { ...how, hint: t("password.hint") });
  const again = field(t("password.again"), how);
  const points = pointsOf(userName).filter(([isNeeded]) => isNeeded).map(([, text, holds]) => {
    const met = h("span", "away");
    return { holds, met, item: h("li", "", text, met) };
  });
  password.input.addEventListener("input", () => {
    for (const { holds, item, met } of points) {
      const isMet = password.value !== "" && holds(password.value);
      item.classList.toggle("met", isMet);
      met.textContent = isMet ? `: ${t("password.met")}` : "";
    }
  });
  const list = h("ul", { class: "rules", "aria-label": t("password.rules") }, points.map(({ item }) => item));
  /** @returns {Fault[]} */
  const check = () => [
    [password, points.every(({ holds }) => holds(password.value)) ? "" : t("password.unmet")],
    [again, again.value === password.value ? "" : t("password.differs")],
  ];
  return { fields: [password, list, again], password, check };
}

/** @param {() => string} userName @returns {[boolean, string, (password: string) => boolean][]} */
function pointsOf(userName) {
  const rules = /** @type {Setup} */ (state.setup).passwordRules;
  return [
    // Where kinds are asked for, length is counted as nymea does it, otherwise in characters.
    [true, t("password.length", { n: rules.minLength }), (text) =>
      (rules.needsDigit ? text.length : [...text].length) >= rules.minLength],
    [rules.needsLowerCase, t("password.lower"), (text) => /[a-z]/.test(text)],
    [rules.needsUpperCase, t("password.upper"), (text) => /[A-Z]/.test(text)],
    [rules.needsDigit, t("password.digit"), (text) => /[0-9]/.test(text)],
    [true, t("password.not-name"), (text) => text.toLowerCase() !== userName().trim().toLowerCase()
      && new TextEncoder().encode(text).length <= rules.maxBytes],
  ];
}
