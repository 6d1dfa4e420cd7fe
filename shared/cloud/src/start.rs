//! The start of a function: everything that is done once, before the first event.

use crate::aws::Aws;
use crate::{Environment, EnvironmentFaults};
use boot::config::{ConfigFaults, DeskConfig};
use boot::resources::Resources;
use boot::{WallClock, apply_environment, observe};
use desk::message::QueueName;
use desk::port::Clock;
use desk::strategy::Strategy;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use store::dynamodb::DynamoTable;
use store::sqs::SqsQueues;
use store::{Store, StoreError};
use thiserror::Error;
use venue::paper::{Announced, Paper, Terms};

/// The paper venue on AWS: it stands where it was last announced to.
pub type CloudVenue = Paper<DynamoTable, Announced<DynamoTable>, WallClock>;

/// A function can't begin.
#[derive(Debug, Error)]
pub enum StartError {
    /// Its environment is incomplete.
    #[error(transparent)]
    Environment(#[from] EnvironmentFaults),
    /// Its configuration can't be read.
    #[error("{path}: {reason}; it is put beside the function when it is packaged (cargo xtask package)")]
    Unreadable {
        /// Which file.
        path: String,
        /// Why.
        reason: String,
    },
    /// Its configuration can't be used.
    #[error(transparent)]
    Config(#[from] ConfigFaults),
    /// It can't trade at its venue.
    #[error("it can't trade at {venue}: {reason}")]
    Live {
        /// Where.
        venue: String,
        /// Why.
        reason: String,
    },
    /// The list of resources does not have its shape.
    #[error("infra/resources.json: {0}")]
    Resources(#[from] serde_json::Error),
    /// Where candles come from can't be used.
    #[error("candles can't be pulled: {0}")]
    Candles(String),
    /// The account can't be opened.
    #[error(transparent)]
    Account(#[from] StoreError),
}

/// What every function works with.
#[derive(Debug)]
pub struct Desk {
    /// What the desk is told.
    pub config: Arc<DeskConfig>,
    /// By what it trades.
    pub strategy: Strategy,
    /// Its books.
    pub store: Store<DynamoTable>,
    /// Its queues, as far as this function may send to them.
    pub queues: SqsQueues,
    /// Its time.
    pub clock: WallClock,
    /// The dead letters of the queues whose messages this function is given.
    pub(crate) dead_letters: BTreeMap<QueueName, String>,
    /// The client behind the queues.
    pub(crate) sqs: aws_sdk_sqs::Client,
    /// What signs requests to AWS that have no client.
    pub(crate) aws: Aws,
    pub(crate) resources: Resources,
    pub(crate) environment: Environment,
}

/// The configuration, beside the program.
const CONFIG: &str = "desk.json";

impl Desk {
    /// Reads the environment and the configuration, builds the clients and makes one call, so that the first event finds
    /// an open connection.
    ///
    /// # Errors
    /// [`StartError`], with everything that is missing or wrong.
    pub async fn begin() -> Result<Self, StartError> {
        let environment = Environment::of_process();
        let resources = Resources::read()?;
        let names = &resources.environment;
        observe::init(std::io::stdout());
        boot::metrics::init(environment.required(&names.metrics_namespace), std::io::stdout());
        let aws = Aws::new(&environment);
        let table = DynamoTable::new(aws.dynamodb(), environment.required(&names.table));
        let folder = environment.required("LAMBDA_TASK_ROOT");
        environment.check()?;
        let config = read(&Path::new(&folder).join(CONFIG), &environment)?;
        let strategy = config.check()?;
        config.traded_live()?;
        let urls = |name: &dyn Fn(QueueName) -> String| {
            let url = |queue: QueueName| Some((queue, environment.get(&name(queue))?.to_owned()));
            QueueName::ALL.into_iter().filter_map(url).collect::<BTreeMap<_, _>>()
        };
        let sqs = aws.sqs();
        let queues = SqsQueues::new(sqs.clone(), urls(&|queue| names.queue_url(queue)));
        let dead_letters = urls(&|queue| names.dead_letter_url(queue));
        let store = Store::new(table);
        let config = Arc::new(config);
        // Whatever it answers: the connection is open, and an error will show itself to the first event.
        let _ = store.kill_state(&config.account).await;
        let clock = WallClock;
        Ok(Self { config, strategy, store, queues, clock, dead_letters, sqs, aws, resources, environment })
    }

    /// A desk over an HTTP client that a test has made.
    #[cfg(test)]
    pub(crate) fn over(
        environment: &Environment,
        http: aws_smithy_runtime_api::client::http::SharedHttpClient,
        config: DeskConfig,
        dead_letters: BTreeMap<QueueName, String>,
    ) -> Self {
        let aws = Aws::over(environment, http);
        let (strategy, sqs) = (config.check().unwrap(), aws.sqs());
        let store = Store::new(DynamoTable::new(aws.dynamodb(), "table"));
        let queues = SqsQueues::new(sqs.clone(), BTreeMap::new());
        let (config, clock, resources) = (Arc::new(config), WallClock, Resources::read().unwrap());
        let environment = Environment::default();
        Self { config, strategy, store, queues, clock, dead_letters, sqs, aws, resources, environment }
    }

    /// The paper venue.
    pub(crate) fn paper_venue(&self) -> CloudVenue {
        let paper = &self.config.paper;
        let terms = Terms { fee: paper.fee, slippage: paper.slippage, participation: paper.participation };
        let instruments = self.config.markets.iter().map(|market| market.instrument.clone());
        let table = self.store.table();
        Paper::new(self.config.venue.clone(), table.clone(), Announced(table.clone()), self.clock, terms, instruments)
    }

    /// Opens the account, the first time, and funds it if it is on paper; later brings it to the limits and markets of the
    /// configuration.
    ///
    /// # Errors
    /// [`StartError::Account`] if it was opened otherwise, or the store fails.
    pub async fn open_account(&self) -> Result<(), StartError> {
        let opening = self.config.opening(self.clock.now());
        self.store.open_or_adopt(&opening).await?;
        let DeskConfig { account, quote, cash, .. } = self.config.as_ref();
        let Some(paper) = self.paper() else { return Ok(()) };
        Ok(paper.fund(account, quote, *cash).await.map_err(StoreError::from)?)
    }
}

fn read(path: &Path, environment: &Environment) -> Result<DeskConfig, StartError> {
    let fault = |reason: String| StartError::Unreadable { path: path.display().to_string(), reason };
    let text = std::fs::read_to_string(path).map_err(|e| fault(e.to_string()))?;
    let mut config: DeskConfig = serde_json::from_str(&text).map_err(|e| fault(e.to_string()))?;
    apply_environment(&mut config, environment.all())?;
    Ok(config)
}
