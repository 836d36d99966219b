//! The back end inside this program.

use crate::policy::{
    Method::{Copy, Delete, Get, Head, Lock, Mkcol, Move, Options, Post, Propfind, Proppatch, Put, Unlock},
    MethodSet,
    profile::{Conditions, Profile},
};

/// The back end inside this program.
pub static EMBEDDED: Profile = Profile {
    name: "embedded",
    title: "the back end in the box",
    atomic_put: true,
    conditions: Conditions::HTTP,
    methods: MethodSet::of(&[
        Options, Get, Head, Post, Put, Delete, Propfind, Proppatch, Mkcol, Copy, Move, Lock, Unlock,
    ]),
    ..Profile::PLAIN
};
