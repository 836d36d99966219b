//! One gateway with many routes in front of one recording back end, shared by the tests of a file, and the two verdicts a test
//! can ask for: refused (nothing reached the back end) and passed (it arrived, and this is what arrived).

use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use super::again;
use super::backend::{BackEnd, Seen};
use super::gateway::Gateway;
use super::wire::{Answer, Client, Req, raw};

/// The routes of the shared gateway; `@BACK@` is the back end's address.
const ROUTES: &str = r#"
  - name: files
    hosts: [dav.test, dav2.test]
    path: /files/
    backend: { url: "http://@BACK@/dav/", profile: apache }
    reports: ["DAV:expand-property", "DAV:version-tree", "DAV:sync-collection", "CALDAV:calendar-multiget"]
    limits: { body: 1MiB, xml: 64KiB }
  - name: inner
    hosts: [dav.test, dav2.test]
    path: /files/inner/
    backend: { url: "http://@BACK@/elsewhere/", profile: apache }
  - name: read-only
    hosts: [dav.test]
    path: /ro/
    backend: { url: "http://@BACK@/ro-in/", profile: apache }
    methods: [read]
  - name: web
    hosts: [dav.test]
    path: /web/
    backend: { url: "http://@BACK@/web-in/", profile: generic }
    methods: [web]
  - name: closed
    hosts: [dav.test]
    path: /closed/
    backend: { url: "http://@BACK@/closed-in/", profile: apache }
    methods: [none]
  - name: everything
    hosts: [dav.test]
    path: /all/
    backend: { url: "http://@BACK@/all-in/", profile: generic }
    methods: [dav, POST, PATCH, VERSION-CONTROL, CHECKOUT, CHECKIN, UNCHECKOUT, MKWORKSPACE, UPDATE, LABEL, MERGE,
              BASELINE-CONTROL, MKACTIVITY, ORDERPATCH, SEARCH]
    limits: { propfind_depth: infinity }
    pass_error_bodies: true
    noroot: true
  - name: rules
    hosts: [dav.test]
    path: /rules/
    backend: { url: "http://@BACK@/rules-in/", profile: apache }
    methods:
      - { path: /archive/**, allow: [read] }
      - { path: /inbox/*, allow: [PUT], limits: { body: 100 } }
      - { path: /inbox/**, allow: [none] }
      - { path: /**, allow: [read, write, lock] }
  - name: nginx
    hosts: [dav.test]
    path: /nginx/
    backend: { url: "http://@BACK@/nginx-in/", profile: nginx }
  - name: deep
    hosts: [dav.test]
    path: /deep/er/path/
    backend: { url: "http://@BACK@/deeper/", profile: apache }
  - name: strict
    hosts: [dav.test]
    path: /strict/
    backend: { url: "http://@BACK@/strict-in/", profile: generic }
    methods: [read, write, lock, POST]
    strict_override: true
    require_length: true
    underscore_headers: refuse
    encode_raw: true
    reserved: [private]
    limits: { body: 1MiB, xml: 200, target: 200, header_line: 1000, headers: 4000, header_count: 20 }
  - name: slow
    hosts: [dav.test]
    path: /slow/
    backend: { url: "http://@BACK@/slow-in/", profile: apache, timeouts: { connect: 1s, read: 1s, write: 2s, long: 2s } }
  - name: dead
    hosts: [dav.test]
    path: /dead/
    backend: { url: "http://127.0.0.1:1/dead-in/", profile: apache, timeouts: { connect: 1s } }
"#;

/// A gateway and what stands behind it.
pub struct Lab {
    /// The program under test.
    pub gateway: Gateway,
    /// What it forwards to.
    pub backend: BackEnd,
    refused: Mutex<Vec<String>>,
    /// Whether each verdict is asked for once more, see [`again`].
    again: bool,
}

/// The lab that the tests of one file share.
pub fn shared() -> &'static Lab {
    static LAB: OnceLock<Lab> = OnceLock::new();
    LAB.get_or_init(|| Lab {
        again: true,
        ..Lab::with_routes(ROUTES)
    })
}

impl Lab {
    /// A lab of its own; `@BACK@` in the routes is the back end's address.
    pub fn with_routes(routes: &str) -> Lab {
        Lab::start(routes, Gateway::with_routes)
    }

    /// The same with a whole configuration; `@LISTEN@` and `@ADMIN@` stand for the gateway's addresses.
    pub fn with_configuration(configuration: &str) -> Lab {
        Lab::start(configuration, Gateway::start)
    }

    /// The same; the back end has its `script` before the gateway starts.
    pub fn with_script(configuration: &str, script: impl FnOnce(&BackEnd)) -> Lab {
        let backend = BackEnd::start();
        script(&backend);
        Lab::behind(backend, configuration, Gateway::start)
    }

    fn start(text: &str, gateway: impl Fn(&str) -> Gateway) -> Lab {
        Lab::behind(BackEnd::start(), text, gateway)
    }

    fn behind(backend: BackEnd, text: &str, gateway: impl Fn(&str) -> Gateway) -> Lab {
        let gateway = gateway(&text.replace("@BACK@", &backend.address.to_string()));
        Lab::of(gateway, backend)
    }

    /// A gateway that somebody else has started, in front of this back end.
    pub fn of(gateway: Gateway, backend: BackEnd) -> Lab {
        Lab {
            gateway,
            backend,
            refused: Mutex::new(Vec::new()),
            again: false,
        }
    }

    /// A lab whose gateway believes the header `X-User`, which names the user (`Req::by`).
    pub fn with_users(routes: &str) -> Lab {
        Lab::with_identity("trusted_header: { user: X-User, from: [127.0.0.1] }", routes)
    }

    /// A lab with this value of `identity`, in one line or indented by two blanks.
    pub fn with_identity(identity: &str, routes: &str) -> Lab {
        Lab::with_configuration(&format!(
            "listeners:\n  - address: @LISTEN@\nadmin: {{ address: '@ADMIN@' }}\nidentity:\n  {identity}\nroutes:\n{routes}\n"
        ))
    }

    /// The origin of the back end, `http://127.0.0.1:PORT`.
    pub fn origin(&self) -> String {
        format!("http://{}", self.backend.address)
    }

    /// Sends a request and reads the answer, without an opinion.
    pub fn ask(&self, request: &Req) -> Answer {
        let mut client = Client::connect(self.gateway.address);
        client.send(&request.bytes());
        client.answer(request.method == "HEAD")
    }

    /// The request is refused with this status and nothing of it reaches the back end.
    pub fn refuse(&self, status: u16, request: &Req) -> Answer {
        let answer = self.ask(request);
        self.judge(&request.name, status, &answer);
        if self.again {
            again::refused(self, request, &answer);
        }
        answer
    }

    /// As [`Lab::refuse`], for bytes that no request builder would write; they hold `X-Case: name`.
    pub fn refuse_raw(&self, status: u16, name: &str, bytes: &[u8]) -> Answer {
        let answer = raw(self.gateway.address, bytes);
        self.judge(name, status, &answer);
        answer
    }

    /// As [`Lab::refuse`], and the answer is the `DAV:error` with this condition.
    pub fn refuse_for(&self, status: u16, condition: &str, request: &Req) -> Answer {
        let answer = self.refuse(status, request);
        assert!(
            answer.has_condition(condition),
            "{}: no {condition} in {}",
            request.name,
            answer.text()
        );
        answer
    }

    /// Refused after a look at the state: the back end saw at most the gateway's own questions about properties.
    pub fn refuse_after_probe(&self, status: u16, request: &Req) -> Answer {
        let answer = self.ask(request);
        assert_eq!(answer.status, status, "{}: {}", request.name, answer.text());
        assert!(
            self.backend.case(&request.name).is_empty(),
            "{}: forwarded",
            request.name
        );
        if self.again {
            again::refused(self, request, &answer);
        }
        answer
    }

    /// The request arrives at the back end exactly once; what arrived, and the answer.
    pub fn pass(&self, request: &Req) -> (Seen, Answer) {
        let answer = self.ask(request);
        let seen = self.backend.case(&request.name);
        assert_eq!(
            seen.len(),
            1,
            "{}: forwarded once; answer {} {}",
            request.name,
            answer.status,
            answer.text()
        );
        assert!(
            answer.status < 400,
            "{}: {} {}",
            request.name,
            answer.status,
            answer.text()
        );
        let seen = seen.into_iter().next().unwrap();
        if self.again {
            again::passed(self, request, &seen);
        }
        (seen, answer)
    }

    /// As [`Lab::pass`], and the target that arrived is this one.
    pub fn pass_to(&self, target: &str, request: &Req) -> Answer {
        let (seen, answer) = self.pass(request);
        assert_eq!(seen.target, target, "{}", request.name);
        answer
    }

    /// After all attacks of a test: give late bytes time to arrive, then look again.
    pub fn settle(&self) {
        std::thread::sleep(Duration::from_millis(100));
        let refused = self.refused.lock().unwrap().clone();
        let late: Vec<_> = refused.iter().filter(|name| self.backend.saw(&line(name))).collect();
        assert!(late.is_empty(), "reached the back end late: {late:?}");
    }

    fn judge(&self, name: &str, status: u16, answer: &Answer) {
        assert_eq!(answer.status, status, "{name}: {}", answer.text());
        assert!(!self.backend.saw(&line(name)), "{name}: reached the back end");
        self.note_refused(name);
    }

    /// [`Lab::settle`] is to see that the request of this name never comes.
    pub fn note_refused(&self, name: &str) {
        self.refused.lock().unwrap().push(name.to_owned());
    }
}

/// The end of the header line that names a case: so that one name may begin like another.
fn line(name: &str) -> String {
    format!(": {name}\r\n")
}
