"""A Lambda function with boto3 that reads one row while it starts, and one for every event.

The runtime loop is the standard library's HTTP, over one connection that is kept: less than AWS's own runtime client
does, so the figure flatters Python rather than Rust.
"""

import http.client
import json
import os

import boto3

TABLE = os.environ["TABLE_NAME"]
KEY = {"pk": {"S": os.environ["ROW_PK"]}, "sk": {"S": os.environ["ROW_SK"]}}
client = boto3.client("dynamodb")


def read():
    return client.get_item(TableName=TABLE, Key=KEY, ConsistentRead=True).get("Item")


def handler(event):
    return {"found": read() is not None, "asked": event.get("id")}


def serve():
    api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    invocation = "/2018-06-01/runtime/invocation/"
    while True:
        api.request("GET", invocation + "next")
        answer = api.getresponse()
        request = answer.headers["Lambda-Runtime-Aws-Request-Id"]
        event = json.loads(answer.read())
        try:
            path, body = "response", handler(event)
        except Exception as error:
            path, body = "error", {"errorType": type(error).__name__, "errorMessage": str(error)}
        headers = {"Content-Type": "application/json"}
        api.request("POST", f"{invocation}{request}/{path}", json.dumps(body), headers)
        api.getresponse().read()


read()
serve()
