//! An account that is not the desk's alone: what it holds already, what other hands do in it, what comes in and goes out; and
//! the way from paper to real money.

mod command;
mod dust;
mod exchange;
mod handlers;
mod opening;
mod running;
mod simulated;
