export * from "./client.js";
export { ProblemError, ConnectionError, type FieldError } from "./problem.js";
export type { ProblemKind } from "./generated/problems.js";
export type { CaseFilter, CaseStatus, FileFilter, PageFilter } from "./list.js";
export type { CaseEvent, WatchOptions } from "./watch.js";
export type { TransportOptions } from "./transport.js";
export type { components, operations, paths } from "./generated/schema.js";
