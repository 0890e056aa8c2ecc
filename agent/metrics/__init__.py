"""What an operator sees of the calls: metrics for Prometheus, traces for OpenTelemetry; see docs/operations.md."""
