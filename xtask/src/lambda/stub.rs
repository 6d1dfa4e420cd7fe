//! A stand-in for DynamoDB and SQS that answers in microseconds.
//!
//! An emulator takes milliseconds for a call, which would hide what is compared: the functions. So this one keeps
//! nothing: a row is found if it was given at the start, by its key or by a query, and every write succeeds. No answer has a
//! checksum: boto3 and the SDKs for Rust and JavaScript check `x-amz-crc32` at most where it is sent. `SendMessage`
//! answers without an MD5, which the Rust SDK doesn't ask for (the one for JavaScript would).

use super::http::{Request, Server, answer};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Result;
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A row that the table has.
#[derive(Clone)]
pub(crate) struct Row {
    /// Its partition key.
    pub(crate) pk: String,
    /// Its sort key.
    pub(crate) sk: String,
    /// All of it, its keys as well, as DynamoDB writes it: `{"pk": {"S": "…"}, …}`.
    pub(crate) item: Value,
}

/// A call that was answered.
pub(super) struct Call {
    /// When it had arrived completely.
    pub(super) received: Instant,
    /// What the stub took for it, at most: its thread may be put aside as soon as the answer is out.
    pub(super) took: Duration,
}

/// The stand-in, until it is dropped.
pub(super) struct Stub {
    server: Server,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Stub {
    pub(super) fn start(rows: &[Row]) -> Result<Self> {
        let rows: BTreeMap<(String, String), Value> =
            rows.iter().cloned().map(|Row { pk, sk, item }| ((pk, sk), item)).collect();
        let calls = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&calls);
        let server = Server::start(move |request, stream| {
            // Locked before the answer goes out: whoever has seen its consequence also sees the call.
            let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
            reply(&rows, request, stream)?;
            noted.push(Call { received: request.received, took: request.received.elapsed() });
            Ok(())
        })?;
        Ok(Self { server, calls })
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The calls since it was last asked.
    pub(super) fn calls(&self) -> Vec<Call> {
        std::mem::take(&mut *self.calls.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn reply(rows: &BTreeMap<(String, String), Value>, request: &Request, stream: &mut TcpStream) -> Result<()> {
    let Some(target) = request.header("x-amz-target") else {
        // Not AWS: a venue's public data, say. It knows of nothing, but it knows the time.
        let head = [("content-type", "application/json"), ("date", "Thu, 01 Jan 1970 00:00:00 GMT")];
        return answer(stream, "200 OK", &head, b"[]");
    };
    let (service, operation) = target.split_once('.').unwrap_or_default();
    let (status, body) = match (service, operation) {
        ("DynamoDB_20120810", "GetItem") => ("200 OK", found(rows, request)),
        ("DynamoDB_20120810", "Query") => ("200 OK", queried(rows, request)),
        ("DynamoDB_20120810", "PutItem" | "UpdateItem" | "DeleteItem" | "TransactWriteItems") => {
            ("200 OK", "{}".to_owned())
        }
        ("AmazonSQS", "SendMessage") => ("200 OK", r#"{"MessageId":"1"}"#.to_owned()),
        _ => ("400 Bad Request", json!({"__type": "UnknownOperationException", "message": target}).to_string()),
    };
    let kind = "application/x-amz-json-1.0";
    answer(stream, status, &[("content-type", kind), ("x-amzn-requestid", "STUB")], body.as_bytes())
}

fn found(rows: &BTreeMap<(String, String), Value>, request: &Request) -> String {
    let asked: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let key = |name: &str| asked.pointer(&format!("/Key/{name}/S")).and_then(Value::as_str).unwrap_or_default();
    let row = rows.get(&(key("pk").to_owned(), key("sk").to_owned()));
    row.map_or_else(|| "{}".to_owned(), |item| json!({ "Item": item }).to_string())
}

/// The rows of a partition whose sort keys begin with a prefix, from where the caller stopped.
fn queried(rows: &BTreeMap<(String, String), Value>, request: &Request) -> String {
    let asked: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let text = |path: &str| asked.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let (pk, prefix) = (text("/ExpressionAttributeValues/:pk/S"), text("/ExpressionAttributeValues/:prefix/S"));
    let after = text("/ExclusiveStartKey/sk/S");
    let backwards = asked.get("ScanIndexForward") == Some(&Value::Bool(false));
    let limit = asked.get("Limit").and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX);
    let behind = |sk: &str| after.is_empty() || if backwards { sk < after } else { sk > after };
    let of_range = rows.iter().filter(|((p, sk), _)| p == pk && sk.starts_with(prefix) && behind(sk));
    let mut items: Vec<&Value> = of_range.map(|(_, item)| item).collect();
    if backwards {
        items.reverse();
    }
    items.truncate(limit);
    json!({"Items": items, "Count": items.len(), "ScannedCount": items.len()}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    fn ask(stub: &Stub, operation: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(stub.address()).unwrap();
        let head = format!("POST / HTTP/1.1\r\nX-Amz-Target: {operation}\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    }

    #[test]
    fn only_a_row_that_was_given_is_found_and_every_call_is_noted() {
        let item = json!({"pk": {"S": "a"}, "sk": {"S": "b"}});
        let stub = Stub::start(&[Row { pk: "a".to_owned(), sk: "b".to_owned(), item: item.clone() }]).unwrap();
        let get = |sk: &str| {
            ask(&stub, "DynamoDB_20120810.GetItem", &json!({"Key": {"pk": {"S": "a"}, "sk": {"S": sk}}}).to_string())
        };
        assert_eq!(get("b"), json!({ "Item": item }).to_string());
        assert_eq!(get("c"), "{}");
        let query = |prefix: &str| {
            let values = json!({":pk": {"S": "a"}, ":prefix": {"S": prefix}});
            ask(&stub, "DynamoDB_20120810.Query", &json!({"ExpressionAttributeValues": values}).to_string())
        };
        assert!(query("b").contains(r#""Count":1"#) && query("x").contains(r#""Count":0"#));
        assert!(ask(&stub, "DynamoDB_20120810.Guess", "{}").contains("UnknownOperationException"));
        assert_eq!(stub.calls().len(), 5);
        assert!(stub.calls().is_empty());
    }
}
