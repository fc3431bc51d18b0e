// @ts-check
// A few parts that all views are made of. Everything is built with `h`, as elements and texts:
// nothing that came over the wire is ever read as HTML.

import { problem, t } from "./i18n.js";

/**
 * @typedef {Node | string | number | null | undefined | false} Child
 * @typedef {import("./i18n.js").Key} Key
 */

let lastId = 0;

/** An id that nothing else has, to tie labels and fields together. */
export const freshId = () => `n${++lastId}`;

/**
 * Make an element. `on...` are listeners, `class` is the class; true and false set and leave out
 * an attribute; anything else is one.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag @param {Record<string, any>} [attributes] @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  fill(element, ...children);
  return element;
}

/**
 * Replace what is in an element; what comes in place of what has the focus gets it. What has a
 * data-key, and is as it was, stays.
 * @param {Element} element @param {...(Child | Child[])} children
 */
export function fill(element, ...children) {
  const had = document.activeElement;
  const isWithin = had !== element && element.contains(had);
  const old = new Map([...element.children].map((one) => [one.getAttribute("data-key"), one]));
  const nodes = children.flat().filter((child) => child || child === 0 || child === "").map((node) => {
    const key = node instanceof Element && node.getAttribute("data-key");
    const same = key && old.get(key);
    return same && same.isEqualNode(/** @type {Element} */ (node)) ? same : typeof node === "number" ? String(node) : node;
  });
  if (nodes.length === element.childNodes.length && nodes.every((node, at) => node === element.childNodes[at])) return;
  element.replaceChildren(.../** @type {(Node | string)[]} */ (nodes));
  if (!had || !isWithin || document.activeElement === had) return;
  const next = had.isConnected ? had
    : [...element.querySelectorAll(had.tagName)].find((one) => spoken(one) === spoken(had));
  /** @type {HTMLElement | undefined} */ (next)?.focus({ preventScroll: true });
}

/** @param {Element} element */
const spoken = (element) => element.getAttribute("aria-label") ?? element.textContent;

const SVG = "http://www.w3.org/2000/svg";

