//! What an explanation says. In: what was found out. Out: plain data, which `davgate explain --json` prints as it stands; field names are
//! part of the program's interface. Words with a dash stand for one thing each and are listed where they are.

use schemars::JsonSchema;
use serde::Serialize;

/// Why a request is let through or not: what davgate would do with it, by which rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(title = "davgate explanation")]
pub struct Explanation {
    /// `permit`, `refuse`, or `depends`: on what the back end has there.
    pub verdict: Verdict,
    /// What was judged.
    pub request: Asking,
    /// The route; null: none serves that path on that host.
    pub route: Option<RouteName>,
    /// One if the verdict is the same whatever is there, else one for each state that makes a difference.
    pub outcomes: Vec<Outcome>,
    /// The rules of `methods:` that were considered: for the target, then for Destination.
    pub methods: Vec<FilterLook>,
    /// The rules of `access:` that were considered, for each resource; empty where the route has none.
    pub access: Vec<AccessLook>,
    /// What the reader should know besides.
    pub notes: Vec<String>,
}

/// What the rules say; on a route in report mode a refusal may pass all the same, see `reported` of the outcomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is let through, whatever is there.
    Permit,
    /// It is refused, whatever is there.
    Refuse,
    /// It depends on what is there.
    Depends,
}

/// The request that was judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Asking {
    /// The method.
    pub method: String,
    /// The host that is asked.
    pub host: String,
    /// The public path, canonical where it can be read.
    pub path: String,
    /// Where COPY and MOVE go, canonical where it can be read.
    pub destination: Option<String>,
    /// The Depth that counts: as it was given, or what its absence means for the method; null where it means nothing.
    pub depth: Option<String>,
    /// The user; null is nobody in particular.
    pub user: Option<String>,
    /// The groups the user is in.
    pub groups: Vec<String>,
}

/// A route of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RouteName {
    /// Its name.
    pub name: String,
    /// Its line in the file.
    pub line: usize,
    /// Whether it has rules of access; if not, the back end alone decides who may do what.
    pub has_access: bool,
    /// `enforce`, or `report`: refusals by its rules are only told.
    pub mode: &'static str,
}

/// What happens in one state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Outcome {
    /// What is at the target: `unmapped` (nothing), `resource` (no collection), `collection`; null: whatever.
    pub target: Option<&'static str>,
    /// What is at Destination: the same words.
    pub destination: Option<&'static str>,
    /// Whether the rules let it through.
    pub permitted: bool,
    /// Whether it passes though they do not: the route is in report mode, and the refusal is only told.
    pub reported: bool,
    /// The status of the refusal.
    pub status: Option<u16>,
    /// The id of the rule that refuses, as docs/rules.md has it, such as `A-31`.
    pub rule: Option<&'static str>,
    /// The name of the refusal, as it stands in the body of the answer; `not-found` is not told to clients.
    pub name: Option<&'static str>,
    /// The rule of the file that decided; null where it was none, or where no rule grants what is needed.
    pub decided_by: Option<ConfiguredRule>,
    /// The reason, in English.
    pub reason: String,
    /// The privileges that were asked for.
    pub privileges: Vec<AskedPrivilege>,
}

/// A privilege that is asked for on one resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AskedPrivilege {
    /// Which resource: `target`, `parent` (the collection that holds it), `destination`, `destination-parent`, `named` (in the body),
    /// `named-parent`, `lock-root`.
    pub resource: &'static str,
    /// Its public path; null: outside of the route, where nothing is granted.
    pub path: Option<String>,
    /// `itself`, or `below`: everywhere below it.
    pub scope: &'static str,
    /// The privilege, as the file names it.
    pub privilege: &'static str,
    /// When it is asked for; null: in every state that this is about.
    pub when: Option<When>,
    /// Whether it is granted.
    pub granted: bool,
    /// The rule that decides; null: none does.
    pub by: Option<ConfiguredRule>,
}

/// States in which something is asked for: one of these at the target, and one of those at Destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct When {
    /// `unmapped`, `resource`, `collection`; empty: whatever.
    pub target: Vec<&'static str>,
    /// The same words; empty: whatever.
    pub destination: Vec<&'static str>,
}

/// A rule of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ConfiguredRule {
    /// Its name in logs: `files.access[2]`, counted from 0.
    pub rule: String,
    /// Its line in the file.
    pub line: usize,
    /// Its path.
    pub path: String,
    /// What it says of it: `deny write to user:bob`, or the methods that pass.
    pub says: String,
}

/// The rules of `methods:` that were considered for one resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FilterLook {
    /// `target` or `destination`.
    pub resource: &'static str,
    /// Its public path.
    pub path: String,
    /// The methods that pass there.
    pub passes: Vec<&'static str>,
    /// The rules in their order, up to the one that decides.
    pub rules: Vec<ConsideredRule>,
    /// How many rules come after it, and were not considered.
    pub not_reached: usize,
}

/// The rules of `access:` that were considered for some privileges on one resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AccessLook {
    /// Which resource; the words of `AskedPrivilege`.
    pub resource: &'static str,
    /// Its public path.
    pub path: String,
    /// `itself`, or `below`: everywhere below it.
    pub scope: &'static str,
    /// The privileges that were asked for.
    pub privileges: Vec<&'static str>,
    /// When they are asked for; null: whatever is there.
    pub when: Option<When>,
    /// The rules in their order, up to the last one that decides something.
    pub rules: Vec<ConsideredRule>,
    /// How many rules come after it, and were not considered.
    pub not_reached: usize,
}

/// A rule that was considered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ConsideredRule {
    /// The rule.
    #[serde(flatten)]
    pub rule: ConfiguredRule,
    /// What it had to do with the question: `grants`, `denies`, `lets-pass`, `does-not-let-pass`, `other-path`, `part-of-tree` (it holds for
    /// a part of what lies below only), `other-audience`, `not-mentioned`, `too-late` (rules before it decided).
    pub bearing: &'static str,
    /// The privileges that it decides.
    pub decides: Vec<&'static str>,
}
