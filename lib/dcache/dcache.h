// dcache as a library: everything an embedding program needs.
//
//   #include <dcache/dcache.h>
//
//   auto file = dcache::dockerfile::parse(text);               // syntax tree and errors, dockerfile/file.h
//   dcache::lint::Config config;
//   dcache::lint::Linter linter(dcache::lint::catalogue(), config);
//   auto findings = linter.lint(file, {});                     // lint/engine.h
//
//   auto build = dcache::cache::Build::load({.dockerfile = "Dockerfile"});
//   auto answer = dcache::cache::what_if_changed(*build, locate(*build, {"main.go"}, folder));
//                                                              // cache/what_if.h
//
//   dcache::Workspace workspace;                               // for editors: workspace.h
//
// The library never prints, never exits and throws nothing across its interface but std::bad_alloc; errors
// are values. It has no global state. A const object may be used from many threads.
#pragma once

#include "dcache/cache/build.h"
#include "dcache/cache/state_file.h"
#include "dcache/cache/what_if.h"
#include "dcache/dockerfile/expand.h"
#include "dcache/dockerfile/file.h"
#include "dcache/dockerfile/layout.h"
#include "dcache/dockerfile/parser.h"
#include "dcache/ignore/matcher.h"
#include "dcache/lint/catalogue.h"
#include "dcache/lint/engine.h"
#include "dcache/report/explain.h"
#include "dcache/report/findings.h"
#include "dcache/version.h"
#include "dcache/workspace.h"
