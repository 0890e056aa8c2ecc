/** The button that is held to talk, and the space bar, which does the same. */

import { element } from "./dom";

// Elements that use the space bar themselves; it does not change a checked radio button.
const CONTROL = "button, summary, select, textarea, [contenteditable], input:not([type=radio]:checked)";

const button = element<HTMLButtonElement>("ptt");

/** Call `begin` and `end` around each hold that begins while `canTalk`. */
export function onHold(canTalk: () => boolean, begin: () => void, end: () => void): void {
  let isHeld = false;
  const hold = (): void => {
    if (isHeld || !canTalk()) return;
    isHeld = true;
    button.setAttribute("aria-pressed", "true");
    begin();
  };
  const release = (): void => {
    if (!isHeld) return;
    isHeld = false;
    button.setAttribute("aria-pressed", "false");
    end();
  };

  button.addEventListener("pointerdown", (event) => {
    button.setPointerCapture(event.pointerId);
    hold();
  });
  for (const name of ["pointerup", "pointercancel", "lostpointercapture"] as const) {
    button.addEventListener(name, release);
  }
  document.addEventListener("keydown", (event) => {
    if (event.code !== "Space" || isOtherControl(event.target) || !canTalk()) return;
    event.preventDefault(); // The page would scroll.
    hold();
  });
  document.addEventListener("keyup", (event) => {
    if (event.code !== "Space" || !isHeld) return;
    event.preventDefault();
    release();
  });
  // The key may be released while another window has the focus.
  window.addEventListener("blur", release);
}

function isOtherControl(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target !== button && target.closest(CONTROL) !== null;
}
