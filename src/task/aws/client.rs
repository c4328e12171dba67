//! The calls of one shard to AWS: credentials, signature, connection.
//!
//! Owns who waits for credentials, and the calls under way. Must not know what is called: a [`Meaning`] does. Invariants: a call
//! waits for credentials or is the pool's, never both; nothing here blocks; a call that nobody waits for any more is not sent.

use super::credentials::{Ask, Denial, Identity, Session};
use super::entry::Entry;
use super::sign::{Cover, Outgoing, Signer};
use crate::clock;
use crate::stream::Ticket;
use crate::task::http::{Pool, Reader, Response, Trouble};
use crate::task::{Answer, Answers, Failure};
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use tokio::sync::oneshot;

/// Most identities whose credentials a shard remembers.
const IDENTITIES_MAX: usize = 256;

/// What a service says when it does not know credentials (any more).
const REFUSALS: [&[u8]; 6] = [
    b"ExpiredToken",
    b"InvalidClientTokenId",
    b"UnrecognizedClientException",
    b"InvalidAccessKeyId",
    b"InvalidToken",
    b"TokenRefreshRequired",
];
/// How many bytes of an answer are looked at for that.
const REFUSAL_BYTES: usize = 1_024;

/// Says what becomes of a call.
pub(super) trait Meaning {
    /// Makes a task's answer of a response.
    fn read(&self, response: Response) -> Answer;

    /// Makes an error of there being none.
    fn trouble(&self, trouble: Trouble) -> Failure;

    /// Makes an error of what kept the request from being sent at all: a sentence.
    fn unsent(&self, reason: &str) -> Failure;
}

/// What a call is sent as, and what becomes of it.
pub(super) struct Sending {
    pub(super) outgoing: Outgoing,
    pub(super) meaning: Rc<dyn Meaning>,
    pub(super) identity: Identity,
    /// The name of a session, if one begins.
    pub(super) name: Box<str>,
}

/// Sends the calls of one shard.
pub(super) struct Client {
    inner: Rc<Inner>,
}

struct Inner {
    entry: Arc<Entry>,
    pool: RefCell<Pool>,
    signer: RefCell<Signer>,
    standings: RefCell<FxHashMap<Identity, Standing>>,
    calls: Calls,
    answers: Answers,
}

/// The calls under way.
type Calls = Rc<RefCell<FxHashMap<Ticket, UnderWay>>>;

struct UnderWay {
    meaning: Rc<dyn Meaning>,
    identity: Identity,
    session: Option<Arc<Session>>,
}

/// How a shard stands with one identity.
#[derive(Default)]
struct Standing {
    session: Option<Arc<Session>>,
    /// What a service has refused.
    refused: Option<Arc<Session>>,
    is_asking: bool,
    waiting: Vec<(Ticket, Sending)>,
}

impl Client {
    pub(super) fn new(entry: Arc<Entry>, answers: Answers) -> Client {
        Client {
            inner: Rc::new_cyclic(|inner: &Weak<Inner>| {
                let calls = Calls::default();
                let reader = Box::new(Responses {
                    calls: calls.clone(),
                    inner: inner.clone(),
                });
                Inner {
                    pool: RefCell::new(Pool::new(
                        entry.limits,
                        entry.tls.clone(),
                        reader,
                        answers.clone(),
                    )),
                    entry,
                    signer: RefCell::default(),
                    standings: RefCell::default(),
                    calls,
                    answers,
                }
            }),
        }
    }

    /// Sends a call, at once or when there are credentials.
    ///
    /// # Errors
    /// Why it is not sent.
    pub(super) fn send(&self, ticket: Ticket, sending: Sending) -> Result<(), Failure> {
        let inner = &self.inner;
        if sending.outgoing.cover == Cover::Nothing {
            return inner.submit(ticket, sending, None);
        }
        let now_ms = clock::wall_ms();
        let session = inner.session(&sending.identity, &sending.name, now_ms);
        match session {
            Ok(Some(session)) => inner.submit(ticket, sending, Some(session)),
            Ok(None) => inner.wait(ticket, sending),
            Err(denial) => Err(denied(&*sending.meaning, &denial, &sending.identity)),
        }
    }

    /// Forgets a call that nobody waits for any more.
    pub(super) fn cancel(&self, ticket: Ticket) {
        self.inner.calls.borrow_mut().remove(&ticket);
        for standing in self.inner.standings.borrow_mut().values_mut() {
            standing.waiting.retain(|(waiting, _)| *waiting != ticket);
        }
        self.inner.pool.borrow().cancel(ticket);
    }

    /// Returns how many calls wait for credentials or for a connection.
    pub(super) fn waiting(&self) -> usize {
        let standings = self.inner.standings.borrow();
        let for_credentials: usize = standings.values().map(|standing| standing.waiting.len()).sum();
        for_credentials + self.inner.pool.borrow().waiting()
    }
}

