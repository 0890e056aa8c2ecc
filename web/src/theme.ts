/** The theme, dark or light: the system's, until the caller chooses. */

import { element } from "./dom";
import { browserStore } from "./storage";

const KEY = "theme";

/** Use the theme chosen before, and let the caller switch it. */
export function offerTheme(): void {
  const chosenBefore = browserStore.get(KEY);
  if (chosenBefore !== undefined) document.documentElement.dataset["theme"] = chosenBefore;
  element("theme").addEventListener("click", () => {
    const chosen = isDark() ? "light" : "dark";
    document.documentElement.dataset["theme"] = chosen;
    browserStore.set(KEY, chosen);
  });
}

function isDark(): boolean {
  const chosen = document.documentElement.dataset["theme"];
  return chosen === undefined ? matchMedia("(prefers-color-scheme: dark)").matches : chosen === "dark";
}
