//! The file as a document. In: bytes. Out: plain values, each with its line. One tree holds both, so a message cannot point at another
//! reading of the file. Passes: one document of mappings with string keys, lists and scalars. Refused: what is no YAML, duplicate
//! keys, tags, merge keys, keys without a value, and aliases that unfold to more than `yaml` allows.

use super::error::{KeyPath, Problem, Step};
use super::yaml::{self, Content, Key, Node};

/// What a file says, and where. Keys without a usable value have a line only.
#[derive(Debug)]
pub struct Document<'a> {
    root: Node<'a>,
}

impl<'a> Document<'a> {
    /// The values.
    pub fn root(&self) -> &Node<'a> {
        &self.root
    }

    /// The keys of the mapping at `path`, in the order of the file.
    pub fn keys(&self, path: &KeyPath) -> Vec<&str> {
        let mut node = Some(&self.root);
        for step in path.steps() {
            node = node.and_then(|node| node.inside(step));
        }
        match node.map(|node| &node.content) {
            Some(Content::Mapping(entries)) => entries.iter().filter_map(|(key, _)| Some(&**key.name()?)).collect(),
            _ => Vec::new(),
        }
    }

    /// The line (from 1) of `path`, or of the nearest thing that holds it.
    pub fn line(&self, path: &KeyPath) -> usize {
        let mut node = &self.root;
        for step in path.steps() {
            match node.inside(step) {
                Some(found) => node = found,
                None => break,
            }
        }
        node.line()
    }

    /// Takes the value at `steps` out; its line stays, and so do the numbers of later items. Whether there was anything to take.
    pub fn take_out(&mut self, steps: &[Step]) -> bool {
        let mut node = &mut self.root;
        for step in steps {
            match node.inside_mut(step).filter(|inner| !inner.hidden) {
                Some(inner) => node = inner,
                None => return false,
            }
        }
        node.hidden = !steps.is_empty();
        node.hidden
    }
}

impl Node<'_> {
    fn line(&self) -> usize {
        usize::try_from(self.line).unwrap_or(usize::MAX)
    }

    fn inside(&self, step: &Step) -> Option<&Self> {
        match (&self.content, step) {
            (Content::Mapping(entries), Step::Key(key)) => {
                entries.iter().find(|(name, _)| name.is(key)).map(|(_, inner)| inner)
            }
            (Content::List(items), Step::Item(index)) => items.get(*index),
            _ => None,
        }
    }

    fn inside_mut(&mut self, step: &Step) -> Option<&mut Self> {
        match (&mut self.content, step) {
            (Content::Mapping(entries), Step::Key(key)) => entries
                .iter_mut()
                .find(|(name, _)| name.is(key))
                .map(|(_, inner)| inner),
            (Content::List(items), Step::Item(index)) => items.get_mut(*index),
            _ => None,
        }
    }
}
/// How deep lists and mappings may be nested: the file needs seven levels, and each one costs stack.
const MAX_DEPTH: usize = 64;

const QUOTES: &str = "quotes around a value with { } [ ] or commas in it, such as \"/home/{user}/**\"";

/// Reads the file, whose smallest content is `smallest`. Problems with single values are added to `problems`; `Err` is a file that cannot
/// be read as YAML at all.
pub fn parse<'a>(bytes: &'a [u8], smallest: &str, problems: &mut Vec<Problem>) -> Result<Document<'a>, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes
            .iter()
            .take(error.valid_up_to())
            .filter(|byte| **byte == b'\n')
            .count()
            + 1;
        Problem::at_line(line, "the file is not UTF-8")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some(line) = too_deep(text) {
        return Err(Problem::at_line(line, "lists or mappings are nested too deeply"));
    }
    let nodes = yaml::documents(text).map_err(|error| {
        // What is missing at the end is missed one line further.
        let line = error.marker().line().min(yaml::last_line(text));
        let problem = Problem::at_line(line, format!("not valid YAML: {}", error.info()));
        // What most often leads there is a path such as /home/{user}/** between braces.
        if error.info().contains("parsing a flow") {
            problem.expected(QUOTES)
        } else {
            problem
        }
    })?;
    let mut nodes = nodes.into_iter();
    let empty = || Problem::at_line(1, "the file is empty").expected(smallest);
    let mut root = nodes.next().ok_or_else(empty)?;
    if let Some(second) = nodes.next() {
        let problem = Problem::new(KeyPath::root(), "a second document begins here").on_line(second.line());
        return Err(problem.expected("one document"));
    }
    judge(&mut root, &At::Root, problems);
    match &root.content {
        Content::Mapping(_) => Ok(Document { root }),
        _ if root.hidden => Err(empty()),
        _ => Err(Problem::at_line(root.line(), "the file is no mapping").expected(smallest)),
    }
}