impl Inner {
    /// Returns credentials that are good, and asks for newer ones where they are to be had soon; nothing where there are none
    /// yet.
    fn session(
        self: &Rc<Inner>,
        identity: &Identity,
        name: &str,
        now_ms: i64,
    ) -> Result<Option<Arc<Session>>, Denial> {
        let mut standings = self.standings.borrow_mut();
        if !standings.contains_key(identity) {
            if standings.len() >= IDENTITIES_MAX {
                standings.retain(|_, standing| standing.is_asking);
            }
            standings.insert(identity.clone(), Standing::default());
        }
        let Some(standing) = standings.get_mut(identity) else {
            return Ok(None);
        };
        let good = standing.session.clone().filter(|session| session.is_good(now_ms));
        let is_old = good.as_ref().is_none_or(|session| session.is_old(now_ms));
        if is_old && !standing.is_asking {
            let (answer, outcome) = oneshot::channel();
            let ask = Ask {
                identity: identity.clone(),
                name: name.into(),
                refused: standing.refused.take(),
                answer,
            };
            match self.entry.keeper.ask(ask) {
                Ok(()) => {
                    standing.is_asking = true;
                    let (inner, identity) = (Rc::downgrade(self), identity.clone());
                    tokio::task::spawn_local(async move {
                        let gone = || {
                            Err(Denial::Missing(
                                "Unable to load credentials: their keeper is gone".into(),
                            ))
                        };
                        let outcome = outcome.await.unwrap_or_else(|_| gone());
                        if let Some(inner) = inner.upgrade() {
                            inner.settle(&identity, outcome);
                        }
                    });
                }
                Err(denial) if good.is_none() => return Err(denial),
                Err(_) => {}
            }
        }
        Ok(good)
    }

    /// Lets a call wait for credentials.
    fn wait(&self, ticket: Ticket, sending: Sending) -> Result<(), Failure> {
        let mut standings = self.standings.borrow_mut();
        let waiting: usize = standings.values().map(|standing| standing.waiting.len()).sum();
        match standings.get_mut(&sending.identity) {
            Some(standing) if waiting < self.entry.limits.queue => {
                standing.waiting.push((ticket, sending));
                Ok(())
            }
            _ => Err(sending.meaning.trouble(Trouble::Full)),
        }
    }

    /// Takes what the keeper says, and sends what has waited for it.
    fn settle(self: &Rc<Inner>, identity: &Identity, outcome: Result<Arc<Session>, Denial>) {
        let now_ms = clock::wall_ms();
        let waiting = {
            let mut standings = self.standings.borrow_mut();
            let Some(standing) = standings.get_mut(identity) else {
                return;
            };
            standing.is_asking = false;
            if let Ok(session) = &outcome {
                standing.session = Some(session.clone());
            }
            std::mem::take(&mut standing.waiting)
        };
        for (ticket, sending) in waiting {
            let sent = match &outcome {
                Ok(session) if session.is_good(now_ms) => self.submit(ticket, sending, Some(session.clone())),
                Ok(_) => {
                    let denial = Denial::Missing("Unable to load credentials: they have expired".into());
                    Err(denied(&*sending.meaning, &denial, identity))
                }
                Err(denial) => Err(denied(&*sending.meaning, denial, identity)),
            };
            if let Err(failure) = sent {
                self.answers.answer(ticket, Err(failure));
            }
        }
    }

    /// Signs a call and hands it to its host.
    fn submit(&self, ticket: Ticket, sending: Sending, session: Option<Arc<Session>>) -> Result<(), Failure> {
        let Sending {
            outgoing,
            meaning,
            identity,
            ..
        } = sending;
        let origin = outgoing.place.url.origin.clone();
        let request = self.signer.borrow_mut().request(outgoing, session.as_ref());
        let request = request.map_err(|reason| meaning.unsent(&reason))?;
        let host = self.pool.borrow_mut().host(&origin);
        let host = host.map_err(|trouble| meaning.trouble(trouble))?;
        host.submit(ticket, request)
            .map_err(|trouble| meaning.trouble(trouble))?;
        let call = UnderWay {
            meaning,
            identity,
            session,
        };
        self.calls.borrow_mut().insert(ticket, call);
        Ok(())
    }

    /// Hears that a service refuses credentials: the next call asks for others.
    fn refused(&self, call: &UnderWay) {
        let (mut standings, Some(session)) = (self.standings.borrow_mut(), &call.session) else {
            return;
        };
        if let Some(standing) = standings.get_mut(&call.identity) {
            if standing
                .session
                .as_ref()
                .is_some_and(|known| Arc::ptr_eq(known, session))
            {
                standing.refused = standing.session.take();
            }
        }
    }
}

/// Reads the responses of one shard.
struct Responses {
    calls: Calls,
    inner: Weak<Inner>,
}

impl Reader for Responses {
    fn read(&self, ticket: Ticket, outcome: Result<Response, Trouble>) -> Option<Answer> {
        let call = self.calls.borrow_mut().remove(&ticket)?;
        Some(match outcome {
            Ok(response) => {
                if is_refusal(&response) {
                    if let Some(inner) = self.inner.upgrade() {
                        inner.refused(&call);
                    }
                }
                call.meaning.read(response)
            }
            Err(trouble) => Err(call.meaning.trouble(trouble)),
        })
    }
}

/// Says whether a response says that the credentials are no good.
fn is_refusal(response: &Response) -> bool {
    if !matches!(response.status.as_u16(), 400 | 401 | 403) {
        return false;
    }
    let start = &response.body[..response.body.len().min(REFUSAL_BYTES)];
    let code = response
        .headers
        .get("x-amzn-errortype")
        .map_or(&b""[..], |value| value.as_bytes());
    let names = |text: &[u8], code: &[u8]| text.windows(code.len()).any(|window| window == code);
    REFUSALS
        .iter()
        .any(|refusal| names(start, refusal) || names(code, refusal))
}

/// Makes an error of credentials that are not there.
fn denied(meaning: &dyn Meaning, denial: &Denial, identity: &Identity) -> Failure {
    match (denial, identity.role()) {
        (Denial::Forbidden(_), Some(role)) => Failure::new(
            "States.TaskFailed",
            format!(
                "The role {} is not authorized to assume the task state's role, {}.",
                identity.caller(),
                role.arn
            ),
        ),
        (Denial::Forbidden(text) | Denial::Missing(text), _) => meaning.unsent(text),
    }
}
