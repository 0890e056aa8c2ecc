/** The connection details of a call: requested over HTTP, and kept by the tab so that a reload rejoins the call. */

import type { CallConfig } from "./offer";
import { tabStore } from "./storage";

export interface ConnectionDetails {
  url: string;
  token: string;
  room: string;
  identity: string;
}

/** The server gave no connection details; the message is a sentence for the caller. */
export class NoConnectionDetailsError extends Error {
  /** `status` is the status of the HTTP response; 0 if there was none. */
  constructor(
    message: string,
    private readonly status: number,
  ) {
    super(message);
  }

  get needsSecret(): boolean {
    return this.status === 401;
  }

  /** Whether the call to rejoin is over. */
  get isOver(): boolean {
    return this.status === 410;
  }
}

// Relative to the page, which a proxy may serve under a path.
const PATH = "api/call";

const DETAILS = "connection-details";
const SECRET = "secret";

/**
 * Rejoin the kept call, or start a new one with this configuration. If the kept call is over, only a click (`isAsked`)
 * starts a new one.
 */
export async function rejoinOrCreate(isAsked: boolean, config: CallConfig = {}): Promise<ConnectionDetails> {
  const details = kept();
  if (details === undefined) return create(config);
  try {
    return await refresh(details);
  } catch (error) {
    const isOver = error instanceof NoConnectionDetailsError && error.isOver;
    if (isOver) drop();
    if (isOver && isAsked) return create(config);
    throw error;
  }
}

/** The details of the call that this tab is in, or was in when it was reloaded. */
export function kept(): ConnectionDetails | undefined {
  const details = tabStore.get(DETAILS);
  return details === undefined ? undefined : (JSON.parse(details) as ConnectionDetails);
}

export function keep(details: ConnectionDetails): void {
  tabStore.set(DETAILS, JSON.stringify(details));
}

/** Forget the call: a reload does not rejoin it. */
export function drop(): void {
  tabStore.remove(DETAILS);
}

/** Keep the secret that the server asks for. */
export function keepSecret(secret: string): void {
  tabStore.set(SECRET, secret);
}

/** Move the secret out of the address, where it may follow `#secret=`, so that it is neither seen nor copied. */
export function takeSecretFromAddress(): void {
  const secret = new URLSearchParams(location.hash.slice(1)).get("secret");
  if (secret === null) return;
  keepSecret(secret);
  history.replaceState(null, "", location.pathname + location.search);
}

/** The header with the secret, if one is kept. */
export function authorization(): Record<string, string> {
  const secret = tabStore.get(SECRET);
  return secret === undefined ? {} : { Authorization: `Bearer ${secret}` };
}

async function create(config: CallConfig): Promise<ConnectionDetails> {
  return post(Object.keys(config).length === 0 ? {} : { call: config });
}

// Only the server knows whether a call goes on: joining a closed room opens it again, and starts a new call.
async function refresh(details: ConnectionDetails): Promise<ConnectionDetails> {
  return post({ again: details.token });
}

async function post(body: object): Promise<ConnectionDetails> {
  const headers = { "Content-Type": "application/json", ...authorization() };
  const response = await fetch(PATH, { method: "POST", headers, body: JSON.stringify(body) }).catch(() => {
    throw new NoConnectionDetailsError("The server of this page does not answer. Please try again in a moment.", 0);
  });
  const answer = (await response.json().catch(() => ({}))) as ConnectionDetails & { error?: string };
  if (!response.ok) {
    throw new NoConnectionDetailsError(reasonOf(response, answer.error), response.status);
  }
  return answer;
}

function reasonOf(response: Response, sentence: string | undefined): string {
  const reason = sentence ?? `The server answered with status ${response.status}.`;
  const wait = response.headers.get("Retry-After");
  return wait === null ? reason : `${reason} Please try again in ${wait} seconds.`;
}
