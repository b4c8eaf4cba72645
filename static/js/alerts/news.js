/** News of alerts on every page: the count in its head, a toast, and a notification of the desktop where allowed. */

import { make, textButton } from "../dom.js";
import { requestJson, siteAddress } from "../http.js";
import { gettext, ngettext } from "../i18n.js";
import { keep, kept } from "../shared/kept.js";

const [OPEN, HIDDEN, SHOWN] = [10_000, 30_000, 12_000];
const KEY = "runicorn-alerts";
const bell = document.getElementById("alerts");
const canNotify = "Notification" in window;

/** The newest event that this browser has announced, in whichever tab. */
const announced = () => kept(KEY) ?? Number(bell.dataset.newest);

function count(unseen) {
  const badge = bell.querySelector(".badge");
  badge.hidden = !unseen;
  badge.textContent = unseen > 99 ? "99+" : unseen;
  bell.ariaLabel = unseen ? ngettext("Alerts, {n} unacknowledged", "Alerts, {n} unacknowledged", unseen) : gettext("Alerts");
}

function announce({ events, count: number }) {
  const [event] = events;
  const several = number > 1;
  const text = several ? ngettext("{n} new alert", "{n} new alerts", number) : event.sentence;
  toast(text, several ? "" : event.run, several ? bell.href : event.url);
  if (!canNotify || Notification.permission !== "granted" || !document.hidden) return;
  const note = new Notification(several ? "Runicorn" : event.run || event.title, { body: text, tag: KEY });
  note.addEventListener("click", () => focus());
}

function toast(text, run, url) {
  document.getElementById("alert-toast")?.remove();
  const link = make("a", { href: url, className: "button", textContent: gettext("Show") });
  const close = textButton(gettext("Close"), () => box.remove(), { className: "button quiet" });
  const said = make("span", {}, make("strong", { textContent: text }), run ? ` ${run}` : "");
  const box = make("div", { id: "alert-toast", className: "notice warning toast", role: "status" }, said, link, close);
  document.body.append(box);
  setTimeout(() => box.matches(":hover, :focus-within") || box.remove(), SHOWN);
}

async function fetchNews() {
  const answer = await requestJson(siteAddress(`/alerts/news?after=${announced()}`), { cache: "no-store" });
  count(answer.unseen);
  if (answer.newest > announced()) {
    // Also for a browser that keeps nothing.
    bell.dataset.newest = answer.newest;
    keep(KEY, answer.newest);
    if (answer.count) announce(answer);
  } else if (answer.newest < announced() && !answer.unseen) keep(KEY, null);
}

function wait() {
  // A hidden tab asks only where it may show a notification.
  const asks = !document.hidden || (canNotify && Notification.permission === "granted");
  setTimeout(() => (asks ? fetchNews() : Promise.resolve()).catch(() => {}).finally(wait), document.hidden ? HIDDEN : OPEN);
}

function offerNotifications(button) {
  const offer = () => (button.hidden = !canNotify || Notification.permission !== "default");
  button.addEventListener("click", () => Notification.requestPermission().then(offer));
  offer();
}

if (bell) {
  if (Number(bell.dataset.newest) > announced()) fetchNews().catch(() => {});
  wait();
}
const offered = document.getElementById("notify");
if (offered) offerNotifications(offered);
