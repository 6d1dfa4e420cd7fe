//! Published and recorded messages, signatures and books against the adapters, and a fuzzer over all of them: one binary.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::type_complexity,
    clippy::wildcard_enum_match_arm,
    dead_code,
    unreachable_pub,
    reason = "tests; each uses its own part of what they share"
)]

mod fuzz;
mod live_spot;
mod own_trades;
mod rest_binance;
mod rest_kraken;
mod rest_okx;
mod secrets;
mod signatures;
mod support;
mod ws_binance;
mod ws_bitget;
mod ws_bybit;
mod ws_coinbase;
mod ws_kraken;
mod ws_krakenfutures;
mod ws_kucoin;
mod ws_okx;
