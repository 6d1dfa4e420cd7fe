//! Where the market stands: the bar that has begun, and its first price.

use super::PaperError;
use super::rows;
use desk::id::{AccountId, Symbol};
use desk::money::Price;
use desk::port::{Clock, Row, Table, decode};
use desk::time::{Interval, Timestamp};
use serde::{Deserialize, Serialize};
use std::future::Future;

/// Where a market stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// When the bar began that has not ended: the stamp of orders accepted now.
    pub at: Timestamp,
    /// On which bars the market is followed, and the first price of this one, once it is known.
    pub opening: Option<(Interval, Price)>,
}

impl Row for Standing {
    const VERSION: u32 = 1;
}

/// Tells where a market stands.
pub trait Stand: Send + Sync {
    /// Where it stands for an account; `None` if nobody has followed it yet.
    fn stands(
        &self,
        account: &AccountId,
        symbol: &Symbol,
    ) -> impl Future<Output = Result<Option<Standing>, PaperError>> + Send;
}

/// A market's own clock, where there is one: whoever turns it also plays the openings.
impl<C: Clock> Stand for C {
    async fn stands(&self, _: &AccountId, _: &Symbol) -> Result<Option<Standing>, PaperError> {
        Ok(Some(Standing { at: self.now(), opening: None }))
    }
}

/// What [`super::Paper::follow`] has announced, in the table.
#[derive(Debug, Clone)]
pub struct Announced<T>(pub T);

impl<T: Table> Stand for Announced<T> {
    async fn stands(&self, account: &AccountId, symbol: &Symbol) -> Result<Option<Standing>, PaperError> {
        let item = self.0.get(&rows::standing(account, symbol)).await?;
        Ok(item.as_ref().map(decode).transpose()?)
    }
}
