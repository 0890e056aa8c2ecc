/** The message below the avatar: one at a time, and only as long as it applies. */

import { element, tell } from "./dom";

const shown = element("error");

let failure = "";

/** Show a message instead of the current one; an empty text hides it. */
export function showMessage(text: string): void {
  tell(shown, text);
}

/** Show a failure until `clearFailure`. */
export function showFailure(text: string): void {
  failure = text;
  showMessage(text);
}

/** Hide the failure, since something has succeeded. */
export function clearFailure(): void {
  clearMessage(failure);
}

/** Hide this message; another one stays. */
export function clearMessage(text: string): void {
  if (shown.textContent === text) showMessage("");
}
