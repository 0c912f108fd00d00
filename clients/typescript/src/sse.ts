/** An event of a stream; `id` is the last one that the stream told up to here. */
export interface Message {
  event: string;
  data: string;
  id: string | undefined;
}

/**
 * Reads server-sent events out of text, however it was cut (HTML standard, 9.2.6).
 *
 * By hand, for case-api tells ids with comments too, so that quiet streams can be gone on with, and the parsers at hand forget those.
 */
export class EventParser {
  /** Behind which event to go on. */
  lastEventId: string | undefined;
  /** Milliseconds before the next connection, as the stream asked for. */
  retryMs: number | undefined;
  #rest = "";
  #id: string | undefined;
  #event = "";
  #data: string[] = [];

  constructor(lastEventId: string | undefined) {
    this.lastEventId = this.#id = lastEventId;
  }

  /** A new connection begins: forget what the one before left half told. */
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
