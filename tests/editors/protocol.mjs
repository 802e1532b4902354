// VS Code's own client side of the protocol as a client of `dcache lsp`. Run by scripts/check-editors in a project of
// its own; the first argument is the folder of node_modules, the environment's DCACHE names the program.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import assert from 'node:assert/strict';

const require = createRequire(process.argv[2] + '/');
const protocol = require('vscode-languageserver-protocol/node');
const { TextDocument } = require('vscode-languageserver-textdocument');

const server = spawn(process.env.DCACHE, ['lsp', '--stdio', '--no-store'], { stdio: ['pipe', 'pipe', 'inherit'] });
const exited = new Promise((resolve) => server.on('exit', resolve));
const connection = protocol.createProtocolConnection(server.stdout, server.stdin);
const reports = [];
let arrived = () => {};
connection.onNotification(protocol.PublishDiagnosticsNotification.type, (report) => {
  reports.push(report);
  arrived();
});
const watched = [];
connection.onRequest(protocol.RegistrationRequest.type, (request) => {
  watched.push(...request.registrations.map((one) => one.method));
});
const settings = { since: 'HEAD' };
connection.onRequest(protocol.ConfigurationRequest.type, ({ items }) => items.map(() => settings));
let refreshed = 0;
connection.onRequest(protocol.InlayHintRefreshRequest.type, () => {
  refreshed += 1;
  arrived();
});
connection.listen();

async function until(condition, what) {
  const limit = setTimeout(() => {
    console.error(`FAILED  ${what}: ${JSON.stringify(reports)}`);
    process.exit(1);
  }, 20000);
  while (!condition()) await new Promise((resolve) => (arrived = resolve));
  clearTimeout(limit);
}
const ok = (what) => console.log(`ok      ${what}`);
const last = () => (reports.at(-1)?.diagnostics ?? []).map((one) => one.code).sort().join(' ');

const root = pathToFileURL(process.cwd()).href;
const uri = `${root}/Dockerfile`;
const { capabilities } = await connection.sendRequest(protocol.InitializeRequest.type, {
  processId: process.pid,
  rootUri: root,
  workspaceFolders: [{ uri: root, name: 'project' }],
  capabilities: {
    general: { positionEncodings: ['utf-16'] },
    workspace: {
      configuration: true,
      workspaceFolders: true,
      didChangeWatchedFiles: { dynamicRegistration: true },
      workspaceEdit: { documentChanges: true, resourceOperations: ['create'] },
      inlayHint: { refreshSupport: true },
    },
  },
});
assert.equal(capabilities.positionEncoding, 'utf-16');
await connection.sendNotification(protocol.InitializedNotification.type, {});
ok('initialize');

let document = TextDocument.create(uri, 'dockerfile', 1, readFileSync('Dockerfile', 'utf8'));
await connection.sendNotification(protocol.DidOpenTextDocumentNotification.type, {
  textDocument: { uri, languageId: 'dockerfile', version: 1, text: document.getText() },
});
await until(() => last() === 'DC1009', 'findings on open');
ok('findings on open');
assert.deepEqual(watched, ['workspace/didChangeWatchedFiles']);
ok('files are watched');

// The client's own implementation of edits is the peer for a row of random ones.
let seed = 7;
const below = (limit) => (seed = (seed * 1103515245 + 12345) % 2147483648) % limit;
const pieces = ['RUN x\n', '😀', 'é', '\r\n', 'MAINTAINER me\n', '', ' ', '\\\n', 'FROM alpine:latest\n'];
let version = 1;
async function change(range, text) {
  version += 1;
  document = TextDocument.update(document, [{ range, text }], version);
  await connection.sendNotification(protocol.DidChangeTextDocumentNotification.type, {
    textDocument: { uri, version },
    contentChanges: [{ range, text }],
  });
}
const original = document.getText();
const edits = process.env.DCACHE_RECORD ? 20 : 500;
for (let i = 0; i < edits; i += 1) {
  const length = document.getText().length;
  const begin = below(length + 1);
  const range = { start: document.positionAt(begin), end: document.positionAt(begin + below(length > 2000 ? 400 : 6)) };
  await change(range, pieces[below(pieces.length)]);
}
await change({ start: document.positionAt(0), end: document.positionAt(document.getText().length) }, original);
await until(() => reports.at(-1).version === version && last() === 'DC1009', 'findings after edits');
ok(`${edits} random edits and back again`);

