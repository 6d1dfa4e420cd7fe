//! Rows as the venue writes them. What is not a key of ours is passed over; what does not apply is empty text.

use crate::protocol::wire::{Flag, MaybeMs, MaybeNum, Text};
use serde::Deserialize;

macro_rules! rows {
    ($($(#[$doc:meta])* $name:ident { $($(#[$as:meta])? $field:ident: $type:ty,)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Default, Deserialize)]
            #[serde(rename_all = "camelCase", default)]
            pub(super) struct $name {
                $($(#[$as])? pub(super) $field: $type,)*
            }
        )*
    };
}

rows! {
    /// `public/time`.
    Time { ts: MaybeMs, }

    /// `system/status`: a maintenance.
    Status { title: Text, state: Text, begin: MaybeMs, end: MaybeMs, service_type: Text, }

    /// `public/instruments`.
    InstrumentRow {
        inst_id: Text, inst_type: Text, base_ccy: Text, quote_ccy: Text, settle_ccy: Text, uly: Text,
        inst_family: Text, ct_type: Text, ct_val: MaybeNum, ct_mult: MaybeNum, exp_time: MaybeMs, state: Text,
        tick_sz: MaybeNum, lot_sz: MaybeNum, min_sz: MaybeNum, max_lmt_sz: MaybeNum, max_mkt_amt: MaybeNum,
        lever: MaybeNum, stk: Text, opt_type: Text,
    }

    /// `market/ticker`, and the channel `tickers`.
    TickerRow {
        inst_id: Text, last: MaybeNum, ask_px: MaybeNum, ask_sz: MaybeNum, bid_px: MaybeNum, bid_sz: MaybeNum,
        #[serde(rename = "open24h")] open: MaybeNum,
        #[serde(rename = "high24h")] high: MaybeNum,
        #[serde(rename = "low24h")] low: MaybeNum,
        #[serde(rename = "volCcy24h")] quote_volume: MaybeNum,
        #[serde(rename = "vol24h")] volume: MaybeNum,
        ts: MaybeMs,
    }

    /// `public/mark-price`.
    MarkRow { inst_id: Text, mark_px: MaybeNum, ts: MaybeMs, }

    /// `market/books`: levels of price, quantity, a zero, and the number of orders.
    BookRow { asks: Vec<Vec<Text>>, bids: Vec<Vec<Text>>, ts: MaybeMs, seq_id: MaybeNum, }

    /// `market/trades`.
    TradeRow { inst_id: Text, trade_id: Text, px: MaybeNum, sz: MaybeNum, side: Text, ts: MaybeMs, }

    /// `public/funding-rate`, its history, and the channel.
    FundingRow {
        inst_id: Text, funding_rate: MaybeNum, realized_rate: MaybeNum, funding_time: MaybeMs,
        next_funding_rate: MaybeNum, next_funding_time: MaybeMs, prev_funding_time: MaybeMs,
        interest_rate: MaybeNum, ts: MaybeMs,
    }

    /// `public/open-interest`.
    OpenInterestRow { inst_id: Text, oi: MaybeNum, oi_usd: MaybeNum, ts: MaybeMs, }

    /// `public/position-tiers`.
    TierRow {
        inst_id: Text, tier: MaybeNum, min_sz: MaybeNum, max_sz: MaybeNum, mmr: MaybeNum, max_lever: MaybeNum,
    }

    /// An order, plain or waiting for its trigger: the venue's two kinds of rows have few fields in common that differ.
    OrderRow {
        inst_id: Text, ord_id: Text, algo_id: Text, cl_ord_id: Text, algo_cl_ord_id: Text, state: Text, side: Text,
        ord_type: Text, tgt_ccy: Text, px: MaybeNum, sz: MaybeNum, acc_fill_sz: MaybeNum, avg_px: MaybeNum,
        fee: MaybeNum, fee_ccy: Text, reduce_only: Flag, c_time: MaybeMs, u_time: MaybeMs, fill_time: MaybeMs,
        trigger_px: MaybeNum, move_trigger_px: MaybeNum, ord_px: MaybeNum, sl_trigger_px: MaybeNum,
        sl_ord_px: MaybeNum, tp_trigger_px: MaybeNum, tp_ord_px: MaybeNum, actual_sz: MaybeNum, actual_px: MaybeNum,
        attach_algo_ords: Option<Vec<AttachedRow>>,
        trade_id: Text, fill_px: MaybeNum, fill_sz: MaybeNum, fill_fee: MaybeNum, fill_fee_ccy: Text, exec_type: Text,
    }

    /// What goes in with an order.
    AttachedRow { sl_trigger_px: MaybeNum, tp_trigger_px: MaybeNum, }

    /// `trade/fills` and its history.
    FillRow {
        inst_id: Text, trade_id: Text, ord_id: Text, cl_ord_id: Text, side: Text, exec_type: Text,
        fill_px: MaybeNum, fill_sz: MaybeNum, fee: MaybeNum, fee_ccy: Text, fill_time: MaybeMs, ts: MaybeMs,
    }

    /// `account/balance`, and the channel `account`.
    BalanceRow { u_time: MaybeMs, details: Vec<DetailRow>, }

    /// What the trading account holds of one currency.
    DetailRow {
        ccy: Text, eq: MaybeNum, cash_bal: MaybeNum, avail_bal: MaybeNum, avail_eq: MaybeNum, frozen_bal: MaybeNum,
        liab: MaybeNum, u_time: MaybeMs,
    }

    /// `asset/balances`: the funding account.
    AssetRow { ccy: Text, bal: MaybeNum, avail_bal: MaybeNum, frozen_bal: MaybeNum, }

    /// `asset/currencies`: one network of a currency.
    CurrencyRow { ccy: Text, name: Text, can_dep: Flag, can_wd: Flag, wd_tick_sz: MaybeNum, }

    /// `account/config`.
    ConfigRow { uid: Text, acct_lv: Text, pos_mode: Text, perm: Text, ip: Text, }

    /// `account/trade-fee`. Negative is what the venue takes.
    FeeRow {
        inst_type: Text, maker: MaybeNum, taker: MaybeNum, maker_u: MaybeNum, taker_u: MaybeNum,
        #[serde(rename = "makerUSDC")] maker_usdc: MaybeNum,
        #[serde(rename = "takerUSDC")] taker_usdc: MaybeNum,
        fee_group: Option<Vec<FeeGroupRow>>,
    }

    /// Rates of a group of instruments.
    FeeGroupRow { maker: MaybeNum, taker: MaybeNum, }

    /// `account/positions`, and the channel.
    PositionRow {
        inst_id: Text, inst_type: Text, pos_id: Text, pos: MaybeNum, pos_side: Text, pos_ccy: Text, mgn_mode: Text,
        avg_px: MaybeNum, mark_px: MaybeNum, last: MaybeNum, liq_px: MaybeNum, notional_usd: MaybeNum,
        lever: MaybeNum, upl: MaybeNum, realized_pnl: MaybeNum, imr: MaybeNum, mmr: MaybeNum, margin: MaybeNum,
        close_order_algo: Option<Vec<AttachedRow>>, c_time: MaybeMs, u_time: MaybeMs,
    }

    /// `account/positions-history`.
    ClosedPositionRow {
        inst_id: Text, pos_id: Text, direction: Text, pos_side: Text, mgn_mode: Text, open_avg_px: MaybeNum,
        close_total_pos: MaybeNum, lever: MaybeNum, realized_pnl: MaybeNum, c_time: MaybeMs, u_time: MaybeMs,
    }

    /// `account/leverage-info`, and the answer to setting it.
    LeverageRow { inst_id: Text, mgn_mode: Text, pos_side: Text, lever: MaybeNum, }

    /// `account/bills` and `asset/bills`.
    BillRow {
        bill_id: Text, inst_id: Text, ccy: Text,
        #[serde(rename = "type")] kind: Text,
        sub_type: Text, bal_chg: MaybeNum, pnl: MaybeNum, fee: MaybeNum, ts: MaybeMs,
    }
}
