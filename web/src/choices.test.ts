import { expect, test } from "vitest";
import { choices, choose } from "./choices";
import { Store } from "./storage";

function emptyStore(): Store {
  return new Store(() => {
    throw new Error("The test has no browser storage.");
  });
}

test("the microphone is open and not muted by default", () => {
  expect(choices(emptyStore())).toEqual({ input: "open", isMuted: false });
});

test("a choice changes nothing else", () => {
  const store = emptyStore();
  choose({ isMuted: true }, store);
  choose({ input: "push_to_talk" }, store);
  expect(choices(store)).toEqual({ input: "push_to_talk", isMuted: true });
});
