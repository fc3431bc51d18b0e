// The device that asks to be let in, instead of a button on the box.

import { clock, t } from "../i18n.js";
import { api, every, live } from "../store.js";
import { ask, button, facts, fill, h, head, nothing, section, toast } from "../ui.js";

const POLL = 5_000; // milliseconds; where many ask at once, not all of them are told

/** Show who asks. @param {Place} place */
export function showPairing({ root, signal }) {
  const place = h("div", { "aria-live": "polite" });
  const left = h("span", { "aria-live": "off" });
  /** @type {Pairing | null | undefined} */
  let shown;
  fill(root, head(t("action.pairing")), h("p", "lead", t("pairing.text")), place);
  const again = live(["Access.PairingRequested", "Access.PairingFinished"], async () => {
    const { pairing: waiting = null } = await api.ask("Access.GetPairing");
    if (shown === undefined || waiting?.transactionId !== shown?.transactionId) {
      const had = place.contains(document.activeElement);
      // Not with `fill`: focus must not go on to the button of another device.
      place.replaceChildren(waiting ? request(waiting, left) : nothing(t("pairing.none")));
      if (had) root.querySelector("h1")?.focus();
    }
    shown = waiting;
    tick();
  }, signal);
  const tick = () => {
    if (shown) left.textContent = clock(Math.max(0, Math.round(shown.until - Date.now() / 1000)));
  };
  every(1000, tick, signal);
  every(POLL, again, signal);
}

/** @param {Pairing} waiting @param {HTMLElement} left */
function request({ deviceName, source, transactionId }, left) {
  const name = deviceName || t("device.nameless");
  return section(name,
    facts([[t("overview.address"), source], [t("pairing.left"), left]]),
    h("div", "buttons",
      // It is the device that was shown or none, whoever takes its place meanwhile.
      button(t("pairing.do"), () => ask(t("pairing.sure", { name }), {
        lead: h("p", "", t("pairing.sure.text", { source })),
        action: t("pairing.do"),
        submit: async () => {
          await api.ask("Access.ConfirmPairing", { transactionId });
          toast(t("pairing.done", { name }));
        },
      }), { kind: "main" }),
      button(t("pairing.refuse"), async () => {
        await api.ask("Access.RefusePairing", { transactionId });
        toast(t("pairing.refused", { name }));
      })));
}
