//! Refusals: the exchange's code and its sentence, each decided where the rule is.

/// A clear no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code} {text}")]
pub struct Refusal {
    /// Binance's code.
    pub code: i32,
    /// Binance's sentence.
    pub text: String,
}

impl Refusal {
    /// From a code and a sentence.
    #[must_use]
    pub fn new(code: i32, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }

    /// -1013, with the filter's name.
    #[must_use]
    pub fn filter(name: &str) -> Self {
        Self::new(-1013, format!("Filter failure: {name}"))
    }

    /// -1121.
    #[must_use]
    pub fn symbol() -> Self {
        Self::new(-1121, "Invalid symbol.")
    }

    /// -2010: the engine said no.
    #[must_use]
    pub fn order(text: &str) -> Self {
        Self::new(-2010, text)
    }

    /// -2010 for want of funds.
    #[must_use]
    pub fn funds() -> Self {
        Self::order("Account has insufficient balance for requested action.")
    }

    /// -2011: nothing to cancel.
    #[must_use]
    pub fn cancel() -> Self {
        Self::new(-2011, "Unknown order sent.")
    }
}
