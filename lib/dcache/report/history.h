// What `dcache history` says, for people and for programs.
//
// JSON: {"version":1,"images":[{"name","dockerfile","built","failed","unchanged","commits"?:[{"id","subject",
// "state"?,"reason"?,"steps":[{"stage","line","verdict"}]}],"steps":[{"stage","line","instruction","rebuilt",
// "depends","causes":[{"kind","path","commits"}]}]}],"notes":[…]}. docs/cli.md describes the members.
#pragma once

#include <string>

#include "dcache/history/history.h"
#include "dcache/report/style.h"

namespace dcache::report {

void append_history(const history::History& history, const Style& style, std::string& out);

// `with_commits` adds what each step did at each commit.
void append_history_json(const history::History& history, bool with_commits, std::string& out);

}  // namespace dcache::report
