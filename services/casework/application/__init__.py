"""What casework does: takes events in, keeps the directory of cases, publishes the policy, answers reads.

Owns the order of the checks at the entrance and what a receipt or a refusal says. Promises that a receipt is given only
after the log has the event. Refuses to know Kafka, ClickHouse, HTTP or gRPC: they stand behind the ports declared
here.
"""
