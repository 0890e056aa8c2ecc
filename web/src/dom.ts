/** The page's elements, by the name that tests know them by, too. */

/** The one element with this `data-testid`. */
export function element<T extends HTMLElement = HTMLElement>(testId: string): T {
  const found = document.querySelector<T>(`[data-testid="${testId}"]`);
  if (found === null) throw new Error(`the page has no ${testId}`);
  return found;
}

/** A new element with text, a class and a test id; text from others is never taken for markup. */
export function make(tag: string, text = "", attributes: Record<string, string> = {}): HTMLElement {
  const made = document.createElement(tag);
  made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

/** Show an element with this text, or hide it when there is none. */
export function tell(shown: HTMLElement, text: string): void {
  shown.textContent = text;
  shown.hidden = text === "";
}

/** Keep the end of a list in sight while it grows or is resized, unless somebody has scrolled back. */
export function stayAtEnd(list: HTMLElement): void {
  let isAtEnd = true;
  const follow = (): void => {
    if (isAtEnd) list.scrollTop = list.scrollHeight;
  };
  list.addEventListener("scroll", () => {
    isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 8;
  });
  new MutationObserver(follow).observe(list, { childList: true, characterData: true, subtree: true });
  new ResizeObserver(follow).observe(list);
}

/** 75 as "1:15". */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
