// The page: the workspace on the left, the phones on the right, and a stream that keeps both current.

import { byId, h, keyed } from "./dom.js";
import { startKeys } from "./keys.js";
import { drawModal, startModal } from "./modal.js";
import { loadEmoji } from "./names.js";
import { tellNews } from "./news.js";
import { drawPhones, unreadTexts } from "./phones.js";
import { connect, onChange, piece } from "./pieces.js";
import { startSides, tellCount } from "./sides.js";
import { drawTrouble } from "./trouble.js";
import { drawWorkspace, startWorkspace } from "./workspace.js";

function drawWho() {
  const people = piece("people", []);
  keyed(byId("who"), people.map((one) => ({ key: one.id, same: [one.name], make: () => h("option", { value: one.id }, one.name) })));
  byId("who").value = piece("me") ?? "";
}

function startWho() {
  byId("who").addEventListener("change", (event) => {
    const name = event.target.selectedOptions[0].textContent;
    sessionStorage.setItem("who", name);
    connect(name);
  });
}

function startSkipping() {
  for (const skip of document.querySelectorAll(".skip")) {
    skip.addEventListener("click", (event) => {
      event.preventDefault();
      byId(skip.hash.slice(1)).focus();
    });
  }
}

await loadEmoji();
startSides();
startWorkspace();
startModal();
startKeys();
startWho();
startSkipping();
for (const draw of [drawWho, drawWorkspace, drawPhones, drawTrouble, drawModal, () => tellCount(unreadTexts()), tellNews]) onChange(draw);
connect(new URLSearchParams(location.search).get("as") ?? sessionStorage.getItem("who") ?? "anna");
