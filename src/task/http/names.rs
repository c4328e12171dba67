//! Names of hosts, looked up where no shard runs.
//!
//! Looking a name up blocks a thread, which inherits the core of the one that starts it, and a shard is pinned. So one
//! thread of the process starts those threads, itself started before shards are pinned. Must not know what a connection is
//! for.

use super::Reach;
use core::net::SocketAddr;
use std::io;
use std::sync::OnceLock;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Handle};

/// Where names are looked up; nothing if the thread could not be started.
static LOOKUPS: OnceLock<Option<Handle>> = OnceLock::new();

/// Starts what looks names up, unless it runs: call it on a thread that is not pinned.
pub(super) fn prepare() {
    lookups();
}

fn lookups() -> Option<&'static Handle> {
    LOOKUPS.get_or_init(|| start().ok()).as_ref()
}

/// Starts the thread; it runs as long as the process.
fn start() -> io::Result<Handle> {
    let runtime = Builder::new_current_thread().build()?;
    let handle = runtime.handle().clone();
    let thread = std::thread::Builder::new().name("stepstream-names".to_owned());
    thread.spawn(move || runtime.block_on(std::future::pending::<()>()))?;
    Ok(handle)
}

/// Connects to a host by its name.
///
/// # Errors
/// When the name is not known, or nobody listens there.
pub(in crate::task) async fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    let Some(lookups) = lookups() else {
        return TcpStream::connect((host, port)).await;
    };
    let name = (host.to_owned(), port);
    let look = lookups.spawn(async move {
        let found = tokio::net::lookup_host(name).await;
        found.map(Iterator::collect::<Vec<_>>)
    });
    let addresses = look.await.map_err(io::Error::other)??;
    TcpStream::connect(&addresses[..]).await
}

/// Connects to a host by its name, at an address within reach.
///
/// # Errors
/// When the name is not known, leads out of reach ([`forbidden`]), or nobody listens there.
pub(super) async fn connect_within(host: &str, port: u16, reach: Reach) -> io::Result<TcpStream> {
    if reach == Reach::Any {
        return connect(host, port).await;
    }
    let name = (host.to_owned(), port);
    let look = async move {
        let found = tokio::net::lookup_host(name).await;
        found.map(Iterator::collect::<Vec<_>>)
    };
    let mut addresses: Vec<SocketAddr> = match lookups() {
        Some(lookups) => lookups.spawn(look).await.map_err(io::Error::other)??,
        None => look.await?,
    };
    // What is connected to is what was looked at: nobody looks the name up again in between.
    let mut refused = None;
    addresses.retain(|address| match reach.refusal(address.ip()) {
        None => true,
        Some(why) => {
            refused = Some(format!("{host} is at {}, {why}", address.ip()));
            false
        }
    });
    match refused {
        Some(reason) if addresses.is_empty() => Err(io::Error::other(Forbidden(reason))),
        _ => TcpStream::connect(&addresses[..]).await,
    }
}

/// Why a host may not be reached.
#[derive(Debug)]
struct Forbidden(String);

impl std::fmt::Display for Forbidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Forbidden {}

/// Returns why a host may not be reached, if that is what hindered the connection.
pub(super) fn forbidden(error: &io::Error) -> Option<String> {
    let inner = error.get_ref()?.downcast_ref::<Forbidden>()?;
    Some(inner.0.clone())
}

/// Whoever looks a name up does so on any core, also for a shard that is pinned.
#[test]
fn lookups_do_not_inherit_a_core() {
    let cores = || core_affinity::get_core_ids().unwrap_or_default();
    let all = cores();
    prepare();
    let pinned = std::thread::spawn(move || {
        if let Some(first) = cores().first() {
            core_affinity::set_for_current(*first);
        }
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let of_lookup = lookups().expect("a thread").spawn(async move {
                let found = tokio::task::spawn_blocking(cores).await;
                found.expect("the cores")
            });
            let refused = connect("localhost", 1).await;
            (of_lookup.await.expect("the cores"), refused.is_err())
        })
    });
    assert_eq!(pinned.join().expect("no panic"), (all, true));
}
