//! What a log needs of AWS: one kind of request, and what comes back.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

/// A request to CloudWatch Logs.
#[derive(Clone, Debug)]
pub struct Request {
    /// The operation's name, such as `PutLogEvents`.
    pub operation: &'static str,
    /// The region that the configuration of the log names; otherwise the service's own.
    pub region: Option<String>,
    /// Its parameters as JSON text.
    pub body: Vec<u8>,
}

/// What CloudWatch Logs has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The request was carried out: the response as JSON text.
    Done(Vec<u8>),
    /// It was refused: the error's name without a namespace, such as `ResourceNotFoundException`, and its message.
    Refused {
        /// The error's name.
        code: String,
        /// What AWS says.
        message: String,
    },
}

/// The answer to come; an error when there is none, in words for an operator.
pub type Answer = Pin<Box<dyn Future<Output = Result<Reply, String>>>>;

/// Sends signed requests to CloudWatch Logs, from one thread.
pub trait CloudWatch {
    /// Sends a request. It is answered in bounded time.
    fn ask(&self, request: Request) -> Answer;
}

/// Makes what reaches CloudWatch Logs, on the writer's own thread and inside its runtime.
pub type CloudWatchFactory = Box<dyn FnOnce() -> Result<Rc<dyn CloudWatch>, String> + Send>;
