//! The only place that knows the file is YAML (1.2, core schema: `no`, `off` and `yes` are strings). In: bytes. Out: plain values
//! and, beside them, the line of each. One parser makes both, so a message cannot point at another reading of the file.
//! Passes: one document of mappings with string keys, lists and scalars. Refused: duplicate keys, tags, merge keys, keys
//! without a value, and aliases that unfold to more than the parser's budget.

use saphyr::{LoadableYamlNode, MarkedYaml, Scalar, YamlData};
use serde_json::{Map, Number, Value};

use super::error::{KeyPath, Problem, Step};

/// A document without its syntax.
#[derive(Debug, Default)]
pub struct Document {
    /// The values; keys without a usable value are left out.
    pub value: Value,
    /// Where each value stands.
    pub places: Place,
}

/// The line of a value, and the places of what it holds.
#[derive(Debug, Default)]
pub struct Place {
    line: usize,
    /// In the order of the file, each once.
    keys: Vec<(String, Place)>,
    items: Vec<Place>,
}

impl Place {
    /// The keys of the mapping at `path`, in the order of the file.
    pub fn keys(&self, path: &KeyPath) -> Vec<&str> {
        let mut place = Some(self);
        for step in path.steps() {
            place = place.and_then(|place| place.inside(step));
        }
        place.map_or(Vec::new(), |place| {
            place.keys.iter().map(|(name, _)| name.as_str()).collect()
        })
    }

    fn inside(&self, step: &Step) -> Option<&Self> {
        match step {
            Step::Key(key) => self.keys.iter().find(|(name, _)| name == key).map(|(_, inner)| inner),
            Step::Item(index) => self.items.get(*index),
        }
    }

    /// The line (from 1) of `path`, or of the nearest thing that holds it.
    pub fn line(&self, path: &KeyPath) -> usize {
        let mut place = self;
        for step in path.steps() {
            let inner = match step {
                Step::Key(key) => place.keys.iter().find(|(name, _)| name == key).map(|(_, inner)| inner),
                Step::Item(index) => place.items.get(*index),
            };
            match inner {
                Some(found) => place = found,
                None => break,
            }
        }
        place.line
    }
}

/// How deep lists and mappings may be nested: the file needs seven levels, and each one costs stack.
const MAX_DEPTH: usize = 64;

const QUOTES: &str = "quotes around a value with { } [ ] or commas in it, such as \"/home/{user}/**\"";

