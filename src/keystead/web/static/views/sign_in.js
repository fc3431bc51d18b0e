// @ts-check
// Signing in, and how long to wait after too many failures.

import { clock, problem, t } from "../i18n.js";
import { deviceName, signIn as signInWith, state } from "../store.js";
import { field, form, h, required } from "../ui.js";
import { deviceField, door, assurance } from "./door.js";

/** @param {import("../main.js").Place} place */
function show({ root, signal }) {
  const name = field(t("user.name"), { autocomplete: "username", required: true });
  const password = field(t("password"), { type: "password", autocomplete: "current-password",
    required: true });
  const device = deviceField(deviceName());
  const stay = field(t("sign-in.stay"), { type: "checkbox", hint: t("sign-in.stay.hint") });
  const made = form({
    fields: [name, password, device, stay],
    action: t("sign-in.do"),
    check: () => required(name, device).concat(
      [[password, password.value ? "" : t("field.required")]]),
    submit: () => signInWith(name.value.trim(), password.value, device.value.trim(), stay.checked),
    refused: (error, say) => {
      const { retryAfter } = /** @type {import("../api.js").Refused} */ (error);
      if (retryAfter) countDown(retryAfter, say, signal);
      else say(problem(error));
      password.input.focus();
      password.input.select();
      return true;
    },
  });
  const text = state.wasSignedOut ? t("sign-in.again") : t("sign-in.text");
  door(root, t("sign-in.title"), text, made,
    state.setup ? assurance(state.setup) : h("span"));
}

/** Say how long to wait, each second anew. @param {number} seconds @param {(text: string) => void} say @param {AbortSignal} signal */
function countDown(seconds, say, signal) {
  const end = Date.now() + seconds * 1000;
  const tick = () => {
    const left = Math.ceil((end - Date.now()) / 1000);
    say(left > 0 ? t("sign-in.wait", { time: clock(left) }) : t("sign-in.wait.over"));
    if (left <= 0) clearInterval(timer);
  };
  const timer = setInterval(tick, 1000);
  signal.addEventListener("abort", () => clearInterval(timer));
  tick();
}

export const signIn = { show };
