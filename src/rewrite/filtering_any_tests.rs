//! What must hold for any answer: nothing hidden comes out, nothing is added, pieces do not matter, memory is that of one response.

use std::time::Instant;

use super::*;
use proptest::{prelude::*, sample::select};

/// The names of what is hidden, in the spellings in which the rules of URLs and XML let them be written.
const HIDDEN: [&str; 6] = [
    "hidx",
    "h%69dx",
    "h&#105;dx",
    "<![CDATA[hid]]>x",
    "%68%69%64x",
    "hid<!-- -->x",
];

fn name() -> impl Strategy<Value = String> {
    let plain = select(vec!["a", "b%20c", "full", "noacl", "nocups", "unl"]);
    prop_oneof![3 => plain.prop_map(str::to_owned), 2 => select(HIDDEN.to_vec()).prop_map(str::to_owned)]
}

/// A URL; within the target when `within`.
fn url(within: bool) -> impl Strategy<Value = String> {
    let prefix = select(match within {
        true => vec!["/int/c/", "http://int/int/c/", "/int/c/d/"],
        false => vec!["/int/c/", "http://int/int/c/", "", "/int/", "/int/c/d/"],
    });
    (prefix, proptest::collection::vec(name(), 0..3)).prop_map(|(prefix, names)| {
        let path = prefix.to_owned() + &names.join("/");
        if path.is_empty() { "/int/c/".to_owned() } else { path }
    })
}

fn code() -> impl Strategy<Value = String> {
    select(vec![
        "200 OK",
        "404 Not Found",
        "403 Forbidden",
        "423 Locked",
        "507 x",
        "",
        "204",
    ])
    .prop_map(status)
}

fn property(within: bool) -> impl Strategy<Value = String> {
    let fixed = select(vec![
        "<D:getetag>e</D:getetag>",
        "<D:acl><D:ace/></D:acl>",
        "<D:acl/>",
        "<z:inherited-acl-set xmlns:z=\"DAV:\"/>",
        "<D:current-user-privilege-set><D:privilege><D:all/></D:privilege><D:privilege><D:read/></D:privilege>\
         </D:current-user-privilege-set>",
    ]);
    let lock = (url(within), select(vec!["urn:mine", "urn:other"])).prop_map(|(root, token)| {
        format!(
            "<D:lockdiscovery><D:activelock><D:owner>o</D:owner><D:locktoken><D:href>{token}</D:href></D:locktoken><D:lockroot>\
             <D:href>{root}</D:href></D:lockroot></D:activelock></D:lockdiscovery>"
        )
    });
    prop_oneof![2 => fixed.prop_map(str::to_owned), 1 => lock]
}

fn one(inner: BoxedStrategy<String>, within: bool) -> impl Strategy<Value = String> {
    let part = prop_oneof![
        2 => code(),
        4 => (proptest::collection::vec(inner, 0..3), code()).prop_map(|(properties, status)| format!(
            "<D:propstat><D:prop>{}</D:prop>{status}</D:propstat>", properties.concat()
        )),
        1 => url(within).prop_map(|url| format!("<D:error><D:x><D:href>{url}</D:href></D:x></D:error>")),
        1 => url(within).prop_map(|url| format!("<D:location><D:href>{url}</D:href></D:location>")),
        1 => url(within).prop_map(move |url| if within { String::new() } else { href(&url) }),
    ];
    (url(within), proptest::collection::vec(part, 0..4))
        .prop_map(|(url, parts)| response(&(href(&url) + &parts.concat())))
}

/// With `within`, all URLs are within the target, and each response has one.
fn document(within: bool) -> impl Strategy<Value = String> {
    let nested = one(property(within).boxed(), within);
    let holder = proptest::collection::vec(nested, 0..3)
        .prop_map(|inside| format!("<D:version-history>{}</D:version-history>", inside.concat()));
    let property = prop_oneof![4 => property(within), 1 => holder].boxed();
    proptest::collection::vec(one(property, within), 0..5).prop_map(|all| multistatus(&all.concat()))
}

