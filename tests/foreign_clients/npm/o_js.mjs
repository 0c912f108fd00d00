// o.js, used as its README shows: get, query, post, patch, put, delete, fetch and batch.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { fields, root, set, step, token } from "./steps.mjs";

const { o } = createRequire(import.meta.url)("o.js");
const bearer = `Bearer ${await token()}`;
const client = (headers = {}) => {
  const all = () => new Headers({ Authorization: bearer, "Content-Type": "application/json", ...headers });
  const batch = { boundaryPrefix: "batch_", endpoint: "$batch", headers: all(), useChangset: false, useRelativeURLs: false };
  return o(root, { headers: all(), batch });
};
const key = (row) => `${set}(dataAreaId='${row.dataAreaId}',CaseId='${row.CaseId}')`;

await step("metadata", async () => {
  const answer = await client().get("$metadata").fetch();
  assert.match(await answer.text(), /<EntityType Name="DealerPortalCase">/);
});

const made = await step("create", () => client().post(set, { ...fields, WebCaseId: "WOJS1", Description: "by o.js" }).query());
assert.match(made.CaseId, /^CASE-/);

await step("list", async () => {
  const rows = await client().get(set).query({ $top: 3 });
  assert.ok(rows.length >= 1 && rows.length <= 3);
});

await step("filter", async () => {
  const [row, ...more] = await client().get(set).query({ $filter: "WebCaseId eq 'WOJS1'" });
  assert.deepEqual([row.CaseId, more.length], [made.CaseId, 0]);
  const open = await client().get(set).query({ $filter: "CaseStatus eq Microsoft.Dynamics.DataEntities.CaseStatus'None'", $format: "json" });
  assert.ok(open.some((one) => one.CaseId === made.CaseId));
});

await step("page", async () => {
  const found = [];
  let pages = 0;
  for (let query = { $orderby: "CaseRecId", $count: true }; query; pages += 1) {
    const page = await (await client().get(set).fetch(query)).json();
    found.push(...page.value.map((row) => row.CaseId));
    if (page["@odata.count"] !== undefined) assert.equal(await client().get(`${set}/$count`).query(), page["@odata.count"]);
    const next = page["@odata.nextLink"];
    query = next && Object.fromEntries(new URL(next).searchParams);
  }
  assert.ok(pages > 1);
  assert.equal(new Set(found).size, await client().get(`${set}/$count`).query());
});

await step("select and expand", async () => {
  const row = await client().get(key(made)).query({ $select: "CaseId", $expand: "Customer($select=OrganizationName)" });
  assert.deepEqual([row.CaseId, row.Description], [made.CaseId, undefined]);
  assert.ok(row.Customer.OrganizationName);
});

await step("property", async () => {
  assert.equal(await client().get(`${key(made)}/Description`).query(), "by o.js");
});

await step("patch", async () => {
  const fresh = client({ "If-Match": made["@odata.etag"] });
  assert.equal((await fresh.patch(key(made), { Description: "changed" }).query()).status, 204);
  assert.equal((await client().get(key(made)).query()).Description, "changed");
});

await step("patch with a stale tag", async () => {
  const stale = client({ "If-Match": made["@odata.etag"] });
  await assert.rejects(stale.patch(key(made), { Description: "lost" }).query(), (answer) => answer.status === 412);
  assert.equal((await client().get(key(made)).query()).Description, "changed");
});

await step("put", async () => {
  assert.equal((await client().put(key(made), { ...fields, WebCaseId: "WOJS1" }).query()).status, 204);
  assert.equal((await client().get(key(made)).query()).Description, "");
});

await step("batch", async () => {
  const [list, one] = await client().get(set).get("CustomersV3").batch({ $top: 1 });
  assert.deepEqual([list.status, list.body.length, one.status, one.body.length], [200, 1, 200, 1]);
});

await step("delete", async () => {
  assert.equal((await client().delete(key(made)).query()).status, 204);
  await assert.rejects(client().get(key(made)).query(), (answer) => answer.status === 404);
});
