// @ts-check
// Everybody who has an account, and the way to each.

import { t } from "../i18n.js";
import { api, live, state } from "../store.js";
import { badge, button, dialog, field, fill, form, h, head, link, required } from "../ui.js";
import { table } from "../table.js";
import { passwordFields } from "./password.js";
import { mayOf } from "./rights.js";
import { showUser, standing } from "./user.js";

/** @import {AccessAccount as Account} from "../../../../../docs/reference/api" */

/** @type {import("../main.js").View} */
export const users = {
  name: "users",
  title: "users",
  icon: "M6 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM1 14c0-3 2-4 5-4s5 1 5 4M10.500 2.300a3 3 0 0 1 0 5.400M12.500 10.500c1.700.5 2.500 1.700 2.500 3.500",
  needs: "users",
  show(place) {
    const [name] = place.args;
    if (name) return showUser(place, name);
    /** @type {ReturnType<typeof table<Account>>} */
    const list = table({
      label: t("users"),
      empty: t("overview.nobody"),
      key: (one) => one.username,
      text: (one) => [one.username, one.displayName, one.email, ...one.groups].join(" "),
      sortBy: 0,
      columns: [
        { title: t("user.name"), sort: (one) => one.username,
          cell: (one) => one.username ? h("a", { href: link("users", one.username) }, one.username)
            : t("user.paired") },
        { title: t("user.display"), minor: true, sort: (one) => one.displayName, cell: (one) => one.displayName },
        { title: t("user.state"), sort: (one) => standing(one)[0], cell: (one) => badge(...standing(one)) },
        { title: t("account.may"), minor: true, sort: mayOf, cell: mayOf },
        { title: t("account.groups"), minor: true, sort: (one) => one.groups.join(), cell: (one) => one.groups.join(", ") },
      ],
    });
    fill(place.root, head(t("users"), button(t("users.add"), add, { kind: "main" })), list.root);
    void live(["Access.AccountChanged"], async () => {
      const found = await api.ask("Access.GetAccounts").catch(() => null);
      if (found && !place.signal.aborted) list.show(found.accounts);
    }, place.signal);
    return undefined;
  },
};

function add() {
  const rules = state.setup?.passwordRules;
  if (!rules) return undefined;
  return dialog(t("users.add"), (close) => {
    const name = field(t("user.name"), { required: true });
    const display = field(t("user.display"));
    const { fields, password, check } = passwordFields(rules, () => name.value);
    return [form({
      fields: [name, display, ...fields],
      action: t("users.add"),
      check: () => [...required(name), ...check()],
      submit: async () => {
        const username = name.value.trim();
        await api.ask("Users.CreateUser", { username, password: password.value,
          displayName: display.value.trim(), scopes: [] });
        close();
        location.hash = link("users", username);
      },
      buttons: [button(t("cancel"), close)],
    })];
  });
}
