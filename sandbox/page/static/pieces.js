// The server's state, piece by piece, with listeners for changes.

const pieces = new Map();
const listeners = [];
let stream = null;
let isDue = false;

/** Returns a piece, or `otherwise`. */
export const piece = (name, otherwise = null) => pieces.get(name) ?? otherwise;

/** Returns all pieces whose name begins like this, in order of name. */
export function startingWith(prefix) {
  const names = [...pieces.keys()].filter((name) => name.startsWith(prefix)).sort();
  return names.map((name) => pieces.get(name));
}

/** Calls `listener({fresh, changed})` after each change: the pieces by name; both empty after a full update. */
export function onChange(listener) {
  listeners.push(listener);
}

/** Redraws once, before the person's next action: a text goes from the phone that they see. */
export function redraw() {
  if (isDue) return;
  isDue = true;
  queueMicrotask(() => { isDue = false; tell({ fresh: {}, changed: {} }); });
}

/** Views the page as this user from now on. */
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

/** Returns true if the page is connected to the server. */
export const isConnected = () => document.body.dataset.line === "open";
