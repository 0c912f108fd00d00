import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "./generated/schema.js";
import { queryOf, type FileFilter, type PageFilter } from "./list.js";
import { ProblemError, type FieldError } from "./problem.js";
import { Transport, type TransportOptions } from "./transport.js";
import { watch, type CaseEvent, type WatchOptions } from "./watch.js";

type Schemas = components["schemas"];
export type Case = Schemas["CaseDocument"];
export type CaseInput = Schemas["CaseInput"];
export type CasePage = Schemas["CasePage"];
export type Category = Schemas["CategoryDocument"];
export type Dealer = Schemas["DealerDocument"];
export type Priority = Schemas["PriorityDocument"];
export type Length = Schemas["LengthDocument"];
export type Submission = Schemas["SubmissionDocument"];
export type Timeline = Schemas["Timeline"];

/** The version of a case that you act on; `get`, `create`, `copy` and `edit` return it. */
export type CaseVersion = Pick<VersionedCase, "web_case_id" | "etag">;
/** A case with its ETag. */
export type VersionedCase = Case & { readonly etag: string };

export interface Options extends TransportOptions {
  /** The dealer (its slug) for all calls; `forDealer` chooses another one. */
  dealer?: string;
}

export type CallOptions = {
  /** Cancels the call and all further attempts. */
  signal?: AbortSignal | undefined;
};

export type CreateOptions = CallOptions & {
  /** To repeat the call elsewhere, such as after a reload of the page; default: a new one per call. */
  idempotencyKey?: string;
};

export type SubmitOptions = CreateOptions & {
  /** Seconds to wait for the outcome, at most 30; default 0. */
  wait?: number;
};

/** Calls case-api; `createCasebridge` creates it. */
export class Casebridge {
  /** Every operation of the OpenAPI document by its path, with the same token, retries and errors. */
  readonly http: Client<paths>;
  readonly #options: Options;
  readonly #transport: Transport;

  constructor(options: Options) {
    this.#options = options;
    this.#transport = new Transport(options);
    this.http = createClient<paths>({
      baseUrl: options.baseUrl,
      fetch: (request) => this.#transport.send(request),
    });
  }

