// The person's open modal and its input.

import { drawBlocks } from "./blocks.js";
import { attempt, complain, complainOf, perform } from "./doing.js";
import { byId, h } from "./dom.js";
import { heldIn } from "./entries.js";
import * as mrkdwn from "./mrkdwn.js";
import { piece } from "./pieces.js";
import { say } from "./say.js";

const EMPTY = "Please fill this in.";
const dialog = () => byId("modal");

let view = null; // the one shown
let entered = new Map(); // by block and action: {value, shown}, the input since it opened
let errors = {}; // by block
let body = null;

const waiting = new Map(); // by field: the newest input that the server does not know yet
let telling = null;

/** Shows the open modal, or none. */
export function drawModal() {
  const now = piece("modal");
  if (now === view) return;
  const isSame = now && view && now.id === view.id;
  const before = isSame ? told(view) : null;
  if (!isSame) forget();
  view = now;
  if (!view) { dialog().close(); return; }
  if (!isSame) frame();
  draw();
  if (before !== null && told(view) !== before) say(told(view), "modal");
}

/** Updates what depends on the fields, such as a counter. */
function told(one) {
  const beside = one.blocks.filter((block) => ["context", "section"].includes(block.type));
  return beside.map((block) => (block.elements ?? [block.text]).map((text) => text?.text ?? "").join(" ")).join(". ");
}

function forget() {
  entered = new Map();
  errors = {};
  waiting.clear();
}

function frame() {
  body = h("div", { class: "blocks modal-blocks" });
  const form = h("form", { novalidate: true, on: { submit: submitted } },
    h("header", {}, h("h2", { id: "modal-title" }), closer("Close")),
    body, h("footer", {}));
  dialog().replaceChildren(form);
  if (!dialog().open) dialog().showModal();
}

const closer = (label) => h("button", { type: "button", class: "quiet", "aria-label": label, on: { click: close } }, "✕");

function draw() {
  dialog().querySelector("h2").replaceChildren(...mrkdwn.text(view.title));
  const buttons = [h("button", { type: "button", class: "button", on: { click: close } }, mrkdwn.text(view.close ?? { text: "Cancel" }))];
  if (view.submit) buttons.push(h("button", { class: "button primary", disabled: view.submit_disabled }, mrkdwn.text(view.submit)));
  const footer = dialog().querySelector("footer");
  const words = JSON.stringify([view.close, view.submit, view.submit_disabled]);
  if (footer.dataset.words !== words) { footer.replaceChildren(...buttons); footer.dataset.words = words; }
  const first = !body.children.length;
  drawBlocks(body, view.blocks, where);
  if (first) (body.querySelector("[autofocus]") ?? body.querySelector("input, textarea, select"))?.focus();
}

const nameOf = (block, element) => `${block.block_id} ${element.action_id}`;

const where = {
  name: "modal",
  get errors() { return errors; },
  held: (block, element) =>
    entered.get(nameOf(block, element)) ?? heldIn(element, view.state?.values?.[block.block_id]?.[element.action_id]),
  change(block, element, value, shown) {
    entered.set(nameOf(block, element), { value, shown });
    if (errors[block.block_id]) { delete errors[block.block_id]; draw(); }
    queue(block, element, value, dispatches(block, element) ? "press" : "fill");
  },
  use: (block, element, value) => {
    if (!["button", "overflow"].includes(element.type)) entered.set(nameOf(block, element), { value, shown: null });
    return queue(block, element, value, "press");
  },
  suggest: (element, text) => perform("suggest", { action: element.action_id, text }),
};

/** Returns true if the app gets each character; with Enter only, it gets the text when the form is submitted. */
function dispatches(block, element) {
  if (!block.dispatch_action) return false;
  const isText = element.type.endsWith("_input") && element.type !== "file_input";
  return !isText || (element.dispatch_action_config?.trigger_actions_on ?? []).includes("on_character_entered");
}

/** Sends one value at a time, in order, so that the newest input arrives last. */
function queue(block, element, value, action) {
  if (!view) return Promise.resolve(); // a field lost the focus because its modal closed
  const name = nameOf(block, element);
  waiting.delete(name);
  waiting.set(name, [action, { action: element.action_id, block: block.block_id, value: value ?? null }]);
  telling ??= tellAll();
  return telling;
}

async function tellAll() {
  while (waiting.size) {
    const [name, [action, what]] = waiting.entries().next().value;
    waiting.delete(name);
    const { id } = view;
    await attempt(action, what).then(complainOf, (error) => view?.id === id && complain(error.message));
  }
  telling = null;
}

function missing() {
  const asked = view.blocks.filter((block) => block.type === "input" && !block.optional);
  const empty = asked.filter((block) => {
    const { value } = where.held(block, block.element);
    return value === null || value === undefined || value.length === 0;
  });
  return Object.fromEntries(empty.map((block) => [block.block_id, EMPTY]));
}

async function submitted(event) {
  event.preventDefault();
  const form = event.currentTarget;
  if (form.ariaBusy === "true") return;
  if (complained(missing())) return;
  form.ariaBusy = "true";
  try {
    await telling;
    const came = await attempt("submit");
    if (came.error) complain("threadline did not take this in time. Nothing is lost: try again.");
    else complained(came.errors);
  } catch (error) {
    complain(error.message);
  } finally {
    form.ariaBusy = "false";
  }
}

/** Shows these errors by block and focuses the first; returns true if there are any. */
function complained(about) {
  errors = { ...about };
  if (!view) return false;
  draw();
  const first = view.blocks.find((block) => errors[block.block_id]);
  const field = first && body.querySelector(`[data-block="${CSS.escape(first.block_id)}"]`);
  field?.querySelector("input, textarea, select, button")?.focus();
  if (first) say(Object.values(errors).join(". "));
  return Boolean(first);
}

const close = () => perform("close");

/** Escape closes the modal through the app, not by itself. */
export function startModal() {
  dialog().addEventListener("cancel", (event) => {
    if (event.target !== dialog()) return;
    event.preventDefault();
    close();
  });
}
