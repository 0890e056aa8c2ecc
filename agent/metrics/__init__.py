"""The operator's view of calls: metrics for Prometheus, traces for OpenTelemetry; see docs/operations.md."""
