/** The elements of the page. */

import { follows } from "./follow";

/** The element with this `data-testid`. */
export function element<T extends HTMLElement = HTMLElement>(testId: string): T {
  const found = document.querySelector<T>(`[data-testid="${testId}"]`);
  if (found === null) throw new Error(`The page has no element ${testId}.`);
  return found;
}

/** Make an element. The text is never read as markup. */
export function make(tag: string, text = "", attributes: Record<string, string> = {}): HTMLElement {
  const made = document.createElement(tag);
  made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

/** Show an element with this text, or hide it when the text is empty. */
export function tell(shown: HTMLElement, text: string): void {
  if (shown.textContent !== text) shown.textContent = text;
  shown.hidden = text === "";
}

/** Keep the end of a list in view while it grows or is resized, unless the reader has scrolled back. */
export function followEnd(list: HTMLElement): void {
  let isFollowing = true;
  let top = 0;
  const follow = (): void => {
    if (isFollowing) list.scrollTop = list.scrollHeight;
  };
  list.addEventListener("scroll", () => {
    const now = { top: list.scrollTop, height: list.scrollHeight, visible: list.clientHeight };
    isFollowing = follows(isFollowing, top, now);
    top = now.top;
  });
  new MutationObserver(follow).observe(list, { childList: true, characterData: true, subtree: true });
  new ResizeObserver(follow).observe(list);
}

/** Format 75 seconds as "1:15". */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
