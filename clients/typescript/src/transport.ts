import { backOff, pause, unlessAborted } from "./pause.js";
import { ConnectionError, NoToken, ProblemError } from "./problem.js";

export interface TransportOptions {
  /** The address of case-api, such as `https://cases.example.com`, or of your own back end in front of it. */
  baseUrl: string;
  /**
   * Returns a valid access token; called before every attempt, so cache it. Omit it if a back end adds the token.
   *
   * If it fails or takes too long, the client asks again, as after a broken connection. A `ProblemError` that it throws
   * is the caller's: throw one when the user must sign in again, and calls and streams end with it.
   */
  token?: () => string | Promise<string>;
  /** Another `fetch`, to add a CSRF header or to go through a proxy. */
  fetch?: typeof fetch;
  /** How long a request is retried (30,000); no attempt begins later. 0: no retries. */
  retryForMs?: number;
  /** How long one attempt may take (10,000); for an answer that is read as a stream, until it begins. */
  timeoutMs?: number;
}

export interface SendOptions {
  /** Return the answer as soon as it begins, and leave reading it to the caller. */
  stream?: boolean;
  /** In place of the transport's own. */
  retryForMs?: number | undefined;
  /** Ends everything. For a stream, do not give it to the request: that follows it only until it is garbage. */
  signal?: AbortSignal | undefined;
}

const RETRY_FOR_MS = 30_000;
const TIMEOUT_MS = 10_000;
const LONGEST_BACK_OFF_MS = 8_000;

/** Sends requests with a token, retries where that is safe and may help, and throws a typed error for every refusal. */
export class Transport {
  readonly #options: TransportOptions;
  readonly #fetch: typeof fetch;

  constructor(options: TransportOptions) {
    this.#options = options;
    const { fetch: given } = options;
    // A browser's fetch fails if called as a method.
    this.#fetch = (...request) => (given ?? fetch)(...request);
  }

  /** The address of `path`, with a query. */
  url(path: string, query: Record<string, string> = {}): string {
    const search = new URLSearchParams(query).toString();
    return `${this.#options.baseUrl.replace(/\/+$/, "")}${path}${search && `?${search}`}`;
  }

  /**
   * The answer to `request`, completely read unless `stream`.
   *
   * Throws `ProblemError` or `ConnectionError` once retrying is pointless, and the signal's reason if it aborts.
   */
  async send(request: Request, options: SendOptions = {}): Promise<Response> {
    const { stream = false, retryForMs = this.#options.retryForMs, signal = request.signal } = options;
    const body = await request.arrayBuffer();
    const lastStart = Date.now() + (retryForMs ?? RETRY_FOR_MS) + preferredWait(request);
    let refused: { token: unknown; error: ProblemError } | undefined;
    for (let [attempts, sent] = [1, 0]; ; attempts++) {
      const token = await this.#token(signal, sent);
      if (refused && refused.token === token) throw refused.error;
      const outcome = token instanceof NoToken ? token : await this.#attempt(request, body, token, stream, signal, ++sent);
      if (outcome instanceof Response) return outcome;
      if (outcome instanceof ProblemError && outcome.status === 401 && !refused) {
        // It may have expired on the way: try once more, with the next one.
        refused = { token, error: outcome };
        continue;
      }
      const wait = waitBefore(attempts, outcome);
      if (!mayRepeat(request, outcome) || Date.now() + wait > lastStart) throw outcome;
      await pause(wait, signal);
    }
  }

  async #token(signal: AbortSignal, sent: number): Promise<string | undefined | NoToken> {
    try {
      return await this.#inTime(signal, 0, async () => this.#options.token?.());
    } catch (error) {
      if (signal.aborted || error instanceof ProblemError) throw error;
      return new NoToken(error, sent);
    }
  }

  async #attempt(
    request: Request,
    body: ArrayBuffer,
    token: string | undefined,
    stream: boolean,
    signal: AbortSignal,
    sent: number,
  ): Promise<Response | ProblemError | ConnectionError> {
    const headers = new Headers(request.headers);
    if (token !== undefined) headers.set("Authorization", `Bearer ${token}`);
    try {
      return await this.#inTime(signal, preferredWait(request), async (either) => {
        const response = await this.#fetch(request.url, {
          method: request.method,
          headers,
          body: body.byteLength > 0 ? body : null,
          credentials: request.credentials,
          signal: either,
        });
        // To `If-None-Match`: what the caller has is current.
        if (!response.ok && response.status !== 304) return ProblemError.from(response, sent);
        const hasBody = response.status !== 204 && response.status !== 304;
        return stream || !hasBody ? response : new Response(await response.arrayBuffer(), response);
      });
    } catch (error) {
      if (signal.aborted) throw error;
      return new ConnectionError(error, sent);
    }
  }

  /** What `work` brings within the time of an attempt and `extraMs`; throws the signal's reason if it aborts. */
  async #inTime<T>(signal: AbortSignal, extraMs: number, work: (either: AbortSignal) => Promise<T>): Promise<T> {
    const timeout = new AbortController();
    const timer = setTimeout(
      () => timeout.abort(new Error("it took too long")),
      (this.#options.timeoutMs ?? TIMEOUT_MS) + extraMs,
    );
    const either = AbortSignal.any([signal, timeout.signal]);
    try {
      return await unlessAborted(either, work(either));
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Whether `request` may be sent again after `error`: it may help, and nothing happens twice. */
function mayRepeat(request: Request, error: ProblemError | ConnectionError): boolean {
  if (error instanceof NoToken) return true;
  if (error instanceof ProblemError) {
    if (error.status === 429 || error.kind === "idempotency-key-in-use") return true;
    if (![502, 503, 504].includes(error.status)) return false;
  }
  return request.method !== "POST" || request.headers.has("Idempotency-Key");
}

function waitBefore(attempts: number, error: ProblemError | ConnectionError): number {
  const asked = error instanceof ProblemError ? (error.retryAfter ?? 0) * 1000 : 0;
  return asked + backOff(attempts, LONGEST_BACK_OFF_MS);
}

/** The milliseconds that `Prefer: wait` gives the API before it answers, in addition to every limit. */
function preferredWait(request: Request): number {
  const seconds = /\bwait=(\d+)/.exec(request.headers.get("Prefer") ?? "")?.[1];
  return Number(seconds ?? 0) * 1000;
}
