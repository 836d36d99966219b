//! The matrix: roles, paths, methods and states, each row judged by the program and by a second, naive evaluator (spec section 3).
//! tests/real/matrix.py asks a part of it of a real server.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod naive;
mod program;
mod rows;

use std::collections::BTreeMap;

use naive::{Naive, ROLES, Verdict};
use program::{explained, gate, judge};
use rows::{Row, State, chosen, rows};

/// Fails with the first rows that differ, and says how many do.
fn agree(rows: &[Row], judged: impl Fn(&Row) -> Option<String>) {
    let wrong: Vec<String> = rows
        .iter()
        .filter_map(|row| judged(row).map(|why| format!("{}: {why}", row.name())))
        .collect();
    let shown = wrong.iter().take(40).cloned().collect::<Vec<_>>().join("\n");
    assert!(
        wrong.is_empty(),
        "{} of {} rows differ:\n{shown}",
        wrong.len(),
        rows.len()
    );
}

// PV-1 to PV-30, O-6 to O-12
#[test]
fn the_program_and_the_naive_evaluator_agree() {
    let (rows, naive, gate) = (rows(), Naive::default(), gate("enforce"));
    agree(&rows, |row| {
        let (program, naive) = (judge(&gate, row, true).verdict, naive.judge(row));
        (program != naive).then(|| format!("program {program:?}, naive {naive:?}"))
    });
    // The matrix is worth something: it is large, and nothing in it is all the same.
    assert!(rows.len() >= 2000, "{}", rows.len());
    let mut counts: BTreeMap<Verdict, usize> = BTreeMap::new();
    for row in &rows {
        *counts.entry(naive.judge(row)).or_default() += 1;
    }
    println!("{} rows: {counts:?}", rows.len());
    for verdict in [
        Verdict::Permit,
        Verdict::Refuse(401),
        Verdict::Refuse(403),
        Verdict::Refuse(404),
        Verdict::Refuse(405),
    ] {
        assert!(counts.get(&verdict).is_some_and(|count| *count >= 100), "{counts:?}");
    }
}

// In report mode everybody but nobody in particular passes, and what is told is what would have been.
#[test]
fn report_mode_tells_the_same_verdicts() {
    let (rows, enforced, trial) = (rows(), gate("enforce"), gate("report"));
    agree(&rows, |row| {
        let (wanted, got) = (judge(&enforced, row, true), judge(&trial, row, true));
        let refused = ROLES[row.role].0.is_empty() && wanted.verdict != Verdict::Permit;
        let verdict = if refused { wanted.verdict } else { Verdict::Permit };
        let same = got.told == wanted.verdict && got.verdict == verdict && got.questions <= wanted.questions;
        (!same).then(|| format!("enforced {wanted:?}, reported {got:?}"))
    });
    // Where the back end asks who it is, everybody passes.
    agree(&rows, |row| {
        let (wanted, got) = (judge(&enforced, row, false), judge(&trial, row, false));
        let same = got.told == wanted.verdict && got.verdict == Verdict::Permit;
        (!same).then(|| format!("enforced {wanted:?}, reported {got:?}"))
    });
}

// An explanation says what would happen, enforced or in report mode.
#[test]
fn explanations_have_the_same_verdicts() {
    let (rows, naive, enforced, trial) = (rows(), Naive::default(), gate("enforce"), gate("report"));
    agree(&rows, |row| {
        let verdict = naive.judge(row);
        let passes = verdict != Verdict::Permit && !ROLES[row.role].0.is_empty();
        let got = (explained(&enforced, row), explained(&trial, row));
        (got != ((verdict, false), (verdict, passes))).then(|| format!("expected {verdict:?}, explained {got:?}"))
    });
}

// EX-5: the back end is asked only where its answer makes a difference.
#[test]
fn no_question_without_need() {
    let (rows, gate, naive) = (rows(), gate("enforce"), Naive::default());
    agree(&rows, |row| {
        let questions = judge(&gate, row, true).questions;
        if questions == 0 {
            return None;
        }
        let in_state = |(target_state, destination_state): (State, State)| Row {
            target_state,
            destination_state,
            ..row.clone()
        };
        let verdicts: Vec<Verdict> = row.possible().map(|states| naive.judge(&in_state(states))).collect();
        let all_same = verdicts.iter().all(|verdict| *verdict == verdicts[0]);
        all_same.then(|| format!("{questions} questions, and always {:?}", verdicts[0]))
    });
}

// What tests/real/matrix.py asks of a real server is a part of this matrix, with the verdicts of today.
#[test]
fn the_rows_for_a_real_server_are_up_to_date() {
    let naive = Naive::default();
    let rows: Vec<serde_json::Value> = chosen(|row| naive.judge(row))
        .iter()
        .map(|row| {
            let status = match naive.judge(row) {
                Verdict::Permit => None,
                Verdict::Refuse(status) => Some(status),
            };
            serde_json::json!({
                "role": ROLES[row.role].0, "method": row.method, "path": row.path, "refused": status,
                "hidden": naive.hides(row),
                "state": format!("{:?}", row.target_state), "destination": row.destination,
                "destination_state": row.destination.map(|_| format!("{:?}", row.destination_state)),
            })
        })
        .collect();
    assert!(rows.len() >= 150, "{}", rows.len());
    let lines: Vec<String> = rows.iter().map(serde_json::Value::to_string).collect();
    let head = serde_json::json!({
        "methods": naive::METHODS.iter().map(|(path, reading)| {
            serde_json::json!({ "path": path, "allow": [if *reading { "read" } else { "dav" }] })
        }).collect::<Vec<_>>(),
        "access": naive::ACCESS.iter().map(|(path, effect, privileges, to)| {
            let list = |words: &str| words.split(' ').map(str::to_owned).collect::<Vec<_>>();
            serde_json::json!({ "path": path, *effect: list(privileges), "to": list(to) })
        }).collect::<Vec<_>>(),
        "roles": ROLES.iter().map(|(name, groups)| serde_json::json!([name, groups])).collect::<Vec<_>>(),
    });
    let text = format!("{{\"policy\": {head},\n\"rows\": [\n{}\n]}}\n", lines.join(",\n"));
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/matrix.json");
    if std::env::var_os("DAVGATE_WRITE_MATRIX").is_some() {
        std::fs::write(file, &text).unwrap();
    }
    assert!(
        std::fs::read_to_string(file).is_ok_and(|known| known == text),
        "write it anew with DAVGATE_WRITE_MATRIX=1 cargo test --test matrix"
    );
}
