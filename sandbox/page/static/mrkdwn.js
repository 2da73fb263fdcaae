// Slack's `mrkdwn`: https://docs.slack.dev/messaging/formatting-message-text. Read into elements, never into markup.

import { h } from "./dom.js";
import { link } from "./links.js";
import * as rich from "./richtext.js";

const INLINE = new RegExp([
  "<(?<control>[^<>\\n]+)>",
  "`(?<code>[^`\\n]+)`",
  "(?<url>https?://[^\\s<>|]*[^\\s<>|.,;:!?)'\"\\]*_~])",
  "(?<![\\w*_~])(?<mark>[*_~])(?=\\S)(?<inner>[^\\n]{0,2000}?\\S)\\k<mark>(?![\\w*_~])",
  ":(?<emoji>[a-z0-9_+'-]{1,100}):(?:(?::skin-tone-(?<tone>[2-6]):))?",
].join("|"), "gu");
const TAGS = { "*": "strong", _: "em", "~": "s" };

/** Unescapes the three characters that Slack escapes, the ampersand last. */
export const unescape = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

/** Returns a text object of either kind as nodes. */
export function text(object) {
  if (!object) return [];
  return object.type === "mrkdwn" ? mrkdwn(object.text) : plain(object.text);
}

/** Returns plain text as nodes: only emoji names are converted. */
export function plain(words) {
  return pieces(words, /:(?<emoji>[a-z0-9_+'-]{1,100}):(?:(?::skin-tone-(?<tone>[2-6]):))?/gu, (word) => word);
}

/** Returns marked-up text as nodes: fences, quotes and lines. */
export function mrkdwn(words) {
  const parts = words.split(/```\n?([\s\S]*?)\n?```/);
  return parts.flatMap((part, index) => (index % 2 ? [h("pre", {}, h("code", {}, unescape(part)))] : lines(part)));
}

function lines(words) {
  const found = [];
  for (const one of words.split("\n")) {
    const quote = /^(?:&gt;|>) ?(.*)$/.exec(one);
    const last = found.at(-1);
    if (last && last.isQuote === Boolean(quote)) last.lines.push(quote ? quote[1] : one);
    else found.push({ isQuote: Boolean(quote), lines: [quote ? quote[1] : one] });
  }
  return found.flatMap(({ isQuote, lines: own }) => (isQuote ? [h("blockquote", {}, broken(own))] : broken(own)));
}

function broken(own) {
  return own.flatMap((one, index) => (index ? [h("br"), ...inline(one)] : inline(one)));
}

const inline = (words) => pieces(words, INLINE, unescape);

function pieces(words, pattern, literally) {
  const found = [];
  let last = 0;
  for (const match of words.matchAll(pattern)) {
    found.push(literally(words.slice(last, match.index)), element(match));
    last = match.index + match[0].length;
  }
  return [...found, literally(words.slice(last))].filter((one) => one !== "");
}

function element({ 0: whole, groups }) {
  if (groups.control) return control(groups.control) ?? unescape(whole);
  if (groups.code) return h("code", {}, unescape(groups.code));
  if (groups.url) return link(unescape(groups.url), unescape(groups.url));
  if (groups.mark) return h(TAGS[groups.mark], {}, inline(groups.inner));
  return rich.emoji(groups.emoji, groups.tone);
}

function control(inside) {
  const [target, ...rest] = inside.split("|");
  const label = unescape(rest.join("|"));
  if (/^@[UW]/.test(target)) return rich.user(target.slice(1));
  if (/^#[CG]/.test(target)) return rich.channel(target.slice(1));
  if (target.startsWith("!")) return special(target.slice(1), label);
  const url = unescape(target);
  return /^(https?:|mailto:|tel:)/.test(url) ? link(url, label || url.replace(/^(mailto|tel):/, "")) : null;
}

function special(target, label) {
  if (["here", "channel", "everyone"].includes(target)) return rich.everyone(target);
  const [name, ...parts] = target.split("^");
  if (name === "subteam") return rich.group(parts[0]);
  if (name === "date" && parts.length > 1) return rich.date(Number(parts[0]), unescape(parts[1]), label, parts[2]);
  return null;
}
