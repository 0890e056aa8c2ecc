/** What lets a caller into a call: asked for over HTTP, and kept while the tab is open, so that a reload comes back. */

export interface Ticket {
  url: string;
  token: string;
  room: string;
  identity: string;
}

/** The token endpoint gave no ticket; the message is a sentence for the caller, the status HTTP's, or 0 without an answer. */
export class NoTicketError extends Error {
  constructor(
    message: string,
    private readonly status: number,
  ) {
    super(message);
  }

  get wantsSecret(): boolean {
    return this.status === 401;
  }

  /** Whether the ticket that was shown will never be good again. */
  get isFinal(): boolean {
    return this.status >= 400 && this.status < 500 && this.status !== 401 && this.status !== 429;
  }
}

const TICKET = "ticket";
const SECRET = "secret";

/** Ask for a ticket: to a new call, or again to the one of a ticket that has expired. */
export async function askForTicket(expired?: Ticket): Promise<Ticket> {
  const answer = await post("/api/call", expired === undefined ? {} : { again: expired.token });
  const body = (await answer.json().catch(() => ({}))) as Partial<Ticket> & { error?: string };
  if (!answer.ok) {
    throw new NoTicketError(reason(answer, body.error), answer.status);
  }
  const ticket = body as Ticket;
  sessionStorage.setItem(TICKET, JSON.stringify(ticket));
  return ticket;
}

/** The ticket of the call that goes on, if there is one. */
export function keptTicket(): Ticket | undefined {
  const kept = sessionStorage.getItem(TICKET);
  return kept === null ? undefined : (JSON.parse(kept) as Ticket);
}

/** The call is over, or the ticket is of no use. */
export function dropTicket(): void {
  sessionStorage.removeItem(TICKET);
}

/** Keep the secret that the endpoint wants, until the tab is closed. */
export function keepSecret(secret: string): void {
  sessionStorage.setItem(SECRET, secret);
}

/** Take the secret out of the address, where it may stand behind `#secret=`: it is not to be seen or copied. */
export function takeSecretFromAddress(): void {
  const secret = new URLSearchParams(location.hash.slice(1)).get("secret");
  if (secret !== null) {
    keepSecret(secret);
    history.replaceState(null, "", location.pathname + location.search);
  }
}

async function post(path: string, body: object): Promise<Response> {
  const secret = sessionStorage.getItem(SECRET);
  const headers: Record<string, string> = { "Content-Type": "application/json" };
  if (secret !== null) headers["Authorization"] = `Bearer ${secret}`;
  try {
    return await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  } catch {
    throw new NoTicketError("The server of this page does not answer. Is it still running?", 0);
  }
}

function reason(answer: Response, said: string | undefined): string {
  const sentence = said ?? `The server answered ${answer.status}.`;
  const wait = answer.headers.get("Retry-After");
  return wait === null ? sentence : `${sentence} Try again in ${wait} s.`;
}
