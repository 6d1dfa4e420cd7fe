// A Lambda function with the AWS SDK that reads one row while it starts, and one for every event.
//
// The runtime loop is Node's own HTTP, over one connection that is kept: less than AWS's own runtime client does, so
// the figure flatters Node rather than Rust.
"use strict";

const http = require("node:http");
const { DynamoDBClient, GetItemCommand } = require("@aws-sdk/client-dynamodb");

const { AWS_LAMBDA_RUNTIME_API, ROW_PK, ROW_SK, TABLE_NAME } = process.env;
const [host, port] = AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const client = new DynamoDBClient({});
const row = { TableName: TABLE_NAME, Key: { pk: { S: ROW_PK }, sk: { S: ROW_SK } }, ConsistentRead: true };

const read = async () => (await client.send(new GetItemCommand(row))).Item;
const handler = async (event) => ({ found: (await read()) !== undefined, asked: event.id });

function call(method, path, body) {
  const headers = body === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const request = http.request({ agent, host, port, method, path, headers }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("end", () => resolve({ headers: answer.headers, body: Buffer.concat(parts).toString() }));
      answer.on("error", reject);
    });
    request.on("error", reject);
    request.end(body);
  });
}

async function serve() {
  const invocation = "/2018-06-01/runtime/invocation/";
  for (;;) {
    const next = await call("GET", `${invocation}next`);
    const id = next.headers["lambda-runtime-aws-request-id"];
    try {
      await call("POST", `${invocation}${id}/response`, JSON.stringify(await handler(JSON.parse(next.body))));
    } catch (error) {
      await call("POST", `${invocation}${id}/error`, JSON.stringify({ errorType: error.name, errorMessage: error.message }));
    }
  }
}

read().then(serve).catch((error) => {
  console.error(error);
  process.exit(1);
});
