import assert from "node:assert/strict";
import { test } from "node:test";
import { createCasebridge, ProblemError } from "../src/index.js";
import { broken, caseOf, json, problem, Server, versionOf, type Answer } from "./server.js";

const VERSION = { web_case_id: "W7Q4MZ2KXR", etag: '"1"' };
const CASES = "/v1/dealers/usmf-us-001/cases";

function refused(kind: string): (error: unknown) => boolean {
  return (error) => error instanceof ProblemError && error.kind === kind;
}

test("the ETag goes from call to call", async () => {
  await using server = await Server.start(versionOf(), versionOf({ priority: "High" }, '"2"'), (response) => response.writeHead(204).end());
  const client = server.client();
  const draft = await client.create({ category: "Warranty" });
  const edited = await client.edit(draft, { priority: "High" });
  assert.deepEqual([draft.etag, edited.etag, edited.priority], ['"1"', '"2"', "High"]);
  await client.delete(edited);
  assert.deepEqual(server.received.map(({ headers }) => headers["if-match"]), [undefined, '"1"', '"2"']);
});

test("an edit whose answer was lost is done, not in conflict", async () => {
  const contact = { name: "Dora", email: null, phone: null };
  const changes = { priority: "High", notes: null, contact: { name: "Dora" } };
  await using server = await Server.start(broken, problem(412, "version-changed"), versionOf({ ...changes, contact }, '"2"'));
  assert.equal((await server.client().edit(VERSION, changes)).etag, '"2"');
});

test("an edit whose answer was lost is done, although case-api keeps only the address of an e-mail", async () => {
  for (const email of ["Dana <dana@dealer.example>", "mailto:dana@dealer.example", "dana\u{ff20}dealer\u{200b}.example "]) {
    const kept = { name: null, email: "dana@dealer.example", phone: null };
    await using server = await Server.start(broken, problem(412, "version-changed"), versionOf({ contact: kept }, '"2"'));
    assert.equal((await server.client().edit(VERSION, { contact: { email } })).etag, '"2"');
    const others = { ...kept, email: "theo@dealer.example" };
    await using other = await Server.start(broken, problem(412, "version-changed"), versionOf({ contact: others }, '"2"'));
    await assert.rejects(other.client().edit(VERSION, { contact: { email } }), refused("version-changed"));
    const none = { ...kept, email: null };
    await using gone = await Server.start(broken, problem(412, "version-changed"), versionOf({ contact: none }, '"2"'));
    await assert.rejects(gone.client().edit(VERSION, { contact: { email } }), refused("version-changed"));
  }
  const theirs = { name: null, email: "ann@dealer.example", phone: null };
  await using longer = await Server.start(broken, problem(412, "version-changed"), versionOf({ contact: theirs }, '"2"'));
  const changes = { contact: { email: "joann@dealer.example" } };
  await assert.rejects(longer.client().edit(VERSION, changes), refused("version-changed"));
});

test("an edit that somebody else was faster than is in conflict, however often it was sent", async () => {
  const answers: Answer[] = [broken, problem(412, "version-changed"), versionOf({ priority: "Low" }, '"2"')];
  await using server = await Server.start(...answers);
  await assert.rejects(server.client().edit(VERSION, { priority: "High" }), refused("version-changed"));
  await using once = await Server.start(problem(412, "version-changed"), versionOf({ priority: "High" }, '"2"'));
  await assert.rejects(once.client().edit(VERSION, { priority: "High" }), refused("version-changed"));
});

test("a deletion whose answer was lost is done; one of a case that never was is not found", async () => {
  await using server = await Server.start(broken, problem(404, "not-found"));
  await server.client().delete(VERSION);
  await assert.rejects(server.client().delete(VERSION), refused("not-found"));
});

