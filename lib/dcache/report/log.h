// What `dcache log` says, for people, for programs and as a picture.
//
// JSON: {"version":1,"builds":[{"name"?,"dockerfile"?,"run","builder"?,"steps":[…],"other":[…],"seconds",
// "work","estimated"?,"critical_path":[…],"unmatched":[…],"missing"?,"cut"?,"assumed_import"?,"notices"?}],
// "cut"?,"assumed_import"?}.
// docs/log.md describes the members.
#pragma once

#include <string>

#include "dcache/report/log_view.h"
#include "dcache/report/style.h"

namespace dcache::report {

struct LogOptions {
  std::string occasion = {};  // what the model compares with: "since HEAD~1"; empty without
  bool compared = false;      // with another log
};

void append_log(const LogView& view, const LogOptions& options, const Style& style, std::string& out);
void append_log_json(const LogView& view, std::string& out);

// The time lines of all runs, one below the other. Of a run of many vertices the longest ones.
void append_log_svg(const LogView& view, std::string& out);

// Why a step ran, or was reused against what the model says; empty where there is nothing to say.
std::string reason_words(const LogBuild& build, const LogStep& step, const LogOptions& options);

}  // namespace dcache::report
