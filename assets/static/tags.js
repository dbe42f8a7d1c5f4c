// Completes the last of several tags in one field: the browser's list compares with the whole
// field, so what stands before the last comma is put in front of each of its entries.
for (const field of document.querySelectorAll("input[data-tags]")) {
  const options = [...(field.list?.options ?? [])].map((option) => [option, option.value]);
  field.addEventListener("input", () => {
    const typed = field.value.split(",").slice(0, -1).map((tag) => tag.trim()).filter(Boolean);
    const taken = new Set(typed.map((tag) => tag.toLowerCase()));
    const before = typed.length ? `${typed.join(", ")}, ` : "";
    for (const [option, tag] of options) {
      option.disabled = taken.has(tag);
      option.value = before + tag;
    }
  });
}
