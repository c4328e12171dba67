//! The functions of the demo: a shop's inventory that follows from the item's number.
//!
//! Deterministic and without memory, so that shards agree and an event that runs twice ends the same. Every
//! eighth item is short: orders of it fail, as orders do. The item of the samples, I1234, has 84 pieces.

use super::functions::BuiltIn;
use super::{Failure, Functions};
use crate::value::Key;

/// Registers `demo.check_inventory`, `demo.update_inventory`, `demo.mark_order_complete` and
/// `demo.cancel_order`, which `config/workflows/order_fulfillment.asl.json` calls.
pub fn register(functions: &mut Functions) {
    functions.register_each("demo.check_inventory", || reading("item_no", check_inventory));
    functions.register_each("demo.update_inventory", || reading("sku", update_inventory));
    functions.register_each("demo.mark_order_complete", || {
        reading("order_no", |_, _, out| answer(out, r#"{"status":"COMPLETE"}"#))
    });
    functions.register_each("demo.cancel_order", || {
        reading("order_no", |_, _, out| answer(out, r#"{"status":"CANCELLED"}"#))
    });
}

/// What the text of a member makes of a payload; also gets the payload's `take`.
type Work = fn(&str, Option<i64>, &mut Vec<u8>) -> Result<(), Failure>;

/// Makes a function that reads one member, which must be there, as a text.
fn reading(member: &'static str, work: Work) -> BuiltIn {
    let (member, take) = (Key::new(member), Key::new("take"));
    Box::new(move |payload, out| {
        let (view, root) = (payload.view(), payload.value());
        let Some(text) = view.member(root, &member).and_then(|value| view.string(value)) else {
            let cause = format!("the payload has no text '{}'", member.name());
            return Err(Failure::new("BadRequest", cause));
        };
        let taken = view.member(root, &take).and_then(|value| view.number(value));
        work(&text.decode(), taken.and_then(|text| text.parse().ok()), out)
    })
}

fn check_inventory(item: &str, _taken: Option<i64>, out: &mut Vec<u8>) -> Result<(), Failure> {
    let digits = digits(item);
    let stock = Number::new(stock(digits));
    for part in [
        "{\"quantity_in_stock\":",
        stock.text(),
        ",\"sku\":\"S",
        if digits == SAMPLE { "0001" } else { digits },
        "\"}",
    ] {
        out.extend_from_slice(part.as_bytes());
    }
    Ok(())
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
    for part in ["{\"quantity_in_stock\":", Number::new(left as u32).text(), "}"] {
        out.extend_from_slice(part.as_bytes());
    }
    Ok(())
}

fn answer(out: &mut Vec<u8>, text: &str) -> Result<(), Failure> {
    out.extend_from_slice(text.as_bytes());
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

/// A number as text, without the allocator.
struct Number {
    digits: [u8; 10],
    at: usize,
}

impl Number {
    fn new(mut number: u32) -> Number {
        let (mut digits, mut at) = ([b'0'; 10], 10);
        loop {
            at -= 1;
            digits[at] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                return Number { digits, at };
            }
        }
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.digits[self.at..]).unwrap_or("0")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::payload::Payload;
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
        check_inventory("I77", None, &mut out).expect("an answer");
        let found: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
        assert_eq!(found["sku"], "S77");
        assert_eq!(found["quantity_in_stock"], stock("77"));
    }
}
