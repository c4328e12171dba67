// The same functions for Node.js, as they would run on AWS Lambda: nothing here knows stepstream.

const STOCK = { I1234: ["S0001", 84], I4321: ["S0002", 3] };
const SKUS = Object.fromEntries(Object.values(STOCK));

class OutOfStock extends Error {
  constructor(message) {
    super(message);
    this.name = "OutOfStock"; // the error that Catch and Retry see
  }
}

export const check_inventory = async ({ item_no }) => {
  const [sku, stock] = STOCK[item_no] ?? ["S0000", 0];
  return { quantity_in_stock: stock, sku };
};

export const update_inventory = async ({ sku, take }) => {
  const left = (SKUS[sku] ?? 0) - take;
  if (left < 0) throw new OutOfStock(`not enough of ${sku}`);
  return { quantity_in_stock: left };
};

export const complete_order = async ({ order_no }, context) => {
  // A call keeps its key when Kafka delivers the event again and when Retry calls again.
  const key = context.clientContext.custom["idempotency-key"];
  console.log(`order ${order_no} is complete (${key})`);
  return { status: "COMPLETE" };
};

export const cancel_order = async () => ({ status: "CANCELLED" });
