// A real HTTP server whose answers a test writes, request by request.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createCasebridge, type Case, type Casebridge, type Options } from "../src/index.js";

export interface Received {
  method: string;
  url: string;
  headers: IncomingMessage["headers"];
  body: string;
}
/** Answers one request; ending without an answer leaves it open. */
export type Answer = (response: ServerResponse, request: Received) => void;

export class Server implements AsyncDisposable {
  readonly received: Received[] = [];
  readonly #server = createServer((request, response) => void this.#handle(request, response));
  readonly #answers: Answer[];

  /** The last of `answers` answers all further requests. */
  private constructor(answers: Answer[]) {
    this.#answers = answers;
  }

  static async start(...answers: Answer[]): Promise<Server> {
    const server = new Server(answers);
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  client(options: Partial<Options> = {}): Casebridge {
    return createCasebridge({ baseUrl: this.url, token: () => "secret", dealer: "usmf-us-001", ...options });
  }

  /** Answer all further requests with this. */
  answerAll(answer: Answer): void {
    this.#answers.splice(0, Infinity, answer);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const { method = "", url = "", headers } = request;
    const received = { method, url, headers, body: Buffer.concat(parts).toString() };
    this.received.push(received);
    const answer = this.#answers.length > 1 ? this.#answers.shift() : this.#answers[0];
    answer?.(response, received);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }
}

export function json(document: unknown, headers: Record<string, string> = {}, status = 200): Answer {
  return (response) => {
    response.writeHead(status, { "Content-Type": "application/json", ...headers }).end(JSON.stringify(document));
  };
}

export function problem(status: number, kind: string, headers: Record<string, string> = {}, more: object = {}): Answer {
  const document = { type: `urn:casebridge:problem:${kind}`, title: kind, status, detail: "Because.", ...more };
  return json(document, { "Content-Type": "application/problem+json", ...headers }, status);
}

/** The connection breaks before an answer. */
export const broken: Answer = (response) => void response.socket?.destroy();

/** No answer, ever. */
export const silent: Answer = () => undefined;

export function caseOf(changes: Partial<Case> = {}): Case {
  return {
    web_case_id: "W7Q4MZ2KXR", case_id: null, dealer: "usmf-us-001", status: "draft", status_as_of: null,
    category: "Warranty", category_type: null, priority: null, description: null, contact: null, notes: null,
    created_by: "dana", created_at: "2026-11-24T10:00:00Z", updated_at: "2026-11-24T10:00:00Z", submitted_at: null,
    submission: null, moved_at: null, deleted_in_d365_at: null, origin: "portal", allowed_actions: ["edit", "delete", "submit", "copy"], ...changes,
  };
}

export function versionOf(changes: Partial<Case> = {}, etag = '"1"'): Answer {
  return json(caseOf(changes), { ETag: etag });
}
