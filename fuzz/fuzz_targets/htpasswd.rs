#![no_main]
davgate_fuzz::target!(davgate_fuzz::htpasswd::check);