/** @param {string} tag @param {Record<string, string | number>} attributes @param {...Node} children */
export function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/** Draw an icon of one path, which says nothing by itself. @param {string} path */
export const icon = (path) =>
  svg("svg", { viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true" }, svg("path", { d: path }));

/** The sign of the page: a keystone with a keyhole. */
export const mark = () => svg("svg", { viewBox: "0 0 32 32", class: "mark", "aria-hidden": "true" },
  svg("path", { d: "M4 3h24l-5 26H9z" }),
  svg("path", { class: "hole", d: "M16 10a3.4 3.4 0 0 1 1.8 6.3L19 23h-6l1.2-6.7A3.4 3.4 0 0 1 16 10z" }));

/** The address of a view. @param {string} view @param {...string} args */
export const link = (view, ...args) => `#/${[view, ...args].map(encodeURIComponent).join("/")}`;

// --- buttons, words, facts -----------------------------------------------------------------------

/**
 * A button; `kind` is "main" for the one that is meant, "danger" for what cannot be taken back.
 * While `act` is under way it cannot be pressed again; what goes wrong is said in a toast.
 *
 * @param {string} text @param {(event: Event) => unknown} act
 * @param {{kind?: "main" | "danger" | "quiet", describedBy?: string, label?: string}} [how]
 */
export function button(text, act, how = {}) {
  const made = h("button", {
    type: "button",
    class: how.kind ?? "plain",
    "aria-describedby": how.describedBy,
    "aria-label": how.label,
    onclick: (/** @type {Event} */ event) =>
      busy(made, async () => act(event)).catch((error) => toast(problem(error), "bad")),
  }, text);
  return made;
}

/** Do `work` while a button waits. @param {HTMLButtonElement} pressed @param {() => unknown} work */
async function busy(pressed, work) {
  if (pressed.getAttribute("aria-disabled")) return;
  pressed.setAttribute("aria-disabled", "true");
  try {
    await work();
  } finally {
    pressed.removeAttribute("aria-disabled");
  }
}

/**
 * A word with a mark, for a state: never told by its colour alone.
 * @param {string} text @param {"good" | "bad" | "warn" | "calm"} [mood]
 */
export const badge = (text, mood = "calm") => h("span", { class: `badge ${mood}` }, text);

/** Names and what they are, as a list. @param {[string, Child | Child[]][]} pairs */
export const facts = (pairs) =>
  h("dl", { class: "facts" }, pairs.map(([name, value]) =>
    h("div", {}, h("dt", {}, name), h("dd", {}, ...[value].flat()))));

/** What is said where there is nothing to show. @param {string} text @param {"p" | "li"} [tag] li in lists */
export const nothing = (text, tag = "p") => h(tag, { class: "nothing" }, text);

/**
 * A part of a page with its heading. @param {string} title @param {...Child} children
 * @returns {HTMLElement}
 */
export function section(title, ...children) {
  const id = freshId();
  return h("section", { "aria-labelledby": id }, h("h2", { id }, title), ...children);
}

/** The head of a view: its title, and what can be done there. @param {string} title @param {...Child} actions */
export const head = (title, ...actions) =>
  h("div", { class: "head" }, h("h1", { tabindex: -1 }, title),
    h("div", { class: "actions" }, ...actions));

/** A button that copies a text. @param {string} text @param {string} [label] */
export function copyButton(text, label = t("copy")) {
  return button(label, async () => {
    if (navigator.clipboard) await navigator.clipboard.writeText(text);
    else copyByHand(text);
    toast(t("copied"));
  });
}

/** Without TLS browsers have no clipboard, but this. @param {string} text */
function copyByHand(text) {
  const area = h("textarea", { class: "away" });
  area.value = text;
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

// --- telling -------------------------------------------------------------------------------------

/** Say something that goes away by itself, to eyes and ears. @param {string} text @param {"good" | "bad"} [mood] */
export function toast(text, mood = "good") {
  const place = /** @type {HTMLElement} */ (document.getElementById("toasts"));
  const shown = h("p", { class: `toast ${mood}` }, text,
    h("button", { type: "button", class: "close", "aria-label": t("close"),
      onclick: () => shown.remove() }, icon("M4 4l8 8M12 4l-8 8")));
  // A dialog lies above everything else, so it says what concerns it itself.
  place.append(shown);
  if (place.showPopover) {
    if (place.matches(":popover-open")) place.hidePopover();
    place.showPopover();
  }
  setTimeout(() => shown.remove(), mood === "bad" ? 12_000 : 5_000);
}

// --- forms ---------------------------------------------------------------------------------------

/**
 * @typedef {object} FieldHow
 * @property {string} [type] of the input; "select" and "textarea" are elements of their own
 * @property {string} [value]
 * @property {string} [hint] below the label
 * @property {string} [autocomplete]
 * @property {boolean} [required]
 * @property {boolean} [checked]
 * @property {[string, string][]} [options] of a select: value and text
 * @property {Record<string, any>} [more] further attributes
 *
 * @typedef {HTMLInputElement & HTMLSelectElement & HTMLTextAreaElement} Input
 * @typedef {{root: HTMLElement, input: Input, say: (text: string) => void, value: string,
 *            checked: boolean}} Field
 */

/** A field with its label, hint, and place for what is wrong. @param {string} label @param {FieldHow} [how] @returns {Field} */
export function field(label, how = {}) {
  const [id, hintId, errorId] = [freshId(), freshId(), freshId()];
  const type = how.type ?? "text";
  const isBox = type === "checkbox" || type === "radio";
  const tag = type === "select" || type === "textarea" ? type : "input";
  const input = /** @type {Input} */ (h(tag, {
    id,
    type: tag === "input" ? type : undefined,
    autocomplete: how.autocomplete ?? (isBox || tag === "select" ? undefined : "off"),
    "aria-describedby": how.hint ? `${hintId} ${errorId}` : errorId,
    "aria-required": how.required,
    autocapitalize: "none",
    spellcheck: "false",
    ...how.more,
  }, (how.options ?? []).map(([value, text]) => h("option", { value }, text))));
  if (how.value !== undefined) input.value = how.value;
  if (how.checked) input.checked = true;
  const error = h("p", { class: "error", id: errorId });
  const hint = how.hint && h("p", { class: "hint", id: hintId }, how.hint);
  const name = h("label", { for: id }, label);
  const shown = type === "password" ? withEye(input) : input;
  const root = isBox
    ? h("div", { class: "field box" }, input, h("div", {}, name, hint, error))
    : h("div", { class: "field" }, name, hint, shown, error);
  input.addEventListener("input", () => say(""));
  /** @param {string} text */
  function say(text) {
    error.textContent = text;
    if (text) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  }
  return {
    root,
    input,
    say,
    get value() { return input.value; },
    set value(text) { input.value = text; },
    get checked() { return input.checked; },
    set checked(is) { input.checked = is; },
  };
}

/** Let a password be seen. @param {HTMLInputElement} input */
function withEye(input) {
  const eye = h("button", { type: "button", class: "eye", "aria-pressed": "false",
    "aria-label": t("password.show"), onclick: () => {
      const hidden = input.type === "password";
      input.type = hidden ? "text" : "password";
      eye.setAttribute("aria-pressed", String(hidden));
    } }, icon("M1 8s2.5-4.5 7-4.500S15 8 15 8s-2.5 4.5-7 4.500S1 8 1 8zM8 10a2 2 0 1 0 0-4 2 2 0 0 0 0 4z"));
  return h("div", { class: "with-eye" }, input, eye);
}

/**
 * A form: fields, what is wrong with the whole, and its buttons. `submit` may throw; what it
 * throws is said above the buttons, and nothing that was typed is lost. `check` says what is wrong
 * with fields before anything is sent; the first one that is gets the focus.
 *
 * @param {object} how
 * @param {(Field | HTMLElement | null | false)[]} how.fields
 * @param {string} how.action what the button says
 * @param {() => unknown} how.submit
 * @param {() => [Field, string][]} [how.check]
 * @param {Child[]} [how.buttons] further ones
 * @param {"main" | "danger"} [how.kind]
 * @param {(error: unknown, say: (text: string) => void) => boolean} [how.refused] says it in its
 *   own way; gives whether it did
 */
export function form(how) {
  const wrong = h("p", { class: "error", role: "alert" });
  const send = h("button", { type: "submit", class: how.kind ?? "main" }, how.action);
  const made = h("form", { novalidate: true, onsubmit: async (/** @type {Event} */ event) => {
    event.preventDefault();
    wrong.textContent = "";
    const faults = (how.check?.() ?? []).filter(([, text]) => text);
    for (const [one, text] of faults) one.say(text);
    if (faults.length) return faults[0][0].input.focus();
    try {
      await busy(send, how.submit);
    } catch (error) {
      /** @param {string} text */
      const say = (text) => void (wrong.textContent = text);
      if (!how.refused?.(error, say)) say(problem(error));
    }
  } },
    how.fields.map((one) => (one && "root" in one ? one.root : one)),
    wrong,
    h("div", { class: "buttons" }, send, ...(how.buttons ?? [])));
  return made;
}

/** Say that a field must not be empty. @param {...Field} fields @returns {[Field, string][]} */
export const required = (...fields) =>
  fields.map((one) => [one, one.value.trim() ? "" : t("field.required")]);

// --- dialogs -------------------------------------------------------------------------------------

/**
 * Show a dialog until it is closed. Focus stays within, Escape closes it, and focus goes back to
 * where it was; all that the browser does.
 *
 * @param {string} title @param {(close: () => void) => Child[]} content
 * @returns {Promise<void>} once it is closed
 */
export function dialog(title, content) {
  return new Promise((resolve) => {
    const id = freshId();
    const shown = h("dialog", { "aria-labelledby": id, onclose: () => {
      shown.remove();
      resolve();
    } });
    fill(shown, h("h2", { id }, title), ...content(() => shown.close()));
    document.body.append(shown);
    shown.showModal();
    shown.querySelector("input, select, textarea")?.dispatchEvent(new Event("shown"));
  });
}

/**
 * Ask before something that cannot be taken back: the name has to be typed.
 *
 * @param {object} how
 * @param {string} how.title @param {string} how.text what will happen
 * @param {string} how.name what must be typed
 * @param {string} how.action @param {() => unknown} how.act
 * @param {Child[]} [how.more] such as what would change
 */
export function confirmByName(how) {
  return dialog(how.title, (close) => {
    const typed = field(t("confirm.type", { name: how.name }));
    return [
      h("p", {}, how.text),
      ...(how.more ?? []),
      form({
        fields: [typed],
        action: how.action,
        kind: "danger",
        check: () => [[typed, typed.value.trim() === how.name ? "" : t("confirm.differs")]],
        submit: async () => {
          await how.act();
          close();
        },
        buttons: [button(t("cancel"), close)],
      }),
    ];
  });
}
