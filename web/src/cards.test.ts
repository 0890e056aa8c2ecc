import { expect, test } from "vitest";
import { MAX_ENTRIES, viewOf } from "./cards";

const NOTHING = { text: "", image: undefined, link: undefined, entries: [] };

test("a card of each type is shown with its fields", () => {
  expect(viewOf({ type: "text", title: "Hours", text: " <b>nine</b> " })).toEqual({
    ...NOTHING,
    type: "text",
    title: "Hours",
    text: "<b>nine</b>",
  });
  expect(viewOf({ type: "image", title: "Map", url: "https://example.com/a.png", alt: "A map" })).toEqual({
    ...NOTHING,
    type: "image",
    title: "Map",
    text: "A map",
    image: "https://example.com/a.png",
  });
  expect(viewOf({ type: "link", title: "Shop", url: "http://example.com", text: "" })).toEqual({
    ...NOTHING,
    type: "link",
    title: "Shop",
    link: "http://example.com/",
  });
  expect(viewOf({ type: "list", title: "Sources", entries: [{ title: "a.pdf", text: "page 3", url: null }] })).toEqual({
    ...NOTHING,
    type: "list",
    title: "Sources",
    entries: [{ title: "a.pdf", text: "page 3", link: undefined }],
  });
});

test.each([
  undefined,
  null,
  "text",
  { type: "html", title: "x", text: "<b>" },
  { type: "text", title: " ", text: "x" },
  { type: "image", title: "x", url: "http://example.com/a.png" },
  { type: "image", title: "x", url: "data:image/svg+xml,<svg/>" },
  { type: "image", title: "x", url: "a.png" },
])("an invalid card is left out: %j", (card) => {
  expect(viewOf(card)).toBeUndefined();
});

test("a link that could run a script is left out", () => {
  const view = viewOf({ type: "link", title: "x", url: "javascript:alert(1)" });
  const list = viewOf({ type: "list", title: "x", entries: [{ title: "y", url: "data:text/html,x" }] });
  expect(view?.link).toBeUndefined();
  expect(list?.entries[0]?.link).toBeUndefined();
});

test("a list is bounded, and ignores invalid entries", () => {
  const entries = [null, 7, ...Array.from({ length: 50 }, () => ({ title: 3 }))];
  expect(viewOf({ type: "list", title: "x", entries })?.entries).toHaveLength(MAX_ENTRIES);
  expect(viewOf({ type: "list", title: "x", entries: "none" })?.entries).toEqual([]);
});