/// The line where nesting goes past what any file needs. A rough count: it may only be wrong by counting brackets in strings.
fn too_deep(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    for (number, line) in text.lines().enumerate() {
        let dashes = line
            .split_ascii_whitespace()
            .take_while(|word| *word == "-" || *word == "?")
            .count();
        for byte in line.bytes() {
            match byte {
                b'[' | b'{' => open += 1,
                b']' | b'}' => open = open.saturating_sub(1),
                _ => {}
            }
        }
        let indent = line.bytes().take_while(|byte| *byte == b' ').count();
        if open > MAX_DEPTH * 4 || dashes > MAX_DEPTH || (indent > MAX_DEPTH * 16 && !line.trim().is_empty()) {
            return Some(number + 1);
        }
    }
    None
}

/// Where the walk is. Becomes a path only when there is something to say: a file of 100,000 rules has 600,000 values.
enum At<'a> {
    Root,
    Key(&'a At<'a>, &'a str),
    Item(&'a At<'a>, usize),
}

impl At<'_> {
    fn path(&self) -> KeyPath {
        match self {
            Self::Root => KeyPath::root(),
            Self::Key(outer, name) => outer.path().named(name),
            Self::Item(outer, index) => outer.path().item(*index),
        }
    }
}

/// Refuses what no file may hold in `node`, which is at `at`: such values are hidden, and keys that are no names go.
fn judge(node: &mut Node<'_>, at: &At<'_>, problems: &mut Vec<Problem>) {
    let (what, expected) = match &mut node.content {
        Content::Bool(_) | Content::Integer(_) | Content::Text(_) => return,
        Content::Float(value) if value.is_finite() => return,
        Content::List(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                judge(item, &At::Item(at, index), problems);
            }
            return;
        }
        Content::Mapping(entries) => {
            entries.retain_mut(|(key, item)| match key {
                Key::Name(name) if name == "<<" => {
                    refuse(
                        at,
                        item.line(),
                        problems,
                        "has a merge key (<<)",
                        "an alias of the whole value",
                    );
                    false
                }
                Key::Name(name) => {
                    judge(item, &At::Key(at, name), problems);
                    true
                }
                Key::Other => {
                    refuse(
                        at,
                        item.line(),
                        problems,
                        "has a key that is no string",
                        "names as keys",
                    );
                    false
                }
            });
            return;
        }
        Content::Float(_) => ("is no number", "a finite number"),
        Content::Null => ("has no value", "a value, or the key left out"),
        Content::Tagged => ("has a YAML tag", "a plain value"),
        Content::Unreadable => ("cannot be read", "a plain value"),
    };
    refuse(at, node.line(), problems, what, expected);
    node.hidden = true;
}

