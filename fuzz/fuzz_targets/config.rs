#![no_main]
davgate_fuzz::target!(davgate_fuzz::config::check);
