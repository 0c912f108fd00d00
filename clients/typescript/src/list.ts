import type { components } from "./generated/schema.js";

type Case = components["schemas"]["CaseDocument"];
export type CaseStatus = components["schemas"]["CaseStatus"];
type Column =
  | "web_case_id"
  | "case_id"
  | "status"
  | "category"
  | "priority"
  | "description"
  | "created_by"
  | "created_at"
  | "updated_at"
  | "submitted_at";

/** Which cases, in which order. */
export interface CaseFilter {
  /** Part of a Web Case ID, a Case ID, a user's name or a status label; case does not matter. */
  q?: string;
  /** Words that are all in the description or the notes, in any order. */
  text?: string;
  status?: CaseStatus | readonly CaseStatus[];
  category?: string;
  priority?: string;
  /** A user's name; `me` for the user of the token. */
  created_by?: string;
  origin?: Case["origin"];
  /** A moment, or a day ("2026-01-31") of `zone`. */
  created_from?: Date | string;
  /** A moment, or a whole day of `zone`. */
  created_to?: Date | string;
  /** The IANA time zone of days and of a file's times; default UTC. */
  zone?: string;
  /** Submitted cases that have not reached D365 yet; false: the others. */
  undelivered?: boolean;
  /** A column, with `-` in front for descending; default `-created_at`. */
  sort?: Column | `-${Column}`;
}

/** The list as a file. */
export interface FileFilter extends CaseFilter {
  /** Between cells; default: that of the spreadsheets in the language of the request's `Accept-Language`, which browsers send. */
  separator?: "comma" | "semicolon" | "tab";
}

/** One page of the list. */
export interface PageFilter extends CaseFilter {
  /** 1 to 100; default 25. */
  limit?: number;
  /** `next` of the previous page, with the same filter and sort. */
  cursor?: string;
  /** Also count: in total and per status. */
  counts?: boolean;
}

/** `filter` as the API's query parameters, without undefined or empty values. */
export function queryOf(filter: PageFilter | FileFilter): Record<string, string> {
  const query: Record<string, string> = {};
  for (const [name, value] of Object.entries(filter) as [string, unknown][]) {
    const text = value instanceof Date ? value.toISOString() : Array.isArray(value) ? value.join(",") : value;
    if (text !== undefined && text !== null && text !== "") query[name] = String(text);
  }
  return query;
}
