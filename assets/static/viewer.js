// Tools of the picture of a read: outlines on and off, closer with the plate in the middle, full
// screen. Without this script the picture opens alone in the browser, which zooms too.
const CLOSER = "zoom";

function middle(viewer, pan) {
  const target = viewer.querySelector(".pb, .vb") ?? viewer.querySelector("img");
  const [around, at] = [pan.getBoundingClientRect(), target.getBoundingClientRect()];
  pan.scrollLeft += at.left + at.width / 2 - around.left - around.width / 2;
  pan.scrollTop += at.top + at.height / 2 - around.top - around.height / 2;
}

function zoom(viewer) {
  const pan = viewer.querySelector(".pan");
  const height = pan.clientHeight;
  const closer = viewer.classList.toggle(CLOSER);
  viewer.querySelector("[data-tool=zoom]").setAttribute("aria-pressed", String(closer));
  // What is below stays where it is.
  pan.style.height = closer ? `${height}px` : "";
  if (!closer) {
    pan.removeAttribute("tabindex");
    return;
  }
  // Arrow keys move what has the focus.
  pan.tabIndex = 0;
  middle(viewer, pan);
}

const tools = {
  outlines(viewer, button) {
    const shown = !viewer.classList.toggle("plain");
    button.setAttribute("aria-pressed", String(shown));
  },
  zoom,
  full(viewer) {
    if (document.fullscreenElement) document.exitFullscreen();
    else viewer.requestFullscreen?.();
  },
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-tool]");
  if (button) tools[button.dataset.tool]?.(button.closest(".viewer"), button);
});

for (const pan of document.querySelectorAll(".viewer .pan")) {
  pan.addEventListener("dblclick", () => zoom(pan.closest(".viewer")));
  // Dragging moves the picture; touch and wheel do so by themselves.
  let from = null;
  pan.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "mouse" || !pan.closest(".viewer").classList.contains(CLOSER)) return;
    event.preventDefault();
    pan.setPointerCapture(event.pointerId);
    from = [event.clientX + pan.scrollLeft, event.clientY + pan.scrollTop];
  });
  pan.addEventListener("pointermove", (event) => {
    if (from) pan.scrollTo(from[0] - event.clientX, from[1] - event.clientY);
  });
  for (const end of ["pointerup", "pointercancel"]) pan.addEventListener(end, () => (from = null));
}
