// Starts `dcache lsp` and lets VS Code's client speak with it.
const { existsSync } = require('node:fs');
const vscode = require('vscode');
const { LanguageClient } = require('vscode-languageclient/node');

let client;

function makeClient(context) {
  const settings = vscode.workspace.getConfiguration('dcache');
  // The extension of a platform has the program inside; `dcache.path` names another one.
  const inside = context.asAbsolutePath('bin/dcache');
  const program = settings.get('path') || (existsSync(inside) ? inside : 'dcache');
  return new LanguageClient(
    'dcache',
    'dcache',
    { command: program, args: ['lsp'] },
    {
      documentSelector: [
        { language: 'dockerfile' },
        { pattern: '**/{*.,.}dockerignore' },
        { pattern: '**/.containerignore' },
        { pattern: '**/.github/workflows/*.{yml,yaml}' },
        { pattern: '**/.gitlab-ci.yml' },
        { pattern: '**/{compose,docker-compose}*.{yml,yaml}' },
        { pattern: '**/docker-bake*.{hcl,json}' },
      ],
      initializationOptions: { format: settings.get('format') },
    },
  );
}

async function start(context) {
  client = makeClient(context);
  try {
    await client.start();
  } catch (error) {
    const choice = await vscode.window.showErrorMessage(
      `dcache could not be started: ${error.message}. Install it, or say where it is in dcache.path.`, 'Settings');
    if (choice) await vscode.commands.executeCommand('workbench.action.openSettings', 'dcache.path');
  }
}

exports.activate = async (context) => {
  context.subscriptions.push(
    vscode.commands.registerCommand('dcache.noteState', async () => {
      const document = vscode.window.activeTextEditor?.document;
      if (document?.languageId !== 'dockerfile') return;
      await client.sendRequest('workspace/executeCommand', { command: 'dcache.note', arguments: [document.uri.toString()] });
    }),
    vscode.commands.registerCommand('dcache.restart', async () => {
      await client?.stop();
      await start(context);
    }),
  );
  await start(context);
};

exports.deactivate = () => client?.stop();
