import { expect, test } from "vitest";
import { parseEvent } from "./control";

test("an event is what the agent tells", () => {
  const text = '{"v":1,"seq":3,"at":1,"type":"said","text":"Hello.","interrupted":false}';
  expect(parseEvent(text)).toMatchObject({ type: "said", text: "Hello.", interrupted: false });
});

test.each(["", "[]", "null", '{"v":2,"type":"said"}', '{"v":1,"type":"tomorrow"}', '{"type":"said"}'])(
  "what is not known is left out: %s",
  (text) => {
    expect(parseEvent(text)).toBeUndefined();
  },
);
