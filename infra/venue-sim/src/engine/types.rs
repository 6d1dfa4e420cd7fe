//! The words of the exchange: sides, order types, statuses, orders and fills, spelt as Binance spells them.

use rust_decimal::Decimal;

/// Milliseconds since 1970, UTC. Always a value from outside: the engine owns no clock.
pub type Ms = i64;

/// An account's number; [`FEES`] is the exchange's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(pub usize);

/// The account that all commissions go to.
pub const FEES: AccountId = AccountId(0);

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$doc])* $variant),+ }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// As written on the wire.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// From the wire; exact, case included.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

words! {
    /// Which side of the book.
    Side {
        /// Receives the base asset.
        Buy = "BUY",
        /// Gives the base asset.
        Sell = "SELL",
    }
}

impl Side {
    /// The other one.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }
}

words! {
    /// Order types.
    Kind {
        /// Rests at a price.
        Limit = "LIMIT",
        /// Takes whatever is there.
        Market = "MARKET",
        /// Rests, or is refused.
        LimitMaker = "LIMIT_MAKER",
        /// A market order when the price moves against.
        StopLoss = "STOP_LOSS",
        /// A limit order when the price moves against.
        StopLossLimit = "STOP_LOSS_LIMIT",
        /// A market order when the price moves in favour.
        TakeProfit = "TAKE_PROFIT",
        /// A limit order when the price moves in favour.
        TakeProfitLimit = "TAKE_PROFIT_LIMIT",
    }
}

impl Kind {
    /// Whether it waits for a stop price ("algo" orders in the filters' words).
    #[must_use]
    pub const fn is_stop(self) -> bool {
        matches!(self, Self::StopLoss | Self::StopLossLimit | Self::TakeProfit | Self::TakeProfitLimit)
    }

    /// Whether it has a limit price.
    #[must_use]
    pub const fn has_price(self) -> bool {
        matches!(self, Self::Limit | Self::LimitMaker | Self::StopLossLimit | Self::TakeProfitLimit)
    }

    /// Whether it waits for the price to rise (to fall, otherwise); of stop orders only.
    #[must_use]
    pub const fn triggers_above(self, side: Side) -> bool {
        match self {
            Self::StopLoss | Self::StopLossLimit => matches!(side, Side::Buy),
            Self::TakeProfit | Self::TakeProfitLimit => matches!(side, Side::Sell),
            Self::Limit | Self::Market | Self::LimitMaker => false,
        }
    }
}

words! {
    /// How long an order works.
    Tif {
        /// Until canceled.
        Gtc = "GTC",
        /// What fills at once; the rest expires.
        Ioc = "IOC",
        /// All at once, or nothing.
        Fok = "FOK",
    }
}

words! {
    /// Self-trade prevention; the taker's mode decides.
    Stp {
        /// An account may trade with itself.
        None = "NONE",
        /// The incoming order expires.
        ExpireTaker = "EXPIRE_TAKER",
        /// The resting order expires.
        ExpireMaker = "EXPIRE_MAKER",
        /// Both expire.
        ExpireBoth = "EXPIRE_BOTH",
    }
}

words! {
    /// Order statuses.
    Status {
        /// Accepted, nothing filled.
        New = "NEW",
        /// Some filled, still working.
        PartiallyFilled = "PARTIALLY_FILLED",
        /// All filled.
        Filled = "FILLED",
        /// Canceled by its owner.
        Canceled = "CANCELED",
        /// Refused after it had been accepted.
        Rejected = "REJECTED",
        /// Ended by the rules of its type, or by the exchange.
        Expired = "EXPIRED",
        /// Ended by self-trade prevention.
        ExpiredInMatch = "EXPIRED_IN_MATCH",
    }
}

impl Status {
    /// Whether the order can still trade.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::New | Self::PartiallyFilled)
    }
}

words! {
    /// What an execution report tells.
    Execution {
        /// Accepted, or triggered.
        New = "NEW",
        /// Canceled by its owner.
        Canceled = "CANCELED",
        /// Made smaller by its owner.
        Replaced = "REPLACED",
        /// Refused after it had been accepted.
        Rejected = "REJECTED",
        /// A fill.
        Trade = "TRADE",
        /// Ended by the rules or by the exchange.
        Expired = "EXPIRED",
        /// Ended by self-trade prevention.
        TradePrevention = "TRADE_PREVENTION",
    }
}

words! {
    /// Why an order expired.
    Expiry {
        /// A triggered order could not be placed.
        Rejected = "REJECTED",
        /// The exchange took it out.
        ExchangeCanceled = "EXCHANGE_CANCELED",
        /// The other order of its pair began to work.
        OcoTrigger = "OCO_TRIGGER",
        /// The rest of an IOC order.
        UnfilledIoc = "UNFILLED_IOC_QUANTITY_EXPIRED",
        /// A FOK order that could not fill wholly.
        UnfilledFok = "UNFILLED_FOK_ORDER_EXPIRED",
        /// The book was too thin for a market order.
        InsufficientLiquidity = "INSUFFICIENT_LIQUIDITY",
    }
}

/// An order that somebody wishes to place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOrder {
    /// The market, such as `BTCUSDT`.
    pub symbol: String,
    /// Its side.
    pub side: Side,
    /// Its type.
    pub kind: Kind,
    /// Its time in force; GTC where the type has none.
    pub tif: Tif,
    /// Base quantity; zero for an order by quote amount.
    pub quantity: Decimal,
    /// Quote amount of a market order; zero otherwise.
    pub quote_quantity: Decimal,
    /// Limit price; zero where the type has none.
    pub price: Decimal,
    /// Stop price; zero where the type has none.
    pub stop_price: Decimal,
    /// Its owner's name for it; the exchange makes one up, when empty.
    pub client_id: String,
    /// Self-trade prevention.
    pub stp: Stp,
    /// Its owner's mark.
    pub strategy: (Option<i64>, Option<i64>),
}

