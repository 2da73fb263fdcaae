// Composers for messages: one for the channel, one for the thread.

import { complain, perform, upload } from "./doing.js";
import { h, newId } from "./dom.js";

const drafts = new Map(); // unsent text by place

/**
 * A composer.
 * @param {string} label for screen readers.
 * @param {(text: string, files: string[], isBroadcast: boolean) => Promise} send resolves with undefined if it failed.
 * @param {boolean} offersBroadcast true if a reply may also be sent to the channel.
 */
export function composer(label, send, offersBroadcast = false) {
  const state = { place: "", files: [] };
  const field = h("textarea", { rows: 1, "aria-label": label });
  const picker = h("input", { type: "file", multiple: true, hidden: true });
  const chips = h("div", { class: "chips" });
  const also = h("input", { type: "checkbox", id: newId("also") });

  const draw = () => chips.replaceChildren(...state.files.map((one) => h("button", {
    type: "button", class: "chip", "aria-label": `Remove ${one.name}`,
    on: { click: () => { state.files = state.files.filter((other) => other !== one); draw(); field.focus(); } },
  }, `📎 ${one.name} ✕`)));

  async function submit(event) {
    event?.preventDefault();
    const text = field.value.trim();
    const files = state.files;
    if (!text && !files.length) return;
    const place = state.place;
    field.value = "";
    state.files = [];
    draw();
    if ((await send(text, files.map((one) => one.id), also.checked)) !== undefined) { also.checked = false; return; }
    if (state.place !== place || field.value) { drafts.set(place, text); return; }
    field.value = text;
    state.files = files;
    draw();
  }
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submit(event);
  });
  picker.addEventListener("change", async () => {
    const picked = [...picker.files];
    picker.value = "";
    const ids = await Promise.all(picked.map(upload));
    state.files.push(...picked.map((file, at) => ({ name: file.name, id: ids[at] })).filter((one) => one.id));
    draw();
    field.focus();
  });
  const form = h("form", { class: "composer", on: { submit } }, chips, field, h("div", { class: "row" },
    h("button", { type: "button", class: "quiet", "aria-label": "Attach files", title: "Attach files", on: { click: () => picker.click() } }, "📎"),
    picker,
    offersBroadcast ? h("label", { class: "also", for: also.id }, also, "Also send to the channel") : null,
    h("button", { class: "button primary", "aria-label": "Send" }, "Send")));
  return {
    element: form,
    field,
    /** Moves to another channel or thread; each keeps its draft. */
    move(place, placeholder) {
      field.placeholder = placeholder;
      if (place === state.place) return;
      drafts.set(state.place, field.value);
      state.place = place;
      state.files = [];
      field.value = drafts.get(place) ?? "";
      also.checked = false;
      draw();
    },
  };
}

/** Returns {isCommand, text}: text is null for a rejected command, such as an unknown one or one in a thread. */
export function commandText(text, isThread) {
  const match = /^\/(\S+)\s*([\s\S]*)$/.exec(text);
  if (!match || text.startsWith("//")) return { isCommand: false };
  if (isThread) complain(`/${match[1]} is not supported in threads. Sorry!`);
  else if (match[1] !== "sms") complain(`/${match[1]} is not a valid command.`);
  else return { isCommand: true, text: match[2].trim() };
  return { isCommand: true, text: null };
}

/** Sends a message or runs a command. */
export async function sendOrRun(place, text, files, broadcast) {
  const command = commandText(text, Boolean(place.thread));
  if (command.isCommand && command.text === null) return undefined;
  if (command.isCommand) return perform("slash", { channel: place.channel, text: command.text });
  return perform("say", { channel: place.channel, thread: place.thread, text, files, broadcast });
}
