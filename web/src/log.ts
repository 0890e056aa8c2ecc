/** What happened, and when: a list that can be copied. */

import { element, make, stayAtEnd } from "./dom";

const MOST_LINES = 500;

const lines = element<HTMLOListElement>("log");
const copyButton = element<HTMLButtonElement>("copy-log");

stayAtEnd(lines);

/** Note that something happened, now. */
export function log(what: string): void {
  const at = new Date().toISOString().slice(11, 23);
  const line = make("li", "", { "data-testid": "log-line" });
  line.append(make("time", at), " ", what);
  lines.append(line);
  if (lines.childElementCount > MOST_LINES) lines.firstElementChild?.remove();
}

/** Copy all of it when the button is pressed. */
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
