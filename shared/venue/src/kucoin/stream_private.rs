//! Frames about our own orders, fills, balances and positions.

use super::positions::RawPosition;
use super::raw::{MaybeEither, currency, side};
use super::report;
use super::stream_public::Frame;
use crate::protocol::Markets;
use crate::protocol::model::{Balances, Holding, Liquidity, OrderReport, OrderState, OwnTrade};
use crate::protocol::stream::Event;
use crate::protocol::wire::{self, MaybeNum, Text};
use serde::Deserialize;

/// A change of an order, of either server.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    symbol: Text,
    order_id: Text,
    #[serde(default)]
    client_oid: Text,
    #[serde(default)]
    order_type: Text,
    side: Text,
    #[serde(rename = "type")]
    kind: Text,
    #[serde(default)]
    status: Text,
    #[serde(default)]
    price: MaybeNum,
    #[serde(default)]
    size: MaybeNum,
    #[serde(default)]
    origin_size: MaybeNum,
    #[serde(default)]
    filled_size: MaybeNum,
    #[serde(default)]
    remain_size: MaybeNum,
    #[serde(default)]
    match_price: MaybeNum,
    #[serde(default)]
    match_size: MaybeNum,
    #[serde(default)]
    trade_id: Text,
    #[serde(default)]
    liquidity: Text,
    #[serde(default)]
    order_time: MaybeEither,
    #[serde(default)]
    ts: MaybeEither,
}

impl Change {
    fn state(&self) -> Result<OrderState, String> {
        match self.kind.0.as_str() {
            "received" | "open" | "match" | "update" => match self.status.0.as_str() {
                "" | "new" | "open" | "match" => Ok(OrderState::Open),
                // The last match of an order may tell its end already.
                "done" => Ok(OrderState::Closed),
                other => Err(format!("order status {other:?}")),
            },
            "filled" => Ok(OrderState::Closed),
            "canceled" | "cancelled" => Ok(OrderState::Canceled),
            other => Err(format!("order change {other:?}")),
        }
    }

    fn report(&self, markets: &Markets) -> Result<OrderReport, String> {
        let asked = if self.origin_size.nonzero().is_some() { self.origin_size } else { self.size };
        let (quantity, filled) = report::quantities(asked, self.filled_size)?;
        Ok(OrderReport {
            market: Some(markets.name_of(&self.symbol.0, &[])),
            id: Some(self.order_id.owned().ok_or("an order without an id")?),
            client_id: self.client_oid.owned(),
            state: Some(self.state()?),
            kind: report::kind(&self.order_type)?,
            side: Some(side(&self.side.0)?),
            price: self.price.price()?.map(desk::money::Price::value),
            quantity,
            filled,
            remaining: self.remain_size.quantity()?,
            at: self.order_time.0,
            updated_at: self.ts.0,
            ..OrderReport::default()
        })
    }

    /// The fill a match tells of.
    fn fill(&self, markets: &Markets) -> Result<Option<OwnTrade>, String> {
        if self.kind.0 != "match" {
            return Ok(None);
        }
        let lacks = || "a match without its price, quantity and id".to_owned();
        let (price, size) = (self.match_price.0.ok_or_else(lacks)?, self.match_size.0.ok_or_else(lacks)?);
        let liquidity = match self.liquidity.0.as_str() {
            "" => None,
            "maker" => Some(Liquidity::Maker),
            "taker" => Some(Liquidity::Taker),
            other => return Err(format!("liquidity {other:?}")),
        };
        Ok(Some(OwnTrade {
            market: markets.name_of(&self.symbol.0, &[]),
            id: self.trade_id.owned().ok_or_else(lacks)?,
            order: self.order_id.owned(),
            client_id: self.client_oid.owned(),
            at: self.ts.0,
            side: Some(side(&self.side.0)?),
            liquidity,
            price: wire::price(price)?,
            quantity: wire::quantity(size)?,
            cost: None,
            fee: None,
        }))
    }
}

fn order(frame: &Frame<'_>, markets: &Markets) -> Result<Vec<Event>, String> {
    let change: Change = frame.data()?;
    let fill = change.fill(markets)?.map(Event::from);
    Ok(fill.into_iter().chain([Event::Order(Box::new(change.report(markets)?))]).collect())
}

