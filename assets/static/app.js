// What pages gain from a script: copying, confirming, closing menus and the last step of
// set-up. Every page works without it. Text goes in by textContent only.
import "@@theme.js@@";
import "@@keys.js@@";
import "@@tags.js@@";
import "@@viewer.js@@";

const POLL_MS = 2000;
const POLL_MS_MAX = 15000;
const BUSY_MS = 8000;

// Toasts leave by themselves: the style sheet counts, and waits while they are looked at.
function toast(text) {
  const note = document.createElement("div");
  note.className = "toast";
  note.setAttribute("role", "status");
  document.body.append(note);
  note.textContent = text;
}

document.addEventListener("animationend", (event) => {
  if (event.animationName === "toast") event.target.remove();
});

// What the last action did is said once: a reload or a bookmark does not say it again.
const done = document.querySelector("[data-toast]");
if (done) {
  const said = done.querySelector(".g");
  const text = said.textContent;
  said.textContent = "";
  setTimeout(() => (said.textContent = text), 50);
  const address = new URL(location.href);
  address.searchParams.delete("done");
  history.replaceState(null, "", address);
}

// A bar under the header says that the next page is on its way; the style sheet waits 300 ms.
const root = document.documentElement;
let busy = 0;
addEventListener("beforeunload", () => {
  root.classList.add("busy");
  clearTimeout(busy);
  // A download leaves the page where it is.
  busy = setTimeout(() => root.classList.remove("busy"), BUSY_MS);
});
addEventListener("pageshow", () => root.classList.remove("busy"));

async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  if (!source) return;
  const label = button.querySelector("span");
  try {
    await navigator.clipboard.writeText(source.textContent);
    if (label) {
      label.textContent = "Copied";
      setTimeout(() => (label.textContent = "Copy"), 2000);
    }
  } catch {
    // Browsers give the clipboard to encrypted pages only: select the text instead.
    const range = document.createRange();
    range.selectNodeContents(source);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    toast("Selected. Copy it with Ctrl+C.");
  }
}

document.addEventListener("click", (event) => {
  event.target.closest("[data-dismiss]")?.closest(".toast").remove();

  const copier = event.target.closest("[data-copy]");
  if (copier) copy(copier);

  if (event.target.closest("[data-print]")) print();

  for (const menu of document.querySelectorAll('details[name="menus"][open]')) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll('details[name="menus"][open]')) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
  if (question && !confirm(question)) event.preventDefault();
});

// The browser offers its zone during set-up.
const zone = document.querySelector("select[data-zone]");
if (zone && zone.value === "UTC") {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if ([...zone.options].some((option) => option.value === own)) zone.value = own;
}

function arrived(page, status) {
  page.classList.add("ok");
  page.querySelector("[data-title]").textContent = "The first read is here";
  const open = document.getElementById("open-dashboard");
  open?.classList.add("pri");
  const read = document.getElementById("open-read");
  if (read && status.href.startsWith("/")) {
    read.href = status.href;
    read.textContent = status.plate ? `See ${status.plate}` : "See the read";
    read.hidden = false;
  }
}

function mark(id, done) {
  const tag = document.getElementById(id);
  if (!tag || !done || tag.classList.contains("ok")) return;
  tag.classList.add("ok");
  tag.querySelector(".dot")?.classList.remove("off");
}

async function poll(page, wait) {
  let next = wait;
  try {
    const answer = await fetch(page.dataset.poll, { headers: { accept: "application/json" } });
    if (answer.ok) {
      const status = await answer.json();
      if (status.message) page.querySelector("[data-message]").textContent = status.message;
      mark("tag-key", status.key_accepted);
      mark("tag-read", status.received);
      if (status.received) return arrived(page, status);
      next = POLL_MS;
    }
  } catch {
    next = Math.min(wait * 2, POLL_MS_MAX);
  }
  setTimeout(() => poll(page, next), next);
}

const waiting = document.querySelector("[data-poll]");
if (waiting && !waiting.classList.contains("ok")) poll(waiting, POLL_MS);
