import { expect, test } from "vitest";
import { widgetOptions } from "./widgetOptions";

const SOURCE = "https://calls.example.com/agent/widget.js";

test("without attributes the page is next to the script", () => {
  expect(widgetOptions(SOURCE, {})).toEqual({
    page: "https://calls.example.com/agent/",
    label: "Talk with us",
    closeLabel: "Close",
    side: "right",
    color: "",
  });
});

test("every attribute is read", () => {
  const data = { page: "https://other.example.com/", label: "Fragen?", closeLabel: "Schließen", side: "left", color: "#123" };
  expect(widgetOptions(SOURCE, data)).toEqual(data);
});

test("an unknown side becomes the right one, and an empty label the default", () => {
  const options = widgetOptions(SOURCE, { side: "top", label: "" });
  expect([options.side, options.label]).toEqual(["right", "Talk with us"]);
});
