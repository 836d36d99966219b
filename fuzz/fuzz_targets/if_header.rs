#![no_main]
davgate_fuzz::target!(davgate_fuzz::if_header::check);
