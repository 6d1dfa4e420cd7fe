//! The spot exchange's rows, as they stand on the wire.

use crate::protocol::wire::{Flag, MaybeNum, Num, Text};
use serde::Deserialize;
use std::collections::BTreeMap;

/// `Time`.
#[derive(Debug, Deserialize)]
pub(super) struct ServerTime {
    pub(super) unixtime: Num,
}

/// `SystemStatus`.
#[derive(Debug, Deserialize)]
pub(super) struct SystemStatus {
    pub(super) status: Text,
}

/// One currency of `Assets`.
#[derive(Debug, Deserialize)]
pub(super) struct Asset {
    pub(super) altname: Text,
    #[serde(default)]
    pub(super) decimals: Option<u32>,
    #[serde(default)]
    pub(super) status: Text,
}

/// One pair of `AssetPairs`.
#[derive(Debug, Deserialize)]
pub(super) struct Pair {
    pub(super) altname: Text,
    #[serde(default)]
    pub(super) wsname: Text,
    pub(super) base: Text,
    pub(super) quote: Text,
    #[serde(default)]
    pub(super) pair_decimals: MaybeNum,
    #[serde(default)]
    pub(super) lot_decimals: MaybeNum,
    #[serde(default)]
    pub(super) tick_size: MaybeNum,
    #[serde(default)]
    pub(super) ordermin: MaybeNum,
    #[serde(default)]
    pub(super) costmin: MaybeNum,
    #[serde(default)]
    pub(super) leverage_buy: Vec<MaybeNum>,
    #[serde(default)]
    pub(super) leverage_sell: Vec<MaybeNum>,
    #[serde(default)]
    pub(super) status: Text,
}

/// One market of `Ticker`. Of two figures the first is today's, the second that of the last 24 hours.
#[derive(Debug, Deserialize)]
pub(super) struct Ticker {
    /// Price, whole lots, lots.
    pub(super) a: Vec<MaybeNum>,
    /// The same of the best bid.
    pub(super) b: Vec<MaybeNum>,
    /// The last trade: price and quantity.
    pub(super) c: Vec<MaybeNum>,
    /// Volume.
    #[serde(default)]
    pub(super) v: Vec<MaybeNum>,
    /// Average price.
    #[serde(default)]
    pub(super) p: Vec<MaybeNum>,
    /// Lowest.
    #[serde(default)]
    pub(super) l: Vec<MaybeNum>,
    /// Highest.
    #[serde(default)]
    pub(super) h: Vec<MaybeNum>,
    /// Today's first price.
    #[serde(default)]
    pub(super) o: MaybeNum,
}

/// One market of `Depth`: rows of price, quantity and time.
#[derive(Debug, Deserialize)]
pub(super) struct Depth {
    pub(super) asks: Vec<Vec<Num>>,
    pub(super) bids: Vec<Vec<Num>>,
}

/// What an order is, in the venue's words.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Descr {
    #[serde(default)]
    pub(super) pair: Text,
    #[serde(default, rename = "type")]
    pub(super) side: Text,
    #[serde(default)]
    pub(super) ordertype: Text,
    #[serde(default)]
    pub(super) price: Text,
    #[serde(default)]
    pub(super) price2: Text,
    #[serde(default)]
    pub(super) order: Text,
}

/// One order of `OpenOrders`, `ClosedOrders` or `QueryOrders`.
#[derive(Debug, Deserialize)]
pub(super) struct Order {
    #[serde(default)]
    pub(super) userref: Text,
    #[serde(default)]
    pub(super) cl_ord_id: Text,
    pub(super) status: Text,
    #[serde(default)]
    pub(super) opentm: MaybeNum,
    #[serde(default)]
    pub(super) closetm: MaybeNum,
    #[serde(default)]
    pub(super) descr: Descr,
    pub(super) vol: Num,
    pub(super) vol_exec: Num,
    #[serde(default)]
    pub(super) cost: MaybeNum,
    #[serde(default)]
    pub(super) fee: MaybeNum,
    /// The average price of its fills.
    #[serde(default)]
    pub(super) price: MaybeNum,
    #[serde(default)]
    pub(super) stopprice: MaybeNum,
    #[serde(default)]
    pub(super) limitprice: MaybeNum,
    #[serde(default)]
    pub(super) oflags: Text,
    #[serde(default)]
    pub(super) timeinforce: Text,
    #[serde(default)]
    pub(super) reduce_only: Flag,
}

/// `OpenOrders`.
#[derive(Debug, Deserialize)]
pub(super) struct OpenOrders {
    pub(super) open: BTreeMap<String, Order>,
}

/// `ClosedOrders`.
#[derive(Debug, Deserialize)]
pub(super) struct ClosedOrders {
    pub(super) closed: BTreeMap<String, Order>,
}

