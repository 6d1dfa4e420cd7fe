//! A case's input, turned into our questions.

use crate::cases::Case;
use desk::time::{Interval, Timestamp};
use rust_decimal::Decimal;
use serde_json::{Map, Value};
use venue::protocol::call::{
    AccountSystem, Attached, BarPrice, Crossing, Distance, Extra, OrderClass, OrderKind, TimeInForce, Trailing,
    Trigger, TriggerKind, Wallet,
};
use venue::protocol::model::{MarginMode, PositionSide, Side};
use venue::protocol::{Instrument, Markets, NewOrder, OrderRef, Product, Range, Scope, wire};

/// The client id of orders whose case names none: the desk always sends one.
pub const CLIENT_ID: &str = "0123456789abcdef0123456789abcdef";

/// The positional arguments, and the parameters that are left.
pub struct Input<'a> {
    args: Vec<Value>,
    params: Map<String, Value>,
    markets: &'a Markets,
}

/// A JSON number or text as a decimal; `None` for null.
pub fn number(value: &Value) -> Result<Option<Decimal>, String> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) if text.is_empty() => Ok(None),
        Value::String(text) => wire::decimal(text).map(Some),
        Value::Number(number) => wire::decimal(&number.to_string()).map(Some),
        other => Err(format!("{other} is no number")),
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn truth(value: &Value) -> bool {
    matches!(value, Value::Bool(true)) || value.as_str() == Some("true")
}

impl<'a> Input<'a> {
    /// The input of a case.
    #[must_use]
    pub fn of(case: &Case, markets: &'a Markets) -> Self {
        let mut args = case.input.clone();
        let is_params = matches!(args.last(), Some(Value::Object(_)));
        let mut params = if is_params { case.params() } else { Map::new() };
        if is_params {
            args.pop();
        }
        if case.options.get("portfolioMargin").is_some_and(truth) {
            params.insert("portfolioMargin".into(), Value::Bool(true));
        }
        if let Some(kind) = case.options.get("defaultType") {
            params.entry("defaultType").or_insert(kind.clone());
        }
        Self { args, params, markets }
    }

    /// The same markets with other arguments: one order of a list.
    #[must_use]
    pub fn nested(&self, args: Vec<Value>, params: Map<String, Value>) -> Self {
        Self { args, params, markets: self.markets }
    }

    /// An argument.
    #[must_use]
    pub fn arg(&self, at: usize) -> &Value {
        self.args.get(at).unwrap_or(&Value::Null)
    }

    /// An argument as text.
    #[must_use]
    pub fn text(&self, at: usize) -> Option<String> {
        text_of(self.arg(at))
    }

    /// An argument as a number.
    pub fn decimal(&self, at: usize) -> Result<Option<Decimal>, String> {
        number(self.arg(at))
    }

    /// An argument as a small number.
    #[must_use]
    pub fn count(&self, at: usize) -> Option<u32> {
        self.arg(at).as_u64().and_then(|n| u32::try_from(n).ok())
    }

    /// An argument as an instant.
    #[must_use]
    pub fn time(&self, at: usize) -> Option<Timestamp> {
        self.arg(at).as_i64().map(Timestamp::from_ms)
    }

    /// An argument as a market.
    pub fn market(&self, at: usize) -> Result<Instrument, String> {
        self.maybe_market(at)?.ok_or_else(|| "the case names no market".to_owned())
    }

    /// An argument as a market, if it is given.
    pub fn maybe_market(&self, at: usize) -> Result<Option<Instrument>, String> {
        self.text(at).map(|name| self.named(&name)).transpose()
    }

    /// The market of a unified name.
    pub fn named(&self, name: &str) -> Result<Instrument, String> {
        self.markets.get(name).cloned().ok_or_else(|| format!("the case file has no market {name}"))
    }

    /// An argument as a list of markets.
    pub fn market_list(&self, at: usize) -> Result<Vec<Instrument>, String> {
        match self.arg(at) {
            Value::Array(names) => names.iter().filter_map(text_of).map(|name| self.named(&name)).collect(),
            Value::String(name) => Ok(vec![self.named(name)?]),
            _ => Ok(Vec::new()),
        }
    }

    /// An argument as a list.
    #[must_use]
    pub fn list(&self, at: usize) -> Vec<Value> {
        self.arg(at).as_array().cloned().unwrap_or_default()
    }

    /// Takes a parameter out.
    pub fn take(&mut self, names: &[&str]) -> Option<Value> {
        let found = names.iter().find_map(|name| self.params.remove(*name));
        found.filter(|value| !value.is_null())
    }

    fn take_text(&mut self, names: &[&str]) -> Option<String> {
        self.take(names).as_ref().and_then(text_of)
    }

    fn take_flag(&mut self, names: &[&str]) -> bool {
        self.take(names).as_ref().is_some_and(truth)
    }

    fn take_number(&mut self, names: &[&str]) -> Result<Option<Decimal>, String> {
        self.take(names).as_ref().map_or(Ok(None), number)
    }

