// What a screen reader is told, politely and in one go.

import { byId } from "./dom.js";

const PAUSE_MS = 250;
const MOST = 4;
let waiting = [];
let timer = 0;

/** Tells it soon, together with whatever else comes within a moment. */
export function say(sentence) {
  waiting.push(sentence);
  clearTimeout(timer);
  timer = setTimeout(tell, PAUSE_MS);
}

function tell() {
  const more = waiting.length - MOST;
  const told = more > 0 ? [...waiting.slice(0, MOST), `and ${more} more`] : waiting;
  byId("says").textContent = told.join(". ");
  waiting = [];
}