fn request() -> impl Strategy<Value = Asked> {
    use Method::{Copy, Delete, Propfind, Report, Search};
    let sync = select(vec![None, None, Some(SyncStart::Initial)]);
    (
        select(vec![Propfind, Propfind, Report, Search, Delete, Copy]),
        any::<bool>(),
        sync,
    )
        .prop_map(|(method, named, sync)| {
            let mut asked = asked(method);
            asked.sync = sync.filter(|_| method == Report);
            asked.expands = named && method == Report;
            if named {
                asked.named = GuardedSet::of(&Guarded::ALL);
            }
            asked
        })
}

/// The text of every `local` element, markup removed.
fn texts(document: &str, local: &str) -> Vec<String> {
    let (open, close) = (format!("<D:{local}>"), format!("</D:{local}>"));
    let parts = document.split(&open).skip(1);
    parts
        .filter_map(|part| part.split(&close).next())
        .map(str::to_owned)
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_hidden_and_nothing_new(document in document(false), asked in request(), at in any::<prop::sample::Index>()) {
        let filter = by_name(asked.clone());
        let got = run(Some(filter.clone()), [document.as_bytes()]).unwrap();
        let (first, second) = document.as_bytes().split_at(at.index(document.len()));
        prop_assert_eq!(&run(Some(filter.clone()), [first, second]).unwrap(), &got, "pieces");
        prop_assert_eq!(&run(Some(filter), document.as_bytes().chunks(1)).unwrap(), &got, "bytes");
        crate::xml::reader::read(&got, &Default::default()).unwrap();
        // In every encoding: mapped URLs are written in one spelling, so these are all there can be.
        for hidden in HIDDEN.iter().chain(&["hid", "h&#x69;d"]) {
            prop_assert!(!got.contains(hidden), "{} in {}", hidden, got);
        }
        for token in texts(&got, "locktoken") {
            prop_assert!(token.contains("urn:mine") || got.contains("unl"), "{}", got);
        }
        // F-4 names ancestors; apart from them every URL was there before.
        let plain = run(None, [document.as_bytes()]).unwrap();
        let before = texts(&plain, "href");
        for url in texts(&got, "href").into_iter().filter(|_| !asked.tells_of_failures()) {
            prop_assert!(before.contains(&url) || url == "/pub/c/", "{} is new", url);
        }
        prop_assert!(asked.tells_of_failures() || got.matches("<D:response>").count() <= plain.matches("<D:response>").count());
        if asked.tells_of_failures() && document.contains("<D:response>") {
            prop_assert!(got.contains("<D:response>"), "F-4: {}", got);
        }
    }

    #[test]
    fn who_sees_everything_gets_everything(document in document(true), asked in request()) {
        // But for F-3, which is about the request, and for responses of which nobody can say whose they are.
        let plain = run(None, [document.as_bytes()]).unwrap();
        let all = Filter::new(Arc::new(Everything), asked);
        prop_assert_eq!(run(Some(all), [document.as_bytes()]).unwrap(), plain);
    }
}

#[test]
fn tricky_places_in_all_pieces() {
    let mut named = asked(Method::Propfind);
    named.named = GuardedSet::of(&Guarded::ALL);
    let filter = by_name(named);
    for document in [
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!-- c --><m:multistatus\n xmlns:m='DAV:' ><m:response ><m:href\n>/int/c/h&#x69;d</m:href >\
         <m:status>HTTP/1.1&#32;200 OK</m:status></m:response >\n<m:response\t><m:href>/int/c/noacl</m:href><m:propstat><m:prop\t><m:acl\n/>\
         </m:prop ><m:status ><![CDATA[HTTP/1.1 ]]>200</m:status></m:propstat></m:response></m:multistatus >\n",
        "<multistatus xmlns=\"DAV:\"><response xmlns:D=\"urn:not\"><href>/int/c/noacl/</href><propstat xmlns:D=\"DAV:\"><D:prop><D:acl>\
         <D:ace/></D:acl></D:prop><status>HTTP/1.1 403 No</status></propstat></response></multistatus>",
        "<multistatus xmlns=\"DAV:\"><response/><response><href/></response><response><href>/int/c/hid</href><href/></response></multistatus>",
    ] {
        let got = filtered(&filter, document).unwrap();
        assert!(!got.contains("hid") && !got.contains("ace"), "{got}");
    }
}

