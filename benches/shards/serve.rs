//! The service that is called: HTTP/1.1 with keep-alive, an answer that is there at once.

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::io::Read as _;
use std::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::LocalSet;

/// What every call is answered.
const ANSWER: &[u8] = br#"{"quantity_in_stock":84,"sku":"S0001"}"#;

/// Says its address, and serves on as many threads until its input ends. Connections are dealt out in turn, so
/// that all threads have as many.
pub(crate) fn run(threads: usize) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    println!("{}", listener.local_addr().expect("an address"));
    let senders: Vec<_> = (0..threads)
        .map(|_| {
            let (sender, streams) = unbounded_channel();
            std::thread::spawn(move || serve(streams));
            sender
        })
        .collect();
    std::thread::spawn(move || {
        for (sender, stream) in senders.iter().cycle().zip(listener.incoming()) {
            let _ = sender.send(stream.expect("a connection"));
        }
    });
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

fn serve(mut streams: UnboundedReceiver<TcpStream>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    LocalSet::new().block_on(&runtime, async {
        while let Some(stream) = streams.recv().await {
            stream.set_nonblocking(true).expect("a socket");
            stream.set_nodelay(true).expect("a socket");
            let stream = tokio::net::TcpStream::from_std(stream).expect("a socket");
            tokio::task::spawn_local(async move {
                // A client that goes away in the middle is no matter.
                let _ = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service_fn(answer))
                    .await;
            });
        }
    });
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let payload = request.into_body().collect().await?.to_bytes();
    assert!(payload.starts_with(b"{\"order\""), "an order");
    let mut response = Response::new(Full::new(Bytes::from_static(ANSWER)));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    Ok(response)
}
