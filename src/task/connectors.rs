//! The connectors of one shard, as one thing to call.
//!
//! [`Tasks`] is the checked configuration, shared by all shards; [`Connectors`] are one shard's own. They find
//! out who serves a call, hand it over, and have its answer dressed by whoever gave it. Must not know runs. Invariant: a
//! ticket is pending here exactly as long as its connector owes an answer that somebody waits for.

use super::aws::{AwsMaker, Counts as Counted, Settings};
use super::bind::{self, Route};
use super::config::{Config, ConfigError, Kind, Mistake};
use super::lambda::functions::{Delay, FunctionMaker};
use super::lambda::http::{self, HttpMaker};
use super::lambda::process::{Command, Counts, ProcessMaker};
use super::lambda::{self, Computed, Invocation};
use super::maker::{Maker, Offer, Site};
use super::produce::ProduceMaker;
use super::reach::{self, Reached};
use super::table::{ConnectorIndex, Table};
use super::web::{self, Connections, Service, WebMaker};
use super::{
    Allow, Answer, Answers, Attempt, Bindings, Call, Caller, Connector, Failure, Functions, Home, Progress,
    Report, Target, Unserved,
};
use crate::guard::guarded;
use crate::program::Program;
use crate::random::Random;
use crate::stream::{SendError, Sink, Ticket};
use rustc_hash::FxHashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What runs tasks, as configured and checked.
pub struct Tasks {
    table: Table,
    home: Home,
    makers: Vec<Box<dyn Maker>>,
    /// By maker.
    patterns: Vec<String>,
    /// Of connections.
    counts: Arc<web::Counts>,
}

