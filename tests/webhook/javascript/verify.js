// Verifies requests with the library `standardwebhooks`: {"secret", "requests": [{"headers", "body"}]} on stdin, one word a line.
import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";

const { secret, requests } = JSON.parse(readFileSync(0, "utf8"));
const webhook = new Webhook(secret);
for (const { headers, body } of requests) {
  try {
    console.log(webhook.verify(body, headers).type);
  } catch (error) {
    console.log(error.constructor.name);
  }
}
