//! A function behind a URL that counts its calls by event: what an execution does to the world, which no crash
//! takes back.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Counts calls.
pub(crate) struct Calls {
    port: u16,
    counts: Arc<Mutex<HashMap<u64, u32>>>,
}

impl Calls {
    /// Starts to listen; each answer, which is the payload, takes some time.
    pub(crate) fn start(takes: Duration) -> Calls {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let counts = Arc::new(Mutex::new(HashMap::new()));
        let theirs = Arc::clone(&counts);
        // Ends with the test process; connections end when their clients do.
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let counts = Arc::clone(&theirs);
                std::thread::spawn(move || serve(connection, takes, &counts));
            }
        });
        Calls { port, counts }
    }

    /// Where the function is.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/call", self.port)
    }

    /// Returns how often each event called.
    pub(crate) fn counts(&self) -> HashMap<u64, u32> {
        self.counts.lock().unwrap().clone()
    }
}

fn serve(mut connection: TcpStream, takes: Duration, counts: &Mutex<HashMap<u64, u32>>) -> Option<()> {
    connection.set_nodelay(true).ok()?;
    let mut reader = BufReader::new(connection.try_clone().ok()?);
    let mut line = String::new();
    loop {
        let mut length = 0;
        loop {
            line.clear();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if line == "\r\n" {
                break;
            }
            let (name, value) = line.split_once(':').unwrap_or_default();
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        // The request is whole: the call has happened, whoever hears the answer.
        let id = super::tally::id(std::str::from_utf8(&body).ok()?)?;
        *counts.lock().unwrap().entry(id).or_default() += 1;
        std::thread::sleep(takes);
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n");
        let answer = [head.as_bytes(), &body].concat();
        connection.write_all(&answer).ok()?;
    }
}
