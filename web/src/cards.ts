/** The cards of a call, which tools show while the agent speaks: checked and bounded. Pure. */

export interface ListEntry {
  readonly title: string;
  readonly text?: string;
  readonly url?: string | null;
}

export type Card =
  | { readonly type: "text"; readonly title: string; readonly text: string }
  | { readonly type: "image"; readonly title: string; readonly url: string; readonly alt?: string }
  | { readonly type: "link"; readonly title: string; readonly url: string; readonly text?: string }
  | { readonly type: "list"; readonly title: string; readonly entries: readonly ListEntry[] };

/** The shown parts of a card: texts, and URLs that are safe to open or load. */
export interface View {
  readonly type: Card["type"];
  readonly title: string;
  readonly text: string;
  readonly image: string | undefined;
  readonly link: string | undefined;
  readonly entries: readonly { readonly title: string; readonly text: string; readonly link: string | undefined }[];
}

export const MAX_CARDS = 20;
export const MAX_ENTRIES = 8;

const PAGES = ["https:", "http:"];
const IMAGES = ["https:"];

/** Check a card; undefined for an unknown type, without a title, or with a picture that is not https. */
export function viewOf(card: unknown): View | undefined {
  if (!isObject(card)) return undefined;
  const title = text(card["title"]);
  const view = { title, text: text(card["text"]), image: undefined, link: undefined, entries: [] };
  const url = card["url"];
  if (title === "") return undefined;
  switch (card["type"]) {
    case "text":
      return { ...view, type: "text" };
    case "image": {
      const image = safe(url, IMAGES);
      return image === undefined ? undefined : { ...view, type: "image", text: text(card["alt"]), image };
    }
    case "link":
      return { ...view, type: "link", link: safe(url, PAGES) };
    case "list":
      return { ...view, type: "list", entries: entries(card["entries"]) };
    default:
      return undefined;
  }
}

function entries(given: unknown): View["entries"] {
  if (!Array.isArray(given)) return [];
  return given
    .filter(isObject)
    .slice(0, MAX_ENTRIES)
    .map((entry) => ({ title: text(entry["title"]), text: text(entry["text"]), link: safe(entry["url"], PAGES) }));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function text(value: unknown): string {
  return typeof value === "string" ? value.trim() : "";
}

/** A URL of one of these schemes; undefined for everything else. */
function safe(url: unknown, schemes: readonly string[]): string | undefined {
  try {
    const parsed = new URL(String(url));
    return schemes.includes(parsed.protocol) ? parsed.href : undefined;
  } catch {
    return undefined;
  }
}
