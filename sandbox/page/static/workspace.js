// The workspace: channels, the messages of one, a thread, and the app's Home tab.

import { drawBlocks } from "./blocks.js";
import { composer, sendOrRun } from "./composer.js";
import { dayOf } from "./dates.js";
import { perform } from "./doing.js";
import { byId, h, keyed } from "./dom.js";
import { heldIn } from "./entries.js";
import { messageItem } from "./message.js";
import { piece, startingWith } from "./pieces.js";

const NEAR = 60; // pixels from the end within which the view follows new messages
const unread = new Map(); // by channel

let shown = { channel: "", thread: "" };
let inChannel;
let inThread;

/** Returns the place in the address: {channel, thread}; channel "home" is the Home tab. */
export function place() {
  const [channel, thread = ""] = location.hash.slice(1).split("/");
  const known = channel === "home" || piece("channels", []).some((one) => one.id === channel);
  return { channel: known ? channel : piece("channels", [])[0]?.id ?? "", thread: known ? thread : "" };
}

/** Goes to a place at once, so that the next input belongs there. */
export function go(channel, thread = "") {
  location.hash = thread ? `${channel}/${thread}` : channel;
  moved();
}

const order = (one, other) => Number(one.ts) - Number(other.ts);
const all = (channel) => startingWith(`message:${channel}:`).sort(order);
const isTop = (one) => !one.thread_ts || one.thread_ts === one.ts || one.subtype === "thread_broadcast";

/** Returns the messages of a thread, the root first. */
export function threadOf(channel, root) {
  return all(channel).filter((one) => one.ts === root || one.thread_ts === root);
}

export const composers = () => ({ channel: inChannel, thread: inThread });

/** Adds the composers and starts to listen. */
export function startWorkspace() {
  inChannel = composer("Message", (text, files) => sendOrRun({ channel: shown.channel }, text, files, false));
  inThread = composer("Reply", (text, files, also) => sendOrRun(shown, text, files, also), true);
  byId("channel-composer").append(inChannel.element);
  byId("thread-composer").append(inThread.element);
  byId("thread-close").addEventListener("click", closeThread);
  window.addEventListener("hashchange", moved);
}

/** Closes the thread and focuses its root. */
export function closeThread() {
  const root = shown.thread;
  go(shown.channel);
  byId("messages").querySelector(`[data-ts="${CSS.escape(root)}"]`)?.focus();
}

function moved() {
  const before = shown;
  drawWorkspace({ fresh: {} });
  if (shown.channel === "home" && before.channel !== "home") perform("home");
  if (shown.thread && shown.thread !== before.thread) byId("thread").focus({ preventScroll: true });
}

/** Draws everything. */
export function drawWorkspace({ fresh }) {
  if (!piece("channels")) return;
  const before = shown;
  shown = place();
  count(fresh);
  drawChannels();
  const isHome = shown.channel === "home";
  byId("home").hidden = !isHome;
  byId("channel").hidden = isHome;
  if (isHome) drawHome();
  else drawChannel(before.channel !== shown.channel);
  drawThread(before.thread !== shown.thread);
  byId("workspace").classList.toggle("with-thread", !byId("thread").hidden);
}

function count(fresh) {
  for (const [name, message] of Object.entries(fresh)) {
    const isNews = name.startsWith("message:") && message.user !== piece("me") && message.channel !== shown.channel;
    if (isNews) unread.set(message.channel, (unread.get(message.channel) ?? 0) + 1);
  }
  unread.delete(shown.channel);
}

function drawChannels() {
  const entries = [["home", "Home", ""], ...piece("channels").map((one) => [one.id, one.name, sign(one)])];
  keyed(byId("channels"), [
    { key: "team", same: [piece("team")], make: () => h("p", { class: "team" }, piece("team").name) },
    ...entries.map(([id, name, mark]) => ({
      key: id,
      same: [name, mark, id === shown.channel, unread.get(id) ?? 0],
      make: () => entry(id, name, mark),
    })),
  ]);
}

const sign = (one) => (one.is_archived ? "🗄 " : one.is_private ? "🔒 " : "# ");

function entry(id, name, mark) {
  const news = unread.get(id) ?? 0;
  const badge = news ? h("span", { class: "count" }, String(news), h("span", { class: "hidden" }, " new")) : null;
  const current = id === shown.channel ? "page" : null;
  return h("a", { href: `#${id}`, "aria-current": current, "data-focus": `channel/${id}`, class: news ? "news" : "" },
    h("span", { class: "mark", "aria-hidden": "true" }, id === "home" ? "⌂ " : mark), h("span", { class: "name" }, name), badge);
}

function drawChannel(isNew) {
  const channel = piece("channels").find((one) => one.id === shown.channel);
  byId("channel-title").textContent = `${sign(channel)}${channel.name}`;
  byId("channel-note").textContent = channel.is_archived ? "archived" : channel.is_member ? "" : "threadline is not in this channel";
  const messages = all(channel.id).filter((one) => (one.is_ephemeral ? !one.thread_ts : isTop(one)));
  list(byId("messages"), messages, "channel", isNew);
  const focused = byId("messages").querySelector('[tabindex="0"]');
  if (!focused) byId("messages").lastElementChild?.setAttribute("tabindex", "0");
  inChannel.move(channel.id, `Message #${channel.name}, or /sms help`);
}

function list(parent, messages, where, isNew) {
  const isNear = isNew || parent.scrollHeight - parent.scrollTop - parent.clientHeight < NEAR;
  let day = "";
  keyed(parent, messages.map((message) => {
    const isFirst = dayOf(message.ts) !== day;
    day = dayOf(message.ts);
    return messageItem(message, where, isFirst);
  }));
  if (!messages.length) parent.append(Object.assign(h("p", { class: "none" }, "Nothing here yet."), { key: "none" }));
  if (isNear) parent.scrollTop = parent.scrollHeight;
}

function drawThread(isNew) {
  const messages = shown.thread ? threadOf(shown.channel, shown.thread) : [];
  byId("thread").hidden = !messages.length;
  if (!messages.length) return;
  list(byId("replies"), messages, "thread", isNew);
  inThread.move(`${shown.channel}/${shown.thread}`, "Reply…");
}

function drawHome() {
  const home = piece("home");
  const where = {
    name: "home",
    held: (block, element) => heldIn(element, home?.state?.values?.[block.block_id]?.[element.action_id]),
    use: (block, element, value) => perform("press", { action: element.action_id, block: block.block_id, value: value ?? null, home: true }),
    change: (block, element, value) => (block.dispatch_action ? where.use(block, element, value) : null),
    suggest: (element, text) => perform("suggest", { action: element.action_id, text, home: true }),
  };
  drawBlocks(byId("home-blocks"), home?.blocks ?? [], where);
  if (!home) byId("home-blocks").replaceChildren(h("p", { class: "none" }, "threadline has put nothing here yet."));
}