/// 20,000 members of 850 bytes each; every second one is hidden when `hide`.
fn listing(hide: bool) -> Vec<u8> {
    let mut all = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:multistatus xmlns:D=\"DAV:\">\n");
    for at in 0..20_000 {
        let name = if hide && at % 2 == 1 { "hid" } else { "file" };
        let dead = "x".repeat(430);
        all.push_str(&member(
            &format!("/int/c/{name}-{at}.txt"),
            &propstat(
                &format!(
                    "<D:getetag>\"{at}\"</D:getetag><D:resourcetype/><D:getcontentlength>{at}</D:getcontentlength><D:lockdiscovery/>\
                     <D:current-user-privilege-set><D:privilege><D:read/></D:privilege><D:privilege><D:write/></D:privilege>\
                     </D:current-user-privilege-set><d xmlns=\"urn:d\">{dead}</d>"
                ),
                "200 OK",
            ),
        ));
        all.push('\n');
    }
    all.push_str("</D:multistatus>\n");
    all.into_bytes()
}

/// Time in milliseconds, the most memory that was kept between two pieces, the most that came out at once, and all that came out.
fn measure(filter: Option<Filter>, document: &[u8]) -> (u128, usize, usize, usize) {
    let mut rewriter = BodyRewriter::new(Urls, BodyOptions::new("/pub/c/"));
    if let Some(filter) = filter {
        rewriter = rewriter.filtered(filter);
    }
    let (mut memory, mut most, mut total) = (0, 0, 0);
    let start = Instant::now();
    let mut out = Vec::new();
    for piece in document.chunks(16 * 1024) {
        rewriter.push(piece, &mut out).unwrap();
        memory = memory.max(rewriter.memory());
        most = most.max(out.capacity());
        total += out.len();
        out.clear();
    }
    rewriter.finish(&mut out).unwrap();
    (start.elapsed().as_millis(), memory, most, total + out.len())
}

#[test]
fn twenty_thousand_members() {
    let document = listing(true);
    let plain = measure(None, &document);
    let (time, memory, most, total) = measure(Some(by_name(asked(Method::Propfind))), &document);
    println!(
        "{} bytes; unfiltered {plain:?}; filtered {:?}",
        document.len(),
        (time, memory, most, total)
    );
    // F-13: what is held is one response, whatever comes before and after it.
    assert!(
        memory < 16 * 1024 && most < 64 * 1024,
        "{memory} bytes held, {most} out at once"
    );
    assert!(memory <= plain.1 + 4 * 1024, "{memory} bytes, unfiltered {}", plain.1);
    assert!(
        total < plain.3 * 6 / 10,
        "{total} bytes came out, {} without the filter",
        plain.3
    );
    assert!(time < plain.0 * 4 + 500, "{time} ms, unfiltered {} ms", plain.0);
}

#[test]
fn one_response_that_is_too_large() {
    // F-13: with the filter as without it.
    let long = "x".repeat(3000);
    let options = |limit| BodyOptions {
        max_response_element: limit,
        ..BodyOptions::new("/pub/c/")
    };
    for (limit, fits) in [(2000, false), (4000, true)] {
        let document = multistatus(&member("/int/c/hid", &propstat(&long, "200 OK")));
        let mut rewriter = BodyRewriter::new(Urls, options(limit)).filtered(by_name(asked(Method::Propfind)));
        let got = rewriter.push(document.as_bytes(), &mut Vec::new());
        assert_eq!(
            got,
            if fits {
                Ok(())
            } else {
                Err(BodyError::TooLarge { limit })
            }
        );
    }
}
