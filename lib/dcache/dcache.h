// dcache as a library: everything that a program needs which embeds it.
//
//   #include <dcache/dcache.h>
//
//   auto files = dcache::project::find_dockerfiles({"/app"}).files;      // project/discover.h
//   dcache::Workspace workspace;                                         // workspace.h
//   auto findings = workspace.lint(files.front());                       // finding.h
//   auto explanation = workspace.explain(files.front(), {.since = "HEAD"});  // explanation.h
//
// The library never prints and never exits. Errors are values of one type (text/failure.h); the only
// exception is std::bad_alloc. It has no global state.
//
// These are all public headers, with lsp/server.h, lsp/framing.h (a language server) and dcache_c.h (the C
// interface).
#pragma once

#include "dcache/explanation.h"
#include "dcache/finding.h"
#include "dcache/project/discover.h"
#include "dcache/rules.h"
#include "dcache/text/failure.h"
#include "dcache/version.h"
#include "dcache/workspace.h"
