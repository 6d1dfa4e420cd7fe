//! Nothing but tests; see `e2e/`.
