//! Questions about orders.

use super::{Prepared, list, ready};
use crate::input::{CLIENT_ID, Input};
use crate::unified;
use serde_json::{Map, Value, json};
use venue::protocol::call::{OrderFilter, OrderKind};
use venue::protocol::model::Side;
use venue::protocol::{Amendment, NewOrder, OrderRef, OrdersQuery, Protocol};

fn market_order(input: &mut Input<'_>, side: Side, cost_at: usize) -> Result<NewOrder, String> {
    let instrument = input.market(0)?;
    let cost = input.decimal(cost_at)?;
    let kind = if side == Side::Buy { "buy" } else { "sell" };
    let params = input_params(input);
    let mut order = input.nested(vec![json!(instrument.name), json!("market"), json!(kind)], params).order(0)?;
    order.cost = cost;
    order.kind = OrderKind::Market;
    Ok(order)
}

fn input_params(input: &mut Input<'_>) -> Map<String, Value> {
    input.rest().0.into_iter().collect()
}

/// The trigger of `createTriggerOrder` and its kin stands behind the price.
fn triggered(mut input: Input<'_>, name: &str) -> Result<NewOrder, String> {
    let mut params = input_params(&mut input);
    params.entry(name).or_insert(input.arg(5).clone());
    let args = (0..5).map(|at| input.arg(at).clone()).collect();
    input.nested(args, params).order(0)
}

fn amendment(input: &mut Input<'_>, by_client_id: bool) -> Result<Amendment, String> {
    let id = input.text(0).filter(|id| !id.is_empty());
    let mut to = input.order(1)?;
    let named = to.client_id.take().filter(|id| id != CLIENT_ID);
    let (id, client_id) = if by_client_id { (None, id) } else { (id, named) };
    let scope = venue::protocol::Scope { account: to.account, margin: to.margin, ..Default::default() };
    let order = OrderRef { id, client_id, instrument: Some(to.instrument.clone()), scope };
    Ok(Amendment { order, to })
}

fn order_list(input: &mut Input<'_>) -> Result<Vec<NewOrder>, String> {
    let shared = input.rest();
    input.list(0).iter().map(|row| input.listed(row, &shared)).collect()
}

fn refs(input: &mut Input<'_>) -> Result<Vec<OrderRef>, String> {
    let instrument = input.maybe_market(1)?;
    let client_ids = input.take_list(&["clientOrderIds", "clientOrderId"]);
    let scope = input.scope();
    let one = |id: Option<String>, client_id: Option<String>| OrderRef {
        id,
        client_id,
        instrument: instrument.clone(),
        scope: scope.clone(),
    };
    let by_id = input.list(0).into_iter().filter_map(|id| match id {
        Value::String(id) => Some(one(Some(id), None)),
        Value::Number(id) => Some(one(Some(id.to_string()), None)),
        _ => None,
    });
    Ok(by_id.chain(client_ids.into_iter().map(|id| one(None, Some(id)))).collect())
}

fn refs_of_rows(input: &mut Input<'_>) -> Result<Vec<OrderRef>, String> {
    let scope = input.scope();
    let text = |row: &Value, name: &str| row.get(name).and_then(Value::as_str).map(str::to_owned);
    let rows = input.list(0);
    rows.iter()
        .map(|row| {
            let instrument = text(row, "symbol").map(|name| input.named(&name)).transpose()?;
            let (id, client_id) = (text(row, "id"), text(row, "clientOrderId"));
            Ok(OrderRef { id, client_id, instrument, scope: scope.clone() })
        })
        .collect()
}

fn placing(venue: &dyn Protocol, method: &str, input: &mut Input<'_>) -> Result<Option<Prepared>, String> {
    let order = match method {
        "createOrder" | "createLimitBuyOrder" | "createLimitSellOrder" => input.order(0)?,
        "createMarketBuyOrderWithCost" => market_order(input, Side::Buy, 1)?,
        "createMarketSellOrderWithCost" => market_order(input, Side::Sell, 1)?,
        "createMarketOrderWithCost" => {
            let side = if input.text(1).as_deref() == Some("sell") { Side::Sell } else { Side::Buy };
            market_order(input, side, 2)?
        }
        "createTriggerOrder" | "createStopLossOrder" | "createTakeProfitOrder" => {
            let name = match method {
                "createStopLossOrder" => "stopLossPrice",
                "createTakeProfitOrder" => "takeProfitPrice",
                _ => "triggerPrice",
            };
            let rest = input_params(input);
            let args = (0..6).map(|at| input.arg(at).clone()).collect();
            triggered(input.nested(args, rest), name)?
        }
        "createOrderWithTakeProfitAndStopLoss" => {
            let (take, stop) = (input.arg(5).clone(), input.arg(6).clone());
            let mut params = input_params(input);
            params.entry("takeProfit").or_insert(json!({ "triggerPrice": take }));
            params.entry("stopLoss").or_insert(json!({ "triggerPrice": stop }));
            let args = (0..5).map(|at| input.arg(at).clone()).collect();
            input.nested(args, params).order(0)?
        }
        _ => return Ok(None),
    };
    ready(venue.place(&order), |o| unified::order(&o)).map(Some)
}

