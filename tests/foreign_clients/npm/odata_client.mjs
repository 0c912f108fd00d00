// @odata/client, used as its documentation shows: entity sets, filters, options, actions and batches.
import assert from "node:assert/strict";
import odata from "@odata/client";
import { fields, root, set, step, token } from "./steps.mjs";

const { OData } = odata;
const bearer = `Bearer ${await token()}`;
const connect = (headers = {}) => OData.New4({ serviceEndpoint: root, commonHeaders: { Authorization: bearer, ...headers } });
const client = connect();
const cases = client.getEntitySet(set);
const key = (row) => ({ dataAreaId: row.dataAreaId, CaseId: row.CaseId });
const mine = () => client.newFilter().property("WebCaseId").eq("WODC1");

const made = await step("create", () => cases.create({ ...fields, WebCaseId: "WODC1", Description: "by @odata/client" }));
assert.match(made.CaseId, /^CASE-/);

await step("list", async () => assert.ok((await cases.query()).length >= 1));

await step("filter", async () => {
  const rows = await cases.query(mine());
  assert.deepEqual(rows.map((row) => row.CaseId), [made.CaseId]);
  assert.equal(await cases.count(mine()), 1);
});

await step("page", async () => {
  const all = await cases.query(client.newOptions().orderby("CaseRecId"));
  const second = await cases.query(client.newOptions().orderby("CaseRecId").skip(1).top(1));
  assert.deepEqual(second.map((row) => row.CaseId), [all[1].CaseId]);
});

await step("read by key, select and expand", async () => {
  const row = await cases.retrieve(key(made), client.newOptions().select(["CaseId"]).expand("Customer"));
  assert.deepEqual([row.CaseId, row.Customer.CustomerAccount], [made.CaseId, "US-001"]);
});

await step("patch", async () => {
  await connect({ "If-Match": made["@odata.etag"] }).getEntitySet(set).update(key(made), { Description: "changed" });
  assert.equal((await cases.retrieve(key(made))).Description, "changed");
});

await step("patch with a stale tag", async () => {
  const stale = connect({ "If-Match": made["@odata.etag"] }).getEntitySet(set);
  await assert.rejects(stale.update(key(made), { Description: "lost" }));
  assert.equal((await cases.retrieve(key(made))).Description, "changed");
});

// A bound action needs a key here, so call an action of a whole set by its address.
await step("action", async () => {
  const answer = await client.actionImport("DataManagementDefinitionGroups/Microsoft.Dynamics.DataEntities.GetApplicationVersion");
  assert.match(answer.value, /^\d+(\.\d+)+$/);
});

await step("batch", async () => {
  const [list, change] = await client.execBatchRequests([
    client.newBatchRequest({ collection: set, params: client.newOptions().filter(mine()) }),
    client.newBatchRequest({ collection: set, method: "PATCH", id: key(made), entity: { Description: "in a batch" } }),
  ]);
  assert.deepEqual([list.status, change.status], [200, 204]);
  assert.equal((await list.json()).value[0].CaseId, made.CaseId);
  assert.equal((await cases.retrieve(key(made))).Description, "in a batch");
});

await step("delete", async () => {
  await cases.delete(key(made));
  assert.equal(await cases.count(mine()), 0);
});
