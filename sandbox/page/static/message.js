// A message as Slack shows it.

import { blocksOf } from "./blocks.js";
import { sure } from "./confirm.js";
import { clock, dayOf, isoOf, moment } from "./dates.js";
import { complain, perform } from "./doing.js";
import { h } from "./dom.js";
import { heldIn } from "./entries.js";
import { fileUrl, link, picture } from "./links.js";
import { userName } from "./names.js";
import * as mrkdwn from "./mrkdwn.js";
import { piece, redraw } from "./pieces.js";
import { emoji } from "./richtext.js";

const editing = { name: "" }; // the message being edited
const nameOf = (message) => `${message.channel} ${message.ts}`;

/** Returns the author's name. */
export function author(message) {
  if (message.subtype === "tombstone") return "Slack";
  return message.bot_profile?.name ?? message.username ?? userName(message.user);
}

/** Returns the item for `keyed`; `place` is "channel" or "thread", `day` is true if it starts a new day. */
export function messageItem(message, place, day) {
  const isEdited = editing.name === nameOf(message);
  const parts = { key: `${message.ts}${message.is_ephemeral ? " private" : ""}`, same: [message, piece("users"), isEdited, day] };
  return { ...parts, make: () => element(message, place, day, isEdited) };
}

function element(message, place, day, isEdited) {
  const isPrivate = Boolean(message.is_ephemeral);
  const about = { class: isPrivate ? "message private" : "message", tabindex: "-1", data: { ts: message.ts, focus: `${place}/${message.ts}` } };
  return h("article", { ...about, "aria-label": `${author(message)}, ${clock(message.ts)}` },
    day ? h("p", { class: "day" }, dayOf(message.ts)) : null,
    h("div", { class: "row" }, avatar(message),
      h("div", { class: "content" },
        isPrivate ? h("p", { class: "only" }, "👁 Only you can see this") : null,
        message.subtype === "thread_broadcast" && place === "channel" ? h("p", { class: "only" }, "↩ replied to a thread") : null,
        head(message), isEdited ? editor(message) : body(message), foot(message, place)),
      isPrivate || isEdited ? null : tools(message, place)));
}

function avatar(message) {
  const name = author(message);
  const hue = [...name].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 360, 7);
  const tile = h("span", { class: message.bot_id ? "avatar app" : "avatar", "aria-hidden": "true" }, [...name][0]?.toUpperCase() ?? "?");
  tile.style.setProperty("--hue", hue);
  return tile;
}

function head(message) {
  const time = h("time", { datetime: isoOf(message.ts), title: moment(message.ts) }, clock(message.ts));
  const edited = message.edited ? h("span", { class: "edited", title: moment(message.edited.ts) }, "edited") : null;
  return h("p", { class: "head" }, h("b", {}, author(message)), message.bot_id ? h("span", { class: "badge" }, "APP") : null, time, edited);
}

function body(message) {
  const main = message.blocks?.length
    ? blocksOf(message.blocks, where(message))
    : h("div", { class: "text" }, mrkdwn.mrkdwn(message.text ?? ""));
  return h("div", { class: message.subtype === "tombstone" ? "body gone" : "body" }, main,
    (message.files ?? []).map(file), (message.attachments ?? []).map((one) => attachment(one, message)));
}

function where(message) {
  const click = (block, element, value) => perform("click", {
    channel: message.channel, ts: message.ts, action: element.action_id, block: block.block_id, value: value ?? null,
  });
  return {
    name: nameOf(message),
    held: (block, element) => heldIn(element),
    use: click,
    change: (block, element, value) => (block.dispatch_action ? click(block, element, value) : null),
    suggest: () => { complain("This demo loads options only in modals and on the Home tab."); return []; },
  };
}

