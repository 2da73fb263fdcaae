// Interactive elements and inputs: https://docs.slack.dev/reference/block-kit/block-elements.
//
// Where: what a control needs from its message, modal or Home tab.
//   use(block, element, value): calls the app; returns a promise.
//   change(block, element, value, shown): records input in an input block.
//   held(block, element): returns the current input {value, shown}; `shown` is the label of a choice.
//   suggest(element, text): loads the options of an external select.
//   name: prefix for the focus names of its controls.

import { confirmed } from "./confirm.js";
import { combobox } from "./combobox.js";
import { complain, upload } from "./doing.js";
import { h, newId } from "./dom.js";
import * as mrkdwn from "./mrkdwn.js";
import { piece } from "./pieces.js";

/** Returns the control for an element; `about` has further attributes for the field. */
export function control(block, element, where, about = {}) {
  const make = MAKERS[element.type];
  if (!make) return h("span", { class: "context" }, `(a ${element.type})`);
  const name = `${where.name}/${block.block_id}/${element.action_id}`;
  return make({ block, element, where, about: { "data-focus": name, autofocus: element.focus_on_load, ...about } });
}

const plainPlaceholder = (element) => element.placeholder?.text ?? "";

/** Reports a new value: an input block stores it, any other element is used at once, after its confirmation. */
async function tell({ block, element, where }, value, shown) {
  if (block.type === "input") where.change(block, element, value, shown);
  else if (!element.confirm || (await confirmed(element.confirm))) await where.use(block, element, value);
}

// --- buttons and overflow ------------------------------------------------------------------------------------------

function button(about) {
  const { element } = about;
  const isLink = /^https?:/.test(element.url ?? "");
  const attributes = { class: `button ${element.style ?? ""}`, "aria-label": element.accessibility_label, ...about.about };
  const press = (event) => used(event, about, element.value);
  const own = isLink ? { href: element.url, target: "_blank", rel: "noopener noreferrer" } : { type: "button" };
  return h(isLink ? "a" : "button", { ...attributes, ...own, "aria-label": element.accessibility_label, on: { click: press } },
    mrkdwn.text(element.text));
}

async function used(event, { block, element, where }, value) {
  const clicked = event.currentTarget;
  if (element.confirm && clicked.href) event.preventDefault();
  if (clicked.ariaBusy === "true") return;
  if (element.confirm && !(await confirmed(element.confirm))) return;
  clicked.ariaBusy = "true";
  await where.use(block, element, value);
  clicked.ariaBusy = "false";
}

function overflow(about) {
  const { block, element, where } = about;
  const id = newId("menu");
  const choose = async (option) => {
    menu.hidePopover();
    if (/^https?:/.test(option.url ?? "")) window.open(option.url, "_blank", "noopener,noreferrer");
    if (!element.confirm || (await confirmed(element.confirm))) await where.use(block, element, option.value);
  };
  const menu = h("div", { id, popover: "auto", class: "menu", role: "menu", on: { keydown: arrows } }, element.options.map((option) =>
    h("button", { type: "button", role: "menuitem", on: { click: () => choose(option) } }, mrkdwn.text(option.text))));
  const opener = h("button", { type: "button", class: "button", ...about.about, "aria-label": "More actions", "aria-haspopup": "menu", popovertarget: id }, "⋯");
  menu.addEventListener("toggle", (event) => event.newState === "open" && place(menu, opener));
  return h("span", { class: "overflow" }, opener, menu);
}

function place(menu, opener) {
  const { left, bottom } = opener.getBoundingClientRect();
  menu.style.setProperty("left", `${Math.min(left, innerWidth - menu.offsetWidth - 8)}px`);
  menu.style.setProperty("top", `${Math.min(bottom + 4, innerHeight - menu.offsetHeight - 8)}px`);
  menu.querySelector("button").focus();
}

function arrows(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const all = [...event.currentTarget.children];
  all[(all.indexOf(document.activeElement) + step + all.length) % all.length].focus();
}

// --- selects -------------------------------------------------------------------------------------------------------

const people = () => Object.entries(piece("users", {})).filter(([, one]) => !one.gone).map(([id, one]) => [id, one.name]);
const channels = () => piece("channels", []).map((one) => [one.id, `#${one.name}`]);
const asOption = ([value, words]) => h("option", { value }, words);
const written = (option) => asOption([option.value, option.text.text]);

function options(element) {
  if (element.options) return element.options.map(written);
  return (element.option_groups ?? []).map((group) => h("optgroup", { label: group.label.text }, group.options.map(written)));
}

function select(make) {
  return (about) => {
    const { value } = about.where.held(about.block, about.element);
    const empty = h("option", { value: "" }, plainPlaceholder(about.element) || "Choose…");
    const field = h("select", named(about), empty, make(about.element));
    field.value = value ?? "";
    field.addEventListener("change", () => tell(about, field.value || null));
    return field;
  };
}

