// What `dcache optimize` says, for people and for programs.
//
// JSON: {"version":1,"dockerfiles":[{"dockerfile","commits","from","to","changes":[…],"unsafe":[…],
// "useless":[…],"gain","images":[{"name","steps":[{"stage","line"?,"line_before"?,"instruction","before",
// "after","perhaps_before","perhaps_after","seconds"?}]}],"text","files":[{"path","text"}]}]}.
// A change is {"rule","name","line"?,"message","safe","gain"}, a gain {"steps","runs","cheaper","seconds"?}.
// docs/cli.md describes the members.
#pragma once

#include <string>
#include <vector>

#include "dcache/optimize/optimize.h"
#include "dcache/report/style.h"
#include "dcache/text/json_writer.h"

namespace dcache::report {

void append_proposal(const optimize::Proposal& proposal, const Style& style, std::string& out);
// The members of one, in an object that is open.
void write_proposal(const optimize::Proposal& proposal, text::JsonWriter& json);
void append_proposals_json(const std::vector<optimize::Proposal>& proposals, std::string& out);

}  // namespace dcache::report
