//! Exchange adapters, one folder a venue. Each answers the ports of [`desk::port`]; none decides anything.

pub mod paper;
