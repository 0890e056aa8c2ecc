import { afterEach, expect, test, vi } from "vitest";
import { type ConnectionDetails, drop, keep, kept, NoConnectionDetailsError, rejoinOrCreate } from "./connectionDetails";

const DETAILS: ConnectionDetails = { url: "ws://rooms", token: "a-token", room: "a-room", identity: "a-caller" };
const FRESH: ConnectionDetails = { ...DETAILS, token: "a-fresh-token" };

const OVER = () => Response.json({ error: "The call has ended." }, { status: 410 });

afterEach(() => {
  drop();
  vi.unstubAllGlobals();
});

/** A server with these responses, one after the other; returns the requests that it gets. */
function serve(...responses: (() => Response)[]): [path: string, body: unknown][] {
  const requests: [path: string, body: unknown][] = [];
  vi.stubGlobal("fetch", async (path: string, request: { body: string }) => {
    requests.push([path, JSON.parse(request.body)]);
    const response = responses.shift();
    if (response === undefined) throw new TypeError("Failed to fetch");
    return response();
  });
  return requests;
}

async function failureOf(request: Promise<unknown>): Promise<NoConnectionDetailsError> {
  const failure = await request.catch((error: unknown) => error);
  if (!(failure instanceof NoConnectionDetailsError)) throw new Error(`not refused: ${String(failure)}`);
  return failure;
}

test("a new call is requested relative to the page", async () => {
  const requests = serve(() => Response.json(DETAILS));
  expect(await rejoinOrCreate(true)).toEqual(DETAILS);
  expect(requests).toEqual([["api/call", {}]]);
});

test("a new call has the chosen configuration", async () => {
  const requests = serve(() => Response.json(DETAILS));
  await rejoinOrCreate(true, { persona: "poet" });
  expect(requests).toEqual([["api/call", { call: { persona: "poet" } }]]);
});

test("a call that goes on is rejoined, with and without a click", async () => {
  for (const isAsked of [true, false]) {
    keep(DETAILS);
    const requests = serve(() => Response.json(FRESH));
    expect(await rejoinOrCreate(isAsked)).toEqual(FRESH);
    expect(requests).toEqual([["api/call", { again: "a-token" }]]);
  }
});

test("a call that is over is followed by a new one only after a click", async () => {
  keep(DETAILS);
  const requests = serve(OVER);
  expect((await failureOf(rejoinOrCreate(false))).message).toBe("The call has ended.");
  expect([requests.length, kept()]).toEqual([1, undefined]);

  keep(DETAILS);
  serve(OVER, () => Response.json(FRESH));
  expect(await rejoinOrCreate(true)).toEqual(FRESH);
});

test("a call that can't be rejoined now is kept, and no other is started", async () => {
  keep(DETAILS);
  const requests = serve(() => Response.json({ error: "A sentence." }, { status: 502 }));
  expect((await failureOf(rejoinOrCreate(true))).message).toBe("A sentence.");
  expect([requests.length, kept()]).toEqual([1, DETAILS]);
});

test("the caller reads when to try again", async () => {
  const busy = { status: 503, headers: { "Retry-After": "10" } };
  serve(() => Response.json({ error: "All lines are busy at the moment." }, busy));
  const { message } = await failureOf(rejoinOrCreate(true));
  expect(message).toBe("All lines are busy at the moment. Please try again in 10 seconds.");
});

test("the page asks for the secret when the server does", async () => {
  serve(() => Response.json({ error: "A sentence." }, { status: 401 }));
  expect((await failureOf(rejoinOrCreate(true))).needsSecret).toBe(true);
});

test("a proxy's own error page is reported by its status", async () => {
  serve(() => new Response("<html>", { status: 504 }));
  expect((await failureOf(rejoinOrCreate(true))).message).toBe("The server answered with status 504.");
});

test("a server that does not answer is reported", async () => {
  serve();
  expect((await failureOf(rejoinOrCreate(true))).message).toContain("does not answer");
});
