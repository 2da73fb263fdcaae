// Actions: small POSTs, with a message for the person if one fails.

import { byId, h } from "./dom.js";
import { piece } from "./pieces.js";

const SHOWN_MS = 9000;
const WORDS = {
  operation_timeout: "threadline did not answer in time. Try again in a moment.",
  dispatch_failed: "threadline cannot be reached. Is the bot running?",
};

/** Runs an action; resolves with its result, rejects with an Error whose message is a sentence. */
export async function attempt(action, body = {}) {
  const answer = await fetch(`do/${action}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ user: piece("me"), ...body }),
  }).catch(() => { throw new Error("The demo has stopped. Start it again."); });
  const told = await answer.json().catch(() => ({ ok: false, error: `The demo answered ${answer.status}.` }));
  if (!told.ok) throw new Error(told.error);
  return told.came;
}

/** Runs an action and shows what went wrong. Resolves with its result, or undefined. */
export async function perform(action, body = {}) {
  try {
    const came = await attempt(action, body);
    complainOf(came);
    return came ?? null;
  } catch (error) {
    complain(error.message);
    return undefined;
  }
}

/** Shows the error of a click or a command, if there is one. */
export function complainOf(came) {
  if (came?.error) complain(WORDS[came.error] ?? `Slack could not show the answer: ${came.error}.`);
}

/** Shows an error. */
export function complain(sentence) {
  [...byId("complains").children].find((one) => one.firstChild.textContent === sentence)?.remove();
  const toast = h("p", { class: "toast" }, sentence);
  toast.append(h("button", { class: "quiet", "aria-label": "Dismiss", on: { click: () => toast.remove() } }, "✕"));
  byId("complains").append(toast);
  setTimeout(() => toast.remove(), SHOWN_MS);
}

/** Returns a file as base64. */
export function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(new Error("The file cannot be read."));
    reader.readAsDataURL(file);
  });
}

/** Uploads a file; resolves with its id, or undefined. */
export async function upload(file) {
  const data = await base64(file);
  return perform("upload", { name: file.name, content: data.slice(data.indexOf(",") + 1), mimetype: file.type });
}
