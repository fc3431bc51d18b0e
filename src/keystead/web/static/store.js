// What the whole page knows: the connection, who is signed in, what they may do, and their token.

import { Lost, Refused, api } from "./api.js";

const TOKEN = "keystead.token";
const DEVICE = "keystead.device";
const QUIET = 120; // milliseconds in which several changes count as one

export { api };

/** @type {{phase: Phase, me: Me | null, setup: Setup | null, hello: Hello | null, wasSignedOut: boolean}} */
export const state = { phase: "wait", me: null, setup: null, hello: null, wasSignedOut: false };

const bell = new EventTarget();

/** Hear when `state` has changed, or the rest. @param {Heard} what @param {() => void} heard @param {AbortSignal} [signal] */
export const listen = (what, heard, signal) => bell.addEventListener(what, heard, { signal });

/** Tell the whole page. @param {Heard} what */
export const ring = (what) => bell.dispatchEvent(new Event(what));

/** Tell whether whoever is signed in may do what a view needs. @param {Need} [need] */
export const may = (need, { me } = state) => me !== null && (!need || {
  users: me.rights.includes("AccessRightUserEdit"),
  admin: me.scopes.includes("PermissionScopeAdmin"),
  own: me.ownAccount,
  tokens: me.ownAccount || me.rights.includes("AccessRightUserEdit"),
}[need]);

/** Do something every so many milliseconds. @param {number} pause @param {() => unknown} act @param {AbortSignal} signal */
export function every(pause, act, signal) {
  const timer = setInterval(act, pause);
  signal.addEventListener("abort", () => clearInterval(timer));
}

/**
 * Load now, at these notifications, and when the connection is back. Several changes in short time are loaded
 * once; where the server cannot be asked, or refuses, the next time does. Gives what has it loaded again.
 * @param {NotificationName[]} names @param {() => Promise<unknown>} load @param {AbortSignal} signal
 */
export function live(names, load, signal) {
  let isWanted = false;
  const once = () => load().catch((error) => {
    if (!(error instanceof Lost || error instanceof Refused)) throw error;
  });
  let last = once();
  // One after the other, and at most one more than is under way.
  const again = () => {
    if (isWanted) return;
    isWanted = true;
    const pause = () => new Promise((resolve) => setTimeout(resolve, QUIET));
    last = last.then(pause, pause).then(() => {
      isWanted = false;
      return signal.aborted ? undefined : once();
    });
  };
  for (const name of names) signal.addEventListener("abort", api.on(name, again));
  listen("state", again, signal);
  return again;
}

/** What this device was called at the last sign-in. */
export const deviceName = () => localStorage.getItem(DEVICE) ?? "";

/** Sign in; `stay` when the tab is closed. */
export async function signIn(username = "", password = "", device = "", stay = false) {
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
  settle("sign-in");
}

function forget() {
  sessionStorage.removeItem(TOKEN);
  localStorage.removeItem(TOKEN);
}

/** Tell whether the token outlives this tab. */
export const stays = () => localStorage.getItem(TOKEN) !== null;

/** Connect, with the token that this browser has. */
export function start() {
  api.token = sessionStorage.getItem(TOKEN) ?? localStorage.getItem(TOKEN) ?? "";
  api.onstate = () => ring("connection");
  api.onsignedout = () => {
    forget();
    state.wasSignedOut = state.phase === "in";
    if (state.phase !== "wait") settle("sign-in");
  };
  api.onhello = greet;
  const refresh = () => state.phase === "in" && welcome();
  api.on("Access.AccountChanged", refresh);
  api.on("Access.GroupChanged", refresh);
  api.start();
}

/** @param {Hello} hello */
async function greet(hello) {
  try {
    state.hello = hello;
    state.setup = await api.ask("Access.GetSetup");
    if (hello.initialSetupRequired) return settle("set-up");
    if (hello.authenticationRequired && !hello.authenticated) return settle("sign-in");
    await api.ask("JSONRPC.SetNotificationStatus", { namespaces: ["Access", "Users"] });
    await welcome();
  } catch {
    // the connection went; it comes back with another Hello
  }
}

const welcome = () => api.ask("Access.GetOwnState").then((me) => settle("in", me), () => {});

/** @param {Phase} phase @param {Me | null} me */
function settle(phase, me = null) {
  Object.assign(state, { phase, me });
  ring("state");
}
