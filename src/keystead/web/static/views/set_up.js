// @ts-check
// The first account of a fresh box.

import { problem, t } from "../i18n.js";
import { api, deviceName, signIn, state } from "../store.js";
import { field, form, required } from "../ui.js";
import { assurance, deviceField, door, sayWhy } from "./door.js";
import { passwordFields } from "./password.js";

/** The one-time code, when whoever scanned it came here by its link. */
let code = "";

/** Take the code out of the address at once, so that it is neither kept nor seen. */
export function takeCode() {
  const found = /^#setup=(.+)$/.exec(location.hash);
  if (!found) return;
  code = decodeURIComponent(found[1]);
  history.replaceState(null, "", location.pathname);
}

takeCode();

/** @param {Place} place */
function show({ root, signal }) {
  const setup = state.setup;
  if (!setup) return;
  const name = field(t("user.name"), { autocomplete: "username", required: true,
    hint: t("set-up.name.hint"), more: { maxlength: 64 } });
  const { fields, password, check } = passwordFields(() => name.value);
  const once = setup.codeRequired
    ? field(t("set-up.code"), { value: code, required: true, hint: t("set-up.code.hint"),
        more: { class: "code" } })
    : null;
  const device = deviceField(deviceName());
  const made = form({
    fields: [once, name, ...fields, device],
    action: t("set-up.do"),
    check: () => [...required(...(once ? [once] : []), name), ...check(), ...required(device)],
    submit: async () => {
      const username = name.value.trim();
      await api.ask("Access.CreateFirstUser",
        { username, password: password.value, setupCode: once?.value ?? "" });
      await signIn(username, password.value, device.value.trim(), false);
    },
    refused: (error, say) => {
      const word = /** @type {import("../api.js").Refused} */ (error).word ?? "";
      const at = word === "AccessErrorSetupCodeWrong" ? once
        : word.startsWith("AccessErrorName") ? name
        : word === "AccessErrorPasswordTooWeak" ? password : null;
      if (at) at.say(problem(error));
      else sayWhy(error, say, signal);
      at?.input.focus();
      return true;
    },
  });
  door(root, t("set-up.title"), t("set-up.text"), made, assurance(setup));
}

export const setUp = { show };
