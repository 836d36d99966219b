//! Rows for the back end as a source, with back ends that answer by script.

use std::sync::Mutex;

use super::*;

/// Answers: without credentials, to right ones, to others; and what was asked.
struct Script {
    answers: Mutex<[Option<u16>; 3]>,
    asked: Mutex<Vec<Option<HeaderValue>>>,
}

const RIGHT: HeaderValue = HeaderValue::from_static("Basic YW5uOnNlY3JldA==");
const WRONG: HeaderValue = HeaderValue::from_static("Basic YW5uOndyb25n");

impl Script {
    fn new(answers: [Option<u16>; 3]) -> Arc<Self> {
        Arc::new(Self {
            answers: Mutex::new(answers),
            asked: Mutex::new(Vec::new()),
        })
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

#[async_trait]
impl Ask for Script {
    async fn ask(&self, authorization: Option<&HeaderValue>) -> Option<StatusCode> {
        self.asked.lock().unwrap().push(authorization.cloned());
        let [none, right, other] = *self.answers.lock().unwrap();
        let status = match authorization {
            None => none,
            Some(value) if *value == RIGHT => right,
            Some(_) => other,
        };
        status.map(|status| StatusCode::from_u16(status).unwrap())
    }
}

fn source(script: &Arc<Script>) -> BackEnd {
    BackEnd::new(script.clone(), Duration::from_secs(60))
}

async fn verify(back_end: &BackEnd, key: &Key, authorization: &HeaderValue) -> Answer {
    back_end
        .verify(BackEnd::fingerprint(key, authorization), authorization)
        .await
}

#[test]
fn what_an_answer_means() {
    let rows = [
        (Some(200), Answer::Right),
        (Some(207), Answer::Right),
        (Some(204), Answer::Right),
        (Some(302), Answer::Wrong),
        (Some(400), Answer::Wrong),
        (Some(401), Answer::Wrong),
        (Some(403), Answer::Wrong),
        (Some(404), Answer::Wrong),
        (Some(408), Answer::Unknown),
        (Some(429), Answer::Unknown),
        (Some(500), Answer::Unknown),
        (Some(503), Answer::Unknown),
        (None, Answer::Unknown),
    ];
    for (status, expected) in rows {
        let status = status.map(|status| StatusCode::from_u16(status).unwrap());
        assert_eq!(meaning(status), expected, "{status:?}");
    }
}

#[tokio::test]
async fn asked_once_per_credential() {
    let key = Key::random();
    let script = Script::new([Some(401), Some(207), Some(401)]);
    let back_end = source(&script);
    let fingerprint = BackEnd::fingerprint(&key, &RIGHT);
    assert!(!back_end.remembers(&fingerprint, Instant::now()));
    assert_eq!(verify(&back_end, &key, &RIGHT).await, Answer::Right);
    assert_eq!(script.asked(), 3);
    assert!(back_end.remembers(&fingerprint, Instant::now()));
    assert!(!back_end.remembers(&fingerprint, Instant::now() + Duration::from_secs(61)));
    assert_eq!(verify(&back_end, &key, &WRONG).await, Answer::Wrong);
    assert!(!back_end.remembers(&BackEnd::fingerprint(&key, &WRONG), Instant::now()));
    // The place was tested just now.
    assert_eq!(script.asked(), 4);
}

// A place that lets in whoever comes proves nothing.
#[tokio::test]
async fn the_place_is_tested() {
    let status = |code| StatusCode::from_u16(code).unwrap();
    let rows = [
        ([Some(401), Some(200), Some(401)], Ok(())),
        ([Some(200), Some(200), Some(401)], Err(Unsound::Open(status(200)))),
        ([Some(302), Some(200), Some(302)], Err(Unsound::Open(status(302)))),
        ([Some(404), Some(404), Some(404)], Err(Unsound::Open(status(404)))),
        ([Some(401), Some(200), Some(200)], Err(Unsound::Believes(status(200)))),
        ([Some(401), Some(200), Some(403)], Err(Unsound::Believes(status(403)))),
        ([Some(401), Some(200), None], Err(Unsound::Silent)),
        ([Some(503), Some(200), Some(401)], Err(Unsound::Silent)),
        ([None, None, None], Err(Unsound::Silent)),
    ];
    let key = Key::random();
    for (answers, expected) in rows {
        let script = Script::new(answers);
        let back_end = source(&script);
        assert_eq!(back_end.self_test().await, expected, "{answers:?}");
        let answer = if expected.is_ok() {
            Answer::Right
        } else {
            Answer::Unknown
        };
        assert_eq!(verify(&back_end, &key, &RIGHT).await, answer, "{answers:?}");
    }
}

#[tokio::test]
async fn a_failed_test_forgets_what_was_proved() {
    let key = Key::random();
    let script = Script::new([Some(401), Some(200), Some(401)]);
    let back_end = source(&script);
    assert_eq!(verify(&back_end, &key, &RIGHT).await, Answer::Right);
    *script.answers.lock().unwrap() = [Some(200); 3];
    assert_eq!(back_end.self_test().await, Err(Unsound::Open(StatusCode::OK)));
    assert!(!back_end.remembers(&BackEnd::fingerprint(&key, &RIGHT), Instant::now()));
    // A test that failed is made again before long, not at once.
    let asked = script.asked();
    assert_eq!(verify(&back_end, &key, &RIGHT).await, Answer::Unknown);
    assert_eq!(script.asked(), asked);
    *script.answers.lock().unwrap() = [Some(401), Some(200), Some(401)];
    assert_eq!(back_end.self_test().await, Ok(()));
    assert_eq!(verify(&back_end, &key, &RIGHT).await, Answer::Right);
}

#[test]
fn made_up_credentials_are_new_each_time() {
    let [one, other] = [made_up(), made_up()];
    assert_ne!(one, other);
    let mut headers = http::HeaderMap::new();
    headers.insert(http::header::AUTHORIZATION, one);
    let found = crate::identity::credentials::read(&headers);
    assert!(
        matches!(&found, Ok(Some(crate::identity::credentials::Presented::Basic(basic)))
            if basic.name.starts_with("davgate-test-") && basic.password.expose().len() > 40),
        "{found:?}"
    );
}
