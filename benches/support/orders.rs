//! W4: the order fulfillment sample, its tasks answered at once.

use super::Workload;
use serde_json::json;

const DEFINITION: &str = include_str!("../../config/workflows/order_fulfillment.asl.json");
const IN_STOCK: u64 = 84;

/// Makes orders that are all fulfilled, with the outputs they must have.
pub(crate) fn fulfillment() -> Workload {
    let orders = (0..64).map(|at| {
        let item = json!({"item_no": format!("I{}", 1234 + at), "num_of_items": at % IN_STOCK + 1});
        json!({"order_no": format!("ORD{}", 345_567 + at), "item": item})
    });
    let orders: Vec<_> = orders
        .map(|order| json!({"order_processing_request": order}))
        .collect();
    let expected = orders.iter().cloned().map(|mut order| {
        order["task_result"] = json!({"num_items_in_inventory": IN_STOCK, "item_sku": "S0001"});
        order["fulfilment"] = json!({"order_status": "COMPLETE", "quantity_in_stock": IN_STOCK - 5});
        order
    });
    Workload {
        name: "w4",
        definition: DEFINITION.to_owned(),
        expected: expected.collect(),
        events: orders
            .iter()
            .map(|order| order.to_string().into_bytes())
            .collect(),
        tasks: tasks(),
    }
}

fn tasks() -> Vec<(String, String)> {
    let answers = [
        (
            "check inventory",
            json!({"quantity_in_stock": IN_STOCK, "sku": "S0001"}),
        ),
        ("mark order as complete", json!({"status": "COMPLETE"})),
        ("update inventory", json!({"quantity_in_stock": IN_STOCK - 5})),
    ];
    let answer = |payload| json!({"ExecutedVersion": "$LATEST", "Payload": payload, "StatusCode": 200});
    answers
        .into_iter()
        .map(|(state, payload)| (state.to_owned(), answer(payload).to_string()))
        .collect()
}
