// The theme switch without a page load. The server has already written data-theme from the cookie,
// so nothing flashes; without this script the same form posts and comes back.
const root = document.documentElement;
root.classList.add("js");

const isDark = () =>
  root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-theme-form]");
  if (!form) return;
  event.preventDefault();
  const asked = event.submitter?.value ?? "";
  const theme = asked === "toggle" ? (isDark() ? "light" : "dark") : asked;
  const body = new URLSearchParams(new FormData(form));
  body.set("theme", theme);
  fetch(form.action, { method: "POST", body, redirect: "manual" }).catch(() => form.submit());
  if (theme === "system") delete root.dataset.theme;
  else root.dataset.theme = theme;
  for (const button of document.querySelectorAll("form[data-theme-form] .seg button")) {
    button.setAttribute("aria-pressed", String(button.value === theme));
  }
});
