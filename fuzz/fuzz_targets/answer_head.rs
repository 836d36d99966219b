#![no_main]
davgate_fuzz::target!(davgate_fuzz::answer_head::check);