impl Tasks {
    /// Checks a configuration; `home` is the service's own region and account.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn new(config: &Config, functions: &Functions, home: Home) -> Result<Tasks, Vec<ConfigError>> {
        let (mut table, mut makers, mut patterns, mut problems) =
            (Table::default(), Vec::new(), Vec::new(), Vec::new());
        let connections = Connections::new(&config.connections).unwrap_or_else(|errors| {
            problems.extend(errors);
            Connections::default()
        });
        for (pattern, entry) in &config.entries {
            let maker = entry
                .kind()
                .and_then(|kind| maker(pattern, kind, functions, &connections, &home, &config.aws));
            match (maker, u16::try_from(makers.len())) {
                (Ok(maker), Ok(index)) => {
                    table.add(pattern, ConnectorIndex(index));
                    patterns.push(pattern.clone());
                    makers.push(maker);
                }
                (Ok(_), Err(_)) => problems.push(Mistake::of_entry("too many entries").at(pattern)),
                (Err(mistake), _) => problems.push(mistake.at(pattern)),
            }
        }
        match problems.is_empty() {
            true => Ok(Tasks {
                table,
                home,
                makers,
                patterns,
                counts: connections.counts(),
            }),
            false => Err(problems),
        }
    }

    /// Creates what has one entry.
    #[cfg(test)]
    pub(super) fn of(pattern: &str, maker: Box<dyn Maker>, home: Home) -> Tasks {
        let mut table = Table::default();
        table.add(pattern, ConnectorIndex(0));
        let makers = vec![maker];
        Tasks {
            table,
            home,
            makers,
            patterns: vec![pattern.to_owned()],
            counts: Arc::default(),
        }
    }

    /// Connects a program to what serves its tasks. `data_is_seen` says that results are written to logs:
    /// then answers are written in full even where the program reads little of them.
    ///
    /// # Errors
    /// Every task that nobody serves, as far as the program says what it calls.
    pub fn bind(&self, program: &Program, data_is_seen: bool) -> Result<Bindings, Vec<Unserved>> {
        bind::bind(program, self.offer(), data_is_seen, None)
    }

    /// Connects a program as [`Tasks::bind`] does; of what serves its tasks it may reach what `allow` grants. Anything
    /// else is a failure of the call that would reach it.
    ///
    /// # Errors
    /// Every task that nobody serves, as far as the program says what it calls.
    pub fn bind_within(
        &self,
        program: &Program,
        data_is_seen: bool,
        allow: Option<Arc<Allow>>,
    ) -> Result<Bindings, Vec<Unserved>> {
        bind::bind(program, self.offer(), data_is_seen, allow)
    }

    /// Returns what the tasks of a program reach, each with the pattern of the entry that serves it, where that is known
    /// before it is called.
    pub fn reached(&self, program: &Program, bindings: &Bindings) -> Vec<(Reached, Option<&str>)> {
        let reached = reach::reached(program, bindings, &self.home).into_iter();
        let pattern = |reached: &Reached| Some(self.patterns.get(reached.entry?)?.as_str());
        reached
            .map(|reached| {
                let pattern = pattern(&reached);
                (reached, pattern)
            })
            .collect()
    }

    /// Returns what the processes of functions have done, by the pattern of their entry.
    pub fn processes(&self) -> impl Iterator<Item = (&str, Arc<Counts>)> {
        let makers = self.patterns.iter().zip(&self.makers);
        makers.filter_map(|(pattern, maker)| Some((pattern.as_str(), maker.processes()?)))
    }

    /// Returns what connections have done.
    pub fn connections(&self) -> Arc<web::Counts> {
        self.counts.clone()
    }

    /// Returns what entries have asked of AWS, by their patterns.
    pub fn aws(&self) -> impl Iterator<Item = (&str, Arc<Counted>)> {
        let makers = self.patterns.iter().zip(&self.makers);
        makers.filter_map(|(pattern, maker)| Some((pattern.as_str(), maker.aws()?)))
    }

    /// Ends the processes of functions; returns when they have ended, or after so long. Says whether they have.
    pub fn stop(&self, longest: Duration) -> bool {
        let until = Instant::now() + longest;
        for maker in &self.makers {
            maker.stop();
        }
        let left = || until.saturating_duration_since(Instant::now());
        // Not `all`: each is to be waited for.
        self.makers.iter().filter(|maker| !maker.stopped(left())).count() == 0
    }

    fn offer(&self) -> Offer<'_> {
        Offer {
            table: &self.table,
            home: &self.home,
            makers: &self.makers,
        }
    }

    /// Makes the connectors of a shard, which answer to `answers`. Call it on the shard's thread, inside its
    /// `LocalSet`. Ids in answers follow from `seed`, which is to differ from shard to shard and start to
    /// start.
    pub fn connect(self: &Arc<Tasks>, answers: Answers, seed: u64) -> Connectors {
        let mut site = Site {
            answers: answers.clone(),
            random: Random::new(seed),
            writers: self.makers.iter().filter(|maker| maker.writes()).count(),
        };
        Connectors {
            tasks: self.clone(),
            connectors: self.makers.iter().map(|maker| maker.make(&mut site)).collect(),
            answers,
            pending: FxHashMap::default(),
            computed: Computed::new(),
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

fn maker(
    pattern: &str,
    kind: Kind<'_>,
    functions: &Functions,
    connections: &Connections,
    home: &Home,
    aws: &Settings,
) -> Result<Box<dyn Maker>, Mistake> {
    Ok(match kind {
        Kind::Function(name) => Box::new(FunctionMaker::new(name, functions)?),
        Kind::Delay(milliseconds) => Box::new(Delay(milliseconds)),
        Kind::Http(config, limits, calls) => {
            let service = http::Service::new(config, limits, calls)?;
            Box::new(HttpMaker(Arc::new(service)))
        }
        Kind::Process(config, limits) => Box::new(ProcessMaker::new(Command::new(config, limits, home)?)?),
        Kind::Aws(config, limits, calls) => Box::new(AwsMaker::new(config, limits, calls, aws, home)?),
        Kind::Kafka(config) => Box::new(ProduceMaker::new(config)),
        Kind::Web(keys) => {
            let service = Service::new(pattern, &keys, connections, aws, home)?;
            Box::new(WebMaker(Arc::new(service)))
        }
    })
}

/// What runs the tasks of one shard.
pub struct Connectors {
    tasks: Arc<Tasks>,
    connectors: Vec<Box<dyn Connector>>,
    answers: Answers,
    /// Calls whose answers are owed, and by whom.
    pending: FxHashMap<Ticket, ConnectorIndex>,
    computed: Computed,
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
        let allow = attempt.bindings.allow.as_deref();
        let (view, parameters) = (attempt.request.view, attempt.request.parameters);
        if let Err(failure) = bound.gate.check(allow, view, parameters, &self.tasks.home) {
            return Progress::Failure(failure);
        }
        let (index, target) = match &bound.route {
            Route::Resource(index) => (*index, Target::Resource),
            Route::Function(lambda::Route { style, served }) => {
                let served = match served {
                    Some(served) => served,
                    None => match self.computed.find(
                        attempt.request.view,
                        attempt.request.parameters,
                        self.tasks.offer(),
                    ) {
                        Ok(served) => served,
                        Err(failure) => return Progress::Failure(failure),
                    },
                };
                let (function, style) = (&served.function, *style);
                (served.connector, Target::Function(Invocation { function, style }))
            }
        };
        let call = Call {
            resource: &bound.resource,
            target,
            request: attempt.request,
        };
        let progress = self.connectors[index.at()].call(&call, ticket, sink, result);
        if matches!(progress, Progress::Pending) {
            self.pending.insert(ticket, index);
        }
        progress
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
                    if let Some(index) = self.pending.remove(&ticket) {
                        let answer = self.dressed(index, ticket, answer, now_ms);
                        return Some((ticket, Report::Answer(answer)));
                    }
                }
            }
        }
    }

    fn cancel(&mut self, ticket: Ticket) {
        if let Some(index) = self.pending.remove(&ticket) {
            self.connectors[index.at()].cancel(ticket);
        }
    }

    fn acknowledged(&mut self, ticket: Ticket, result: Result<(), SendError>) {
        let Some(index) = self.pending.get(&ticket) else {
            // Its connector may still count it.
            for connector in &mut self.connectors {
                let heard = guarded(|| connector.acknowledged(ticket, result.clone()));
                if let Err(message) = heard {
                    // No call waits for it: it is only told.
                    Failure::panicked(&message);
                }
            }
            return;
        };
        let connector = &mut self.connectors[index.at()];
        if let Err(message) = guarded(|| connector.acknowledged(ticket, result)) {
            self.answers.answer(ticket, Err(Failure::panicked(&message)));
        }
    }

    fn poll(&mut self, sink: &mut dyn Sink) {
        for connector in &mut self.connectors {
            if let Err(message) = guarded(|| connector.poll(sink)) {
                // What it was about to send waits on; the machine's own time limits end those calls.
                Failure::panicked(&message);
            }
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

    fn dressed(&mut self, index: ConnectorIndex, ticket: Ticket, answer: Answer, now_ms: i64) -> Answer {
        let connector = &mut self.connectors[index.at()];
        // The answer comes from outside: whatever it does to us, it is one call's.
        let answer = guarded(|| connector.dress(ticket, answer, now_ms));
        answer.unwrap_or_else(|message| Err(Failure::panicked(&message)))
    }
}
