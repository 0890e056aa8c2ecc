import { expect, test } from "vitest";
import { Captions } from "./captions";

test("words grow until they are final, and then stay", () => {
  const captions = new Captions();
  captions.update("a", "you", "what time", false);
  captions.update("a", "you", "what time is it", true);
  captions.update("a", "you", "what", false);
  expect(captions.lines).toEqual([{ id: "a", speaker: "you", text: "what time is it", state: "final" }]);
});

test("a segment without words makes no line", () => {
  const captions = new Captions();
  captions.update("a", "you", " ", true);
  expect(captions.lines).toEqual([]);
});

test("an interrupted answer is cut, whether the event or the final text comes first", () => {
  for (const isFinalFirst of [true, false]) {
    const captions = new Captions();
    captions.update("a", "agent", "Once there was a", false);
    if (isFinalFirst) captions.update("a", "agent", "Once there was a small", true);
    captions.cut("Once there was a small");
    captions.update("a", "agent", "Once there was a small", true);
    expect(captions.lines.map((line) => [line.text, line.state])).toEqual([["Once there was a small", "cut"]]);
  }
});

test("an answer that was not heard at all does not cut another", () => {
  const captions = new Captions();
  captions.update("a", "agent", "Hello there.", true);
  expect(captions.cut("")).toBeUndefined();
  expect(captions.cut("Something else.")).toBeUndefined();
  expect(captions.lines[0]?.state).toBe("final");
});
