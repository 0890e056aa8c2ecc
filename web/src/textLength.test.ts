import { expect, test } from "vitest";
import { lengthNote, lengthOf, MAX_CHARACTERS } from "./textLength";

test("characters are counted as the agent counts them", () => {
  expect(lengthOf("  two words \n")).toBe(9);
  expect(lengthOf("👍🏽")).toBe(2);
  expect(lengthOf("春天")).toBe(2);
});

test("the count is shown near the limit, and a hint beyond it", () => {
  expect(lengthNote(100)).toBe("");
  expect(lengthNote(MAX_CHARACTERS)).toBe("2,000 of 2,000 characters");
  expect(lengthNote(MAX_CHARACTERS + 345)).toMatch(/^2,345 of 2,000 characters: too long to send/);
});
