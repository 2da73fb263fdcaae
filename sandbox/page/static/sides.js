// At phone width the two sides are tabs: https://www.w3.org/WAI/ARIA/apg/patterns/tabs/

import { byId } from "./dom.js";
import { redraw } from "./pieces.js";

const SIDES = ["workspace", "phones"];
const narrow = matchMedia("(max-width: 760px)");

/** Starts to listen. */
export function startSides() {
  for (const side of SIDES) {
    const tab = byId(`tab-${side}`);
    tab.addEventListener("click", () => showSide(side));
    tab.addEventListener("keydown", (event) => {
      if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
      const other = SIDES.find((one) => one !== side);
      showSide(other);
      byId(`tab-${other}`).focus();
    });
  }
  narrow.addEventListener("change", () => showSide(document.body.dataset.side ?? "workspace"));
  showSide("workspace");
}

/** Shows one side, if there is room for only one. */
export function showSide(side) {
  document.body.dataset.side = side;
  for (const one of SIDES) {
    const isShown = one === side;
    byId(`tab-${one}`).setAttribute("aria-selected", String(isShown));
    byId(`tab-${one}`).setAttribute("tabindex", isShown ? "0" : "-1");
    byId(one).hidden = narrow.matches && !isShown;
    byId(one).setAttribute("role", narrow.matches ? "tabpanel" : "region");
  }
  redraw();
}

/** Shows the number of new texts on the phones while they are hidden. */
export function tellCount(count) {
  const badge = byId("tab-count");
  badge.hidden = !count;
  badge.textContent = String(count);
}