    /// Takes the list of a parameter out.
    pub fn take_list(&mut self, names: &[&str]) -> Vec<String> {
        let list = self.take(names).and_then(|value| value.as_array().cloned()).unwrap_or_default();
        list.iter().filter_map(text_of).collect()
    }

    /// Everything that is left.
    pub fn rest(&mut self) -> Extra {
        Extra(std::mem::take(&mut self.params).into_iter().collect())
    }

    /// A stretch of time from the arguments from `at` on (since, limit) and the parameter `until`.
    pub fn range(&mut self, at: usize) -> Range {
        let until = self.take(&["until"]).and_then(|value| value.as_i64()).map(Timestamp::from_ms);
        Range { since: self.time(at), until, limit: self.count(at + 1) }
    }

    /// What price bars are made of.
    pub fn bar_price(&mut self) -> BarPrice {
        match self.take_text(&["price"]).as_deref() {
            Some("mark") => BarPrice::Mark,
            Some("index") => BarPrice::Index,
            Some("premiumIndex") => BarPrice::Premium,
            _ => BarPrice::Trade,
        }
    }

    /// A bar length, as `1m` or `1M`.
    pub fn interval(&self, at: usize) -> Result<Interval, String> {
        let text = self.text(at).unwrap_or_else(|| "1m".to_owned());
        text.parse().map_err(|e| format!("{e}"))
    }

    fn account(&mut self) -> AccountSystem {
        let unified = ["portfolioMargin", "papi", "uta"].iter().any(|name| {
            let value = self.params.remove(*name);
            value.as_ref().is_some_and(truth)
        });
        let fast = self.take_flag(&["hf"]);
        match (unified, fast) {
            (true, _) => AccountSystem::Unified,
            (false, true) => AccountSystem::HighFrequency,
            (false, false) => AccountSystem::Classic,
        }
    }

    fn margin(&mut self) -> Option<MarginMode> {
        match self.take_text(&["marginMode"]).as_deref() {
            Some("cross") => Some(MarginMode::Cross),
            Some("isolated") => Some(MarginMode::Isolated),
            _ => None,
        }
    }

    fn position_side(&mut self) -> Option<PositionSide> {
        for name in ["positionSide", "posSide", "holdSide"] {
            let side = match self.params.get(name).and_then(Value::as_str) {
                Some("LONG" | "long") => PositionSide::Long,
                Some("SHORT" | "short") => PositionSide::Short,
                _ => continue,
            };
            self.params.remove(name);
            return Some(side);
        }
        None
    }

    /// What narrows a question down; takes all that is left.
    pub fn scope(&mut self) -> Scope {
        let kind = self.take_text(&["type"]).or_else(|| self.take_text(&["defaultType"]));
        let sub = self.take_text(&["subType"]);
        let mut account = self.account();
        let mut margin = self.margin();
        let contract = match sub.as_deref() {
            Some("inverse") => Product::Inverse,
            _ => Product::Linear,
        };
        let wallet_of = |product| if product == Product::Inverse { Wallet::Inverse } else { Wallet::Linear };
        let (mut product, mut wallet) = (sub.as_ref().map(|_| contract), sub.as_ref().map(|_| wallet_of(contract)));
        match kind.as_deref() {
            Some("spot") => (product, wallet) = (Some(Product::Spot), Some(Wallet::Spot)),
            Some("swap" | "future" | "contract" | "delivery") => {
                (product, wallet) = (Some(contract), Some(wallet_of(contract)));
            }
            Some("option") => (product, wallet) = (Some(Product::Option), Some(Wallet::Option)),
            Some("margin") => wallet = Some(Wallet::Margin),
            Some("cross") => (wallet, margin) = (Some(Wallet::Margin), Some(MarginMode::Cross)),
            Some("isolated") => (wallet, margin) = (Some(Wallet::Margin), Some(MarginMode::Isolated)),
            Some("funding") => wallet = Some(Wallet::Funding),
            Some("savings") => wallet = Some(Wallet::Savings),
            Some("papi") => account = AccountSystem::Unified,
            Some(other) => {
                self.params.insert("type".into(), Value::String(other.to_owned()));
            }
            None => {}
        }
        let class = match (self.take_flag(&["trailing"]), self.take_flag(&["trigger", "stop"])) {
            (true, _) => OrderClass::Trailing,
            (false, true) => OrderClass::Trigger,
            (false, false) => OrderClass::Plain,
        };
        let position_side = self.position_side();
        Scope { product, wallet, account, margin, class, position_side, extra: self.rest() }
    }

    /// An order that exists: its id at `at`, its market behind it.
    pub fn order_ref(&mut self, at: usize) -> Result<OrderRef, String> {
        let id = self.text(at).filter(|id| !id.is_empty());
        let instrument = self.maybe_market(at + 1)?;
        let client_id = self.take_text(&["clientOrderId", "clientOid", "origClientOrderId", "orderLinkId", "clOrdId"]);
        Ok(OrderRef { id, client_id, instrument, scope: self.scope() })
    }

