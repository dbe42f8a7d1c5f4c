// Pages that new reads come to: one event stream a page, polling where there is none. Rows are made
// by filling templates of the page: text goes in by textContent, addresses must be of this box.
const page = document.querySelector("[data-live]");
const { camera = "", stays, stats } = page.dataset;
const watched = stays !== undefined;
const lists = [...document.querySelectorAll("[data-live-rows]")];
const hero = document.querySelector("[data-hero]");
const title = document.title;
const POLL_MS = 10000;
const STREAM_AGAIN_MS = 60000;
const HELD_MAX = 30;

let position = page.dataset.live;
let stream = null;
let poller = 0;
let tag = "";
let paused = false;
let hovered = false;
let unseen = 0;
const held = [];

const at = (row, path) => path.split(".").reduce((value, key) => value?.[key], row);

function fill(template, row) {
  const copy = document.getElementById(template).content.querySelector("[data-row]").cloneNode(true);
  for (const node of [copy, ...copy.querySelectorAll("[data-f]")]) {
    for (const rule of node.dataset.f?.split(" ") ?? []) {
      const [what, path] = rule.split(":");
      const value = at(row, path);
      if (what === "if" || what === "not") {
        if (Boolean(value) === (what === "not")) node.remove();
      } else if (what === "text") node.textContent = value ?? "";
      else if (what === "k") node.classList.add(`k-${value}`);
      else if (what === "way") node.querySelector("svg").classList.add(value ?? "no");
      else if (what.startsWith("is-")) node.classList.toggle(what.slice(3), Boolean(value));
      else if ((what !== "href" && what !== "src") || String(value).startsWith("/")) node.setAttribute(what, value ?? "");
    }
  }
  return copy;
}

const rowOf = (list, href) => href && list.querySelector(`a[href="${CSS.escape(href)}"]`)?.closest("tr, li");

// Whether it is news: an alert about a read that is shown changes its row in place.
function show(row, quiet) {
  row.earlier = row.time.day === "Today" ? "" : row.time.day;
  let news = false;
  for (const list of lists) {
    const rows = list.querySelector("tbody") ?? list;
    const fresh = fill(list.dataset.rowTemplate, row);
    const known = rowOf(list, row.href) ?? rowOf(list, row.replaces);
    if (known) {
      known.replaceWith(fresh);
      continue;
    }
    news = true;
    if (!quiet) fresh.classList.add("fresh");
    rows.prepend(fresh);
    while (rows.children.length > Number(list.dataset.liveRows)) rows.lastElementChild.remove();
  }
  if (hero && (news || hero.querySelector(`a[href="${CSS.escape(row.href)}"]`))) {
    hero.replaceChildren(fill(hero.dataset.rowTemplate, row));
  }
  return news;
}

function take(row) {
  // A page that began empty has no list to put it into.
  if (lists.length === 0 || document.querySelector("[data-live-empty]") || (hero && !hero.querySelector(".latest"))) {
    return location.reload();
  }
  if (row.alert) alarm(row);
  if (paused || hovered) {
    held.push(row);
    if (held.length > HELD_MAX) held.shift();
    return count();
  }
  if (show(row)) beep(row.alert ? 880 : 560);
  if (document.hidden) unseen++;
  count();
  refresh();
}

function release() {
  if (paused || hovered) return;
  for (const row of held.splice(0)) show(row);
  count();
}

function count() {
  const waiting = unseen + held.length;
  document.title = waiting ? `(${waiting}) ${title}` : title;
  const text = document.querySelector("[data-pause-text]");
  if (text) text.textContent = paused ? (held.length ? `Go on (${held.length})` : "Go on") : "Pause";
}

function state(tone, text) {
  const node = document.querySelector("[data-state]");
  if (!node) return;
  const kind = { ok: "ok pulse", warn: "warn", bad: "bad" }[tone];
  node.className = `tag late ${tone}`;
  node.querySelector(".dot").className = `dot ${kind}`;
  node.querySelector("[data-state-text]").textContent = text;
}

const query = (extra) => new URLSearchParams({ ...(camera && { camera }), ...extra });

function listen() {
  clearTimeout(poller);
  stream?.close();
  if (!window.EventSource) return poll();
  stream = new EventSource(`/live/stream?${query({ from: position })}`);
  stream.onopen = () => state("ok", "Connected");
  stream.onerror = () => {
    if (stream.readyState === EventSource.CLOSED) {
      poll();
      setTimeout(() => document.hidden && !watched ? 0 : listen(), STREAM_AGAIN_MS);
    } else state("warn", "Reconnecting");
  };
  stream.addEventListener("hello", (event) => {
    position = event.lastEventId;
    if (JSON.parse(event.data).gap) catchUp();
  });
  stream.addEventListener("read", (event) => {
    position = event.lastEventId;
    take(JSON.parse(event.data));
  });
  stream.addEventListener("end", () => {
    stream.close();
    signedOut();
  });
}

