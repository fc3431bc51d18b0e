// Texts in the language of the browser, or the one that was chosen.

import { ring } from "./store.js";
import texts from "./texts.js";

/** In the order of the texts. @type {Record<Language, string>} */
export const LANGUAGES = { en: "English", fr: "Français", de: "Deutsch" };

const TAGS = /** @type {Language[]} */ (Object.keys(LANGUAGES));
const CHOSEN = "keystead.language";

/** The language that was chosen, or "" where the browser's counts. */
export const chosen = () => localStorage.getItem(CHOSEN) ?? "";

/** @type {Language} */
let language = "en";

/** Find out which language is wanted; to be called before anything is shown. */
export function load() {
  const wanted = [chosen(), ...navigator.languages, "en"].map((tag) => tag.split("-")[0]);
  language = /** @type {Language} */ (wanted.find((tag) => tag in LANGUAGES));
  document.documentElement.lang = language;
}

/** The language in use. */
export const current = () => language;

/** Choose a language, or with "" the browser's. */
export function choose(tag = "") {
  localStorage.setItem(CHOSEN, tag);
  load();
  ring("language");
}

/** Words of the server may be shorter here. @param {string} key @returns {string | undefined} */
const find = (key) => /** @type {Record<string, string[]>} */ (texts)[
  key.replace(/AccessError|PermissionScope/, "")]?.[TAGS.indexOf(language)];

/** Give a text, with {name} replaced by its value. @param {Key} key @param {Record<string, string | number>} [values] */
export const t = (key, values = {}) =>
  (find(key) ?? key).replace(/\{(\w+)\}/g, (all, name) => (values[name] ?? all).toLocaleString(language));

/**
 * Give the text for so many: `key.one` or `key.other`, with {n} replaced.
 * @template {string} K @param {`${K}.other` extends Key ? K : never} key @param {number} n
 */
export function tn(key, n) {
  const form = new Intl.PluralRules(language).select(n) === "one" ? "one" : "other";
  return t(/** @type {Key} */ (`${key}.${form}`), { n });
}

/** Give the text for a word of the server, or the word itself. @param {string} kind @param {string} [word] */
export const named = (kind, word = "") => find(`${kind}.${word}`) ?? word;

/** Say in words what an audit event was. @param {string} action */
export const actionName = (action) => named("action", action);

/** What an audit event can be. */
export const actions = () =>
  Object.keys(texts).filter((key) => key.startsWith("action.")).map((key) => key.slice("action.".length));

/** Words and sentences of nymea that say what one of ours says. @type {Record<string, string>} */
const ALIKE = {
  "UserErrorNoError": "NoError",
  "UserErrorDuplicateUserId": "NameTaken",
  "UserErrorBadPassword": "PasswordTooWeak",
  "UserErrorTokenNotFound": "NoSuchToken",
  "UserErrorInconsistantScopes": "InconsistentScopes",
  "Permission denied.": "Forbidden",
  "Too much is being asked at the moment; try again.": "Busy",
};

/** Say in words what the server refused. @param {unknown} error */
export function problem(error) {
  const { name, message, word = "", retryAfter } = /** @type {Refusal} */ (error);
  if (name === "Lost") return t("problem.lost");
  if (name === "Error") return message; // in words already
  if (retryAfter) return t("sign-in.wait", { time: clock(retryAfter) });
  if (name !== "Refused") return t("problem.page", { text: String(error) });
  return find(`error.${ALIKE[word] ?? word}`) ?? t("problem.server", { text: word });
}

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

/** What such a field says; it has no seconds, so untouched it is as it was. @param {string} text @param {number} [was] */
export const seconds = (text, was) => text === localTime(was) ? was : text ? Date.parse(text) / 1000 : undefined;

/** @type {[Intl.RelativeTimeFormatUnit, number][]} */
const UNITS = [["day", 86_400], ["hour", 3600], ["minute", 60]];

/** How long ago, or until: "5 minutes ago". @param {number} time in milliseconds */
export function ago(time) {
  const seconds = (time - Date.now()) / 1000;
  if (Math.abs(seconds) > 30 * 86_400) return date(time);
  const [unit, size] = UNITS.find(([, least]) => Math.abs(seconds) >= least) ?? [];
  if (!unit || !size) return t("time.now");
  return new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(Math.trunc(seconds / size), unit);
}

/** Seconds as "1:05". @param {number} seconds */
export const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