function file(one) {
  if (one.mode === "tombstone") return h("p", { class: "file gone" }, "🗑 This file was deleted.");
  if (!one.mimetype) return h("p", { class: "file" }, "📎 A file of another company.");
  const url = one.is_external ? one.url_private : fileUrl(one.id);
  if (!one.is_external && /^image\/(png|jpeg|gif|webp)$/.test(one.mimetype)) {
    return h("figure", { class: "file" }, h("figcaption", {}, one.name), picture(one.url_private, one.alt_txt || one.title || one.name));
  }
  const words = [h("b", {}, one.title || one.name), ` ${one.pretty_type ?? ""} · ${size(one.size)}`];
  const shown = one.is_external ? link(url, words) : h("a", { href: url, download: one.name }, words);
  return h("p", { class: "file" }, "📎 ", shown);
}

const size = (bytes) => (bytes < 1024 ? `${bytes} bytes` : bytes < 1_048_576 ? `${Math.round(bytes / 1024)} kB` : `${(bytes / 1_048_576).toFixed(1)} MB`);

function attachment(one, message) {
  const words = [one.pretext, one.title, one.text ?? (one.blocks ? "" : one.fallback)].filter(Boolean);
  return h("div", { class: "attachment" }, words.map((text) => h("div", { class: "text" }, mrkdwn.mrkdwn(text))),
    one.blocks ? blocksOf(one.blocks, where(message)) : null, one.image_url ? picture(one.image_url, one.fallback ?? "") : null);
}

function foot(message, place) {
  const marks = (message.reactions ?? []).map((one) =>
    h("span", { class: "reaction", title: one.users.map(userName).join(", ") }, emoji(one.name), ` ${one.count}`));
  const replies = place === "channel" && message.reply_count ? replyLink(message) : null;
  return h("div", { class: "foot" }, marks, replies);
}

function replyLink(message) {
  const words = message.reply_count === 1 ? "1 reply" : `${message.reply_count} replies`;
  return h("a", { class: "replies", href: `#${message.channel}/${message.ts}`, tabindex: "-1" }, words,
    h("span", { class: "last" }, ` last at ${clock(message.latest_reply)}`));
}

// --- editing and deleting -- ----------------------------------------------------------------------------------------

function tools(message, place) {
  if (message.subtype === "tombstone") return null;
  const isOwn = message.user === piece("me");
  const root = message.thread_ts ?? message.ts;
  const button = (label, sign, click) => h("button", { type: "button", class: "quiet", "aria-label": label, title: label, on: { click } }, sign);
  return h("div", { class: "tools", role: "group", "aria-label": "This message" },
    place === "channel" ? button("Reply in thread", "💬", () => { location.hash = `${message.channel}/${root}`; }) : null,
    isOwn ? button("Edit", "✎", () => edit(message)) : null,
    button("Delete", "🗑", () => remove(message)));
}

/** Starts to edit a message, if it is the person's own. */
export function edit(message) {
  if (message.user !== piece("me")) return;
  editing.name = nameOf(message);
  redraw();
}

async function remove(message) {
  const yes = await sure("Delete message", "Are you sure you want to delete this message? This cannot be undone.", "Delete");
  if (yes) await perform("delete", { channel: message.channel, ts: message.ts });
}

function editor(message) {
  const field = h("textarea", { rows: 2, "aria-label": "Your message", "data-focus": `edit/${message.ts}` });
  field.value = mrkdwn.unescape(message.text ?? "");
  const done = () => { editing.name = ""; redraw(); };
  const save = async () => {
    const came = await perform("edit", { channel: message.channel, ts: message.ts, text: field.value });
    if (came !== undefined) done();
  };
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); save(); }
    if (event.key === "Escape") { event.stopPropagation(); done(); }
  });
  setTimeout(() => field.focus());
  return h("div", { class: "editor" }, field, h("div", { class: "actions" },
    h("button", { type: "button", class: "button", on: { click: done } }, "Cancel"),
    h("button", { type: "button", class: "button primary", on: { click: save } }, "Save")));
}
