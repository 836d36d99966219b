use super::*;

fn path(text: &str) -> CanonicalPath {
    CanonicalPath::parse(text.as_bytes()).unwrap()
}

fn host(text: &str) -> Authority {
    Authority::parse(text).unwrap()
}

fn table() -> RouteTable {
    RouteTable::new(&[
        Route::sample("/files/", &[], false),
        Route::sample("/files/deep/", &[], false),
        Route::sample("/Win/", &[], true),
        Route::sample("/Win/Stra%C3%9Fe/", &[], true),
        Route::sample("/files/", &["dav.test"], false),
        Route::sample("/named/Fold/", &["dav.test"], true),
        Route::sample("/named/", &["dav.test"], false),
    ])
}

// P-11, P-8: the longest prefix, by whole segments; letter case matters but where the route folds
#[test]
fn finds_the_longest_prefix() {
    let rows: &[(&str, &str, Option<usize>)] = &[
        ("any.test", "/files", Some(0)),
        ("any.test", "/files/x", Some(0)),
        ("any.test", "/files/deeper", Some(0)),
        ("any.test", "/files/deep/x", Some(1)),
        ("any.test", "/files/DEEP/x", Some(0)),
        ("any.test", "/FILES/x", None),
        ("any.test", "/filesx", None),
        ("any.test", "/", None),
        ("any.test", "/Win/x", Some(2)),
        ("any.test", "/win/x", Some(2)),
        ("any.test", "/WIN", Some(2)),
        ("any.test", "/window", None),
        ("any.test", "/win/stra%C3%9Fe/x", Some(3)),
        ("any.test", "/WIN/STRASSE", Some(3)),
        ("any.test", "/win/strasser", Some(2)),
        ("any.test", "/named/x", None),
        ("dav.test", "/files/x", Some(4)),
        ("dav.test", "/files/deep", Some(1)),
        ("dav.test", "/named/FOLD/x", Some(5)),
        ("dav.test", "/NAMED/FOLD/x", Some(5)),
        ("dav.test", "/named/folder", Some(6)),
        ("dav.test", "/NAMED/x", None),
        ("dav.test", "/win/x", Some(2)),
    ];
    for (name, text, route) in rows {
        assert_eq!(table().find(&host(name), &path(text)), *route, "{name} {text}");
    }
    // P-9: the same route for the key that the route has folded
    for (text, route) in [("/WIN/X", 2), ("/Win/STRASSE/X", 3)] {
        let rules = crate::url::PathRules {
            fold: true,
            ..crate::url::PathRules::default()
        };
        let folded = rules
            .apply(path(text), crate::url::path_rules::PathUse::Target)
            .unwrap();
        assert_eq!(table().find(&host("any.test"), &folded), Some(route), "{text}");
    }
    assert_eq!(
        RouteTable::new(&[Route::sample("/", &[], false)]).find(&host("a"), &path("/x/y")),
        Some(0)
    );
    assert_eq!(RouteTable::new(&[]).find(&host("a"), &path("/x")), None);
}

#[test]
fn knows_the_routes_below() {
    let rows: &[(&str, &str, &[usize])] = &[
        ("any.test", "/", &[0, 1, 2, 3]),
        ("any.test", "/files", &[1]),
        ("any.test", "/FILES", &[]),
        ("any.test", "/files/deep", &[]),
        ("any.test", "/win", &[3]),
        ("any.test", "/WIN/", &[3]),
        ("any.test", "/win/strasse", &[]),
        ("dav.test", "/named", &[5]),
        ("any.test", "/named", &[]),
    ];
    for (name, text, routes) in rows {
        let mut found: Vec<usize> = table().below(&host(name), &path(text)).collect();
        found.sort_unstable();
        assert_eq!(found, *routes, "{name} {text}");
    }
}

// RM-2
#[test]
fn knows_whose_prefix_is_taken_off() {
    let unprefixed = |path: &str, hosts: &[&str]| Route {
        unprefixed: true,
        ..Route::sample(path, hosts, false)
    };
    let table = RouteTable::new(&[
        Route::sample("/a/", &["a.test"], false),
        unprefixed("/b/", &["b.test"]),
        unprefixed("/c/", &[]),
    ]);
    for (name, expected) in [("b.test", 1), ("B.test:81", 1), ("c.test", 2)] {
        assert_eq!(table.unprefixed(&host(name)), Some(expected), "{name}");
    }
    let none = RouteTable::new(&[Route::sample("/a/", &[], false), unprefixed("/b/", &["b.test"])]);
    assert_eq!(none.unprefixed(&host("a.test")), None);
}

// B-7
#[test]
fn knows_its_hosts() {
    let named = RouteTable::new(&[Route::sample("/a/", &["a.test"], true)]);
    assert!(named.knows_host(&host("a.test")));
    assert!(!named.knows_host(&host("b.test")));
    assert!(table().knows_host(&host("b.test")));
}
