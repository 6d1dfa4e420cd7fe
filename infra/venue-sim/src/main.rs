//! The simulated exchange as a program.

use clap::Parser;
use venue_sim::api::limits::Limits;
use venue_sim::server::{Config, Listing, start};

/// A simulated spot exchange on this machine, in Binance's dialect. See the README for its faults.
#[derive(Parser)]
#[command(name = "venue-sim")]
struct Arguments {
    /// The port on 127.0.0.1; any free one, when 0.
    #[arg(long, default_value_t = 8787)]
    port: u16,
    /// The seed of the synthetic participants.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The markets, separated by commas.
    #[arg(long, value_delimiter = ',', default_value = "BTCUSDT,ETHUSDT,BNBUSDT")]
    symbols: Vec<String>,
    /// How many times faster than usual the participants go.
    #[arg(long, default_value_t = 1)]
    speed: u32,
    /// Without participants: books are empty until somebody places an order.
    #[arg(long)]
    quiet: bool,
    /// Without limits of weights and order counts, to measure with.
    #[arg(long)]
    no_limits: bool,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    let mut config = if arguments.quiet { Config::quiet() } else { Config::lively(arguments.seed) };
    config.listen.set_port(arguments.port);
    config.speed = arguments.speed;
    if arguments.no_limits {
        config.limits = Limits::none();
    }
    let listing =
        |symbol: &String| Listing::named(symbol).ok_or_else(|| format!("{symbol} is not a market this program knows"));
    config.listings = arguments.symbols.iter().map(listing).collect::<Result<_, _>>()?;
    let mut sim = start(config).await?;
    println!("simulated exchange at {} and {} (key sim-key, secret sim-secret)", sim.url(), sim.ws_url());
    tokio::select! {
        () = sim.wait() => {}
        stopped = tokio::signal::ctrl_c() => stopped?,
    }
    Ok(())
}
