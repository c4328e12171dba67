//! The functions of the demo: a shop's inventory that follows from the item's number.
//!
//! Deterministic and without memory, so that shards agree and an event that runs twice ends the same. Every
//! eighth item is short: orders of it fail, as orders do. The item of the samples, I1234, has 84 pieces.

use super::functions::{BuiltIn, Functions};
use super::payload::Payload;
use crate::task::Failure;
use crate::value::{Key, Str};

/// Registers `demo.check_inventory`, `demo.update_inventory`, `demo.mark_order_complete` and
/// `demo.cancel_order`, which `config/workflows/order_fulfillment.asl.json` calls.
pub fn register(functions: &mut Functions) {
    functions.register_each("demo.check_inventory", || {
        reading("item_no", |item, _, out| check_inventory(&item.decode(), out))
    });
    functions.register_each("demo.update_inventory", || {
        let take = Key::new("take");
        reading("sku", move |sku, payload, out| {
            let (view, root) = (payload.view(), payload.value());
            let taken = view.member(root, &take).and_then(|value| view.number(value));
            update_inventory(&sku.decode(), taken.and_then(|text| text.parse().ok()), out)
        })
    });
    functions.register_each("demo.mark_order_complete", || {
        reading("order_no", |_, _, out| answer(out, &[r#"{"status":"COMPLETE"}"#]))
    });
    functions.register_each("demo.cancel_order", || {
        reading("order_no", |_, _, out| {
            answer(out, &[r#"{"status":"CANCELLED"}"#])
        })
    });
}

/// Makes a function that reads one member, which must be there, as a text.
fn reading(
    member: &'static str,
    work: impl Fn(Str<'_>, Payload<'_>, &mut Vec<u8>) -> Result<(), Failure> + 'static,
) -> BuiltIn {
    let member = Key::new(member);
    Box::new(move |payload, out| {
        let view = payload.view();
        let value = view.member(payload.value(), &member);
        match value.and_then(|value| view.string(value)) {
            Some(text) => work(text, payload, out),
            None => {
                let cause = format!("the payload has no text '{}'", member.name());
                Err(Failure::new("BadRequest", cause))
            }
        }
    })
}

fn check_inventory(item: &str, out: &mut Vec<u8>) -> Result<(), Failure> {
    let digits = digits(item);
    let mut in_stock = itoa::Buffer::new();
    let parts = [
        "{\"quantity_in_stock\":",
        in_stock.format(stock(digits)),
        ",\"sku\":\"S",
        if digits == SAMPLE { "0001" } else { digits },
        "\"}",
    ];
    answer(out, &parts)
}

fn update_inventory(sku: &str, taken: Option<i64>, out: &mut Vec<u8>) -> Result<(), Failure> {
    let digits = match digits(sku) {
        "0001" => SAMPLE,
        digits => digits,
    };
    let taken = taken.ok_or_else(|| Failure::new("BadRequest", "the payload has no number 'take'"))?;
    let left = i64::from(stock(digits)).saturating_sub(taken);
    if left < 0 {
        return Err(Failure::new("OutOfStock", format!("not enough of {sku}")));
    }
    let mut text = itoa::Buffer::new();
    answer(out, &["{\"quantity_in_stock\":", text.format(left), "}"])
}

/// Writes an answer, part by part; inlined, so that most parts have a known length and are copied without a call.
#[inline(always)]
fn answer(out: &mut Vec<u8>, parts: &[&str]) -> Result<(), Failure> {
    for part in parts {
        out.extend_from_slice(part.as_bytes());
    }
    Ok(())
}

/// The digits of the item that the samples order; its stock-keeping unit is S0001.
const SAMPLE: &str = "1234";

/// Returns the digits that a number of an item or unit ends with; nothing that would need an escape.
fn digits(number: &str) -> &str {
    let letters = number.trim_end_matches(|character: char| character.is_ascii_digit());
    &number[letters.len()..]
}

/// Returns how many pieces there are of an item.
fn stock(digits: &str) -> u32 {
    if digits == SAMPLE {
        return 84;
    }
    // FNV-1a: the same on every machine.
    let hash = digits.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    });
    let mixed = hash ^ (hash >> 32);
    if mixed % 8 == 0 {
        0
    } else {
        100 + (mixed >> 3) as u32 % 900
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Heap, View};

    fn check(name: &str, payload: &str, expected: Result<&str, &str>) {
        let mut functions = Functions::new();
        register(&mut functions);
        let mut function = functions.maker(name).expect("registered")();
        let mut out = Vec::new();
        let (mut heap, constants) = (Heap::new(), Heap::for_constants());
        let value = heap.index(payload.as_bytes()).expect("JSON");
        let payload = Payload::new(View::new(&heap, &constants), value);
        let got = function(payload, &mut out);
        let got = got.map(|()| String::from_utf8(out).expect("UTF-8"));
        let got = got.map_err(|failure| failure.error.unwrap_or_default());
        assert_eq!(
            got.as_deref().map_err(String::as_str),
            expected,
            "{name} {}",
            payload.view().to_json(value)
        );
    }

    #[test]
    fn answers() {
        let sample = Ok(r#"{"quantity_in_stock":84,"sku":"S0001"}"#);
        check(
            "demo.check_inventory",
            r#"{"item_no":"I1234","num_of_items":5}"#,
            sample,
        );
        check(
            "demo.update_inventory",
            r#"{"sku":"S0001","take":5}"#,
            Ok(r#"{"quantity_in_stock":79}"#),
        );
        check(
            "demo.update_inventory",
            r#"{"sku":"S0001","take":85}"#,
            Err("OutOfStock"),
        );
        check("demo.update_inventory", r#"{"sku":"S0001"}"#, Err("BadRequest"));
        check(
            "demo.mark_order_complete",
            r#"{"order_no":"O1"}"#,
            Ok(r#"{"status":"COMPLETE"}"#),
        );
        check(
            "demo.cancel_order",
            r#"{"order_no":"O1"}"#,
            Ok(r#"{"status":"CANCELLED"}"#),
        );
        check("demo.cancel_order", "[]", Err("BadRequest"));
    }

    #[test]
    fn some_items_are_short_and_units_agree() {
        let short = (0..1000).filter(|item| stock(&item.to_string()) == 0).count();
        assert!((80..180).contains(&short), "{short} of 1000");
        let mut out = Vec::new();
        check_inventory("I77", &mut out).expect("an answer");
        let found: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
        assert_eq!(found["sku"], "S77");
        assert_eq!(found["quantity_in_stock"], stock("77"));
    }
}
