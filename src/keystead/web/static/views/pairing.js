// @ts-check
// The device that asks to be let in, instead of a button on the box.

import { clock, t } from "../i18n.js";
import { api, live } from "../store.js";
import { button, dialog, facts, form, h, head, nothing, section, toast } from "../ui.js";

/** @typedef {import("../../../../../docs/reference/api").AccessPairing} Waiting */

const POLL = 5_000; // milliseconds; where many ask at once, not all of them are told

/** @type {View} */
export const pairing = {
  name: "pairing",
  title: "action.pairing",
  icon: "M6.500 9.500l3-3M7 5l2-2a2.800 2.800 0 0 1 4 4l-2 2M9 11l-2 2a2.800 2.800 0 0 1-4-4l2-2",
  needs: "admin",
  show({ root, signal }) {
    const place = h("div", { "aria-live": "polite" });
    const left = h("span", { "aria-live": "off" });
    /** @type {Waiting | null | undefined} */
    let shown;
    root.append(head(t("action.pairing")), h("p", { class: "lead" }, t("pairing.text")), place);
    const load = async () => {
      const found = await api.ask("Access.GetPairing").catch(() => null);
      if (!found || signal.aborted) return;
      const waiting = found.pairing ?? null;
      if (shown === undefined || waiting?.transactionId !== shown?.transactionId) {
        const had = place.contains(document.activeElement);
        // Not with `fill`: focus must not go on to the button of another device.
        place.replaceChildren(waiting ? request(waiting, left) : nothing(t("pairing.none")));
        if (had) root.querySelector("h1")?.focus();
      }
      shown = waiting;
      tick();
    };
    const tick = () => {
      if (shown) left.textContent = clock(Math.max(0, Math.round(shown.until - Date.now() / 1000)));
    };
    const timers = [setInterval(tick, 1000), setInterval(() => void load(), POLL)];
    signal.addEventListener("abort", () => timers.forEach(clearInterval));
    void live(["Access.PairingRequested", "Access.PairingFinished"], load, signal);
  },
};

/** @param {Waiting} waiting @param {HTMLElement} left */
function request({ deviceName, source, transactionId }, left) {
  const name = deviceName || t("device.nameless");
  return section(name,
    facts([[t("overview.address"), source], [t("pairing.left"), left]]),
    h("div", { class: "buttons" },
      button(t("pairing.do"), () => letIn(name, source, transactionId), { kind: "main" }),
      button(t("pairing.refuse"), async () => {
        await api.ask("Access.RefusePairing", { transactionId });
        toast(t("pairing.refused", { name }));
      })));
}

/**
 * Ask once more: it is the device that was shown or none, whoever takes its place meanwhile.
 * @param {string} name @param {string} source @param {number} transactionId
 */
const letIn = (name, source, transactionId) => dialog(t("pairing.sure", { name }), (close) => [
  h("p", {}, t("pairing.sure.text", { source })),
  form({
    fields: [],
    action: t("pairing.do"),
    submit: async () => {
      await api.ask("Access.ConfirmPairing", { transactionId });
      close();
      toast(t("pairing.done", { name }));
    },
    buttons: [button(t("cancel"), close)],
  }),
]);