const symbols = await connection.sendRequest(protocol.DocumentSymbolRequest.type, { textDocument: { uri } });
assert.deepEqual(symbols.map((one) => one.name), ['FROM alpine:latest AS build', 'FROM scratch']);
ok('document symbols');
const references = await connection.sendRequest(protocol.ReferencesRequest.type, {
  textDocument: { uri }, position: { line: 0, character: 24 }, context: { includeDeclaration: true },
});
assert.equal(references.length, 2);
ok('references');
const whole = { start: { line: 0, character: 0 }, end: { line: 100, character: 0 } };
const hints = () => connection.sendRequest(protocol.InlayHintRequest.type, { textDocument: { uri }, range: whole });
assert.deepEqual(await hints(), []);
writeFileSync('src/a', '2\n');
await connection.sendNotification(protocol.DidChangeWatchedFilesNotification.type, {
  changes: [{ uri: `${root}/src/a`, type: 2 }],
});
await until(() => refreshed > 0, 'a refresh of hints');
const shown = await hints();
assert.match(shown[0].label, /rebuilds: src\/a changed/);
assert.deepEqual(shown[0].position, { line: 2, character: 13 });
ok('inlay hints after a file changed');
const lenses = await connection.sendRequest(protocol.CodeLensRequest.type, { textDocument: { uri } });
assert.equal(lenses[0].command.title, '1 of 1 step rebuilds since HEAD');
ok('code lenses');
const links = await connection.sendRequest(protocol.DocumentLinkRequest.type, { textDocument: { uri } });
assert.deepEqual(links.map((one) => one.target), ['https://hub.docker.com/_/alpine', `${root}/src`]);
ok('document links');
const folds = await connection.sendRequest(protocol.FoldingRangeRequest.type, { textDocument: { uri } });
assert.equal(folds.length, 2);
ok('folding ranges');

const place = { textDocument: { uri }, position: { line: 5, character: 14 } };
assert.equal((await connection.sendRequest(protocol.PrepareRenameRequest.type, place)).placeholder, 'build');
const renaming = await connection.sendRequest(protocol.RenameRequest.type, { ...place, newName: 'made' });
const renamed = TextDocument.applyEdits(document, renaming.documentChanges[0].edits);
assert.equal(renamed, original.replaceAll('build', 'made'));
ok('rename');
const { data } = await connection.sendRequest(protocol.SemanticTokensRequest.type, { textDocument: { uri } });
assert.equal(data.length % 5, 0);
assert.deepEqual(data.slice(0, 5), [0, 0, 4, capabilities.semanticTokensProvider.legend.tokenTypes.indexOf('keyword'), 0]);
ok('semantic tokens');
const signature = await connection.sendRequest(protocol.SignatureHelpRequest.type, place);
assert.equal(signature.signatures[0].label, '--from=STAGE');
ok('signature help');
const [selection] = await connection.sendRequest(protocol.SelectionRangeRequest.type, {
  textDocument: { uri }, positions: [place.position],
});
assert.deepEqual(selection.range, { start: { line: 5, character: 12 }, end: { line: 5, character: 17 } });
ok('selection ranges');

await change({ start: { line: 1, character: 0 }, end: { line: 1, character: 0 } }, 'MAINTAINER me\n');
const actions = await connection.sendRequest(protocol.CodeActionRequest.type, {
  textDocument: { uri }, range: { start: { line: 1, character: 0 }, end: { line: 1, character: 0 } },
  context: { diagnostics: [] },
});
const fix = actions.find((one) => one.kind === 'quickfix' && one.edit);
const fixed = TextDocument.applyEdits(document, fix.edit.documentChanges[0].edits);
assert.doesNotMatch(fixed, /^MAINTAINER/m);
ok('code actions');

const cancellation = new protocol.CancellationTokenSource();
const hover = connection.sendRequest(
  protocol.HoverRequest.type, { textDocument: { uri }, position: { line: 3, character: 1 } }, cancellation.token);
cancellation.cancel();
await hover.then(() => ok('a request that was answered before it was cancelled'), (error) => {
  assert.equal(error.code, protocol.LSPErrorCodes.RequestCancelled);
  ok('a cancelled request');
});

await connection.sendRequest(protocol.ShutdownRequest.type);
await connection.sendNotification(protocol.ExitNotification.type);
assert.equal(await exited, 0);
ok('a clean shutdown');
process.exit(0);
