//! W4J by hand: sonic-rs reads into structs, and writes from them.

use serde::{Deserialize, Serialize, Serializer};

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
    #[serde(borrow)]
    items: Vec<Item<'a>>,
}

#[derive(Deserialize)]
struct Customer<'a> {
    email: &'a str,
}

#[derive(Deserialize)]
struct Item<'a> {
    sku: &'a str,
    qty: u32,
    price: f64,
}

#[derive(Serialize)]
struct Computed<'a> {
    #[serde(rename = "orderId")]
    order_id: &'a str,
    lines: usize,
    units: u32,
    heavy: Vec<&'a str>,
    dearest: &'a str,
    #[serde(rename = "bySku", serialize_with = "as_object")]
    by_sku: Vec<(&'a str, u32)>,
    costs: Vec<Cost<'a>>,
    domain: &'a str,
    class: &'static str,
    #[serde(serialize_with = "as_number")]
    net: f64,
    freight: bool,
}

#[derive(Serialize)]
struct Cost<'a> {
    sku: &'a str,
    #[serde(serialize_with = "as_number")]
    cost: f64,
}

fn as_object<S: Serializer>(pairs: &[(&str, u32)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().copied())
}

/// Writes a whole number as JSONata does, without a fraction.
fn as_number<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    match number.fract() == 0.0 {
        true => serializer.serialize_i64(*number as i64),
        false => serializer.serialize_f64(*number),
    }
}

fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

fn class(total: f64) -> &'static str {
    if total > 1000.0 {
        "large"
    } else if total > 100.0 {
        "medium"
    } else {
        "small"
    }
}

/// W4J through typed structs. Orders have few items: a list is faster than a map.
pub(crate) fn typed_w4j(event: &[u8], out: &mut Vec<u8>) {
    let event: Event<'_> = sonic_rs::from_slice(event).unwrap();
    let items = &event.order.items;
    let cost = |item: &Item<'_>| item.price * f64::from(item.qty);
    let mut by_sku: Vec<(&str, u32)> = Vec::with_capacity(items.len());
    for item in items {
        match by_sku.iter_mut().find(|(sku, _)| *sku == item.sku) {
            Some((_, units)) => *units += item.qty,
            None => by_sku.push((item.sku, item.qty)),
        }
    }
    let mut sorted: Vec<&Item<'_>> = items.iter().collect();
    sorted.sort_by(|left, right| right.price.total_cmp(&left.price));
    let heavy: Vec<&str> = items
        .iter()
        .filter(|item| item.qty > 5)
        .map(|item| item.sku)
        .collect();
    let net = rounded(items.iter().map(cost).sum());
    let computed = Computed {
        order_id: event.order.id,
        lines: items.len(),
        units: items.iter().map(|item| item.qty).sum(),
        freight: net > 800.0 && heavy.len() > 1,
        heavy,
        dearest: sorted[0].sku,
        by_sku,
        costs: items
            .iter()
            .map(|item| Cost {
                sku: item.sku,
                cost: rounded(cost(item)),
            })
            .collect(),
        domain: event
            .customer
            .email
            .split_once('@')
            .map_or(event.customer.email, |(_, domain)| domain),
        class: class(event.order.total),
        net,
    };
    sonic_rs::to_writer(out, &computed).unwrap();
}
