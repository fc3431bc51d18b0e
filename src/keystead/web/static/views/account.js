// @ts-check
// One's own account: password, tokens, language, and what one may do.

import { LANGUAGES, choose, chosen, problem, t } from "../i18n.js";
import { api, live, may, ring, state, stays } from "../store.js";
import { button, facts, field, fill, form, h, head, section, toast } from "../ui.js";
import { passwordFields } from "./password.js";
import { mayOf } from "./rights.js";
import { addToken, tokenRows } from "./tokens.js";

/** @type {View} */
export const account = {
  name: "account",
  title: "account",
  icon: "M8 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2.5 14c0-3 2.5-4 5.5-4s5.5 1 5.5 4",
  show({ root, signal }) {
    const about = h("div");
    const tokens = h("ul", { class: "rows" });
    fill(root, head(t("account")), about,
      h("div", { class: "columns" },
        may("own") && section(t("account.tokens"), h("p", { class: "hint" }, t("account.tokens.hint")), tokens,
          button(t("tokens.add"), () => addToken())),
        h("div", {}, may("own") && passwordSection(), browserSection())));
    const load = async () => {
      const [found, held] = await Promise.all([
        state.me?.username ? api.ask("Access.GetAccount") : null,
        may("own") ? api.ask("Access.GetOwnTokens") : null,
      ]).catch(() => []); // the connection went; it is loaded again when it is back
      if (found?.account) fill(about, details(found.account));
      if (held) fill(tokens, tokenRows(held.tokens ?? []));
    };
    void live(["Access.AccountChanged", "Access.TokensChanged"], load, signal);
  },
};

/** @param {import("../../../../../docs/reference/api").AccessAccount} found */
function details(found) {
  return facts([
    [t("user.name"), found.username],
    [t("user.display"), found.displayName || "–"],
    [t("account.may"), mayOf(found)],
    [t("account.groups"), found.groups.join(", ") || "–"],
  ]);
}

function passwordSection() {
  const { fields, password, check } = passwordFields(() => state.me?.username ?? "");
  const made = form({
    fields: [h("input", { type: "text", class: "away", autocomplete: "username", tabindex: -1,
      "aria-hidden": "true", value: state.me?.username, readonly: true }), ...fields],
    action: t("account.password.do"),
    check,
    submit: async () => {
      await api.ask("Users.ChangePassword", { newPassword: password.value });
      made.reset();
      password.input.dispatchEvent(new Event("input"));
      toast(t("account.password.done"));
    },
    refused: (error) => {
      password.say(problem(error));
      password.input.focus();
      return true;
    },
  });
  return section(t("account.password"), h("p", { class: "hint" }, t("account.password.hint")), made);
}

function browserSection() {
  const language = field(t("language"), { type: "select", value: chosen() ?? "",
    options: [["", t("language.browser")], .../** @type {[string, string][]} */ (Object.entries(LANGUAGES))] });
  language.input.addEventListener("change", () => {
    choose(language.value || null);
    ring("language");
  });
  return section(t("account.browser"), language.root,
    h("p", { class: "hint" }, stays() ? t("account.stays") : t("account.goes")));
}
