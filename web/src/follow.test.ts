import { expect, test } from "vitest";
import { follows } from "./follow";

test("scrolling back ends following, and scrolling to the end resumes it", () => {
  expect(follows(true, 400, { top: 300, height: 500, visible: 100 })).toBe(false);
  expect(follows(false, 300, { top: 350, height: 500, visible: 100 })).toBe(false);
  expect(follows(false, 350, { top: 400, height: 500, visible: 100 })).toBe(true);
});

test("a list that becomes smaller or longer still follows", () => {
  expect(follows(true, 400, { top: 400, height: 500, visible: 40 })).toBe(true);
  expect(follows(true, 400, { top: 400, height: 700, visible: 100 })).toBe(true);
});

test("a list that becomes larger is at its end", () => {
  expect(follows(true, 400, { top: 300, height: 500, visible: 200 })).toBe(true);
});
