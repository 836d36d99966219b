//! Passwords and TLS.

use std::{path::Path, process::Command};

use davgate::store::{LockStore, redis::RedisStore};

use crate::{
    failure::new,
    server::{Server, program, until_up},
    several::free_port,
};

fn openssl(place: &Path, arguments: &str) {
    let done = Command::new("openssl")
        .args(arguments.split(' '))
        .current_dir(place)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

// A user who may do nothing but what the store needs; the password is read anew, so it may change
#[tokio::test]
async fn a_user_with_a_password() {
    let Some(program) = program() else { return };
    let server = Server::start(&program, &[]).await;
    let rules = "on >secret ~{davgate}:* +eval +evalsha +script|load +time +ping \
                 +hget +hset +hdel +hgetall +hincrby +zadd +zrem +zrangebylex +zrangebyscore +zremrangebyscore";
    let mut words = vec!["ACL", "SETUSER", "gate"];
    words.extend(rules.split_whitespace());
    server.say(&words).await.unwrap();
    server.say(&["ACL", "SETUSER", "default", "off"]).await.unwrap();
    let file = server.place.path().join("password");
    std::fs::write(&file, "mistaken\n").unwrap();
    let mut settings = server.settings();
    settings.user = Some("gate".to_owned());
    settings.password_file = Some(file.clone());
    let store = RedisStore::new(settings);
    let down = store.ping().await.unwrap_err();
    assert!(!down.0.contains("mistaken"), "{down}");
    std::fs::write(&file, "secret\n").unwrap();
    store.lock(new("t")).await.unwrap().unwrap();
    assert_eq!(store.remove("http://back", "t").await.unwrap().unwrap().token, "t");
    assert!(server.store().ping().await.is_err(), "the default user is off");
}

// TLS: the authority of the file and no other, and the name
#[tokio::test]
async fn tls() {
    let Some(program) = program() else { return };
    let keys = tempfile::TempDir::new().unwrap();
    let place = keys.path();
    std::fs::write(
        place.join("ext"),
        "subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n",
    )
    .unwrap();
    for authority in ["ca", "other"] {
        let subject = format!("-subj /CN={authority} -addext basicConstraints=critical,CA:TRUE");
        let files = format!("-keyout {authority}.key -out {authority}.pem");
        openssl(
            place,
            &format!("req -x509 -newkey rsa:2048 -nodes -days 2 {subject} {files}"),
        );
    }
    openssl(
        place,
        "req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr",
    );
    let signed =
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out server.pem";
    openssl(place, signed);
    let port = free_port().to_string();
    let file = |name: &str| place.join(name).display().to_string();
    let (certificate, key, authority) = (file("server.pem"), file("server.key"), file("ca.pem"));
    let server = Server::start(
        &program,
        &[
            "--tls-port",
            &port,
            "--bind",
            "127.0.0.1",
            "--tls-cert-file",
            &certificate,
            "--tls-key-file",
            &key,
            "--tls-ca-cert-file",
            &authority,
            "--tls-auth-clients",
            "no",
        ],
    )
    .await;
    let with = |host: &str, ca: Option<&str>| {
        let mut settings = server.settings();
        settings.url = format!("rediss://{host}:{port}/0");
        settings.ca = ca.map(|ca| place.join(ca));
        RedisStore::new(settings)
    };
    let store = with("localhost", Some("ca.pem"));
    until_up(&store).await;
    store.lock(new("t")).await.unwrap().unwrap();
    assert!(with("localhost", Some("other.pem")).ping().await.is_err());
    assert!(
        with("127.0.0.1", Some("ca.pem")).ping().await.is_err(),
        "the certificate is for localhost"
    );
    assert!(
        with("localhost", None).ping().await.is_err(),
        "no authority of the system signed it"
    );
}
