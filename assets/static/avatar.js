// Makes a chosen picture small and square before it is sent: a telephone's photo has megabytes and
// tells where it was taken. What cannot be drawn here is sent as it is, and the box decides.
const SIDE = 256;

async function shrink(file) {
  const picture = await createImageBitmap(file);
  const side = Math.min(picture.width, picture.height);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  const left = (picture.width - side) / 2;
  const top = (picture.height - side) / 2;
  canvas.getContext("2d").drawImage(picture, left, top, side, side, 0, 0, SIDE, SIDE);
  const type = file.type === "image/png" ? "image/png" : "image/jpeg";
  const blob = await new Promise((done) => canvas.toBlob(done, type, 0.9));
  return new File([blob], "picture", { type });
}

for (const input of document.querySelectorAll("input[data-avatar]")) {
  input.addEventListener("change", async () => {
    const file = input.files[0];
    if (!file) return;
    try {
      const box = new DataTransfer();
      box.items.add(await shrink(file));
      input.files = box.files;
    } catch {
      // Not a picture this browser can draw.
    }
  });
}
