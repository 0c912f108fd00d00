import type { components } from "./generated/schema.js";
import { backOff, pause, unlessAborted } from "./pause.js";
import { ConnectionError, ProblemError } from "./problem.js";
import { EventParser, type Message } from "./sse.js";

type Case = components["schemas"]["CaseDocument"];

/** What `watch` yields; pass `id` as `lastEventId` to continue after it. */
export type CaseEvent =
  /** A case has changed, or is new; the whole case. */
  | { event: "case"; case: Case; id: string | undefined }
  /** Load what you show again: watching begins here (`opened`), or changes were missed, for the API's reason. */
  | { event: "resync"; reason: string; id: string | undefined };

export interface WatchOptions {
  /** Ends watching. */
  signal?: AbortSignal | undefined;
  /** The `id` of the last event seen, to continue after it, such as after a reload of the page. */
  lastEventId?: string | undefined;
  /** The silence after which a connection counts as dead (45,000); the API sends something every 15 seconds. */
  silenceMs?: number;
}

type Open = (lastEventId: string | undefined, signal: AbortSignal) => Promise<Response>;

const SILENCE_MS = 45_000;
const AT_ONCE_MS = 250;
const FIRST_BACK_OFF_MS = 1_000;
const LONGEST_BACK_OFF_MS = 30_000;
// A connection that lasted this long was a good one.
const GOOD_MS = 5_000;

/**
 * The dealer's events for as long as somebody reads them, over as many connections as needed.
 *
 * Ends when the signal aborts; throws `ProblemError` if the API refuses permanently.
 */
export async function* watch(open: Open, options: WatchOptions): AsyncGenerator<CaseEvent, void, undefined> {
  const { signal, silenceMs = SILENCE_MS } = options;
  const parser = new EventParser(options.lastEventId);
  for (let failures = 0; !signal?.aborted; ) {
    const connection = new AbortController();
    const either = signal ? AbortSignal.any([signal, connection.signal]) : connection.signal;
    let [opened, askedMs, said] = [Infinity, 0, ""];
    try {
      const response = await open(parser.lastEventId, either);
      opened = Date.now();
      parser.restart();
      // Without a place to continue from, changes between two connections are lost.
      if (parser.lastEventId === undefined) yield { event: "resync", reason: "opened", id: undefined };
      for await (const message of messages(response, parser, silenceMs, either)) {
        said = message.event;
        const event = read(message);
        if (event) yield event;
      }
    } catch (error) {
      if (signal?.aborted) return;
      if (!passes(error)) throw error;
      askedMs = error instanceof ProblemError ? (error.retryAfter ?? 0) * 1000 : 0;
    } finally {
      connection.abort();
    }
    const good = Date.now() - opened > GOOD_MS;
    failures = good ? 1 : failures + 1;
    // `end` says that the token expired, or the replica stops: the next connection can begin at once.
    const first = good && said === "end" ? AT_ONCE_MS : (parser.retryMs ?? FIRST_BACK_OFF_MS);
    await pause(askedMs + backOff(failures, LONGEST_BACK_OFF_MS, first), signal).catch(() => undefined);
  }
}

function passes(error: unknown): boolean {
  return error instanceof ConnectionError || (error instanceof ProblemError && (error.status === 429 || error.status >= 500));
}

function read({ event, data, id }: Message): CaseEvent | undefined {
  if (event === "case") return { event, case: JSON.parse(data) as Case, id };
  if (event === "resync") return { event, reason: (JSON.parse(data) as { reason?: string }).reason ?? "", id };
  // Ignore events that a later version of the API adds.
  return undefined;
}

/** The messages of one connection, until it ends; throws `ConnectionError` if it breaks, goes silent or is aborted. */
async function* messages(
  response: Response,
  parser: EventParser,
  silenceMs: number,
  signal: AbortSignal,
): AsyncGenerator<Message, void, undefined> {
  if (!response.body) return;
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  try {
    for (;;) {
      // The clock runs only while we wait: a slow reader is not a silent API.
      const { done, value } = await within(silenceMs, unlessAborted(signal, reader.read()));
      if (done) return;
      yield* parser.feed(decoder.decode(value, { stream: true }));
    }
  } finally {
    // Close the connection if the reader of the events has left; a broken one refuses that.
    reader.cancel().catch(() => undefined);
  }
}

async function within<T>(ms: number, waited: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing came for ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([waited, silence]);
  } catch (error) {
    throw new ConnectionError(error, 1);
  } finally {
    clearTimeout(timer);
  }
}
