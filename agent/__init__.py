"""The service: a LiveKit Agents worker that hears, thinks and speaks, with an avatar as its face."""
