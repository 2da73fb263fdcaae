// Block Kit: https://docs.slack.dev/reference/block-kit/blocks. What can be used in them is in controls.js.

import { control } from "./controls.js";
import { h, keyed, newId } from "./dom.js";
import { picture } from "./links.js";
import * as mrkdwn from "./mrkdwn.js";
import { richText } from "./richtext.js";

/**
 * Draws blocks into `parent`; keeps unchanged elements and the input in them.
 * @param {object} where callbacks for controls: see `Where` in controls.js.
 */
export function drawBlocks(parent, blocks, where) {
  keyed(parent, blocks.map((block) => (block.type === "input" ? inputItem(block, where) : item(block, where))));
}

/** Returns the blocks of a message as elements. */
export function blocksOf(blocks, where) {
  const parent = h("div", { class: "blocks" });
  drawBlocks(parent, blocks, where);
  return parent;
}

function item(block, where) {
  const make = () => (BLOCKS[block.type] ?? unknown)(block, where);
  return { key: `${block.type} ${block.block_id}`, same: [JSON.stringify(block)], make };
}

const BLOCKS = {
  rich_text: richText,
  section,
  header: (block) => h(`h${Math.min(6, (block.level ?? 1) + 2)}`, { class: "block-header" }, mrkdwn.text(block.text)),
  context: (block, where) => h("div", { class: "context" }, (block.elements ?? []).map((one) => small(one, where))),
  actions: (block, where) => h("div", { class: "actions" }, (block.elements ?? []).map((one) => control(block, one, where))),
  divider: () => h("hr"),
  image: (block) => figure(block),
  markdown: (block) => h("div", { class: "section" }, h("p", { class: "text literal" }, block.text)),
  alert: (block) => h("div", { class: "note", role: "note" }, mrkdwn.text(block.text)),
  table,
  file: () => h("p", { class: "context" }, "📎 a file from elsewhere"),
  video: (block) => h("p", { class: "context" }, "▶ ", mrkdwn.text(block.title)),
};

const unknown = (block) => h("p", { class: "context" }, `(a ${block.type} block)`);

function section(block, where) {
  const words = block.text ? h("div", { class: "text" }, mrkdwn.text(block.text)) : null;
  const fields = block.fields ? h("div", { class: "fields" }, block.fields.map((one) => h("div", {}, mrkdwn.text(one)))) : null;
  const beside = block.accessory ? accessory(block, where) : null;
  return h("div", { class: beside ? "section beside" : "section" }, h("div", {}, words, fields), beside);
}

function accessory(block, where) {
  if (block.accessory.type === "image") return small(block.accessory, where);
  const label = block.text?.text?.replaceAll(/[*_~`<>]/g, "") ?? "";
  return control(block, block.accessory, where, { "aria-label": label.slice(0, 120) || null });
}

function small(one) {
  if (one.type === "image") return picture(source(one), one.alt_text, { class: "thumb" });
  return h("span", {}, mrkdwn.text(one));
}

const source = (one) => one.image_url ?? one.slack_file?.url ?? (one.slack_file ? `/files-pri/-${one.slack_file.id}/` : "");

function figure(block) {
  const title = block.title ? h("figcaption", {}, mrkdwn.text(block.title)) : null;
  return h("figure", {}, title, picture(source(block), block.alt_text));
}

function table(block) {
  const cell = (one) => (one.type === "rich_text" ? richText(one) : String(one.text ?? one.value ?? ""));
  const [head, ...rows] = block.rows.map((row, at) => h("tr", {}, row.map((one) => h(at ? "td" : "th", {}, cell(one)))));
  return h("div", { class: "scrolls" }, h("table", {}, h("thead", {}, head), h("tbody", {}, rows)));
}

// --- input blocks: label, hint and error change, the field stays --------------------------------------

function inputItem(block, where) {
  return {
    key: `input ${block.block_id} ${block.element.action_id}`,
    same: [JSON.stringify(block.element), Boolean(block.dispatch_action), Boolean(block.optional)],
    make: () => inputBlock(block, where),
    update: (wrapper) => around(wrapper, block, where.errors?.[block.block_id] ?? ""),
  };
}

const GROUPS = ["radio_buttons", "checkboxes"];

function inputBlock(block, where) {
  const id = newId("field");
  const isGroup = GROUPS.includes(block.element.type);
  const label = h(isGroup ? "legend" : "label", { class: "label", id: `${id}-label`, for: isGroup ? null : id });
  const field = control(block, block.element, where, {
    id, "aria-describedby": `${id}-hint ${id}-error`, "aria-required": block.optional || isGroup ? null : "true",
  });
  const hint = h("p", { class: "hint", id: `${id}-hint` });
  const error = h("p", { class: "error", id: `${id}-error` });
  return h(isGroup ? "fieldset" : "div", { class: "input", data: { block: block.block_id } }, label, field, hint, error);
}

function around(wrapper, block, complaint) {
  const [label, field, hint, error] = wrapper.children;
  label.replaceChildren(...mrkdwn.text(block.label), ...(block.optional ? [h("span", { class: "optional" }, " (optional)")] : []));
  hint.replaceChildren(...mrkdwn.text(block.hint));
  error.replaceChildren(complaint);
  const asked = field.matches("input, select, textarea") ? field : field.querySelector("input, select, textarea, button");
  if (complaint) asked?.setAttribute("aria-invalid", "true");
  else asked?.removeAttribute("aria-invalid");
}
