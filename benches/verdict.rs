//! What a verdict costs with 10 rules and with 100,000, and how long 100,000 take to load. `cargo bench --bench verdict`; the ratios
//! are printed at the end and may be 2 at most, the loading 2 s.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "a benchmark that cannot go on fails"
)]

use std::fmt::Write;
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::Criterion;
use davgate::access::{Acl, Privilege, PrivilegeSet};
use davgate::config::compile;
use davgate::identity::Principal;

const FEW: usize = 10;
const MANY: usize = 100_000;
const NEEDED: PrivilegeSet = PrivilegeSet::of(&[Privilege::Read, Privilege::WriteContent]);

/// Rules as people have them: a name, a line of the file for each number, and the key that is asked about.
struct Shape(&'static str, fn(usize) -> String, &'static str);

const SHAPES: [Shape; 4] = [
    Shape(
        "a folder for each user",
        |number| format!(r#"{{ path: "/home/u{number}/**", allow: [all], to: "user:u{number}" }}"#),
        "/home/u5/a/b.txt",
    ),
    Shape(
        "a closed folder for each number",
        |number| format!(r#"{{ path: "/home/u5/f{number}/**", deny: [write], to: authenticated }}"#),
        "/home/u5/other/b.txt",
    ),
    Shape(
        "many users of one folder",
        |number| format!(r#"{{ path: "/shared/**", allow: [read, write], to: "user:u{number}" }}"#),
        "/shared/a/b.txt",
    ),
    Shape(
        "many groups of one folder",
        |number| format!(r#"{{ path: "/shared/*/b*", deny: [write], to: "group:g{number}" }}"#),
        "/shared/a/b.txt",
    ),
];

fn file(rule: fn(usize) -> String, count: usize) -> String {
    let identity = "identity: { trusted_header: { user: X-User, groups: X-Groups, from: [127.0.0.1] } }";
    let mut text = format!(
        "listeners: [{{ address: '127.0.0.1:0' }}]\n{identity}\nroutes:\n  - path: /\n    backend: {{ url: 'http://127.0.0.1' }}\n    access:\n"
    );
    for number in 0..count {
        writeln!(text, "      - {}", rule(number)).unwrap();
    }
    text.push_str("      - { path: /public/**, allow: [read], to: everyone }\n");
    text.push_str("      - { path: \"/home/{user}/**\", allow: [all], to: authenticated }\n");
    text.push_str("      - { path: /shared/**, allow: [read], to: authenticated }\n");
    text
}

fn load(rule: fn(usize) -> String, count: usize) -> (Acl, Duration) {
    let text = file(rule, count);
    let started = Instant::now();
    let loaded = compile(&text, "bench.yaml").expect("a good file");
    let took = started.elapsed();
    let route = loaded.policy.routes.into_iter().next().unwrap();
    (route.access.unwrap(), took)
}

fn verdict(acl: &Acl, who: &Principal, key: &str) {
    let access = acl.of(black_box(who));
    black_box(access.judge(black_box(key), NEEDED));
    black_box(access.judge_below(black_box("/home"), NEEDED));
    black_box(access.judge_below(black_box(key), NEEDED));
}

/// The best of some rounds, for one verdict: noise only ever adds.
fn best(acl: &Acl, who: &Principal, key: &str) -> Duration {
    let round = || {
        let started = Instant::now();
        for _ in 0..2_000 {
            verdict(acl, who, key);
        }
        started.elapsed() / 2_000
    };
    (0..20).map(|_| round()).min().unwrap()
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let who = Principal::user("u5", ["g5", "g7"]).unwrap();
    let mut lines = Vec::new();
    for Shape(name, rule, key) in SHAPES {
        let ((few, _), (many, loading)) = (load(rule, FEW), load(rule, MANY));
        let mut group = criterion.benchmark_group(name);
        group.bench_function("10 rules", |bench| bench.iter(|| verdict(&few, &who, key)));
        group.bench_function("100000 rules", |bench| bench.iter(|| verdict(&many, &who, key)));
        group.finish();
        let [few, many] = [&few, &many].map(|acl| best(acl, &who, key));
        let ratio = many.as_secs_f64() / few.as_secs_f64();
        lines.push(format!(
            "{name}: {few:?} with 10, {many:?} with 100,000: ratio {ratio:.2}; loading {loading:?}"
        ));
    }
    criterion.final_summary();
    println!("{}", lines.join("\n"));
}
