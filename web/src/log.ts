/** The log of the page: events with their times, to read and to copy. */

import { element, followEnd, make } from "./dom";

const MAX_LINES = 500;

const lines = element<HTMLOListElement>("log");
const copyButton = element<HTMLButtonElement>("copy-log");

followEnd(lines);

/** Add a line with the time of day in UTC. */
export function log(what: string): void {
  const at = new Date().toISOString().slice(11, 23);
  const line = make("li", "", { "data-testid": "log-line", dir: "auto" });
  line.append(make("time", at), " ", what);
  lines.append(line);
  if (lines.childElementCount > MAX_LINES) lines.firstElementChild?.remove();
}

/** Copy the log when the button is pressed. */
export function offerCopy(): void {
  copyButton.addEventListener("click", async () => {
    const text = [...lines.children].map((line) => line.textContent).join("\n");
    const isCopied = await navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
    copyButton.textContent = isCopied ? "Copied" : "Not allowed";
    setTimeout(() => (copyButton.textContent = "Copy"), 1500);
  });
}