    fn attached(&mut self, name: &str) -> Result<Option<Attached>, String> {
        let Some(value) = self.params.get(name).filter(|value| value.is_object()).cloned() else { return Ok(None) };
        self.params.remove(name);
        let part = |names: &[&str]| names.iter().find_map(|n| value.get(*n)).map_or(Ok(None), number);
        let trigger = part(&["triggerPrice", "stopPrice"])?.ok_or_else(|| format!("{name} without a trigger"))?;
        Ok(Some(Attached { trigger, price: part(&["price"])?, by: None }))
    }

    fn triggers(&mut self) -> Result<(Option<Trigger>, Option<Trigger>), String> {
        let crossing = match self.take_text(&["triggerDirection"]).as_deref() {
            Some("above" | "ascending" | "up") => Some(Crossing::Up),
            Some("below" | "descending" | "down") => Some(Crossing::Down),
            _ => None,
        };
        let one =
            |kind, price: Option<Decimal>| price.map(|price| Trigger { kind, price, crossing, by: None, limit: None });
        let plain = one(TriggerKind::Plain, self.take_number(&["triggerPrice", "stopPrice"])?);
        let stop = one(TriggerKind::StopLoss, self.take_number(&["stopLossPrice"])?);
        let take = one(TriggerKind::TakeProfit, self.take_number(&["takeProfitPrice"])?);
        Ok(match (plain, stop, take) {
            (_, Some(stop), take) => (Some(stop), take),
            (_, None, Some(take)) => (Some(take), None),
            (plain, None, None) => (plain, None),
        })
    }

    fn trailing(&mut self) -> Result<Option<Trailing>, String> {
        let percent = self.take_number(&["trailingPercent"])?.map(Distance::Percent);
        let amount = self.take_number(&["trailingAmount"])?.map(Distance::Amount);
        let from = self.take_number(&["trailingTriggerPrice", "activationPrice"])?;
        let limit = self.take_number(&["trailingLimitPercent"])?.map(Distance::Percent);
        let limit = match limit {
            Some(limit) => Some(limit),
            None => self.take_number(&["trailingLimitAmount"])?.map(Distance::Amount),
        };
        Ok(percent.or(amount).map(|behind| Trailing { behind, from, limit }))
    }

    /// An order from its market, type, side, amount and price, which stand from `at` on; takes all that is left.
    pub fn order(&mut self, at: usize) -> Result<NewOrder, String> {
        let instrument = self.market(at)?;
        let side = match self.text(at + 2).as_deref() {
            Some("sell") => Side::Sell,
            _ => Side::Buy,
        };
        let kind_text = self.text(at + 1).unwrap_or_default();
        let kind = if kind_text.to_lowercase().contains("limit") { OrderKind::Limit } else { OrderKind::Market };
        if !matches!(kind_text.as_str(), "limit" | "market" | "") {
            self.params.insert("type".into(), Value::String(kind_text));
        }
        let mut order = NewOrder::plain(&instrument, side, kind);
        order.quantity = self.decimal(at + 3)?;
        order.price = self.decimal(at + 4)?;
        order.cost = self.take_number(&["cost"])?;
        let client_id = self.take_text(&["clientOrderId", "clientOid"]);
        order.client_id = Some(client_id.unwrap_or_else(|| CLIENT_ID.to_owned()));
        order.time_in_force = match self.take_text(&["timeInForce"]).as_deref() {
            Some("GTC") => Some(TimeInForce::Gtc),
            Some("IOC") => Some(TimeInForce::Ioc),
            Some("FOK") => Some(TimeInForce::Fok),
            Some("PO" | "GTX") => Some(TimeInForce::PostOnly),
            Some("GTD") => Some(TimeInForce::Gtd),
            _ => None,
        };
        order.post_only = self.take_flag(&["postOnly"]);
        order.reduce_only = self.take_flag(&["reduceOnly"]);
        (order.trigger, order.oco) = self.triggers()?;
        order.trailing = self.trailing()?;
        order.take_profit = self.attached("takeProfit")?;
        order.stop_loss = self.attached("stopLoss")?;
        order.hedged = self.take_flag(&["hedged"]);
        order.position_side = self.position_side();
        order.margin = self.margin();
        order.leverage = self.take_number(&["leverage"])?;
        order.account = self.account();
        order.test = self.take_flag(&["test"]);
        order.extra = self.rest();
        Ok(order)
    }

    /// One order of a list of `{symbol, type, side, amount, price, params}`.
    pub fn listed(&self, row: &Value, shared: &Extra) -> Result<NewOrder, String> {
        let part = |name: &str| row.get(name).cloned().unwrap_or(Value::Null);
        let mut params = part("params").as_object().cloned().unwrap_or_default();
        params.extend(shared.0.iter().cloned());
        let args = vec![part("symbol"), part("type"), part("side"), part("amount"), part("price")];
        self.nested(args, params).order(0)
    }
}
