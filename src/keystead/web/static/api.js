// The connection to the server: one WebSocket, requests by id, notifications, and coming back by
// itself. It is the public API and nothing else; its types are generated from the methods.

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

/** The connection: `ask` and `on` are for views. */
export class Api {
  /** @type {"connecting" | "open" | "lost"} */
  state = "connecting";
  token = "";
  locale = "en_US";

  /** Called when the connection opens and the server has said Hello. @type {(hello: Hello) => void} */
  onhello = () => {};
  /** Called when `state` changes. */
  onstate = () => {};
  /** Called when the token is good no more. */
  onsignedout = () => {};

  /** @type {WebSocket | null} */
  #socket = null;
  #lastId = 0;
  #pause = FIRST_PAUSE;
  #timer = 0;
  /** @type {Map<number, {resolve: (value: any) => void, reject: (error: Error) => void}>} */
  #waiting = new Map();
  /** @type {Map<string, Set<(params: any) => void>>} */
  #listeners = new Map();
  /** @type {(() => void)[]} */
  #comers = []; // who wait for the connection

  /** Connect, and go on doing so whenever the connection ends. */
  start() {
    clearTimeout(this.#timer);
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/`);
    this.#socket = socket;
    let beat = 0;
    socket.onopen = async () => {
      try {
        const hello = await this.#hello();
        this.#pause = FIRST_PAUSE;
        beat = setInterval(() => this.#keepAlive(socket), KEEP_ALIVE);
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
      for (const { reject } of this.#waiting.values()) reject(new Lost());
      this.#waiting.clear();
      this.#become("lost");
      this.#timer = setTimeout(() => this.start(), this.#pause * (0.75 + Math.random() / 2));
      this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE);
    };
  }

  /** Try at once, as when somebody presses a button. */
  retry() {
    if (this.state !== "lost") return;
    this.#pause = FIRST_PAUSE;
    this.start();
  }

  /**
   * Ask the server. A refusal of the rules is thrown as `Refused`, a missing connection as `Lost`;
   * for a short while it is waited for, as the server ends some to have them begin anew.
   * @template {MethodName} M
   * @param {M} method @param {Params<M>} [params] @returns {Promise<Returns<M>>}
   */
  async ask(method, params) {
    if (this.state !== "open") await this.#opened();
    return this.#send(method, params ?? {});
  }

  /** @returns {Promise<void>} */
  #opened() {
    return new Promise((resolve, reject) => {
      this.#comers.push(resolve);
      setTimeout(() => reject(new Lost()), SHORT_GAP);
    });
  }

  /** Hear of a notification; give what ends that. @template {NotificationName} N @param {N} name @param {(params: Notifications[N]) => void} heard */
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
    const hello = await this.#send("JSONRPC.Hello", { locale: this.locale });
    if (this.token && !hello.authenticated) this.#signedOut();
    return hello;
  }

  #signedOut() {
    this.token = "";
    this.onsignedout();
  }

  /** @param {string} method @param {object} params @returns {Promise<any>} */
  #send(method, params) {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) return Promise.reject(new Lost());
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      setTimeout(() => this.#waiting.has(id) && socket.close(), PATIENCE);
      socket.send(JSON.stringify({ id, method, params, token: this.token || undefined }));
    });
  }

  /** @param {any} message */
  #take({ id, notification, status, params, error, retryAfter }) {
    if (notification) {
      for (const heard of this.#listeners.get(notification) ?? []) heard(params);
      return;
    }
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (status === "unauthorized") {
      waiting?.reject(new Lost());
      this.#signedOut();
      return;
    }
    const refusal = status === "success" ? params?.error : error;
    if (status !== "success" || (refusal && !refusal.endsWith("ErrorNoError"))) {
      waiting?.reject(new Refused(refusal, retryAfter));
    } else {
      waiting?.resolve(params);
    }
  }

  /** @param {WebSocket} socket */
  #keepAlive(socket) {
    if (!this.token) return;
    const timer = setTimeout(() => socket.close(), KEEP_ALIVE / 2);
    const isThere = () => clearTimeout(timer); // whatever it says
    this.#send("JSONRPC.KeepAlive", { sessionId: "" }).then(isThere, isThere);
  }

  /** @param {Api["state"]} state */
  #become(state) {
    if (this.state === state) return;
    this.state = state;
    if (state === "open") for (const comer of this.#comers.splice(0)) comer();
    this.onstate();
  }
}
