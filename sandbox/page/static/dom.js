// Creates elements. Text is always set as text: nothing here parses markup.

/**
 * Returns a new element.
 * @param {string} tag
 * @param {object} about attributes; `class`, `on: {event: handler}`, `data: {name: value}`; skips false and null.
 * @param {...(Node|string|null|Array)} children
 */
export function h(tag, about = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(about)) set(element, name, value);
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

function set(element, name, value) {
  if (value === false || value === null || value === undefined) return;
  if (name === "on") for (const [event, handler] of Object.entries(value)) element.addEventListener(event, handler);
  else if (name === "data") Object.assign(element.dataset, value);
  else if (name === "value") element.value = value;
  else element.setAttribute(name, value === true ? "" : value);
}

export const byId = (id) => document.getElementById(id);

/**
 * Makes `items` the children of `parent`, in order; keeps the elements of unchanged items.
 * @param {Element} parent
 * @param {{key: string, same: Array, make: () => Element, update: (Element) => void}[]} items
 *   `same`: the values that the element depends on; `update`, if given, is called on it every time.
 */
export function keyed(parent, items) {
  const before = new Map([...parent.children].map((child) => [child.key, child]));
  const focused = parent.contains(document.activeElement) ? document.activeElement : null;
  const wanted = items.map((item) => {
    const child = kept(before.get(item.key), item) ?? made(item);
    item.update?.(child);
    return child;
  });
  wanted.forEach((child, index) => {
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null);
  });
  while (parent.children.length > wanted.length) parent.lastElementChild.remove();
  if (focused && document.activeElement !== focused) refocus(parent, focused);
}

function kept(child, item) {
  const same = child && child.same.length === item.same.length && child.same.every((one, at) => one === item.same[at]);
  return same ? child : null;
}

function made(item) {
  const child = item.make();
  child.key = item.key;
  child.same = item.same;
  return child;
}

/** Restores the focus after a redraw, to the element with the same `data-focus`. */
function refocus(parent, focused) {
  if (focused.isConnected) { focused.focus({ preventScroll: true }); return; }
  const name = focused.dataset.focus;
  const again = name && [...parent.querySelectorAll("[data-focus]")].find((one) => one.dataset.focus === name);
  again?.focus({ preventScroll: true });
  if (again && "selectionStart" in focused && focused.selectionStart !== null) {
    again.setSelectionRange(focused.selectionStart, focused.selectionEnd);
  }
}

let last = 0;

/** Returns an id that no other element has. */
export function newId(prefix = "n") {
  last += 1;
  return `${prefix}-${last}`;
}
