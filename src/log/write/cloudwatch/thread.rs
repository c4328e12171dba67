//! The thread that sends records to CloudWatch Logs, for many machines side by side.
//!
//! Each log waits for its own requests, so that a group that is missing or throttled stops only the machines that write
//! to it.

use super::log::CloudLog;
use super::service::{CloudWatch, CloudWatchFactory};
use crate::stream::Wake;
use crossbeam_channel::{Receiver, TryRecvError};
use std::rc::Rc;
use tokio::sync::Notify;
use tokio::task::{JoinSet, LocalSet};

/// Runs the thread, until no more machines can come and all logs are over.
pub(in crate::log::write) async fn run(
    newcomers: Receiver<CloudLog>,
    factory: CloudWatchFactory,
    wake: Wake,
) {
    // What is spawned needs a `LocalSet`: a service may spawn its connections.
    LocalSet::new().run_until(serve(newcomers, factory, wake)).await;
}

async fn serve(newcomers: Receiver<CloudLog>, factory: CloudWatchFactory, wake: Wake) {
    let service = factory();
    let (mut logs, changed) = (JoinSet::new(), Rc::new(Notify::new()));
    loop {
        let is_open = take_up(&newcomers, &service, &mut logs, &changed);
        // A log that panicked is over: its inbox has told so when it was dropped.
        while logs.try_join_next().is_some() {}
        if logs.is_empty() && !is_open {
            return;
        }
        tokio::select! {
            () = wake.woken() => changed.notify_waiters(),
            Some(_) = logs.join_next() => {}
        }
    }
}

/// Takes machines up; says whether more may come.
fn take_up(
    newcomers: &Receiver<CloudLog>,
    service: &Result<Rc<dyn CloudWatch>, String>,
    logs: &mut JoinSet<()>,
    changed: &Rc<Notify>,
) -> bool {
    loop {
        match (newcomers.try_recv(), service) {
            (Ok(log), Ok(service)) => {
                logs.spawn_local(log.run(service.clone(), changed.clone()));
            }
            (Ok(log), Err(error)) => log.refuse(error),
            (Err(TryRecvError::Empty), _) => return true,
            (Err(TryRecvError::Disconnected), _) => return false,
        }
    }
}
