// npm `webdav` for drivers.py: URL, and a user's name and password where there is one; then a JSON list [OPERATION, ARGUMENTS...] a line, one JSON answer a line.
// DAVGATE_NPM names the node_modules folder that tests/run fills.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const require = createRequire(process.env.DAVGATE_NPM + "/x.js");
const { createClient } = await import(pathToFileURL(require.resolve("webdav")).href);
const [url, username, password] = process.argv.slice(2);
const client = createClient(url, username ? { username, password } : {});

const operations = {
    mkdir: (path) => client.createDirectory(path),
    put: (local, path) => client.putFileContents(path, readFileSync(local)),
    get: async (path, local) => writeFileSync(local, await client.getFileContents(path)),
    list: async (path) => (await client.getDirectoryContents(path)).map((entry) => entry.basename),
    move: (source, target) => client.moveFile(source, target),
    copy: (source, target) => client.copyFile(source, target),
    delete: (path) => client.deleteFile(path),
    putLocked: (local, path, token) =>
        client.putFileContents(path, readFileSync(local), { headers: { If: `(<${token.replace(/^<|>$/g, "")}>)` } }),
    lock: async (path) => (await client.lock(path)).token,
    // The library sends the token as it is given; RFC 4918 10.5 wants a Coded-URL.
    unlock: (path, token) => client.unlock(path, `<${token.replace(/^<|>$/g, "")}>`),
};

for await (const line of createInterface({ input: process.stdin })) {
    const [operation, ...rest] = JSON.parse(line);
    let answer;
    try {
        answer = { value: (await operations[operation](...rest)) ?? null };
    } catch (error) {
        answer = { error: String(error) };
    }
    console.log(JSON.stringify(answer));
}
