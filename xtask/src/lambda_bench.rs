//! `cargo xtask lambda-bench`: what the functions are measured with. The measuring itself is in [`crate::lambda`].

use crate::lambda::{self, Function, Row};
use crate::package::{Package, functions};
use crate::{cargo, run, scratch, target};
use serde_json::{Value, json};
use std::path::Path;

/// Measures every function beside its peers, with the table, the configuration and the events of a short run.
pub(crate) fn run_bench() -> Result<(), String> {
    let folder = scratch("lambda-table")?;
    let file = folder.join("run.json");
    let mut dump = cargo(&["test", "--release", "--package", "e2e", "--locked", "the_table_that_is_measured_with"]);
    run(dump.args(["--", "--ignored"]).env("BALLAST_BENCH_TABLE", &file))?;
    let written = std::fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
    let written: Value = serde_json::from_str(&written).map_err(|e| e.to_string())?;
    let part = |name: &str| written.get(name).cloned().unwrap_or_default();
    let (desk, out) = (folder.join("desk.json"), target().join("functions-bench"));
    std::fs::write(&desk, part("desk").to_string()).map_err(|e| e.to_string())?;
    Package { arm64: false, desk, out: out.clone() }.make()?;
    let rows: Vec<Row> = part("rows").as_array().into_iter().flatten().filter_map(row).collect();
    let events = part("events");
    let measured: Vec<Function> = functions()?.iter().map(|name| function(name, &out, &events)).collect();
    lambda::run(&measured, &rows, lambda::ROUNDS)
}

fn row(value: &Value) -> Option<Row> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(Row { pk: text("pk")?, sk: text("sk")?, item: value.get("item")?.clone() })
}

fn function(name: &str, folder: &Path, events: &Value) -> Function {
    let package = folder.join(name);
    let mut environment = vec![
        ("METRICS_NAMESPACE".to_owned(), "Ballast/bench".to_owned()),
        ("MARKET_DATA_URL".to_owned(), "{stub}".to_owned()),
    ];
    for queue in ["BARS", "SIGNALS", "EXITS", "ORDERS", "FILLS"] {
        for kind in ["QUEUE_URL", "DEAD_LETTER_URL"] {
            environment.push((format!("{kind}_{queue}"), format!("{{stub}}/000000000000/{}", queue.to_lowercase())));
        }
    }
    let event = events.get(name).cloned().unwrap_or_else(|| http("GET", "/v1/portfolio"));
    let program = package.join("bootstrap");
    Function { name: name.to_owned(), program, args: Vec::new(), environment, package, events: vec![event] }
}

/// A request as API Gateway hands it over, of a caller it has identified.
fn http(method: &str, path: &str) -> Value {
    json!({
        "version": "2.0", "routeKey": format!("{method} {path}"), "rawPath": path, "rawQueryString": "",
        "headers": {"host": "localhost"}, "isBase64Encoded": false,
        "requestContext": {
            "accountId": "0", "apiId": "a", "domainName": "localhost", "domainPrefix": "a", "requestId": "r",
            "routeKey": format!("{method} {path}"), "stage": "$default", "time": "", "timeEpoch": 0,
            "authorizer": {"jwt": {"claims": {"sub": "user-1"}, "scopes": null}},
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "b"},
        },
    })
}
