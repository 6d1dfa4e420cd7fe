//! The venue's rows, as it writes them.

use crate::protocol::wire::{Flag, MaybeNum, Num, Text};
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;

/// An amount that is `{value, currency}` in some answers and a scalar in others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Money(pub(super) Option<Decimal>);

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Of {
            #[serde(default)]
            value: MaybeNum,
        }
        let raw = <&RawValue>::deserialize(deserializer)?;
        let read = if raw.get().starts_with('{') {
            serde_json::from_str::<Of>(raw.get()).map(|of| of.value)
        } else {
            serde_json::from_str::<MaybeNum>(raw.get())
        };
        read.map(|value| Self(value.0)).map_err(de::Error::custom)
    }
}

impl Money {
    /// The amount, unless it is zero.
    pub(super) fn nonzero(self) -> Option<Decimal> {
        self.0.filter(|value| !value.is_zero())
    }
}

/// An order. The stream writes some names differently.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct OrderRow {
    pub(super) order_id: Text,
    pub(super) client_order_id: Text,
    pub(super) product_id: Text,
    pub(super) side: Text,
    pub(super) status: Text,
    pub(super) order_type: Text,
    pub(super) time_in_force: Text,
    pub(super) order_configuration: Option<Configuration>,
    pub(super) created_time: Text,
    pub(super) last_fill_time: Text,
    pub(super) filled_size: MaybeNum,
    pub(super) filled_value: MaybeNum,
    pub(super) average_filled_price: MaybeNum,
    pub(super) total_fees: MaybeNum,
    pub(super) pending_cancel: Flag,
}

/// What kind of order: one of these is there. Those that are not looked at singly are read as the first that is there.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Configuration {
    pub(super) market_market_ioc: Option<Terms>,
    pub(super) market_market_fok: Option<Terms>,
    pub(super) sor_limit_ioc: Option<Terms>,
    pub(super) limit_limit_gtc: Option<Terms>,
    pub(super) limit_limit_gtd: Option<Terms>,
    pub(super) limit_limit_fok: Option<Terms>,
    pub(super) twap_limit_gtd: Option<Terms>,
    pub(super) stop_limit_stop_limit_gtc: Option<Terms>,
    pub(super) stop_limit_stop_limit_gtd: Option<Terms>,
    pub(super) trigger_bracket_gtc: Option<Terms>,
    pub(super) trigger_bracket_gtd: Option<Terms>,
    pub(super) scaled_limit_gtc: Option<Terms>,
}

/// The terms of an order.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
pub(super) struct Terms {
    pub(super) base_size: MaybeNum,
    pub(super) limit_price: MaybeNum,
    pub(super) stop_price: MaybeNum,
    pub(super) stop_trigger_price: MaybeNum,
    pub(super) post_only: Flag,
    pub(super) reduce_only: Flag,
}

/// A fill.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FillRow {
    pub(super) trade_id: Text,
    pub(super) order_id: Text,
    pub(super) product_id: Text,
    pub(super) trade_time: Text,
    pub(super) trade_type: Text,
    pub(super) price: MaybeNum,
    pub(super) size: MaybeNum,
    pub(super) size_in_quote: Flag,
    pub(super) commission: MaybeNum,
    pub(super) liquidity_indicator: Text,
    pub(super) side: Text,
}

/// A product and its day.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ProductRow {
    pub(super) product_id: Text,
    pub(super) product_type: Text,
    pub(super) base_currency_id: Text,
    pub(super) quote_currency_id: Text,
    pub(super) price: MaybeNum,
    pub(super) price_percentage_change_24h: MaybeNum,
    pub(super) volume_24h: MaybeNum,
    pub(super) approximate_quote_24h_volume: MaybeNum,
    pub(super) best_bid_price: MaybeNum,
    pub(super) best_ask_price: MaybeNum,
    pub(super) base_increment: MaybeNum,
    pub(super) quote_increment: MaybeNum,
    pub(super) price_increment: MaybeNum,
    pub(super) base_min_size: MaybeNum,
    pub(super) base_max_size: MaybeNum,
    pub(super) quote_min_size: MaybeNum,
    pub(super) quote_max_size: MaybeNum,
    pub(super) is_disabled: Flag,
    pub(super) trading_disabled: Flag,
    pub(super) view_only: Flag,
    pub(super) cancel_only: Flag,
    pub(super) future_product_details: Option<FutureRow>,
}

