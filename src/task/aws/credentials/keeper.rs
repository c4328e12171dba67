//! The thread that fetches credentials, and keeps them for all shards of an entry.
//!
//! Must not know where they come from. Invariants: one fetch of an identity at a time; after a failure the source has a rest,
//! which doubles up to a minute; identities are bounded, and so are those who wait.

use super::super::counts::Counts;
use super::chain::Chain;
use super::{Denial, Identity, Session, role};
use crate::clock;
use crate::guard::guarded_async;
use reqsign_aws_v4::Credential;
use rustc_hash::FxHashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};
use tokio::runtime::Builder;
use tokio::sync::{mpsc, oneshot};

/// Most requests for credentials that wait for the thread: each shard has one per identity under way.
const ASKS_MAX: usize = 4_096;
/// Most identities that are kept; the one that was not asked for longest gives way.
const IDENTITIES_MAX: usize = 1_024;
/// How long a source rests after its first failure, and at most.
const REST: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// How soon credentials that a service refused are fetched again.
const REFUSED_AGAIN_MS: i64 = 10_000;

/// A request for credentials.
pub(in crate::task::aws) struct Ask {
    pub(in crate::task::aws) identity: Identity,
    /// What a session of a role is called, if one begins.
    pub(in crate::task::aws) name: Box<str>,
    /// What the service refused: something else is wanted.
    pub(in crate::task::aws) refused: Option<Arc<Session>>,
    pub(in crate::task::aws) answer: oneshot::Sender<Outcome>,
}

/// Credentials, or why there are none.
pub(in crate::task::aws) type Outcome = Result<Arc<Session>, Denial>;

/// The way to the thread. It ends when nobody has this any more.
#[derive(Debug)]
pub(in crate::task::aws) struct Keeper {
    asks: mpsc::Sender<Ask>,
}

impl Keeper {
    /// Starts the thread: call it where no core is pinned.
    ///
    /// # Errors
    /// When the operating system has no thread.
    pub(in crate::task::aws) fn start(chain: Chain, counts: Arc<Counts>) -> io::Result<Keeper> {
        let (asks, waiting) = mpsc::channel(ASKS_MAX);
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let thread = std::thread::Builder::new().name("stepstream-aws".to_owned());
        thread.spawn(move || runtime.block_on(keep(Arc::new(chain), counts, waiting)))?;
        Ok(Keeper { asks })
    }

    /// Returns credentials, of which these were refused; waits until they are there.
    ///
    /// # Errors
    /// Why there are none.
    pub(in crate::task::aws) async fn session(
        &self,
        identity: &Identity,
        name: &str,
        refused: Option<Arc<Session>>,
    ) -> Outcome {
        let (answer, outcome) = oneshot::channel();
        self.ask(Ask {
            identity: identity.clone(),
            name: name.into(),
            refused,
            answer,
        })?;
        let gone = || {
            Err(Denial::Missing(
                "Unable to load credentials: their keeper is gone".into(),
            ))
        };
        outcome.await.unwrap_or_else(|_| gone())
    }

    /// Asks for credentials; nobody waits here.
    ///
    /// # Errors
    /// When too many ask.
    pub(in crate::task::aws) fn ask(&self, ask: Ask) -> Result<(), Denial> {
        let unable = |_| Denial::Missing("Unable to load credentials: too many calls ask for some".into());
        self.asks.try_send(ask).map_err(unable)
    }
}

/// What is known of an identity.
#[derive(Default)]
struct Entry {
    session: Option<Arc<Session>>,
    /// Who waits for the fetch that is under way.
    waiting: Vec<oneshot::Sender<Outcome>>,
    is_fetching: bool,
    /// The last failure, and until when the source rests.
    failure: Option<(Denial, Instant)>,
    failures: u32,
    fetched_at_ms: i64,
    asked_at_ms: i64,
}

/// What a fetch has brought.
struct Fetched(Identity, Result<Credential, Denial>);

async fn keep(chain: Arc<Chain>, counts: Arc<Counts>, mut asks: mpsc::Receiver<Ask>) {
    let (sender, mut fetched) = mpsc::channel(ASKS_MAX);
    let mut store = Store {
        chain,
        counts,
        sender,
        entries: FxHashMap::default(),
    };
    loop {
        tokio::select! {
            ask = asks.recv() => match ask {
                Some(ask) => store.asked(ask, clock::wall_ms()),
                None => return,
            },
            Some(Fetched(identity, outcome)) = fetched.recv() => {
                store.fetched(&identity, outcome, clock::wall_ms());
            }
        }
    }
}

