//! Kraken.
