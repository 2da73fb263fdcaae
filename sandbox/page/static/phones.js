// The contacts' phones: one per number, with every text that it received or sent.

import { clock, isoOf, moment } from "./dates.js";
import { base64, perform } from "./doing.js";
import { byId, h, keyed } from "./dom.js";
import { picture } from "./links.js";
import { spaced } from "./names.js";
import { piece, redraw, startingWith } from "./pieces.js";

const unread = new Map(); // by phone
const chosen = new Map(); // by phone: the number of ours to text
let held = ""; // the selected phone
let parts = null; // its elements
let pictures = []; // data: URLs for the next text

/** Draws the list and the selected phone. */
export function drawPhones({ fresh }) {
  const phones = piece("phones");
  if (!phones) return;
  if (!phones.some((one) => one.number === held)) hold(phones[0]?.number ?? "");
  count(fresh);
  drawList(phones);
  drawPhone(phones.find((one) => one.number === held));
}

/** Returns the number of unread texts on the other phones. */
export const unreadTexts = () => [...unread.values()].reduce((sum, one) => sum + one, 0);

function count(fresh) {
  const isSeen = byId("phones").offsetParent !== null;
  for (const [name, text] of Object.entries(fresh)) {
    const isNews = name.startsWith("text:") && text.direction === "in" && !(isSeen && text.phone === held);
    if (isNews) unread.set(text.phone, (unread.get(text.phone) ?? 0) + 1);
  }
  if (isSeen) unread.delete(held);
}

function hold(number) {
  held = number;
  pictures = [];
  parts = null;
}

function drawList(phones) {
  keyed(byId("phone-list"), [
    ...phones.map(({ number }) => ({ key: number, same: [number === held, unread.get(number) ?? 0], make: () => entry(number) })),
    { key: "new", same: [], make: newPhone },
  ]);
}

function entry(number) {
  const news = unread.get(number) ?? 0;
  const badge = news ? h("span", { class: "count" }, String(news), h("span", { class: "hidden" }, " new")) : null;
  const about = { type: "button", "aria-current": number === held ? "true" : null, "data-focus": `phone/${number}` };
  return h("button", { ...about, on: { click: () => { hold(number); redraw(); } } }, spaced(number), badge);
}

function newPhone() {
  const field = h("input", { type: "tel", placeholder: "+61488023777", "aria-label": "Number of another phone", autocomplete: "off", size: 14 });
  const submit = async (event) => {
    event.preventDefault();
    const number = field.value.replace(/[\s().-]/g, "");
    if ((await perform("phone", { phone: number })) === undefined) return;
    field.value = "";
    hold(number);
    redraw();
  };
  return h("form", { class: "new", on: { submit } }, field, h("button", { class: "button", "aria-label": "Add this phone" }, "+"));
}

function drawPhone(phone) {
  if (!phone) return;
  if (!parts) {
    parts = build(phone);
    byId("phone").replaceChildren(parts.head, parts.texts, parts.form);
  }
  const isNear = parts.texts.scrollHeight - parts.texts.scrollTop - parts.texts.clientHeight < 60;
  drawTexts(startingWith(`text:${phone.number}:`));
  if (isNear) parts.texts.scrollTop = parts.texts.scrollHeight;
  drawLines(phone.number);
}

function build({ number, fate }) {
  const note = fate ? h("p", { class: "fate" }, fate) : null;
  const head = h("header", {}, h("h2", { id: "phone-title" }, spaced(number)), note);
  const texts = h("div", { class: "texts", role: "list", tabindex: "0", "aria-label": "Texts on this phone" });
  const line = h("select", { "aria-label": "Text to", on: { change: () => { chosen.set(number, line.value); drawLines(number); } } });
  const field = h("textarea", { rows: 1, "aria-label": "Text", placeholder: "Text message" });
  const picker = h("input", { type: "file", accept: "image/png,image/jpeg,image/gif,image/webp", multiple: true, hidden: true });
  const attach = h("button", { type: "button", class: "quiet", "aria-label": "Attach pictures", on: { click: () => picker.click() } }, "🖼");
  const chips = h("div", { class: "chips" });
  picker.addEventListener("change", async () => {
    pictures = await Promise.all([...picker.files].map(base64));
    chips.replaceChildren(h("span", {}, `${pictures.length} picture${pictures.length > 1 ? "s" : ""}`));
    picker.value = "";
    field.focus();
  });
  const send = (event) => { event.preventDefault(); submit(number, line.value, field, chips); };
  field.addEventListener("keydown", (event) => event.key === "Enter" && !event.shiftKey && !event.isComposing && send(event));
  const form = h("form", { class: "composer", on: { submit: send } }, h("label", { class: "to" }, h("span", {}, "To "), line), chips,
    h("div", { class: "row" }, attach, picker, field, h("button", { class: "button primary", "aria-label": "Send text" }, "↑")));
  return { head, texts, form, line, field, attach };
}

async function submit(number, to, field, chips) {
  const text = field.value;
  const media = pictures;
  if (!text.trim() && !media.length) return;
  field.value = "";
  pictures = [];
  chips.replaceChildren();
  const came = await perform("text", { phone: number, to, text, media });
  if (came !== undefined) return;
  if (!field.value) field.value = text;
}

function drawTexts(texts) {
  let line = "";
  const items = texts.map((text, at) => {
    const isNew = text.line !== line;
    line = text.line;
    return { key: String(at), same: [text, isNew], make: () => bubble(text, isNew) };
  });
  const none = { key: "none", same: [], make: () => h("p", { class: "none" }, "No texts yet. Type one below.") };
  keyed(parts.texts, items.length ? items : [none]);
}

function bubble(text, isNew) {
  const way = text.direction === "in" ? "from" : "to";
  const told = h("p", { class: "line" }, `${way} ${spaced(text.line)} · ${text.company}`);
  const time = h("time", { datetime: isoOf(text.at), title: moment(text.at) }, clock(text.at));
  const media = text.media.map((url) => picture(url, "picture"));
  return h("div", { class: `text-row ${text.direction}`, role: "listitem" }, isNew ? told : h("span", { class: "hidden" }, `${way} ${text.line}: `),
    h("div", { class: "bubble" }, text.text ? h("p", {}, text.text) : null, media), time);
}

function drawLines(number) {
  const open = piece("lines", []).filter((one) => !one.phone || one.phone === number);
  const offered = [...new Map(open.map((one) => [one.number, one])).values()];
  keyed(parts.line, offered.map((one) => ({
    key: one.number,
    same: [one.company, one.phone],
    make: () => h("option", { value: one.number }, `${spaced(one.number)} · ${one.company}${one.phone ? " (leased)" : ""}`),
  })));
  parts.line.value = choice(number, offered);
  parts.attach.hidden = !offered.find((one) => one.number === parts.line.value)?.pictures;
}

/** Returns the chosen number, else the one that texted last, else one of the phone's own provider, else any. */
function choice(number, offered) {
  const last = startingWith(`text:${number}:`).at(-1)?.line;
  const wanted = [chosen.get(number), last].find((one) => offered.some((line) => line.number === one));
  const home = piece("phones").find((one) => one.number === number)?.company;
  return wanted ?? (offered.find((one) => one.company === home) ?? offered[0])?.number ?? "";
}

/** Puts the cursor in the text field. */
export function focusPhone() {
  parts?.field.focus();
}
