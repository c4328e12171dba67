//! The connectors of one shard, as one thing to call.
//!
//! [`Tasks`] is the checked configuration, shared by all shards; [`Connectors`] are one shard's own. They find
//! out who serves a call, hand over its payload, and have its answer dressed. Must not know runs. Invariant: a
//! ticket is pending here exactly as long as its connector owes an answer that somebody waits for.

use super::bind::{self, Bound, Offer, Served, Target};
use super::config::{Config, ConfigError, Named};
use super::lambda::envelope::{self, Style};
use super::lambda::function::{Function, Home};
use super::lambda::functions::{BuiltIn, Delay, FunctionConnector};
use super::lambda::http::{HttpConnector, Service};
use super::lambda::payload::Payload;
use super::lambda::response::Dress;
use super::produce::Produce;
use super::table::{ConnectorIndex, Table};
use super::{
    Answer, Answers, Attempt, Bindings, Call, Caller, Connector, Failure, Functions, Progress, Report,
    Unserved,
};
use crate::guard::guarded;
use crate::program::{Pattern, Program};
use crate::stream::{SendError, Sink, Ticket};
use crate::value::Key;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Most functions whose names are computed at run time and remembered, on one shard.
const COMPUTED_MAX: usize = 1024;

/// What runs tasks, as configured and checked.
pub struct Tasks {
    table: Table,
    home: Home,
    makers: Vec<Maker>,
}

/// Makes a connector on a shard.
enum Maker {
    Function(Arc<dyn Fn() -> BuiltIn + Send + Sync>),
    Delay(u32),
    Http(Arc<Service>),
    Kafka(Arc<[Pattern]>),
}

impl Tasks {
    /// Checks a configuration; `home` is the service's own region and account.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn new(config: &Config, functions: &Functions, home: Home) -> Result<Tasks, Vec<ConfigError>> {
        let (mut table, mut makers, mut problems) = (Table::default(), Vec::new(), Vec::new());
        for (pattern, entry) in &config.entries {
            let maker = entry.connector().and_then(|named| maker(&named, functions));
            match (maker, u16::try_from(makers.len())) {
                (Ok(maker), Ok(index)) => {
                    table.add(pattern, ConnectorIndex(index));
                    makers.push(maker);
                }
                (Ok(_), Err(_)) => problems.push(ConfigError {
                    pattern: pattern.clone(),
                    key: None,
                    message: "too many entries".into(),
                }),
                (Err((key, message)), _) => problems.push(ConfigError {
                    pattern: pattern.clone(),
                    key,
                    message,
                }),
            }
        }
        match problems.is_empty() {
            true => Ok(Tasks { table, home, makers }),
            false => Err(problems),
        }
    }

    /// Connects a program to what serves its tasks. `data_is_seen` says that results are written to logs:
    /// then answers are written in full even where the program reads little of them.
    ///
    /// # Errors
    /// Every task that nobody serves, as far as the program says what it calls.
    pub fn bind(&self, program: &Program, data_is_seen: bool) -> Result<Bindings, Vec<Unserved>> {
        self.offer(|offer| bind::bind(program, offer, data_is_seen))
    }

    fn offer<T>(&self, use_it: impl FnOnce(&Offer<'_>) -> T) -> T {
        let topics = |index: ConnectorIndex| match &self.makers[usize::from(index.0)] {
            Maker::Kafka(topics) => Some(&**topics),
            _ => None,
        };
        use_it(&Offer {
            table: &self.table,
            home: &self.home,
            topics: &topics,
        })
    }

    /// Makes the connectors of a shard, which answer to `answers`. Call it on the shard's thread, inside its
    /// `LocalSet`. Ids in answers follow from `seed`, which is to differ from shard to shard and start to
    /// start.
    pub fn connect(self: &Arc<Tasks>, answers: Answers, seed: u64) -> Connectors {
        let is_kafka = |maker: &&Maker| matches!(maker, Maker::Kafka(_));
        let entries = self.makers.iter().filter(is_kafka).count();
        let connectors = self
            .makers
            .iter()
            .map(|maker| maker.make(&answers, entries))
            .collect();
        Connectors {
            tasks: self.clone(),
            connectors,
            answers,
            pending: FxHashMap::default(),
            computed: FxHashMap::default(),
            dress: Dress::new(seed),
            name: String::new(),
            keys: Keys {
                function_name: Key::new("FunctionName"),
                qualifier: Key::new("Qualifier"),
                payload: Key::new("Payload"),
            },
        }
    }
}

