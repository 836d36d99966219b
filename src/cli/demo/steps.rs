//! What the demo suggests to try, as data: printed in the guide, and run by the tests, so that the guide cannot lie.

/// One request and the answer to expect. Run in order, the steps leave everything as it was before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The method.
    pub method: &'static str,
    /// The path, with its leading slash.
    pub path: &'static str,
    /// Headers; `{base}` in a value stands for scheme, host and port.
    pub headers: &'static [(&'static str, &'static str)],
    /// The body.
    pub body: Option<&'static str>,
    /// The status to expect.
    pub status: u16,
    /// A text that the head or the body of the answer holds, in any letter case.
    pub holds: Option<&'static str>,
    /// What it shows, for the guide.
    pub shows: &'static str,
}

/// The steps, in order.
pub fn steps() -> Vec<Step> {
    let get = Step {
        method: "GET",
        path: "/files/",
        headers: &[],
        body: None,
        status: 200,
        holds: None,
        shows: "",
    };
    vec![
        Step {
            method: "PUT",
            path: "/files/hello.txt",
            body: Some("hello"),
            status: 201,
            shows: "the back end stores it as /hello.txt",
            ..get
        },
        Step {
            method: "PROPFIND",
            headers: &[("Depth", "1")],
            status: 207,
            holds: Some("/files/hello.txt</"),
            shows: "the listing; every URL in it begins with /files/",
            ..get
        },
        Step {
            method: "MKCOL",
            path: "/files/new/",
            status: 201,
            shows: "a new folder",
            ..get
        },
        Step {
            method: "MOVE",
            path: "/files/hello.txt",
            headers: &[("Destination", "{base}/files/new/hello.txt")],
            status: 201,
            shows: "the Destination is mapped as well",
            ..get
        },
        Step {
            path: "/files/new/hello.txt",
            holds: Some("hello"),
            shows: "the file at its new place",
            ..get
        },
        Step {
            method: "DELETE",
            path: "/files/keep/sample.txt",
            status: 405,
            holds: Some("allow:"),
            shows: "blocked by the policy; Allow lists what is not",
            ..get
        },
        Step {
            method: "PUT",
            path: "/files/archive/2025.txt",
            body: Some("changed"),
            status: 405,
            shows: "the archive is read-only",
            ..get
        },
        Step {
            method: "COPY",
            path: "/files/new/hello.txt",
            headers: &[("Destination", "{base}/files/archive/hello.txt")],
            status: 405,
            shows: "and cannot be written to by way of COPY",
            ..get
        },
        Step {
            method: "COPY",
            path: "/files/new/hello.txt",
            headers: &[("Destination", "http://other.example/hello.txt")],
            status: 502,
            shows: "nor is another server a place to copy to",
            ..get
        },
        Step {
            path: "/elsewhere/",
            status: 404,
            shows: "outside /files/ there is nothing",
            ..get
        },
        Step {
            method: "DELETE",
            path: "/files/new/",
            status: 204,
            shows: "where it is allowed, it works",
            ..get
        },
    ]
}

impl Step {
    /// The curl command, for a shell. `base` is scheme, host and port, such as `http://127.0.0.1:8080`.
    pub fn command(&self, base: &str) -> String {
        let mut command = "curl -i".to_owned();
        if self.method != "GET" {
            command.push_str(&format!(" -X {}", self.method));
        }
        for (name, value) in self.headers {
            command.push_str(&format!(" -H '{name}: {}'", value.replace("{base}", base)));
        }
        if let Some(body) = self.body {
            command.push_str(&format!(" --data-binary '{body}'"));
        }
        format!("{command} {base}{}", self.path)
    }

    /// The status with its usual name, such as `405 Method Not Allowed`.
    pub fn status_line(&self) -> String {
        let reason = http::StatusCode::from_u16(self.status)
            .ok()
            .and_then(|status| status.canonical_reason());
        format!("{} {}", self.status, reason.unwrap_or_default())
            .trim_end()
            .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_answers_as_printed() {
        let printed: Vec<(String, String)> = steps()
            .iter()
            .map(|step| (step.command("http://h:1"), step.status_line()))
            .collect();
        let want = [
            (
                "curl -i -X PUT --data-binary 'hello' http://h:1/files/hello.txt",
                "201 Created",
            ),
            (
                "curl -i -X PROPFIND -H 'Depth: 1' http://h:1/files/",
                "207 Multi-Status",
            ),
            ("curl -i -X MKCOL http://h:1/files/new/", "201 Created"),
            (
                "curl -i -X MOVE -H 'Destination: http://h:1/files/new/hello.txt' http://h:1/files/hello.txt",
                "201 Created",
            ),
            ("curl -i http://h:1/files/new/hello.txt", "200 OK"),
            (
                "curl -i -X DELETE http://h:1/files/keep/sample.txt",
                "405 Method Not Allowed",
            ),
        ];
        for (got, want) in printed.iter().zip(want) {
            assert_eq!((got.0.as_str(), got.1.as_str()), want);
        }
        // Nothing in a command needs more quoting than it has.
        assert!(
            steps()
                .iter()
                .all(|step| step.body.is_none_or(|body| !body.contains('\'')))
        );
    }
}