pub(super) fn orders(venue: &dyn Protocol, method: &str, mut input: Input<'_>) -> Option<Result<Prepared, String>> {
    let prepared = || -> Result<Option<Prepared>, String> {
        if let Some(placing) = placing(venue, method, &mut input)? {
            return Ok(Some(placing));
        }
        let asked = |filter: OrderFilter, mut input: Input<'_>, at: usize| -> Result<OrdersQuery, String> {
            let instrument = input.maybe_market(at)?;
            Ok(OrdersQuery { filter, instrument, range: input.range(at + 1), scope: input.scope() })
        };
        let rows = |query: &OrdersQuery| ready(venue.orders(query), list(unified::order));
        Ok(Some(match method {
            "createOrders" => ready(venue.place_many(&order_list(&mut input)?), list(unified::order))?,
            "editOrder" => ready(venue.amend(&amendment(&mut input, false)?), |o| unified::order(&o))?,
            "editOrderWithClientOrderId" => ready(venue.amend(&amendment(&mut input, true)?), |o| unified::order(&o))?,
            "editOrders" => {
                let ids = input.list(0);
                let changes = order_list(&mut input)?.into_iter().zip(&ids).map(|(mut to, row)| {
                    let id = row.get("id").and_then(Value::as_str).map(str::to_owned);
                    let client_id = to.client_id.take().filter(|id| id != CLIENT_ID);
                    let instrument = Some(to.instrument.clone());
                    Amendment { order: OrderRef { id, client_id, instrument, ..OrderRef::default() }, to }
                });
                ready(venue.amend_many(&changes.collect::<Vec<_>>()), list(unified::order))?
            }
            "cancelOrder" => ready(venue.cancel(&input.order_ref(0)?), |o| unified::order(&o))?,
            "cancelOrderWithClientOrderId" => {
                let mut order = input.order_ref(0)?;
                order.client_id = order.id.take();
                ready(venue.cancel(&order), |o| unified::order(&o))?
            }
            "cancelOrders" => ready(venue.cancel_many(&refs(&mut input)?), list(unified::order))?,
            "cancelOrdersForSymbols" => ready(venue.cancel_many(&refs_of_rows(&mut input)?), list(unified::order))?,
            "cancelAllOrders" => {
                let market = input.maybe_market(0)?;
                ready(venue.cancel_all(market.as_ref(), &input.scope()), list(unified::order))?
            }
            "fetchOrder" => ready(venue.order(&input.order_ref(0)?), |o| unified::order(&o))?,
            "fetchOrderWithClientOrderId" => {
                let mut order = input.order_ref(0)?;
                order.client_id = order.id.take();
                ready(venue.order(&order), |o| unified::order(&o))?
            }
            "fetchOpenOrder" => ready(venue.open_order(&input.order_ref(0)?), |o| unified::order(&o))?,
            "fetchClosedOrder" => ready(venue.closed_order(&input.order_ref(0)?), |o| unified::order(&o))?,
            "fetchOrders" => rows(&asked(OrderFilter::All, input, 0)?)?,
            "fetchOpenOrders" => rows(&asked(OrderFilter::Open, input, 0)?)?,
            "fetchClosedOrders" => rows(&asked(OrderFilter::Closed, input, 0)?)?,
            "fetchCanceledOrders" => rows(&asked(OrderFilter::Canceled, input, 0)?)?,
            "fetchCanceledAndClosedOrders" => rows(&asked(OrderFilter::CanceledAndClosed, input, 0)?)?,
            "fetchOrdersByStatus" => {
                let filter = match input.text(0).as_deref() {
                    Some("open" | "active") => OrderFilter::Open,
                    _ => OrderFilter::Closed,
                };
                rows(&asked(filter, input, 1)?)?
            }
            _ => return Ok(None),
        }))
    };
    prepared().transpose()
}
