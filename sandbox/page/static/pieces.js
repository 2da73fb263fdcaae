// What the server shows, piece by piece, and who wants to know when it changes.

const pieces = new Map();
const listeners = [];
let stream = null;
let isDue = false;

/** One piece, or `otherwise`. */
export const piece = (name, otherwise = null) => pieces.get(name) ?? otherwise;

/** All pieces whose name begins so, in the order of their names. */
export function startingWith(prefix) {
  const names = [...pieces.keys()].filter((name) => name.startsWith(prefix)).sort();
  return names.map((name) => pieces.get(name));
}

/** Calls `listener({fresh, changed})` after each change: the pieces by name; neither when all was sent anew. */
export function onChange(listener) {
  listeners.push(listener);
}

/** Draws everything again, once, and before the next thing that a person does: a text goes from the phone that they see. */
export function redraw() {
  if (isDue) return;
  isDue = true;
  queueMicrotask(() => { isDue = false; tell({ fresh: {}, changed: {} }); });
}

/** Looks as this user from now on. */
export function connect(user) {
  stream?.close();
  stream = new EventSource(`live?as=${encodeURIComponent(user)}`);
  stream.addEventListener("all", (event) => take(JSON.parse(event.data), true));
  stream.addEventListener("some", (event) => take(JSON.parse(event.data), false));
  stream.addEventListener("open", () => { document.body.dataset.line = "open"; });
  stream.addEventListener("error", () => { document.body.dataset.line = "lost"; redraw(); });
}

function take({ set, gone }, isAll) {
  if (isAll) pieces.clear();
  gone.forEach((name) => pieces.delete(name));
  const fresh = {};
  const changed = {};
  for (const [name, value] of Object.entries(set)) {
    (pieces.has(name) ? changed : fresh)[name] = value;
    pieces.set(name, value);
  }
  tell(isAll ? { fresh: {}, changed: {} } : { fresh, changed });
}

function tell(news) {
  for (const listener of listeners) listener(news);
}

/** Whether the page hears from the server. */
export const isConnected = () => document.body.dataset.line === "open";
