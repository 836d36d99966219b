//! `kill -9` at random moments (L-96): no lock that was granted is lost, none that was released comes back. The process that is killed is
//! this program again, which does nothing but lock and unlock.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use davgate::store::LockStore;

use crate::file::{new, place, tokens, up};

const CHILD: &str = "DAVGATE_TEST_KILLED_CHILD";

/// One line, whole, before anything else happens.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

// What is killed. Says `+ TOKEN` for what was granted, `? TOKEN` before it releases, `- TOKEN` for what was released.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Ok(told) = std::env::var(CHILD) else {
        return;
    };
    let (round, path) = told.split_once(' ').unwrap();
    let store = Arc::new(up(Path::new(path)).await);
    say("up");
    let old = tokens(&*store).await;
    let mut tasks = tokio::task::JoinSet::new();
    for worker in 0..6 {
        let (store, round) = (Arc::clone(&store), round.to_owned());
        let mut held: Vec<String> = old.iter().skip(worker).step_by(6).cloned().collect();
        tasks.spawn(async move {
            for number in 0_u64.. {
                if number % 3 < 2 && held.len() < 20 {
                    let token = format!("r{round}w{worker}n{number}");
                    store.lock(new(&token, 3_600_000)).await.unwrap().unwrap();
                    say(&format!("+ {token}"));
                    held.push(token);
                } else {
                    let token = held.remove(0);
                    say(&format!("? {token}"));
                    store.remove("http://back", &token).await.unwrap().unwrap();
                    say(&format!("- {token}"));
                }
            }
        });
    }
    tasks.join_all().await;
}

/// This program again, as `child`, with the file at `path`.
fn spawn(round: u64, path: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::child", "--nocapture", "--test-threads=1"])
        .env(CHILD, format!("{round} {}", path.display()))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

// L-96: as soon as the file has a name, and a little later
#[tokio::test]
async fn killed_while_it_makes_the_file() {
    for round in 0..20 {
        let place = place();
        let path = place.path().join("locks.redb");
        let mut child = spawn(round, &path);
        while !path.exists() {
            assert!(child.try_wait().unwrap().is_none(), "it made no file");
        }
        std::thread::sleep(Duration::from_micros(round * 20));
        child.kill().unwrap();
        child.wait().unwrap();
        up(&path).await;
    }
}

// L-96
#[tokio::test]
async fn killed_at_any_moment() {
    let rounds = std::env::var("DAVGATE_TEST_KILLS").map_or(20, |text| text.parse().unwrap());
    let place = place();
    let path = place.path().join("locks.redb");
    let (mut held, mut released, mut acknowledged) = (BTreeSet::new(), BTreeSet::new(), 0_u64);
    for round in 0..rounds {
        let mut child = spawn(round, &path);
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (sender, said) = std::sync::mpsc::channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        // From before the file is open to amidst the work. The test harness begins the line that ends with "up".
        if round % 4 > 0 {
            while !said.recv().unwrap().ends_with("up") {}
        }
        tokio::time::sleep(Duration::from_micros(1_000 + (round * 7_919 % 80) * 1_000)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        for line in said {
            match line.split_once(' ') {
                Some(("+", token)) => {
                    held.insert(token.to_owned());
                    acknowledged += 1;
                }
                Some(("?", token)) => {
                    held.remove(token);
                }
                Some(("-", token)) => {
                    released.insert(token.to_owned());
                    acknowledged += 1;
                }
                _ => {}
            }
        }
        let found: BTreeSet<String> = tokens(&up(&path).await).await.into_iter().collect();
        let lost: Vec<_> = held.difference(&found).collect();
        assert!(lost.is_empty(), "round {round}: granted and lost: {lost:?}");
        let back: Vec<_> = released.intersection(&found).collect();
        assert!(back.is_empty(), "round {round}: released and back: {back:?}");
        // What was being granted or released at that moment may be there or not.
        held = found;
    }
    assert!(
        acknowledged > rounds,
        "only {acknowledged} operations in {rounds} rounds"
    );
}
