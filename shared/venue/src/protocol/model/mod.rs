//! What venues tell, in one form. Amounts are exact decimals; a field a venue does not tell is `None`, never a guess.
//!
//! Quantities of contracts are in the venue's unit of quantity, whose worth is [`super::Instrument::contract_size`].
//!
//! | module | what of |
//! |---|---|
//! | `market` | tickers, books, bars, trades of the market |
//! | `order` | orders and fills |
//! | `contract` | positions, margin, funding |
//! | `account` | balances, fees, permissions, movements |

mod account;
mod contract;
mod market;
mod order;

pub use account::{AccountRow, Balances, EarnProduct, FeeRate, Holding, KeyPermissions, Movement, MovementKind};
pub use contract::{
    Funding, FundingPayment, LeverageSetting, LeverageTier, MarginMode, OpenInterest, PositionReport, PositionSide,
};
pub use market::{Bar, Currency, Level, OrderBook, PublicTrade, Ticker, VenueHealth};
pub use order::{Liquidity, OrderReport, OrderState, OwnTrade, Side, VenueFee};
