// Links that may be followed, and pictures that may be shown.

import { h } from "./dom.js";

const FOLLOWED = /^(https?:|mailto:|tel:)/i;
const MESSAGE = /^https:\/\/[\w-]+\.slack\.com\/archives\/(\w+)\/p(\d+)(\d{6})(?:\?.*thread_ts=([\d.]+))?/;
const SHOWN = /^(data:image\/(png|jpeg|gif|webp);base64,|http:\/\/127\.0\.0\.1:\d+\/)/;
const PRIVATE = /\/files-pri\/[^/]*-(F\w+)\//;

/** Returns a link, or only its text if the URL may not be followed. */
export function link(url, ...words) {
  if (!FOLLOWED.test(url)) return h("span", {}, words);
  const message = MESSAGE.exec(url);
  const where = message && `#${message[1]}/${message[4] ?? `${message[2]}.${message[3]}`}`;
  if (where) return h("a", { href: where }, words);
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, words);
}

/** Returns the page's URL of a file in the workspace. */
export const fileUrl = (id) => `file/${encodeURIComponent(id)}`;

/** Returns a picture from this machine, or a link to one elsewhere: the page loads nothing from outside. */
export function picture(url, words, about = {}) {
  const own = PRIVATE.exec(url);
  const src = own ? fileUrl(own[1]) : url;
  if (own || SHOWN.test(src)) return h("img", { src, alt: words, ...about });
  return link(url, `🖼 ${words || "picture"}`);
}
