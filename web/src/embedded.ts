/** The page in a frame of another site, which `widget.ts` makes: the site closes it, and the call with it. */

// The same words are in widget.ts, which has to be one file.
const CLOSE = "avatar-call:close";
const CLOSED = "avatar-call:closed";
const ESCAPE = "avatar-call:escape";

/**
 * Listen to the site around the frame, if there is one. It learns when the call has ended, and of an Escape that
 * interrupts nothing.
 */
export function listenToSite(isInCall: () => boolean, end: () => Promise<void>): void {
  const site = window.parent;
  if (site === window) return;
  window.addEventListener("message", (event) => {
    if (event.source !== site || event.data !== CLOSE) return;
    // The word says nothing about the call. WEB_FRAME_ANCESTORS says which sites may show the page at all.
    void end().finally(() => site.postMessage(CLOSED, "*"));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !isInCall()) site.postMessage(ESCAPE, "*");
  });
}
