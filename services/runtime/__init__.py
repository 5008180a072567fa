"""Process plumbing that every service and stream shares; a closed list.

Owns settings (`settings`), log lines (`logging`), the bearer's token at the door (`authentication`), HTTP
(`problems`, `problem_models`, `problem_statuses`, `strict_json`, `route_permissions`, `metrics`, `http`), gRPC
(`grpc_server`), serving and stopping (`serve`), TLS of the public faces (`tls`, `tls_door`), how much may be asked for
(`rate_limits`), whether reading goes on (`progress`), files that nobody else may read (`ours_alone`), the sealing of
what must be read again (`sealed`), the log's producer (`producer`) and the table of topics (`topics`).
Promises to hold no rule about cases.
Refuses to import a service.
"""
