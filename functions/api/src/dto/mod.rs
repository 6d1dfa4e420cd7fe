//! What the API answers. Amounts are strings: JSON numbers would lose digits. Times are UTC milliseconds.

mod decisions;
mod ledger;
mod orders;
mod portfolio;

pub use decisions::{CheckDto, DecisionDto, DecisionLineDto, DecisionsDto, VerdictDto};
pub use ledger::{LedgerDto, LedgerQuery, PostingDto, TransactionDto};
pub use orders::{FillDto, OrderDto, OrdersDto, PageQuery, PassageDto, ResolveBody};
pub use portfolio::{AssetDto, BalanceDto, BalancesDto, HealthDto, PortfolioDto, PositionDto};