fn refuse(at: &At<'_>, line: usize, problems: &mut Vec<Problem>, what: &str, expected: &str) {
    problems.push(Problem::new(at.path(), what).expected(expected).on_line(line));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde_json::{Value, json};

    fn value(document: &Document<'_>) -> Value {
        Value::deserialize(document.root()).unwrap()
    }

    /// What a file gives, and its problems with their lines.
    fn read(text: &str) -> (Option<Document<'_>>, Vec<String>) {
        let mut problems = Vec::new();
        let document = match parse(text.as_bytes(), "listeners and routes", &mut problems) {
            Ok(document) => Some(document),
            Err(problem) => {
                problems.push(problem);
                None
            }
        };
        let lines = problems
            .iter()
            .map(|p| format!("{}: {p}", p.line().unwrap_or_default()))
            .collect();
        (document, lines)
    }

    #[test]
    fn values_and_their_lines() {
        let text = "\u{feff}# comment\nlisteners:\n  - address: a\n\n  - {address: b,\n     more: c}\nroutes:\n- path: /x\n  \
                    on: off\n  no: 8080\n  text: \"8080\"\n  yes: true\n  half: 0.5\n";
        let (document, problems) = read(text);
        let document = document.unwrap();
        assert_eq!(problems, Vec::<String>::new());
        let expected = json!({
            "listeners": [{ "address": "a" }, { "address": "b", "more": "c" }],
            "routes": [{ "path": "/x", "on": "off", "no": 8080, "text": "8080", "yes": true, "half": 0.5 }],
        });
        assert_eq!(value(&document), expected);
        let root = KeyPath::root();
        let listener = |index| root.key("listeners").item(index);
        let rows = [
            (root.clone(), 2),
            (root.key("listeners"), 2),
            (listener(0), 3),
            (listener(0).key("address"), 3),
            (listener(1), 5),
            (listener(1).key("more"), 6),
            (listener(1).key("nowhere"), 5),
            (root.key("routes").item(0).key("no"), 10),
            (root.key("routes").item(7), 7),
        ];
        for (path, line) in rows {
            assert_eq!(document.line(&path), line, "{path}");
        }
    }

    #[test]
    fn problems_with_single_values_leave_the_rest() {
        let (document, problems) = read("a: 1\nb:\nc: !secret x\nd: [1, ~]\n1: x\ne:\n  <<: {f: 1}\n  g: .nan\n");
        assert_eq!(value(&document.unwrap()), json!({ "a": 1, "d": [1, null], "e": {} }));
        assert_eq!(
            problems,
            [
                "2: b: has no value; expected a value, or the key left out",
                "3: c: has a YAML tag; expected a plain value",
                "4: d[1]: has no value; expected a value, or the key left out",
                "5: has a key that is no string; expected names as keys",
                "7: e: has a merge key (<<); expected an alias of the whole value",
                "8: e.g: is no number; expected a finite number",
            ]
        );
    }

    #[test]
    fn what_is_missing_at_the_end_is_told_on_a_line_that_is_there() {
        let (_, problems) = read("a: 1\n? ");
        assert_eq!(problems, ["2: has a key that is no string; expected names as keys"]);
    }

    #[test]
    fn aliases_stand_for_the_whole_value() {
        let (document, problems) = read("a: &rules [x, y]\nb: *rules\n");
        assert_eq!(value(&document.unwrap()), json!({ "a": ["x", "y"], "b": ["x", "y"] }));
        assert_eq!(problems, Vec::<String>::new());
    }

    #[test]
    fn unreadable_files() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let inner = vec![format!("*a{}", level - 1); 10].join(", ");
            bomb.push_str(&format!("a{level}: &a{level} [{inner}]\n"));
        }
        let rows: &[(&str, &str, &str)] = &[
            ("empty", "", "1: the file is empty; expected listeners and routes"),
            ("comments only", "# nothing\n\n", "1: the file is empty"),
            ("null", "~\n", "1: "),
            (
                "a list",
                "- a\n",
                "1: the file is no mapping; expected listeners and routes",
            ),
            ("text", "hello\n", "1: the file is no mapping"),
            (
                "two documents",
                "a: 1\n---\nb: 1\n",
                "3: a second document begins here; expected one document",
            ),
            (
                "second document, empty",
                "a: 1\n---",
                "2: a second document begins here",
            ),
            ("tab", "a:\n\tb: 1\n", "2: not valid YAML"),
            ("duplicate key", "a: 1\nb: 1\na: 2\n", "3: not valid YAML: duplicate"),
            ("open bracket", "a: [1, 2\nb: 3\n", "2: not valid YAML"),
            ("open at the end", "a: 1\nb: {: c\nd", "3: not valid YAML"),
            (
                "open at the end, blank lines",
                "a: 1\r\nb: [c\r\n\r\n",
                "2: not valid YAML",
            ),
            ("unknown alias", "a: *nobody\n", "1: not valid YAML"),
            ("bomb", &bomb, "5: not valid YAML: alias expansion"),
            (
                "deep brackets",
                &"[".repeat(100_000),
                "1: lists or mappings are nested too deeply",
            ),
            (
                "deep dashes",
                &"- ".repeat(100_000),
                "1: lists or mappings are nested too deeply",
            ),
        ];
        for (name, text, expected) in rows {
            let (document, problems) = read(text);
            assert!(document.is_none(), "{name}");
            assert!(
                problems.iter().any(|line| line.starts_with(expected)),
                "{name}: {problems:?}"
            );
        }
        let mut problems = Vec::new();
        let refused = parse(b"a: 1\nb: \xff\n", "", &mut problems).unwrap_err();
        assert_eq!(
            (refused.line(), refused.to_string().as_str()),
            (Some(2), "the file is not UTF-8")
        );
    }

    #[test]
    fn deep_blocks_do_not_exhaust_the_stack() {
        let deep: String = (0..10_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
        assert!(read(&deep).0.is_none());
        let fine: String = (0..40)
            .map(|depth| format!("{}a:\n", " ".repeat(depth)))
            .collect::<String>()
            + &" ".repeat(40)
            + "b: 1\n";
        assert!(read(&fine).0.is_some());
    }
}
