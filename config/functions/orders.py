"""The functions of order_fulfillment, as they would run on AWS Lambda: nothing here knows stepstream."""

STOCK = {"I1234": ("S0001", 84), "I4321": ("S0002", 3)}
SKUS = {sku: stock for sku, stock in STOCK.values()}


class OutOfStock(Exception):
    """Its name is the error that Catch and Retry see."""


def check_inventory(event, context):
    sku, stock = STOCK.get(event["item_no"], ("S0000", 0))
    return {"quantity_in_stock": stock, "sku": sku}


def update_inventory(event, context):
    left = SKUS.get(event["sku"], 0) - event["take"]
    if left < 0:
        raise OutOfStock(f"not enough of {event['sku']}")
    return {"quantity_in_stock": left}


def complete_order(event, context):
    # A call keeps its key when Kafka delivers the event again and when Retry calls again.
    key = context.client_context.custom["idempotency-key"]
    print(f"order {event['order_no']} is complete ({key})")
    return {"status": "COMPLETE"}


def cancel_order(event, context):
    return {"status": "CANCELLED"}
