// Names for ids, and emoji by name.

import { piece } from "./pieces.js";

let emoji = {};

/** Fetches the table of emoji once. */
export async function loadEmoji() {
  emoji = await (await fetch("emoji.json")).json();
}

export const userName = (id) => piece("users", {})[id]?.name ?? "somebody";
export const channelName = (id) => piece("channels", []).find((one) => one.id === id)?.name ?? "a-private-channel";
export const groupName = (id) => piece("groups", {})[id] ?? "group";

/** Returns the characters of an emoji (`wave`, `flag-au`), or null; `tone` is 2 to 6. */
export function emojiOf(name, tone = 0) {
  const base = emoji[name] ?? null;
  if (!base || !tone) return base;
  return base.replace(/\uFE0F$/, "") + String.fromCodePoint(0x1f3fb + Number(tone) - 2);
}

/** Returns the characters for code points such as "1f44b-1f3fc". */
export const fromPoints = (points) => String.fromCodePoint(...points.split("-").map((one) => parseInt(one, 16)));

const SPACED = [[/^\+61(\d{3})(\d{3})(\d{3})$/, "+61 $1 $2 $3"], [/^\+1(\d{3})(\d{3})(\d{4})$/, "+1 $1-$2-$3"],
  [/^\+44(\d{4})(\d{6})$/, "+44 $1 $2"]];

/** Returns a number with spaces for people. */
export function spaced(number) {
  const found = SPACED.find(([pattern]) => pattern.test(number));
  return found ? number.replace(...found) : number;
}