test("a submission keeps its version and its key over all attempts", async () => {
  const submission = { submission_no: 1, state: "pending" };
  await using server = await Server.start(broken, problem(409, "idempotency-key-in-use"), json(submission, {}, 202));
  assert.equal((await server.client().submit(VERSION, { idempotencyKey: "k1" })).submission_no, 1);
  const sent = server.received.map(({ headers }) => [headers["if-match"], headers["idempotency-key"], headers.prefer]);
  assert.deepEqual(sent, Array(3).fill(['"1"', "k1", undefined]));
});

test("two submissions have two keys", async () => {
  await using server = await Server.start(json({}, {}, 202));
  await server.client().submit(VERSION);
  await server.client().submit(VERSION);
  const [first, second] = server.received.map(({ headers }) => headers["idempotency-key"]);
  assert.notEqual(first, second);
});

test("validating names what is missing, and submits nothing", async () => {
  const errors = [{ pointer: "/category", detail: "Choose one." }];
  await using server = await Server.start(json({ valid: true }), problem(422, "case-incomplete", {}, { errors }), problem(404, "not-found"));
  const client = server.client();
  assert.deepEqual(await client.validate(VERSION), []);
  assert.deepEqual(await client.validate(VERSION), errors);
  await assert.rejects(client.validate(VERSION), refused("not-found"));
  assert.equal(server.received[0]?.url, `${CASES}/W7Q4MZ2KXR/submission?validate_only=true`);
});

test("the list is read to its end, page by page, as far as somebody reads", async () => {
  const page = (ids: string[], next: string | null): Answer =>
    json({ items: ids.map((web_case_id) => caseOf({ web_case_id })), next, has_more: next !== null });
  await using server = await Server.start(page(["W1", "W2"], "c 1"), page([], "c2"), page(["W3"], null));
  const client = server.client();
  const seen: string[] = [];
  const filter = { q: "wa", status: ["open", "in_process"], created_from: new Date(0), sort: "-case_id", undelivered: false, category: "", origin: undefined } as const;
  for await (const { web_case_id } of client.cases(filter)) seen.push(web_case_id);
  assert.deepEqual(seen, ["W1", "W2", "W3"]);
  const queries = server.received.map(({ url }) => Object.fromEntries(new URL(url, server.url).searchParams));
  const same = { q: "wa", status: "open,in_process", created_from: "1970-01-01T00:00:00.000Z", sort: "-case_id", undelivered: "false", limit: "100" };
  assert.deepEqual(queries, [same, { ...same, cursor: "c 1" }, { ...same, cursor: "c2" }]);
  for await (const _ of server.client().cases()) break;
  assert.equal(server.received.length, 4);
});

test("CSV comes as a stream, and a refusal as a problem", async () => {
  await using server = await Server.start((response) => {
    response.writeHead(200, { "Content-Type": "text/csv" }).write("Web Case ID\r\n");
    setTimeout(() => response.end("W1\r\n"), 50);
  }, problem(422, "invalid-request"));
  const stream = await server.client().csv({ status: "open", sort: "-created_at", separator: "semicolon", zone: "Europe/Berlin" });
  assert.equal(await new Response(stream).text(), "Web Case ID\r\nW1\r\n");
  assert.equal(server.received[0]?.url, `${CASES}.csv?status=open&sort=-created_at&separator=semicolon&zone=Europe%2FBerlin`);
  await assert.rejects(server.client().csv(), refused("invalid-request"));
});

test("a client for another dealer keeps all else", async () => {
  await using server = await Server.start(json({ items: [] }));
  await server.client().forDealer("demf/de 001").categories();
  assert.equal(server.received[0]?.url, "/v1/dealers/demf%2Fde%20001/categories");
  assert.equal(server.received[0]?.headers.authorization, "Bearer secret");
});

test("a program's mistakes are explained in clear words", async () => {
  await using server = await Server.start(json(caseOf()));
  await assert.rejects(createCasebridge({ baseUrl: server.url }).categories(), /No dealer is chosen/);
  assert.throws(() => createCasebridge({ baseUrl: server.url }).watch(), /No dealer is chosen/);
  await assert.rejects(server.client().get("W1"), /expose it/);
});
