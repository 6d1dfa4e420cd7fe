//! All venues, by their ids. Adding one means adding its folder, and a line here.

use crate::binance::Binance;
use crate::bitget::Bitget;
use crate::bybit::Bybit;
use crate::coinbase::Coinbase;
use crate::kraken::{Kraken, KrakenFutures};
use crate::kucoin::KuCoin;
use crate::okx::Okx;
use crate::protocol::{Protocol, Streams};

/// A venue's adapter.
#[derive(Clone, Copy)]
pub struct Adapter {
    /// Its requests.
    pub protocol: &'static dyn Protocol,
    /// Its streams.
    pub streams: &'static dyn Streams,
}

/// All adapters. A venue whose futures are an exchange of their own (Kraken) has two.
pub const ADAPTERS: [Adapter; 8] = [
    Adapter { protocol: &Binance, streams: &Binance },
    Adapter { protocol: &Bitget, streams: &Bitget },
    Adapter { protocol: &Bybit, streams: &Bybit },
    Adapter { protocol: &Coinbase, streams: &Coinbase },
    Adapter { protocol: &Kraken, streams: &Kraken },
    Adapter { protocol: &KrakenFutures, streams: &KrakenFutures },
    Adapter { protocol: &KuCoin, streams: &KuCoin },
    Adapter { protocol: &Okx, streams: &Okx },
];

/// The adapter of a venue's id, such as `binance`.
#[must_use]
pub fn adapter(venue: &str) -> Option<Adapter> {
    ADAPTERS.into_iter().find(|adapter| adapter.protocol.capabilities().venue == venue)
}

/// The adapter that tells candles to a desk at that venue; the paper venue follows Binance's.
#[must_use]
pub fn of_candles(venue: &str) -> Option<Adapter> {
    adapter(if venue == "paper" { "binance" } else { venue })
}

/// The ids of all venues, for messages.
#[must_use]
pub fn names() -> Vec<&'static str> {
    ADAPTERS.iter().map(|adapter| adapter.protocol.capabilities().venue).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::capability::Evidence;
    use std::collections::BTreeSet;

    #[test]
    fn every_venue_has_a_record_that_the_order_path_can_work_with() {
        let mut ids = BTreeSet::new();
        for Adapter { protocol, .. } in ADAPTERS {
            let record = protocol.capabilities();
            assert!(ids.insert(record.venue), "{} is there twice", record.venue);
            let is_secure = |url: &str| url.starts_with("https://") || url.starts_with("wss://");
            assert!(!record.origins.is_empty() && record.origins.iter().all(|(_, url)| is_secure(url)));
            assert!(!record.limits.is_empty(), "{}: no limit is known", record.venue);
            assert!(record.limits.iter().all(|limit| limit.units > 0 && limit.per_ms > 0));
            assert!(!record.client_id.field.is_empty() && !record.client_id.promise.is_empty());
            assert!(!record.after_timeout.is_empty());
            assert!(record.evidence <= Evidence::Recorded, "{}: nobody has traded there", record.venue);
            assert_eq!(adapter(record.venue).map(|a| a.protocol.capabilities().venue), Some(record.venue));
        }
        assert!(adapter("ftx").is_none());
    }
}
