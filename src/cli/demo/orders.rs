//! Synthetic orders: numbered, the same each time, one in some that cannot be fulfilled.

use std::io::Write as _;

/// Most orders: their numbers have eight digits.
pub(super) const COUNT_MAX: i64 = 99_999_999;
/// The first order and each so many after it ask for more than there ever is.
const TOO_MANY_EVERY: u32 = 50;
/// More than any item has.
const TOO_MANY: u32 = 5_000;

/// Writes the order's number as its key has it: `ORD00000042`.
pub(super) fn key(number: u32, out: &mut Vec<u8>) {
    out.clear();
    let _ = write!(out, "ORD{number:08}");
}

/// Reads the order's number from its key.
pub(super) fn number(key: &[u8]) -> Option<u32> {
    std::str::from_utf8(key).ok()?.strip_prefix("ORD")?.parse().ok()
}

/// Writes the order, as the workflow wants it.
pub(super) fn value(number: u32, out: &mut Vec<u8>) {
    out.clear();
    // Any spread will do; about one item in eight is sold out.
    let mixed = number.wrapping_mul(0x9E37_79B1).rotate_right(15);
    let item = 1_000 + mixed % 9_000;
    let pieces = match number % TOO_MANY_EVERY {
        0 => TOO_MANY,
        _ => 1 + (mixed >> 16) % 9,
    };
    let _ = write!(
        out,
        "{{\"order_processing_request\":{{\"order_no\":\"ORD{number:08}\",\
         \"item\":{{\"item_no\":\"I{item}\",\"num_of_items\":{pieces}}}}}}}"
    );
}

#[test]
fn orders_are_what_the_workflow_wants() {
    let (mut text, mut name) = (Vec::new(), Vec::new());
    value(42, &mut text);
    let order: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
    let request = &order["order_processing_request"];
    assert_eq!(request["order_no"], "ORD00000042");
    assert!(
        request["item"]["num_of_items"]
            .as_u64()
            .is_some_and(|pieces| pieces < 10)
    );
    key(42, &mut name);
    assert_eq!(number(&name), Some(42));
    assert_eq!(number(b"ORDER"), None);
}
