// The panel that injects faults and shows their recovery.

import { clock } from "./dates.js";
import { perform } from "./doing.js";
import { byId, h, keyed } from "./dom.js";
import { piece } from "./pieces.js";

const STATES = { waiting: "waiting to happen", happened: "happened", healed: "healed", "taken back": "taken back" };

let parts = null;
let where = "slack";

/** Draws the panel. */
export function drawTrouble() {
  if (!piece("possible")) return;
  parts ??= build();
  keyed(parts.power, powers());
  keyed(parts.where, places().map(([name, words]) => ({ key: name, same: [words], make: () => h("option", { value: name }, words) })));
  parts.where.value = where;
  keyed(parts.offers, offers());
  keyed(parts.log, piece("mishaps").map((one) => ({ key: String(one.number), same: [one], make: () => mishap(one) })));
}

function build() {
  const power = h("div", { class: "power" });
  const select = h("select", { "aria-label": "Where to inject faults", on: { change: () => { where = select.value; drawTrouble(); } } });
  const offers = h("div", { class: "offers" });
  const log = h("ol", { class: "log", "aria-label": "Injected faults, newest first" });
  const right = h("button", { type: "button", class: "button", on: { click: () => perform("takeback") } }, "Clear all faults");
  byId("trouble").replaceChildren(h("details", { open: true },
    h("summary", {}, h("h2", { id: "trouble-title" }, "Inject faults")),
    power, h("p", { class: "where" }, "At ", select), offers, log, right));
  return { power, where: select, offers, log };
}

const places = () => [["slack", "Slack"], ...piece("companies").map((one) => [one.name, one.company])];

function powers() {
  const companies = piece("companies").filter((one) => one.name === where || one.down);
  const all = [["bot", "the bot", piece("bot").running], ["slack", "Slack", piece("slack").up],
    ...companies.map((one) => [one.name, one.company, !one.down])];
  return all.map(([name, words, isOn]) => ({ key: name, same: [isOn], make: () => power(name, words, isOn) }));
}

function power(name, words, isOn) {
  const off = name === "bot" ? "Kill" : "Take down";
  const on = name === "bot" ? "Start" : "Bring back";
  const toggle = async (event) => {
    const button = event.currentTarget;
    if (button.ariaBusy === "true") return;
    button.ariaBusy = "true";
    await perform("power", { where: name, on: !isOn });
    button.ariaBusy = "false";
  };
  const about = { type: "button", class: isOn ? "button" : "button primary", "data-focus": `power/${name}` };
  return h("button", { ...about, on: { click: toggle } }, `${isOn ? off : on} ${words}`);
}

function offers() {
  const own = piece("possible").filter((one) => one.where === where);
  const company = places().find(([name]) => name === where)?.[1] ?? "";
  const words = (one) => one.what.replace(`${company} `, "").replace(/^./, (letter) => letter.toUpperCase());
  return own.map((one) => ({
    key: `${one.where} ${one.name}`,
    same: [],
    make: () => h("button", { type: "button", class: "offer", on: { click: () => perform("mishap", { where: one.where, name: one.name }) } }, words(one)),
  }));
}

function mishap(one) {
  const time = one.at ? h("time", {}, clock(one.at)) : null;
  return h("li", { class: one.state.replace(" ", "-") }, h("span", { class: "state" }, STATES[one.state]), ` ${one.what} `, time);
}
