//! stub
pub fn accepted() -> impl Iterator<Item = &'static str> {
    ["read", "web", "GET"].into_iter()
}
