//! Bitget.