/// Reads the file, whose smallest content is `smallest`. Problems with single values are added to `problems`; `Err` is a file that cannot
/// be read as YAML at all.
pub fn parse(bytes: &[u8], smallest: &str, problems: &mut Vec<Problem>) -> Result<Document, Problem> {
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
    let nodes = MarkedYaml::load_from_str(text).map_err(|error| {
        let problem = Problem::at_line(error.marker().line(), format!("not valid YAML: {}", error.info()));
        // What most often leads there is a path such as /home/{user}/** between braces.
        if error.info().contains("parsing a flow") {
            problem.expected(QUOTES)
        } else {
            problem
        }
    })?;
    let mut nodes = nodes.into_iter();
    let root = nodes
        .next()
        .ok_or_else(|| Problem::at_line(1, "the file is empty").expected(smallest))?;
    if let Some(second) = nodes.next() {
        let problem = Problem::at_line(second.span.start.line(), "a second document begins here");
        return Err(problem.expected("one document"));
    }
    let mut reader = Reader {
        problems,
        path: KeyPath::root(),
    };
    let (value, places) = reader.node(&root, root.span.start.line());
    match value {
        Some(value @ Value::Object(_)) => Ok(Document { value, places }),
        Some(_) => Err(Problem::at_line(places.line, "the file is no mapping").expected(smallest)),
        None => Err(Problem::at_line(1, "the file is empty").expected(smallest)),
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

struct Reader<'a> {
    problems: &'a mut Vec<Problem>,
    path: KeyPath,
}

impl Reader<'_> {
    /// The value of `node`, `None` where it has no usable one, and its place. `line` is where its key or dash stands.
    fn node(&mut self, node: &MarkedYaml<'_>, line: usize) -> (Option<Value>, Place) {
        let mut place = Place {
            line,
            ..Place::default()
        };
        let value = match &node.data {
            YamlData::Value(scalar) => self.scalar(scalar, line),
            YamlData::Sequence(items) => {
                let mut values = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    self.path.push(Step::Item(index));
                    let (value, inner) = self.node(item, item.span.start.line());
                    self.path.pop();
                    // The place must stay taken, or later items would change their numbers.
                    values.push(value.unwrap_or(Value::Null));
                    place.items.push(inner);
                }
                Some(Value::Array(values))
            }
            YamlData::Mapping(entries) => {
                let mut values = Map::new();
                for (key, item) in entries {
                    let line = key.span.start.line();
                    let Some(name) = self.key(key) else { continue };
                    self.path.push(Step::Key(name.clone().into()));
                    let (value, inner) = self.node(item, line);
                    self.path.pop();
                    if let Some(value) = value {
                        values.insert(name.clone(), value);
                    }
                    place.keys.push((name, inner));
                }
                Some(Value::Object(values))
            }
            YamlData::Tagged(..) => self.refuse(line, "has a YAML tag", "a plain value"),
            YamlData::Representation(..) | YamlData::Alias(_) | YamlData::BadValue => {
                self.refuse(line, "cannot be read", "a plain value")
            }
        };
        (value, place)
    }

    fn scalar(&mut self, scalar: &Scalar<'_>, line: usize) -> Option<Value> {
        match scalar {
            Scalar::Null => self.refuse(line, "has no value", "a value, or the key left out"),
            Scalar::Boolean(value) => Some(Value::Bool(*value)),
            Scalar::Integer(value) => Some(Value::Number((*value).into())),
            Scalar::FloatingPoint(value) => match Number::from_f64(value.into_inner()) {
                Some(number) => Some(Value::Number(number)),
                None => self.refuse(line, "is no number", "a finite number"),
            },
            Scalar::String(text) => Some(Value::String(text.to_string())),
        }
    }

    fn key(&mut self, key: &MarkedYaml<'_>) -> Option<String> {
        let line = key.span.start.line();
        match &key.data {
            YamlData::Value(Scalar::String(name)) if name == "<<" => {
                self.refuse(line, "has a merge key (<<)", "an alias of the whole value")
            }
            YamlData::Value(Scalar::String(name)) => Some(name.to_string()),
            _ => self.refuse(line, "has a key that is no string", "names as keys"),
        }
    }

    fn refuse<T>(&mut self, line: usize, what: &str, expected: &str) -> Option<T> {
        let problem = Problem::new(self.path.clone(), what).expected(expected);
        self.problems.push(problem.on_line(line));
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// What a file gives, and its problems with their lines.
    fn read(text: &str) -> (Option<Document>, Vec<String>) {
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
        assert_eq!(document.value, expected);
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
            assert_eq!(document.places.line(&path), line, "{path}");
        }
    }

    #[test]
    fn problems_with_single_values_leave_the_rest() {
        let (document, problems) = read("a: 1\nb:\nc: !secret x\nd: [1, ~]\n1: x\ne:\n  <<: {f: 1}\n  g: .nan\n");
        assert_eq!(document.unwrap().value, json!({ "a": 1, "d": [1, null], "e": {} }));
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
    fn aliases_stand_for_the_whole_value() {
        let (document, problems) = read("a: &rules [x, y]\nb: *rules\n");
        assert_eq!(document.unwrap().value, json!({ "a": ["x", "y"], "b": ["x", "y"] }));
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
            ("tab", "a:\n\tb: 1\n", "2: not valid YAML"),
            ("duplicate key", "a: 1\nb: 1\na: 2\n", "3: not valid YAML: duplicate"),
            ("open bracket", "a: [1, 2\nb: 3\n", "2: not valid YAML"),
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
