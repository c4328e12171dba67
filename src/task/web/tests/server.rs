//! A server that is told what to answer, byte by byte.

use std::cell::RefCell;
use std::rc::Rc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What a server does when it has read a request.
pub(super) enum Reply {
    /// Sends this, and waits for the next request.
    Text(String),
    /// Sends this, and closes the connection.
    Last(String),
    /// Closes the connection so that what was sent to it is refused.
    Reset,
    /// Does nothing, for ever.
    Stall,
}

/// A server and what it was asked.
pub(super) struct Server {
    port: u16,
    requests: RefCell<Vec<String>>,
    answer: Box<dyn Fn(&str) -> Reply>,
}

impl Server {
    pub(super) async fn start(answer: impl Fn(&str) -> Reply + 'static) -> Rc<Server> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let server = Rc::new(Server {
            port: listener.local_addr().expect("an address").port(),
            requests: RefCell::default(),
            answer: Box::new(answer),
        });
        let serving = server.clone();
        tokio::task::spawn_local(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                tokio::task::spawn_local(serving.clone().serve(stream));
            }
        });
        server
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Returns the requests as they came, each with its body.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.borrow().clone()
    }

    async fn serve(self: Rc<Server>, mut stream: TcpStream) {
        let mut bytes = Vec::new();
        while let Some(request) = read(&mut stream, &mut bytes).await {
            let reply = (self.answer)(&request);
            self.requests.borrow_mut().push(request);
            match reply {
                Reply::Text(text) => stream.write_all(text.as_bytes()).await.unwrap_or_default(),
                Reply::Last(text) => {
                    let _ = stream.write_all(text.as_bytes()).await;
                    return;
                }
                Reply::Reset => {
                    // What is unread when a socket is closed makes a reset of it; so does this option.
                    let _ = stream.set_zero_linger();
                    return;
                }
                Reply::Stall => std::future::pending().await,
            }
        }
    }
}

/// Reads a request with its body; what came behind it stays in `bytes`.
async fn read(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<String> {
    loop {
        let text = String::from_utf8_lossy(bytes).into_owned();
        if let Some((head, _)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("content-length")
                    .then(|| value.parse().ok())?
            });
            let end = head.len() + 4 + length.unwrap_or(0);
            if bytes.len() >= end {
                bytes.drain(..end);
                return Some(text[..end].to_owned());
            }
        }
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer).await {
            Ok(count) if count > 0 => bytes.extend_from_slice(&buffer[..count]),
            _ => return None,
        }
    }
}

/// A response with JSON.
pub(super) fn json(status: &str, body: &str) -> Reply {
    let length = body.len();
    Reply::Text(format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    ))
}
