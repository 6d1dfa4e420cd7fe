//! Frames as the venue writes them.

use super::super::raw::{DatedPosition, PerpetualPosition, TradeRow};
use crate::protocol::wire::{MaybeNum, Num, Text};
use serde::Deserialize;
use std::borrow::Cow;

/// What every frame begins with.
#[derive(Deserialize)]
pub(super) struct Head<'a> {
    #[serde(borrow, default)]
    pub(super) channel: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "type")]
    pub(super) kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) message: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) sequence_num: Option<u64>,
}

/// A frame of a channel.
#[derive(Deserialize)]
pub(super) struct Frame<'a, T> {
    #[serde(borrow)]
    pub(super) channel: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) timestamp: Cow<'a, str>,
    pub(super) events: Vec<T>,
}

#[derive(Deserialize)]
pub(super) struct BookEvent<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) product_id: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) updates: Vec<LevelUpdate<'a>>,
}

#[derive(Deserialize)]
pub(super) struct LevelUpdate<'a> {
    #[serde(borrow)]
    pub(super) side: Cow<'a, str>,
    pub(super) price_level: Num,
    pub(super) new_quantity: Num,
}

#[derive(Deserialize)]
pub(super) struct Trades {
    pub(super) trades: Vec<TradeRow>,
}

#[derive(Deserialize)]
pub(super) struct Tickers {
    pub(super) tickers: Vec<TickerRow>,
}

#[derive(Deserialize)]
pub(super) struct TickerRow {
    pub(super) product_id: String,
    #[serde(default)]
    pub(super) price: MaybeNum,
    #[serde(default)]
    pub(super) volume_24_h: MaybeNum,
    #[serde(default)]
    pub(super) low_24_h: MaybeNum,
    #[serde(default)]
    pub(super) high_24_h: MaybeNum,
    #[serde(default)]
    pub(super) price_percent_chg_24_h: MaybeNum,
    #[serde(default)]
    pub(super) best_bid: MaybeNum,
    #[serde(default)]
    pub(super) best_bid_quantity: MaybeNum,
    #[serde(default)]
    pub(super) best_ask: MaybeNum,
    #[serde(default)]
    pub(super) best_ask_quantity: MaybeNum,
}

#[derive(Deserialize)]
pub(super) struct Candles {
    pub(super) candles: Vec<StreamCandle>,
}

/// A bar and its market. The fields of the bar are repeated: they may not be flattened, which would buffer numbers.
#[derive(Deserialize)]
pub(super) struct StreamCandle {
    pub(super) product_id: String,
    pub(super) start: Num,
    pub(super) open: Num,
    pub(super) high: Num,
    pub(super) low: Num,
    pub(super) close: Num,
    pub(super) volume: Num,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct UserEvent {
    pub(super) orders: Vec<UserOrder>,
    pub(super) positions: Option<Positions>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Positions {
    pub(super) perpetual_futures_positions: Vec<PerpetualPosition>,
    pub(super) expiring_futures_positions: Vec<DatedPosition>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct UserOrder {
    pub(super) order_id: Text,
    pub(super) client_order_id: Text,
    pub(super) product_id: Text,
    pub(super) order_side: Text,
    pub(super) order_type: Text,
    pub(super) status: Text,
    pub(super) time_in_force: Text,
    pub(super) creation_time: Text,
    pub(super) cumulative_quantity: MaybeNum,
    pub(super) leaves_quantity: MaybeNum,
    pub(super) avg_price: MaybeNum,
    pub(super) limit_price: MaybeNum,
    pub(super) stop_price: MaybeNum,
    pub(super) filled_value: MaybeNum,
    pub(super) total_fees: MaybeNum,
    pub(super) post_only: Text,
}
