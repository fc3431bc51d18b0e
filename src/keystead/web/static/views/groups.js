// Groups, what they give, and what that comes to.

import { Refused } from "../api.js";
import { t } from "../i18n.js";
import { api, live } from "../store.js";
import { ask, back, button, field, fill, h, head, link, nothing, required, section } from "../ui.js";
import { table } from "../table.js";
import { gone, part, remove, rightName, rightTicks, tryIt } from "./rights.js";
import { ruleEditor } from "./rules.js";
import { whose } from "./tokens.js";

/** @type {View} */
export const groups = {
  name: "groups",
  title: "groups",
  icon: "M2 3h5v4H2zM9 9h5v4H9zM4.5 7v4H9",
  needs: "users",
  show: (place) => place.args[0] ? showGroup(place, place.args[0]) : showAll(place),
};

/** @param {Place} place @param {(groups: Group[], accounts: Account[]) => void} show now, and when they change */
const load = ({ signal }, show) => live(["Access.GroupChanged", "Access.AccountChanged"], async () => {
  const [known, found] = await Promise.all([api.ask("Access.GetGroups"), api.ask("Access.GetAccounts")]);
  if (!signal.aborted) show(known.groups, found.accounts);
}, signal);

/** @param {Place} place */
function showAll(place) {
  /** @type {Map<string, number>} */
  let members = new Map();
  const membersOf = (/** @type {Group} */ { name }) => members.get(name) ?? 0;
  const list = table({
    label: t("groups"),
    empty: t("table.none"),
    key: (/** @type {Group} */ one) => one.name,
    text: (one) => one.name,
    columns: [
      { title: t("user.name"), sort: (one) => one.name, cell: (one) => h("a", { href: link("groups", one.name) }, one.name) },
      { title: t("right"), kind: "minor", cell: (one) => one.rights.map(rightName).join(", ") },
      { title: t("rules"), kind: "number", sort: (one) => one.items.length },
      { title: t("groups.members"), kind: "number", sort: membersOf,
        cell: (one) => one.name === "anonymous" ? t("change.everybody") : membersOf(one) },
    ],
  });
  fill(place.root, head(t("groups"), button(t("groups.add"), add, { kind: "main" })), list.root,
    section(t("try"), tryIt()));
  load(place, (all, accounts) => {
    members = new Map();
    for (const name of accounts.flatMap((one) => one.groups)) members.set(name, (members.get(name) ?? 0) + 1);
    list.show(all);
  });
}

function add() {
  const typed = field(t("user.name"), { required: true });
  return ask(t("groups.add"), {
    fields: [typed],
    check: () => required(typed),
    submit: async () => {
      const name = typed.value.trim();
      const known = await api.ask("Access.GetGroups");
      if (known.groups.some((one) => one.name === name)) throw new Refused("AccessErrorNameTaken");
      await api.ask("Access.WriteGroup", { name });
      location.hash = link("groups", name);
    },
  });
}

/** @param {Place} place @param {string} name */
function showGroup(place, name) {
  const isEverybody = name === "anonymous";
  const rules = part({ items: ruleEditor() }, "Access.WriteGroup", { name });
  const rights = part({ rights: rightTicks("away") }, "Access.WriteGroup", { name });
  const members = h("div");
  fill(place.root, back("groups"),
    head(name, !isEverybody && button(t("remove"), () => remove("groups", name, "Access.RemoveGroup", { name }),
      { kind: "danger" })),
    section(t("rules"), h("p", "hint", t("rules.hint")), rules.root),
    h("div", "columns",
      h("div", "", section(t("right"), rights.root), !isEverybody && section(t("groups.members"), members)),
      section(t("try"), tryIt())));
  load(place, (all, accounts) => {
    const group = all.find((one) => one.name === name);
    if (!group) return gone("groups", "error.NoSuchGroup");
    rules.show(group);
    rights.show(group);
    const its = accounts.filter((one) => one.groups.includes(name));
    return fill(members,
      its.length ? its.flatMap((one, at) => [at > 0 && ", ", whose(one)]) : nothing(t("overview.nobody")));
  });
}
