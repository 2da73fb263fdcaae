// A field that loads its options while the person types: https://www.w3.org/WAI/ARIA/apg/patterns/combobox/

import { h, newId } from "./dom.js";

const PAUSE_MS = 150;

/**
 * @param {object} about `held`: {value, shown}; `suggest(text)`: loads options; `tell(value, shown)`; `isMany`.
 */
export function combobox({ isMany, attributes, placeholder, held, suggest, tell }) {
  const id = newId("options");
  const chosen = chosenOf(isMany, held);
  const list = h("ul", { id, role: "listbox", class: "options", hidden: true });
  const field = h("input", {
    type: "text", role: "combobox", autocomplete: "off", placeholder: placeholder || null, ...attributes,
    "aria-controls": id, "aria-expanded": "false", "aria-autocomplete": "list",
  });
  const chips = h("span", { class: "chips" });
  const state = { at: -1, timer: 0, turn: 0 };

  function show(options) {
    list.replaceChildren(...options.map((one) => h("li", { id: newId("option"), role: "option", on: { mousedown: (event) => { event.preventDefault(); choose(one); } } }, one.text.text)));
    list.options = options;
    if (!options.length) list.append(h("li", { class: "none" }, "Nothing found"));
    open(true);
    move(options.length ? 0 : -1);
  }
  function open(isOpen) {
    list.hidden = !isOpen;
    field.setAttribute("aria-expanded", String(isOpen));
    if (!isOpen) field.removeAttribute("aria-activedescendant");
  }
  function move(at) {
    state.at = at;
    [...list.children].forEach((one, index) => one.setAttribute("aria-selected", String(index === at)));
    if (list.options?.[at]) field.setAttribute("aria-activedescendant", list.children[at].id);
  }
  function choose(one) {
    if (!isMany) chosen.clear();
    chosen.set(one.value, one.text.text);
    open(false);
    told();
  }
  function told() {
    draw();
    const values = [...chosen.keys()];
    const words = [...chosen.values()];
    tell(isMany ? values : values[0] ?? null, isMany ? words : words[0] ?? null);
  }
  function draw() {
    field.value = isMany ? "" : [...chosen.values()][0] ?? "";
    chips.replaceChildren(...(isMany ? [...chosen].map(([value, words]) => chip(value, words)) : []));
  }
  const chip = (value, words) => h("button", { type: "button", class: "chip", "aria-label": `Remove ${words}`, on: { click: () => { chosen.delete(value); told(); field.focus(); } } }, `${words} ✕`);

  async function ask() {
    const turn = ++state.turn;
    const options = await suggest(field.value);
    if (turn === state.turn && options && document.activeElement === field) show(options);
  }
  function typed() {
    clearTimeout(state.timer);
    state.timer = setTimeout(ask, PAUSE_MS);
    if (!field.value && !isMany && chosen.size) { chosen.clear(); tell(null, null); }
  }
  function key(event) {
    const count = list.options?.length ?? 0;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && list.hidden) { event.preventDefault(); ask(); }
    else if (step && count) { event.preventDefault(); move((state.at + step + count) % count); }
    else if (event.key === "Enter" && !list.hidden && list.options[state.at]) { event.preventDefault(); choose(list.options[state.at]); }
    else if (event.key === "Escape" && !list.hidden) { event.preventDefault(); event.stopPropagation(); open(false); }
  }
  field.addEventListener("input", typed);
  field.addEventListener("keydown", key);
  field.addEventListener("focus", ask);
  field.addEventListener("blur", () => { open(false); draw(); });
  draw();
  return h("span", { class: "combobox" }, chips, field, list);
}

function chosenOf(isMany, { value, shown }) {
  if (isMany) return new Map((value ?? []).map((one, at) => [one, shown?.[at] ?? one]));
  return new Map(value ? [[value, shown ?? value]] : []);
}
