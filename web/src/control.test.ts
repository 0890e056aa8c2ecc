import { expect, test } from "vitest";
import { parseEvent } from "./control";

test("a known event of the agent is parsed", () => {
  const text = '{"v":1,"seq":3,"at":1,"type":"said","text":"Hello.","interrupted":false}';
  expect(parseEvent(text)).toMatchObject({ type: "said", text: "Hello.", interrupted: false });
});

test.each(["", "[]", "null", '{"v":2,"type":"said"}', '{"v":1,"type":"tomorrow"}', '{"type":"said"}'])(
  "an unknown or invalid event is left out: %s",
  (text) => {
    expect(parseEvent(text)).toBeUndefined();
  },
);
