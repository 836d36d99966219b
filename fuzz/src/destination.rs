//! URLs in requests: Destination, tags of If, hrefs. What is found is the route's own, wherever it is written (B-30 to B-33, L-22, P-12).

use davgate::{
    policy::RouteTable,
    request::{LocateError, Neighbourhood},
    url::{Authority, KnownAs, Origin, Reference, path::MAX_SEGMENTS, path_rules::PathUse},
};

use crate::{input::Input, site};

/// `input`: from which route, as what, then the URL.
pub fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let routes = &site::policy().routes;
    let number = usize::from(input.byte()) % routes.len();
    let used_as = *input.pick(&[PathUse::Destination, PathUse::Target]);
    let Some(text) = input.field() else { return };
    let host = Authority::parse("dav.test").unwrap();
    let near = Neighbourhood {
        route: &routes[number],
        number,
        table: &RouteTable::new(routes),
        host: &host,
        origin: &routes[number].backend.location.origin(),
        known_as: &KnownAs::new(vec![host.clone()]),
    };
    let located = near.locate(text, used_as);
    if let Err(LocateError::Path(error)) = located {
        assert!((400..500).contains(&error.status()));
    }
    let Ok(found) = located else { return };
    assert!(
        !matches!(
            Reference::parse(text),
            Reference::Relative(_) | Reference::NetworkPath { .. }
        ),
        "{text}"
    );
    let route = &routes[number];
    let map = &route.map;
    assert!(found.public.0.starts_with(&map.public().0), "{}", found.public);
    assert!(found.upstream.0.starts_with(&map.upstream().0), "{}", found.upstream);
    for inner in routes
        .iter()
        .map(|other| other.map.public())
        .filter(|inner| inner.0.is_below(&map.public().0))
    {
        assert!(
            !found.public.0.starts_with(&inner.0),
            "{} is another route's",
            found.public
        );
    }
    assert_eq!(
        map.to_public(&found.upstream)
            .map(|back| back.0.key().to_owned())
            .as_deref(),
        Some(found.public.0.key())
    );

    // The back end's prefix may be deeper, and a path from outside is as deep as it may be.
    if found.upstream.0.segments().count() > MAX_SEGMENTS {
        return;
    }
    // As it is sent, it is read as the same.
    let origin: Origin = route.backend.location.origin();
    let sent = format!("{origin}{}", found.upstream);
    let Reference::Absolute { authority, target, .. } = Reference::parse(&sent) else {
        panic!("{sent}")
    };
    assert!(Authority::parse(authority).is_some_and(|read| read.same_as(&origin.authority)));
    assert!(
        target.is_bare()
            && target
                .canonical()
                .is_ok_and(|path| path.to_string() == found.upstream.to_string()),
        "{sent}"
    );
    // Its public form names it again.
    let again = near.locate(&found.public.to_string(), used_as);
    assert_eq!(
        again.map(|again| again.upstream.to_string()),
        Ok(found.upstream.to_string())
    );
}