/// What a contract is.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FutureRow {
    pub(super) contract_root_unit: Text,
    pub(super) contract_expiry: Text,
    pub(super) contract_expiry_type: Text,
    pub(super) contract_size: MaybeNum,
    pub(super) open_interest: MaybeNum,
    pub(super) funding_rate: MaybeNum,
    pub(super) funding_time: Text,
    pub(super) funding_interval: Text,
    pub(super) index_price: MaybeNum,
    pub(super) perpetual_details: Option<PerpetualRow>,
}

/// What a perpetual contract is.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PerpetualRow {
    pub(super) open_interest: MaybeNum,
    pub(super) funding_rate: MaybeNum,
    pub(super) funding_time: Text,
    pub(super) max_leverage: MaybeNum,
}

/// A book, or its best levels.
#[derive(Debug, Deserialize)]
pub(super) struct BookRow {
    pub(super) product_id: String,
    pub(super) bids: Vec<LevelRow>,
    pub(super) asks: Vec<LevelRow>,
    #[serde(default)]
    pub(super) time: Text,
}

/// A level.
#[derive(Debug, Deserialize)]
pub(super) struct LevelRow {
    pub(super) price: Num,
    pub(super) size: Num,
}

/// A bar.
#[derive(Debug, Deserialize)]
pub(super) struct CandleRow {
    pub(super) start: Num,
    pub(super) open: Num,
    pub(super) high: Num,
    pub(super) low: Num,
    pub(super) close: Num,
    pub(super) volume: Num,
}

/// A trade of the market.
#[derive(Debug, Deserialize)]
pub(super) struct TradeRow {
    #[serde(default)]
    pub(super) trade_id: Text,
    pub(super) product_id: String,
    pub(super) price: Num,
    pub(super) size: Num,
    pub(super) time: String,
    #[serde(default)]
    pub(super) side: Text,
}

/// A wallet.
#[derive(Debug, Deserialize)]
pub(super) struct WalletRow {
    #[serde(default)]
    pub(super) uuid: Text,
    pub(super) currency: String,
    #[serde(default)]
    pub(super) available_balance: Money,
    #[serde(default)]
    pub(super) hold: Money,
    #[serde(default, rename = "type")]
    pub(super) kind: Text,
}

/// A position in an international perpetual contract. The stream writes the same without amounts' currencies.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PerpetualPosition {
    /// The position's id in answers, the market's in streams.
    pub(super) product_id: Text,
    pub(super) symbol: Text,
    pub(super) position_side: Text,
    pub(super) net_size: MaybeNum,
    pub(super) vwap: Money,
    pub(super) mark_price: Money,
    pub(super) liquidation_price: Money,
    pub(super) leverage: MaybeNum,
    pub(super) unrealized_pnl: Money,
    pub(super) position_notional: Money,
    pub(super) margin_type: Text,
    pub(super) portfolio_summary: Option<Portfolio>,
}

/// The portfolio of a position.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Portfolio {
    pub(super) collateral: MaybeNum,
}

/// A position in a contract of the domestic exchange.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct DatedPosition {
    pub(super) product_id: Text,
    pub(super) side: Text,
    pub(super) number_of_contracts: MaybeNum,
    pub(super) current_price: Money,
    pub(super) avg_entry_price: Money,
    /// The stream's name of the average price.
    pub(super) entry_price: Money,
    pub(super) unrealized_pnl: Money,
    pub(super) daily_realized_pnl: Money,
    pub(super) contract_size: MaybeNum,
    pub(super) liquidation_price: Money,
    pub(super) leverage: MaybeNum,
    pub(super) position_notional: Money,
}
