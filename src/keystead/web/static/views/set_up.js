// The first account of a fresh box.

import { t } from "../i18n.js";
import { api, signIn, state } from "../store.js";
import { field, form, required } from "../ui.js";
import { deviceField, door } from "./door.js";
import { passwordFields } from "./password.js";

// The one-time code out of the link that was scanned, and out of the address, so that nobody sees it.
const [, code = ""] = /^#setup=(.+)$/.exec(location.hash) ?? [];
if (code) history.replaceState(null, "", location.pathname);

/** Show it. @param {Place} place */
export function showSetUp({ root }) {
  const name = field(t("user.name"), { autocomplete: "username", required: true, hint: t("set-up.name.hint"),
    more: { maxlength: 64 } });
  const { fields, password, check } = passwordFields(() => name.value);
  const once = state.setup?.codeRequired ? [field(t("set-up.code"), { value: decodeURIComponent(code),
    required: true, hint: t("set-up.code.hint"), more: { class: "code" } })] : [];
  const device = deviceField();
  door(root, t("set-up.title"), t("set-up.text"), form({
    fields: [...once, name, ...fields, device],
    action: t("set-up.do"),
    check: () => [...required(...once, name), ...check(), ...required(device)],
    submit: async () => {
      const username = name.value.trim();
      const setupCode = once[0]?.value ?? "";
      await api.ask("Access.CreateFirstUser", { username, password: password.value, setupCode });
      await signIn(username, password.value, device.value.trim());
    },
    at: ({ word = "" }) => word === "AccessErrorSetupCodeWrong" ? once[0]
      : word.startsWith("AccessErrorName") ? name : word === "AccessErrorPasswordTooWeak" ? password : null,
  }));
}
