//! One binary that drives the real server.
