/** A button that is held while one speaks; the space bar does the same where nothing is written. */

import { element } from "./dom";

const button = element<HTMLButtonElement>("ptt");

/** Call these at the beginning and at the end of each hold, in turn, as long as `isOn`. */
export function onHold(isOn: () => boolean, begin: () => void, end: () => void): void {
  let isHeld = false;
  const hold = (): void => {
    if (isHeld || !isOn()) return;
    isHeld = true;
    button.setAttribute("aria-pressed", "true");
    begin();
  };
  const letGo = (): void => {
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
    button.addEventListener(name, letGo);
  }
  document.addEventListener("keydown", (event) => {
    if (event.code !== "Space" || isWriting(event.target) || !isOn()) return;
    event.preventDefault(); // neither scroll, nor press the button that has the focus
    hold();
  });
  document.addEventListener("keyup", (event) => {
    if (event.code !== "Space" || !isHeld) return;
    event.preventDefault();
    letGo();
  });
  // The key may be let go of where this page does not see it.
  window.addEventListener("blur", letGo);
}

function isWriting(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input[type=text], input[type=password], textarea, select");
}
