// Announcements for screen readers, politely and batched.

import { byId } from "./dom.js";

const PAUSE_MS = 250;
const MOST = 4;
let waiting = [];
let timer = 0;

/** Announces a sentence together with others of the same moment; only the last one for a subject. */
export function say(sentence, subject = null) {
  waiting = waiting.filter((one) => subject === null || one.subject !== subject);
  waiting.push({ sentence, subject });
  clearTimeout(timer);
  timer = setTimeout(tell, PAUSE_MS);
}

function tell() {
  const told = waiting.slice(0, MOST).map((one) => one.sentence);
  if (waiting.length > MOST) told.push(`and ${waiting.length - MOST} more`);
  byId("says").textContent = told.join(". ");
  waiting = [];
}
