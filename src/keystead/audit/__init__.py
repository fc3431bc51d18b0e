"""The audit trail as bytes: events in a chain, checkpoints, what is wrong with them, exports."""
