//! An order, from the call to the first byte at a server on this machine; calls follow each other on one connection.
//!
//! The whole call has everything the desk's has: building, the guard's budget and breakers (in a table in memory; what a
//! real one takes comes on top), signing, HTTP. The bare one is HTTP alone, with a request that was signed before. Processor
//! time is of the whole call, its answer included.

use crate::build::{credentials, limit_order};
use crate::server::now_ns;
use crate::table::Row;
use crate::timing::{Cost, of, thread_cpu_ns};
use desk::fake::{FakeClock, FakeTable};
use desk::time::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use venue::binance::Binance;
use venue::live::transport::{Http, Transport as _};
use venue::live::{Access, Exchange};
use venue::protocol::{Markets, Moment, Protocol as _};

/// How many calls count.
const CALLS: u64 = 6_000;
/// How many go before them.
const WARM_UP: u64 = 300;
/// How the clock goes on between calls: far enough for the venue's budget to hold.
const PACE_MS: i64 = 1_000;

/// The figures.
pub(crate) fn rows(port: u16) -> Result<Vec<Row>, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    let base = format!("http://127.0.0.1:{port}");
    let whole = runtime.block_on(through_the_exchange(&base))?;
    let bare = runtime.block_on(transport_alone(&base))?;
    Ok(vec![
        Row::new("order: call to first byte", whole).goal(60_000),
        Row::new("order: signed request to first byte", bare),
    ])
}

async fn through_the_exchange(base: &str) -> Result<Cost, String> {
    let clock = Arc::new(FakeClock::at(1_700_000_000_000));
    let access = Access {
        origins: BTreeMap::from([("*".to_owned(), base.to_owned())]),
        test: false,
        credentials: Some(credentials("binance")?),
    };
    let table = Arc::new(FakeTable::default());
    let exchange = Exchange::new(&Binance, access, table, clock.clone(), Http::new()?, 1, |_, _, _| {});
    let first = limit_order("binance", 0)?;
    exchange.set_markets(Markets::new([first.instrument]));
    let (mut times, mut cpu) = (Vec::new(), None);
    for call in 0..WARM_UP + CALLS {
        if call == WARM_UP {
            cpu = thread_cpu_ns();
        }
        let order = limit_order("binance", call)?;
        clock.advance(PACE_MS);
        let began = now_ns();
        let ask = Binance.place(&order).map_err(|e| e.to_string())?;
        let report = exchange.once(ask, None).await.map_err(|e| e.to_string())?;
        let came: u64 = report.client_id.and_then(|ns| ns.parse().ok()).ok_or("an answer without its instant")?;
        if call >= WARM_UP {
            times.push(came.saturating_sub(began));
        }
    }
    Ok(of(&mut times, cpu, CALLS))
}

async fn transport_alone(base: &str) -> Result<Cost, String> {
    let http = Http::new()?;
    let credentials = credentials("binance")?;
    let (mut times, mut cpu) = (Vec::new(), None);
    for call in 0..WARM_UP + CALLS {
        if call == WARM_UP {
            cpu = thread_cpu_ns();
        }
        let ask = Binance.place(&limit_order("binance", call)?).map_err(|e| e.to_string())?;
        let moment = Moment { now: Timestamp::from_ms(1_700_000_000_000), nonce: call, window_ms: 5_000 };
        let request = Binance.sign(ask.request, Some(&credentials), moment).map_err(|e| e.to_string())?;
        let began = now_ns();
        let reply = http.send(base, &request, Duration::from_secs(10)).await.map_err(|e| e.reason)?;
        let answer: Value = serde_json::from_slice(&reply.body).map_err(|e| e.to_string())?;
        let came = answer.get("clientOrderId").and_then(Value::as_str).and_then(|ns| ns.parse::<u64>().ok());
        if call >= WARM_UP {
            times.push(came.ok_or("an answer without its instant")?.saturating_sub(began));
        }
    }
    Ok(of(&mut times, cpu, CALLS))
}