/// A change of a stop order.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StopChange {
    symbol: Text,
    order_id: Text,
    #[serde(default)]
    client_oid: Text,
    side: Text,
    #[serde(rename = "type")]
    kind: Text,
    #[serde(default)]
    order_price: MaybeNum,
    #[serde(default)]
    size: MaybeNum,
    #[serde(default)]
    stop_price: MaybeNum,
    #[serde(default)]
    created_at: MaybeEither,
    #[serde(default)]
    ts: MaybeEither,
}

fn stop_order(frame: &Frame<'_>, markets: &Markets) -> Result<Vec<Event>, String> {
    let change: StopChange = frame.data()?;
    let state = match change.kind.0.as_str() {
        "open" => OrderState::Open,
        "triggered" => OrderState::Closed,
        "cancel" | "canceled" | "cancelled" => OrderState::Canceled,
        "fail" | "failed" => OrderState::Rejected,
        other => return Err(format!("stop order change {other:?}")),
    };
    Ok(vec![Event::Order(Box::new(OrderReport {
        market: Some(markets.name_of(&change.symbol.0, &[])),
        id: Some(change.order_id.owned().ok_or("an order without an id")?),
        client_id: change.client_oid.owned(),
        state: Some(state),
        side: Some(side(&change.side.0)?),
        price: change.order_price.price()?.map(desk::money::Price::value),
        trigger_price: change.stop_price.nonzero(),
        quantity: change.size.nonzero().map(wire::quantity).transpose()?,
        at: change.created_at.0,
        updated_at: change.ts.0,
        ..OrderReport::default()
    }))])
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SpotBalance {
    currency: Text,
    #[serde(default)]
    total: MaybeNum,
    #[serde(default)]
    available: MaybeNum,
    #[serde(default)]
    hold: MaybeNum,
    #[serde(default)]
    relation_event: Text,
    #[serde(default)]
    time: MaybeEither,
}

/// A balance of one of the owner's accounts. Only trading accounts are the desk's business.
fn spot_balance(frame: &Frame<'_>) -> Result<Vec<Event>, String> {
    let row: SpotBalance = frame.data()?;
    let account = row.relation_event.0.split('.').next().unwrap_or_default();
    if !matches!(account, "trade" | "trade_hf") {
        return Ok(vec![Event::Ignored("the balance of an account that does not trade spot")]);
    }
    let held = Holding { free: row.available.0, used: row.hold.0, total: row.total.0, debt: None };
    Ok(vec![balances(&row.currency, held, row.time)])
}

fn balances(name: &Text, held: Holding, at: MaybeEither) -> Event {
    let mut balances = Balances { at: at.0, ..Balances::default() };
    balances.of.insert(currency(&name.0).to_owned(), held);
    Event::Balances(balances)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wallet {
    currency: Text,
    #[serde(default)]
    equity: MaybeNum,
    #[serde(default)]
    available_balance: MaybeNum,
    #[serde(default)]
    hold_balance: MaybeNum,
    #[serde(default)]
    timestamp: MaybeEither,
}

fn wallet(frame: &Frame<'_>) -> Result<Vec<Event>, String> {
    match frame.subject.0.as_str() {
        "walletBalance.change" => {
            let row: Wallet = frame.data()?;
            // Margin is bound beside what is on hold; the rest of the equity tells both.
            let held = Holding { free: row.available_balance.0, total: row.equity.0, ..Holding::default() };
            Ok(vec![balances(&row.currency, held, row.timestamp)])
        }
        "availableBalance.change" => {
            let row: Wallet = frame.data()?;
            let held = Holding { free: row.available_balance.0, used: row.hold_balance.0, ..Holding::default() };
            Ok(vec![balances(&row.currency, held, row.timestamp)])
        }
        "orderMargin.change" | "withdrawHold.change" => {
            Ok(vec![Event::Ignored("a part of a balance whose whole is told as well")])
        }
        other => Err(format!("a subject {other:?}")),
    }
}

fn position(frame: &Frame<'_>, markets: &Markets) -> Result<Vec<Event>, String> {
    match frame.subject.0.as_str() {
        "position.settlement" => return Ok(vec![Event::Ignored("a funding settlement, which is asked for")]),
        "position.adjustRiskLimit" => return Ok(vec![Event::Ignored("a change of the risk limit")]),
        _ => {}
    }
    let data = frame.data.ok_or("a message without data")?;
    // Moves of the mark price tell only what follows from it.
    if !data.get().contains("\"currentQty\"") {
        return Ok(vec![Event::Ignored("a move of the mark price under a position")]);
    }
    let position: RawPosition = frame.data()?;
    Ok(vec![Event::Position(Box::new(position.report(markets)?))])
}

/// What a frame of a private stream tells.
pub(super) fn read(text: &str, markets: &Markets) -> Result<Vec<Event>, String> {
    let frame: Frame<'_> = serde_json::from_str(text).map_err(|e| e.to_string())?;
    if let Some(talk) = frame.talk() {
        return talk.map(|event| vec![event]);
    }
    match frame.parts().0 {
        "/spotMarket/tradeOrders" | "/spotMarket/tradeOrdersV2" | "/contractMarket/tradeOrders" => {
            order(&frame, markets)
        }
        "/spotMarket/advancedOrders" | "/contractMarket/advancedOrders" => stop_order(&frame, markets),
        "/account/balance" => spot_balance(&frame),
        "/contractAccount/wallet" => wallet(&frame),
        "/contract/position" | "/contract/positionAll" => position(&frame, markets),
        "/contract/marginMode" | "/contract/crossLeverage" => Ok(vec![Event::Ignored("a setting, which is asked for")]),
        "/margin/position" | "/margin/isolatedPosition" => Ok(vec![Event::Ignored("the debt of margin trading")]),
        // One connection may carry both kinds.
        other if is_public(other) => super::stream_public::read(text, markets),
        other => Err(format!("a topic {other:?}")),
    }
}

/// Whether a topic is one of market data.
fn is_public(topic: &str) -> bool {
    ["/market/", "/spotMarket/level", "/contractMarket/", "/contract/instrument"].iter().any(|p| topic.starts_with(p))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(data: &str, topic: &str, subject: &str) -> Result<Vec<Event>, String> {
        let frame = format!(r#"{{"type":"message","topic":"{topic}","subject":"{subject}","data":{data}}}"#);
        read(&frame, &Markets::default())
    }

    #[test]
    fn a_match_is_a_fill_and_a_change_of_the_order() {
        let data = r#"{"symbol":"A-B","orderType":"limit","side":"buy","orderId":"7","type":"match","liquidity":"taker",
            "orderTime":1593487482038606180,"size":"1","filledSize":"0.4","matchPrice":"2","matchSize":"0.4","price":"2",
            "tradeId":"t","remainSize":"0.6","status":"match","ts":1593487482038606180}"#;
        let events = all(data, "/spotMarket/tradeOrdersV2", "orderChange").unwrap();
        let [Event::Fill(fill), Event::Order(order)] = events.as_slice() else { panic!("{events:?}") };
        assert_eq!((fill.id.as_str(), fill.quantity.value().to_string().as_str()), ("t", "0.4"));
        assert_eq!((order.state, order.at.map(|t| t.ms())), (Some(OrderState::Open), Some(1_593_487_482_038)));
        for (part, with) in
            [("\"match\",\"liq", "\"foo\",\"liq"), ("\"0.4\",\"matchP", "\"4\",\"matchP"), ("\"t\"", "\"\"")]
        {
            assert!(all(&data.replace(part, with), "/spotMarket/tradeOrdersV2", "orderChange").is_err(), "{with}");
        }
    }

    #[test]
    fn only_trading_accounts_are_believed() {
        let data = |event: &str| {
            format!(
                r#"{{"currency":"XBT","total":"3","available":"2","hold":"1","relationEvent":"{event}","time":"1730269283892"}}"#
            )
        };
        let events = all(&data("trade_hf.hold"), "/account/balance", "account.balance").unwrap();
        let Some(Event::Balances(balances)) = events.first() else { panic!("{events:?}") };
        assert!(balances.of.contains_key("BTC"));
        let other = all(&data("main.deposit"), "/account/balance", "account.balance").unwrap();
        assert!(matches!(other.first(), Some(Event::Ignored(_))));
    }

    #[test]
    fn a_move_of_the_mark_price_is_no_position() {
        let moved = all(r#"{"markPrice":1,"markValue":2}"#, "/contract/position:X", "position.change").unwrap();
        assert!(matches!(moved.first(), Some(Event::Ignored(_))));
        let changed = all(r#"{"symbol":"X","currentQty":-3,"crossMode":true}"#, "/contract/positionAll", "").unwrap();
        let Some(Event::Position(position)) = changed.first() else { panic!("{changed:?}") };
        assert_eq!(position.quantity.map(|q| q.to_string()).as_deref(), Some("3"));
    }
}
