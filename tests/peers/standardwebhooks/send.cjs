// Posts chat webhooks signed by the npm library `standardwebhooks` and prints `<case> <status>` for each.
//
//     NODE_PATH=…/node_modules node send.cjs URL SECRET NEXT_SECRET
const { Webhook } = require("standardwebhooks");

const [url, secret, nextSecret] = process.argv.slice(2);
const stranger = "whsec_c29tZWJvZHkgZWxzZSdzIHNlY3JldCBvZiAzMiBieXQ=";

function body(message, text = "hello") {
  const content = { type: "text", text };
  const data = { chat_id: "js", message_id: `js-${message}`, author: "visitor", content };
  return JSON.stringify({ type: "chat.message", data });
}

function headers(id, text, secrets, age = 0) {
  const at = new Date(Date.now() - age * 1000);
  return {
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
    "webhook-signature": secrets.map((key) => new Webhook(key).sign(id, at, text)).join(" "),
  };
}

async function post(name, text, signed) {
  const request = { method: "POST", body: text, headers: { "content-type": "application/json", ...signed } };
  const response = await fetch(url, request);
  console.log(name, response.status);
}

async function main() {
  await post("good", body(1), headers("js_1", body(1), [secret]));
  await post("duplicate", body(1), headers("js_1", body(1), [secret]));
  await post("renamed", body(1), headers("js_2", body(1), [secret]));
  await post("next_secret", body(2), headers("js_3", body(2), [nextSecret]));
  await post("two_signatures", body(3), headers("js_4", body(3), [stranger, nextSecret]));
  await post("chinese", body(4, "退款"), headers("js_5", body(4, "退款"), [secret]));
  await post("late_by_four_minutes", body(5), headers("js_6", body(5), [secret], 240));
  await post("tampered", body(6, "changed"), headers("js_7", body(6), [secret]));
  await post("stranger", body(6), headers("js_8", body(6), [stranger]));
  await post("too_old", body(6), headers("js_9", body(6), [secret], 360));
  await post("too_new", body(6), headers("js_10", body(6), [secret], -360));
  await post("unsigned", body(6), { "webhook-id": "js_11" });
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
