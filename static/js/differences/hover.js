/** What changed in a run of the table, while the pointer rests on its name. */

import { fragment, siteAddress } from "../http.js";

const REST = 700;
const AWAY = 250;
/** Room for the tooltip with the whole name. */
const BELOW = 36;

export function showChangesOnHover(root) {
  const box = document.createElement("div");
  box.className = "changed-hover";
  box.hidden = true;
  document.body.append(box);
  let timer = 0, id = "";

  const close = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      box.hidden = true;
      id = "";
    }, AWAY);
  };

  const open = (link, run) => {
    clearTimeout(timer);
    if (run === id) return;
    timer = setTimeout(async () => {
      id = run;
      try {
        const text = await fragment(siteAddress(`/runs/${encodeURIComponent(run)}/changed`));
        if (id !== run) return;
        // The server's own markup, with every value escaped.
        box.innerHTML = text;
        place(box, link);
      } catch {
        id = "";
      }
    }, REST);
  };

  root.addEventListener("pointerover", (event) => {
    const link = event.pointerType === "mouse" ? event.target.closest("tr[id^='run-'] a.name") : null;
    if (link) open(link, link.closest("tr").id.slice(4));
  });
  root.addEventListener("pointerout", (event) => {
    if (event.target.closest("tr[id^='run-'] a.name")) close();
  });
  box.addEventListener("pointerenter", () => clearTimeout(timer));
  box.addEventListener("pointerleave", close);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
  document.addEventListener("scroll", close, { capture: true, passive: true });
}

function place(box, link) {
  const at = link.getBoundingClientRect();
  box.hidden = false;
  const { width, height } = box.getBoundingClientRect();
  box.style.left = `${Math.max(8, Math.min(at.left, innerWidth - width - 8))}px`;
  box.style.top = `${at.bottom + height + BELOW < innerHeight ? at.bottom + BELOW : Math.max(8, at.top - height - 4)}px`;
}
