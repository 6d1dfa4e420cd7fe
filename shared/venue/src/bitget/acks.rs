//! What the venue answers to placing, amending and cancelling: acknowledgements, one or many.
//!
//! An acknowledgement says that the request was taken, not how the order stands.

use super::super::protocol::call::{NewOrder, OrderRef};
use super::super::protocol::fault::{ApiError, CallError, Meaning, ReadFault};
use super::super::protocol::http::Reply;
use super::super::protocol::model::{OrderReport, OrderState};
use super::super::protocol::wire::Text;
use super::errors::api_error;
use super::line::invalid;
use super::raw::{Fields, SUCCESS, first, payload, rows};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Names an order in a request: by the venue's id, or by ours where there is none.
pub(super) fn names(order: &OrderRef) -> Result<Fields, CallError> {
    match (&order.id, &order.client_id) {
        (Some(id), _) => Ok(Fields::new().with("orderId", id.as_str())),
        (None, Some(client_id)) => Ok(Fields::new().with("clientOid", client_id.as_str())),
        (None, None) => Err(invalid("the order is not named")),
    }
}

/// What was sent, as far as an answer has to be matched with it.
#[derive(Debug, Clone, Default)]
pub(super) struct Sent {
    market: Option<String>,
    id: Option<String>,
    client_id: Option<String>,
}

impl Sent {
    pub(super) fn of(order: &NewOrder) -> Self {
        Self { market: Some(order.instrument.name.clone()), id: None, client_id: order.client_id.clone() }
    }

    pub(super) fn named(order: &OrderRef) -> Self {
        let market = order.instrument.as_ref().map(|i| i.name.clone());
        Self { market, id: order.id.clone(), client_id: order.client_id.clone() }
    }

    /// Where the orders of a list were, when all were in one market.
    pub(super) fn market(name: Option<&str>) -> Self {
        Self { market: name.map(str::to_owned), ..Self::default() }
    }

    fn report(&self, raw: &RawAck) -> OrderReport {
        OrderReport {
            market: self.market.clone(),
            id: raw.order_id.owned(),
            client_id: raw.client_oid.owned().or_else(|| self.client_id.clone()),
            ..OrderReport::default()
        }
    }

    /// What is known of an order whose answer names none: what was said of it.
    fn bare(&self) -> OrderReport {
        let (market, id, client_id) = (self.market.clone(), self.id.clone(), self.client_id.clone());
        OrderReport { market, id, client_id, ..OrderReport::default() }
    }
}

/// One acknowledgement. In lists some of them tell of an error.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawAck {
    #[serde(default)]
    order_id: Text,
    #[serde(default)]
    client_oid: Text,
    #[serde(default)]
    code: Text,
    #[serde(default)]
    msg: Text,
    #[serde(default)]
    error_code: Text,
    #[serde(default)]
    error_msg: Text,
    #[serde(default)]
    success: Text,
}

impl RawAck {
    /// The error of this one, if it tells of one.
    fn fault(&self, status: u16, failed: bool) -> Option<ApiError> {
        let code = self.error_code.some().or_else(|| self.code.some()).filter(|code| *code != SUCCESS);
        let words = self.error_msg.some().or_else(|| self.msg.some()).unwrap_or_default();
        let failed = failed || matches!(self.success.0.as_str(), "failure" | "fail" | "false");
        (code.is_some() || failed).then(|| api_error(code.unwrap_or_default(), words, status, None))
    }
}

/// The acknowledgement of one order. `replaced`: the unified account names no order where a reduce-only order took the
/// place of another; then the client id has to be the one that was sent.
pub(super) fn ack(reply: &Reply, sent: &Sent, replaced: bool) -> Result<OrderReport, ReadFault> {
    let raw: Option<RawAck> = first(reply)?;
    let raw = raw.ok_or_else(|| ReadFault::parse(reply, "an acknowledgement without an order"))?;
    if let Some(fault) = raw.fault(reply.status, false) {
        return Err(fault.into());
    }
    let ours = raw.client_oid.some().is_some() && raw.client_oid.owned() == sent.client_id;
    if raw.order_id.some().is_none() && !(replaced && ours) {
        return Err(ReadFault::parse(reply, "an acknowledgement without an order id"));
    }
    Ok(sent.report(&raw))
}

/// What some cancels of orders with triggers are answered with: nothing, or that it went well.
#[derive(Deserialize)]
struct RawResult {
    result: Text,
}

