//! What the wire tests share: the real program on a free port, a recording back end, and a client that speaks raw bytes.
//!
//! Everything here is plain std threads and blocking sockets with deadlines, so that a test says exactly which bytes travel.
#![allow(dead_code, reason = "every test file uses its own part of the harness")]

pub mod backend;
pub mod gateway;
pub mod lab;
pub mod samples;
pub mod wire;
