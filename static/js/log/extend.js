/** Other lines for a log pane: those before or after what it shows, around one, or at the end. */

import { formatNumber } from "../chart/text/format.js";
import { gettext } from "../i18n.js";
import { MOST_ROWS } from "./lines.js";

/** Load the block before what `pane` shows, or the one after it; what is read stays where it is. */
export async function extend(pane, earlier) {
  const { first, next } = pane.lines;
  const asked = earlier ? { before: first?.start, first: first?.first } : { after: next?.at, first: next?.number };
  if (!first || (earlier ? !first.start : pane.attached)) return;
  const blocks = await pane.source.blocks(asked, () => extend(pane, earlier), true);
  if (!blocks || pane.lines.first !== first) return;
  const { scrollHeight, scrollTop } = pane.element;
  if (earlier) {
    pane.lines.prepend(blocks);
    pane.element.scrollTop = scrollTop + pane.element.scrollHeight - scrollHeight;
  } else {
    const anchor = pane.element.lastElementChild;
    const before = anchor.offsetTop;
    pane.lines.append(blocks);
    pane.element.scrollTop = scrollTop + anchor.offsetTop - before;
  }
  pane.settle();
}

/** Load earlier lines while folded ones leave space in the pane, up to the limit of rows. */
export async function fill(pane) {
  const { first, count } = pane.lines;
  const { clientHeight, scrollHeight } = pane.element;
  if (!pane.follow.checked || !clientHeight || scrollHeight > clientHeight || count >= MOST_ROWS) return;
  await extend(pane, true);
  if (pane.lines.first === first) return;
  pane.scrollToEnd();
  fill(pane);
}

/** Show the last lines that the socket has sent; false when they could not be loaded. */
export async function catchUp(pane) {
  const asked = { before: pane.end.at, first: pane.end.number };
  const blocks = await pane.source.blocks(asked, () => pane.goToEnd());
  if (!blocks) return false;
  pane.show(blocks);
  pane.attached = true;
  return true;
}

/** Show line `number`, with what stands around it, and mark it. */
export async function jump(pane, number) {
  if (!pane.lines.row(number)) {
    const blocks = await pane.source.blocks({ around: number }, () => pane.jump(number));
    if (!blocks) return;
    pane.show(blocks);
  }
  const row = pane.lines.row(number) ?? pane.element.lastElementChild;
  if (!row) return;
  for (const former of pane.element.querySelectorAll("[aria-current]")) former.ariaCurrent = null;
  row.ariaCurrent = true;
  row.classList.add("seen");
  pane.element.scrollTop = row.offsetTop - pane.element.clientHeight / 2;
}

/** Home and End lead to the first and the last line of the whole log. */
export function onKey(pane, event) {
  if (event.key === "End") pane.goToEnd();
  else if (event.key === "Home") pane.jump(1);
  else return;
  event.preventDefault();
}

/** Offer the way back to the end, and say how many lines were missed. */
export function tell(pane) {
  const missed = pane.end && pane.lines.next ? pane.end.number - pane.lines.next.number : 0;
  pane.toEnd.hidden = pane.follow.checked || !pane.end;
  pane.toEnd.textContent = missed > 0 && !pane.attached ? gettext("{n} more ↓", { n: formatNumber(missed) }) : gettext("To the end ↓");
}

/** The last frames, as many as there is room for. */
export function lastOf(frames) {
  let rows = 0;
  return frames.slice(Math.max(0, frames.findLastIndex(({ lines }) => (rows += lines.length) >= MOST_ROWS)));
}
