// What both clients of this folder share: signing in, which their documentation leaves to the caller, and named steps.
import assert from "node:assert/strict";

const { D365_URL, D365_TOKEN_URL, D365_CLIENT_ID, D365_CLIENT_SECRET } = process.env;

export const root = `${D365_URL}/data/`;
export const set = "DealerPortalCases";
export const fields = { dataAreaId: "usmf", CustomerAccount: "US-001", CaseCategory: "Breakdown", CategoryType: "Service" };

export async function token() {
  const form = { grant_type: "client_credentials", client_id: D365_CLIENT_ID, client_secret: D365_CLIENT_SECRET };
  const body = new URLSearchParams({ ...form, scope: `${D365_URL}/.default` });
  const answer = await fetch(D365_TOKEN_URL, { method: "POST", body });
  assert.equal(answer.status, 200);
  return (await answer.json()).access_token;
}

export async function step(name, run) {
  try {
    const result = await run();
    console.log(`ok ${name}`);
    return result;
  } catch (error) {
    console.error(`failed ${name}: ${error.status ? `${error.status} ${await error.text?.()}` : error.stack}`);
    process.exit(1);
  }
}
