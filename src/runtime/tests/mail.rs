//! What a shard's mailbox takes.

use super::super::{Address, CALL_BYTES_MAX, CALLS_MAX, Call, Refused};
use super::calls::listen;
use super::{PASS, Stage, with_output};
use crate::vm::PAYLOAD_BYTES_MAX;

fn call(address: &Address, name: &str, bytes: usize) -> Result<(), Refused> {
    let (reply, _heard) = tokio::sync::oneshot::channel();
    address.call(Call {
        lane: address.initial_lane(0),
        name: name.to_owned(),
        input: vec![b' '; bytes],
        reply,
    })
}

#[test]
fn what_no_shard_would_take_is_refused_at_once() {
    let mut stage = Stage::new(PASS, with_output());
    let address = listen(&mut stage);
    let longest = "n".repeat(80);
    let check = |name: &str, bytes: usize, expected| {
        assert_eq!(call(&address, name, bytes), expected, "{name} {bytes}");
    };
    check(&longest, PAYLOAD_BYTES_MAX, Ok(()));
    check("order", PAYLOAD_BYTES_MAX + 1, Err(Refused::InputTooLarge));
    for name in ["", "a b", "a:b", "a/b", "a\n", &format!("{longest}n")] {
        check(name, 1, Err(Refused::InvalidName));
    }
}

#[test]
fn calls_that_wait_have_a_limit_of_bytes() {
    let mut stage = Stage::new(PASS, with_output());
    let address = listen(&mut stage);
    for _ in 0..3 {
        let large = CALL_BYTES_MAX / PAYLOAD_BYTES_MAX - 1;
        assert!(large < CALLS_MAX);
        (0..large).for_each(|_| assert_eq!(call(&address, "large", PAYLOAD_BYTES_MAX), Ok(())));
        assert_eq!(call(&address, "small", PAYLOAD_BYTES_MAX / 2), Ok(()));
        assert_eq!(call(&address, "large", PAYLOAD_BYTES_MAX), Err(Refused::Busy));
        assert_eq!(call(&address, "small", PAYLOAD_BYTES_MAX / 4), Ok(()));
        // Their inputs are no JSON. Gone they are all the same.
        stage.settle();
    }
}
