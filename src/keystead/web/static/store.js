// @ts-check
// What the whole page knows: the connection, who is signed in, what they may do, and their token.

import { Api, Refused } from "./api.js";
import { locale } from "./i18n.js";

/**
 * @typedef {import("../../../../docs/reference/api").Methods} Methods
 * @typedef {Methods["Access.GetOwnState"]["returns"]} Me
 * @typedef {Methods["Access.GetSetup"]["returns"]} Setup
 * @typedef {import("./api.js").NotificationName} NotificationName
 * @typedef {"users" | "admin" | "own" | "tokens"} Need
 * @typedef {"wait" | "set-up" | "sign-in" | "in"} Phase
 */

const TOKEN = "keystead.token";
const DEVICE = "keystead.device";
const QUIET = 120; // milliseconds in which several changes count as one

export const api = new Api();

/** @type {{phase: Phase, me: Me | null, setup: Setup | null, hello: import("./api.js").Hello | null,
 *          wasSignedOut: boolean}} */
export const state = { phase: "wait", me: null, setup: null, hello: null, wasSignedOut: false };

const bell = new EventTarget();

/** @typedef {"state" | "connection" | "language"} What */

/**
 * Hear when `state` has changed ("state"), or the connection has, or the language that is chosen.
 * @param {What} what @param {() => void} heard @param {AbortSignal} [signal]
 */
export const listen = (what, heard, signal) => bell.addEventListener(what, heard, { signal });

/** Tell the whole page. @param {What} what */
export const ring = (what) => bell.dispatchEvent(new Event(what));

/**
 * Tell whether whoever is signed in may do what a view needs.
 * @param {Need} [need] @returns {boolean}
 */
export function may(need) {
  const me = state.me;
  if (!me) return false;
  switch (need) {
    case "users":
      return me.rights.includes("AccessRightUserEdit");
    case "admin":
      return me.scopes.includes("PermissionScopeAdmin");
    case "own":
      return me.ownAccount;
    case "tokens":
      return me.ownAccount || may("users");
    default:
      return true;
  }
}

/**
 * Have `load` called now, when one of these notifications comes, and when the connection is back,
 * until `signal` ends that. Several changes in short time are loaded once.
 *
 * @param {NotificationName[]} names @param {() => Promise<void>} load @param {AbortSignal} signal
 */
export function live(names, load, signal) {
  let isWanted = false;
  let last = load();
  // One after the other, and at most one more than is under way, however many changes there are.
  const soon = () => {
    if (isWanted) return;
    isWanted = true;
    const pause = () => new Promise((resolve) => setTimeout(resolve, QUIET));
    last = last.then(pause, pause).then(() => {
      isWanted = false;
      return signal.aborted ? undefined : load();
    });
  };
  const ends = names.map((name) => api.on(name, soon));
  listen("state", soon, signal);
  signal.addEventListener("abort", () => ends.forEach((end) => end()));
  return last;
}

// --- signing in and out --------------------------------------------------------------------------

/** What this device was called at the last sign-in. */
export const deviceName = () => localStorage.getItem(DEVICE) ?? "";

/**
 * @param {string} username @param {string} password @param {string} device
 * @param {boolean} stay whether the token outlives this tab
 */
export async function signIn(username, password, device, stay) {
  const answer = await api.ask("JSONRPC.Authenticate", { username, password, deviceName: device });
  if (!answer.success || !answer.token) throw new Refused("AccessErrorSignInFailed");
  forget();
  (stay ? localStorage : sessionStorage).setItem(TOKEN, answer.token);
  localStorage.setItem(DEVICE, device);
  state.wasSignedOut = false;
  await api.become(answer.token);
}

/** Revoke this browser's token, and forget it. */
export async function signOut() {
  await api.ask("Access.SignOut");
  forget();
  api.token = "";
  settle("sign-in", null);
}

function forget() {
  sessionStorage.removeItem(TOKEN);
  localStorage.removeItem(TOKEN);
}

/** Tell whether the token outlives this tab. */
export const stays = () => localStorage.getItem(TOKEN) !== null;

// --- from Hello to what is shown -----------------------------------------------------------------

/** Connect, with the token that this browser has. */
export function start() {
  api.token = sessionStorage.getItem(TOKEN) ?? localStorage.getItem(TOKEN) ?? "";
  api.locale = locale();
  api.onstate = () => ring("connection");
  api.onsignedout = () => {
    forget();
    state.wasSignedOut = state.phase === "in";
    if (state.phase !== "wait") settle("sign-in", null);
  };
  api.onhello = (hello) => void greet(hello);
  for (const name of /** @type {const} */ (["Access.AccountChanged", "Access.GroupChanged"])) {
    api.on(name, () => void refreshMe());
  }
  api.start();
}

/** @param {import("./api.js").Hello} hello */
async function greet(hello) {
  try {
    state.hello = hello;
    state.setup = await api.ask("Access.GetSetup");
    if (hello.initialSetupRequired) return settle("set-up", null);
    if (hello.authenticationRequired && !hello.authenticated) return settle("sign-in", null);
    await api.ask("JSONRPC.SetNotificationStatus", { namespaces: ["Access", "Users"] });
    settle("in", await api.ask("Access.GetOwnState"));
  } catch {
    // the connection went meanwhile; it comes back with another Hello
  }
}

async function refreshMe() {
  if (state.phase !== "in") return;
  try {
    settle("in", await api.ask("Access.GetOwnState"));
  } catch {
    // as above
  }
}

/** @param {Phase} phase @param {Me | null} me */
function settle(phase, me) {
  state.phase = phase;
  state.me = me;
  ring("state");
}
