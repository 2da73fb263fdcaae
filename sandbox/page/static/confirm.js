// "Are you sure?": https://docs.slack.dev/reference/block-kit/composition-objects/confirmation-dialog-object

import { byId, h } from "./dom.js";
import * as mrkdwn from "./mrkdwn.js";

const plain = (text) => ({ type: "plain_text", text });

/** Asks for confirmation; resolves to true if confirmed. */
export function confirmed({ title, text, confirm, deny, style }) {
  const dialog = byId("confirm");
  const form = h("form", { method: "dialog" },
    h("h2", { id: "confirm-title" }, mrkdwn.text(title)),
    h("div", { class: "text" }, mrkdwn.text(text)),
    h("footer", {},
      h("button", { class: "button", value: "" }, mrkdwn.text(deny)),
      h("button", { class: `button ${style ?? "primary"}`, value: "yes", autofocus: true }, mrkdwn.text(confirm))));
  dialog.replaceChildren(form);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

/** Asks for confirmation with plain text. */
export const sure = (title, text, yes) =>
  confirmed({ title: plain(title), text: plain(text), confirm: plain(yes), deny: plain("Cancel"), style: "danger" });
