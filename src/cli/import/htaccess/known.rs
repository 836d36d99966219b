//! Directives and modules by name. In: a name, or directives. Out: whether they are about who may do what.

use super::lines::Directive;

/// Directives that say nothing about who may do what; the rest of the file is told to them by name.
pub const SILENT: &[&str] = &[
    "adddefaultcharset",
    "addcharset",
    "addencoding",
    "addhandler",
    "addicon",
    "addlanguage",
    "addoutputfilterbytype",
    "addtype",
    "alias",
    "allowoverride",
    "authname",
    "authtype",
    "customlog",
    "dav",
    "davdepthinfinity",
    "davlockdb",
    "davlockdbtype",
    "davmintimeout",
    "defaulttype",
    "deflatecompressionlevel",
    "directoryindex",
    "directoryslash",
    "documentroot",
    "enablemmap",
    "enablesendfile",
    "errordocument",
    "errorlog",
    "expiresactive",
    "expiresbytype",
    "expiresdefault",
    "fileetag",
    "forcetype",
    "header",
    "indexignore",
    "indexoptions",
    "listen",
    "loadmodule",
    "loglevel",
    "options",
    "requestheader",
    "serveradmin",
    "serveralias",
    "servername",
    "serversignature",
    "sethandler",
    "setoutputfilter",
    "sslcertificatefile",
    "sslcertificatekeyfile",
    "sslengine",
    "timeout",
    "usecanonicalname",
    "authbasicauthoritative",
    "authzsendforbiddenonfailure",
    "indexstylesheet",
    "readmename",
    "headername",
    "contentdigest",
    "languagepriority",
];

/// Whether httpd 2.4 has the module, as far as rules depend on it.
pub fn module(name: &str) -> Option<bool> {
    let (name, wanted) = name.strip_prefix('!').map_or((name, true), |rest| (rest, false));
    let core = [
        "mod_authz_core.c",
        "authz_core_module",
        "mod_authz_user.c",
        "authz_user_module",
        "mod_authz_host.c",
        "authz_host_module",
        "mod_authn_file.c",
        "authn_file_module",
        "mod_auth_basic.c",
        "auth_basic_module",
        "mod_authz_groupfile.c",
        "authz_groupfile_module",
        "mod_dav.c",
        "dav_module",
        "mod_authn_core.c",
        "authn_core_module",
    ];
    core.contains(&name).then_some(wanted)
}

/// Whether something in there is about who may do what.
pub fn speaks(directives: &[Directive]) -> bool {
    directives.iter().any(|directive| match &directive.inside {
        None => {
            let name = directive.name.as_str();
            [
                "require",
                "order",
                "allow",
                "deny",
                "satisfy",
                "authmerging",
                "include",
                "includeoptional",
            ]
            .contains(&name)
                || forbids(directive)
        }
        Some(inside) => directive.name.starts_with("require") || speaks(inside),
    })
}

/// Whether it refuses requests for other reasons than who asks: a rewrite or redirect what it matches, others by the method or
/// the connection.
pub fn forbids(directive: &Directive) -> bool {
    let mut words = directive.arguments.iter().map(|word| word.to_lowercase());
    match directive.name.as_str() {
        "sslrequiressl" | "sslrequire" => true,
        "sslverifyclient" => words.any(|word| word == "require"),
        "allowmethods" => !words.any(|word| word == "reset"),
        "dav" => words.any(|word| word == "off"),
        "rewriterule" => words.skip(2).any(|flags| {
            let flags = flags.trim_matches(['[', ']']);
            flags
                .split(',')
                .any(|flag| matches!(flag.trim(), "f" | "forbidden" | "g" | "gone") || flag.trim().starts_with("r=4"))
        }),
        "redirect" | "redirectmatch" => words.take(1).any(|status| status.starts_with('4') || status == "gone"),
        _ => false,
    }
}
