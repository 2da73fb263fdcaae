// `rich_text` blocks: https://docs.slack.dev/reference/block-kit/blocks/rich-text-block

import { formatted, isoOf } from "./dates.js";
import { h } from "./dom.js";
import { link } from "./links.js";
import { channelName, emojiOf, fromPoints, groupName, userName } from "./names.js";
import { piece } from "./pieces.js";

const STYLES = { bold: "strong", italic: "em", strike: "s", underline: "u", code: "code", highlight: "mark", client_highlight: "mark" };

/** Returns a block as elements. */
export function richText(block) {
  return h("div", { class: "rich" }, nested(block.elements ?? []));
}

/** Joins consecutive lists with different indents into one visible list. */
function nested(elements) {
  return elements.map((element) => (TOP[element.type] ?? (() => null))(element));
}

const TOP = {
  rich_text_section: (one) => h("p", {}, line(one)),
  rich_text_quote: (one) => h("blockquote", {}, line(one)),
  rich_text_preformatted: (one) => h("pre", {}, h("code", {}, line(one))),
  rich_text_list: list,
};

function list(one) {
  const tag = one.style === "ordered" ? "ol" : "ul";
  const about = { class: `indent-${Math.min(one.indent ?? 0, 8)}`, start: tag === "ol" && one.offset ? one.offset + 1 : null };
  return h(tag, about, (one.elements ?? []).map((item) => h("li", {}, line(item))));
}

const line = (one) => (one.elements ?? []).map((element) => styled(inline(element), element.style));

function styled(node, style = {}) {
  return Object.entries(STYLES).reduce((inner, [name, tag]) => (style[name] ? h(tag, {}, inner) : inner), node);
}

const INLINE = {
  text: (one) => document.createTextNode(one.text),
  link: (one) => link(one.url, one.text || one.url),
  emoji: (one) => emoji(one.name, one.skin_tone, one.unicode),
  user: (one) => user(one.user_id),
  usergroup: (one) => mention(`@${groupName(one.usergroup_id)}`),
  channel: (one) => channel(one.channel_id),
  team: () => mention("@team"),
  broadcast: (one) => mention(`@${one.range}`, true),
  color: (one) => h("code", {}, one.value),
  date: (one) => date(one.timestamp, one.format, one.fallback, one.url),
};

const inline = (element) => (INLINE[element.type] ?? (() => document.createTextNode("")))(element);

/** Returns an emoji with its name as a label; the name between colons if it has no characters. */
export function emoji(name, tone = 0, points = "") {
  const characters = points ? fromPoints(points) : emojiOf(name, tone);
  if (!characters) return document.createTextNode(`:${name}:`);
  return h("span", { class: "emoji", role: "img", "aria-label": name.replaceAll("_", " "), title: `:${name}:` }, characters);
}

function mention(words, isMe = false) {
  return h("span", { class: isMe ? "mention me" : "mention" }, words);
}

export const user = (id) => mention(`@${userName(id)}`, id === piece("me"));
export const group = (id) => mention(`@${groupName(id)}`);
export const everyone = (range) => mention(`@${range}`, true);
export const channel = (id) => h("a", { class: "mention", href: `#${id}` }, `#${channelName(id)}`);

/** Returns a time in the viewer's zone, with a link if there is one. */
export function date(timestamp, format, fallback = "", url = "") {
  const known = Number.isFinite(timestamp) && Math.abs(timestamp) < 8.64e12;
  if (!known) return document.createTextNode(fallback);
  const shown = h("time", { datetime: isoOf(timestamp), title: fallback }, formatted(format, timestamp));
  return url ? link(url, shown) : shown;
}
