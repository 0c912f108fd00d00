// Against a running case-api: its address, tokens and dealers come from tests/client/test_client.py.
import assert from "node:assert/strict";
import { createServer, request as forward } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { createCasebridge, ProblemError, type CaseInput, type VersionedCase } from "../src/index.js";

const { CASE_API = "", TOKEN = "", DEALER = "", OTHER_DEALER = "" } = process.env;
const casebridge = createCasebridge({ baseUrl: CASE_API, token: () => TOKEN, dealer: DEALER });

async function category(): Promise<Pick<CaseInput, "category" | "category_type">> {
  const [first] = await casebridge.categories();
  assert.ok(first);
  return { category: first.category, category_type: first.category_type };
}

async function draft(content: CaseInput = {}): Promise<VersionedCase> {
  return casebridge.create({ ...(await category()), ...content });
}

function refused(kind: string): (error: unknown) => boolean {
  return (error) => error instanceof ProblemError && error.kind === kind;
}

/** case-api behind a proxy that drops the first answer to each of `methods`: the request still takes effect. */
async function swallowing(...methods: string[]) {
  const swallowed: string[] = [];
  const server = createServer((request, response) => {
    const { method = "", url = "", headers } = request;
    const onward = forward(new URL(url, CASE_API), { method, headers }, (answer) => {
      if (methods.includes(method) && !swallowed.includes(method)) {
        swallowed.push(method);
        answer.resume().on("end", () => response.socket?.destroy());
      } else {
        response.writeHead(answer.statusCode ?? 0, answer.headers);
        answer.pipe(response);
      }
    });
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    client: createCasebridge({ baseUrl, token: () => TOKEN, dealer: DEALER }),
    swallowed,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test("a draft becomes a case of D365", async () => {
  assert.ok((await casebridge.dealers()).some(({ dealer }) => dealer === DEALER));
  const [priority] = await casebridge.priorities();
  const saved = await draft({ contact: { name: "Dora", email: "dora@example.com" } });
  const edited = await casebridge.edit(saved, { priority: priority?.priority ?? null, contact: { phone: "+1 555 0100" } });
  assert.deepEqual(edited.contact, { name: "Dora", email: "dora@example.com", phone: "+1 555 0100" });
  assert.deepEqual(await casebridge.validate(edited), []);
  const submission = await casebridge.submit(edited, { wait: 20 });
  assert.equal(submission.state, "delivered");
  // The submission has its result first; the case gets its Case ID once status-sync has written it.
  let now = await casebridge.get(edited.web_case_id);
  for (const deadline = Date.now() + 10_000; now.case_id === null && Date.now() < deadline; ) {
    now = await casebridge.get(edited.web_case_id);
  }
  assert.deepEqual([now.status, now.case_id], ["submitted", submission.case_id]);
  assert.ok((await casebridge.timeline(edited.web_case_id)).some(({ event }) => event === "delivered"));
  assert.equal((await casebridge.submission(edited.web_case_id)).submission_no, 1);
});

test("lost answers do nothing twice", async () => {
  await using line = await swallowing("POST", "PATCH", "DELETE");
  const description = `lost answers ${Date.now()}`;
  const saved = await line.client.create({ ...(await category()), description });
  const edited = await line.client.edit(saved, { notes: "once" });
  assert.equal(edited.notes, "once");
  const alike = [];
  for await (const found of casebridge.cases()) if (found.description === description) alike.push(found.web_case_id);
  assert.deepEqual(alike, [saved.web_case_id]);
  await line.client.delete(edited);
  await assert.rejects(casebridge.get(edited.web_case_id), refused("not-found"));
  assert.deepEqual(line.swallowed, ["POST", "PATCH", "DELETE"]);
});

test("a submission whose answer was lost is made once, and so are two at once", async () => {
  await using line = await swallowing("POST");
  const saved = await draft();
  const [first, second] = await Promise.all([line.client.submit(saved, { wait: 20 }), casebridge.submit(saved)]);
  assert.deepEqual([first.submission_no, second.submission_no, line.swallowed], [1, 1, ["POST"]]);
  assert.deepEqual([first.state, first.attempts.length], ["delivered", 1]);
});

test("an edit that came too late gets the current version", async () => {
  const saved = await draft();
  const edited = await casebridge.edit(saved, { notes: "faster" });
  await assert.rejects(casebridge.edit(saved, { notes: "slower" }), (error) => {
    return refused("version-changed")(error) && (error as ProblemError).currentEtag === edited.etag;
  });
  await assert.rejects(casebridge.submit(saved), refused("version-changed"));
});

test("an incomplete draft names its fields", async () => {
  const saved = await casebridge.create({ contact: { email: "nowhere" } });
  const pointers = (await casebridge.validate(saved)).map(({ pointer }) => pointer);
  assert.deepEqual(pointers.sort(), ["/category", "/contact/email"]);
  await assert.rejects(casebridge.submit(saved), refused("case-incomplete"));
  const wrong = casebridge.create({ colour: "red" } as CaseInput);
  await assert.rejects(wrong, (error) => error instanceof ProblemError && error.errors[0]?.pointer === "/colour");
});

test("a copy is a draft of its own; one key makes one draft", async () => {
  const saved = await draft({ description: "copied" });
  const [first, again] = [
    await casebridge.copy(saved.web_case_id, { idempotencyKey: saved.web_case_id }),
    await casebridge.copy(saved.web_case_id, { idempotencyKey: saved.web_case_id }),
  ];
  assert.equal(first.description, "copied");
  assert.notEqual(first.web_case_id, saved.web_case_id);
  assert.equal(again.web_case_id, first.web_case_id);
});

test("another dealer's cases do not exist", async () => {
  const saved = await draft();
  await assert.rejects(casebridge.forDealer(OTHER_DEALER).get(saved.web_case_id), refused("not-found"));
  await assert.rejects(casebridge.forDealer(OTHER_DEALER).page(), refused("not-found"));
});

test("the list goes over pages, newest first, each case once", async () => {
  const made: string[] = [];
  for (let count = 0; count < 5; count++) made.push((await draft()).web_case_id);
  const pages = await casebridge.page({ limit: 2 });
  assert.deepEqual([pages.items.length, pages.has_more], [2, true]);
  const seen: string[] = [];
  for await (const { web_case_id } of casebridge.cases({ limit: 2 })) seen.push(web_case_id);
  assert.deepEqual(seen.slice(0, 5), made.reverse());
  assert.equal(new Set(seen).size, seen.length);
  await assert.rejects(casebridge.page({ limit: 101 }), refused("invalid-request"));
});

test("search, filters, sort and counts", async () => {
  const saved = await draft();
  const found: string[] = [];
  const filter = { q: saved.web_case_id.toLowerCase(), status: ["draft", "open"], sort: "-updated_at", created_by: "me" } as const;
  for await (const { web_case_id } of casebridge.cases(filter)) found.push(web_case_id);
  assert.deepEqual(found, [saved.web_case_id]);
  const from = await casebridge.page({ created_from: new Date(Date.parse(saved.created_at)), undelivered: false, origin: "portal", limit: 1 });
  assert.equal(from.items[0]?.web_case_id, saved.web_case_id);
  assert.ok("counts" in (await casebridge.page({ counts: true })));
});

test("the list as CSV", async () => {
  const saved = await draft();
  const lines = (await new Response(await casebridge.csv({ status: "draft" })).text()).trim().split("\r\n");
  assert.ok(lines.length >= 2);
  assert.ok(lines.some((line) => line.includes(saved.web_case_id)));
});

test("changes come live", async () => {
  const states: string[] = [];
  let submitted: string | undefined;
  for await (const event of casebridge.watch({ signal: AbortSignal.timeout(30_000) })) {
    if (event.event === "resync") {
      assert.equal(event.reason, "opened");
      const saved = await draft();
      submitted = saved.web_case_id;
      await casebridge.submit(saved);
    } else if (event.case.web_case_id === submitted) {
      states.push(event.case.submission?.state ?? "");
      if (event.case.case_id) break;
    }
  }
  assert.equal(states.at(-1), "delivered");
});
