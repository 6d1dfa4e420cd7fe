//! The venues that have cases: an adapter each, and where it answers differently on purpose.

mod binance;
mod bitget;
mod bybit;
mod coinbase;
mod kraken;
mod krakenfutures;
mod kucoin;
mod kucoinfutures;
mod okx;

use crate::cases::Case;
use venue::protocol::Protocol;

/// Why a case is not met on purpose. It counts only for cases that are not met.
pub struct Different {
    /// Whether it is about this case.
    pub applies: fn(&Case) -> bool,
    /// Why, in words a maintainer would accept.
    pub reason: &'static str,
}

/// One venue of the cases.
pub struct Subject {
    /// Its name, which is the name of its file.
    pub name: &'static str,
    /// Its adapter.
    pub adapter: Option<&'static dyn Protocol>,
    /// Where it differs on purpose.
    pub different: &'static [Different],
    /// The passphrase is part of its credentials.
    pub passphrase: bool,
}

macro_rules! subjects {
    ($($name:ident),*) => {
        /// All of them.
        #[must_use]
        pub fn subjects() -> Vec<Subject> {
            vec![$(Subject {
                name: stringify!($name),
                adapter: $name::adapter(),
                different: $name::DIFFERENT,
                passphrase: matches!(stringify!($name), "bitget" | "kucoin" | "kucoinfutures" | "okx"),
            }),*]
        }
    };
}

subjects!(binance, bitget, bybit, coinbase, kraken, krakenfutures, kucoin, kucoinfutures, okx);
