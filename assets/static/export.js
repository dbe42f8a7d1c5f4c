// Shows how far an export is. Tables and records are fetched and counted line by line, archives by the
// names of their images. Large archives go the browser's own way: it writes them to disk as they come.
const LF = 10;
const ARCHIVE_READS_MAX = 2000;

function figure(number) {
  return number.toLocaleString("en-US");
}

// The name the box gave the file.
function fileName(answer, fallback) {
  const said = answer.headers.get("content-disposition") ?? "";
  return said.match(/filename="([^"]+)"/)?.[1] ?? fallback;
}

function save(parts, type, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(parts, { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

// What tells from the bytes so far how many rows have come.
function counter(format) {
  if (format !== "zip") {
    let rows = format === "csv" ? -1 : 0;
    return (bytes) => {
      for (const byte of bytes) if (byte === LF) rows += 1;
      return Math.max(0, rows);
    };
  }
  // The header of an image has 65 bytes up to where the id of its read ends.
  const latin = new TextDecoder("latin1");
  let [tail, last, reads] = ["", "", 0];
  return (bytes) => {
    const text = tail + latin.decode(bytes);
    for (const [, id] of text.matchAll(/PK\x03\x04[^]{26}images\/[0-9-]{10}\/([0-9a-f]{16})-/g)) {
      if (id !== last) reads += 1;
      last = id;
    }
    tail = text.slice(-64);
    return reads;
  };
}

async function take(answer, count, tell) {
  const total = Number(answer.headers.get("x-export-rows")) || 0;
  // Parts are gathered into blobs, which browsers may keep on disk.
  let parts = [];
  let gathered = [];
  let size = 0;
  for (const reader = answer.body.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) break;
    gathered.push(value);
    size += value.length;
    if (size > 4194304) {
      parts.push(new Blob(gathered));
      gathered = [];
      size = 0;
    }
    tell(count(value), total);
  }
  return parts.concat(gathered);
}

async function run(form) {
  const going = form.querySelector("[data-going]");
  const [bar, text] = [going.querySelector("progress"), going.querySelector("[data-text]")];
  const [stop, start] = [form.querySelector("[data-stop]"), form.querySelector(".pri")];
  const format = form.elements.format.value;
  const leaving = new AbortController();
  const query = new URLSearchParams(new FormData(form));
  stop.onclick = () => leaving.abort();
  going.hidden = stop.hidden = false;
  start.disabled = true;
  bar.removeAttribute("value");
  text.textContent = "Starting";
  try {
    const answer = await fetch(`${form.getAttribute("action")}?${query}`, { signal: leaving.signal });
    if (!answer.ok) {
      text.textContent = answer.status === 503
        ? "Other exports are running. Try again in a moment."
        : `The box answered ${answer.status}.`;
      return;
    }
    const parts = await take(answer, counter(format), (rows, total) => {
      text.textContent = total ? `${figure(Math.min(rows, total))} of ${figure(total)}` : `${figure(rows)} rows`;
      if (total) {
        bar.max = total;
        bar.value = Math.min(rows, total);
      }
    });
    save(parts, answer.headers.get("content-type"), fileName(answer, `export.${format}`));
    bar.max = bar.value = 1;
    text.textContent = "Done. The file is among your downloads.";
  } catch (error) {
    text.textContent = error.name === "AbortError" ? "Stopped." : "The connection broke. The file is not complete.";
  } finally {
    stop.hidden = true;
    start.disabled = false;
  }
}

for (const form of document.querySelectorAll("form[data-export]")) {
  form.addEventListener("submit", (event) => {
    const large = Number(form.dataset.export) > ARCHIVE_READS_MAX;
    if (large && form.elements.format.value === "zip") return;
    event.preventDefault();
    run(form);
  });
}
