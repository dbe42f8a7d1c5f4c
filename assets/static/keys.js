// Keys: "/" to the search box, j and k through rows, Enter opens (the row's own link), n and p to
// the next pages, N and P to the next reads of the same camera, "?" lists them. Nothing happens while typing or with a modifier held.
const help = document.getElementById("keys");
const links = () => [...document.querySelectorAll("[data-rows] a.hit")];

function move(step) {
  const all = links();
  if (all.length === 0) return;
  const at = all.indexOf(document.activeElement);
  const next = at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step;
  const link = all[Math.max(0, Math.min(all.length - 1, next))];
  link.focus();
  link.closest("tr, a")?.scrollIntoView({ block: "nearest" });
}

function follow(rel) {
  const link = document.querySelector(`a[rel~="${rel}"], a[data-rel="${rel}"]`);
  if (link) link.click();
}

const actions = {
  "/": () => {
    // The page's own box comes after the one on top.
    const boxes = [...document.querySelectorAll("[data-search]")];
    const box = boxes.filter((candidate) => candidate.offsetParent !== null).at(-1);
    if (box) {
      box.focus();
      box.select();
    } else {
      location.assign("/search");
    }
  },
  j: () => move(1),
  k: () => move(-1),
  n: () => follow("next"),
  p: () => follow("prev"),
  N: () => follow("next-here"),
  P: () => follow("prev-here"),
  "?": () => help?.showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest("input, textarea, select, [contenteditable], dialog")) return;
  const action = Object.hasOwn(actions, event.key) ? actions[event.key] : null;
  if (!action) return;
  event.preventDefault();
  action();
});