  /** The same client for another dealer. */
  forDealer(dealer: string): Casebridge {
    return new Casebridge({ ...this.#options, dealer });
  }

  /** The dealers that the token may act for. */
  async dealers(options: CallOptions = {}): Promise<Dealer[]> {
    return some(await this.http.GET("/v1/dealers", options)).items;
  }

  /** The categories that a case can have. */
  async categories(options: CallOptions = {}): Promise<Category[]> {
    const params = { path: this.#dealer() };
    return some(await this.http.GET("/v1/dealers/{dealer}/categories", { params, ...options })).items;
  }

  /** The priorities that a case can have. */
  async priorities(options: CallOptions = {}): Promise<Priority[]> {
    const params = { path: this.#dealer() };
    return some(await this.http.GET("/v1/dealers/{dealer}/priorities", { params, ...options })).items;
  }

  /** How long submitted texts may be, for fields of which D365 keeps less than a draft. */
  async lengths(options: CallOptions = {}): Promise<Length[]> {
    const params = { path: this.#dealer() };
    return some(await this.http.GET("/v1/dealers/{dealer}/lengths", { params, ...options })).items;
  }

  /** One page of the list. */
  async page(filter: PageFilter = {}, options: CallOptions = {}): Promise<CasePage> {
    const params = { path: this.#dealer(), query: queryOf(filter) as object };
    return some(await this.http.GET("/v1/dealers/{dealer}/cases", { params, ...options }));
  }

  /** All cases of the list, one by one; fetches pages as needed. */
  async *cases(filter: Omit<PageFilter, "cursor" | "counts"> = {}, options: CallOptions = {}): AsyncGenerator<Case, void, undefined> {
    let cursor: string | undefined;
    do {
      const page: CasePage = await this.page({ limit: 100, ...filter, ...(cursor && { cursor }) }, options);
      yield* page.items;
      cursor = page.next ?? undefined;
    } while (cursor);
  }

  /** The list as CSV, of any length; `new Response(stream).blob()` is the file. */
  async csv(filter: FileFilter = {}, options: CallOptions = {}): Promise<ReadableStream<Uint8Array>> {
    const url = this.#transport.url(this.#path("/cases.csv"), queryOf(filter));
    const response = await this.#transport.send(new Request(url), { stream: true, signal: options.signal });
    return response.body ?? new Blob([]).stream();
  }

  /** Save a new draft. However often the request is sent, it creates only one. */
  async create(content: CaseInput, options: CreateOptions = {}): Promise<VersionedCase> {
    const { signal, idempotencyKey = newKey() } = options;
    const params = { path: this.#dealer(), header: { "Idempotency-Key": idempotencyKey } };
    return versioned(await this.http.POST("/v1/dealers/{dealer}/cases", { params, body: content, signal }));
  }

  /** A new draft with the content of the case `webCaseId`. */
  async copy(webCaseId: string, options: CreateOptions = {}): Promise<VersionedCase> {
    const { signal, idempotencyKey = newKey() } = options;
    const params = { path: this.#case(webCaseId), header: { "Idempotency-Key": idempotencyKey } };
    return versioned(
      await this.http.POST("/v1/dealers/{dealer}/cases/{web_case_id}/copy", { params, signal }),
    );
  }

  /** The case as it is now. */
  async get(webCaseId: string, options: CallOptions = {}): Promise<VersionedCase> {
    const params = { path: this.#case(webCaseId) };
    return versioned(await this.http.GET("/v1/dealers/{dealer}/cases/{web_case_id}", { params, ...options }));
  }

  /** Change a draft: null empties a field, omitted fields stay. Throws `version-changed` if somebody was faster. */
  async edit(version: CaseVersion, changes: CaseInput, options: CallOptions = {}): Promise<VersionedCase> {
    const params = { path: this.#case(version.web_case_id), header: { "If-Match": version.etag } };
    try {
      return versioned(
        await this.http.PATCH("/v1/dealers/{dealer}/cases/{web_case_id}", { params, body: changes, ...options }),
      );
    } catch (error) {
      if (!repeated(error, "version-changed")) throw error;
      // Perhaps it was our own change, whose answer was lost.
      const now = await this.get(version.web_case_id, options);
      if (!contains(now, changes)) throw error;
      return now;
    }
  }

  /** Delete a draft for good. */
  async delete(version: CaseVersion, options: CallOptions = {}): Promise<void> {
    const params = { path: this.#case(version.web_case_id), header: { "If-Match": version.etag } };
    try {
      await this.http.DELETE("/v1/dealers/{dealer}/cases/{web_case_id}", { params, ...options });
    } catch (error) {
      // It is gone: the answer to an earlier attempt was lost.
      if (!repeated(error, "not-found")) throw error;
    }
  }

  /** What prevents submitting the draft, field by field; empty if nothing does. */
  async validate(version: CaseVersion, options: CallOptions = {}): Promise<readonly FieldError[]> {
    try {
      await this.#submit(version, { "Idempotency-Key": newKey() }, { validate_only: true }, options.signal);
      return [];
    } catch (error) {
      if (error instanceof ProblemError && error.kind === "case-incomplete") return error.errors;
      throw error;
    }
  }

  /** Submit the draft, irreversibly. However often the request is sent, the draft is submitted once. */
  async submit(version: CaseVersion, options: SubmitOptions = {}): Promise<Submission> {
    const { signal, idempotencyKey = newKey(), wait } = options;
    const header = { "Idempotency-Key": idempotencyKey, ...(wait && { Prefer: `wait=${Math.ceil(wait)}` }) };
    return (await this.#submit(version, header, {}, signal)) as Submission;
  }

  /** The state of a case's submission. */
  async submission(webCaseId: string, options: CallOptions = {}): Promise<Submission> {
    const params = { path: this.#case(webCaseId) };
    return some(await this.http.GET("/v1/dealers/{dealer}/cases/{web_case_id}/submission", { params, ...options }));
  }

  /** What happened to a case: who did what, when, and how long each stage took. */
  async timeline(webCaseId: string, options: CallOptions = {}): Promise<Timeline["items"]> {
    const params = { path: this.#case(webCaseId) };
    return some(await this.http.GET("/v1/dealers/{dealer}/cases/{web_case_id}/timeline", { params, ...options })).items;
  }

  /** Changes of the dealer's cases, live. The first event is `resync`: then load what you show. */
  watch(options: WatchOptions = {}): AsyncGenerator<CaseEvent, void, undefined> {
    const url = this.#transport.url(this.#path("/cases/stream"));
    const open = (lastEventId: string | undefined, signal: AbortSignal): Promise<Response> => {
      const headers = { Accept: "text/event-stream", ...(lastEventId !== undefined && { "Last-Event-ID": lastEventId }) };
      return this.#transport.send(new Request(url, { headers }), { stream: true, retryForMs: 0, signal });
    };
    return watch(open, options);
  }

  async #submit(
    version: CaseVersion,
    header: { "Idempotency-Key": string; Prefer?: string },
    query: { validate_only?: boolean },
    signal: AbortSignal | undefined,
  ): Promise<Submission | Schemas["ValidationDocument"]> {
    const params = { path: this.#case(version.web_case_id), header: { "If-Match": version.etag, ...header }, query };
    const path = "/v1/dealers/{dealer}/cases/{web_case_id}/submission";
    return some(await this.http.POST(path, { params, signal }));
  }

  #dealer(): { dealer: string } {
    const { dealer } = this.#options;
    if (!dealer) throw new TypeError("No dealer is chosen: createCasebridge({ dealer }), or client.forDealer(slug).");
    return { dealer };
  }

  #case(webCaseId: string): { dealer: string; web_case_id: string } {
    return { ...this.#dealer(), web_case_id: webCaseId };
  }

  #path(rest: string): string {
    return `/v1/dealers/${encodeURIComponent(this.#dealer().dealer)}${rest}`;
  }
}

/** A client of case-api. */
export function createCasebridge(options: Options): Casebridge {
  return new Casebridge(options);
}

function some<T>({ data, response }: { data?: T; response: Response }): T {
  if (data === undefined) throw new TypeError(`${response.status} without the document that the API promises`);
  return data;
}

function versioned(answer: { data?: Case; response: Response }): VersionedCase {
  const etag = answer.response.headers.get("ETag");
  if (!etag) throw new TypeError("The answer shows no ETag. In a browser, case-api's CORS settings must expose it.");
  return { ...some(answer), etag };
}

// Not randomUUID: browsers lack it on pages without TLS.
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function repeated(error: unknown, kind: ProblemError["kind"]): boolean {
  return error instanceof ProblemError && error.kind === kind && error.attempts > 1;
}

/** Whether `now` already has every change of the merge patch `changes`. */
function contains(now: object, changes: object): boolean {
  const found = now as Record<string, unknown>;
  return Object.entries(changes as Record<string, unknown>).every(([name, value]) => {
    const actual = found[name] ?? null;
    if (value === undefined) return true;
    if (typeof value === "object" && value !== null) return contains(actual ?? {}, value);
    return actual === value || (name === "email" && isAddressIn(actual, value));
  });
}

const IN_AN_ADDRESS = /[\p{L}\p{N}@_%+-]/u;

/** Whether `kept` is the address in `sent`: case-api keeps `dana@dealer.example` of `Dana <dana@dealer.example>`. */
function isAddressIn(kept: unknown, sent: unknown): boolean {
  if (typeof kept !== "string" || typeof sent !== "string" || !kept) return false;
  const plain = sent.replaceAll("\u{ff20}", "@").replace(/[\p{Cf}\p{Cc}]/gu, "");
  const at = plain.indexOf(kept);
  // Not a part of another address.
  return at >= 0 && !IN_AN_ADDRESS.test(plain[at - 1] ?? "") && !IN_AN_ADDRESS.test(plain[at + kept.length] ?? "");
}
