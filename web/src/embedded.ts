/** The page in a frame of another site, which `widget.ts` makes: closing the frame ends the call. */

// The same words are in widget.ts, which must be one file.
const CLOSE = "avatar-call:close";
const CLOSED = "avatar-call:closed";
const ESCAPE = "avatar-call:escape";

/**
 * Listen to the site around the frame, if there is one, and inform it when the call has ended and when Escape is
 * pressed outside a call.
 */
export function listenToSite(isInCall: () => boolean, end: () => Promise<void>): void {
  const site = window.parent;
  if (site === window) return;
  window.addEventListener("message", (event) => {
    if (event.source !== site || event.data !== CLOSE) return;
    // The word reveals nothing about the call. WEB_FRAME_ANCESTORS limits the sites that may show the page.
    void end().finally(() => site.postMessage(CLOSED, "*"));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !isInCall()) site.postMessage(ESCAPE, "*");
  });
}