impl std::fmt::Debug for Tasks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tasks")
            .field("table", &self.table)
            .finish_non_exhaustive()
    }
}

fn maker(named: &Named<'_>, functions: &Functions) -> Result<Maker, (Option<&'static str>, String)> {
    match named {
        Named::Function(name) => match functions.maker(name) {
            Some(maker) => Ok(Maker::Function(maker)),
            None => {
                let known: Vec<&str> = functions.names().chain(["delay"]).collect();
                let message = format!("there is no function '{name}'; there are {}", known.join(", "));
                Err((Some("function"), message))
            }
        },
        Named::Delay(milliseconds) => Ok(Maker::Delay(*milliseconds)),
        Named::Http(entry) => Ok(Maker::Http(Arc::new(Service::new(entry)?))),
        Named::Kafka(topics) => {
            let topics = topics.iter().map(|topic| Pattern::parse(topic));
            Ok(Maker::Kafka(topics.collect()))
        }
    }
}

impl Maker {
    fn make(&self, answers: &Answers, entries: usize) -> Box<dyn Connector> {
        match self {
            Maker::Function(make) => Box::new(FunctionConnector(make())),
            Maker::Delay(milliseconds) => Box::new(Delay {
                milliseconds: *milliseconds,
            }),
            Maker::Http(service) => Box::new(HttpConnector::new(service.clone(), answers.clone())),
            Maker::Kafka(topics) => Box::new(Produce::new(topics.clone(), answers.clone(), entries)),
        }
    }
}

/// What runs the tasks of one shard.
pub struct Connectors {
    tasks: Arc<Tasks>,
    connectors: Vec<Box<dyn Connector>>,
    answers: Answers,
    pending: FxHashMap<Ticket, Pending>,
    /// Who serves functions that are named at run time.
    computed: FxHashMap<Box<str>, Served>,
    dress: Dress,
    /// Names to look up in `computed`.
    name: String,
    keys: Keys,
}

struct Keys {
    function_name: Key,
    qualifier: Key,
    payload: Key,
}

/// A call whose answer is owed.
struct Pending {
    connector: ConnectorIndex,
    style: Style,
    version: Box<str>,
}

impl Caller for Connectors {
    fn call(
        &mut self,
        attempt: &Attempt<'_>,
        ticket: Ticket,
        sink: &mut dyn Sink,
        result: &mut Vec<u8>,
    ) -> Progress {
        result.clear();
        let bound = attempt.bindings.task(attempt.task);
        let served = match &bound.target {
            Target::Fixed(served) => served,
            Target::Computed => match self.look_up(attempt) {
                Ok(()) => &self.computed[self.name.as_str()],
                Err(failure) => return Progress::Failure(failure),
            },
        };
        let (view, function) = (attempt.view, served.function.as_ref());
        let payload = if bound.style == Style::Bare {
            Payload::new(view, attempt.parameters)
        } else {
            let given = view.member(attempt.parameters, &self.keys.payload);
            Payload::invoked(view, given, self.dress.scratch())
        };
        let call = Call {
            resource: &bound.resource,
            function,
            payload,
            parameters: attempt.parameters,
            view,
            event: bound.style == Style::Accepted,
            key: attempt.key,
            timeout_seconds: attempt.timeout_seconds,
            now_ms: attempt.now_ms,
        };
        let version = function.map_or("", Function::version);
        if let Style::Envelope(detail) = bound.style {
            envelope::open(detail, version, result);
        }
        let start = result.len();
        let connector = &mut self.connectors[usize::from(served.connector.0)];
        match connector.call(&call, ticket, sink, result) {
            Progress::Pending => {
                self.pending.insert(ticket, Pending::new(served, bound));
                Progress::Pending
            }
            Progress::Failure(failure) => self.dress.failure(bound.style, failure, attempt.now_ms, result),
            progress => match self
                .dress
                .success(bound.style, version, start, attempt.now_ms, result)
            {
                Ok(()) => progress,
                Err(failure) => Progress::Failure(failure),
            },
        }
    }

