/** Dark or light: as the system is, until the caller chooses. */

import { element } from "./dom";

const KEY = "theme";

/** Follow what was chosen, and let it be chosen. */
export function offerTheme(): void {
  const kept = localStorage.getItem(KEY);
  if (kept !== null) document.documentElement.dataset["theme"] = kept;
  element("theme").addEventListener("click", () => {
    const chosen = isDark() ? "light" : "dark";
    document.documentElement.dataset["theme"] = chosen;
    localStorage.setItem(KEY, chosen);
  });
}

function isDark(): boolean {
  const chosen = document.documentElement.dataset["theme"];
  return chosen === undefined ? matchMedia("(prefers-color-scheme: dark)").matches : chosen === "dark";
}
