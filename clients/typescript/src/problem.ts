import type { components } from "./generated/schema.js";
import type { ProblemKind } from "./generated/problems.js";

type ProblemDocument = components["schemas"]["ProblemDocument"];
export type FieldError = components["schemas"]["FieldError"];

const PREFIX = "urn:casebridge:problem:";

/** The API answered with a refusal (RFC 9457). docs/problems.md says what to do about each kind. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  /** The whole `type`, such as `urn:casebridge:problem:version-changed`. */
  readonly type: string;
  /** Its last word, to switch on; undefined if something in between answered, such as a proxy. */
  readonly kind: ProblemKind | undefined;
  readonly status: number;
  readonly title: string;
  readonly detail: string | undefined;
  /** One entry per wrong field: `pointer` is a JSON pointer into what was sent, `?name`, or a header's name. */
  readonly errors: readonly FieldError[];
  /** The ID with which operators find what happened. */
  readonly traceId: string | undefined;
  /** Seconds after which the same request may be sent again. */
  readonly retryAfter: number | undefined;
  /** The case's current ETag, if the version sent is outdated. */
  readonly currentEtag: string | undefined;
  /** How many times the request was sent. */
  readonly attempts: number;

  constructor(response: Response, document: Partial<ProblemDocument> & { current_etag?: string }, attempts: number) {
    const title = document.title ?? (response.statusText || "No problem document");
    super(`${response.status} ${title}${document.detail ? `: ${document.detail}` : ""}`);
    this.type = document.type ?? "about:blank";
    this.kind = this.type.startsWith(PREFIX) ? (this.type.slice(PREFIX.length) as ProblemKind) : undefined;
    this.status = response.status;
    this.title = title;
    this.detail = document.detail ?? undefined;
    this.errors = document.errors ?? [];
    this.traceId = document.trace_id ?? undefined;
    this.retryAfter = seconds(response.headers.get("retry-after"));
    this.currentEtag = document.current_etag;
    this.attempts = attempts;
  }

  /** Read the problem from `response`. */
  static async from(response: Response, attempts: number): Promise<ProblemError> {
    const document: unknown = await response.json().catch(() => undefined);
    const isObject = typeof document === "object" && document !== null;
    return new ProblemError(response, isObject ? document : {}, attempts);
  }
}

/**
 * No complete answer came: network error, timeout, no token, or an answer that broke off.
 *
 * The request may have taken effect, unless `attempts` is 0.
 */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";

  constructor(
    cause: unknown,
    /** How many times the request was sent. */
    readonly attempts: number,
    missing = "No answer from the API",
  ) {
    super(`${missing}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** The token function failed, so this attempt was not sent. */
export class NoToken extends ConnectionError {
  constructor(cause: unknown, attempts: number) {
    super(cause, attempts, "No access token");
  }
}

/** `Retry-After` in seconds: the header is a number of seconds or a date (RFC 9110, 10.2.3). */
function seconds(header: string | null): number | undefined {
  if (!header) return undefined;
  const number = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isNaN(number) ? undefined : Math.max(number, 0);
}
