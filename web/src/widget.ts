/** A button on another site, which opens the page of a call in a frame: `<script src=".../widget.js"></script>`. */

import { type WidgetOptions, widgetOptions } from "./widgetOptions";

// The same words are in embedded.ts.
const CLOSE = "avatar-call:close";
const CLOSED = "avatar-call:closed";
const ESCAPE = "avatar-call:escape";

// Time for the page to end its call; after it the frame is removed without an answer.
const CLOSE_TIMEOUT_MS = 2_000;

const STYLE = `
  :host { all: initial; color-scheme: light dark; }
  * { box-sizing: border-box; font: 600 15px/1.2 system-ui, sans-serif; }
  button { border: 0; border-radius: 999px; padding: 14px 20px; color: #fff; background: var(--color); cursor: pointer; }
  /* Visible on a site of any colour. */
  button:focus-visible { outline: 3px solid #fff; box-shadow: 0 0 0 6px #14211f; }
  .open, .panel { position: fixed; z-index: 2147483000; bottom: 20px; }
  .right { right: 20px; }
  .left { left: 20px; }
  .open { box-shadow: 0 8px 24px rgb(0 0 0 / 28%); }
  .panel { display: flex; flex-direction: column; overflow: hidden; border-radius: 16px;
    width: min(420px, calc(100vw - 40px)); height: min(720px, calc(100vh - 40px));
    background: light-dark(#f4f6f5, #0c1312); box-shadow: 0 16px 48px rgb(0 0 0 / 35%); }
  .panel button { align-self: flex-end; margin: 8px; padding: 8px 14px; }
  iframe { flex: 1; width: 100%; border: 0; }
  [hidden] { display: none; }
  @media (max-width: 480px) { .panel { inset: 0; width: auto; height: auto; border-radius: 0; } }
`;
const COLOR = "#0f766e";

/** The button, and the panel with the frame while it is open. */
class Widget {
  private readonly opener = document.createElement("button");
  private readonly panel = document.createElement("div");
  private readonly closer = document.createElement("button");
  private frame: HTMLIFrameElement | undefined;

  constructor(private readonly options: WidgetOptions) {
    this.opener.className = `open ${options.side}`;
    this.opener.textContent = options.label;
    this.opener.setAttribute("aria-expanded", "false");
    this.opener.addEventListener("click", () => this.open());
    this.panel.className = `panel ${options.side}`;
    this.panel.setAttribute("role", "dialog");
    this.panel.setAttribute("aria-label", options.label);
    this.panel.hidden = true;
    this.closer.textContent = "✕";
    this.closer.setAttribute("aria-label", options.closeLabel);
    this.closer.addEventListener("click", () => this.close());
    this.panel.append(this.closer);
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
    });
    window.addEventListener("message", (event) => {
      if (event.source === this.frame?.contentWindow && event.data === ESCAPE) this.close();
    });
  }

  show(): void {
    const host = document.createElement("avatar-call-widget");
    const root = host.attachShadow({ mode: "open" });
    // Not a <style>: a site's Content-Security-Policy may forbid it.
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    root.append(this.opener, this.panel);
    host.style.setProperty("--color", this.options.color || COLOR);
    document.body.append(host);
  }

  private open(): void {
    const frame = document.createElement("iframe");
    frame.title = this.options.label;
    frame.allow = "microphone; autoplay";
    frame.src = this.options.page;
    this.frame = frame;
    this.panel.append(frame);
    this.setOpen(true);
    this.closer.focus();
  }

  /** Hide the frame, and remove it when the page has ended its call. */
  private close(): void {
    const frame = this.frame;
    if (frame === undefined) return;
    this.frame = undefined;
    this.setOpen(false);
    this.opener.focus();
    const removed = setTimeout(remove, CLOSE_TIMEOUT_MS);
    function remove(): void {
      clearTimeout(removed);
      window.removeEventListener("message", onMessage);
      frame?.remove();
    }
    function onMessage(event: MessageEvent): void {
      if (event.source === frame?.contentWindow && event.data === CLOSED) remove();
    }
    window.addEventListener("message", onMessage);
    frame.contentWindow?.postMessage(CLOSE, new URL(this.options.page).origin);
  }

  private setOpen(isOpen: boolean): void {
    this.panel.hidden = !isOpen;
    this.opener.hidden = isOpen;
    this.opener.setAttribute("aria-expanded", String(isOpen));
  }
}

const script = document.currentScript as HTMLScriptElement;
const widget = new Widget(widgetOptions(script.src, script.dataset));
if (document.body === null) document.addEventListener("DOMContentLoaded", () => widget.show());
else widget.show();
