import { afterEach, beforeEach, expect, test, vi } from "vitest";

const OFFER = {
  fields: ["persona", "voice"],
  persona: "nova",
  personas: [
    { persona: "nova", name: "Nova" },
    { persona: "poet", name: "Mira" },
  ],
};

// Each test has its own modules, as they keep the offer and the choices.
beforeEach(() => vi.resetModules());
afterEach(() => vi.unstubAllGlobals());

/** Load the modules of a page with these answers of its server; returns them and the requests that the server gets. */
async function page(...answers: Response[]) {
  const requests: [path: string, headers: unknown][] = [];
  vi.stubGlobal("fetch", async (path: string, request: { headers: unknown }) => {
    requests.push([path, request.headers]);
    const answer = answers.shift();
    if (answer === undefined) throw new TypeError("Failed to fetch");
    return answer;
  });
  return { ...(await import("./offer")), ...(await import("./choices")), requests };
}

test("nothing is offered or given until the server has answered", async () => {
  const { loadOffer, offeredPersonas, chosenPersona, chosenConfig, choose, requests } = await page(
    new Response("{}", { status: 401 }),
  );
  await loadOffer();
  await loadOffer();
  choose({ persona: "poet", voice: "x" });

  expect([offeredPersonas(), chosenPersona(), chosenConfig()]).toEqual([[], "", {}]);
  expect(requests.map(([path]) => path)).toEqual(["api/choices", "api/choices"]);
});

test("a choice before the call is its configuration", async () => {
  const { loadOffer, offeredPersonas, personaName, chosenPersona, chosenConfig, choose, requests } = await page(
    Response.json(OFFER),
  );
  await loadOffer();
  await loadOffer();
  const before = [chosenPersona(), chosenConfig()];
  choose({ persona: "poet", voice: "x", avatar_id: "not allowed" });

  expect(before).toEqual(["nova", {}]);
  expect([chosenPersona(), chosenConfig()]).toEqual(["poet", { persona: "poet", voice: "x" }]);
  expect([offeredPersonas(), personaName("poet"), personaName("ada")]).toEqual([["nova", "poet"], "Mira", "ada"]);
  expect(requests.length).toBe(1);
});

test("a choice that is no longer offered is not given", async () => {
  const { loadOffer, chosenPersona, chosenConfig, choose } = await page(Response.json(OFFER));
  await loadOffer();
  choose({ persona: "gone" });

  expect([chosenPersona(), chosenConfig()]).toEqual(["nova", {}]);
});

test("personas are offered only where the server allows the choice", async () => {
  const { loadOffer, offeredPersonas } = await page(Response.json({ ...OFFER, fields: [] }));
  await loadOffer();

  expect(offeredPersonas()).toEqual([]);
});

test("the request has the secret", async () => {
  const { loadOffer, requests } = await page(Response.json(OFFER));
  (await import("./connectionDetails")).keepSecret("a-secret");
  await loadOffer();

  expect(requests).toEqual([["api/choices", { Authorization: "Bearer a-secret" }]]);
});
