import { expect, test } from "vitest";
import { choices, choose } from "./choices";
import { Store } from "./storage";

function emptyStore(): Store {
  return new Store(() => {
    throw new Error("The test has no browser storage.");
  });
}

const DEFAULTS = { input: "open", isMuted: false, persona: "", avatar_id: "", voice: "" };

test("the microphone is open and not muted by default, and nothing is chosen for a call", () => {
  expect(choices(emptyStore())).toEqual(DEFAULTS);
});

test("a choice changes nothing else", () => {
  const store = emptyStore();
  choose({ isMuted: true }, store);
  choose({ input: "push_to_talk" }, store);
  expect(choices(store)).toEqual({ ...DEFAULTS, input: "push_to_talk", isMuted: true });
});
