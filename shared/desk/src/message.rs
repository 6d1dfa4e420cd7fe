//! What travels on the queues. Messages are small: `bars` is a poke, `signals`, `orders` and `exits` carry ids whose
//! rows carry the truth, and a fill is a fact a venue has told, carried whole because it has no row yet.

use crate::fill::Fill;
use crate::id::{AccountId, IntentId, SignalId, Symbol};
use crate::time::Interval;
use serde::{Deserialize, Serialize};
use std::fmt;
use thiserror::Error;

/// The version every message carries.
pub const VERSION: u32 = 1;

/// The queues, in the order in which a quiet desk drains them: what is decided before what is done about it, so
/// that the decisions of one instant never depend on how fast one of its orders is placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum QueueName {
    /// New bars are there.
    Bars,
    /// A strategy wishes to act.
    Signals,
    /// Exits, stops and what else takes risk away; apart from entries, so that those never block them.
    Exits,
    /// Entries.
    Orders,
    /// A venue has filled something.
    Fills,
}

impl QueueName {
    /// Every queue, in draining order.
    pub const ALL: [Self; 5] = [Self::Bars, Self::Signals, Self::Exits, Self::Orders, Self::Fills];

    /// The queue's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bars => "bars",
            Self::Signals => "signals.fifo",
            Self::Exits => "exits.fifo",
            Self::Orders => "orders.fifo",
            Self::Fills => "fills.fifo",
        }
    }

    /// Whether messages of one group are handled in order, one at a time.
    #[must_use]
    pub const fn is_fifo(self) -> bool {
        !matches!(self, Self::Bars)
    }
}

impl fmt::Display for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Message {
    /// A market has new bars: fold from the cursor.
    Bars {
        /// Which.
        symbol: Symbol,
        /// On which bars.
        interval: Interval,
    },
    /// A signal wants to be judged.
    Signal {
        /// For which account.
        account: AccountId,
        /// In which market.
        symbol: Symbol,
        /// Which.
        signal: SignalId,
        /// 1, or one more after a proven absence.
        attempt: u32,
    },
    /// An approved intent wants to be placed.
    Order {
        /// For which account.
        account: AccountId,
        /// In which market.
        symbol: Symbol,
        /// Which.
        intent: IntentId,
    },
    /// The kill switch wants an order ended, where only who places orders may speak to the venue.
    Cancel {
        /// For which account.
        account: AccountId,
        /// In which market.
        symbol: Symbol,
        /// Which.
        intent: IntentId,
        /// Which sweep asks: whole minutes since 1970.
        sweep: i64,
    },
    /// A venue has filled something.
    Fill {
        /// What.
        fill: Fill,
    },
}

#[derive(Serialize)]
struct Envelope<'a> {
    v: u32,
    #[serde(flatten)]
    message: &'a Message,
}

/// A body that is no message of ours.
#[derive(Debug, Error)]
pub enum MessageError {
    /// Not JSON, or not of the shape.
    #[error("the message can't be parsed: {0}")]
    Parse(#[from] serde_json::Error),
    /// Of another version.
    #[error("the message has version {0}; this desk reads version {VERSION}")]
    Version(u64),
}

impl Message {
    /// The FIFO group: what must stay in order with what. A cancel waits behind nothing, neither its market's exits nor
    /// an earlier cancel whose call has died.
    #[must_use]
    pub fn group(&self) -> String {
        match self {
            Self::Cancel { intent, sweep, .. } => format!("cancel#{intent}#{sweep}"),
            Self::Bars { symbol, interval } => format!("{symbol}#{interval}"),
            Self::Signal { account, symbol, .. } | Self::Order { account, symbol, .. } => format!("{account}#{symbol}"),
            Self::Fill { fill } => format!("{}#{}", fill.account, fill.symbol),
        }
    }

    /// As JSON, with the version.
    ///
    /// # Errors
    /// [`MessageError::Parse`] never for these types; the signature is serde's.
    pub fn encode(&self) -> Result<String, MessageError> {
        Ok(serde_json::to_string(&Envelope { v: VERSION, message: self })?)
    }

    /// From JSON.
    ///
    /// # Errors
    /// [`MessageError::Version`] for another version, [`MessageError::Parse`] for anything else that does not fit.
    pub fn decode(body: &str) -> Result<Self, MessageError> {
        let mut fields: serde_json::Value = serde_json::from_str(body)?;
        let version = fields.get("v").and_then(serde_json::Value::as_u64).unwrap_or(0);
        if version != u64::from(VERSION) {
            return Err(MessageError::Version(version));
        }
        if let Some(object) = fields.as_object_mut() {
            object.remove("v");
        }
        Ok(serde_json::from_value(fields)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::sample;
    use crate::order::Side;
    use crate::port::Outgoing;
    use crate::time::Timestamp;

    #[test]
    fn a_message_reads_back_as_it_was_sent() {
        let fill = sample::fill(Side::Buy, "100", "0.3", 1);
        let message = Message::Fill { fill };
        assert_eq!(Message::decode(&message.encode().unwrap()).unwrap(), message);
    }

    #[test]
    fn a_cancel_waits_behind_no_other_message() {
        let intent = sample::entry("1");
        let cancel = Outgoing::to_cancel(&intent, Timestamp::from_ms(0));
        assert_eq!(cancel.queue, QueueName::Exits);
        assert_eq!(Message::decode(&cancel.message.encode().unwrap()).unwrap(), cancel.message);
        let place = Outgoing::to_place(&intent);
        assert_ne!(cancel.message.group(), place.message.group());
        // Sent again by the next sweep it arrives again, and does not wait for the first; twice by one sweep, once.
        let again = |ms| Outgoing::to_cancel(&intent, Timestamp::from_ms(ms));
        assert_eq!(again(59_999), cancel);
        let next = again(60_000);
        assert!(next.dedup != cancel.dedup && next.message.group() != cancel.message.group());
    }

    #[test]
    fn another_version_and_an_unknown_field_are_refused() {
        let good = r#"{"v":1,"kind":"bars","symbol":"BTCUSDT","interval":"1h"}"#;
        assert!(Message::decode(good).is_ok());
        assert!(matches!(Message::decode(&good.replace(":1,", ":99,")), Err(MessageError::Version(99))));
        assert!(matches!(Message::decode(&good.replace("1h\"", "1h\",\"extra\":1")), Err(MessageError::Parse(_))));
        assert!(matches!(Message::decode("not json"), Err(MessageError::Parse(_))));
        assert!(matches!(Message::decode("{}"), Err(MessageError::Version(0))));
    }
}
