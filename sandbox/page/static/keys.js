// Keyboard shortcuts.

import { byId, h } from "./dom.js";
import { edit } from "./message.js";
import { startingWith } from "./pieces.js";
import { focusPhone } from "./phones.js";
import { showSide } from "./sides.js";
import { closeThread, composers, go, place } from "./workspace.js";

const HELP = [
  ["j k", "the next or previous thread (also ↓ ↑)"], ["Enter", "open the thread"], ["r", "reply"], ["e", "edit your own message"],
  ["/", "type /sms in the channel"], ["n", "type a new text on the phone"], ["Escape", "leave a field, close a thread or a window"],
  ["?", "these keys"],
];
const FIELDS = "input, textarea, select, [contenteditable]";

/** Starts to listen. */
export function startKeys() {
  document.addEventListener("keydown", pressed);
  byId("help-button").addEventListener("click", help);
  byId("messages").addEventListener("focusin", (event) => rove(event.target.closest("article")));
}

function pressed(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.target.matches(FIELDS)) {
    if (event.key === "Escape") leave(event.target);
    return;
  }
  const act = KEYS[event.key];
  if (act && act(event) !== false) event.preventDefault();
}

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  ArrowDown: (event) => isInFeed(event) && step(1),
  ArrowUp: (event) => isInFeed(event) && step(-1),
  Enter: (event) => open(event),
  r: reply,
  e: editFocused,
  n: () => { showSide("phones"); focusPhone(); },
  "/": command,
  "?": help,
  Escape: () => (place().thread ? closeThread() : false),
};

const articles = () => [...byId("messages").querySelectorAll("article")];
const focused = () => document.activeElement?.closest?.("article");
const isInFeed = (event) => event.target === document.body || Boolean(event.target.closest("#messages"));

function step(by) {
  showSide("workspace");
  const all = articles();
  const at = all.indexOf(focused());
  const from = at < 0 ? all.findIndex((one) => one.dataset.ts === place().thread) : at;
  const next = from < 0 ? all.at(-1) : all[Math.min(Math.max(from + by, 0), all.length - 1)];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

/** Makes one message reachable with Tab: the one that had the focus last. */
function rove(article) {
  for (const one of articles()) one.setAttribute("tabindex", one === article ? "0" : "-1");
}

function open(event) {
  if (!event.target.matches("#messages article")) return false;
  go(place().channel, rootOf(event.target));
  return true;
}

function rootOf(article) {
  const own = startingWith(`message:${place().channel}:${article.dataset.ts}`)[0];
  return own?.thread_ts ?? article.dataset.ts;
}

function reply() {
  showSide("workspace");
  const article = focused();
  if (article && article.closest("#messages")) go(place().channel, rootOf(article));
  if (!place().thread) { composers().channel.field.focus(); return; }
  composers().thread.field.focus();
}

function editFocused() {
  const article = focused();
  const message = article && startingWith(`message:${place().channel}:${article.dataset.ts}`)[0];
  if (message) edit(message);
}

function command() {
  showSide("workspace");
  const { field } = composers().channel;
  if (!field.value) field.value = "/sms ";
  field.focus();
}

function leave(field) {
  const panel = field.closest("#thread, #phones") ?? byId("messages").querySelector('[tabindex="0"]') ?? byId("workspace");
  panel.focus({ preventScroll: true });
}

function help() {
  const rows = HELP.map(([keys, words]) => h("div", {}, h("dt", {}, keys.split(" ").map((key) => h("kbd", {}, key))), h("dd", {}, words)));
  byId("help").replaceChildren(h("form", { method: "dialog" }, h("header", {}, h("h2", { id: "help-title" }, "Keys"),
    h("button", { class: "quiet", "aria-label": "Close" }, "✕")), h("dl", {}, rows)));
  byId("help").showModal();
}
