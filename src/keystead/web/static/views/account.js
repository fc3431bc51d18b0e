// One's own account: password, tokens, language, and what one may do.

import { LANGUAGES, choose, chosen, t } from "../i18n.js";
import { api, live, may, state, stays } from "../store.js";
import { button, facts, field, fill, form, h, head, rows, section, toast } from "../ui.js";
import { passwordFields } from "./password.js";
import { mayOf } from "./rights.js";
import { addToken, tokenRows } from "./tokens.js";

/** Show it. @param {Place} place */
export function showAccount({ root, signal }) {
  const about = h("div");
  const tokens = rows();
  const hasOwn = may("own");
  fill(root, head(t("account")), about, h("div", "columns",
    hasOwn && section(t("account.tokens"), h("p", "hint", t("account.tokens.hint")), tokens,
      button(t("tokens.add"), () => addToken())),
    h("div", "", hasOwn && passwordSection(), browserSection())));
  live(["Access.AccountChanged", "Access.TokensChanged"], async () => {
    const own = state.me?.username ? (await api.ask("Access.GetAccount")).account : null;
    if (own) {
      fill(about, facts([
        [t("user.name"), own.username],
        [t("user.display"), own.displayName || "–"],
        [t("account.may"), mayOf(own)],
        [t("groups"), own.groups.join(", ") || "–"],
      ]));
    }
    if (hasOwn) fill(tokens, tokenRows((await api.ask("Access.GetOwnTokens")).tokens ?? []));
  }, signal);
}

function passwordSection() {
  const name = state.me?.username;
  const { fields, password, check } = passwordFields(() => name ?? "");
  const made = form({
    fields: [h("input", { type: "text", class: "away", autocomplete: "username", tabindex: -1,
      "aria-hidden": "true", value: name, readonly: true }), ...fields],
    action: t("account.password"),
    check,
    submit: async () => {
      await api.ask("Users.ChangePassword", { newPassword: password.value });
      made.reset();
      password.input.dispatchEvent(new Event("input"));
      toast(t("account.password.done"));
    },
    at: () => password,
  });
  return section(t("account.password"), h("p", "hint", t("account.password.hint")), made);
}

function browserSection() {
  const language = field(t("language"), { type: "select", value: chosen(),
    options: [["", t("language.browser")], ...Object.entries(LANGUAGES)] });
  language.input.addEventListener("change", () => choose(language.value));
  return section(t("account.browser"), language.root,
    h("p", "hint", t(stays() ? "account.stays" : "account.goes")));
}