impl NewOrder {
    /// A limit order, good till canceled.
    #[must_use]
    pub fn limit(symbol: &str, side: Side, price: Decimal, quantity: Decimal) -> Self {
        Self {
            symbol: symbol.to_owned(),
            side,
            kind: Kind::Limit,
            tif: Tif::Gtc,
            quantity,
            quote_quantity: Decimal::ZERO,
            price,
            stop_price: Decimal::ZERO,
            client_id: String::new(),
            stp: Stp::None,
            strategy: (None, None),
        }
    }

    /// A market order by base quantity.
    #[must_use]
    pub fn market(symbol: &str, side: Side, quantity: Decimal) -> Self {
        Self { kind: Kind::Market, ..Self::limit(symbol, side, Decimal::ZERO, quantity) }
    }
}

/// An order as the exchange keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Its number.
    pub id: u64,
    /// Whose it is.
    pub account: AccountId,
    /// The market.
    pub symbol: String,
    /// Its owner's name for it.
    pub client_id: String,
    /// The name of the request that canceled it; the former name, of an order that was made smaller.
    pub cancel_id: Option<String>,
    /// The pair it belongs to.
    pub list: Option<u64>,
    /// Its side.
    pub side: Side,
    /// Its type.
    pub kind: Kind,
    /// Its time in force.
    pub tif: Tif,
    /// Self-trade prevention.
    pub stp: Stp,
    /// Limit price; zero where the type has none.
    pub price: Decimal,
    /// Stop price; zero where the type has none.
    pub stop_price: Decimal,
    /// Base quantity asked for.
    pub quantity: Decimal,
    /// Quote amount asked for; zero otherwise.
    pub quote_quantity: Decimal,
    /// Base quantity filled.
    pub executed: Decimal,
    /// Quote amount filled.
    pub executed_quote: Decimal,
    /// Its status.
    pub status: Status,
    /// Whether it works: a stop order does only once triggered.
    pub working: bool,
    /// When it was accepted.
    pub placed_at: Ms,
    /// When it last changed.
    pub updated_at: Ms,
    /// Since when it works.
    pub working_at: Option<Ms>,
    /// What is locked for it: quote of a buy, base of a sell.
    pub held: Decimal,
    /// Why it expired.
    pub expiry: Option<Expiry>,
    /// Quantity that self-trade prevention took away.
    pub prevented: Decimal,
    /// The prevented match.
    pub prevented_match: Option<u64>,
    /// Its owner's mark.
    pub strategy: (Option<i64>, Option<i64>),
    /// Whether it is in the book now.
    pub(super) resting: bool,
}

impl Order {
    /// What is still to fill.
    #[must_use]
    pub fn remaining(&self) -> Decimal {
        self.quantity - self.executed
    }

    /// Whether it was placed by quote amount.
    #[must_use]
    pub fn by_quote(&self) -> bool {
        !self.quote_quantity.is_zero()
    }

    /// What has to be locked for what is still to fill: quote of a buy, base of a sell; nothing for a market order.
    pub(super) fn need(&self) -> Decimal {
        let price = if self.kind.has_price() { self.price } else { self.stop_price };
        match (self.kind, self.side) {
            (Kind::Market, _) => Decimal::ZERO,
            (_, Side::Buy) => price * self.remaining(),
            (_, Side::Sell) => self.remaining(),
        }
    }
}

/// One side of a trade, as its account sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fill {
    /// The trade's number, unique in its market.
    pub trade_id: u64,
    /// The market.
    pub symbol: String,
    /// The order.
    pub order_id: u64,
    /// The order's pair.
    pub list: Option<u64>,
    /// The account's side.
    pub side: Side,
    /// Price.
    pub price: Decimal,
    /// Base quantity.
    pub quantity: Decimal,
    /// Quote amount.
    pub quote: Decimal,
    /// What it cost.
    pub commission: Decimal,
    /// In which asset.
    pub commission_asset: String,
    /// When.
    pub at: Ms,
    /// Whether the order had rested.
    pub maker: bool,
}

/// Two orders, of which one cancels the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderList {
    /// Its number.
    pub id: u64,
    /// Whose it is.
    pub account: AccountId,
    /// The market.
    pub symbol: String,
    /// Its owner's name for it.
    pub client_id: String,
    /// Its orders, the one above first.
    pub orders: Vec<u64>,
    /// Whether both orders have ended.
    pub done: bool,
    /// When it last changed.
    pub at: Ms,
}

/// What happened, in the order it happened; the streams are made of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A public trade.
    Trade(String, super::tape::Trade),
    /// Trades of one taker at one price.
    Aggregate(String, super::tape::Aggregate),
    /// The best of the book changed.
    Top(String, super::book::Top),
    /// An order changed.
    Report(Box<Report>),
    /// An order pair changed.
    List(OrderList, Vec<(u64, String)>),
    /// Balances changed.
    Position(AccountId, Vec<(String, super::ledger::Balance)>, Ms),
    /// A deposit, or a withdrawal.
    Moved(AccountId, String, Decimal, Ms),
}

/// An order as it was at one of its changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The order then.
    pub order: Order,
    /// What happened to it.
    pub execution: Execution,
    /// The fill, of a trade.
    pub fill: Option<Fill>,
    /// The report's number.
    pub number: u64,
    /// When.
    pub at: Ms,
}
