import { expect, test } from "vitest";
import type { TurnEvent } from "./control";
import { barsOf } from "./bars";

const turn = (stages: TurnEvent["stages"]): TurnEvent => ({ type: "turn", seq: 1, at: 0, turn: 1, by: "speech", stages });

test("each stage lasts from the one before it", () => {
  const bars = barsOf(turn({ speaking: 1.2, transcript: 0.3, first_token: 0.6 }));
  expect(bars.map((bar) => [bar.name, bar.from, bar.to])).toEqual([
    ["transcript", 0, 0.3],
    ["first_token", 0.3, 0.6],
    ["speaking", 0.6, 1.2],
  ]);
});

test("a stage reported before an earlier one takes no time from the next", () => {
  const bars = barsOf(turn({ transcript: 0.5, first_token: 0.2, speaking: 0.8 }));
  expect(bars.map((bar) => [bar.from, bar.to])).toEqual([
    [0, 0.5],
    [0.2, 0.2],
    [0.5, 0.8],
  ]);
});

test("a turn that has just begun has no bars", () => {
  expect(barsOf(turn({}))).toEqual([]);
});
