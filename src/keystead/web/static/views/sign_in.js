// Signing in.

import { t } from "../i18n.js";
import { signIn, state } from "../store.js";
import { field, form, required } from "../ui.js";
import { deviceField, door } from "./door.js";

/** Show it. @param {Place} place */
export function showSignIn({ root }) {
  const name = field(t("user.name"), { autocomplete: "username", required: true });
  const password = field(t("password"), { type: "password", autocomplete: "current-password", required: true });
  const device = deviceField();
  const stay = field(t("sign-in.stay"), { type: "checkbox", hint: t("sign-in.stay.hint") });
  door(root, t("sign-in.title"), t(state.wasSignedOut ? "sign-in.again" : "sign-in.text"), form({
    fields: [name, password, device, stay],
    action: t("sign-in.title"),
    check: () => [...required(name, device), [password, password.value ? "" : t("field.required")]],
    submit: () => {
      password.input.select();
      password.input.focus();
      return signIn(name.value.trim(), password.value, device.value.trim(), stay.checked);
    },
  }));
}