/// One trade of `TradesHistory` or `QueryTrades`.
#[derive(Debug, Deserialize)]
pub(super) struct Trade {
    #[serde(default)]
    pub(super) ordertxid: Text,
    pub(super) pair: Text,
    pub(super) time: Num,
    #[serde(rename = "type")]
    pub(super) side: Text,
    pub(super) price: Num,
    #[serde(default)]
    pub(super) cost: MaybeNum,
    #[serde(default)]
    pub(super) fee: MaybeNum,
    pub(super) vol: Num,
    #[serde(default)]
    pub(super) maker: Flag,
}

/// `TradesHistory`.
#[derive(Debug, Deserialize)]
pub(super) struct Trades {
    pub(super) trades: BTreeMap<String, Trade>,
}

/// `AddOrder`, and one order of `AddOrderBatch`.
#[derive(Debug, Deserialize)]
pub(super) struct Added {
    #[serde(default)]
    pub(super) descr: Descr,
    #[serde(default)]
    pub(super) txid: Ids,
    #[serde(default)]
    pub(super) cl_ord_id: Text,
    #[serde(default)]
    pub(super) error: Text,
}

/// One id, or a list of them.
#[derive(Debug, Default)]
pub(super) struct Ids(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for Ids {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&serde_json::value::RawValue>::deserialize(deserializer)?;
        let read = |e: serde_json::Error| serde::de::Error::custom(e);
        if raw.get().starts_with('[') {
            return serde_json::from_str::<Vec<Text>>(raw.get())
                .map(|l| Self(l.into_iter().map(|t| t.0).collect()))
                .map_err(read);
        }
        serde_json::from_str::<Text>(raw.get()).map(|text| Self(text.owned().into_iter().collect())).map_err(read)
    }
}

/// `AddOrderBatch`.
#[derive(Debug, Deserialize)]
pub(super) struct AddedBatch {
    pub(super) orders: Vec<Added>,
}

/// `AmendOrder`.
#[derive(Debug, Deserialize)]
pub(super) struct Amended {
    pub(super) amend_id: Text,
}

/// `CancelOrder`, `CancelAll` and `CancelOrderBatch`.
#[derive(Debug, Deserialize)]
pub(super) struct Canceled {
    pub(super) count: Num,
}

/// One currency of `BalanceEx`.
#[derive(Debug, Deserialize)]
pub(super) struct Balance {
    pub(super) balance: Num,
    #[serde(default)]
    pub(super) hold_trade: MaybeNum,
    #[serde(default)]
    pub(super) credit: MaybeNum,
    #[serde(default)]
    pub(super) credit_used: MaybeNum,
}

/// One margin position of `OpenPositions`, by itself or summed up by market.
#[derive(Debug, Deserialize)]
pub(super) struct Position {
    pub(super) pair: Text,
    #[serde(rename = "type")]
    pub(super) side: Text,
    #[serde(default)]
    pub(super) time: MaybeNum,
    pub(super) cost: Num,
    pub(super) vol: Num,
    #[serde(default)]
    pub(super) vol_closed: MaybeNum,
    #[serde(default)]
    pub(super) margin: MaybeNum,
    #[serde(default)]
    pub(super) value: MaybeNum,
    #[serde(default)]
    pub(super) net: MaybeNum,
    #[serde(default)]
    pub(super) leverage: MaybeNum,
}

/// The fee of one pair of `TradeVolume`, in per cent.
#[derive(Debug, Deserialize)]
pub(super) struct Fee {
    pub(super) fee: Num,
}

/// `TradeVolume`.
#[derive(Debug, Deserialize)]
pub(super) struct TradeVolume {
    #[serde(default)]
    pub(super) fees: Option<BTreeMap<String, Fee>>,
    #[serde(default)]
    pub(super) fees_maker: Option<BTreeMap<String, Fee>>,
}

/// One entry of `Ledgers`.
#[derive(Debug, Deserialize)]
pub(super) struct Entry {
    pub(super) time: Num,
    #[serde(rename = "type")]
    pub(super) kind: Text,
    #[serde(default)]
    pub(super) subtype: Text,
    pub(super) asset: Text,
    pub(super) amount: Num,
    #[serde(default)]
    pub(super) fee: MaybeNum,
}

/// `Ledgers`.
#[derive(Debug, Deserialize)]
pub(super) struct Ledgers {
    pub(super) ledger: BTreeMap<String, Entry>,
}

/// `GetApiKeyInfo`.
#[derive(Debug, Deserialize)]
pub(super) struct KeyInfo {
    pub(super) permissions: Vec<String>,
    #[serde(default, rename = "validUntil")]
    pub(super) valid_until: MaybeNum,
    #[serde(default, rename = "ipAllowlist")]
    pub(super) ip_allowlist: Option<Vec<String>>,
}

/// `GetWebSocketsToken`.
#[derive(Deserialize)]
pub(super) struct Token {
    pub(super) token: String,
}
