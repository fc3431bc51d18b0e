// @ts-check
// Texts in the language of the browser, or the one that was chosen. One file a language in i18n/;
// en.js says which texts there are, and the type checker that the others have all of them.

/**
 * @typedef {keyof typeof import("./i18n/en.js").default} Key
 * @typedef {"en" | "fr" | "de"} Language
 * @typedef {Record<string, string | number>} Values
 */

/** @type {Record<Language, string>} */
export const LANGUAGES = { en: "English", fr: "Français", de: "Deutsch" };

const CHOSEN = "keystead.language";

/** @type {Record<string, string>} */
let texts = {};
/** @type {Language} */
let language = "en";
let plurals = new Intl.PluralRules("en");

/** The language in use. */
export const current = () => language;

/** As the API writes it. */
export const locale = () => ({ en: "en_US", fr: "fr_FR", de: "de_DE" })[language];

/** The language that was chosen, or null where the browser's counts. */
export const chosen = () => localStorage.getItem(CHOSEN);

/** Load the texts; to be awaited before anything is shown. */
export async function load() {
  const wanted = [chosen(), ...navigator.languages].map((tag) => (tag ?? "").slice(0, 2));
  language = /** @type {Language} */ (wanted.find((tag) => tag in LANGUAGES) ?? "en");
  texts = (await import(`./i18n/${language}.js`)).default;
  plurals = new Intl.PluralRules(language);
  document.documentElement.lang = language;
}

/** Choose a language, or with null the browser's. @param {string | null} tag */
export function choose(tag) {
  if (tag) localStorage.setItem(CHOSEN, tag);
  else localStorage.removeItem(CHOSEN);
}

/** Give a text, with {name} replaced by its value. @param {Key} key @param {Values} [values] */
export function t(key, values = {}) {
  return fill(texts[key] ?? key, values);
}

/**
 * Give the text for so many: `key.one` or `key.other`, with {n} replaced.
 * @template {string} K
 * @param {`${K}.other` extends Key ? K : never} key @param {number} n @param {Values} [values]
 */
export function tn(key, n, values = {}) {
  const text = texts[`${key}.${plurals.select(n)}`] ?? texts[`${key}.other`] ?? key;
  return fill(text, { n: number(n), ...values });
}

/** Words and sentences of nymea that say what one of ours says. @type {Partial<Record<string, string>>} */
const ALIKE = {
  "UserErrorNoError": "AccessErrorNoError",
  "UserErrorDuplicateUserId": "AccessErrorNameTaken",
  "UserErrorBadPassword": "AccessErrorPasswordTooWeak",
  "UserErrorTokenNotFound": "AccessErrorNoSuchToken",
  "UserErrorInconsistantScopes": "AccessErrorInconsistentScopes",
  "Permission denied.": "AccessErrorForbidden",
  "Too much is being asked at the moment; try again.": "AccessErrorBusy",
};

/** Say in words what the server refused. @param {unknown} error */
export function problem(error) {
  const { name, word, retryAfter } = /** @type {import("./api.js").Refused} */ (error);
  if (name === "Lost") return t("problem.lost");
  if (retryAfter) return tn("problem.wait", retryAfter);
  if (name !== "Refused") return t("problem.page", { text: String(error) });
  return texts[`error.${ALIKE[word] ?? word}`] ?? t("problem.server", { text: word });
}

/** Say in words what an audit event was. @param {string} action */
export const actionName = (action) => texts[`action.${action}`] ?? action;

/** What an audit event can be. */
export const actions = () => Object.keys(texts).filter((key) => key.startsWith("action.")).map((key) => key.slice(7));

/** @param {string} text @param {Values} values */
const fill = (text, values) =>
  text.replace(/\{(\w+)\}/g, (all, name) => String(values[name] ?? all));

/** @param {number} n */
export const number = (n) => n.toLocaleString(language);

/** A point in time, in milliseconds. @param {number} time @param {"medium" | "short"} [dateStyle] */
export const dateTime = (time, dateStyle = "medium") =>
  new Date(time).toLocaleString(language, { dateStyle, timeStyle: "medium" });

/** @param {number} time */
export const date = (time) => new Date(time).toLocaleDateString(language, { dateStyle: "medium" });

/** As a field of a form has it. @param {number} [time] in seconds */
export function localTime(time) {
  if (time === undefined) return "";
  const at = new Date(time * 1000);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/**
 * What such a field says, in seconds; it has none, so what nobody touched is as it was.
 * @param {string} text @param {number} [was]
 */
export const seconds = (text, was) =>
  text === localTime(was) ? was : text ? Date.parse(text) / 1000 : undefined;

/** @type {[Intl.RelativeTimeFormatUnit, number][]} */
const UNITS = [["day", 86_400], ["hour", 3600], ["minute", 60]];

/** How long ago, or until: "5 minutes ago". @param {number} time in milliseconds */
export function ago(time) {
  const seconds = (time - Date.now()) / 1000;
  if (Math.abs(seconds) > 30 * 86_400) return date(time);
  const words = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  const [unit, size] = UNITS.find(([, least]) => Math.abs(seconds) >= least) ?? ["second", 1];
  if (unit === "second") return t("time.now");
  return words.format(Math.trunc(seconds / size), unit);
}

/** Seconds as "1:05". @param {number} seconds */
export const clock = (seconds) =>
  `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