function many(make) {
  return (about) => {
    const held = about.where.held(about.block, about.element).value ?? [];
    const field = h("select", { multiple: true, size: 4, ...named(about) }, make(about.element));
    for (const option of field.options) option.selected = held.includes(option.value);
    field.addEventListener("change", () => tell(about, [...field.selectedOptions].map((option) => option.value)));
    return field;
  };
}

/** Returns a field's attributes, with an accessible name if there is no label. */
function named({ block, element, about }) {
  const label = block.type === "input" ? null : about["aria-label"] || plainPlaceholder(element) || "Choose";
  return { ...about, "aria-label": label };
}

const external = (isMany) => (about) => combobox({
  isMany,
  attributes: named(about),
  placeholder: plainPlaceholder(about.element),
  held: about.where.held(about.block, about.element),
  suggest: (text) => about.where.suggest(about.element, text),
  tell: (value, shown) => tell(about, value, shown),
});

// --- choices -------------------------------------------------------------------------------------------------------

function choices(kind) {
  return (about) => {
    const group = newId("group");
    const held = [about.where.held(about.block, about.element).value ?? []].flat();
    const chosen = () => [...list.querySelectorAll("input:checked")].map((one) => one.value);
    const list = h("div", { class: "choices", role: about.block.type === "input" ? null : "group" }, about.element.options.map((option, at) => {
      const box = h("input", { type: kind, name: group, value: option.value, checked: held.includes(option.value), "data-focus": `${about.about["data-focus"]}/${at}` });
      return h("label", {}, box, h("span", {}, mrkdwn.text(option.text), described(option)));
    }));
    list.addEventListener("change", () => tell(about, kind === "radio" ? chosen()[0] ?? null : chosen()));
    return list;
  };
}

const described = (option) => (option.description ? h("small", {}, mrkdwn.text(option.description)) : null);

// --- fields --------------------------------------------------------------------------------------------------------

function typed(kind) {
  return (about) => {
    const { element } = about;
    const isLong = kind === "text" && element.multiline;
    const field = h(isLong ? "textarea" : "input", {
      type: isLong ? null : kind, rows: isLong ? 4 : null, placeholder: plainPlaceholder(element) || null,
      maxlength: element.max_length ?? (kind === "text" ? 3000 : null), min: element.min_value, max: element.max_value,
      step: kind === "number" ? (element.is_decimal_allowed ? "any" : 1) : null, autocomplete: "off", ...named(about),
    });
    field.value = about.where.held(about.block, element).value ?? "";
    field.addEventListener("input", () => tell(about, field.value));
    return field;
  };
}

function picked(kind, read = (value) => value || null, write = (value) => value ?? "") {
  return (about) => {
    const field = h("input", { type: kind, ...named(about) });
    field.value = write(about.where.held(about.block, about.element).value);
    field.addEventListener("change", () => tell(about, read(field.value)));
    return field;
  };
}

const pad = (number) => String(number).padStart(2, "0");

function localTime(seconds) {
  if (!seconds) return "";
  const date = new Date(seconds * 1000);
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}T${pad(date.getHours())}:${pad(date.getMinutes())}`;
}

const epoch = (value) => (value ? Math.floor(new Date(value).getTime() / 1000) : null);

function richField(about) {
  const asBlock = (words) => ({ type: "rich_text", elements: [{ type: "rich_text_section", elements: [{ type: "text", text: words }] }] });
  const field = h("textarea", { rows: 4, placeholder: plainPlaceholder(about.element) || null, ...named(about) });
  field.addEventListener("input", () => tell(about, field.value ? asBlock(field.value) : null));
  return field;
}

function files(about) {
  const { element } = about;
  const accept = (element.filetypes ?? []).map((kind) => `.${kind}`).join(",") || null;
  const field = h("input", { type: "file", multiple: (element.max_files ?? 10) > 1, accept, ...named(about) });
  field.addEventListener("change", async () => {
    const most = element.max_files ?? 10;
    if (field.files.length > most) { complain(`No more than ${most} files.`); field.value = ""; return; }
    const ids = await Promise.all([...field.files].map(upload));
    tell(about, ids.filter(Boolean));
  });
  return field;
}

const MAKERS = {
  button, overflow,
  static_select: select(options), users_select: select(() => people().map(asOption)),
  channels_select: select(() => channels().map(asOption)), conversations_select: select(() => channels().map(asOption)),
  multi_static_select: many(options), multi_users_select: many(() => people().map(asOption)),
  multi_channels_select: many(() => channels().map(asOption)), multi_conversations_select: many(() => channels().map(asOption)),
  external_select: external(false), multi_external_select: external(true),
  radio_buttons: choices("radio"), checkboxes: choices("checkbox"),
  datepicker: picked("date"), timepicker: picked("time"), datetimepicker: picked("datetime-local", epoch, localTime),
  plain_text_input: typed("text"), email_text_input: typed("email"), url_text_input: typed("url"), number_input: typed("number"),
  rich_text_input: richField, file_input: files,
};