function signedOut() {
  clearTimeout(poller);
  poller = 0;
  state("bad", "Signed out");
}

// The latest reads as they are now; false when there is nothing to wait for any more.
async function catchUp() {
  const answer = await fetch(`/live/recent?${query()}`, { headers: tag ? { "If-None-Match": tag } : {}, redirect: "manual", cache: "no-store" });
  if (answer.status === 304) return true;
  if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) {
    signedOut();
    return false;
  }
  if (!answer.ok) throw new Error(answer.status);
  tag = answer.headers.get("etag") ?? "";
  const recent = await answer.json();
  position = recent.position;
  const known = (row) => lists.every((list) => rowOf(list, row.href));
  const most = Math.max(...lists.map((list) => Number(list.dataset.liveRows)), 1);
  for (const row of recent.rows.slice(0, most).reverse()) if (!known(row)) take(row);
  return true;
}

async function poll() {
  clearTimeout(poller);
  try {
    if (!(await catchUp())) return;
    state("ok", "Checking every 10 s");
  } catch {
    state("warn", "Reconnecting");
  }
  poller = setTimeout(poll, POLL_MS);
}

// The numbers of the dashboard, at most every five seconds.
let due = 0;
function refresh() {
  if (!stats || due) return;
  due = setTimeout(async () => {
    due = 0;
    const answer = await fetch(`/api/v1/stats?range=${stats}`).catch(() => null);
    if (!answer?.ok) return;
    const now = await answer.json();
    const numbers = { plates: now.reads.count, alerts: now.alerts.rekor.count + now.alerts.custom.count, kept: now.captures };
    for (const node of document.querySelectorAll("[data-stat]")) {
      node.textContent = numbers[node.dataset.stat].toLocaleString("en-US");
    }
  }, 5000);
  const text = document.querySelector("[data-last-read]");
  if (text) text.textContent = "Receiving. Last read just now";
  document.querySelector("[data-receiving]").className = "dot ok";
}

// Sound is made here, when somebody asked for it; browsers want a click first.
let audio = null;
const speaker = document.querySelector("[data-sound]");
function beep(pitch) {
  if (!audio) return;
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  tone.frequency.value = pitch;
  volume.gain.setValueAtTime(0.12, audio.currentTime);
  volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.25);
  tone.connect(volume).connect(audio.destination);
  tone.start();
  tone.stop(audio.currentTime + 0.25);
}
speaker?.addEventListener("click", () => {
  audio?.close();
  audio = audio ? null : new AudioContext();
  speaker.setAttribute("aria-pressed", String(Boolean(audio)));
  beep(560);
});

const bell = document.querySelector("[data-alarm]");
function alarm(row) {
  beep(880);
  if (!bell) return;
  const { on_list: on, list, description } = row.alert;
  const plate = row.plate ? `${row.plate.text} ` : "";
  bell.querySelector("[data-alarm-text]").textContent = `${plate}${on ? "is on the list" : "is not on the list"} ${list}`;
  bell.querySelector("[data-alarm-more]").textContent = description ? `${description}. ${row.camera}` : row.camera;
  bell.hidden = false;
}
document.querySelector("[data-acknowledge]")?.addEventListener("click", () => (bell.hidden = true));

const pause = document.querySelector("[data-pause]");
pause?.addEventListener("click", () => {
  paused = !paused;
  pause.setAttribute("aria-pressed", String(paused));
  release();
  count();
});
// Rows do not move away under a pointer or the focus.
for (const list of lists) {
  const hold = (on) => () => {
    hovered = on;
    release();
  };
  list.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && hold(true)());
  list.addEventListener("pointerleave", hold(false));
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) {
    unseen = 0;
    count();
    if (!stream || stream.readyState === 2) listen();
  } else if (!watched) {
    stream?.close();
    stream = null;
    clearTimeout(poller);
  }
});
addEventListener("pagehide", () => stream?.close());
addEventListener("pageshow", (event) => event.persisted && listen());

const clock = document.querySelector("[data-clock]");
if (clock) {
  const face = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium", timeZone: clock.dataset.clock });
  const tick = () => (clock.textContent = face.format(new Date()));
  tick();
  setInterval(tick, 1000);
}

document.querySelector("[data-submits]")?.addEventListener("change", (event) => event.target.form.requestSubmit());
listen();
