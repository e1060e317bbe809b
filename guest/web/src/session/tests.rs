//! The session held to what the daemon does.