struct Store {
    chain: Arc<Chain>,
    counts: Arc<Counts>,
    sender: mpsc::Sender<Fetched>,
    entries: FxHashMap<Identity, Entry>,
}

impl Store {
    /// Answers, or begins a fetch whose outcome answers.
    fn asked(&mut self, ask: Ask, now_ms: i64) {
        self.make_room();
        let entry = self.entries.entry(ask.identity.clone()).or_default();
        entry.asked_at_ms = now_ms;
        let known = entry.session.clone().filter(|session| session.is_good(now_ms));
        let is_refused = |session: &Arc<Session>| {
            ask.refused
                .as_ref()
                .is_some_and(|refused| Arc::ptr_eq(refused, session))
        };
        let is_wanted = known.as_ref().is_none_or(|session| {
            session.is_old(now_ms)
                || is_refused(session) && now_ms.saturating_sub(entry.fetched_at_ms) >= REFUSED_AGAIN_MS
        });
        // Whoever asks no more is not told; so below.
        if let Some(session) = known.clone().filter(|_| !is_wanted) {
            let _ = ask.answer.send(Ok(session));
            return;
        }
        if let Some((denial, _)) = entry
            .failure
            .as_ref()
            .filter(|(_, until)| Instant::now() < *until)
        {
            let _ = ask.answer.send(known.ok_or_else(|| denial.clone()));
            return;
        }
        entry.waiting.push(ask.answer);
        if entry.is_fetching {
            return;
        }
        entry.is_fetching = true;
        let (chain, sender) = (self.chain.clone(), self.sender.clone());
        tokio::spawn(async move {
            let fetch = guarded_async(fetch(&chain, &ask.identity, &ask.name)).await;
            let bug =
                |message: String| Err(Denial::Missing(format!("a bug in stepstream: {message}").into()));
            // The receiver lives as long as the runtime.
            let _ = sender
                .send(Fetched(ask.identity, fetch.unwrap_or_else(bug)))
                .await;
        });
    }

    /// Takes what a fetch has brought, and answers those who wait.
    fn fetched(&mut self, identity: &Identity, outcome: Result<Credential, Denial>, now_ms: i64) {
        let Some(entry) = self.entries.get_mut(identity) else {
            return;
        };
        entry.is_fetching = false;
        entry.fetched_at_ms = now_ms;
        match outcome {
            Ok(credential) => {
                self.counts.fetched.fetch_add(1, Relaxed);
                entry.session = Some(Arc::new(Session::new(credential, now_ms)));
                (entry.failure, entry.failures) = (None, 0);
            }
            Err(denial) => {
                self.counts.denied.fetch_add(1, Relaxed);
                tracing::warn!("no credentials of AWS: {denial:?}");
                let rest = REST.0.saturating_mul(1 << entry.failures.min(16)).min(REST.1);
                entry.failures += 1;
                entry.failure = Some((denial, Instant::now() + rest));
            }
        }
        let known = entry.session.clone().filter(|session| session.is_good(now_ms));
        let outcome = match (known, &entry.failure) {
            (Some(session), _) => Ok(session),
            (None, Some((denial, _))) => Err(denial.clone()),
            (None, None) => Err(Denial::Missing(
                "Unable to load credentials: they have expired".into(),
            )),
        };
        for answer in entry.waiting.drain(..) {
            let _ = answer.send(outcome.clone());
        }
    }

    /// Forgets the identity that nobody has asked for longest, if there are too many.
    fn make_room(&mut self) {
        if self.entries.len() < IDENTITIES_MAX {
            return;
        }
        let idle = self.entries.iter().filter(|(_, entry)| !entry.is_fetching);
        let oldest = idle.min_by_key(|(_, entry)| entry.asked_at_ms);
        if let Some(identity) = oldest.map(|(identity, _)| identity.clone()) {
            self.entries.remove(&identity);
        }
    }
}

/// Fetches the credentials of an identity: of this process, then of each role in turn.
async fn fetch(chain: &Chain, identity: &Identity, name: &str) -> Result<Credential, Denial> {
    let mut roles = Vec::new();
    let mut rest = identity.clone();
    while let Some((before, role)) = rest.split() {
        roles.push(role.clone());
        rest = before;
    }
    let mut credential = chain.load().await?;
    if roles.is_empty() {
        return Ok(credential);
    }
    let context = chain.context(&(chain.environment)());
    for role in roles.iter().rev() {
        credential = role::assume(&context, &chain.http, &chain.region, credential, role, name).await?;
    }
    Ok(credential)
}
