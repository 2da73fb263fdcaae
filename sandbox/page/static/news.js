// Announcements for screen readers: new messages and texts, and the state of the bot and Slack.

import { author } from "./message.js";
import { byId } from "./dom.js";
import { channelName, spaced } from "./names.js";
import { isConnected, piece } from "./pieces.js";
import { say } from "./say.js";
import { place } from "./workspace.js";

let health = "";

/** Announces what is new. */
export function tellNews({ fresh, changed }) {
  for (const [name, one] of Object.entries(fresh)) {
    if (name.startsWith("message:") && one.user !== piece("me")) say(`${author(one)} in ${channelName(one.channel)}: ${words(one)}`);
    if (name.startsWith("text:") && one.direction === "in") say(`Text on the phone ${spaced(one.phone)}: ${one.text}`);
  }
  for (const [name, one] of Object.entries(changed)) {
    const isLine = name.startsWith("message:") && one.bot_id && one.thread_ts === place().thread && one.ts !== one.thread_ts;
    if (isLine) say(words(one), one.ts);
  }
  if ("mishaps" in changed && changed.mishaps[0]) say(`${changed.mishaps[0].what}: ${changed.mishaps[0].state}`);
  drawHealth();
}

/** Returns the text of a message, as shown on the page if it is. */
function words(message) {
  const shown = document.querySelector(`article[data-ts="${message.ts}"] .body`);
  return shown?.innerText.trim() || message.text;
}

function state() {
  if (!isConnected()) return ["bad", "The demo is not responding"];
  if (!piece("slack")?.up) return ["bad", "Slack is down"];
  if (!piece("bot")?.running) return ["bad", "The bot is not running"];
  if (!piece("bot").connections) return ["wait", "The bot is connecting"];
  return ["good", "The bot is running"];
}

function drawHealth() {
  if (!piece("bot")) return;
  const [mood, sentence] = state();
  if (sentence === health) return;
  if (health) say(sentence);
  health = sentence;
  byId("health").textContent = sentence;
  byId("health").dataset.mood = mood;
}
