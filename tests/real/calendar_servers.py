"""Servers of calendars and address books on loopback: Radicale, SabreDAV with its plugins and a database, xandikos.

What comes out of each: `url` of its root, `profile` as the gateway calls it, and `behind` what of a route is needed beside the profile. Each
knows USERS by their passwords, or believes whoever is named in X-Remote-User, as it is started.
"""

import json
import os
import sqlite3

import servers

USERS = {"ann": "ann-secret", "bob": "bob-secret", "carl": "carl-secret", "dora": "dora-secret"}

RADICALE = """[server]
hosts = 127.0.0.1:{port}
[auth]
{auth}
[rights]
type = {rights}
[storage]
filesystem_folder = {base}/collections
[web]
type = none
[logging]
level = info
"""


class Radicale:
    """Alone it asks for passwords, and a user has what is below his name. `believing`, it takes whoever is named by X-Remote-User, and
    everybody may do everything: what is forbidden is forbidden by the gateway.
    """

    name = "radicale"
    profile = "radicale"
    behind = {"credentials": {"header": "X-Remote-User"}}

    def __init__(self, believing):
        self.base = servers.scratch("radicale")
        self.log = os.path.join(self.base, "log")
        port = servers.free_port()
        self.url = f"http://127.0.0.1:{port}/"
        config = os.path.join(self.base, "config")
        auth = f"type = htpasswd\nhtpasswd_filename = {self.base}/users\nhtpasswd_encryption = plain"
        auth, rights = ("type = http_x_remote_user", "authenticated") if believing else (auth, "owner_only")
        with open(config, "w") as out:
            out.write(RADICALE.format(port=port, base=self.base, auth=auth, rights=rights))
        with open(os.path.join(self.base, "users"), "w") as out:
            out.writelines(f"{name}:{password}\n" for name, password in USERS.items())
        python = os.path.join(servers.CACHE, "radicale", "bin", "python")
        self.process = servers.start([python, "-m", "radicale", "--config", config], self.log)
        servers.wait_for(port, self.process, self.log)

    def seen(self):
        """The methods and paths of all requests so far."""
        with open(self.log, errors="replace") as log:
            lines = [line.split("] ", 2)[-1] for line in log if " request for '" in line]
        return [(line.split(" request for ")[0].split()[-1], line.split("'")[1]) for line in lines]

    def has(self, path):
        return os.path.exists(os.path.join(self.base, "collections", "collection-root", path))


SABRE = """<?php
require_once 'Sabre/autoload.php';
date_default_timezone_set('UTC');
class Passwords extends Sabre\\DAV\\Auth\\Backend\\AbstractBasic {
    protected function validateUserPass($name, $password) {
        $users = json_decode(file_get_contents('%(base)s/users'), true);
        return isset($users[$name]) && $users[$name] === $password;
    }
}
$pdo = new PDO('sqlite:%(base)s/db');
$pdo->setAttribute(PDO::ATTR_ERRMODE, PDO::ERRMODE_EXCEPTION);
$principals = new Sabre\\DAVACL\\PrincipalBackend\\PDO($pdo);
$server = new Sabre\\DAV\\Server([
    new Sabre\\CalDAV\\Principal\\Collection($principals),
    new Sabre\\CalDAV\\CalendarRootNode($principals, new Sabre\\CalDAV\\Backend\\PDO($pdo)),
    new Sabre\\CardDAV\\AddressBookRoot($principals, new Sabre\\CardDAV\\Backend\\PDO($pdo)),
]);
$server->setBaseUri('/dav/');
$server->addPlugin(new Sabre\\DAV\\Auth\\Plugin(new Passwords(), 'SabreDAV'));
$server->addPlugin(new Sabre\\CalDAV\\Plugin());
$server->addPlugin(new Sabre\\CardDAV\\Plugin());
$server->addPlugin(new Sabre\\DAVACL\\Plugin());
$server->exec();
"""


class Sabre:
    """SabreDAV asks for passwords itself; the gateway hands them on."""

    name = "sabredav"
    profile = "sabredav"
    behind = {}

    def __init__(self):
        self.base = servers.scratch("sabre")
        self.log = os.path.join(self.base, "log")
        port = servers.free_port()
        self.url = f"http://127.0.0.1:{port}/dav/"
        script = os.path.join(self.base, "index.php")
        with open(script, "w") as out:
            out.write(SABRE % {"base": self.base})
        with open(os.path.join(self.base, "users"), "w") as out:
            json.dump(USERS, out)
        self.database()
        settings = ["-d", "error_reporting=0", "-d", "display_errors=0", "-d", "post_max_size=0"]
        self.process = servers.start([servers.need("php"), *settings, "-S", f"127.0.0.1:{port}", script], self.log)
        servers.wait_for(port, self.process, self.log)

    def database(self):
        """Its tables, as the Debian package has them, with the users."""
        tables = "/usr/share/doc/php-sabre-dav/examples/sql/sqlite.{}.sql"
        with sqlite3.connect(os.path.join(self.base, "db")) as database:
            for name in ("principals", "calendars", "addressbooks"):
                with open(tables.format(name)) as text:
                    database.executescript(text.read())
            for user in USERS:
                database.execute("INSERT INTO principals (uri, email, displayname) VALUES (?, ?, ?)",
                    (f"principals/{user}", f"{user}@h.example", user))
        database.close()


class Xandikos:
    """xandikos has one user, ann, and asks for nothing."""

    name = "xandikos"
    profile = "generic"
    behind = {}

    def __init__(self):
        self.base = servers.scratch("xandikos")
        self.log = os.path.join(self.base, "log")
        port = servers.free_port()
        self.url = f"http://127.0.0.1:{port}/"
        program = os.path.join(servers.CACHE, "xandikos", "bin", "xandikos")
        options = ["-d", os.path.join(self.base, "files"), "--state-dir", os.path.join(self.base, "state"), "-l", "127.0.0.1", "-p", str(port),
            "--current-user-principal", "/ann/", "--defaults", "--no-detect-systemd"]
        self.process = servers.start([program, "serve", *options], self.log)
        servers.wait_for(port, self.process, self.log)
