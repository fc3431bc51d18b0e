// @ts-check
// Signing in.

import { t } from "../i18n.js";
import { deviceName, signIn as signInWith, state } from "../store.js";
import { field, form, h, required } from "../ui.js";
import { assurance, deviceField, door, sayWhy } from "./door.js";

/** @param {Place} place */
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
      sayWhy(error, say, signal);
      password.input.focus();
      password.input.select();
      return true;
    },
  });
  const text = state.wasSignedOut ? t("sign-in.again") : t("sign-in.text");
  door(root, t("sign-in.title"), text, made,
    state.setup ? assurance(state.setup) : h("span"));
}

export const signIn = { show };
