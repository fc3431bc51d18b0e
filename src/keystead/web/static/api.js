// The connection to the server's public API: requests, notifications, and coming back by itself.

const FIRST_PAUSE = 250; // milliseconds until the first attempt to come back; doubled each time
const LONGEST_PAUSE = 10_000;
const SHORT_GAP = 3_000; // for which a request waits
const KEEP_ALIVE = 30_000; // so that a dead connection is noticed
const PATIENCE = 60_000; // for one reply

/** What the server refused; `word` is AccessError..., UserError... or a text of its own. */
export class Refused extends Error {
  name = "Refused";

  /** @param {string} word @param {number} [retryAfter] seconds to wait */
  constructor(word, retryAfter) {
    super(word);
    this.word = word;
    this.retryAfter = retryAfter;
  }
}

/** There is no connection, or it went before the reply came. */
export class Lost extends Error {
  name = "Lost";
}

/** @type {WebSocket} */
let socket;
let lastId = 0;
let pause = FIRST_PAUSE;
let timer = 0;
/** @type {Map<number, {resolve: (value: any) => void, reject: (error: Error) => void}>} */
const waiting = new Map();
/** @type {Map<string, Set<(params: any) => void>>} */
const listeners = new Map();
/** @type {(() => void)[]} */
let comers = []; // who wait for the connection

/** The connection. */
export const api = {
  state: /** @type {"connecting" | "open" | "lost"} */ ("connecting"),
  token: "",
  /** Called when the connection opens and the server has said Hello. @type {(hello: Hello) => void} */
  onhello: () => {},
  /** Called when `state` changes. */
  onstate: () => {},
  /** Called when the token is good no more. */
  onsignedout: () => {},

  /** Connect, and go on doing so whenever the connection ends. */
  start() {
    clearTimeout(timer);
    const made = socket = new WebSocket(`${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/`);
    let beat = 0;
    made.onopen = async () => {
      try {
        const hello = await greet();
        pause = FIRST_PAUSE;
        beat = setInterval(keepAlive, KEEP_ALIVE);
        become("open");
        for (const comer of comers) comer();
        comers = [];
        api.onhello(hello);
      } catch {
        made.close();
      }
    };
    made.onmessage = ({ data }) => take(JSON.parse(data));
    made.onclose = () => {
      clearInterval(beat);
      if (socket !== made) return;
      for (const { reject } of waiting.values()) reject(new Lost());
      waiting.clear();
      become("lost");
      timer = setTimeout(api.start, pause * (0.75 + Math.random() / 2));
      pause = Math.min(2 * pause, LONGEST_PAUSE);
    };
  },

  /** Try at once. */
  retry() {
    if (api.state !== "lost") return;
    pause = FIRST_PAUSE;
    api.start();
  },

  /**
   * Ask the server. Throws what it refused, or `Lost` once the connection is not back in a short while.
   * @template {MethodName} M @param {M} method @param {Params<M>} [params] @returns {Promise<Returns<M>>}
   */
  async ask(method, params) {
    if (api.state !== "open") {
      await new Promise((resolve, reject) => {
        comers.push(() => resolve(null));
        setTimeout(() => reject(new Lost()), SHORT_GAP);
      });
    }
    return send(method, params ?? {});
  },

  /** Hear of a notification; give what ends that. @template {NotificationName} N @param {N} name @param {(params: Notifications[N]) => void} heard */
  on(name, heard) {
    const all = listeners.get(name) ?? new Set();
    listeners.set(name, all.add(heard));
    return () => void all.delete(heard);
  },

  /** Begin anew on this connection with another token. */
  async become(token = "") {
    api.token = token;
    api.onhello(await greet());
  },
};

async function greet() {
  const hello = await send("JSONRPC.Hello", { locale: document.documentElement.lang });
  if (api.token && !hello.authenticated) signedOut();
  return hello;
}

function signedOut() {
  api.token = "";
  api.onsignedout();
}

/** @returns {Promise<any>} */
const send = (method = "", params = {}) => new Promise((resolve, reject) => {
  const to = socket;
  if (to.readyState !== WebSocket.OPEN) return reject(new Lost());
  const id = ++lastId;
  waiting.set(id, { resolve, reject });
  setTimeout(() => waiting.has(id) && to.close(), PATIENCE);
  to.send(JSON.stringify({ id, method, params, token: api.token || undefined }));
});

/** @param {any} message */
function take({ id, notification, status, params, error, retryAfter }) {
  if (notification) {
    for (const heard of listeners.get(notification) ?? []) heard(params);
    return;
  }
  const { resolve, reject } = waiting.get(id) ?? {};
  waiting.delete(id);
  const refusal = status === "success" ? params?.error : error;
  if (status === "unauthorized") {
    reject?.(new Lost());
    signedOut();
  } else if (status !== "success" || (refusal && !refusal.endsWith("ErrorNoError"))) {
    reject?.(new Refused(refusal, retryAfter));
  } else {
    resolve?.(params);
  }
}

function keepAlive() {
  if (!api.token) return;
  const to = socket;
  const late = setTimeout(() => to.close(), KEEP_ALIVE / 2);
  const isThere = () => clearTimeout(late); // whatever it says
  send("JSONRPC.KeepAlive", { sessionId: "" }).then(isThere, isThere);
}

/** @param {"open" | "lost"} state */
function become(state) {
  if (api.state === state) return;
  api.state = state;
  api.onstate();
}
