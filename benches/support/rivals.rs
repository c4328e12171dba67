//! The same work by hand: sonic-rs (lazy and typed), simd-json's tape, and our own index.

use serde::{Deserialize, Serialize};
use sonic_rs::{JsonValueTrait, PointerTree, pointer};
use stepstream::value::{Heap, Key, ValueRef, View};

fn route(amount: f64, tier: &str) -> &'static str {
    if amount > 1000.0 {
        r#"{"queue":"review","slaHours":24}"#
    } else if amount > 100.0 && (tier == "gold" || tier == "platinum") {
        r#"{"queue":"priority","slaHours":4}"#
    } else {
        r#"{"queue":"standard","slaHours":72}"#
    }
}

/// Writes W1's output from raw JSON texts; `tier` and `name` are plain strings in quotes.
fn write_w1(out: &mut Vec<u8>, id: &[u8], amount: &[u8], tier: &[u8], name: &[u8], items: Option<&[u8]>) {
    let value: f64 = std::str::from_utf8(amount).unwrap().parse().unwrap();
    let plain_tier = std::str::from_utf8(&tier[1..tier.len() - 1]).unwrap();
    out.extend_from_slice(b"{\"orderId\":");
    out.extend_from_slice(id);
    out.extend_from_slice(b",\"amount\":");
    out.extend_from_slice(amount);
    out.extend_from_slice(b",\"tier\":");
    out.extend_from_slice(tier);
    out.extend_from_slice(b",\"label\":\"order ");
    out.extend_from_slice(&id[1..id.len() - 1]);
    out.extend_from_slice(b" for ");
    out.extend_from_slice(&name[1..name.len() - 1]);
    out.push(b'"');
    if let Some(items) = items {
        out.extend_from_slice(b",\"items\":");
        out.extend_from_slice(items);
    }
    out.extend_from_slice(b",\"route\":");
    out.extend_from_slice(route(value, plain_tier).as_bytes());
    out.push(b'}');
}

pub(crate) struct SonicLazy {
    w1: PointerTree,
    w2: PointerTree,
}

impl SonicLazy {
    pub(crate) fn new() -> SonicLazy {
        let mut w1 = PointerTree::new();
        w1.add_path(&pointer!["order", "id"]);
        w1.add_path(&pointer!["order", "total"]);
        w1.add_path(&pointer!["customer", "tier"]);
        w1.add_path(&pointer!["customer", "name"]);
        let mut w2 = PointerTree::new();
        w2.add_path(&pointer!["order", "id"]);
        w2.add_path(&pointer!["order", "total"]);
        w2.add_path(&pointer!["customer", "tier"]);
        w2.add_path(&pointer!["customer", "name"]);
        w2.add_path(&pointer!["order", "items"]);
        SonicLazy { w1, w2 }
    }

    pub(crate) fn w1(&self, event: &[u8], out: &mut Vec<u8>) {
        let found = sonic_rs::get_many(event, &self.w1).unwrap();
        let raw = |at: usize| found[at].as_ref().unwrap().as_raw_str().as_bytes();
        write_w1(out, raw(0), raw(1), raw(2), raw(3), None);
    }

    pub(crate) fn w2(&self, event: &[u8], out: &mut Vec<u8>) {
        let found = sonic_rs::get_many(event, &self.w2).unwrap();
        let raw = |at: usize| found[at].as_ref().unwrap().as_raw_str().as_bytes();
        let mut items = Vec::with_capacity(256);
        items.push(b'[');
        for item in sonic_rs::to_array_iter(raw(4)) {
            let item = item.unwrap();
            if items.len() > 1 {
                items.push(b',');
            }
            items.extend_from_slice(b"{\"kind\":\"line\",\"sku\":");
            items.extend_from_slice(item.get("sku").unwrap().as_raw_str().as_bytes());
            items.extend_from_slice(b",\"qty\":");
            items.extend_from_slice(item.get("qty").unwrap().as_raw_str().as_bytes());
            items.push(b'}');
        }
        items.push(b']');
        write_w1(out, raw(0), raw(1), raw(2), raw(3), Some(&items));
    }

    /// Validates the whole text and copies it.
    pub(crate) fn w3(&self, event: &[u8], out: &mut Vec<u8>) {
        let whole: sonic_rs::LazyValue<'_> = sonic_rs::from_slice(event).unwrap();
        out.extend_from_slice(whole.as_raw_str().as_bytes());
    }

    /// Validates the whole text and appends to it.
    pub(crate) fn w3b(&self, event: &[u8], out: &mut Vec<u8>) {
        self.w3(event, out);
        out.pop();
        out.extend_from_slice(
            br#","steps":{"p1":1,"p2":2,"p3":3,"p4":4,"p5":5,"p6":6,"p7":7,"p8":8,"p9":9,"p10":10}}"#,
        );
    }
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    order: Order<'a>,
    #[serde(borrow)]
    customer: Customer<'a>,
}

#[derive(Deserialize)]
struct Order<'a> {
    id: &'a str,
    total: f64,
}

#[derive(Deserialize)]
struct Customer<'a> {
    name: &'a str,
    tier: &'a str,
}

#[derive(Deserialize)]
struct EventWithItems<'a> {
    #[serde(borrow)]
    order: OrderWithItems<'a>,
    #[serde(borrow)]
    customer: Customer<'a>,
}

#[derive(Deserialize)]
struct OrderWithItems<'a> {
    id: &'a str,
    total: f64,
    #[serde(borrow)]
    items: Vec<Item<'a>>,
}

