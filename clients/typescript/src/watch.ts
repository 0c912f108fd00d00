import { createParser, type EventSourceMessage } from "eventsource-parser";
import type { components } from "./generated/schema.js";
import { backOff, pause } from "./pause.js";
import { ConnectionError, ProblemError } from "./problem.js";

type Case = components["schemas"]["CaseDocument"];

/** What `watch` tells. */
export type CaseEvent =
  /** A case has changed, or is new; the whole of it. */
  | { event: "case"; case: Case; id: string | undefined }
  /** Load anew what you show: watching begins here, or changes were missed. */
  | { event: "resync"; id: string | undefined };

export interface WatchOptions {
  /** Ends watching. */
  signal?: AbortSignal | undefined;
  /** The last event's `id` seen, to go on behind it, such as after a reload of the page. */
  lastEventId?: string;
  /** After so long a silence (45,000) the connection counts as dead; the API sends something every 15 seconds. */
  silenceMs?: number;
}

type Open = (lastEventId: string | undefined, signal: AbortSignal) => Promise<Response>;

const SILENCE_MS = 45_000;
const LONGEST_BACK_OFF_MS = 30_000;
// A connection that held so long was a good one: the next one need not wait.
const GOOD_MS = 5_000;

/**
 * The dealer's events for as long as somebody reads them, over as many connections as that takes.
 *
 * Ends when the signal is aborted; throws `ProblemError` where the API refuses for good.
 */
export async function* watch(open: Open, options: WatchOptions): AsyncGenerator<CaseEvent, void, undefined> {
  const { signal, silenceMs = SILENCE_MS } = options;
  let lastEventId = options.lastEventId;
  for (let failures = 0; !signal?.aborted; ) {
    const connection = new AbortController();
    const either = signal ? AbortSignal.any([signal, connection.signal]) : connection.signal;
    let asked = 0;
    let opened = Infinity;
    try {
      const response = await open(lastEventId, either);
      opened = Date.now();
      // Without an event to go on behind, what happened while nothing was open is not told.
      if (lastEventId === undefined) yield { event: "resync", id: undefined };
      for await (const message of messages(response, silenceMs)) {
        lastEventId = message.id ?? lastEventId;
        const event = read(message);
        if (event) yield event;
      }
    } catch (error) {
      if (signal?.aborted) return;
      if (!passes(error)) throw error;
      asked = error instanceof ProblemError ? (error.retryAfter ?? 0) * 1000 : 0;
    } finally {
      connection.abort();
    }
    failures = Date.now() - opened > GOOD_MS ? 1 : failures + 1;
    await pause(asked + backOff(failures, LONGEST_BACK_OFF_MS), signal).catch(() => undefined);
  }
}

function passes(error: unknown): boolean {
  return error instanceof ConnectionError || (error instanceof ProblemError && (error.status === 429 || error.status >= 500));
}

function read({ event, data, id }: EventSourceMessage): CaseEvent | undefined {
  if (event === "case") return { event, case: JSON.parse(data) as Case, id };
  if (event === "resync") return { event, id };
  // An event that a later version of the API added.
  return undefined;
}

/** The messages of one connection, until it ends; throws `ConnectionError` where it breaks or falls silent. */
async function* messages(response: Response, silenceMs: number): AsyncGenerator<EventSourceMessage, void, undefined> {
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  const read: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (message) => read.push(message) });
  try {
    for (;;) {
      // The clock runs only while we wait: a slow reader is not a silent API.
      const { done, value } = await within(silenceMs, reader.read());
      if (done) return;
      parser.feed(value);
      yield* read.splice(0);
    }
  } finally {
    // Closes the connection where the reader of the events left; a broken one refuses that.
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
