// The parts that all views are made of, built with `h`: nothing that came over the wire is ever read as HTML.

import { ago, clock, dateTime, problem, t } from "./i18n.js";

let lastId = 0;
let waiting = 0;

/** An id that nothing else has, to tie labels and fields together. */
export const freshId = () => `n${++lastId}`;

/**
 * Make an element. `on...` are listeners, true and false set and leave out an attribute; a text is its class.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag @param {Record<string, any> | string} [attributes] @param {...Children} children
 */
export function h(tag, attributes = "", ...children) {
  const element = document.createElement(tag);
  const all = typeof attributes === "string" ? { class: attributes || null } : attributes;
  for (const [name, value] of Object.entries(all)) {
    if ((value ?? false) === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  fill(element, ...children);
  return element;
}

/**
 * Replace what is in an element, where it changed; what has a data-key and is as it was stays. Keeps the focus.
 * @param {Element} element @param {...Children} children
 */
export function fill(element, ...children) {
  const had = document.activeElement;
  const isWithin = had !== element && element.contains(had);
  const old = new Map([...element.children].map((one) => [one.getAttribute("data-key"), one]));
  const nodes = children.flat().filter((child) => child || child === 0 || child === "").map((child) => {
    const node = /** @type {Node} */ (typeof child === "object" ? child : document.createTextNode(String(child)));
    const same = node instanceof Element && old.get(node.getAttribute("data-key") ?? "");
    return same && same.isEqualNode(node) ? same : node;
  });
  if (nodes.length === element.childNodes.length && nodes.every((node, at) => node === element.childNodes[at])) return;
  element.replaceChildren(...nodes);
  if (!had || !isWithin || document.activeElement === had) return;
  const next = had.isConnected ? had
    : [...element.querySelectorAll(had.tagName)].find((one) => spoken(one) === spoken(had));
  /** @type {HTMLElement | undefined} */ (next)?.focus({ preventScroll: true });
}

/** @param {Element} element */
const spoken = (element) => element.getAttribute("aria-label") ?? element.textContent;

/** @param {string} tag @param {Record<string, string | number>} attributes @param {...Node} children */
export function svg(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/** An icon of one path, which says nothing by itself. */
export const icon = (path = "") =>
  svg("svg", { viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true" }, svg("path", { d: path }));

/** The sign of the page: a keystone with a keyhole. */
export const mark = () => svg("svg", { viewBox: "0 0 32 32", class: "mark", "aria-hidden": "true" },
  svg("path", { d: "M4 3h24l-5 26H9z" }),
  svg("path", { class: "hole", d: "M16 10a3.4 3.4 0 0 1 1.8 6.3L19 23h-6l1.2-6.7A3.4 3.4 0 0 1 16 10z" }));

/** The address of a view. @param {...string} parts its name, and what follows it */
export const link = (...parts) => `#/${parts.map(encodeURIComponent).join("/")}`;

/** The way back to all of them. @param {"users" | "groups" | "tokens"} view */
export const back = (view) => h("p", "", h("a", { href: link(view) }, `← ${t(view)}`));

/** A user's name, and the way there. */
export const userLink = (name = "") => name ? h("a", { href: link("users", name) }, name) : t("user.paired");

/** A button that cannot be pressed again meanwhile. @param {string} text @param {() => unknown} act @param {ButtonHow} [how] */
export function button(text, act, how = {}) {
  const made = h("button", { type: "button", class: how.kind ?? "plain", "aria-label": how.label,
    onclick: () => busy(made, act).catch((error) => toast(problem(error), "bad")) }, text);
  return made;
}

/** @param {HTMLButtonElement} pressed @param {() => unknown} work */
async function busy(pressed, work) {
  if (pressed.ariaDisabled) return;
  pressed.ariaDisabled = "true";
  try {
    await work();
  } finally {
    pressed.ariaDisabled = null;
  }
}

/** A state, not told by its colour alone. */
export const badge = (text = "", mood = "calm") => h("span", `badge ${mood}`, text);

/** Names and what they are. @param {[string, Children][]} pairs */
export const facts = (pairs) => h("dl", "facts", pairs.map(([name, value]) =>
  h("div", "", h("dt", "", name), h("dd", "", value))));

/** A list, to be filled with rows. */
export const rows = () => h("ul", "rows");

/** One of a list. @param {Children} name @param {Children} what @param {Child} when */
export const row = (name, what, when) => h("li", "", h("span", "name", name),
  h("span", "what", what), h("span", "when", when));

/** How long ago it was, in milliseconds since 1970. */
export const timeAgo = (time = 0) =>
  h("time", { datetime: new Date(time).toISOString(), title: dateTime(time) }, ago(time));

/** Where there is nothing to show. @param {string} text @param {"p" | "li"} [tag] */
export const nothing = (text, tag = "p") => h(tag, { class: "nothing" }, text);

/** A part of a page with its heading. @param {string} title @param {...Children} children */
export function section(title, ...children) {
  const id = freshId();
  return h("section", { "aria-labelledby": id }, h("h2", { id }, title), ...children);
}

/** The head of a view. @param {string} title @param {...Child} actions what can be done there */
export const head = (title, ...actions) =>
  h("div", "head", h("h1", { tabindex: -1 }, title), h("div", "actions", actions));

/** A button that copies a text. */
export const copyButton = (text = "") => button(t("copy"), async () => {
  if (navigator.clipboard) await navigator.clipboard.writeText(text);
  else copyByHand(text);
  toast(t("copied"));
});

/** Without TLS browsers have no clipboard, but this. */
function copyByHand(text = "") {
  const area = h("textarea", "away", text);
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

/** Say something that goes away by itself. */
export function toast(text = "", mood = "good") {
  const place = /** @type {HTMLElement} */ (document.getElementById("toasts"));
  const shown = h("p", `toast ${mood}`, text, h("button", { type: "button", class: "close",
    "aria-label": t("close"), onclick: () => shown.remove() }, icon("M4 4l8 8M12 4l-8 8")));
  place.append(shown);
  if (place.showPopover) { // anew, so that it lies above a dialog
    if (place.matches(":popover-open")) place.hidePopover();
    place.showPopover();
  }
  setTimeout(() => shown.remove(), mood === "bad" ? 12_000 : 5_000);
}

/** A field with all around it. @param {string} label @param {FieldHow} [how] @returns {Field} */
export function field(label, how = {}) {
  const [id, hintId, errorId] = [freshId(), freshId(), freshId()];
  const type = how.type ?? "text";
  const isBox = type === "checkbox";
  const tag = type === "select" || type === "textarea" ? type : "input";
  const input = /** @type {Input} */ (h(tag, {
    id,
    type: tag === "input" && type,
    autocomplete: how.autocomplete ?? (isBox || tag === "select" ? undefined : "off"),
    "aria-describedby": how.hint ? `${hintId} ${errorId}` : errorId,
    "aria-required": how.required,
    checked: how.checked,
    autocapitalize: "none",
    spellcheck: "false",
    ...how.more,
  }, how.options && optionsOf(how.options)));
  if (how.value !== undefined) input.value = how.value;
  const error = h("p", { class: "error", id: errorId });
  const hint = how.hint && h("p", { class: "hint", id: hintId }, how.hint);
  const name = h("label", { for: id }, label);
  const shown = type === "password" ? withEye(input) : input;
  const root = isBox ? h("div", "field box", input, h("div", "", name, hint, error))
    : h("div", "field", name, hint, shown, error);
  const say = (text = "") => {
    error.textContent = text;
    input.ariaInvalid = text ? "true" : null;
  };
  input.addEventListener("input", () => say());
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

/** Of a select. @param {[string, string][]} options values and texts */
export const optionsOf = (options) => options.map(([value, text]) => h("option", { value }, text));

/** Let a password be seen. @param {HTMLInputElement} input */
function withEye(input) {
  const eye = h("button", { type: "button", class: "eye", "aria-pressed": "false",
    "aria-label": t("password.show"), onclick: () => {
      input.type = input.type === "text" ? "password" : "text";
      eye.ariaPressed = String(input.type === "text");
    } }, icon("M1 8s2.5-4.5 7-4.5S15 8 15 8s-2.5 4.5-7 4.5S1 8 1 8zM8 10a2 2 0 1 0 0-4 2 2 0 0 0 0 4z"));
  return h("div", "with-eye", input, eye);
}

/** A form: fields, what is wrong with the whole, and its buttons. @param {FormHow} how */
export function form(how) {
  const wrong = h("p", { class: "error", role: "alert" });
  const say = (text = "") => void (wrong.textContent = text);
  const send = h("button", { type: "submit", class: how.kind ?? "main" }, how.action);
  return h("form", { novalidate: true, onsubmit: async (/** @type {Event} */ event) => {
    event.preventDefault();
    clearTimeout(waiting);
    say();
    const faults = (how.check?.() ?? []).filter(([, text]) => text);
    for (const [one, text] of faults) one.say(text);
    if (faults.length) return faults[0][0].input.focus();
    try {
      await busy(send, how.submit);
    } catch (error) {
      const refusal = /** @type {Refusal} */ (error);
      if (refusal.retryAfter) return countDown(refusal.retryAfter, say);
      const at = how.at?.(refusal);
      (at?.say ?? say)(problem(error));
      at?.input.focus();
    }
  } },
  how.fields?.map((one) => (one && "root" in one ? one.root : one)) ?? [],
  wrong,
  h("div", "buttons", send, how.buttons));
}

/** Say how long to wait, each second anew. @param {Field["say"]} say */
function countDown(seconds = 0, say) {
  const end = Date.now() + seconds * 1000;
  const tick = () => {
    const left = Math.ceil((end - Date.now()) / 1000);
    say(left > 0 ? t("sign-in.wait", { time: clock(left) }) : t("sign-in.wait.over"));
    if (left > 0) waiting = setTimeout(tick, 1000);
  };
  tick();
}

/** Say that a field must not be empty. @param {...Field} fields @returns {Fault[]} */
export const required = (...fields) => fields.map((one) => [one, one.value.trim() ? "" : t("field.required")]);

/** Show a dialog until it is closed. @param {string} title @param {(close: () => void) => Children[]} content @returns {Promise<void>} */
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
  });
}

/** Ask with a form in a dialog; tell whether it was submitted. @param {string} title @param {AskHow} how */
export async function ask(title, how) {
  let isDone = false;
  await dialog(title, (close) => [how.lead, form({ action: title, ...how, submit: async () => {
    isDone = (await how.submit()) !== false;
    if (isDone) close();
  }, buttons: [button(t("cancel"), close)] })]);
  return isDone;
}