#[derive(Deserialize)]
struct Item<'a> {
    sku: &'a str,
    qty: u32,
}

#[derive(Serialize)]
struct Line<'a> {
    kind: &'static str,
    sku: &'a str,
    qty: u32,
}

#[derive(Serialize)]
struct Routed<'a> {
    #[serde(rename = "orderId")]
    order_id: &'a str,
    amount: f64,
    tier: &'a str,
    label: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<Vec<Line<'a>>>,
    route: Route,
}

#[derive(Serialize)]
struct Route {
    queue: &'static str,
    #[serde(rename = "slaHours")]
    sla_hours: u32,
}

fn typed_route(amount: f64, tier: &str) -> Route {
    if amount > 1000.0 {
        Route {
            queue: "review",
            sla_hours: 24,
        }
    } else if amount > 100.0 && (tier == "gold" || tier == "platinum") {
        Route {
            queue: "priority",
            sla_hours: 4,
        }
    } else {
        Route {
            queue: "standard",
            sla_hours: 72,
        }
    }
}

/// W1 through typed structs.
pub(crate) fn typed_w1(event: &[u8], out: &mut Vec<u8>) {
    let event: Event<'_> = sonic_rs::from_slice(event).unwrap();
    let (order, customer) = (event.order, event.customer);
    let label = format!("order {} for {}", order.id, customer.name);
    let routed = Routed {
        order_id: order.id,
        amount: order.total,
        tier: customer.tier,
        label: &label,
        items: None,
        route: typed_route(order.total, customer.tier),
    };
    sonic_rs::to_writer(out, &routed).unwrap();
}

/// W2 through typed structs.
pub(crate) fn typed_w2(event: &[u8], out: &mut Vec<u8>) {
    let event: EventWithItems<'_> = sonic_rs::from_slice(event).unwrap();
    let (order, customer) = (event.order, event.customer);
    let label = format!("order {} for {}", order.id, customer.name);
    let lines = order
        .items
        .iter()
        .map(|item| Line {
            kind: "line",
            sku: item.sku,
            qty: item.qty,
        })
        .collect();
    let routed = Routed {
        order_id: order.id,
        amount: order.total,
        tier: customer.tier,
        label: &label,
        items: Some(lines),
        route: typed_route(order.total, customer.tier),
    };
    sonic_rs::to_writer(out, &routed).unwrap();
}

/// By hand over our own index.
pub(crate) struct ByHand {
    heap: Heap,
    constants: Heap,
    keys: [Key; 7],
}

impl ByHand {
    pub(crate) fn new() -> ByHand {
        ByHand {
            heap: Heap::new(),
            constants: Heap::for_constants(),
            keys: ["order", "id", "total", "customer", "tier", "name", "items"].map(Key::new),
        }
    }

    pub(crate) fn index(&mut self, event: &[u8]) -> ValueRef {
        self.heap.clear();
        self.heap.index(event).unwrap()
    }

    pub(crate) fn w1(&mut self, event: &[u8], out: &mut Vec<u8>) {
        let root = self.index(event);
        let view = View::new(&self.heap, &self.constants);
        let [order, id, total, customer, tier, name, _] = &self.keys;
        let order = view.member(root, order).unwrap();
        let customer = view.member(root, customer).unwrap();
        let text = |object, key| view.text(view.member(object, key).unwrap()).unwrap();
        write_w1(
            out,
            text(order, id),
            text(order, total),
            text(customer, tier),
            text(customer, name),
            None,
        );
    }
}

/// simd-json's tape, filled with reused buffers.
pub(crate) struct Tape {
    buffers: simd_json::Buffers,
    input: Vec<u8>,
    tape: Option<simd_json::Tape<'static>>,
}

impl Tape {
    pub(crate) fn new() -> Tape {
        Tape {
            buffers: simd_json::Buffers::default(),
            input: Vec::new(),
            tape: Some(simd_json::Tape::null()),
        }
    }

    /// Copies the event and fills the tape.
    pub(crate) fn fill<R>(&mut self, event: &[u8], with: impl FnOnce(&simd_json::Tape<'_>) -> R) -> R {
        self.input.clear();
        self.input.extend_from_slice(event);
        let mut tape = self.tape.take().unwrap().reset();
        simd_json::fill_tape(&mut self.input, &mut self.buffers, &mut tape).unwrap();
        let result = with(&tape);
        self.tape = Some(tape.reset());
        result
    }

    pub(crate) fn w1(&mut self, event: &[u8], out: &mut Vec<u8>) {
        use simd_json::prelude::{ValueAsScalar, ValueIntoString};
        let _ = out;
        self.fill(event, |tape| {
            let root = tape.as_value();
            let root = root.as_object().unwrap();
            let order = root.get("order").unwrap();
            let customer = root.get("customer").unwrap();
            let (order, customer) = (order.as_object().unwrap(), customer.as_object().unwrap());
            let id = order.get("id").unwrap().into_string().unwrap();
            let amount = order.get("total").unwrap();
            let total = amount.as_f64().unwrap_or_else(|| amount.as_i64().unwrap() as f64);
            let tier = customer.get("tier").unwrap().into_string().unwrap();
            let name = customer.get("name").unwrap().into_string().unwrap();
            let label = format!("order {id} for {name}");
            let routed = Routed {
                order_id: id,
                amount: total,
                tier,
                label: &label,
                items: None,
                route: typed_route(total, tier),
            };
            sonic_rs::to_writer(&mut *out, &routed).unwrap();
        });
    }
}
