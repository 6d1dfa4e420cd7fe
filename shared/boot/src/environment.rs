//! The environment names that operators know (requirements §19), laid over a configuration.
//!
//! | name | unit here |
//! |---|---|
//! | `SYMBOL_WHITELIST` | symbols, comma-separated |
//! | `MAX_ORDER_USDT`, `MAX_POSITION_USDT` | quote units |
//! | `MAX_POSITION_SIZE`, `MAX_RISK_PER_TRADE` | fractions: 0.1 is a tenth of the portfolio |
//! | `MAX_LEVERAGE` | a factor: 10 is ten times |
//! | `MIN_ORDER_SIZE`, `MAX_ORDER_SIZE` | base units, per market: `BTCUSDT:0.001,ETHUSDT:0.01` |
//!
//! The last two are refused without a market, because 0.001 of one asset is not 0.001 of another.

use crate::config::{ConfigFaults, DeskConfig, set_size};
use desk::id::Symbol;
use desk::money::{Amount, Bps, exact};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

type Setter = fn(&mut DeskConfig, &str) -> Result<(), String>;

const NAMES: [(&str, Setter); 8] = [
    ("SYMBOL_WHITELIST", |config, value| {
        let symbols = value.split(',').map(|s| Symbol::new(s.trim()).map_err(|e| e.to_string()));
        config.profile.symbol_whitelist = Some(symbols.collect::<Result<_, _>>()?);
        Ok(())
    }),
    ("MAX_ORDER_USDT", |config, value| amount(value).map(|limit| config.profile.max_order = limit)),
    ("MAX_POSITION_USDT", |config, value| amount(value).map(|limit| config.profile.max_position = limit)),
    ("MAX_POSITION_SIZE", |config, value| fraction(value).map(|limit| config.profile.max_position_size = limit)),
    ("MAX_RISK_PER_TRADE", |config, value| fraction(value).map(|limit| config.profile.max_risk_per_trade = limit)),
    ("MAX_LEVERAGE", |config, value| times(value).map(|limit| config.profile.max_leverage = limit)),
    ("MIN_ORDER_SIZE", |config, value| sizes(config, value, false)),
    ("MAX_ORDER_SIZE", |config, value| sizes(config, value, true)),
];

/// Lays the environment's limits over a configuration.
///
/// # Errors
/// [`ConfigFaults`]: every value that can't be used, with the form it should have.
pub fn apply_environment(config: &mut DeskConfig, environment: &BTreeMap<String, String>) -> Result<(), ConfigFaults> {
    let mut faults = Vec::new();
    for (name, set) in NAMES {
        if let Some(value) = environment.get(name)
            && let Err(fault) = set(config, value)
        {
            faults.push(format!("{name}={value:?}: {fault}"));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(ConfigFaults(faults)) }
}

fn amount(value: &str) -> Result<Amount, String> {
    let amount: Amount = value.parse().map_err(|_| "must be an amount in quote units".to_owned())?;
    if amount > Amount::ZERO { Ok(amount) } else { Err("must be greater than zero".to_owned()) }
}

fn scaled(value: &str, what: &str) -> Result<Bps, String> {
    let wrong = || format!("must be {what}");
    let number: Bps = value.parse().map_err(|_| wrong())?;
    let bps = exact::mul(number.value(), Decimal::new(10_000, 0)).map_err(|_| wrong())?;
    Bps::new(bps).ok().filter(|bps| *bps != Bps::ZERO).ok_or_else(wrong)
}

fn fraction(value: &str) -> Result<Bps, String> {
    let what = "a fraction above 0 and up to 1, such as 0.1";
    let bps = scaled(value, what)?;
    if bps.value() <= Decimal::new(10_000, 0) { Ok(bps) } else { Err(format!("must be {what}")) }
}

fn times(value: &str) -> Result<Bps, String> {
    scaled(value, "a factor above 0 and up to 100, such as 10")
}

fn sizes(config: &mut DeskConfig, value: &str, largest: bool) -> Result<(), String> {
    for part in value.split(',') {
        let Some((symbol, size)) = part.trim().split_once(':') else {
            return Err("needs a market, because its unit is the base asset: write BTCUSDT:0.001".to_owned());
        };
        let symbol = Symbol::new(symbol).map_err(|e| e.to_string())?;
        let size = size.parse().map_err(|_| format!("{size:?} is not a quantity in base units"))?;
        if !set_size(config, &symbol, size, largest) {
            return Err(format!("{symbol} is not a configured market"));
        }
    }
    Ok(())
}
