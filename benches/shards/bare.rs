//! The yardstick of HTTP tasks: the same requests over hyper's own connections, and nothing else.

use crate::{CONNECTIONS, child};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderValue, USER_AGENT};
use hyper::{Method, Request, Uri};
use hyper_util::rt::TokioIo;
use std::cell::Cell;
use std::rc::Rc;
use tokio::net::TcpStream;
use tokio::task::{LocalSet, spawn_local};

/// Makes calls, in equal parts on threads that are pinned as shards are, when told to.
pub(crate) fn run(address: &str, orders: &[Vec<u8>], calls: u64, threads: usize) {
    let each = calls / threads as u64;
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    child::measure(each * threads as u64, || {
        std::thread::scope(|scope| {
            for number in 0..threads {
                let core = (!cores.is_empty()).then(|| cores[number % cores.len()]);
                scope.spawn(move || {
                    core.map(core_affinity::set_for_current);
                    call(address, orders, each);
                });
            }
        });
    });
}

fn call(address: &str, orders: &[Vec<u8>], calls: u64) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let orders: Vec<Bytes> = orders.iter().map(|order| Bytes::copy_from_slice(order)).collect();
    let work = Rc::new(Work {
        uri: Uri::from_static("/stock"),
        headers: headers(address),
        orders,
        left: Cell::new(calls),
    });
    LocalSet::new().block_on(&runtime, async {
        let workers = (0..CONNECTIONS).map(|_| spawn_local(work.clone().call(address.to_owned())));
        let workers: Vec<_> = workers.collect();
        for worker in workers {
            worker.await.expect("it called");
        }
    });
}

/// The headers that the connector sends.
fn headers(address: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(HOST, HeaderValue::from_str(address).expect("a value"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static("stepstream/0.1.0"));
    let kind = HeaderValue::from_static("RequestResponse");
    headers.insert("x-amz-invocation-type", kind);
    let key = HeaderValue::from_static("orders-0-123456/Stock");
    headers.insert("idempotency-key", key);
    headers
}

struct Work {
    uri: Uri,
    headers: HeaderMap,
    orders: Vec<Bytes>,
    left: Cell<u64>,
}

impl Work {
    async fn call(self: Rc<Work>, address: String) {
        let stream = TcpStream::connect(&address).await.expect("a connection");
        stream.set_nodelay(true).expect("a socket");
        let (mut sender, connection) = handshake(TokioIo::new(stream)).await.expect("HTTP");
        spawn_local(async move {
            let _ = connection.await;
        });
        while let Some(left) = self.left.get().checked_sub(1) {
            self.left.set(left);
            let order = self.orders[left as usize % self.orders.len()].clone();
            self.exchange(&mut sender, order).await.expect("an answer");
        }
    }

    async fn exchange(
        &self,
        sender: &mut SendRequest<Full<Bytes>>,
        order: Bytes,
    ) -> Result<(), hyper::Error> {
        let mut request = Request::new(Full::new(order));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        request.headers_mut().clone_from(&self.headers);
        sender.ready().await?;
        let response = sender.send_request(request).await?;
        assert!(response.status().is_success(), "{}", response.status());
        response.into_body().collect().await?;
        Ok(())
    }
}
