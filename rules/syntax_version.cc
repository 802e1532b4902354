#include "rules/syntax_version.h"

#include <re2/re2.h>

namespace dcache::rules {

bool has_syntax_below(const dockerfile::File& file, int minor) {
  const auto syntax = file.directive("syntax");
  if (!syntax) return false;
  static const RE2 kVersion(R"((?:^|/)docker/dockerfile(?:-upstream)?:1\.(\d+))");
  int version = 0;
  return RE2::PartialMatch(re2::StringPiece(syntax->data(), syntax->size()), kVersion, &version) &&
         version < minor;
}

}  // namespace dcache::rules
