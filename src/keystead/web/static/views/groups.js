// @ts-check
// Groups, what they give, and what that comes to.

import { Refused } from "../api.js";
import { t } from "../i18n.js";
import { api, live } from "../store.js";
import { button, dialog, field, fill, form, h, head, link, nothing, required, section } from "../ui.js";
import { table } from "../table.js";
import { change, gone, part, remove, rightName, rightTicks, tryIt } from "./rights.js";
import { ruleEditor } from "./rules.js";

/**
 * @typedef {import("../../../../../docs/reference/api").AccessGroup} Group
 * @typedef {import("../main.js").Place} Place
 */

/** @type {import("../main.js").View} */
export const groups = {
  name: "groups",
  title: "groups",
  icon: "M2 3h5v4H2zM9 9h5v4H9zM4.500 7v4H9",
  needs: "users",
  show: (place) => place.args[0] ? showGroup(place, place.args[0]) : showAll(place),
};

/** @param {Place} place */
function showAll({ root, signal }) {
  /** @type {Map<string, number>} */
  let members = new Map();
  /** @type {ReturnType<typeof table<Group>>} */
  const list = table({
    label: t("groups"),
    empty: t("table.none"),
    key: (one) => one.name,
    text: (one) => one.name,
    columns: [
      { title: t("user.name"), sort: (one) => one.name, cell: (one) => h("a", { href: link("groups", one.name) }, one.name) },
      { title: t("right"), minor: true, cell: (one) => one.rights.map(rightName).join(", ") },
      { title: t("rules"), number: true, sort: (one) => one.items.length, cell: (one) => one.items.length },
      { title: t("groups.members"), number: true, sort: (one) => members.get(one.name) ?? 0,
        cell: (one) => one.name === "anonymous" ? t("groups.everybody") : members.get(one.name) ?? 0 },
    ],
  });
  fill(root, head(t("groups"), button(t("groups.add"), add, { kind: "main" })), list.root,
    section(t("try"), tryIt()));
  void live(["Access.GroupChanged", "Access.AccountChanged"], async () => {
    const [known, found] = await Promise.all([api.ask("Access.GetGroups"), api.ask("Access.GetAccounts")])
      .catch(() => []);
    if (!known || !found || signal.aborted) return;
    members = new Map();
    for (const name of found.accounts.flatMap((one) => one.groups)) {
      members.set(name, (members.get(name) ?? 0) + 1);
    }
    list.show(known.groups);
  }, signal);
}

function add() {
  return dialog(t("groups.add"), (close) => {
    const name = field(t("user.name"), { required: true });
    return [form({
      fields: [name],
      action: t("groups.add"),
      check: () => required(name),
      submit: async () => {
        const known = await api.ask("Access.GetGroups");
        if (known.groups.some((one) => one.name === name.value.trim())) {
          return name.say(t("error.AccessErrorNameTaken"));
        }
        await api.ask("Access.WriteGroup", { name: name.value.trim() });
        close();
        location.hash = link("groups", name.value.trim());
        return undefined;
      },
      buttons: [button(t("cancel"), close)],
    })];
  });
}

/** @param {Place} place @param {string} name */
function showGroup({ root, signal }, name) {
  const isEverybody = name === "anonymous";
  const rules = ruleEditor((items) => change("Access.WriteGroup", { name, items }));
  const rights = rightTicks("away");
  const rightPart = part([rights.root], (/** @type {Group} */ group) => (rights.tick(group.rights)),
    () => change("Access.WriteGroup", { name, rights: rights.value }));
  const members = h("div");
  fill(root,
    h("p", {}, h("a", { href: link("groups") }, `← ${t("groups")}`)),
    head(name, isEverybody ? null : button(t("remove"), () => remove("groups", name), { kind: "danger" })),
    section(t("rules"), h("p", { class: "hint" }, t("rules.hint")), rules.root),
    h("div", { class: "columns" },
      h("div", {}, section(t("right"), rightPart.root),
        isEverybody ? null : section(t("groups.members"), members)),
      section(t("try"), tryIt())));
  void live(["Access.GroupChanged", "Access.AccountChanged"], async () => {
    const [known, found] = await Promise.all([api.ask("Access.GetGroups"), api.ask("Access.GetAccounts")])
      .catch(() => []);
    if (!known || !found || signal.aborted) return;
    const group = known.groups.find((one) => one.name === name);
    if (!group) return gone("groups", new Refused("AccessErrorNoSuchGroup"));
    rules.show(group.items);
    rightPart.show(group);
    const its = found.accounts.filter((one) => one.groups.includes(name));
    fill(members, its.length ? its.flatMap((one, at) => [at ? ", " : null,
      one.username ? h("a", { href: link("users", one.username) }, one.username) : t("user.paired")])
      : nothing(t("overview.nobody")));
    return undefined;
  }, signal);
}
