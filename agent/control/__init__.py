"""The control protocol: requests of front ends, and events for them, in RPC and data packets; see docs/control.md."""
