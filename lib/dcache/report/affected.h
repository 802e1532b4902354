// What `dcache affected` says, for people and for programs.
//
// JSON: {"version":1,"compared_with","any","images":[{"name","effect","dockerfile","context","target"?,
// "rebuilt","may_rebuild","steps","rebuild_time"?,"line"?,"stage"?,"instruction"?,"cause"?,"through"?,"reason"?}]},
// all images, with `effect` one of "unaffected", "rebuilt", "may-rebuild", "configuration", "new", "unknown".
// `rebuilt` counts the steps that surely rebuild, and `may_rebuild` further ones that may, of `steps`.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/project/affected.h"
#include "dcache/report/build_names.h"
#include "dcache/report/rebuild_time.h"
#include "dcache/report/style.h"

namespace dcache::report {

enum class AffectedFormat : uint8_t {
  kText,
  kJson,
  kNames,            // one name in a line
  kGithubMatrix,     // see append_affected()
  kBakeTargets,      // names of bake targets, separated by spaces
  kComposeServices,  // names of compose services, separated by spaces
};
// The names that --format takes, in the order of the formats.
const std::vector<std::string>& affected_formats();

struct AffectedAnswer {
  project::AffectedImages affected;  // the images that are asked about
  // What they were compared with, in words: "origin/main...HEAD".
  std::string compared_with;
  // The names of all images that have to be built, asked about or not.
  std::set<std::string, std::less<>> rebuilt = {};
  // How long what rebuilds takes, of the images of which that is known.
  std::map<const project::Image*, RebuildTime> times = {};
  bool is_complete = true;  // false if a definition can't be read
  std::string note = {};    // what was not compared, as a sentence; may be empty
  // The definitions that the user named; see build_names().
  std::vector<std::string> definitions = {};
};

// The matrix is {"any","empty","left_out":[{"image","reason"}],"bake_targets","include":[…]}: whether an
// image is affected, whether `include` has none, the affected images that are not in it, the names of those
// of them that bake can build, and write_matrix_row() for each other. In all formats but text, JSON and
// names, `target.needs` of the images is complete (project::add_needs).
void append_affected(const AffectedAnswer& answer, AffectedFormat format, const Style& style,
                     std::string& out);

// The affected images that are not in the answer in this format, and why.
std::vector<LeftOut> left_out_of(const AffectedAnswer& answer, AffectedFormat format);
// Those that bake does not build either.
std::vector<LeftOut> left_out_of_bake(const AffectedAnswer& answer, const std::vector<LeftOut>& left_out);

// What is wrong with building all that the format names at once: "b needs a by its tag …".
std::vector<std::string> warnings_of(const AffectedAnswer& answer, AffectedFormat format);

}  // namespace dcache::report
