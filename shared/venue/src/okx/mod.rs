//! OKX.
