//! Several gateways on one server (L-84, L-90).

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use davgate::{
    locks::table::{LockRefusal, WriteRefusal},
    store::LockStore,
};

use crate::{
    failure::{new, write},
    server::{Server, program},
};

/// A port of loopback that nobody listens on just now.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

// L-80, L-84: of all who ask for a lock at once one gets it; nobody writes while it is held, nobody gets it while one writes
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_at_a_time() {
    let Some(program) = program() else { return };
    let server = Server::start(&program, &["--appendonly", "no"]).await;
    let stores: [Arc<dyn LockStore>; 2] = [Arc::new(server.store()), Arc::new(server.store())];
    let inside = Arc::new(AtomicU32::new(0));
    let until = Instant::now() + Duration::from_secs(4);
    let mut tasks = tokio::task::JoinSet::new();
    for worker in 0..8_usize {
        let (store, inside) = (Arc::clone(&stores[worker % 2]), Arc::clone(&inside));
        tasks.spawn(async move {
            let mut entered = 0_u32;
            for number in 0.. {
                if Instant::now() > until {
                    break;
                }
                if worker < 4 {
                    let mut ask = new("same");
                    ask.token = format!("w{worker}n{number}");
                    ask.creator = format!("user{worker}");
                    match store.lock(ask).await.unwrap() {
                        Ok(lock) => {
                            assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two were granted");
                            tokio::task::yield_now().await;
                            inside.fetch_sub(1, Ordering::SeqCst);
                            store.remove("http://back", &lock.token).await.unwrap().unwrap();
                            entered += 1;
                        }
                        Err(refusal) => assert!(matches!(refusal, LockRefusal::Conflict(_) | LockRefusal::Writing)),
                    }
                } else {
                    match store.begin(write("same")).await.unwrap() {
                        Ok(id) => {
                            // Others may write at the same time, but nobody holds the lock.
                            let others = inside.fetch_add(0x100, Ordering::SeqCst);
                            assert_eq!(others & 0xff, 0, "written while locked");
                            tokio::task::yield_now().await;
                            inside.fetch_sub(0x100, Ordering::SeqCst);
                            store.end(id, Vec::new()).await.unwrap();
                            entered += 1;
                            tokio::time::sleep(Duration::from_millis(3)).await;
                        }
                        Err(refusal) => assert!(matches!(refusal, WriteRefusal::Locked(_))),
                    }
                }
            }
            entered
        });
    }
    let entered = tasks.join_all().await;
    assert!(entered.iter().sum::<u32>() > 50, "{entered:?}");
}

// One server, two groups of gateways: a prefix keeps them apart
#[tokio::test]
async fn prefixes_keep_apart() {
    let Some(program) = program() else { return };
    let server = Server::start(&program, &[]).await;
    let mut settings = server.settings();
    settings.prefix = "other".to_owned();
    let other = davgate::store::redis::RedisStore::new(settings);
    server.store().lock(new("t")).await.unwrap().unwrap();
    assert_eq!(other.find("http://back", "t").await.unwrap(), None);
    other.lock(new("t")).await.unwrap().unwrap();
    assert!(server.store().remove("http://back", "t").await.unwrap().is_some());
    assert!(other.find("http://back", "t").await.unwrap().is_some());
}