    /// Drops reports on calls that were answered or cancelled.
    fn take(&mut self, now_ms: i64) -> Option<(Ticket, Report)> {
        loop {
            match self.answers.take()? {
                (ticket, Report::Heartbeat) if self.pending.contains_key(&ticket) => {
                    return Some((ticket, Report::Heartbeat));
                }
                (_, Report::Heartbeat) => {}
                (ticket, Report::Answer(answer)) => {
                    if let Some(pending) = self.pending.remove(&ticket) {
                        return Some((ticket, Report::Answer(self.dressed(&pending, answer, now_ms))));
                    }
                }
            }
        }
    }

    fn cancel(&mut self, ticket: Ticket) {
        if let Some(pending) = self.pending.remove(&ticket) {
            self.connectors[usize::from(pending.connector.0)].cancel(ticket);
        }
    }

    fn acknowledged(&mut self, ticket: Ticket, result: Result<(), SendError>) {
        let Some(pending) = self.pending.get(&ticket) else {
            // Its connector may still count it.
            for connector in &mut self.connectors {
                connector.acknowledged(ticket, result.clone());
            }
            return;
        };
        let connector = &mut self.connectors[usize::from(pending.connector.0)];
        if let Err(message) = guarded(|| connector.acknowledged(ticket, result)) {
            self.answers.answer(ticket, Err(Failure::panicked(&message)));
        }
    }

    fn poll(&mut self, sink: &mut dyn Sink) {
        for connector in &mut self.connectors {
            connector.poll(sink);
        }
    }

    fn waiting(&self) -> usize {
        self.connectors.iter().map(|connector| connector.waiting()).sum()
    }
}

impl Connectors {
    /// Returns how many calls are pending.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    fn dressed(&mut self, pending: &Pending, answer: Answer, now_ms: i64) -> Answer {
        // The answer comes from outside: whatever it does to us, it is one call's.
        let answer = guarded(|| self.dress.answer(pending.style, &pending.version, answer, now_ms));
        answer.unwrap_or_else(|message| Err(Failure::panicked(&message)))
    }

    /// Leaves what serves the function that the parameters name in `computed`, under `name`.
    fn look_up(&mut self, attempt: &Attempt<'_>) -> Result<(), Failure> {
        let (view, parameters) = (attempt.view, attempt.parameters);
        let text = |key: &Key| view.string(view.member(parameters, key)?);
        self.name.clear();
        let invalid = |name: &str| {
            let cause = format!("The FunctionName '{name}' is not the name of a function.");
            Failure::new("Lambda.InvalidParameterValueException", cause)
        };
        match text(&self.keys.function_name) {
            Some(name) => name.decode_into(&mut self.name),
            None => return Err(invalid("")),
        }
        let split = self.name.len();
        if let Some(qualifier) = text(&self.keys.qualifier) {
            self.name.push('\n');
            qualifier.decode_into(&mut self.name);
        }
        if self.computed.contains_key(self.name.as_str()) {
            return Ok(());
        }
        let (name, qualifier) = self.name.split_at(split);
        let qualifier = qualifier.strip_prefix('\n');
        let function = Function::parse(name, qualifier, &self.tasks.home).ok_or_else(|| invalid(name))?;
        let connector = self.tasks.offer(|offer| bind::find(&function, offer))?;
        if self.computed.len() >= COMPUTED_MAX {
            self.computed.clear();
        }
        let function = Some(function);
        self.computed
            .insert(self.name.as_str().into(), Served { connector, function });
        Ok(())
    }
}

impl Pending {
    fn new(served: &Served, bound: &Bound) -> Pending {
        Pending {
            connector: served.connector,
            style: bound.style,
            version: served.function.as_ref().map_or("", Function::version).into(),
        }
    }
}
