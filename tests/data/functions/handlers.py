"""Handlers that behave and misbehave."""

import os
import signal
import sys
import time


def work(event, context):
    do = event["do"]
    if do == "echo":
        return {"event": event, "function": context.function_name, "arn": context.invoked_function_arn,
                "left": 0 < context.get_remaining_time_in_millis() <= 2000,
                "key": context.client_context.custom["idempotency-key"]}
    if do == "raise":
        raise KeyError("stock")
    if do == "exit":
        sys.exit(3)
    if do == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if do == "hang":
        time.sleep(600)
    if do == "large":
        return "x" * event["bytes"]
    if do == "print":
        print("first\nsecond \x1b[31m", flush=True)
        return os.getpid()
