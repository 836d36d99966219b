#![no_main]
davgate_fuzz::target!(davgate_fuzz::back_end_answer::check);
