// What `dcache affected` says, for people and for programs.
//
// JSON: {"version":1,"compared_with","any","images":[{"name","effect","dockerfile","context","target"?,
// "rebuilt","may_rebuild","steps","line"?,"stage"?,"instruction"?,"cause"?,"through"?,"reason"?}]}, all
// images, with `effect` one of "unaffected", "rebuilt", "may-rebuild", "configuration", "new", "unknown".
// `rebuilt` counts the steps that surely rebuild, and `may_rebuild` further ones that may, of `steps`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dcache/project/affected.h"
#include "dcache/report/matrix.h"
#include "dcache/report/style.h"

namespace dcache::report {

enum class AffectedFormat : uint8_t {
  kText,
  kJson,
  kNames,            // one name in a line
  kGithubMatrix,     // {"any":true,"left_out":[{"image","reason"}],"include":[…]}: see write_matrix_row()
  kBakeTargets,      // names of bake targets, separated by spaces
  kComposeServices,  // names of compose services, separated by spaces
};
// The names that --format takes, in the order of the formats.
const std::vector<std::string>& affected_formats();

// `compared_with` is what the images were compared with, in words: "origin/main...HEAD".
void append_affected(const project::Affected& affected, const std::string& compared_with,
                     AffectedFormat format, const Style& style, std::string& out);

// The affected images that a matrix can't have: no job could build them from what is known.
std::vector<LeftOut> left_out_of_matrix(const project::Affected& affected);

// Whether an image has to be built.
bool is_affected(const project::ImageEffect& effect);

}  // namespace dcache::report
