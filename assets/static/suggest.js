// Proposals under the search box: names of filters, then their values as the form's lists have them.
// Arrow keys choose, Enter or Tab takes, Escape closes; what is typed is never changed unasked.
const SHOWN_MAX = 8;

const box = document.querySelector(".qin");
const keys = [...document.querySelectorAll("#q-keys option")].map((option) => ({
  insert: option.value,
  label: option.textContent,
}));
const list = document.createElement("ul");
list.className = "hints";
list.id = "q-hints";
list.setAttribute("role", "listbox");
list.setAttribute("aria-label", "Proposals");
list.hidden = true;
let active = -1;

// The word the caret stands behind: where it begins, and what it says so far.
function word() {
  const before = box.value.slice(0, box.selectionStart);
  const quoted = (before.match(/"/g) ?? []).length % 2 === 1;
  const cut = quoted ? before.lastIndexOf('"') : before.length;
  const start = before.slice(0, cut).search(/\S*$/);
  return { start, text: before.slice(start).replaceAll('"', "") };
}

function values(name, typed) {
  const field = document.getElementById(`s-${name}`);
  if (!(field instanceof HTMLSelectElement)) return [];
  const wanted = typed.toLowerCase();
  return [...field.options]
    .filter((option) => option.value && !option.value.includes(","))
    .filter((option) => `${option.value} ${option.textContent}`.toLowerCase().includes(wanted))
    .map((option) => ({
      insert: /\s/.test(option.value) ? `"${option.value}" ` : `${option.value} `,
      label: option.textContent,
    }));
}

function proposals(all) {
  const { text } = word();
  const [, sign, name, colon, typed] = text.match(/^(-?)([a-z]*)(:?)(.*)$/is) ?? [];
  if (colon) {
    const comma = typed.lastIndexOf(",") + 1;
    const front = `${sign}${name}:${typed.slice(0, comma)}`;
    return values(name.toLowerCase(), typed.slice(comma))
      .map((it) => ({ ...it, insert: front + it.insert }));
  }
  if (typed || (!name && !all)) return [];
  return keys.filter((it) => it.insert.startsWith(name.toLowerCase()))
    .map((it) => ({ ...it, insert: sign + it.insert }));
}

function show(all = false) {
  const found = proposals(all).slice(0, SHOWN_MAX);
  active = -1;
  list.replaceChildren(...found.map((it, index) => {
    const item = document.createElement("li");
    item.id = `q-hint-${index}`;
    item.setAttribute("role", "option");
    item.dataset.insert = it.insert;
    const code = document.createElement("code");
    code.textContent = it.insert.trim();
    const label = document.createElement("span");
    label.textContent = it.label;
    item.append(code, label);
    return item;
  }));
  list.hidden = found.length === 0;
  box.setAttribute("aria-expanded", String(!list.hidden));
  point(-1);
}

function point(index) {
  active = index;
  [...list.children].forEach((item, at) => item.setAttribute("aria-selected", String(at === index)));
  if (index < 0) box.removeAttribute("aria-activedescendant");
  else box.setAttribute("aria-activedescendant", `q-hint-${index}`);
}

function close() {
  list.hidden = true;
  box.setAttribute("aria-expanded", "false");
  point(-1);
}

function take(item) {
  const { start } = word();
  box.setRangeText(item.dataset.insert, start, box.selectionStart, "end");
  show();
}

if (box) {
  for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"],
    ["aria-expanded", "false"], ["aria-controls", list.id]]) box.setAttribute(name, value);
  box.parentElement.append(list);
  box.addEventListener("input", () => show());
  box.addEventListener("blur", close);
  box.addEventListener("keydown", (event) => {
    const count = list.hidden ? 0 : list.children.length;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (count === 0) return event.key === "ArrowDown" ? show(true) : undefined;
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      point(((active < 0 && step < 0 ? 0 : active) + step + count) % count);
    } else if (event.key === "Escape" && count > 0) {
      event.preventDefault();
      close();
    } else if ((event.key === "Enter" || event.key === "Tab") && count > 0 && active >= 0) {
      event.preventDefault();
      take(list.children[active]);
    }
  });
  list.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    const item = event.target.closest("[role=option]");
    if (item) take(item);
  });
}
