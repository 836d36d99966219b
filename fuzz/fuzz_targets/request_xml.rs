#![no_main]
davgate_fuzz::target!(davgate_fuzz::request_xml::check);
