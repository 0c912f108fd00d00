/** An event of a stream; `id` is the last one that the stream sent up to here. */
export interface Message {
  event: string;
  data: string;
  id: string | undefined;
}

/**
 * Parses server-sent events from text, however it was split (HTML standard, 9.2.6).
 *
 * Our own parser, because case-api also sends IDs with comments, so that quiet streams can resume; available parsers
 * lose those.
 */
export class EventParser {
  /** The event after which to continue. */
  lastEventId: string | undefined;
  /** Milliseconds before the next connection, as the stream asked. */
  retryMs: number | undefined;
  #rest = "";
  #id: string | undefined;
  #event = "";
  #data: string[] = [];

  constructor(lastEventId: string | undefined) {
    this.lastEventId = this.#id = lastEventId;
  }

  /** Start a new connection: discard the incomplete event of the previous one. */
  restart(): void {
    this.#rest = this.#event = "";
    this.#id = this.lastEventId;
    this.#data = [];
  }

  /** The events that `text` completes. */
  *feed(text: string): Generator<Message, void, undefined> {
    // A CR at the end may be half of a CRLF.
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line !== "") {
        this.#field(line);
        continue;
      }
      this.lastEventId = this.#id;
      const [event, data] = [this.#event || "message", this.#data];
      this.#event = "";
      this.#data = [];
      if (data.length > 0) yield { event, data: data.join("\n"), id: this.lastEventId };
    }
  }

  #field(line: string): void {
    const [, name, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (name === "data") this.#data.push(value);
    else if (name === "event") this.#event = value;
    else if (name === "id" && !value.includes("\0")) this.#id = value;
    else if (name === "retry" && /^\d+$/.test(value)) this.retryMs = Number(value);
  }
}
