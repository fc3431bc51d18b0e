// @ts-check
// The connection to the server: one WebSocket, requests by id, notifications, and coming back by
// itself. It is the public API and nothing else; its types are generated from the methods.

/**
 * @typedef {import("../../../../docs/reference/api").Methods} Methods
 * @typedef {import("../../../../docs/reference/api").MethodName} MethodName
 * @typedef {import("../../../../docs/reference/api").Notifications} Notifications
 * @typedef {import("../../../../docs/reference/api").NotificationName} NotificationName
 * @typedef {import("../../../../docs/reference/api").HelloReturns} Hello
 * @typedef {"connecting" | "open" | "lost"} State
 * @typedef {{resolve: (value: any) => void, reject: (error: Error) => void, method: string}} Waiting
 */

const FIRST_PAUSE = 250; // milliseconds until the first attempt to come back; doubled each time
const LONGEST_PAUSE = 10_000;
const SHORT_GAP = 3_000; // for which a request waits
const KEEP_ALIVE = 30_000; // so that a dead connection is noticed
const PATIENCE = 60_000; // for one reply

/** What the server refused; `word` is AccessError..., UserError... or a text of its own. */
export class Refused extends Error {
  /** @param {string} word @param {number} [retryAfter] seconds to wait */
  constructor(word, retryAfter) {
    super(word);
    this.name = "Refused";
    this.word = word;
    this.retryAfter = retryAfter;
  }
}

/** There is no connection, or it went before the reply came. */
export class Lost extends Error {
  constructor() {
    super("lost");
    this.name = "Lost";
  }
}

export class Api {
  /** @type {State} */
  state = "connecting";
  token = "";
  locale = "en_US";

  /** Called when the connection opens and the server has said Hello. @type {(hello: Hello) => void} */
  onhello = () => {};
  /** Called when `state` changes. @type {(state: State) => void} */
  onstate = () => {};
  /** Called when the token is good no more. */
  onsignedout = () => {};

  /** @type {WebSocket | null} */
  #socket = null;
  #lastId = 0;
  #pause = FIRST_PAUSE;
  #timer = 0;
  /** @type {Map<number, Waiting>} */
  #waiting = new Map();
  /** @type {Map<string, Set<(params: any) => void>>} */
  #listeners = new Map();
  /** @type {(() => void)[]} */
  #comers = []; // who wait for the connection

  /** Connect, and go on doing so whenever the connection ends. */
  start() {
    clearTimeout(this.#timer);
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/`);
    this.#socket = socket;
    let beat = 0;
    socket.onopen = async () => {
      try {
        const hello = await this.#hello();
        this.#pause = FIRST_PAUSE;
        beat = setInterval(() => void this.#keepAlive(socket), KEEP_ALIVE);
        this.#become("open");
        this.onhello(hello);
      } catch {
        socket.close();
      }
    };
    socket.onmessage = ({ data }) => this.#take(JSON.parse(data));
    socket.onclose = () => {
      clearInterval(beat);
      if (this.#socket !== socket) return;
      this.#fail();
      this.#become("lost");
      this.#timer = setTimeout(() => this.start(), this.#pause * (0.75 + Math.random() / 2));
      this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE);
    };
  }

  /** Try at once, as when somebody presses a button. */
  retry() {
    if (this.state === "lost") {
      this.#pause = FIRST_PAUSE;
      this.start();
    }
  }

  /**
   * Ask the server. A refusal of the rules is thrown as `Refused`, a missing connection as `Lost`;
   * for a short while it is waited for, as the server ends some to have them begin anew.
   *
   * @template {MethodName} M
   * @param {M} method
   * @param {Methods[M]["params"]} [params]
   * @returns {Promise<Methods[M]["returns"]>}
   */
  async ask(method, params) {
    if (this.state !== "open") await this.#opened();
    return this.#send(method, params ?? {}, this.token);
  }

  /** @returns {Promise<void>} */
  #opened() {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Lost()), SHORT_GAP);
      this.#comers.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /**
   * Hear of a notification; give what ends that.
   *
   * @template {NotificationName} N
   * @param {N} name
   * @param {(params: Notifications[N]) => void} heard
   */
  on(name, heard) {
    const all = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, all.add(heard));
    return () => void all.delete(heard);
  }

  /** Begin anew on this connection with another token, or with none. @param {string} token */
  async become(token) {
    this.token = token;
    this.onhello(await this.#hello());
  }

  async #hello() {
    const hello = await this.#send("JSONRPC.Hello", { locale: this.locale }, this.token);
    if (this.token && !hello.authenticated) {
      this.token = "";
      this.onsignedout();
    }
    return hello;
  }

  /**
   * @param {string} method @param {object} params @param {string} token
   * @returns {Promise<any>}
   */
  #send(method, params, token) {
    const socket = this.#socket;
    if (!socket || socket.readyState !== WebSocket.OPEN) return Promise.reject(new Lost());
    const id = ++this.#lastId;
    const request = token ? { id, method, params, token } : { id, method, params };
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, method });
      setTimeout(() => this.#waiting.has(id) && socket.close(), PATIENCE);
      socket.send(JSON.stringify(request));
    });
  }

  /** @param {any} message */
  #take(message) {
    if (message.notification) {
      for (const heard of this.#listeners.get(message.notification) ?? []) heard(message.params);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.status === "unauthorized") {
      this.token = "";
      waiting?.reject(new Lost());
      this.onsignedout();
    } else if (!waiting) {
      return;
    } else if (message.status !== "success") {
      waiting.reject(new Refused(message.error, message.retryAfter));
    } else if (message.params?.error && !message.params.error.endsWith("ErrorNoError")) {
      waiting.reject(new Refused(message.params.error, message.retryAfter));
    } else {
      waiting.resolve(message.params);
    }
  }

  /** @param {WebSocket} socket */
  async #keepAlive(socket) {
    const timer = setTimeout(() => socket.close(), KEEP_ALIVE / 2);
    try {
      if (this.token) await this.ask("JSONRPC.KeepAlive", { sessionId: "" });
    } catch {
      // whatever it says, it is there
    } finally {
      clearTimeout(timer);
    }
  }

  #fail() {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(new Lost());
  }

  /** @param {State} state */
  #become(state) {
    if (this.state === state) return;
    this.state = state;
    if (state === "open") for (const comer of this.#comers.splice(0)) comer();
    this.onstate(state);
  }
}