/// The acknowledgement of one cancel, where the venue need not name the order again.
pub(super) fn bare_ack(reply: &Reply, sent: &Sent) -> Result<OrderReport, ReadFault> {
    let text = payload(reply)?;
    if text == "null" {
        return Ok(sent.bare());
    }
    match serde_json::from_str::<RawResult>(text) {
        Ok(raw) if raw.result.0 == "success" => Ok(sent.bare()),
        Ok(_) | Err(_) => ack(reply, sent, false),
    }
}

/// A list of acknowledgements: those that went well, and those that did not.
#[derive(Default)]
struct Parted {
    good: Vec<RawAck>,
    bad: Vec<(RawAck, ApiError)>,
}

/// The acknowledgements of a list, or of `successList` and `failureList`.
fn parted(reply: &Reply) -> Result<Parted, ReadFault> {
    let mut all: Vec<(RawAck, bool)> = Vec::new();
    let text = payload(reply)?;
    if text.starts_with('{') {
        let parts: BTreeMap<String, &RawValue> = serde_json::from_str(text).map_err(|e| ReadFault::parse(reply, e))?;
        let known = ["successList", "failureList", "list", "resultList"];
        if !parts.keys().any(|name| known.contains(&name.as_str())) {
            return Err(ReadFault::parse(reply, "no list of acknowledgements"));
        }
        for (name, list) in parts.iter().filter(|(name, list)| known.contains(&name.as_str()) && list.get() != "null") {
            let list: Vec<RawAck> = serde_json::from_str(list.get()).map_err(|e| ReadFault::parse(reply, e))?;
            let failed = name.starts_with("fail");
            all.extend(list.into_iter().map(|raw| (raw, failed)));
        }
    } else {
        all.extend(rows::<RawAck>(reply, &[])?.into_iter().map(|raw| (raw, false)));
    }
    let mut parted = Parted::default();
    for (raw, failed) in all {
        match raw.fault(reply.status, failed) {
            Some(fault) => parted.bad.push((raw, fault)),
            None if raw.order_id.some().is_none() => {
                return Err(ReadFault::parse(reply, "an acknowledgement without an order id"));
            }
            None => parted.good.push(raw),
        }
    }
    Ok(parted)
}

/// The acknowledgements of several orders, each at the place of its order. A clear no makes its order rejected; of one
/// that is not told of, or failed for another reason, nothing is claimed.
pub(super) fn batch(reply: &Reply, sent: &[Sent]) -> Result<Vec<OrderReport>, ReadFault> {
    let Parted { good, bad } = parted(reply)?;
    let ours = |raw: &RawAck, sent: &Sent| raw.client_oid.some().is_some() && raw.client_oid.owned() == sent.client_id;
    let matched = good.iter().any(|raw| sent.iter().any(|sent| ours(raw, sent)));
    if bad.is_empty() && !matched && good.len() == sent.len() {
        // The venue names no client id of ours: then it keeps the order.
        return Ok(sent.iter().zip(&good).map(|(sent, raw)| sent.report(raw)).collect());
    }
    let one = |sent: &Sent| {
        if let Some(raw) = good.iter().find(|raw| ours(raw, sent)) {
            return sent.report(raw);
        }
        let fault = bad.iter().find(|(raw, _)| ours(raw, sent)).map(|(_, fault)| fault);
        let refused = fault.is_some_and(|fault| fault.meaning == Meaning::Refusal);
        OrderReport { state: refused.then_some(OrderState::Rejected), ..sent.bare() }
    };
    Ok(sent.iter().map(one).collect())
}

/// The acknowledgements of a cancel of several: those the venue took. When it took none, its first error.
pub(super) fn cancelled(reply: &Reply, sent: &Sent) -> Result<Vec<OrderReport>, ReadFault> {
    let Parted { good, bad } = parted(reply)?;
    match bad.into_iter().next() {
        Some((_, fault)) if good.is_empty() => Err(fault.into()),
        _ => Ok(good.iter().map(|raw| sent.report(raw)).collect()),
    }
}

/// The acknowledgement of one order through an endpoint that answers with lists.
pub(super) fn one_of_list(reply: &Reply, sent: &Sent) -> Result<OrderReport, ReadFault> {
    let first = cancelled(reply, sent)?.into_iter().next();
    first.ok_or_else(|| ReadFault::parse(reply, "no order was acknowledged"))
}
