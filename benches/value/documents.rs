//! The documents that the benches of `value` run on.

use std::fmt::Write;

/// Returns each set of documents with its name.
pub(crate) fn all() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let orders = orders();
    let spaced = orders.iter().map(|order| respace(order)).collect();
    vec![
        ("orders, 425 B", orders),
        ("orders with blanks", spaced),
        ("order of 20 KB", vec![large_order()]),
        ("text with escapes", vec![escaped_text()]),
    ]
}

/// Returns the orders of the file named on the command line or in `ORDERS`, or else made-up ones.
pub(crate) fn orders() -> Vec<Vec<u8>> {
    let named = std::env::args()
        .skip(1)
        .find(|argument| argument.ends_with(".ndjson"));
    match named.or_else(|| std::env::var("ORDERS").ok()) {
        Some(path) => {
            let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
            text.split(|&byte| byte == b'\n')
                .filter(|line| !line.is_empty())
                .map(<[u8]>::to_vec)
                .collect()
        }
        None => (0..256).map(|seed| order(seed, 5).into_bytes()).collect(),
    }
}

/// A small generator; the bench must not depend on how another crate makes random numbers.
fn random(state: &mut u64) -> u64 {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

fn order(seed: u64, items: usize) -> String {
    const NAMES: [&str; 4] = ["Barbara Lovelace", "Alan Hopper", "Grace Liskov", "Ken Hamilton"];
    const TIERS: [&str; 3] = ["gold", "silver", "bronze"];
    let state = &mut (seed * 7919 + 1);
    let mut text = String::new();
    let cents = |n: u64| format!("{}.{}", n / 100, n % 100);
    let total = cents(100 + random(state) % 500_000);
    let _ = write!(
        text,
        "{{\"order\":{{\"id\":\"ord-{seed:06}\",\"total\":{total},\"currency\":\"USD\",\"items\":["
    );
    for item in 0..items {
        let comma = if item == 0 { "" } else { "," };
        let (sku, qty, price) = (
            random(state) % 900 + 100,
            random(state) % 9 + 1,
            cents(random(state) % 10_000),
        );
        let _ = write!(
            text,
            "{comma}{{\"sku\":\"SKU-{sku}\",\"qty\":{qty},\"price\":{price}}}"
        );
    }
    let name = NAMES[random(state) as usize % NAMES.len()];
    let tier = TIERS[random(state) as usize % TIERS.len()];
    let email = name.to_lowercase().replace(' ', ".");
    let (customer, second) = (random(state) % 9000 + 1000, random(state) % 60);
    let _ = write!(
        text,
        "]}},\"customer\":{{\"id\":\"c-{customer}\",\"name\":\"{name}\",\"tier\":\"{tier}\",\"email\":\"{email}@example.com\"}},\
         \"meta\":{{\"source\":\"pos\",\"ts\":\"2024-05-01T12:21:{second:02}Z\"}}}}"
    );
    text
}

fn large_order() -> Vec<u8> {
    order(1, 460).into_bytes()
}

fn escaped_text() -> Vec<u8> {
    let line = "He said \\\"no\\\" and left.\\nThen the lights went out over the quiet harbour town, ";
    format!("{{\"id\":17,\"body\":\"{}\",\"lang\":\"en\"}}", line.repeat(13)).into_bytes()
}

/// Puts a blank behind each comma and colon outside strings, as Python's `json.dumps` does.
pub(crate) fn respace(text: &[u8]) -> Vec<u8> {
    let mut spaced = Vec::new();
    let mut inside = false;
    for (at, &byte) in text.iter().enumerate() {
        spaced.push(byte);
        inside ^= byte == b'"' && (at == 0 || text[at - 1] != b'\\');
        if !inside && matches!(byte, b',' | b':') {
            spaced.push(b' ');
        }
    }
    spaced
}
