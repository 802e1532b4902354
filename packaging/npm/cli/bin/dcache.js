#!/usr/bin/env node
// Runs the program of the package for this platform, with the arguments, streams and signals that come here.
"use strict";

const { spawn } = require("node:child_process");
const { constants } = require("node:os");

const name = `@dcache-lint/${process.platform}-${process.arch}`;

function program() {
  if (process.env.DCACHE_PROGRAM) return process.env.DCACHE_PROGRAM;
  try {
    return require.resolve(`${name}/bin/dcache`);
  } catch {
    const { optionalDependencies } = require("../package.json");
    console.error(
      name in optionalDependencies
        ? `dcache: the package ${name} is not installed. It is an optional dependency: install again without --omit=optional.`
        : `dcache: there is no program for ${process.platform} on ${process.arch}. Use the container image, or name a program ` +
            "or script that runs dcache in DCACHE_PROGRAM."
    );
    process.exit(2);
  }
}

const child = spawn(program(), process.argv.slice(2), { stdio: "inherit" });
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("error", (error) => {
  console.error(`dcache: can't run ${child.spawnfile}: ${error.message}`);
  process.exit(2);
});
child.on("exit", (status, signal) => process.exit(signal === null ? status : 128 + constants.signals[signal]));
